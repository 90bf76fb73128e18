//! Facts in the order they were seen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::fact::{Fact, Lane};

/// One fact and when it was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Microseconds of real time since the scenario began.
    pub at_us: u64,
    /// The lane; a function of the fact, kept for readers of the stored form.
    pub lane: Lane,
    /// The fact.
    pub what: Fact,
}

/// The ordered evidence of one scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Timeline {
    entries: Vec<Entry>,
}

impl Timeline {
    /// Appends a fact and returns its index.
    pub fn push(&mut self, at_us: u64, what: Fact) -> usize {
        self.entries.push(Entry {
            at_us,
            lane: what.lane(),
            what,
        });
        self.entries.len() - 1
    }

    /// All entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Facts with their indexes, in order.
    #[must_use]
    pub fn facts(&self) -> impl DoubleEndedIterator<Item = (usize, &Fact)> {
        self.entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (index, &entry.what))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing has been seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The timeline as it was when it had `len` entries.
    #[must_use]
    pub fn up_to(&self, len: usize) -> Self {
        Self {
            entries: self.entries.iter().take(len).cloned().collect(),
        }
    }
}
