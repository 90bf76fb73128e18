//! The catalogue: ours has no problems, and no broken feature file gets through.

use aios_wechat::runner;
use aios_wechat::suite::{FEATURES, Problem, Suite};

/// A feature file without a fault.
const SOUND: &str = r"@WX-DEDUP
Feature: Deduplication

  @WX-DEDUP-001 @MUST @since:v0
  Rule: The adapter MUST forward a message once
    Source: kit, interpretation 14
    Why: AIOS must not act twice.

    Scenario: WeChat gives a message again
      Given a running adapter
      And the owner sent a text
      When WeChat gives that message again
      Then AIOS receives that message exactly once

  @WX-DEDUP-002 @SHOULD
  Rule: The adapter SHOULD keep to the window
    Source: seed, Policy Expectations

    Scenario Outline: A text arrives
      Given a running adapter
      When the owner sends <text>
      Then that message reaches AIOS with its text unchanged

      Examples:
        | text                   |
        | a text of 16 KiB in Chinese |
        | a text with combining marks |
";

fn read(text: &str) -> Result<Suite, Vec<Problem>> {
    Suite::read(&[("features/deduplication.feature", text)])
}

/// The sound file with one piece replaced.
fn broken(sound: &str, broken: &str) -> String {
    assert!(SOUND.contains(sound), "the sound file holds no `{sound}`");
    SOUND.replacen(sound, broken, 1)
}

/// Asserts that a file is refused with a problem at the line that holds `at`, saying `what`.
#[track_caller]
fn refused(text: &str, at: &str, what: &str) {
    let problems = match read(text) {
        Ok(suite) => runner::check_steps(&suite),
        Err(problems) => problems,
    };
    let line = text
        .lines()
        .position(|line| line.contains(at))
        .map_or(0, |index| index + 1);
    let told = problems.iter().any(|problem| {
        problem.file == "features/deduplication.feature"
            && problem.line == line
            && problem.what.contains(what)
            && !problem.mend.is_empty()
    });
    let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(
        told,
        "expected `{what}` at line {line}, got {}:\n{}",
        problems.len(),
        list.join("\n")
    );
}

#[test]
fn our_suite_has_no_problems_and_every_step_matches_one_phrase() {
    let suite = Suite::embedded().unwrap_or_else(|problems| {
        let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", list.join("\n"))
    });
    assert_eq!(runner::check_steps(&suite), []);
    assert_eq!(suite.families.len(), FEATURES.len());
}

#[test]
fn every_phrase_is_used() {
    let unused = runner::unused_phrases(&Suite::embedded().unwrap());
    let list: Vec<String> = unused
        .iter()
        .map(|p| format!("{}:{} {} {}", p.file, p.line, p.keyword, p.pattern))
        .collect();
    assert!(list.is_empty(), "{}", list.join("\n"));
}

#[test]
fn the_sound_file_is_accepted() {
    let suite = read(SOUND).unwrap();
    assert_eq!(runner::check_steps(&suite), []);
    assert_eq!(
        suite
            .requirements()
            .map(|rule| rule.cases.len())
            .collect::<Vec<_>>(),
        [1, 2]
    );
}

#[test]
fn a_misspelt_first_step_is_refused() {
    let text = broken("Given a running adapter", "Gven a running adapter");
    refused(&text, "Gven", "read as free text");
}

#[test]
fn a_misspelt_later_step_is_refused() {
    let text = broken("When WeChat gives", "Wehn WeChat gives");
    refused(&text, "Wehn", "not Gherkin");
}

#[test]
fn a_misspelt_scenario_keyword_is_refused() {
    let text = broken("Scenario: WeChat", "Scenaro: WeChat");
    refused(&text, "Scenaro:", "read as free text");
}

#[test]
fn a_misspelt_scenario_keyword_after_a_scenario_is_refused() {
    let second = "\n    Scenaro: Another\n      Given a running adapter\n\n  @WX-DEDUP-002";
    let text = broken("\n  @WX-DEDUP-002", second);
    assert!(read(&text).is_err());
}

#[test]
fn a_misspelt_rule_keyword_is_refused() {
    let text = broken("Rule: The adapter MUST", "Rul: The adapter MUST");
    assert!(read(&text).is_err());
}

#[test]
fn a_misspelt_feature_keyword_is_refused() {
    refused(&broken("Feature:", "Featur:"), "Featur:", "not Gherkin");
}

#[test]
fn a_misspelt_examples_keyword_is_refused() {
    let text = broken("Examples:", "Exampels:");
    assert!(read(&text).is_err());
}

#[test]
fn a_misspelt_note_is_refused() {
    refused(
        &broken("Why: AIOS", "Wy: AIOS"),
        "Wy: AIOS",
        "read as free text",
    );
}

#[test]
fn a_description_of_a_feature_is_refused() {
    let text = broken(
        "Feature: Deduplication\n",
        "Feature: Deduplication\n  All about repeats.\n",
    );
    refused(&text, "All about", "read as free text");
}

#[test]
fn a_scenario_without_steps_is_refused() {
    let steps = "\n      Given a running adapter\n      And the owner sent a text\n      \
                 When WeChat gives that message again\n      Then AIOS receives that message exactly once\n";
    refused(&broken(steps, "\n"), "Scenario: WeChat", "without steps");
}

#[test]
fn a_scenario_that_judges_nothing_is_refused() {
    let text = broken("      Then AIOS receives that message exactly once\n", "");
    refused(&text, "Scenario: WeChat", "without a Then");
}

#[test]
fn a_scenario_outside_any_rule_is_refused() {
    let text = "@WX-DEDUP\nFeature: Deduplication\n\n  Scenario: Loose\n    Given a running adapter\n    \
                Then AIOS receives that message exactly once\n";
    refused(text, "Scenario: Loose", "outside any rule");
}

#[test]
fn a_feature_without_a_rule_is_refused() {
    refused(
        "@WX-DEDUP\nFeature: Deduplication\n",
        "Feature:",
        "without a rule",
    );
}

#[test]
fn a_rule_without_scenarios_is_refused() {
    let rule = "\n  @WX-DEDUP-003 @MUST\n  Rule: The adapter MUST be quick\n    Source: kit, interpretation 1\n";
    refused(
        &format!("{SOUND}{rule}"),
        "MUST be quick",
        "without scenarios",
    );
}

#[test]
fn a_rule_for_review_needs_no_scenario_and_may_have_none() {
    let rule = "\n  @WX-DEDUP-003 @MUST @review\n  Rule: The adapter MUST be quick\n    Source: kit, interpretation 1\n";
    assert!(read(&format!("{SOUND}{rule}")).is_ok());
    refused(
        &broken("@WX-DEDUP-001 @MUST", "@WX-DEDUP-001 @MUST @review"),
        "MUST forward",
        "for review",
    );
}

#[test]
fn an_outline_without_rows_is_refused() {
    let rows = "        | a text of 16 KiB in Chinese |\n        | a text with combining marks |\n";
    refused(
        &broken(rows, ""),
        "Scenario Outline:",
        "without example rows",
    );
}

#[test]
fn an_outline_without_examples_is_refused() {
    let (head, _) = SOUND.split_once("\n      Examples:").unwrap();
    refused(head, "Scenario Outline:", "without example rows");
}

#[test]
fn a_scenario_with_examples_is_refused() {
    let text = broken("Scenario Outline: A text", "Scenario: A text");
    refused(&text, "Scenario: A text", "with examples");
}

#[test]
fn a_placeholder_outside_an_outline_is_refused() {
    let text = broken("the owner sent a text", "<somebody> sent a text");
    refused(&text, "<somebody>", "no column");
}

#[test]
fn a_placeholder_without_a_column_is_refused() {
    let text = broken("sends <text>", "sends <txt>");
    refused(&text, "<txt>", "no column");
}

#[test]
fn a_column_that_no_step_uses_is_refused() {
    let text = broken("sends <text>", "sends a text");
    refused(&text, "Examples:", "used by no step");
}

#[test]
fn a_row_of_another_width_is_refused() {
    let text = broken(
        "| a text with combining marks |",
        "| a text with combining marks | or |",
    );
    refused(&text, "marks | or", "more or fewer cells");
}

#[test]
fn two_rows_with_one_name_are_refused() {
    let text = broken("a text with combining marks", "a text of 16 KiB in Chinese");
    assert!(
        read(&text).is_err_and(|problems| problems.iter().any(|p| p.what.contains("already at")))
    );
}

#[test]
fn two_scenarios_of_one_name_are_refused() {
    let again = "\n    Scenario: WeChat gives a message again\n      Given a running adapter\n      \
                 Then AIOS receives that message exactly once\n\n  @WX-DEDUP-002";
    let text = broken("\n  @WX-DEDUP-002", again);
    assert!(
        read(&text).is_err_and(|problems| problems.iter().any(|p| p.what.contains("already at")))
    );
}

#[test]
fn an_unknown_tag_is_refused() {
    refused(
        &broken("@MUST @since:v0", "@MUST @retry"),
        "MUST forward",
        "@retry is not known",
    );
    let text = broken(
        "    Scenario: WeChat",
        "    @allow.skipped\n    Scenario: WeChat",
    );
    refused(&text, "Scenario: WeChat", "@allow.skipped is not known");
    refused(
        &broken("@since:v0", "@needs:telepathy"),
        "MUST forward",
        "@needs:telepathy is not known",
    );
    refused(
        &broken("@WX-DEDUP\n", "@WX-DEDUP @wip\n"),
        "Feature:",
        "@wip is not known",
    );
}

#[test]
fn an_id_used_twice_is_refused() {
    refused(
        &broken("@WX-DEDUP-002", "@WX-DEDUP-001"),
        "SHOULD keep",
        "already used",
    );
}

#[test]
fn ids_that_do_not_ascend_are_refused() {
    refused(
        &broken("@WX-DEDUP-001", "@WX-DEDUP-009"),
        "SHOULD keep",
        "does not ascend",
    );
}

#[test]
fn an_id_of_another_family_is_refused() {
    refused(
        &broken("@WX-DEDUP-001", "@WX-CURSOR-001"),
        "MUST forward",
        "does not belong",
    );
}

#[test]
fn a_malformed_id_is_refused() {
    refused(
        &broken("@WX-DEDUP-001", "@WX-DEDUP-1"),
        "MUST forward",
        "exactly one id, this one has 0",
    );
}

#[test]
fn a_feature_without_a_family_is_refused() {
    refused(
        &broken("@WX-DEDUP\n", ""),
        "Feature:",
        "exactly one family tag",
    );
}

#[test]
fn a_rule_with_two_levels_is_refused() {
    refused(
        &broken("@MUST @since", "@MUST @SHOULD @since"),
        "MUST forward",
        "exactly one level",
    );
}

#[test]
fn a_rule_without_a_level_is_refused() {
    refused(
        &broken("@MUST @since:v0", "@since:v0"),
        "MUST forward",
        "exactly one level",
    );
}

#[test]
fn a_keyword_that_differs_from_the_tag_is_refused() {
    refused(
        &broken("adapter MUST forward", "adapter SHOULD forward"),
        "SHOULD forward",
        "the tag says MUST",
    );
    refused(
        &broken("adapter MUST forward", "adapter MUST NOT forward"),
        "MUST NOT forward",
        "the tag says MUST",
    );
}

#[test]
fn a_sentence_with_two_keywords_or_none_is_refused() {
    let two = broken(
        "MUST forward a message once",
        "MUST forward a message and MAY rest",
    );
    refused(&two, "and MAY rest", "exactly one RFC 2119 keyword");
    refused(
        &broken("MUST forward", "will forward"),
        "will forward",
        "exactly one RFC 2119 keyword",
    );
}

#[test]
fn a_rule_without_a_source_is_refused() {
    let text = broken("    Source: kit, interpretation 14\n", "");
    refused(&text, "MUST forward", "without a source");
}

#[test]
fn a_source_without_an_origin_is_refused() {
    let text = broken(
        "Source: kit, interpretation 14",
        "Source: folklore, heard somewhere",
    );
    refused(&text, "MUST forward", "names no origin");
}

#[test]
fn a_kit_rule_without_an_interpretation_is_refused() {
    let text = broken("Source: kit, interpretation 14", "Source: kit, because");
    refused(&text, "MUST forward", "cites no interpretation");
}

#[test]
fn a_step_that_matches_no_phrase_is_refused() {
    let text = broken("Given a running adapter", "Given a walking adapter");
    refused(&text, "walking", "no step matches");
}

#[test]
fn a_step_of_another_kind_is_no_match() {
    let text = broken(
        "When WeChat gives that message again",
        "Then WeChat gives that message again",
    );
    refused(&text, "Then WeChat gives", "no step matches");
}

#[test]
fn another_language_is_refused() {
    let text = format!("# language: zh-CN\n{SOUND}");
    refused(&text, "# language", "English only");
}

#[test]
fn a_comment_behind_a_step_is_refused() {
    let text = broken("the owner sent a text", "the owner sent a text # first");
    refused(&text, "# first", "is text, no comment");
}

#[test]
fn a_typed_docstring_is_refused() {
    let text = broken(
        "And the owner sent a text\n",
        "And the owner sent a text\n        \"\"\"json\n        {}\n        \"\"\"\n",
    );
    refused(&text, "\"\"\"json", "typed docstring");
}

#[test]
fn another_spelling_of_a_keyword_is_refused() {
    refused(
        &broken("Scenario: WeChat", "Example: WeChat"),
        "Example: WeChat",
        "write `Scenario:`",
    );
    refused(
        &broken("And the owner", "* the owner"),
        "* the owner",
        "write Given, When, Then, And or But",
    );
}

#[test]
fn problems_come_in_the_order_of_the_file() {
    let text = broken("@MUST @since:v0", "@since:v0").replace("@SHOULD", "");
    let lines: Vec<usize> = read(&text)
        .unwrap_err()
        .iter()
        .map(|problem| problem.line)
        .collect();
    assert!(lines.is_sorted() && lines.len() >= 2, "{lines:?}");
}
