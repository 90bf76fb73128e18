//! Mutants of the life cycle (WX-LIFE).

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinSet;

use super::bend::{Bend, Polled, Wechat};
use super::context::good_receipt;
use super::parts::{Parts, Shared, bent, twisted, with};
use super::twist::{Fate, Reply, Twist};
use super::{Mutant, fails};
use crate::reference::transport::Failure;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "leaves-its-poll-open",
        breaks: "It says that it has stopped, and leaves the poll that is held to itself.",
        rule: "WX-LIFE-001",
        reason: "`stop` to end the poll that is held; observed it was still held",
        also: &[],
        make: || bent(LeavesPollOpen::default),
    },
    Mutant {
        name: "outlives-its-input",
        breaks: "It stays when its input ends and nobody asked it to stop.",
        rule: "WX-LIFE-002",
        reason: "the end of its input to end the adapter within the grace period; observed it had to be killed",
        also: &[],
        make: || twisted(OutlivesItsInput::default()),
    },
    Mutant {
        name: "starts-twice",
        breaks: "It accepts a second start.",
        rule: "WX-LIFE-003",
        reason: "`start` refused with -32003; observed the result",
        also: &[],
        make: || {
            twisted(Stage::new(|stage, method, _| match method {
                "start" if stage.started => Fate::Answer(Ok(json!({}))),
                _ => Fate::Pass,
            }))
        },
    },
    Mutant {
        name: "speaks-any-version",
        breaks: "It agrees to every version of the protocol.",
        rule: "WX-LIFE-004",
        reason: "`initialize` refused with -32005; observed the result",
        also: &[],
        make: || twisted(SpeaksAnyVersion::default()),
    },
    Mutant {
        name: "speaks-after-stop",
        breaks: "It sends an event after it was stopped.",
        rule: "WX-LIFE-005",
        reason: "the message to be forwarded once; observed it was forwarded 2 times",
        also: &[],
        make: || twisted(SpeaksAfterStop::default()),
    },
    Mutant {
        name: "prints-on-stdout",
        breaks: "Stopped after AIOS refused an event, it prints a word about that on stdout.",
        rule: "WX-LIFE-006",
        reason: "expected one JSON-RPC message a line on stdout, and logs on stderr; observed a line on stdout is not JSON: 1 event was refused",
        also: &[fails(
            "WX-CURSOR-008",
            "AIOS refuses an event there, too, and the adapter is stopped after it.",
        )],
        make: || twisted(PrintsOnStdout::default()),
    },
    Mutant {
        name: "acts-before-it-is-started",
        breaks: "It confirms an action before it is started.",
        rule: "WX-LIFE-007",
        reason: "`act` refused with -32004; observed the result",
        also: &[],
        make: || {
            twisted(Stage::new(|stage, method, params| match method {
                "act" if !stage.started => Fate::Answer(Ok(good_receipt(params))),
                _ => Fate::Pass,
            }))
        },
    },
    Mutant {
        name: "does-one-thing-at-a-time",
        breaks: "It answers nothing while an action is under way.",
        rule: "WX-LIFE-008",
        reason: "while an action is still being sent; observed only after the action had ended",
        also: &[],
        make: one_thing_at_a_time,
    },
];

/// Polls in tasks of their own, which nobody ends as long as the adapter is there.
#[derive(Default)]
struct LeavesPollOpen(Shared<JoinSet<()>>);
impl Bend for LeavesPollOpen {
    fn poll<'a>(
        &'a self,
        wechat: &'a Wechat,
        cursor: &'a str,
        sent: &'a (dyn Fn() + Sync),
    ) -> BoxFuture<'a, Polled> {
        let (wechat, cursor) = (Arc::clone(wechat), cursor.to_owned());
        let on_wire = Arc::new(Notify::new());
        let told = Arc::clone(&on_wire);
        let (tell, mut answer) = oneshot::channel();
        let poll = async move {
            let answer = wechat.get_updates(&cursor, &|| told.notify_one()).await;
            let _ = tell.send(answer); // nobody waits any more if the adapter has stopped
        };
        with(&self.0, |polls| polls.spawn(poll));
        async move {
            tokio::select! {
                biased;
                () = on_wire.notified() => sent(),
                answer = &mut answer => return answer.unwrap_or(Err(Failure::Connection)),
            }
            answer.await.unwrap_or(Err(Failure::Connection))
        }
        .boxed()
    }
}

#[derive(Default)]
struct OutlivesItsInput {
    asked_to_stop: bool,
}
impl Twist for OutlivesItsInput {
    fn request(&mut self, method: &str, _: &mut Value) -> Fate {
        self.asked_to_stop |= method == "stop";
        Fate::Pass
    }

    fn lingers(&self) -> bool {
        !self.asked_to_stop
    }
}

/// How far the life of the adapter has come, as a mutant sees it.
struct Stage {
    started: bool,
    acting: bool,
    decide: fn(&Stage, &str, &Value) -> Fate,
}

impl Stage {
    fn new(decide: fn(&Stage, &str, &Value) -> Fate) -> Self {
        Self {
            started: false,
            acting: false,
            decide,
        }
    }
}

impl Twist for Stage {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        let fate = (self.decide)(self, method, params);
        self.acting |= method == "act" && matches!(fate, Fate::Pass);
        fate
    }

    fn answer(&mut self, method: &str, _: &Value, reply: &mut Reply) {
        self.started |= method == "start" && reply.is_ok();
        self.acting &= method != "act";
    }
}

fn one_thing_at_a_time() -> Parts {
    twisted(Stage::new(|stage, _, _| {
        if stage.acting {
            Fate::Later
        } else {
            Fate::Pass
        }
    }))
}

#[derive(Default)]
struct SpeaksAnyVersion {
    asked: Value,
}
impl Twist for SpeaksAnyVersion {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        if method == "initialize" {
            self.asked = params["protocol_version"].take();
            params["protocol_version"] = 1.into();
        }
        Fate::Pass
    }

    fn answer(&mut self, method: &str, _: &Value, reply: &mut Reply) {
        if let ("initialize", Ok(result)) = (method, reply) {
            result["protocol_version"] = self.asked.clone();
        }
    }
}

#[derive(Default)]
struct SpeaksAfterStop {
    last: Option<Value>,
    pending: Option<Value>,
}
impl Twist for SpeaksAfterStop {
    fn event(&mut self, event: &mut Value) -> Fate {
        self.last = Some(event.clone());
        Fate::Pass
    }

    fn answer(&mut self, method: &str, _: &Value, _: &mut Reply) {
        if let ("stop", Some(mut event)) = (method, self.last.take()) {
            event["seq"] = (event["seq"].as_u64().unwrap_or_default() + 1).into();
            self.pending = Some(event);
        }
    }

    fn asides(&mut self) -> Vec<(&'static str, Value)> {
        self.pending
            .take()
            .map(|event| ("event", event))
            .into_iter()
            .collect()
    }
}

#[derive(Default)]
struct PrintsOnStdout {
    refused: bool,
    stopped: bool,
}
impl Twist for PrintsOnStdout {
    fn settled(&mut self, _: &Value, reply: &mut Reply) {
        self.refused |= reply.as_ref().is_err_and(|error| error["code"] == -32001);
    }

    fn answer(&mut self, method: &str, _: &Value, _: &mut Reply) {
        self.stopped = method == "stop";
    }

    fn chatter(&mut self) -> Vec<String> {
        let stopped = std::mem::take(&mut self.stopped);
        let words = (stopped && self.refused).then(|| "1 event was refused".to_owned());
        words.into_iter().collect()
    }
}
