//! WeChat on loopback: a state machine that decides and an HTTP shell that does not.
//!
//! The simulator speaks only the wire (see `spec/transport.md`) and would serve any bot. Whoever
//! runs a scenario drives it through [`Simulator`] and hears of everything through an [`Observer`].

mod account;
mod answer;
mod cdn;
mod cipher;
mod contact;
mod context;
mod control;
mod desk;
mod fault;
mod http;
mod journal;
mod line;
mod login;
mod medium;
mod observation;
mod openapi;
mod order;
mod payload;
mod query;
mod state;
mod updates;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use account::{Delivery, Injected, Parcel};
pub use contact::Draft;
pub use context::{ANSWER_WINDOW_MS, Contact, SENDS_PER_TOKEN};
pub use fault::{Fault, FaultRule, Shape};
pub use journal::Entry;
pub use login::VERIFY_CODE;
pub use observation::{Bystander, Event, MASK, Observation, Observer, TurnedAway};
pub use openapi::document as openapi;
pub use order::{
    BatchOrder, ClockOrder, Done, ErrorAnswer, FaultsAnswer, LoggedMessage, LoginOrder,
    MessageOrder, MessageReceipt, ParkedPoll, RedeliverOrder, StateAnswer, TokenAnswer, UserOrder,
};
pub use updates::Position;

use crate::wire::QrStatus;
use http::{Door, Port};
use state::Shared;

/// How many connections an adapter under test may hold open: far more than a bot needs. Each of them
/// is one of the kit's own, too.
pub const CONNECTIONS_MAX: usize = 64;

/// How a simulated WeChat is set up.
#[derive(Clone)]
pub struct Options {
    /// WeChat's clock at the start, milliseconds since 1970.
    pub now_ms: i64,
    /// Whether that clock runs by itself; else it stands until [`Simulator::set_now`].
    pub runs: bool,
    /// The bot token; drawn if empty.
    pub token: String,
    /// The bot's id; drawn if empty.
    pub bot_id: String,
    /// The person who logged the bot in; drawn if empty.
    pub owner_user_id: String,
    /// Whether a cursor that was passed already brings its messages again. The real WeChat does
    /// not do that.
    pub honours_old_cursor: bool,
    /// How long a poll is held.
    pub hold: Duration,
    /// What the drawn names, ids and tokens depend on.
    pub seed: u64,
    /// The port to listen on; 0 for any.
    pub port: u16,
    /// How long a poll has to wait that comes after a failed one: real clients poll on without a
    /// pause.
    pub brake: Duration,
    /// How long a client may take to send a head, or a body.
    pub patience: Duration,
    /// How many connections may be open at a time; one more is closed at once.
    pub connections: usize,
    /// Whether the control API and the page are served. An adapter under test must not find them.
    pub control: bool,
    /// Told of everything that happens. It may call the simulator.
    pub observer: Option<Observer>,
    /// Told of what was turned away before it was a call.
    pub bystander: Option<Bystander>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            now_ms: 1_774_353_600_000,
            runs: false,
            token: String::new(),
            bot_id: String::new(),
            owner_user_id: String::new(),
            honours_old_cursor: false,
            hold: Duration::from_secs(25),
            seed: 0,
            port: 0,
            brake: Duration::ZERO,
            patience: Duration::from_secs(30),
            connections: Semaphore::MAX_PERMITS,
            control: false,
            observer: None,
            bystander: None,
        }
    }
}

/// A poll that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parked {
    /// Its exchange.
    pub exchange: u64,
    /// Where its cursor points: at or beyond [`Injected::position`] it lies behind that message.
    pub position: Position,
}

/// A running WeChat. Stops when it is dropped; [`Simulator::stop`] also waits for that.
pub struct Simulator {
    shared: Arc<Shared>,
    port: u16,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

#[expect(
    clippy::must_use_candidate,
    reason = "most methods act; what they return may not matter"
)]
impl Simulator {
    /// Starts WeChat on the loopback address, on the caller's runtime.
    ///
    /// # Errors
    /// If the port cannot be had.
    #[expect(clippy::unused_async, reason = "it needs a runtime, and says so")]
    pub async fn start(options: Options) -> io::Result<Self> {
        let own = Port::take(options.port)?;
        let (listener, port) = (own.listen()?, own.address.port());
        let shared = Arc::new(Shared::new(options, port));
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        let accept = http::accept(
            own,
            listener,
            Arc::clone(&shared),
            stopping.clone(),
            tasks.clone(),
        );
        tasks.spawn(accept);
        tasks.close();
        Ok(Self {
            shared,
            port,
            stopping,
            tasks,
        })
    }

    /// Stops: every connection is closed and the port is free when this returns.
    pub async fn stop(self) {
        self.shared.fall_silent();
        self.stopping.cancel();
        self.tasks.wait().await;
    }

    // --- where it is -------------------------------------------------------------------------

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The API base, without a trailing slash.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The base of the control API, without a trailing slash.
    pub fn control_url(&self) -> String {
        format!("{}/{}", self.base_url(), control::FOLDER)
    }

    /// The CDN base, without a trailing slash.
    pub fn cdn_base_url(&self) -> String {
        format!("{}/c2c", self.base_url())
    }

    /// The bot token.
    pub fn token(&self) -> String {
        self.shared.with(|state| state.account.token.clone())
    }

    /// The bot's id.
    pub fn bot_id(&self) -> String {
        self.shared.with(|state| state.account.bot_id.clone())
    }

    /// The id of the person who logged the bot in.
    pub fn owner_user_id(&self) -> String {
        self.shared
            .with(|state| state.account.owner_user_id.clone())
    }

    // --- what people do ----------------------------------------------------------------------

    /// Somebody writes a text to the bot.
    pub fn send_text(&self, from: &str, text: &str) -> Injected {
        self.inject(Draft::text(from, text))
    }

    /// Somebody sends items to the bot, in one message.
    pub fn send_items(&self, from: &str, items: Vec<Value>) -> Injected {
        self.inject(Draft::items(from, items))
    }

    /// Somebody sends a message to the bot.
    pub fn inject(&self, draft: Draft) -> Injected {
        self.inject_batch(&[Parcel::New(draft)]).remove(0)
    }

    /// Several messages reach WeChat at once, so that one poll takes them all, in this order.
    pub fn inject_batch(&self, parcels: &[Parcel]) -> Vec<Injected> {
        self.shared.with(|state| state.inject(parcels))
    }

    /// WeChat gives the newest message with this id once more, in the next batch: letter for
    /// letter, or under a new message id and context token. `None` if there is no such message.
    pub fn redeliver(&self, message_id: u64, as_new_id: bool) -> Option<Injected> {
        let position = self.shared.with(|state| state.account.find(message_id))?;
        Some(
            self.inject_batch(&[Parcel::Again {
                position,
                as_new_id,
            }])
            .remove(0),
        )
    }

    // --- what WeChat does --------------------------------------------------------------------

    /// Every cursor but `""` is unknown from now on, until a poll comes with `""`.
    pub fn reset_cursor(&self) {
        self.shared.with(state::State::reset_cursor);
    }

    /// The login is void: every call is refused with -14.
    pub fn expire_session(&self) {
        self.shared.with(state::State::expire_session);
    }

    /// The login is good again; the token to use.
    pub fn renew_session(&self) -> String {
        self.shared.with(|state| {
            state.account.renew();
            state.account.token.clone()
        })
    }

    /// What the next status calls of the QR login will hear, over all codes.
    pub fn script_login(&self, statuses: Vec<QrStatus>) {
        self.shared
            .with(|state| state.account.login.script(statuses));
    }

    /// No context token of this person is worth anything until they write again.
    pub fn expire_context(&self, user_id: &str) {
        self.shared
            .with(|state| state.account.contexts.revoke(user_id));
    }

    /// Sets a fault; calls that begin from now on count.
    ///
    /// # Errors
    /// What is out of bounds, in words.
    pub fn set_fault(&self, rule: FaultRule) -> Result<(), String> {
        rule.check()?;
        self.shared.with(|state| state.faults.set(rule));
        Ok(())
    }

    /// Removes every fault that is set; calls that are already in one stay in it.
    pub fn clear_faults(&self) {
        self.shared.with(|state| state.faults.clear());
    }

    /// From now on nobody can connect, and whoever is connected is cut off; or it is over.
    pub fn refuse_connections(&self, refuse: bool) {
        self.shared
            .set_door(if refuse { Door::Shut } else { Door::Open });
    }

    /// Sets WeChat's clock, milliseconds since 1970.
    pub fn set_now(&self, now_ms: i64) {
        self.shared.with(|state| state.set_now(now_ms));
    }

    /// Answers every held poll now, without messages.
    pub fn release_polls(&self) {
        self.shared.with(state::State::release_polls);
    }

    // --- what was seen -----------------------------------------------------------------------

    /// The polls that are held, oldest first.
    pub fn parked(&self) -> Vec<Parked> {
        self.shared.with(|state| {
            let parked = state.account.updates().parked();
            parked
                .map(|(exchange, position)| Parked { exchange, position })
                .collect()
        })
    }

    /// What people received, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.with(|state| state.account.deliveries())
    }

    /// The faults that are set, oldest first.
    pub fn faults(&self) -> Vec<FaultRule> {
        self.shared
            .with(|state| state.faults.pending().cloned().collect())
    }

    /// How far the update log was delivered.
    pub fn consumed(&self) -> Position {
        self.shared.with(|state| state.account.updates().consumed())
    }

    /// Whether the login is void.
    pub fn is_expired(&self) -> bool {
        self.shared.with(|state| state.account.is_expired())
    }

    /// Who wrote so far.
    pub fn contacts(&self) -> Vec<Contact> {
        self.shared.with(|state| state.account.contexts.people())
    }

    /// The end of the update log.
    pub fn position(&self) -> Position {
        self.shared.with(|state| state.account.updates().end())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.fall_silent();
        self.stopping.cancel();
    }
}
