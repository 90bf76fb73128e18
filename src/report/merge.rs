//! One report from the parts of a divided run.

use std::collections::BTreeSet;

use thiserror::Error;

use super::baseline::{BaselineEntry, EntryState};
use super::claim::Claim;
use super::model::{Counts, Options, Report, RuleResult, Shard};
use super::outcome::Outcome;

/// Why reports cannot be joined.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There is nothing to join.
    #[error("no report was given")]
    Nothing,
    /// A report is not a part of a divided run.
    #[error("report {0} is not a part of a divided run (`run --shard K/N`)")]
    Whole(usize),
    /// Two reports differ in what has to be the same.
    #[error("report {number} differs from the first in {what}: parts of one run share it")]
    Mixture {
        /// The number of the report, from 1.
        number: usize,
        /// What differs.
        what: &'static str,
    },
    /// A part was given twice.
    #[error("part {0} was given twice")]
    Twice(u32),
    /// Parts were not given.
    #[error("of {of} parts {} is missing: a claim needs all of them", listed(.numbers))]
    Missing {
        /// Their numbers.
        numbers: Vec<u32>,
        /// How many parts there are.
        of: u32,
    },
}

fn listed(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(", ")
}

impl Report {
    /// Joins the parts of a divided run, in any order.
    ///
    /// # Errors
    /// If the parts do not belong together (another suite, adapter, seed or option), one was given
    /// twice, or one is missing.
    pub fn merge(parts: &[Self]) -> Result<Self, MergeError> {
        let first = parts.first().ok_or(MergeError::Nothing)?;
        let mut seen = BTreeSet::new();
        let mut ordered: Vec<(Shard, &Self)> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let number = index + 1;
            let shard = part.options.shard.ok_or(MergeError::Whole(number))?;
            if let Some(what) = difference(first, part) {
                return Err(MergeError::Mixture { number, what });
            }
            if !seen.insert(shard.number) {
                return Err(MergeError::Twice(shard.number));
            }
            ordered.push((shard, part));
        }
        ordered.sort_by_key(|(shard, _)| *shard);
        let of = first.options.shard.map_or(1, |shard| shard.of);
        let numbers: Vec<u32> = (1..=of).filter(|number| !seen.contains(number)).collect();
        if !numbers.is_empty() {
            return Err(MergeError::Missing { numbers, of });
        }
        let parts: Vec<&Self> = ordered.into_iter().map(|(_, part)| part).collect();

        let mut rules = first.rules.clone();
        for (index, rule) in rules.iter_mut().enumerate() {
            let same: Vec<&RuleResult> = parts.iter().map(|part| &part.rules[index]).collect();
            join(rule, &same);
        }
        let mut report = first.clone();
        report.options.shard = None;
        report.interrupted = parts.iter().any(|part| part.interrupted);
        let whole =
            !report.interrupted && first.options.rules.is_empty() && first.options.level == "all";
        let unclaimed: BTreeSet<String> = parts
            .iter()
            .flat_map(|part| part.unclaimed.iter().cloned())
            .collect();
        report.unclaimed = unclaimed.into_iter().collect();
        report.rules = rules;
        report.took_ms = parts.iter().map(|part| part.took_ms).sum();
        report.started_at = parts
            .iter()
            .filter_map(|part| part.started_at.clone())
            .min();
        report.never_started = parts.iter().find_map(|part| part.never_started.clone());
        report.fold_again(!whole);
        if report.interrupted {
            report.interrupt();
        }
        Ok(report)
    }

    /// Folds everything that follows from the outcomes of the rules again: claim, summary, counts
    /// and the marks of the baseline.
    pub fn fold_again(&mut self, partial: bool) {
        self.claim = Claim::of(&self.rules, partial);
        self.summary = self.claim.summary(&self.rules, &self.unclaimed);
        self.counts = Counts::of(&self.rules);
        if self.baseline.is_empty() {
            return;
        }
        let entries: Vec<BaselineEntry> =
            self.baseline.iter().map(|one| one.entry.clone()).collect();
        let expired: BTreeSet<String> = self
            .baseline
            .iter()
            .filter(|one| one.state == EntryState::Expired)
            .map(|one| one.entry.id.clone())
            .collect();
        self.hold_against(&entries, |entry| expired.contains(&entry.id));
    }
}

/// What two parts do not share, though they have to.
fn difference(a: &Report, b: &Report) -> Option<&'static str> {
    let common = |options: &Options| Options {
        shard: options.shard.map(|shard| Shard { number: 0, ..shard }),
        jobs: 0,
        ..options.clone()
    };
    let ids = |report: &Report| -> Vec<_> { report.rules.iter().map(|r| r.id.clone()).collect() };
    let declared = |report: &Report| -> Vec<_> {
        report
            .baseline
            .iter()
            .map(|used| used.entry.clone())
            .collect()
    };
    if a.identity.suite != b.identity.suite || ids(a) != ids(b) {
        Some("the suite")
    } else if a.identity != b.identity {
        Some("the versions")
    } else if a.adapter != b.adapter {
        Some("the adapter")
    } else if a.seed != b.seed {
        Some("the seed")
    } else if common(&a.options) != common(&b.options) {
        Some("the options")
    } else if declared(a) != declared(b) {
        Some("the baseline")
    } else {
        None
    }
}

/// Joins what the parts say of one rule.
fn join(rule: &mut RuleResult, parts: &[&RuleResult]) {
    rule.scenarios = parts
        .iter()
        .flat_map(|part| part.scenarios.iter().cloned())
        .collect();
    rule.resembles = parts.iter().find_map(|part| part.resembles.clone());
    rule.baseline = None;
    if !rule.scenarios.is_empty() {
        rule.outcome = Outcome::fold(rule.scenarios.iter().map(|case| case.outcome));
        rule.reason = None;
    } else if let Some(part) = parts.iter().find(|part| part.is_selected()) {
        rule.outcome = part.outcome;
        rule.reason.clone_from(&part.reason);
    }
}
