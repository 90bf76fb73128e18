//! `explain`: whatever a report mentions can be looked up.

use std::collections::BTreeSet;

use aios_wechat::adapter::Breach;
use aios_wechat::cli::Exit;
use aios_wechat::cli::catalogue::{ExplainArgs, ListFormat, explain_by};
use aios_wechat::contract::{Code, Feature, Kind};
use aios_wechat::mutant;
use aios_wechat::publish;
use aios_wechat::suite::Suite;
use serde_json::Value;

/// The exit and what is said on standard output.
fn explained(suite: &Suite, what: &str, format: ListFormat) -> (Exit, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = ExplainArgs {
        what: what.to_owned(),
        format,
    };
    let exit = explain_by(suite, &args, &mut out, &mut err).unwrap();
    (exit, String::from_utf8(out).unwrap())
}

/// Every word of every closed set of a schema.
fn words(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            // A set of one says which document or branch it is, and is no word that is chosen.
            let single = members.get("properties").and_then(|all| all.get("fact"));
            found.extend(
                single
                    .and_then(|fact| fact["const"].as_str())
                    .map(str::to_owned),
            );
            let choices = members.get("oneOf").and_then(Value::as_array);
            let choices = choices.into_iter().flatten();
            found.extend(
                choices
                    .filter_map(|choice| choice["const"].as_str())
                    .map(str::to_owned),
            );
            let set = members.get("enum").and_then(Value::as_array);
            let set = set.into_iter().flatten();
            found.extend(set.filter_map(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| words(member, found));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| words(entry, found)),
        _ => {}
    }
}

#[test]
fn whatever_a_report_mentions_is_explained() {
    let mut names = BTreeSet::new();
    for kind in Kind::ALL {
        words(&publish::schema(*kind), &mut names);
    }
    // Outcomes, claims, marks of a baseline, levels, kinds of facts, features, statuses, codes.
    for word in [
        "inconclusive",
        "not_applicable",
        "conformant_with_notes",
        "partial",
        "stale",
        "expired",
        "MUST NOT",
        "fence_held",
        "strayed",
        "virtual_time",
        "pairing_denied",
        "access_denied",
        "unreachable",
        "degraded",
        "duplicate",
    ] {
        assert!(names.contains(word), "{word} is in no schema");
    }
    names.extend(
        Code::WORDS
            .iter()
            .chain(Feature::WORDS)
            .map(ToString::to_string),
    );
    names.extend(Breach::ALL.map(|breach| breach.code().to_owned()));
    names.extend(mutant::all().map(|mutant| mutant.name.to_owned()));
    names.extend(
        [
            -32700, -32600, -32601, -32602, -32001, -32002, -32003, -32004, -32005,
        ]
        .map(|code: i32| code.to_string()),
    );
    let suite = Suite::embedded().unwrap();
    for requirement in suite.requirements() {
        names.insert(requirement.id.to_string());
        names.extend(requirement.cases.iter().map(|case| case.id.to_string()));
    }
    names.extend(suite.families.iter().map(|family| family.code.to_string()));
    assert!(names.len() > 500, "{}", names.len());
    for name in &names {
        let (exit, text) = explained(&suite, name, ListFormat::Text);
        assert_eq!(exit, Exit::Success, "{name}");
        // A heading and at least one sentence.
        assert!(
            text.lines().count() >= 3 && !text.contains("\n\n.\n"),
            "{name}: {text}"
        );
    }
}

#[test]
fn a_word_is_explained_in_each_of_its_meanings() {
    let suite = Suite::embedded().unwrap();
    let (_, text) = explained(&suite, "session_expired", ListFormat::Text);
    for part in [
        "session_expired  (code of the contract)",
        "To do: show `unhealthy`",
        "session_expired  (what happened to the channel)\n\nThe login has expired.",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    let (_, text) = explained(&suite, "not_json", ListFormat::Text);
    assert!(
        text.contains("(fault of a document)") && text.contains("(breach of the driver protocol)"),
        "{text}"
    );
    let (_, text) = explained(&suite, "stopped", ListFormat::Json);
    let meanings: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(meanings["meanings"].as_array().unwrap().len(), 2, "{text}");
    assert_eq!(meanings["rules"].as_array().unwrap().len(), 0);
}

#[test]
fn codes_say_what_to_do_and_nonsense_is_a_usage_error() {
    let suite = Suite::embedded().unwrap();
    for code in [
        "context_unavailable",
        "missing_member",
        "-32602",
        "unknown_id",
        "forwards-redeliveries",
    ] {
        let (exit, text) = explained(&suite, code, ListFormat::Text);
        assert!(
            exit == Exit::Success && text.contains("To do: "),
            "{code}: {text}"
        );
    }
    for nonsense in [
        "WX-NONSENSE-001",
        "WX-DEDUP-001/no-such-scenario",
        "nonsense",
        "",
    ] {
        assert_eq!(
            explained(&suite, nonsense, ListFormat::Text),
            (Exit::Usage, String::new()),
            "{nonsense}"
        );
    }
}
