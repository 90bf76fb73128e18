//! Judgement of what AIOS asked for and what people received.

use std::collections::BTreeSet;

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

use super::view::{Act, View, short, shown};
use crate::contract::driver::{INVALID_PARAMS, InvalidParams};
use crate::contract::{self, Receipt};
use crate::evidence::{Fact, Judgement, Mismatch, Timeline};
use crate::session::Flaw;

/// How long a rate-limited action may take, on the adapter's clock.
const RATE_LIMIT_SECONDS: i64 = 20;

/// A receipt that the contract accepts.
fn receipt(act: &Act<'_>) -> Result<Receipt, Mismatch> {
    let document = act.result.ok_or_else(|| {
        Mismatch::new(
            "a receipt",
            format!("error {}", shown(act.error)),
            vec![act.at],
        )
    })?;
    contract::decode(document)
        .map_err(|finding| Mismatch::new("a valid receipt", finding.to_string(), vec![act.at]))
}

/// The last action was answered with a receipt that carries its ids.
///
/// # Errors
/// It was not.
pub fn receipt_carries_ids(timeline: &Timeline) -> Judgement {
    let act = View::of(timeline).last_act()?;
    receipt(&act)?;
    for name in ["correlation_id", "message_id"] {
        if act.word(name) != act.params.get(name).and_then(Value::as_str) {
            return Err(Mismatch::new(
                format!(
                    "the `{name}` of the action, {}",
                    shown(act.params.get(name))
                ),
                shown(act.result.and_then(|result| result.get(name))),
                vec![act.at],
            ));
        }
    }
    Ok(vec![act.at])
}

/// The last action was delivered: the receipt says so, and the person has the whole text.
///
/// # Errors
/// One of the two is otherwise.
pub fn action_reached(timeline: &Timeline, person: &str) -> Judgement {
    let act = View::of(timeline).last_act()?;
    reached(&act, person)
}

fn reached(act: &Act<'_>, person: &str) -> Judgement {
    if act.word("status_code") != Some("delivered") {
        let said = shown(act.result.or(act.error));
        return Err(Mismatch::new(
            "a receipt with `delivered`",
            said,
            vec![act.at],
        ));
    }
    receipt(act)?;
    let read: String = act
        .delivered
        .iter()
        .filter(|d| d.to == person)
        .map(|d| d.text)
        .collect();
    let at = act
        .delivered
        .iter()
        .map(|delivered| delivered.at)
        .chain([act.at])
        .collect();
    if read == act.text() {
        Ok(at)
    } else {
        let expected = format!("the text of the action to reach {person}");
        Err(Mismatch::new(expected, format!("\"{}\"", short(&read)), at))
    }
}

/// The last action was rejected with this code, and nothing reached anybody.
///
/// # Errors
/// One of the two is otherwise.
pub fn action_rejected(timeline: &Timeline, code: &str) -> Judgement {
    let act = View::of(timeline).last_act()?;
    if (act.word("status_code"), act.word("error_code")) != (Some("rejected"), Some(code)) {
        return Err(Mismatch::new(
            format!("a receipt with `rejected` and `{code}`"),
            shown(act.result.or(act.error)),
            vec![act.at],
        ));
    }
    receipt(&act)?;
    nothing_sent_for(&act)
}

/// Nothing reached anybody while the action was outstanding.
fn nothing_sent_for(act: &Act<'_>) -> Judgement {
    match act.delivered.first() {
        None => Ok(vec![act.at]),
        Some(delivered) => Err(Mismatch::new(
            "nothing to be sent for this action",
            format!("{} received a message", delivered.to),
            vec![act.at, delivered.at],
        )),
    }
}

/// The last action was refused as a document that breaks the contract, with a pointer to the
/// fault, and nothing was sent.
///
/// # Errors
/// It was taken, refused otherwise, or something was sent.
pub fn action_refused_at_its_flaw(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let (flaw, act) = (view.flaw(), view.last_act()?);
    let expected = format!("the action refused with -32602, since {flaw}");
    let Some(error) = act.error else {
        return Err(Mismatch::new(expected, shown(act.result), vec![act.at]));
    };
    if error.get("code").and_then(Value::as_i64) != Some(INVALID_PARAMS.get()) {
        return Err(Mismatch::new(
            expected,
            format!("error {error}"),
            vec![act.at],
        ));
    }
    let data = error.get("data").cloned().unwrap_or_default();
    let pointer = contract::decode::<InvalidParams>(&data).map_err(|finding| {
        let expected = "`data` with a `pointer` and a `message`";
        Mismatch::new(expected, finding.to_string(), vec![act.at])
    })?;
    if !Flaw::is_at(flaw, pointer.pointer.as_str()) {
        return Err(Mismatch::new(
            "a pointer to the faulty member or to the object it is missing from",
            format!("the pointer \"{}\", while {flaw}", pointer.pointer),
            vec![act.at],
        ));
    }
    nothing_sent_for(&act)
}

/// The last action took effect and made no message.
///
/// # Errors
/// The receipt says otherwise, or somebody received something.
pub fn action_applied(timeline: &Timeline) -> Judgement {
    let act = View::of(timeline).last_act()?;
    receipt(&act)?;
    if act.word("status_code") != Some("applied") {
        return Err(Mismatch::new(
            "a receipt with `applied`",
            shown(act.result),
            vec![act.at],
        ));
    }
    nothing_sent_for(&act)
}

/// The approval request reached the owner word for word; where the feature is not claimed, it was
/// rejected as unsupported.
///
/// # Errors
/// Neither is so.
pub fn approval_delivered_or_unsupported(timeline: &Timeline, owner: &str) -> Judgement {
    if View::of(timeline).claims("approval_request") {
        action_reached(timeline, owner)
    } else {
        action_rejected(timeline, "unsupported")
    }
}

/// The owner reads the whole text of the last action in chunks that are in order, within the
/// limit, and split no grapheme cluster that fits into one.
///
/// # Errors
/// One of these is otherwise.
pub fn chunks_are_whole(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let act = view.last_act()?;
    let limit = chunk_limit(view)?;
    let owner = act
        .params
        .pointer("/payload/recipient")
        .and_then(Value::as_str);
    let citations = reached(&act, owner.unwrap_or_default())?;
    let mut cuts = BTreeSet::new();
    for (at, cluster) in act.text().grapheme_indices(true) {
        cuts.insert(at);
        if cluster.chars().count() > limit {
            cuts.extend(cluster.char_indices().map(|(within, _)| at + within));
        }
    }
    let mut offset = 0;
    for delivered in &act.delivered {
        let length = delivered.text.chars().count();
        if !(1..=limit).contains(&length) {
            return Err(Mismatch::new(
                format!("at least one and at most {limit} characters in a message"),
                format!("{length}"),
                vec![delivered.at],
            ));
        }
        if !cuts.contains(&offset) {
            return Err(Mismatch::new(
                "chunks that split no character that people see as one",
                format!("a cut inside one, before \"{}\"", short(delivered.text)),
                vec![delivered.at],
            ));
        }
        offset += delivered.text.len();
    }
    Ok(citations)
}

/// The chunk limit that the adapter was started with.
fn chunk_limit(view: View<'_>) -> Result<usize, Mismatch> {
    let document = view.integration()?;
    contract::decode::<contract::Integration>(document)
        .map(|integration| integration.config.message_chunk_limit())
        .map_err(|finding| Mismatch::undecided("a faultless configuration", finding.to_string()))
}

/// The receipt of the last action counts and names what the person received.
///
/// # Errors
/// A number or an id differs.
pub fn receipt_counts_deliveries(timeline: &Timeline) -> Judgement {
    let act = View::of(timeline).last_act()?;
    let receipt = receipt(&act)?;
    let at = counts_deliveries(&act, &receipt)?;
    let received = act.delivered.iter().map(|delivered| delivered.message_id);
    let ids: Vec<&str> = received.collect();
    let named: Vec<&str> = receipt
        .wechat_message_ids
        .iter()
        .map(crate::contract::Id::as_str)
        .collect();
    if named != ids {
        let expected = format!("the ids of the messages received, {ids:?}");
        return Err(Mismatch::new(expected, format!("{named:?}"), at));
    }
    Ok(at)
}

/// The receipt of the last action says that all was delivered and counts it, and names no message.
///
/// # Errors
/// It says otherwise, or makes up a name.
pub fn receipt_names_nothing(timeline: &Timeline) -> Judgement {
    let act = View::of(timeline).last_act()?;
    let receipt = receipt(&act)?;
    if act.word("status_code") != Some("delivered") {
        let expected = "a receipt with `delivered`, since WeChat took the message";
        return Err(Mismatch::new(expected, shown(act.result), vec![act.at]));
    }
    let at = counts_deliveries(&act, &receipt)?;
    match receipt.wechat_message_ids.iter().next() {
        None => Ok(at),
        Some(id) => Err(Mismatch::new(
            "no id of a message, since WeChat gave none",
            id.as_str(),
            at,
        )),
    }
}

/// The receipt counts as many chunks as messages were received.
fn counts_deliveries(act: &Act<'_>, receipt: &Receipt) -> Judgement {
    let received = act.delivered.len();
    let counted = usize::try_from(receipt.chunks_sent.get()).unwrap_or(usize::MAX);
    let at: Vec<usize> = act.delivered.iter().map(|d| d.at).chain([act.at]).collect();
    if counted != received {
        let expected = format!("`chunks_sent` of {received}, the messages received");
        return Err(Mismatch::new(expected, counted.to_string(), at));
    }
    let total = receipt.chunks_total.get();
    if act.word("status_code") == Some("delivered") && total != receipt.chunks_sent.get() {
        let expected = format!("`chunks_total` of {received}, since all were delivered");
        return Err(Mismatch::new(expected, total.to_string(), at));
    }
    Ok(at)
}

/// The receipt of the last action says that only a part was delivered, and counts it.
///
/// # Errors
/// It says otherwise.
pub fn partly_delivered(timeline: &Timeline, chunks: i64) -> Judgement {
    let act = View::of(timeline).last_act()?;
    let receipt = receipt(&act)?;
    if act.word("status_code") != Some("partial") || receipt.chunks_total.get() != chunks {
        return Err(Mismatch::new(
            format!("a receipt with `partial` of {chunks} chunks"),
            shown(act.result),
            vec![act.at],
        ));
    }
    counts_deliveries(&act, &receipt)
}

/// The receipt of the last action does not claim a delivery that did not happen.
///
/// # Errors
/// It does, or it is no receipt.
pub fn not_claimed_delivered(timeline: &Timeline) -> Judgement {
    let act = View::of(timeline).last_act()?;
    receipt(&act)?;
    match act.word("status_code") {
        Some("rejected" | "unreachable" | "partial") => Ok(vec![act.at]),
        other => Err(Mismatch::new(
            "a receipt with `rejected` or `unreachable`, since WeChat refused",
            format!("status_code {}", other.unwrap_or("nothing")),
            vec![act.at],
        )),
    }
}

/// WeChat was not heard, so the receipt of the last action says that it was unreachable; or it was
/// tried again, and the receipt counts what was delivered then.
///
/// # Errors
/// It says something else.
pub fn unreachable_or_delivered(timeline: &Timeline) -> Judgement {
    let act = View::of(timeline).last_act()?;
    match act.word("status_code") {
        Some("unreachable") => {
            receipt(&act)?;
            nothing_sent_for(&act)
        }
        Some("delivered") => {
            let recipient = act.params.pointer("/payload/recipient");
            reached(&act, recipient.and_then(Value::as_str).unwrap_or_default())?;
            receipt_counts_deliveries(timeline)
        }
        other => Err(Mismatch::new(
            "a receipt with `unreachable`, since WeChat said nothing",
            format!("status_code {}", other.unwrap_or("nothing")),
            vec![act.at],
        )),
    }
}

/// The person read the text of the last action exactly once, however often it was asked for.
///
/// # Errors
/// More or less than once.
pub fn read_once(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let act = view.last_act()?;
    let read: Vec<usize> = view
        .deliveries(0, timeline.len())
        .iter()
        .filter(|delivered| delivered.text == act.text())
        .map(|delivered| delivered.at)
        .collect();
    if read.len() == 1 {
        Ok(read)
    } else {
        let observed = format!("{} times", read.len());
        Err(Mismatch::new(
            "the person to read the text once",
            observed,
            read,
        ))
    }
}

/// The person read the text of the last action in parts, each of them once, however often it was
/// asked for.
///
/// # Errors
/// A part is missing, came twice or out of order.
pub fn read_in_parts(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let act = view.last_act()?;
    let person = act.params.pointer("/payload/recipient");
    let person = person.and_then(Value::as_str).unwrap_or_default();
    let since = requests_of(view, &act).first().map_or(0, |act| act.asked);
    let mut read = view.deliveries(since, timeline.len());
    read.retain(|delivered| delivered.to == person);
    let text: String = read.iter().map(|delivered| delivered.text).collect();
    let at: Vec<usize> = read.iter().map(|delivered| delivered.at).collect();
    if text == act.text() {
        return Ok(at);
    }
    Err(Mismatch::new(
        format!("the person to read \"{}\" once", short(act.text())),
        format!("\"{}\" in {} messages", short(&text), read.len()),
        at,
    ))
}

/// Every receipt for the last action, repeats included, says that it was delivered.
///
/// # Errors
/// One does not.
pub fn all_receipts_delivered(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let acts = requests_of(view, &view.last_act()?);
    for act in &acts {
        if act.word("status_code") != Some("delivered") {
            return Err(Mismatch::new(
                "the first receipt again: `delivered`",
                shown(act.result.or(act.error)),
                vec![act.at],
            ));
        }
        receipt(act)?;
    }
    Ok(acts.iter().map(|act| act.at).collect())
}

/// Every time that AIOS asked for an action.
fn requests_of<'t>(view: View<'t>, action: &Act<'_>) -> Vec<Act<'t>> {
    let id = action.params.get("message_id");
    let mut acts = view.acts();
    acts.retain(|act| act.params.get("message_id") == id);
    acts
}

/// The last action was rejected whenever it was asked for, each time for the same reason, and nobody
/// ever received its text.
///
/// # Errors
/// One of these is otherwise.
pub fn refusal_stands(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let last = view.last_act()?;
    let acts = requests_of(view, &last);
    let [first, repeats @ ..] = acts.as_slice() else {
        return Err(Mismatch::undecided("an action", "there is none"));
    };
    if repeats.is_empty() {
        let observed = "it was asked for once";
        return Err(Mismatch::undecided("an action that is repeated", observed));
    }
    let (Some("rejected"), Some(code)) = (first.word("status_code"), first.word("error_code"))
    else {
        let observed = shown(first.result.or(first.error));
        let expected = "a receipt with `rejected` and a reason";
        return Err(Mismatch::new(expected, observed, vec![first.at]));
    };
    let stands = |act: &&Act<'_>| {
        (act.word("status_code"), act.word("error_code")) == (Some("rejected"), Some(code))
    };
    if let Some(act) = repeats.iter().find(|act| !stands(act)) {
        return Err(Mismatch::new(
            format!("the first receipt again: `rejected` and `{code}`"),
            shown(act.result.or(act.error)),
            vec![first.at, act.at],
        ));
    }
    for act in &acts {
        receipt(act)?;
        nothing_sent_for(act)?;
    }
    let deliveries = view.deliveries(0, timeline.len());
    match deliveries.iter().find(|read| read.text == last.text()) {
        None => Ok(acts.iter().map(|act| act.at).collect()),
        Some(read) => Err(Mismatch::new(
            "nothing to be sent for this action",
            format!("{} received it", read.to),
            vec![read.at],
        )),
    }
}

/// Under a rate limit the last action was delivered once within the time, or reported as limited
/// with a time to try again.
///
/// # Errors
/// Neither is so.
pub fn rate_limit_is_handled(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let act = view.last_act()?;
    receipt(&act)?;
    let seconds = seconds_between(timeline, act.asked, act.at);
    if seconds > RATE_LIMIT_SECONDS {
        return Err(Mismatch::new(
            format!("a receipt within {RATE_LIMIT_SECONDS} s of the adapter's clock"),
            format!("one after {seconds} s"),
            vec![act.asked, act.at],
        ));
    }
    if act.word("status_code") == Some("delivered") {
        return read_once(timeline);
    }
    let limited = act.word("error_code") == Some("rate_limited");
    let when = act
        .result
        .is_some_and(|receipt| receipt.get("retry_after_sec").is_some());
    if limited && when {
        Ok(vec![act.at])
    } else {
        Err(Mismatch::new(
            "`delivered`, or `rate_limited` with `retry_after_sec`",
            shown(act.result),
            vec![act.at],
        ))
    }
}

/// Seconds on the adapter's clock between two moments: virtual ones where time was moved by hand.
fn seconds_between(timeline: &Timeline, from: usize, to: usize) -> i64 {
    let start_mode = View::of(timeline).facts().find_map(|(_, fact)| match fact {
        Fact::Asked { method, params, .. } if method == "start" => {
            params.pointer("/clock/mode")?.as_str()
        }
        _ => None,
    });
    if start_mode != Some("virtual") {
        let at = |index: usize| timeline.entries().get(index).map_or(0, |entry| entry.at_us);
        return i64::try_from(at(to).saturating_sub(at(from)) / 1_000_000).unwrap_or(i64::MAX);
    }
    let instants: Vec<i64> = timeline
        .facts()
        .filter(|(at, _)| (from..=to).contains(at))
        .filter_map(|(_, fact)| match fact {
            Fact::Clock { now } => contract::Timestamp::try_from(now.as_str()).ok()?.unix_ms(),
            _ => None,
        })
        .collect();
    match (instants.first(), instants.last()) {
        // The first move counts from an instant before it: one tick more never matters here.
        (Some(first), Some(last)) => (last - first) / 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::story::{Story, word};
    use super::*;

    /// AIOS asks for the action; so many parts of its text arrive, and a receipt says so.
    fn acts(story: Story, parts: &[&str], status: &str, code: Option<&str>) -> Story {
        let story = story.asked(
            "act",
            json!({"message_id": "a1", "payload": {"recipient": "p", "text": "one two three"}}),
        );
        let story = parts.iter().fold(story, |story, text| {
            story.fact(Fact::Delivered {
                to: "p".to_owned(),
                text: Some((*text).to_owned()),
                client_id: format!("c-{text}"),
                message_id: format!("m-{text}"),
                context_of: None,
            })
        });
        let mut receipt = json!({
            "message_id": "a1", "correlation_id": "c1", "status_code": status,
            "chunks_sent": parts.len(), "chunks_total": parts.len(),
            "wechat_message_ids": parts.iter().map(|text| format!("m-{text}")).collect::<Vec<_>>(),
        });
        if let Some(code) = code {
            receipt["error_code"] = code.into();
        }
        story.told("act", receipt)
    }

    #[test]
    fn what_is_sent_in_parts_is_whole_when_each_part_came_once() {
        let read = |first: &[&str], second: &[&str]| {
            let story = acts(Story::begin(), first, "partial", Some("wechat_error"));
            let story = acts(story, second, "delivered", None);
            word(&read_in_parts(&story.told_whole()))
        };
        assert_eq!(read(&["one ", "two "], &["three"]), "pass");
        assert_eq!(read(&["one ", "two "], &["two ", "three"]), "fail");
        assert_eq!(read(&["one "], &["three"]), "fail");
    }

    #[test]
    fn a_refusal_stands_when_it_is_said_again_and_nothing_is_sent() {
        let refused = |code| acts(Story::begin(), &[], "rejected", Some(code));
        let stands = |story: Story| word(&refusal_stands(&story.told_whole()));
        let again = acts(refused("no_owner"), &[], "rejected", Some("no_owner"));
        assert_eq!(stands(again), "pass");
        assert_eq!(stands(refused("no_owner")), "undecided");
        let otherwise = acts(refused("no_owner"), &[], "rejected", Some("wechat_error"));
        assert_eq!(stands(otherwise), "fail");
        let sent = acts(
            refused("no_owner"),
            &["> one"],
            "rejected",
            Some("no_owner"),
        );
        assert_eq!(stands(sent), "fail");
        let delivered = acts(refused("no_owner"), &["one two three"], "delivered", None);
        assert_eq!(stands(delivered), "fail");
    }

    #[test]
    fn a_wechat_that_was_not_heard_is_unreachable_unless_it_was_tried_again() {
        let said = |parts: &[&str], status, code| {
            let story = acts(Story::begin(), parts, status, code);
            word(&unreachable_or_delivered(&story.told_whole()))
        };
        assert_eq!(said(&[], "unreachable", Some("connect_failed")), "pass");
        assert_eq!(said(&["one two three"], "delivered", None), "pass");
        assert_eq!(said(&[], "rejected", Some("wechat_error")), "fail");
        assert_eq!(said(&[], "delivered", None), "fail");
        assert_eq!(
            said(&["one"], "unreachable", Some("connect_failed")),
            "fail"
        );
    }
}
