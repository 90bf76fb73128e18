//! What an adapter is, and how the kit talks to one.
//!
//! An adapter author in Rust implements [`Adapter`] and calls [`serve_stdio`], or gives a factory to
//! [`Subject::in_process`]. In any other language the same conversation is held over stdin and stdout:
//! `spec/driver.md` is written for that.
//!
//! [`Adapter`], [`Setup`], [`EventSink`], [`AdapterError`], [`serve`], [`serve_stdio`] and [`Subject`] are covered by
//! the stability clause. The kit's own side of the link ([`Running`], [`Ear`], [`Place`]) is not.

use std::future::Future;

use crate::contract::{
    AccessState, Capabilities, Health, OutboundAction, Receipt, Start, Timestamp,
};

mod command;
mod desk;
mod ear;
mod error;
mod excerpt;
mod frame;
mod host;
mod line;
mod link;
mod outbox;
mod place;
mod process;
mod running;
mod serve;
mod sink;
mod stray;
mod subject;
mod watch;

pub use command::CommandLine;
pub use ear::{Breach, Ear, Exit, Reply, Violation};
pub use error::AdapterError;
pub use excerpt::{EXCERPT_CHARS, excerpt};
pub use line::LINE_LIMIT;
pub use link::{CallError, FRAMES_LIMIT, STREAM_LIMIT};
pub use place::Place;
pub use running::{Ending, Reached, Running};
pub use serve::{serve, serve_stdio};
pub use sink::{Answer, EventError, EventSink};
pub use stray::Stray;
pub use subject::{LaunchError, Subject};

/// What an adapter is started with: the document, its secrets, where WeChat is, where state is kept, the clock.
pub type Setup = Start;

/// A bridge between WeChat and AIOS dialog.
///
/// Implementors write plain `async fn`. All methods take `&self`, since `health` and `stop` must not wait for an
/// outstanding `act`. The order of the life cycle is kept by [`serve`]: `start` is called at most once successfully;
/// `act`, `audit` and `advance` only between a successful `start` and `stop`; `stop` at most once. Documents arrive
/// decoded and valid.
pub trait Adapter: Send + Sync + 'static {
    /// What this adapter is and can do. Asked once, at the handshake.
    fn capabilities(&self) -> Capabilities;

    /// Starts the channel. Returns when the first poll is on the wire; with `enabled: false` at once, without one.
    /// Dropped unfinished when `stop` comes first.
    ///
    /// # Errors
    ///
    /// [`AdapterError::Refused`] for what this adapter cannot enforce. Then nothing runs, and another `start` may follow.
    fn start(
        &self,
        setup: Setup,
        events: EventSink,
    ) -> impl Future<Output = Result<(), AdapterError>> + Send;

    /// Carries out one action and says what WeChat did with it. Several may be outstanding.
    ///
    /// # Errors
    ///
    /// Only for faults of the adapter: an action that is refused has a receipt that says so.
    fn act(
        &self,
        action: OutboundAction,
    ) -> impl Future<Output = Result<Receipt, AdapterError>> + Send;

    /// How the channel is. Answers at once, also before `start` and after `stop`.
    fn health(&self) -> impl Future<Output = Health> + Send;

    /// The owner, allowlist, policy and pairings in force.
    fn audit(&self) -> impl Future<Output = AccessState> + Send;

    /// Sets the clock and fires what is due. Called only if `virtual_time` was claimed.
    ///
    /// # Errors
    ///
    /// By default [`AdapterError::Unsupported`].
    fn advance(&self, now: Timestamp) -> impl Future<Output = Result<(), AdapterError>> + Send {
        let _ = now;
        async { Err(AdapterError::Unsupported) }
    }

    /// Ends the channel: no poll, no send, no event after it returns.
    ///
    /// # Errors
    ///
    /// Only for faults of the adapter.
    fn stop(&self) -> impl Future<Output = Result<(), AdapterError>> + Send;
}
