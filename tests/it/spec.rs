//! The pages of `spec/` and the generated files: in order, and every disorder is told.

use std::process::Command;

use aios_wechat::cli::remark::{Check, RemarkFormat, print};
use aios_wechat::cli::spec::check;
use aios_wechat::publish::{self, prose};
use aios_wechat::suite::{Problem, Suite};

use crate::tree;

/// Rules that are decided, and of which the rule or its mutant is not yet written.
const AWAITED: &[&str] = &["WX-BOUND-004"];

#[test]
fn nothing_in_the_specification_is_out_of_order() {
    let mut remarks = check(tree::root()).unwrap();
    remarks.retain(|remark| {
        let what = &remark.problem.what;
        let awaited = what.ends_with("is no rule") || what.starts_with("no mutant breaks");
        !(awaited && AWAITED.iter().any(|id| what.contains(id)))
    });
    let mut text = Vec::new();
    print(&remarks, RemarkFormat::Text, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(text.is_empty(), "{text}");
}

#[test]
fn every_normative_sentence_of_the_seed_has_its_row() {
    // Counted in the page of 2026-03-24: a keyword with a list is one sentence for each item.
    let page = tree::text("spec/traceability.md");
    let rows: Vec<(usize, &str)> = page
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            Some((cells.first()?.parse().ok()?, *cells.get(2)?))
        })
        .collect();
    let keywords = |wanted: &str| {
        rows.iter()
            .filter(|(_, keyword)| *keyword == wanted)
            .count()
    };
    assert_eq!(rows.last().map(|(number, _)| *number), Some(19));
    assert_eq!(
        ["MUST", "MUST NOT", "SHOULD", "MAY"].map(keywords),
        [9, 2, 3, 5],
        "MUST, MUST NOT, SHOULD, MAY"
    );
}

/// A catalogue of one rule.
fn suite() -> Suite {
    let text = "@WX-DEDUP\nFeature: Deduplication\n\n  @WX-DEDUP-001 @MUST\n  Rule: The adapter MUST forward once\n    \
                Source: kit, interpretation 14\n\n    Scenario: Again\n      Given a running adapter\n      \
                Then AIOS receives that message exactly once\n";
    Suite::read(&[("features/deduplication.feature", text)]).unwrap()
}

const SOUND: &str = "# Interpretations\n\n## 14. Once\n\n**Rules.** WX-DEDUP-001.\n";
const TRACES: &str = "| 1 | Scope | MUST | once | WX-DEDUP-001 |\n";

#[track_caller]
fn told(pages: &[(&str, &str)], place: (&str, usize), what: &str) {
    let problems = prose::check(&suite(), pages);
    let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let found = problems
        .iter()
        .any(|p| (p.file.as_str(), p.line) == place && p.what.contains(what) && !p.mend.is_empty());
    assert!(
        found,
        "expected `{what}` at {place:?}, got:\n{}",
        list.join("\n")
    );
}

#[test]
fn sound_pages_are_accepted() {
    let pages = [
        ("spec/interpretations.md", SOUND),
        ("spec/traceability.md", TRACES),
    ];
    assert_eq!(prose::check(&suite(), &pages), []);
}

#[test]
fn a_cited_id_that_no_rule_has_is_told_with_its_line() {
    let pages = [("spec/adapter.md", "# Adapter\n\nSee (WX-DEDUP-099).\n")];
    told(&pages, ("spec/adapter.md", 3), "WX-DEDUP-099 is no rule");
}

#[test]
fn a_rule_that_no_page_cites_is_told() {
    let pages = [
        ("spec/adapter.md", "# Adapter\n"),
        ("spec/requirements.md", "| WX-DEDUP-001 |\n"),
    ];
    told(
        &pages,
        ("features/deduplication.feature", 5),
        "cited nowhere",
    );
}

#[test]
fn an_interpretation_that_does_not_exist_is_told() {
    let pages = [("spec/interpretations.md", "# Interpretations\n")];
    told(
        &pages,
        ("features/deduplication.feature", 5),
        "there is no interpretation 14",
    );
}

#[test]
fn an_interpretation_that_does_not_list_its_rule_is_told() {
    let pages = [(
        "spec/interpretations.md",
        "## 14. Once\n\n**Rules.** None.\n",
    )];
    told(
        &pages,
        ("features/deduplication.feature", 5),
        "does not list WX-DEDUP-001",
    );
}

#[test]
fn an_interpretation_that_nobody_cites_is_told() {
    let text = format!("{SOUND}\n## 15. Twice\n\n**Rules.** WX-DEDUP-001.\n");
    told(
        &[("spec/interpretations.md", &text)],
        ("spec/interpretations.md", 7),
        "cited nowhere",
    );
}

#[test]
fn a_number_given_twice_is_told() {
    let text = format!("{SOUND}\n## 14. Twice\n\n**Rules.** WX-DEDUP-001.\n");
    told(
        &[("spec/interpretations.md", &text)],
        ("spec/interpretations.md", 7),
        "already there",
    );
}

#[test]
fn a_sentence_of_the_seed_without_proof_or_judge_is_told() {
    let text = format!("{TRACES}| 2 | Scope | MUST | twice | later |\n");
    told(
        &[("spec/traceability.md", &text)],
        ("spec/traceability.md", 2),
        "neither a rule nor a judge",
    );
}

#[test]
fn a_missing_row_of_the_seed_is_told() {
    let text = format!("{TRACES}| 3 | Scope | MUST | twice | WX-DEDUP-001 |\n");
    told(
        &[("spec/traceability.md", &text)],
        ("spec/traceability.md", 2),
        "row 3 follows row 1",
    );
}

#[test]
fn an_id_is_read_as_a_whole_word() {
    let read = |line: &str| {
        prose::ids(line)
            .map(|id| id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        read("(WX-DEDUP-001, WX-OUT-002); `WX-A-003/slug`"),
        ["WX-DEDUP-001", "WX-OUT-002", "WX-A-003"]
    );
    assert_eq!(read("WX-DEDUP-nnn XWX-DEDUP-001 WX-DEDUP-0011"), [""; 0]);
}

#[test]
fn every_rule_and_scenario_is_in_both_generated_files() {
    let suite = Suite::embedded().unwrap();
    let files = publish::requirements(&suite);
    let text = |name: &str| {
        files
            .iter()
            .find(|file| file.name == name)
            .map(|file| file.text.clone())
            .unwrap()
    };
    let (json, markdown) = (text("requirements.json"), text("requirements.md"));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let rules = json["rules"].as_array().unwrap();
    assert_eq!(rules.len(), suite.requirements().count());
    for (rule, entry) in suite.requirements().zip(rules) {
        assert_eq!(entry["id"], rule.id.to_string());
        assert_eq!(entry["level"], rule.level.keyword());
        assert_eq!(
            entry["scenarios"].as_array().unwrap().len(),
            rule.cases.len()
        );
        assert!(markdown.contains(&format!("| {} |", rule.id)));
    }
}

fn remark() -> Vec<aios_wechat::cli::remark::Remark> {
    let problem = Problem::new(
        "features/a, b.feature",
        7,
        "50% is\ntoo little",
        "write: 100%",
    );
    vec![aios_wechat::cli::remark::Remark {
        check: Check::Features,
        problem,
    }]
}

fn printed(format: RemarkFormat) -> String {
    let mut out = Vec::new();
    print(&remark(), format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn an_annotation_escapes_what_github_would_read_as_its_own() {
    assert_eq!(
        printed(RemarkFormat::Github),
        "::error file=features/a%2C b.feature,line=7,title=The rules about rules in feature files::\
         50%25 is%0Atoo little%0Ahint: write: 100%25\n"
    );
}

#[test]
fn json_and_sarif_carry_file_line_and_check() {
    let json: serde_json::Value = serde_json::from_str(&printed(RemarkFormat::Json)).unwrap();
    assert_eq!(json[0]["file"], "features/a, b.feature");
    assert_eq!(json[0]["line"], 7);
    assert_eq!(json[0]["check"], "features");
    let sarif: serde_json::Value = serde_json::from_str(&printed(RemarkFormat::Sarif)).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "features");
    assert_eq!(
        result["locations"][0]["physicalLocation"]["region"]["startLine"],
        7
    );
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    assert!(rules.iter().any(|rule| rule["id"] == "features"));
}

/// Exit code and stdout of the program.
fn program(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_aios-wechat"))
        .args(arguments)
        .current_dir(tree::root())
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn the_list_of_rules_has_the_fields_that_programs_rely_on() {
    let (code, text) = program(&["list", "--rules", "--format", "json"]);
    assert_eq!(code, Some(0));
    let rules: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rules = rules.as_array().unwrap();
    assert_eq!(
        rules.len(),
        Suite::embedded().unwrap().requirements().count()
    );
    for rule in rules {
        for field in [
            "id",
            "level",
            "sentence",
            "source",
            "family",
            "needs",
            "mode",
            "scenarios",
            "mutants",
        ] {
            assert!(rule.get(field).is_some(), "{field}");
        }
        assert!(["executable", "review"].contains(&rule["mode"].as_str().unwrap()));
    }
}

#[test]
fn mutants_and_phrases_are_listed() {
    let (code, text) = program(&["list", "--mutants", "--format", "json"]);
    let mutants: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, mutants[0]["name"].is_string()), (Some(0), true));
    let (code, text) = program(&["list", "--phrases"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("Given a running adapter\n"), "{text}");
}

#[test]
fn a_rule_is_explained_with_its_proof() {
    let (code, text) = program(&["explain", "WX-DEDUP-001"]);
    assert_eq!(code, Some(0));
    for part in [
        "WX-DEDUP-001  MUST",
        "Source: kit, interpretation 14",
        "When WeChat gives that message again",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn outside_a_repository_spec_check_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_aios-wechat"))
        .args(["spec", "check"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
