//! Containment by Landlock.

use std::io;
use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, NetPort, PathBeneath,
    PathFd, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus, Scope,
};

use super::{Bounds, Reach};

/// The first version in which no way of writing a file is left out: the third knows truncation.
const WRITES: ABI = ABI::V3;

/// Devices that swallow what is written to them; every other one is out of bounds.
const SINKS: [&str; 5] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
];

/// A set of rules that fails where the kernel does not know something asked of it.
fn strict() -> Ruleset {
    Ruleset::default().set_compatibility(CompatLevel::HardRequirement)
}

pub(super) fn reach() -> Reach {
    let known = |rules: Result<Ruleset, _>| rules.and_then(Ruleset::create).is_ok();
    Reach {
        writes: known(strict().handle_access(AccessFs::from_write(WRITES))),
        connections: known(strict().handle_access(AccessNet::ConnectTcp)),
        processes: known(strict().scope(Scope::from_all(ABI::V6))),
    }
}

pub(super) fn restrict(bounds: &Bounds, reach: Reach) -> io::Result<()> {
    if reach == Reach::default() {
        return Ok(());
    }
    let writing = AccessFs::from_write(WRITES);
    let mut rules = strict();
    if reach.writes {
        rules = rules.handle_access(writing).map_err(io::Error::other)?;
    }
    if reach.connections {
        rules = rules
            .handle_access(AccessNet::ConnectTcp)
            .map_err(io::Error::other)?;
    }
    if reach.processes {
        rules = rules
            .scope(Scope::from_all(ABI::V6))
            .map_err(io::Error::other)?;
    }
    let mut rules = rules.create().map_err(io::Error::other)?;
    if reach.writes {
        for folder in &bounds.folders {
            let folder = PathFd::new(folder).map_err(io::Error::other)?;
            rules = rules
                .add_rule(PathBeneath::new(folder, writing))
                .map_err(io::Error::other)?;
        }
        for sink in SINKS.iter().filter(|sink| Path::new(sink).exists()) {
            let sink = PathFd::new(sink).map_err(io::Error::other)?;
            rules = rules
                .add_rule(PathBeneath::new(
                    sink,
                    writing & AccessFs::from_file(WRITES),
                ))
                .map_err(io::Error::other)?;
        }
    }
    if reach.connections {
        for port in &bounds.ports {
            rules = rules
                .add_rule(NetPort::new(*port, AccessNet::ConnectTcp))
                .map_err(io::Error::other)?;
        }
    }
    let status = rules.restrict_self().map_err(io::Error::other)?;
    if status.ruleset == RulesetStatus::FullyEnforced {
        Ok(())
    } else {
        Err(io::Error::other("the kernel does not enforce its bounds"))
    }
}
