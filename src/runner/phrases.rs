//! The phrase book: every sentence a scenario can use, and whether the scenarios fit it.

use std::collections::BTreeSet;

use cucumber::codegen::{StepConstructor, WorldInventory, inventory};

use super::bench::Bench;
use super::binding::Binding;
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
    fn of<W, K>(keyword: &'static str) -> impl Iterator<Item = Phrase>
    where
        W: 'static,
        K: inventory::Collect + StepConstructor<W>,
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
    let given = of::<World, <World as WorldInventory>::Given>("Given");
    let when = of::<World, <World as WorldInventory>::When>("When");
    let then = of::<Bench, <Bench as WorldInventory>::Then>("Then");
    let mut phrases: Vec<Phrase> = given.chain(when).chain(then).collect();
    phrases.sort();
    phrases
}

/// Steps that match no phrase, or several.
#[must_use]
pub fn check_steps(suite: &Suite) -> Vec<Problem> {
    Binding::of(suite).1
}

/// Phrases that no step of the suite uses.
#[must_use]
pub fn unused_phrases(suite: &Suite) -> Vec<Phrase> {
    let (binding, _) = Binding::of(suite);
    let used: BTreeSet<(&str, usize)> = binding.places().collect();
    phrases()
        .into_iter()
        .filter(|phrase| !used.contains(&(phrase.file.as_str(), phrase.line)))
        .collect()
}
