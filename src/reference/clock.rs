//! Protocol time: a clock that runs, and one that moves only when it is told.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};
use tokio::sync::oneshot;

use super::lock;

/// The time that windows, back-off and timestamps are measured in, in milliseconds since 1970 UTC.
///
/// HTTP timeouts are not protocol time: they stay real whatever the clock.
pub trait Clock: Send + Sync + 'static {
    /// The current instant.
    fn now(&self) -> i64;

    /// Completes once `pause` has passed. The deadline counts from this call, not from the first
    /// await.
    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()>;

    /// Sets the clock and fires what became due; `false` for a clock that nobody moves.
    fn advance(&self, now: i64) -> bool;
}

/// A clock that runs by itself from the instant it was given: monotonic, so a correction of the
/// machine's clock never reopens a dedup window.
#[derive(Debug)]
pub struct RealClock {
    origin: i64,
    since: Instant,
}

impl RealClock {
    /// A clock that shows `now` and runs.
    #[must_use]
    pub fn starting_at(now: i64) -> Self {
        Self {
            origin: now,
            since: Instant::now(),
        }
    }
}

impl Clock for RealClock {
    fn now(&self) -> i64 {
        let elapsed = i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.origin.saturating_add(elapsed)
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the clock that others sleep by"
        )]
        tokio::time::sleep(pause).boxed()
    }

    fn advance(&self, _now: i64) -> bool {
        false
    }
}

/// A clock that stands still until it is advanced.
#[derive(Debug)]
pub struct VirtualClock {
    face: Mutex<Face>,
}

#[derive(Debug)]
struct Face {
    now: i64,
    timers: Vec<Timer>,
}

#[derive(Debug)]
struct Timer {
    deadline: i64,
    ring: oneshot::Sender<()>,
}

impl VirtualClock {
    /// A clock that shows `now` and stands still.
    #[must_use]
    pub fn standing_at(now: i64) -> Self {
        Self {
            face: Mutex::new(Face {
                now,
                timers: Vec::new(),
            }),
        }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> i64 {
        lock(&self.face).now
    }

    fn sleep(&self, pause: Duration) -> BoxFuture<'static, ()> {
        let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        if pause == 0 {
            return future::ready(()).boxed();
        }
        let (ring, due) = oneshot::channel();
        let mut face = lock(&self.face);
        face.timers.retain(|timer| !timer.ring.is_closed());
        let deadline = face.now.saturating_add(pause);
        face.timers.push(Timer { deadline, ring });
        async move {
            if due.await.is_err() {
                future::pending::<()>().await; // the clock is gone: nothing becomes due any more
            }
        }
        .boxed()
    }

    fn advance(&self, now: i64) -> bool {
        let mut face = lock(&self.face);
        face.now = now;
        let timers = std::mem::take(&mut face.timers);
        let (mut due, waiting): (Vec<_>, Vec<_>) =
            timers.into_iter().partition(|timer| timer.deadline <= now);
        face.timers = waiting;
        due.sort_by_key(|timer| timer.deadline);
        for timer in due {
            let _ = timer.ring.send(()); // the sleeper may have gone meanwhile
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_timer_fires_at_its_deadline_and_not_before() {
        let clock = VirtualClock::standing_at(1_000);
        let mut sleep = clock.sleep(Duration::from_millis(50));
        clock.advance(1_049);
        assert_eq!((&mut sleep).now_or_never(), None);
        clock.advance(1_050);
        assert_eq!(sleep.now_or_never(), Some(()));
    }

    #[test]
    fn a_deadline_counts_from_the_call_and_not_from_the_first_await() {
        let clock = VirtualClock::standing_at(0);
        let sleep = clock.sleep(Duration::from_millis(10));
        clock.advance(10);
        assert_eq!(
            sleep.now_or_never(),
            Some(()),
            "never polled before the advance"
        );
    }

    #[test]
    fn a_timer_set_after_an_advance_counts_from_the_new_time() {
        let clock = VirtualClock::standing_at(0);
        clock.advance(100);
        let mut sleep = clock.sleep(Duration::from_millis(10));
        clock.advance(105);
        assert_eq!((&mut sleep).now_or_never(), None);
        clock.advance(110);
        assert_eq!(sleep.now_or_never(), Some(()));
    }

    #[test]
    fn abandoned_timers_are_forgotten() {
        let clock = VirtualClock::standing_at(0);
        for _ in 0..100 {
            drop(clock.sleep(Duration::from_secs(1)));
        }
        let _kept = clock.sleep(Duration::from_secs(1));
        assert_eq!(lock(&clock.face).timers.len(), 1);
    }
}
