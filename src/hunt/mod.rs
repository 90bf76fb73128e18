//! The leak search: markers in anything an adapter leaves behind, whatever form they took.
//!
//! A marker is found by its encodings, computed forwards from the marker itself. Markers of letters
//! and digits are looked for by the rarest of their characters, however it is written (`anchor`,
//! `weave`), and around it through views that leave everything else out (`view`), so that a few
//! short keys stand for many forms; of markers that begin alike only the common beginning is looked
//! for, and the whole is confirmed where that is found. Other markers are looked for in the bytes as
//! they are (`form`). What a database breaks at the end of a page is joined (`database`). What is
//! packed (`unpack`), or is text that stands for other bytes (`run`, `escape`), is opened and searched
//! again, to a bounded depth and size (`search`).

mod anchor;
mod database;
mod escape;
mod folder;
mod form;
mod keys;
mod radix;
mod run;
mod search;
mod unpack;
mod view;
mod weave;

use std::io;

use anchor::Anchors;
use form::Form;
use keys::Keys;
use search::Search;

pub use folder::{Clean, Scope};
pub use search::BEYOND;

/// The fewest characters of a marker: what is shorter turns up by chance.
pub const SHORTEST: usize = 4;

/// Something that must not be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// What it marks, for a report: `a body`, `the bot token`.
    pub what: String,
    /// The words, as they were given to the adapter.
    pub words: String,
}

/// A marker that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// What it marks.
    pub what: String,
    /// Its words.
    pub words: String,
    /// Where: a file's path below the folder that was searched.
    pub place: String,
    /// Where in it, in bytes; within the innermost unpacked data if it was packed.
    pub offset: u64,
    /// How it was wrapped, outermost first: `gzip`, `base64`.
    pub chain: Vec<String>,
}

/// What a search looked at and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// How many files were read.
    pub files: u64,
    /// How many bytes they held.
    pub bytes: u64,
    /// What was found: each marker once in each place and form.
    pub finds: Vec<Find>,
    /// What could not be searched whole, and why.
    pub gaps: Vec<String>,
    /// What of a shared folder was not searched, or not whole, and why.
    pub left_out: Vec<String>,
}

impl Trail {
    /// Adds what another search found.
    pub fn extend(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.finds.extend(other.finds);
        self.gaps.extend(other.gaps);
        self.left_out.extend(other.left_out);
    }
}

/// How much memory and work a search may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes of a file are looked at together; twice as many are held, by each of two
    /// threads.
    pub window: usize,
    /// How much one piece of packed data may unpack to.
    pub piece: usize,
    /// How much all packed data in one window may unpack to.
    pub unpacked: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window: 4 * 1024 * 1024,
            piece: 32 * 1024 * 1024,
            unpacked: 256 * 1024 * 1024,
        }
    }
}

/// A search for a set of markers.
#[derive(Debug)]
pub struct Hunt {
    markers: Vec<Marker>,
    anchors: Anchors,
    /// Markers that have no anchor, in the bytes as they are.
    raw: Keys<(usize, Form)>,
    /// Some marker looks different where only some of its characters are encoded.
    mixed: bool,
    limits: Limits,
}

impl Hunt {
    /// A search for these markers; those under [`SHORTEST`] characters are left out, as chance finds
    /// them.
    ///
    /// # Errors
    /// If there are too many markers for one search.
    pub fn new(markers: Vec<Marker>) -> io::Result<Self> {
        let numbered = markers
            .iter()
            .map(|marker| marker.words.as_str())
            .enumerate();
        let (anchored, other): (Vec<_>, Vec<_>) =
            numbered.partition(|(_, words)| anchor::anchor(words).is_some());
        let plain = |words: &str| words.bytes().all(|byte| byte.is_ascii_alphanumeric());
        Ok(Self {
            anchors: Anchors::new(&anchored, &unpack::SIGNATURES)?,
            raw: form::keys(&other)?,
            mixed: markers.iter().any(|marker| !plain(&marker.words)),
            markers,
            limits: Limits::default(),
        })
    }

    /// The same within other limits.
    #[must_use]
    pub fn within(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Searches bytes, opening what is packed.
    #[must_use]
    pub fn bytes(&self, place: &str, bytes: &[u8]) -> Trail {
        let mut search = Search::new(self, place, 0);
        search.layer(bytes, None);
        search.trail(bytes.len() as u64)
    }

    fn find(&self, marker: usize, place: &str, offset: u64, chain: Vec<String>) -> Find {
        let Marker { what, words } = self.markers[marker].clone();
        Find {
            what,
            words,
            place: place.to_owned(),
            offset,
            chain,
        }
    }
}
