//! Judgement of positions: what is acknowledged when, and where an adapter goes on.

use std::collections::BTreeMap;

use serde_json::Value;

use super::exchange::{End, Exchange, exchanges};
use super::view::{Event, View, short};
use crate::evidence::{Citations, Fact, Judgement, Mismatch, Reply, SentMessage, Timeline};

/// Where AIOS settled each event: index and answer, by process and request.
fn settlements<'t>(view: View<'t>) -> BTreeMap<(u32, &'t str), (usize, Reply)> {
    view.facts()
        .filter_map(|(at, fact)| match fact {
            Fact::Settled { process, id, reply } if reply.settles() => {
                Some(((*process, id.as_str()), (at, *reply)))
            }
            _ => None,
        })
        .collect()
}

/// Where AIOS first settled an event about a message.
fn settled(view: View<'_>, message: &SentMessage) -> Option<(usize, Reply)> {
    let settlements = settlements(view);
    let about = view.about(message);
    about
        .iter()
        .filter_map(|e| settlements.get(&(e.process, e.id)).copied())
        .min_by_key(|s| s.0)
}

/// Where AIOS first took over what was forwarded of a message.
pub(super) fn accepted(view: View<'_>, message: &SentMessage) -> Option<usize> {
    let settlements = settlements(view);
    view.about(message)
        .iter()
        .filter(|event| event.forwards())
        .filter_map(|event| settlements.get(&(event.process, event.id)))
        .filter(|(_, reply)| matches!(reply, Reply::Accepted | Reply::Duplicate))
        .map(|(at, _)| *at)
        .min()
}

/// Every message of the scene, the fences among them.
fn everything_sent<'t>(view: View<'t>) -> Vec<&'t SentMessage> {
    view.facts()
        .filter_map(|(_, fact)| match fact {
            Fact::Sent { message, .. } => Some(message),
            _ => None,
        })
        .collect()
}

/// No poll carried a cursor that lies behind a message before AIOS had settled it.
///
/// # Errors
/// One did. Undecided if no cursor ever lay behind a message.
pub fn acknowledged_after_acceptance(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let sent: Vec<_> = everything_sent(view)
        .into_iter()
        .map(|m| (m, settled(view, m)))
        .collect();
    let mut seen = Citations::new();
    for poll in exchanges(view).iter().filter(|exchange| exchange.is_poll()) {
        let Some(position) = poll.position else {
            continue;
        };
        for (message, settled) in sent
            .iter()
            .filter(|(message, _)| message.position <= position)
        {
            match settled {
                Some((at, _)) if *at < poll.called => seen.push(poll.called),
                _ => {
                    return Err(Mismatch::new(
                        "a position to be acknowledged to WeChat only once AIOS has taken what \
                         came before it",
                        format!(
                            "a poll from behind the message {} before AIOS had taken it",
                            message.message_id
                        ),
                        settled
                            .iter()
                            .map(|(at, _)| *at)
                            .chain([poll.called])
                            .collect(),
                    ));
                }
            }
        }
    }
    if seen.is_empty() {
        return Err(Mismatch::undecided("a poll from behind a message", "none"));
    }
    seen.dedup();
    Ok(seen)
}

/// AIOS took over every message of the scene.
///
/// # Errors
/// One was never taken over.
pub fn all_accepted(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let sent = view.sent();
    if sent.is_empty() {
        return Err(Mismatch::undecided(
            "messages to speak of",
            "none were sent",
        ));
    }
    let take = |(_, message): &(usize, &SentMessage)| {
        accepted(view, message).ok_or_else(|| {
            Mismatch::new(
                format!("AIOS to take over the message {}", message.message_id),
                if view.about(message).is_empty() {
                    "it was lost"
                } else {
                    "it never did"
                },
                view.about(message).iter().map(|event| event.at).collect(),
            )
        })
    };
    sent.iter().map(take).collect()
}

/// AIOS took over every message of the scene, each person's in the order they were sent.
///
/// # Errors
/// One was lost, or overtook another.
pub fn all_accepted_in_order(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let taken = all_accepted(timeline)?;
    let sent = view.sent();
    for (index, (_, message)) in sent.iter().enumerate() {
        let overtaken = sent[..index]
            .iter()
            .zip(&taken)
            .find(|((_, earlier), at)| earlier.from == message.from && **at > taken[index]);
        if let Some((_, at)) = overtaken {
            return Err(Mismatch::new(
                "the messages in the order in which they were sent",
                format!("the message {} before an earlier one", message.message_id),
                vec![taken[index], *at],
            ));
        }
    }
    Ok(taken)
}

/// The calls of each process, by its number.
fn by_process<'t>(view: View<'t>) -> BTreeMap<u32, Vec<Exchange<'t>>> {
    let mut launches: Vec<(usize, u32)> = view
        .facts()
        .filter_map(|(at, fact)| match fact {
            Fact::Launched { process, .. } => Some((at, *process)),
            _ => None,
        })
        .collect();
    launches.reverse();
    let mut calls: BTreeMap<u32, Vec<Exchange<'t>>> = BTreeMap::new();
    for exchange in exchanges(view) {
        if let Some((_, process)) = launches.iter().find(|(at, _)| *at < exchange.called) {
            calls.entry(*process).or_default().push(exchange);
        }
    }
    calls
}

/// The cursors that a process was given, in order.
fn given<'t>(calls: &[Exchange<'t>]) -> Vec<(usize, &'t str)> {
    calls
        .iter()
        .filter(|exchange| exchange.is_poll())
        .filter_map(|exchange| match (exchange.ended, exchange.end) {
            (Some(at), End::Good(Some(cursor))) => Some((at, cursor)),
            _ => None,
        })
        .collect()
}

/// How exactly a process has to go on where the one before it left off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumption {
    /// From the last cursor that was given.
    Last,
    /// From that or an earlier one, or from the beginning.
    LastOrEarlier,
}

/// The first poll of the last process goes on where the process before it left off.
///
/// # Errors
/// It goes on elsewhere.
pub fn goes_on(timeline: &Timeline, how: Resumption) -> Judgement {
    let view = View::of(timeline);
    let calls = by_process(view);
    let mut last_two = calls.values().rev();
    let (Some(now), Some(before)) = (last_two.next(), last_two.next()) else {
        return Err(Mismatch::undecided(
            "polls of two processes",
            "polls of fewer",
        ));
    };
    let cursors = given(before);
    let (Some(first), Some((last_at, last))) = (
        now.iter().find(|exchange| exchange.is_poll()),
        cursors.last(),
    ) else {
        return Err(Mismatch::undecided(
            "a position to go on from",
            "none was given",
        ));
    };
    let known = cursors.iter().any(|(_, cursor)| *cursor == first.cursor);
    let good = match how {
        Resumption::Last => first.cursor == *last,
        Resumption::LastOrEarlier => known || first.cursor.is_empty(),
    };
    if good {
        return Ok(vec![*last_at, first.called]);
    }
    Err(Mismatch::new(
        match how {
            Resumption::Last => "the first poll after a stop to go on from the last position",
            Resumption::LastOrEarlier => {
                "the first poll after a kill to go on from the last position or an earlier one"
            }
        },
        match (first.cursor, known) {
            ("", _) => "it begins from the beginning".to_owned(),
            (_, true) => "it goes on from an earlier one".to_owned(),
            (other, false) => format!("it goes on from {}, which was never given", short(other)),
        },
        vec![*last_at, first.called],
    ))
}

/// No process begins with a cursor that was given under another cursor key, and one that is
/// started again under a key goes on from the last cursor given under that key.
///
/// # Errors
/// Positions are shared, or one is lost to another key.
pub fn positions_stay_apart(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let keys: BTreeMap<u32, &str> = view
        .facts()
        .filter_map(|(_, fact)| match fact {
            Fact::Asked {
                process,
                method,
                params,
                ..
            } if method == "start" => {
                let key = params.pointer("/integration/config/cursor_key");
                Some((*process, key.and_then(Value::as_str)?))
            }
            _ => None,
        })
        .collect();
    let mut under: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
    let mut seen = Citations::new();
    for (process, calls) in by_process(view) {
        let Some(key) = keys.get(&process).copied() else {
            continue;
        };
        if let Some(first) = calls.iter().find(|exchange| exchange.is_poll()) {
            let own = under.get(key).and_then(|cursors| cursors.last()).copied();
            let expected = own.map_or("", |(_, cursor)| cursor);
            if first.cursor != expected {
                let foreign = under.iter().find_map(|(other, cursors)| {
                    let same = cursors.iter().find(|(_, cursor)| *cursor == first.cursor);
                    same.filter(|_| *other != key).map(|(at, _)| (*other, *at))
                });
                let observed = match foreign {
                    Some((other, _)) => format!("the position of the cursor key \"{other}\""),
                    None if first.cursor.is_empty() => "the beginning".to_owned(),
                    None => format!("the position {}", short(first.cursor)),
                };
                let wanted = match own {
                    Some(_) => "the last position given under it",
                    None => "the beginning, as nothing was given under it",
                };
                return Err(Mismatch::new(
                    format!("the cursor key \"{key}\" to begin with {wanted}"),
                    observed,
                    foreign
                        .map(|(_, at)| at)
                        .into_iter()
                        .chain([first.called])
                        .collect(),
                ));
            }
            seen.push(first.called);
        }
        under.entry(key).or_default().extend(given(&calls));
    }
    if under.len() < 2 || seen.len() < 3 {
        return Err(Mismatch::undecided(
            "starts under two cursor keys, and one of them again",
            format!("{} polled under {} keys", seen.len(), under.len()),
        ));
    }
    Ok(seen)
}

/// Everything that AIOS was offered about one message carries one and the same dedup key.
///
/// # Errors
/// Two keys, or none. Undecided, where a repeat is needed, if nothing was offered twice.
pub fn one_key_for_each(timeline: &Timeline, repeat_needed: bool) -> Judgement {
    let view = View::of(timeline);
    let mut seen = Citations::new();
    let mut repeated = false;
    for (_, message) in view.sent() {
        let offers: Vec<Event<'_>> = view
            .about(message)
            .into_iter()
            .filter(Event::forwards)
            .collect();
        let Some(first) = offers.first() else {
            continue;
        };
        let key = first.text("dedup_key");
        repeated |= offers.len() > 1;
        let other = offers
            .iter()
            .find(|event| event.text("dedup_key") != key || key.is_none());
        if let Some(other) = other {
            return Err(Mismatch::new(
                format!(
                    "the dedup key of the first time: {}",
                    short(key.unwrap_or("none"))
                ),
                short(other.text("dedup_key").unwrap_or("none")),
                vec![first.at, other.at],
            ));
        }
        seen.extend(offers.iter().map(|event| event.at));
    }
    if seen.is_empty() || (repeat_needed && !repeated) {
        return Err(Mismatch::undecided(
            "a message that AIOS was offered twice",
            "none was",
        ));
    }
    Ok(seen)
}

/// What AIOS refused was offered once and never again, and everything else was taken over.
///
/// # Errors
/// It was offered again, or held something up.
pub fn refused_once(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let settlements = settlements(view);
    let mut seen = Citations::new();
    for (_, message) in view.sent() {
        let offers: Vec<Event<'_>> = view
            .about(message)
            .into_iter()
            .filter(Event::forwards)
            .collect();
        let refused = offers.iter().find_map(|event| {
            settlements
                .get(&(event.process, event.id))
                .filter(|(_, r)| *r == Reply::Refused)
        });
        match (refused, offers.as_slice()) {
            (Some((at, _)), [only]) => seen.extend([only.at, *at]),
            (Some((at, _)), several) => {
                return Err(Mismatch::new(
                    "an event that AIOS refuses not to be sent again",
                    format!("it was sent {} times", several.len()),
                    several.iter().map(|event| event.at).chain([*at]).collect(),
                ));
            }
            (None, _) => {
                if accepted(view, message).is_none() {
                    return Err(Mismatch::new(
                        "a refused event not to hold up what follows",
                        format!("the message {} was never taken over", message.message_id),
                        seen,
                    ));
                }
            }
        }
    }
    if seen.is_empty() {
        return Err(Mismatch::undecided(
            "an event that AIOS refuses",
            "none was",
        ));
    }
    Ok(seen)
}

/// Whether AIOS has left an event unanswered.
#[must_use]
pub fn left_open(timeline: &Timeline) -> Option<()> {
    let view = View::of(timeline);
    let present = super::processes(timeline);
    let open = |event: &Event<'_>| event.process == present && view.reply(event).is_none();
    view.all_events().iter().any(open).then_some(())
}
