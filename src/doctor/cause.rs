//! Causes: why a step failed, as far as what was seen tells.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Complaint;
use super::tape::{Heard, Tape, polls};
use super::visit::{GRACE, INITIALIZE, QUIET, Step, Trail, Visit};
use crate::adapter::{Breach, excerpt};
use crate::contract::decode;
use crate::contract::driver::{METHOD_NOT_FOUND, RpcError};
use crate::simulator::{Event, Injected, Position, TurnedAway};
use crate::wire::Endpoint;

impl Visit {
    /// Why a call is not answered: ends the adapter's input and hears what comes out then.
    pub(super) async fn silent(&self, method: &str) -> Complaint {
        let before = self.tape.len();
        let patience = self.limit(INITIALIZE).as_millis();
        if self.has_parked(0) {
            return Complaint::new(format!("`{method}` is not answered"))
                .seen(format!("nothing in {patience} ms"))
                .mend("read stdin and poll in different threads or tasks");
        }
        self.running.close(self.limit(GRACE).max(QUIET)).await;
        let late = self.tape.read(|heard| {
            heard[before..].iter().find_map(|heard| match heard {
                Heard::Line(line) => Some(line.clone()),
                _ => None,
            })
        });
        let unterminated = self
            .tape
            .read(Tape::breach)
            .is_some_and(|violation| violation.breach == Breach::Unterminated);
        match late {
            Some(line) if unterminated => Complaint::new("a message does not end with a newline").seen(line),
            Some(line) => Complaint::new(format!(
                "the answer to `{method}` stayed in a buffer: it came out only when the program ended"
            ))
            .seen(line)
            .mend(format!("flush after every line: {}", self.language.flush())),
            None => Complaint::new(format!("`{method}` is not answered"))
                .seen("nothing on stdout, neither in time nor when its input ended")
                .mend("read stdin line by line, and answer each line when it comes; do not wait for the end of stdin")
                .mend(format!("if it does answer, its stdout is buffered: {}", self.language.flush())),
        }
    }

    pub(super) fn gone(&self, reason: &str, when: &str) -> Complaint {
        let complaint = Complaint::new(format!("it is gone {when}")).seen(reason);
        let words = self.running.last_words();
        let lacks = [
            "ModuleNotFoundError",
            "Cannot find module",
            "ERR_MODULE_NOT_FOUND",
            "No such file or directory",
        ];
        if lacks.iter().any(|word| words.contains(word)) {
            return complaint.mend(self.language.surroundings());
        }
        match reason {
            "the adapter closed its output" => {
                complaint.mend("keep stdout open as long as the program runs")
            }
            _ if reason.starts_with("the adapter does not read its input") => {
                complaint.mend("keep stdin open, and read it as long as the program runs")
            }
            "the adapter exited with status 0" => {
                complaint.mend("read stdin in a loop, and end only when stdin ends")
            }
            "the adapter was ended by signal 9" => {
                complaint.mend("look who killed it: the system does when memory runs out")
            }
            _ if words.trim().is_empty() => {
                complaint.mend("let it write the reason to stderr before it exits")
            }
            _ => complaint.mend("its last words below say why"),
        }
    }

    /// It was started and does not poll: looks where else it went.
    pub(super) fn never_polled(&self, trail: &Trail) -> Complaint {
        let complaint = Complaint::new("it is started and does not poll WeChat");
        let base = self.wechat.base_url();
        let path = Endpoint::GetUpdates.path();
        let right =
            format!("POST {base}{path}: append the path to `transport.base_url` of `start`");
        let astray = self.tape.read(|heard| {
            heard.iter().find_map(|heard| match heard {
                Heard::Astray(what, why) => Some((what.clone(), *why)),
                _ => None,
            })
        });
        if let Some((what, why)) = astray {
            let mend = match why {
                TurnedAway::NoSuchPath | TurnedAway::OtherMethod => right,
                TurnedAway::TooMany => "end a connection, or use it again".to_owned(),
                TurnedAway::Foreign => {
                    format!("send the address of {base} as `Host`, and no `Origin`")
                }
                TurnedAway::Packed => {
                    "send the body as it is, without `Content-Encoding`".to_owned()
                }
                TurnedAway::TooLong | TurnedAway::TooSlow | TurnedAway::NoRoom => {
                    "send a short body, at once and whole".to_owned()
                }
            };
            let why = why.words();
            return complaint
                .seen(format!(
                    "{what} came to WeChat's port and was turned away: {why}"
                ))
                .mend(mend);
        }
        let arrived = self.tape.read(|heard| {
            polls(heard).find_map(|event| match event {
                Event::Arrived {
                    authorized,
                    position,
                    ..
                } => Some((*authorized, position.is_some())),
                _ => None,
            })
        });
        match arrived {
            Some((false, _)) => {
                return complaint
                    .seen("a poll came without the right bot token, and was refused with -14")
                    .mend("send `Authorization: Bearer TOKEN` with the token that `secrets` has for `auth.credential_ref`");
            }
            Some((_, false)) => {
                return complaint
                    .seen("the first poll came with a cursor that WeChat does not know")
                    .mend("begin with `\"get_updates_buf\": \"\"` when `state_dir` is empty");
            }
            Some(_) => {
                return complaint
                    .seen("polls came and ended at once")
                    .mend("let WeChat hold a poll for at least 35 s before the client gives up");
            }
            None => {}
        }
        if !trail.proxies.is_empty() {
            let shown: Vec<String> = trail
                .proxies
                .iter()
                .map(|proxy| excerpt(proxy.as_bytes()))
                .collect();
            return complaint
                .seen(format!("its process was started with {}", shown.join(", ")))
                .mend(format!(
                    "a proxy does not reach WeChat on {base}: {}",
                    self.language.proxies()
                ));
        }
        let peers: Vec<&str> = trail.peers.iter().map(String::as_str).collect();
        if !peers.is_empty() {
            return complaint
                .seen(format!("it connects to {} instead", peers.join(", ")))
                .mend(format!("take the address from `start`, never from a constant or a file: {right}"))
                .mend("if that is a proxy, it is set in a file of the HTTP client or in the code: use none");
        }
        complaint
            .seen(format!("no request came to {base}"))
            .mend(format!("poll after `start`: {right}"))
            .mend("look for another address or a proxy in the code or in a file; the kit passes on no proxy variables")
    }

    pub(super) fn not_forwarded(&self) -> Complaint {
        let given = self.tape.read(|heard| polls(heard).any(brings));
        if given {
            Complaint::new("a message of the owner does not reach AIOS")
                .seen("WeChat gave it with a poll, and no `event` came")
                .mend("write a request `event` for each of `msgs` (section 5 of spec/driver.md); the sender is the owner of `auth.owner_user_id`")
                .mend(format!("if it does write it, stdout is buffered: {}", self.language.flush()))
        } else {
            Complaint::new("a message of the owner does not reach AIOS")
                .seen("the poll was not there any more to bring it")
                .mend("poll again whenever a poll ends, at once if it went well")
        }
    }

    pub(super) fn never_polled_on(&self, wanted: Position) -> Complaint {
        let again = self.tape.read(|heard| {
            let given = heard
                .iter()
                .position(|heard| matches!(heard, Heard::Wire(seen) if brings(&seen.event)));
            polls(&heard[given.unwrap_or_default()..]).find_map(|event| match event {
                Event::Arrived { position, .. } => Some(*position),
                _ => None,
            })
        });
        let complaint =
            Complaint::new("it does not poll on behind the message that AIOS has accepted");
        match again {
            None => complaint
                .seen("no further poll came")
                .mend("wait for the answer to `event` while stdin is read elsewhere, then poll again"),
            Some(position) if position.is_none_or(|position| position < wanted) => complaint
                .seen("the next poll came with the cursor from before the message")
                .mend("send the `get_updates_buf` of the last answer with the next poll, once all of its events are settled"),
            Some(_) => complaint
                .seen("the next poll ended at once")
                .mend("let WeChat hold a poll for at least 35 s before the client gives up"),
        }
    }

    pub(super) fn is_the_message(&self, event: &Value, sent: &Injected, text: &str) -> Step {
        let id = sent.message_id.to_string();
        let owner = self.wechat.owner_user_id();
        let wanted = [
            ("/event_type", "message"),
            ("/payload/text", text),
            ("/payload/sender", &owner),
            ("/message_id", &id),
            ("/workspace_id", "ws-001"),
            ("/agent_id", "codex"),
        ];
        for (pointer, wanted) in wanted {
            let got = event
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default();
            if got != wanted {
                let complaint = Complaint::new("the event says something else than the owner did")
                    .seen(format!(
                        "{pointer} is {:?}, expected {wanted:?}",
                        excerpt(got.as_bytes())
                    ));
                return Err(match pointer {
                    "/message_id" => complaint.mend(
                        "keep the message id digit for digit: it does not fit a double, so read it as a 64-bit integer or as text",
                    ),
                    "/event_type" => complaint.mend(
                        "the sender is `auth.owner_user_id`, compared as it is, and a text item alone is a `message`",
                    ),
                    "/payload/text" => complaint.mend("forward the text unchanged, encoded as UTF-8"),
                    "/payload/sender" => complaint.mend("the sender is `from_user_id` as it is"),
                    _ => complaint.mend("copy workspace_id and agent_id from `route` of the configuration"),
                });
            }
        }
        Ok(())
    }
}

/// Whether WeChat held a poll whose cursor lies at or behind this position.
pub(super) fn parked(heard: &[Heard], behind: Position) -> bool {
    polls(heard).any(|event| matches!(event, Event::Parked { position } if *position >= behind))
}

/// Whether an answer to a poll brings messages.
pub(super) fn brings(event: &Event) -> bool {
    matches!(event, Event::Answered { body, .. } if body["msgs"].as_array().is_some_and(|msgs| !msgs.is_empty()))
}

/// The last send and what WeChat said to it.
pub(super) fn last_send(heard: &[Heard]) -> Option<(String, String)> {
    let sends = || {
        heard.iter().rev().filter_map(|heard| match heard {
            Heard::Wire(seen) if seen.endpoint == Endpoint::SendMessage => Some(&seen.event),
            _ => None,
        })
    };
    let cut = |body: &Value| excerpt(body.to_string().as_bytes());
    let request = sends().find_map(|event| match event {
        Event::Arrived { body, .. } => Some(cut(body)),
        _ => None,
    })?;
    let answer = sends().find_map(|event| match event {
        Event::Answered { status, body, .. } => Some(format!("{status} {}", cut(body))),
        _ => None,
    });
    Some((request, answer.unwrap_or_else(|| "nothing".to_owned())))
}

pub(super) fn shown(error: &RpcError) -> String {
    excerpt(serde_json::to_string(error).unwrap_or_default().as_bytes())
}

/// The complaint of a request that was answered with an error.
pub(super) fn refused(method: &str, error: &RpcError) -> Complaint {
    let complaint =
        Complaint::new(format!("`{method}` is answered with an error")).seen(shown(error));
    if error.code.get() == METHOD_NOT_FOUND.get() {
        complaint.mend(format!(
            "answer the method `{method}`; section 4 of spec/driver.md has them all"
        ))
    } else {
        complaint
    }
}

/// Reads a document by the contract.
pub(super) fn read<T: DeserializeOwned>(what: &str, document: &Value) -> Step<T> {
    decode(document).map_err(|finding| {
        let complaint = Complaint::new(format!("{what} breaks the contract"))
            .seen(format!(
                "{}: {}",
                at(&finding.pointer),
                excerpt(finding.message.as_bytes())
            ))
            .seen(excerpt(document.to_string().as_bytes()));
        match &finding.hint {
            Some(hint) => complaint.mend(hint.to_string()),
            None => complaint.mend("section 9 of spec/driver.md has the document field by field"),
        }
    })
}

pub(super) fn at(pointer: &str) -> String {
    if pointer.is_empty() {
        "at the top".to_owned()
    } else {
        format!("at {}", excerpt(pointer.as_bytes()))
    }
}
