//! A rule on the page: a row that unfolds to its sentence, its scenarios and what was seen.

use std::fmt::Write as _; // writing to a `String` cannot fail

use super::super::baseline::Declared;
use super::super::command::again;
use super::super::difference::difference;
use super::super::excerpt::{excerpt, whole};
use super::super::model::{CaseResult, Report, RuleResult};
use super::super::outcome::Outcome;
use super::super::plain::plain;
use super::{badge, group, mark, picture, word, words};
use crate::evidence::Fact;

/// The most entries of a timeline on the page; `report.json` has them all.
const ENTRIES: usize = 300;
/// The most lines of standard error.
const LAST_WORDS: usize = 20;

/// Writes a rule.
pub(super) fn write(page: &mut String, report: &Report, rule: &RuleResult) {
    let open = if rule.outcome.needs_attention() {
        " open"
    } else {
        ""
    };
    let declared = match rule.baseline {
        Some(Declared::Deviation) => "<span class=\"declared\">declared</span> ",
        Some(Declared::Stale) => "<span class=\"declared\">stale entry</span> ",
        None => "",
    };
    let _ = write!(
        page,
        "<details class=\"rule {outcome}-{group}\"{open}>\n<summary>{} {declared}<span class=\"id\">{id}</span> \
         <span class=\"level\">{}</span> <span class=\"sentence\">{}</span></summary>\n\
         <div class=\"body\" id=\"{id}\">\n<dl class=\"about\">\n",
        badge(rule.outcome),
        rule.level,
        words(&rule.sentence),
        outcome = rule.outcome,
        group = group(rule.level),
        id = rule.id,
    );
    row(page, "Source", &rule.source);
    if let Some(why) = &rule.why {
        row(page, "Why it matters", why);
    }
    if let Some(reason) = &rule.reason {
        row(page, "Why there is no verdict", reason);
    }
    for used in &report.baseline {
        let id = rule.id.to_string();
        if used.entry.id == id || used.entry.id.starts_with(&format!("{id}/")) {
            row(page, "Declared", &used.entry.reason);
        }
    }
    if let Some(like) = &rule.resembles {
        // What stands in backticks elsewhere is not typed from here.
        row(page, "Looks like", &like.in_words().replace('`', ""));
    }
    let _ = writeln!(
        page,
        "<div><dt>Link</dt><dd><a href=\"#{id}\">#{id}</a></dd></div>\n</dl>",
        id = rule.id
    );
    // What somebody came for stands first.
    let (first, rest): (Vec<_>, Vec<_>) = rule
        .scenarios
        .iter()
        .partition(|case| case.outcome.needs_attention());
    for case in first.into_iter().chain(rest) {
        self::case(page, case);
    }
    if rule.outcome.needs_attention() {
        let _ = writeln!(
            page,
            "<h4>Try it again</h4>\n<pre class=\"command\" tabindex=\"0\"><code>{}</code></pre>\n\
             <p>More about the rule: <code>aios-wechat explain {}</code></p>",
            words(&again(&rule.id.to_string(), report.seed, &report.options)),
            rule.id
        );
    }
    page.push_str("</div>\n</details>\n");
}

fn row(page: &mut String, name: &str, value: &str) {
    let _ = writeln!(page, "<div><dt>{name}</dt><dd>{}</dd></div>", words(value));
}

fn case(page: &mut String, case: &CaseResult) {
    let _ = writeln!(
        page,
        "<section class=\"case {}\">\n<h4>{} {}</h4>",
        case.outcome,
        badge(case.outcome),
        words(&case.name)
    );
    if case.outcome.needs_attention() {
        parting(page, case);
        steps(page, case);
        page.push_str("<h5>Where they part</h5>\n");
        picture::write(page, &case.timeline, &excerpt(case, 3, 30), true);
        last_words(page, case);
    } else {
        let _ = writeln!(page, "<p>{}</p>", words(&case.message));
    }
    if !case.timeline.is_empty() {
        let count = case.timeline.len();
        let _ = writeln!(
            page,
            "<details class=\"all\"><summary>The whole timeline of “{}”: {count} {}</summary>",
            words(&case.name),
            if count == 1 { "entry" } else { "entries" }
        );
        picture::write(page, &case.timeline, &whole(case, ENTRIES), false);
        page.push_str("</details>\n");
    }
    page.push_str("</section>\n");
}

/// What was expected and what was seen, side by side where there is room.
fn parting(page: &mut String, case: &CaseResult) {
    page.push_str("<dl class=\"parting\">\n");
    match &case.mismatch {
        Some(mismatch) => {
            row(page, "Expected", &mismatch.expected);
            row(page, "Observed", &mismatch.observed);
            if let Some(difference) = difference(case) {
                row(page, "The two events differ in", &difference);
            }
        }
        None => row(page, "What happened", &case.message),
    }
    page.push_str("</dl>\n");
}

fn steps(page: &mut String, case: &CaseResult) {
    if case.steps.is_empty() {
        return;
    }
    page.push_str("<ol class=\"steps\">\n");
    for step in &case.steps {
        let (class, shown) = match step.outcome {
            Outcome::Untested => ("untested", "not reached".to_owned()),
            outcome => (outcome.as_str(), word(outcome)),
        };
        let _ = writeln!(
            page,
            "<li class=\"{class}\"><span aria-hidden=\"true\">{}</span> {} <span class=\"vh\">({shown})</span></li>",
            mark(step.outcome),
            words(&step.text),
        );
    }
    page.push_str("</ol>\n");
}

fn last_words(page: &mut String, case: &CaseResult) {
    let lines: Vec<String> = case
        .timeline
        .facts()
        .filter_map(|(_, fact)| match fact {
            Fact::Stderr { line, .. } => Some(super::escape(&plain(line, 400))),
            _ => None,
        })
        .collect();
    let last = &lines[lines.len().saturating_sub(LAST_WORDS)..];
    if !last.is_empty() {
        let _ = writeln!(
            page,
            "<h5>The adapter&#39;s last words on standard error</h5>\n<pre tabindex=\"0\">{}</pre>",
            last.join("\n")
        );
    }
}
