//! The five branches of inbound events: one envelope, declared once.

use schemars::JsonSchema;
use serde::Serialize;

use super::{AttachmentMetaPayload, MessagePayload, NoPayload, StatusPayload};
use crate::contract::{ChannelType, Code, Id, RetryCount, Seq, Slug, Target, Timestamp};

words! { /// Always `message`.
pub enum MessageWord { Message = "message" } }
words! { /// Always `attachment_meta`.
pub enum AttachmentMetaWord { AttachmentMeta = "attachment_meta" } }
words! { /// Always `status`.
pub enum StatusWord { Status = "status" } }
words! { /// Always `error`.
pub enum ErrorWord { Error = "error" } }
words! { /// Always `forwarded`.
pub enum ForwardedWord { Forwarded = "forwarded" } }
words! { /// Always `failed`.
pub enum FailedWord { Failed = "failed" } }

words! {
    /// Why a person's message was not forwarded.
    pub enum MessageStatus {
        /// The sender is not admitted, or was denied.
        AccessDenied = "access_denied",
        /// The sender is held until AIOS decides; said once.
        PairingRequired = "pairing_required",
        /// The message came through a group.
        GroupMessage = "group_message",
        /// A kind of content that the adapter does not claim.
        Unsupported = "unsupported",
        /// The message cannot be read, or its text is empty, too long or ill-formed.
        Malformed = "malformed",
    }
}

words! {
    /// What happened to the channel.
    pub enum ChannelStatus {
        /// The position was no longer known to WeChat, and was recovered.
        CursorReset = "cursor_reset",
        /// Stored state was damaged or missing, and was recovered from.
        StateDamaged = "state_damaged",
        /// The login has expired.
        SessionExpired = "session_expired",
        /// The channel works again.
        Recovered = "recovered",
    }
}

/// Declares one branch: the envelope, then what is its own.
macro_rules! branch {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            event_type: $event_type:ty,
            ids: { $($(#[$id_about:meta])* $id:ident: $id_type:ty,)* },
            status_code: $status_code:ty,
            error: { $($(#[$error_about:meta])* $error:ident: $error_type:ty,)* },
            payload: $payload:ty,
        }
    ) => {
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
        $(#[$about])*
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Always `dialog`.
            #[schemars(extend("x-rule" = "WX-ENV-002"))]
            pub channel_type: ChannelType,
            /// Always `wechat`.
            #[schemars(extend("x-rule" = "WX-ENV-002"))]
            pub target: Target,
            /// The workspace of the route.
            #[schemars(extend("x-rule" = "WX-ROUTE-001"))]
            pub workspace_id: Slug,
            /// The agent of the route.
            #[schemars(extend("x-rule" = "WX-ROUTE-001"))]
            pub agent_id: Slug,
            /// The conversation: minted by the adapter from bot and peer, the same over restarts;
            /// `channel:` and the `channel_id` for what is about the channel.
            #[schemars(extend("x-rule" = "WX-ROUTE-004"))]
            pub session_id: Id,
            /// One per start of the adapter, or per session and start.
            #[schemars(extend("x-rule" = "WX-ENV-005"))]
            pub stream_id: Id,
            /// Place in the stream, strictly increasing over first sendings.
            #[schemars(extend("x-rule" = "WX-ENV-005"))]
            pub seq: Seq,
            /// What kind of event it is.
            #[schemars(extend("x-rule" = "WX-ENV-003"))]
            pub event_type: $event_type,
            $($(#[$id_about])* pub $id: $id_type,)*
            /// Time of the WeChat message, else of the happening.
            #[schemars(extend("x-rule" = "WX-ENV-007"))]
            pub timestamp: Timestamp,
            /// Minted by the adapter, one per WeChat message; what follows from the event carries it too.
            #[schemars(extend("x-rule" = "WX-ENV-006"))]
            pub correlation_id: Id,
            /// What became of it.
            #[schemars(extend("x-rule" = "WX-ENV-010"))]
            pub status_code: $status_code,
            $($(#[$error_about])* pub $error: $error_type,)*
            /// How often it was sent before; absent at first.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(extend("x-rule" = "WX-ENV-005"))]
            pub retry_count: Option<RetryCount>,
            /// The content.
            pub payload: $payload,
        }
    };
}

branch! {
    /// A text, or the transcript of a voice message, forwarded.
    pub struct MessageEvent {
        event_type: MessageWord,
        ids: {
            /// WeChat's id as decimal text, or `client:` and the `client_id` where WeChat gives none.
            #[schemars(extend("x-rule" = "WX-ENV-008"))]
            message_id: Id,
            /// The same for every redelivery of the message.
            #[schemars(extend("x-rule" = "WX-DEDUP-004"))]
            dedup_key: Id,
        },
        status_code: ForwardedWord,
        error: {},
        payload: MessagePayload,
    }
}

branch! {
    /// Attachments without a text, forwarded as metadata.
    pub struct AttachmentMetaEvent {
        event_type: AttachmentMetaWord,
        ids: {
            /// WeChat's id as decimal text, or `client:` and the `client_id` where WeChat gives none.
            #[schemars(extend("x-rule" = "WX-ENV-008"))]
            message_id: Id,
            /// The same for every redelivery of the message.
            #[schemars(extend("x-rule" = "WX-DEDUP-004"))]
            dedup_key: Id,
        },
        status_code: ForwardedWord,
        error: {},
        payload: AttachmentMetaPayload,
    }
}

branch! {
    /// A person's message that was not forwarded, and why.
    pub struct MessageStatusEvent {
        event_type: StatusWord,
        ids: {
            /// WeChat's id as decimal text, or `client:` and the `client_id` where WeChat gives none.
            #[schemars(extend("x-rule" = "WX-ENV-008"))]
            message_id: Id,
            /// The same for every redelivery of the message.
            #[schemars(extend("x-rule" = "WX-DEDUP-004"))]
            dedup_key: Id,
        },
        status_code: MessageStatus,
        error: {},
        payload: StatusPayload,
    }
}

branch! {
    /// Something that happened to the channel.
    pub struct ChannelStatusEvent {
        event_type: StatusWord,
        ids: {},
        status_code: ChannelStatus,
        error: {},
        payload: NoPayload,
    }
}

branch! {
    /// A failure, about one message (both ids) or about the channel (neither).
    #[schemars(extend("dependentRequired" = { "dedup_key": ["message_id"], "message_id": ["dedup_key"] }))]
    pub struct ErrorEvent {
        event_type: ErrorWord,
        ids: {
            /// WeChat's id of the message it is about; comes with `dedup_key`.
            #[serde(skip_serializing_if = "Option::is_none")]
            message_id: Option<Id>,
            /// The message's dedup key; comes with `message_id`.
            #[serde(skip_serializing_if = "Option::is_none")]
            dedup_key: Option<Id>,
        },
        status_code: FailedWord,
        error: {
            /// What failed.
            error_code: Code,
        },
        payload: NoPayload,
    }
}
