//! Outbound actions, AIOS to adapter: one of four closed branches over a common envelope.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};

use super::event::{ErrorWord, MessageWord, StatusWord, refuse, require};
use super::finding::Finding;
use super::strict::Strict;
use super::{ActionErrorCode, ChannelType, Id, Seq, Slug, Target, Text, Timestamp};

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

/// Every member that any branch has; sorted into a branch once all of them are read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the constant members are read to be checked")]
struct RawAction {
    channel_type: ChannelType,
    target: Target,
    workspace_id: Slug,
    agent_id: Slug,
    session_id: Id,
    stream_id: Id,
    seq: Seq,
    event_type: ActionType,
    message_id: Id,
    timestamp: Timestamp,
    correlation_id: Id,
    status_code: Option<ActionStatus>,
    error_code: Option<ActionErrorCode>,
    payload: RawPayload,
}

/// Every member that the payload of any branch has.
#[derive(Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
struct RawPayload {
    recipient: Option<Id>,
    text: Option<Text>,
    reply_to: Option<Id>,
    approval_id: Option<Id>,
    expires_at: Option<Timestamp>,
}

impl<'de> Deserialize<'de> for RawPayload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(Strict(deserializer))
    }
}

impl<'de> Deserialize<'de> for OutboundAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawAction::deserialize(Strict(deserializer))?
            .sort()
            .map_err(D::Error::custom)
    }
}

impl RawAction {
    fn sort(self) -> Result<OutboundAction, Finding> {
        let head = ActionHead {
            workspace_id: self.workspace_id,
            agent_id: self.agent_id,
            session_id: self.session_id,
            stream_id: self.stream_id,
            seq: self.seq,
            message_id: self.message_id,
            timestamp: self.timestamp,
            correlation_id: self.correlation_id,
        };
        let in_payload = |finding: Finding| finding.under("payload");
        if self.event_type != ActionType::Status {
            refuse(self.status_code.as_ref(), "status_code")?;
        }
        if self.event_type != ActionType::Error {
            refuse(self.error_code.as_ref(), "error_code")?;
        }
        match self.event_type {
            ActionType::Message => Ok(OutboundAction::message(
                head,
                self.payload.text().map_err(in_payload)?,
            )),
            ActionType::Status => {
                let status = require(self.status_code, "status_code")?;
                let payload = self.payload.status().map_err(in_payload)?;
                Ok(OutboundAction::status(head, status, payload))
            }
            ActionType::Error => {
                let code = require(self.error_code, "error_code")?;
                Ok(OutboundAction::error(
                    head,
                    code,
                    self.payload.text().map_err(in_payload)?,
                ))
            }
            ActionType::ApprovalRequest => {
                let payload = self.payload.approval_request().map_err(in_payload)?;
                Ok(OutboundAction::approval_request(head, payload))
            }
        }
    }
}

impl RawPayload {
    fn text(self) -> Result<TextPayload, Finding> {
        refuse(self.approval_id.as_ref(), "approval_id")?;
        refuse(self.expires_at.as_ref(), "expires_at")?;
        Ok(TextPayload {
            recipient: require(self.recipient, "recipient")?,
            text: require(self.text, "text")?,
            reply_to: self.reply_to,
        })
    }

    fn status(self) -> Result<StatusActionPayload, Finding> {
        refuse(self.text.as_ref(), "text")?;
        refuse(self.reply_to.as_ref(), "reply_to")?;
        refuse(self.approval_id.as_ref(), "approval_id")?;
        refuse(self.expires_at.as_ref(), "expires_at")?;
        Ok(StatusActionPayload {
            recipient: require(self.recipient, "recipient")?,
        })
    }

    fn approval_request(self) -> Result<ApprovalRequestPayload, Finding> {
        refuse(self.recipient.as_ref(), "recipient")?;
        refuse(self.reply_to.as_ref(), "reply_to")?;
        Ok(ApprovalRequestPayload {
            approval_id: require(self.approval_id, "approval_id")?,
            text: require(self.text, "text")?,
            expires_at: self.expires_at,
        })
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
