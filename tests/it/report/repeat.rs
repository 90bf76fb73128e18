//! Two runs of one seed are one report, byte for byte, once times are left out.

use aios_wechat::adapter::Subject;
use aios_wechat::reference::Reference;
use aios_wechat::report::{Report, json};
use aios_wechat::runner::{self, Run, Selection};
use aios_wechat::suite::Suite;
use serde_json::Value;

fn report(seed: u32, families: &[&str], jobs: u32) -> Report {
    let suite = Suite::embedded().unwrap();
    let rules = families
        .iter()
        .flat_map(|family| suite.matching(family))
        .collect();
    let run = Run {
        seed,
        jobs,
        selection: Selection {
            rules,
            ..Selection::default()
        },
        ..Run::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let subject = Subject::in_process(Reference::new);
    runtime
        .block_on(runner::run(&suite, &subject, &run, &mut ()))
        .unwrap()
}

fn bytes(seed: u32, families: &[&str], jobs: u32) -> String {
    json::render(&report(seed, families, jobs).without_times()).unwrap()
}

#[test]
fn a_seed_gives_the_same_bytes_in_every_family_however_many_scenarios_run_at_a_time() {
    let suite = Suite::embedded().unwrap();
    let families: Vec<&str> = suite
        .families
        .iter()
        .map(|family| family.code.as_str())
        .collect();
    assert!(families.len() > 11);
    let [first, second] = [1, 4].map(|jobs| bytes(11, &families, jobs));
    let mut lines = first.lines().zip(second.lines()).enumerate();
    assert_eq!(lines.find(|(_, (first, second))| first != second), None);
    assert_eq!(first.len(), second.len());
}

#[test]
fn another_seed_gives_other_bytes_in_every_scenario() {
    let scenarios = |seed| -> Vec<(String, String)> {
        let report: Value =
            serde_json::from_str(&bytes(seed, &["WX-ROUTE", "WX-CURSOR"], 4)).unwrap();
        let rules = report["rules"].as_array().unwrap().iter();
        rules
            .flat_map(|rule| rule["scenarios"].as_array().unwrap())
            .map(|case| (case["id"].to_string(), case["timeline"].to_string()))
            .collect()
    };
    let [first, other] = [11, 12].map(scenarios);
    assert!(
        first.len() > 20 && first.len() == other.len(),
        "{}",
        first.len()
    );
    for ((id, first), (_, other)) in first.iter().zip(&other) {
        assert_ne!(first, other, "{id}");
    }
}

#[test]
fn what_others_do_in_shared_folders_meanwhile_is_no_difference() {
    let alone = serde_json::to_value(report(11, &["WX-STORE-004"], 4)).unwrap();
    let mut beside_others = alone.clone();
    let mut searches = 0;
    for fact in facts(&mut beside_others) {
        if fact["fact"] == "hunted" {
            searches += 1;
            fact["files"] = (fact["files"].as_u64().unwrap() + 2).into();
            fact["bytes"] = (fact["bytes"].as_u64().unwrap() + 9).into();
            fact["left_out"] = vec!["/tmp/download: 300000000 bytes, more than are read"].into();
        }
    }
    assert!(searches > 0);
    let [alone, beside_others] = [alone, beside_others].map(|report| {
        let report: Report = serde_json::from_value(report).unwrap();
        report.without_times()
    });
    assert_eq!(alone, beside_others);
}

/// The facts of all scenarios of a report.
fn facts(report: &mut Value) -> impl Iterator<Item = &mut Value> {
    fn inside(value: &mut Value) -> impl Iterator<Item = &mut Value> {
        value.as_array_mut().unwrap().iter_mut()
    }
    inside(&mut report["rules"])
        .flat_map(|rule| inside(&mut rule["scenarios"]))
        .flat_map(|case| inside(&mut case["timeline"]))
        .map(|entry| &mut entry["what"])
}
