//! AIOS, played by the kit: it takes events, and answers them as the scenario says.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::log::Log;
use crate::adapter::{self, Ear, Exit, Violation};
use crate::contract::driver::{
    EventResult, EventStatus, METHOD_NOT_FOUND, Method, Pointer, RpcError,
};
use crate::contract::{self, InboundEvent};
use crate::contract::{Fault, Finding, Int};
use crate::evidence::{Fact, Reply};

/// How many lines of stderr are kept as facts; what comes after is only counted.
const STDERR_LINES: usize = 200;

/// How soon AIOS asks to be tried again while it is unavailable, milliseconds.
const RETRY_AFTER_MS: Int<0, 60_000> = Int::literal(100);

/// How AIOS receives events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// It takes every event.
    #[default]
    Open,
    /// It takes none and asks for another try.
    Unavailable,
    /// It leaves events unanswered.
    Silent,
    /// It takes so many events and leaves the next ones unanswered.
    SilentAfter(u32),
    /// It refuses the next event for good and then is open.
    RefusesNext,
}

impl fmt::Display for Mood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("takes every event"),
            Self::Unavailable => f.write_str("takes no event, and asks for another try"),
            Self::Silent => f.write_str("leaves events unanswered"),
            Self::SilentAfter(count) => {
                write!(f, "takes {count} more, and leaves the next ones unanswered")
            }
            Self::RefusesNext => f.write_str("refuses the next event for good"),
        }
    }
}

/// The AIOS end of one adapter process.
#[derive(Debug)]
pub struct Aios {
    log: Log,
    process: u32,
    state: Mutex<State>,
    /// The kit has asked the process to end, or is ending it.
    leaving: AtomicBool,
    stderr_lines: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    mood: Mood,
    accepted: BTreeSet<String>,
    /// Events left unanswered: request id and dedup key.
    held: Vec<(Value, Option<String>)>,
}

impl Aios {
    /// AIOS for the process with this number; `accepted` are the dedup keys it knows already.
    #[must_use]
    pub fn new(log: Log, process: u32, mood: Mood, accepted: BTreeSet<String>) -> Self {
        Self {
            log,
            process,
            state: Mutex::new(State {
                mood,
                accepted,
                held: Vec::new(),
            }),
            leaving: AtomicBool::new(false),
            stderr_lines: AtomicUsize::new(0),
        }
    }

    /// Notes that the process is about to be ended by the kit.
    pub(super) fn expect_end(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    /// Changes how events are received from now on. Once AIOS is open again, it takes what it left
    /// unanswered: the answers are returned, to be given.
    #[must_use]
    pub fn set_mood(&self, mood: Mood) -> Vec<(Value, Result<Value, RpcError>)> {
        let mut state = self.lock();
        state.mood = mood;
        if mood != Mood::Open {
            return Vec::new();
        }
        let held = std::mem::take(&mut state.held);
        let replies: Vec<(Value, Reply)> = held
            .into_iter()
            .map(|(id, key)| (id, state.take_in(key)))
            .collect();
        drop(state);
        replies
            .into_iter()
            .map(|(id, reply)| {
                let id_text = id.to_string();
                self.log.record(Fact::Settled {
                    process: self.process,
                    id: id_text,
                    reply,
                });
                (id, answer(reply))
            })
            .collect()
    }

    /// The dedup keys of everything accepted so far, and the present mood.
    #[must_use]
    pub fn memory(&self) -> (Mood, BTreeSet<String>) {
        let state = self.lock();
        (state.mood, state.accepted.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records an event before anything else, and decides the answer.
    fn receive(&self, id: &Value, params: Option<&Value>) -> Option<Reply> {
        let document = params.cloned().unwrap_or_default();
        let findings = match contract::decode::<InboundEvent>(&document) {
            Ok(_) => Vec::new(),
            Err(finding) => vec![finding.to_string()],
        };
        let key = document
            .get("dedup_key")
            .and_then(Value::as_str)
            .map(str::to_owned);
        self.log.record(Fact::Event {
            process: self.process,
            id: id.to_string(),
            document,
            findings,
        });
        let mut state = self.lock();
        let reply = match state.mood {
            Mood::Silent | Mood::SilentAfter(0) => {
                state.held.push((id.clone(), key));
                return None;
            }
            Mood::SilentAfter(more) => {
                state.mood = Mood::SilentAfter(more - 1);
                state.take_in(key)
            }
            Mood::Unavailable => Reply::Unavailable,
            Mood::RefusesNext => {
                state.mood = Mood::Open;
                Reply::Refused
            }
            Mood::Open => state.take_in(key),
        };
        drop(state);
        self.log.record(Fact::Settled {
            process: self.process,
            id: id.to_string(),
            reply,
        });
        Some(reply)
    }
}

impl State {
    /// Accepts an event, or recognises it.
    fn take_in(&mut self, key: Option<String>) -> Reply {
        if key.is_some_and(|key| !self.accepted.insert(key)) {
            Reply::Duplicate
        } else {
            Reply::Accepted
        }
    }
}

fn answer(reply: Reply) -> Result<Value, RpcError> {
    // A closed word always has a value.
    let status = |status| Ok(serde_json::to_value(EventResult { status }).unwrap_or_default());
    match reply {
        Reply::Accepted => status(EventStatus::Accepted),
        Reply::Duplicate => status(EventStatus::Duplicate),
        Reply::Refused => Err(RpcError::event_refused(
            Pointer::of(&Finding::new(Fault::Contradiction, "")),
            "AIOS does not want this event",
        )),
        Reply::Unavailable => Err(RpcError::aios_unavailable(RETRY_AFTER_MS)),
    }
}

impl Ear for Aios {
    fn request(&self, id: &Value, method: &str, params: Option<&Value>) -> adapter::Reply {
        if method == Method::Event.as_str() {
            return match self.receive(id, params) {
                Some(reply) => adapter::Reply::Now(answer(reply)),
                None => adapter::Reply::Later,
            };
        }
        self.log.record(Fact::Overstepped {
            process: self.process,
            method: cut(method),
        });
        adapter::Reply::Now(Err(RpcError::new(
            METHOD_NOT_FOUND,
            "AIOS takes `event` from an adapter and nothing else",
        )))
    }

    fn violated(&self, violation: &Violation) {
        self.log.record(Fact::Violation {
            process: self.process,
            expected: violation.breach.expected().to_owned(),
            got: heard(violation),
        });
    }

    fn stderr(&self, line: &str) {
        if self.stderr_lines.fetch_add(1, Ordering::Relaxed) < STDERR_LINES {
            self.log.record(Fact::Stderr {
                process: self.process,
                line: cut(line),
            });
        }
    }

    fn ended(&self, exit: &Exit) {
        let more = self
            .stderr_lines
            .load(Ordering::Relaxed)
            .saturating_sub(STDERR_LINES);
        if more > 0 {
            let text = format!("{more} more lines on stderr were not kept");
            self.log.record(Fact::Note { text });
        }
        self.log.record(Fact::Ended {
            process: self.process,
            how: exit.to_string(),
            asked: self.leaving.load(Ordering::Relaxed),
        });
    }
}

/// What broke the framing rules, as exactly as it is known.
fn heard(violation: &Violation) -> String {
    let mut text = violation.breach.to_string();
    for (open, part, close) in [
        (" (", &violation.detail, ")"),
        (": ", &violation.excerpt, ""),
    ] {
        if !part.is_empty() {
            text.extend([open, part.as_str(), close]);
        }
    }
    text
}

/// Enough of a line to recognise it, escaped.
fn cut(line: &str) -> String {
    adapter::excerpt(line.as_bytes())
}
