//! The summary of a build job, in GitHub's markdown.

use std::fmt::Write as _; // writing to a `String` cannot fail

use super::baseline::EntryState;
use super::model::{Report, RuleResult};
use super::outcome::Outcome;
use super::plain::plain;
use super::terminal;

/// The most rules that are told in full: a job summary may hold one mebibyte.
const IN_FULL: usize = 25;
/// The most characters of anything in a cell or a paragraph.
const PART: usize = 1000;

/// The claim, the counts, and what did not pass.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = format!("## {}\n\n", words(&report.summary));
    if let Some(why) = &report.never_started {
        let _ = writeln!(
            text,
            "**The adapter never started**, so no rule was tried: {}\n",
            words(why)
        );
    }
    identity(&mut text, report);
    families(&mut text, report);
    let attention: Vec<&RuleResult> = report
        .rules
        .iter()
        .filter(|rule| rule.outcome.needs_attention())
        .collect();
    for rule in attention.iter().take(IN_FULL) {
        self::rule(&mut text, report, rule);
    }
    if attention.len() > IN_FULL {
        let _ = writeln!(
            text,
            "\n{} more rules did not pass; the report has them all.",
            attention.len() - IN_FULL
        );
    }
    for used in &report.baseline {
        let what = match used.state {
            EntryState::Stale => "passes now: remove its entry from the baseline",
            EntryState::Expired => {
                "has an entry in the baseline whose last day has passed: mend it, or give the entry another day"
            }
            EntryState::Deviation | EntryState::Unjudged => continue,
        };
        let _ = writeln!(text, "\n> **{}** {what}.", words(&used.entry.id));
    }
    text
}

fn identity(text: &mut String, report: &Report) {
    let mut parts = Vec::new();
    if let Some(adapter) = &report.adapter {
        parts.push(format!(
            "{} {}",
            words(&adapter.adapter_id),
            words(&adapter.adapter_version)
        ));
    }
    parts.push(format!("seed {}", report.seed));
    parts.push(format!(
        "{}.{} s",
        report.took_ms / 1000,
        report.took_ms % 1000 / 100
    ));
    parts.push(format!("specification {}", words(&report.identity.spec)));
    parts.push(format!("kit {}", words(&report.identity.kit)));
    let _ = writeln!(text, "{}\n", parts.join(" · "));
}

fn families(text: &mut String, report: &Report) {
    text.push_str("| Family | pass | fail | inconclusive | error | not applicable | untested |\n");
    text.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for family in report.rules.chunk_by(|a, b| a.id.family() == b.id.family()) {
        let Some(first) = family.first() else {
            continue;
        };
        let _ = write!(text, "| {} `{}` |", words(&first.family), first.id.family());
        for outcome in Outcome::ALL {
            match family.iter().filter(|rule| rule.outcome == outcome).count() {
                0 => text.push_str("  |"),
                count => {
                    let _ = write!(text, " {count} |");
                }
            }
        }
        text.push('\n');
    }
}

fn rule(text: &mut String, report: &Report, rule: &RuleResult) {
    let declared = if rule.is_declared() { ", declared" } else { "" };
    let _ = writeln!(
        text,
        "\n<details><summary><b>{} {} {}{declared}</b>: {}</summary>\n",
        rule.id,
        rule.level,
        rule.outcome.as_str().to_uppercase(),
        words(&rule.sentence)
    );
    for case in rule
        .scenarios
        .iter()
        .filter(|case| case.outcome.needs_attention())
    {
        fenced(text, &terminal::scenario(report, rule, case));
    }
    text.push_str("\n</details>\n");
}

/// A block of code; its fence is longer than any run of its characters inside.
fn fenced(text: &mut String, block: &str) {
    let longest = block
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = writeln!(
        text,
        "\n{fence}text\n{}\n{fence}",
        block.trim_end_matches('\n')
    );
}

/// Somebody's words within markdown: no markup of any kind, no mention, no link.
fn words(text: &str) -> String {
    let mut out = String::new();
    for character in plain(text, PART).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            ':' => out.push_str("&#58;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '#' | '$' => {
                out.push('\\');
                out.push(character);
            }
            _ => out.push(character),
        }
    }
    out
}
