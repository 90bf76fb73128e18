//! JUnit XML, as the viewers of build servers read it.
//!
//! A suite is a rule, a test case a scenario. Id and level are properties of the suite: the common
//! schema knows none of a test case.

use std::fmt::Write as _; // writing to a `String` cannot fail

use super::gate::{Gate, STALE};
use super::model::{CaseResult, Report, RuleResult};
use super::outcome::Outcome;
use super::plain::plain;
use super::terminal;
use crate::evidence::Fact;

/// The most characters of one attribute.
const ATTRIBUTE: usize = 1000;
/// The most lines of standard error of one scenario.
const LINES: usize = 200;

/// The report as JUnit XML.
#[must_use]
pub fn render(report: &Report) -> String {
    let suites: Vec<Suite> = match &report.never_started {
        Some(why) => vec![never_started(report, why)],
        None => report
            .rules
            .iter()
            .filter(|rule| rule.is_selected())
            .map(|rule| suite(report, rule))
            .collect(),
    };
    let total = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\">",
        escape("WeChat Integration v0"),
        total(|suite| suite.tests),
        total(|suite| suite.failures),
        total(|suite| suite.errors),
        seconds(report.took_ms * 1000),
    );
    for suite in &suites {
        suite.write(&mut xml);
    }
    xml.push_str("</testsuites>\n");
    xml
}

#[derive(Default)]
struct Suite {
    name: String,
    properties: Vec<(&'static str, String)>,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    took_us: u64,
    /// The test cases, as XML.
    cases: String,
}

impl Suite {
    fn write(&self, xml: &mut String) {
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\">",
            escape(&self.name),
            self.tests,
            self.failures,
            self.errors,
            self.skipped,
            seconds(self.took_us),
        );
        xml.push_str("    <properties>\n");
        for (name, value) in &self.properties {
            let value = escape(&plain(value, ATTRIBUTE));
            let _ = writeln!(xml, "      <property name=\"{name}\" value=\"{value}\"/>");
        }
        xml.push_str("    </properties>\n");
        xml.push_str(&self.cases);
        xml.push_str("  </testsuite>\n");
    }

    /// Adds a test case with what is to be said of it.
    fn add(&mut self, class: &str, name: &str, took_us: u64, told: &Told, stderr: &[String]) {
        self.tests += 1;
        self.took_us += took_us;
        let _ = write!(
            self.cases,
            "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
            escape(class),
            escape(&plain(name, ATTRIBUTE)),
            seconds(took_us),
        );
        let element = match told {
            Told::Nothing if stderr.is_empty() => {
                self.cases.push_str("/>\n");
                return;
            }
            Told::Nothing => None,
            Told::Failure(..) => {
                self.failures += 1;
                Some("failure")
            }
            Told::Error(..) => {
                self.errors += 1;
                Some("error")
            }
            Told::Skipped(..) => {
                self.skipped += 1;
                Some("skipped")
            }
        };
        self.cases.push_str(">\n");
        if let (
            Some(element),
            Told::Failure(kind, message, body)
            | Told::Error(kind, message, body)
            | Told::Skipped(kind, message, body),
        ) = (element, told)
        {
            let _ = writeln!(
                self.cases,
                "      <{element} type=\"{}\" message=\"{}\">{}</{element}>",
                escape(kind),
                escape(&plain(message, ATTRIBUTE)),
                escape(body),
            );
        }
        if !stderr.is_empty() {
            let text = escape(&stderr.join("\n"));
            let _ = writeln!(self.cases, "      <system-err>{text}</system-err>");
        }
        self.cases.push_str("    </testcase>\n");
    }
}

/// What is said of a test case: kind, message and body.
enum Told {
    Nothing,
    Failure(String, String, String),
    Error(String, String, String),
    Skipped(String, String, String),
}

fn suite(report: &Report, rule: &RuleResult) -> Suite {
    let id = rule.id.to_string();
    let mut suite = Suite {
        name: format!("{id} {}", rule.level),
        properties: vec![
            ("rule", id.clone()),
            ("level", rule.level.to_string()),
            ("family", rule.family.clone()),
            ("sentence", rule.sentence.clone()),
            ("source", rule.source.clone()),
            ("outcome", rule.outcome.to_string()),
        ],
        ..Suite::default()
    };
    // Viewers group by what stands before the last dot.
    let class = format!("{}.{id}", rule.id.family());
    for case in &rule.scenarios {
        let stderr: Vec<String> = case
            .timeline
            .facts()
            .filter_map(|(_, fact)| match fact {
                Fact::Stderr { line, .. } => Some(plain(line, ATTRIBUTE)),
                _ => None,
            })
            .collect();
        let stderr = &stderr[stderr.len().saturating_sub(LINES)..];
        suite.add(
            &class,
            &case.name,
            case.took_us,
            &told(report, rule, case),
            stderr,
        );
    }
    if rule.scenarios.is_empty() {
        let reason = rule
            .reason
            .clone()
            .unwrap_or_else(|| "nothing was run".to_owned());
        let told = Told::Skipped(rule.outcome.to_string(), reason, String::new());
        suite.add(&class, &rule.sentence, 0, &told, &[]);
    }
    suite
}

fn told(report: &Report, rule: &RuleResult, case: &CaseResult) -> Told {
    let body = || terminal::scenario(report, rule, case);
    let kind = case.outcome.to_string();
    match Gate::of(rule, case, &report.options) {
        Gate::Open => Told::Nothing,
        Gate::Shut if case.outcome == Outcome::Pass => {
            Told::Failure("stale".to_owned(), STALE.to_owned(), String::new())
        }
        Gate::Shut => Told::Failure(kind, case.message.clone(), body()),
        Gate::Noted(why) => Told::Skipped(kind, format!("{why}: {}", case.message), body()),
        Gate::Undecided => Told::Error(kind, case.message.clone(), body()),
        Gate::Skipped => Told::Skipped(kind, case.message.clone(), String::new()),
    }
}

/// One clear message in place of a failure for each rule.
fn never_started(report: &Report, why: &str) -> Suite {
    let mut suite = Suite {
        name: "The adapter starts".to_owned(),
        properties: vec![("command", report.options.subject.join(" "))],
        ..Suite::default()
    };
    let told = Told::Error("never_started".to_owned(), why.to_owned(), String::new());
    suite.add("WX", "The adapter starts", 0, &told, &[]);
    suite
}

/// Seconds to the millisecond: the common schema knows no more digits.
fn seconds(us: u64) -> String {
    format!("{}.{:03}", us / 1_000_000, us % 1_000_000 / 1000)
}

/// Text for an element or an attribute: no markup, and only characters that XML 1.0 knows.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            '\u{fffe}' | '\u{ffff}' => out.extend(character.escape_unicode()),
            _ if character.is_control() => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    out
}
