//! Python: a virtual environment of pinned packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::place::{Absent, broken, complaint, finish, installed, repository};
use crate::verdicts::Adapter;

/// An adapter of `tests/adapters`, ready to run.
pub(crate) fn adapter(name: &str) -> Result<Adapter, Absent> {
    let folder = repository("tests/adapters").join(name);
    let python = interpreter(name, &folder.join("requirements.txt"))?;
    Ok(Adapter {
        command: vec![python, folder.join("adapter.py")],
        folder,
    })
}

/// The interpreter of a virtual environment that holds exactly what the file pins.
pub(crate) fn interpreter(name: &str, requirements: &Path) -> Result<PathBuf, Absent> {
    let pins = fs::read_to_string(requirements).map_err(broken)?;
    let place = installed(name, &pins, |place| {
        run(Command::new("python3").arg("-m").arg("venv").arg(place))?;
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--requirement",
        ];
        run(Command::new(place.join("bin/python"))
            .args(pip)
            .arg(requirements))
    })?;
    Ok(place.join("bin/python"))
}

fn run(command: &mut Command) -> Result<(), Absent> {
    let output = finish(command)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("DO NOT MATCH THE HASHES") {
        return Err(broken(said));
    }
    Err(Absent::Missing(format!(
        "the packages cannot be installed: {}",
        complaint(&output)
    )))
}
