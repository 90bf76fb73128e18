//! What was asked for and what the adapter claims, into what runs and what does not apply.

use std::collections::{BTreeMap, BTreeSet};

use super::preflight::Preflight;
use crate::report::{CaseResult, NOT_SELECTED, Outcome, RuleResult, Shard};
use crate::suite::{Case, Mode, Requirement, RequirementId, Suite};

/// Which levels run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Levels {
    /// MUST and MUST NOT.
    Must,
    /// SHOULD and SHOULD NOT.
    Should,
    /// All.
    #[default]
    All,
}

impl Levels {
    /// The word on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::All => "all",
        }
    }
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Rules; empty means all.
    pub rules: BTreeSet<RequirementId>,
    /// Levels.
    pub levels: Levels,
    /// Which part of a divided run; all of it if there is none.
    pub shard: Option<Shard>,
}

impl Selection {
    /// Whether it leaves anything out.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.rules.is_empty() || self.levels != Levels::All || self.shard.is_some()
    }

    /// Whether it takes a rule, the `index`th of the catalogue.
    fn takes(&self, index: usize, requirement: &Requirement) -> bool {
        // Neighbours cost alike, so every part gets one of them.
        let ours = self
            .shard
            .is_none_or(|shard| index % shard.of.max(1) as usize + 1 == shard.number as usize);
        let level = match self.levels {
            Levels::Must => requirement.level.binds(),
            Levels::Should => !requirement.level.binds(),
            Levels::All => true,
        };
        ours && level && (self.rules.is_empty() || self.rules.contains(&requirement.id))
    }
}

/// What will run, and the reason for everything that will not.
#[derive(Debug)]
pub(super) struct Plan<'s> {
    running: Vec<(&'s Requirement, &'s Case)>,
    /// Rules of which nothing runs.
    idle: BTreeMap<RequirementId, (Outcome, String)>,
}

/// Plans a run.
pub(super) fn plan<'s>(suite: &'s Suite, selection: &Selection, preflight: &Preflight) -> Plan<'s> {
    let mut plan = Plan {
        running: Vec::new(),
        idle: BTreeMap::new(),
    };
    for (index, requirement) in suite.requirements().enumerate() {
        let taken = selection.takes(index, requirement);
        if let Some(idle) = verdict_without_running(requirement, taken, preflight) {
            plan.idle.insert(requirement.id.clone(), idle);
            continue;
        }
        let cases = requirement.cases.iter().filter(|case| {
            let mut needs = case.needs.iter();
            needs.all(|feature| preflight.known.claims(feature.as_str()))
        });
        let before = plan.running.len();
        plan.running.extend(cases.map(|case| (requirement, case)));
        if plan.running.len() == before {
            let needs = requirement.cases.iter().flat_map(|case| &case.needs);
            let reason = not_claimed(needs.map(|feature| feature.as_str()));
            plan.idle
                .insert(requirement.id.clone(), (Outcome::NotApplicable, reason));
        }
    }
    plan
}

fn verdict_without_running(
    requirement: &Requirement,
    taken: bool,
    preflight: &Preflight,
) -> Option<(Outcome, String)> {
    if !taken {
        return Some((Outcome::Untested, NOT_SELECTED.to_owned()));
    }
    if requirement.mode == Mode::Review {
        return Some((Outcome::Untested, "only a person can judge it".to_owned()));
    }
    if let Some(why) = &preflight.never_started {
        return Some((
            Outcome::Inconclusive,
            format!("the adapter never started: {why}"),
        ));
    }
    let missing: Vec<&str> = requirement
        .needs
        .iter()
        .map(|feature| feature.as_str())
        .filter(|feature| !preflight.known.claims(feature))
        .collect();
    (!missing.is_empty()).then(|| (Outcome::NotApplicable, not_claimed(missing.into_iter())))
}

fn not_claimed<'a>(features: impl Iterator<Item = &'a str>) -> String {
    let features: BTreeSet<&str> = features.collect();
    format!(
        "{} not claimed",
        features.into_iter().collect::<Vec<_>>().join(", ")
    )
}

impl<'s> Plan<'s> {
    /// What runs, in the order of the catalogue.
    pub(super) fn cases(&self) -> impl Iterator<Item = (&'s Requirement, &'s Case)> {
        self.running.iter().copied()
    }

    /// The results of all rules of the catalogue, in its order.
    pub(super) fn fold(
        &self,
        suite: &Suite,
        preflight: &Preflight,
        results: Vec<CaseResult>,
    ) -> Vec<RuleResult> {
        let mut by_rule: BTreeMap<RequirementId, Vec<CaseResult>> = BTreeMap::new();
        for result in results {
            by_rule
                .entry(result.id.rule().clone())
                .or_default()
                .push(result);
        }
        debug_assert!(preflight.never_started.is_none() || by_rule.is_empty());
        let families = suite.families.iter().flat_map(|family| {
            family
                .requirements
                .iter()
                .map(move |requirement| (family, requirement))
        });
        families
            .map(|(family, requirement)| {
                let scenarios = by_rule.remove(&requirement.id).unwrap_or_default();
                let idle = self.idle.get(&requirement.id).cloned();
                let (outcome, reason) = if let Some((outcome, reason)) = idle {
                    (outcome, Some(reason))
                } else {
                    let outcome = Outcome::fold(scenarios.iter().map(|case| case.outcome));
                    let untested = outcome == Outcome::Untested;
                    let case = scenarios.first().filter(|_| untested);
                    (outcome, case.map(|case| case.message.clone()))
                };
                RuleResult {
                    id: requirement.id.clone(),
                    family: family.title.clone(),
                    level: requirement.level,
                    sentence: requirement.sentence.clone(),
                    source: requirement.source.clone(),
                    outcome,
                    reason,
                    why: requirement.why.clone(),
                    baseline: None,
                    resembles: None,
                    scenarios,
                }
            })
            .collect()
    }
}
