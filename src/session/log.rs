//! The shared timeline of one scenario, and the only way to wait: until something is seen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::limit::Limit;
use crate::evidence::{Fact, Timeline};

/// A timeline that several tasks write and one waits on.
#[derive(Clone, Debug)]
pub struct Log {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    timeline: Mutex<Timeline>,
    length: watch::Sender<usize>,
    began: Instant,
}

/// What came of waiting.
#[derive(Debug, PartialEq, Eq)]
pub enum Waited<T> {
    /// It was seen.
    Seen(T),
    /// It was not seen within the limit.
    Expired {
        /// The kit itself was held up meanwhile, so the limit says nothing about the adapter.
        late: bool,
    },
}

impl Default for Log {
    fn default() -> Self {
        Self {
            inner: Arc::new(Inner {
                timeline: Mutex::default(),
                length: watch::Sender::new(0),
                began: Instant::now(),
            }),
        }
    }
}

impl Log {
    /// Appends a fact, wakes whoever waits, and returns the fact's index.
    #[expect(
        clippy::must_use_candidate,
        reason = "most facts are recorded for their own sake"
    )]
    pub fn record(&self, what: Fact) -> usize {
        let at_us = u64::try_from(self.inner.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let index = self.lock().push(at_us, what);
        self.inner.length.send_replace(index + 1);
        index
    }

    /// Looks at the timeline.
    pub fn read<T>(&self, look: impl FnOnce(&Timeline) -> T) -> T {
        look(&self.lock())
    }

    /// A copy of the timeline as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Timeline {
        self.lock().clone()
    }

    /// The timeline as it is now, which nobody will look at here any more.
    #[must_use]
    pub fn take(&self) -> Timeline {
        std::mem::take(&mut self.lock())
    }

    /// How many facts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing was recorded yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until `look` finds something in the timeline, at most `limit` of real time. Time that
    /// the kit itself slept through is no part of it.
    pub async fn wait<T>(
        &self,
        limit: Duration,
        look: impl FnMut(&Timeline) -> Option<T>,
    ) -> Waited<T> {
        self.wait_on(&mut Limit::new(limit), look).await
    }

    /// The same, and takes what was waited off a limit that more than one wait shares.
    pub(super) async fn wait_on<T>(
        &self,
        limit: &mut Limit,
        mut look: impl FnMut(&Timeline) -> Option<T>,
    ) -> Waited<T> {
        let mut length = self.inner.length.subscribe();
        let mut last = Instant::now();
        loop {
            length.borrow_and_update();
            if let Some(seen) = self.read(&mut look) {
                return Waited::Seen(seen);
            }
            let Some(beat) = limit.beat() else {
                return Waited::Expired {
                    late: limit.was_late(),
                };
            };
            // The sender lives as long as the log.
            drop(timeout(beat, length.changed()).await);
            let passed = last.elapsed();
            last += passed;
            limit.spend(passed);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Timeline> {
        self.inner
            .timeline
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(text: &str) -> Fact {
        Fact::Note {
            text: text.to_owned(),
        }
    }

    #[tokio::test]
    async fn a_wait_ends_at_once_when_the_fact_is_there() {
        let log = Log::default();
        log.record(note("here"));
        let seen = log
            .wait(Duration::from_secs(30), |t| {
                (!t.is_empty()).then_some(t.len())
            })
            .await;
        assert_eq!(seen, Waited::Seen(1));
    }

    #[tokio::test]
    async fn a_wait_is_woken_by_a_fact_recorded_meanwhile() {
        let log = Log::default();
        let writer = log.clone();
        let (seen, ()) = tokio::join!(
            log.wait(Duration::from_secs(30), |t| (t.len() == 2).then_some(())),
            async {
                writer.record(note("one"));
                tokio::task::yield_now().await;
                writer.record(note("two"));
            }
        );
        assert_eq!(seen, Waited::Seen(()));
    }

    #[tokio::test]
    async fn a_wait_for_nothing_expires_and_says_that_the_kit_was_awake() {
        let log = Log::default();
        let waited = log.wait(Duration::from_millis(1), |_| None::<()>).await;
        assert_eq!(waited, Waited::Expired { late: false });
    }
}
