//! Mutants of health and recent errors (WX-HEALTH).

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::Mutant;
use super::bend::{Bend, Polled, Wechat};
use super::parts::{bent, results, twisted};
use super::twist::{Fate, Reply, Twist};
use crate::contract::Code;
use crate::reference::transport::Failure;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "admits-no-failure",
        breaks: "It calls itself healthy while polls and sends fail.",
        rule: "WX-HEALTH-001",
        reason: "Polls that fail [is out of order]: expected … while WeChat fails; observed `healthy`",
        also: &[],
        make: || {
            results("health", |_, health| {
                if health["health"] == "degraded" {
                    health["health"] = "healthy".into();
                }
            })
        },
    },
    Mutant {
        name: "forgets-its-errors",
        breaks: "It shows no failure of WeChat any more once it is healthy again.",
        rule: "WX-HEALTH-001",
        reason: "in the recent errors; observed []",
        also: &[],
        make: || {
            results("health", |_, health| {
                if health["health"] == "healthy"
                    && let Some(Value::Array(errors)) = health.get_mut("recent_errors")
                {
                    errors.retain(|error| !is_of_wechat(error));
                }
            })
        },
    },
    Mutant {
        name: "cries-wolf",
        breaks: "It shows an error of its state at each start, whether or not there was one.",
        rule: "WX-HEALTH-001",
        reason: "Nothing fails: expected no recent errors where nothing has failed; observed [{",
        also: &[],
        make: || {
            results("health", |_, health| {
                let seen = &health["last_seen_at"];
                let entry = json!({
                    "code": "state_damaged", "first_at": seen, "last_at": seen, "count": 1,
                });
                if let Some(Value::Array(errors)) = health.get_mut("recent_errors")
                    && !entry["last_at"].is_null()
                    && !errors.iter().any(|error| error["code"] == entry["code"])
                {
                    errors.push(entry);
                    if health["last_error_code"].is_null() {
                        health["last_error_code"] = "state_damaged".into();
                    }
                }
            })
        },
    },
    Mutant {
        name: "stays-degraded",
        breaks: "It never calls itself healthy again after a failure.",
        rule: "WX-HEALTH-002",
        reason: "Polls failed [is out of order]: expected … once WeChat works again; observed \"degraded\"",
        also: &[],
        make: || {
            results("health", |_, health| {
                let errors = health["recent_errors"].as_array();
                let failed = errors.is_some_and(|errors| errors.iter().any(is_of_wechat));
                if failed && health["health"] == "healthy" {
                    health["health"] = "degraded".into();
                }
            })
        },
    },
    Mutant {
        name: "recovers-by-sending-alone",
        breaks: "It calls itself degraded after a failed send until one succeeds, however polls go.",
        rule: "WX-HEALTH-002",
        reason: "A send failed, and nothing is sent any more: expected … once WeChat works again; observed \"degraded\"",
        also: &[],
        make: || twisted(RecoversBySendingAlone::default()),
    },
    Mutant {
        name: "lists-every-error",
        breaks: "It lists each occurrence of an error by itself, without a bound.",
        rule: "WX-HEALTH-003",
        reason: "expected a health report as the contract has it; observed at /recent_errors: expected an array of 0 to 32 entries",
        also: &[],
        make: || {
            results("health", |_, health| {
                if let Some(Value::Array(errors)) = health.get_mut("recent_errors") {
                    let each = errors
                        .iter()
                        .flat_map(|error| std::iter::repeat_n(error.clone(), 40));
                    *errors = each.collect();
                }
            })
        },
    },
    Mutant {
        name: "hammers-an-expired-login",
        breaks: "It polls again at once after WeChat said that the login has expired.",
        rule: "WX-HEALTH-004",
        reason: "polls at least 1000 ms apart; observed two within",
        also: &[],
        make: || bent(|| PollsAgain(|failure| failure.code() == Code::SessionExpired)),
    },
    Mutant {
        name: "calls-an-expired-login-degraded",
        breaks: "It says of an expired login that it mends itself.",
        rule: "WX-HEALTH-004",
        reason: "the health `unhealthy`; observed \"degraded\"",
        also: &[],
        make: || {
            results("health", |_, health| {
                if health["health"] == "unhealthy" {
                    health["health"] = "degraded".into();
                }
            })
        },
    },
    Mutant {
        name: "retries-without-a-pause",
        breaks: "It polls again at once after a failure, several times.",
        rule: "WX-HEALTH-005",
        reason: "polls at least 200 ms apart; observed two within",
        also: &[],
        make: || {
            bent(|| {
                PollsAgain(|failure| {
                    failure.code() != Code::SessionExpired && !failure.is_lost_cursor()
                })
            })
        },
    },
    Mutant {
        name: "sees-what-it-does-not-see",
        breaks: "It says that WeChat was seen just now, whenever it is asked.",
        rule: "WX-HEALTH-006",
        reason: "expected `last_seen_at` to stand at \"2026-03-24T12:00:00.000Z\"; observed \"2026-03-24T12:00:0",
        also: &[],
        make: || twisted(SeesNow::default()),
    },
    Mutant {
        name: "forgets-what-came-in-an-outage",
        breaks: "It drops the first of several messages that waited out a failure.",
        rule: "WX-HEALTH-007",
        reason: "[is out of order]: expected AIOS to take over the message … ; observed it was lost",
        also: &[],
        make: || bent(ForgetsOutages::default),
    },
];

#[derive(Default)]
struct RecoversBySendingAlone {
    failed: bool,
}
impl Twist for RecoversBySendingAlone {
    fn answer(&mut self, method: &str, _: &Value, reply: &mut Reply) {
        match (method, reply) {
            ("act", Ok(receipt)) => self.failed = receipt["error_code"] == "http_status",
            ("health", Ok(health)) if self.failed && health["health"] == "healthy" => {
                health["health"] = "degraded".into();
            }
            _ => {}
        }
    }
}

/// Whether an error is a failure of WeChat, or of the way to it.
fn is_of_wechat(error: &Value) -> bool {
    let codes = [
        "connect_failed",
        "timeout",
        "http_status",
        "malformed_answer",
        "wechat_error",
    ];
    codes.iter().any(|code| error["code"] == *code)
}

/// Repeats a failed poll at once, three times.
struct PollsAgain(fn(&Failure) -> bool);
impl Bend for PollsAgain {
    fn poll<'a>(
        &'a self,
        wechat: &'a Wechat,
        cursor: &'a str,
        sent: &'a (dyn Fn() + Sync),
    ) -> BoxFuture<'a, Polled> {
        async move {
            let mut answer = wechat.get_updates(cursor, sent).await;
            for _ in 0..3 {
                match &answer {
                    Err(failure) if (self.0)(failure) => {
                        answer = wechat.get_updates(cursor, sent).await;
                    }
                    _ => break,
                }
            }
            answer
        }
        .boxed()
    }
}

#[derive(Default)]
struct SeesNow {
    now: Value,
}
impl Twist for SeesNow {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        match method {
            "start" => self.now = params["clock"]["now"].clone(),
            "advance" => self.now = params["now"].clone(),
            _ => {}
        }
        Fate::Pass
    }

    fn answer(&mut self, method: &str, _: &Value, reply: &mut Reply) {
        if let ("health", Ok(health)) = (method, reply)
            && health["health"] != "stopped"
        {
            health["last_seen_at"] = self.now.clone();
        }
    }
}

#[derive(Default)]
struct ForgetsOutages {
    failed: AtomicBool,
}
impl Bend for ForgetsOutages {
    fn polled(&self, answer: Polled) -> Polled {
        match answer {
            Ok(mut batch) => {
                if batch.msgs.len() > 1 && self.failed.swap(false, Ordering::Relaxed) {
                    batch.msgs.remove(0);
                }
                Ok(batch)
            }
            Err(failure) => {
                // A lost position is no outage; what it leads to is a matter of other rules.
                self.failed
                    .fetch_or(!failure.is_lost_cursor(), Ordering::Relaxed);
                Err(failure)
            }
        }
    }
}
