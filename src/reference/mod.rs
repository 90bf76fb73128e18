//! The model adapter, written to be read.
//!
//! # Layout
//!
//! The pure parts take `now` and return values: [`normalize`] reads a WeChat message, [`gate`] says who may
//! speak, [`dedup`] what is settled, [`context`] which token an answer carries, [`render`] cuts a text,
//! [`outbox`] remembers actions, [`record`] is the health, [`backoff`] the patience; [`ledger`] is where they
//! meet. The effects lie at the rim: [`transport`] and [`client`] reach WeChat, [`state`] the folder, [`clock`]
//! the time; `courier` brings events to AIOS, `poll` runs the loop, `speech` carries out actions.
//!
//! # Order of safety
//!
//! A message is judged, told to AIOS, and remembered once AIOS has settled it; when all of a batch is
//! settled the position moves, and the next poll tells WeChat. A kill between any two of these steps
//! repeats a message and never loses one.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::task::AbortOnDropHandle;

use crate::adapter::{Adapter, AdapterError, EventSink, Setup};
use crate::contract::{
    AccessState, AdapterVersion, Capabilities, ChannelStatus, ClockMode, ClockSetting, Code,
    Feature, Features, Health, HealthState, Id, OutboundAction, Receipt, RecentErrors, Slug,
    SupportedTarget, SupportedTargets, Timestamp, TransportMode,
};

pub mod backoff;
mod channel;
pub mod client;
pub mod clock;
pub mod context;
mod courier;
pub mod dedup;
pub mod digest;
pub mod gate;
pub mod ledger;
pub mod normalize;
pub mod outbox;
mod poll;
pub mod record;
pub mod render;
mod speech;
pub mod state;
pub mod transport;

use channel::Channel;
use client::Client;
use clock::{Clock, RealClock, VirtualClock};
use courier::Notice;
use ledger::Ledger;
use poll::PollLoop;
use state::{FolderStore, Found, StateDocument, Store};
use transport::Transport;

/// What the adapter touches of the world: WeChat and its folder, each opened at `start`.
pub trait Surroundings: Send + Sync + 'static {
    /// The way to WeChat at `base_url` for the account of `token`; `None` if the URL is of no use.
    fn wechat(&self, base_url: &str, token: &str) -> Option<Arc<dyn Transport>>;

    /// The folder that a restart keeps.
    fn folder(&self, state_dir: &Path) -> Arc<dyn Store>;
}

/// The world as it is: HTTP and files.
#[derive(Debug, Clone, Copy, Default)]
pub struct World;

impl Surroundings for World {
    fn wechat(&self, base_url: &str, token: &str) -> Option<Arc<dyn Transport>> {
        Some(Arc::new(Client::new(base_url, token)?))
    }

    fn folder(&self, state_dir: &Path) -> Arc<dyn Store> {
        Arc::new(FolderStore::below(state_dir))
    }
}

/// The reference adapter.
pub struct Reference {
    surroundings: Box<dyn Surroundings>,
    running: Mutex<Option<Running>>,
}

/// A started channel and the task that polls for it.
struct Running {
    channel: Arc<Channel>,
    poll: Option<AbortOnDropHandle<()>>,
}

impl Default for Reference {
    fn default() -> Self {
        Self::new()
    }
}

impl Reference {
    /// The reference adapter in the world as it is.
    #[must_use]
    pub fn new() -> Self {
        Self::within(World)
    }

    /// The reference adapter in other surroundings.
    #[must_use]
    pub fn within(surroundings: impl Surroundings) -> Self {
        Self {
            surroundings: Box::new(surroundings),
            running: Mutex::new(None),
        }
    }

    fn channel(&self) -> Option<Arc<Channel>> {
        lock(&self.running)
            .as_ref()
            .map(|running| Arc::clone(&running.channel))
    }

    /// Opens everything that `setup` names, and refuses what cannot be honoured.
    fn open(&self, setup: &Setup) -> Result<(Channel, bool), AdapterError> {
        let integration = setup.integration.clone();
        if integration.config.transport_mode() == TransportMode::Webhook {
            let message = "`webhook` is reserved; v0 polls";
            return Err(AdapterError::refused(
                "/integration/config/transport_mode",
                message,
            ));
        }
        let Some(account) = setup.secrets.get(&integration.auth.credential_ref) else {
            let message = "no secret is given for this reference";
            let pointer = "/integration/auth/credential_ref";
            return Err(AdapterError::refused_by("WX-CONF-007", pointer, message));
        };
        let base_url = setup.transport.base_url.as_str();
        let Some(transport) = self.surroundings.wechat(base_url, account.token.expose()) else {
            let message = "expected a plain `http://` address";
            return Err(AdapterError::refused("/transport/base_url", message));
        };
        let state_dir = Path::new(setup.state_dir.as_str());
        if !state_dir.is_dir() {
            return Err(AdapterError::refused(
                "/state_dir",
                "expected an existing folder",
            ));
        }
        let clock = clock(&setup.clock)?;
        let store = self.surroundings.folder(state_dir);
        let (kept, damaged) = match store.load() {
            Found::Intact(kept) => (*kept, false),
            Found::Nothing => (StateDocument::default(), false),
            Found::Damaged => (StateDocument::default(), true),
        };
        let ledger = Ledger::open(&integration, kept);
        let bot_id = account.bot_id.clone();
        Ok((
            Channel::new(integration, bot_id, transport, clock, store, ledger),
            damaged,
        ))
    }
}

impl Adapter for Reference {
    fn capabilities(&self) -> Capabilities {
        let named = "the names of the reference adapter are well-formed";
        Capabilities {
            adapter_id: Slug::try_from("aios-wechat-reference").expect(named),
            adapter_version: AdapterVersion::try_from(env!("CARGO_PKG_VERSION")).expect(named),
            supported_targets: SupportedTargets::try_from(vec![SupportedTarget::Wechat])
                .expect(named),
            supported_features: Features::try_from(Feature::ALL.to_vec()).expect(named),
            health: HealthState::Stopped,
        }
    }

    async fn start(&self, setup: Setup, events: EventSink) -> Result<(), AdapterError> {
        if self
            .channel()
            .is_some_and(|channel| !channel.stopping.is_cancelled())
        {
            return Err(AdapterError::AlreadyStarted);
        }
        let (channel, damaged) = self.open(&setup)?;
        let channel = Arc::new(channel);
        let starts = channel.keep(|ledger, now| {
            if damaged {
                ledger.health.note(Code::StateDamaged, now);
            }
            ledger.starts()
        });
        if !channel.integration.enabled {
            *lock(&self.running) = Some(Running {
                channel,
                poll: None,
            });
            return Ok(());
        }
        let notices = damaged.then_some(Notice::Status(ChannelStatus::StateDamaged));
        let notices = notices.into_iter().collect();
        let poll = PollLoop::new(Arc::clone(&channel), events, stream_id(starts), notices);
        let poll = Some(AbortOnDropHandle::new(tokio::spawn(poll.run())));
        *lock(&self.running) = Some(Running {
            channel: Arc::clone(&channel),
            poll,
        });
        channel.polling.notified().await;
        Ok(())
    }

    async fn act(&self, action: OutboundAction) -> Result<Receipt, AdapterError> {
        match self.channel() {
            Some(channel) if !channel.stopping.is_cancelled() => channel.act(&action).await,
            _ => Err(AdapterError::NotStarted),
        }
    }

    async fn health(&self) -> Health {
        let Some(channel) = self.channel() else {
            return Health {
                health: HealthState::Stopped,
                last_seen_at: None,
                last_error_code: None,
                recent_errors: RecentErrors::default(),
            };
        };
        let runs = channel.integration.enabled && !channel.stopping.is_cancelled();
        channel.with(|ledger, _| ledger.health.report(runs))
    }

    async fn audit(&self) -> AccessState {
        let channel = self.channel().expect("asked of a started adapter only");
        channel.with(|ledger, _| ledger.access(&channel.integration))
    }

    async fn advance(&self, now: Timestamp) -> Result<(), AdapterError> {
        let channel = self.channel().ok_or(AdapterError::NotStarted)?;
        let now = instant(&now, "/now")?;
        if channel.clock.advance(now) {
            Ok(())
        } else {
            Err(AdapterError::Unsupported)
        }
    }

    async fn stop(&self) -> Result<(), AdapterError> {
        let Some((channel, poll)) = lock(&self.running)
            .as_mut()
            .map(|running| (Arc::clone(&running.channel), running.poll.take()))
        else {
            return Ok(());
        };
        channel.stopping.cancel();
        if let Some(poll) = poll {
            poll.await
                .map_err(|error| AdapterError::Internal(error.to_string()))?;
        }
        drop(channel.turn.lock().await); // an action that was under way has let go
        Ok(())
    }
}

fn clock(setting: &ClockSetting) -> Result<Arc<dyn Clock>, AdapterError> {
    let now = instant(&setting.now, "/clock/now")?;
    Ok(match setting.mode {
        ClockMode::Real => Arc::new(RealClock::starting_at(now)),
        ClockMode::Virtual => Arc::new(VirtualClock::standing_at(now)),
    })
}

fn instant(timestamp: &Timestamp, pointer: &str) -> Result<i64, AdapterError> {
    timestamp
        .unix_ms()
        .ok_or_else(|| AdapterError::refused(pointer, "expected a day that exists"))
}

/// The stream of one start. The number is for people; what makes it unique is random, since the
/// count is lost with the state.
fn stream_id(starts: u64) -> Id {
    let chance = RandomState::new().build_hasher().finish();
    id(format!("st-{starts}-{chance:016x}"))
}

/// An id of our own making, always well-formed.
fn id(text: String) -> Id {
    Id::try_from(text).expect("short, and without control characters")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
