//! The time of a scenario: moved by hand for an adapter that claims virtual time, else the wall's.

use std::time::SystemTime;

use crate::contract::{ClockMode, ClockSetting, Timestamp};

/// Where virtual time begins, so that a run can be repeated: 2026-03-24T12:00:00Z in milliseconds.
const VIRTUAL_BEGIN_MS: i64 = 1_774_353_600_000;

/// The clock that the kit, its WeChat and the adapter share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SceneClock {
    /// Stands still until it is moved; milliseconds since 1970.
    Virtual(i64),
    /// The wall's.
    Real,
}

impl SceneClock {
    /// A clock for an adapter that does or does not claim virtual time.
    #[must_use]
    pub fn new(virtual_time: bool) -> Self {
        if virtual_time {
            Self::Virtual(VIRTUAL_BEGIN_MS)
        } else {
            Self::Real
        }
    }

    /// The present moment, milliseconds since 1970.
    #[must_use]
    pub fn now_ms(self) -> i64 {
        match self {
            Self::Virtual(now) => now,
            Self::Real => wall_ms(),
        }
    }

    /// What `start` is told.
    #[must_use]
    pub fn setting(self) -> ClockSetting {
        let mode = match self {
            Self::Virtual(_) => ClockMode::Virtual,
            Self::Real => ClockMode::Real,
        };
        ClockSetting {
            mode,
            now: Timestamp::from_unix_ms(self.now_ms()),
        }
    }
}

/// The wall clock, milliseconds since 1970: the one place of the session where it enters.
fn wall_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let now = SystemTime::now();
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
