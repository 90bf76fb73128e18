//! Which function each step of a suite calls. Found once and before anything runs: two hundred
//! regular expressions on every step cost more than the scenarios.

use std::collections::{BTreeSet, HashMap};

use cucumber::step::{AmbiguousMatchError, Context, Location, Step};
use futures_util::future::LocalBoxFuture;
use gherkin::StepType;

use super::world::World;
use crate::suite::{Problem, Suite};

/// The functions of the steps of one suite.
#[derive(Debug)]
pub(super) struct Binding {
    bound: HashMap<(StepType, String), Bound>,
}

#[derive(Debug)]
struct Bound {
    function: Step<World>,
    matches: Vec<(Option<String>, String)>,
    place: Option<Location>,
}

impl Binding {
    /// The binding of a suite, and the steps that match no function, or several.
    pub(super) fn of(suite: &Suite) -> (Self, Vec<Problem>) {
        let functions = World::steps();
        let mut bound = HashMap::new();
        let mut problems = BTreeSet::new();
        for requirement in suite.requirements() {
            for step in requirement.cases.iter().flat_map(|case| &case.steps) {
                let key = (step.ty, step.value.clone());
                if bound.contains_key(&key) {
                    continue;
                }
                let problem = match functions.find(step) {
                    Ok(Some((function, _, place, context))) => {
                        let bind = Bound {
                            function: *function,
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

    /// Begins a step. Nothing if it is of another suite, or matched no function.
    pub(super) fn play<'w>(
        &self,
        world: &'w mut World,
        step: &gherkin::Step,
    ) -> Option<LocalBoxFuture<'w, ()>> {
        let bound = self.bound.get(&(step.ty, step.value.clone()))?;
        let context = Context {
            step: step.clone(),
            matches: bound.matches.clone(),
        };
        Some((bound.function)(world, context))
    }

    /// Source file and line of each function that a step calls.
    pub(super) fn places(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let places = self.bound.values().filter_map(|bound| bound.place);
        places.map(|place| (place.path, place.line as usize))
    }
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
