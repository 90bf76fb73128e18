//! Judgement of positions: what is acknowledged when, and where an adapter goes on.

use std::collections::BTreeMap;

use serde_json::Value;

use super::exchange::{End, Exchange, exchanges};
use super::view::{Event, View, short};
use crate::evidence::{Citations, Fact, Judgement, Mismatch, Reply, SentMessage, Timeline};

/// Where AIOS settled each event: index and answer, by process and request.
fn settlements(view: View<'_>) -> BTreeMap<(u32, &str), (usize, Reply)> {
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
fn everything_sent(view: View<'_>) -> Vec<&SentMessage> {
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

/// No poll points to a place before that of an earlier poll.
///
/// # Errors
/// One does.
pub fn polls_never_go_back(timeline: &Timeline) -> Judgement {
    // None went back so far, so the last one is the furthest.
    let mut furthest = None;
    let mut seen = Citations::new();
    for poll in exchanges(View::of(timeline)) {
        let Some(position) = poll.position.filter(|_| poll.is_poll()) else {
            continue;
        };
        if let Some((before, at)) = furthest
            && position < before
        {
            return Err(Mismatch::new(
                "no poll to go back behind an earlier one",
                format!("one from {position}, after one from {before}"),
                vec![at, poll.called],
            ));
        }
        furthest = Some((position, poll.called));
        seen.push(poll.called);
    }
    if seen.len() < 2 {
        return Err(Mismatch::undecided(
            "polls from positions",
            "fewer than two",
        ));
    }
    Ok(seen)
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
    let (mut last, mut came_back) = (None, false);
    for (process, calls) in by_process(view) {
        let Some(key) = keys.get(&process).copied() else {
            continue;
        };
        if let Some(first) = calls.iter().find(|exchange| exchange.is_poll()) {
            came_back |= last.is_some_and(|last| last != key) && under.contains_key(key);
            last = Some(key);
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
    if !came_back {
        return Err(Mismatch::undecided(
            "a start under another cursor key, and then one under a key from before",
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
    let open =
        |(event, reply): &(Event<'_>, Option<Reply>)| event.process == present && reply.is_none();
    view.replies().iter().any(open).then_some(())
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, word};
    use super::*;

    #[test]
    fn a_position_behind_a_message_counts_only_once_aios_has_taken_it() {
        let offered = || {
            Story::begin()
                .polls(1, "", 0)
                .sent("1", 1)
                .given(1, "a")
                .offered("e1", "1", "k")
        };
        let late = offered().settled("e1", Reply::Accepted).polls(2, "a", 1);
        assert_eq!(
            word(&acknowledged_after_acceptance(&late.told_whole())),
            "pass"
        );
        let early = offered().polls(2, "a", 1).settled("e1", Reply::Accepted);
        assert_eq!(
            word(&acknowledged_after_acceptance(&early.told_whole())),
            "fail"
        );
        let unavailable = offered().settled("e1", Reply::Unavailable).polls(2, "a", 1);
        assert_eq!(
            word(&acknowledged_after_acceptance(&unavailable.told_whole())),
            "fail"
        );
        let never_told = Story::begin()
            .polls(1, "", 0)
            .sent("1", 1)
            .given(1, "a")
            .polls(2, "a", 1);
        assert_eq!(
            word(&acknowledged_after_acceptance(&never_told.told_whole())),
            "fail"
        );
        let refused = offered().settled("e1", Reply::Refused).polls(2, "a", 1);
        assert_eq!(
            word(&acknowledged_after_acceptance(&refused.told_whole())),
            "pass"
        );
        assert_eq!(
            word(&acknowledged_after_acceptance(&offered().told_whole())),
            "undecided"
        );
    }

    #[test]
    fn a_poll_from_an_earlier_position_goes_back() {
        let on = || Story::begin().polls(1, "", 0).polls(2, "a", 1);
        let polls = |story: Story| word(&polls_never_go_back(&story.told_whole()));
        assert_eq!(polls(on().polls(3, "a", 1).polls(4, "b", 2)), "pass");
        assert_eq!(polls(on().polls(3, "", 0)), "fail");
        assert_eq!(polls(on().started("wx-main").polls(3, "", 0)), "fail");
        assert_eq!(polls(Story::begin().polls(1, "", 0)), "undecided");
    }

    #[test]
    fn what_was_offered_and_never_answered_is_not_taken() {
        let offered = Story::begin().sent("1", 1).offered("e1", "1", "k");
        assert_eq!(word(&all_accepted_in_order(&offered.told_whole())), "fail");
        let again = Story::begin()
            .sent("1", 1)
            .offered("e1", "1", "k")
            .started("wx-main");
        let again = again
            .offered("e1", "1", "k")
            .settled("e1", Reply::Duplicate);
        assert_eq!(word(&all_accepted_in_order(&again.told_whole())), "pass");
        assert_eq!(
            word(&all_accepted_in_order(&Story::begin().told_whole())),
            "undecided"
        );
    }

    #[test]
    fn a_message_that_overtakes_another_is_out_of_order() {
        let story = Story::begin()
            .sent("1", 1)
            .sent("2", 2)
            .taken("e1", "2")
            .taken("e2", "1");
        assert_eq!(word(&all_accepted(&story.told_whole())), "pass");
        let story = Story::begin()
            .sent("1", 1)
            .sent("2", 2)
            .taken("e1", "2")
            .taken("e2", "1");
        assert_eq!(word(&all_accepted_in_order(&story.told_whole())), "fail");
    }

    #[test]
    fn after_a_stop_only_the_last_position_is_good_enough() {
        let then = |cursor| {
            let first = Story::begin()
                .polls(1, "", 0)
                .given(1, "a")
                .polls(2, "a", 1)
                .given(2, "b");
            first
                .ended()
                .started("wx-main")
                .polls(3, cursor, 2)
                .told_whole()
        };
        for (cursor, last, or_earlier) in [
            ("b", "pass", "pass"),
            ("a", "fail", "pass"),
            ("", "fail", "pass"),
            ("foreign", "fail", "fail"),
        ] {
            assert_eq!(
                word(&goes_on(&then(cursor), Resumption::Last)),
                last,
                "{cursor}"
            );
            let judgement = goes_on(&then(cursor), Resumption::LastOrEarlier);
            assert_eq!(word(&judgement), or_earlier, "{cursor}");
        }
        let one = Story::begin().polls(1, "", 0).given(1, "a").told_whole();
        assert_eq!(word(&goes_on(&one, Resumption::Last)), "undecided");
    }

    #[test]
    fn a_position_belongs_to_its_key() {
        let keys = |second, third| {
            let one = Story::begin().polls(1, "", 0).given(1, "a");
            let two = one.started("wx-other").polls(2, second, 0).given(2, "b");
            two.started("wx-main").polls(3, third, 1).told_whole()
        };
        assert_eq!(word(&positions_stay_apart(&keys("", "a"))), "pass");
        assert_eq!(word(&positions_stay_apart(&keys("a", "a"))), "fail");
        assert_eq!(word(&positions_stay_apart(&keys("", "b"))), "fail");
        assert_eq!(word(&positions_stay_apart(&keys("", ""))), "fail");
        let one = || Story::begin().polls(1, "", 0).given(1, "a");
        assert_eq!(
            word(&positions_stay_apart(&one().told_whole())),
            "undecided"
        );
        let never_back = one()
            .started("wx-main")
            .polls(2, "a", 0)
            .given(2, "b")
            .started("wx-other")
            .polls(3, "", 0);
        assert_eq!(
            word(&positions_stay_apart(&never_back.told_whole())),
            "undecided"
        );
    }

    #[test]
    fn a_repeat_under_another_key_is_another_message() {
        let offers = |key| {
            let first = Story::begin().sent("1", 1).offered("e1", "1", "k");
            first.offered("e2", "1", key).told_whole()
        };
        assert_eq!(word(&one_key_for_each(&offers("k"), true)), "pass");
        assert_eq!(word(&one_key_for_each(&offers("other"), false)), "fail");
        let once = Story::begin()
            .sent("1", 1)
            .offered("e1", "1", "k")
            .told_whole();
        assert_eq!(word(&one_key_for_each(&once, false)), "pass");
        assert_eq!(word(&one_key_for_each(&once, true)), "undecided");
    }

    #[test]
    fn what_aios_refused_is_over_and_what_follows_is_not() {
        let refused = || {
            let both = Story::begin().sent("1", 1).sent("2", 2);
            both.offered("e1", "1", "k").settled("e1", Reply::Refused)
        };
        assert_eq!(
            word(&refused_once(&refused().taken("e2", "2").told_whole())),
            "pass"
        );
        assert_eq!(word(&refused_once(&refused().told_whole())), "fail");
        let insists = refused().taken("e2", "2").offered("e3", "1", "k");
        assert_eq!(word(&refused_once(&insists.told_whole())), "fail");
        let taken = Story::begin().sent("1", 1).taken("e1", "1").told_whole();
        assert_eq!(word(&refused_once(&taken)), "undecided");
    }
}
