//! Pure: how the channel is, and its recent errors.

use crate::contract::{Code, Health, HealthState, RecentError, RecentErrors, Seq, Timestamp};

/// Recent errors that are remembered at most; the stalest give way.
const MOST_ERRORS: usize = 32;

/// The health record: codes, times and counts, nothing of any message (WX-HEALTH-003).
#[derive(Debug, Clone, Default)]
pub struct HealthRecord {
    polls: Polls,
    sends: Sends,
    aios_unavailable: bool,
    last_seen_at: Option<i64>,
    errors: Vec<Entry>,
}

/// How the last poll went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Polls {
    #[default]
    Fine,
    Failing,
    Expired,
}

/// How the last send went. A poll that began after a failed send and succeeds shows that WeChat is
/// back; one that was held meanwhile shows nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Sends {
    #[default]
    Fine,
    Failed,
    FailedBeforePoll,
}

#[derive(Debug, Clone)]
struct Entry {
    code: Code,
    first_at: i64,
    last_at: i64,
    count: i64,
}

impl HealthRecord {
    /// A poll is on its way.
    pub fn poll_begins(&mut self) {
        if self.sends == Sends::Failed {
            self.sends = Sends::FailedBeforePoll;
        }
    }

    /// A poll was answered. Says whether polls had failed before it.
    pub fn poll_succeeds(&mut self, now: i64) -> bool {
        self.last_seen_at = Some(now);
        if self.sends == Sends::FailedBeforePoll {
            self.sends = Sends::Fine;
        }
        std::mem::take(&mut self.polls) != Polls::Fine
    }

    /// A poll failed. Says whether that is news: the first failure of a row, or the first that
    /// needs a person.
    pub fn poll_fails(&mut self, code: Code, now: i64) -> bool {
        self.note(code, now);
        let expired = code == Code::SessionExpired || self.polls == Polls::Expired;
        let after = if expired {
            Polls::Expired
        } else {
            Polls::Failing
        };
        std::mem::replace(&mut self.polls, after) != after
    }

    /// A send, or a call that goes with one, was answered.
    pub fn send_succeeds(&mut self) {
        self.sends = Sends::Fine;
    }

    /// A send, or a call that goes with one, failed.
    pub fn send_fails(&mut self, code: Code, now: i64) {
        self.note(code, now);
        self.sends = Sends::Failed;
        if code == Code::SessionExpired {
            self.polls = Polls::Expired;
        }
    }

    /// Whether AIOS takes events.
    pub fn aios(&mut self, available: bool, now: i64) {
        self.aios_unavailable = !available;
        if !available {
            self.note(Code::AiosUnavailable, now);
        }
    }

    /// Remembers an error that does not change how the channel is.
    pub fn note(&mut self, code: Code, now: i64) {
        let known = self.errors.iter().position(|entry| entry.code == code);
        let mut entry = match known {
            Some(at) => self.errors.remove(at),
            None => Entry {
                code,
                first_at: now,
                last_at: now,
                count: 0,
            },
        };
        entry.last_at = now;
        entry.count = entry.count.saturating_add(1);
        self.errors.insert(0, entry);
        self.errors.truncate(MOST_ERRORS);
    }

    /// The document, of a channel that runs or not.
    #[must_use]
    pub fn report(&self, running: bool) -> Health {
        let health = match (self.polls, self.sends) {
            _ if !running => HealthState::Stopped,
            (Polls::Expired, _) => HealthState::Unhealthy,
            (Polls::Fine, Sends::Fine) if !self.aios_unavailable => HealthState::Healthy,
            _ => HealthState::Degraded,
        };
        let errors = self.errors.iter().map(|entry| RecentError {
            code: entry.code,
            first_at: Timestamp::from_unix_ms(entry.first_at),
            last_at: Timestamp::from_unix_ms(entry.last_at),
            count: Seq::saturating(entry.count),
        });
        Health {
            health,
            last_seen_at: self.last_seen_at.map(Timestamp::from_unix_ms),
            last_error_code: self.errors.first().map(|entry| entry.code),
            recent_errors: RecentErrors::clip(errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(record: &HealthRecord) -> HealthState {
        record.report(true).health
    }

    #[test]
    fn a_failure_degrades_until_a_poll_succeeds_and_stays_on_record() {
        let mut record = HealthRecord::default();
        assert!(record.poll_fails(Code::HttpStatus, 1_000));
        assert!(
            !record.poll_fails(Code::HttpStatus, 2_000),
            "the row has begun already"
        );
        assert_eq!(health(&record), HealthState::Degraded);
        assert!(record.poll_succeeds(3_000));
        let report = record.report(true);
        assert_eq!(report.health, HealthState::Healthy);
        assert_eq!(report.last_error_code, Some(Code::HttpStatus));
        assert_eq!(report.recent_errors.len(), 1);
        assert_eq!(report.recent_errors[0].count.get(), 2);
    }

    #[test]
    fn an_expired_login_needs_a_person_until_a_poll_succeeds() {
        let mut record = HealthRecord::default();
        record.poll_fails(Code::ConnectFailed, 0);
        assert!(record.poll_fails(Code::SessionExpired, 1));
        record.poll_fails(Code::ConnectFailed, 2);
        assert_eq!(health(&record), HealthState::Unhealthy);
        record.send_succeeds();
        assert_eq!(health(&record), HealthState::Unhealthy);
        record.poll_succeeds(3);
        assert_eq!(health(&record), HealthState::Healthy);
    }

    #[test]
    fn a_failed_send_degrades_until_a_send_or_a_later_poll_succeeds() {
        let mut record = HealthRecord::default();
        record.poll_begins();
        record.send_fails(Code::Timeout, 0);
        record.poll_succeeds(1);
        assert_eq!(
            health(&record),
            HealthState::Degraded,
            "that poll was held meanwhile"
        );
        record.poll_begins();
        record.poll_succeeds(2);
        assert_eq!(health(&record), HealthState::Healthy);
        record.send_fails(Code::Timeout, 3);
        record.send_succeeds();
        assert_eq!(health(&record), HealthState::Healthy);
    }

    #[test]
    fn a_send_does_not_hide_that_polls_fail() {
        let mut record = HealthRecord::default();
        record.poll_fails(Code::HttpStatus, 0);
        record.send_succeeds();
        assert_eq!(health(&record), HealthState::Degraded);
    }

    #[test]
    fn the_newest_error_comes_first_and_equal_codes_are_one_entry() {
        let mut record = HealthRecord::default();
        for (at, code) in (0..).zip(Code::ALL.iter().cycle().take(100)) {
            record.note(*code, at);
        }
        let health = record.report(true);
        assert_eq!(health.recent_errors.len(), Code::ALL.len());
        assert_eq!(health.last_error_code, Some(health.recent_errors[0].code));
        assert_eq!(health.recent_errors[0].last_at, Timestamp::from_unix_ms(99));
    }

    #[test]
    fn a_channel_that_does_not_run_is_stopped_whatever_happened() {
        let mut record = HealthRecord::default();
        record.poll_fails(Code::SessionExpired, 0);
        assert_eq!(record.report(false).health, HealthState::Stopped);
    }
}
