//! Every mutant is caught by the rule it breaks, for the reason it gives.

use std::collections::BTreeSet;
use std::fs;

use aios_wechat::mutant::{self, Mutant};
use aios_wechat::proof::{Doubt, Failing, MATRIX_MARKDOWN, Matrix, Trial, alike};
use aios_wechat::report::{Outcome, Report};
use aios_wechat::runner::{Run, Selection, run, verify};
use aios_wechat::suite::{Level, Mode, RequirementId, Suite};

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
        let reason = mutant.reason.split_once("; observed ");
        assert!(
            reason.is_some_and(|(expected, observed)| expected.len() > 9 && !observed.is_empty()),
            "{}: a reason says what was expected and what was observed",
            mutant.name
        );
        for also in mutant.also {
            assert!(also.why.ends_with('.'), "{}: {}", mutant.name, also.rule);
            assert!(!mutant.rule.starts_with(also.rule), "{}", mutant.name);
        }
        assert!(mutant::find(mutant.name).is_some());
    }
}

#[test]
fn every_executable_rule_that_binds_or_advises_has_a_mutant() {
    let broken: BTreeSet<&str> = mutant::all().map(|mutant| mutant.rule).collect();
    let suite = Suite::embedded().unwrap();
    let without: Vec<String> = suite
        .requirements()
        .filter(|rule| rule.mode == Mode::Executable && rule.level != Level::May)
        .map(|rule| rule.id.to_string())
        .filter(|id| !broken.contains(id.as_str()))
        .collect();
    assert!(without.is_empty(), "no mutant breaks {without:?}");
}

#[test]
fn every_mutant_is_caught_by_its_rule_for_its_reason() {
    let suite = Suite::embedded().unwrap();
    let mut survivors = Vec::new();
    for mutant in mutant::all() {
        let id: RequirementId = mutant.rule.parse().unwrap();
        let report = report(&suite, mutant, BTreeSet::from([id.clone()]));
        let found = verify(&suite, &report).unwrap();
        assert!(found.is_empty(), "{}: {found:#?}", mutant.name);
        let rule = report.rules.iter().find(|rule| rule.id == id).unwrap();
        let failing = Failing::of(rule);
        if !failing.shows(mutant) {
            survivors.push(format!("{} survives {id}: {failing:?}", mutant.name));
        }
    }
    assert!(survivors.is_empty(), "{}", survivors.join("\n"));
}

#[test]
fn the_kept_matrix_agrees_with_the_mutants_and_the_catalogue() {
    let matrix = Matrix::kept();
    let contradictions = matrix.contradictions(&Suite::embedded().unwrap());
    assert!(contradictions.is_empty(), "{}", contradictions.join("\n"));
    assert_eq!(
        matrix.markdown(),
        fs::read_to_string(MATRIX_MARKDOWN).unwrap()
    );
}

#[test]
fn a_matrix_with_a_survivor_or_a_missing_row_contradicts() {
    let suite = Suite::embedded().unwrap();
    let mut survivor = Matrix::kept();
    survivor.mutants[0].killed_by.clear();
    assert!(survivor.contradictions(&suite)[0].contains("is not caught by the rule"));
    let mut short = Matrix::kept();
    short.rules.pop();
    assert!(short.contradictions(&suite)[0].contains("not the executable rules"));
    let mut strange = Matrix::kept();
    strange.mutants[0]
        .killed_by
        .push("WX-LIFE-001".parse().unwrap());
    assert!(strange.contradictions(&suite)[0].contains("why WX-LIFE-001 catches it"));
}

/// A trial in which these rules failed with these words.
fn trial(name: &str, failing: &[(&str, Outcome, &str)]) -> Trial {
    let failing = failing.iter().map(|(id, outcome, said)| {
        let (outcome, said) = (*outcome, vec![(*said).to_owned()]);
        (id.parse().unwrap(), Failing { outcome, said })
    });
    Trial {
        mutant: mutant::find(name).unwrap(),
        failing: failing.collect(),
    }
}

#[test]
fn a_mutant_is_well_judged_only_by_its_rule_for_its_reason_and_by_no_other_family() {
    let good = (
        "WX-BOUND-001",
        Outcome::Fail,
        mutant::find("asks-for-sessions").unwrap().reason,
    );
    let doubts = |failing: &[_]| trial("asks-for-sessions", failing).doubts();
    assert_eq!(doubts(&[good]), []);
    assert_eq!(doubts(&[]), [Doubt::Survived]);
    let undecided = ("WX-BOUND-001", Outcome::Inconclusive, good.2);
    assert_eq!(doubts(&[undecided]), [Doubt::Survived]);
    let otherwise = ("WX-BOUND-001", Outcome::Fail, "its process was dropped");
    assert!(matches!(doubts(&[otherwise])[..], [Doubt::OtherReason(_)]));
    let sibling = ("WX-BOUND-003", Outcome::Fail, "more");
    assert_eq!(doubts(&[good, sibling]), []);
    let stranger = ("WX-OUT-001", Outcome::Fail, "more");
    assert!(matches!(
        doubts(&[good, stranger])[..],
        [Doubt::Undeclared(..)]
    ));
    let unclear = ("WX-OUT-001", Outcome::Inconclusive, "held up");
    assert!(matches!(
        doubts(&[good, unclear])[..],
        [Doubt::Undeclared(..)]
    ));
    let kit = ("WX-BOUND-003", Outcome::Error, "a step panicked");
    assert!(matches!(doubts(&[good, kit])[..], [Doubt::Kit(..)]));
}

#[test]
fn mutants_of_which_each_shows_the_reason_of_the_other_are_alike() {
    let pair = ["forwards-drafts", "forwards-recalled-messages"];
    let found = pair.map(|name| mutant::find(name).unwrap().reason);
    let own = |of: usize| ("WX-ENV-011", Outcome::Fail, found[of]);
    let names = |trials: &[Trial]| -> Vec<(&str, &str)> {
        let pairs = alike(trials).into_iter();
        pairs.map(|(one, other)| (one.name, other.name)).collect()
    };
    let each = [0, 1].map(|of| trial(pair[of], &[own(of)]));
    assert_eq!(names(&each), []);
    let both = found.join("; ");
    let both = ("WX-ENV-011", Outcome::Fail, both.as_str());
    let one_way = [trial(pair[0], &[both]), trial(pair[1], &[own(1)])];
    assert_eq!(names(&one_way), []);
    let either_way = [trial(pair[0], &[both]), trial(pair[1], &[both])];
    assert_eq!(names(&either_way), [(pair[0], pair[1])]);
}

#[test]
fn a_dominance_that_is_declared_must_be_seen() {
    let mutant = mutant::find("keeps-a-transcript").unwrap();
    let own = (
        mutant.rule,
        Outcome::Fail,
        "observed a body “x” in state/transcript.log",
    );
    let own = (own.0, own.1, &*format!("none of it to be found; {}", own.2));
    assert!(matches!(
        trial(mutant.name, &[own]).doubts()[..],
        [Doubt::Unseen(_)]
    ));
    let declared = (mutant.also[0].rule, Outcome::Fail, "a body");
    assert_eq!(trial(mutant.name, &[own, declared]).doubts(), []);
}

#[test]
fn a_reason_is_shown_by_its_words_in_their_order() {
    let mutant = mutant::find("keeps-an-encoded-transcript").unwrap();
    let found =
        "expected none of it to be found; observed a body “x” in state/messages.b64, at byte 4";
    assert!(mutant.is_shown_by(&format!("{found}, as base64")));
    assert!(!mutant.is_shown_by(found));
    assert!(!mutant.is_shown_by("as base64: none of it to be found"));
}
