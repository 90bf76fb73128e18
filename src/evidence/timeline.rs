//! Facts in the order they were seen.

use std::fmt::Write as _; // writing to a `String` cannot fail
use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::ser::{Formatter, Serializer};
use sha2::{Digest, Sha256};

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

    /// Eight hexadecimal digits an entry, each from the entry and all before it.
    ///
    /// Whoever changes an entry and not the seal is found out, and where. It is no signature:
    /// anybody can compute it.
    #[must_use]
    pub fn seal(&self) -> String {
        let mut chain = Sha256::new();
        let mut seal = String::with_capacity(self.entries.len() * SEAL);
        let mut text = Vec::new();
        for entry in &self.entries {
            text.clear();
            // A timeline is plain data, which cannot fail to be JSON.
            let _ = entry.serialize(&mut Serializer::with_formatter(&mut text, Steady));
            chain.update(&text);
            let link: [u8; 32] = chain.finalize_reset().into();
            for byte in &link[..SEAL / 2] {
                let _ = write!(seal, "{byte:02x}");
            }
            chain.update(link);
        }
        seal
    }

    /// The first entry that a seal does not fit, if there is one; an entry too few counts as the
    /// one behind the last.
    #[must_use]
    pub fn broken_at(&self, seal: &str) -> Option<usize> {
        let own = self.seal();
        let links = |text: &str| -> Vec<Vec<u8>> {
            text.as_bytes().chunks(SEAL).map(<[u8]>::to_vec).collect()
        };
        let (own, given) = (links(&own), links(seal));
        let fits = own.iter().zip(&given).take_while(|(a, b)| a == b).count();
        (fits < own.len().max(given.len())).then_some(fits)
    }
}

/// Leaves out the last digits of fractions, which may differ once they were written and read.
struct Steady;

impl Formatter for Steady {
    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        write!(writer, "{value:.9e}")
    }
}

/// Digits of a seal for one entry.
const SEAL: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(words: &[&str]) -> Timeline {
        let mut timeline = Timeline::default();
        for (at, text) in (0..).zip(words) {
            let text = (*text).to_owned();
            timeline.push(at, Fact::Note { text });
        }
        timeline
    }

    #[test]
    fn a_seal_shows_the_first_entry_that_was_changed_removed_or_added() {
        let seal = timeline(&["one", "two", "three"]).seal();
        for (words, broken) in [
            (&["one", "two", "three"][..], None),
            (&["one", "2", "three"], Some(1)),
            (&["two", "three"], Some(0)),
            (&["one", "two"], Some(2)),
            (&["one", "two", "three", "four"], Some(3)),
        ] {
            assert_eq!(timeline(words).broken_at(&seal), broken, "{words:?}");
        }
    }

    #[test]
    fn a_seal_fits_a_timeline_that_was_written_and_read() {
        let mut sealed = Timeline::default();
        for number in [0.1 + 0.2, 1.0, 1e300, f64::MIN_POSITIVE, -0.0] {
            let asked = Fact::Asked {
                process: 1,
                id: "k1".to_owned(),
                method: "act".to_owned(),
                params: serde_json::json!({"z": number, "a": [3, -4, u64::MAX], "é": "\u{7}\n"}),
            };
            sealed.push(7, asked);
        }
        let text = serde_json::to_string(&sealed).unwrap();
        let read: Timeline = serde_json::from_str(&text).unwrap();
        assert_eq!(read.broken_at(&sealed.seal()), None);
    }
}
