//! Pure: how long to leave WeChat alone after a failure.

use std::time::Duration;

/// First pause after an ordinary failure; it doubles with each further one.
const FIRST: Duration = Duration::from_millis(250);
/// No pause after an ordinary failure is longer.
const LONGEST: Duration = Duration::from_secs(30);
/// First pause after an expired login: at most one poll a second is allowed (WX-HEALTH-004).
const FIRST_EXPIRED: Duration = Duration::from_secs(2);
/// No pause after an expired login is longer; a person has to act anyway.
const LONGEST_EXPIRED: Duration = Duration::from_secs(300);

/// Counts consecutive failures of the poll.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
    expiries: u32,
}

impl Backoff {
    /// The pause after one more ordinary failure.
    pub fn fail(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        doubled(FIRST, self.failures).min(LONGEST)
    }

    /// The pause after the login was found expired, once more.
    pub fn expire(&mut self) -> Duration {
        self.expiries = self.expiries.saturating_add(1);
        doubled(FIRST_EXPIRED, self.expiries).min(LONGEST_EXPIRED)
    }

    /// WeChat answered: the next failure is a first one again.
    pub fn succeed(&mut self) {
        *self = Self::default();
    }
}

fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(1 << (times - 1).min(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_a_quarter_of_a_second_up_to_half_a_minute() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..9).map(|_| backoff.fail().as_millis()).collect();
        assert_eq!(
            pauses,
            [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
        );
    }

    #[test]
    fn an_expired_login_is_asked_about_less_than_once_a_second() {
        let mut backoff = Backoff::default();
        assert!(
            (0..100)
                .map(|_| backoff.expire())
                .all(|pause| pause > Duration::from_secs(1))
        );
    }

    #[test]
    fn a_success_starts_the_count_afresh() {
        let mut backoff = Backoff::default();
        backoff.fail();
        backoff.fail();
        backoff.succeed();
        assert_eq!(backoff.fail(), FIRST);
    }
}
