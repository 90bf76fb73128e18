//! The search of one place: its bytes as they are, and whatever they hold.

use std::collections::BTreeSet;
use std::io::{self, Read};

use super::anchor::Seen;
use super::database;
use super::escape;
use super::form::Form;
use super::run::{self, Line};
use super::unpack;
use super::weave::Weave;
use super::{Find, Hunt, Trail};

/// How often packed data may be packed again.
const DEPTH: usize = 4;

/// What is shorter cannot be a packed marker.
const SMALLEST_PIECE: usize = 8;

/// How a gap ends where one piece of packed data unpacks to more than the limit.
pub const BEYOND: &str = "that holds more than is unpacked";

const EXHAUSTED: &str = "holds more packed data than is unpacked";

/// Opens the file at a place: what is packed may go on beyond the window.
pub(super) type Beyond<'a> = Option<&'a dyn Fn(u64) -> io::Result<Box<dyn Read>>>;

/// The search of one place.
pub(super) struct Search<'h> {
    hunt: &'h Hunt,
    place: &'h str,
    /// Where the bytes begin in the file.
    start: u64,
    /// How the bytes were packed, outermost first.
    chain: Vec<String>,
    finds: Vec<Find>,
    seen: BTreeSet<(usize, Vec<String>)>,
    gaps: Vec<String>,
    /// Something was there that a marker begins with.
    touched: bool,
    /// How much may still be unpacked.
    budget: usize,
}

impl<'h> Search<'h> {
    pub(super) fn new(hunt: &'h Hunt, place: &'h str, start: u64) -> Self {
        Self {
            hunt,
            place,
            start,
            chain: Vec::new(),
            finds: Vec::new(),
            seen: BTreeSet::new(),
            gaps: Vec::new(),
            touched: false,
            budget: hunt.limits.unpacked,
        }
    }

    /// From now on the bytes begin here in the file, and as much may be unpacked as at first.
    pub(super) fn go_on(&mut self, start: u64) {
        self.start = start;
        self.budget = self.hunt.limits.unpacked;
    }

    /// What came out of it.
    pub(super) fn trail(self, bytes: u64) -> Trail {
        Trail {
            files: 1,
            bytes,
            finds: self.finds,
            gaps: self.gaps,
            left_out: Vec::new(),
        }
    }

    /// Whether anything was there that a marker begins with, be it one of these markers or not.
    pub(super) fn is_touched(&self) -> bool {
        self.touched
    }

    /// Searches bytes, and whatever they hold.
    pub(super) fn layer(&mut self, bytes: &[u8], beyond: Beyond<'_>) {
        let lines = run::lines(bytes);
        let packed = self.surface(bytes, &lines);
        self.joints(bytes);
        if self.chain.len() >= DEPTH {
            return;
        }
        // Raw deflate shows only where it fills a file, or what was unpacked from one.
        let outermost = self.chain.is_empty();
        let unsigned = (!outermost || self.start == 0) && unpack::may_be_deflate(bytes);
        let unsigned = unsigned.then_some(("deflate", 0));
        for (how, at) in unsigned.into_iter().chain(packed) {
            if self.budget == 0 {
                break;
            }
            let limit = self.hunt.limits.piece.min(self.budget);
            let unpacked = match beyond {
                None => unpack::unpack(how, &bytes[at..], limit),
                Some(open) => match open(self.start + at as u64) {
                    Ok(source) => unpack::unpack(how, source, limit),
                    Err(_) => continue,
                },
            };
            if unpacked.cut {
                self.gap(&format!("{how} {BEYOND}"));
            }
            self.inner(how, &unpacked.bytes);
        }
        for (how, inner) in run::decoded(bytes, &lines) {
            self.inner(how, &inner);
        }
        if self.hunt.mixed {
            for (how, inner) in escape::unescaped(bytes) {
                self.inner(how, &inner);
            }
        }
        if self.budget == 0 {
            self.gap(EXHAUSTED);
        }
    }

    /// Searches what a database breaks.
    fn joints(&mut self, bytes: &[u8]) {
        for joint in database::joints(bytes) {
            for (marker, form) in self.hunt.across(&joint.bytes, joint.at) {
                self.chain.push("split over pages".to_owned());
                self.found(marker, joint.offset, form);
                self.chain.pop();
            }
        }
    }

    /// Something could not be searched whole.
    pub(super) fn gap(&mut self, why: &str) {
        let gap = format!("{}: {why}", self.place);
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    fn inner(&mut self, how: &str, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(self.budget)];
        if bytes.len() < SMALLEST_PIECE {
            return;
        }
        self.budget -= bytes.len();
        self.chain.push(how.to_owned());
        self.layer(bytes, None);
        self.chain.pop();
    }

    /// Searches bytes as they are, and tells where something packed may begin.
    pub(super) fn surface(&mut self, bytes: &[u8], lines: &[Line]) -> Vec<(&'static str, usize)> {
        let hunt = self.hunt;
        let Seen {
            hits,
            packed,
            anchored,
        } = hunt.anchors.seen(bytes, lines);
        self.touched |= anchored;
        let mut known: BTreeSet<(usize, Weave)> = BTreeSet::new();
        for hit in hits {
            // What both views show is told once, as the first one shows it.
            if known.insert((hit.marker, hit.weave)) {
                let name = hit.weave.name(&hit.view.left_out(&bytes[hit.from..hit.to]));
                self.found(hit.marker, hit.from, name);
            }
        }
        hunt.raw
            .each(bytes, 0..bytes.len(), &mut |at, _, (marker, form)| {
                let name = (*form != Form::Plain).then(|| form.as_str());
                self.found(*marker, at, name);
            });
        packed
    }

    fn found(&mut self, marker: usize, at: usize, form: Option<&str>) {
        let mut chain = self.chain.clone();
        let offset = at as u64 + if chain.is_empty() { self.start } else { 0 };
        chain.extend(form.map(str::to_owned));
        if self.seen.insert((marker, chain.clone())) {
            let find = self.hunt.find(marker, self.place, offset, chain);
            self.finds.push(find);
        }
    }
}

impl Hunt {
    /// Searches the name of something.
    pub(super) fn name(&self, place: &str, name: &str) -> Vec<Find> {
        let mut search = Search::new(self, place, 0);
        let lines = run::lines(name.as_bytes());
        search.surface(name.as_bytes(), &lines);
        search.finds
    }

    /// The markers, each with its form, that stand across the place where two pieces were joined.
    pub(super) fn across(&self, joined: &[u8], at: usize) -> Vec<(usize, Option<&'static str>)> {
        let hits = self.anchors.seen(joined, &run::lines(joined)).hits;
        let across = hits
            .into_iter()
            .filter(|hit| (hit.from + 1..hit.to).contains(&at));
        let mut known = BTreeSet::new();
        let markers = across.filter_map(|hit| {
            let form = hit
                .weave
                .name(&hit.view.left_out(&joined[hit.from..hit.to]));
            // Line ends between the pieces are the pieces' own.
            let form = form.filter(|form| *form != "separated");
            known
                .insert((hit.marker, form))
                .then_some((hit.marker, form))
        });
        markers.collect()
    }
}
