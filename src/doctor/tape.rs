//! The tape: everything that was heard of an adapter and seen at WeChat, in order.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::adapter::{Ear, Reply, Violation, excerpt};
use crate::contract::driver::{METHOD_NOT_FOUND, Method, RpcError};
use crate::simulator::{Event, Observation, TurnedAway};
use crate::wire::Endpoint;

/// The most entries that are kept: far more than an honest conversation has.
const LENGTH: usize = 10_000;

/// One thing heard or seen.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    /// A line on stdout, escaped and cut.
    Line(String),
    /// The adapter asked AIOS for something.
    Asked { method: String, params: Value },
    /// The adapter broke the framing rules.
    Broke(Violation),
    /// Nothing more will be heard of it.
    Left(String),
    /// At WeChat.
    Wire(Observation),
    /// Something came to WeChat's port that is none of its calls, and was turned away: what, and why.
    Astray(String, TurnedAway),
}

/// An ear that keeps what it is told, and says yes to every event.
#[derive(Debug, Default)]
pub(super) struct Tape {
    heard: Mutex<Vec<Heard>>,
    length: watch::Sender<usize>,
}

impl Tape {
    fn lock(&self) -> MutexGuard<'_, Vec<Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, heard: Heard) {
        let length = {
            let mut tape = self.lock();
            if tape.len() == LENGTH {
                return;
            }
            tape.push(heard);
            tape.len()
        };
        self.length.send_replace(length);
    }

    pub(super) fn saw(&self, seen: Observation) {
        self.keep(Heard::Wire(seen));
    }

    pub(super) fn saw_astray(&self, what: &str, why: TurnedAway) {
        self.keep(Heard::Astray(excerpt(what.as_bytes()), why));
    }

    /// How much there is so far.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Looks at everything.
    pub(super) fn read<T>(&self, look: impl FnOnce(&[Heard]) -> T) -> T {
        look(&self.lock())
    }

    /// Waits until `look` finds something, at most so long.
    pub(super) async fn until<T>(
        &self,
        limit: Duration,
        mut look: impl FnMut(&[Heard]) -> Option<T>,
    ) -> Option<T> {
        let mut length = self.length.subscribe();
        let waiting = async {
            loop {
                length.borrow_and_update();
                if let Some(seen) = look(&self.lock()) {
                    return Some(seen);
                }
                length.changed().await.ok()?;
            }
        };
        timeout(limit, waiting).await.ok().flatten()
    }

    /// The first breach of the framing rules.
    pub(super) fn breach(heard: &[Heard]) -> Option<Violation> {
        heard.iter().find_map(|heard| match heard {
            Heard::Broke(violation) => Some(violation.clone()),
            _ => None,
        })
    }

    /// Waits for a breach, as long as it takes.
    pub(super) async fn broken(&self) -> Violation {
        loop {
            if let Some(violation) = self.until(Duration::from_secs(3600), Self::breach).await {
                return violation;
            }
        }
    }

    /// Whether there is nothing more to wait for.
    pub(super) fn is_over(heard: &[Heard]) -> bool {
        Self::breach(heard).is_some() || Self::left(heard).is_some()
    }

    /// Why nothing more will be heard.
    pub(super) fn left(heard: &[Heard]) -> Option<String> {
        heard.iter().find_map(|heard| match heard {
            Heard::Left(reason) => Some(reason.clone()),
            _ => None,
        })
    }
}

/// What was seen of the polls.
pub(super) fn polls(heard: &[Heard]) -> impl Iterator<Item = &Event> {
    heard.iter().filter_map(|heard| match heard {
        Heard::Wire(seen) if seen.endpoint == Endpoint::GetUpdates => Some(&seen.event),
        _ => None,
    })
}

impl Ear for Tape {
    fn received(&self, line: &[u8]) {
        self.keep(Heard::Line(excerpt(line)));
    }

    fn request(&self, _id: &Value, method: &str, params: Option<&Value>) -> Reply {
        self.keep(Heard::Asked {
            method: method.to_owned(),
            params: params.cloned().unwrap_or_default(),
        });
        Reply::Now(if method == Method::Event.as_str() {
            Ok(json!({"status": "accepted"}))
        } else {
            Err(RpcError::new(
                METHOD_NOT_FOUND,
                "AIOS takes `event` from an adapter and nothing else",
            ))
        })
    }

    fn violated(&self, violation: &Violation) {
        self.keep(Heard::Broke(violation.clone()));
    }

    fn closed(&self, reason: &str) {
        self.keep(Heard::Left(reason.to_owned()));
    }
}
