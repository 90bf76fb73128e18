//! What becomes of a scenario, step by step: the same when it runs and when it is judged again.

use super::bench::Ruling;
use crate::evidence::{Citations, Mismatch, Timeline};
use crate::report::{Outcome, StepResult};
use crate::session::{Stop, expect};
use crate::suite::Case;

/// What has become of a scenario so far; it survives the deadline.
#[derive(Debug)]
pub(super) struct Attempt {
    steps: Vec<StepResult>,
    /// How many steps have begun.
    begun: usize,
    /// What stopped it, if anything has.
    pub(super) stop: Option<Stop>,
    evidence: Citations,
    /// Length of the timeline when it was judged as a whole.
    pub(super) judged_at: Option<usize>,
}

/// What came out of a scenario.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    pub(super) message: String,
    pub(super) mismatch: Option<Mismatch>,
    pub(super) evidence: Citations,
    pub(super) steps: Vec<StepResult>,
}

impl Verdict {
    /// The same, unless a pass proves something only of a contained adapter and this one was not,
    /// for the reason given.
    pub(super) fn unless(mut self, contained: bool, uncontained: Option<&str>) -> Self {
        if let Some(why) = uncontained.filter(|_| contained && self.outcome == Outcome::Pass) {
            self.outcome = Outcome::Untested;
            why.clone_into(&mut self.message);
        }
        self
    }
}

impl Attempt {
    /// Before the first step of a case.
    pub(super) fn at(case: &Case) -> Self {
        let step = |step: &gherkin::Step| StepResult {
            text: format!("{} {}", step.keyword.trim(), step.value),
            line: u32::try_from(step.position.line).unwrap_or(u32::MAX),
            outcome: Outcome::Untested,
            judged_at: None,
        };
        Self {
            steps: case.steps.iter().map(step).collect(),
            begun: 0,
            stop: None,
            evidence: Citations::new(),
            judged_at: None,
        }
    }

    /// The next step begins: its sentence and line.
    pub(super) fn begin_step(&mut self) -> (String, u32) {
        let step = self.steps.get(self.begun);
        self.begun += 1;
        step.map_or_else(Default::default, |step| (step.text.clone(), step.line))
    }

    /// What the step that judges has left; what stopped the scenario is handed on. A step that has
    /// nothing to show for itself has not held.
    pub(super) fn rule(&mut self, ruling: Ruling) -> Option<Stop> {
        if let Some(step) = self.step() {
            step.judged_at = ruling.judged_at;
        }
        let idle = ruling.citations.is_empty();
        let idle = idle.then(|| {
            Mismatch::undecided(
                "the step to observe something",
                "it did not: its phrase cites no fact, and has to (features/README.md)",
            )
        });
        self.evidence.extend(ruling.citations);
        ruling.stopped.or(idle.map(Stop::from))
    }

    /// The step has ended, perhaps with what stops the scenario.
    pub(super) fn end_step(&mut self, stop: Option<Stop>) {
        let outcome = stop.as_ref().map_or(Outcome::Pass, outcome);
        if let Some(step) = self.step()
            && step.outcome == Outcome::Untested
        {
            step.outcome = outcome;
        }
        self.stop = stop;
    }

    fn step(&mut self) -> Option<&mut StepResult> {
        self.steps.get_mut(self.begun.checked_sub(1)?)
    }

    /// The scenario is judged as a whole: proof of life, and whether the adapter held out.
    pub(super) fn close(&mut self, timeline: &Timeline) {
        self.judged_at = Some(timeline.len());
        if self.stop.is_none() {
            match expect::life(timeline) {
                Ok(citations) => self.evidence.extend(citations),
                Err(mismatch) => self.stop = Some(mismatch.into()),
            }
        }
        // A process that died or broke the protocol explains a failed step better than the step.
        if let Some(mismatch) = expect::breakdown(timeline)
            && !matches!(self.stop, Some(Stop::Kit(_)))
        {
            self.stop = Some(mismatch.into());
        }
    }

    /// What came out of it.
    pub(super) fn verdict(&self) -> Verdict {
        let mut evidence = self.evidence.clone();
        evidence.sort_unstable();
        evidence.dedup();
        let (message, mismatch) = match &self.stop {
            None if evidence.is_empty() => ("the scenario observed nothing".to_owned(), None),
            None => (
                "every observation is as the rule says, and life was proven".to_owned(),
                None,
            ),
            Some(Stop::Kit(cause)) => (format!("a fault of the kit: {cause}"), None),
            Some(Stop::Mismatch(mismatch)) => (mismatch.to_string(), Some(mismatch.clone())),
        };
        let outcome = match &self.stop {
            None if evidence.is_empty() => Outcome::Inconclusive,
            None => Outcome::Pass,
            Some(stop) => outcome(stop),
        };
        Verdict {
            outcome,
            message,
            mismatch,
            evidence,
            steps: self.steps.clone(),
        }
    }
}

fn outcome(stop: &Stop) -> Outcome {
    match stop {
        Stop::Kit(_) => Outcome::Error,
        Stop::Mismatch(mismatch) if mismatch.undecided => Outcome::Inconclusive,
        Stop::Mismatch(_) => Outcome::Fail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::Suite;

    #[test]
    fn a_step_that_observed_nothing_has_not_held() {
        let suite = Suite::embedded().unwrap();
        let cases = suite.requirements().flat_map(|rule| &rule.cases);
        let mut attempt = Attempt::at(cases.into_iter().next().unwrap());
        let ruling = |citations| Ruling {
            stopped: None,
            citations,
            judged_at: Some(3),
        };
        assert_eq!(attempt.rule(ruling(vec![2])), None);
        let stop = attempt.rule(ruling(Vec::new())).unwrap();
        assert_eq!(outcome(&stop), Outcome::Inconclusive);
    }
}
