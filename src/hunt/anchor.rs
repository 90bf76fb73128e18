//! The search for markers of letters and digits: by a short anchor that many of them share, and by
//! the whole marker only where the anchor is.
//!
//! An anchor in turn is looked for by a key: the one of its characters that texts hold most rarely,
//! however that character is written. Only around a key the bytes are looked at through a view.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::sync::OnceLock;

use super::keys::{Bytes, Keys};
use super::run::{Line, SHORTEST_LINE};
use super::view::View;
use super::weave::{Key, Weave, Woven, weaves};

/// How long an anchor is: what is shorter turns up by chance.
const LENGTH: usize = 8;

/// How many bytes are text or not as a whole.
const BLOCK: usize = 64 * 1024;

/// Whether a block is text from beginning to end, and so holds nothing packed: the bytes of what is
/// packed are as good as random, and in UTF-8 few sequences are allowed. Less than a block is always
/// looked at.
fn is_prose(block: &[u8]) -> bool {
    // The block may begin and end within a character.
    block.len() == BLOCK
        && (0..4).any(|cut| match std::str::from_utf8(&block[cut..]) {
            Ok(_) => true,
            Err(error) => error.error_len().is_none(),
        })
}

/// The anchor of a marker, if it has one: the beginning of its first long run of letters and
/// digits.
pub(super) fn anchor(words: &str) -> Option<&str> {
    if !words.is_ascii() {
        return None;
    }
    let mut runs = words.split(|c: char| !c.is_ascii_alphanumeric());
    runs.find_map(|run| run.get(..LENGTH))
}

/// A marker that was found.
pub(super) struct Hit {
    pub(super) marker: usize,
    pub(super) weave: Weave,
    pub(super) view: View,
    /// Where it begins and ends.
    pub(super) from: usize,
    pub(super) to: usize,
}

/// What was seen in some bytes.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) hits: Vec<Hit>,
    /// Where something packed may begin, and how it is packed.
    pub(super) packed: Vec<(&'static str, usize)>,
    /// An anchor was there, of one of the markers or of one that is not looked for.
    pub(super) anchored: bool,
}

/// One search for all markers that have an anchor, and for what else is found by a key.
#[derive(Debug)]
pub(super) struct Anchors {
    patterns: Vec<Pattern>,
    /// The markers of each anchor, by their numbers.
    groups: Vec<Vec<(usize, String)>>,
    /// The characters by which what is written as it is is found.
    letters: Bytes,
    /// Of each such character and each one that may follow it, the patterns and how much of them
    /// stands before.
    followed: BTreeMap<(u8, u8), Vec<(usize, usize)>>,
    /// Keys that may stand anywhere, and the beginnings of packed data.
    anywhere: Keys<Sign>,
    /// Keys that stand in long runs of letters and digits only.
    in_runs: Keys<(usize, usize)>,
}

/// What a key stands for.
#[derive(Debug)]
enum Sign {
    /// A pattern, by its number, of which so much stands before.
    Part(usize, usize),
    /// Something packed, and how.
    Packed(&'static str),
}

#[derive(Debug)]
struct Pattern {
    group: usize,
    weave: Weave,
    view: View,
    bytes: Vec<u8>,
    /// Made when the pattern is first found.
    whole: OnceLock<Whole>,
}

impl Pattern {
    /// Where the pattern begins that stands around a key, before which so many bytes of it stand.
    fn around(&self, bytes: &[u8], key: Range<usize>, before: usize) -> Option<usize> {
        let mut end = key.end;
        for expected in &self.bytes[before + key.len()..] {
            let at = self.view.next(bytes, end);
            end = at.filter(|at| bytes[*at] == *expected)? + 1;
        }
        let mut start = key.start;
        for expected in self.bytes[..before].iter().rev() {
            let at = self.view.previous(bytes, start);
            start = at.filter(|at| bytes[*at] == *expected)?;
        }
        Some(start)
    }
}

/// The markers of a group in one form.
#[derive(Debug)]
struct Whole {
    /// How far before the pattern a marker begins, and how long it is; the longest first.
    shapes: Vec<(usize, usize)>,
    markers: BTreeMap<Vec<u8>, usize>,
}

impl Anchors {
    /// A search for these markers, and for these beginnings of packed data.
    pub(super) fn new(
        markers: &[(usize, &str)],
        signatures: &[(&'static str, &[u8])],
    ) -> io::Result<Self> {
        let mut by_anchor: BTreeMap<&str, Vec<(usize, String)>> = BTreeMap::new();
        for (number, words) in markers {
            if let Some(anchor) = anchor(words) {
                let group = by_anchor.entry(anchor).or_default();
                group.push((*number, (*words).to_owned()));
            }
        }
        let mut patterns = Vec::new();
        let mut followed: BTreeMap<(u8, u8), Vec<(usize, usize)>> = BTreeMap::new();
        let mut anywhere: BTreeMap<Vec<u8>, Vec<Sign>> = BTreeMap::new();
        for (how, signature) in signatures {
            anywhere.insert(signature.to_vec(), vec![Sign::Packed(how)]);
        }
        let mut in_runs: BTreeMap<Vec<u8>, Vec<(usize, usize)>> = BTreeMap::new();
        // The run that the shortest marker makes when it stands alone.
        let shortest = markers.iter().map(|(_, words)| words.len() * 4 / 3).min();
        let long = shortest.is_none_or(|shortest| shortest > SHORTEST_LINE);
        for (group, anchor) in by_anchor.keys().enumerate() {
            for view in [View::Alphanumeric, View::Letters] {
                if view == View::Letters && !anchor.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                    continue;
                }
                for Woven { weave, bytes, keys } in weaves(anchor, view) {
                    let number = patterns.len();
                    for key in keys {
                        let Key { at, length } = key;
                        let words = bytes[at..at + length].to_vec();
                        let place = (number, at);
                        if length == 1 {
                            let pair = (bytes[at], bytes[at + 1]);
                            followed.entry(pair).or_default().push(place);
                        } else if weave.is_a_run() && long {
                            in_runs.entry(words).or_default().push(place);
                        } else {
                            let part = Sign::Part(number, at);
                            anywhere.entry(words).or_default().push(part);
                        }
                    }
                    patterns.push(Pattern {
                        group,
                        weave,
                        view,
                        bytes,
                        whole: OnceLock::new(),
                    });
                }
            }
        }
        let letters: BTreeSet<u8> = followed.keys().map(|(letter, _)| *letter).collect();
        Ok(Self {
            patterns,
            groups: by_anchor.into_values().collect(),
            letters: Bytes::new(letters.into_iter().collect()),
            followed,
            anywhere: Keys::new(anywhere)?,
            in_runs: Keys::new(in_runs)?,
        })
    }

    /// Every marker in some bytes with these long runs, and where something packed may begin.
    pub(super) fn seen(&self, bytes: &[u8], lines: &[Line]) -> Seen {
        let mut seen = Seen::default();
        // A block at a time, which the processor still has at hand for the second look.
        for from in (0..bytes.len()).step_by(BLOCK) {
            self.seen_in(bytes, from..bytes.len().min(from + BLOCK), &mut seen);
        }
        for line in lines {
            self.in_runs
                .each(bytes, line.clone(), &mut |at, key, (pattern, before)| {
                    let key = at..at + key.len();
                    self.look(*pattern, bytes, key, *before, &mut seen);
                });
        }
        seen
    }

    /// What is found by keys that may stand anywhere, and begin in this block.
    fn seen_in(&self, bytes: &[u8], block: Range<usize>, seen: &mut Seen) {
        self.letters.each(bytes, block.clone(), |at| {
            for view in [View::Alphanumeric, View::Letters] {
                let next = view.next(bytes, at + 1).map(|next| bytes[next]);
                let places = next.and_then(|next| self.followed.get(&(bytes[at], next)));
                for (pattern, before) in places.into_iter().flatten() {
                    if self.patterns[*pattern].view == view {
                        self.look(*pattern, bytes, at..at + 1, *before, seen);
                    }
                }
            }
        });
        let mut packed = Vec::new();
        self.anywhere
            .each(bytes, block.clone(), &mut |at, key, sign| match *sign {
                Sign::Part(pattern, before) => {
                    self.look(pattern, bytes, at..at + key.len(), before, seen);
                }
                Sign::Packed(how) => packed.push((how, at)),
            });
        if !packed.is_empty() && !is_prose(&bytes[block]) {
            // Keys are looked for in several passes.
            packed.sort_by_key(|(_, at)| *at);
            seen.packed.extend(packed);
        }
    }

    /// Looks for a pattern around a key, before which so many bytes of it stand, and for the marker
    /// around the pattern.
    fn look(
        &self,
        pattern: usize,
        bytes: &[u8],
        key: Range<usize>,
        before: usize,
        seen: &mut Seen,
    ) {
        let pattern = &self.patterns[pattern];
        if let Some(start) = pattern.around(bytes, key, before) {
            seen.anchored = true;
            seen.hits.extend(self.hit(pattern, bytes, start));
        }
    }

    /// The longest marker around a pattern that begins here.
    fn hit(&self, pattern: &Pattern, bytes: &[u8], start: usize) -> Option<Hit> {
        let view = pattern.view;
        let whole = pattern.whole.get_or_init(|| self.whole(pattern));
        whole.shapes.iter().find_map(|(before, length)| {
            let mut from = start;
            for _ in 0..*before {
                from = view.previous(bytes, from)?;
            }
            let mut seen = Vec::with_capacity(*length);
            let mut to = from;
            while seen.len() < *length {
                let at = view.next(bytes, to)?;
                seen.push(bytes[at]);
                to = at + 1;
            }
            Some(Hit {
                marker: *whole.markers.get(&seen)?,
                weave: pattern.weave,
                view,
                from,
                to,
            })
        })
    }

    fn whole(&self, pattern: &Pattern) -> Whole {
        let mut shapes = BTreeSet::new();
        let mut markers = BTreeMap::new();
        for (number, words) in &self.groups[pattern.group] {
            for bytes in pattern.weave.forms(words, pattern.view) {
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
