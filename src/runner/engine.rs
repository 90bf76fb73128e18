//! The loop: one scenario from its first step to its outcome.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gherkin::StepType;
use sha2::{Digest, Sha256};

use super::Timelines;
use super::attempt::Attempt;
use super::bench::Bench;
use super::binding::Binding;
use super::world::{self, World};
use crate::adapter::Subject;
use crate::evidence::{Fact, Mismatch, Timeline};
use crate::report::CaseResult;
use crate::session::{Driven, Known, Limit, Log, Patience, Scene, Series, Session, Stop, expect};
use crate::suite::{Case, CaseId, Requirement};

/// What all scenarios of a run share.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) subject: Subject,
    pub(super) known: Known,
    pub(super) patience: Patience,
    pub(super) seed: u32,
    pub(super) timelines: Timelines,
    pub(super) series: Arc<Series>,
    pub(super) binding: Binding,
    /// Why nothing can be concluded from a connection that was not seen, if so.
    pub(super) uncontained: Option<String>,
}

impl Engine {
    /// Runs one case.
    pub(super) async fn run(&self, requirement: &Requirement, case: &Case) -> CaseResult {
        let began = Instant::now();
        let log = Log::default();
        let mut attempt = Attempt::at(case);
        // It may have begun anew in each of its waits, so it does not as a whole.
        let longest = self.patience.scenario();
        let mut limit = Limit::once(longest);
        let attempted = self.attempt(requirement, case, &log, &mut attempt);
        let ended = limit.patiently(attempted).await;
        if ended.is_none() {
            self.patience.note_silence();
            if attempt.stop.is_none() {
                let stop = overrun(longest, limit.was_late()).into();
                log.record(world::fact(&stop));
                attempt.end_step(Some(stop));
            }
        }
        let timeline = log.take();
        let (timeline, seal) = match self.timelines {
            Timelines::Sealed => {
                let seal = timeline.seal();
                (timeline, Some(seal))
            }
            Timelines::Kept => (timeline, None),
            Timelines::Dropped => (Timeline::default(), None),
        };
        let contained = requirement.contained;
        let verdict = attempt
            .verdict()
            .unless(contained, self.uncontained.as_deref());
        CaseResult {
            id: case.id.clone(),
            name: case.name.clone(),
            outcome: verdict.outcome,
            message: verdict.message,
            baseline: None,
            mismatch: verdict.mismatch,
            evidence: verdict.evidence,
            steps: verdict.steps,
            judged_at: attempt.judged_at,
            seal,
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
        let fault =
            |text: String, line: u32| Stop::Kit(format!("{text}, at {}:{line}", requirement.file));
        let session = match self.set_scene(case, log).await {
            Ok(session) => session,
            Err(stop) => {
                log.record(world::fact(&stop));
                attempt.stop = Some(stop);
                return;
            }
        };
        let mut world = World::new_for(session);
        for step in &case.steps {
            let (text, line) = attempt.begin_step();
            log.record(Fact::Step { text });
            let played;
            let mut stop;
            if step.ty == StepType::Then {
                let mut bench = Bench::live(world);
                played = self.binding.judge(&mut bench, step).await;
                let (ruling, risen) = bench.rise();
                stop = attempt.rule(ruling);
                let Some(risen) = risen else { return };
                world = risen;
            } else {
                let traces = world.traces();
                played = self.binding.drive(&mut world, step).await;
                if world.traces() == traces {
                    let idle = Mismatch::undecided(
                        "the step to do something",
                        "it did nothing: it left no fact and no other configuration; a scenario needs no such step",
                    );
                    world.drive::<()>(Err(idle.into()));
                }
                stop = world.take();
            }
            if let Err(text) = played {
                let kit = fault(text, line);
                log.record(world::fact(&kit));
                stop = Some(kit);
            }
            attempt.end_step(stop);
            if attempt.stop.is_some() {
                break;
            }
        }
        // Life may still have to be proven, by one more message through the adapter.
        if attempt.stop.is_none() && log.read(expect::life).is_err() {
            let fenced = world.session.fence().await;
            world.drive(fenced);
            attempt.stop = world.take();
        }
        world.session.look_over().await;
        log.read(|timeline| attempt.close(timeline));
        world.session.finish().await;
    }

    /// Opens the session, after a control process has proven life where the case asks for it.
    async fn set_scene(&self, case: &Case, log: &Log) -> Driven<Session> {
        let scene = |control: bool| Scene {
            subject: self.subject.clone(),
            known: self.known.clone(),
            patience: self.patience.clone(),
            series: Arc::clone(&self.series),
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

/// What is said of a scenario that did not end in time.
fn overrun(longest: Duration, late: bool) -> Mismatch {
    let expected = format!("the scenario to end within {} s", longest.as_secs());
    if late {
        Mismatch::undecided(expected, "it did not, and this machine was held up")
    } else {
        Mismatch::new(expected, "it did not", Vec::new())
    }
}

/// A seed of its own for every case: the same in every run with the same seed.
pub(super) fn seed_of(seed: u32, case: &CaseId, control: bool) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update([u8::from(control)]);
    hash.update(case.to_string());
    let digest: [u8; 32] = hash.finalize().into();
    digest[..8]
        .iter()
        .fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}
