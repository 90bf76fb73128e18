//! Where foreign programs are installed, and how one is run to its end.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// Why a test did not come to its end.
#[derive(Debug)]
pub(crate) enum Absent {
    /// Something that this machine lacks.
    Missing(String),
    /// Something that is wrong.
    Broken(String),
}

/// A file or folder of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A fault of this test, or of what it drives.
pub(crate) fn broken(what: impl std::fmt::Display) -> Absent {
    Absent::Broken(what.to_string())
}

/// One installation at a time: the next may find that nothing is left to do.
static TURN: Mutex<()> = Mutex::new(());

/// The folder below `target/foreign` in which `pins` are installed, made by `install` if it is not
/// there yet. It appears complete or not at all, so several processes may want it at once.
pub(crate) fn installed(
    name: &str,
    pins: &str,
    install: impl FnOnce(&Path) -> Result<(), Absent>,
) -> Result<PathBuf, Absent> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut hasher = DefaultHasher::new();
    pins.hash(&mut hasher);
    let built = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = built.parent().unwrap_or(built).join("foreign");
    let place = folder.join(format!("{name}-{:016x}", hasher.finish()));
    if place.is_dir() {
        return Ok(place);
    }
    fs::create_dir_all(&folder).map_err(broken)?;
    let draft = tempfile::tempdir_in(&folder).map_err(broken)?;
    install(draft.path())?;
    match fs::rename(draft.path(), &place) {
        // Another process was faster.
        Err(_) if place.is_dir() => Ok(place),
        renamed => renamed.map(|()| place).map_err(broken),
    }
}

/// Runs a program to its end; one that cannot be found is missing.
pub(crate) fn finish(command: &mut Command) -> Result<Output, Absent> {
    command.output().map_err(|error| {
        Absent::Missing(format!(
            "{} cannot be run: {error}",
            command.get_program().display()
        ))
    })
}

/// The line that says why a program failed.
pub(crate) fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let mut lines = text
        .lines()
        .filter(|line| line.to_lowercase().contains("error"));
    let line = lines.next().or_else(|| text.lines().last());
    line.unwrap_or("it says nothing").trim().to_owned()
}
