//! One scenario, live: a simulated WeChat, an adapter, a played AIOS, and the evidence.
//!
//! A session *drives*: it makes things happen, waits, and records. It judges nothing; judgement is
//! [`expect`], pure predicates over the timeline, so that stored evidence can be judged again.

mod actions;
mod aios;
mod cast;
mod clock;
mod decoy;
mod draft;
pub mod expect;
mod leaks;
mod lifecycle;
mod limit;
mod log;
mod lure;
mod outage;
mod patience;
mod sandbox;
mod wechat;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

pub use crate::simulator::{Fault, FaultRule, Shape};
pub use crate::wire::Endpoint;
pub use aios::{Aios, Mood};
pub use cast::{Cast, Person, Tags};
pub use clock::SceneClock;
pub use draft::{ACTION_FLAWS, Draft, FLAWS, Flaw, allowlist};
pub use leaks::{Quarry, Series};
pub use limit::Limit;
pub use log::{Log, Waited};
pub use outage::Trouble;
pub use patience::Patience;
pub use wechat::{Damage, Item, Letter, Wechat};

use crate::adapter::{CallError, Ending, LaunchError, Place, Reached, Running, Subject};
use crate::contract::driver::{
    AdvanceParams, InitializeParams, KitIdentity, PROTOCOL_VERSION, ProtocolVersion,
};
use crate::contract::{
    Account, AdapterVersion, BaseUrl, CredentialRef, Id, Secret, Secrets, Slug, Start, StateDir,
    Timestamp, Transport,
};
use crate::evidence::{Fact, Mismatch, SentMessage, Timeline};
pub use crate::hunt::Limits;

/// How many turns of the event loop bring what lies in a socket to the timeline, and how long each
/// is at least: a connection is taken, read and answered in one after the other.
const TURNS: u32 = 5;
const TURN: Duration = Duration::from_millis(10);

/// In virtual time: how far a tick moves it, how long the adapter is left alone before one, how
/// often at most in one wait (a minute in all, far below every window that a rule speaks of).
const TICK: Duration = Duration::from_millis(200);
const QUIET: Duration = Duration::from_millis(2);
const TICKS_MAX: u32 = 300;
/// In virtual time: how long an adapter that is about to poll may take before time moves on.
const REPARKED: Duration = Duration::from_secs(1);
/// In virtual time: the real time that a settle time lasts all the same, since HTTP stays real. At
/// least so long, and so many times what the adapter was seen to take for anything so far.
const LULL: Duration = Duration::from_millis(20);
const LULLS: u32 = 5;

/// For a call whose limit is kept here, where it can be seen whether the machine was slow.
const NEVER: Duration = Duration::MAX;

/// Why a step could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The adapter did not do what the step needs of it, or the kit could not tell.
    Mismatch(Mismatch),
    /// A fault of the kit.
    Kit(String),
}

impl From<Mismatch> for Stop {
    fn from(mismatch: Mismatch) -> Self {
        Self::Mismatch(mismatch)
    }
}

impl Stop {
    /// A fault of the kit.
    pub fn kit(cause: impl std::fmt::Display) -> Self {
        Self::Kit(cause.to_string())
    }
}

/// What a driving step returns.
pub type Driven<T = ()> = Result<T, Stop>;

/// What a run has found out about the adapter before its first scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The features it claims, as it wrote them.
    pub features: BTreeSet<String>,
}

impl Known {
    /// Whether a feature is claimed.
    #[must_use]
    pub fn claims(&self, feature: &str) -> bool {
        self.features.contains(feature)
    }
}

/// One scenario, live.
#[derive(Debug)]
pub struct Session {
    /// The adapter; first among the fields, so that it is gone before its folders are.
    live: Option<Live>,
    /// What was seen so far.
    pub log: Log,
    /// WeChat, with everything that can happen there.
    pub wechat: Wechat,
    /// The people and their words.
    pub cast: Cast,
    /// The configuration the adapter is or will be started with.
    pub draft: Draft,
    clock: SceneClock,
    patience: Patience,
    subject: Subject,
    sandbox: TempDir,
    /// When it was made, by the clock of its file system.
    made: SystemTime,
    series: Arc<Series>,
    process: u32,
    control: bool,
    mood: Mood,
    actions: u32,
    /// Requests made of the present process: the link numbers them the same way.
    calls: u32,
    /// Requests that are answered while the scenario goes on.
    outstanding: Vec<JoinHandle<()>>,
    /// An address that the adapter has no business with.
    lure: Option<lure::Lure>,
}

struct Live {
    running: Arc<Running>,
    aios: Arc<Aios>,
}

impl Drop for Live {
    /// A session that did not finish was interrupted, or took too long; calls that are outstanding
    /// still hold the adapter.
    fn drop(&mut self) {
        self.running.abandon();
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("aios", &self.aios)
            .finish_non_exhaustive()
    }
}

/// What a session is made of.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The adapter under test.
    pub subject: Subject,
    /// What is known of it.
    pub known: Known,
    /// How long to wait.
    pub patience: Patience,
    /// What the scenarios of the run have in common.
    pub series: Arc<Series>,
    /// The seed of everything drawn.
    pub seed: u64,
    /// The process is a control process with faultless input.
    pub control: bool,
}

impl Session {
    /// Sets the scene: WeChat is there, the adapter is not yet started.
    ///
    /// # Errors
    /// A fault of the kit: no folder, no port.
    pub async fn open(scene: Scene, log: Log) -> Driven<Self> {
        let mut cast = Cast::draw(scene.seed, &scene.series.tags);
        let clock = SceneClock::new(scene.known.claims("virtual_time"));
        let wechat = Wechat::open(&log, &mut cast, clock).await?;
        let sandbox = sandbox::sandbox(&scene.subject).map_err(Stop::kit)?;
        let made = fs::metadata(sandbox.path()).and_then(|folder| folder.modified());
        let draft = Draft::usual(&cast).map_err(Stop::Kit)?;
        let process = log.read(expect::processes);
        Ok(Self {
            log,
            wechat,
            cast,
            draft,
            clock,
            patience: scene.patience,
            subject: scene.subject,
            sandbox,
            made: made.map_err(Stop::kit)?,
            series: scene.series,
            process,
            control: scene.control,
            mood: Mood::default(),
            live: None,
            actions: 0,
            calls: 0,
            outstanding: Vec::new(),
            lure: None,
        })
    }

    /// Launches the adapter and shakes hands.
    ///
    /// # Errors
    /// Undecided if the adapter cannot be launched or does not answer: it was gone before anything
    /// could be judged.
    pub async fn launch(&mut self) -> Driven {
        self.launch_silently().await?;
        match self.shake_hands(PROTOCOL_VERSION).await? {
            Told::Result => Ok(()),
            Told::Error(error) => Err(Mismatch::undecided(
                "an answer to `initialize` with capabilities",
                format!("error {error}"),
            )
            .into()),
            Told::Nothing(why) => Err(Mismatch::undecided("an answer to `initialize`", why).into()),
        }
    }

    /// Launches the adapter and says nothing to it.
    ///
    /// # Errors
    /// Undecided if the adapter cannot be launched.
    pub async fn launch_silently(&mut self) -> Driven {
        let place = Place::new(self.sandbox.path()).with_ports(self.ports().await?);
        for folder in place.folders() {
            fs::create_dir_all(folder).map_err(Stop::kit)?;
        }
        self.process += 1;
        self.calls = 0;
        let accepted = self
            .live
            .take()
            .map_or_else(BTreeSet::new, |live| live.aios.memory().1);
        let accepted = if accepted.is_empty() {
            self.log.read(expect::accepted_keys)
        } else {
            accepted
        };
        let aios = Arc::new(Aios::new(
            self.log.clone(),
            self.process,
            self.mood,
            accepted,
        ));
        self.log.record(Fact::Launched {
            process: self.process,
            control: self.control,
        });
        let running = self
            .subject
            .launch(&place, Arc::clone(&aios) as _)
            .await
            .map_err(|error| not_launched(&error))?;
        self.live = Some(Live {
            running: Arc::new(running),
            aios,
        });
        Ok(())
    }

    async fn shake_hands(&mut self, protocol_version: ProtocolVersion) -> Driven<Told> {
        let params = InitializeParams {
            protocol_version,
            kit: KitIdentity {
                name: Slug::try_from(env!("CARGO_PKG_NAME")).map_err(Stop::kit)?,
                version: AdapterVersion::try_from(env!("CARGO_PKG_VERSION")).map_err(Stop::kit)?,
            },
        };
        self.call("initialize", &params, self.patience.initialize())
            .await
    }

    /// Starts the launched adapter with the draft; what it says is recorded, not judged.
    ///
    /// # Errors
    /// The adapter does not answer at all.
    pub async fn start(&mut self) -> Driven {
        self.start_at(self.wechat.transport()).await
    }

    /// Starts the adapter with the draft as it stands, against an address that leads nowhere good:
    /// whoever polls there has not refused.
    ///
    /// # Errors
    /// The adapter does not answer at all.
    pub async fn start_trapped(&mut self) -> Driven {
        let trap = self.wechat.trap().await?;
        self.start_at(trap).await
    }

    async fn start_at(&mut self, (base_url, cdn_base_url): (String, String)) -> Driven {
        let url = |text: String| BaseUrl::try_from(text).map_err(Stop::kit);
        let state_dir = Place::new(self.sandbox.path()).state();
        let faultless = Start {
            integration: self.draft.integration.clone(),
            secrets: self.secrets()?,
            transport: Transport {
                base_url: url(base_url)?,
                cdn_base_url: url(cdn_base_url)?,
            },
            state_dir: StateDir::try_from(state_dir.to_string_lossy().into_owned())
                .map_err(Stop::kit)?,
            clock: self.clock.setting(),
        };
        if let Some(flaw) = self.draft.flaw {
            let what = flaw.words().to_owned();
            self.log.record(Fact::Flawed { what });
        }
        let mut params = serde_json::to_value(&faultless).map_err(Stop::kit)?;
        params["integration"] = self.draft.document().map_err(Stop::Kit)?;
        match self.call("start", &params, self.patience.start()).await? {
            Told::Nothing(why) => {
                Err(Mismatch::new("an answer to `start`", why, self.last()).into())
            }
            Told::Result | Told::Error(_) => Ok(()),
        }
    }

    fn secrets(&self) -> Driven<Secrets> {
        let mut secrets = Vec::new();
        if !self.draft.secret_withheld() {
            let account = Account {
                token: Secret::try_from(self.cast.token.as_str()).map_err(Stop::kit)?,
                bot_id: Id::try_from(self.cast.bot.as_str()).map_err(Stop::kit)?,
                user_id: Id::try_from(self.cast.owner.as_str()).map_err(Stop::kit)?,
            };
            let reference = CredentialRef::try_from(draft::CREDENTIAL).map_err(Stop::kit)?;
            secrets.push((reference, account));
        }
        Ok(secrets.into_iter().collect())
    }

    /// Launches and starts the adapter, which is to run afterwards.
    ///
    /// # Errors
    /// The adapter refuses a faultless configuration, or does not answer.
    pub async fn run(&mut self) -> Driven {
        self.launch().await?;
        self.start().await?;
        match self.log.read(expect::last_start_error) {
            None => Ok(()),
            Some((at, error)) => Err(Mismatch::new(
                "the adapter to start with a faultless configuration",
                format!("it answers with error {error}"),
                vec![at],
            )
            .into()),
        }
    }

    /// Asks the adapter to stop, and waits for its process to end.
    ///
    /// # Errors
    /// The adapter does not answer `stop`.
    pub async fn stop(&mut self) -> Driven {
        let told = self
            .call("stop", &serde_json::Map::new(), self.patience.call())
            .await?;
        let ended = self.close().await;
        match told {
            Told::Nothing(why) => {
                Err(Mismatch::new("an answer to `stop`", why, self.last()).into())
            }
            Told::Result | Told::Error(_) => ended,
        }
    }

    /// Closes the adapter's input and waits for it to end; ends it after the grace period.
    async fn close(&mut self) -> Driven {
        if let Some(live) = self.live.take() {
            live.aios.expect_end();
            let ending = live.running.close(self.patience.grace()).await;
            self.ended(&live, &ending).await;
        }
        Ok(())
    }

    /// Ends the adapter at once, as a crash does. Over an event that AIOS leaves unanswered it first
    /// gets the time to go on as if it had been answered: earlier, it would be chance whether it has.
    ///
    /// # Errors
    /// None so far.
    pub async fn kill(&mut self) -> Driven {
        if self.live.is_some() && self.log.read(expect::left_open).is_some() {
            self.lull().await;
        }
        if let Some(live) = self.live.take() {
            live.aios.expect_end();
            let ending = live.running.kill().await;
            self.ended(&live, &ending).await;
        }
        Ok(())
    }

    /// Looks once more whether the adapter uses up more than it may: whether that is seen must not
    /// depend on how long a scenario goes on.
    pub async fn look_over(&self) {
        if let Some(live) = &self.live {
            live.running.look_over().await;
        }
    }

    /// Waits for what is outstanding.
    async fn join_outstanding(&mut self) {
        for mut call in self.outstanding.drain(..) {
            if timeout(self.patience.grace(), &mut call).await.is_err() {
                call.abort();
            }
        }
    }

    async fn ended(&mut self, live: &Live, ending: &Ending) {
        // With the process gone nothing is outstanding any more; let that be recorded first.
        self.join_outstanding().await;
        self.mood = live.aios.memory().0;
        let reached = match ending.reached {
            Reached::Gone => "gone",
            Reached::EndOfInput => "end_of_input",
            Reached::Asked => "asked",
            Reached::Killed => "killed",
        };
        self.log.record(Fact::Closed {
            process: self.process,
            reached: reached.to_owned(),
            left_behind: ending
                .left_behind
                .iter()
                .map(|stray| stray.name.clone())
                .collect(),
        });
    }

    /// How AIOS receives events at present.
    #[must_use]
    pub fn mood(&self) -> Mood {
        self.live
            .as_ref()
            .map_or(self.mood, |live| live.aios.memory().0)
    }

    /// Somebody sends a message.
    pub fn send(&mut self, letter: &Letter) -> SentMessage {
        self.wechat.send(&mut self.cast, letter)
    }

    /// Somebody sends several messages that WeChat hands over together.
    pub fn send_at_once(&mut self, letters: &[Letter], twin: Option<usize>) -> Vec<SentMessage> {
        self.wechat.send_at_once(&mut self.cast, letters, twin)
    }

    /// Somebody says something.
    pub fn say(&mut self, who: Person, text: &str) -> SentMessage {
        let letter = Letter::new(self.cast.person(who), Item::Text(text.to_owned()));
        self.send(&letter)
    }

    /// Starts the adapter once more in the same process, now with a faultless configuration; if
    /// it will not have it, gives whatever it may still do a settle time instead.
    ///
    /// # Errors
    /// The adapter does not answer.
    pub async fn start_again(&mut self) -> Driven {
        self.start().await?;
        if self.log.read(expect::last_start_error).is_some() {
            self.settle().await?;
        }
        Ok(())
    }

    /// How AIOS receives events from now on, over restarts.
    pub fn set_mood(&mut self, mood: Mood) {
        self.log.record(Fact::Note {
            text: format!("from here AIOS {mood}"),
        });
        self.mood = mood;
        if let Some(live) = &self.live {
            for (id, answer) in live.aios.set_mood(mood) {
                live.running.answer(&id, &answer);
            }
        }
    }

    /// Damages everything that the adapter keeps.
    ///
    /// # Errors
    /// A fault of the kit: the files cannot be changed.
    pub fn damage(&mut self, damage: Damage) -> Driven {
        let state = Place::new(self.sandbox.path()).state();
        let files = damage.inflict(&state, &mut self.cast).map_err(Stop::kit)?;
        self.log.record(Fact::Damaged {
            how: damage.word().to_owned(),
            files,
        });
        Ok(())
    }

    /// Asks for the access rules in force.
    ///
    /// # Errors
    /// The adapter does not answer.
    pub async fn audit(&mut self) -> Driven {
        self.ask("audit", &serde_json::Map::new()).await
    }

    /// Asks for the health.
    ///
    /// # Errors
    /// The adapter does not answer.
    pub async fn health(&mut self) -> Driven {
        self.ask("health", &serde_json::Map::new()).await
    }

    async fn ask(&mut self, method: &'static str, params: &impl Serialize) -> Driven {
        match self.call(method, params, self.patience.call()).await? {
            Told::Nothing(why) => {
                Err(Mismatch::new(format!("an answer to `{method}`"), why, self.last()).into())
            }
            Told::Result | Told::Error(_) => Ok(()),
        }
    }

    /// The present moment, milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Moves time, if the adapter lets us.
    ///
    /// # Errors
    /// The adapter does not answer.
    pub async fn advance(&mut self, by: Duration) -> Driven {
        let SceneClock::Virtual(now) = &mut self.clock else {
            self.let_go_by(by).await;
            return Ok(());
        };
        *now += i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let now = Timestamp::from_unix_ms(*now);
        let wechat = &self.wechat;
        let parked = |_: &Timeline| (!wechat.parked().is_empty()).then_some(());
        if by > TICK && self.log.read(expect::is_about_to_poll) {
            // A poll on the wire would be overtaken by the leap, and taken for one that timed out.
            self.log.wait(REPARKED, parked).await;
        }
        if !wechat.parked().is_empty() {
            let before = self.log.len();
            wechat.release_polls();
            // Whoever polls again does so at once; whoever pauses first waits for the time to come.
            let again = |t: &Timeline| expect::polled_since(t, before).then_some(());
            self.log.wait(REPARKED, again).await;
            // A poll that went wrong is held by nobody.
            let mut awaiting = expect::Awaiting::default();
            let settled =
                |t: &Timeline| (awaiting.follow(t) || !wechat.parked().is_empty()).then_some(());
            self.log.wait(REPARKED, settled).await;
        }
        self.wechat.set_now(self.clock.now_ms());
        self.log.record(Fact::Clock {
            now: now.to_string(),
        });
        self.ask("advance", &AdvanceParams { now }).await
    }

    /// Waits until `look` finds something in the timeline, at most `limit` of real time, and no longer
    /// than there is an adapter to do it. Where time is ours to move and the adapter is seen to wait
    /// for it to pass, it passes.
    async fn wait<T>(
        &mut self,
        limit: Duration,
        mut look: impl FnMut(&Timeline) -> Option<T>,
    ) -> Driven<Waited<T>> {
        let waited = self.wait_out(limit, |timeline| match look(timeline) {
            Some(seen) => Some(Some(seen)),
            // Nothing comes of a process that has ended by itself, which is held against it anyhow.
            None => expect::process_ended(timeline).then_some(None),
        });
        Ok(match waited.await? {
            Waited::Seen(Some(seen)) => Waited::Seen(seen),
            Waited::Seen(None) => {
                self.hear_out().await;
                let seen = self.log.read(look);
                seen.map_or(Waited::Expired { late: false }, Waited::Seen)
            }
            Waited::Expired { late } => Waited::Expired { late },
        })
    }

    /// Hears what a process that is gone has still sent: its sockets hold it, and a few turns of the
    /// event loop bring it here, however slow they are.
    async fn hear_out(&self) {
        for _ in 0..TURNS {
            self.log.wait(TURN, |_| None::<()>).await;
        }
    }

    /// The same to the end of the limit, whether the adapter is there or not.
    async fn wait_out<T>(
        &mut self,
        limit: Duration,
        mut look: impl FnMut(&Timeline) -> Option<T>,
    ) -> Driven<Waited<T>> {
        if self.clock == SceneClock::Real {
            return Ok(self.log.wait(limit, look).await);
        }
        let mut limit = Limit::new(limit);
        let mut ticks = 0;
        let mut awaiting = expect::Awaiting::default();
        loop {
            let may_tick = ticks < TICKS_MAX;
            let waited = self
                .log
                .wait_on(&mut limit, |timeline| match look(timeline) {
                    Some(seen) => Some(Some(seen)),
                    None => (may_tick && awaiting.follow(timeline)).then_some(None),
                })
                .await;
            match waited {
                Waited::Seen(Some(seen)) => return Ok(Waited::Seen(seen)),
                Waited::Seen(None) => {}
                Waited::Expired { late } => return Ok(Waited::Expired { late }),
            }
            // The adapter may already be on its way; only a quiet one waits for time. It may also
            // wait anew by now, and have done what was waited for in between.
            let slept = Instant::now();
            let stirs = |t: &Timeline| !awaiting.follow(t) || look(t).is_some();
            let quiet = self.is_quiet(stirs).await;
            limit.spend(slept.elapsed());
            if quiet {
                ticks += 1;
                self.advance(TICK).await?;
            }
        }
    }

    /// Whether nothing stirs for a moment.
    async fn is_quiet(&self, mut stirs: impl FnMut(&Timeline) -> bool) -> bool {
        let stirred = self.log.wait(QUIET, |t| stirs(t).then_some(())).await;
        if matches!(stirred, Waited::Seen(())) {
            return false;
        }
        // An adapter that shares this thread may be about to, and not have had its turn.
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        !self.log.read(stirs)
    }

    /// Gives an adapter that was started the time to come to a poll that is held. One that does not
    /// is judged by what follows.
    ///
    /// # Errors
    /// A fault of the kit.
    pub async fn settle_in(&mut self) -> Driven {
        let limit = self.patience.settle();
        self.wait(limit, |t| expect::holds_a_poll(t).then_some(()))
            .await
            .map(drop)
    }

    /// Waits until a poll is held.
    async fn parked(&mut self) -> Driven {
        let wechat = &self.wechat;
        let limit = self.patience.call();
        let parked = |t: &Timeline| {
            let parked = !wechat.parked().is_empty();
            (parked || expect::process_ended(t)).then_some(parked)
        };
        match self.log.wait(limit, parked).await {
            Waited::Seen(true) => Ok(()),
            waited => {
                let late = matches!(waited, Waited::Expired { late: true });
                Err(self.expired(late, "the adapter to poll", "no poll"))
            }
        }
    }

    /// Waits until everything that was sent so far has had its chance to reach AIOS.
    ///
    /// The adapter is in no hurry to prove a negative, so nothing here sleeps: a message of the
    /// kit's own contact is sent, and once it has arrived, nothing is unsettled and a poll is held
    /// whose cursor lies behind it, whatever was to arrive before it has arrived.
    ///
    /// # Errors
    /// The fence does not pass: something is held up.
    pub async fn fence(&mut self) -> Driven {
        if self.live.is_none() || self.log.read(expect::passed_since_last_drive) {
            return Ok(());
        }
        self.fence_anew().await
    }

    /// The same; what does not arrive is for the judging steps to say.
    ///
    /// # Errors
    /// A fault of the kit.
    pub async fn let_arrive(&mut self) -> Driven {
        match self.fence().await {
            Err(Stop::Kit(fault)) => Err(Stop::Kit(fault)),
            Err(Stop::Mismatch(_)) | Ok(()) => Ok(()),
        }
    }

    /// The same, whatever passed before.
    async fn fence_anew(&mut self) -> Driven {
        // A poll that is on the wire may not have been seen yet, so what was seen decides nothing.
        let refused = self.log.read(expect::refuses_to_start);
        if refused || !self.draft.integration.enabled {
            return self.settle().await;
        }
        let text = self.cast.text();
        let contact = self.draft.fence(&self.cast).to_owned();
        let mut fence = expect::Fence::of(self.wechat.send_fence(&contact, &text));
        let limit = self.patience.call();
        let passed = self
            .wait(limit, |timeline| {
                fence.missing(timeline).is_none().then_some(())
            })
            .await?;
        let missing = self.log.read(|timeline| fence.missing(timeline));
        match (passed, missing) {
            (_, None) => {
                self.patience.note_life();
                self.log.record(Fact::FencePassed {
                    message_id: Some(fence.message.message_id),
                });
                Ok(())
            }
            (passed, Some(missing)) => {
                let at = self.log.record(Fact::FenceHeld {
                    missing: missing.clone(),
                });
                let late = matches!(passed, Waited::Expired { late: true });
                self.patience.note_silence();
                let expected = "a message sent after the others to pass through the adapter";
                Err(if late {
                    Mismatch::undecided(
                        expected,
                        format!("{missing}, and this machine was held up"),
                    )
                    .into()
                } else {
                    Mismatch::new(expected, missing, vec![at]).into()
                })
            }
        }
    }

    /// In place of a fence where nothing can be sent: an answered `health`, then a settle time.
    async fn settle(&mut self) -> Driven {
        self.health().await?;
        if self.clock != SceneClock::Real {
            self.advance(self.patience.settle()).await?;
        }
        self.lull().await;
        self.health().await?;
        self.log.record(Fact::FencePassed { message_id: None });
        Ok(())
    }

    /// Lets as much real time pass as the adapter can be thought to need for whatever it may do.
    async fn lull(&self) {
        let settle = self.patience.settle();
        let time = if self.clock == SceneClock::Real {
            settle
        } else {
            let slowest = self.log.read(expect::slowest_reaction);
            slowest.map_or(settle, |slowest| (slowest * LULLS).clamp(LULL, settle))
        };
        self.let_go_by(time).await;
    }

    /// Lets real time go by, as long as the adapter is there. Returns whether it was to the end.
    async fn let_go_by(&self, time: Duration) -> bool {
        let gone = |t: &Timeline| expect::process_ended(t).then_some(());
        let is_gone = self.log.wait(time, gone).await == Waited::Seen(());
        if is_gone {
            self.hear_out().await;
        }
        !is_gone
    }

    /// Waits until `look` finds something.
    ///
    /// # Errors
    /// It does not within the limit: nothing is seen of `what`.
    pub async fn until<T>(
        &mut self,
        what: &str,
        look: impl FnMut(&Timeline) -> Option<T>,
    ) -> Driven<T> {
        match self.wait(self.patience.call(), look).await? {
            Waited::Seen(seen) => Ok(seen),
            Waited::Expired { late } => {
                self.patience.note_silence();
                Err(self.expired(late, what, "nothing of the kind"))
            }
        }
    }

    fn expired(&self, late: bool, expected: &str, observed: &str) -> Stop {
        if late {
            let observed = format!("{observed}, and this machine was held up");
            Mismatch::undecided(expected, observed).into()
        } else {
            Mismatch::new(expected, observed, self.last()).into()
        }
    }

    fn last(&self) -> Vec<usize> {
        self.log.len().checked_sub(1).into_iter().collect()
    }

    /// Ends everything, orderly if the adapter lets us.
    pub async fn finish(mut self) {
        if self.live.is_some() {
            // What the adapter says to a last `stop` is judged by the rules that are about it.
            drop(self.stop().await);
        }
        self.wechat.close().await;
    }

    async fn call(
        &mut self,
        method: &'static str,
        params: &impl Serialize,
        limit: Duration,
    ) -> Driven<Told> {
        self.ask_later(method, params, limit)?.await
    }

    /// Asks the adapter something at once; the answer can be awaited while other things happen.
    fn ask_later(
        &mut self,
        method: &'static str,
        params: &impl Serialize,
        limit: Duration,
    ) -> Driven<BoxFuture<'static, Driven<Told>>> {
        let Some(live) = &self.live else {
            return Err(Stop::Kit(format!(
                "the scenario calls `{method}` and no adapter runs"
            )));
        };
        let params = serde_json::to_value(params).map_err(Stop::kit)?;
        self.calls += 1;
        let id = format!("k{}", self.calls);
        let (process, log) = (self.process, self.log.clone());
        let (running, patience) = (Arc::clone(&live.running), self.patience.clone());
        log.record(Fact::Asked {
            process,
            id: id.clone(),
            method: method.to_owned(),
            params: masked(&params, &self.cast.token),
        });
        let answer = async move {
            let mut patient = Limit::new(limit);
            let answer = patient
                .patiently(running.call(method, params, NEVER))
                .await
                .unwrap_or_else(|| {
                    let method = method.to_owned();
                    Err(CallError::Timeout { method, limit })
                });
            let (result, error, told) = match answer {
                Ok(result) => (Some(result), None, Told::Result),
                Err(CallError::Remote { error, .. }) => {
                    let error = serde_json::to_value(&error).map_err(Stop::kit)?;
                    (None, Some(error.clone()), Told::Error(error))
                }
                Err(error) => {
                    let timed_out = matches!(error, CallError::Timeout { .. });
                    let why = error.to_string();
                    log.record(Fact::Silent {
                        process,
                        id,
                        method: method.to_owned(),
                        why: why.clone(),
                    });
                    if timed_out {
                        patience.note_silence();
                    }
                    if timed_out && patient.was_late() {
                        let expected = format!("an answer to `{method}`");
                        let observed = format!("{why}, and this machine was held up");
                        return Err(Mismatch::undecided(expected, observed).into());
                    }
                    return Ok(Told::Nothing(why));
                }
            };
            let method = method.to_owned();
            log.record(Fact::Told {
                process,
                id,
                method,
                result,
                error,
            });
            Ok(told)
        };
        Ok(answer.boxed())
    }
}

/// A command that cannot be run is a matter of whoever gave it.
fn not_launched(error: &LaunchError) -> Stop {
    let told = error.told();
    match error.remedy() {
        Some(remedy) => {
            Mismatch::undecided("the adapter to start", format!("{told}; {remedy}")).into()
        }
        None => Stop::Kit(told),
    }
}

/// What came back from the adapter.
enum Told {
    Result,
    Error(Value),
    Nothing(String),
}

/// The same document with the bot token replaced.
fn masked(document: &Value, token: &str) -> Value {
    match document {
        Value::String(text) if text.contains(token) => text.replace(token, "‹bot token›").into(),
        Value::Array(items) => items.iter().map(|item| masked(item, token)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), masked(value, token)))
            .collect(),
        other => other.clone(),
    }
}
