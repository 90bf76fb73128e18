//! The journal: everything that was observed, numbered, for whoever looks on.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::watch;

use super::observation::{Event, Observation};
use crate::wire::Endpoint;

/// How many entries are kept; the oldest go first.
const ENTRIES_MAX: usize = 20_000;
/// How many bytes of entries are kept.
const BYTES_MAX: usize = 64 << 20;

/// One line of the journal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Entry {
    /// Counts the entries, from 1. Never given twice.
    pub number: u64,
    /// The call it belongs to.
    pub exchange: u64,
    /// WeChat's clock, milliseconds since 1970.
    pub at: i64,
    /// The endpoint that was called.
    pub endpoint: Endpoint,
    /// What happened.
    pub event: Event,
}

/// What was observed, as JSON.
pub(super) struct Journal {
    entries: VecDeque<String>,
    bytes: usize,
    last: watch::Sender<u64>,
}

impl Journal {
    pub(super) fn new() -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            last: watch::Sender::new(0),
        }
    }

    pub(super) fn write(&mut self, observation: &Observation) {
        let Observation {
            exchange,
            at,
            endpoint,
            ref event,
        } = *observation;
        let number = *self.last.borrow() + 1;
        let entry = Entry {
            number,
            exchange,
            at,
            endpoint,
            event: event.clone(),
        };
        let entry = serde_json::to_string(&entry).unwrap_or_default();
        self.bytes += entry.len();
        self.entries.push_back(entry);
        while self.entries.len() > ENTRIES_MAX || self.bytes > BYTES_MAX {
            self.bytes -= self.entries.pop_front().map_or(0, |oldest| oldest.len());
        }
        self.last.send_replace(number);
    }

    /// The entries behind this number, as a JSON array.
    pub(super) fn after(&self, number: u64) -> String {
        let first = *self.last.borrow() - self.entries.len() as u64;
        let skip = usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX);
        let entries = self.entries.iter().skip(skip).map(String::as_str);
        format!("[{}]", entries.collect::<Vec<_>>().join(","))
    }

    /// The number of the last entry, to be watched.
    pub(super) fn last(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn numbers(journal: &Journal, after: u64) -> Vec<u64> {
        let entries: Vec<Value> = serde_json::from_str(&journal.after(after)).unwrap();
        entries
            .iter()
            .map(|entry| entry["number"].as_u64().unwrap())
            .collect()
    }

    #[test]
    fn the_oldest_entries_go_and_no_number_comes_twice() {
        let mut journal = Journal::new();
        assert_eq!(numbers(&journal, 0), [0; 0]);
        let parked = Event::Parked { position: 0 };
        let endpoint = Endpoint::GetUpdates;
        for _ in 0..ENTRIES_MAX + 5 {
            let event = parked.clone();
            journal.write(&Observation {
                exchange: 1,
                at: 0,
                endpoint,
                event,
            });
        }
        let last = ENTRIES_MAX as u64 + 5;
        assert_eq!(numbers(&journal, 0).len(), ENTRIES_MAX);
        assert_eq!(numbers(&journal, 0)[0], 6);
        assert_eq!(numbers(&journal, last - 2), [last - 1, last]);
        assert_eq!(numbers(&journal, last), [0; 0]);
        assert_eq!(numbers(&journal, last + 9), [0; 0]);
    }
}
