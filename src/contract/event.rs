//! Inbound events, adapter to AIOS: one of five closed branches over a common envelope.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};

use super::finding::{Fault, Finding, one_of};
use super::strict::Strict;
use super::{
    ChannelType, Code, Digest, FileName, Id, Int, List, MediaType, Natural, RetryCount, Seq, Slug,
    Target, Text, Timestamp,
};

words! {
    /// The four inbound event types; which branch an event is follows from it and from `status_code`.
    pub enum EventType {
        /// A text, or the transcript of a voice message.
        Message = "message",
        /// Something that is not forwarded, or something about the channel.
        Status = "status",
        /// A failure.
        Error = "error",
        /// Attachments without a text.
        AttachmentMeta = "attachment_meta",
    }
}

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

words! {
    /// How a text came.
    pub enum Origin {
        /// Written.
        Text = "text",
        /// Spoken: the text is a transcript.
        Voice = "voice",
    }
}

words! {
    /// What an attachment is.
    pub enum AttachmentKind {
        /// A picture.
        Image = "image",
        /// A voice message.
        Voice = "voice",
        /// A file.
        File = "file",
        /// A video.
        Video = "video",
        /// A kind that v0 does not know; `item_type` says WeChat's number for it.
        Unknown = "unknown",
    }
}

words! {
    /// What a quoted message was.
    pub enum QuotedKind {
        /// A text.
        Text = "text",
        /// A picture.
        Image = "image",
        /// A voice message.
        Voice = "voice",
        /// A file.
        File = "file",
        /// A video.
        Video = "video",
        /// A kind that v0 does not know.
        Unknown = "unknown",
    }
}

/// One to 32 attachments.
pub type Attachments = List<Attachment, 1, 32>;

/// Metadata of one attachment: no bytes, no keys, no download tokens (WX-MEDIA-003).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Attachment {
    /// What it is.
    pub kind: AttachmentKind,
    /// File name as the sender gave it; counts as a body everywhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-rule" = "WX-STORE-006"))]
    pub name: Option<FileName>,
    /// Size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-unit" = "bytes"))]
    pub size_bytes: Option<Natural>,
    /// Media type, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// Length of voice or video in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-unit" = "milliseconds"))]
    pub duration_ms: Option<Natural>,
    /// Digest of the file, where WeChat gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// WeChat's number of the kind, for `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_type: Option<Int<0, 65_535>>,
}

/// The message that a person quoted: never its text, title or file name (WX-MEDIA-004).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Quoted {
    /// Its WeChat id, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Id>,
    /// What it was, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<QuotedKind>,
}

/// What a person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct MessagePayload {
    /// WeChat id of the person.
    pub sender: Id,
    /// Written, or spoken and transcribed.
    pub origin: Origin,
    /// The text exactly as it was sent.
    #[schemars(extend("x-rule" = "WX-ENV-004"))]
    pub text: Text,
    /// What came with the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Attachments>,
    /// What the person quoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<Quoted>,
}

/// What a person sent without a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct AttachmentMetaPayload {
    /// WeChat id of the person.
    pub sender: Id,
    /// What came, as metadata.
    #[schemars(extend("x-rule" = "WX-MEDIA-002"))]
    pub attachments: Attachments,
    /// What the person quoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<Quoted>,
}

/// Whose message was not forwarded: metadata, never the body (WX-ACCESS-005).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct StatusPayload {
    /// WeChat id of the person.
    pub sender: Id,
    /// The group, if it came through one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<Id>,
}

/// Nothing: an empty object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct NoPayload {}

closed! { Attachment, Quoted, MessagePayload, AttachmentMetaPayload, StatusPayload, NoPayload }

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

/// One inbound event (WX-ENV).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboundEvent {
    /// A text, or the transcript of a voice message.
    Message(MessageEvent),
    /// Attachments without a text.
    AttachmentMeta(AttachmentMetaEvent),
    /// A person's message that was not forwarded.
    MessageStatus(MessageStatusEvent),
    /// Something that happened to the channel.
    ChannelStatus(ChannelStatusEvent),
    /// A failure.
    Error(ErrorEvent),
}

/// The members that every event has, apart from the constant ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHead {
    /// The workspace of the route.
    pub workspace_id: Slug,
    /// The agent of the route.
    pub agent_id: Slug,
    /// The conversation.
    pub session_id: Id,
    /// The stream that `seq` counts in.
    pub stream_id: Id,
    /// Place in the stream.
    pub seq: Seq,
    /// Time of the WeChat message, else of the happening.
    pub timestamp: Timestamp,
    /// One per WeChat message.
    pub correlation_id: Id,
    /// How often it was sent before; absent at first.
    pub retry_count: Option<RetryCount>,
}

/// The two ids of everything that is about one WeChat message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageIds {
    /// WeChat's id as decimal text.
    pub message_id: Id,
    /// The same for every redelivery of the message.
    pub dedup_key: Id,
}

/// Evaluates an expression in whichever branch the event is.
macro_rules! in_branch {
    ($event:expr, $branch:ident => $value:expr) => {
        match $event {
            InboundEvent::Message($branch) => $value,
            InboundEvent::AttachmentMeta($branch) => $value,
            InboundEvent::MessageStatus($branch) => $value,
            InboundEvent::ChannelStatus($branch) => $value,
            InboundEvent::Error($branch) => $value,
        }
    };
}

/// Builds a branch from a head and what is the branch's own.
macro_rules! build {
    ($branch:ident($head:expr), $($own:tt)*) => {{
        let head = $head;
        $branch {
            channel_type: ChannelType::Dialog,
            target: Target::Wechat,
            workspace_id: head.workspace_id,
            agent_id: head.agent_id,
            session_id: head.session_id,
            stream_id: head.stream_id,
            seq: head.seq,
            timestamp: head.timestamp,
            correlation_id: head.correlation_id,
            retry_count: head.retry_count,
            $($own)*
        }
    }};
}

impl InboundEvent {
    /// A text that is forwarded.
    #[must_use]
    pub fn message(head: EventHead, ids: MessageIds, payload: MessagePayload) -> Self {
        Self::Message(build!(MessageEvent(head),
            event_type: MessageWord::Message,
            message_id: ids.message_id,
            dedup_key: ids.dedup_key,
            status_code: ForwardedWord::Forwarded,
            payload,
        ))
    }

    /// Attachments that are forwarded as metadata.
    #[must_use]
    pub fn attachment_meta(
        head: EventHead,
        ids: MessageIds,
        payload: AttachmentMetaPayload,
    ) -> Self {
        Self::AttachmentMeta(build!(AttachmentMetaEvent(head),
            event_type: AttachmentMetaWord::AttachmentMeta,
            message_id: ids.message_id,
            dedup_key: ids.dedup_key,
            status_code: ForwardedWord::Forwarded,
            payload,
        ))
    }

    /// A person's message that is not forwarded, and why.
    #[must_use]
    pub fn message_status(
        head: EventHead,
        ids: MessageIds,
        status: MessageStatus,
        payload: StatusPayload,
    ) -> Self {
        Self::MessageStatus(build!(MessageStatusEvent(head),
            event_type: StatusWord::Status,
            message_id: ids.message_id,
            dedup_key: ids.dedup_key,
            status_code: status,
            payload,
        ))
    }

    /// Something that happened to the channel.
    #[must_use]
    pub fn channel_status(head: EventHead, status: ChannelStatus) -> Self {
        Self::ChannelStatus(build!(ChannelStatusEvent(head),
            event_type: StatusWord::Status,
            status_code: status,
            payload: NoPayload {},
        ))
    }

    /// A failure, about one message or about the channel.
    #[must_use]
    pub fn error(head: EventHead, ids: Option<MessageIds>, code: Code) -> Self {
        let (message_id, dedup_key) = ids.map(|ids| (ids.message_id, ids.dedup_key)).unzip();
        Self::Error(build!(ErrorEvent(head),
            event_type: ErrorWord::Error,
            message_id,
            dedup_key,
            status_code: FailedWord::Failed,
            error_code: code,
            payload: NoPayload {},
        ))
    }

    /// The members that every event has.
    #[must_use]
    pub fn head(&self) -> EventHead {
        in_branch!(self, event => EventHead {
            workspace_id: event.workspace_id.clone(),
            agent_id: event.agent_id.clone(),
            session_id: event.session_id.clone(),
            stream_id: event.stream_id.clone(),
            seq: event.seq,
            timestamp: event.timestamp.clone(),
            correlation_id: event.correlation_id.clone(),
            retry_count: event.retry_count,
        })
    }

    /// The workspace of the route.
    #[must_use]
    pub fn workspace_id(&self) -> &Slug {
        in_branch!(self, event => &event.workspace_id)
    }

    /// The agent of the route.
    #[must_use]
    pub fn agent_id(&self) -> &Slug {
        in_branch!(self, event => &event.agent_id)
    }

    /// The conversation.
    #[must_use]
    pub fn session_id(&self) -> &Id {
        in_branch!(self, event => &event.session_id)
    }

    /// The stream that `seq` counts in.
    #[must_use]
    pub fn stream_id(&self) -> &Id {
        in_branch!(self, event => &event.stream_id)
    }

    /// Place in the stream.
    #[must_use]
    pub fn seq(&self) -> i64 {
        in_branch!(self, event => event.seq.get())
    }

    /// Time of the WeChat message, else of the happening.
    #[must_use]
    pub fn timestamp(&self) -> &Timestamp {
        in_branch!(self, event => &event.timestamp)
    }

    /// The id that what follows from the event carries too.
    #[must_use]
    pub fn correlation_id(&self) -> &Id {
        in_branch!(self, event => &event.correlation_id)
    }

    /// How often it was sent before.
    #[must_use]
    pub fn retry_count(&self) -> Option<RetryCount> {
        in_branch!(self, event => event.retry_count)
    }

    /// The same event as it is sent for the `count`-th time again.
    #[must_use]
    pub fn with_retry_count(mut self, count: RetryCount) -> Self {
        in_branch!(&mut self, event => event.retry_count = Some(count));
        self
    }

    /// What kind of event it is.
    #[must_use]
    pub fn event_type(&self) -> EventType {
        match self {
            Self::Message(_) => EventType::Message,
            Self::AttachmentMeta(_) => EventType::AttachmentMeta,
            Self::MessageStatus(_) | Self::ChannelStatus(_) => EventType::Status,
            Self::Error(_) => EventType::Error,
        }
    }

    /// What became of it.
    #[must_use]
    pub fn status_code(&self) -> &'static str {
        in_branch!(self, event => event.status_code.as_str())
    }

    /// What failed, of an error.
    #[must_use]
    pub fn error_code(&self) -> Option<Code> {
        match self {
            Self::Error(event) => Some(event.error_code),
            _ => None,
        }
    }

    /// The ids of the WeChat message it is about, if it is about one.
    #[must_use]
    pub fn message_ids(&self) -> Option<(&Id, &Id)> {
        match self {
            Self::Message(event) => Some((&event.message_id, &event.dedup_key)),
            Self::AttachmentMeta(event) => Some((&event.message_id, &event.dedup_key)),
            Self::MessageStatus(event) => Some((&event.message_id, &event.dedup_key)),
            Self::ChannelStatus(_) => None,
            Self::Error(event) => event.message_id.as_ref().zip(event.dedup_key.as_ref()),
        }
    }

    /// WeChat's id of the message it is about.
    #[must_use]
    pub fn message_id(&self) -> Option<&Id> {
        self.message_ids().map(|(message_id, _)| message_id)
    }

    /// The dedup key of the message it is about.
    #[must_use]
    pub fn dedup_key(&self) -> Option<&Id> {
        self.message_ids().map(|(_, dedup_key)| dedup_key)
    }

    /// The person it is from, if it is about a message and names one.
    #[must_use]
    pub fn sender(&self) -> Option<&Id> {
        match self {
            Self::Message(event) => Some(&event.payload.sender),
            Self::AttachmentMeta(event) => Some(&event.payload.sender),
            Self::MessageStatus(event) => Some(&event.payload.sender),
            Self::ChannelStatus(_) | Self::Error(_) => None,
        }
    }
}

words! {
    /// Every `status_code` that an inbound event may have.
    pub enum EventStatus {
        /// Passed on to AIOS.
        Forwarded = "forwarded",
        /// The sender is not admitted, or was denied.
        AccessDenied = "access_denied",
        /// The sender is held until AIOS decides.
        PairingRequired = "pairing_required",
        /// The message came through a group.
        GroupMessage = "group_message",
        /// A kind of content that the adapter does not claim.
        Unsupported = "unsupported",
        /// The message cannot be read.
        Malformed = "malformed",
        /// The position was recovered.
        CursorReset = "cursor_reset",
        /// Stored state was recovered.
        StateDamaged = "state_damaged",
        /// The login has expired.
        SessionExpired = "session_expired",
        /// The channel works again.
        Recovered = "recovered",
        /// Something failed.
        Failed = "failed",
    }
}

/// Every member that any branch has; sorted into a branch once all of them are read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the constant members are read to be checked")]
struct RawEvent {
    channel_type: ChannelType,
    target: Target,
    workspace_id: Slug,
    agent_id: Slug,
    session_id: Id,
    stream_id: Id,
    seq: Seq,
    event_type: EventType,
    message_id: Option<Id>,
    dedup_key: Option<Id>,
    timestamp: Timestamp,
    correlation_id: Id,
    status_code: EventStatus,
    error_code: Option<Code>,
    retry_count: Option<RetryCount>,
    payload: RawPayload,
}

/// Every member that the payload of any branch has.
#[derive(Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
struct RawPayload {
    sender: Option<Id>,
    origin: Option<Origin>,
    text: Option<Text>,
    attachments: Option<Attachments>,
    quoted: Option<Quoted>,
    group_id: Option<Id>,
}

impl<'de> Deserialize<'de> for RawPayload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(Strict(deserializer))
    }
}

impl<'de> Deserialize<'de> for InboundEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawEvent::deserialize(Strict(deserializer))?
            .sort()
            .map_err(D::Error::custom)
    }
}

impl RawEvent {
    fn sort(self) -> Result<InboundEvent, Finding> {
        let head = EventHead {
            workspace_id: self.workspace_id,
            agent_id: self.agent_id,
            session_id: self.session_id,
            stream_id: self.stream_id,
            seq: self.seq,
            timestamp: self.timestamp,
            correlation_id: self.correlation_id,
            retry_count: self.retry_count,
        };
        let status = self.status_code;
        let ids = (self.message_id, self.dedup_key);
        let payload = self.payload;
        if self.event_type == EventType::Error {
            let code = self
                .error_code
                .ok_or_else(|| Finding::missing("error_code"))?;
            expect_status(status, &[EventStatus::Failed])?;
            payload.refuse_all()?;
            let ids = match ids {
                (None, None) => None,
                ids => Some(both(ids)?),
            };
            return Ok(InboundEvent::error(head, ids, code));
        }
        refuse(self.error_code.as_ref(), "error_code")?;
        match self.event_type {
            EventType::Message => {
                expect_status(status, &[EventStatus::Forwarded])?;
                Ok(InboundEvent::message(
                    head,
                    both(ids)?,
                    payload.message().map_err(in_payload)?,
                ))
            }
            EventType::AttachmentMeta => {
                expect_status(status, &[EventStatus::Forwarded])?;
                let payload = payload.attachment_meta().map_err(in_payload)?;
                Ok(InboundEvent::attachment_meta(head, both(ids)?, payload))
            }
            EventType::Status | EventType::Error => {
                if let Ok(status) = ChannelStatus::try_from(status.as_str()) {
                    refuse(ids.0.as_ref(), "message_id")?;
                    refuse(ids.1.as_ref(), "dedup_key")?;
                    payload.refuse_all()?;
                    return Ok(InboundEvent::channel_status(head, status));
                }
                let Ok(status) = MessageStatus::try_from(status.as_str()) else {
                    let words = [MessageStatus::WORDS, ChannelStatus::WORDS].concat();
                    return Err(other_status(&words));
                };
                let payload = payload.status().map_err(in_payload)?;
                Ok(InboundEvent::message_status(
                    head,
                    both(ids)?,
                    status,
                    payload,
                ))
            }
        }
    }
}

impl RawPayload {
    fn message(self) -> Result<MessagePayload, Finding> {
        refuse(self.group_id.as_ref(), "group_id")?;
        Ok(MessagePayload {
            sender: require(self.sender, "sender")?,
            origin: require(self.origin, "origin")?,
            text: require(self.text, "text")?,
            attachments: self.attachments,
            quoted: self.quoted,
        })
    }

    fn attachment_meta(self) -> Result<AttachmentMetaPayload, Finding> {
        refuse(self.group_id.as_ref(), "group_id")?;
        refuse(self.origin.as_ref(), "origin")?;
        refuse(self.text.as_ref(), "text")?;
        Ok(AttachmentMetaPayload {
            sender: require(self.sender, "sender")?,
            attachments: require(self.attachments, "attachments")?,
            quoted: self.quoted,
        })
    }

    fn status(self) -> Result<StatusPayload, Finding> {
        refuse(self.origin.as_ref(), "origin")?;
        refuse(self.text.as_ref(), "text")?;
        refuse(self.attachments.as_ref(), "attachments")?;
        refuse(self.quoted.as_ref(), "quoted")?;
        Ok(StatusPayload {
            sender: require(self.sender, "sender")?,
            group_id: self.group_id,
        })
    }

    fn refuse_all(self) -> Result<(), Finding> {
        refuse(self.sender.as_ref(), "sender")
            .and_then(|()| refuse(self.group_id.as_ref(), "group_id"))
            .and_then(|()| refuse(self.origin.as_ref(), "origin"))
            .and_then(|()| refuse(self.text.as_ref(), "text"))
            .and_then(|()| refuse(self.attachments.as_ref(), "attachments"))
            .and_then(|()| refuse(self.quoted.as_ref(), "quoted"))
            .map_err(in_payload)
    }
}

fn both((message_id, dedup_key): (Option<Id>, Option<Id>)) -> Result<MessageIds, Finding> {
    Ok(MessageIds {
        message_id: require(message_id, "message_id")?,
        dedup_key: require(dedup_key, "dedup_key")?,
    })
}

fn in_payload(finding: Finding) -> Finding {
    finding.under("payload")
}

fn expect_status(status: EventStatus, expected: &[EventStatus]) -> Result<(), Finding> {
    if expected.contains(&status) {
        return Ok(());
    }
    Err(other_status(
        &expected
            .iter()
            .map(|status| status.as_str())
            .collect::<Vec<_>>(),
    ))
}

fn other_status(words: &[&str]) -> Finding {
    let message = format!("expected {} with this event_type", one_of(words));
    Finding::new(Fault::UnknownWord, message).under("status_code")
}

/// A member that this branch needs.
pub(super) fn require<T>(member: Option<T>, name: &str) -> Result<T, Finding> {
    member.ok_or_else(|| Finding::missing(name))
}

/// A member that this branch does not have.
pub(super) fn refuse<T>(member: Option<&T>, name: &str) -> Result<(), Finding> {
    if member.is_none() {
        return Ok(());
    }
    let message = format!("member `{name}` does not belong to this kind");
    Err(Finding::new(Fault::UnknownMember, message).under(name))
}

impl Serialize for InboundEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        in_branch!(self, event => event.serialize(serializer))
    }
}

impl JsonSchema for InboundEvent {
    fn schema_name() -> Cow<'static, str> {
        "InboundEvent".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One inbound event, adapter to AIOS: one of five branches, told apart by `event_type` and `status_code`.",
            "oneOf": [
                generator.subschema_for::<MessageEvent>(),
                generator.subschema_for::<AttachmentMetaEvent>(),
                generator.subschema_for::<MessageStatusEvent>(),
                generator.subschema_for::<ChannelStatusEvent>(),
                generator.subschema_for::<ErrorEvent>(),
            ],
        })
    }
}
