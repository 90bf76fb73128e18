//! Judgement of the envelope: what every event carries.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::moment::Moments;
use super::view::{Event, View, differ, members, short, shown};
use serde::de::DeserializeOwned;

use crate::contract::{self, AuditRecord, Id, InboundEvent, Seq, Slug, Timestamp};
use crate::evidence::{Citations, Fact, Judgement, Mismatch, SentMessage, Timeline};

/// The events of the scene, of which there is at least one about each message that was sent.
fn events_of_all_messages(view: View<'_>) -> Result<Vec<Event<'_>>, Mismatch> {
    for (_, message) in view.sent() {
        if view.about(message).is_empty() {
            return Err(Mismatch::undecided(
                "an event about each message that was sent",
                format!("none about the message {}", message.message_id),
            ));
        }
    }
    let events = view.events();
    if events.is_empty() {
        return Err(Mismatch::undecided("at least one event", "none"));
    }
    Ok(events)
}

/// Judges every event; the first one against which `fault` has something to say is the mismatch.
fn every_event(
    timeline: &Timeline,
    expected: &str,
    fault: impl Fn(&Event<'_>) -> Option<String>,
) -> Judgement {
    let events = events_of_all_messages(View::of(timeline))?;
    for event in &events {
        if let Some(observed) = fault(event) {
            return Err(Mismatch::new(expected, observed, vec![event.at]));
        }
    }
    Ok(events.iter().map(|event| event.at).collect())
}

/// Every event carries the required envelope fields, each in its shape.
///
/// # Errors
/// One is missing or misshapen.
pub fn required_fields(timeline: &Timeline) -> Judgement {
    type Check = fn(&Value) -> bool;
    let checks: [(&str, Check); 12] = [
        ("channel_type", Value::is_string),
        ("target", Value::is_string),
        ("workspace_id", is::<Slug>),
        ("agent_id", is::<Slug>),
        ("session_id", is::<Id>),
        ("stream_id", is::<Id>),
        ("seq", is::<Seq>),
        ("event_type", Value::is_string),
        ("timestamp", is::<Timestamp>),
        ("correlation_id", is::<Id>),
        ("status_code", Value::is_string),
        ("payload", Value::is_object),
    ];
    every_event(
        timeline,
        "every required envelope field, in its shape",
        |event| {
            checks.iter().find_map(|(name, check)| {
                let value = event.document.get(name);
                let good = value.is_some_and(check);
                (!good).then(|| format!("`{name}` is {}", shown(value)))
            })
        },
    )
}

fn is<T: DeserializeOwned>(value: &Value) -> bool {
    contract::decode::<T>(value).is_ok()
}

/// Every event names this channel type and this target.
///
/// # Errors
/// One names another.
pub fn channel_and_target(timeline: &Timeline, channel: &str, target: &str) -> Judgement {
    let wanted = json!({"channel_type": channel, "target": target});
    let names = ["channel_type", "target"];
    every_event(timeline, &members(&wanted, &names), |event| {
        differ(event.document, &wanted, &names).then(|| members(event.document, &names))
    })
}

/// Every event is of an inbound type.
///
/// # Errors
/// One is not.
pub fn inbound_types(timeline: &Timeline) -> Judgement {
    const TYPES: [&str; 4] = ["message", "status", "error", "attachment_meta"];
    every_event(
        timeline,
        "an event type of message, status, error, attachment_meta",
        |event| {
            let kind = event.text("event_type");
            (!kind.is_some_and(|kind| TYPES.contains(&kind)))
                .then(|| shown(event.document.get("event_type")))
        },
    )
}

/// Every event is valid by the published schema.
///
/// # Errors
/// One is not.
pub fn valid_by_schema(timeline: &Timeline) -> Judgement {
    every_event(
        timeline,
        "an event that the published schema accepts",
        |event| event.findings.first().cloned(),
    )
}

/// Every event about a message names it and a dedup key.
///
/// # Errors
/// One does not.
pub fn message_ids(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let ids: BTreeSet<&str> = view
        .sent()
        .iter()
        .map(|(_, m)| m.message_id.as_str())
        .collect();
    every_event(
        timeline,
        "`message_id`, as WeChat gave it, and a `dedup_key`",
        |event| {
            // Channel-level events are about no message and have no payload to speak of.
            let about_message = event.document.pointer("/payload/sender").is_some();
            let named = event.text("message_id").is_some_and(|id| ids.contains(id));
            let keyed = event.document.get("dedup_key").is_some_and(is::<Id>);
            (about_message && !(named && keyed)).then(|| {
                format!(
                    "message_id {}, dedup_key {}",
                    shown(event.document.get("message_id")),
                    shown(event.document.get("dedup_key"))
                )
            })
        },
    )
}

/// From every event an audit record can be derived without looking at its body.
///
/// # Errors
/// One lacks what the record requires.
pub fn audit_records(timeline: &Timeline) -> Judgement {
    const REQUIRED: [&str; 6] = [
        "session_id",
        "correlation_id",
        "channel_type",
        "event_type",
        "timestamp",
        "status_code",
    ];
    every_event(
        timeline,
        "the metadata that an audit record requires",
        |event| {
            let missing = REQUIRED
                .iter()
                .find(|name| event.text(name).is_none_or(str::is_empty));
            if let Some(name) = missing {
                return Some(format!("`{name}` is {}", shown(event.document.get(*name))));
            }
            let record = contract::decode::<InboundEvent>(event.document).ok();
            let record = record.map(|event| AuditRecord::from(&event))?;
            let record = serde_json::to_value(record).unwrap_or_default();
            record
                .get("payload")
                .map(|body| format!("a record with a body: {body}"))
        },
    )
}

/// The members that say where an event goes.
const ROUTE: [&str; 2] = ["workspace_id", "agent_id"];

/// Every event carries the route of the configuration.
///
/// # Errors
/// One carries another.
pub fn configured_route(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let route = view
        .integration()?
        .get("route")
        .cloned()
        .unwrap_or_default();
    let expected = format!("the configured route, {}", members(&route, &ROUTE));
    every_event(timeline, &expected, |event| {
        differ(event.document, &route, &ROUTE).then(|| members(event.document, &ROUTE))
    })
}

/// All events carry one and the same route.
///
/// # Errors
/// Two differ.
pub fn one_route(timeline: &Timeline) -> Judgement {
    let events = events_of_all_messages(View::of(timeline))?;
    let first = events[0].document;
    let expected = format!("the route of the first event, {}", members(first, &ROUTE));
    every_event(timeline, &expected, |event| {
        differ(event.document, first, &ROUTE).then(|| members(event.document, &ROUTE))
    })
}

/// First sendings are numbered upwards within each stream.
///
/// # Errors
/// A number does not exceed the one before it.
pub fn numbers_increase(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    events_of_all_messages(view)?;
    let mut last: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
    let mut seen = Citations::new();
    for event in view.all_events().iter().filter(|event| !event.is_repeat()) {
        let stream = event.text("stream_id").unwrap_or_default();
        let number = event
            .document
            .get("seq")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        if let Some((before, at)) = last.insert(stream, (number, event.at))
            && number <= before
        {
            return Err(Mismatch::new(
                format!("a `seq` above {before} in the stream {stream}"),
                shown(event.document.get("seq")),
                vec![at, event.at],
            ));
        }
        seen.push(event.at);
    }
    Ok(seen)
}

/// The second process sends in a stream that the first never used.
///
/// # Errors
/// It goes on with the old one.
pub fn stream_is_new(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let mut streams: BTreeMap<u32, BTreeMap<&str, usize>> = BTreeMap::new();
    for event in view.all_events() {
        let stream = event.text("stream_id").unwrap_or_default();
        streams
            .entry(event.process)
            .or_default()
            .insert(stream, event.at);
    }
    let mut processes = streams.values();
    let (Some(first), Some(second)) = (processes.next(), processes.next()) else {
        return Err(Mismatch::undecided(
            "events of two processes",
            "events of fewer",
        ));
    };
    match second
        .iter()
        .find(|(stream, _)| first.contains_key(*stream))
    {
        None => Ok(first.values().chain(second.values()).copied().collect()),
        Some((stream, at)) => Err(Mismatch::new(
            "a new stream after a restart",
            format!("the stream {stream} again"),
            vec![first[stream], *at],
        )),
    }
}

/// Each message sent has a correlation id of its own.
///
/// # Errors
/// Two share one.
pub fn correlation_ids_differ(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    events_of_all_messages(view)?;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut citations = Citations::new();
    for (_, message) in view.sent() {
        let Some(event) = view.about(message).first().copied() else {
            continue;
        };
        let id = event.text("correlation_id").unwrap_or_default();
        if id.is_empty() {
            return Err(Mismatch::new("a correlation id", "none", vec![event.at]));
        }
        if let Some(at) = seen.insert(id, event.at) {
            return Err(Mismatch::new(
                "a correlation id of its own for each message",
                format!("{} for two messages", short(id)),
                vec![at, event.at],
            ));
        }
        citations.push(event.at);
    }
    Ok(citations)
}

/// The event about the last message carries the time at which it was written, to the second.
///
/// # Errors
/// It carries another, or there is no event to look at.
pub fn dated_with_message(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let message = view.that_message()?;
    let event = event_about(view, message)?;
    let wanted = message.create_time_ms.div_euclid(1000);
    if second_of(&event) == Some(wanted) {
        Ok(vec![event.at])
    } else {
        Err(misdated(
            &event,
            format!(
                "the time {}",
                Timestamp::from_unix_ms(message.create_time_ms)
            ),
        ))
    }
}

/// The event about the last message carries a time between its sending and the event, to the second.
///
/// # Errors
/// It carries another, or there is no event to look at.
pub fn dated_with_arrival(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let message = view.that_message()?;
    let event = event_about(view, message)?;
    let moments = Moments::of(timeline)
        .ok_or_else(|| Mismatch::undecided("a started adapter", "nothing was started"))?;
    let is_it = |sent: &&(usize, &SentMessage)| sent.1.message_id == message.message_id;
    let sent = view.sent().iter().find(is_it).map_or(0, |(at, _)| *at);
    let (from, to) = (moments.earliest(sent), moments.latest(event.at));
    let arrived = from.div_euclid(1000)..=to.div_euclid(1000);
    if second_of(&event).is_some_and(|second| arrived.contains(&second)) {
        Ok(vec![event.at])
    } else {
        let [from, to] = [from, to].map(Timestamp::from_unix_ms);
        Err(misdated(
            &event,
            format!("the time of its arrival, from {from} to {to}"),
        ))
    }
}

fn event_about<'t>(view: View<'t>, message: &SentMessage) -> Result<Event<'t>, Mismatch> {
    let events = view.about(message);
    let first = events.first().copied();
    first.ok_or_else(|| Mismatch::undecided("an event about the message", "there is none"))
}

/// The second of its `timestamp`, since 1970.
fn second_of(event: &Event<'_>) -> Option<i64> {
    let given = event.document.get("timestamp")?;
    let ms = contract::decode::<Timestamp>(given).ok()?.unix_ms()?;
    Some(ms.div_euclid(1000))
}

fn misdated(event: &Event<'_>, expected: String) -> Mismatch {
    Mismatch::new(
        expected,
        shown(event.document.get("timestamp")),
        vec![event.at],
    )
}

/// Messages of one person share a session, and different people have different ones.
///
/// # Errors
/// A person has two sessions, or a session has two people.
pub fn sessions_follow_people(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let events = events_of_all_messages(view)?;
    let mut sessions: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for event in &events {
        let sender = event
            .document
            .pointer("/payload/sender")
            .and_then(Value::as_str);
        let Some(sender) = sender else { continue };
        let session = event.text("session_id").unwrap_or_default();
        let (known, at) = *sessions.entry(sender).or_insert((session, event.at));
        if known != session {
            return Err(Mismatch::new(
                format!("the session {} for {sender}", short(known)),
                short(session),
                vec![at, event.at],
            ));
        }
    }
    let mut people: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for (person, (session, at)) in &sessions {
        if let Some((other, first)) = people.insert(session, (person, *at)) {
            return Err(Mismatch::new(
                "a session of its own for each conversation",
                format!("{other} and {person} share {}", short(session)),
                vec![first, *at],
            ));
        }
    }
    Ok(events.iter().map(|event| event.at).collect())
}

/// What a judge of repeats looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sameness {
    /// Everything but the retry count.
    Identical,
    /// The dedup key.
    DedupKey,
    /// The correlation id.
    Correlation,
}

/// Whether the last message was offered to AIOS more than once by now.
#[must_use]
pub fn was_offered_again(timeline: &Timeline) -> bool {
    let view = View::of(timeline);
    view.that_message()
        .is_ok_and(|message| view.about(message).len() > 1)
}

/// The last message was offered again, and what has to be the same is.
///
/// # Errors
/// It was not offered again, or something changed.
pub fn offered_again(timeline: &Timeline, same: Sameness) -> Judgement {
    let view = View::of(timeline);
    let message = view.that_message()?;
    let offers = view.about(message);
    let [first, rest @ ..] = offers.as_slice() else {
        return Err(Mismatch::undecided(
            "the message to be offered to AIOS",
            "it was not",
        ));
    };
    if rest.is_empty() {
        return Err(Mismatch::new(
            "the message to be offered to AIOS again",
            "it was offered once",
            vec![first.at],
        ));
    }
    let essence = |event: &Event<'_>| {
        let mut document = event.document.clone();
        if let Some(object) = document.as_object_mut() {
            object.remove("retry_count");
        }
        match same {
            Sameness::Identical => document,
            Sameness::DedupKey => document["dedup_key"].take(),
            Sameness::Correlation => document["correlation_id"].take(),
        }
    };
    let mut last_count = first
        .document
        .get("retry_count")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    for again in rest {
        let (was, is) = (essence(first), essence(again));
        if was != is || was.is_null() {
            let (was, is) = apart(&was, &is);
            return Err(Mismatch::new(
                format!("the same as at first: {was}"),
                is,
                vec![first.at, again.at],
            ));
        }
        if same == Sameness::Identical {
            let count = again
                .document
                .get("retry_count")
                .and_then(Value::as_u64)
                .unwrap_or(0);
            if count != last_count + 1 {
                return Err(Mismatch::new(
                    format!("the retry count {}", last_count + 1),
                    shown(again.document.get("retry_count")),
                    vec![first.at, again.at],
                ));
            }
            last_count = count;
        }
    }
    Ok(offers.iter().map(|event| event.at).collect())
}

/// Where two values part: of documents the members that differ.
fn apart(one: &Value, other: &Value) -> (String, String) {
    let (Value::Object(was), Value::Object(is)) = (one, other) else {
        return (short(&one.to_string()), short(&other.to_string()));
    };
    let names = was.keys().chain(is.keys());
    let names: BTreeSet<&str> = names
        .filter(|name| was.get(*name) != is.get(*name))
        .map(String::as_str)
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    (members(one, &names), members(other, &names))
}

/// How often AIOS was offered the first message that was not yet accepted.
#[must_use]
pub fn tries(timeline: &Timeline) -> usize {
    let view = View::of(timeline);
    view.facts()
        .filter(|(_, fact)| matches!(fact, Fact::Settled { reply, .. } if !reply.settles()))
        .count()
}
