//! Timelines written by hand, for the tests of judgements.

use serde_json::{Value, json};

use crate::contract::Timestamp;
use crate::evidence::{Fact, Reply, SentMessage, Timeline, WireCall};

/// When every story begins, milliseconds since 1970.
pub(super) const BEGIN: i64 = 1_774_353_600_000;

/// A timeline in the making. Each fact comes a millisecond after the one before it.
pub(super) struct Story {
    timeline: Timeline,
    at_us: u64,
    process: u32,
    calls: u32,
    mode: &'static str,
}

impl Story {
    /// A started adapter in virtual time.
    pub(super) fn begin() -> Self {
        Self::empty("virtual").started("wx-main")
    }

    /// A started adapter in real time.
    pub(super) fn begin_in_real_time() -> Self {
        Self::empty("real").started("wx-main")
    }

    fn empty(mode: &'static str) -> Self {
        Self {
            timeline: Timeline::default(),
            at_us: 0,
            process: 0,
            calls: 0,
            mode,
        }
    }

    /// Another process, started under a cursor key.
    pub(super) fn started(mut self, key: &str) -> Self {
        self.process += 1;
        self.calls = 0;
        let process = self.process;
        let params = json!({
            "integration": {
                "enabled": true,
                "config": {"cursor_key": key},
                "policy": {"dedup_window_sec": 60},
            },
            "clock": {"mode": self.mode, "now": time(BEGIN)},
        });
        self.fact(Fact::Launched {
            process,
            control: false,
        })
        .asked("start", params)
        .told("start", json!({}))
    }

    pub(super) fn fact(mut self, fact: Fact) -> Self {
        self.at_us += 1_000;
        self.timeline.push(self.at_us, fact);
        self
    }

    /// Real time passes.
    pub(super) fn later(mut self, ms: u64) -> Self {
        self.at_us += ms * 1_000;
        self
    }

    pub(super) fn asked(mut self, method: &str, params: Value) -> Self {
        self.calls += 1;
        let (process, id) = (self.process, format!("k{}", self.calls));
        let method = method.to_owned();
        self.fact(Fact::Asked {
            process,
            id,
            method,
            params,
        })
    }

    /// The answer to the last request of this method.
    pub(super) fn told(self, wanted: &str, result: Value) -> Self {
        self.answered(wanted, Some(result), None)
    }

    pub(super) fn refused(self, wanted: &str, code: i64) -> Self {
        let error = json!({"code": code, "message": "no"});
        self.answered(wanted, None, Some(error))
    }

    fn answered(self, wanted: &str, result: Option<Value>, error: Option<Value>) -> Self {
        let asked = self
            .timeline
            .facts()
            .rev()
            .find_map(|(_, fact)| match fact {
                Fact::Asked {
                    process,
                    id,
                    method,
                    ..
                } if method == wanted => Some((*process, id.clone())),
                _ => None,
            });
        let (process, id) = asked.unwrap();
        let method = wanted.to_owned();
        self.fact(Fact::Told {
            process,
            id,
            method,
            result,
            error,
        })
    }

    /// Virtual time moves, and the adapter says that it knows.
    pub(super) fn advanced_to(self, ms: i64) -> Self {
        let now = time(BEGIN + ms);
        self.fact(Fact::Clock { now: now.clone() })
            .asked("advance", json!({"now": now}))
            .told("advance", json!({}))
    }

    pub(super) fn sent(self, id: &str, position: u64) -> Self {
        self.fact(Fact::Sent {
            message: message(id, position),
            fence: false,
        })
    }

    /// AIOS is offered a message.
    pub(super) fn offered(self, request: &str, id: &str, key: &str) -> Self {
        let process = self.process;
        self.fact(Fact::Event {
            process,
            id: request.to_owned(),
            document: json!({
                "event_type": "message", "message_id": id, "dedup_key": key,
                "stream_id": format!("st-{process}"), "seq": 1,
                "payload": {"sender": "p", "text": format!("text {id}")},
            }),
            findings: Vec::new(),
        })
    }

    pub(super) fn settled(self, request: &str, reply: Reply) -> Self {
        let process = self.process;
        self.fact(Fact::Settled {
            process,
            id: request.to_owned(),
            reply,
        })
    }

    /// A message that AIOS is offered and takes.
    pub(super) fn taken(self, request: &str, id: &str) -> Self {
        self.offered(request, id, &format!("wx-{id}"))
            .settled(request, Reply::Accepted)
    }

    pub(super) fn calls(self, exchange: u64, endpoint: &str) -> Self {
        self.fact(Fact::Called {
            call: WireCall {
                exchange,
                endpoint: endpoint.to_owned(),
                authorized: true,
                trap: false,
                position: None,
                body: None,
            },
        })
    }

    pub(super) fn polls(self, exchange: u64, cursor: &str, position: u64) -> Self {
        self.fact(Fact::Called {
            call: WireCall {
                exchange,
                endpoint: "getupdates".to_owned(),
                authorized: true,
                trap: false,
                position: Some(position),
                body: Some(json!({"get_updates_buf": cursor})),
            },
        })
    }

    /// A good answer to a poll.
    pub(super) fn given(self, exchange: u64, cursor: &str) -> Self {
        self.fact(Fact::Answered {
            exchange,
            endpoint: "getupdates".to_owned(),
            status: 200,
            body: Some(json!({"ret": 0, "msgs": 1, "get_updates_buf": cursor})),
            fault: None,
        })
    }

    /// An answer with a code.
    pub(super) fn fails(self, exchange: u64, code: i64) -> Self {
        let endpoint = self.endpoint_of(exchange);
        self.fact(Fact::Answered {
            exchange,
            endpoint,
            status: 200,
            body: Some(json!({"errcode": code})),
            fault: None,
        })
    }

    /// A call without an answer.
    pub(super) fn cut(self, exchange: u64) -> Self {
        let endpoint = self.endpoint_of(exchange);
        self.fact(Fact::Cut {
            exchange,
            endpoint,
            why: "the adapter went away".to_owned(),
        })
    }

    fn endpoint_of(&self, exchange: u64) -> String {
        let called = self.timeline.facts().find_map(|(_, fact)| match fact {
            Fact::Called { call } if call.exchange == exchange => Some(call.endpoint.clone()),
            _ => None,
        });
        called.unwrap()
    }

    pub(super) fn health(self, state: &str, codes: &[&str]) -> Self {
        let errors: Vec<Value> = codes
            .iter()
            .map(|code| json!({"code": code, "first_at": time(BEGIN), "last_at": time(BEGIN), "count": 1}))
            .collect();
        let mut report = json!({"health": state, "recent_errors": errors});
        if let Some(code) = codes.first() {
            report["last_error_code"] = (*code).into();
        }
        self.reports(report)
    }

    pub(super) fn reports(self, report: Value) -> Self {
        self.asked("health", json!({})).told("health", report)
    }

    pub(super) fn ended(self) -> Self {
        let process = self.process;
        self.fact(Fact::Ended {
            process,
            how: "returned".to_owned(),
            asked: true,
        })
    }

    pub(super) fn closed(self, reached: &str, left_behind: &[&str]) -> Self {
        let process = self.process;
        self.fact(Fact::Closed {
            process,
            reached: reached.to_owned(),
            left_behind: left_behind.iter().map(|&name| name.to_owned()).collect(),
        })
    }

    pub(super) fn fence_passed(self) -> Self {
        self.fact(Fact::FencePassed { message_id: None })
    }

    pub(super) fn told_whole(self) -> Timeline {
        self.timeline
    }
}

pub(super) fn message(id: &str, position: u64) -> SentMessage {
    SentMessage {
        message_id: id.to_owned(),
        from: "p".to_owned(),
        text: Some(format!("text {id}")),
        group_id: None,
        client_id: format!("c{id}"),
        create_time_ms: BEGIN,
        position,
        items: Vec::new(),
    }
}

pub(super) fn time(ms: i64) -> String {
    Timestamp::from_unix_ms(ms).to_string()
}

/// What came of a judgement, in one word.
pub(super) fn word(judgement: &crate::evidence::Judgement) -> &'static str {
    match judgement {
        Ok(_) => "pass",
        Err(mismatch) if mismatch.undecided => "undecided",
        Err(_) => "fail",
    }
}
