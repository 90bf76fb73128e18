//! A complaint: what is wrong, what was seen of it, and how to mend it.

use serde::Serialize;

/// The first thing that is wrong with an adapter, in plain words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Complaint {
    /// What the adapter was to do.
    pub step: String,
    /// What is wrong: a sentence.
    pub what: String,
    /// What was seen; foreign text is escaped and cut.
    pub seen: Vec<String>,
    /// How to mend it, the likeliest first.
    pub mend: Vec<String>,
    /// The last lines that the adapter wrote to stderr.
    pub last_words: Vec<String>,
}

impl Complaint {
    /// A complaint of which nothing but the sentence is known.
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            step: String::new(),
            what: what.into(),
            seen: Vec::new(),
            mend: Vec::new(),
            last_words: Vec::new(),
        }
    }

    /// With another sentence.
    pub(super) fn saying(mut self, what: impl Into<String>) -> Self {
        self.what = what.into();
        self
    }

    /// With one more thing that was seen.
    pub(super) fn seen(mut self, seen: impl Into<String>) -> Self {
        self.seen.push(seen.into());
        self
    }

    /// With one more way to mend it.
    pub(super) fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend.push(mend.into());
        self
    }
}
