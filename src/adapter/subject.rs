//! The subject: the adapter under test, as something that can be launched again and again.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::io::Errno;
use thiserror::Error;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::oneshot;

use super::Adapter;
use super::command::CommandLine;
use super::ear::{Ear, Exit};
use super::host::{Lease, Lodger, Tenant, host, lodge};
use super::place::Place;
use super::process;
use super::running::{Body, Running};
use super::serve::serve;
use crate::confine::Reach;

/// How many bytes an in-memory pipe holds, as a pipe of the operating system does.
const PIPE: usize = 64 * 1024;

/// The adapter under test. Every launch starts a fresh one.
///
/// ```
/// use aios_wechat::adapter::{CommandLine, Subject};
/// # use aios_wechat::reference::Reference as MyAdapter;
///
/// let in_this_process = Subject::in_process(MyAdapter::new);
/// let command = CommandLine::new(["python3", "adapter.py"], "/srv/project");
/// let in_any_language = Subject::command(command.env("PATH", "/usr/bin:/bin"));
/// ```
#[derive(Clone)]
pub struct Subject {
    starter: Starter,
}

#[derive(Clone)]
enum Starter {
    Tenant(Tenant),
    Lodger(Lodger),
    Command(CommandLine, Reach),
}

/// How far an adapter is contained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Containment {
    /// Not at all: it runs in the kit's own process.
    InThisProcess,
    /// A child, so far.
    Child(Reach),
}

impl Containment {
    /// Whether it can write in its sandbox only.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(self, Self::Child(reach) if reach.writes)
    }
}

/// Why an adapter could not be launched.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// There is no command to run.
    #[error("there is no command to run")]
    NoCommand,
    /// The command could not be run.
    #[error("`{program}` cannot be run")]
    Command {
        /// The command, escaped.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The containment that the kernel promised could not be had.
    #[error("the adapter cannot be contained")]
    Containment(#[source] io::Error),
    /// There was no thread to run or to launch it.
    #[error("no thread for the adapter")]
    Thread(#[source] io::Error),
}

impl LaunchError {
    /// What the author of the command may do about it; nothing where the machine is at its limits,
    /// or the kit is at fault.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        let is_theirs = match self {
            Self::NoCommand => true,
            Self::Command { source, .. } => !matches!(
                source.raw_os_error().map(Errno::from_raw_os_error),
                Some(Errno::AGAIN | Errno::MFILE | Errno::NFILE | Errno::NOMEM)
            ),
            Self::Containment(_) | Self::Thread(_) => false,
        };
        is_theirs.then_some(
            "look at the path; a script needs its interpreter (`-- python3 adapter.py`) or `chmod +x` and \
             a first line such as #!/usr/bin/env python3",
        )
    }

    /// The error and its cause, in one line.
    #[must_use]
    pub fn told(&self) -> String {
        let cause = self.source().map(|cause| format!(": {cause}"));
        format!("{self}{}", cause.unwrap_or_default())
    }
}

impl Subject {
    /// A Rust adapter in this process. `factory` is called at each launch, on the adapter's own
    /// thread.
    ///
    /// The adapter is served over an in-memory pipe with the same codec as a child. A kill drops
    /// its runtime with everything that was spawned on it; threads of its own are beyond the kit's
    /// reach.
    pub fn in_process<A, F>(factory: F) -> Self
    where
        A: Adapter,
        F: Fn() -> A + Send + Sync + 'static,
    {
        let factory = Arc::new(factory);
        Self::served(move |input, output| {
            let factory = Arc::clone(&factory);
            async move { serve(factory(), input, output).await }
        })
    }

    /// Anything in this process that speaks the driver protocol: it reads the kit's lines from the
    /// first stream and writes its own to the second. The future runs on a thread and runtime of
    /// its own.
    pub fn served<S, F>(server: S) -> Self
    where
        S: Fn(DuplexStream, DuplexStream) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<()>> + 'static,
    {
        let tenant: Tenant = Arc::new(move |input, output| Box::pin(server(input, output)));
        Self {
            starter: Starter::Tenant(tenant),
        }
    }

    /// The same for one that is known to write in its [`Place`] only, never to block, and to leave no
    /// task behind when it is dropped. So nothing of it is searched for elsewhere, and it shares the
    /// runtime of its caller, where it takes its turns without a wake-up across threads.
    pub(crate) fn lodged<S, F>(server: S) -> Self
    where
        S: Fn(DuplexStream, DuplexStream) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let lodger: Lodger = Arc::new(move |input, output| Box::pin(server(input, output)));
        Self {
            starter: Starter::Lodger(lodger),
        }
    }

    /// A child process in any language. On Linux the first launch makes this process a child
    /// subreaper, so that orphans of an adapter come to it and are ended with the adapter.
    #[must_use]
    pub fn command(command: CommandLine) -> Self {
        Self {
            starter: Starter::Command(command, Reach::default()),
        }
    }

    /// The same, contained: a child can write only in its [`Place`] and connect only to the ports
    /// that the place names, as far as the system can enforce it. Nothing in this process can be
    /// contained.
    #[must_use]
    pub fn contained(mut self) -> Self {
        if let Starter::Command(_, reach) = &mut self.starter {
            *reach = Reach::of_this_system();
        }
        self
    }

    /// Whether nothing of it can lie outside its [`Place`].
    #[must_use]
    pub(crate) fn stays_at_home(&self) -> bool {
        matches!(self.starter, Starter::Lodger(_)) || self.containment().writes()
    }

    /// Folders outside its place that a child may take for its own: the caller's, and where it
    /// runs.
    #[must_use]
    pub fn folders(&self) -> Vec<PathBuf> {
        match &self.starter {
            Starter::Tenant(_) | Starter::Lodger(_) => Vec::new(),
            Starter::Command(command, _) => command.folders(),
        }
    }

    /// How far it is contained.
    #[must_use]
    pub fn containment(&self) -> Containment {
        match &self.starter {
            Starter::Tenant(_) | Starter::Lodger(_) => Containment::InThisProcess,
            Starter::Command(_, reach) => Containment::Child(*reach),
        }
    }

    /// Whether the adapter lives in this process.
    #[must_use]
    pub fn is_in_process(&self) -> bool {
        !matches!(self.starter, Starter::Command(..))
    }

    /// Starts a fresh adapter in `place` (whose folders exist) and tells `ear` of everything that
    /// happens. Nothing is said to the adapter yet. To be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`LaunchError`] if there is nothing to start. An adapter that starts and dies at once is not
    /// an error here.
    pub async fn launch(&self, place: &Place, ear: Arc<dyn Ear>) -> Result<Running, LaunchError> {
        match &self.starter {
            Starter::Tenant(tenant) => here(place, ear, |input, output, lease| {
                host(Arc::clone(tenant), input, output, lease)
            }),
            Starter::Lodger(lodger) => here(place, ear, |input, output, lease| {
                Ok(lodge(lodger, input, output, lease))
            }),
            Starter::Command(command, reach) => {
                let (child, pipes) = process::spawn(command, place, *reach).await?;
                let body = Body::Child {
                    child: Box::new(child),
                    stderr: pipes.stderr,
                };
                Ok(Running::over(ear, place, pipes.stdout, pipes.stdin, body))
            }
        }
    }
}

/// Connects an adapter in this process over in-memory pipes.
fn here(
    place: &Place,
    ear: Arc<dyn Ear>,
    admit: impl FnOnce(DuplexStream, DuplexStream, Lease) -> io::Result<oneshot::Receiver<Exit>>,
) -> Result<Running, LaunchError> {
    let (mouth, input) = duplex(PIPE);
    let (output, hearing) = duplex(PIPE);
    let lease = Lease::default();
    let exit = admit(input, output, lease.clone()).map_err(LaunchError::Thread)?;
    let body = Body::Tenant { exit, lease };
    Ok(Running::over(ear, place, hearing, mouth, body))
}

impl fmt::Debug for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.starter {
            Starter::Tenant(_) | Starter::Lodger(_) => formatter.write_str("Subject::in_process"),
            Starter::Command(command, _) => {
                formatter.debug_tuple("Subject").field(command).finish()
            }
        }
    }
}
