//! Claims and exit codes: what a run comes to.

use aios_wechat::report::{Claim, Outcome, Report};

use super::sample;

#[test]
fn every_claim_has_its_exit_code() {
    let cases: [(Report, Claim, u8); 7] = [
        (sample::conformant(), Claim::Conformant, 0),
        (sample::with_notes(), Claim::ConformantWithNotes, 0),
        (sample::every_outcome(), Claim::NotConformant, 1),
        (sample::undecided(), Claim::Inconclusive, 3),
        (sample::faulty_kit(), Claim::Inconclusive, 70),
        (sample::partial(), Claim::Partial, 0),
        (sample::never_started(), Claim::Inconclusive, 3),
    ];
    for (report, claim, code) in cases {
        assert_eq!(
            (report.claim, report.exit_code()),
            (claim, code),
            "{}",
            report.summary
        );
    }
}

#[test]
fn the_samples_hold_every_outcome() {
    let report = sample::every_outcome();
    for outcome in Outcome::ALL {
        assert!(
            report.rules.iter().any(|rule| rule.outcome == outcome),
            "{outcome}"
        );
    }
}

#[test]
fn a_failing_should_counts_only_if_asked() {
    let mut report = sample::with_notes();
    report.options.strict = true;
    assert_eq!(report.exit_code(), 1);
}

#[test]
fn a_failure_outranks_a_fault_of_the_kit_and_that_outranks_doubt() {
    let mut report = sample::every_outcome();
    assert_eq!(report.exit_code(), 1);
    report.rules.retain(|rule| rule.outcome != Outcome::Fail);
    assert_eq!(report.exit_code(), 70);
    report.rules.retain(|rule| rule.outcome != Outcome::Error);
    assert_eq!(report.exit_code(), 3);
}

#[test]
fn a_run_that_executed_nothing_is_inconclusive() {
    let mut report = sample::partial();
    for rule in &mut report.rules {
        rule.outcome = Outcome::Untested;
        rule.scenarios.clear();
    }
    assert_eq!(report.exit_code(), 3);
}
