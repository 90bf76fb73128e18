//! The phrase book: every sentence a scenario can use, and whether the scenarios fit it.

use std::collections::BTreeSet;

use cucumber::codegen::{StepConstructor, WorldInventory, inventory};
use cucumber::step::{Collection, Location};

use super::world::World;
use crate::suite::{Problem, Suite};

/// One sentence that a scenario can use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Phrase {
    /// `Given`, `When` or `Then`.
    pub keyword: &'static str,
    /// The regular expression it was compiled to.
    pub pattern: String,
    /// Source file of its function.
    pub file: String,
    /// Line of its function.
    pub line: usize,
}

/// Every phrase, sorted.
#[must_use]
pub fn phrases() -> Vec<Phrase> {
    fn of<K>(keyword: &'static str) -> impl Iterator<Item = Phrase>
    where
        K: inventory::Collect + StepConstructor<World>,
    {
        inventory::iter::<K>.into_iter().map(move |step| {
            let (location, regex, _) = step.inner();
            Phrase {
                keyword,
                pattern: regex().as_str().to_owned(),
                file: location.path.to_owned(),
                line: location.line as usize,
            }
        })
    }
    let given = of::<<World as WorldInventory>::Given>("Given");
    let when = of::<<World as WorldInventory>::When>("When");
    let then = of::<<World as WorldInventory>::Then>("Then");
    let mut phrases: Vec<Phrase> = given.chain(when).chain(then).collect();
    phrases.sort();
    phrases
}

/// Steps that match no phrase, or several.
#[must_use]
pub fn check_steps(suite: &Suite) -> Vec<Problem> {
    let steps = World::steps();
    let mut problems = BTreeSet::new();
    for requirement in suite.requirements() {
        for step in requirement.cases.iter().flat_map(|case| &case.steps) {
            let place = (requirement.file.as_str(), step.position.line);
            problems.extend(check_step(&steps, place, step));
        }
    }
    problems.into_iter().collect()
}

/// Phrases that no step of the suite uses.
#[must_use]
pub fn unused_phrases(suite: &Suite) -> Vec<Phrase> {
    let steps = World::steps();
    let used: BTreeSet<(String, usize)> = suite
        .requirements()
        .flat_map(|requirement| requirement.cases.iter().flat_map(|case| &case.steps))
        .filter_map(|step| match steps.find(step) {
            Ok(Some((_, _, Some(Location { path, line, .. }), _))) => {
                Some((path.to_owned(), line as usize))
            }
            _ => None,
        })
        .collect();
    phrases()
        .into_iter()
        .filter(|p| !used.contains(&(p.file.clone(), p.line)))
        .collect()
}

fn check_step(
    steps: &Collection<World>,
    (file, line): (&str, usize),
    step: &gherkin::Step,
) -> Option<Problem> {
    let words = format!("{} {}", step.keyword.trim(), step.value);
    match steps.find(step) {
        Ok(Some(_)) => None,
        Ok(None) => Some(Problem::new(
            file,
            line,
            format!("no step matches `{words}`"),
            format!(
                "use a phrase of the phrase book (features/README.md), or add a function to \
                 src/runner/steps with #[{}]",
                format!("{:?}", step.ty).to_lowercase()
            ),
        )),
        Err(ambiguous) => {
            let places: Vec<String> = ambiguous
                .possible_matches
                .iter()
                .filter_map(|(_, location)| location.map(|l| l.to_string()))
                .collect();
            Some(Problem::new(
                file,
                line,
                format!("several steps match `{words}`"),
                format!("keep one of {}", places.join(", ")),
            ))
        }
    }
}
