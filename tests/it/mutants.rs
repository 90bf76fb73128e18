//! Every mutant is caught by the rule it breaks, for the reason it gives.

use std::collections::BTreeSet;

use aios_wechat::mutant::{self, Mutant};
use aios_wechat::report::{Outcome, Report};
use aios_wechat::runner::{Run, Selection, run, verify};
use aios_wechat::suite::{RequirementId, Suite};

/// Runs `rules` (all, if empty) against a mutant.
fn report(suite: &Suite, mutant: &'static Mutant, rules: BTreeSet<RequirementId>) -> Report {
    let selection = Selection {
        rules,
        ..Selection::default()
    };
    let options = Run {
        selection,
        seed: 7,
        patience: 0.1,
        ..Run::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(run(suite, &mutant.subject(), &options, &mut ()))
        .unwrap()
}

#[test]
fn names_are_distinct_and_words_are_there() {
    let mut names = BTreeSet::new();
    for mutant in mutant::all() {
        assert!(names.insert(mutant.name), "{} is named twice", mutant.name);
        assert!(mutant.breaks.ends_with('.'), "{}", mutant.name);
        assert!(mutant::find(mutant.name).is_some());
    }
}

#[test]
fn every_mutant_is_caught_by_its_rule_for_its_reason() {
    let suite = Suite::embedded().unwrap();
    let mut survivors = Vec::new();
    for mutant in mutant::all() {
        let id: RequirementId = mutant.rule.parse().unwrap();
        if suite.requirement(&id).is_none() {
            continue; // its rule is not executable yet
        }
        let report = report(&suite, mutant, BTreeSet::from([id.clone()]));
        let found = verify(&suite, &report).unwrap();
        assert!(found.is_empty(), "{}: {found:#?}", mutant.name);
        let rule = report.rules.iter().find(|rule| rule.id == id).unwrap();
        let said: Vec<_> = rule
            .scenarios
            .iter()
            .filter(|case| case.outcome == Outcome::Fail)
            .map(|case| case.message.clone())
            .collect();
        if !said.iter().any(|message| message.contains(mutant.reason)) {
            survivors.push(format!(
                "{} survives {}: {:?} {said:?}",
                mutant.name, id, rule.outcome
            ));
        }
    }
    assert!(survivors.is_empty(), "{}", survivors.join("\n"));
}
