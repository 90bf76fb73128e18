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

impl Report {
    /// Notes with every failed rule the mutant that fails most like this adapter.
    ///
    /// Only mutants that the rule catches are considered. Most alike is the one with the largest
    /// share of common failures; among equals one that was made for the rule, then the first.
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
