//! The leak search: markers in anything an adapter leaves behind, whatever form they took.
//!
//! A marker is found by its encodings, computed forwards from the marker itself. Markers of letters
//! and digits are looked for in views that leave everything else out (`view`), so that a few
//! patterns stand for many forms; of markers that begin alike only the common beginning is looked
//! for, and the whole is confirmed where that is found (`anchor`). Other markers are looked for in
//! the bytes as they are (`form`). What is packed (`unpack`) or stands for other bytes
//! (`decode`) is opened and searched again, to a bounded depth and size.

mod anchor;
mod decode;
mod form;
mod radix;
mod unpack;
mod view;
mod weave;

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use aho_corasick::{AhoCorasick, MatchKind};

use anchor::Anchors;
use form::Form;
use unpack::Signatures;
use view::{Origins, View};
use weave::Weave;

/// How often packed data may be packed again.
const DEPTH: usize = 4;

/// What is shorter cannot be a packed marker.
const SMALLEST_PIECE: usize = 8;

/// How much of one window of a large file is searched again with the next.
const OVERLAP: usize = 64 * 1024;

/// How much of a file is joined with the next one in its folder.
const SEAM: usize = 512;

const EXHAUSTED: &str = "holds more packed data than is unpacked";

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
}

impl Trail {
    /// Adds what another search found.
    pub fn extend(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.finds.extend(other.finds);
        self.gaps.extend(other.gaps);
    }
}

/// How much memory and work a search may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes of a file are looked at together.
    pub window: usize,
    /// How much one piece of packed data may unpack to.
    pub piece: usize,
    /// How much all packed data in one window may unpack to.
    pub unpacked: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window: 32 * 1024 * 1024,
            piece: 32 * 1024 * 1024,
            unpacked: 256 * 1024 * 1024,
        }
    }
}

/// Which entries of a folder are searched.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Only files that were changed since then.
    pub since: SystemTime,
    /// At most so many entries are looked at, those nearest to the top.
    pub entries: usize,
    /// Folders that are left out.
    pub except: &'a [PathBuf],
}

/// A search for a set of markers.
#[derive(Debug)]
pub struct Hunt {
    markers: Vec<Marker>,
    anchors: Vec<Anchors>,
    raw: Option<Raw>,
    signatures: Signatures,
    limits: Limits,
}

/// The search for markers that a view does not show.
#[derive(Debug)]
struct Raw {
    search: AhoCorasick,
    /// For each pattern, whose marker it is and in which form.
    patterns: Vec<(usize, Form)>,
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
        let views = [View::Alphanumeric, View::Letters];
        let anchors = views.into_iter().map(|view| Anchors::new(&anchored, view));
        let anchors: Vec<Option<Anchors>> = anchors.collect::<io::Result<_>>()?;
        Ok(Self {
            anchors: anchors.into_iter().flatten().collect(),
            raw: Raw::new(&other)?,
            markers,
            signatures: Signatures::new()?,
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
        search.layer(bytes, None, &mut Vec::new());
        search.trail(bytes.len())
    }

    /// Searches a file, or every regular file below a folder and the names of all entries. Links
    /// are not followed.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn path(&self, path: &Path) -> io::Result<Trail> {
        if !fs::metadata(path)?.is_file() {
            return self.folder(path);
        }
        let mut seam = Seam::default();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.file(path, &name, &mut seam)
    }

    /// Searches every regular file below a folder, and the names of all entries. Links are not
    /// followed.
    ///
    /// # Errors
    /// If the folder itself cannot be read.
    pub fn folder(&self, folder: &Path) -> io::Result<Trail> {
        let mut trail = Trail::default();
        self.walk(folder, folder, &mut trail)?;
        Ok(trail)
    }

    fn walk(&self, top: &Path, folder: &Path, trail: &mut Trail) -> io::Result<()> {
        let paths = fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path()));
        let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>()?;
        // Parts are numbered, and `10` comes after `9`.
        paths.sort_by_cached_key(|path| numbered(&path.to_string_lossy()));
        let mut seam = Seam::default();
        for path in paths {
            let shown = path.strip_prefix(top).unwrap_or(&path).to_string_lossy();
            trail.finds.extend(self.name(&shown));
            let Ok(metadata) = fs::symlink_metadata(&path) else {
                continue;
            };
            let looked = if metadata.is_dir() {
                self.walk(top, &path, trail)
            } else if metadata.is_file() {
                self.file(&path, &shown, &mut seam)
                    .map(|part| trail.extend(part))
            } else {
                Ok(())
            };
            if let Err(error) = looked {
                trail.gaps.push(format!("{shown}: {error}"));
            }
        }
        Ok(())
    }

    /// Searches what was changed below a folder that others use too. What cannot be read there, or
    /// lies beyond the bounds of the scope, is nobody's fault and no gap.
    #[must_use]
    pub fn shared(&self, folder: &Path, scope: Scope<'_>) -> Trail {
        let mut trail = Trail::default();
        // What is mounted below is another matter, such as what the kernel shows as files.
        let Ok(device) = fs::metadata(folder).map(|folder| folder.dev()) else {
            return trail;
        };
        let mut folders = VecDeque::from([folder.to_owned()]);
        let mut entries = 0;
        while let Some(folder) = folders.pop_front() {
            if scope.except.contains(&folder) {
                continue;
            }
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                entries += 1;
                if entries > scope.entries {
                    return trail;
                }
                let Ok(metadata) = entry.metadata() else {
                    continue;
                };
                if metadata.dev() != device {
                    continue;
                }
                let path = entry.path();
                if metadata.is_dir() {
                    folders.push_back(path);
                    continue;
                }
                let changed = metadata.modified().is_ok_and(|time| time >= scope.since);
                if !changed || !metadata.is_file() {
                    continue;
                }
                let shown = path.to_string_lossy();
                trail.finds.extend(self.name(&shown));
                if let Ok(part) = self.file(&path, &shown, &mut Seam::default()) {
                    trail.extend(Trail {
                        gaps: Vec::new(),
                        ..part
                    });
                }
            }
        }
        trail
    }

    fn name(&self, shown: &str) -> Vec<Find> {
        let place = format!("the name of {shown}");
        let mut search = Search::new(self, &place, 0);
        search.surface(shown.as_bytes(), &[]);
        search.finds
    }

    fn file(&self, path: &Path, shown: &str, seam: &mut Seam) -> io::Result<Trail> {
        let mut file = File::open(path)?;
        let mut trail = Trail {
            files: 1,
            ..Trail::default()
        };
        let mut window = Vec::new();
        let mut start = 0;
        let mut length = 0;
        loop {
            let kept = window.len();
            let room = self.limits.window.max(2 * OVERLAP) - kept;
            let read = (&mut file).take(room as u64).read_to_end(&mut window)?;
            length += read as u64;
            let last = read < room;
            if start == 0 {
                trail.finds.extend(self.seam(seam, shown, &window));
            }
            let mut search = Search::new(self, shown, start);
            let open = |at: u64| -> io::Result<Box<dyn Read>> {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(at))?;
                Ok(Box::new(file))
            };
            let beyond: Option<&dyn Fn(u64) -> io::Result<Box<dyn Read>>> =
                if last { None } else { Some(&open) };
            search.layer(&window, beyond, &mut Vec::new());
            let part = search.trail(0);
            for find in part.finds {
                let known = |other: &Find| other.words == find.words && other.chain == find.chain;
                if !trail.finds.iter().any(known) {
                    trail.finds.push(find);
                }
            }
            trail.gaps.extend(part.gaps);
            if last {
                trail.bytes = length;
                return Ok(trail);
            }
            let done = window.len() - OVERLAP;
            window.drain(..done);
            start += done as u64;
        }
    }

    /// What stands across the end of the files before and the beginning of this one.
    fn seam(&self, seam: &mut Seam, shown: &str, bytes: &[u8]) -> Vec<Find> {
        let beginning = &bytes[..bytes.len().min(8 * SEAM)];
        let mut finds = Vec::new();
        if let Some(anchors) = self.anchors.first() {
            let mut joined = seam.tail.clone();
            joined.extend(anchors.view.of(beginning).into_iter().take(SEAM));
            for hit in anchors.hits(&joined) {
                if hit.from < seam.tail.len() && seam.tail.len() < hit.to {
                    let mut chain = vec!["split over files".to_owned()];
                    chain.extend(hit.weave.name(&[]).map(str::to_owned));
                    let place = format!("{shown} and before");
                    finds.push(self.find(hit.marker, &place, 0, chain));
                }
            }
            let ending = &bytes[bytes.len().saturating_sub(8 * SEAM)..];
            seam.tail.extend(anchors.view.of(ending));
            let surplus = seam.tail.len().saturating_sub(SEAM);
            seam.tail.drain(..surplus);
        }
        finds
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

/// The last letters and digits of the files of a folder so far.
#[derive(Default)]
struct Seam {
    tail: Vec<u8>,
}

/// A name that sorts numbers by their value.
fn numbered(name: &str) -> (String, Vec<(usize, String)>) {
    let mut words = String::new();
    let mut numbers = Vec::new();
    let mut digits = String::new();
    for c in name.chars().chain([' ']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() {
            let value = digits.trim_start_matches('0').to_owned();
            numbers.push((value.len(), value));
            digits.clear();
            words.push('0');
        }
        words.push(c);
    }
    (words, numbers)
}

impl Raw {
    fn new(markers: &[(usize, &str)]) -> io::Result<Option<Self>> {
        let mut patterns = Vec::new();
        let mut needles = Vec::new();
        for (number, words) in markers {
            for (form, bytes) in form::forms(words) {
                patterns.push((*number, form));
                needles.push(bytes);
            }
        }
        if needles.is_empty() {
            return Ok(None);
        }
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(&needles)
            .map_err(io::Error::other)?;
        Ok(Some(Self { search, patterns }))
    }
}

/// The search of one place.
struct Search<'h> {
    hunt: &'h Hunt,
    place: &'h str,
    /// Where the bytes begin in the file.
    start: u64,
    finds: Vec<Find>,
    seen: BTreeSet<(usize, Vec<String>)>,
    gaps: Vec<String>,
    /// How much may still be unpacked.
    budget: usize,
}

/// Opens the file at a place: what is packed may go on beyond the window.
type Beyond<'a> = Option<&'a dyn Fn(u64) -> io::Result<Box<dyn Read>>>;

impl<'h> Search<'h> {
    fn new(hunt: &'h Hunt, place: &'h str, start: u64) -> Self {
        Self {
            hunt,
            place,
            start,
            finds: Vec::new(),
            seen: BTreeSet::new(),
            gaps: Vec::new(),
            budget: hunt.limits.unpacked,
        }
    }

    fn trail(self, bytes: usize) -> Trail {
        Trail {
            files: 1,
            bytes: bytes as u64,
            finds: self.finds,
            gaps: self.gaps,
        }
    }

    /// Searches bytes, and whatever they hold.
    fn layer(&mut self, bytes: &[u8], beyond: Beyond<'_>, chain: &mut Vec<String>) {
        self.surface(bytes, chain);
        if chain.len() >= DEPTH {
            return;
        }
        let hunt = self.hunt;
        for (how, at) in hunt.signatures.starts(bytes) {
            // Raw deflate shows only where it fills a file, or what was unpacked from one.
            if how == "deflate" && chain.is_empty() && self.start > 0 {
                continue;
            }
            if self.budget == 0 {
                break;
            }
            let limit = hunt.limits.piece.min(self.budget);
            let unpacked = match beyond {
                None => unpack::unpack(how, &bytes[at..], limit),
                Some(open) => match open(self.start + at as u64) {
                    Ok(source) => unpack::unpack(how, source, limit),
                    Err(_) => continue,
                },
            };
            if unpacked.cut {
                let place = self.place;
                self.gaps
                    .push(format!("{place}: {how} that holds more than is unpacked"));
            }
            self.inner(how, &unpacked.bytes, chain);
        }
        for (how, inner) in decode::decoded(bytes) {
            let taken = inner.len().min(self.budget);
            self.inner(how, &inner[..taken], chain);
        }
        if self.budget == 0 && !self.gaps.iter().any(|gap| gap.ends_with(EXHAUSTED)) {
            self.gaps.push(format!("{}: {EXHAUSTED}", self.place));
        }
    }

    fn inner(&mut self, how: &str, bytes: &[u8], chain: &mut Vec<String>) {
        if bytes.len() < SMALLEST_PIECE {
            return;
        }
        self.budget -= bytes.len();
        chain.push(how.to_owned());
        self.layer(bytes, None, chain);
        chain.pop();
    }

    /// Searches bytes as they are.
    fn surface(&mut self, bytes: &[u8], chain: &[String]) {
        let hunt = self.hunt;
        let mut plain = BTreeSet::new();
        for anchors in &hunt.anchors {
            let seen = anchors.view.of(bytes);
            let mut known: BTreeSet<(usize, Weave)> = BTreeSet::new();
            let mut origins = None;
            for hit in anchors.hits(&seen) {
                // What both views show is told once.
                let told = plain.contains(&hit.marker) && anchors.view == View::Letters;
                if told || !known.insert((hit.marker, hit.weave)) {
                    continue;
                }
                plain.insert(hit.marker);
                let origins = origins.get_or_insert_with(|| Origins::new(anchors.view, bytes));
                let (from, to) = (origins.of(hit.from), origins.of(hit.to - 1));
                let between = anchors.view.left_out(&bytes[from..to]);
                self.found(hit.marker, from, hit.weave.name(&between), chain);
            }
        }
        if let Some(raw) = &hunt.raw {
            for found in raw.search.find_iter(bytes) {
                let (marker, form) = raw.patterns[found.pattern().as_usize()];
                let name = (form != Form::Plain).then(|| form.as_str());
                self.found(marker, found.start(), name, chain);
            }
        }
    }

    fn found(&mut self, marker: usize, at: usize, form: Option<&str>, chain: &[String]) {
        let mut chain = chain.to_vec();
        let offset = at as u64 + if chain.is_empty() { self.start } else { 0 };
        chain.extend(form.map(str::to_owned));
        if self.seen.insert((marker, chain.clone())) {
            let find = self.hunt.find(marker, self.place, offset, chain);
            self.finds.push(find);
        }
    }
}
