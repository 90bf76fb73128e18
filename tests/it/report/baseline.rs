//! Declared deviations: they decide the exit code, never the claim.

use std::process::Command;

use aios_wechat::report::{Baseline, BaselineEntry, Claim, Declared, EntryState, Outcome, Report};
use aios_wechat::suite::Suite;
use jiff::civil::{Date, date};

use super::sample;

const TODAY: Date = date(2026, 11, 23);

fn entry(id: &str) -> BaselineEntry {
    BaselineEntry {
        id: id.to_owned(),
        reason: "the dedup memory is rebuilt in the next release".to_owned(),
        issue: Some("https://issues.example/7".to_owned()),
        expires: None,
    }
}

fn baseline(ids: &[&str]) -> Baseline {
    Baseline {
        entries: ids.iter().map(|id| entry(id)).collect(),
    }
}

/// One MUST that fails in one of its two scenarios, the rest green.
fn failing() -> Report {
    let mut report = sample::every_outcome();
    report.rules.retain(|rule| {
        matches!(
            rule.outcome,
            Outcome::Pass | Outcome::Fail | Outcome::NotApplicable
        )
    });
    sample::report(report.rules)
}

fn declared(ids: &[&str]) -> Report {
    let mut report = failing();
    report.declare(&baseline(ids), TODAY);
    report
}

const FAILING_CASE: &str = "WX-DEDUP-002/wechat-gives-a-message-again-after-a-restart";

#[test]
fn a_deviation_as_declared_lets_the_build_go_on_and_keeps_the_claim() {
    for id in ["WX-DEDUP-002", FAILING_CASE] {
        let report = declared(&[id]);
        assert_eq!(report.exit_code(), 0);
        assert_eq!(report.claim, Claim::NotConformant);
        assert!(
            report
                .summary
                .starts_with("NOT CONFORMANT, as declared · MUST 2/3")
        );
        assert_eq!((report.counts.deviation, report.counts.fail), (1, 1));
        let rule = report
            .rules
            .iter()
            .find(|rule| rule.outcome == Outcome::Fail)
            .unwrap();
        assert_eq!(rule.baseline, Some(Declared::Deviation));
        assert_eq!(report.baseline[0].state, EntryState::Deviation);
    }
}

#[test]
fn an_undeclared_failure_stops_the_build() {
    let report = declared(&[]);
    assert_eq!(report.exit_code(), 1);
    assert!(report.summary.starts_with("NOT CONFORMANT · "));
}

#[test]
fn an_entry_for_what_passes_is_stale_and_stops_the_build() {
    for id in [
        "WX-DEDUP-001",
        "WX-DEDUP-002/wechat-keeps-quiet-after-a-restart",
    ] {
        let report = declared(&["WX-DEDUP-002", id]);
        assert_eq!(report.exit_code(), 1, "{id}");
        assert_eq!(report.baseline[1].state, EntryState::Stale);
        assert!(!report.summary.contains("as declared"));
    }
    assert_eq!(declared(&["WX-DEDUP-001"]).counts.stale, 1);
}

#[test]
fn an_expired_entry_declares_nothing() {
    let mut file = baseline(&["WX-DEDUP-002"]);
    file.entries[0].expires = Some("2026-11-22".to_owned());
    let mut report = failing();
    report.declare(&file, TODAY);
    assert_eq!(report.exit_code(), 1);
    assert_eq!(report.baseline[0].state, EntryState::Expired);
    file.entries[0].expires = Some("2026-11-23".to_owned());
    report.declare(&file, TODAY);
    assert_eq!(report.exit_code(), 0, "the last day still counts");
}

#[test]
fn an_entry_that_cannot_be_judged_is_left_alone() {
    let report = declared(&["WX-DEDUP-002", "WX-MEDIA-001"]);
    assert_eq!(report.baseline[1].state, EntryState::Unjudged);
    assert_eq!(report.exit_code(), 0);
}

#[test]
fn an_entry_that_matches_nothing_is_a_wrong_use_of_the_command() {
    let suite = Suite::embedded().unwrap();
    let mut file = baseline(&[
        "WX-DEDUP-001",
        "WX-DEDUP-001",
        "WX-NONE-001",
        "WX-DEDUP-001/nope",
    ]);
    file.entries[0].reason = " ".to_owned();
    file.entries[2].expires = Some("soon".to_owned());
    assert_eq!(
        file.problems(&suite),
        [
            "`WX-DEDUP-001` has no reason",
            "`WX-DEDUP-001` is named twice",
            "no rule and no scenario has the id `WX-NONE-001`",
            "`WX-NONE-001` expires on `soon`, not a day such as 2027-01-31",
            "no rule and no scenario has the id `WX-DEDUP-001/nope`",
        ]
    );
    assert!(baseline(&["WX-DEDUP-001"]).problems(&suite).is_empty());
}

#[test]
fn an_update_keeps_reasons_that_stand_and_declares_what_fails() {
    let report = failing();
    let fresh = Baseline::default().updated(&report, TODAY);
    assert_eq!(fresh.entries.len(), 1);
    assert_eq!(fresh.entries[0].id, FAILING_CASE);
    assert!(
        fresh.entries[0]
            .reason
            .starts_with("recorded, not yet explained: ")
    );

    let old = baseline(&["WX-DEDUP-001", "WX-DEDUP-002", "WX-MEDIA-001"]);
    let updated = old.updated(&report, TODAY);
    assert_eq!(updated, baseline(&["WX-DEDUP-002", "WX-MEDIA-001"]));
    let mut again = failing();
    again.declare(&updated, TODAY);
    assert_eq!(again.exit_code(), 0);
}

#[test]
fn an_update_says_what_it_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let update = |mutant: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_aios-wechat"))
            .args(["run", "WX-ROUTE-003", "--baseline", "known.json"])
            .args(["--update-baseline", "--"])
            .args([env!("CARGO_BIN_EXE_aios-wechat"), "reference"])
            .args(mutant)
            .current_dir(&folder)
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let path = folder.path().join("known.json");
    let wrote = format!("wrote {}: ", path.display());
    let broken = update(&["--mutant", "obeys-agent-commands"]);
    assert!(
        broken.contains(&format!(
            "{wrote}entries 1, new 1, dropped 0\n  + WX-ROUTE-003"
        )),
        "{broken}"
    );
    let mended = update(&[]);
    assert!(
        mended.contains(&format!(
            "{wrote}entries 0, new 0, dropped 1\n  - WX-ROUTE-003"
        )),
        "{mended}"
    );
}
