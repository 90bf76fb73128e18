//! All that calls share: the account, the faults, the open exchanges, and the order of evidence.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Semaphore, oneshot, watch};

use super::Options;
use super::account::{Account, Injected, Parcel};
use super::fault::{Fault, Faults};
use super::http::{self, Door};
use super::journal::Journal;
use super::observation::{Bystander, Event, Observation, Observer, TurnedAway, evidence};
use super::updates::{PollReply, Polled, Position};
use crate::wire::Endpoint;

/// The state and those who listen.
pub(super) struct Shared {
    state: Mutex<State>,
    observer: Option<Observer>,
    bystander: Option<Bystander>,
    journal: Option<Mutex<Journal>>,
    /// Held by whoever is telling the observer.
    telling: Mutex<()>,
    silent: AtomicBool,
    /// Whether anybody wants to be told.
    observed: bool,
    pub(super) hold: Duration,
    pub(super) patience: Duration,
    /// Room for the bodies of all requests, in KiB.
    pub(super) room: Arc<Semaphore>,
    /// Room for connections.
    pub(super) seats: Arc<Semaphore>,
    pub(super) port: u16,
    pub(super) door: watch::Sender<Door>,
}

/// What an answer was, until it is known to be out.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
    pub(super) upto: Option<Position>,
    pub(super) fault: Option<Fault>,
}

/// Everything that changes.
pub(super) struct State {
    pub(super) account: Account,
    pub(super) faults: Faults,
    clock: Clock,
    exchanges: u64,
    calls: BTreeMap<Endpoint, u64>,
    open: BTreeMap<u64, Endpoint>,
    answers: BTreeMap<u64, Answer>,
    held: BTreeMap<u64, oneshot::Sender<PollReply>>,
    brake: Duration,
    /// Whether the last poll that ended was refused or cut off.
    polls_fail: bool,
    observed: bool,
    outbox: VecDeque<Observation>,
}

struct Clock {
    set_to: i64,
    runs_since: Option<Instant>,
}

impl Shared {
    pub(super) fn new(options: Options, port: u16) -> Self {
        let observed = options.observer.is_some() || options.control;
        let account = Account::new(&options, port);
        let clock = Clock {
            set_to: options.now_ms,
            runs_since: options.runs.then(Instant::now),
        };
        let state = State {
            account,
            faults: Faults::default(),
            clock,
            exchanges: 0,
            calls: BTreeMap::new(),
            open: BTreeMap::new(),
            answers: BTreeMap::new(),
            held: BTreeMap::new(),
            brake: options.brake,
            polls_fail: false,
            observed,
            outbox: VecDeque::new(),
        };
        Self {
            state: Mutex::new(state),
            observer: options.observer,
            bystander: options.bystander,
            journal: options.control.then(|| Mutex::new(Journal::new())),
            telling: Mutex::new(()),
            silent: AtomicBool::new(false),
            observed,
            hold: options.hold,
            patience: options.patience,
            room: Arc::new(Semaphore::new(http::ROOM)),
            seats: Arc::new(Semaphore::new(options.connections)),
            port,
            door: watch::Sender::new(Door::Open),
        }
    }

    /// Works on the state, then tells the observer what came of it.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let result = work(&mut self.lock());
        self.tell();
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        unpoisoned(&self.state)
    }

    /// Tells of what is turned away before it is one of WeChat's calls, and why.
    pub(super) fn turn_away(&self, what: &str, why: TurnedAway) {
        if let Some(bystander) = &self.bystander
            && !self.silent.load(Ordering::Relaxed)
        {
            bystander(what, why);
        }
    }

    /// Whether it may be driven over HTTP.
    pub(super) const fn is_controlled(&self) -> bool {
        self.journal.is_some()
    }

    /// Reads the journal, if one is kept.
    pub(super) fn read_journal<T>(&self, read: impl FnOnce(&Journal) -> T) -> Option<T> {
        self.journal
            .as_ref()
            .map(|journal| read(&unpoisoned(journal)))
    }

    /// Empties the outbox in order. The observer may call back: whoever is telling goes on telling.
    fn tell(&self) {
        if !self.observed {
            return;
        }
        while !self.lock().outbox.is_empty() {
            let _telling = match self.telling.try_lock() {
                Ok(telling) => telling,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            while let Some(observation) = { self.lock().outbox.pop_front() } {
                if self.silent.load(Ordering::Relaxed) {
                    continue;
                }
                if let Some(journal) = &self.journal {
                    unpoisoned(journal).write(&observation);
                }
                if let Some(observer) = &self.observer {
                    observer(observation);
                }
            }
        }
    }

    /// Tells nothing any more: what happens while everything is torn down is no evidence.
    pub(super) fn fall_silent(&self) {
        self.silent.store(true, Ordering::Relaxed);
    }

    /// Nobody can connect for a moment.
    pub(super) fn slam(&self) {
        self.move_door(Door::Open, Door::Slammed);
    }

    /// The moment is over.
    pub(super) fn open_again(&self) {
        self.move_door(Door::Slammed, Door::Open);
    }

    /// The door is moved, if it is not there already: a listener that ends takes the connections
    /// with it that nobody has taken yet.
    pub(super) fn set_door(&self, to: Door) {
        self.door
            .send_if_modified(|door| mem::replace(door, to) != to);
    }

    fn move_door(&self, from: Door, to: Door) {
        self.door.send_if_modified(|door| {
            let moves = *door == from;
            if moves {
                *door = to;
            }
            moves
        });
    }

    /// Answers were written whole.
    pub(super) fn written(&self, exchanges: &[u64]) {
        self.with(|state| {
            for exchange in exchanges {
                state.written(*exchange);
            }
        });
    }

    /// An exchange ended without a whole answer.
    pub(super) fn broken(&self, exchange: u64) {
        self.with(|state| state.broken(exchange));
    }
}

/// A panic while the state was held has spoilt one call, not the rest.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// WeChat's time, milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        let ran = self
            .clock
            .runs_since
            .map_or(0, |since| since.elapsed().as_millis());
        self.clock
            .set_to
            .saturating_add(i64::try_from(ran).unwrap_or(i64::MAX))
    }

    pub(super) fn set_now(&mut self, now_ms: i64) {
        self.clock.set_to = now_ms;
        self.clock.runs_since = self.clock.runs_since.map(|_| Instant::now());
    }

    /// A call begins: its number, its number among the calls of its endpoint, its fault.
    pub(super) fn begin(&mut self, endpoint: Endpoint) -> (u64, u64, Option<Fault>) {
        self.exchanges += 1;
        let nth = self.calls.entry(endpoint).or_default();
        *nth += 1;
        self.open.insert(self.exchanges, endpoint);
        (self.exchanges, *nth, self.faults.count(endpoint))
    }

    /// How long a call that begins now has to wait first: some clients ask again without a pause
    /// while polls fail, or while nobody scans their code.
    pub(super) const fn brake(&self, endpoint: Endpoint) -> Duration {
        let braked = match endpoint {
            Endpoint::GetUpdates => self.polls_fail,
            Endpoint::GetQrcodeStatus => self.account.login.is_still(),
            _ => false,
        };
        if braked { self.brake } else { Duration::ZERO }
    }

    /// Whether somebody wants evidence.
    pub(super) const fn observed(&self) -> bool {
        self.observed
    }

    /// The secrets that evidence must not show.
    pub(super) fn secrets(&self) -> Vec<String> {
        let old = self.account.old_tokens.iter().cloned();
        old.chain([self.account.token.clone()]).collect()
    }

    pub(super) fn observe(&mut self, exchange: u64, event: Event) {
        if self.observed
            && let Some(&endpoint) = self.open.get(&exchange)
        {
            let at = self.now();
            self.outbox.push_back(Observation {
                exchange,
                at,
                endpoint,
                event,
            });
        }
    }

    /// A poll comes in: its answer, or where to wait for it.
    pub(super) fn poll(
        &mut self,
        exchange: u64,
        cursor: &str,
    ) -> Result<PollReply, oneshot::Receiver<PollReply>> {
        match self.account.updates().poll(exchange, cursor) {
            Polled::Answered(reply) => Ok(reply),
            Polled::Parked(position) => {
                let (answer, held) = oneshot::channel();
                self.held.insert(exchange, answer);
                self.observe(exchange, Event::Parked { position });
                Err(held)
            }
        }
    }

    /// The hold of a poll is over. `None` if it was answered meanwhile.
    pub(super) fn release(&mut self, exchange: u64) -> Option<PollReply> {
        self.held.remove(&exchange);
        self.account.updates().release(exchange)
    }

    /// Gives held polls their answers.
    pub(super) fn answer_polls(&mut self, replies: Vec<(u64, PollReply)>) {
        for (exchange, reply) in replies {
            if let Some(held) = self.held.remove(&exchange)
                && held.send(reply).is_err()
            {
                self.account.updates().lost(exchange);
            }
        }
    }

    /// Parcels reach WeChat, and held polls take them.
    pub(super) fn inject(&mut self, parcels: &[Parcel]) -> Vec<Injected> {
        let injected = self.account.inject(self.now(), parcels);
        self.serve_polls();
        injected
    }

    /// The login is void.
    pub(super) fn expire_session(&mut self) {
        let told = self.account.expire();
        self.answer_polls(told);
    }

    /// Every cursor is forgotten.
    pub(super) fn reset_cursor(&mut self) {
        let told = self.account.reset_cursor();
        self.answer_polls(told);
    }

    /// Gives held polls what there is for them.
    pub(super) fn serve_polls(&mut self) {
        let served = self.account.updates().serve_all();
        self.answer_polls(served);
    }

    /// Answers every held poll without messages.
    pub(super) fn release_polls(&mut self) {
        let parked = self.account.updates().parked().collect::<Vec<_>>();
        let updates = self.account.updates();
        let empty = parked
            .into_iter()
            .filter_map(|(exchange, _)| Some((exchange, updates.release(exchange)?)));
        let empty = empty.collect();
        self.answer_polls(empty);
    }

    /// What is being answered; it counts once it was written.
    pub(super) fn answer(&mut self, exchange: u64, answer: Answer) {
        self.answers.insert(exchange, answer);
    }

    fn written(&mut self, exchange: u64) {
        let Some(Answer {
            status,
            body,
            upto,
            fault,
        }) = self.answers.remove(&exchange)
        else {
            return;
        };
        if self.open.get(&exchange) == Some(&Endpoint::GetUpdates) {
            self.polls_fail = status != 200 || !body.starts_with(br#"{"ret":0,"msgs":["#);
        }
        if let Some(upto) = upto {
            self.account.updates().delivered(exchange, upto);
        }
        if self.observed {
            let body = evidence(&body, &self.secrets());
            self.observe(
                exchange,
                Event::Answered {
                    status,
                    body,
                    upto,
                    fault,
                },
            );
        }
        self.open.remove(&exchange);
        if upto.is_some() {
            self.serve_polls();
        }
    }

    /// A fault cut the exchange off.
    pub(super) fn cut(&mut self, exchange: u64, fault: Fault) {
        self.polls_fail |= self.open.get(&exchange) == Some(&Endpoint::GetUpdates);
        self.observe(exchange, Event::Cut { fault });
        self.end(exchange);
    }

    fn broken(&mut self, exchange: u64) {
        self.observe(exchange, Event::Left);
        self.end(exchange);
    }

    fn end(&mut self, exchange: u64) {
        if self.open.remove(&exchange).is_some() {
            self.answers.remove(&exchange);
            self.held.remove(&exchange);
            self.account.updates().lost(exchange);
            self.serve_polls();
        }
    }
}
