//! The sandbox folder of one scenario.

use std::path::{Path, PathBuf};

use crate::confine::Bounds;

/// A folder with four subfolders, in which an adapter lives, and the ports it has business with.
/// Whoever makes a place makes its folders and removes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    root: PathBuf,
    ports: Vec<u16>,
}

impl Place {
    /// The place below `root`, an absolute path.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            ports: Vec::new(),
        }
    }

    /// The same, with the TCP ports that a contained adapter may connect to.
    #[must_use]
    pub fn with_ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.ports.extend(ports);
        self
    }

    /// What an adapter is contained in here.
    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            folders: vec![self.root.clone()],
            ports: self.ports.clone(),
        }
    }

    /// The sandbox folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What a restart keeps: the `state_dir` of `start`.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// `HOME`, with the XDG folders inside.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// `TMPDIR`.
    #[must_use]
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// The working folder, empty at first.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// The four subfolders.
    #[must_use]
    pub fn folders(&self) -> [PathBuf; 4] {
        [self.state(), self.home(), self.tmp(), self.work()]
    }
}
