//! Annotations of a GitHub Actions run: workflow commands, a line each.

use std::fmt::Write as _; // writing to a `String` cannot fail

use super::baseline::EntryState;
use super::gate::{Gate, STALE};
use super::model::{CaseResult, Report, RuleResult};
use super::outcome::Outcome;
use super::plain::plain;

/// GitHub shows so many of a kind and a step.
const SHOWN: usize = 10;
/// The most characters of one part of a message.
const PART: usize = 600;

/// An error for each rule that breaks the build or could not be decided, a warning for each other
/// that needs a look; of each kind no more than are shown.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    if let Some(why) = &report.never_started {
        errors.push(("The adapter never started".to_owned(), plain(why, PART)));
    }
    for rule in &report.rules {
        let gates = rule
            .scenarios
            .iter()
            .map(|case| (case, Gate::of(rule, case, &report.options)))
            .filter(|(_, gate)| !matches!(gate, Gate::Open | Gate::Skipped));
        let (mut grave, mut slight) = (Vec::new(), Vec::new());
        for (case, gate) in gates {
            let list = if matches!(gate, Gate::Shut | Gate::Undecided) {
                &mut grave
            } else {
                &mut slight
            };
            list.push((case, gate));
        }
        for (cases, list) in [(grave, &mut errors), (slight, &mut warnings)] {
            if let Some((case, gate)) = cases.first() {
                let more = cases.len() - 1;
                list.push((title(rule, case), message(rule, case, *gate, more)));
            }
        }
    }
    for used in &report.baseline {
        if used.state == EntryState::Expired {
            let title = format!(
                "The baseline's entry for {} has expired",
                plain(&used.entry.id, 200)
            );
            errors.push((title, plain(&used.entry.reason, PART)));
        }
    }
    let mut text = String::new();
    for (kind, mut list) in [("error", errors), ("warning", warnings)] {
        let more = list.len().saturating_sub(SHOWN);
        if more > 0 {
            list.truncate(SHOWN - 1);
            list.push((
                format!("{} more", more + 1),
                "see the report for the rest".to_owned(),
            ));
        }
        for (title, message) in list {
            let _ = writeln!(
                text,
                "::{kind} title={}::{}",
                property(&title),
                data(&message)
            );
        }
    }
    let _ = writeln!(
        text,
        "::notice title=WeChat Integration v0::{}",
        data(&plain(&report.summary, PART))
    );
    text
}

fn title(rule: &RuleResult, case: &CaseResult) -> String {
    format!("{} {} {}", rule.id, rule.level, case.outcome)
}

fn message(rule: &RuleResult, case: &CaseResult, gate: Gate, more: usize) -> String {
    let mut text = format!(
        "{}\nscenario: {}",
        plain(&rule.sentence, PART),
        plain(&case.name, PART)
    );
    match (&case.mismatch, gate) {
        (_, Gate::Shut) if case.outcome == Outcome::Pass => {
            let _ = write!(text, "\n{STALE}");
        }
        (Some(mismatch), _) => {
            let _ = write!(
                text,
                "\nexpected: {}\nobserved: {}",
                plain(&mismatch.expected, PART),
                plain(&mismatch.observed, PART)
            );
        }
        (None, _) => {
            let _ = write!(text, "\n{}", plain(&case.message, PART));
        }
    }
    if let Gate::Noted(why) = gate {
        let _ = write!(text, "\n({why})");
    }
    if more > 0 {
        let noun = if more == 1 { "scenario" } else { "scenarios" };
        let _ = write!(text, "\n({more} more {noun} of this rule)");
    }
    text
}

/// The text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
