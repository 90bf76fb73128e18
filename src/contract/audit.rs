//! The audit record: an envelope without its content, all that may be kept of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ActionType, ChannelStatus, ChannelType, Code, EventType, Id, InboundEvent, MessageStatus,
    OutboundAction, Receipt, ReceiptStatus, RetryCount, Slug, Target, Timestamp,
};

words! {
    /// The type of an event or action.
    pub enum AuditEventType {
        /// A message in either direction.
        Message = "message",
        /// A status in either direction.
        Status = "status",
        /// An error in either direction.
        Error = "error",
        /// Inbound attachments without a text.
        AttachmentMeta = "attachment_meta",
        /// An outbound question to the owner.
        ApprovalRequest = "approval_request",
    }
}

words! {
    /// What became of it: an event's `status_code`, or that of an action's receipt.
    pub enum AuditStatus {
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
        /// WeChat accepted every chunk.
        Delivered = "delivered",
        /// WeChat accepted some chunks.
        Partial = "partial",
        /// Refused by WeChat or by a rule.
        Rejected = "rejected",
        /// The transport failed.
        Unreachable = "unreachable",
        /// A status took effect.
        Applied = "applied",
    }
}

/// What may be kept of an event or action: its envelope without `payload`, `dedup_key`, `seq` and
/// `stream_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct AuditRecord {
    /// Always `dialog`.
    pub channel_type: ChannelType,
    /// Always `wechat`.
    pub target: Target,
    /// The workspace of the route.
    pub workspace_id: Slug,
    /// The agent of the route.
    pub agent_id: Slug,
    /// The conversation.
    pub session_id: Id,
    /// The type of the event or action.
    pub event_type: AuditEventType,
    /// WeChat's id of the message, or the action's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Id>,
    /// Time of the event or action.
    pub timestamp: Timestamp,
    /// What ties it to what it follows from.
    #[schemars(extend("x-rule" = "WX-ENV-006"))]
    pub correlation_id: Id,
    /// What became of it.
    #[schemars(extend("x-rule" = "WX-ENV-010"))]
    pub status_code: AuditStatus,
    /// Why, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<Code>,
    /// How often it was sent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_count: Option<RetryCount>,
}

closed! { AuditRecord }

impl From<&InboundEvent> for AuditRecord {
    fn from(event: &InboundEvent) -> Self {
        let head = event.head();
        Self {
            channel_type: ChannelType::Dialog,
            target: Target::Wechat,
            workspace_id: head.workspace_id,
            agent_id: head.agent_id,
            session_id: head.session_id,
            event_type: match event.event_type() {
                EventType::Message => AuditEventType::Message,
                EventType::Status => AuditEventType::Status,
                EventType::Error => AuditEventType::Error,
                EventType::AttachmentMeta => AuditEventType::AttachmentMeta,
            },
            message_id: event.message_id().cloned(),
            timestamp: head.timestamp,
            correlation_id: head.correlation_id,
            status_code: match event {
                InboundEvent::Message(_) | InboundEvent::AttachmentMeta(_) => {
                    AuditStatus::Forwarded
                }
                InboundEvent::MessageStatus(event) => match event.status_code {
                    MessageStatus::AccessDenied => AuditStatus::AccessDenied,
                    MessageStatus::PairingRequired => AuditStatus::PairingRequired,
                    MessageStatus::GroupMessage => AuditStatus::GroupMessage,
                    MessageStatus::Unsupported => AuditStatus::Unsupported,
                    MessageStatus::Malformed => AuditStatus::Malformed,
                },
                InboundEvent::ChannelStatus(event) => match event.status_code {
                    ChannelStatus::CursorReset => AuditStatus::CursorReset,
                    ChannelStatus::StateDamaged => AuditStatus::StateDamaged,
                    ChannelStatus::SessionExpired => AuditStatus::SessionExpired,
                    ChannelStatus::Recovered => AuditStatus::Recovered,
                },
                InboundEvent::Error(_) => AuditStatus::Failed,
            },
            error_code: event.error_code(),
            retry_count: head.retry_count,
        }
    }
}

impl AuditRecord {
    /// What may be kept of an action and what became of it.
    #[must_use]
    pub fn of_action(action: &OutboundAction, receipt: &Receipt) -> Self {
        let head = action.head();
        Self {
            channel_type: ChannelType::Dialog,
            target: Target::Wechat,
            workspace_id: head.workspace_id,
            agent_id: head.agent_id,
            session_id: head.session_id,
            event_type: match action.event_type() {
                ActionType::Message => AuditEventType::Message,
                ActionType::Status => AuditEventType::Status,
                ActionType::Error => AuditEventType::Error,
                ActionType::ApprovalRequest => AuditEventType::ApprovalRequest,
            },
            message_id: Some(head.message_id),
            timestamp: head.timestamp,
            correlation_id: head.correlation_id,
            status_code: match receipt.status_code {
                ReceiptStatus::Delivered => AuditStatus::Delivered,
                ReceiptStatus::Partial => AuditStatus::Partial,
                ReceiptStatus::Rejected => AuditStatus::Rejected,
                ReceiptStatus::Unreachable => AuditStatus::Unreachable,
                ReceiptStatus::Applied => AuditStatus::Applied,
            },
            error_code: receipt.error_code,
            retry_count: None,
        }
    }
}
