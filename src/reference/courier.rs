//! Events on their way to AIOS: one at a time, each until it is settled.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::channel::Channel;
use super::id;
use super::normalize::name;
use crate::adapter::{Answer, EventError, EventSink};
use crate::contract::{
    ChannelStatus, Code, EventHead, Id, InboundEvent, RetryCount, Seq, Timestamp,
};

/// How long an event that is out when the channel stops may still be answered. What AIOS accepted
/// must not be told again at the next start (WX-LIFE-005).
const LAST_ANSWER: Duration = Duration::from_millis(250);
/// The shortest pause before an event is sent again, whatever AIOS asks for.
const SHORTEST_RETRY: Duration = Duration::from_millis(20);

/// Something about the channel that AIOS is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// What happened to it.
    Status(ChannelStatus),
    /// What failed.
    Error(Code),
}

/// Whether AIOS is done with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settlement {
    /// It accepted, had or refused it.
    Settled,
    /// It was not heard, and the channel stops.
    Abandoned,
}

/// Sends events in the order they are handed over; the next leaves when the one before is settled.
pub(super) struct Courier {
    channel: Arc<Channel>,
    events: EventSink,
    stream_id: Id,
    seq: i64,
}

impl Courier {
    pub(super) fn new(channel: Arc<Channel>, events: EventSink, stream_id: Id) -> Self {
        Self {
            channel,
            events,
            stream_id,
            seq: 0,
        }
    }

    /// The head of the next event.
    pub(super) fn head(&mut self, session_id: Id, correlation_id: Id, timestamp: i64) -> EventHead {
        self.seq += 1;
        let route = &self.channel.integration.route;
        EventHead {
            workspace_id: route.workspace_id.clone(),
            agent_id: route.agent_id.clone(),
            session_id,
            stream_id: self.stream_id.clone(),
            seq: Seq::saturating(self.seq),
            timestamp: Timestamp::from_unix_ms(timestamp),
            correlation_id,
            retry_count: None,
        }
    }

    /// Tells AIOS about the channel.
    pub(super) async fn tell(&mut self, notices: Vec<Notice>) {
        for notice in notices {
            let channel_id = &self.channel.integration.channel_id;
            let session_id = id(format!("channel:{channel_id}"));
            let place = (self.seq + 1).to_string();
            let correlation_id = name("c-", &[self.stream_id.as_str(), &place]);
            let head = self.head(session_id, correlation_id, self.channel.clock.now());
            let event = match notice {
                Notice::Status(status) => InboundEvent::channel_status(head, status),
                Notice::Error(code) => InboundEvent::error(head, None, code),
            };
            if self.deliver(event).await == Settlement::Abandoned {
                return;
            }
        }
    }

    /// Sends an event, and sends it again for as long as AIOS is unavailable.
    pub(super) async fn deliver(&self, event: InboundEvent) -> Settlement {
        let mut sending = event.clone();
        for retries in 1.. {
            match self.send(sending).await {
                Ok(Answer::Accepted | Answer::Duplicate) => {
                    self.channel
                        .with(|ledger, now| ledger.health.aios(true, now));
                    return Settlement::Settled;
                }
                Err(EventError::Refused { .. }) => {
                    self.channel.with(|ledger, now| {
                        ledger.health.aios(true, now);
                        ledger.health.note(Code::EventRefused, now);
                    });
                    return Settlement::Settled;
                }
                Err(EventError::Unavailable { retry_after_ms }) => {
                    self.channel
                        .with(|ledger, now| ledger.health.aios(false, now));
                    let pause = Duration::from_millis(retry_after_ms).max(SHORTEST_RETRY);
                    if self.channel.pause(pause).await.is_none() {
                        break;
                    }
                }
                Err(_) => break,
            }
            sending = event
                .clone()
                .with_retry_count(RetryCount::saturating(retries));
        }
        Settlement::Abandoned
    }

    async fn send(&self, event: InboundEvent) -> Result<Answer, EventError> {
        let mut answer = pin!(self.events.send(event));
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            () = self.channel.stopping.cancelled() => {
                timeout(LAST_ANSWER, answer).await.unwrap_or(Err(EventError::Closed))
            }
        }
    }
}
