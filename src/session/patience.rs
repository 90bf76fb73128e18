//! How long the kit waits: limits in real time, one factor over all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// After this many waits that ended in silence, the rest of the run waits a third as long.
const SILENCES: u32 = 2;

/// After this many, and while no message of the run has come through, a tenth of that: hundreds of
/// scenarios would else wait for an adapter that does nothing.
const SILENCES_OF_THE_LIFELESS: u32 = 8;

/// The limits of a run, shared by its scenarios.
#[derive(Clone, Debug)]
pub struct Patience {
    factor: f64,
    seen: Arc<Seen>,
}

/// What all scenarios of a run have seen.
#[derive(Debug, Default)]
struct Seen {
    silences: AtomicU32,
    life: AtomicBool,
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
            seen: Arc::default(),
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
        let call = self.scaled(30.0);
        let is_lifeless =
            self.silences() >= SILENCES_OF_THE_LIFELESS && !self.seen.life.load(Ordering::Relaxed);
        if is_lifeless { call / 10 } else { call }
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

    /// Notes that something was waited for in vain.
    pub fn note_silence(&self) {
        self.seen.silences.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a message came through the adapter.
    pub fn note_life(&self) {
        self.seen.life.store(true, Ordering::Relaxed);
    }

    fn silences(&self) -> u32 {
        self.seen.silences.load(Ordering::Relaxed)
    }

    fn scaled(&self, seconds: f64) -> Duration {
        let third = if self.silences() >= SILENCES {
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

    #[test]
    fn an_adapter_that_no_message_comes_through_is_not_waited_for_as_long_until_one_does() {
        let patience = Patience::default();
        for _ in 0..SILENCES_OF_THE_LIFELESS {
            assert!(patience.call() >= Duration::from_secs(10));
            patience.note_silence();
        }
        assert_eq!(patience.call(), Duration::from_secs(1));
        assert_eq!(patience.scenario(), Duration::from_secs(30));
        patience.note_life();
        assert_eq!(patience.call(), Duration::from_secs(10));
    }
}
