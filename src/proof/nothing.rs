//! Adapters that do nothing worth a verdict: none may earn a rule.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};

use super::replay::Records;
use crate::adapter::Subject;
use crate::reference::Reference;
use crate::report::{Outcome, Report};
use crate::runner::{self, Run, Selection, Timelines};
use crate::suite::{Problem, RequirementId, Suite};

/// Nothing here speaks up later.
const PATIENCE: f64 = 0.02;
/// Scenarios at the same time: nearly all the time is spent waiting in vain.
pub(super) const JOBS: u32 = 16;

/// An adapter that does nothing.
pub struct Nothing {
    /// What it is called.
    pub name: &'static str,
    /// What it does instead.
    pub does: &'static str,
    says: Says,
}

enum Says {
    /// An answer to each request, made from its method, its parameters and a number.
    Answers(fn(&str, &Value, u64) -> Vec<Part>),
    /// Nothing, and it is gone.
    Leaves,
    /// What the reference adapter said in another run.
    Replays,
}

/// A frame without its frills.
enum Part {
    Result(Value),
    Error(Value),
    Event(Value),
    /// The request itself.
    Echo,
}

/// All of them.
pub const NOTHING: &[Nothing] = &[
    Nothing {
        name: "exits-at-once",
        does: "It ends as soon as it is started.",
        says: Says::Leaves,
    },
    Nothing {
        name: "stays-silent",
        does: "It reads everything and says nothing.",
        says: Says::Answers(|_, _, _| Vec::new()),
    },
    Nothing {
        name: "echoes",
        does: "It says what was said to it.",
        says: Says::Answers(|_, _, _| vec![Part::Echo]),
    },
    Nothing {
        name: "says-yes",
        does: "It claims everything, and says yes to everything.",
        says: Says::Answers(|method, params, _| vec![Part::Result(yes(method, params))]),
    },
    Nothing {
        name: "refuses",
        does: "It introduces itself, and refuses everything else.",
        says: Says::Answers(|method, params, _| {
            vec![match method {
                "initialize" => Part::Result(yes(method, params)),
                _ => Part::Error(json!({
                    "code": -32602, "message": "no", "data": {"pointer": "", "message": "no"},
                })),
            }]
        }),
    },
    Nothing {
        name: "answers-at-random",
        does: "It answers with documents that are valid, and made up.",
        says: Says::Answers(at_random),
    },
    Nothing {
        name: "replays",
        does: "It says, scenario by scenario, what a good adapter said in another run.",
        says: Says::Replays,
    },
];

/// The rules that an adapter of these earns, and `CONFORMANT` if it claims as much. To be awaited
/// like [`runner::run`].
///
/// # Errors
///
/// The suite itself is broken.
pub async fn earned(
    nothing: &Nothing,
    suite: &Suite,
    seed: u32,
) -> Result<Vec<String>, Vec<Problem>> {
    let run = Run {
        seed,
        patience: PATIENCE,
        jobs: JOBS,
        timelines: Timelines::Dropped,
        ..Run::default()
    };
    let reports = match &nothing.says {
        Says::Replays => replayed(suite, &run).await?,
        Says::Leaves => {
            let subject = Subject::lodged(|_, _| async { Ok(()) });
            vec![runner::run(suite, &subject, &run, &mut ()).await?]
        }
        Says::Answers(answer) => {
            let answer = *answer;
            let subject = Subject::lodged(move |input, output| serve(answer, seed, input, output));
            vec![runner::run(suite, &subject, &run, &mut ()).await?]
        }
    };
    let mut earned = Vec::new();
    for report in reports {
        let passed = report
            .rules
            .iter()
            .filter(|rule| rule.outcome == Outcome::Pass);
        earned.extend(passed.map(|rule| rule.id.to_string()));
        if report.exit_code() == 0 {
            earned.push(report.summary);
        }
    }
    Ok(earned)
}

/// Family by family, so that the waiting is done side by side; scenario by scenario within one, so
/// that each hears what was said in the same scenario of the other run.
async fn replayed(suite: &Suite, run: &Run) -> Result<Vec<Report>, Vec<Problem>> {
    let families = suite.families.iter().map(|family| async {
        let ids = family.requirements.iter().map(|rule| rule.id.clone());
        let rules: BTreeSet<RequirementId> = ids.collect();
        let part = |seed, patience| Run {
            seed,
            patience,
            jobs: 1,
            selection: Selection {
                rules: rules.clone(),
                ..Selection::default()
            },
            ..run.clone()
        };
        let other = Run {
            timelines: Timelines::Kept,
            ..part(run.seed.wrapping_add(1), 1.0)
        };
        let good = Subject::in_process(Reference::new);
        let report = runner::run(suite, &good, &other, &mut ()).await?;
        let cases = report.rules.iter().flat_map(|rule| &rule.scenarios);
        let mut records = Records::of(cases.map(|case| &case.timeline));
        let subject = records.subject();
        let own = part(run.seed, run.patience);
        runner::run(suite, &subject, &own, &mut records).await
    });
    join_all(families).await.into_iter().collect()
}

async fn serve(
    answer: fn(&str, &Value, u64) -> Vec<Part>,
    seed: u32,
    input: impl AsyncRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let mut lines = BufReader::new(input).lines();
    let mut number = u64::from(seed) << 16;
    while let Some(line) = lines.next_line().await? {
        let Ok(request) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        let Some(method) = request["method"].as_str() else {
            continue;
        };
        for part in answer(method, &request["params"], number) {
            number += 1;
            let id = &request["id"];
            let frame = match part {
                Part::Result(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
                Part::Error(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
                Part::Event(event) => json!({
                    "jsonrpc": "2.0", "id": format!("e{number}"), "method": "event", "params": event,
                }),
                Part::Echo => request.clone(),
            };
            output.write_all(format!("{frame}\n").as_bytes()).await?;
        }
    }
    Ok(())
}

/// The friendliest answer to a request, made up from the request alone.
pub(super) fn yes(method: &str, params: &Value) -> Value {
    match method {
        "initialize" => json!({
            "protocol_version": 1,
            "capabilities": {
                "adapter_id": "yes", "adapter_version": "1", "supported_targets": ["wechat"],
                "supported_features": [
                    "message", "voice_to_text", "attachment_meta", "context_cache", "pairing",
                    "approval_request", "typing", "virtual_time",
                ],
                "health": "stopped",
            },
        }),
        "act" => json!({
            "message_id": params["message_id"], "correlation_id": params["correlation_id"],
            "status_code": "delivered", "chunks_sent": 1, "chunks_total": 1,
            "wechat_message_ids": ["7481209347712840001"],
        }),
        "health" => json!({"health": "healthy", "recent_errors": []}),
        "audit" => json!({
            "auth": {"owner_user_id": "somebody", "credential_ref": "secret://wechat/account.json"},
            "policy": {"owner_only": false, "pairing_required": false, "dedup_window_sec": 3600},
        }),
        _ => json!({}),
    }
}

/// Valid documents, drawn from a number.
fn at_random(method: &str, params: &Value, number: u64) -> Vec<Part> {
    let mut random = fastrand::Rng::with_seed(number);
    let mut word = || -> String { (0..8).map(|_| random.lowercase()).collect() };
    let event = json!({
        "channel_type": "dialog", "target": "wechat",
        "workspace_id": word(), "agent_id": word(), "session_id": word(), "stream_id": word(),
        "seq": number, "event_type": "message", "message_id": number.to_string(),
        "dedup_key": word(), "correlation_id": word(), "status_code": "received",
        "timestamp": "2026-03-24T12:00:00Z",
        "payload": {"sender": word(), "text": word()},
    });
    let mut result = yes(method, params);
    match (method, number % 4) {
        ("act", 0) => {
            result["status_code"] = "rejected".into();
            result["error_code"] = "context_unavailable".into();
            result["chunks_sent"] = 0.into();
            result["wechat_message_ids"] = json!([]);
        }
        ("health", 0 | 1) => result["health"] = "degraded".into(),
        ("health", 2) => result["health"] = "unhealthy".into(),
        ("audit", _) => result["auth"]["allowlist"] = json!([word(), word()]),
        _ => {}
    }
    vec![Part::Result(result), Part::Event(event)]
}

impl fmt::Debug for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nothing")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
