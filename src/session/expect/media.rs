//! Judgement of voice, attachments, quotes and bad items.

use serde_json::Value;

use super::view::{Event, View, short, shown};
use crate::evidence::{Fact, Judgement, Mismatch, Timeline};

/// The last message was forwarded as a message whose text is its transcript, marked as voice.
///
/// # Errors
/// It was not.
pub fn transcript_forwarded(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let message = view.that_message()?;
    let transcript = message
        .items
        .iter()
        .find_map(|item| item.pointer("/voice_item/text")?.as_str());
    let events = view.about(message);
    let at = events.iter().map(|event| event.at).collect();
    let good = events.iter().find(|event| {
        let origin = event
            .document
            .pointer("/payload/origin")
            .and_then(Value::as_str);
        event.text("event_type") == Some("message")
            && event.body_text() == transcript
            && origin == Some("voice")
    });
    match good {
        Some(event) => Ok(vec![event.at]),
        None => Err(Mismatch::new(
            "a message whose text is the transcript, with the origin `voice`",
            events.first().map_or("nothing about it".to_owned(), |e| {
                short(&e.document.to_string())
            }),
            at,
        )),
    }
}

/// The last message was forwarded as metadata of one attachment of this kind, and what that says is
/// what WeChat says of it: of a file its name and size at least, of a voice message its length.
///
/// # Errors
/// It was not.
pub fn metadata_forwarded(timeline: &Timeline, kind: &str) -> Judgement {
    let view = View::of(timeline);
    let message = view.that_message()?;
    let events = view.about(message);
    let mut attached = events.iter().filter_map(|event| {
        let attachments = event.document.pointer("/payload/attachments")?;
        match attachments.as_array()?.as_slice() {
            [attachment] if event.text("event_type") == Some("attachment_meta") => {
                Some((event.at, attachment))
            }
            _ => None,
        }
    });
    let is_kind = |(_, attachment): &(usize, &Value)| attachment["kind"] == kind;
    let Some((at, attachment)) = attached.find(is_kind) else {
        return Err(Mismatch::new(
            format!("an `attachment_meta` with one attachment of kind `{kind}`"),
            events.first().map_or("nothing about it".to_owned(), |e| {
                short(&e.document.to_string())
            }),
            events.iter().map(|event| event.at).collect(),
        ));
    };
    for told in message.items.iter().flat_map(told) {
        let given = attachment.get(told.member);
        let good = match given {
            None => !told.is_needed,
            Some(given) => told.values.iter().any(|value| says_the_same(value, given)),
        };
        if !good {
            return Err(Mismatch::new(
                format!(
                    "`{}` {} as WeChat gives it",
                    told.member,
                    told.values.first().unwrap_or(&Value::Null)
                ),
                shown(given),
                vec![at],
            ));
        }
    }
    Ok(vec![at])
}

/// Whether two values are equal, however a number is spelt.
fn says_the_same(one: &Value, other: &Value) -> bool {
    one == other || one.as_f64().is_some_and(|one| Some(one) == other.as_f64())
}

/// What WeChat says of an attachment.
struct Told {
    /// The member of the metadata that repeats it.
    member: &'static str,
    /// What may stand there.
    values: Vec<Value>,
    /// Whether it is missed where it does not stand.
    is_needed: bool,
}

fn told(item: &Value) -> Vec<Told> {
    let numbers = |places: &[&str]| -> Vec<Value> {
        let found = places.iter().filter_map(|place| item.pointer(place));
        let number = |value: &Value| match value {
            Value::String(digits) => digits.parse().ok(),
            value => value.as_u64(),
        };
        let known = found.filter_map(number).filter(|number| *number > 0);
        known.map(Value::from).collect()
    };
    let texts = |before: &str, places: &[&str]| -> Vec<Value> {
        let found = places.iter().filter_map(|place| item.pointer(place));
        let known = found
            .filter_map(Value::as_str)
            .filter(|text| !text.is_empty());
        known.map(|text| format!("{before}{text}").into()).collect()
    };
    let told = |member, values, is_needed| Told {
        member,
        values,
        is_needed,
    };
    let size_of_file = numbers(&["/file_item/len"]);
    let sizes = [
        "/image_item/mid_size",
        "/image_item/hd_size",
        "/video_item/video_size",
    ];
    let digests = ["/file_item/md5", "/video_item/video_md5"];
    let all = [
        told("name", texts("", &["/file_item/file_name"]), true),
        told("size_bytes", size_of_file, true),
        told("size_bytes", numbers(&sizes), false),
        told("duration_ms", numbers(&["/voice_item/playtime"]), true),
        told("digest", texts("md5:", &digests), false),
    ];
    all.into_iter()
        .filter(|told| !told.values.is_empty())
        .collect()
}

/// No event holds the keys or download parameters of any attachment that was sent.
///
/// # Errors
/// One does.
pub fn nothing_opens_attachments(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let mut secrets = Vec::new();
    for (_, message) in view.sent() {
        message
            .items
            .iter()
            .for_each(|item| openers(item, &mut secrets));
        if view.about(message).is_empty() {
            return Err(Mismatch::undecided(
                "an event about each message that was sent",
                format!("none about the message {}", message.message_id),
            ));
        }
    }
    if secrets.is_empty() {
        return Err(Mismatch::undecided(
            "attachments with keys",
            "there were none",
        ));
    }
    let events = view.events();
    for event in &events {
        let said = event.document.to_string();
        if let Some(secret) = secrets.iter().find(|secret| said.contains(secret.as_str())) {
            return Err(Mismatch::new(
                "metadata alone",
                format!("what opens an attachment: {}", short(secret)),
                vec![event.at],
            ));
        }
    }
    Ok(events.iter().map(|event| event.at).collect())
}

/// The keys, tokens and addresses in an item.
fn openers(value: &Value, found: &mut Vec<String>) {
    const NAMES: [&str; 5] = [
        "encrypt_query_param",
        "aes_key",
        "aeskey",
        "full_url",
        "url",
    ];
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) if NAMES.contains(&name.as_str()) && !text.is_empty() => {
                        found.push(text.to_owned());
                    }
                    _ => openers(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| openers(item, found)),
        _ => {}
    }
}

/// The words that the last message quotes are in no event, and the event says that it quotes.
///
/// # Errors
/// They are in one, or the quotation is not marked.
pub fn quoted_words_go_nowhere(timeline: &Timeline) -> Judgement {
    const PLACES: [&str; 2] = ["/ref_msg/title", "/ref_msg/message_item/text_item/text"];
    let view = View::of(timeline);
    let message = view.that_message()?;
    let quoted: Vec<&str> = message
        .items
        .iter()
        .flat_map(|item| {
            PLACES
                .iter()
                .filter_map(|place| item.pointer(place)?.as_str())
        })
        .collect();
    if quoted.is_empty() {
        return Err(Mismatch::undecided(
            "a message that quotes another",
            "there was none",
        ));
    }
    let said = view.facts().find_map(|(at, fact)| {
        let text = match fact {
            Fact::Event { document, .. } => document.to_string(),
            Fact::Told { result, .. } => shown(result.as_ref()),
            Fact::Stderr { line, .. } => line.clone(),
            _ => return None,
        };
        quoted
            .iter()
            .any(|words| text.contains(words))
            .then_some(at)
    });
    if let Some(at) = said {
        let expected = "the quoted words to go nowhere";
        return Err(Mismatch::new(expected, "the adapter says them", vec![at]));
    }
    let marked = view
        .about(message)
        .into_iter()
        .find(|event| event.document.pointer("/payload/quoted").is_some());
    marked
        .map(|event| vec![event.at])
        .ok_or_else(|| Mismatch::new("`quoted` in the event", "none", vec![]))
}

/// No event about the last message says that it quotes another.
///
/// # Errors
/// One does, or there is none.
pub fn quotes_nothing(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let events = view.about(view.that_message()?);
    if events.is_empty() {
        return Err(Mismatch::undecided("an event about it", "none"));
    }
    let quotes = |event: &&Event<'_>| event.document.pointer("/payload/quoted").is_some();
    match events.iter().find(quotes) {
        None => Ok(events.iter().map(|event| event.at).collect()),
        Some(event) => Err(Mismatch::new(
            "no `quoted`, since it quotes nothing",
            short(&event.document.to_string()),
            vec![event.at],
        )),
    }
}

/// Every message of the scene that is a text was forwarded unchanged.
///
/// # Errors
/// One was not.
pub fn texts_forwarded(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let mut seen = Vec::new();
    for (_, message) in view.sent() {
        let Some(text) = message.text.as_deref() else {
            continue;
        };
        let event = view
            .about(message)
            .into_iter()
            .find(|event| event.body_text() == Some(text));
        match event {
            Some(event) => seen.push(event.at),
            None => {
                return Err(Mismatch::new(
                    format!("the message {} to be forwarded", message.message_id),
                    "it was not",
                    vec![],
                ));
            }
        }
    }
    Ok(seen)
}

/// There is an event about every message of the scene that is no text.
///
/// # Errors
/// One went unreported.
pub fn others_reported(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let others = view
        .sent()
        .into_iter()
        .filter(|(_, message)| message.text.is_none());
    let mut seen = Vec::new();
    for (_, message) in others {
        let events = view.about(message);
        let Some(event) = events.first() else {
            return Err(Mismatch::new(
                format!("a report about the message {}", message.message_id),
                "none",
                vec![],
            ));
        };
        seen.push(event.at);
    }
    if seen.is_empty() {
        return Err(Mismatch::undecided("a bad message", "none was sent"));
    }
    Ok(seen)
}
