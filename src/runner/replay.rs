//! A recorded scenario played once more: the same stimuli, held against what was recorded.

use std::sync::Arc;

use super::binding::Binding;
use super::engine::{Engine, seed_of};
use super::preflight;
use super::verify::speaks_of;
use super::{Run, Timelines, containment};
use crate::adapter::Subject;
use crate::report::{CaseResult, Comparison, Divergence, StepResult};
use crate::session::{Cast, Patience, Series, Tags};
use crate::suite::{Case, Requirement, Suite};

/// What came of playing a scenario again.
#[derive(Clone, Debug)]
pub enum Replay {
    /// The adapter did what was recorded.
    Same {
        /// How many facts were compared.
        facts: usize,
    },
    /// The adapter did something else, and did it again when asked again.
    Diverged {
        /// Where it first did.
        divergence: Box<Divergence>,
        /// The scenario as it went this time.
        now: Box<CaseResult>,
    },
    /// That could not be decided, for this reason.
    Undecided(String),
}

/// Whether a scenario was recorded in a run with this seed, as far as its people tell.
#[must_use]
pub fn is_of_seed(recorded: &CaseResult, seed: u32) -> bool {
    let people = Cast::draw(seed_of(seed, &recorded.id, false), &Tags::of(seed));
    speaks_of(&recorded.timeline, &people)
}

/// Plays a recorded scenario again, with the seed, patience and containment of `run`.
///
/// The stimuli are drawn from the seed as they were then. A divergence counts if a second try ends
/// in the same one; an adapter that does now this and now that is not held against its recording.
pub async fn replay(suite: &Suite, subject: &Subject, run: &Run, recorded: &CaseResult) -> Replay {
    let (requirement, case) = match find(suite, recorded) {
        Ok(found) => found,
        Err(why) => return Replay::Undecided(why),
    };
    let (binding, problems) = Binding::of(suite);
    if let Some(problem) = problems.first() {
        return Replay::Undecided(problem.to_string());
    }
    let subject = &run.containment.applied_to(subject);
    let patience = Patience::new(run.patience);
    let preflight = preflight::fly(subject, &patience, run.seed).await;
    if let Some(why) = preflight.never_started {
        return Replay::Undecided(format!("the adapter never started: {why}"));
    }
    let needs = requirement.needs.iter().chain(&case.needs);
    let mut missing = needs.filter(|feature| !preflight.known.claims(feature.as_str()));
    if let Some(feature) = missing.next() {
        return Replay::Undecided(format!(
            "the scenario is for adapters with `{feature}`, and this one does not claim it"
        ));
    }
    let engine = Engine {
        subject: subject.clone(),
        known: preflight.known,
        patience,
        seed: run.seed,
        binding,
        timelines: Timelines::Kept,
        series: Arc::new(Series::of(run.seed).within(run.limits)),
        uncontained: containment::uncontained(&run.containment.told_of(subject)),
    };
    let (first, now) = match once(&engine, requirement, case, recorded).await {
        (Comparison::Same { facts }, _) => return Replay::Same { facts },
        (Comparison::Undecided(why), _) => return Replay::Undecided(why),
        (Comparison::Diverged(divergence), now) => (divergence, now),
    };
    let (second, then) = once(&engine, requirement, case, recorded).await;
    let steady = match &second {
        Comparison::Diverged(second) => first.is_that_of(second) || differ(recorded, &now, &then),
        Comparison::Same { .. } | Comparison::Undecided(_) => false,
    };
    if steady {
        Replay::Diverged {
            divergence: first,
            now: Box::new(now),
        }
    } else {
        Replay::Undecided(
            "the adapter does not do the same twice: played again, and once more, it differed from the \
             recording in different ways, or only once"
                .to_owned(),
        )
    }
}

/// Whether both tries came out alike and unlike the recording.
fn differ(recorded: &CaseResult, now: &CaseResult, then: &CaseResult) -> bool {
    now.outcome == then.outcome && now.outcome != recorded.outcome
}

async fn once(
    engine: &Engine,
    requirement: &Requirement,
    case: &Case,
    recorded: &CaseResult,
) -> (Comparison, CaseResult) {
    let now = engine.run(requirement, case).await;
    (Comparison::of(recorded, &now), now)
}

/// The scenario of this suite that was recorded, if it still has the same steps.
fn find<'s>(
    suite: &'s Suite,
    recorded: &CaseResult,
) -> Result<(&'s Requirement, &'s Case), String> {
    let requirement = suite.requirement(recorded.id.rule());
    let found = requirement.and_then(|requirement| {
        let mut cases = requirement.cases.iter();
        Some((requirement, cases.find(|case| case.id == recorded.id)?))
    });
    let (requirement, case) = found.ok_or_else(|| {
        format!(
            "this kit has no scenario {}: play it again with the kit that recorded it",
            recorded.id
        )
    })?;
    let own = super::attempt::Attempt::at(case).verdict().steps;
    let text = |step: Option<&StepResult>| step.map(|step| step.text.clone());
    for at in 0..own.len().max(recorded.steps.len()) {
        let (before, now) = (text(recorded.steps.get(at)), text(own.get(at)));
        if before != now {
            let told = |text: Option<String>| {
                text.map_or("nothing".to_owned(), |text| format!("`{text}`"))
            };
            return Err(format!(
                "the scenario has changed since: its step {} was {}, and is {} in this kit",
                at + 1,
                told(before),
                told(now)
            ));
        }
    }
    Ok((requirement, case))
}
