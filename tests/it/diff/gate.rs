//! The gate: versions, changelog, waivers, rules and ways, on the repository's own files with something changed.

use std::collections::BTreeMap;

use aios_wechat::diff::{Difference, DocumentEffect, RuleEffect, Tree, Waivers, compare};
use serde_json::{Value, json};

use crate::tree;

type Files = BTreeMap<String, String>;

/// The files of the repository that are compared.
pub(super) fn files() -> Files {
    let mut files = Files::new();
    let mut open = ["features", "spec/schema"].map(str::to_owned).to_vec();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(tree::root().join(&folder)).unwrap() {
            let path = format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy());
            if Tree::wants(&path) {
                files.insert(path.clone(), tree::text(&path));
            }
        }
    }
    for path in ["spec/requirements.json", "Cargo.toml"] {
        files.insert(path.to_owned(), tree::text(path));
    }
    files.insert(
        "Cargo.toml".to_owned(),
        "[package]\nversion = \"0.1.0\"\n".to_owned(),
    );
    files.insert("spec/CHANGELOG.md".to_owned(), CHANGELOG.to_owned());
    files
}

const CHANGELOG: &str = "# Changelog\n\n## Kit 0.1.0 · specification v0 (draft) · driver protocol 1\n\n- Document: all kinds.\n";

/// Changes the definition of every published schema that has it.
pub(super) fn in_schemas(files: &mut Files, change: fn(&mut serde_json::Map<String, Value>)) {
    let schemas = files
        .iter_mut()
        .filter(|(path, _)| path.ends_with(".schema.json"));
    for (_, text) in schemas {
        let mut schema: Value = serde_json::from_str(text).unwrap();
        if let Some(parts) = schema["$defs"].as_object_mut() {
            change(parts);
        }
        *text = schema.to_string();
    }
}

fn quiet_hours(parts: &mut serde_json::Map<String, Value>) {
    if let Some(policy) = parts.get_mut("Policy") {
        policy["properties"]["quiet_hours"] = json!({"type": "boolean"});
    }
}

/// A word that only adapters write.
fn later(parts: &mut serde_json::Map<String, Value>) {
    if let Some(status) = parts.get_mut("ReceiptStatus") {
        status["enum"].as_array_mut().unwrap().push(json!("late"));
    }
}

fn gate(old: &Files, new: &Files) -> Difference {
    let (old, new) = (Tree::read(old).unwrap(), Tree::read(new).unwrap());
    compare(("old", &old), ("new", &new), 1)
}

fn names(difference: &Difference) -> Vec<&str> {
    difference
        .findings
        .iter()
        .map(|finding| finding.name.as_str())
        .collect()
}

/// The files with a new section of the changelog and the kit at this version.
fn announced(mut files: Files, kit: &str, entries: &str) -> Files {
    let heading =
        format!("## Kit {kit} (unreleased) · specification v0 (draft) · driver protocol 1");
    let changelog = CHANGELOG.replace("\n## ", &format!("\n{heading}\n\n{entries}\n\n## "));
    files.insert("spec/CHANGELOG.md".to_owned(), changelog);
    files.insert(
        "Cargo.toml".to_owned(),
        format!("[package]\nversion = \"{kit}\"\n"),
    );
    files
}

#[test]
fn nothing_changed_is_nothing_to_do() {
    let difference = gate(&files(), &files());
    assert!(
        difference.is_fine() && difference.is_empty(),
        "{}",
        difference.text()
    );
    assert_eq!(difference.same.len(), 13);
}

#[test]
fn an_optional_member_of_a_closed_document_breaks_the_adapters_that_read_it() {
    let (old, mut new) = (files(), files());
    in_schemas(&mut new, quiet_hours);
    let difference = gate(&old, &new);
    let kinds: Vec<(&str, DocumentEffect)> = difference
        .documents
        .iter()
        .map(|d| (d.kind.as_str(), d.change))
        .collect();
    assert_eq!(kinds[0], ("config", DocumentEffect::Breaks));
    // What holds it changes with it, and the driver protocol itself does not.
    assert_eq!(difference.documents[1].carried, ["config"]);
    assert_eq!(difference.documents[2].carried, ["config"]);
    assert_eq!(
        names(&difference),
        ["changelog:breaks", "changelog:heading", "version:kit"]
    );
    let versions: Vec<_> = difference
        .versions
        .iter()
        .map(|v| (v.name, v.wanted.as_deref()))
        .collect();
    assert_eq!(
        versions,
        [
            ("kit", Some("0.2.0")),
            ("specification", None),
            ("driver protocol", None)
        ]
    );
    let text = difference.text();
    for part in [
        "BREAKS: adapters in the field break",
        "\"quiet_hours\": true",
        "/policy/quiet_hours: there is no such member",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
        assert!(
            difference.markdown().contains(part) || part.starts_with("BREAKS: "),
            "{part}"
        );
    }

    let done = announced(
        new,
        "0.2.0",
        "- Document: config breaks adapters\n  in the field: `policy.quiet_hours`.",
    );
    let difference = gate(&old, &done);
    assert!(difference.is_fine(), "{}", difference.text());
}

#[test]
fn the_changelog_has_to_say_the_same_as_the_gate() {
    let (old, mut new) = (files(), files());
    in_schemas(&mut new, quiet_hours);
    let wrong = announced(new.clone(), "0.2.0", "- Document: config has quiet hours.");
    assert_eq!(names(&gate(&old, &wrong)), ["changelog:breaks"]);
    let early = announced(
        new,
        "0.1.1",
        "- Document: config breaks adapters in the field.",
    );
    assert_eq!(
        names(&gate(&old, &early)),
        ["changelog:heading", "version:kit"]
    );
    let mut calm = files();
    in_schemas(&mut calm, later);
    let loud = announced(calm, "0.1.1", "- Document: receipt breaks everything.");
    assert_eq!(names(&gate(&old, &loud)), ["changelog:calm"]);
}

#[test]
fn a_word_that_only_a_new_adapter_writes_breaks_nothing_in_use() {
    let (old, mut new) = (files(), files());
    in_schemas(&mut new, later);
    let difference = gate(&old, &new);
    let receipt = difference
        .documents
        .iter()
        .find(|d| d.kind == "receipt")
        .unwrap();
    assert_eq!(receipt.change, DocumentEffect::Compatible);
    assert_eq!(
        receipt
            .ways
            .iter()
            .map(|way| way.answer.is_fine())
            .collect::<Vec<_>>(),
        [true, false]
    );
    assert_eq!(difference.versions[0].wanted.as_deref(), Some("0.1.1"));
}

#[test]
fn a_line_of_the_protocol_that_is_no_longer_read_moves_the_protocol() {
    let (old, mut new) = (files(), files());
    in_schemas(&mut new, |parts| {
        if let Some(params) = parts.get_mut("InitializeParams") {
            params["properties"]["locale"] = json!({"type": "string"});
        }
    });
    let difference = gate(&old, &new);
    assert_eq!(
        difference.versions[2].wanted.as_deref(),
        Some("2"),
        "{}",
        difference.text()
    );
    assert!(
        names(&difference).contains(&"version:driver protocol"),
        "{:?}",
        names(&difference)
    );
}

#[test]
fn what_is_undecided_is_never_green() {
    let (old, mut new) = (files(), files());
    in_schemas(&mut new, |parts| {
        if let Some(policy) = parts.get_mut("Policy") {
            policy["minProperties"] = json!(1);
        }
    });
    let difference = gate(&old, &new);
    assert!(
        names(&difference)
            .iter()
            .any(|name| name.starts_with("undecided:config:")),
        "{:?}",
        names(&difference)
    );
    let mut broken = files();
    broken.insert("features/new.feature".to_owned(), "no feature".to_owned());
    assert!(names(&gate(&files(), &broken)).contains(&"undecided:rules"));
    let mut none = files();
    none.retain(|path, _| !path.starts_with("features/"));
    assert!(names(&gate(&files(), &none)).contains(&"undecided:rules"));
}

#[test]
fn a_document_put_differently_asks_for_nothing() {
    let (old, mut new) = (files(), files());
    in_schemas(&mut new, |parts| {
        if let Some(slug) = parts.get_mut("Slug") {
            slug["description"] = json!("Another word for it.");
        }
    });
    let difference = gate(&old, &new);
    assert!(difference.is_fine(), "{}", difference.text());
    assert!(
        difference
            .documents
            .iter()
            .all(|d| d.change == DocumentEffect::Reworded || !d.carried.is_empty())
    );
}

#[test]
fn a_waiver_lets_a_finding_stand_until_its_day() {
    let (old, mut new) = (files(), files());
    in_schemas(&mut new, quiet_hours);
    let waivers = r#"{"waivers": [
        {"finding": "version:kit", "reason": "the release moves it", "expires": "2026-03-31"},
        {"finding": "changelog:gone", "reason": "once", "expires": "2026-03-31"}
    ]}"#;
    let waivers = Waivers::read(waivers).unwrap();
    let mut difference = gate(&old, &new);
    difference.waive(&waivers, "2026-03-31".parse().unwrap());
    assert_eq!(
        names(&difference),
        [
            "changelog:breaks",
            "changelog:heading",
            "waiver:changelog:gone"
        ]
    );
    assert!(
        difference
            .text()
            .contains("until 2026-03-31: the release moves it")
    );
    let mut late = gate(&old, &new);
    late.waive(&waivers, "2026-04-01".parse().unwrap());
    assert!(names(&late).contains(&"version:kit") && names(&late).contains(&"waiver:version:kit"));
}

#[test]
fn a_waiver_without_reason_or_day_is_refused() {
    for (text, why) in [
        (
            r#"{"waivers": [{"finding": "a", "reason": " ", "expires": "2027-01-01"}]}"#,
            "no reason",
        ),
        (
            r#"{"waivers": [{"finding": "a", "reason": "b", "expires": "soon"}]}"#,
            "not on a day",
        ),
        (
            r#"{"waivers": [{"finding": "a", "reason": "b"}]}"#,
            "expires",
        ),
        (r#"{"waivers": [], "more": 1}"#, "more"),
    ] {
        let error = Waivers::read(text).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

/// The repository with one family of rules besides.
fn with_rules(rules: &str) -> Files {
    let mut files = files();
    files.retain(|path, _| !path.starts_with("features/"));
    let text = format!("@WX-DEDUP\nFeature: Deduplication\n{rules}");
    files.insert("features/deduplication.feature".to_owned(), text);
    files
}

fn rule(number: u16, level: &str, sentence: &str, tags: &str, then: &str) -> String {
    format!(
        "\n  @WX-DEDUP-{number:03} @{level} {tags}\n  Rule: {sentence}\n    Source: seed, Scope\n\n    \
         Scenario: One\n      Given a running adapter\n      Then {then}\n"
    )
}

#[test]
fn changes_of_rules_are_told_by_their_effect() {
    let one = |level: &str, sentence: &str, tags: &str, then: &str| {
        with_rules(&rule(1, level, sentence, tags, then))
    };
    let old = one("SHOULD", "The adapter SHOULD forward", "", "it rests");
    let effects = |new: &Files| -> Vec<(RuleEffect, bool)> {
        gate(&old, new)
            .rules
            .iter()
            .map(|change| (change.effect, change.breaks))
            .collect()
    };
    assert_eq!(effects(&old), []);
    assert_eq!(
        effects(&one("MUST", "The adapter MUST forward", "", "it rests")),
        [(RuleEffect::Tightened, true)]
    );
    assert_eq!(
        effects(&one("MAY", "The adapter MAY forward", "", "it rests")),
        [(RuleEffect::Loosened, false)]
    );
    let needs = one(
        "SHOULD",
        "The adapter SHOULD forward",
        "@needs:typing",
        "it rests",
    );
    assert_eq!(effects(&needs), [(RuleEffect::Loosened, false)]);
    assert_eq!(
        effects(&one(
            "SHOULD",
            "The adapter SHOULD forward",
            "",
            "it sleeps"
        )),
        [(RuleEffect::Proof, false)]
    );
    assert_eq!(
        effects(&one(
            "SHOULD",
            "The adapter SHOULD forward soon",
            "",
            "it rests"
        )),
        [(RuleEffect::Reworded, false)]
    );
    let other = with_rules(&rule(2, "MUST", "The adapter MUST rest", "", "it rests"));
    assert_eq!(
        effects(&other),
        [(RuleEffect::Removed, false), (RuleEffect::Added, true)]
    );
}

#[test]
fn a_tightened_rule_has_to_be_called_so() {
    let old = with_rules(&rule(
        1,
        "SHOULD",
        "The adapter SHOULD forward",
        "",
        "it rests",
    ));
    let new = with_rules(&rule(1, "MUST", "The adapter MUST forward", "", "it rests"));
    assert_eq!(
        names(&gate(&old, &new)),
        [
            "changelog:heading",
            "changelog:wx-dedup-001:tightened",
            "version:kit"
        ]
    );
    let wrong = announced(
        new.clone(),
        "0.2.0",
        "- Clarified: WX-DEDUP-001 is plainer.",
    );
    let difference = gate(&old, &wrong);
    assert_eq!(names(&difference), ["changelog:wx-dedup-001:tightened"]);
    assert!(
        difference.findings[0]
            .what
            .contains("says `Clarified` of WX-DEDUP-001, which is tightened")
    );
    let right = announced(new, "0.2.0", "- Tightened: WX-DEDUP-001 is a MUST.");
    assert!(
        gate(&old, &right).is_fine(),
        "{}",
        gate(&old, &right).text()
    );
}

#[test]
fn a_stable_specification_moves_where_a_draft_does_not() {
    let stable = |mut files: Files| {
        let changelog = files["spec/CHANGELOG.md"].replace("(draft)", "(stable)");
        files.insert("spec/CHANGELOG.md".to_owned(), changelog);
        files
    };
    let (old, mut new) = (stable(files()), stable(files()));
    in_schemas(&mut new, quiet_hours);
    let difference = gate(&old, &new);
    assert_eq!(difference.versions[1].wanted.as_deref(), Some("v1"));
    assert!(names(&difference).contains(&"version:specification"));
}

#[test]
fn the_changelog_of_the_repository_names_its_three_versions() {
    let changelog = aios_wechat::diff::Changelog::read(&tree::text("spec/CHANGELOG.md"));
    let versions = changelog.newest();
    assert_eq!(versions.kit.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(versions.specification.as_deref(), Some("v0"));
    assert_eq!(
        versions.driver,
        Some(aios_wechat::contract::driver::PROTOCOL_VERSION.to_string())
    );
    assert_eq!(versions.status.as_deref(), Some("draft"));
}
