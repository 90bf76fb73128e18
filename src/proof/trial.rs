//! One mutant against the whole suite.

use std::collections::{BTreeMap, BTreeSet};

use crate::mutant::Mutant;
use crate::report::{CaseResult, Outcome, Report, RuleResult};
use crate::runner::{self, Run, Selection, Timelines};
use crate::suite::{Problem, RequirementId, Suite};

/// Scenarios at the same time: many wait for something.
pub(super) const JOBS: u32 = 6;
/// The patience of a first look. Nothing that it finds beyond what is known stands by itself.
const QUICK: f64 = 0.3;

/// A rule that a mutant does not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// What came out: a failure, doubt, or a fault of the kit.
    pub outcome: Outcome,
    /// What was found in each of its scenarios that did not pass, in their order: the name of the
    /// scenario, and its finding.
    pub said: Vec<String>,
}

/// What the suite says of a mutant.
#[derive(Debug)]
pub struct Trial {
    /// The mutant.
    pub mutant: &'static Mutant,
    /// The rules that it does not pass, in the order of their ids.
    pub failing: BTreeMap<RequirementId, Failing>,
}

impl Trial {
    /// Runs the suite against a mutant. To be awaited like [`runner::run`].
    ///
    /// The first look has little patience. Where it differs from `known`, the rules that are known
    /// to catch this mutant, full patience has the word: a busy machine is no finding.
    ///
    /// # Errors
    ///
    /// The suite itself is broken.
    pub async fn of(
        mutant: &'static Mutant,
        suite: &Suite,
        seed: u32,
        known: &BTreeSet<RequirementId>,
    ) -> Result<Self, Vec<Problem>> {
        let mut run = Run {
            seed,
            patience: QUICK,
            jobs: JOBS,
            timelines: Timelines::Dropped,
            ..Run::default()
        };
        let subject = mutant.subject();
        let mut failing = failing(&runner::run(suite, &subject, &run, &mut ()).await?);
        let unclear = |id: &RequirementId| match failing.get(id) {
            None => known.contains(id),
            Some(it) => {
                let astray = id.to_string() == mutant.rule && !it.shows(mutant);
                it.outcome != Outcome::Fail || !known.contains(id) || astray
            }
        };
        let unclear: BTreeSet<RequirementId> = suite
            .requirements()
            .map(|rule| rule.id.clone())
            .filter(unclear)
            .collect();
        if !unclear.is_empty() {
            failing.retain(|id, _| !unclear.contains(id));
            run.patience = 1.0;
            run.selection = Selection {
                rules: unclear,
                ..Selection::default()
            };
            let again = runner::run(suite, &subject, &run, &mut ()).await?;
            failing.extend(self::failing(&again));
        }
        Ok(Self { mutant, failing })
    }

    /// Whether what was found could as well have been found of another mutant: its rule fails, and
    /// for its reason.
    fn passes_for(&self, other: &Mutant) -> bool {
        let mut failing = self.failing.iter();
        failing.any(|(id, failing)| id.to_string() == other.rule && failing.shows(other))
    }

    /// The rules that catch the mutant.
    #[must_use]
    pub fn killed_by(&self) -> Vec<RequirementId> {
        let failed = |it: &Failing| it.outcome == Outcome::Fail;
        let killers = self.failing.iter().filter(|(_, it)| failed(it));
        killers.map(|(id, _)| id.clone()).collect()
    }
}

impl Failing {
    /// What a rule says that did not pass.
    #[must_use]
    pub fn of(rule: &RuleResult) -> Self {
        let bad = rule.scenarios.iter();
        let bad = bad.filter(|case| case.outcome == rule.outcome);
        let said = bad.map(CaseResult::finding);
        Self {
            outcome: rule.outcome,
            said: said.chain(rule.reason.clone()).collect(),
        }
    }

    /// Whether it shows the reason for which the mutant is to be caught.
    #[must_use]
    pub fn shows(&self, mutant: &Mutant) -> bool {
        self.outcome == Outcome::Fail && self.said.iter().any(|said| mutant.is_shown_by(said))
    }
}

/// Mutants that the suite cannot tell apart: each shows the reason of the other, in its rule.
#[must_use]
pub fn alike(trials: &[Trial]) -> Vec<(&'static Mutant, &'static Mutant)> {
    let mut alike = Vec::new();
    for (index, one) in trials.iter().enumerate() {
        for other in &trials[index + 1..] {
            if one.passes_for(other.mutant) && other.passes_for(one.mutant) {
                alike.push((one.mutant, other.mutant));
            }
        }
    }
    alike
}

fn failing(report: &Report) -> BTreeMap<RequirementId, Failing> {
    let unwell = |rule: &&RuleResult| rule.outcome.needs_attention();
    let unwell = report.rules.iter().filter(unwell);
    unwell
        .map(|rule| (rule.id.clone(), Failing::of(rule)))
        .collect()
}
