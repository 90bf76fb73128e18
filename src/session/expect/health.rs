//! Judgement of what the adapter says about itself while WeChat fails, and afterwards.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::exchange::{End, Exchange, exchanges};
use super::moment::{Moments, ms};
use super::view::{View, shown};
use crate::contract::{self, Health, RecentError};
use crate::evidence::{Citations, Fact, Judgement, Mismatch, Timeline};

/// How far a clock may be off in real time, milliseconds.
const TOLERANCE_MS: i64 = 2_000;

/// One answer to `health`.
#[derive(Clone, Copy, Debug)]
struct Report<'t> {
    asked: usize,
    told: usize,
    document: &'t Value,
}

impl<'t> Report<'t> {
    fn state(&self) -> Option<&'t str> {
        self.document.get("health")?.as_str()
    }

    fn is_troubled(&self) -> bool {
        matches!(self.state(), Some("degraded" | "unhealthy"))
    }

    fn codes(&self) -> BTreeSet<&'t str> {
        let errors = self.document.get("recent_errors").and_then(Value::as_array);
        errors
            .into_iter()
            .flatten()
            .filter_map(|error| error.get("code")?.as_str())
            .collect()
    }

    fn last_seen(&self) -> Option<i64> {
        ms(self.document.get("last_seen_at")?.as_str()?)
    }
}

fn reports(view: View<'_>) -> Vec<Report<'_>> {
    let mut asked: BTreeMap<(u32, &str), usize> = BTreeMap::new();
    let mut reports = Vec::new();
    for (at, fact) in view.facts() {
        match fact {
            Fact::Asked {
                process,
                id,
                method,
                ..
            } if method == "health" => {
                asked.insert((*process, id), at);
            }
            Fact::Told {
                process,
                id,
                method,
                result: Some(document),
                ..
            } if method == "health" => {
                if let Some(asked) = asked.get(&(*process, id.as_str())).copied() {
                    reports.push(Report {
                        asked,
                        told: at,
                        document,
                    });
                }
            }
            _ => {}
        }
    }
    reports
}

fn last_report(view: View<'_>) -> Result<Report<'_>, Mismatch> {
    let last = reports(view).pop();
    last.ok_or_else(|| Mismatch::undecided("an answer to `health`", "there is none"))
}

/// Polls and sends; other calls say nothing about how messages fare.
fn traffic(view: View<'_>) -> Vec<Exchange<'_>> {
    exchanges(view)
        .into_iter()
        .filter(|exchange| exchange.is_poll() || exchange.is_send())
        .collect()
}

/// The failure that was the last thing to happen between adapter and WeChat when a report was
/// asked for, if it still was when the report was given.
fn trouble_at<'x, 't>(
    traffic: &'x [Exchange<'t>],
    report: &Report<'_>,
) -> Option<&'x Exchange<'t>> {
    let ended = |exchange: &&Exchange<'_>| exchange.ended.is_some_and(|at| at < report.told);
    let last = traffic
        .iter()
        .filter(ended)
        .max_by_key(|exchange| exchange.ended)?;
    let before = last.ended.is_some_and(|at| at < report.asked);
    (before && last.failure().is_some()).then_some(last)
}

/// How many polls failed so far.
#[must_use]
pub fn failures(timeline: &Timeline) -> usize {
    let exchanges = exchanges(View::of(timeline));
    exchanges
        .iter()
        .filter(|exchange| exchange.is_poll() && exchange.failure().is_some())
        .count()
}

/// How many polls were answered well, but without a new position, so far.
#[must_use]
pub fn polls_without_position(timeline: &Timeline) -> usize {
    let exchanges = exchanges(View::of(timeline));
    exchanges
        .iter()
        .filter(|exchange| exchange.is_poll() && exchange.end == End::Good(None))
        .count()
}

/// How many sends failed so far.
#[must_use]
pub fn failed_sends(timeline: &Timeline) -> usize {
    let exchanges = exchanges(View::of(timeline));
    exchanges
        .iter()
        .filter(|exchange| exchange.is_send() && exchange.failure().is_some())
        .count()
}

/// Whether a send is under way that WeChat has not answered.
#[must_use]
pub fn send_is_open(timeline: &Timeline) -> Option<()> {
    let exchanges = exchanges(View::of(timeline));
    exchanges
        .iter()
        .any(|it| it.is_send() && it.ended.is_none())
        .then_some(())
}

/// Whether a report showed the trouble while it lasted.
#[must_use]
pub fn trouble_is_shown(timeline: &Timeline) -> bool {
    not_healthy_while_failing(timeline).is_ok()
}

/// Whether the last report says that all is well.
#[must_use]
pub fn is_healthy(timeline: &Timeline) -> bool {
    last_report(View::of(timeline)).is_ok_and(|report| report.state() == Some("healthy"))
}

/// While WeChat failed, the health was degraded or unhealthy.
///
/// # Errors
/// It was not. Undecided if nobody asked while WeChat failed.
pub fn not_healthy_while_failing(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let traffic = traffic(view);
    let mut asked = None;
    for report in reports(view) {
        let Some(failure) = trouble_at(&traffic, &report) else {
            continue;
        };
        let at: Citations = failure.ended.into_iter().chain([report.told]).collect();
        if report.is_troubled() {
            return Ok(at);
        }
        asked = Some((at, report.state()));
    }
    Err(match asked {
        Some((at, state)) => Mismatch::new(
            "the health `degraded` or `unhealthy` while WeChat fails",
            format!("`{}`", state.unwrap_or("nothing")),
            at,
        ),
        None => Mismatch::undecided("a question for the health while WeChat fails", "none"),
    })
}

/// Where nothing has failed, the last report says that all is well, and names no error.
///
/// # Errors
/// It does not. Undecided if a call failed, or nobody asked.
pub fn well_while_nothing_fails(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let report = last_report(view)?;
    if exchanges(view).iter().any(|it| it.failure().is_some()) {
        return Err(Mismatch::undecided(
            "a day without a failure",
            "a call of WeChat failed",
        ));
    }
    let at = vec![report.told];
    if report.state() != Some("healthy") {
        return Err(Mismatch::new(
            "the health `healthy` while nothing fails",
            shown(report.document.get("health")),
            at,
        ));
    }
    let errors = report.document.get("recent_errors");
    if errors.is_some_and(|errors| *errors != Value::Array(Vec::new())) {
        return Err(Mismatch::new(
            "no recent errors where nothing has failed",
            shown(errors),
            at,
        ));
    }
    Ok(at)
}

/// Once WeChat worked again, the recent errors still named each failure there was.
///
/// # Errors
/// One is missing. Undecided if nothing failed, or nobody asked after WeChat worked again.
pub fn failures_are_on_record(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let traffic = traffic(view);
    let report = last_report(view)?;
    let failed: Vec<&Exchange<'_>> = traffic
        .iter()
        .filter(|exchange| exchange.failure().is_some())
        .collect();
    let Some(last) = failed.last() else {
        return Err(Mismatch::undecided(
            "a failure to look back on",
            "there was none",
        ));
    };
    let healed = traffic.iter().any(|exchange| {
        exchange.failure().is_none()
            && exchange
                .ended
                .is_some_and(|at| at < report.asked && last.ended < Some(at))
    });
    if !healed {
        return Err(Mismatch::undecided(
            "a question for the health after WeChat worked again",
            "none",
        ));
    }
    let codes = report.codes();
    for failure in &failed {
        let wanted = failure.failure().unwrap_or_default();
        if !wanted.iter().any(|code| codes.contains(code)) {
            return Err(Mismatch::new(
                format!("`{}` in the recent errors", wanted.join("` or `")),
                shown(report.document.get("recent_errors")),
                failure.ended.into_iter().chain([report.told]).collect(),
            ));
        }
    }
    let newest = report.document.get("last_error_code");
    if newest.is_none() {
        return Err(Mismatch::new(
            "a `last_error_code`",
            "none",
            vec![report.told],
        ));
    }
    Ok(failed
        .iter()
        .filter_map(|failure| failure.ended)
        .chain([report.told])
        .collect())
}

/// After a failure the same process was healthy again.
///
/// # Errors
/// It was not. Undecided if nothing failed.
pub fn healthy_again(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let traffic = traffic(view);
    let report = last_report(view)?;
    let failed = traffic
        .iter()
        .filter_map(|it| it.failure().and(it.ended))
        .next_back();
    let failed = failed.filter(|at| *at < report.asked);
    let Some(failed) = failed else {
        return Err(Mismatch::undecided(
            "a failure to recover from",
            "there was none",
        ));
    };
    let restarted = view
        .facts()
        .find(|(at, fact)| *at > failed && matches!(fact, Fact::Launched { .. }));
    if restarted.is_some() {
        return Err(Mismatch::undecided(
            "a recovery without a restart",
            "it was restarted",
        ));
    }
    if report.state() == Some("healthy") {
        Ok(vec![failed, report.told])
    } else {
        Err(Mismatch::new(
            "the health `healthy` once WeChat works again",
            shown(report.document.get("health")),
            vec![failed, report.told],
        ))
    }
}

/// Every report is what the contract has, codes, times and counts and nothing else; each code
/// is one entry; times lie within the scene; and failures on several occasions were counted.
///
/// # Errors
/// One is not. Undecided if there is no entry, or nothing failed twice.
pub fn errors_are_metadata(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let moments = Moments::of(timeline);
    let moments = moments.ok_or_else(|| Mismatch::undecided("an adapter", "none was started"))?;
    let tolerance = if moments.is_virtual() {
        0
    } else {
        TOLERANCE_MS
    };
    let traffic = traffic(view);
    let mut entries = 0;
    let mut seen = Citations::new();
    for report in reports(view) {
        let at = vec![report.told];
        let health = contract::decode::<Health>(report.document).map_err(|finding| {
            Mismatch::new(
                "a health report as the contract has it",
                finding.to_string(),
                at.clone(),
            )
        })?;
        let codes: BTreeSet<&str> = health
            .recent_errors
            .iter()
            .map(|error| error.code.as_str())
            .collect();
        if codes.len() < health.recent_errors.len() {
            return Err(Mismatch::new(
                "one entry for each code, so that the list is bounded",
                shown(report.document.get("recent_errors")),
                at,
            ));
        }
        let window = (
            moments.earliest(0) - tolerance,
            moments.latest(report.told) + tolerance,
        );
        for error in health.recent_errors.iter() {
            if let Some(fault) = misdated(error, window) {
                return Err(Mismatch::new("errors dated when they happened", fault, at));
            }
            let occasions = occasions(&traffic, error.code.as_str(), report.asked);
            if error.count.get() < occasions {
                return Err(Mismatch::new(
                    format!(
                        "a count of at least {occasions} for `{}`",
                        error.code.as_str()
                    ),
                    error.count.get().to_string(),
                    at,
                ));
            }
            entries += 1;
        }
        seen.push(report.told);
    }
    if entries == 0 {
        return Err(Mismatch::undecided(
            "recent errors to look at",
            "there were none",
        ));
    }
    let came_back = |code: &str| occasions(&traffic, code, timeline.len()) > 1;
    let mut failures = traffic.iter().filter_map(Exchange::failure);
    if !failures.any(|codes| matches!(codes, [code] if came_back(code))) {
        return Err(Mismatch::undecided("a failure that comes back", "none did"));
    }
    Ok(seen)
}

fn misdated(error: &RecentError, (from, to): (i64, i64)) -> Option<String> {
    let code = error.code.as_str();
    let (Some(first), Some(last)) = (error.first_at.unix_ms(), error.last_at.unix_ms()) else {
        return Some(format!("`{code}` on a day that does not exist"));
    };
    if first > last {
        return Some(format!(
            "`{code}` first at {} and last at {}",
            error.first_at, error.last_at
        ));
    }
    (first < from || last > to)
        .then(|| format!("`{code}` from {} to {}", error.first_at, error.last_at))
}

/// How often WeChat fell into a trouble that can only be called by this code, before a fact.
fn occasions(traffic: &[Exchange<'_>], code: &str, before: usize) -> i64 {
    let mut occasions = 0;
    for poll in [true, false] {
        let mut failing = false;
        for exchange in traffic.iter().filter(|it| it.is_poll() == poll) {
            let Some(at) = exchange.ended else { continue };
            let failed = exchange.failure();
            if failed == Some(&[code]) && !failing && at < before {
                occasions += 1;
            }
            failing = failed.is_some();
        }
    }
    occasions
}

/// The last report says that a person is needed, since the login has expired.
///
/// # Errors
/// It does not. Undecided if WeChat never said so.
pub fn expired_is_shown(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let expired = first_expiry(view)?;
    let report = last_report(view)?;
    if report.asked < expired {
        return Err(Mismatch::undecided(
            "a question for the health after the expiry",
            "none",
        ));
    }
    let at = vec![expired, report.told];
    if report.state() != Some("unhealthy") {
        let state = report.document.get("health");
        return Err(Mismatch::new("the health `unhealthy`", shown(state), at));
    }
    if !report.codes().contains("session_expired") {
        let errors = report.document.get("recent_errors");
        return Err(Mismatch::new(
            "`session_expired` in the recent errors",
            shown(errors),
            at,
        ));
    }
    Ok(at)
}

/// Where WeChat first said that the login has expired.
fn first_expiry(view: View<'_>) -> Result<usize, Mismatch> {
    let expired = exchanges(view).into_iter().find_map(|exchange| {
        let codes = exchange.failure()?;
        if codes == ["session_expired"] {
            exchange.ended
        } else {
            None
        }
    });
    expired.ok_or_else(|| {
        Mismatch::undecided("WeChat to say that the login has expired", "it did not")
    })
}

/// The adapter made no attempt to log in.
///
/// # Errors
/// It did. Undecided if WeChat never said that the login has expired.
pub fn no_login_attempted(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let expired = first_expiry(view)?;
    let attempt = exchanges(view)
        .into_iter()
        .find(|exchange| matches!(exchange.endpoint, "get_bot_qrcode" | "get_qrcode_status"));
    match attempt {
        None => Ok(vec![expired]),
        Some(attempt) => Err(Mismatch::new(
            "a person to log in again, not the adapter",
            format!("a call of {}", attempt.endpoint),
            vec![expired, attempt.called],
        )),
    }
}

/// Once the login had expired, polls were at least this far apart, milliseconds.
///
/// # Errors
/// Two were closer. Undecided if too little time was left to see it.
pub fn unhurried_after_expiry(timeline: &Timeline, gap_ms: i64, window_ms: i64) -> Judgement {
    let view = View::of(timeline);
    let expired = first_expiry(view)?;
    let polls: Vec<_> = exchanges(view)
        .into_iter()
        .filter(|exchange| exchange.is_poll() && exchange.called > expired)
        .collect();
    let pairs = polls
        .windows(2)
        .map(|pair| (pair[0].called, pair[1].called));
    unhurried(timeline, pairs.collect(), gap_ms, (expired, window_ms))
}

/// From the second failure in a row on, polls were at least this far apart, milliseconds.
///
/// # Errors
/// Two were closer. Undecided if too little time was left to see it.
pub fn unhurried_while_failing(timeline: &Timeline, gap_ms: i64, window_ms: i64) -> Judgement {
    let view = View::of(timeline);
    let polls: Vec<_> = exchanges(view)
        .into_iter()
        .filter(Exchange::is_poll)
        .collect();
    let Some(first) = polls.iter().find_map(|it| it.failure().and(it.ended)) else {
        return Err(Mismatch::undecided("polls that fail", "none did"));
    };
    let mut in_a_row = 0;
    let mut pairs = Vec::new();
    for (index, poll) in polls.iter().enumerate() {
        in_a_row = if poll.failure().is_some() {
            in_a_row + 1
        } else {
            0
        };
        if in_a_row >= 2
            && let Some(next) = polls.get(index + 1)
        {
            pairs.push((poll.called, next.called));
        }
    }
    unhurried(timeline, pairs, gap_ms, (first, window_ms))
}

/// The first of a pair is timed as early, the second as late as it may have been: a slow machine
/// only widens what is measured. In real time a tenth is allowed for timers that round down.
fn unhurried(
    timeline: &Timeline,
    pairs: Vec<(usize, usize)>,
    gap_ms: i64,
    (since, window_ms): (usize, i64),
) -> Judgement {
    let moments = Moments::of(timeline);
    let moments = moments.ok_or_else(|| Mismatch::undecided("an adapter", "none was started"))?;
    let least = if moments.is_virtual() {
        gap_ms
    } else {
        gap_ms - gap_ms / 10
    };
    for (one, next) in &pairs {
        let gap = moments.latest(*next) - moments.earliest(*one);
        if gap < least {
            return Err(Mismatch::new(
                format!("polls at least {gap_ms} ms apart"),
                format!("two within {gap} ms"),
                vec![*one, *next],
            ));
        }
    }
    if moments.earliest(timeline.len()) - moments.latest(since) < window_ms {
        return Err(Mismatch::undecided(
            format!("{window_ms} ms in which a hurry would have shown"),
            "less",
        ));
    }
    Ok([since]
        .into_iter()
        .chain(pairs.into_iter().map(|(_, next)| next))
        .collect())
}

/// Between the last two reports a poll succeeded, and `last_seen_at` moved to it.
///
/// # Errors
/// It did not move, or to another time. Undecided if no poll succeeded meanwhile.
pub fn last_seen_moved(timeline: &Timeline) -> Judgement {
    let (one, two) = last_two(timeline)?;
    let view = View::of(timeline);
    let polls = exchanges(view).into_iter().filter(Exchange::is_poll);
    let mut good = polls
        .filter(|poll| poll.failure().is_none())
        .filter_map(|poll| poll.ended);
    let good = good.rfind(|at| (one.told..two.asked).contains(at));
    let Some(good) = good else {
        return Err(Mismatch::undecided(
            "a successful poll between two questions",
            "none",
        ));
    };
    let at = vec![one.told, good, two.told];
    let moments = Moments::of(timeline);
    let moments = moments.ok_or_else(|| Mismatch::undecided("an adapter", "none was started"))?;
    let tolerance = if moments.is_virtual() {
        0
    } else {
        TOLERANCE_MS
    };
    let (from, to) = (
        moments.earliest(good) - tolerance,
        moments.latest(two.told) + tolerance,
    );
    match (one.last_seen(), two.last_seen()) {
        (before, Some(after))
            if before.is_none_or(|before| after > before) && (from..=to).contains(&after) =>
        {
            Ok(at)
        }
        _ => Err(Mismatch::new(
            "`last_seen_at` to move to the last successful poll",
            format!(
                "{}, and then {}",
                shown(one.document.get("last_seen_at")),
                shown(two.document.get("last_seen_at"))
            ),
            at,
        )),
    }
}

/// Between the last two reports polls failed and a send succeeded, and `last_seen_at` stood.
///
/// # Errors
/// It moved. Undecided if there was nothing that might have moved it.
pub fn last_seen_stood(timeline: &Timeline) -> Judgement {
    let (one, two) = last_two(timeline)?;
    let view = View::of(timeline);
    let between = |exchange: &&Exchange<'_>| {
        exchange
            .ended
            .is_some_and(|at| (one.asked..two.told).contains(&at))
    };
    let traffic = traffic(view);
    let ended: Vec<_> = traffic.iter().filter(between).collect();
    if ended
        .iter()
        .any(|it| it.is_poll() && it.failure().is_none())
    {
        return Err(Mismatch::undecided(
            "no successful poll between two questions",
            "one",
        ));
    }
    let failed = ended.iter().find(|it| it.is_poll());
    let sent = ended
        .iter()
        .find(|it| it.is_send() && it.failure().is_none());
    let (Some(failed), Some(sent)) = (failed, sent) else {
        return Err(Mismatch::undecided(
            "a failed poll and a successful send between two questions",
            format!("{} calls", ended.len()),
        ));
    };
    let at = vec![one.told, failed.called, sent.called, two.told];
    let seen = (
        one.document.get("last_seen_at"),
        two.document.get("last_seen_at"),
    );
    if seen.0.is_some() && seen.0 == seen.1 {
        Ok(at)
    } else {
        Err(Mismatch::new(
            format!("`last_seen_at` to stand at {}", shown(seen.0)),
            shown(seen.1),
            at,
        ))
    }
}

fn last_two(timeline: &Timeline) -> Result<(Report<'_>, Report<'_>), Mismatch> {
    match reports(View::of(timeline)).as_slice() {
        [.., one, two] => Ok((*one, *two)),
        _ => Err(Mismatch::undecided("two answers to `health`", "fewer")),
    }
}

/// The last report names this code among the recent errors.
///
/// # Errors
/// It does not.
pub fn reported(timeline: &Timeline, code: &str) -> Judgement {
    let view = View::of(timeline);
    let undamaged = view.facts().find_map(|(_, fact)| match fact {
        Fact::Damaged { files: 0, .. } => Some(()),
        _ => None,
    });
    if undamaged.is_some() {
        return Err(Mismatch::undecided(
            "files that could be damaged",
            "there were none",
        ));
    }
    let report = last_report(view)?;
    if report.codes().contains(code) {
        Ok(vec![report.told])
    } else {
        Err(Mismatch::new(
            format!("`{code}` in the recent errors"),
            shown(report.document.get("recent_errors")),
            vec![report.told],
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::story::{BEGIN, Story, time, word};
    use super::*;

    fn failing() -> Story {
        Story::begin().polls(1, "", 0).fails(1, -1)
    }

    fn failing_twice() -> Story {
        let again = failing().polls(2, "", 0).given(2, "a");
        again.polls(3, "a", 0).fails(3, -1)
    }

    #[test]
    fn health_must_show_a_trouble_while_it_lasts() {
        let shown = failing().health("degraded", &["wechat_error"]).told_whole();
        assert_eq!(word(&not_healthy_while_failing(&shown)), "pass");
        for state in ["healthy", "stopped"] {
            let hidden = failing().health(state, &["wechat_error"]).told_whole();
            assert_eq!(word(&not_healthy_while_failing(&hidden)), "fail", "{state}");
        }
        let later = failing()
            .polls(2, "", 0)
            .given(2, "a")
            .health("degraded", &[]);
        assert_eq!(
            word(&not_healthy_while_failing(&later.told_whole())),
            "undecided"
        );
    }

    #[test]
    fn a_failure_stays_on_record_under_its_own_code() {
        let after = |codes| {
            failing()
                .polls(2, "", 0)
                .given(2, "a")
                .health("healthy", codes)
                .told_whole()
        };
        assert_eq!(
            word(&failures_are_on_record(&after(&["wechat_error"]))),
            "pass"
        );
        assert_eq!(word(&failures_are_on_record(&after(&["timeout"]))), "fail");
        assert_eq!(word(&failures_are_on_record(&after(&[]))), "fail");
        let still = failing().health("degraded", &["wechat_error"]).told_whole();
        assert_eq!(word(&failures_are_on_record(&still)), "undecided");
    }

    #[test]
    fn recovery_is_judged_by_the_last_report_after_a_failure() {
        let after = |state| {
            failing()
                .polls(2, "", 0)
                .given(2, "a")
                .health(state, &[])
                .told_whole()
        };
        assert_eq!(word(&healthy_again(&after("healthy"))), "pass");
        assert_eq!(word(&healthy_again(&after("degraded"))), "fail");
        let untroubled = Story::begin().health("healthy", &[]).told_whole();
        assert_eq!(word(&healthy_again(&untroubled)), "undecided");
    }

    #[test]
    fn where_nothing_fails_the_adapter_is_well_and_says_so() {
        let well = |state, codes| {
            let told = Story::begin()
                .polls(1, "", 0)
                .given(1, "a")
                .health(state, codes);
            word(&well_while_nothing_fails(&told.told_whole()))
        };
        assert_eq!(well("healthy", &[]), "pass");
        assert_eq!(well("degraded", &[]), "fail");
        assert_eq!(well("healthy", &["state_damaged"]), "fail");
        let failed = failing().health("healthy", &[]).told_whole();
        assert_eq!(word(&well_while_nothing_fails(&failed)), "undecided");
        let unasked = Story::begin().polls(1, "", 0).given(1, "a").told_whole();
        assert_eq!(word(&well_while_nothing_fails(&unasked)), "undecided");
    }

    #[test]
    fn recent_errors_are_one_entry_for_each_code_dated_and_counted() {
        let entry = |code: &str, at: i64, count: i64| json!({"code": code, "first_at": time(at), "last_at": time(at), "count": count});
        let report = |entries: &[Value]| {
            let report = json!({"health": "degraded", "last_error_code": "wechat_error", "recent_errors": entries});
            failing_twice().reports(report).told_whole()
        };
        let good = entry("wechat_error", BEGIN, 2);
        assert_eq!(
            word(&errors_are_metadata(&report(std::slice::from_ref(&good)))),
            "pass"
        );
        assert_eq!(
            word(&errors_are_metadata(&report(&[good.clone(), good.clone()]))),
            "fail"
        );
        assert_eq!(
            word(&errors_are_metadata(&report(&[entry(
                "wechat_error",
                BEGIN + 1,
                2
            )]))),
            "fail"
        );
        assert_eq!(
            word(&errors_are_metadata(&report(&[entry(
                "wechat_error",
                0,
                2
            )]))),
            "fail"
        );
        let mut talkative = good.clone();
        talkative["message"] = "hello".into();
        assert_eq!(word(&errors_are_metadata(&report(&[talkative]))), "fail");
        assert_eq!(word(&errors_are_metadata(&report(&[]))), "undecided");
        let once =
            json!({"health": "degraded", "recent_errors": [entry("wechat_error", BEGIN, 1)]});
        let once = failing().reports(once).told_whole();
        assert_eq!(word(&errors_are_metadata(&once)), "undecided");
    }

    #[test]
    fn two_occasions_are_counted_as_two() {
        let twice = |count| {
            let entry = json!({"code": "wechat_error", "first_at": time(BEGIN), "last_at": time(BEGIN), "count": count});
            let report = json!({"health": "degraded", "recent_errors": [entry]});
            failing_twice().reports(report).told_whole()
        };
        assert_eq!(word(&errors_are_metadata(&twice(1))), "fail");
        assert_eq!(word(&errors_are_metadata(&twice(2))), "pass");
    }

    #[test]
    fn haste_is_measured_from_the_second_failure_in_a_row() {
        let third_after = |ms| {
            let twice = failing().polls(2, "", 0).fails(2, -1).advanced_to(ms);
            twice
                .polls(3, "", 0)
                .fails(3, -1)
                .advanced_to(ms + 3_000)
                .told_whole()
        };
        assert_eq!(
            word(&unhurried_while_failing(&third_after(200), 200, 2_500)),
            "pass"
        );
        assert_eq!(
            word(&unhurried_while_failing(&third_after(100), 200, 2_500)),
            "fail"
        );
        let short = failing().advanced_to(100).told_whole();
        assert_eq!(
            word(&unhurried_while_failing(&short, 200, 2_500)),
            "undecided"
        );
        let well = Story::begin()
            .polls(1, "", 0)
            .given(1, "a")
            .advanced_to(9_000)
            .told_whole();
        assert_eq!(
            word(&unhurried_while_failing(&well, 200, 2_500)),
            "undecided"
        );
    }

    #[test]
    fn a_tick_on_its_way_is_not_held_against_the_adapter() {
        // The poll is seen after the next move of the clock was noted and before the adapter knew.
        let story = failing().polls(2, "", 0);
        let story = story.fact(Fact::Clock {
            now: time(BEGIN + 200),
        });
        let story = story
            .fails(2, -1)
            .asked("advance", json!({}))
            .told("advance", json!({}));
        let story = story
            .advanced_to(400)
            .polls(3, "", 0)
            .advanced_to(4_000)
            .told_whole();
        assert_eq!(word(&unhurried_while_failing(&story, 400, 2_500)), "pass");
        assert_eq!(word(&unhurried_while_failing(&story, 600, 2_500)), "fail");
    }

    #[test]
    fn in_real_time_the_gap_is_that_between_two_calls() {
        let third_after = |ms| {
            let twice = Story::begin_in_real_time().polls(1, "", 0).fails(1, -1);
            let twice = twice.polls(2, "", 0).fails(2, -1).later(ms);
            twice
                .polls(3, "", 0)
                .later(3_000)
                .fence_passed()
                .told_whole()
        };
        assert_eq!(
            word(&unhurried_while_failing(&third_after(200), 200, 2_500)),
            "pass"
        );
        assert_eq!(
            word(&unhurried_while_failing(&third_after(20), 200, 2_500)),
            "fail"
        );
    }

    #[test]
    fn an_expired_login_is_a_persons_business() {
        let expired = || Story::begin().polls(1, "", 0).fails(1, -14);
        let shown = expired()
            .health("unhealthy", &["session_expired"])
            .told_whole();
        assert_eq!(word(&expired_is_shown(&shown)), "pass");
        let degraded = expired()
            .health("degraded", &["session_expired"])
            .told_whole();
        assert_eq!(word(&expired_is_shown(&degraded)), "fail");
        let nameless = expired()
            .health("unhealthy", &["wechat_error"])
            .told_whole();
        assert_eq!(word(&expired_is_shown(&nameless)), "fail");
        let before = Story::begin().health("unhealthy", &["session_expired"]);
        let before = before.polls(1, "", 0).fails(1, -14).told_whole();
        assert_eq!(word(&expired_is_shown(&before)), "undecided");
        assert_eq!(
            word(&expired_is_shown(
                &failing().health("degraded", &[]).told_whole()
            )),
            "undecided"
        );
        let logs_in = expired().calls(2, "get_bot_qrcode").told_whole();
        assert_eq!(word(&no_login_attempted(&logs_in)), "fail");
        assert_eq!(word(&no_login_attempted(&expired().told_whole())), "pass");
        let hammered = expired()
            .polls(2, "", 0)
            .fails(2, -14)
            .advanced_to(800)
            .polls(3, "", 0);
        let hammered = hammered.advanced_to(4_000).told_whole();
        assert_eq!(
            word(&unhurried_after_expiry(&hammered, 1_000, 2_500)),
            "fail"
        );
    }

    fn seen(at: i64) -> Value {
        json!({"health": "healthy", "last_seen_at": time(BEGIN + at), "recent_errors": []})
    }

    #[test]
    fn the_time_it_last_saw_wechat_moves_with_a_good_poll_and_to_it() {
        let then = |at| {
            let first = Story::begin()
                .polls(1, "", 0)
                .given(1, "a")
                .reports(seen(0));
            first
                .advanced_to(2_000)
                .polls(2, "a", 0)
                .given(2, "a")
                .reports(seen(at))
                .told_whole()
        };
        assert_eq!(word(&last_seen_moved(&then(2_000))), "pass");
        assert_eq!(word(&last_seen_moved(&then(0))), "fail");
        assert_eq!(word(&last_seen_moved(&then(9_000))), "fail");
        let idle = Story::begin()
            .reports(seen(0))
            .advanced_to(2_000)
            .reports(seen(2_000));
        assert_eq!(word(&last_seen_moved(&idle.told_whole())), "undecided");
    }

    #[test]
    fn a_failed_poll_and_a_good_send_leave_it_where_it_was() {
        let then = |at| {
            let first = failing().reports(seen(0)).advanced_to(2_000);
            let sent = first
                .polls(2, "", 0)
                .fails(2, -1)
                .calls(3, "sendmessage")
                .given(3, "");
            sent.reports(seen(at)).told_whole()
        };
        assert_eq!(word(&last_seen_stood(&then(0))), "pass");
        assert_eq!(word(&last_seen_stood(&then(2_000))), "fail");
        let idle = failing().reports(seen(0)).reports(seen(0)).told_whole();
        assert_eq!(word(&last_seen_stood(&idle)), "undecided");
    }

    #[test]
    fn damage_that_hit_nothing_proves_nothing() {
        let damaged = |files| {
            let how = "removed".to_owned();
            let story = Story::begin()
                .fact(Fact::Damaged { how, files })
                .health("healthy", &[]);
            story.told_whole()
        };
        assert_eq!(word(&reported(&damaged(1), "state_damaged")), "fail");
        assert_eq!(word(&reported(&damaged(0), "state_damaged")), "undecided");
    }
}
