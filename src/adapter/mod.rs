//! What an adapter is, and how the kit talks to one.
//!
//! An adapter author in Rust implements [`Adapter`] and calls [`serve_stdio`], or gives a factory
//! to [`Subject::in_process`]. In any other language the same conversation is held over stdin and
//! stdout: `spec/driver.md` is written for that.
//!
//! [`Adapter`], [`Setup`], [`EventSink`], [`AdapterError`], [`serve`], [`serve_stdio`] and
//! [`Subject`] are covered by the stability clause. The kit's own side of the link ([`Running`],
//! [`Ear`], [`Place`]) is not.

use std::future::Future;

use crate::contract::{
    AccessState, Capabilities, Health, OutboundAction, Receipt, Start, Timestamp,
};

mod call;
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
pub(crate) mod stdio;
mod stray;
mod subject;
mod watch;

pub use crate::confine::Reach;
pub use call::CallError;
pub use command::CommandLine;
pub use ear::{Breach, Ear, Exit, Reply, Violation};
pub use error::AdapterError;
pub use excerpt::{EXCERPT_CHARS, excerpt};
pub use line::LINE_LIMIT;
pub use link::{FRAMES_LIMIT, STREAM_LIMIT, VIOLATIONS_LIMIT};
pub use place::Place;
pub use running::{Ending, Reached, Running};
pub use serve::{serve, serve_stdio};
pub use sink::{Answer, EventError, EventSink};
pub use stray::Stray;
pub use subject::{Containment, LaunchError, Subject};
pub(crate) use watch::SANDBOX_BYTES;

/// What an adapter is started with: the document, its secrets, where WeChat is, where state is
/// kept, the clock.
pub type Setup = Start;

/// A bridge between WeChat and AIOS dialog.
///
/// Implementors write plain `async fn`. All methods take `&self`, since `health` and `stop` must
/// not wait for an outstanding `act`. The order of the life cycle is kept by [`serve`]: `start` is
/// called at most once successfully; `act`, `audit` and `advance` only between a successful `start`
/// and `stop`; `stop` at most once. Documents arrive decoded and valid.
///
/// # Example
///
/// An adapter that forwards nothing and sends nothing, and says so. Over an in-memory pipe it is
/// served as it would be over stdin and stdout.
///
/// ```
/// use std::sync::OnceLock;
///
/// use aios_wechat::adapter::{Adapter, AdapterError, EventSink, Setup, serve};
/// use aios_wechat::contract::{
///     AccessState, Capabilities, ChunkCount, Code, EffectivePolicy, Health, HealthState,
///     OutboundAction, Receipt, ReceiptStatus, RecentErrors, WechatMessageIds, from_bytes,
/// };
///
/// #[derive(Default)]
/// struct Mute {
///     setup: OnceLock<Setup>,
/// }
///
/// impl Adapter for Mute {
///     fn capabilities(&self) -> Capabilities {
///         let declaration = br#"{"adapter_id": "mute", "adapter_version": "0.1.0",
///             "supported_targets": ["wechat"], "supported_features": ["message"],
///             "health": "stopped"}"#;
///         from_bytes(declaration).expect("the declaration is valid")
///     }
///
///     async fn start(&self, setup: Setup, _events: EventSink) -> Result<(), AdapterError> {
///         if setup.integration.pairing_required() {
///             let pointer = "/integration/policy/pairing_required";
///             return Err(AdapterError::refused(pointer, "cannot be enforced here"));
///         }
///         // Here a real one begins to poll, and keeps `_events` for what the polls bring.
///         self.setup.set(setup).map_err(|_| AdapterError::AlreadyStarted)
///     }
///
///     async fn act(&self, action: OutboundAction) -> Result<Receipt, AdapterError> {
///         Ok(Receipt {
///             message_id: action.message_id().clone(),
///             correlation_id: action.correlation_id().clone(),
///             status_code: ReceiptStatus::Rejected,
///             chunks_sent: ChunkCount::literal(0),
///             chunks_total: ChunkCount::literal(0),
///             wechat_message_ids: WechatMessageIds::default(),
///             error_code: Some(Code::Unsupported),
///             retry_after_sec: None,
///         })
///     }
///
///     async fn health(&self) -> Health {
///         Health {
///             health: HealthState::Stopped,
///             last_seen_at: None,
///             last_error_code: None,
///             recent_errors: RecentErrors::default(),
///         }
///     }
///
///     async fn audit(&self) -> AccessState {
///         // Asked only after a good `start`.
///         let integration = &self.setup.get().expect("started").integration;
///         let (auth, policy) = (integration.auth.clone(), EffectivePolicy::of(integration));
///         AccessState { auth, policy, pairing: None }
///     }
///
///     async fn stop(&self) -> Result<(), AdapterError> {
///         Ok(())
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let input = concat!(
///     r#"{"jsonrpc":"2.0","id":"k1","method":"initialize","params":{"protocol_version":2}}"#,
///     "\n",
///     r#"{"jsonrpc":"2.0","id":"k2","method":"start"}"#,
///     "\n",
/// );
/// let mut output = Vec::new();
/// serve(Mute::default(), input.as_bytes(), &mut output).await?;
/// let output = String::from_utf8_lossy(&output);
/// assert!(output.lines().next().unwrap().contains("-32005"), "a version it does not speak");
/// assert!(output.lines().last().unwrap().contains("-32004"), "not started");
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
pub trait Adapter: Send + Sync + 'static {
    /// What this adapter is and can do. Asked once, at the handshake.
    fn capabilities(&self) -> Capabilities;

    /// Starts the channel. Returns when the first poll is on the wire; with `enabled: false` at
    /// once, without one. Dropped unfinished when `stop` comes first.
    ///
    /// # Errors
    ///
    /// [`AdapterError::Refused`] for what this adapter cannot enforce. Then nothing runs, and
    /// another `start` may follow.
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
