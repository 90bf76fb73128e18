//! How a child adapter is contained, and how the report tells it.

use crate::adapter::{self, Reach, Subject};
use crate::report;

/// How a child adapter is contained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Containment {
    /// As far as the kernel can.
    #[default]
    Auto,
    /// The same; whoever asks for it has made sure that it can ([`Containment::missing`]).
    Require,
    /// Not at all.
    Off,
}

impl Containment {
    /// The word on the command line, if it is not the usual one.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "",
            Self::Require => "require",
            Self::Off => "off",
        }
    }

    /// Why this adapter cannot be contained wholly here, if it cannot.
    #[must_use]
    pub fn missing(self, subject: &Subject) -> Option<String> {
        self.told_of(&self.applied_to(subject)).reason
    }

    pub(super) fn applied_to(self, subject: &Subject) -> Subject {
        match self {
            Self::Auto | Self::Require => subject.clone().contained(),
            Self::Off => subject.clone(),
        }
    }

    /// What the report says of a subject that this was applied to.
    pub(super) fn told_of(self, subject: &Subject) -> report::Containment {
        let (reach, reason) = match subject.containment() {
            adapter::Containment::InThisProcess => (
                Reach::default(),
                Some("it runs inside the kit's own process"),
            ),
            adapter::Containment::Child(reach) => {
                let reason = match (self, reach.is_whole()) {
                    (Self::Off, _) => Some("it was switched off"),
                    (_, true) => None,
                    (_, false) => Some("this system's kernel cannot (Linux 6.7 with Landlock can)"),
                };
                (reach, reason)
            }
        };
        let parts = [
            (reach.writes, "writes outside the sandbox folders"),
            (
                reach.connections,
                "TCP connections elsewhere than to WeChat",
            ),
            (
                reach.processes,
                "signals and abstract sockets to processes outside",
            ),
        ];
        let named = |wanted: bool| {
            let parts = parts.iter().filter(move |(done, _)| *done == wanted);
            parts.map(|(_, name)| (*name).to_owned())
        };
        let never = ["UDP", "sockets in the file system"];
        report::Containment {
            writes: reach.writes,
            connections: reach.connections,
            prevented: named(true).collect(),
            open: named(false).chain(never.map(str::to_owned)).collect(),
            reason: reason.map(str::to_owned),
        }
    }
}

/// Why nothing follows from a connection that was not seen, if so.
pub(super) fn uncontained(containment: &report::Containment) -> Option<String> {
    let why = containment.reason.as_deref().unwrap_or("the kernel cannot");
    (!containment.connections).then(|| format!("not contained: {why}"))
}
