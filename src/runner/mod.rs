//! Scenarios into outcomes: cucumber as the step library, and our own loop.
//!
//! cucumber gives expressions, matching and typed arguments. Its own runner is not used: it has no
//! deadline, takes an unmatched step for a green one, and loses structured failures.

mod attempt;
mod bench;
mod binding;
mod check;
mod containment;
mod engine;
mod phrases;
mod plan;
mod preflight;
mod replay;
mod steps;
mod verify;
mod world;

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::{self, StreamExt};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use check::{CheckError, check};
pub use containment::Containment;
pub use phrases::{Phrase, check_steps, phrases, unused_phrases};
pub use plan::{Levels, Selection};
pub use preflight::Preflight;
pub use replay::{Replay, is_of_seed, replay};
pub use verify::{Discrepancy, verify};

use crate::adapter::Subject;
use crate::contract::driver::PROTOCOL_VERSION;
use crate::report::{CaseResult, Claim, Counts, Identity, Options, Outcome, Report, RuleResult};
use crate::session::{Limits, Patience, Series};
use crate::suite::{Problem, Suite};

/// A request to run the suite.
#[derive(Clone, Debug)]
pub struct Run {
    /// What to run.
    pub selection: Selection,
    /// The seed of every random choice.
    pub seed: u32,
    /// Factor on every wait, above zero.
    pub patience: f64,
    /// How many scenarios run at the same time, at least 1.
    pub jobs: u32,
    /// How often each scenario runs, at least 1.
    pub repeat: u32,
    /// Whether a failing SHOULD counts.
    pub strict: bool,
    /// What becomes of the timelines.
    pub timelines: Timelines,
    /// How a child adapter is contained.
    pub containment: Containment,
    /// How much memory and work a search for leaks may take.
    pub limits: Limits,
    /// What is run, as the user would type it.
    pub subject: Vec<String>,
    /// Ends the run early when it is cancelled; the report then says that it is partial.
    pub interrupt: CancellationToken,
}

/// What becomes of the timeline of each scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timelines {
    /// It is kept with a seal, as a report needs that somebody may read later.
    #[default]
    Sealed,
    /// It is kept.
    Kept,
    /// It goes with its scenario: only what was decided is of interest. Thousands of them are more
    /// than the caches of a processor hold.
    Dropped,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            seed: 0,
            patience: 1.0,
            jobs: 1,
            repeat: 1,
            strict: false,
            timelines: Timelines::default(),
            containment: Containment::default(),
            limits: Limits::default(),
            subject: Vec::new(),
            interrupt: CancellationToken::new(),
        }
    }
}

/// Told of each scenario as it ends, in the order of the catalogue.
pub trait Progress {
    /// The run begins; so many scenarios will run.
    fn begins(&mut self, cases: usize) {
        let _ = cases;
    }

    /// A scenario ended.
    fn ended(&mut self, case: &CaseResult) {
        let _ = case;
    }
}

/// Nobody is told anything.
impl Progress for () {}

/// Runs the suite against an adapter.
///
/// Must be awaited on a current-thread runtime or inside one task: the futures of steps are local.
///
/// # Errors
/// The suite itself is broken: problems with file and line. Nothing was run.
pub async fn run(
    suite: &Suite,
    subject: &Subject,
    run: &Run,
    progress: &mut dyn Progress,
) -> Result<Report, Vec<Problem>> {
    let (binding, problems) = binding::Binding::of(suite);
    if !problems.is_empty() {
        return Err(problems);
    }
    let began = Instant::now();
    let subject = &run.containment.applied_to(subject);
    let containment = run.containment.told_of(subject);
    let patience = Patience::new(run.patience);
    let preflight = tokio::select! {
        preflight = preflight::fly(subject, &patience, run.seed) => preflight,
        () = run.interrupt.cancelled() => Preflight::interrupted(),
    };
    let plan = plan::plan(suite, &run.selection, &preflight);
    let cases: Vec<_> = plan.cases().collect();
    progress.begins(cases.len() * run.repeat as usize);

    let engine = Rc::new(engine::Engine {
        subject: subject.clone(),
        known: preflight.known.clone(),
        patience,
        seed: run.seed,
        timelines: run.timelines,
        series: Arc::new(Series::of(run.seed).within(run.limits)),
        binding,
        uncontained: containment::uncontained(&containment),
    });
    let mut results: Vec<CaseResult> = Vec::with_capacity(cases.len());
    // They end in the order of the catalogue, and one that takes long does not hold up the others.
    let seats = Semaphore::new(run.jobs.max(1) as usize);
    'run: for _ in 0..run.repeat.max(1) {
        let mut ending = stream::iter(&cases)
            .map(|(requirement, case)| {
                let (engine, seats) = (Rc::clone(&engine), &seats);
                async move {
                    // The seats are never closed.
                    let _seat = seats.acquire().await;
                    engine.run(requirement, case).await
                }
            })
            .buffered(cases.len().max(1));
        loop {
            // Dropping what is under way ends its adapters and removes its folders.
            let ended = tokio::select! {
                ended = ending.next() => ended,
                () = run.interrupt.cancelled() => break 'run,
            };
            let Some(result) = ended else { break };
            progress.ended(&result);
            results.push(result);
        }
    }
    let rules = plan.fold(suite, &preflight, results);
    let mut report = report(suite, run, &preflight, rules, began);
    report.containment = Some(containment);
    if run.interrupt.is_cancelled() {
        report.interrupt();
    }
    Ok(report)
}

fn report(
    suite: &Suite,
    run: &Run,
    preflight: &Preflight,
    rules: Vec<RuleResult>,
    began: Instant,
) -> Report {
    let claim = Claim::of(&rules, run.selection.is_partial());
    let unclaimed = unclaimed(suite, &rules);
    Report {
        identity: Identity {
            spec: "v0".to_owned(),
            suite: suite.digest.clone(),
            protocol_version: u32::try_from(PROTOCOL_VERSION.get()).unwrap_or_default(),
            kit: env!("CARGO_PKG_VERSION").to_owned(),
        },
        claim,
        summary: claim.summary(&rules, &unclaimed),
        counts: Counts::of(&rules),
        seed: run.seed,
        options: Options {
            subject: run.subject.clone(),
            rules: run
                .selection
                .rules
                .iter()
                .map(ToString::to_string)
                .collect(),
            level: run.selection.levels.as_str().to_owned(),
            strict: run.strict,
            patience: run.patience,
            jobs: run.jobs,
            repeat: run.repeat,
            containment: run.containment.as_str().to_owned(),
            shard: run.selection.shard,
        },
        containment: None,
        adapter: preflight.adapter.clone(),
        never_started: preflight.never_started.clone(),
        unclaimed,
        interrupted: false,
        baseline: Vec::new(),
        rules,
        started_at: None,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

/// Features that a rule needs and the adapter does not claim, sorted.
fn unclaimed(suite: &Suite, rules: &[RuleResult]) -> Vec<String> {
    let needed: BTreeSet<&str> = rules
        .iter()
        .filter(|rule| rule.outcome == Outcome::NotApplicable)
        .filter_map(|rule| suite.requirement(&rule.id))
        .flat_map(|requirement| &requirement.needs)
        .map(|feature| feature.as_str())
        .collect();
    needed.into_iter().map(str::to_owned).collect()
}
