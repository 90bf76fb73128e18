//! How long the kit waits: limits in real time, one factor over all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// After this many scenarios ended by silence, the rest of the run waits a third as long.
const SILENCES: u32 = 2;

/// The limits of a run, shared by its scenarios.
#[derive(Clone, Debug)]
pub struct Patience {
    factor: f64,
    silences: Arc<AtomicU32>,
}

impl Default for Patience {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl Patience {
    /// Multiplies every wait by `factor`.
    #[must_use]
    pub fn new(factor: f64) -> Self {
        Self {
            factor,
            silences: Arc::default(),
        }
    }

    /// For the answer to `initialize`. How fast a program comes up has nothing to do with what it
    /// failed to do before, so this never shrinks.
    #[must_use]
    pub fn initialize(&self) -> Duration {
        Duration::from_secs(10).mul_f64(self.factor)
    }

    /// For the answer to `start`, which never shrinks either.
    #[must_use]
    pub fn start(&self) -> Duration {
        Duration::from_secs(20).mul_f64(self.factor)
    }

    /// For any other answer, and for anything the adapter is to do.
    #[must_use]
    pub fn call(&self) -> Duration {
        self.scaled(30.0)
    }

    /// Between asking an adapter to end and ending it.
    #[must_use]
    pub fn grace(&self) -> Duration {
        self.scaled(5.0)
    }

    /// For a whole scenario.
    #[must_use]
    pub fn scenario(&self) -> Duration {
        self.scaled(90.0)
    }

    /// In place of a fence, where none is possible. Not a limit: it never shrinks.
    #[must_use]
    pub fn settle(&self) -> Duration {
        Duration::from_secs(1).mul_f64(self.factor.max(1.0))
    }

    /// The same limits with a count of silences of their own.
    #[must_use]
    pub fn unshared(&self) -> Self {
        Self::new(self.factor)
    }

    /// Notes that a scenario ended by a hang or by silence.
    pub fn note_silence(&self) {
        self.silences.fetch_add(1, Ordering::Relaxed);
    }

    fn scaled(&self, seconds: f64) -> Duration {
        let third = if self.silences.load(Ordering::Relaxed) >= SILENCES {
            3.0
        } else {
            1.0
        };
        Duration::from_secs_f64(seconds * self.factor / third)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_silences_cut_the_limits_of_the_whole_run_to_a_third() {
        let patience = Patience::new(3.0);
        let other_scenario = patience.clone();
        patience.note_silence();
        assert_eq!(other_scenario.call(), Duration::from_secs(90));
        patience.note_silence();
        assert_eq!(other_scenario.call(), Duration::from_secs(30));
        assert_eq!(other_scenario.settle(), Duration::from_secs(3));
    }
}
