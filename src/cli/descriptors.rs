//! How many files and sockets this process may hold open at a time.
//!
//! Where one is lacking, something goes wrong in this process that is no fault of an adapter. So what
//! runs at the same time is fitted to the limit.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::simulator::CONNECTIONS_MAX;

/// What a scenario holds with an adapter of the kit's own: the simulated WeChat, its connections on
/// both sides, and a folder that is looked through.
pub(super) const OWN_ADAPTER: u64 = 12;
/// What it holds with any other: its pipes, and as many connections as the simulated WeChat takes.
pub(super) const ANY_ADAPTER: u64 = OWN_ADAPTER + CONNECTIONS_MAX as u64;
/// What the process holds besides.
const OWN: u64 = 24;
/// The scenarios that the limit is raised for, even if fewer are wanted: an adapter inherits it, and
/// how many run at the same time must make no difference to it.
const ALWAYS: u32 = 64;

/// How many scenarios that hold `each` may run at the same time: `most`, or as many as there is room
/// for. The limit is raised as far as that is needed and allowed.
///
/// # Errors
/// There is no room for `least`.
pub(super) fn fitting(each: u64, least: u32, most: u32) -> Result<u32, String> {
    let needed = |scenarios: u32| OWN + u64::from(scenarios) * each;
    let limit = limit(needed(most.max(ALWAYS)));
    let room = limit.saturating_sub(OWN) / each;
    let room = u32::try_from(room).map_or(most, |room| room.min(most));
    if room < least {
        return Err(format!(
            "this process may hold no more than {limit} files and sockets open, and needs {}\n  \
             hint: raise the hard limit (`ulimit -Hn` shows it) where this shell, container or \
             service gets it",
            needed(least)
        ));
    }
    Ok(room)
}

/// The limit, raised to `wanted` or as near to it as the system allows, within a factor of two.
fn limit(wanted: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let current = current.unwrap_or(u64::MAX);
    let mut raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    // A system may allow less than the maximum that it names.
    while raised > current {
        let limit = Rlimit {
            current: Some(raised),
            maximum,
        };
        if setrlimit(Resource::Nofile, limit).is_ok() {
            return raised;
        }
        raised /= 2;
    }
    current
}
