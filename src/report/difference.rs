//! Where two documents differ.

use serde_json::Value;

use super::model::CaseResult;
use super::plain::plain;
use crate::evidence::Fact;

/// The most differences that are told.
const SHOWN: usize = 6;
/// The most characters of one value.
const VALUE: usize = 60;

/// If a failure rests on two events, where the second differs from the first: `seq: 1, then 2`.
pub(super) fn difference(case: &CaseResult) -> Option<String> {
    let entries = case.timeline.entries();
    let documents: Vec<&Value> = case
        .mismatch
        .as_ref()?
        .at
        .iter()
        .filter_map(|index| match &entries.get(*index)?.what {
            Fact::Event { document, .. } => Some(document),
            _ => None,
        })
        .collect();
    let [first, second] = documents[..] else {
        return None;
    };
    let found = between(first, second);
    Some(if found.is_empty() {
        "nothing".to_owned()
    } else {
        found.join("; ")
    })
}

/// Where the second document differs from the first, at most a few places of it.
pub(super) fn between(first: &Value, second: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", first, second, &mut found);
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    if more > 0 {
        found.push(format!("{more} more"));
    }
    found
}

fn compare(path: &str, first: &Value, second: &Value, found: &mut Vec<String>) {
    if let (Value::Object(a), Value::Object(b)) = (first, second) {
        let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for key in keys {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            match (a.get(key), b.get(key)) {
                (Some(a), Some(b)) => compare(&path, a, b, found),
                (a, b) => found.push(told(&path, a, b)),
            }
        }
    } else if first != second {
        found.push(told(path, Some(first), Some(second)));
    }
}

fn told(path: &str, first: Option<&Value>, second: Option<&Value>) -> String {
    let value = |value: Option<&Value>| {
        value.map_or("absent".to_owned(), |value| {
            plain(&value.to_string(), VALUE)
        })
    };
    format!(
        "{}: {}, then {}",
        plain(path, VALUE),
        value(first),
        value(second)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let mut found = Vec::new();
        compare(
            "",
            &json!({"seq": 1, "payload": {"text": "a", "origin": "text"}}),
            &json!({"seq": 2, "payload": {"text": "a", "origin": "voice"}, "retry_count": 1}),
            &mut found,
        );
        assert_eq!(
            found,
            [
                "payload.origin: \"text\", then \"voice\"",
                "retry_count: absent, then 1",
                "seq: 1, then 2"
            ]
        );
    }
}
