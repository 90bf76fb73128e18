//! The watch: what an adapter may use up while it runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::ear::Breach;
use super::stray::Brood;

/// The most bytes a sandbox folder may hold.
pub(crate) const SANDBOX_BYTES: u64 = 256 * 1024 * 1024;

/// The most bytes any one file may hold; the system enforces it at once, where the watch would be
/// late.
pub(crate) const FILE_BYTES: u64 = 128 * 1024 * 1024;

/// The most files and folders a sandbox may hold.
const SANDBOX_FILES: usize = 20_000;

/// The most processes an adapter may have.
const PROCESSES: usize = 64;

/// The most files and folders of a sandbox that is looked through on the kit's own thread.
const FEW: usize = 64;

/// How often the watch looks.
const ROUND: Duration = Duration::from_millis(100);

/// Looks after the sandbox at `root` and the processes of `brood`, until one of them is over its
/// limit.
pub(crate) async fn watch(root: PathBuf, brood: Option<Brood>) -> (Breach, String) {
    let mut rounds = interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick is immediate, and nothing has happened yet.
    rounds.tick().await;
    loop {
        rounds.tick().await;
        if let Some(overrun) = look(root.clone(), brood.clone()).await {
            return overrun;
        }
    }
}

/// Looks once.
pub(crate) async fn look(root: PathBuf, brood: Option<Brood>) -> Option<(Breach, String)> {
    // Another thread costs more than a look into a folder that holds next to nothing.
    if brood.is_none() && measure(&root, FEW).is_some_and(|found| !found.is_too_much()) {
        return None;
    }
    // Walking a folder of 20,000 files must not hold up the kit's one thread.
    let looking = tokio::task::spawn_blocking(move || overrun(&root, brood.as_ref()));
    looking.await.ok().flatten()
}

fn overrun(root: &Path, brood: Option<&Brood>) -> Option<(Breach, String)> {
    let processes = brood.map_or(0, Brood::count);
    if processes > PROCESSES {
        return Some((Breach::TooManyProcesses, format!("{processes} processes")));
    }
    let found = measure(root, usize::MAX)?;
    let Contents { files, bytes } = found;
    found
        .is_too_much()
        .then(|| (Breach::SandboxFull, format!("{files} files, {bytes} bytes")))
}

/// What was found in a sandbox.
struct Contents {
    files: usize,
    bytes: u64,
}

impl Contents {
    fn is_too_much(&self) -> bool {
        self.bytes > SANDBOX_BYTES || self.files > SANDBOX_FILES
    }
}

/// What lies below `root`, up to the point where it is too much; nothing if there are more than
/// `most` files and folders.
fn measure(root: &Path, most: usize) -> Option<Contents> {
    let mut found = Contents { files: 0, bytes: 0 };
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        // What disappears while we look takes no room.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            found.files += 1;
            if kind.is_dir() {
                folders.push(entry.path());
            } else {
                found.bytes += entry.metadata().as_ref().map_or(0, size);
            }
            if found.is_too_much() {
                return Some(found);
            }
            if found.files > most {
                return None;
            }
        }
    }
    Some(found)
}

/// What a file takes up: a sparse file of any length takes little.
#[cfg(unix)]
fn size(metadata: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    metadata.blocks() * 512
}

#[cfg(not(unix))]
fn size(metadata: &fs::Metadata) -> u64 {
    metadata.len()
}
