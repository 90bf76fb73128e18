//! Deviations that an adapter's author declares: they decide the exit code, never the claim.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A list of rules or scenarios known to fail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The entries.
    pub entries: Vec<BaselineEntry>,
}

/// One declared deviation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineEntry {
    /// A rule id or a scenario id.
    pub id: String,
    /// Why it fails, in words.
    pub reason: String,
    /// Where it is tracked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issue: Option<String>,
    /// The last day on which the entry holds, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires: Option<String>,
}
