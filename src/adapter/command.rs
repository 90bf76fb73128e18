//! The command that starts a child adapter, and the little world it is started in.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::place::Place;

/// A command with all that it takes from the caller: nothing is read from the caller's environment
/// behind its back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    argv: Vec<OsString>,
    folder: PathBuf,
    environment: BTreeMap<OsString, OsString>,
    cwd: Option<PathBuf>,
}

impl CommandLine {
    /// `argv`, as typed in `folder` (absolute). An empty `argv` fails to launch.
    pub fn new<I>(argv: I, folder: impl Into<PathBuf>) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            folder: folder.into(),
            environment: BTreeMap::new(),
            cwd: None,
        }
    }

    /// Passes a variable on: `PATH`, `LANG` and what the user named. Those that the kit sets itself
    /// (`HOME`, `TMPDIR`, the XDG folders, `NO_PROXY`) win over it, and proxies are never passed
    /// on.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Runs in this folder (relative to the caller's) instead of the sandbox's working folder.
    #[must_use]
    pub fn cwd(mut self, folder: impl AsRef<Path>) -> Self {
        self.cwd = Some(self.folder.join(folder));
        self
    }

    /// The command as it was typed.
    #[must_use]
    pub fn argv(&self) -> &[OsString] {
        &self.argv
    }

    /// The command as it is run: words that name something in the caller's folder are made
    /// absolute, unless they name it just as well from where the command runs. A bare command name
    /// is left to `PATH`.
    pub(super) fn words(&self) -> Vec<OsString> {
        let is_bare_name =
            |at: usize, word: &OsStr| at == 0 && Path::new(word).components().count() < 2;
        self.argv
            .iter()
            .enumerate()
            .map(|(at, word)| {
                let path = Path::new(word);
                let here = self.folder.join(path);
                let stays = word.is_empty()
                    || path.is_absolute()
                    || is_bare_name(at, word)
                    || self.cwd.as_ref().is_some_and(|cwd| cwd.join(path).exists())
                    || !here.exists();
                if stays {
                    word.clone()
                } else {
                    here.into_os_string()
                }
            })
            .collect()
    }

    /// Where it runs.
    pub(super) fn folder(&self, place: &Place) -> PathBuf {
        self.cwd.clone().unwrap_or_else(|| place.work())
    }

    /// The caller's folder, and where the command was told to run.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        [&self.folder]
            .into_iter()
            .chain(&self.cwd)
            .cloned()
            .collect()
    }

    /// The whole environment of the child.
    pub(super) fn variables(&self, place: &Place) -> BTreeMap<OsString, OsString> {
        let mut variables = self.environment.clone();
        variables.retain(|name, _| !is_proxy(name));
        let home = place.home();
        let folders = [
            ("HOME", home.clone()),
            ("TMPDIR", place.tmp()),
            ("XDG_CACHE_HOME", home.join(".cache")),
            ("XDG_CONFIG_HOME", home.join(".config")),
            ("XDG_DATA_HOME", home.join(".local/share")),
            ("XDG_STATE_HOME", home.join(".local/state")),
            ("XDG_RUNTIME_DIR", place.tmp()),
        ];
        for (name, folder) in folders {
            variables.insert(name.into(), folder.into_os_string());
        }
        for name in ["NO_PROXY", "no_proxy"] {
            variables.insert(name.into(), "127.0.0.1,localhost".into());
        }
        variables
    }
}

fn is_proxy(name: &OsStr) -> bool {
    name.to_string_lossy()
        .to_ascii_lowercase()
        .ends_with("_proxy")
}
