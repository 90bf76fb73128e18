//! What a person reads at a terminal.

use aios_wechat::report::terminal::{TerminalStyle, render};

use super::sample;

fn plainly(report: &aios_wechat::report::Report) -> String {
    render(report, &TerminalStyle::default())
}

#[test]
fn a_conformant_run_is_short() {
    insta::assert_snapshot!(plainly(&sample::conformant()));
}

#[test]
fn every_outcome_is_told() {
    insta::assert_snapshot!(plainly(&sample::every_outcome()));
}

#[test]
fn a_failing_should_is_told_in_full() {
    insta::assert_snapshot!(plainly(&sample::with_notes()));
}

#[test]
fn a_part_of_the_suite_claims_nothing() {
    insta::assert_snapshot!(plainly(&sample::partial()));
}

#[test]
fn an_adapter_that_never_started_gets_one_message() {
    insta::assert_snapshot!(plainly(&sample::never_started()));
}

#[test]
fn what_an_adapter_says_cannot_steer_the_terminal() {
    for report in [sample::hostile(), sample::never_started()] {
        let text = plainly(&report);
        assert!(
            !text
                .chars()
                .any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'),
            "{text:?}"
        );
    }
}

#[test]
fn colour_adds_nothing_but_escape_sequences() {
    for report in [sample::every_outcome(), sample::never_started()] {
        let coloured = render(
            &report,
            &TerminalStyle {
                colour: true,
                width: 100,
            },
        );
        let bare = regex_lite::Regex::new("\x1b\\[[0-9;]*m").unwrap();
        assert_ne!(coloured, plainly(&report));
        assert_eq!(
            bare.replace_all(&coloured, "")
                .lines()
                .map(str::trim_end)
                .collect::<Vec<_>>(),
            plainly(&report).lines().collect::<Vec<_>>()
        );
    }
}
