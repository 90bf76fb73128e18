//! Judgement of what AIOS asked for and what people received.

use serde_json::Value;

use super::view::{View, shown};
use crate::contract::{self, Receipt};
use crate::evidence::{Fact, Judgement, Mismatch, Timeline};

/// The last action was answered with a receipt that carries its ids.
///
/// # Errors
/// It was not.
pub fn receipt_carries_ids(timeline: &Timeline) -> Judgement {
    let told = View::of(timeline).last_told("act")?;
    let receipt = told.result.ok_or_else(|| {
        Mismatch::new("a receipt", format!("error {}", shown(told.error)), vec![told.at])
    })?;
    for name in ["correlation_id", "message_id"] {
        if receipt.get(name) != told.params.get(name) {
            return Err(Mismatch::new(
                format!("the `{name}` of the action, {}", shown(told.params.get(name))),
                shown(receipt.get(name)),
                vec![told.at],
            ));
        }
    }
    Ok(vec![told.at])
}

/// The last action was delivered: the receipt says so, and the person has the whole text.
///
/// # Errors
/// One of the two is otherwise.
pub fn action_reached(timeline: &Timeline, person: &str) -> Judgement {
    let view = View::of(timeline);
    let told = view.last_told("act")?;
    let status = told.result.and_then(|receipt| receipt.get("status_code"));
    if status.and_then(Value::as_str) != Some("delivered") {
        return Err(Mismatch::new(
            "a receipt with `delivered`",
            shown(told.result.or(told.error)),
            vec![told.at],
        ));
    }
    if let Some(finding) = told.result.and_then(|r| contract::decode::<Receipt>(r).err()) {
        return Err(Mismatch::new("a valid receipt", finding.to_string(), vec![told.at]));
    }
    let text = told.params.pointer("/payload/text").and_then(Value::as_str).unwrap_or_default();
    let received = received(view, person, text);
    if received.is_empty() {
        return Err(Mismatch::new(
            format!("the text of the action to reach {person}"),
            "it did not",
            vec![told.at],
        ));
    }
    Ok(received.into_iter().chain([told.at]).collect())
}

/// The last action was rejected with this code, and its text reached nobody.
///
/// # Errors
/// One of the two is otherwise.
pub fn action_rejected(timeline: &Timeline, code: &str) -> Judgement {
    let view = View::of(timeline);
    let told = view.last_told("act")?;
    let part = |name: &str| told.result.and_then(|r| r.get(name)).and_then(Value::as_str);
    let said = (part("status_code"), part("error_code"));
    if said != (Some("rejected"), Some(code)) {
        return Err(Mismatch::new(
            format!("a receipt with `rejected` and `{code}`"),
            shown(told.result.or(told.error)),
            vec![told.at],
        ));
    }
    let text = told.params.pointer("/payload/text").and_then(Value::as_str).unwrap_or_default();
    let person = told.params.pointer("/payload/recipient").and_then(Value::as_str);
    let received = received(view, person.unwrap_or_default(), text);
    if let Some(at) = received.first() {
        return Err(Mismatch::new("nothing to reach that person", "the text did", vec![*at]));
    }
    Ok(vec![told.at])
}

/// Deliveries to a person that carry a text, or a part of it.
fn received(view: View<'_>, person: &str, whole: &str) -> Vec<usize> {
    view.facts()
        .filter_map(|(at, fact)| match fact {
            Fact::Delivered { to, text: Some(text), .. }
                if to == person && !text.is_empty() && whole.contains(text.as_str()) =>
            {
                Some(at)
            }
            _ => None,
        })
        .collect()
}
