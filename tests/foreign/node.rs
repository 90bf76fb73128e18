//! Node: a folder of pinned packages, the interpreter among them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::place::{Absent, broken, complaint, finish, installed, repository};
use crate::verdicts::Adapter;

/// Packages of `tests/adapters`, installed.
pub(crate) struct Packages(PathBuf);

/// An adapter of `tests/adapters`, ready to run.
pub(crate) fn adapter(name: &str) -> Result<Adapter, Absent> {
    let folder = repository("tests/adapters").join(name);
    let packages = packages(name)?;
    let script = packages.script(&folder.join("adapter.mjs"))?;
    Ok(Adapter {
        command: vec![packages.node(), script, repository("spec/schema")],
        folder,
    })
}

/// Installs exactly what the lock file of an adapter pins.
pub(crate) fn packages(name: &str) -> Result<Packages, Absent> {
    packages_of(name, &repository("tests/adapters").join(name))
}

/// Installs exactly what the lock file in a folder pins.
pub(crate) fn packages_of(name: &str, folder: &Path) -> Result<Packages, Absent> {
    let files = ["package.json", "package-lock.json"];
    let texts = files.map(|file| fs::read_to_string(folder.join(file)));
    let [manifest, lock] = texts.map(|text| text.map_err(broken));
    let pins = manifest? + &lock?;
    let place = installed(name, &pins, |place| {
        for file in files {
            fs::copy(folder.join(file), place.join(file)).map_err(broken)?;
        }
        let quiet = ["ci", "--no-audit", "--no-fund"];
        let output = finish(Command::new("npm").args(quiet).current_dir(place))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            Ok(())
        } else if said.contains("EINTEGRITY") || said.contains("EUSAGE") {
            Err(broken(said))
        } else {
            let words = complaint(&output);
            Err(Absent::Missing(format!(
                "the packages cannot be installed: {words}"
            )))
        }
    })?;
    Ok(Packages(place))
}

impl Packages {
    /// The interpreter.
    pub(crate) fn node(&self) -> PathBuf {
        self.0.join("node_modules/node/bin/node")
    }

    /// A script beside the packages, where it finds them.
    pub(crate) fn script(&self, source: &Path) -> Result<PathBuf, Absent> {
        let copy = self.0.join(source.file_name().unwrap_or_default());
        // Tests that run beside this one use the same script: it appears whole, from a draft of
        // its own.
        let draft = tempfile::NamedTempFile::new_in(&self.0).map_err(broken)?;
        fs::copy(source, draft.path()).map_err(broken)?;
        draft.persist(&copy).map_err(broken)?;
        Ok(copy)
    }
}
