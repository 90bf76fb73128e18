//! Judgement of who gets through, and of what is said about those who do not.

use serde_json::Value;

use super::view::{View, members, short, shown};
use crate::contract::driver::INVALID_PARAMS;
use crate::contract::{self, Integration};
use crate::evidence::{Fact, Judgement, Mismatch, SentMessage, Timeline};

/// The access state shows the owner, the allowlist and the policy of the configuration.
///
/// # Errors
/// One of them differs.
pub fn access_matches_configuration(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let document = view.integration()?;
    let integration = contract::decode::<Integration>(document).map_err(|finding| {
        Mismatch::undecided(
            "a faultless configuration to compare with",
            finding.to_string(),
        )
    })?;
    let told = view.last_told("audit")?;
    let state = told.result.ok_or_else(|| {
        Mismatch::new(
            "the access state",
            format!("error {}", shown(told.error)),
            vec![told.at],
        )
    })?;
    let policy = &state["policy"];
    let wanted: [(&str, Value, Value); 5] = [
        (
            "auth.owner_user_id",
            document
                .pointer("/auth/owner_user_id")
                .cloned()
                .unwrap_or_default(),
            state
                .pointer("/auth/owner_user_id")
                .cloned()
                .unwrap_or_default(),
        ),
        (
            "auth.allowlist",
            list(document.pointer("/auth/allowlist")),
            list(state.pointer("/auth/allowlist")),
        ),
        (
            "policy.owner_only",
            integration.owner_only().into(),
            policy["owner_only"].clone(),
        ),
        (
            "policy.pairing_required",
            integration.pairing_required().into(),
            policy["pairing_required"].clone(),
        ),
        (
            "policy.dedup_window_sec",
            integration.dedup_window_sec().into(),
            policy["dedup_window_sec"].clone(),
        ),
    ];
    for (name, wanted, given) in wanted {
        if wanted != given {
            return Err(Mismatch::new(
                format!("`{name}` as it is in force: {}", short(&wanted.to_string())),
                short(&given.to_string()),
                vec![told.at],
            ));
        }
    }
    Ok(vec![told.at])
}

/// A list in a fixed order; a missing one is empty.
fn list(value: Option<&Value>) -> Value {
    let mut entries: Vec<String> = value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(Value::to_string)
        .collect();
    entries.sort();
    entries.into()
}

/// The last message was reported once, as a status with this code and without its body, and its
/// body is in nothing that the adapter said.
///
/// # Errors
/// It was not reported so, or its body was seen.
pub fn reported_without_body(timeline: &Timeline, code: &str) -> Judgement {
    let view = View::of(timeline);
    let message = view.that_message()?;
    if let Some(mismatch) = body_seen(view, message) {
        return Err(mismatch);
    }
    let events = view.about(message);
    let expected = format!("a status `{code}` about the message, naming its sender");
    let Some(event) = events.first() else {
        return Err(Mismatch::new(expected, "no event about it", vec![]));
    };
    let sender = event
        .document
        .pointer("/payload/sender")
        .and_then(Value::as_str);
    let said = (event.text("event_type"), event.text("status_code"), sender);
    if said != (Some("status"), Some(code), Some(message.from.as_str())) {
        let named = members(event.document, &["event_type", "status_code"]);
        let observed = format!("{named}, sender {}", sender.unwrap_or("nothing"));
        return Err(Mismatch::new(expected, observed, vec![event.at]));
    }
    let firsts: Vec<usize> = events
        .iter()
        .filter(|event| !event.is_repeat())
        .map(|event| event.at)
        .collect();
    if firsts.len() > 1 {
        return Err(Mismatch::new(
            "one report about one message",
            format!("{} reports", firsts.len()),
            firsts,
        ));
    }
    Ok(firsts)
}

/// Of the messages of the scene the first was reported as unpaired, no other was, and nothing was
/// forwarded.
///
/// # Errors
/// One was forwarded, or there is not exactly one report.
pub fn held_and_reported_once(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let mut reports = Vec::new();
    for (_, message) in view.sent() {
        if let Some(mismatch) = body_seen(view, message) {
            return Err(mismatch);
        }
        let about = view.about(message);
        reports.extend(
            about
                .iter()
                .filter(|event| event.text("status_code") == Some("pairing_required"))
                .filter(|event| !event.is_repeat())
                .map(|event| event.at),
        );
    }
    if reports.len() == 1 {
        Ok(reports)
    } else {
        Err(Mismatch::new(
            "one report of `pairing_required` for the person",
            format!("{} of them", reports.len()),
            reports,
        ))
    }
}

/// The last message of the scene was forwarded, the first was not.
///
/// # Errors
/// One of the two is otherwise.
pub fn only_last_forwarded(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let sent = view.sent();
    let (Some((_, first)), Some((_, last))) = (sent.first(), sent.last()) else {
        return Err(Mismatch::undecided("two messages", "fewer were sent"));
    };
    if let Some(mismatch) = body_seen(view, first) {
        return Err(mismatch);
    }
    let forwards = view.about(last).into_iter().find(super::Event::forwards);
    match forwards {
        Some(event) if event.body_text() == last.text.as_deref() => Ok(vec![event.at]),
        _ => Err(Mismatch::new(
            "the message sent after the approval to be forwarded",
            "it was not",
            view.about(last).iter().map(|event| event.at).collect(),
        )),
    }
}

/// Where the body of a message shows in anything that the adapter said.
fn body_seen(view: View<'_>, message: &SentMessage) -> Option<Mismatch> {
    let bodies = bodies(&message.items);
    view.facts().find_map(|(at, fact)| {
        let said = match fact {
            Fact::Event { document, .. } => document.to_string(),
            Fact::Told { result, error, .. } => {
                format!("{} {}", shown(result.as_ref()), shown(error.as_ref()))
            }
            Fact::Stderr { line, .. } => line.clone(),
            Fact::Delivered {
                text: Some(text), ..
            } => text.clone(),
            _ => return None,
        };
        let body = bodies.iter().find(|body| said.contains(body.as_str()))?;
        Some(Mismatch::new(
            "the body of a message that is not forwarded to go nowhere",
            format!("{} of it in what the adapter said", short(body)),
            vec![at],
        ))
    })
}

/// The texts, transcripts and file names of a message, as they stand in JSON.
fn bodies(items: &[Value]) -> Vec<String> {
    const PLACES: [&str; 5] = [
        "/text_item/text",
        "/voice_item/text",
        "/file_item/file_name",
        "/ref_msg/title",
        "/ref_msg/message_item/text_item/text",
    ];
    items
        .iter()
        .flat_map(|item| {
            PLACES
                .iter()
                .filter_map(|place| item.pointer(place)?.as_str())
        })
        .filter(|body| !body.is_empty())
        .map(|body| {
            let quoted = Value::from(body).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        })
        .collect()
}

/// Either the start was refused as a document that breaks the contract, or the friend's message
/// was held and reported.
///
/// # Errors
/// The policy was ignored.
pub fn pairing_is_enforced_or_refused(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let told = view.last_told("start")?;
    if let Some(error) = told.error {
        let code = error.get("code").and_then(Value::as_i64);
        let refused = code == Some(INVALID_PARAMS.get());
        return if refused && !view.claims("pairing") {
            Ok(vec![told.at])
        } else {
            Err(Mismatch::new(
                "pairing enforced where it is claimed, refused with -32602 where it is not",
                format!(
                    "error {error}, with pairing claimed: {}",
                    view.claims("pairing")
                ),
                vec![told.at],
            ))
        };
    }
    reported_without_body(timeline, "pairing_required")
}
