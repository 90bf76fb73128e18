//! Inbound events, adapter to AIOS: one of five closed branches over a common envelope.

mod branch;
mod payload;
mod sort;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::{ChannelType, Code, Id, RetryCount, Seq, Slug, Target, Timestamp};
pub use branch::{
    AttachmentMetaEvent, AttachmentMetaWord, ChannelStatus, ChannelStatusEvent, ErrorEvent,
    ErrorWord, FailedWord, ForwardedWord, MessageEvent, MessageStatus, MessageStatusEvent,
    MessageWord, StatusWord,
};
pub use payload::{
    Attachment, AttachmentKind, AttachmentMetaPayload, Attachments, MessagePayload, NoPayload,
    Origin, Quoted, QuotedKind, StatusPayload,
};
pub use sort::EventStatus;

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
