//! The four branches of outbound actions: one envelope, declared once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::event::{ErrorWord, MessageWord, StatusWord};
use crate::contract::{ActionErrorCode, ChannelType, Id, Seq, Slug, Target, Text, Timestamp};

words! { /// Always `approval_request`.
pub enum ApprovalRequestWord { ApprovalRequest = "approval_request" } }

words! {
    /// What a status action says; it never makes a message.
    pub enum ActionStatus {
        /// The recipient may speak from now on.
        PairingApproved = "pairing_approved",
        /// The recipient is denied.
        PairingDenied = "pairing_denied",
        /// The agent is at work: show the typing sign.
        Working = "working",
        /// The agent is done: take the typing sign away.
        Idle = "idle",
    }
}

/// A text for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct TextPayload {
    /// WeChat id of the person it goes to.
    #[schemars(extend("x-rule" = "WX-ACCESS-007"))]
    pub recipient: Id,
    /// The text, sent word for word.
    #[schemars(extend("x-rule" = "WX-OUT-002"))]
    pub text: Text,
    /// The inbound `message_id` it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-rule" = "WX-CTX-001"))]
    pub reply_to: Option<Id>,
}

/// Whom a status is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct StatusActionPayload {
    /// WeChat id of the person.
    pub recipient: Id,
}

/// A question to the owner; the answer is an ordinary message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct ApprovalRequestPayload {
    /// AIOS's id of the question.
    pub approval_id: Id,
    /// The question, sent word for word.
    #[schemars(extend("x-rule" = "WX-OUT-007"))]
    pub text: Text,
    /// When the question lapses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

closed! { TextPayload, StatusActionPayload, ApprovalRequestPayload }

/// Declares one branch: the envelope, then what is its own.
macro_rules! branch {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            event_type: $event_type:ty,
            own: { $($(#[$own_about:meta])* $own:ident: $own_type:ty,)* },
            payload: $payload:ty,
        }
    ) => {
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
        $(#[$about])*
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Always `dialog`.
            pub channel_type: ChannelType,
            /// Always `wechat`.
            pub target: Target,
            /// The workspace of the route.
            pub workspace_id: Slug,
            /// The agent of the route.
            pub agent_id: Slug,
            /// The session last seen from the person, else any id: the adapter never routes by it.
            pub session_id: Id,
            /// AIOS's own stream.
            pub stream_id: Id,
            /// Place in the stream, strictly increasing over first sendings.
            pub seq: Seq,
            /// What kind of action it is.
            #[schemars(extend("x-rule" = "WX-OUT-001"))]
            pub event_type: $event_type,
            /// AIOS's idempotency key: a repeat of it is not sent twice.
            #[schemars(extend("x-rule" = "WX-OUT-004"))]
            pub message_id: Id,
            /// Time of the action.
            pub timestamp: Timestamp,
            /// That of the event answered, else AIOS's own; the receipt repeats it.
            #[schemars(extend("x-rule" = "WX-ENV-006"))]
            pub correlation_id: Id,
            $($(#[$own_about])* pub $own: $own_type,)*
            /// The content.
            pub payload: $payload,
        }
    };
}

branch! {
    /// A text for a person.
    pub struct MessageAction {
        event_type: MessageWord,
        own: {},
        payload: TextPayload,
    }
}

branch! {
    /// A decision about a pairing, or the typing sign; nobody reads it.
    pub struct StatusAction {
        event_type: StatusWord,
        own: {
            /// What is said.
            status_code: ActionStatus,
        },
        payload: StatusActionPayload,
    }
}

branch! {
    /// A failure that a person is told about, as text.
    pub struct ErrorAction {
        event_type: ErrorWord,
        own: {
            /// AIOS's word for the failure.
            error_code: ActionErrorCode,
        },
        payload: TextPayload,
    }
}

branch! {
    /// A question to the owner, word for word.
    pub struct ApprovalRequestAction {
        event_type: ApprovalRequestWord,
        own: {},
        payload: ApprovalRequestPayload,
    }
}
