//! Outbound actions, AIOS to adapter: one of four closed branches over a common envelope.

mod branch;
mod sort;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use super::event::{ErrorWord, MessageWord, StatusWord};
use super::{ActionErrorCode, ChannelType, Id, Seq, Slug, Target, Text, Timestamp};
pub use branch::{
    ActionStatus, ApprovalRequestAction, ApprovalRequestPayload, ApprovalRequestWord, ErrorAction,
    MessageAction, StatusAction, StatusActionPayload, TextPayload,
};

words! {
    /// The four outbound action types.
    pub enum ActionType {
        /// A text for a person.
        Message = "message",
        /// A decision about a pairing, or the typing sign.
        Status = "status",
        /// A failure to tell a person about.
        Error = "error",
        /// A question to the owner.
        ApprovalRequest = "approval_request",
    }
}

/// One outbound action (WX-OUT).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboundAction {
    /// A text for a person.
    Message(MessageAction),
    /// A decision about a pairing, or the typing sign.
    Status(StatusAction),
    /// A failure that a person is told about.
    Error(ErrorAction),
    /// A question to the owner.
    ApprovalRequest(ApprovalRequestAction),
}

/// The members that every action has, apart from the constant ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionHead {
    /// The workspace of the route.
    pub workspace_id: Slug,
    /// The agent of the route.
    pub agent_id: Slug,
    /// The session last seen from the person, else any id.
    pub session_id: Id,
    /// AIOS's own stream.
    pub stream_id: Id,
    /// Place in the stream.
    pub seq: Seq,
    /// AIOS's idempotency key.
    pub message_id: Id,
    /// Time of the action.
    pub timestamp: Timestamp,
    /// That of the event answered, else AIOS's own.
    pub correlation_id: Id,
}

/// Evaluates an expression in whichever branch the action is.
macro_rules! in_branch {
    ($action:expr, $branch:ident => $value:expr) => {
        match $action {
            OutboundAction::Message($branch) => $value,
            OutboundAction::Status($branch) => $value,
            OutboundAction::Error($branch) => $value,
            OutboundAction::ApprovalRequest($branch) => $value,
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
            message_id: head.message_id,
            timestamp: head.timestamp,
            correlation_id: head.correlation_id,
            $($own)*
        }
    }};
}

impl OutboundAction {
    /// A text for a person.
    #[must_use]
    pub fn message(head: ActionHead, payload: TextPayload) -> Self {
        Self::Message(build!(MessageAction(head), event_type: MessageWord::Message, payload,))
    }

    /// A decision about a pairing, or the typing sign.
    #[must_use]
    pub fn status(head: ActionHead, status: ActionStatus, payload: StatusActionPayload) -> Self {
        Self::Status(build!(StatusAction(head),
            event_type: StatusWord::Status,
            status_code: status,
            payload,
        ))
    }

    /// A failure that a person is told about.
    #[must_use]
    pub fn error(head: ActionHead, code: ActionErrorCode, payload: TextPayload) -> Self {
        Self::Error(build!(ErrorAction(head),
            event_type: ErrorWord::Error,
            error_code: code,
            payload,
        ))
    }

    /// A question to the owner.
    #[must_use]
    pub fn approval_request(head: ActionHead, payload: ApprovalRequestPayload) -> Self {
        Self::ApprovalRequest(build!(ApprovalRequestAction(head),
            event_type: ApprovalRequestWord::ApprovalRequest,
            payload,
        ))
    }

    /// The members that every action has.
    #[must_use]
    pub fn head(&self) -> ActionHead {
        in_branch!(self, action => ActionHead {
            workspace_id: action.workspace_id.clone(),
            agent_id: action.agent_id.clone(),
            session_id: action.session_id.clone(),
            stream_id: action.stream_id.clone(),
            seq: action.seq,
            message_id: action.message_id.clone(),
            timestamp: action.timestamp.clone(),
            correlation_id: action.correlation_id.clone(),
        })
    }

    /// What kind of action it is.
    #[must_use]
    pub fn event_type(&self) -> ActionType {
        match self {
            Self::Message(_) => ActionType::Message,
            Self::Status(_) => ActionType::Status,
            Self::Error(_) => ActionType::Error,
            Self::ApprovalRequest(_) => ActionType::ApprovalRequest,
        }
    }

    /// The workspace of the route.
    #[must_use]
    pub fn workspace_id(&self) -> &Slug {
        in_branch!(self, action => &action.workspace_id)
    }

    /// The agent of the route.
    #[must_use]
    pub fn agent_id(&self) -> &Slug {
        in_branch!(self, action => &action.agent_id)
    }

    /// The session last seen from the person, else any id.
    #[must_use]
    pub fn session_id(&self) -> &Id {
        in_branch!(self, action => &action.session_id)
    }

    /// AIOS's idempotency key.
    #[must_use]
    pub fn message_id(&self) -> &Id {
        in_branch!(self, action => &action.message_id)
    }

    /// Time of the action.
    #[must_use]
    pub fn timestamp(&self) -> &Timestamp {
        in_branch!(self, action => &action.timestamp)
    }

    /// The id that the receipt repeats.
    #[must_use]
    pub fn correlation_id(&self) -> &Id {
        in_branch!(self, action => &action.correlation_id)
    }

    /// The person it names; an approval request names none, it goes to the owner.
    #[must_use]
    pub fn recipient(&self) -> Option<&Id> {
        match self {
            Self::Message(action) => Some(&action.payload.recipient),
            Self::Status(action) => Some(&action.payload.recipient),
            Self::Error(action) => Some(&action.payload.recipient),
            Self::ApprovalRequest(_) => None,
        }
    }

    /// The text that a person will read; a status has none.
    #[must_use]
    pub fn text(&self) -> Option<&Text> {
        match self {
            Self::Message(action) => Some(&action.payload.text),
            Self::Status(_) => None,
            Self::Error(action) => Some(&action.payload.text),
            Self::ApprovalRequest(action) => Some(&action.payload.text),
        }
    }

    /// The inbound `message_id` it answers.
    #[must_use]
    pub fn reply_to(&self) -> Option<&Id> {
        match self {
            Self::Message(action) => action.payload.reply_to.as_ref(),
            Self::Error(action) => action.payload.reply_to.as_ref(),
            Self::Status(_) | Self::ApprovalRequest(_) => None,
        }
    }
}

impl Serialize for OutboundAction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        in_branch!(self, action => action.serialize(serializer))
    }
}

impl JsonSchema for OutboundAction {
    fn schema_name() -> Cow<'static, str> {
        "OutboundAction".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One outbound action, AIOS to adapter: one of four branches, told apart by `event_type`.",
            "oneOf": [
                generator.subschema_for::<MessageAction>(),
                generator.subschema_for::<StatusAction>(),
                generator.subschema_for::<ErrorAction>(),
                generator.subschema_for::<ApprovalRequestAction>(),
            ],
        })
    }
}
