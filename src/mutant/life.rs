//! Mutants of the life cycle (WX-LIFE).

use serde_json::{Value, json};

use super::Mutant;
use super::context::good_receipt;
use super::parts::{Parts, twisted};
use super::twist::{Fate, Reply, Twist};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "does-not-stop",
        breaks: "It does not answer `stop`, and goes on polling.",
        rule: "WX-LIFE-001",
        reason: "`stop` was not answered",
        make: || twisted(DoesNotStop),
    },
    Mutant {
        name: "outlives-its-input",
        breaks: "It stays when its input has ended.",
        rule: "WX-LIFE-002",
        reason: "it had to be killed",
        make: || twisted(OutlivesItsInput),
    },
    Mutant {
        name: "starts-twice",
        breaks: "It accepts a second start.",
        rule: "WX-LIFE-003",
        reason: "-32003",
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
        reason: "-32005",
        make: || twisted(SpeaksAnyVersion::default()),
    },
    Mutant {
        name: "speaks-after-stop",
        breaks: "It sends an event after it was stopped.",
        rule: "WX-LIFE-005",
        reason: "it was forwarded 2 times",
        make: || twisted(SpeaksAfterStop::default()),
    },
    Mutant {
        name: "prints-on-stdout",
        breaks: "It prints a greeting on stdout when it is stopped.",
        rule: "WX-LIFE-006",
        reason: "Goodbye!",
        make: || twisted(PrintsOnStdout::default()),
    },
    Mutant {
        name: "acts-before-it-is-started",
        breaks: "It confirms an action before it is started.",
        rule: "WX-LIFE-007",
        reason: "`act` refused with -32004",
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
        reason: "only after the action had ended",
        make: one_thing_at_a_time,
    },
];

struct DoesNotStop;
impl Twist for DoesNotStop {
    fn request(&mut self, method: &str, _: &mut Value) -> Fate {
        if method == "stop" {
            Fate::Swallow
        } else {
            Fate::Pass
        }
    }
}

struct OutlivesItsInput;
impl Twist for OutlivesItsInput {
    fn lingers(&self) -> bool {
        true
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
    stopped: bool,
}
impl Twist for PrintsOnStdout {
    fn answer(&mut self, method: &str, _: &Value, _: &mut Reply) {
        self.stopped = method == "stop";
    }

    fn chatter(&mut self) -> Vec<String> {
        let stopped = std::mem::take(&mut self.stopped);
        stopped.then(|| "Goodbye!".to_owned()).into_iter().collect()
    }
}
