//! The folder that an adapter lives in during a scenario.

use std::env;
use std::io;
use std::path::Path;

use tempfile::TempDir;

use crate::adapter::{SANDBOX_BYTES, Subject};

/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";

/// Where temporary files lie unless somebody says otherwise.
const USUAL: &str = "/tmp";

/// How many full sandboxes the memory has to hold before a child gets one there.
const PLENTY: u64 = 16;

/// A new one, in memory where the system offers it: making and removing files is a third of the
/// cost of a scenario on a disk. Who says where temporary files belong is heard.
pub(super) fn sandbox(subject: &Subject) -> io::Result<TempDir> {
    let mut sandbox = tempfile::Builder::new();
    sandbox.prefix("aios-wechat-");
    if env::temp_dir() == Path::new(USUAL)
        && (subject.is_in_process() || suits_a_child(MEMORY))
        && let Ok(sandbox) = sandbox.tempdir_in(MEMORY)
    {
        return Ok(sandbox);
    }
    sandbox.tempdir()
}

/// A child may fill its sandbox, and run what it puts there; an adapter in this process keeps a few
/// kilobytes.
#[cfg(target_os = "linux")]
fn suits_a_child(folder: &str) -> bool {
    use rustix::fs::{StatVfsMountFlags, statvfs};
    statvfs(folder).is_ok_and(|system| {
        let room = system.f_bavail.saturating_mul(system.f_frsize);
        room >= PLENTY * SANDBOX_BYTES && !system.f_flag.contains(StatVfsMountFlags::NOEXEC)
    })
}

#[cfg(not(target_os = "linux"))]
fn suits_a_child(_folder: &str) -> bool {
    false
}
