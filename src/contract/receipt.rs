//! Receipts: what became of an action.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{Finding, refuse, require};
use super::{Code, Id, Int, List};

words! {
    /// What became of an action.
    pub enum ReceiptStatus {
        /// WeChat accepted every chunk, at least one.
        Delivered = "delivered",
        /// WeChat accepted some chunks.
        Partial = "partial",
        /// Nothing went out: WeChat or a rule refused.
        Rejected = "rejected",
        /// Nothing is known to have gone out: the transport failed.
        Unreachable = "unreachable",
        /// A status took effect; there is no message.
        Applied = "applied",
    }
}

/// A number of chunks: 0 to 65536.
pub type ChunkCount = Int<0, 65_536>;
/// The ids of the messages that an action became.
pub type WechatMessageIds = List<Id, 0, 65_536>;

/// The answer to one action (WX-OUT-003).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(extend(
    "if" = { "properties": { "status_code": { "enum": ["partial", "rejected", "unreachable"] } } },
    "then" = { "required": ["error_code"] },
    "else" = { "not": { "required": ["error_code"] } }
))]
pub struct Receipt {
    /// That of the action.
    #[schemars(extend("x-rule" = "WX-OUT-004"))]
    pub message_id: Id,
    /// That of the action.
    #[schemars(extend("x-rule" = "WX-ENV-006"))]
    pub correlation_id: Id,
    /// What became of the action.
    #[schemars(extend("x-rule" = "WX-OUT-003"))]
    pub status_code: ReceiptStatus,
    /// How many chunks WeChat accepted.
    #[schemars(extend("x-rule" = "WX-OUT-009", "x-unit" = "chunks"))]
    pub chunks_sent: ChunkCount,
    /// How many chunks the text was cut into; 0 if it never was.
    #[schemars(extend("x-unit" = "chunks"))]
    pub chunks_total: ChunkCount,
    /// WeChat's ids in the order of the chunks, only those that WeChat named.
    pub wechat_message_ids: WechatMessageIds,
    /// Why; present exactly for `partial`, `rejected` and `unreachable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-rule" = "WX-OUT-005"))]
    pub error_code: Option<Code>,
    /// When AIOS may try again, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-unit" = "seconds", "x-rule" = "WX-OUT-006"))]
    pub retry_after_sec: Option<Int<0, 86_400>>,
}

closed! { Receipt => Receipt::check }

impl Receipt {
    fn check(&self) -> Result<(), Finding> {
        match self.status_code {
            ReceiptStatus::Delivered | ReceiptStatus::Applied => {
                refuse(self.error_code.as_ref(), "error_code")
            }
            ReceiptStatus::Partial | ReceiptStatus::Rejected | ReceiptStatus::Unreachable => {
                require(self.error_code, "error_code").map(|_| ())
            }
        }
    }
}
