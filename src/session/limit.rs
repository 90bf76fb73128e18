//! A limit in real time that holds nothing against an adapter but its own silence.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout};

/// How long the kit sleeps at most before it looks at the clock.
const HEARTBEAT: Duration = Duration::from_millis(50);
/// A heartbeat this late says that the machine, not the adapter, was slow.
const LATE: Duration = Duration::from_secs(1);
/// How often a limit begins anew because the machine was slow.
const RENEWALS: u32 = 3;

/// A limit, as far as it is used up. Time that the kit slept through is no part of it; and after
/// such a sleep it begins anew, since whoever held up the kit may have held up the adapter.
#[derive(Clone, Debug)]
pub struct Limit {
    whole: Duration,
    left: Duration,
    renewals: u32,
    late: bool,
}

impl Limit {
    /// A limit of which nothing is used up.
    #[must_use]
    pub fn new(whole: Duration) -> Self {
        Self {
            whole,
            left: whole,
            renewals: RENEWALS,
            late: false,
        }
    }

    /// The same limit, which never begins anew.
    #[must_use]
    pub fn once(whole: Duration) -> Self {
        Self {
            renewals: 0,
            ..Self::new(whole)
        }
    }

    /// How long to sleep before time is spent; nothing once the limit is reached.
    pub(super) fn beat(&self) -> Option<Duration> {
        (!self.left.is_zero()).then(|| self.left.min(HEARTBEAT))
    }

    /// After a sleep of at most a beat that took so long.
    pub(super) fn spend(&mut self, passed: Duration) {
        if passed <= HEARTBEAT + LATE {
            self.left = self.left.saturating_sub(passed.min(HEARTBEAT));
        } else if self.renewals > 0 {
            self.renewals -= 1;
            self.left = self.whole;
        } else {
            self.late = true;
            self.left = self.left.saturating_sub(HEARTBEAT);
        }
    }

    /// Whether the kit was held up more often than the limit could begin anew, so that reaching it
    /// says nothing about the adapter.
    #[must_use]
    pub fn was_late(&self) -> bool {
        self.late
    }

    /// Awaits a future until the limit is reached.
    pub async fn patiently<F: Future>(&mut self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        while let Some(beat) = self.beat() {
            let slept = Instant::now();
            if let Ok(output) = timeout(beat, &mut future).await {
                return Some(output);
            }
            self.spend(slept.elapsed());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const ASLEEP: Duration = Duration::from_secs(5);

    fn beats(limit: &mut Limit, passed: Duration) -> u32 {
        let mut beats = 0;
        while limit.beat().is_some() {
            limit.spend(passed);
            beats += 1;
        }
        beats
    }

    #[test]
    fn a_limit_is_so_many_beats_however_late_each_of_them_is() {
        for passed in [50, 51, 300, 1_000] {
            let mut limit = Limit::new(SECOND);
            assert_eq!(beats(&mut limit, Duration::from_millis(passed)), 20);
            assert!(!limit.was_late());
        }
    }

    #[test]
    fn a_limit_begins_anew_after_the_kit_was_held_up() {
        let mut limit = Limit::new(SECOND);
        for _ in 0..19 {
            limit.spend(HEARTBEAT);
        }
        limit.spend(ASLEEP);
        assert_eq!(beats(&mut limit, HEARTBEAT), 20);
        assert!(!limit.was_late());
    }

    #[test]
    fn a_limit_that_cannot_begin_anew_says_that_it_says_nothing() {
        let mut limit = Limit::new(SECOND);
        assert_eq!(beats(&mut limit, ASLEEP), RENEWALS + 20);
        assert!(limit.was_late());
        let mut once = Limit::once(SECOND);
        assert_eq!(beats(&mut once, ASLEEP), 20);
        assert!(once.was_late());
    }

    #[tokio::test]
    async fn what_comes_in_time_is_handed_over_and_what_does_not_is_not() {
        let mut limit = Limit::new(Duration::from_millis(1));
        assert_eq!(limit.patiently(async { 7 }).await, Some(7));
        assert_eq!(limit.patiently(std::future::pending::<()>()).await, None);
        assert!(!limit.was_late());
    }
}
