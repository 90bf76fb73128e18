//! The link: the kit's end of the conversation, over any byte streams.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::contract::driver::{Method, RpcError};

use super::call::CallError;
use super::ear::{Breach, Ear, Reply, Violation};
use super::error::method_not_found;
use super::frame::{self, BadFrame, Frame, Params};
use super::line::{Cut, LineReader};

/// The most lines that are heard from one adapter process.
pub const FRAMES_LIMIT: usize = 20_000;

/// The most bytes that are heard from one adapter process.
pub const STREAM_LIMIT: usize = 64 * 1024 * 1024;

/// The most violations that are told of one adapter process.
pub const VIOLATIONS_LIMIT: usize = 200;

/// How long what an adapter wrote before it ended may still be on its way to the kit: long for a
/// busy machine, and waited out only where a process left behind holds a stream open.
pub(crate) const AFTERGLOW: Duration = Duration::from_millis(500);

/// How long a write that failed waits for news of the adapter's end: they come when both of its
/// streams were given their time.
const LAST_NEWS: Duration = AFTERGLOW.saturating_mul(3);

/// What a waiting call is told.
#[derive(Debug)]
enum Verdict {
    Answered(Result<Value, RpcError>),
    Malformed(String),
    Closed(String),
}

#[derive(Debug)]
struct Outgoing {
    line: String,
    /// The call this line makes, if it makes one.
    call: Option<String>,
}

/// Ids are keyed by their JSON text, so that `1` and `"1"` differ.
#[derive(Debug, Default)]
struct Calls {
    made: u64,
    waiting: BTreeMap<String, oneshot::Sender<Verdict>>,
    answered: BTreeSet<String>,
    /// Requests of the adapter that have no answer yet.
    open: BTreeSet<String>,
    outgoing: Option<mpsc::UnboundedSender<Outgoing>>,
    closed: Option<String>,
}

/// One conversation. Shared by the tasks that carry it and by whoever speaks.
pub(crate) struct Link {
    ear: Arc<dyn Ear>,
    calls: Mutex<Calls>,
    violations: AtomicUsize,
    ended: CancellationToken,
}

/// The writing half's share of the work.
pub(crate) struct Mouth {
    link: Arc<Link>,
    queue: mpsc::UnboundedReceiver<Outgoing>,
}

impl Link {
    pub(crate) fn new(ear: Arc<dyn Ear>) -> (Arc<Self>, Mouth) {
        let (outgoing, queue) = mpsc::unbounded_channel();
        let calls = Calls {
            outgoing: Some(outgoing),
            ..Calls::default()
        };
        let link = Arc::new(Self {
            ear,
            calls: Mutex::new(calls),
            violations: AtomicUsize::new(0),
            ended: CancellationToken::new(),
        });
        (Arc::clone(&link), Mouth { link, queue })
    }

    pub(crate) fn ear(&self) -> &dyn Ear {
        &*self.ear
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a method and waits for its answer. `Null` sends no `params`.
    pub(crate) async fn call(
        &self,
        method: &str,
        params: Value,
        limit: Duration,
    ) -> Result<Value, CallError> {
        let id = {
            let mut calls = self.calls();
            calls.made += 1;
            Value::String(format!("k{}", calls.made))
        };
        let line = frame::ask(&id, method, &params);
        self.exchange(method, line, Some(&id), limit).await
    }

    /// Writes `line` and waits for an answer that carries `id` (`None`: the null id of an error).
    pub(crate) async fn exchange(
        &self,
        method: &str,
        line: String,
        id: Option<&Value>,
        limit: Duration,
    ) -> Result<Value, CallError> {
        let method = method.to_owned();
        let verdict = match self.expect_answer(line, key(id.unwrap_or(&Value::Null))) {
            Ok(answer) => match timeout(limit, answer).await {
                Ok(verdict) => {
                    verdict.unwrap_or_else(|_| Verdict::Closed("the link is gone".to_owned()))
                }
                Err(_) => return Err(CallError::Timeout { method, limit }),
            },
            Err(reason) => Verdict::Closed(reason),
        };
        match verdict {
            Verdict::Answered(Ok(result)) => Ok(result),
            Verdict::Answered(Err(error)) => Err(CallError::Remote { method, error }),
            Verdict::Malformed(detail) => Err(CallError::Malformed { method, detail }),
            Verdict::Closed(reason) => Err(CallError::Closed {
                method,
                reason,
                stderr: String::new(),
            }),
        }
    }

    fn expect_answer(
        &self,
        line: String,
        key: String,
    ) -> Result<oneshot::Receiver<Verdict>, String> {
        let mut calls = self.calls();
        if let Some(reason) = &calls.closed {
            return Err(reason.clone());
        }
        let (tell, answer) = oneshot::channel();
        calls.waiting.insert(key.clone(), tell);
        let queued = calls.send(Outgoing {
            line,
            call: Some(key),
        });
        if queued {
            Ok(answer)
        } else {
            Err("the kit has closed the adapter's stdin".to_owned())
        }
    }

    /// Writes a line that expects no answer. Nothing happens once the link is closed.
    pub(crate) fn send(&self, line: String) {
        self.calls().send(Outgoing { line, call: None });
    }

    /// Answers a request of the adapter.
    pub(crate) fn answer(&self, id: &Value, outcome: &Result<Value, RpcError>) {
        let line = frame::answer(id, outcome);
        let mut calls = self.calls();
        calls.open.remove(&key(id));
        calls.send(Outgoing { line, call: None });
    }

    /// Says nothing more: what is queued is written, then the adapter sees the end of its input.
    pub(crate) fn hang_up(&self) {
        self.calls().outgoing = None;
    }

    /// Tells of a violation, unless so many were told that one more says nothing new.
    fn violated(&self, violation: &Violation) {
        if self.violations.fetch_add(1, Ordering::Relaxed) < VIOLATIONS_LIMIT {
            self.ear.violated(violation);
        }
    }

    /// Ends the conversation: every waiting call is told why.
    pub(crate) fn close(&self, reason: &str) {
        let waiting = {
            let mut calls = self.calls();
            if calls.closed.is_some() {
                return;
            }
            calls.closed = Some(reason.to_owned());
            calls.outgoing = None;
            std::mem::take(&mut calls.waiting)
        };
        for tell in waiting.into_values() {
            let _ = tell.send(Verdict::Closed(reason.to_owned()));
        }
        self.ended.cancel();
        self.ear.closed(reason);
    }

    /// Hears the adapter until its output ends; says why nothing more can be heard, if that is not
    /// simply the end.
    pub(crate) async fn hear<R: AsyncRead + Unpin>(&self, source: R) -> Option<String> {
        let mut reader = LineReader::new(source);
        let (mut frames, mut bytes) = (0, 0);
        loop {
            let line = match reader.next().await {
                Ok(Cut::Line(line)) => line,
                Ok(Cut::End) => return None,
                Ok(Cut::Unterminated(line)) => {
                    self.ear.received(&line);
                    self.violated(&Violation::new(Breach::Unterminated, &line, ""));
                    return None;
                }
                Ok(Cut::TooLong(line)) => {
                    self.ear.received(&line);
                    self.ear
                        .violated(&Violation::new(Breach::TooLong, &line, ""));
                    return Some("the adapter wrote a line longer than 1 MiB".to_owned());
                }
                Err(error) => return Some(format!("the adapter's output cannot be read: {error}")),
            };
            frames += 1;
            bytes += line.len() + 1;
            if frames > FRAMES_LIMIT || bytes > STREAM_LIMIT {
                let detail = format!("{frames} messages, {bytes} bytes");
                self.ear
                    .violated(&Violation::new(Breach::Flood, &line, detail));
                return Some("the adapter wrote too much".to_owned());
            }
            self.hear_line(&line);
        }
    }

    fn hear_line(&self, line: &[u8]) {
        self.ear.received(line);
        match frame::decode(line) {
            Ok(Frame::Request { id, method, params }) => {
                self.hear_request(line, &id, &method, params);
            }
            Ok(Frame::Notification { method }) => {
                self.violated(&Violation::new(Breach::Notification, line, method));
            }
            Ok(Frame::Answer { id, outcome }) => {
                self.hear_answer(line, &id, Verdict::Answered(outcome));
            }
            Err(bad) => self.hear_bad_frame(line, &bad),
        }
    }

    fn hear_bad_frame(&self, line: &[u8], bad: &BadFrame) {
        let violation = Violation::new(bad.breach, line, bad.detail.as_str());
        self.violated(&violation);
        let Some(id) = &bad.id else { return };
        if bad.asks {
            self.answer(id, &Err(bad.error()));
        } else {
            // The call need not wait for its deadline: no better answer will come.
            self.settle(id, Verdict::Malformed(violation.to_string()));
        }
    }

    fn hear_request(&self, line: &[u8], id: &Value, method: &str, params: Option<Params>) {
        if Method::try_from(method).is_ok_and(|method| method != Method::Event) {
            let violation = Violation::new(Breach::Echo, line, method);
            self.violated(&violation);
            if !self.settle(id, Verdict::Malformed(violation.to_string())) {
                self.answer(id, &Err(method_not_found(method)));
            }
            return;
        }
        if !self.calls().open.insert(key(id)) {
            self.violated(&Violation::new(Breach::ReusedId, line, ""));
        }
        let params = match params {
            None => None,
            Some(params) => match params.strict() {
                Ok(params) => Some(params),
                Err(finding) => {
                    let detail = finding.to_string();
                    self.violated(&Violation::new(Breach::NotStrict, line, detail));
                    // Whoever answers sees as much of it as can be seen, and decides.
                    match params.lenient() {
                        Some(params) => Some(params),
                        None => return self.answer(id, &Err(RpcError::invalid_params(&finding))),
                    }
                }
            },
        };
        match self.ear.request(id, method, params.as_ref()) {
            Reply::Now(outcome) => self.answer(id, &outcome),
            Reply::Later => {}
        }
    }

    fn hear_answer(&self, line: &[u8], id: &Value, verdict: Verdict) {
        if self.settle(id, verdict) {
            return;
        }
        let known = self.calls().answered.contains(&key(id));
        let breach = if known {
            Breach::AnsweredTwice
        } else {
            Breach::UnknownId
        };
        self.violated(&Violation::new(breach, line, ""));
    }

    /// Tells the call with this id, if there is one that is not settled.
    fn settle(&self, id: &Value, verdict: Verdict) -> bool {
        let key = key(id);
        let tell = {
            let mut calls = self.calls();
            let tell = calls.waiting.remove(&key);
            if tell.is_some() {
                calls.answered.insert(key);
            }
            tell
        };
        // Whoever gave up waiting does not mind a late answer.
        tell.map(|tell| tell.send(verdict)).is_some()
    }

    fn fail(&self, key: &str, reason: &str) {
        let tell = self.calls().waiting.remove(key);
        if let Some(tell) = tell {
            let _ = tell.send(Verdict::Closed(reason.to_owned()));
        }
    }
}

impl Calls {
    fn send(&self, line: Outgoing) -> bool {
        self.outgoing
            .as_ref()
            .is_some_and(|outgoing| outgoing.send(line).is_ok())
    }
}

impl Mouth {
    /// Writes what is said until the kit hangs up. Dropping the future closes the adapter's input
    /// at once.
    pub(crate) async fn speak<W: AsyncWrite + Unpin>(mut self, mut sink: W) {
        while let Some(Outgoing { mut line, call }) = self.queue.recv().await {
            self.link.ear.sent(&line);
            line.push('\n');
            if let Err(error) = write(&mut sink, line.as_bytes()).await
                && let Some(call) = call
            {
                // If the adapter has just ended, its end is the better reason.
                let _ = timeout(LAST_NEWS, self.link.ended.cancelled()).await;
                let reason = format!("the adapter does not read its input: {error}");
                self.link.fail(&call, &reason);
            }
        }
        // The peer sees the end of its input when the sink is dropped; there is nobody to tell of a
        // failure.
        let _ = sink.shutdown().await;
    }
}

async fn write<W: AsyncWrite + Unpin>(sink: &mut W, line: &[u8]) -> io::Result<()> {
    sink.write_all(line).await?;
    sink.flush().await
}

fn key(id: &Value) -> String {
    id.to_string()
}
