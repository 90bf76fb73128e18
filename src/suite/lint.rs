//! The rules about rules: what the Gherkin parser lets pass and a specification must not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use gherkin::StepType;

use super::catalogue::{Family, notes, origin};
use super::id::{FamilyCode, RequirementId};
use super::requirement::{Level, Origin};
use crate::contract::Feature;

/// Something wrong in a feature file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub mend: String,
}

impl Problem {
    /// A problem at a place.
    pub fn new(file: &str, line: usize, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            what: what.into(),
            mend: mend.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}\n  hint: {}",
            self.file, self.line, self.what, self.mend
        )
    }
}

/// Requirement ids that once existed and must never come back.
const RETIRED: &[&str] = &[];

const RULE_WORDS: [&str; 3] = ["contained", "review", "since:v0"];
const SCENARIO_WORDS: [&str; 2] = ["control", "slow"];

/// Checks what the parser reads differently than it looks, or never tells.
pub(super) fn text(file: &str, text: &str) -> Vec<Problem> {
    let mut lint = Lint {
        file,
        problems: Vec::new(),
    };
    let mut quoted = false;
    let mut columns = None;
    for (index, whole) in text.lines().enumerate() {
        let number = index + 1;
        let shown = whole.trim();
        let above = columns.take();
        if let Some(rest) = shown.strip_prefix(r#"""""#) {
            if !quoted && !rest.trim().is_empty() {
                lint.problem(
                    number,
                    "a typed docstring: its type stays in the text",
                    "write bare quotes",
                );
            }
            quoted = !quoted;
        } else if quoted {
        } else if shown.starts_with('|') {
            // The parser pads and cuts rows in silence.
            let bars = shown.matches('|').count() - shown.matches(r"\|").count();
            if above.is_some_and(|above| above != bars) {
                lint.problem(
                    number,
                    "a row with more or fewer cells than the row above",
                    "give each column one cell",
                );
            }
            columns = Some(bars);
        } else if let Some(comment) = shown.strip_prefix('#') {
            if comment.trim_start().starts_with("language") {
                lint.problem(
                    number,
                    "feature files are in English only",
                    "delete the line",
                );
            }
        } else if shown.contains(" #") && !shown.starts_with('@') {
            lint.problem(
                number,
                "what follows `#` in a line is text, no comment",
                "put the comment in a line of its own",
            );
        }
    }
    lint.problems
}

/// Checks one parsed file on its own.
pub(super) fn feature(file: &str, text: &str, feature: &gherkin::Feature) -> Vec<Problem> {
    let mut lint = Lint {
        file,
        problems: Vec::new(),
    };
    lint.structure(text, feature);
    lint.feature_tags(feature);
    for rule in &feature.rules {
        lint.rule(rule);
        for scenario in &rule.scenarios {
            lint.scenario(scenario);
        }
    }
    lint.problems
}

/// Checks what only the whole catalogue shows: unique ids, ascending order, unique case ids.
pub(super) fn families(families: &[Family]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for family in families {
        let mut last = 0;
        for requirement in &family.requirements {
            let place = (requirement.file.as_str(), requirement.line);
            let mut problem = |what: String, mend: &str| {
                problems.push(Problem::new(place.0, place.1, what, mend));
            };
            let id = &requirement.id;
            if let Some((file, line)) = seen.get(&id.to_string()) {
                problem(
                    format!("the id {id} is already used at {file}:{line}"),
                    "take the next free number of the family; an id is never reused",
                );
            } else if id.number() <= last {
                problem(
                    format!("{id} does not ascend"),
                    "order the rules of a file by their ids",
                );
            }
            if RETIRED.contains(&id.to_string().as_str()) {
                problem(
                    format!("{id} is retired"),
                    "take the next free number of the family",
                );
            }
            if id.family() != &family.code {
                problem(
                    format!("{id} does not belong to the family {}", family.code),
                    "move the rule to the file of its family, or mend the tag",
                );
            }
            last = id.number();
            seen.insert(id.to_string(), (place.0.to_owned(), place.1));
            for case in &requirement.cases {
                let known = seen.insert(case.id.to_string(), (place.0.to_owned(), case.line));
                if let Some((file, line)) = known {
                    problems.push(Problem::new(
                        place.0,
                        case.line,
                        format!("the scenario {} is already at {file}:{line}", case.id),
                        "give it a name of its own; of an outline, a first column of its own",
                    ));
                }
            }
        }
    }
    problems
}

struct Lint<'a> {
    file: &'a str,
    problems: Vec<Problem>,
}

impl Lint<'_> {
    fn problem(&mut self, line: usize, what: impl Into<String>, mend: impl Into<String>) {
        self.problems
            .push(Problem::new(self.file, line, what, mend));
    }

    /// What the parser swallows: misspelt keywords that turn into descriptions.
    fn structure(&mut self, text: &str, feature: &gherkin::Feature) {
        for (line, swallowed) in swallowed_lines(text, feature) {
            self.problem(
                line,
                format!(
                    "this line is read as free text: `{}`",
                    swallowed.escape_debug()
                ),
                "a misspelt keyword? Known are Rule, Scenario, Scenario Outline, Examples, Given, \
                 When, Then, And, But; free text is allowed only as `Source:` and `Why:` of a rule",
            );
        }
        for scenario in &feature.scenarios {
            self.problem(
                scenario.position.line,
                "a scenario outside any rule",
                "put it below the `Rule:` that it proves",
            );
        }
        if feature.rules.is_empty() {
            self.problem(
                feature.position.line,
                "a feature without a rule",
                "add a `Rule:`",
            );
        }
        let outlines = feature.rules.iter().flat_map(|rule| &rule.scenarios);
        for scenario in outlines {
            let line = scenario.position.line;
            let outline = scenario.keyword.trim_end_matches(':').trim() == "Scenario Outline";
            let rows = scenario
                .examples
                .iter()
                .any(|e| e.table.as_ref().is_some_and(|t| t.rows.len() > 1));
            if outline && !rows {
                self.problem(
                    line,
                    "an outline without example rows",
                    "add rows below `Examples:`",
                );
            }
            if !outline && !scenario.examples.is_empty() {
                self.problem(
                    line,
                    "a scenario with examples",
                    "write `Scenario Outline:`",
                );
            }
            if scenario.steps.is_empty() {
                self.problem(line, "a scenario without steps", "add steps, or delete it");
            } else if !scenario.steps.iter().any(|step| step.ty == StepType::Then) {
                self.problem(
                    line,
                    "a scenario without a Then proves nothing",
                    "say what an outsider sees",
                );
            }
            self.keywords(scenario);
            self.placeholders(scenario);
        }
    }

    /// One spelling for one thing.
    fn keywords(&mut self, scenario: &gherkin::Scenario) {
        let keyword = scenario.keyword.trim_end_matches(':').trim();
        if !["Scenario", "Scenario Outline"].contains(&keyword) {
            self.problem(
                scenario.position.line,
                format!("write `Scenario:` or `Scenario Outline:` for `{keyword}:`"),
                "one word for one thing",
            );
        }
        for step in &scenario.steps {
            let keyword = step.keyword.trim();
            if !["Given", "When", "Then", "And", "But"].contains(&keyword) {
                self.problem(
                    step.position.line,
                    format!("write Given, When, Then, And or But for `{keyword}`"),
                    "a step says whether it sets up, acts or judges",
                );
            }
        }
    }

    /// Placeholders have columns, and columns have placeholders.
    fn placeholders(&mut self, scenario: &gherkin::Scenario) {
        let tables: Vec<_> = scenario
            .examples
            .iter()
            .filter_map(|e| e.table.as_ref())
            .collect();
        let headers: Vec<&[String]> = tables
            .iter()
            .filter_map(|table| table.rows.first())
            .map(Vec::as_slice)
            .collect();
        let mut used = BTreeSet::new();
        for step in &scenario.steps {
            let cells = step
                .table
                .iter()
                .flat_map(|table| table.rows.iter().flatten());
            let texts = [&step.value]
                .into_iter()
                .chain(&step.docstring)
                .chain(cells);
            for name in texts.flat_map(|text| placeholders(text)) {
                used.insert(name);
                if headers.is_empty() || headers.iter().any(|h| h.iter().all(|c| c != name)) {
                    self.problem(
                        step.position.line,
                        format!("`<{name}>` is no column of the examples"),
                        match headers.first() {
                            Some(header) => format!("the columns are: {}", header.join(", ")),
                            None => "write `Scenario Outline:` and `Examples:`".to_owned(),
                        },
                    );
                }
            }
        }
        for (examples, table) in scenario
            .examples
            .iter()
            .filter_map(|e| Some((e, e.table.as_ref()?)))
        {
            let header = table.rows.first().into_iter().flatten();
            for column in header.filter(|column| !used.contains(column.as_str())) {
                self.problem(
                    examples.position.line,
                    format!("the column `{column}` is used by no step"),
                    format!("write `<{column}>` in a step, or delete the column"),
                );
            }
        }
    }

    fn feature_tags(&mut self, feature: &gherkin::Feature) {
        let line = feature.position.line;
        let codes: Vec<_> = feature
            .tags
            .iter()
            .filter(|tag| tag.parse::<FamilyCode>().is_ok())
            .collect();
        if codes.len() != 1 {
            self.problem(
                line,
                "a feature has exactly one family tag",
                "write one tag such as @WX-DEDUP above `Feature:`",
            );
        }
        for tag in &feature.tags {
            if tag.parse::<FamilyCode>().is_err() {
                self.unknown_tag(line, tag, "a feature");
            }
        }
    }

    fn rule(&mut self, rule: &gherkin::Rule) {
        let line = rule.position.line;
        let ids = rule
            .tags
            .iter()
            .filter(|t| t.parse::<RequirementId>().is_ok())
            .count();
        if ids != 1 {
            self.problem(
                line,
                format!("a rule has exactly one id, this one has {ids}"),
                "write one tag such as @WX-DEDUP-001 above `Rule:`",
            );
        }
        let levels: Vec<_> = Level::ALL
            .into_iter()
            .filter(|l| rule.tags.iter().any(|t| t == l.tag()))
            .collect();
        let keywords = keywords(&rule.name);
        match (levels.as_slice(), keywords.as_slice()) {
            ([level], [keyword]) if level == keyword => {}
            ([level], [keyword]) => self.problem(
                line,
                format!("the tag says {level}, the sentence says {keyword}"),
                "make them agree",
            ),
            ([_], _) => self.problem(
                line,
                format!(
                    "a sentence has exactly one RFC 2119 keyword, this one has {}",
                    keywords.len()
                ),
                "write MUST, MUST NOT, SHOULD, SHOULD NOT or MAY once, in capitals",
            ),
            _ => self.problem(
                line,
                format!(
                    "a rule has exactly one level, this one has {}",
                    levels.len()
                ),
                "write one of @MUST, @MUST-NOT, @SHOULD, @SHOULD-NOT, @MAY",
            ),
        }
        for tag in &rule.tags {
            let level = Level::ALL.iter().any(|l| l.tag() == tag);
            let known = level || tag.parse::<RequirementId>().is_ok() || is_need(tag);
            if !known && !RULE_WORDS.contains(&tag.as_str()) {
                self.unknown_tag(line, tag, "a rule");
            }
        }
        match notes(rule.description.as_deref().unwrap_or_default()).get("Source") {
            None => self.problem(
                line,
                "a rule without a source",
                "add `Source: seed, …`, `Source: aios, …` or `Source: kit, interpretation N` below it",
            ),
            Some(source) if origin(source).is_none() => self.problem(
                line,
                format!("the source `{source}` names no origin"),
                "begin it with seed, aios or kit, then a comma and the place",
            ),
            Some(source)
                if origin(source) == Some(Origin::Kit) && interpretations(source).is_empty() =>
            {
                self.problem(
                    line,
                    "a rule of the kit that cites no interpretation",
                    "write `Source: kit, interpretation N`, and the entry in spec/interpretations.md",
                );
            }
            Some(_) => {}
        }
        let review = rule.tags.iter().any(|tag| tag == "review");
        if review && !rule.scenarios.is_empty() {
            self.problem(
                line,
                "a rule for review with scenarios",
                "drop @review or the scenarios",
            );
        }
        if !review && rule.scenarios.is_empty() {
            self.problem(
                line,
                "a rule without scenarios",
                "add one, or tag it @review if only a person can judge it",
            );
        }
    }

    fn scenario(&mut self, scenario: &gherkin::Scenario) {
        let examples = scenario.examples.iter().flat_map(|e| &e.tags);
        for tag in scenario.tags.iter().chain(examples) {
            if !is_need(tag) && !SCENARIO_WORDS.contains(&tag.as_str()) {
                self.unknown_tag(scenario.position.line, tag, "a scenario");
            }
        }
    }

    fn unknown_tag(&mut self, line: usize, tag: &str, place: &str) {
        self.problem(
            line,
            format!("the tag @{tag} is not known on {place}"),
            "known are @WX-FAMILY on a feature; an id, a level, @needs:FEATURE, @contained, @review and \
             @since:v0 on a rule; @needs:FEATURE, @control and @slow on a scenario",
        );
    }
}

/// The names between `<` and `>` in a text.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('<').skip(1).filter_map(|rest| {
        let (name, _) = rest.split_once('>')?;
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == ' ');
        plain.then_some(name)
    })
}

/// The numbers N of `interpretation N` in a source.
#[must_use]
pub fn interpretations(source: &str) -> Vec<u16> {
    source
        .split("interpretation")
        .skip(1)
        .filter_map(|rest| {
            let rest = rest.trim_start_matches('s').trim_start();
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        })
        .collect()
}

fn is_need(tag: &str) -> bool {
    tag.strip_prefix("needs:")
        .is_some_and(|name| Feature::ALL.iter().any(|feature| feature.as_str() == name))
}

/// The RFC 2119 keywords of a sentence, in order; `MUST NOT` is one.
fn keywords(sentence: &str) -> Vec<Level> {
    let words: Vec<&str> = sentence
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|w| !w.is_empty())
        .collect();
    let not = |at: usize| words.get(at + 1) == Some(&"NOT");
    words
        .iter()
        .enumerate()
        .filter_map(|(at, word)| match *word {
            "MUST" | "SHALL" | "REQUIRED" => {
                Some(if not(at) { Level::MustNot } else { Level::Must })
            }
            "SHOULD" | "RECOMMENDED" => Some(if not(at) {
                Level::ShouldNot
            } else {
                Level::Should
            }),
            "MAY" | "OPTIONAL" => Some(Level::May),
            _ => None,
        })
        .collect()
}

/// Description lines that the parser accepted and nobody meant, with their line numbers.
fn swallowed_lines<'t>(text: &'t str, feature: &gherkin::Feature) -> Vec<(usize, &'t str)> {
    let mut from = feature.position.line;
    let mut out = Vec::new();
    let mut search = |description: Option<&String>, after: usize, notes_allowed: bool| {
        let Some(description) = description else {
            return;
        };
        from = after;
        let mut in_note = false;
        for wanted in description
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            in_note |= wanted.starts_with("Source:") || wanted.starts_with("Why:");
            let found = text
                .lines()
                .enumerate()
                .skip(from)
                .find(|(_, line)| line.trim() == wanted);
            let Some((index, line)) = found else { continue };
            from = index + 1;
            if !(notes_allowed && in_note) || looks_like_keyword(wanted) {
                out.push((index + 1, line.trim()));
            }
        }
    };
    search(feature.description.as_ref(), feature.position.line, false);
    let backgrounds = feature.rules.iter().map(|rule| &rule.background);
    for background in backgrounds.chain([&feature.background]).flatten() {
        search(
            background.description.as_ref(),
            background.position.line,
            false,
        );
    }
    for rule in &feature.rules {
        search(rule.description.as_ref(), rule.position.line, true);
        for scenario in &rule.scenarios {
            search(scenario.description.as_ref(), scenario.position.line, false);
            for examples in &scenario.examples {
                search(examples.description.as_ref(), examples.position.line, false);
            }
        }
    }
    out
}

/// Whether a line of prose begins as a misspelt keyword would: one word and a colon, a table, a tag.
fn looks_like_keyword(line: &str) -> bool {
    if line.starts_with("Source:") || line.starts_with("Why:") {
        return false;
    }
    let first = line.split_whitespace().next().unwrap_or_default();
    let titled = line.split_once(':').is_some_and(|(head, _)| {
        head.split_whitespace().count() <= 2 && head.starts_with(|c: char| c.is_ascii_uppercase())
    });
    titled
        || first.starts_with(['@', '|'])
        || ["Given", "When", "Then", "And", "But", "*"].contains(&first)
}
