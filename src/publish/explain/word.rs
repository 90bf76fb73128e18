//! The small questions of a walk: types, words, constants and what to say about them.

use serde_json::Value;

use super::Place;
use crate::contract::tree::Branch;
use crate::contract::{Fault, Finding, nearest, one_of};

pub(super) fn unknown_word(place: Place, given: &str, words: &[&str]) -> Finding {
    let finding = place.finding(Fault::UnknownWord, format!("expected {}", one_of(words)));
    match nearest(given, words) {
        Some(guess) if words.len() > 1 => finding.with_hint(format!("did you mean `{guess}`?")),
        _ => finding,
    }
}

pub(super) fn unknown_member(
    place: Place,
    key: &str,
    known: &[&str],
    has: &dyn Fn(&str) -> bool,
) -> Finding {
    let finding = place.finding(Fault::UnknownMember, format!("unknown member `{key}`"));
    let free: Vec<&str> = known.iter().copied().filter(|name| !has(name)).collect();
    match nearest(key, &free) {
        Some(guess) => finding.with_hint(format!("did you mean `{guess}`?")),
        None if known.is_empty() => finding.with_hint("there are no members here"),
        None if known.len() <= 8 => {
            finding.with_hint(format!("the members are {}", known.join(", ")))
        }
        None => finding,
    }
}

/// The words that a schema lets a string be; none if it is not a set of words.
pub(super) fn words_of(schema: &Value) -> Vec<&str> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(Value::String(word)), _) => vec![word],
        (_, Some(Value::Array(words))) => words.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The values that a schema lets a value be, if it lists them.
pub(super) fn constants(schema: &Value) -> Option<&[Value]> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(only), _) => Some(std::slice::from_ref(only)),
        (_, Some(Value::Array(values))) => Some(values),
        _ => None,
    }
}

pub(super) fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

pub(super) fn has_type(value: &Branch, expected: &str) -> bool {
    match value {
        Branch::Null => expected == "null",
        Branch::Bool(_) => expected == "boolean",
        Branch::Text(_) => expected == "string",
        Branch::Array(_) => expected == "array",
        Branch::Object(_) => expected == "object",
        Branch::Number(number) => {
            expected == "number"
                || expected == "integer"
                    && (number.is_i64()
                        || number.is_u64()
                        || number.as_f64().is_some_and(|number| number.fract() == 0.0))
        }
    }
}

pub(super) fn equals(value: &Branch, expected: &Value) -> bool {
    match (value, expected) {
        (Branch::Bool(one), Value::Bool(other)) => one == other,
        (Branch::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => false,
    }
}

pub(super) fn kind_of(value: &Branch) -> &'static str {
    match value {
        Branch::Null => "null",
        Branch::Bool(_) => "a boolean",
        Branch::Number(_) => "a number",
        Branch::Text(_) => "a string",
        Branch::Array(_) => "an array",
        Branch::Object(_) => "an object",
    }
}

pub(super) fn article(kind: &str) -> &'static str {
    match kind {
        "boolean" => "a boolean",
        "integer" => "an integer",
        "number" => "a number",
        "string" => "a string",
        "array" => "an array",
        _ => "an object",
    }
}
