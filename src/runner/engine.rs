//! The loop: one scenario from its first step to its outcome.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::binding::Binding;
use super::world::World;
use crate::adapter::Subject;
use crate::evidence::{Fact, Mismatch};
use crate::report::{CaseResult, Outcome, StepResult};
use crate::session::{Driven, Known, Log, Patience, Scene, Session, Stop, expect};
use crate::suite::{Case, CaseId, Requirement};

/// What all scenarios of a run share.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) subject: Subject,
    pub(super) known: Known,
    pub(super) patience: Patience,
    pub(super) seed: u32,
    pub(super) binding: Binding,
}

impl Engine {
    /// Runs one case.
    pub(super) async fn run(&self, requirement: &Requirement, case: &Case) -> CaseResult {
        let began = Instant::now();
        let log = Log::default();
        let mut attempt = Attempt {
            steps: case
                .steps
                .iter()
                .map(|step| StepResult {
                    text: sentence(step),
                    line: u32::try_from(step.position.line).unwrap_or(u32::MAX),
                    outcome: Outcome::Untested,
                    judged_at: None,
                })
                .collect(),
            stop: None,
            evidence: Vec::new(),
        };
        let limit = self.patience.scenario();
        if timeout(limit, self.attempt(requirement, case, &log, &mut attempt))
            .await
            .is_err()
        {
            self.patience.note_silence();
            attempt.stop.get_or_insert_with(|| {
                let expected = format!("the scenario to end within {} s", limit.as_secs());
                Mismatch::new(expected, "it did not", Vec::new()).into()
            });
        }
        let timeline = log.snapshot();
        let (outcome, message, mismatch) = verdict(attempt.stop, &attempt.evidence);
        attempt.evidence.sort_unstable();
        attempt.evidence.dedup();
        CaseResult {
            id: case.id.clone(),
            name: case.name.clone(),
            outcome,
            message,
            baseline: None,
            mismatch,
            evidence: attempt.evidence,
            steps: attempt.steps,
            timeline,
            took_us: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        }
    }

    async fn attempt(
        &self,
        requirement: &Requirement,
        case: &Case,
        log: &Log,
        attempt: &mut Attempt,
    ) {
        let session = match self.set_scene(case, log).await {
            Ok(session) => session,
            Err(stop) => {
                attempt.stop = Some(stop);
                return;
            }
        };
        let mut world = World::new_for(session);
        for (step, result) in case.steps.iter().zip(&mut attempt.steps) {
            log.record(Fact::Step {
                text: result.text.clone(),
            });
            match play(&self.binding, &mut world, step).await {
                Ok(()) => {}
                Err(fault) => {
                    let place = format!("{}:{}", requirement.file, result.line);
                    attempt.stop = Some(Stop::Kit(format!("{fault}, at {place}")));
                }
            }
            let (stop, judged_at) = world.take();
            result.judged_at = judged_at;
            attempt.stop = attempt.stop.take().or(stop);
            result.outcome = match &attempt.stop {
                None => Outcome::Pass,
                Some(stop) => outcome(stop),
            };
            if attempt.stop.is_some() {
                break;
            }
        }
        if attempt.stop.is_none() {
            world.prove_life().await;
            attempt.stop = world.take().0;
        }
        // A process that died or broke the protocol explains a failed step better than the step.
        if let Some(mismatch) = log.read(expect::breakdown)
            && !matches!(attempt.stop, Some(Stop::Kit(_)))
        {
            attempt.stop = Some(mismatch.into());
        }
        attempt.evidence = world.citations();
        world.session.finish().await;
    }

    /// Opens the session, after a control process has proven life where the case asks for it.
    async fn set_scene(&self, case: &Case, log: &Log) -> Driven<Session> {
        let scene = |control: bool| Scene {
            subject: self.subject.clone(),
            known: self.known.clone(),
            patience: self.patience.clone(),
            seed: seed_of(self.seed, &case.id, control),
            control,
        };
        if case.control {
            let mut control = Session::open(scene(true), log.clone()).await?;
            let lived = async {
                control.run().await?;
                control.fence().await
            };
            let lived = lived.await;
            control.finish().await;
            if let Err(Stop::Mismatch(mismatch)) = lived {
                let observed = format!("with a faultless configuration: {}", mismatch.observed);
                return Err(Mismatch::undecided(mismatch.expected, observed).into());
            }
            lived?;
        }
        Session::open(scene(false), log.clone()).await
    }
}

/// What has become of a scenario so far; it survives the deadline.
struct Attempt {
    steps: Vec<StepResult>,
    stop: Option<Stop>,
    evidence: Vec<usize>,
}

/// Runs the function of one step. Errors are faults of the kit.
async fn play(binding: &Binding, world: &mut World, step: &gherkin::Step) -> Result<(), String> {
    let playing = async {
        let begun = binding.play(world, step);
        let begun = begun.ok_or_else(|| format!("no function for the step `{}`", step.value))?;
        begun.await;
        Ok(())
    };
    AssertUnwindSafe(playing)
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(format!("a step panicked: {}", panic_text(panic.as_ref()))))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a text")
}

fn sentence(step: &gherkin::Step) -> String {
    format!("{} {}", step.keyword.trim(), step.value)
}

fn outcome(stop: &Stop) -> Outcome {
    match stop {
        Stop::Kit(_) => Outcome::Error,
        Stop::Mismatch(mismatch) if mismatch.undecided => Outcome::Inconclusive,
        Stop::Mismatch(_) => Outcome::Fail,
    }
}

fn verdict(stop: Option<Stop>, evidence: &[usize]) -> (Outcome, String, Option<Mismatch>) {
    match stop {
        None if evidence.is_empty() => (
            Outcome::Inconclusive,
            "the scenario observed nothing".to_owned(),
            None,
        ),
        None => (
            Outcome::Pass,
            "every observation is as the rule says, and life was proven".to_owned(),
            None,
        ),
        Some(Stop::Kit(cause)) => (Outcome::Error, format!("a fault of the kit: {cause}"), None),
        Some(Stop::Mismatch(mismatch)) => (
            outcome(&Stop::Mismatch(mismatch.clone())),
            mismatch.to_string(),
            Some(mismatch),
        ),
    }
}

/// A seed of its own for every case: the same in every run with the same seed.
fn seed_of(seed: u32, case: &CaseId, control: bool) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update([u8::from(control)]);
    hash.update(case.to_string());
    let digest: [u8; 32] = hash.finalize().into();
    digest[..8]
        .iter()
        .fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}
