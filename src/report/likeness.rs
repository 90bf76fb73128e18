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
    /// First comes a mutant that was made for the rule and whose reason the rule's finding shows, if
    /// most rules that catch it fail here too; then one with which at least half of all rules that
    /// fail for either fail for both. Among several that is the one with the largest share of common
    /// failures; among equals one that was made for the rule, then the first. Rules that came to no
    /// verdict here, since only a part of the suite ran, say nothing about a likeness.
    pub fn compare_with(&mut self, matrix: &[MutantRow]) {
        let ids = |wanted: fn(Outcome) -> bool| -> BTreeSet<RequirementId> {
            let rules = self.rules.iter().filter(|rule| wanted(rule.outcome));
            rules.map(|rule| rule.id.clone()).collect()
        };
        let failed = ids(|outcome| outcome == Outcome::Fail);
        let judged = ids(Outcome::is_verdict);
        for rule in &mut self.rules {
            rule.resembles = None;
            if rule.outcome != Outcome::Fail {
                continue;
            }
            let mut best: Option<(Rank, &MutantRow)> = None;
            for row in matrix.iter().filter(|row| row.killed_by.contains(&rule.id)) {
                let killed: BTreeSet<_> = row.killed_by.iter().cloned().collect();
                let killed: BTreeSet<_> = killed.intersection(&judged).cloned().collect();
                let (common, all) = (
                    killed.intersection(&failed).count(),
                    killed.union(&failed).count(),
                );
                let made_for = row.rule == rule.id;
                let mut cases = rule.scenarios.iter();
                let rank = Rank {
                    same_reason: made_for
                        && common * 2 > killed.len()
                        && cases.any(|case| row.is_shown_by(&case.finding())),
                    common,
                    all,
                    made_for,
                };
                let is_clear = rank.same_reason || common * 2 >= all;
                if is_clear && best.is_none_or(|(best, _)| rank.is_above(best)) {
                    best = Some((rank, row));
                }
            }
            rule.resembles = best.map(|(_, row)| Likeness {
                mutant: row.name.clone(),
                breaks: row.breaks.clone(),
            });
        }
    }
}

/// How alike a mutant and an adapter are.
#[derive(Clone, Copy)]
struct Rank {
    same_reason: bool,
    /// Rules that fail for both, of so many that fail for either.
    common: usize,
    all: usize,
    made_for: bool,
}

impl Rank {
    fn is_above(self, other: Self) -> bool {
        // Fractions compared without division: a/b > c/d if a·d > c·b.
        let share = |of: Self, by: Self| of.common * by.all;
        let key = |one: Self, by: Self| (one.same_reason, share(one, by), one.made_for);
        key(self, other) > key(other, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(same_reason: bool, common: usize, all: usize, made_for: bool) -> Rank {
        Rank {
            same_reason,
            common,
            all,
            made_for,
        }
    }

    #[test]
    fn the_reason_weighs_more_than_the_share_and_the_share_more_than_the_purpose() {
        assert!(rank(true, 1, 9, true).is_above(rank(false, 9, 9, true)));
        assert!(rank(false, 3, 4, false).is_above(rank(false, 2, 3, true)));
        assert!(rank(false, 2, 4, true).is_above(rank(false, 1, 2, false)));
        assert!(!rank(true, 1, 2, true).is_above(rank(true, 2, 4, true)));
    }
}
