//! A bench: a simulated WeChat, the reference adapter, and an AIOS that answers as it is told.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aios_wechat::adapter::{Adapter as _, AdapterError, Answer, EventError, EventSink, Setup};
use aios_wechat::contract::{InboundEvent, OutboundAction, Receipt, from_bytes};
use aios_wechat::reference::Reference;
use aios_wechat::simulator::{Event, Options, Simulator};
use aios_wechat::wire::Endpoint;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::timeout;

pub(super) const OWNER: &str = "wx-owner-001@im.wechat";
pub(super) const FRIEND: &str = "wx-friend-002@im.wechat";
pub(super) const STRANGER: &str = "wx-stranger-009@im.wechat";
pub(super) const START_MS: i64 = 1_774_353_600_000;

/// AIOS: every event it was sent, and the answers it still has to give before it accepts.
#[derive(Clone, Default)]
pub(super) struct Aios {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    events: Mutex<Vec<InboundEvent>>,
    answers: Mutex<VecDeque<Result<Answer, EventError>>>,
    deaf: Mutex<bool>,
    changed: Notify,
}

impl Aios {
    fn sink(&self) -> EventSink {
        let inner = Arc::clone(&self.inner);
        EventSink::new(move |event| {
            let inner = Arc::clone(&inner);
            async move {
                inner.events.lock().unwrap().push(event);
                inner.changed.notify_waiters();
                if *inner.deaf.lock().unwrap() {
                    std::future::pending::<()>().await;
                }
                inner
                    .answers
                    .lock()
                    .unwrap()
                    .pop_front()
                    .unwrap_or(Ok(Answer::Accepted))
            }
        })
    }

    /// The next answers, before it accepts again.
    pub(super) fn will_answer(&self, answer: Result<Answer, EventError>, times: usize) {
        let mut answers = self.inner.answers.lock().unwrap();
        answers.extend(std::iter::repeat_n(answer, times));
    }

    /// It never answers from now on, or does again.
    pub(super) fn deaf(&self, deaf: bool) {
        *self.inner.deaf.lock().unwrap() = deaf;
    }

    /// Everything it was sent.
    pub(super) fn events(&self) -> Vec<InboundEvent> {
        self.inner.events.lock().unwrap().clone()
    }

    /// Everything it was sent about messages of people, as JSON.
    pub(super) fn about_people(&self) -> Vec<Value> {
        let about = |event: &InboundEvent| event.message_ids().is_some();
        self.events()
            .iter()
            .filter(|event| about(event))
            .map(|event| serde_json::to_value(event).unwrap())
            .collect()
    }

    /// The texts it was sent.
    pub(super) fn texts(&self) -> Vec<String> {
        let text = |event: &Value| Some(event.pointer("/payload/text")?.as_str()?.to_owned());
        self.about_people().iter().filter_map(text).collect()
    }
}

/// The three of them.
pub(super) struct Bench {
    pub(super) wechat: Simulator,
    pub(super) adapter: Reference,
    pub(super) aios: Aios,
    pub(super) document: Value,
    /// The cursor of each poll that WeChat saw.
    pub(super) polls: Arc<Mutex<Vec<String>>>,
    folder: tempfile::TempDir,
    now_ms: i64,
    actions: u64,
}

impl Bench {
    /// Owner and friend admitted, cache on; `changes` are merged into the document.
    pub(super) async fn new(changes: Value) -> Self {
        let polls: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&polls);
        let options = Options {
            honours_old_cursor: true,
            now_ms: START_MS,
            observer: Some(Arc::new(move |observation| {
                if let (Endpoint::GetUpdates, Event::Arrived { body, .. }) =
                    (observation.endpoint, observation.event)
                {
                    let cursor = body["get_updates_buf"].as_str().unwrap_or_default();
                    seen.lock().unwrap().push(cursor.to_owned());
                }
            })),
            ..Options::default()
        };
        let mut document = json!({
            "channel_id": "wx-main", "channel_type": "dialog", "target": "wechat", "enabled": true,
            "auth": {"owner_user_id": OWNER, "allowlist": [FRIEND],
                     "credential_ref": "secret://wechat/account.json"},
            "config": {"cursor_key": "wx-main", "context_cache": true, "voice_to_text": true},
            "route": {"workspace_id": "ws-001", "agent_id": "codex"},
            "policy": {},
        });
        merge(&mut document, changes);
        Self {
            wechat: Simulator::start(options).await.unwrap(),
            adapter: Reference::new(),
            aios: Aios::default(),
            document,
            polls,
            folder: tempfile::tempdir().unwrap(),
            now_ms: START_MS,
            actions: 0,
        }
    }

    /// Started, with its first poll on the wire.
    pub(super) async fn started(changes: Value) -> Self {
        let bench = Self::new(changes).await;
        bench.start().await.unwrap();
        bench
    }

    pub(super) fn state_dir(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn setup(&self) -> Setup {
        let json = json!({
            "integration": self.document,
            "secrets": {"secret://wechat/account.json": {
                "token": self.wechat.token(), "bot_id": self.wechat.bot_id(), "user_id": OWNER}},
            "transport": {"base_url": self.wechat.base_url(),
                          "cdn_base_url": self.wechat.cdn_base_url()},
            "state_dir": self.state_dir(),
            "clock": {"mode": "virtual",
                      "now": aios_wechat::contract::Timestamp::from_unix_ms(self.now_ms)},
        });
        from_bytes(json.to_string().as_bytes()).unwrap()
    }

    pub(super) async fn start(&self) -> Result<(), AdapterError> {
        soon(self.adapter.start(self.setup(), self.aios.sink())).await
    }

    /// Another process on the same state, after an orderly stop.
    pub(super) async fn restart(&mut self) {
        soon(self.adapter.stop()).await.unwrap();
        self.adapter = Reference::new();
        self.start().await.unwrap();
    }

    /// Moves the adapter's clock and WeChat's.
    pub(super) async fn advance(&mut self, ms: i64) {
        self.now_ms += ms;
        self.wechat.set_now(self.now_ms);
        let now = aios_wechat::contract::Timestamp::from_unix_ms(self.now_ms);
        self.adapter.advance(now).await.unwrap();
    }

    /// Waits until everything that was sent to WeChat is settled: a poll is parked behind it.
    pub(super) async fn settled(&self) {
        let end = self.wechat.position();
        until(|| self.wechat.parked().iter().any(|poll| poll.position >= end)).await;
    }

    /// AIOS says `text` to `recipient`.
    pub(super) async fn say(&mut self, recipient: &str, text: &str) -> Receipt {
        self.actions += 1;
        let message_id = format!("act-{}", self.actions);
        self.act(
            &message_id,
            "message",
            json!({"recipient": recipient, "text": text}),
        )
        .await
    }

    pub(super) async fn act(&self, message_id: &str, kind: &str, payload: Value) -> Receipt {
        let action = action(message_id, kind, &payload);
        soon(self.adapter.act(action)).await.unwrap()
    }

    /// AIOS decides about a pairing, or shows the typing sign.
    pub(super) async fn status(&self, message_id: &str, status: &str, recipient: &str) -> Receipt {
        let mut action = raw_action(message_id, "status", &json!({"recipient": recipient}));
        action["status_code"] = status.into();
        let action = from_bytes(action.to_string().as_bytes()).unwrap();
        soon(self.adapter.act(action)).await.unwrap()
    }

    /// What people read, in order.
    pub(super) fn read_by_people(&self) -> Vec<(String, String)> {
        let deliveries = self.wechat.deliveries();
        deliveries
            .into_iter()
            .map(|delivery| (delivery.to_user_id, delivery.text))
            .collect()
    }
}

pub(super) fn action(message_id: &str, kind: &str, payload: &Value) -> OutboundAction {
    let mut action = raw_action(message_id, kind, payload);
    if kind == "error" {
        action["error_code"] = "agent_unavailable".into();
    }
    from_bytes(action.to_string().as_bytes()).unwrap()
}

fn raw_action(message_id: &str, kind: &str, payload: &Value) -> Value {
    json!({
        "channel_type": "dialog", "target": "wechat", "workspace_id": "ws-001", "agent_id": "codex",
        "session_id": "s", "stream_id": "aios-1", "seq": 1, "event_type": kind,
        "message_id": message_id, "timestamp": "2026-03-24T12:00:02.000Z", "correlation_id": "c-1",
        "payload": payload,
    })
}

fn merge(document: &mut Value, changes: Value) {
    match (document, changes) {
        (Value::Object(document), Value::Object(changes)) => {
            for (key, change) in changes {
                if change.is_null() {
                    document.remove(&key);
                } else {
                    merge(document.entry(key).or_insert(Value::Null), change);
                }
            }
        }
        (document, change) => *document = change,
    }
}

/// Runs a future that must not take long.
pub(super) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(10), future)
        .await
        .expect("it takes too long")
}

/// Yields until `condition` holds.
pub(super) async fn until(condition: impl Fn() -> bool) {
    soon(async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
