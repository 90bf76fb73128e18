//! Health: how the channel is, and what went wrong of late, as metadata.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Code, List, Seq, Timestamp};

words! {
    /// How the channel is.
    pub enum HealthState {
        /// Not started, disabled or stopped.
        Stopped = "stopped",
        /// The last exchange with WeChat succeeded.
        Healthy = "healthy",
        /// Exchanges fail; the adapter tries again by itself.
        Degraded = "degraded",
        /// A person is needed.
        Unhealthy = "unhealthy",
    }
}

/// What went wrong of late: at most 32 entries, newest first.
pub type RecentErrors = List<RecentError, 0, 32>;

/// How the channel is (WX-HEALTH).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Health {
    /// The state of the channel.
    #[schemars(extend("x-rule" = "WX-HEALTH-001"))]
    pub health: HealthState,
    /// Time of the last successful poll; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-rule" = "WX-HEALTH-006"))]
    pub last_seen_at: Option<Timestamp>,
    /// The newest error; stays after recovery, absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error_code: Option<Code>,
    /// What went wrong of late, newest first; equal codes are one entry.
    #[schemars(extend("x-rule" = "WX-HEALTH-003"))]
    pub recent_errors: RecentErrors,
}

/// One kind of error, as often as it happened: code, times and count, no body and no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct RecentError {
    /// What went wrong.
    pub code: Code,
    /// When it happened first.
    pub first_at: Timestamp,
    /// When it happened last.
    pub last_at: Timestamp,
    /// How often it happened.
    pub count: Seq,
}

closed! { Health, RecentError }
