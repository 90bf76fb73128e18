//! One started channel: what the poll loop and the actions share.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::ledger::Ledger;
use super::lock;
use super::state::Store;
use super::transport::Transport;
use crate::contract::{Code, Id, Integration};

/// A channel between `start` and `stop`.
pub(super) struct Channel {
    /// The document as started.
    pub(super) integration: Integration,
    /// The account that messages come to.
    pub(super) bot_id: Id,
    /// WeChat.
    pub(super) transport: Arc<dyn Transport>,
    /// Protocol time.
    pub(super) clock: Arc<dyn Clock>,
    /// Cancelled by `stop`: nothing is polled, sent or told any more.
    pub(super) stopping: CancellationToken,
    /// Rung once the first poll is on the wire, or has failed to get there.
    pub(super) polling: Notify,
    /// Held by the action that is carried out: one at a time, so that the chunks of two never mix.
    pub(super) turn: tokio::sync::Mutex<()>,
    store: Arc<dyn Store>,
    ledger: Mutex<Ledger>,
}

impl Channel {
    pub(super) fn new(
        integration: Integration,
        bot_id: Id,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
        ledger: Ledger,
    ) -> Self {
        Self {
            integration,
            bot_id,
            transport,
            clock,
            stopping: CancellationToken::new(),
            polling: Notify::new(),
            turn: tokio::sync::Mutex::default(),
            store,
            ledger: Mutex::new(ledger),
        }
    }

    /// Looks something up, or changes what a restart need not know.
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Ledger, i64) -> T) -> T {
        look(&mut lock(&self.ledger), self.clock.now())
    }

    /// Changes something that a restart must know, and keeps it before anybody acts on it.
    pub(super) fn keep<T>(&self, change: impl FnOnce(&mut Ledger, i64) -> T) -> T {
        let mut ledger = lock(&self.ledger);
        let now = self.clock.now();
        let changed = change(&mut ledger, now);
        if self.store.save(&ledger.document()).is_err() {
            ledger.health.note(Code::Internal, now); // it goes on from memory
        }
        changed
    }

    /// Lets time pass; `None` if the channel stops meanwhile.
    pub(super) async fn pause(&self, pause: Duration) -> Option<()> {
        let sleep = self.clock.sleep(pause);
        self.stopping.run_until_cancelled(sleep).await
    }
}
