//! Where foreign programs are installed, and how one is run to its end.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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

/// The folder below `target/foreign` in which `pins` are installed, made by `install` if it is not
/// there yet. It appears complete or not at all, so tests may run at the same time.
pub(crate) fn installed(
    name: &str,
    pins: &str,
    install: impl FnOnce(&Path) -> Result<(), Absent>,
) -> Result<PathBuf, Absent> {
    let mut hasher = DefaultHasher::new();
    pins.hash(&mut hasher);
    let built = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = built.parent().unwrap_or(built).join("foreign");
    let place = folder.join(format!("{name}-{:016x}", hasher.finish()));
    if place.is_dir() {
        return Ok(place);
    }
    let draft = folder.join(format!("{name}.{}", std::process::id()));
    fs::create_dir_all(&draft).map_err(broken)?;
    let done = install(&draft);
    if done.is_ok() && fs::rename(&draft, &place).is_ok() {
        return Ok(place);
    }
    // Failed, or another test was faster.
    fs::remove_dir_all(&draft).map_err(broken)?;
    done.map(|()| place)
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

/// The last line that says something.
pub(crate) fn last_words(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.unwrap_or("no word").to_owned()
}
