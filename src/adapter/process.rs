//! A child process as an adapter: started in its sandbox, its last words kept.

use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::Pid;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;

use super::command::CommandLine;
use super::ear::{Ear, Exit};
use super::place::Place;
use super::stray::{Brood, adopt_orphans, brand};
use super::subject::LaunchError;
use crate::confine::{Reach, within};

/// How much of stderr is kept.
const LAST_WORDS: usize = 64 * 1024;

/// The most bytes of stderr that are told as one line.
const STDERR_LINE: usize = 8 * 1024;

/// Starts the command in its place, in a process group of its own, contained as far as `reach`
/// says.
pub(crate) fn spawn(
    command: &CommandLine,
    place: &Place,
    reach: Reach,
) -> Result<(Child, Brood), LaunchError> {
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
        .process_group(0)
        .kill_on_drop(true);
    let here = Handle::current();
    let mut start = || {
        let _here = here.enter();
        let child = line.spawn()?;
        // At once: what it starts before that has to be told by other signs.
        let leader = leader(&child);
        leader.inspect(|leader| brand(*leader));
        Ok((child, leader))
    };
    let started = if reach == Reach::default() {
        start()
    } else {
        within(&place.bounds(), reach, start).map_err(LaunchError::Containment)?
    };
    let (child, leader) = started.map_err(|source| LaunchError::Command {
        program: shown(program.as_ref()),
        source,
    })?;
    // A child that was just started and never waited for has an id.
    let leader = leader.ok_or(LaunchError::NoCommand)?;
    Ok((child, Brood::new(leader, place.root())))
}

fn leader(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()?).ok()?)
}

fn shown(program: &Path) -> String {
    super::excerpt(program.as_os_str().as_encoded_bytes())
}

/// Waits for the child's end.
pub(crate) async fn end_of(mut child: Child) -> Exit {
    match child.wait().await {
        Ok(status) => exit(status),
        Err(_) => Exit::Unknown,
    }
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
