//! What the closed words of documents and reports mean, as their published schemas say it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::schema;
use crate::contract::Kind;

/// One meaning of a word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Meaning {
    /// The word.
    pub word: String,
    /// The name of the closed set that has it, as in the schemas.
    pub set: String,
    /// What the set is about, without a full stop.
    pub about: String,
    /// What the word says, without a full stop.
    pub meaning: String,
}

/// Every word of every closed set that a document or a report may hold, in the order of the words.
#[must_use]
pub fn glossary() -> Vec<Meaning> {
    let mut found = BTreeSet::new();
    for kind in Kind::ALL {
        let schema = schema(*kind);
        let definitions = schema.get("$defs").and_then(Value::as_object);
        for (set, definition) in definitions.into_iter().flatten() {
            collect(set, definition, &mut found);
        }
    }
    found.into_iter().collect()
}

fn collect(set: &str, definition: &Value, found: &mut BTreeSet<Meaning>) {
    let description = text(definition, "description");
    let about = description.lines().next().unwrap_or_default();
    let mut add = |word: &str, about: &str, meaning: &str| {
        let short = |text: &str| text.trim().trim_end_matches('.').to_owned();
        found.insert(Meaning {
            word: word.to_owned(),
            set: set.to_owned(),
            about: short(about),
            meaning: short(meaning),
        });
    };
    // A set of plain words: a line each.
    for line in description.lines() {
        let line = line
            .strip_prefix("- `")
            .and_then(|rest| rest.split_once("`: "));
        if let Some((word, meaning)) = line {
            add(word, about, meaning);
        }
    }
    // A set whose words have schemas of their own.
    for choice in definition["oneOf"].as_array().into_iter().flatten() {
        if let Some(word) = choice["const"].as_str() {
            add(word, about, text(choice, "description"));
        }
    }
    // A kind of fact of a timeline.
    if let Some(word) = definition["properties"]["fact"]["const"].as_str() {
        add(word, "a fact in the timeline of a report", about);
    }
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}
