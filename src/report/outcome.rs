//! What came out of a scenario or a rule, and how scenarios fold into a rule.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The outcome of a scenario and of a rule, in the words of TTCN-3 where it has one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every observation is as the sentence says, and life was proven.
    Pass,
    /// The adapter broke the sentence.
    Fail,
    /// The kit could not decide.
    Inconclusive,
    /// A fault of the kit.
    Error,
    /// A feature that the rule needs is not claimed.
    NotApplicable,
    /// Only a person can judge it, or it was not selected.
    Untested,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 6] = [
        Self::Pass,
        Self::Fail,
        Self::Inconclusive,
        Self::Error,
        Self::NotApplicable,
        Self::Untested,
    ];

    /// The word as it stands in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
            Self::NotApplicable => "not_applicable",
            Self::Untested => "untested",
        }
    }

    /// Whether something was executed and came to a verdict on the adapter.
    #[must_use]
    pub fn is_verdict(self) -> bool {
        matches!(self, Self::Pass | Self::Fail)
    }

    /// Whether somebody has to look at it.
    #[must_use]
    pub fn needs_attention(self) -> bool {
        matches!(self, Self::Fail | Self::Inconclusive | Self::Error)
    }

    /// The outcome of a rule from those of its scenarios.
    ///
    /// The gravest wins: a failure first, since what was seen of the adapter stands, whatever befell
    /// the kit in another scenario; then a fault of the kit, then doubt. A rule passes only if
    /// something passed. No scenarios: untested.
    #[must_use]
    pub fn fold(cases: impl IntoIterator<Item = Self>) -> Self {
        let cases: Vec<Self> = cases.into_iter().collect();
        [Self::Fail, Self::Error, Self::Inconclusive]
            .into_iter()
            .find(|grave| cases.contains(grave))
            .unwrap_or({
                if cases.contains(&Self::Pass) {
                    Self::Pass
                } else if cases.contains(&Self::NotApplicable) {
                    Self::NotApplicable
                } else {
                    Self::Untested
                }
            })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_outcome_of_a_scenario_is_the_rules() {
        use Outcome::{Error, Fail, Inconclusive, NotApplicable, Pass, Untested};
        assert_eq!(Outcome::fold([Pass, Error, Fail, Inconclusive]), Fail);
        assert_eq!(Outcome::fold([Pass, Inconclusive, Error]), Error);
        assert_eq!(Outcome::fold([Pass, Fail, Inconclusive]), Fail);
        assert_eq!(Outcome::fold([Pass, Inconclusive]), Inconclusive);
        assert_eq!(Outcome::fold([Pass, NotApplicable, Untested]), Pass);
        assert_eq!(Outcome::fold([NotApplicable, Untested]), NotApplicable);
        assert_eq!(Outcome::fold([]), Untested);
    }
}
