//! Which function each step of a suite calls. Found before anything runs, and once in the life of
//! the program: two hundred regular expressions on every step cost more than the scenarios.

use std::any::Any;
use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cucumber::step::{AmbiguousMatchError, Collection, Context, Location, Step};
use futures_util::FutureExt;
use gherkin::StepType;

use super::bench::Bench;
use super::world::World;
use crate::suite::{Problem, Suite};

/// The functions of the steps of one suite.
#[derive(Debug)]
pub(super) struct Binding {
    bound: HashMap<Words, Arc<Bound>>,
}

/// What a step says.
type Words = (StepType, String);

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

/// Every function that a step can call, and those that were found for the words of a step.
struct Functions {
    driving: Collection<World>,
    judging: Collection<Bench>,
    found: Mutex<HashMap<Words, Arc<Bound>>>,
}

static FUNCTIONS: LazyLock<Functions> = LazyLock::new(|| Functions {
    driving: World::steps(),
    judging: Bench::steps(),
    found: Mutex::default(),
});

impl Functions {
    /// The function of a step; nothing if no function matches.
    fn find(
        &self,
        words: &Words,
        step: &gherkin::Step,
    ) -> Result<Option<Arc<Bound>>, AmbiguousMatchError> {
        let found = || self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bound) = found().get(words) {
            return Ok(Some(Arc::clone(bound)));
        }
        let function = if step.ty == StepType::Then {
            let found = self.judging.find(step)?;
            found.map(|(f, _, at, context)| (Function::Judges(*f), at, context))
        } else {
            let found = self.driving.find(step)?;
            found.map(|(f, _, at, context)| (Function::Drives(*f), at, context))
        };
        let Some((function, place, context)) = function else {
            return Ok(None);
        };
        let bound = Arc::new(Bound {
            function,
            matches: context.matches,
            place,
        });
        found().insert(words.clone(), Arc::clone(&bound));
        Ok(Some(bound))
    }
}

impl Binding {
    /// The binding of a suite, and the steps that match no function, or several.
    pub(super) fn of(suite: &Suite) -> (Self, Vec<Problem>) {
        let mut bound = HashMap::new();
        let mut problems = BTreeSet::new();
        for requirement in suite.requirements() {
            for step in requirement.cases.iter().flat_map(|case| &case.steps) {
                let words = (step.ty, step.value.clone());
                if bound.contains_key(&words) {
                    continue;
                }
                let problem = match FUNCTIONS.find(&words, step) {
                    Ok(Some(function)) => {
                        bound.insert(words, function);
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
