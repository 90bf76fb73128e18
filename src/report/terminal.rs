//! The face for people at a terminal, and for logs.

use std::fmt::{self, Write as _};

use super::command::{again, is_command, subject};
use super::difference::difference;
use super::excerpt::{Piece, excerpt};
use super::model::{CaseResult, Containment, Report, RuleResult};
use super::outcome::Outcome;
use super::plain::{plain, wrap};
use super::telling::Telling;
use crate::evidence::{Entry, Fact, Lane};

/// How the face is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalStyle {
    /// Whether escape sequences for colour may be used; they carry no meaning alone.
    pub colour: bool,
    /// Characters in a line; less than 60 is taken for 60.
    pub width: usize,
}

impl Default for TerminalStyle {
    fn default() -> Self {
        Self {
            colour: false,
            width: 100,
        }
    }
}

/// The most characters of a message or of what was expected or observed.
const WORDS: usize = 1200;
/// The most lines of standard error.
const LAST_WORDS: usize = 5;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render(self, &TerminalStyle::default()))
    }
}

/// The whole report: a line a rule, what did not pass in full, the claim.
#[must_use]
pub fn render(report: &Report, style: &TerminalStyle) -> String {
    let mut page = Page::new(*style);
    if let Some(why) = &report.never_started {
        never_started(&mut page, report, why);
    } else {
        families(&mut page, report);
        for rule in &report.rules {
            if rule.outcome.needs_attention() {
                self::rule(&mut page, report, rule);
            }
        }
    }
    entries(&mut page, report);
    closing(&mut page, report);
    page.text
}

/// One scenario by itself, without colour: what other faces quote.
pub(super) fn scenario(report: &Report, rule: &RuleResult, case: &CaseResult) -> String {
    let mut page = Page::new(TerminalStyle::default());
    page.labelled(
        "rule",
        &format!("{} {}: {}", rule.id, rule.level, rule.sentence),
        None,
    );
    self::case(&mut page, case);
    if let Some(like) = &rule.resembles {
        page.labelled("looks like", &like.in_words(), None);
    }
    let again = again(&rule.id.to_string(), report.seed, &report.options);
    page.line(&format!("  again      {again}"));
    page.text
}

/// A growing text and the style it is written in.
struct Page {
    text: String,
    style: TerminalStyle,
}

#[derive(Clone, Copy)]
enum Ink {
    Good,
    Bad,
    Doubt,
    Faint,
    Strong,
}

impl Page {
    fn new(style: TerminalStyle) -> Self {
        let width = style.width.max(60);
        Self {
            text: String::new(),
            style: TerminalStyle { width, ..style },
        }
    }

    fn ink(&self, ink: Ink, text: &str) -> String {
        if !self.style.colour || text.is_empty() {
            return text.to_owned();
        }
        let code = match ink {
            Ink::Good => "32",
            Ink::Bad => "1;31",
            Ink::Doubt => "1;35",
            Ink::Faint => "2",
            Ink::Strong => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    /// A label and a paragraph beside it; `text` may be anybody's.
    fn labelled(&mut self, label: &str, text: &str, ink: Option<Ink>) {
        let width = self.style.width - 13;
        let text = plain(text, WORDS);
        for (number, line) in wrap(&text, width).iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            let label = self.ink(Ink::Faint, &format!("{label:<11}"));
            let line = ink.map_or_else(|| line.clone(), |ink| self.ink(ink, line));
            self.line(&format!("  {label}{line}"));
        }
    }
}

/// The mark and the word of an outcome; the word alone carries the meaning.
fn badge(rule: &RuleResult) -> (&'static str, String, Ink) {
    let word = rule.outcome.as_str().replace('_', " ");
    match rule.outcome {
        Outcome::Pass if rule.baseline.is_some() => ("!", "pass, stale".to_owned(), Ink::Bad),
        Outcome::Fail if rule.is_declared() => ("~", "fail, declared".to_owned(), Ink::Faint),
        Outcome::Pass => ("+", word, Ink::Good),
        Outcome::Fail => ("x", "FAIL".to_owned(), Ink::Bad),
        Outcome::Error => ("!", "ERROR".to_owned(), Ink::Doubt),
        Outcome::Inconclusive => ("?", word, Ink::Doubt),
        Outcome::NotApplicable | Outcome::Untested => ("-", word, Ink::Faint),
    }
}

fn families(page: &mut Page, report: &Report) {
    // Of a part of the suite only that part is news.
    let selected: Vec<&RuleResult> = report
        .rules
        .iter()
        .filter(|rule| rule.is_selected())
        .collect();
    for family in selected.chunk_by(|a, b| a.id.family() == b.id.family()) {
        let Some(first) = family.first() else {
            continue;
        };
        let title = page.ink(Ink::Strong, &plain(&first.family, 80));
        let code = page.ink(Ink::Faint, first.id.family().as_str());
        page.line(&format!("{title}  {code}"));
        for rule in family {
            let (mark, word, ink) = badge(rule);
            let short = match (&rule.reason, rule.outcome) {
                (Some(reason), Outcome::NotApplicable | Outcome::Untested) => reason,
                _ => &rule.sentence,
            };
            let short = ellipsis(&plain(short, WORDS), page.style.width - 46);
            let short = if rule.outcome.needs_attention() {
                short
            } else {
                page.ink(Ink::Faint, &short)
            };
            let line = format!(
                "{} {:<14} {:<10} {} {short}",
                page.ink(ink, mark),
                rule.id.to_string(),
                rule.level.keyword(),
                page.ink(ink, &format!("{word:<14}")),
            );
            page.line(&format!("  {line}"));
        }
    }
}

/// The beginning of `text`, so that a line keeps its width.
fn ellipsis(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let cut: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

fn rule(page: &mut Page, report: &Report, rule: &RuleResult) {
    let (mark, word, ink) = badge(rule);
    let head = format!("{mark} {} {} · {word}", rule.id, rule.level.keyword());
    page.line("");
    let head = page.ink(ink, &head);
    page.line(&head);
    for line in wrap(&plain(&rule.sentence, WORDS), page.style.width - 2) {
        let line = page.ink(Ink::Strong, &line);
        page.line(&format!("  {line}"));
    }
    page.labelled("source", &rule.source, Some(Ink::Faint));
    if let Some(reason) = &rule.reason {
        page.labelled("reason", reason, None);
    }
    for entry in &report.baseline {
        if entry.entry.id.starts_with(&rule.id.to_string()) {
            page.labelled("declared", &entry.entry.reason, None);
        }
    }
    for case in rule
        .scenarios
        .iter()
        .filter(|case| case.outcome.needs_attention())
    {
        self::case(page, case);
    }
    if let Some(like) = &rule.resembles {
        page.labelled("looks like", &like.in_words(), None);
    }
    let again = again(&rule.id.to_string(), report.seed, &report.options);
    // Not wrapped: it is there to be copied.
    let label = page.ink(Ink::Faint, "again      ");
    page.line(&format!("  {label}{again}"));
    let label = page.ink(Ink::Faint, "explain    ");
    page.line(&format!("  {label}aios-wechat explain {}", rule.id));
}

fn case(page: &mut Page, case: &CaseResult) {
    page.line("");
    page.labelled("scenario", &case.name, None);
    if let Some(step) = case
        .steps
        .iter()
        .find(|step| step.outcome.needs_attention())
    {
        page.labelled("step", &step.text, None);
    }
    match &case.mismatch {
        Some(mismatch) => {
            page.labelled("expected", &mismatch.expected, Some(Ink::Good));
            page.labelled("observed", &mismatch.observed, Some(Ink::Bad));
            if let Some(difference) = difference(case) {
                page.labelled("differ in", &difference, None);
            }
        }
        None => page.labelled("message", &case.message, None),
    }
    picture(page, case);
    let last: Vec<_> = case
        .timeline
        .facts()
        .filter_map(|(_, fact)| match fact {
            Fact::Stderr { line, .. } => Some(line),
            _ => None,
        })
        .collect();
    for (number, line) in last[last.len().saturating_sub(LAST_WORDS)..]
        .iter()
        .enumerate()
    {
        let label = if number == 0 { "stderr" } else { "" };
        let label = page.ink(Ink::Faint, &format!("{label:<11}"));
        page.line(&format!("  {label}| {}", plain(line, 200)));
    }
}

/// The three lanes: lines down, arrows across, what was said beside them.
fn picture(page: &mut Page, case: &CaseResult) {
    if case.timeline.is_empty() {
        return;
    }
    let head = page.ink(Ink::Faint, "         ms   WeChat  adapter  AIOS");
    page.line(&head);
    for piece in excerpt(case, 2, 20) {
        match piece {
            Piece::Gap(count) => {
                let noun = if count == 1 { "entry" } else { "entries" };
                let line = page.ink(
                    Ink::Faint,
                    &format!("              ⋮ {count} {noun} left out"),
                );
                page.line(&line);
            }
            Piece::Entry { index, cited } => {
                let Some(entry) = case.timeline.entries().get(index) else {
                    continue;
                };
                row(page, entry, cited);
            }
        }
    }
}

fn row(page: &mut Page, entry: &Entry, cited: bool) {
    let told = Telling::of(&entry.what);
    let time = format!("{}.{}", entry.at_us / 1000, entry.at_us % 1000 / 100);
    let time = page.ink(Ink::Faint, &format!("{time:>9}"));
    let pointer = if cited { ">" } else { " " };
    let step = matches!(entry.what, Fact::Step { .. });
    let lanes = if step {
        "------------------".to_owned()
    } else {
        lanes(told.from, told.to)
    };
    let wrong = if told.wrong { "(!) " } else { "" };
    let width = page.style.width.saturating_sub(34).max(24);
    let kit = if told.from == Lane::Kit && !step {
        "(kit) "
    } else {
        ""
    };
    let text = format!("{kit}{wrong}{}", told.text);
    for (number, part) in wrap(&text, width).iter().enumerate() {
        let part = if cited {
            page.ink(Ink::Strong, part)
        } else {
            part.clone()
        };
        if number == 0 {
            page.line(&format!("{pointer} {time}   {lanes}  {part}"));
        } else {
            let empty = if step {
                "                  "
            } else {
                "│       │       │ "
            };
            page.line(&format!("              {empty}  {part}"));
        }
    }
}

/// Eighteen characters: three lines, and the arrow between two of them or the dot on one.
fn lanes(from: Lane, to: Option<Lane>) -> String {
    use Lane::{Adapter, Aios, Wechat};
    match (from, to) {
        (Wechat, Some(Adapter)) => "●──────▶│       │ ",
        (Adapter, Some(Wechat)) => "│◀──────●       │ ",
        (Adapter, Some(Aios)) => "│       ●──────▶│ ",
        (Aios, Some(Adapter)) => "│       │◀──────● ",
        (Wechat, _) => "●       │       │ ",
        (Adapter, _) => "│       ●       │ ",
        (Aios, _) => "│       │       ● ",
        (Lane::Kit, _) => "│       │       │ ",
    }
    .to_owned()
}

fn never_started(page: &mut Page, report: &Report, why: &str) {
    let head = page.ink(
        Ink::Doubt,
        "? The adapter never started, so no rule was tried.",
    );
    page.line(&head);
    page.labelled("command", &subject(&report.options), None);
    page.labelled("why", why, Some(Ink::Bad));
    let case = report.rules.iter().flat_map(|rule| &rule.scenarios).next();
    if let Some(case) = case {
        picture(page, case);
    }
    let hint = "an adapter reads one JSON-RPC message a line on stdin, answers on stdout, logs on \
                stderr: spec/driver.md shows every exchange";
    page.labelled("hint", hint, None);
    let contained = report.containment.as_ref();
    if contained.is_some_and(|containment| !containment.prevented.is_empty()) {
        let hint = "it could write only in its sandbox and connect only to WeChat; whether that is \
                    why shows with --containment off";
        page.labelled("hint", hint, None);
    }
}

fn entries(page: &mut Page, report: &Report) {
    use super::baseline::EntryState;
    for used in &report.baseline {
        let what = match used.state {
            EntryState::Stale => "passes now: remove its entry from the baseline",
            EntryState::Expired => {
                "has an entry in the baseline whose last day has passed: mend it, or give the entry another day"
            }
            EntryState::Deviation | EntryState::Unjudged => continue,
        };
        page.line("");
        let line = format!("! {} {what}", plain(&used.entry.id, 200));
        let line = page.ink(Ink::Bad, &line);
        page.line(&line);
        page.labelled("reason", &used.entry.reason, None);
    }
}

/// What a contained adapter was kept from, in a sentence.
fn contained(containment: &Containment) -> String {
    let open = format!("open: {}", containment.open.join(", "));
    let prevented = containment.prevented.join(", ");
    match &containment.reason {
        None => format!("prevented: {prevented}; {open}"),
        Some(why) if containment.prevented.is_empty() => format!("not at all: {why}"),
        Some(why) => format!("in part, since {why}; prevented: {prevented}; {open}"),
    }
}

fn closing(page: &mut Page, report: &Report) {
    page.line("");
    let ink = match report.exit_code() {
        0 => Ink::Good,
        1 => Ink::Bad,
        _ => Ink::Doubt,
    };
    let summary = page.ink(ink, &plain(&report.summary, WORDS));
    page.line(&summary);
    let counts = &report.counts;
    let parts: Vec<String> = [
        (counts.pass, "pass"),
        (counts.fail, "fail"),
        (counts.inconclusive, "inconclusive"),
        (counts.error, "error"),
        (counts.not_applicable, "not applicable"),
        (counts.untested, "untested"),
        (counts.deviation, "declared"),
        (counts.stale, "stale"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, name)| format!("{count} {name}"))
    .collect();
    page.line(&format!("rules: {}", parts.join(" · ")));
    if let Some(containment) = report
        .containment
        .as_ref()
        .filter(|_| is_command(&report.options))
    {
        page.labelled("contained", &contained(containment), None);
    }
    let mut line = String::new();
    if let Some(adapter) = &report.adapter {
        let _ = write!(
            line,
            "{} {} · ",
            plain(&adapter.adapter_id, 64),
            plain(&adapter.adapter_version, 64)
        );
    }
    let scenarios: usize = report.rules.iter().map(|rule| rule.scenarios.len()).sum();
    let noun = if scenarios == 1 {
        "scenario"
    } else {
        "scenarios"
    };
    let _ = write!(
        line,
        "{scenarios} {noun} · {}.{} s · seed {} · spec {} · suite {} · kit {}",
        report.took_ms / 1000,
        report.took_ms % 1000 / 100,
        report.seed,
        plain(&report.identity.spec, 40),
        plain(
            &report.identity.suite.chars().take(12).collect::<String>(),
            12
        ),
        plain(&report.identity.kit, 40),
    );
    let line = page.ink(Ink::Faint, &line);
    page.line(&line);
    if report.counts.error > 0 {
        page.line(
            "An `error` is a fault of the kit: please report it with the report.json of this run.",
        );
    }
}
