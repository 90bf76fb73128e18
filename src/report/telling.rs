//! A fact as one sentence between lanes, for people: the same words in every face.

use std::fmt::Write as _; // writing to a `String` cannot fail

use serde_json::Value;

use super::plain::plain;
use crate::evidence::{Fact, Lane, SentMessage, WireCall};

/// The most characters of one quoted text.
const QUOTE: usize = 60;
/// The most characters of one JSON value.
const VALUE: usize = 160;
/// The most characters of anything said by somebody else.
const SAID: usize = 300;

/// A fact told: where it starts, where it goes, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// The lane that acts.
    pub from: Lane,
    /// The lane that it reaches; absent if it stays where it is.
    pub to: Option<Lane>,
    /// The sentence: one line, harmless to print, without a full stop.
    pub text: String,
    /// Something is wrong with it, whatever the rule: a breach of the contract or the protocol.
    pub wrong: bool,
}

impl Telling {
    /// Tells a fact.
    #[must_use]
    pub fn of(fact: &Fact) -> Self {
        match fact {
            Fact::Sent { .. }
            | Fact::Redelivered { .. }
            | Fact::Called { .. }
            | Fact::Parked { .. }
            | Fact::Answered { .. }
            | Fact::Cut { .. }
            | Fact::Delivered { .. } => wechat(fact),
            Fact::Launched { .. }
            | Fact::Ended { .. }
            | Fact::Closed { .. }
            | Fact::Damaged { .. }
            | Fact::Stderr { .. }
            | Fact::Strayed
            | Fact::TurnedAway { .. }
            | Fact::Violation { .. } => adapter(fact),
            Fact::Asked { .. }
            | Fact::Told { .. }
            | Fact::Silent { .. }
            | Fact::Event { .. }
            | Fact::Overstepped { .. }
            | Fact::Settled { .. } => aios(fact),
            Fact::Step { .. }
            | Fact::Note { .. }
            | Fact::FencePassed { .. }
            | Fact::FenceHeld { .. }
            | Fact::Hunted { .. }
            | Fact::Measured { .. }
            | Fact::Lured { .. }
            | Fact::Clock { .. }
            | Fact::Flawed { .. }
            | Fact::Stopped { .. }
            | Fact::Faulted { .. } => kit(fact),
        }
    }

    fn stays(lane: Lane, text: String) -> Self {
        Self {
            from: lane,
            to: None,
            text,
            wrong: false,
        }
    }

    fn goes(from: Lane, to: Lane, text: String) -> Self {
        Self {
            from,
            to: Some(to),
            text,
            wrong: false,
        }
    }

    fn wrong_if(mut self, wrong: bool) -> Self {
        self.wrong = wrong;
        self
    }
}

fn wechat(fact: &Fact) -> Telling {
    let stays = |text| Telling::stays(Lane::Wechat, text);
    match fact {
        Fact::Sent { message, fence } => stays(if *fence {
            format!(
                "a fence: the kit's own contact writes message {}",
                message.message_id
            )
        } else {
            format!("{} ({})", written(message), message.message_id)
        }),
        Fact::Redelivered { message, of } if message.message_id == *of => {
            stays(format!("gives message {} again", plain(of, QUOTE)))
        }
        Fact::Redelivered { message, of } => stays(format!(
            "gives message {} again, now as {}",
            plain(of, QUOTE),
            plain(&message.message_id, QUOTE)
        )),
        Fact::Called { call } => {
            Telling::goes(Lane::Adapter, Lane::Wechat, called(call)).wrong_if(call.trap)
        }
        Fact::Parked { exchange, position } => {
            stays(format!("holds #{exchange}, its cursor is at {position}"))
        }
        Fact::Answered {
            exchange,
            endpoint,
            status,
            body,
            fault,
        } => {
            let mut text = format!("#{exchange} {} answered", plain(endpoint, QUOTE));
            if *status != 200 {
                let _ = write!(text, " HTTP {status}");
            }
            if let Some(body) = body {
                text.push_str(&answer(body));
            }
            if let Some(fault) = fault {
                let _ = write!(text, " (fault: {})", plain(fault, VALUE));
            }
            Telling::goes(Lane::Wechat, Lane::Adapter, text)
        }
        Fact::Cut {
            exchange,
            endpoint,
            why,
        } => stays(format!(
            "#{exchange} {} ends without an answer: {}",
            plain(endpoint, QUOTE),
            plain(why, VALUE)
        )),
        Fact::Delivered {
            to,
            text,
            context_of,
            ..
        } => {
            let what = text
                .as_ref()
                .map_or("a message without text".to_owned(), |text| quoted(text));
            let context = context_of.as_ref().map_or(String::new(), |of| {
                format!(", in the context of {}", plain(of, QUOTE))
            });
            stays(format!("{} receives {what}{context}", id(to)))
        }
        _ => kit(fact),
    }
}

fn adapter(fact: &Fact) -> Telling {
    let stays = |text| Telling::stays(Lane::Adapter, text);
    match fact {
        Fact::Launched { process, control } => {
            let control = if *control { ", to prove life" } else { "" };
            stays(format!("process {process} starts{control}"))
        }
        Fact::Ended {
            process,
            how,
            asked,
        } => {
            let unasked = if *asked { "" } else { ", unasked" };
            stays(format!(
                "process {process} ends{unasked}: {}",
                plain(how, VALUE)
            ))
            .wrong_if(!asked)
        }
        Fact::Closed {
            process,
            reached,
            left_behind,
        } => {
            let how = match reached.as_str() {
                "gone" => "it was gone already",
                "end_of_input" => "at the end of its input",
                "asked" => "when asked by a signal",
                "killed" => "it had to be killed",
                other => &plain(other, QUOTE),
            };
            let mut text = format!("process {process} is closed: {how}");
            if !left_behind.is_empty() {
                let _ = write!(
                    text,
                    "; it left behind {}",
                    plain(&left_behind.join(", "), VALUE)
                );
            }
            stays(text).wrong_if(!left_behind.is_empty())
        }
        Fact::Damaged { how, files } => stays(format!(
            "everything it keeps is {}: {files} file(s)",
            plain(how, QUOTE)
        )),
        Fact::Stderr { line, .. } => stays(format!("stderr: {}", plain(line, SAID))),
        Fact::Strayed => {
            stays("connects to an address that is none of its business".to_owned()).wrong_if(true)
        }
        Fact::TurnedAway { what, why } => Telling::goes(
            Lane::Adapter,
            Lane::Wechat,
            format!(
                "{} is turned away: {}",
                plain(what, VALUE),
                plain(why, SAID)
            ),
        )
        .wrong_if(true),
        Fact::Violation { expected, got, .. } => stays(format!(
            "breaks the protocol: expected {}, got {}",
            plain(expected, SAID),
            plain(got, SAID)
        ))
        .wrong_if(true),
        _ => kit(fact),
    }
}

fn aios(fact: &Fact) -> Telling {
    let ask = |text| Telling::goes(Lane::Aios, Lane::Adapter, text);
    let tell = |text| Telling::goes(Lane::Adapter, Lane::Aios, text);
    match fact {
        Fact::Asked { method, params, .. } => ask(if method == "act" {
            format!("act: {}", envelope(params))
        } else {
            plain(method, QUOTE)
        }),
        Fact::Told {
            method,
            result,
            error,
            ..
        } => tell(match (result, error) {
            (_, Some(error)) => format!("{}: error {}", plain(method, QUOTE), json(error)),
            (Some(result), None) if method == "act" => {
                format!("act: receipt {}", receipt(result))
            }
            (Some(result), None) => format!("{}: {}", plain(method, QUOTE), json(result)),
            (None, None) => format!("{}: an answer without a result", plain(method, QUOTE)),
        }),
        Fact::Silent { method, why, .. } => Telling::stays(
            Lane::Adapter,
            format!("{}: no answer: {}", plain(method, QUOTE), plain(why, VALUE)),
        ),
        Fact::Event {
            document, findings, ..
        } => {
            let mut text = format!("event: {}", envelope(document));
            if !findings.is_empty() {
                let _ = write!(
                    text,
                    "; breaks the contract: {}",
                    plain(&findings.join("; "), SAID)
                );
            }
            tell(text).wrong_if(!findings.is_empty())
        }
        Fact::Overstepped { method, .. } => tell(format!(
            "asks for {}, which is not an adapter's business",
            plain(method, QUOTE)
        ))
        .wrong_if(true),
        Fact::Settled { reply, .. } => {
            let word = serde_json::to_value(reply).unwrap_or_default();
            ask(format!("event {}", word.as_str().unwrap_or("answered")))
        }
        _ => kit(fact),
    }
}

/// The kit's own marks.
fn kit(fact: &Fact) -> Telling {
    let held = matches!(fact, Fact::FenceHeld { .. } | Fact::Stopped { .. });
    let text = match fact {
        Fact::Step { text } | Fact::Note { text } => plain(text, SAID),
        Fact::FencePassed {
            message_id: Some(_),
        } => "the fence has passed: what was sent before it had its chance to arrive".to_owned(),
        Fact::FencePassed { message_id: None } => {
            "the settle time is over: what was sent before it had its chance to arrive".to_owned()
        }
        Fact::FenceHeld { missing } => {
            format!("the fence did not pass: {}", plain(missing, VALUE))
        }
        Fact::Hunted {
            files,
            bytes,
            markers,
            finds,
            gaps,
            left_out,
        } => {
            let mut text =
                format!("{markers} marker(s) are looked for in {files} place(s), {bytes} bytes");
            if !finds.is_empty() {
                let _ = write!(text, "; found: {}", plain(&finds.join("; "), VALUE));
            }
            if !gaps.is_empty() {
                let _ = write!(
                    text,
                    "; not searched whole: {}",
                    plain(&gaps.join("; "), VALUE)
                );
            }
            if !left_out.is_empty() {
                let _ = write!(text, "; left out: {}", plain(&left_out.join("; "), VALUE));
            }
            text
        }
        Fact::Measured { bytes } => format!("what the adapter keeps is {bytes} bytes"),
        Fact::Lured { address } => format!(
            "the kit listens at {}, which is none of the adapter's business",
            plain(address, QUOTE)
        ),
        Fact::Clock { now } => format!("it is now {}", plain(now, QUOTE)),
        Fact::Flawed { what } => format!("the next document has one fault: {}", plain(what, SAID)),
        Fact::Stopped { mismatch } => format!(
            "the scenario cannot go on: awaited was {}, there was {}",
            plain(&mismatch.expected, VALUE),
            plain(&mismatch.observed, VALUE)
        ),
        Fact::Faulted { cause } => format!("a fault of the kit: {}", plain(cause, SAID)),
        _ => String::new(),
    };
    Telling::stays(Lane::Kit, text).wrong_if(held)
}

fn written(message: &SentMessage) -> String {
    let place = message
        .group_id
        .as_ref()
        .map_or(String::new(), |group| format!(" in group {}", id(group)));
    let what = match (&message.text, message.items.len()) {
        (Some(text), _) => quoted(text),
        (None, 1) => item(&message.items[0]),
        (None, count) => format!("{count} items"),
    };
    format!("{} writes{place} {what}", id(&message.from))
}

/// An item that is not text, as a person would call it.
fn item(item: &Value) -> String {
    let named = |what: &str, pointer: &str| {
        let words = item.pointer(pointer).and_then(Value::as_str);
        words.map_or(what.to_owned(), |words| format!("{what} {}", quoted(words)))
    };
    match item["type"].as_u64() {
        Some(2) => "a picture".to_owned(),
        Some(3) => named("a voice message", "/voice_item/text"),
        Some(4) => named("a file", "/file_item/file_name"),
        Some(5) => "a video".to_owned(),
        _ => "an item that is not text".to_owned(),
    }
}

fn called(call: &WireCall) -> String {
    let mut text = format!("#{} {}", call.exchange, plain(&call.endpoint, QUOTE));
    if let Some(position) = call.position {
        let _ = write!(text, " from {position}");
    }
    if let Some(words) = call.body.as_ref().and_then(sent_text) {
        let _ = write!(text, " {}", quoted(words));
    }
    if !call.authorized {
        text.push_str(", without the right token");
    }
    if call.trap {
        text.push_str(", at an address it must not use");
    }
    text
}

/// The text in the body of a send.
fn sent_text(body: &Value) -> Option<&str> {
    body.pointer("/msg/item_list/0/text_item/text")?.as_str()
}

/// What an answer of WeChat carries, as far as it matters.
fn answer(body: &Value) -> String {
    let mut parts = Vec::new();
    for key in ["ret", "errcode"] {
        if let Some(code) = body
            .get(key)
            .and_then(Value::as_i64)
            .filter(|code| *code != 0)
        {
            parts.push(format!("{key} {code}"));
        }
    }
    if let Some(message) = body
        .get("errmsg")
        .and_then(Value::as_str)
        .filter(|m| !m.is_empty())
    {
        parts.push(quoted(message));
    }
    let messages = body.get("msgs").and_then(|messages| {
        // The timeline keeps the messages or, to stay small, only their number.
        messages
            .as_u64()
            .or_else(|| u64::try_from(messages.as_array()?.len()).ok())
    });
    if let Some(messages) = messages {
        parts.push(match messages {
            0 => "nothing new".to_owned(),
            1 => "1 message".to_owned(),
            count => format!("{count} messages"),
        });
    }
    if parts.is_empty() {
        String::new()
    } else {
        format!(" with {}", parts.join(", "))
    }
}

/// An event or an action in a few words.
fn envelope(document: &Value) -> String {
    let word = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    let mut parts = Vec::new();
    parts.push(plain(
        word("/event_type").unwrap_or("(no event_type)"),
        QUOTE,
    ));
    if let Some(code) = word("/status_code").filter(|code| *code != "forwarded") {
        parts.push(plain(code, QUOTE));
    }
    if let Some(code) = word("/error_code") {
        parts.push(plain(code, QUOTE));
    }
    if let Some(text) = word("/payload/text") {
        parts.push(quoted(text));
    }
    if let Some(kinds) = document
        .pointer("/payload/attachments")
        .and_then(Value::as_array)
    {
        let kinds: Vec<_> = kinds
            .iter()
            .filter_map(|one| one.get("kind").and_then(Value::as_str))
            .map(|kind| plain(kind, QUOTE))
            .collect();
        parts.push(kinds.join(", "));
    }
    for (name, pointer) in [
        ("from", "/payload/sender"),
        ("to", "/payload/recipient"),
        ("id", "/message_id"),
        ("dedup", "/dedup_key"),
    ] {
        if let Some(text) = word(pointer) {
            parts.push(format!("{name} {}", self::id(text)));
        }
    }
    if let Some(seq) = document.get("seq").and_then(Value::as_u64) {
        parts.push(format!("seq {seq}"));
    }
    if let Some(count) = document.get("retry_count").and_then(Value::as_u64) {
        parts.push(format!("retry {count}"));
    }
    parts.join(" · ")
}

/// A receipt in a few words.
fn receipt(result: &Value) -> String {
    let mut parts = Vec::new();
    for key in ["status_code", "error_code"] {
        if let Some(word) = result.get(key).and_then(Value::as_str) {
            parts.push(plain(word, QUOTE));
        }
    }
    if let (Some(sent), Some(total)) = (
        result.get("chunks_sent").and_then(Value::as_u64),
        result.get("chunks_total").and_then(Value::as_u64),
    ) {
        parts.push(format!("{sent} of {total} chunks"));
    }
    if parts.is_empty() {
        json(result)
    } else {
        parts.join(" · ")
    }
}

/// An id as it stands, in quotes where white space would not be seen.
fn id(text: &str) -> String {
    if text.is_empty() || text.contains(char::is_whitespace) {
        quoted(text)
    } else {
        plain(text, QUOTE)
    }
}

fn quoted(text: &str) -> String {
    format!("“{}”", plain(text, QUOTE))
}

fn json(value: &Value) -> String {
    plain(&value.to_string(), VALUE)
}
