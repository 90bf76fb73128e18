//! Where an adapter's events go, and what comes back.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use thiserror::Error;

use crate::contract::InboundEvent;

/// AIOS's acknowledgement of an event. Both settle it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// AIOS took it.
    Accepted,
    /// AIOS had it already.
    Duplicate,
}

/// Why AIOS did not take an event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EventError {
    /// AIOS refuses this event (error -32001). It is settled: report `event_refused`, never send it
    /// again.
    #[error("AIOS refused the event at `{pointer}`: {message}")]
    Refused {
        /// RFC 6901 pointer into the event.
        pointer: String,
        /// What is wrong with it.
        message: String,
    },
    /// AIOS cannot take it now (error -32002). It is not settled: send the identical event again,
    /// `retry_count` one higher, after about this time.
    #[error("AIOS is unavailable for {retry_after_ms} ms")]
    Unavailable {
        /// Milliseconds to wait, 0 to 60000.
        retry_after_ms: u64,
    },
    /// The link is closed. The event is not settled and nothing can be sent any more.
    #[error("the link to AIOS is closed")]
    Closed,
}

type Delivery = Pin<Box<dyn Future<Output = Result<Answer, EventError>> + Send>>;

/// The way to AIOS: hands it an event and resolves with its answer. Cheap to clone.
#[derive(Clone)]
pub struct EventSink {
    deliver: Arc<dyn Fn(InboundEvent) -> Delivery + Send + Sync>,
}

impl EventSink {
    /// A sink that hands each event to `deliver`: for decorators, and for tests of an adapter's own
    /// parts.
    pub fn new<F, D>(deliver: F) -> Self
    where
        F: Fn(InboundEvent) -> D + Send + Sync + 'static,
        D: Future<Output = Result<Answer, EventError>> + Send + 'static,
    {
        Self {
            deliver: Arc::new(move |event| Box::pin(deliver(event))),
        }
    }

    /// Sends one event and waits for AIOS's answer, for as long as AIOS takes.
    ///
    /// # Errors
    ///
    /// Each error says whether the event is settled; see [`EventError`].
    pub async fn send(&self, event: InboundEvent) -> Result<Answer, EventError> {
        (self.deliver)(event).await
    }
}

impl fmt::Debug for EventSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EventSink")
    }
}
