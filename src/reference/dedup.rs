//! Pure: which WeChat messages are settled already, within the window.

use std::collections::BTreeMap;

/// The keys of settled messages, each with the instant of its settlement; never a body.
///
/// A key is remembered once AIOS has settled its event (WX-DEDUP-007: the window counts from
/// acceptance), and forgotten when the window has passed, which bounds the size (WX-STORE-007).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dedup {
    window_ms: i64,
    settled: BTreeMap<String, i64>,
}

impl Dedup {
    /// An empty memory with a window of `window_sec` seconds.
    #[must_use]
    pub fn with_window(window_sec: i64) -> Self {
        Self {
            window_ms: window_sec.saturating_mul(1_000),
            settled: BTreeMap::new(),
        }
    }

    /// The memory that an earlier process left, under the window in force now.
    #[must_use]
    pub fn restored(window_sec: i64, settled: BTreeMap<String, i64>) -> Self {
        Self {
            settled,
            ..Self::with_window(window_sec)
        }
    }

    /// Whether `key` was settled less than a window ago.
    #[must_use]
    pub fn knows(&self, key: &str, now: i64) -> bool {
        self.settled
            .get(key)
            .is_some_and(|&at| self.is_fresh(at, now))
    }

    /// Remembers that `key` was settled at `now`, and forgets what is older than the window.
    pub fn remember(&mut self, key: &str, now: i64) {
        let window_ms = self.window_ms;
        self.settled
            .retain(|_, at| now.saturating_sub(*at) < window_ms);
        self.settled.insert(key.to_owned(), now);
    }

    /// What a restart needs.
    #[must_use]
    pub fn settled(&self) -> &BTreeMap<String, i64> {
        &self.settled
    }

    fn is_fresh(&self, at: i64, now: i64) -> bool {
        now.saturating_sub(at) < self.window_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_until_the_window_after_its_settlement_has_passed() {
        let mut dedup = Dedup::with_window(60);
        assert!(!dedup.knows("a", 0));
        dedup.remember("a", 1_000);
        assert!(dedup.knows("a", 60_999));
        assert!(!dedup.knows("a", 61_000));
    }

    #[test]
    fn what_left_the_window_takes_no_room() {
        let mut dedup = Dedup::with_window(2);
        for n in 0..1_000 {
            dedup.remember(&format!("key {n}"), n * 10);
        }
        assert_eq!(dedup.settled().len(), 200);
    }

    #[test]
    fn a_clock_that_jumped_back_does_not_reopen_the_window() {
        let mut dedup = Dedup::with_window(60);
        dedup.remember("a", 1_000_000);
        assert!(dedup.knows("a", 0));
    }
}
