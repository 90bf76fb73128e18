//! Edits of a schema.

use serde_json::{Value, json};

/// The part of a schema at a pointer.
pub(super) fn at<'v>(schema: &'v mut Value, pointer: &str) -> &'v mut Value {
    schema
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("the schema has no {pointer}"))
}

pub(super) fn set(schema: &mut Value, pointer: &str, keyword: &str, value: Value) {
    at(schema, pointer)[keyword] = value;
}

pub(super) fn take(schema: &mut Value, pointer: &str, keyword: &str) -> Value {
    let object = at(schema, pointer).as_object_mut().unwrap();
    object
        .remove(keyword)
        .unwrap_or_else(|| panic!("{pointer} has no {keyword}"))
}

pub(super) fn require(schema: &mut Value, pointer: &str, name: &str) {
    at(schema, pointer)
        .as_array_mut()
        .unwrap()
        .push(json!(name));
}

pub(super) fn release(schema: &mut Value, pointer: &str, name: &str) {
    let names = at(schema, pointer).as_array_mut().unwrap();
    let before = names.len();
    names.retain(|known| known != name);
    assert!(names.len() < before, "{pointer} has no {name}");
}

pub(super) fn word(schema: &mut Value, pointer: &str, word: &str) {
    at(schema, pointer)
        .as_array_mut()
        .unwrap()
        .push(json!(word));
}

pub(super) fn rename(schema: &mut Value, pointer: &str, from: &str, to: &str) {
    let value = take(schema, pointer, from);
    at(schema, pointer)[to] = value;
}
