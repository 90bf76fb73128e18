//! Which function each step of a suite calls. Found once and before anything runs: two hundred
//! regular expressions on every step cost more than the scenarios.

use std::any::Any;
use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;

use cucumber::step::{AmbiguousMatchError, Context, Location, Step};
use futures_util::FutureExt;
use gherkin::StepType;

use super::bench::Bench;
use super::world::World;
use crate::suite::{Problem, Suite};

/// The functions of the steps of one suite.
#[derive(Debug)]
pub(super) struct Binding {
    bound: HashMap<(StepType, String), Bound>,
}

#[derive(Debug)]
struct Bound {
    function: Function,
    matches: Vec<(Option<String>, String)>,
    place: Option<Location>,
}

/// Given and When drive the world, Then judges on the bench.
#[derive(Clone, Copy, Debug)]
enum Function {
    Drives(Step<World>),
    Judges(Step<Bench>),
}

impl Binding {
    /// The binding of a suite, and the steps that match no function, or several.
    pub(super) fn of(suite: &Suite) -> (Self, Vec<Problem>) {
        let (driving, judging) = (World::steps(), Bench::steps());
        let mut bound = HashMap::new();
        let mut problems = BTreeSet::new();
        for requirement in suite.requirements() {
            for step in requirement.cases.iter().flat_map(|case| &case.steps) {
                let key = (step.ty, step.value.clone());
                if bound.contains_key(&key) {
                    continue;
                }
                let found = if step.ty == StepType::Then {
                    let found = judging.find(step);
                    found.map(|found| found.map(|(f, _, at, c)| (Function::Judges(*f), at, c)))
                } else {
                    let found = driving.find(step);
                    found.map(|found| found.map(|(f, _, at, c)| (Function::Drives(*f), at, c)))
                };
                let problem = match found {
                    Ok(Some((function, place, context))) => {
                        let bind = Bound {
                            function,
                            matches: context.matches,
                            place,
                        };
                        bound.insert(key, bind);
                        continue;
                    }
                    Ok(None) => unmatched(step),
                    Err(ambiguous) => ambiguity(step, &ambiguous),
                };
                let (message, advice) = problem;
                let line = step.position.line;
                problems.insert(Problem::new(&requirement.file, line, message, advice));
            }
        }
        (Self { bound }, problems.into_iter().collect())
    }

    /// Runs a step that drives. Errors are faults of the kit.
    pub(super) async fn drive(
        &self,
        world: &mut World,
        step: &gherkin::Step,
    ) -> Result<(), String> {
        match self.bound(step) {
            Some((Function::Drives(function), context)) => {
                caught(async { function(world, context).await }).await
            }
            _ => Err(format!("no function drives the step `{}`", step.value)),
        }
    }

    /// Runs a step that judges. Errors are faults of the kit.
    pub(super) async fn judge(
        &self,
        bench: &mut Bench,
        step: &gherkin::Step,
    ) -> Result<(), String> {
        match self.bound(step) {
            Some((Function::Judges(function), context)) => {
                caught(async { function(bench, context).await }).await
            }
            _ => Err(format!("no function judges the step `{}`", step.value)),
        }
    }

    fn bound(&self, step: &gherkin::Step) -> Option<(Function, Context)> {
        let bound = self.bound.get(&(step.ty, step.value.clone()))?;
        let context = Context {
            step: step.clone(),
            matches: bound.matches.clone(),
        };
        Some((bound.function, context))
    }

    /// Source file and line of each function that a step calls.
    pub(super) fn places(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let places = self.bound.values().filter_map(|bound| bound.place);
        places.map(|place| (place.path, place.line as usize))
    }
}

/// Awaits a step; a panic in it is told, not passed on.
async fn caught(step: impl Future<Output = ()>) -> Result<(), String> {
    let ended = AssertUnwindSafe(step).catch_unwind().await;
    ended.map_err(|panic| format!("a step panicked: {}", panic_text(panic.as_ref())))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a text")
}

fn words(step: &gherkin::Step) -> String {
    format!("{} {}", step.keyword.trim(), step.value)
}

fn unmatched(step: &gherkin::Step) -> (String, String) {
    (
        format!("no step matches `{}`", words(step)),
        format!(
            "use a phrase of the phrase book (features/README.md), or add a function to \
             src/runner/steps with #[{}]",
            format!("{:?}", step.ty).to_lowercase()
        ),
    )
}

fn ambiguity(step: &gherkin::Step, ambiguous: &AmbiguousMatchError) -> (String, String) {
    let matches = ambiguous.possible_matches.iter();
    let places: Vec<String> = matches
        .filter_map(|(_, location)| location.map(|place| place.to_string()))
        .collect();
    (
        format!("several steps match `{}`", words(step)),
        format!("keep one of {}", places.join(", ")),
    )
}
