//! A child process as an adapter: started in its sandbox, its last words kept.

use std::collections::VecDeque;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::Pid;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::command::CommandLine;
use super::ear::{Ear, Exit};
use super::place::Place;
use super::stray::{Brood, adopt_orphans, brand, wait_until};
use super::subject::LaunchError;
use crate::confine::{Reach, restrict};

/// How much of stderr is kept.
const LAST_WORDS: usize = 64 * 1024;

/// How often a child is looked at that gives no sign.
const GLANCE: Duration = Duration::from_millis(50);

/// The most bytes of stderr that are told as one line.
const STDERR_LINE: usize = 8 * 1024;

/// A child process. Whoever drops one whose end was not seen ends it, with all that came from it.
pub(crate) struct Child {
    process: std::process::Child,
    pub(crate) brood: Brood,
    ended: bool,
}

/// The kit's ends of a child's pipes.
pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

/// Starts the command in its place, in a process group of its own, contained as far as `reach`
/// says. The system keeps whoever starts a process waiting until the new program runs, so a thread
/// of its own does it. If this is called off meanwhile, nothing is left of the child.
pub(crate) async fn spawn(
    command: &CommandLine,
    place: &Place,
    reach: Reach,
) -> Result<(Child, Pipes), LaunchError> {
    let words = command.words();
    let (program, arguments) = words.split_first().ok_or(LaunchError::NoCommand)?;
    adopt_orphans();
    let mut line = Command::new(program);
    line.args(arguments)
        .env_clear()
        .envs(command.variables(place))
        .current_dir(command.folder(place))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let program = shown(program.as_ref());
    let failed = |source| LaunchError::Command { program, source };
    let place = place.clone();
    let launch = move || {
        restrict(&place.bounds(), reach).map_err(LaunchError::Containment)?;
        Ok(Child::start(line, &place))
    };
    let (hand_over, launched) = oneshot::channel();
    let thread = thread::Builder::new()
        .name("launch".to_owned())
        // A child that nobody waits for any more is dropped here.
        .spawn(move || drop(hand_over.send(launch())))
        .map_err(LaunchError::Thread)?;
    let mut launching = Launching(Some(thread));
    let launched = launched.await;
    launching.0 = None;
    let gone = |_| LaunchError::Thread(io::ErrorKind::BrokenPipe.into());
    let child = launched.map_err(gone)??;
    child.and_then(Child::with_pipes).map_err(failed)
}

/// A thread that launches a child. Whoever calls it off does not go on before it is done: folders
/// go next, and no child must come up in them any more.
struct Launching(Option<JoinHandle<()>>);

impl Drop for Launching {
    fn drop(&mut self) {
        if let Some(thread) = &self.0 {
            wait_until(|| thread.is_finished());
        }
    }
}

impl Child {
    fn start(mut line: Command, place: &Place) -> io::Result<Self> {
        // Elsewhere a pipe is open for a moment to whatever is started at the same time.
        #[cfg(not(target_os = "linux"))]
        let _alone = ONE_AT_A_TIME.lock();
        let process = line.spawn()?;
        let leader = Pid::from_child(&process);
        // At once: what it starts before that has to be told by other signs.
        brand(leader);
        Ok(Self {
            process,
            brood: Brood::new(leader, place.root()),
            ended: false,
        })
    }

    fn with_pipes(mut self) -> io::Result<(Self, Pipes)> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let process = &mut self.process;
        let pipes = Pipes {
            stdin: ChildStdin::from_std(process.stdin.take().ok_or_else(gone)?)?,
            stdout: ChildStdout::from_std(process.stdout.take().ok_or_else(gone)?)?,
            stderr: ChildStderr::from_std(process.stderr.take().ok_or_else(gone)?)?,
        };
        Ok((self, pipes))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.ended {
            self.brood.put_down();
            // Nobody else would bury it.
            let _ = self.process.try_wait();
        }
    }
}

#[cfg(not(target_os = "linux"))]
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn shown(program: &Path) -> String {
    super::excerpt(program.as_os_str().as_encoded_bytes())
}

/// Waits for the child's end.
pub(crate) async fn end_of(mut child: Child) -> Exit {
    // Listened for before it is looked at: no end falls in between.
    let Ok(mut ends) = signal(SignalKind::child()) else {
        return Exit::Unknown;
    };
    let ended = loop {
        match child.process.try_wait() {
            // Whoever started us may have blocked the signal.
            Ok(None) => drop(timeout(GLANCE, ends.recv()).await),
            Ok(Some(status)) => break exit(status),
            // Somebody else has buried it.
            Err(_) => break Exit::Unknown,
        }
    };
    child.ended = true;
    ended
}

fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Status(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Unknown,
    }
}

/// The last that an adapter wrote to stderr.
#[derive(Debug, Default)]
pub(crate) struct LastWords {
    bytes: Mutex<VecDeque<u8>>,
}

impl LastWords {
    fn keep(&self, piece: &[u8]) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let piece = &piece[piece.len().saturating_sub(LAST_WORDS)..];
        let surplus = (bytes.len() + piece.len()).saturating_sub(LAST_WORDS);
        bytes.drain(..surplus);
        bytes.extend(piece);
    }

    /// What is kept, bytes that are not UTF-8 replaced.
    pub(crate) fn text(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let (front, back) = bytes.as_slices();
        String::from_utf8_lossy(&[front, back].concat()).into_owned()
    }
}

/// Drains stderr until it ends, so that the adapter never waits for a reader.
pub(crate) async fn drain<R: AsyncRead + Unpin>(mut source: R, words: &LastWords, ear: &dyn Ear) {
    let mut piece = vec![0; STDERR_LINE];
    let mut line = Vec::new();
    while let Ok(read @ 1..) = source.read(&mut piece).await {
        words.keep(&piece[..read]);
        for part in piece[..read].split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            if line.ends_with(b"\n") {
                line.pop();
            } else if line.len() < STDERR_LINE {
                continue;
            }
            ear.stderr(&String::from_utf8_lossy(&line));
            line.clear();
        }
    }
    if !line.is_empty() {
        ear.stderr(&String::from_utf8_lossy(&line));
    }
}
