//! The adapter's end of the link: what goes out, and which events wait for AIOS.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::contract::driver::{
    AIOS_UNAVAILABLE, AiosUnavailable, EVENT_REFUSED, EventRefused, EventResult, EventStatus,
    RpcError,
};
use crate::contract::{InboundEvent, decode};

use super::frame;
use super::sink::{Answer, EventError, EventSink};

/// What an adapter waits before it repeats an event, if AIOS answered something that cannot be
/// understood.
const DEFAULT_RETRY_MS: u64 = 500;

type Outcome = Result<Value, RpcError>;

/// Lines on their way to the kit.
pub(crate) struct Outbox {
    state: Mutex<State>,
}

struct State {
    lines: Option<UnboundedSender<String>>,
    takes_events: bool,
    sent: u64,
    waiting: BTreeMap<String, oneshot::Sender<Outcome>>,
}

impl Outbox {
    pub(crate) fn new() -> (Arc<Self>, UnboundedReceiver<String>) {
        let (lines, queue) = unbounded_channel();
        let state = State {
            lines: Some(lines),
            takes_events: true,
            sent: 0,
            waiting: BTreeMap::new(),
        };
        (
            Arc::new(Self {
                state: Mutex::new(state),
            }),
            queue,
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a line. Nothing happens once it is closed.
    pub(crate) fn say(&self, line: String) {
        self.state().say(line);
    }

    /// AIOS's answer to an event. One to an id that is not ours is ignored.
    pub(crate) fn settle(&self, id: &Value, outcome: Outcome) {
        let tell = id.as_str().and_then(|id| self.state().waiting.remove(id));
        if let Some(tell) = tell {
            // An adapter that gave up waiting does not mind.
            let _ = tell.send(outcome);
        }
    }

    /// No answer to an event can come any more: those that wait are told.
    pub(crate) fn close_to_events(&self) {
        let mut state = self.state();
        state.takes_events = false;
        state.waiting.clear();
    }

    /// Nothing more is said; what was said is still written.
    pub(crate) fn close(&self) {
        self.state().lines = None;
    }

    /// The sink that an adapter sends its events to.
    pub(crate) fn sink(self: &Arc<Self>) -> EventSink {
        let outbox = Arc::clone(self);
        EventSink::new(move |event| {
            let outbox = Arc::clone(&outbox);
            async move { outbox.send(&event).await }
        })
    }

    async fn send(&self, event: &InboundEvent) -> Result<Answer, EventError> {
        let answer = self.state().ask(event)?;
        match answer.await {
            Ok(outcome) => understand(outcome),
            Err(_) => Err(EventError::Closed),
        }
    }
}

impl State {
    fn say(&self, line: String) {
        if let Some(lines) = &self.lines {
            // The writer is gone only when the kit is.
            let _ = lines.send(line);
        }
    }

    fn ask(&mut self, event: &InboundEvent) -> Result<oneshot::Receiver<Outcome>, EventError> {
        let document = serde_json::to_value(event)
            .ok()
            .filter(|_| self.takes_events);
        let document = document.ok_or(EventError::Closed)?;
        self.sent += 1;
        let id = format!("e{}", self.sent);
        let (tell, answer) = oneshot::channel();
        self.say(frame::ask(&json!(id), "event", &document));
        self.waiting.insert(id, tell);
        Ok(answer)
    }
}

/// Only what is certainly an answer settles an event; anything else is asked again.
fn understand(outcome: Outcome) -> Result<Answer, EventError> {
    let again = Err(EventError::Unavailable {
        retry_after_ms: DEFAULT_RETRY_MS,
    });
    match outcome {
        Ok(result) => match decode::<EventResult>(&result) {
            Ok(EventResult {
                status: EventStatus::Accepted,
            }) => Ok(Answer::Accepted),
            Ok(EventResult {
                status: EventStatus::Duplicate,
            }) => Ok(Answer::Duplicate),
            Err(_) => again,
        },
        Err(error) => match (
            error.data_as::<EventRefused>(),
            error.data_as::<AiosUnavailable>(),
        ) {
            (Some(refused), _) if error.code == EVENT_REFUSED => Err(EventError::Refused {
                pointer: refused.pointer.to_string(),
                message: refused.message.to_string(),
            }),
            (_, Some(unavailable)) if error.code == AIOS_UNAVAILABLE => {
                Err(EventError::Unavailable {
                    retry_after_ms: unavailable.retry_after_ms.get().unsigned_abs(),
                })
            }
            _ => again,
        },
    }
}
