//! Reading an event: every member first, then the branch that `event_type` and `status_code` choose.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::{
    AttachmentMetaPayload, Attachments, ChannelStatus, EventHead, EventType, InboundEvent,
    MessageIds, MessagePayload, MessageStatus, Origin, Quoted, StatusPayload,
};
use crate::contract::finding::{Fault, Finding, one_of, refuse, require};
use crate::contract::strict::Strict;
use crate::contract::{ChannelType, Code, Id, RetryCount, Seq, Slug, Target, Text, Timestamp};

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
