//! Containment: a thread, and every process started from it, that can write and connect only where
//! it is told.
//!
//! Linux binds such bounds to the thread that asks for them, and what the thread starts inherits
//! them; so a child is started from a short-lived thread that restricted itself first, and the kit
//! stays free. Elsewhere, and on kernels without Landlock, there is no containment, and
//! [`Reach::of_this_system`] says so. A denied attempt is told to the one who tried, and to nobody
//! else.

use std::io;
use std::path::PathBuf;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
use elsewhere as system;

/// What stays possible inside the bounds. Reading is never restricted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Folders in which everything may be written; they exist.
    pub folders: Vec<PathBuf>,
    /// TCP ports that may be connected to, on any address.
    pub ports: Vec<u16>,
}

/// How far containment reaches on a system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Files and folders can be written only in the folders that the bounds name.
    pub writes: bool,
    /// TCP connections can be opened only to the ports that the bounds name.
    pub connections: bool,
    /// Signals and abstract sockets reach only processes within the same bounds.
    pub processes: bool,
}

impl Reach {
    /// What the system here can enforce.
    #[must_use]
    pub fn of_this_system() -> Self {
        system::reach()
    }

    /// Whether writes and connections are contained both.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.writes && self.connections
    }
}

/// Puts this very thread within `bounds` as far as `reach` says, for good, with everything that it
/// starts from now on.
///
/// # Errors
/// The system does not enforce what it promised, or a folder does not exist. Then nothing should be
/// started from this thread.
pub fn restrict(bounds: &Bounds, reach: Reach) -> io::Result<()> {
    system::restrict(bounds, reach)
}
