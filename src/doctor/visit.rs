//! The visit: the conversation itself, step by step, until the first fault.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use super::advice::{Language, of_breach};
use super::cause::{last_send, parked, read, refused, shown};
use super::tape::{Heard, Tape};
use super::{Complaint, elsewhere};
use crate::adapter::{CallError, Place, Reached, Running, excerpt};
use crate::contract::driver::{
    InitializeResult, Method, Nothing, PROTOCOL_VERSION, RpcError, VERSION_NOT_SPOKEN,
};
use crate::contract::{Health, InboundEvent, Receipt, ReceiptStatus, Timestamp};
use crate::simulator::{Position, Simulator};
use crate::wire::Endpoint;

/// How long an adapter is watched before anything is said to it.
pub(super) const QUIET: Duration = Duration::from_secs(1);

/// How long it may take to do what follows from an answer that was given.
const PROMPT: Duration = Duration::from_secs(10);

/// The limits of the protocol.
pub(super) const INITIALIZE: Duration = Duration::from_secs(10);
const START: Duration = Duration::from_secs(20);
const CALL: Duration = Duration::from_secs(30);
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// How often a silent adapter's connections are looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// How many of its last lines on stderr are shown.
const LAST_WORDS: usize = 6;

const CREDENTIAL: &str = "secret://wechat/account.json";

pub(super) type Step<T = ()> = Result<T, Complaint>;

/// An adapter that is being examined.
pub(super) struct Visit {
    pub(super) running: Running,
    pub(super) tape: Arc<Tape>,
    pub(super) wechat: Simulator,
    pub(super) place: Place,
    pub(super) language: Language,
    pub(super) patience: f64,
    pub(super) now_ms: i64,
    pub(super) passed: Vec<String>,
}

impl Visit {
    /// Goes through all steps.
    pub(super) async fn pay(&mut self) -> Step {
        let went = self.watch().await;
        self.note("waits to be asked", went)?;
        let went = self.shake_hands().await;
        let name = self.note("answers `initialize`", went)?;
        if let Some(step) = self.passed.last_mut() {
            *step = format!("{step}: {name}");
        }
        let went = self.start().await;
        self.note("answers `start`, and polls WeChat", went)?;
        let went = self.forward().await;
        let event = self.note("forwards a message of the owner, and polls on", went)?;
        let went = self.reply(&event).await;
        self.note("brings AIOS's answer to the owner", went)?;
        let went = self.ask::<Health>("health").await;
        self.note("says how it is", went)?;
        let went = self.leave().await;
        self.note("answers `stop`, and leaves", went)
    }

    /// Notes how a step went; whatever was broken on the way counts.
    fn note<T>(&mut self, step: &str, went: Step<T>) -> Step<T> {
        let went = match self.tape.read(Tape::breach) {
            // What broke the rules of framing explains whatever went wrong behind it.
            Some(violation) => Err(of_breach(
                &violation,
                self.language,
                !self.passed.is_empty(),
            )),
            None => went,
        };
        match went {
            Ok(went) => {
                self.passed.push(step.to_owned());
                Ok(went)
            }
            Err(mut complaint) => {
                step.clone_into(&mut complaint.step);
                Err(complaint)
            }
        }
    }

    /// Lets the adapter end as it will, and adds its last words: only then are they the last.
    pub(super) async fn hear_out(&self, mut complaint: Complaint) -> Complaint {
        self.running.close(self.limit(QUIET)).await;
        complaint.last_words = self.last_words();
        complaint
    }

    pub(super) fn limit(&self, limit: Duration) -> Duration {
        limit.mul_f64(self.patience)
    }

    fn last_words(&self) -> Vec<String> {
        let words = self.running.last_words();
        let lines: Vec<&str> = words
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let last = lines.len().saturating_sub(LAST_WORDS);
        lines[last..]
            .iter()
            .map(|line| excerpt(line.as_bytes()))
            .collect()
    }

    // --- steps --------------------------------------------------------------------------------

    /// Says nothing, and hears whether the adapter does.
    async fn watch(&self) -> Step {
        let spoke = |heard: &[Heard]| match heard.first()? {
            Heard::Left(reason) => Some(Some(reason.clone())),
            Heard::Line(_) if heard.len() > 1 => Some(None),
            _ => None,
        };
        match self.tape.until(self.limit(QUIET), spoke).await {
            Some(Some(reason)) => Err(self.gone(&reason, "before anything was asked")),
            _ => self.nothing_early(),
        }
    }

    async fn shake_hands(&self) -> Step<String> {
        let params = json!({
            "protocol_version": PROTOCOL_VERSION,
            "kit": {"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")},
        });
        let result = match self.call("initialize", params, INITIALIZE).await? {
            Ok(result) => result,
            Err(error) if error.code.get() == VERSION_NOT_SPOKEN.get() => {
                return Err(Complaint::new("it does not speak version 1 of the protocol")
                    .seen(shown(&error))
                    .mend("answer `initialize` with \"protocol_version\": 1 when 1 is asked for; error -32005 is for other versions"));
            }
            Err(error) => {
                return Err(refused("initialize", &error)
                    .mend("answer with protocol_version and capabilities, as in section 4 of spec/driver.md"));
            }
        };
        let version = &result["protocol_version"];
        if !version.is_null() && *version != json!(PROTOCOL_VERSION) {
            return Err(Complaint::new(
                "it answers with another protocol version than was asked for",
            )
            .seen(format!("asked for 1, answered {version}"))
            .mend("answer \"protocol_version\": 1, the number"));
        }
        let result: InitializeResult = read("the answer to `initialize`", &result)?;
        self.nothing_early()?;
        let capabilities = serde_json::to_value(&result.capabilities).unwrap_or_default();
        let word = |name: &str| {
            capabilities[name]
                .as_str()
                .map(|word| excerpt(word.as_bytes()))
        };
        let names = ["adapter_id", "adapter_version"].map(word);
        Ok(names.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }

    async fn start(&self) -> Step {
        let params = json!({
            "integration": {
                "channel_id": "wx-main", "channel_type": "dialog", "target": "wechat", "enabled": true,
                "auth": {"owner_user_id": self.wechat.owner_user_id(), "credential_ref": CREDENTIAL},
                "config": {"cursor_key": "wx-main"},
                "route": {"workspace_id": "ws-001", "agent_id": "codex"},
            },
            "secrets": {CREDENTIAL: {
                "token": self.wechat.token(), "bot_id": self.wechat.bot_id(),
                "user_id": self.wechat.owner_user_id(),
            }},
            "transport": {
                "base_url": self.wechat.base_url(), "cdn_base_url": self.wechat.cdn_base_url(),
            },
            "state_dir": self.place.state().to_string_lossy(),
            "clock": {"mode": "real", "now": Timestamp::from_unix_ms(self.now_ms)},
        });
        let mut trail = Trail::default();
        let went = {
            let call = std::pin::pin!(self.call("start", params, START));
            trail.follow(&self.running, call).await
        };
        match went {
            Ok(Ok(result)) => drop(read::<Nothing>("the answer to `start`", &result)?),
            Ok(Err(error)) => {
                return Err(refused("start", &error).mend(
                    "this document is faultless and minimal: members that spec/configuration.md calls optional may be absent",
                ));
            }
            Err(complaint) if self.has_parked(0) => {
                let is_silence = complaint.what.starts_with("`start` is not answered");
                return Err(if is_silence {
                    Complaint::new("`start` is not answered, though a poll is on the wire")
                        .seen("WeChat holds the first poll, as it always does while nobody writes")
                        .mend("answer `start` as soon as the first poll is sent: poll in another thread or task")
                } else {
                    complaint
                });
            }
            Err(complaint) => return Err(complaint),
        }
        let parked = self.tape.until(self.limit(PROMPT), |heard| {
            (Tape::is_over(heard) || parked(heard, 0)).then_some(())
        });
        let parked = std::pin::pin!(parked);
        trail.follow(&self.running, parked).await;
        self.alive("after `start`")?;
        if self.has_parked(0) {
            Ok(())
        } else {
            Err(self.never_polled(&trail))
        }
    }

    /// The owner writes; the message is to arrive whole, and the next poll to lie behind it.
    async fn forward(&self) -> Step<Value> {
        let mut dice = fastrand::Rng::with_seed(self.now_ms.unsigned_abs());
        let text = format!("hello {:08x}", dice.u32(..));
        let sent = self.wechat.send_text(&self.wechat.owner_user_id(), &text);
        let asked = |heard: &[Heard]| {
            if Tape::is_over(heard) {
                return Some(None);
            }
            heard.iter().find_map(|heard| match heard {
                Heard::Asked { method, params } => Some(Some((method.clone(), params.clone()))),
                _ => None,
            })
        };
        let Some(asked) = self.tape.until(self.limit(CALL), asked).await else {
            return Err(self.not_forwarded());
        };
        self.alive("with a message in hand")?;
        let Some((method, event)) = asked else {
            return Err(Complaint::new("it broke off"));
        };
        if method != Method::Event.as_str() {
            return Err(
                Complaint::new("it asks AIOS for something that AIOS does not offer")
                    .seen(format!("method {}", excerpt(method.as_bytes())))
                    .mend("the one method an adapter may call is `event`"),
            );
        }
        read::<InboundEvent>("the event", &event)?;
        self.is_the_message(&event, &sent, &text)?;
        let polled = self.tape.until(self.limit(PROMPT), |heard| {
            (Tape::is_over(heard) || parked(heard, sent.position)).then_some(())
        });
        polled.await;
        self.alive("after AIOS had accepted the event")?;
        if self.has_parked(sent.position) {
            Ok(event)
        } else {
            Err(self.never_polled_on(sent.position))
        }
    }

    /// AIOS answers; the owner is to read it.
    async fn reply(&self, event: &Value) -> Step {
        let text = format!(
            "re: {}",
            event["payload"]["text"].as_str().unwrap_or_default()
        );
        let mut action = json!({
            "channel_type": "dialog", "target": "wechat", "stream_id": "aios-1", "seq": 1,
            "event_type": "message", "message_id": "act-0001",
            "timestamp": Timestamp::from_unix_ms(self.now_ms),
            "payload": {
                "recipient": self.wechat.owner_user_id(), "text": text, "reply_to": event["message_id"],
            },
        });
        for member in ["workspace_id", "agent_id", "session_id", "correlation_id"] {
            action[member] = event[member].clone();
        }
        let receipt = match self.call("act", action, CALL).await? {
            Ok(receipt) => receipt,
            Err(error) => {
                return Err(refused("act", &error)
                    .mend("answer a valid action with a receipt, also one that WeChat refuses"));
            }
        };
        let read = read::<Receipt>("the receipt", &receipt)?;
        let arrived = self
            .wechat
            .deliveries()
            .iter()
            .any(|delivery| delivery.text == text);
        if arrived && read.status_code == ReceiptStatus::Delivered {
            return Ok(());
        }
        let what = match (arrived, read.status_code) {
            (false, ReceiptStatus::Delivered) => {
                "the receipt says `delivered`, and nobody received it"
            }
            (true, _) => "the owner received it, and the receipt says otherwise",
            _ => "the answer was not delivered",
        };
        let mut complaint = Complaint::new(what).seen(format!(
            "receipt {}",
            excerpt(receipt.to_string().as_bytes())
        ));
        match self.tape.read(last_send) {
            Some((request, answer)) => {
                complaint = complaint.seen(format!("WeChat was sent {request}"));
                complaint = complaint.seen(format!("WeChat answered {answer}"));
            }
            None => {
                complaint = complaint.seen(format!("no call of {}", Endpoint::SendMessage.path()));
            }
        }
        Err(complaint.mend(
            "send to payload.recipient with the `context_token` of the message that `reply_to` names, and write the receipt from \
             WeChat's answer: `ret` and `errcode` both count (spec/transport.md, Messages to people)",
        ))
    }

    async fn ask<T: DeserializeOwned>(&self, method: &str) -> Step<T> {
        match self.call(method, json!({}), CALL).await? {
            Ok(result) => read(&format!("the answer to `{method}`"), &result),
            Err(error) => Err(refused(method, &error)),
        }
    }

    async fn leave(&self) -> Step {
        self.ask::<Nothing>("stop").await?;
        let ending = self.running.close(self.limit(GRACE).max(QUIET)).await;
        let how = match ending.reached {
            Reached::Gone | Reached::EndOfInput => None,
            Reached::Asked => Some("it left only when it was sent the signal TERM"),
            Reached::Killed => Some("it had to be killed"),
        };
        if let Some(how) = how {
            return Err(Complaint::new("it does not leave when its input ends")
                .seen(how)
                .mend(
                    "end the program when stdin ends, also while a poll is held: give the poll up",
                ));
        }
        if ending.left_behind.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = ending
            .left_behind
            .iter()
            .map(|stray| stray.name.as_str())
            .collect();
        Err(Complaint::new("it leaves processes behind")
            .seen(names.join(", "))
            .mend("end every process that was started before leaving"))
    }

    // --- looks --------------------------------------------------------------------------------

    /// Whether WeChat held a poll whose cursor lies at or behind this position.
    pub(super) fn has_parked(&self, behind: Position) -> bool {
        self.tape.read(|heard| parked(heard, behind))
    }

    /// Nothing may be asked of AIOS before `start`.
    fn nothing_early(&self) -> Step {
        let early = self.tape.read(|heard| {
            heard.iter().find_map(|heard| match heard {
                Heard::Asked { method, .. } => Some(excerpt(method.as_bytes())),
                _ => None,
            })
        });
        match early {
            None => Ok(()),
            Some(method) => Err(
                Complaint::new("it asks AIOS for something before it was started")
                    .seen(format!("method {method}"))
                    .mend("begin with `start`: poll, and send events, only after it"),
            ),
        }
    }

    fn alive(&self, when: &str) -> Step {
        match self.tape.read(Tape::left) {
            None => Ok(()),
            Some(reason) => Err(self.gone(&reason, when)),
        }
    }

    async fn call(
        &self,
        method: &str,
        params: impl Serialize,
        limit: Duration,
    ) -> Step<Result<Value, RpcError>> {
        let params = serde_json::to_value(params).unwrap_or_default();
        let limit = self.limit(limit);
        let outcome = tokio::select! {
            biased;
            violation = self.tape.broken() => {
                return Err(of_breach(&violation, self.language, true));
            }
            outcome = self.running.call(method, params, limit) => outcome,
        };
        match outcome {
            Ok(result) => Ok(Ok(result)),
            Err(CallError::Remote { error, .. }) => Ok(Err(error)),
            Err(CallError::Closed { reason, .. }) => {
                Err(self.gone(&reason, &format!("before it had answered `{method}`")))
            }
            Err(CallError::Timeout { .. }) => Err(self.silent(method).await),
            Err(error) => Err(Complaint::new(error.to_string())),
        }
    }
}

/// Where an adapter was seen to go that did not come to WeChat.
#[derive(Default)]
pub(super) struct Trail {
    pub(super) peers: BTreeSet<String>,
    pub(super) proxies: BTreeSet<String>,
}

impl Trail {
    /// Awaits `doing`, and looks after the adapter's connections meanwhile.
    async fn follow<F: Future + Unpin>(&mut self, running: &Running, mut doing: F) -> F::Output {
        let mut glances = interval(GLANCE);
        glances.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                done = &mut doing => return done,
                _ = glances.tick() => {}
            }
            for process in running.processes() {
                self.peers.extend(elsewhere::peers(process.pid));
                self.proxies.extend(elsewhere::proxies(process.pid));
            }
        }
    }
}
