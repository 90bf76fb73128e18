//! Judgement of what reached AIOS: once, unchanged, in order, or not at all.

use serde_json::Value;

use super::view::{Event, View, short};
use crate::evidence::{Citations, Judgement, Mismatch, SentMessage, Timeline};

fn forwards<'t>(view: View<'t>, message: &SentMessage) -> Vec<Event<'t>> {
    view.about(message)
        .into_iter()
        .filter(Event::forwards)
        .collect()
}

fn first_forward<'t>(view: View<'t>, message: &SentMessage) -> Result<Event<'t>, Mismatch> {
    forwards(view, message).first().copied().ok_or_else(|| {
        let others = view.about(message);
        Mismatch::new(
            format!("the message {} to be forwarded to AIOS", message.message_id),
            match others.first() {
                Some(event) => format!(
                    "only a {} with {}",
                    event.text("event_type").unwrap_or("document"),
                    event.text("status_code").unwrap_or("no status code")
                ),
                None => "nothing about it".to_owned(),
            },
            others.iter().map(|event| event.at).collect(),
        )
    })
}

/// The last message was forwarded as a message with exactly its text.
///
/// # Errors
/// It was not, or the text differs.
pub fn forwarded_unchanged(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let message = view.that_message()?;
    let event = first_forward(view, message)?;
    let (wanted, given) = (message.text.as_deref(), event.body_text());
    if wanted == given && event.text("event_type") == Some("message") {
        return Ok(vec![event.at]);
    }
    Err(Mismatch::new(
        format!("the text exactly as it was sent: {}", described(wanted)),
        described(given),
        vec![event.at],
    ))
}

/// A text by length and beginning, control characters escaped.
fn described(text: Option<&str>) -> String {
    text.map_or_else(
        || "no text".to_owned(),
        |text| {
            format!(
                "{} characters, \"{}\"",
                text.chars().count(),
                short(&text.escape_debug().to_string())
            )
        },
    )
}

/// The last message was accepted by AIOS exactly once: no second event carries its dedup key.
///
/// # Errors
/// It never arrived, or arrived again.
pub fn forwarded_exactly_once(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    forwarded_once(view, view.that_message()?)
}

fn forwarded_once(view: View<'_>, message: &SentMessage) -> Judgement {
    let events = forwards(view, message);
    let firsts: Vec<&Event<'_>> = events.iter().filter(|event| !event.is_repeat()).collect();
    match firsts.as_slice() {
        [] => first_forward(view, message).map(|event| vec![event.at]),
        [event] => Ok(vec![event.at]),
        several => Err(Mismatch::new(
            "the message to be forwarded once",
            format!("it was forwarded {} times", several.len()),
            several.iter().map(|event| event.at).collect(),
        )),
    }
}

/// Each message of the scene was forwarded once.
///
/// # Errors
/// One never arrived, or arrived again.
pub fn each_forwarded_once(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let mut seen = Citations::new();
    for (_, message) in sent_or_undecided(view)? {
        seen.extend(forwarded_once(view, message)?);
    }
    Ok(seen)
}

/// Every message of the scene was forwarded.
///
/// # Errors
/// One was not.
pub fn all_forwarded(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let mut seen = Citations::new();
    for (_, message) in sent_or_undecided(view)? {
        // By words where there are words: two messages must be two events, whatever their ids.
        let event = first_forward(view, message)?;
        if seen.contains(&event.at) {
            let mut events = forwards(view, message).into_iter();
            let other = events.find(|event| !seen.contains(&event.at) && !event.is_repeat());
            let Some(other) = other else {
                return Err(Mismatch::new(
                    "an event for each of the messages",
                    format!("one event for two of them: {}", message.message_id),
                    vec![event.at],
                ));
            };
            seen.push(other.at);
        } else {
            seen.push(event.at);
        }
    }
    Ok(seen)
}

/// For each message there is an event with exactly its id.
///
/// # Errors
/// An id is missing.
pub fn ids_digit_for_digit(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let mut seen = Citations::new();
    for (_, message) in sent_or_undecided(view)? {
        let events = view.about(message);
        let exact = events
            .iter()
            .find(|event| event.text("message_id") == Some(&message.message_id));
        match exact {
            Some(event) => seen.push(event.at),
            None => {
                return Err(Mismatch::new(
                    format!("an event with the message_id \"{}\"", message.message_id),
                    events
                        .first()
                        .and_then(|event| event.document.get("message_id"))
                        .map_or_else(|| "none".to_owned(), Value::to_string),
                    events.iter().map(|event| event.at).collect(),
                ));
            }
        }
    }
    Ok(seen)
}

/// Each person's messages were first forwarded in the order in which they were sent.
///
/// # Errors
/// One overtook another, or is missing.
pub fn in_order(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let mut seen: Vec<(&str, usize)> = Vec::new();
    for (_, message) in sent_or_undecided(view)? {
        let event = first_forward(view, message)?;
        let overtaken = seen
            .iter()
            .find(|(from, at)| *from == message.from && *at > event.at);
        if let Some((_, at)) = overtaken {
            return Err(Mismatch::new(
                "the messages in the order in which they were sent",
                format!("the message {} before an earlier one", message.message_id),
                vec![event.at, *at],
            ));
        }
        seen.push((&message.from, event.at));
    }
    Ok(seen.into_iter().map(|(_, at)| at).collect())
}

/// The last message was not forwarded, although it had its chance.
///
/// # Errors
/// It was. Undecided if what came after it has not passed either.
pub fn not_forwarded(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let message = view.that_message()?;
    if let Some(event) = forwards(view, message).first() {
        return Err(Mismatch::new(
            "the message not to be forwarded",
            format!(
                "an event of type {}",
                event.text("event_type").unwrap_or_default()
            ),
            vec![event.at],
        ));
    }
    let sent = view.sent().last().map_or(0, |(at, _)| *at);
    let Some(passed) = view.passed().find(|at| *at > sent) else {
        return Err(Mismatch::undecided(
            "what came after the message to pass through the adapter",
            "nothing did",
        ));
    };
    let about = view.about(message).into_iter().map(|event| event.at);
    Ok(about.chain([sent, passed]).collect())
}

/// Of the messages of the scene, exactly those of these people were forwarded.
///
/// # Errors
/// One too many, or one too few.
pub fn forwarded_only_from(timeline: &Timeline, admitted: &[&str]) -> Judgement {
    let view = View::of(timeline);
    let mut seen = Citations::new();
    for (_, message) in sent_or_undecided(view)? {
        if admitted.contains(&message.from.as_str()) {
            seen.push(first_forward(view, message)?.at);
        } else if let Some(event) = forwards(view, message).first() {
            return Err(Mismatch::new(
                format!("nothing of {} to be forwarded", message.from),
                "its message was",
                vec![event.at],
            ));
        }
    }
    Ok(seen)
}

fn sent_or_undecided(view: View<'_>) -> Result<Vec<(usize, &SentMessage)>, Mismatch> {
    let sent = view.sent();
    if sent.is_empty() {
        return Err(Mismatch::undecided(
            "messages to speak of",
            "none were sent",
        ));
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, word};
    use super::*;

    #[test]
    fn a_message_is_held_back_only_once_what_came_after_it_has_passed() {
        let sent = || Story::begin().sent("1", 1);
        let passed = sent().fence_passed().told_whole();
        assert_eq!(word(&not_forwarded(&passed)), "pass");
        let forwarded = sent().taken("e1", "1").fence_passed().told_whole();
        assert_eq!(word(&not_forwarded(&forwarded)), "fail");
        let early = Story::begin().fence_passed().sent("1", 1).told_whole();
        assert_eq!(word(&not_forwarded(&early)), "undecided");
        let nothing = Story::begin().fence_passed().told_whole();
        assert_eq!(word(&not_forwarded(&nothing)), "undecided");
    }
}
