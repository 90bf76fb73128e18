//! One page for reading: self-contained, without a script, safe to open whatever the adapter said.
//!
//! Filters are form fields that the style sheet looks at; rules unfold by themselves. So the page
//! works from a file, on servers that forbid scripts, and on paper.

mod picture;
mod rule;

use std::fmt::Write as _; // writing to a `String` cannot fail

use super::baseline::EntryState;
use super::claim::Claim;
use super::command;
use super::model::{Report, RuleResult};
use super::outcome::Outcome;
use super::plain::plain;
use crate::suite::Level;

/// The style sheet, without the part that follows from the lists of outcomes and levels.
const STYLE: &str = include_str!("page.css");
/// The most characters of one paragraph.
const PARAGRAPH: usize = 2000;

/// The report as one HTML page.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut page = String::new();
    head(&mut page, report);
    page.push_str("<body>\n<a class=\"skip\" href=\"#rules\">Skip to the rules</a>\n");
    header(&mut page, report);
    page.push_str("<main>\n");
    attention(&mut page, report);
    entries(&mut page, report);
    identity(&mut page, report);
    page.push_str("<section aria-labelledby=\"rules\">\n<h2 id=\"rules\">Rules</h2>\n");
    filters(&mut page, report);
    for family in report.rules.chunk_by(|a, b| a.id.family() == b.id.family()) {
        self::family(&mut page, report, family);
    }
    page.push_str("</section>\n</main>\n");
    footer(&mut page, report);
    page.push_str("</body>\n</html>\n");
    page
}

/// Anybody's words as the text of an element or an attribute: cut, on one line, without markup.
fn words(text: &str) -> String {
    escape(&plain(text, PARAGRAPH))
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
    out
}

/// The group of levels that a filter knows.
fn group(level: Level) -> &'static str {
    match level {
        Level::Must | Level::MustNot => "must",
        Level::Should | Level::ShouldNot => "should",
        Level::May => "may",
    }
}

/// The mark of an outcome; it stands beside the word and never alone.
fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "✓",
        Outcome::Fail => "✗",
        Outcome::Inconclusive => "?",
        Outcome::Error => "!",
        Outcome::NotApplicable => "–",
        Outcome::Untested => "·",
    }
}

/// The word of an outcome for people.
fn word(outcome: Outcome) -> String {
    outcome.as_str().replace('_', " ")
}

fn badge(outcome: Outcome) -> String {
    format!(
        "<span class=\"badge {}\"><span aria-hidden=\"true\">{}</span> {}</span>",
        outcome.as_str(),
        mark(outcome),
        word(outcome)
    )
}

fn head(page: &mut String, report: &Report) {
    let adapter = report.adapter.as_ref().map_or_else(
        || "no adapter".to_owned(),
        |adapter| format!("{} {}", adapter.adapter_id, adapter.adapter_version),
    );
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{} · {} · WeChat Integration v0</title>\n<style>\n{STYLE}{}</style>\n</head>\n",
        report.claim.words(),
        words(&adapter),
        shown_by_filters(),
    );
}

/// What the filters show: a rule, and its family, if both its outcome and its level are ticked.
fn shown_by_filters() -> String {
    let mut style = String::from(
        "@supports selector(:has(a)) {\n.filters { display: flex }\n.rule, .family { display: none }\n",
    );
    for outcome in Outcome::ALL {
        for level in ["must", "should", "may"] {
            let _ = writeln!(
                style,
                "body:has(#show-{outcome}:checked):has(#show-{level}:checked) .{outcome}-{level} {{ display: block }}"
            );
        }
    }
    // A link leads to its rule whatever the filters say.
    style.push_str(".rule:has(> .body:target), .family:has(.body:target) { display: block }\n");
    // A page without a filter for a level shows that level.
    style.push_str("}\n");
    style
}

fn header(page: &mut String, report: &Report) {
    let kind = match report.claim {
        Claim::Conformant | Claim::ConformantWithNotes => "good",
        Claim::NotConformant => "bad",
        Claim::Inconclusive | Claim::Partial => "open",
    };
    let (claim, counts) = report
        .summary
        .split_once(" · ")
        .unwrap_or((&report.summary, ""));
    let _ = write!(
        page,
        "<header class=\"{kind}\">\n<p class=\"kicker\">Conformance of a WeChat adapter with \
         WeChat Integration v0 in AIOS</p>\n<h1>{}</h1>\n<p class=\"counts\">{}</p>\n<p>{}</p>\n",
        words(claim),
        words(counts),
        meaning(report),
    );
    if let Some(why) = &report.never_started {
        let _ = writeln!(
            page,
            "<div class=\"notice\"><p><strong>The adapter never started, so no rule was tried.</strong></p>\
             <p>{}</p></div>",
            words(why)
        );
    }
    page.push_str("</header>\n");
}

/// What took part: without it a claim is worth nothing.
fn identity(page: &mut String, report: &Report) {
    page.push_str(
        "<section aria-labelledby=\"run\">\n<h2 id=\"run\">The run</h2>\n<dl class=\"identity\">\n",
    );
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(page, "<div><dt>{name}</dt><dd>{}</dd></div>", words(value));
    };
    if let Some(adapter) = &report.adapter {
        row(
            "Adapter",
            &format!("{} {}", adapter.adapter_id, adapter.adapter_version),
        );
        row("Claimed features", &adapter.features.join(", "));
    }
    row("Started with", &command::subject(&report.options));
    if let Some(at) = &report.started_at {
        row("Run at", at);
    }
    let scenarios: usize = report.rules.iter().map(|rule| rule.scenarios.len()).sum();
    row(
        "Scenarios",
        &format!(
            "{scenarios} in {}.{} s",
            report.took_ms / 1000,
            report.took_ms % 1000 / 100
        ),
    );
    row("Seed", &report.seed.to_string());
    row("Selection", &selection(report));
    row("Specification", &report.identity.spec);
    row("Suite", &report.identity.suite);
    row(
        "Kit",
        &format!(
            "{}, driver protocol {}",
            report.identity.kit, report.identity.protocol_version
        ),
    );
    page.push_str("</dl>\n</section>\n");
}

fn selection(report: &Report) -> String {
    let options = &report.options;
    let mut parts = Vec::new();
    if options.rules.is_empty() {
        parts.push("all rules".to_owned());
    } else {
        parts.push(families(report).join(", "));
    }
    if options.level != "all" {
        parts.push(format!("level {}", options.level));
    }
    if let Some(shard) = options.shard {
        parts.push(format!("part {} of {}", shard.number, shard.of));
    }
    if options.strict {
        parts.push("a failing SHOULD counts".to_owned());
    }
    parts.join(" · ")
}

/// The rules that were asked for, a family that was asked for whole by its name.
fn families(report: &Report) -> Vec<String> {
    let asked = &report.options.rules;
    let mut named = Vec::new();
    for family in report.rules.chunk_by(|a, b| a.id.family() == b.id.family()) {
        let ids = family.iter().map(|rule| rule.id.to_string());
        let own: Vec<String> = ids.filter(|id| asked.contains(id)).collect();
        if own.len() == family.len() && own.len() > 1 {
            named.push(family[0].id.family().to_string());
        } else {
            named.extend(own);
        }
    }
    named
}

/// The claim explained to somebody who has never seen one.
fn meaning(report: &Report) -> String {
    let counts = &report.counts;
    let binding = |outcome: Outcome| {
        report
            .rules
            .iter()
            .filter(|rule| rule.level.binds() && rule.outcome == outcome)
            .count()
    };
    let rules = |count: usize| {
        format!(
            "{count} binding {}",
            if count == 1 { "rule" } else { "rules" }
        )
    };
    let text = match report.claim {
        Claim::Conformant => "Every binding rule that applies was tried and kept.".to_owned(),
        Claim::ConformantWithNotes => {
            "Every binding rule that applies was kept; a recommendation was not.".to_owned()
        }
        Claim::NotConformant => {
            let declared = if report.deviates_as_declared() {
                ", as its author declares"
            } else {
                ""
            };
            format!(
                "The adapter broke {}{declared}.",
                rules(binding(Outcome::Fail))
            )
        }
        Claim::Inconclusive if report.never_started.is_some() => "Nothing was tried.".to_owned(),
        Claim::Inconclusive => {
            let open = binding(Outcome::Inconclusive) + binding(Outcome::Error);
            format!("{} could not be decided.", rules(open))
        }
        Claim::Partial if report.interrupted => {
            "The run was interrupted, so nothing is claimed.".to_owned()
        }
        Claim::Partial => "Only a part of the suite ran, so nothing is claimed.".to_owned(),
    };
    let mut more = Vec::new();
    if counts.error > 0 {
        more.push("An error is a fault of the kit, not of the adapter: please report it.");
    }
    if counts.not_applicable > 0 {
        more.push("Rules about features that the adapter does not claim do not apply.");
    }
    escape(&format!("{text} {}", more.join(" ")))
}

/// What needs a look, before everything else: the rule and what was seen, a line each.
fn attention(page: &mut String, report: &Report) {
    let rules: Vec<&RuleResult> = report
        .rules
        .iter()
        .filter(|rule| rule.outcome.needs_attention())
        .collect();
    if rules.is_empty() {
        return;
    }
    page.push_str("<section aria-labelledby=\"attention\">\n<h2 id=\"attention\">What did not pass</h2>\n<ul class=\"attention\">\n");
    for rule in rules {
        let case = rule
            .scenarios
            .iter()
            .find(|case| case.outcome.needs_attention());
        let seen = case.map_or(String::new(), |case| match &case.mismatch {
            Some(mismatch) => format!(
                "Expected {}; observed {}",
                plain(&mismatch.expected, 200),
                plain(&mismatch.observed, 200)
            ),
            None => plain(&case.message, 400),
        });
        let _ = writeln!(
            page,
            "<li>{} <a href=\"#{id}\">{id}</a> <span class=\"level\">{}</span> {}\
             <span class=\"seen\">{}</span></li>",
            badge(rule.outcome),
            rule.level,
            words(&rule.sentence),
            escape(&seen),
            id = rule.id,
        );
    }
    page.push_str("</ul>\n</section>\n");
}

fn entries(page: &mut String, report: &Report) {
    if report.baseline.is_empty() {
        return;
    }
    page.push_str(
        "<section aria-labelledby=\"baseline\">\n<h2 id=\"baseline\">Declared deviations</h2>\n\
         <p>Declared by the adapter&#39;s author. They decide whether a build goes on, never the claim.</p>\n\
         <div class=\"wide\" tabindex=\"0\" role=\"region\" aria-labelledby=\"baseline\"><table>\n\
         <thead><tr><th scope=\"col\">Rule or scenario</th><th scope=\"col\">State</th>\
         <th scope=\"col\">Reason</th><th scope=\"col\">Tracked in</th><th scope=\"col\">Expires</th></tr></thead>\n<tbody>\n",
    );
    for used in &report.baseline {
        let state = match used.state {
            EntryState::Deviation => "fails, as declared",
            EntryState::Stale => "passes now: remove the entry",
            EntryState::Expired => "expired: remove the entry",
            EntryState::Unjudged => "not judged in this run",
        };
        let rule = used.entry.id.split('/').next().unwrap_or_default();
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\"><a href=\"#{}\">{}</a></th><td>{state}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            words(rule),
            words(&used.entry.id),
            words(&used.entry.reason),
            words(used.entry.issue.as_deref().unwrap_or("")),
            words(used.entry.expires.as_deref().unwrap_or("")),
        );
    }
    page.push_str("</tbody>\n</table></div>\n</section>\n");
}

/// Fields that the style sheet looks at; without them nothing is hidden.
fn filters(page: &mut String, report: &Report) {
    page.push_str(
        "<form class=\"filters\" aria-label=\"Show rules\">\n<fieldset><legend>Outcome</legend>\n",
    );
    for outcome in Outcome::ALL {
        let count = report
            .rules
            .iter()
            .filter(|rule| rule.outcome == outcome)
            .count();
        // Of a part of the suite, what was not asked for is out of the way.
        let aside = outcome == Outcome::Untested && report.rules.iter().any(|r| !r.is_selected());
        field(page, outcome.as_str(), &word(outcome), count, !aside);
    }
    page.push_str("</fieldset>\n<fieldset><legend>Level</legend>\n");
    for (id, name) in [("must", "MUST"), ("should", "SHOULD"), ("may", "MAY")] {
        let count = report
            .rules
            .iter()
            .filter(|rule| group(rule.level) == id)
            .count();
        field(page, id, name, count, true);
    }
    page.push_str("</fieldset>\n</form>\n");
}

fn field(page: &mut String, id: &str, name: &str, count: usize, ticked: bool) {
    // What does not occur is not offered, and stays ticked.
    let hidden = if count == 0 { " hidden" } else { "" };
    let ticked = if ticked { " checked" } else { "" };
    let _ = writeln!(
        page,
        "<label{hidden}><input type=\"checkbox\" id=\"show-{id}\"{ticked} autocomplete=\"off\"> {name} \
         <span class=\"count\">{count}</span></label>"
    );
}

fn family(page: &mut String, report: &Report, rules: &[RuleResult]) {
    let Some(first) = rules.first() else { return };
    let mut classes: Vec<String> = rules
        .iter()
        .map(|rule| format!("{}-{}", rule.outcome, group(rule.level)))
        .collect();
    classes.sort();
    classes.dedup();
    let counts: Vec<String> = Outcome::ALL
        .into_iter()
        .map(|outcome| {
            (
                outcome,
                rules.iter().filter(|rule| rule.outcome == outcome).count(),
            )
        })
        .filter(|(_, count)| *count > 0)
        .map(|(outcome, count)| format!("{count} {}", word(outcome)))
        .collect();
    let _ = writeln!(
        page,
        "<section class=\"family {}\" aria-labelledby=\"{code}\">\n<h3 id=\"{code}\">{} <code>{code}</code> \
         <span class=\"count\">{}</span></h3>",
        classes.join(" "),
        words(&first.family),
        counts.join(" · "),
        code = first.id.family(),
    );
    for rule in rules {
        rule::write(page, report, rule);
    }
    page.push_str("</section>\n");
}

fn footer(page: &mut String, report: &Report) {
    let _ = writeln!(
        page,
        "<footer><p>Made by aios-wechat {} from report.json, which holds everything that was seen. \
         Times are milliseconds since a scenario began.</p></footer>",
        words(&report.identity.kit)
    );
}
