//! Names for generators: what a type generator would number gets a name, or is left with one.
//!
//! Two habits of schemas make generators invent `Quoted1` and `Fact7`: a reference with a description
//! beside it, which counts as a shape of its own, and a shape that is written out inside a choice.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Settles the names within a root schema.
pub(super) fn settle(schema: &mut Value) {
    name_choices(schema);
    let mut uses = BTreeMap::new();
    count(schema, &mut uses);
    let shapes: Map<String, Value> = match schema.get("$defs") {
        Some(Value::Object(definitions)) => definitions.clone(),
        _ => return,
    };
    let is_shared = |path: &str| {
        let name = path.trim_start_matches("#/$defs/");
        let is_scalar = |shape: &Value| {
            matches!(
                shape["type"].as_str(),
                Some("string" | "integer" | "number" | "boolean")
            )
        };
        uses.get(path).is_some_and(|uses| *uses > 1)
            && shapes.get(name).is_some_and(|shape| !is_scalar(shape))
    };
    strip(schema, &is_shared);
}

/// Gives the branches of a choice that are told apart by a constant word a definition each.
fn name_choices(schema: &mut Value) {
    let Some(Value::Object(definitions)) = schema.get("$defs") else {
        return;
    };
    let mut named = definitions.clone();
    for (name, definition) in definitions {
        let Some(Value::Array(branches)) = definition.get("oneOf") else {
            continue;
        };
        let words: Option<Vec<String>> = branches.iter().map(constant_word).collect();
        let Some(words) = words else { continue };
        let mut references = Vec::new();
        for (branch, word) in branches.iter().zip(words) {
            let branch_name = format!("{}{name}", pascal(&word));
            references.push(json!({ "$ref": format!("#/$defs/{branch_name}") }));
            named.insert(branch_name, branch.clone());
        }
        named[name]["oneOf"] = references.into();
    }
    schema["$defs"] = named.into();
}

/// The constant that tells a written-out object apart from its siblings.
fn constant_word(branch: &Value) -> Option<String> {
    let required = branch.get("required")?.as_array()?;
    branch
        .get("properties")?
        .as_object()?
        .iter()
        .find_map(|(name, property)| {
            let word = property.get("const")?.as_str()?;
            required
                .iter()
                .any(|needed| needed == name)
                .then(|| word.to_owned())
        })
}

fn pascal(word: &str) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    word.split(['_', '-', ' ']).filter_map(capital).collect()
}

fn count(value: &Value, uses: &mut BTreeMap<String, usize>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(path)) = members.get("$ref") {
                *uses.entry(path.clone()).or_default() += 1;
            }
            members.values().for_each(|member| count(member, uses));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| count(entry, uses)),
        _ => {}
    }
}

/// Leaves a reference to a shared shape alone: the shape's own description says what it is.
fn strip(value: &mut Value, is_shared: &dyn Fn(&str) -> bool) {
    match value {
        Value::Object(members) => {
            let shared = match members.get("$ref") {
                Some(Value::String(path)) => is_shared(path),
                _ => false,
            };
            if shared {
                members.retain(|key, _| key == "$ref");
            }
            members
                .values_mut()
                .for_each(|member| strip(member, is_shared));
        }
        Value::Array(entries) => entries.iter_mut().for_each(|entry| strip(entry, is_shared)),
        _ => {}
    }
}
