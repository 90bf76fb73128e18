//! A WeChat in the same thread: a line of messages, positions in it, contexts, and failures on order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aios_wechat::reference::transport::{Failure, Transport};
use aios_wechat::wire::{
    GetConfigResponse, GetUpdatesResponse, Refusal, SendMessageResponse, Uint64, WeixinMessage,
    read,
};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, pending};
use tokio::sync::oneshot;

use super::process::Life;
use super::script::{Call, Failing};

/// What a context lives through.
const CONTEXT_LIFETIME_MS: i64 = 24 * 60 * 60 * 1_000;
const SENDS_PER_CONTEXT: u32 = 10;

/// What WeChat saw of the adapter, in order.
#[derive(Debug)]
pub(super) enum Seen {
    /// A poll with a position, if it is known.
    Poll { position: Option<usize> },
    /// Its answer: the entries from the one position to the other.
    Gave { from: usize, to: usize },
    /// Its position is not known.
    PollLost,
    /// It failed.
    PollFailed(Failing),
    /// A send: what it was, and how it ended.
    Send {
        message: Box<WeixinMessage>,
        took_effect: bool,
        failed: Option<Failing>,
    },
    /// A call about the typing sign failed.
    TypingFailed(Failing),
}

/// WeChat; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Wechat {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    now: i64,
    line: Vec<String>,
    generation: u32,
    parked: Option<(usize, oneshot::Sender<Result<GetUpdatesResponse, Failure>>)>,
    stalled: Vec<oneshot::Sender<()>>,
    failing: BTreeMap<Call, VecDeque<Option<Failing>>>,
    contexts: BTreeMap<String, Context>,
    read: BTreeSet<String>,
    sent: u64,
    seen: Vec<Seen>,
}

/// What becomes of a poll.
enum Polled {
    Failed(Failure),
    Answered(GetUpdatesResponse),
    Held(oneshot::Receiver<Result<GetUpdatesResponse, Failure>>),
    Stalled(Failing, oneshot::Receiver<()>),
}

struct Context {
    person: String,
    since: i64,
    sends: u32,
}

impl Wechat {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn set_now(&self, now: i64) {
        self.state().now = now;
    }

    /// Puts messages into the line; a poll that is held gets them.
    pub(super) fn give(&self, messages: impl IntoIterator<Item = String>) {
        let mut state = self.state();
        state.line.extend(messages);
        state.release();
    }

    pub(super) fn hand_out_context(&self, token: String, person: &str) {
        let mut state = self.state();
        let since = state.now;
        let person = person.to_owned();
        state.contexts.insert(
            token,
            Context {
                person,
                since,
                sends: 0,
            },
        );
    }

    pub(super) fn expire_contexts(&self, person: &str) {
        let mut state = self.state();
        state.contexts.retain(|_, context| context.person != person);
    }

    /// The next calls of this kind but so many fail so.
    pub(super) fn fail(&self, call: Call, after: usize, how: Failing, times: usize) {
        let mut state = self.state();
        let line = state.failing.entry(call).or_default();
        line.extend(std::iter::repeat_n(None, after));
        line.extend(std::iter::repeat_n(Some(how), times));
        line.truncate(4);
        // A poll that is held is the next one.
        if call == Call::Poll
            && let Some((position, answer)) = state.parked.take()
            && !answer.is_closed()
        {
            match state.next_failure(Call::Poll) {
                Some(how) => {
                    state.seen.push(Seen::PollFailed(how));
                    let _ = answer.send(Err(failure(how)));
                }
                None => state.parked = Some((position, answer)),
            }
        }
    }

    /// Nothing fails any more.
    pub(super) fn recover(&self) {
        let mut state = self.state();
        state.failing.clear();
        state.stalled.clear();
    }

    pub(super) fn forget_positions(&self) {
        self.state().generation += 1;
    }

    /// What was stalled ends, and a held poll is answered empty.
    pub(super) fn time_passes(&self) {
        let mut state = self.state();
        state.stalled.clear();
        if let Some((position, answer)) = state.parked.take()
            && !answer.is_closed()
        {
            let _ = answer.send(Ok(state.batch(position)));
        }
    }

    /// Whether a poll is held behind the last message.
    pub(super) fn is_read_to_the_end(&self) -> bool {
        let state = self.state();
        let end = state.line.len();
        state
            .parked
            .as_ref()
            .is_some_and(|(position, answer)| *position == end && !answer.is_closed())
    }

    /// Whether a poll is held.
    pub(super) fn is_polled(&self) -> bool {
        let state = self.state();
        state
            .parked
            .as_ref()
            .is_some_and(|(_, answer)| !answer.is_closed())
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state().seen)
    }

    /// The way to it for one process.
    pub(super) fn line_of(&self, life: Arc<Life>) -> Arc<dyn Transport> {
        Arc::new(Line {
            wechat: self.clone(),
            life,
        })
    }
}

impl State {
    fn next_failure(&mut self, call: Call) -> Option<Failing> {
        self.failing.get_mut(&call)?.pop_front()?
    }

    /// Where a cursor points; `None` if it is not known.
    fn position(&self, cursor: &str) -> Option<usize> {
        if cursor.is_empty() {
            return Some(0);
        }
        let (generation, position) = cursor.split_once('-')?;
        (generation == self.generation.to_string()).then(|| position.parse().ok())?
    }

    fn poll(&mut self, cursor: &str) -> Polled {
        let position = self.position(cursor);
        self.seen.push(Seen::Poll { position });
        match self.next_failure(Call::Poll) {
            Some(how @ Failing::Stalled { .. }) => return Polled::Stalled(how, self.stall()),
            Some(how) => {
                self.seen.push(Seen::PollFailed(how));
                return Polled::Failed(failure(how));
            }
            None => {}
        }
        let Some(position) = position else {
            self.seen.push(Seen::PollLost);
            return Polled::Failed(Failure::Refused(Refusal {
                code: Refusal::SYSTEM,
                errmsg: "invalid get_updates_buf".to_owned(),
            }));
        };
        if position < self.line.len() {
            return Polled::Answered(self.batch(position));
        }
        let (tell, answer) = oneshot::channel();
        self.parked = Some((position, tell));
        Polled::Held(answer)
    }

    fn batch(&mut self, position: usize) -> GetUpdatesResponse {
        let end = self.line.len();
        let messages = self.line[position..end].join(",");
        let cursor = format!("{}-{end}", self.generation);
        self.seen.push(Seen::Gave {
            from: position,
            to: end,
        });
        read(&format!(
            r#"{{"ret":0,"msgs":[{messages}],"get_updates_buf":"{cursor}"}}"#
        ))
        .value
    }

    fn release(&mut self) {
        if let Some((position, answer)) = self.parked.take() {
            if answer.is_closed() {
                return;
            }
            if position < self.line.len() {
                let batch = self.batch(position);
                let _ = answer.send(Ok(batch));
            } else {
                self.parked = Some((position, answer));
            }
        }
    }

    /// Whether WeChat takes a message under this context.
    fn takes(&mut self, message: &WeixinMessage) -> bool {
        let now = self.now;
        self.contexts
            .get_mut(&message.context_token)
            .is_some_and(|context| {
                context.sends += 1;
                context.person == message.to_user_id
                    && now - context.since < CONTEXT_LIFETIME_MS
                    && context.sends <= SENDS_PER_CONTEXT
            })
    }

    fn stall(&mut self) -> oneshot::Receiver<()> {
        let (end, stalled) = oneshot::channel();
        self.stalled.push(end);
        stalled
    }
}

fn failure(how: Failing) -> Failure {
    let refused = |code, errmsg: &str| {
        Failure::Refused(Refusal {
            code,
            errmsg: errmsg.to_owned(),
        })
    };
    match how {
        Failing::Connection | Failing::Lost => Failure::Connection,
        Failing::Timeout | Failing::Stalled { .. } => Failure::Timeout,
        Failing::Status { retry_after_sec } => Failure::Status {
            retry_after: retry_after_sec.map(Duration::from_secs),
        },
        Failing::Malformed => Failure::Malformed,
        Failing::Expired => refused(Refusal::SESSION_EXPIRED, "session expired"),
        Failing::Limited => refused(Refusal::RESTRICTED, "freq limit"),
        Failing::Context => refused(Refusal::RESTRICTED, "unknown error"),
        Failing::Other => refused(Refusal::SYSTEM, "system error"),
    }
}

/// The line of one process to WeChat. A dead one reaches nobody and hears nothing.
struct Line {
    wechat: Wechat,
    life: Arc<Life>,
}

impl Line {
    async fn poll(
        &self,
        cursor: &str,
        sent: &(dyn Fn() + Sync),
    ) -> Result<GetUpdatesResponse, Failure> {
        if !self.life.lives_on() {
            return pending().await;
        }
        let poll = self.wechat.state().poll(cursor);
        let answer = match poll {
            Polled::Failed(Failure::Connection) => return Err(Failure::Connection),
            Polled::Failed(failure) => Err(failure),
            Polled::Answered(batch) => Ok(batch),
            Polled::Held(answer) => {
                sent();
                match answer.await {
                    Ok(answer) => answer,
                    Err(_) => pending().await,
                }
            }
            Polled::Stalled(how, end) => {
                sent();
                let _ = end.await;
                self.wechat.state().seen.push(Seen::PollFailed(how));
                Err(failure(how))
            }
        };
        sent();
        answer
    }

    async fn send(&self, message: WeixinMessage) -> Result<SendMessageResponse, Failure> {
        if !self.life.lives_on() {
            return pending().await;
        }
        let (how, stalled) = {
            let mut state = self.wechat.state();
            let how = state.next_failure(Call::Send);
            let reaches = matches!(
                how,
                None | Some(Failing::Lost | Failing::Stalled { takes_effect: true })
            );
            let taken = reaches && state.takes(&message);
            if taken {
                state.read.insert(message.client_id.clone());
            }
            let how = how.or((!taken).then_some(Failing::Context));
            state.seen.push(Seen::Send {
                message: Box::new(message),
                took_effect: taken,
                failed: how,
            });
            let stalled = matches!(how, Some(Failing::Stalled { .. }));
            (how, stalled.then(|| state.stall()))
        };
        if let Some(stalled) = stalled {
            let _ = stalled.await;
        }
        if let Some(how) = how {
            return Err(failure(how));
        }
        let mut state = self.wechat.state();
        state.sent += 1;
        Ok(SendMessageResponse {
            message_id: Uint64(7_500_000_000_000_000_000 + state.sent),
            ..SendMessageResponse::default()
        })
    }

    /// A call about the typing sign; nothing depends on it.
    async fn sign(&self) -> Result<(), Failure> {
        if !self.life.lives_on() {
            return pending().await;
        }
        let (how, stalled) = {
            let mut state = self.wechat.state();
            let how = state.next_failure(Call::Typing);
            state.seen.extend(how.map(Seen::TypingFailed));
            let stalled = matches!(how, Some(Failing::Stalled { .. }));
            (how, stalled.then(|| state.stall()))
        };
        if let Some(stalled) = stalled {
            let _ = stalled.await;
        }
        how.map_or(Ok(()), |how| Err(failure(how)))
    }
}

impl Transport for Line {
    fn get_updates<'a>(
        &'a self,
        cursor: &'a str,
        sent: &'a (dyn Fn() + Sync),
    ) -> BoxFuture<'a, Result<GetUpdatesResponse, Failure>> {
        self.poll(cursor, sent).boxed()
    }

    fn send_message(
        &self,
        message: WeixinMessage,
    ) -> BoxFuture<'_, Result<SendMessageResponse, Failure>> {
        self.send(message).boxed()
    }

    fn get_config<'a>(
        &'a self,
        _peer: &'a str,
        _context_token: Option<&'a str>,
    ) -> BoxFuture<'a, Result<GetConfigResponse, Failure>> {
        let answer = async {
            self.sign().await?;
            Ok(GetConfigResponse {
                typing_ticket: "ticket".to_owned(),
                ..GetConfigResponse::default()
            })
        };
        answer.boxed()
    }

    fn send_typing<'a>(
        &'a self,
        _peer: &'a str,
        _ticket: &'a str,
        _status: i64,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        self.sign().boxed()
    }
}
