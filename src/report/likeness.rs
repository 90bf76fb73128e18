//! Which broken adapter of the kill matrix an adapter resembles.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::Report;
use super::outcome::Outcome;
use crate::suite::RequirementId;

/// A mutant that breaks the same rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Likeness {
    /// The mutant's name.
    pub mutant: String,
    /// What it does wrong, in words.
    pub breaks: String,
}

impl Likeness {
    /// The mutant and what it does, in words.
    pub(super) fn in_words(&self) -> String {
        format!("the mutant `{}`: {}", self.mutant, self.breaks)
    }
}

/// One row of the kill matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MutantRow {
    /// The mutant's name.
    pub name: String,
    /// What it does wrong, in words.
    pub breaks: String,
    /// The rule that has to catch it.
    pub rule: RequirementId,
    /// The reason it has to be caught for.
    pub reason: String,
    /// Every rule that catches it.
    pub killed_by: Vec<RequirementId>,
    /// Whether no rule does.
    pub survived: bool,
}

impl MutantRow {
    /// Whether a finding shows the reason: its words, in their order where ` … ` stands between
    /// them.
    #[must_use]
    pub fn is_shown_by(&self, finding: &str) -> bool {
        let mut rest = finding;
        !self.reason.is_empty()
            && self.reason.split(" … ").all(|words| {
                let found = rest.split_once(words).map(|(_, after)| rest = after);
                found.is_some()
            })
    }
}

impl Report {
    /// Notes with every failed rule the mutant that fails most like this adapter.
    ///
    /// A mutant is considered if the likeness is clear: it was made for the rule, the rule's finding
    /// shows its reason, and most rules that catch it fail here too; or at least half of all rules
    /// that fail for either fail for both. Most alike is the one with the largest share of common
    /// failures; among equals one that was made for the rule, then the first.
    pub fn compare_with(&mut self, matrix: &[MutantRow]) {
        let failed: BTreeSet<RequirementId> = self
            .rules
            .iter()
            .filter(|rule| rule.outcome == Outcome::Fail)
            .map(|rule| rule.id.clone())
            .collect();
        for rule in &mut self.rules {
            rule.resembles = None;
            if rule.outcome != Outcome::Fail {
                continue;
            }
            let mut best: Option<((usize, usize), bool, &MutantRow)> = None;
            for row in matrix.iter().filter(|row| row.killed_by.contains(&rule.id)) {
                let killed: BTreeSet<_> = row.killed_by.iter().cloned().collect();
                let share = (
                    killed.intersection(&failed).count(),
                    killed.union(&failed).count(),
                );
                let made_for = row.rule == rule.id;
                let same_reason = made_for
                    && share.0 * 2 > killed.len()
                    && rule
                        .scenarios
                        .iter()
                        .any(|case| row.is_shown_by(&case.finding()));
                if !same_reason && share.0 * 2 < share.1 {
                    continue;
                }
                let better = best.is_none_or(|((common, all), best_made_for, _)| {
                    // Fractions compared without division: a/b > c/d if a·d > c·b.
                    let (left, right) = (share.0 * all, common * share.1);
                    left > right || (left == right && made_for && !best_made_for)
                });
                if better {
                    best = Some((share, made_for, row));
                }
            }
            rule.resembles = best.map(|(_, _, row)| Likeness {
                mutant: row.name.clone(),
                breaks: row.breaks.clone(),
            });
        }
    }
}
