//! The comparison on small schemas: what is known, what is not, and which document is the smallest.

use aios_wechat::diff::{Answer, Comparer};
use serde_json::{Value, json};

/// The witness from the first schema to the second, or what was said instead.
fn shown(writer: &Value, reader: &Value) -> Result<Value, Answer> {
    match Comparer::new(1).one_way(writer, reader, None, &[]) {
        Answer::Breaks { witness, .. } => Ok(witness),
        other => Err(other),
    }
}

#[track_caller]
fn undecided(writer: &Value, reader: &Value, why: &str) {
    match shown(writer, reader) {
        Err(Answer::Undecided { reason }) => assert!(reason.contains(why), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn understood(writer: &Value, reader: &Value) {
    match shown(writer, reader) {
        Err(Answer::Same | Answer::Understood { .. }) => {}
        other => panic!("{other:?}"),
    }
}

fn pattern(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

#[test]
fn what_the_comparison_does_not_know_is_undecided() {
    let text = json!({"type": "string"});
    undecided(
        &text,
        &json!({"type": "string", "format": "uri"}),
        "`format:",
    );
    undecided(&text, &json!({"$ref": "#"}), "refers to itself");
    undecided(&text, &json!({"$ref": "#/$defs/Gone"}), "not there");
    undecided(&text, &json!({"minimum": 0.5}), "`minimum:");
    undecided(&text, &pattern("^\\d$"), "validators read it differently");
    undecided(&text, &pattern("("), "cannot be read");
    undecided(&text, &pattern("a\\b"), "validators read it differently");
}

#[test]
fn patterns_are_compared_as_sets_of_texts() {
    understood(&pattern("^a{2}$"), &pattern("^aa$"));
    understood(&pattern("^(a|b)*$"), &pattern("^[ab]*$"));
    understood(&pattern("^x?y$"), &pattern("y"));
    understood(&pattern("^a"), &pattern("^a.*|^a\\n"));
    assert_eq!(shown(&pattern("y"), &pattern("^x?y$")), Ok(json!("ay")));
    assert_eq!(
        shown(&pattern("^(ab){3,}$"), &pattern("^(ab){3}$")),
        Ok(json!("abababab"))
    );
    assert_eq!(
        shown(&pattern("^[^a]$"), &pattern("^[^b]$")),
        Ok(json!("b"))
    );
    // The text before a last newline matches for some validators; the language says what is meant.
    assert_eq!(shown(&pattern("a$"), &pattern("^a$")), Ok(json!("aa")));
}

#[test]
fn a_pattern_and_a_length_are_one_question() {
    let bound = |most: u64| json!({"type": "string", "pattern": "^(ab)*$", "maxLength": most});
    understood(&bound(5), &bound(4));
    assert_eq!(shown(&bound(6), &bound(5)), Ok(json!("ababab")));
}

#[test]
fn a_smallest_document_has_nothing_that_it_does_not_need() {
    let writer = json!({
        "type": "object",
        "properties": {"long": {"type": "string", "minLength": 20}, "b": {"type": "integer", "minimum": -5}},
        "additionalProperties": false,
    });
    let mut reader = writer.clone();
    reader["properties"]["b"]["minimum"] = json!(-4);
    assert_eq!(shown(&writer, &reader), Ok(json!({"b": -5})));
    reader["required"] = json!(["long"]);
    assert_eq!(shown(&writer, &reader), Ok(json!({})));
}

#[test]
fn exactly_one_of_overlapping_shapes_is_kept_apart_from_at_least_one() {
    let shapes = json!([{"type": "integer", "minimum": 3}, {"type": "integer", "maximum": 5}]);
    let (any, one) = (json!({"anyOf": shapes}), json!({"oneOf": shapes}));
    assert_eq!(shown(&any, &one), Ok(json!(3)));
    understood(&one, &any);
}

#[test]
fn arrays_differ_by_what_they_contain() {
    let of = |more: Value| {
        let mut schema =
            json!({"type": "array", "items": {"enum": ["x", "y", "z"]}, "uniqueItems": true});
        schema
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        schema
    };
    assert_eq!(
        shown(&of(json!({})), &of(json!({"maxItems": 2}))),
        Ok(json!(["x", "y", "z"]))
    );
    // There are no four different ones among three.
    understood(&of(json!({})), &of(json!({"maxItems": 3})));
    assert_eq!(
        shown(
            &of(json!({"contains": {"const": "y"}})),
            &of(json!({"contains": {"const": "x"}}))
        ),
        Ok(json!(["y"]))
    );
    assert_eq!(
        shown(&of(json!({"uniqueItems": false})), &of(json!({}))),
        Ok(json!(["x", "x"]))
    );
}

#[test]
fn an_open_object_may_have_members_that_nobody_named() {
    let open = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let closed = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": false});
    understood(&closed, &open);
    assert_eq!(shown(&open, &closed), Ok(json!({"": 0})));
    let named = json!({"type": "object", "propertyNames": {"pattern": "^x-[a-z]+$"}});
    assert_eq!(shown(&named, &closed), Ok(json!({"x-a": 0})));
}

#[test]
fn a_document_that_cannot_exist_breaks_nobody() {
    let impossible = json!({"type": "string", "minLength": 3, "maxLength": 2});
    understood(&impossible, &json!({"type": "integer"}));
    understood(&json!(false), &impossible);
    assert_eq!(shown(&json!(true), &impossible), Ok(json!(0)));
}
