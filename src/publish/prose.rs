//! The prose of `spec/` against the catalogue: every id cited exists, every rule is explained somewhere.

use std::collections::{BTreeMap, BTreeSet};

use crate::suite::{Origin, Problem, RequirementId, Suite, interpretations};

/// The page of the decisions, and the page that follows the seed sentence by sentence.
const INTERPRETATIONS: &str = "spec/interpretations.md";
const TRACEABILITY: &str = "spec/traceability.md";
/// Pages that name every rule because they are generated.
const GENERATED: &[&str] = &["spec/kill-matrix.md", "spec/requirements.md"];

/// An entry of the decisions.
#[derive(Debug)]
struct Entry {
    line: usize,
    rules: BTreeSet<String>,
}

/// What is wrong between the catalogue and the pages, given as path from the root and text.
#[must_use]
pub fn check<P: AsRef<str>, T: AsRef<str>>(suite: &Suite, pages: &[(P, T)]) -> Vec<Problem> {
    let pages: Vec<(&str, &str)> = pages
        .iter()
        .map(|(path, text)| (path.as_ref(), text.as_ref()))
        .collect();
    let mut problems = unknown_ids(suite, &pages);
    problems.extend(uncited_rules(suite, &pages));
    problems.extend(decisions(suite, &pages));
    problems.extend(traces(suite, &pages));
    problems.sort();
    problems.dedup();
    problems
}

/// The ids in a line of text: `WX-FAMILY-nnn`, whole words only.
pub fn ids(line: &str) -> impl Iterator<Item = RequirementId> {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter_map(|word| word.trim_matches('-').parse().ok())
}

/// Ids that no rule has, in any text: prose, fixtures, schemas, code.
#[must_use]
pub fn unknown_ids(suite: &Suite, texts: &[(&str, &str)]) -> Vec<Problem> {
    let known: BTreeSet<RequirementId> = suite.requirements().map(|rule| rule.id.clone()).collect();
    let mut problems = Vec::new();
    for (path, text) in texts {
        for (index, line) in text.lines().enumerate() {
            for id in ids(line).filter(|id| !known.contains(id)) {
                problems.push(Problem::new(
                    path,
                    index + 1,
                    format!("{id} is no rule"),
                    format!(
                        "mend the id, or write the rule in the file of {}",
                        id.family()
                    ),
                ));
            }
        }
    }
    problems
}

fn uncited_rules(suite: &Suite, pages: &[(&str, &str)]) -> Vec<Problem> {
    let written = pages.iter().filter(|(path, _)| !GENERATED.contains(path));
    let cited: BTreeSet<RequirementId> = written
        .flat_map(|(_, text)| text.lines().flat_map(ids))
        .collect();
    suite
        .requirements()
        .filter(|rule| !cited.contains(&rule.id))
        .map(|rule| {
            Problem::new(
                &rule.file,
                rule.line,
                format!("{} is cited nowhere in spec/", rule.id),
                "cite it in the page that explains the matter: configuration.md, envelope.md or adapter.md",
            )
        })
        .collect()
}

/// The entries of the decisions by number; a number given twice is a problem.
fn entries(text: &str) -> (BTreeMap<u16, Entry>, Vec<Problem>) {
    let mut entries: BTreeMap<u16, Entry> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut open = None;
    let mut listing = false;
    for (index, line) in text.lines().enumerate() {
        if let Some(title) = line.strip_prefix("## ") {
            open = title
                .split_once(". ")
                .and_then(|(number, _)| number.parse::<u16>().ok());
            if let Some(number) = open {
                let entry = Entry {
                    line: index + 1,
                    rules: BTreeSet::new(),
                };
                if entries.insert(number, entry).is_some() {
                    problems.push(Problem::new(
                        INTERPRETATIONS,
                        index + 1,
                        format!("interpretation {number} is already there"),
                        "take a free number; numbers are never reused",
                    ));
                }
            }
            listing = false;
        }
        listing = line.starts_with("**Rules.**") || (listing && !line.trim().is_empty());
        if listing && let Some(entry) = open.and_then(|number| entries.get_mut(&number)) {
            entry.rules.extend(ids(line).map(|id| id.to_string()));
        }
    }
    (entries, problems)
}

fn decisions(suite: &Suite, pages: &[(&str, &str)]) -> Vec<Problem> {
    let Some((_, text)) = pages.iter().find(|(path, _)| *path == INTERPRETATIONS) else {
        return vec![Problem::new(
            INTERPRETATIONS,
            1,
            "the page of the decisions is missing",
            "write it: one numbered entry for each silence of the sources",
        )];
    };
    let (entries, mut problems) = entries(text);
    let mut cited: BTreeSet<u16> = pages
        .iter()
        .filter(|(path, _)| *path != INTERPRETATIONS && !GENERATED.contains(path))
        .flat_map(|(_, text)| interpretations(text))
        .collect();
    for rule in suite.requirements() {
        for number in interpretations(&rule.source) {
            cited.insert(number);
            let wrong = match entries.get(&number) {
                None => format!("there is no interpretation {number}"),
                Some(entry) if !entry.rules.contains(&rule.id.to_string()) => {
                    format!("interpretation {number} does not list {}", rule.id)
                }
                Some(_) => continue,
            };
            problems.push(Problem::new(
                &rule.file,
                rule.line,
                wrong,
                format!(
                    "write it in {INTERPRETATIONS}, with {} in its **Rules.**",
                    rule.id
                ),
            ));
        }
    }
    for (number, entry) in &entries {
        let mut wrong = |what: String, mend: &str| {
            problems.push(Problem::new(INTERPRETATIONS, entry.line, what, mend));
        };
        if entry.rules.is_empty() {
            wrong(
                format!("interpretation {number} names no rule"),
                "end it with a **Rules.** paragraph",
            );
        }
        if !cited.contains(number) {
            wrong(
                format!("interpretation {number} is cited nowhere"),
                "cite it as `interpretation N` in a Source or in the page that explains the matter",
            );
        }
    }
    problems
}

/// Rules that say they come from the seed have a row in the table of its sentences.
fn traces(suite: &Suite, pages: &[(&str, &str)]) -> Vec<Problem> {
    let Some((_, text)) = pages.iter().find(|(path, _)| *path == TRACEABILITY) else {
        return vec![Problem::new(
            TRACEABILITY,
            1,
            "the page that follows the seed is missing",
            "write it: a row for each of its normative sentences",
        )];
    };
    let mut problems = Vec::new();
    let mut last = 0;
    for (index, line) in text.lines().enumerate() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let Some(number) = cells.first().and_then(|cell| cell.parse::<usize>().ok()) else {
            continue;
        };
        let proof = cells.last().copied().unwrap_or_default();
        if number != last + 1 {
            problems.push(Problem::new(
                TRACEABILITY,
                index + 1,
                format!("row {number} follows row {last}"),
                "number the sentences in the seed's order",
            ));
        }
        last = number;
        if ids(proof).next().is_none() && !proof.starts_with("judged by a person: ") {
            problems.push(Problem::new(
                TRACEABILITY,
                index + 1,
                format!("sentence {number} names neither a rule nor a judge"),
                "name the rules that prove it, or write `judged by a person: ` and why",
            ));
        }
    }
    let traced: BTreeSet<RequirementId> = text.lines().flat_map(ids).collect();
    let seed = suite
        .requirements()
        .filter(|rule| rule.origin == Origin::Seed);
    problems.extend(seed.filter(|rule| !traced.contains(&rule.id)).map(|rule| {
        Problem::new(
            &rule.file,
            rule.line,
            format!(
                "{} comes from the seed and {TRACEABILITY} does not name it",
                rule.id
            ),
            "add it to the row of the sentence it proves",
        )
    }));
    problems
}
