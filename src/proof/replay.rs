//! An adapter that answers from another run.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};

use crate::adapter::Subject;
use crate::evidence::{Fact, Timeline};
use crate::report::CaseResult;
use crate::runner::Progress;

/// What the adapter of each scenario of another run said, in the order of the scenarios. The
/// replaying adapter moves on with the scenarios of its own run.
#[derive(Clone, Default)]
pub(super) struct Records {
    left: Arc<Mutex<VecDeque<Record>>>,
    /// The first scenario has begun; what comes before is no part of any.
    begun: Arc<AtomicBool>,
}

/// What was said in one scenario.
#[derive(Clone, Default)]
struct Record {
    answers: VecDeque<(String, Result<Value, Value>)>,
    events: VecDeque<Value>,
}

impl Records {
    pub(super) fn of<'t>(timelines: impl IntoIterator<Item = &'t Timeline>) -> Self {
        let records = timelines.into_iter().map(Record::of).collect();
        Self {
            left: Arc::new(Mutex::new(records)),
            begun: Arc::default(),
        }
    }

    fn with<R>(&self, look: impl FnOnce(&mut VecDeque<Record>) -> R) -> R {
        look(&mut self.left.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(&self, method: &str) -> Option<Result<Value, Value>> {
        if !self.begun.load(Ordering::Relaxed) {
            return None;
        }
        self.with(|left| {
            let answers = &mut left.front_mut()?.answers;
            let at = answers.iter().position(|(of, _)| of == method)?;
            Some(answers.remove(at)?.1)
        })
    }

    fn events(&self) -> Vec<Value> {
        if !self.begun.load(Ordering::Relaxed) {
            return Vec::new();
        }
        self.with(|left| {
            let record = left.front_mut();
            record.map_or_else(Vec::new, |record| record.events.drain(..).collect())
        })
    }

    /// The adapter that says all that again.
    pub(super) fn subject(&self) -> Subject {
        let records = self.clone();
        Subject::lodged(move |input, output| records.clone().serve(input, output))
    }

    async fn serve(
        self,
        input: impl AsyncRead + Unpin,
        mut output: impl AsyncWrite + Unpin,
    ) -> io::Result<()> {
        let mut lines = BufReader::new(input).lines();
        while let Some(line) = lines.next_line().await? {
            let Ok(frame) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            let Some(method) = frame["method"].as_str() else {
                continue;
            };
            let mut answer = json!({"jsonrpc": "2.0", "id": frame["id"]});
            match self.answer(method) {
                Some(Ok(result)) => answer["result"] = result,
                Some(Err(error)) => answer["error"] = error,
                None => answer["result"] = super::nothing::yes(method, &frame["params"]),
            }
            output.write_all(format!("{answer}\n").as_bytes()).await?;
            if method == "start" {
                for (number, event) in self.events().into_iter().enumerate() {
                    let id = format!("r{number}");
                    let event =
                        json!({"jsonrpc": "2.0", "id": id, "method": "event", "params": event});
                    output.write_all(format!("{event}\n").as_bytes()).await?;
                }
            }
        }
        Ok(())
    }
}

impl Progress for Records {
    fn begins(&mut self, _: usize) {
        self.begun.store(true, Ordering::Relaxed);
    }

    fn ended(&mut self, _: &CaseResult) {
        self.with(|left| drop(left.pop_front()));
    }
}

impl Record {
    fn of(timeline: &Timeline) -> Self {
        let mut record = Self::default();
        for (_, fact) in timeline.facts() {
            match fact {
                Fact::Told {
                    method,
                    result,
                    error,
                    ..
                } => {
                    let answer = match (result, error) {
                        (Some(result), _) => Ok(result.clone()),
                        (None, error) => Err(error.clone().unwrap_or_default()),
                    };
                    record.answers.push_back((method.clone(), answer));
                }
                Fact::Event { document, .. } => record.events.push_back(document.clone()),
                _ => {}
            }
        }
        record
    }
}
