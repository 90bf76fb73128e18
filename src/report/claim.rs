//! The fold of all rules into one claim.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::RuleResult;
use super::outcome::Outcome;

/// What a run allows its author to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// Every applicable MUST passes, none is undecided.
    Conformant,
    /// The same, and a SHOULD fails.
    ConformantWithNotes,
    /// A MUST fails.
    NotConformant,
    /// A MUST could not be decided, or nothing was executed.
    Inconclusive,
    /// A part of the suite ran: it claims nothing.
    Partial,
}

impl Claim {
    /// Whether every applicable MUST passes, notes or none.
    #[must_use]
    pub fn is_conformant(self) -> bool {
        matches!(self, Self::Conformant | Self::ConformantWithNotes)
    }

    /// The claim in capitals, as it is quoted.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Conformant => "CONFORMANT",
            Self::ConformantWithNotes => "CONFORMANT WITH NOTES",
            Self::NotConformant => "NOT CONFORMANT",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Partial => "PARTIAL",
        }
    }

    /// The claim that rule outcomes support; `partial` if only a part of the suite was selected.
    #[must_use]
    pub fn of(rules: &[RuleResult], partial: bool) -> Self {
        let any = |binding: bool, outcome: Outcome| {
            rules
                .iter()
                .any(|rule| rule.level.binds() == binding && rule.outcome == outcome)
        };
        let undecided = any(true, Outcome::Error)
            || any(true, Outcome::Inconclusive)
            || !any(true, Outcome::Pass);
        if partial {
            Self::Partial
        } else if any(true, Outcome::Fail) {
            Self::NotConformant
        } else if undecided {
            Self::Inconclusive
        } else if [Outcome::Fail, Outcome::Inconclusive, Outcome::Error]
            .into_iter()
            .any(|outcome| any(false, outcome))
        {
            Self::ConformantWithNotes
        } else {
            Self::Conformant
        }
    }

    /// The claim with its counts: `CONFORMANT · MUST 79/79 · SHOULD 9/10 · typing not claimed`.
    #[must_use]
    pub fn summary(self, rules: &[RuleResult], unclaimed: &[String]) -> String {
        let mut parts = vec![self.words().to_owned()];
        for (name, binding) in [("MUST", true), ("SHOULD", false)] {
            let judged = rules.iter().filter(|rule| {
                rule.level.binds() == binding
                    && !matches!(rule.outcome, Outcome::NotApplicable | Outcome::Untested)
            });
            let (mut of, mut passed) = (0, 0);
            for rule in judged {
                of += 1;
                passed += usize::from(rule.outcome == Outcome::Pass);
            }
            parts.push(format!("{name} {passed}/{of}"));
        }
        if !unclaimed.is_empty() {
            parts.push(format!("{} not claimed", unclaimed.join(", ")));
        }
        parts.join(" · ")
    }
}
