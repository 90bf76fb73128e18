//! Reading an action: every member first, then the branch that `event_type` chooses.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::{
    ActionHead, ActionStatus, ActionType, ApprovalRequestPayload, OutboundAction,
    StatusActionPayload, TextPayload,
};
use crate::contract::finding::{Finding, refuse, require};
use crate::contract::strict::Strict;
use crate::contract::{ActionErrorCode, ChannelType, Id, Seq, Slug, Target, Text, Timestamp};

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
