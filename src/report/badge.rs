//! The endpoint document of a shields.io badge.

use serde_json::json;

use super::claim::Claim;
use super::model::Report;

/// The claim and its counts as a badge: JSON for a shields.io endpoint.
#[must_use]
pub fn render(report: &Report) -> String {
    let colour = match report.claim {
        Claim::Conformant => "brightgreen",
        Claim::ConformantWithNotes => "green",
        Claim::NotConformant => "red",
        Claim::Inconclusive | Claim::Partial => "lightgrey",
    };
    // The features that are not claimed would make it too long.
    let parts: Vec<&str> = report.summary.split(" · ").take(3).collect();
    let badge = json!({
        "schemaVersion": 1,
        "label": "WeChat Integration v0",
        "message": parts.join(" · ").to_lowercase().replace("must", "MUST").replace("should", "SHOULD"),
        "color": colour,
    });
    format!("{badge:#}\n")
}
