//! How many files and sockets this process may hold open at a time.
//!
//! Where one is lacking, something goes wrong in this process that is no fault of an adapter. So what
//! runs at the same time is fitted to the limit.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The most that a scenario holds: the simulated WeChat, its connections on both sides, the pipes of
/// the adapter and a folder that is looked through.
const PER_SCENARIO: u64 = 12;
/// What the process holds besides.
const OWN: u64 = 24;

/// How many scenarios may run at the same time: `most`, or as many as there is room for. The limit is
/// raised as far as that is needed and allowed.
///
/// # Errors
/// There is no room for `least`.
pub(super) fn fitting(least: u32, most: u32) -> Result<u32, String> {
    let needed = |scenarios: u32| OWN + u64::from(scenarios) * PER_SCENARIO;
    let limit = limit(needed(most));
    let room = limit.saturating_sub(OWN) / PER_SCENARIO;
    let room = u32::try_from(room).map_or(most, |room| room.min(most));
    if room < least {
        return Err(format!(
            "this process may hold {limit} files and sockets open, and needs {}\n  hint: raise the \
             limit, as with `ulimit -n 1024`",
            needed(least)
        ));
    }
    Ok(room)
}

/// The limit, raised to `wanted` or as near to it as the system allows.
fn limit(wanted: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let current = current.unwrap_or(u64::MAX);
    let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if raised <= current {
        return current;
    }
    let limit = Rlimit {
        current: Some(raised),
        maximum,
    };
    setrlimit(Resource::Nofile, limit).map_or(current, |()| raised)
}
