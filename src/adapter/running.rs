//! A running adapter: what the kit may say to it, and how it ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::process::ChildStderr;
use tokio::sync::{oneshot, watch};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;

use crate::contract::driver::RpcError;

use super::call::CallError;
use super::ear::{Breach, Ear, Exit, Violation};
use super::host::Lease;
use super::link::{AFTERGLOW, Link};
use super::place::Place;
use super::process::{Child, LastWords, drain, end_of};
use super::stray::{Brood, Stray, wait_until};
use super::watch::{look, watch};

/// How long processes of an adapter that ended may take to follow it before they count as left
/// behind.
const COURTESY: Duration = Duration::from_millis(250);

/// How long an ended adapter may take to be gone.
const LAST_BREATH: Duration = Duration::from_secs(2);

/// What runs at the other end.
pub(crate) enum Body {
    Tenant {
        exit: oneshot::Receiver<Exit>,
        lease: Lease,
    },
    Child {
        child: Box<Child>,
        stderr: ChildStderr,
    },
}

/// How the kit takes hold of it.
#[derive(Debug, Clone)]
enum Grip {
    Tenant(Lease),
    Child(Brood),
}

/// A launched adapter. Dropping it ends the adapter at once, with everything that came from it.
pub struct Running {
    link: Arc<Link>,
    words: Arc<LastWords>,
    grip: Grip,
    /// Its sandbox folder.
    root: PathBuf,
    exit: watch::Receiver<Option<Exit>>,
    mouth: AbortHandle,
    sentry: AbortHandle,
    /// Nothing of it is left, and its process ids may belong to somebody else.
    buried: AtomicBool,
}

/// How an adapter was brought to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// How far the kit had to go.
    pub reached: Reached,
    /// How it left.
    pub exit: Exit,
    /// The processes it left behind when it ended by itself or because it was asked to; ended by
    /// the kit now.
    pub left_behind: Vec<Stray>,
}

/// The steps of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// It was gone already.
    Gone,
    /// It left after the end of its input.
    EndOfInput,
    /// It left when it was asked to (signal TERM).
    Asked,
    /// It had to be killed.
    Killed,
}

impl Running {
    /// Connects the streams and starts the tasks that carry the conversation.
    pub(crate) fn over<R, W>(
        ear: Arc<dyn Ear>,
        place: &Place,
        hearing: R,
        mouth: W,
        body: Body,
    ) -> Self
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let (link, speaker) = Link::new(ear);
        let words = Arc::new(LastWords::default());
        let (tell, exit) = watch::channel(None);
        let mouth = tokio::spawn(speaker.speak(mouth)).abort_handle();
        let heard = {
            let link = Arc::clone(&link);
            tokio::spawn(async move { link.hear(hearing).await })
        };
        let (grip, drained, end) = match body {
            Body::Tenant { exit, lease } => {
                let end = tokio::spawn(async { exit.await.unwrap_or(Exit::Unknown) });
                (Grip::Tenant(lease), None, end)
            }
            Body::Child { child, stderr } => {
                let (words, link) = (Arc::clone(&words), Arc::clone(&link));
                let drained = tokio::spawn(async move { drain(stderr, &words, link.ear()).await });
                let grip = Grip::Child(child.brood.clone());
                (grip, Some(drained), tokio::spawn(end_of(*child)))
            }
        };
        let root = place.root().to_path_buf();
        let sentry =
            tokio::spawn(guard(Arc::clone(&link), root.clone(), grip.clone())).abort_handle();
        let witness = Witness {
            link: Arc::clone(&link),
            heard,
            drained,
            end,
            tell,
        };
        tokio::spawn(witness.attend(sentry.clone()));
        Self {
            link,
            words,
            grip,
            root,
            exit,
            mouth,
            sentry,
            buried: AtomicBool::new(false),
        }
    }

    /// Calls a method and waits for its result. `Null` sends no `params`. The limit covers writing
    /// the request too.
    ///
    /// # Errors
    ///
    /// [`CallError`]: no answer in time, none possible any more, an error, or an answer that is
    /// none.
    pub async fn call(
        &self,
        method: &str,
        params: Value,
        limit: Duration,
    ) -> Result<Value, CallError> {
        self.link
            .call(method, params, limit)
            .await
            .map_err(|error| self.with_last_words(error))
    }

    /// Writes any line at all and waits for an answer that carries `id`; `None` waits for an error
    /// with the null id, which answers what could not be read.
    ///
    /// # Errors
    ///
    /// As [`Running::call`].
    pub async fn provoke(
        &self,
        line: &str,
        id: Option<&Value>,
        limit: Duration,
    ) -> Result<Value, CallError> {
        let asked = self
            .link
            .exchange("a bad line", line.to_owned(), id, limit)
            .await;
        asked.map_err(|error| self.with_last_words(error))
    }

    /// Writes any line at all (without its newline) and waits for nothing.
    pub fn send_raw(&self, line: &str) {
        self.link.send(line.to_owned());
    }

    /// Answers a request that the ear left open with [`Reply::Later`](super::Reply::Later).
    pub fn answer(&self, id: &Value, outcome: &Result<Value, RpcError>) {
        self.link.answer(id, outcome);
    }

    /// The last 64 KiB the adapter wrote to stderr.
    #[must_use]
    pub fn last_words(&self) -> String {
        self.words.text()
    }

    /// The processes of a child adapter that are alive, by id; none of an in-process one.
    #[must_use]
    pub fn processes(&self) -> Vec<Stray> {
        match &self.grip {
            Grip::Tenant(_) => Vec::new(),
            Grip::Child(brood) => brood.living(),
        }
    }

    /// Whether it has not ended yet.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// What anybody on the machine can see of its processes: arguments and environments, each with
    /// whose it is. Nothing of an adapter in this process, or elsewhere than on Linux.
    #[must_use]
    pub fn exposed(&self) -> Vec<(String, Vec<u8>)> {
        match &self.grip {
            Grip::Tenant(_) => Vec::new(),
            Grip::Child(brood) => brood.exposed(),
        }
    }

    /// Waits for the adapter to end by itself.
    pub async fn ended(&self) -> Exit {
        let mut exit = self.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.clone().unwrap_or(Exit::Unknown),
            Err(_) => Exit::Unknown,
        }
    }

    /// Ends the adapter politely: the end of its input, then the signal TERM to its group, then a
    /// kill, each after `grace`. Then ends whatever it left behind. May be repeated.
    pub async fn close(&self, grace: Duration) -> Ending {
        if !self.is_alive() {
            return self.ending(Reached::Gone).await;
        }
        self.link.hang_up();
        if timeout(grace, self.ended_deaf(grace)).await.is_ok() {
            return self.ending(Reached::EndOfInput).await;
        }
        if let Grip::Child(brood) = &self.grip {
            brood.terminate();
            if timeout(grace, self.ended()).await.is_ok() {
                return self.ending(Reached::Asked).await;
            }
        }
        self.kill().await
    }

    /// Waits for the end; an adapter that does not read what is still to be written gets the end of
    /// its input early.
    async fn ended_deaf(&self, grace: Duration) -> Exit {
        if let Ok(exit) = timeout(grace / 4, self.ended()).await {
            return exit;
        }
        self.mouth.abort();
        self.ended().await
    }

    /// Ends the adapter at once, with everything that came from it: nothing of it gets to run
    /// again.
    pub async fn kill(&self) -> Ending {
        if !self.is_alive() {
            return self.ending(Reached::Gone).await;
        }
        self.grip.kill();
        self.ending(Reached::Killed).await
    }

    /// Looks once more whether it uses up more than it may: it may have begun to since it was last
    /// looked at. If so it is told of, and ended.
    pub(crate) async fn look_over(&self) {
        if !self.is_alive() {
            return;
        }
        if let Some(overrun) = look(self.root.clone(), self.grip.brood()).await {
            overran(&self.link, &self.grip, overrun);
        }
    }

    /// Ends the adapter at once where nobody can wait for its ending, as [`Running::kill`] would: it
    /// is gone when this returns, unless it takes longer than the kernel should need.
    pub(crate) fn abandon(&self) {
        self.sentry.abort();
        self.mouth.abort();
        if self.buried.swap(true, Ordering::Relaxed) {
            return;
        }
        self.grip.kill();
        // Its folders go next, and it must not write into them any more.
        wait_until(|| self.grip.is_gone());
    }

    async fn ending(&self, reached: Reached) -> Ending {
        let exit = timeout(LAST_BREATH, self.ended())
            .await
            .unwrap_or(Exit::Stuck);
        self.mouth.abort();
        let left_behind = match &self.grip {
            Grip::Tenant(_) => Vec::new(),
            Grip::Child(brood) if reached == Reached::Killed => {
                // What was killed had no chance to end its own: nothing was left behind.
                brood.sweep(Duration::ZERO).await;
                Vec::new()
            }
            Grip::Child(brood) => brood.sweep(COURTESY).await,
        };
        self.buried.store(true, Ordering::Relaxed);
        Ending {
            reached,
            exit,
            left_behind,
        }
    }

    fn with_last_words(&self, mut error: CallError) -> CallError {
        if let CallError::Closed { stderr, .. } = &mut error {
            *stderr = self.last_words();
        }
        error
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl Grip {
    fn kill(&self) {
        match self {
            Self::Tenant(lease) => lease.evict(),
            Self::Child(brood) => brood.kill(),
        }
    }

    fn brood(&self) -> Option<Brood> {
        match self {
            Self::Tenant(_) => None,
            Self::Child(brood) => Some(brood.clone()),
        }
    }

    fn is_gone(&self) -> bool {
        match self {
            Self::Tenant(lease) => lease.is_gone(),
            Self::Child(brood) => brood.living().is_empty(),
        }
    }
}

/// Ends the adapter if it uses up more than it may.
async fn guard(link: Arc<Link>, root: PathBuf, grip: Grip) {
    let overrun = watch(root, grip.brood()).await;
    overran(&link, &grip, overrun);
}

fn overran(link: &Link, grip: &Grip, (breach, detail): (Breach, String)) {
    link.ear().violated(&Violation::new(breach, b"", detail));
    grip.kill();
}

/// Sees the adapter's end and tells of it in order: its last frame, its last words, the closing,
/// the exit.
struct Witness {
    link: Arc<Link>,
    heard: JoinHandle<Option<String>>,
    drained: Option<JoinHandle<()>>,
    end: JoinHandle<Exit>,
    tell: watch::Sender<Option<Exit>>,
}

impl Witness {
    async fn attend(mut self, sentry: AbortHandle) {
        let (reason, exit) = tokio::select! {
            biased;
            reason = &mut self.heard => {
                // The exit says more than the end of the output, if it is not far behind.
                (reason.unwrap_or_default(), timeout(AFTERGLOW, &mut self.end).await.ok())
            }
            exit = &mut self.end => {
                // A process it left behind may hold the pipe open for ever.
                let heard = timeout(AFTERGLOW, &mut self.heard).await;
                self.heard.abort();
                (heard.ok().and_then(Result::ok).flatten(), Some(exit))
            }
        };
        let exit = exit.map(|exit| exit.unwrap_or(Exit::Unknown));
        if exit.is_some()
            && let Some(drained) = &mut self.drained
        {
            let _ = timeout(AFTERGLOW, drained).await;
        }
        let reason = reason.unwrap_or_else(|| match &exit {
            Some(exit) => format!("the adapter {exit}"),
            None => "the adapter closed its output".to_owned(),
        });
        self.link.close(&reason);
        let exit = match exit {
            Some(exit) => exit,
            None => self.end.await.unwrap_or(Exit::Unknown),
        };
        if let Some(drained) = self.drained {
            drained.abort();
        }
        sentry.abort();
        self.link.ear().ended(&exit);
        let _ = self.tell.send(Some(exit));
    }
}
