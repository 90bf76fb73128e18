//! A report is judged again from what it recorded, and whatever was changed in it is found.

use std::sync::OnceLock;

use aios_wechat::adapter::Subject;
use aios_wechat::mutant;
use aios_wechat::reference::Reference;
use aios_wechat::report::{Claim, Outcome, Report, json};
use aios_wechat::runner::{self, Run, Selection};
use aios_wechat::suite::Suite;
use serde_json::{Value, json};

const SENTENCE: &str = "a-text-that-asks-for-another-agent-stays-on-the-route";

fn run(subject: &Subject) -> Report {
    let suite = Suite::embedded().unwrap();
    let rules = ["WX-ROUTE", "WX-CAP", "WX-CONF-006"].map(|word| suite.matching(word));
    let run = Run {
        seed: 5,
        selection: Selection {
            rules: rules.into_iter().flatten().collect(),
            ..Selection::default()
        },
        ..Run::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(runner::run(&suite, subject, &run, &mut ()))
        .unwrap()
}

/// The reference's report, and that of a mutant that follows the agent a text names.
fn reports() -> &'static [Report; 2] {
    static REPORTS: OnceLock<[Report; 2]> = OnceLock::new();
    REPORTS.get_or_init(|| {
        let mutant = mutant::find("obeys-agent-commands").unwrap();
        [
            run(&Subject::in_process(Reference::new)),
            run(&mutant.subject()),
        ]
    })
}

fn found(report: &Report) -> Vec<String> {
    // As a stranger would: from the bytes.
    let report = json::read(&json::render(report).unwrap()).unwrap();
    let suite = Suite::embedded().unwrap();
    let found = runner::verify(&suite, &report).unwrap();
    found.iter().map(ToString::to_string).collect()
}

/// What is found once `change` was made to the report as JSON.
fn tampered(report: &Report, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut value = serde_json::to_value(report).unwrap();
    change(&mut value);
    found(&serde_json::from_value(value).unwrap())
}

fn rule<'v>(report: &'v mut Value, id: &str) -> &'v mut Value {
    let rules = report["rules"].as_array_mut().unwrap();
    rules.iter_mut().find(|rule| rule["id"] == id).unwrap()
}

/// The index of the first entry of a timeline with this fact.
fn place(scenario: &Value, fact: &str) -> usize {
    let timeline = scenario["timeline"].as_array().unwrap();
    let is_it = |entry: &Value| entry["what"]["fact"] == fact;
    timeline.iter().position(is_it).unwrap()
}

fn assert_names(found: &[String], words: &[&str]) {
    let named = |text: &&String| words.iter().all(|word| text.contains(word));
    assert!(
        found.iter().any(|text| named(&text)),
        "{words:?} in {found:#?}"
    );
}

#[test]
fn an_honest_report_says_what_it_recorded() {
    for report in reports() {
        assert_eq!(found(report), [""; 0]);
    }
    assert_eq!(reports()[1].counts.fail, 1);
}

#[test]
fn an_outcome_that_was_changed_is_found_and_named() {
    let [_, broken] = reports();
    let found = tampered(broken, |report| {
        let scenario = &mut rule(report, "WX-ROUTE-003")["scenarios"][0];
        scenario["outcome"] = json!("pass");
    });
    assert_names(&found, &["WX-ROUTE-003", SENTENCE, "pass", "fail", "root"]);
}

#[test]
fn a_whole_verdict_that_was_changed_is_found_and_named() {
    let [sound, broken] = reports();
    let mut forged = broken.clone();
    for (rule, good) in forged.rules.iter_mut().zip(&sound.rules) {
        rule.outcome = good.outcome;
        for (case, good) in rule.scenarios.iter_mut().zip(&good.scenarios) {
            let timeline = case.timeline.clone();
            let (seal, judged_at) = (case.seal.clone(), case.judged_at);
            let at: Vec<_> = case.steps.iter().map(|step| step.judged_at).collect();
            *case = good.clone();
            (case.timeline, case.seal, case.judged_at) = (timeline, seal, judged_at);
            for (step, at) in case.steps.iter_mut().zip(at) {
                step.judged_at = at;
            }
        }
    }
    forged.fold_again(true);
    assert_names(&found(&forged), &["WX-ROUTE-003", SENTENCE, "fail"]);
}

#[test]
fn an_entry_that_was_changed_is_found_and_named() {
    let [_, broken] = reports();
    let found = tampered(broken, |report| {
        let scenario = &mut rule(report, "WX-ROUTE-003")["scenarios"][0];
        let at = place(scenario, "event");
        scenario["timeline"][at]["what"]["document"]["agent_id"] = json!("another");
    });
    assert_names(
        &found,
        &["WX-ROUTE-003", SENTENCE, "entry", "(event)", "seal"],
    );
}

#[test]
fn an_entry_that_was_changed_and_sealed_again_does_not_bear_the_verdict() {
    let [sound, _] = reports();
    let mut forged = sound.clone();
    let rule = forged.rules.iter_mut();
    let rule = rule
        .into_iter()
        .find(|rule| rule.id.to_string() == "WX-ROUTE-003");
    let case = &mut rule.unwrap().scenarios[0];
    let mut timeline = serde_json::to_value(&case.timeline).unwrap();
    let at = timeline
        .as_array()
        .unwrap()
        .iter()
        .position(|entry| entry["what"]["fact"] == "event");
    timeline[at.unwrap()]["what"]["document"]["agent_id"] = json!("root");
    case.timeline = serde_json::from_value(timeline).unwrap();
    case.seal = Some(case.timeline.seal());
    assert_names(
        &found(&forged),
        &["WX-ROUTE-003", SENTENCE, "pass in the report, and fail"],
    );
}

#[test]
fn an_invalid_event_that_was_called_valid_is_found() {
    let [sound, _] = reports();
    let found = tampered(sound, |report| {
        let scenario = &mut rule(report, "WX-ROUTE-001")["scenarios"][0];
        let at = place(scenario, "event");
        scenario["timeline"][at]["what"]["document"]["tool_call"] = json!({});
    });
    assert_names(
        &found,
        &["WX-ROUTE-001", "is valid by the contract, which it is not"],
    );
}

#[test]
fn a_scenario_that_is_missing_is_named() {
    let [_, broken] = reports();
    let found = tampered(broken, |report| {
        rule(report, "WX-ROUTE-003")["scenarios"] = json!([]);
    });
    assert_names(&found, &["WX-ROUTE-003", SENTENCE, "missing"]);
}

#[test]
fn a_rule_that_is_missing_is_named() {
    let [_, broken] = reports();
    let found = tampered(broken, |report| {
        let rules = report["rules"].as_array_mut().unwrap();
        rules.retain(|rule| rule["id"] != "WX-ROUTE-003");
    });
    assert_names(&found, &["WX-ROUTE-003: the rule is missing"]);
}

#[test]
fn the_timeline_of_another_scenario_or_seed_is_refused() {
    let [sound, _] = reports();
    let swapped = tampered(sound, |report| {
        let other = rule(report, "WX-ROUTE-002")["scenarios"][0].clone();
        let scenario = &mut rule(report, "WX-ROUTE-003")["scenarios"][0];
        for field in ["timeline", "seal", "steps", "evidence", "judged_at"] {
            scenario[field] = other[field].clone();
        }
    });
    assert_names(&swapped, &["WX-ROUTE-003", SENTENCE, "none of the people"]);
    let other = tampered(sound, |report| report["seed"] = json!(6));
    assert_names(
        &other,
        &["WX-ROUTE-001", "none of the people of the seed 6"],
    );
}

#[test]
fn claims_that_the_adapter_did_not_make_are_found() {
    let [sound, _] = reports();
    let found = tampered(sound, |report| {
        report["adapter"]["features"] = json!(["message"]);
    });
    assert_names(&found, &["report", "claims", "voice_to_text"]);
}

#[test]
fn what_follows_from_the_verdicts_is_held_against_them() {
    let [_, broken] = reports();
    let found_claim = tampered(broken, |report| report["claim"] = json!("conformant"));
    assert_names(&found_claim, &["report", "claim", "CONFORMANT", "PARTIAL"]);
    let found_counts = tampered(broken, |report| report["counts"]["fail"] = json!(0));
    assert_names(&found_counts, &["report", "counts"]);
    let found_words = tampered(broken, |report| {
        rule(report, "WX-ROUTE-003")["sentence"] = json!("The adapter MAY do as it likes");
    });
    assert_names(&found_words, &["WX-ROUTE-003", "words"]);
    let found_rule = tampered(broken, |report| {
        rule(report, "WX-ROUTE-003")["outcome"] = json!("pass");
    });
    assert_names(&found_rule, &["WX-ROUTE-003", "outcome of the rule"]);
}

#[test]
fn a_report_without_times_or_of_another_suite_says_why_it_cannot_be_verified() {
    let suite = Suite::embedded().unwrap();
    let [sound, _] = reports();
    let refused = runner::verify(&suite, &sound.clone().without_times()).unwrap_err();
    assert!(refused.contains("without times"), "{refused}");
    let mut other = sound.clone();
    other.identity.suite = "0".repeat(64);
    let refused = runner::verify(&suite, &other).unwrap_err();
    assert!(refused.contains(&suite.digest), "{refused}");
    assert_eq!(sound.claim, Claim::Partial);
    assert!(sound.rules.iter().any(|rule| rule.outcome == Outcome::Pass));
}
