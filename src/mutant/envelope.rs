//! Mutants of the envelope (WX-ENV).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::Mutant;
use super::access::impersonating;
use super::parts::{Parts, batches, events, is_about_person, messages, remove, results, twisted};
use super::twist::{Fate, Reply, Twist};
use crate::wire::{STATE_FINISH, STATE_GENERATING};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "forgets-the-stream-of-a-status",
        breaks: "It leaves `stream_id` out of status events.",
        rule: "WX-ENV-001",
        reason: "expected every required envelope field, in its shape; observed `stream_id` is nothing",
        also: &[],
        make: || statuses(|event| remove(event, "stream_id")),
    },
    Mutant {
        name: "names-the-vendor",
        breaks: "It calls the target by the vendor's own name.",
        rule: "WX-ENV-002",
        reason: "target \"wechat\"; observed channel_type \"dialog\", target \"weixin\"",
        also: &[],
        make: || events(|event| event["target"] = "weixin".into()),
    },
    Mutant {
        name: "reports-tool-calls",
        breaks: "It sends a `tool_call` event beside each picture and each file.",
        rule: "WX-ENV-003",
        reason: "expected an event type of message, status, error, attachment_meta; observed \"tool_call\"",
        also: &[],
        make: || twisted(ReportsToolCalls::default()),
    },
    Mutant {
        name: "trims-texts",
        breaks: "It trims white space at both ends of a text.",
        rule: "WX-ENV-004",
        reason: "expected the text exactly as it was sent: … \"\\n\\nfirst … ; observed … characters, \"first\\n",
        also: &[],
        make: || texts(|text| text.trim().to_owned()),
    },
    Mutant {
        name: "unifies-line-ends",
        breaks: "It turns each carriage return and newline into a newline.",
        rule: "WX-ENV-004",
        reason: "expected the text exactly as it was sent: … \\r\\nthird … ; observed … characters, \"\\n\\nfirst",
        also: &[],
        make: || texts(|text| text.replace("\r\n", "\n")),
    },
    Mutant {
        name: "strips-zero-width-characters",
        breaks: "It removes zero-width characters, and with them the joints of emoji.",
        rule: "WX-ENV-004",
        reason: "expected the text exactly as it was sent: … \"a\\u{200b}b … ; observed … characters, \"abcd",
        also: &[],
        make: || texts(|text| text.replace(['\u{200b}', '\u{200d}', '\u{2060}', '\u{feff}'], "")),
    },
    Mutant {
        name: "numbers-nothing",
        breaks: "It gives every event the number 1.",
        rule: "WX-ENV-005",
        reason: "expected a `seq` above 1 in the stream … ; observed 1",
        also: &[],
        make: || events(|event| event["seq"] = 1.into()),
    },
    Mutant {
        name: "dates-repeats-anew",
        breaks: "It gives a repeated event another time.",
        rule: "WX-ENV-005",
        reason: "expected the same as at first: timestamp … ; observed timestamp",
        also: &[],
        make: || {
            events(|event| {
                if event.get("retry_count").is_some() {
                    event["timestamp"] = "2001-01-01T00:00:00Z".into();
                }
            })
        },
    },
    Mutant {
        name: "goes-on-in-the-old-stream",
        breaks: "It opens the same stream at every start.",
        rule: "WX-ENV-005",
        reason: "expected a new stream after a restart; observed the stream wechat again",
        also: &[],
        make: || twisted(OldStream::default()),
    },
    Mutant {
        name: "one-thread-for-all",
        breaks: "It gives every event the same correlation id.",
        rule: "WX-ENV-006",
        reason: "expected a correlation id of its own for each message; observed c-0 for two messages",
        also: &[],
        make: || events(|event| event["correlation_id"] = "c-0".into()),
    },
    Mutant {
        name: "a-new-thread-for-each-repeat",
        breaks: "It mints another correlation id when it repeats an event.",
        rule: "WX-ENV-006",
        reason: "expected the same as at first: \"c- … \"; observed \"c- … -1\"",
        also: &[],
        make: || {
            events(|event| {
                if let Some(repeats) = event["retry_count"].as_u64() {
                    let thread = event["correlation_id"].as_str().unwrap_or_default();
                    event["correlation_id"] = format!("{thread}-{repeats}").into();
                }
            })
        },
    },
    Mutant {
        name: "receipts-without-a-thread",
        breaks: "It puts a correlation id of its own on receipts.",
        rule: "WX-ENV-006",
        reason: "expected the `correlation_id` of the action, \"c- … \"; observed \"c-0\"",
        also: &[],
        make: || results("act", |_, receipt| receipt["correlation_id"] = "c-0".into()),
    },
    Mutant {
        name: "dates-by-its-own-clock",
        breaks: "It dates a message with the time at which it arrived.",
        rule: "WX-ENV-007",
        reason: "expected the time 2026-03-24T11: … ; observed \"2026-03-24T12:00:00.000Z\"",
        also: &[],
        make: || twisted(OwnClock::default()),
    },
    Mutant {
        name: "takes-no-time-for-a-time",
        breaks: "It dates a message without a time with the beginning of 1970.",
        rule: "WX-ENV-007",
        reason: "expected the time of its arrival, from … ; observed \"1970-01-01T00:00:00",
        also: &[],
        make: || {
            messages(|message| {
                if message["create_time_ms"] == 0 {
                    message["create_time_ms"] = 1.into();
                }
            })
        },
    },
    Mutant {
        name: "forgets-the-key-of-a-status",
        breaks: "It leaves the dedup key out of status events.",
        rule: "WX-ENV-008",
        reason: "expected `message_id`, as WeChat gave it, and a `dedup_key`; observed message_id … , dedup_key nothing",
        also: &[],
        make: || statuses(|event| remove(event, "dedup_key")),
    },
    Mutant {
        name: "newest-first",
        breaks: "It hands on the messages of a large batch from the newest to the oldest.",
        rule: "WX-ENV-009",
        reason: "expected the messages in the order in which they were sent; observed the message … before an earlier one",
        also: &[],
        make: || {
            batches(|batch| {
                if batch.len() > 8 {
                    batch.reverse();
                }
            })
        },
    },
    Mutant {
        name: "forwards-without-a-status",
        breaks: "It leaves the status code of a forwarded message empty.",
        rule: "WX-ENV-010",
        reason: "expected the metadata that an audit record requires; observed `status_code` is \"\"",
        also: &[],
        make: || {
            events(|event| {
                if event["event_type"] == "message" {
                    event["status_code"] = "".into();
                }
            })
        },
    },
    Mutant {
        name: "forwards-its-own-words",
        breaks: "It takes the bot's own messages for messages of the owner.",
        rule: "WX-ENV-011",
        reason: "[a message of the bot itself]: expected the message not to be forwarded; observed an event of type message",
        also: &[],
        make: || impersonating(|_, sender| sender.ends_with("@im.bot")),
    },
    Mutant {
        name: "forwards-drafts",
        breaks: "It forwards a message that is still being generated.",
        rule: "WX-ENV-011",
        reason: "[a draft that is still generated]: expected the message not to be forwarded; observed an event of type message",
        also: &[],
        make: || {
            messages(|message| {
                if message["message_state"] == STATE_GENERATING {
                    message["message_state"] = STATE_FINISH.into();
                }
            })
        },
    },
    Mutant {
        name: "forwards-recalled-messages",
        breaks: "It forwards a message that its sender took back.",
        rule: "WX-ENV-011",
        reason: "[a recalled message]: expected the message not to be forwarded; observed an event of type message",
        also: &[],
        make: || messages(|message| remove(message, "delete_time_ms")),
    },
    Mutant {
        name: "adds-a-free-field",
        breaks: "It adds a field of its own to the payload.",
        rule: "WX-ENV-012",
        reason: "expected an event that the published schema accepts; observed at /payload/source: unknown member `source`",
        also: &[],
        make: || events(|event| event["payload"]["source"] = "ilink".into()),
    },
    Mutant {
        name: "drops-nul-characters",
        breaks: "It removes NUL characters from a text.",
        rule: "WX-ENV-013",
        reason: "expected the text exactly as it was sent: … \"before\\0after … ; observed … characters, \"beforeafter",
        also: &[],
        make: || texts(|text| text.replace('\0', "")),
    },
];

/// Status events about people are changed.
fn statuses(change: impl Fn(&mut Value) + Send + 'static) -> Parts {
    events(move |event| {
        if event["event_type"] == "status" && is_about_person(event) {
            change(event);
        }
    })
}

/// The texts of messages are changed.
fn texts(change: impl Fn(&str) -> String + Send + 'static) -> Parts {
    events(move |event| {
        let changed = event
            .pointer("/payload/text")
            .and_then(Value::as_str)
            .map(&change);
        if let Some(text) = changed {
            event["payload"]["text"] = text.into();
        }
    })
}

#[derive(Default)]
struct ReportsToolCalls {
    pending: Vec<(&'static str, Value)>,
}
impl Twist for ReportsToolCalls {
    /// Leaves room in the numbering for what is sent besides.
    fn event(&mut self, event: &mut Value) -> Fate {
        event["seq"] = (event["seq"].as_u64().unwrap_or_default() * 2).into();
        Fate::Pass
    }

    fn settled(&mut self, event: &Value, reply: &mut Reply) {
        if reply.is_ok() && event["event_type"] == "attachment_meta" {
            let mut call = event.clone();
            for member in ["message_id", "dedup_key", "retry_count"] {
                remove(&mut call, member);
            }
            call["event_type"] = "tool_call".into();
            call["seq"] = (event["seq"].as_u64().unwrap_or_default() + 1).into();
            call["payload"] = json!({});
            self.pending.push(("event", call));
        }
    }

    fn asides(&mut self) -> Vec<(&'static str, Value)> {
        std::mem::take(&mut self.pending)
    }
}

/// Numbers on where the process before it ended, as far as it knows.
#[derive(Default)]
struct OldStream {
    folder: PathBuf,
    base: u64,
}
impl OldStream {
    fn memo(&self) -> PathBuf {
        self.folder.join("seq")
    }
}
impl Twist for OldStream {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        if method == "start" {
            self.folder = PathBuf::from(params["state_dir"].as_str().unwrap_or_default());
            let memo = std::fs::read_to_string(self.memo()).unwrap_or_default();
            self.base = memo.parse().unwrap_or_default();
        }
        Fate::Pass
    }

    fn event(&mut self, event: &mut Value) -> Fate {
        let number = self.base + event["seq"].as_u64().unwrap_or_default();
        drop(std::fs::write(self.memo(), number.to_string()));
        event["seq"] = number.into();
        event["stream_id"] = "wechat".into();
        Fate::Pass
    }
}

#[derive(Default)]
struct OwnClock {
    now: Value,
    first_dates: BTreeMap<String, Value>,
}
impl Twist for OwnClock {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        match method {
            "start" => self.now = params["clock"]["now"].clone(),
            "advance" => self.now = params["now"].clone(),
            _ => {}
        }
        Fate::Pass
    }

    fn event(&mut self, event: &mut Value) -> Fate {
        let key = event["dedup_key"].to_string();
        let date = self
            .first_dates
            .entry(key)
            .or_insert_with(|| self.now.clone());
        event["timestamp"] = date.clone();
        Fate::Pass
    }
}
