//! A report without what differs between two runs of the same seed, to be compared byte by byte.

use std::collections::BTreeMap;

use super::essence::essence;
use super::model::{CaseResult, Report};
use super::outcome::Outcome;
use crate::evidence::{Fact, Mismatch, Timeline};

impl Report {
    /// The same report without times and without the accidents of scheduling.
    ///
    /// The lanes follow one another, since their order among each other is an accident; left out is
    /// how WeChat was polled, and what is done again for as long as something is awaited; moments,
    /// folders, ports and the ids that an adapter mints at random are replaced. Such a report tells
    /// the same verdicts for the same reasons, but can neither be verified nor replayed.
    #[must_use]
    pub fn without_times(mut self) -> Self {
        self.took_ms = 0;
        self.started_at = None;
        self.options.jobs = 0;
        for case in self.rules.iter_mut().flat_map(|rule| &mut rule.scenarios) {
            settle(case);
        }
        self
    }
}

fn settle(case: &mut CaseResult) {
    case.took_us = 0;
    case.judged_at = None;
    case.seal = None;
    for step in &mut case.steps {
        step.judged_at = None;
    }
    let (kept, names) = essence(&case.timeline);
    let moved: BTreeMap<usize, usize> = kept
        .iter()
        .enumerate()
        .map(|(place, kept)| (kept.index, place))
        .collect();
    let follow = |cited: &mut Vec<usize>| {
        *cited = cited
            .iter()
            .filter_map(|index| moved.get(index).copied())
            .collect();
        cited.sort_unstable();
    };
    let settle_mismatch = |mismatch: &mut Mismatch| {
        follow(&mut mismatch.at);
        names.put_into(&mut mismatch.expected);
        names.put_into(&mut mismatch.observed);
    };
    let mut timeline = Timeline::default();
    for kept in kept {
        let mut fact = kept.fact;
        if let Fact::Stopped { mismatch } = &mut fact {
            settle_mismatch(mismatch);
        }
        timeline.push(0, fact);
    }
    follow(&mut case.evidence);
    case.mismatch.iter_mut().for_each(settle_mismatch);
    names.put_into(&mut case.message);
    if case.outcome == Outcome::Pass {
        // How many observations it rests on follows from how often things were done again.
        case.evidence.clear();
        "passed".clone_into(&mut case.message);
    }
    case.timeline = timeline;
}
