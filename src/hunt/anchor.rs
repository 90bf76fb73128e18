//! The search for markers of letters and digits: by a short anchor that many of them share, and by
//! the whole marker only where the anchor is.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::view::View;
use super::weave::{Weave, weaves};

/// How long an anchor is: what is shorter turns up by chance.
const LENGTH: usize = 8;

/// The anchor of a marker, if it has one: the beginning of its first long run of letters and
/// digits.
pub(super) fn anchor(words: &str) -> Option<&str> {
    if !words.is_ascii() {
        return None;
    }
    let mut runs = words.split(|c: char| !c.is_ascii_alphanumeric());
    runs.find_map(|run| run.get(..LENGTH))
}

/// A marker that was found in a view.
pub(super) struct Hit {
    pub(super) marker: usize,
    pub(super) weave: Weave,
    /// Where it begins and ends in the view.
    pub(super) from: usize,
    pub(super) to: usize,
}

/// One search over one view.
#[derive(Debug)]
pub(super) struct Anchors {
    pub(super) view: View,
    search: AhoCorasick,
    patterns: Vec<Pattern>,
    /// The markers of each anchor, by their numbers.
    groups: Vec<Vec<(usize, String)>>,
}

#[derive(Debug)]
struct Pattern {
    group: usize,
    weave: Weave,
    bytes: Vec<u8>,
    /// Made when the pattern is first found.
    whole: OnceLock<Whole>,
}

/// The markers of a group in one form.
#[derive(Debug)]
struct Whole {
    /// How far before the pattern a marker begins, and how long it is; the longest first.
    shapes: Vec<(usize, usize)>,
    markers: BTreeMap<Vec<u8>, usize>,
}

impl Anchors {
    /// A search for these markers in a view of bytes; nothing if none of them can be seen there.
    pub(super) fn new(markers: &[(usize, &str)], view: View) -> io::Result<Option<Self>> {
        let mut by_anchor: BTreeMap<&str, Vec<(usize, String)>> = BTreeMap::new();
        for (number, words) in markers {
            let visible = anchor(words).filter(|anchor| {
                view == View::Alphanumeric || anchor.bytes().all(|byte| byte.is_ascii_alphabetic())
            });
            if let Some(anchor) = visible {
                let group = by_anchor.entry(anchor).or_default();
                group.push((*number, (*words).to_owned()));
            }
        }
        let mut patterns = Vec::new();
        for (group, anchor) in by_anchor.keys().enumerate() {
            patterns.extend(
                weaves(anchor, view)
                    .into_iter()
                    .map(|(weave, bytes)| Pattern {
                        group,
                        weave,
                        bytes,
                        whole: OnceLock::new(),
                    }),
            );
        }
        if patterns.is_empty() {
            return Ok(None);
        }
        let search = AhoCorasick::builder()
            // The default kind is many times slower on thousands of patterns.
            .match_kind(MatchKind::LeftmostFirst)
            .build(patterns.iter().map(|pattern| &pattern.bytes))
            .map_err(io::Error::other)?;
        Ok(Some(Self {
            view,
            search,
            patterns,
            groups: by_anchor.into_values().collect(),
        }))
    }

    /// Every marker in a view of bytes.
    pub(super) fn hits<'a>(&'a self, seen: &'a [u8]) -> impl Iterator<Item = Hit> + 'a {
        self.search.find_iter(seen).filter_map(move |found| {
            let pattern = &self.patterns[found.pattern().as_usize()];
            let whole = pattern.whole.get_or_init(|| self.whole(pattern));
            whole.shapes.iter().find_map(|(before, length)| {
                let from = found.start().checked_sub(*before)?;
                let marker = whole.markers.get(seen.get(from..from + length)?)?;
                Some(Hit {
                    marker: *marker,
                    weave: pattern.weave,
                    from,
                    to: from + length,
                })
            })
        })
    }

    fn whole(&self, pattern: &Pattern) -> Whole {
        let mut shapes = BTreeSet::new();
        let mut markers = BTreeMap::new();
        for (number, words) in &self.groups[pattern.group] {
            for bytes in pattern.weave.forms(words, self.view) {
                let mut places = bytes.windows(pattern.bytes.len());
                if let Some(before) = places.position(|part| part == pattern.bytes) {
                    shapes.insert((bytes.len(), before));
                    markers.entry(bytes).or_insert(*number);
                }
            }
        }
        Whole {
            shapes: shapes
                .into_iter()
                .rev()
                .map(|(length, before)| (before, length))
                .collect(),
            markers,
        }
    }
}
