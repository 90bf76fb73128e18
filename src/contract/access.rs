//! Access state: who is admitted, as it can be read back from a running adapter.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Auth, DedupWindow, Id, Integration, List, Timestamp};

words! {
    /// Where a person's pairing stands.
    pub enum PairingState {
        /// Held until AIOS decides.
        Pending = "pending",
        /// Admitted.
        Approved = "approved",
        /// Denied.
        Denied = "denied",
    }
}

/// At most 1000 pairings.
pub type Pairings = List<Pairing, 0, 1000>;

/// Who is admitted (WX-ACCESS-006): the configuration in force, and the pairings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct AccessState {
    /// As started.
    #[schemars(extend("x-rule" = "WX-CONF-001"))]
    pub auth: Auth,
    /// As started, with the defaults filled in.
    #[schemars(extend("x-rule" = "WX-CONF-001"))]
    pub policy: EffectivePolicy,
    /// The pairings; only where pairing is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-rule" = "WX-ACCESS-008"))]
    pub pairing: Option<Pairings>,
}

/// A policy with its defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct EffectivePolicy {
    /// Whether the owner alone is admitted.
    pub owner_only: bool,
    /// Whether a sender other than the owner is held until AIOS approves.
    pub pairing_required: bool,
    /// How long a redelivered message is recognised, in seconds.
    #[schemars(extend("x-unit" = "seconds"))]
    pub dedup_window_sec: DedupWindow,
}

/// One person's pairing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Pairing {
    /// WeChat id of the person.
    pub user_id: Id,
    /// Where the pairing stands.
    pub state: PairingState,
    /// Since when.
    pub since: Timestamp,
}

closed! { AccessState, EffectivePolicy, Pairing }

impl EffectivePolicy {
    /// The policy that an integration sets.
    #[must_use]
    pub fn of(integration: &Integration) -> Self {
        Self {
            owner_only: integration.owner_only(),
            pairing_required: integration.pairing_required(),
            dedup_window_sec: DedupWindow::saturating(integration.dedup_window_sec()),
        }
    }
}
