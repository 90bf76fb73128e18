//! Judgement of beginnings and endings: calls out of their time, stops, and what is left behind.

use serde_json::{Value, json};

use super::exchange::{End, exchanges};
use super::view::{View, shown};
use crate::contract;
use crate::contract::driver::{
    ALREADY_STARTED, INVALID_PARAMS, NOT_STARTED, PROTOCOL_VERSION, RpcCode, SupportedVersions,
    VERSION_NOT_SPOKEN,
};
use crate::evidence::{Citations, Fact, Judgement, Mismatch, Timeline};

/// A request and what became of it.
#[derive(Clone, Copy, Debug)]
struct Call<'t> {
    asked: usize,
    /// Index of the answer, or of the silence.
    ended: Option<usize>,
    result: Option<&'t Value>,
    error: Option<&'t Value>,
    /// Why there is no answer.
    silent: Option<&'t str>,
}

fn calls<'t>(view: View<'t>, wanted: &str) -> Vec<Call<'t>> {
    let mut calls: Vec<((u32, &str), Call<'t>)> = Vec::new();
    for (at, fact) in view.facts() {
        let (key, ended) = match fact {
            Fact::Asked {
                process,
                id,
                method,
                ..
            } if method == wanted => {
                let call = Call {
                    asked: at,
                    ended: None,
                    result: None,
                    error: None,
                    silent: None,
                };
                calls.push(((*process, id), call));
                continue;
            }
            Fact::Told {
                process,
                id,
                result,
                error,
                ..
            } => (
                (*process, id.as_str()),
                (result.as_ref(), error.as_ref(), None),
            ),
            Fact::Silent {
                process, id, why, ..
            } => ((*process, id.as_str()), (None, None, Some(why.as_str()))),
            _ => continue,
        };
        if let Some((_, call)) = calls.iter_mut().find(|(known, _)| *known == key) {
            call.ended = Some(at);
            (call.result, call.error, call.silent) = ended;
        }
    }
    calls.into_iter().map(|(_, call)| call).collect()
}

impl Call<'_> {
    /// Refused with this code.
    fn refused_with(&self, method: &str, code: RpcCode) -> Judgement {
        let given = self.error.and_then(|error| error.get("code")?.as_i64());
        if given == Some(code.get()) {
            return Ok(vec![self.asked, self.ended.unwrap_or(self.asked)]);
        }
        Err(Mismatch::new(
            format!("`{method}` refused with {}", code.get()),
            self.observed(),
            self.ended.into_iter().chain([self.asked]).collect(),
        ))
    }

    fn observed(&self) -> String {
        match (self.result, self.error, self.silent) {
            (Some(result), _, _) => format!("the result {}", shown(Some(result))),
            (_, Some(error), _) => format!("the error {}", shown(Some(error))),
            (_, _, Some(why)) => why.to_owned(),
            _ => "no answer".to_owned(),
        }
    }
}

fn last_call<'t>(view: View<'t>, method: &str) -> Result<Call<'t>, Mismatch> {
    let last = calls(view, method).pop();
    last.ok_or_else(|| Mismatch::undecided(format!("a call of `{method}`"), "there is none"))
}

/// Whether no action is without its answer.
#[must_use]
pub fn acts_are_answered(timeline: &Timeline) -> Option<()> {
    let acts = calls(View::of(timeline), "act");
    acts.iter().all(|act| act.ended.is_some()).then_some(())
}

/// The last `stop` was answered in time, and ended the poll that was held.
///
/// # Errors
/// It was answered late or not at all, or a poll was still held. Undecided if none was held.
pub fn stop_ended_the_poll(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let stop = last_call(view, "stop")?;
    let mut at = stopped_in_time(&stop)?;
    let held = exchanges(view).into_iter().rev().find(|poll| {
        poll.is_poll() && poll.called < stop.asked && poll.ended.is_none_or(|end| end > stop.asked)
    });
    let Some(held) = held else {
        return Err(Mismatch::undecided(
            "a poll that is held when `stop` comes",
            "none",
        ));
    };
    let over = view.facts().find(|(at, fact)| {
        let waited = matches!(fact, Fact::FencePassed { message_id: None });
        *at > stop.asked && (waited || matches!(fact, Fact::Closed { .. }))
    });
    let over = over.map_or(usize::MAX, |(at, _)| at);
    match held.ended {
        Some(end) if end < over && held.end == End::Withdrawn => {
            at.extend([held.called, end]);
            Ok(at)
        }
        _ => Err(Mismatch::new(
            "`stop` to end the poll that is held",
            "it was still held after the grace period",
            vec![held.called, stop.asked],
        )),
    }
}

/// A stop that was answered within the time the kit gave it, with an empty result.
fn stopped_in_time(stop: &Call<'_>) -> Judgement {
    if stop.result == Some(&json!({})) {
        return Ok(vec![stop.asked, stop.ended.unwrap_or(stop.asked)]);
    }
    Err(Mismatch::new(
        "`stop` to be answered with an empty result within the grace period",
        stop.observed(),
        stop.ended.into_iter().chain([stop.asked]).collect(),
    ))
}

/// `stop` was asked for twice, and answered alike; or the adapter had left after the first answer.
///
/// # Errors
/// It was not.
pub fn stop_may_be_repeated(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let [first, second] = calls(view, "stop")[..] else {
        return Err(Mismatch::undecided("two calls of `stop`", "otherwise"));
    };
    let mut at = stopped_in_time(&first)?;
    let left = view
        .facts()
        .find_map(|(at, fact)| matches!(fact, Fact::Ended { .. }).then_some(at));
    match left.filter(|left| second.silent.is_some() && second.ended.is_some_and(|at| *left < at)) {
        Some(left) => at.push(left),
        None => at.extend(stopped_in_time(&second)?),
    }
    Ok(at)
}

/// The adapter left when its input ended, and nothing of it stayed.
///
/// # Errors
/// The kit had to end it, or something that it left behind.
pub fn left_with_its_input(timeline: &Timeline) -> Judgement {
    let closed = View::of(timeline)
        .facts()
        .rev()
        .find_map(|(at, fact)| match fact {
            Fact::Closed {
                reached,
                left_behind,
                ..
            } => Some((at, reached, left_behind)),
            _ => None,
        });
    let Some((at, reached, left_behind)) = closed else {
        return Err(Mismatch::undecided("an adapter whose input ended", "none"));
    };
    match reached.as_str() {
        "end_of_input" => {}
        "gone" => {
            return Err(Mismatch::undecided(
                "an adapter whose input ended",
                "it was gone before",
            ));
        }
        _ => {
            return Err(Mismatch::new(
                "the end of its input to end the adapter within the grace period",
                match reached.as_str() {
                    "asked" => "it left only when it was sent the signal TERM",
                    _ => "it had to be killed",
                },
                vec![at],
            ));
        }
    }
    if left_behind.is_empty() {
        Ok(vec![at])
    } else {
        Err(Mismatch::new(
            "no process of the adapter to outlive it",
            format!("left behind: {}", left_behind.join(", ")),
            vec![at],
        ))
    }
}

/// A second start was refused as one.
///
/// # Errors
/// It was not. Undecided if there was no second one.
pub fn second_start_is_refused(timeline: &Timeline) -> Judgement {
    match calls(View::of(timeline), "start").as_slice() {
        [first, second] if first.result.is_some() => second.refused_with("start", ALREADY_STARTED),
        _ => Err(Mismatch::undecided(
            "a start that is good and a second one",
            "otherwise",
        )),
    }
}

/// A handshake in a version that nobody speaks was answered with those that the adapter speaks.
///
/// # Errors
/// It was not.
pub fn unknown_version_is_answered(timeline: &Timeline) -> Judgement {
    let call = last_call(View::of(timeline), "initialize")?;
    let at = call.refused_with("initialize", VERSION_NOT_SPOKEN)?;
    let data = call.error.and_then(|error| error.get("data"));
    let versions = data.and_then(|data| contract::decode::<SupportedVersions>(data).ok());
    if versions.is_some_and(|versions| versions.supported.contains(&PROTOCOL_VERSION)) {
        return Ok(at);
    }
    Err(Mismatch::new(
        format!(
            "the versions it speaks, {} among them",
            PROTOCOL_VERSION.get()
        ),
        shown(data),
        at,
    ))
}

/// After the last answered `stop` nothing came from the adapter, while it had its chance.
///
/// # Errors
/// Something came. Undecided if it had no chance.
pub fn silent_after_stop(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let stops = calls(view, "stop");
    let Some(stop) = stops.iter().find(|stop| stop.result.is_some()) else {
        return Err(Mismatch::undecided("an answered `stop`", "none"));
    };
    let stopped = stop.ended.unwrap_or(stop.asked);
    let mut chance = None;
    for (at, fact) in view.facts().filter(|(at, _)| *at > stopped) {
        let said = match fact {
            Fact::Launched { .. } => break,
            Fact::Called { call } => format!("a call of {}", call.endpoint),
            Fact::Event { .. } => "an event".to_owned(),
            Fact::Delivered { .. } => "a message to a person".to_owned(),
            Fact::FencePassed { .. } => {
                chance = Some(at);
                continue;
            }
            _ => continue,
        };
        return Err(Mismatch::new(
            "nothing more after `stop`",
            said,
            vec![stopped, at],
        ));
    }
    let sent = view
        .facts()
        .any(|(at, fact)| at > stopped && matches!(fact, Fact::Sent { .. }));
    match chance.filter(|_| sent) {
        Some(chance) => Ok(vec![stopped, chance]),
        None => Err(Mismatch::undecided(
            "a message after `stop`, and time to take it",
            "none",
        )),
    }
}

/// The first call of this method was refused, since the adapter was not started.
///
/// # Errors
/// It was not.
pub fn early_call_is_refused(timeline: &Timeline, method: &str) -> Judgement {
    let calls = calls(View::of(timeline), method);
    let first = calls.first();
    let first = first.ok_or_else(|| Mismatch::undecided("a call that comes too early", "none"))?;
    first.refused_with(method, NOT_STARTED)
}

/// A start was refused as a document that breaks the contract, and the next one was good.
///
/// # Errors
/// It was not.
pub fn good_start_after_refused(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let starts = calls(view, "start");
    let [refused, good] = starts.as_slice() else {
        return Err(Mismatch::undecided("two starts", starts.len().to_string()));
    };
    let at = refused.refused_with("start", INVALID_PARAMS)?;
    if good.result.is_some() {
        return Ok(at.into_iter().chain([good.asked]).collect());
    }
    Err(Mismatch::new(
        "a faultless start to be accepted after a refused one",
        good.observed(),
        good.ended.into_iter().chain([good.asked]).collect(),
    ))
}

/// `health` was answered while an `act` was not.
///
/// # Errors
/// It had to wait. Undecided if no `act` was under way.
pub fn health_did_not_wait(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let act = last_call(view, "act")?;
    let health = last_call(view, "health")?;
    let send = open_send(timeline, health.asked)?;
    let answered = health.ended.filter(|_| health.result.is_some());
    let in_time = answered.is_some_and(|at| act.ended.is_none_or(|end| at < end));
    if act.asked < health.asked && in_time {
        return Ok(vec![
            act.asked,
            send,
            health.asked,
            answered.unwrap_or(health.asked),
        ]);
    }
    Err(Mismatch::new(
        "`health` answered while an action is still being sent",
        match answered {
            Some(_) => "only after the action had ended".to_owned(),
            None => health.observed(),
        },
        health
            .ended
            .into_iter()
            .chain([act.asked, health.asked])
            .collect(),
    ))
}

/// `stop` was answered in time although an action was still being sent.
///
/// # Errors
/// It had to wait. Undecided if no action was being sent.
pub fn stop_did_not_wait(timeline: &Timeline) -> Judgement {
    let stop = last_call(View::of(timeline), "stop")?;
    let send = open_send(timeline, stop.asked)?;
    let at = stopped_in_time(&stop)?;
    Ok(at.into_iter().chain([send]).collect())
}

/// The send that WeChat had not answered at this moment.
fn open_send(timeline: &Timeline, at: usize) -> Result<usize, Mismatch> {
    let open = exchanges(View::of(timeline))
        .into_iter()
        .find(|send| send.is_send() && send.called < at && send.ended.is_none_or(|end| end > at));
    let open = open.map(|send| send.called);
    open.ok_or_else(|| Mismatch::undecided("an action that is still being sent", "none"))
}

/// Everything on the adapter's output belonged to the protocol.
///
/// # Errors
/// Something did not.
pub fn only_protocol(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let violation = view.facts().find_map(|(at, fact)| match fact {
        Fact::Violation { expected, got, .. } => Some((at, expected, got)),
        _ => None,
    });
    if let Some((at, expected, got)) = violation {
        return Err(Mismatch::new(expected, got, vec![at]));
    }
    let said: Citations = view
        .facts()
        .filter(|(_, fact)| matches!(fact, Fact::Told { .. } | Fact::Event { .. }))
        .map(|(at, _)| at)
        .collect();
    if said.is_empty() {
        Err(Mismatch::undecided(
            "anything on the adapter's output",
            "nothing",
        ))
    } else {
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, word};
    use super::*;

    fn stopping() -> Story {
        Story::begin().polls(1, "", 0).asked("stop", json!({}))
    }

    #[test]
    fn a_poll_that_ends_only_with_its_process_was_not_ended_by_the_stop() {
        let good = stopping()
            .cut(1)
            .told("stop", json!({}))
            .ended()
            .closed("end_of_input", &[]);
        assert_eq!(word(&stop_ended_the_poll(&good.told_whole())), "pass");
        let held = stopping()
            .told("stop", json!({}))
            .ended()
            .closed("end_of_input", &[])
            .cut(1);
        assert_eq!(word(&stop_ended_the_poll(&held.told_whole())), "fail");
        let silent = stopping().cut(1).fact(Fact::Silent {
            process: 1,
            id: "k2".to_owned(),
            method: "stop".to_owned(),
            why: "no answer".to_owned(),
        });
        assert_eq!(word(&stop_ended_the_poll(&silent.told_whole())), "fail");
        let idle = Story::begin()
            .asked("stop", json!({}))
            .told("stop", json!({}));
        assert_eq!(word(&stop_ended_the_poll(&idle.told_whole())), "undecided");
    }

    #[test]
    fn whoever_has_to_be_killed_or_leaves_a_child_has_not_left() {
        let closed = |reached, left: &[&str]| {
            word(&left_with_its_input(
                &Story::begin().ended().closed(reached, left).told_whole(),
            ))
        };
        assert_eq!(closed("end_of_input", &[]), "pass");
        assert_eq!(closed("asked", &[]), "fail");
        assert_eq!(closed("killed", &[]), "fail");
        assert_eq!(closed("end_of_input", &["sleep"]), "fail");
        assert_eq!(closed("gone", &[]), "undecided");
    }

    #[test]
    fn a_second_start_is_refused_with_its_own_code() {
        let twice = || Story::begin().asked("start", json!({}));
        assert_eq!(
            word(&second_start_is_refused(
                &twice().refused("start", -32_003).told_whole()
            )),
            "pass"
        );
        assert_eq!(
            word(&second_start_is_refused(
                &twice().refused("start", -32_602).told_whole()
            )),
            "fail"
        );
        assert_eq!(
            word(&second_start_is_refused(
                &twice().told("start", json!({})).told_whole()
            )),
            "fail"
        );
        assert_eq!(
            word(&second_start_is_refused(&Story::begin().told_whole())),
            "undecided"
        );
    }

    #[test]
    fn nothing_may_follow_the_answer_to_a_stop() {
        let stopped = || stopping().cut(1).told("stop", json!({})).sent("1", 1);
        assert_eq!(
            word(&silent_after_stop(&stopped().fence_passed().told_whole())),
            "pass"
        );
        let polls = stopped().polls(2, "", 0).fence_passed();
        assert_eq!(word(&silent_after_stop(&polls.told_whole())), "fail");
        let speaks = stopped().offered("e1", "1", "k").fence_passed();
        assert_eq!(word(&silent_after_stop(&speaks.told_whole())), "fail");
        assert_eq!(
            word(&silent_after_stop(&stopped().told_whole())),
            "undecided"
        );
    }

    #[test]
    fn health_that_comes_after_the_action_had_to_wait() {
        let sending = || {
            Story::begin()
                .asked("act", json!({}))
                .calls(1, "sendmessage")
        };
        let good = sending()
            .asked("health", json!({}))
            .told("health", json!({}))
            .told("act", json!({}));
        assert_eq!(word(&health_did_not_wait(&good.told_whole())), "pass");
        let waits = sending()
            .asked("health", json!({}))
            .told("act", json!({}))
            .told("health", json!({}));
        assert_eq!(word(&health_did_not_wait(&waits.told_whole())), "fail");
        let sent = sending()
            .given(1, "")
            .asked("health", json!({}))
            .told("health", json!({}));
        assert_eq!(word(&health_did_not_wait(&sent.told_whole())), "undecided");
    }

    #[test]
    fn a_repeated_stop_is_answered_unless_the_adapter_has_left() {
        let twice = || stopping().told("stop", json!({})).asked("stop", json!({}));
        assert_eq!(
            word(&stop_may_be_repeated(
                &twice().told("stop", json!({})).told_whole()
            )),
            "pass"
        );
        assert_eq!(
            word(&stop_may_be_repeated(
                &twice().refused("stop", -32_004).told_whole()
            )),
            "fail"
        );
        let silent = || Fact::Silent {
            process: 1,
            id: "k3".to_owned(),
            method: "stop".to_owned(),
            why: "it is gone".to_owned(),
        };
        assert_eq!(
            word(&stop_may_be_repeated(&twice().fact(silent()).told_whole())),
            "fail"
        );
        assert_eq!(
            word(&stop_may_be_repeated(
                &twice().ended().fact(silent()).told_whole()
            )),
            "pass"
        );
    }

    #[test]
    fn a_version_nobody_speaks_is_answered_with_those_that_are() {
        let greeted = |data: Value| {
            let error = json!({"code": -32_005, "message": "no", "data": data});
            let story = Story::begin().asked("initialize", json!({}));
            let told = Fact::Told {
                process: 1,
                id: "k2".to_owned(),
                method: "initialize".to_owned(),
                result: None,
                error: Some(error),
            };
            word(&unknown_version_is_answered(&story.fact(told).told_whole()))
        };
        assert_eq!(greeted(json!({"supported": [1, 2]})), "pass");
        assert_eq!(greeted(json!({"supported": [2]})), "fail");
        assert_eq!(greeted(json!({})), "fail");
        let agreed = Story::begin()
            .asked("initialize", json!({}))
            .told("initialize", json!({}));
        assert_eq!(
            word(&unknown_version_is_answered(&agreed.told_whole())),
            "fail"
        );
    }
}
