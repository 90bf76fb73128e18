//! CTRF, the common test report format: one test a scenario.

use serde_json::{Map, Value, json};

use super::gate::{Gate, STALE};
use super::model::{CaseResult, Report, RuleResult};
use super::outcome::Outcome;
use super::plain::plain;
use super::terminal;

/// The version of the format that is written.
const VERSION: &str = "0.1.0";
/// The most characters of a message.
const MESSAGE: usize = 4000;

/// The report as a CTRF document.
///
/// A deviation that does not break the build is `other`; its outcome stands in `rawStatus`.
#[must_use]
pub fn render(report: &Report) -> String {
    let tests: Vec<Value> = match &report.never_started {
        Some(why) => vec![never_started(report, why)],
        None => report
            .rules
            .iter()
            .filter(|rule| rule.is_selected())
            .flat_map(|rule| of_rule(report, rule))
            .collect(),
    };
    let count = |status: &str| tests.iter().filter(|test| test["status"] == status).count();
    let start: i64 = report
        .started_at
        .as_ref()
        .and_then(|at| at.parse::<jiff::Timestamp>().ok())
        .map_or(0, jiff::Timestamp::as_millisecond);
    let stop = start.saturating_add(i64::try_from(report.took_ms).unwrap_or(i64::MAX));
    let document = json!({
        "reportFormat": "CTRF",
        "specVersion": VERSION,
        "generatedBy": format!("aios-wechat {}", plain(&report.identity.kit, 40)),
        "results": {
            "tool": {"name": "aios-wechat", "version": report.identity.kit},
            "summary": {
                "tests": tests.len(),
                "passed": count("passed"),
                "failed": count("failed"),
                "skipped": count("skipped"),
                "pending": count("pending"),
                "other": count("other"),
                "start": start,
                "stop": stop,
                "duration": report.took_ms,
                "extra": {
                    "claim": report.claim,
                    "summary": report.summary,
                    "seed": report.seed,
                    "suite": report.identity.suite,
                },
            },
            "environment": environment(report),
            "tests": tests,
        },
    });
    format!("{document:#}\n")
}

fn environment(report: &Report) -> Value {
    let mut fields = Map::new();
    if let Some(adapter) = &report.adapter {
        fields.insert("appName".to_owned(), json!(plain(&adapter.adapter_id, 256)));
        fields.insert(
            "appVersion".to_owned(),
            json!(plain(&adapter.adapter_version, 256)),
        );
    }
    Value::Object(fields)
}

fn of_rule(report: &Report, rule: &RuleResult) -> Vec<Value> {
    if rule.scenarios.is_empty() {
        let status = match rule.outcome {
            Outcome::Untested => "pending",
            _ => "skipped",
        };
        let mut test = test(
            rule,
            &rule.id.to_string(),
            &rule.sentence,
            status,
            rule.outcome,
        );
        if let Some(reason) = &rule.reason {
            test.insert("message".to_owned(), json!(plain(reason, MESSAGE)));
        }
        return vec![Value::Object(test)];
    }
    rule.scenarios
        .iter()
        .map(|case| of_case(report, rule, case))
        .collect()
}

fn of_case(report: &Report, rule: &RuleResult, case: &CaseResult) -> Value {
    let gate = Gate::of(rule, case, &report.options);
    let status = match gate {
        Gate::Open => "passed",
        Gate::Shut => "failed",
        Gate::Noted(_) | Gate::Undecided => "other",
        Gate::Skipped => "skipped",
    };
    let mut test = test(rule, &case.id.to_string(), &case.name, status, case.outcome);
    test.insert("duration".to_owned(), json!(case.took_us / 1000));
    let message = match gate {
        Gate::Shut if case.outcome == Outcome::Pass => STALE.to_owned(),
        Gate::Noted(why) => format!("{why}: {}", case.message),
        _ => case.message.clone(),
    };
    test.insert("message".to_owned(), json!(plain(&message, MESSAGE)));
    if case.outcome.needs_attention() {
        test.insert(
            "trace".to_owned(),
            json!(terminal::scenario(report, rule, case)),
        );
    }
    Value::Object(test)
}

fn test(
    rule: &RuleResult,
    id: &str,
    name: &str,
    status: &str,
    outcome: Outcome,
) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert(
        "name".to_owned(),
        json!(format!("{}: {}", rule.id, plain(name, 500))),
    );
    fields.insert("status".to_owned(), json!(status));
    fields.insert("rawStatus".to_owned(), json!(outcome.as_str()));
    fields.insert("duration".to_owned(), json!(0));
    fields.insert(
        "suite".to_owned(),
        json!([
            format!("{} {}", rule.id.family(), rule.family),
            rule.id.to_string()
        ]),
    );
    fields.insert(
        "tags".to_owned(),
        json!([rule.id.to_string(), rule.level.tag()]),
    );
    fields.insert(
        "extra".to_owned(),
        json!({
            "id": id,
            "rule": rule.id.to_string(),
            "level": rule.level.keyword(),
            "sentence": rule.sentence,
            "source": rule.source,
        }),
    );
    fields
}

fn never_started(report: &Report, why: &str) -> Value {
    json!({
        "name": "The adapter starts",
        "status": "other",
        "rawStatus": "never_started",
        "duration": report.took_ms,
        "message": plain(why, MESSAGE),
    })
}
