//! The smallest adapter with a will of its own: what it does is written in the text it is asked to
//! send.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use aios_wechat::adapter::{Adapter, AdapterError, Answer, EventError, EventSink, Setup};
use aios_wechat::contract::{
    AccessState, Capabilities, EffectivePolicy, Health, OutboundAction, Receipt, decode, parse,
};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// What happened to all parrots of one test.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) started: AtomicUsize,
    pub(crate) stopped: AtomicUsize,
    pub(crate) dropped: AtomicUsize,
}

#[derive(Default)]
pub(crate) struct Parrot {
    counts: Arc<Counts>,
    life: OnceCell<(Setup, EventSink)>,
}

impl Parrot {
    pub(crate) fn new(counts: &Arc<Counts>) -> Self {
        Self {
            counts: Arc::clone(counts),
            life: OnceCell::new(),
        }
    }
}

impl Drop for Parrot {
    fn drop(&mut self) {
        self.counts.dropped.fetch_add(1, SeqCst);
    }
}

impl Adapter for Parrot {
    fn capabilities(&self) -> Capabilities {
        document(include_str!(
            "../../../fixtures/capabilities/valid/full.json"
        ))
    }

    async fn start(&self, setup: Setup, events: EventSink) -> Result<(), AdapterError> {
        match setup.integration.channel_id.as_str() {
            "refused" => {
                return Err(AdapterError::refused(
                    "/integration/channel_id",
                    "not this one",
                ));
            }
            "slow" => pending().await,
            _ => {}
        }
        self.counts.started.fetch_add(1, SeqCst);
        let _ = self.life.set((setup, events));
        Ok(())
    }

    async fn act(&self, action: OutboundAction) -> Result<Receipt, AdapterError> {
        let OutboundAction::Message(action) = action else {
            return Err(AdapterError::Internal("a parrot only talks".to_owned()));
        };
        let text = action.payload.text.expose();
        let status = match text {
            "hang" => pending().await,
            "panic" => panic!("the parrot fell off its perch"),
            "say" => match self.say(action.message_id.as_str()).await {
                Ok(Answer::Accepted) => "delivered",
                Ok(Answer::Duplicate) => "applied",
                Err(EventError::Refused { .. }) => "rejected",
                Err(_) => "unreachable",
            },
            _ => "delivered",
        };
        let mut receipt = json!({
            "message_id": action.message_id, "correlation_id": action.correlation_id,
            "status_code": status, "chunks_sent": 0, "chunks_total": 0, "wechat_message_ids": [],
        });
        match status {
            "delivered" => receipt["chunks_sent"] = json!(1),
            "rejected" | "unreachable" => receipt["error_code"] = json!("event_refused"),
            _ => {}
        }
        receipt["chunks_total"] = receipt["chunks_sent"].clone();
        Ok(decode(&receipt).unwrap())
    }

    async fn health(&self) -> Health {
        let started = self.life.initialized() && self.counts.stopped.load(SeqCst) == 0;
        let state = if started { "healthy" } else { "stopped" };
        decode(&json!({"health": state, "recent_errors": []})).unwrap()
    }

    async fn audit(&self) -> AccessState {
        let integration = &self.life.get().unwrap().0.integration;
        let (auth, policy) = (integration.auth.clone(), EffectivePolicy::of(integration));
        AccessState {
            auth,
            policy,
            pairing: None,
        }
    }

    async fn stop(&self) -> Result<(), AdapterError> {
        self.counts.stopped.fetch_add(1, SeqCst);
        Ok(())
    }
}

impl Parrot {
    async fn say(&self, message_id: &str) -> Result<Answer, EventError> {
        let mut event = value(include_str!(
            "../../../fixtures/inbound-event/valid/message.json"
        ));
        event["message_id"] = json!(message_id);
        self.life
            .get()
            .unwrap()
            .1
            .send(decode(&event).unwrap())
            .await
    }
}

pub(crate) fn value(text: &str) -> Value {
    parse(text.as_bytes()).unwrap()
}

fn document<T: serde::de::DeserializeOwned>(text: &str) -> T {
    decode(&value(text)).unwrap()
}

/// The params of a good `initialize`.
pub(crate) fn hello() -> Value {
    json!({"protocol_version": 1, "kit": {"name": "aios-wechat", "version": "0.1.0"}})
}

/// The params of a `start` for this channel.
pub(crate) fn setup(channel_id: &str) -> Value {
    let mut setup = value(include_str!("../../../fixtures/start/valid/full.json"));
    setup["integration"]["channel_id"] = json!(channel_id);
    setup
}

/// The params of an `act` that sends this text.
pub(crate) fn action(text: &str) -> Value {
    let mut action = value(include_str!(
        "../../../fixtures/outbound-action/valid/message.json"
    ));
    action["payload"]["text"] = json!(text);
    action
}
