//! The search of files and folders, a window of each file at a time.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::SystemTime;

use super::search::Search;
use super::{Hunt, Trail};

/// How much of one window of a large file is searched again with the next.
const OVERLAP: usize = 64 * 1024;

/// How much of a file is joined with the next one in its folder.
const SEAM: usize = 2048;

/// How much longer than it said a file may be: some that the kernel shows say nothing and never end.
const GROWTH: u64 = 64 * 1024 * 1024;

/// How many threads search, from how many bytes on it is worth a thread, and how many files are
/// shared among them at a time.
const THREADS: usize = 2;
const WORTH_A_THREAD: u64 = 4 * 1024 * 1024;
const BATCH: usize = 256;

/// Which entries of a shared folder are searched.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Only files that were changed since then.
    pub since: SystemTime,
    /// At most so many entries are looked at, those nearest to the top.
    pub entries: usize,
    /// At most so many bytes are read.
    pub bytes: u64,
    /// Folders that are left out.
    pub except: &'a [PathBuf],
    /// What is known to hold nothing that the markers begin with.
    pub clean: &'a Clean,
}

/// Files as they were when they held nothing that the markers of a search begin with: another search
/// for markers that begin alike need not read them again.
#[derive(Debug, Default)]
pub struct Clean(Mutex<BTreeSet<State>>);

/// Device, number, size, and when content and record were changed.
type State = (u64, u64, u64, (i64, i64), (i64, i64));

fn state(metadata: &Metadata) -> State {
    (
        metadata.dev(),
        metadata.ino(),
        metadata.size(),
        (metadata.mtime(), metadata.mtime_nsec()),
        (metadata.ctime(), metadata.ctime_nsec()),
    )
}

impl Clean {
    fn holds(&self, state: &State) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(state)
    }

    fn add(&self, state: State) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(state);
    }
}

/// An entry of a folder that is to be searched.
struct Entry {
    path: PathBuf,
    shown: String,
    /// How long it is, if it is a file.
    file: Option<u64>,
}

/// A file that was searched, with its first and its last bytes.
struct Searched {
    trail: Trail,
    touched: bool,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Hunt {
    /// Searches a file, or every regular file below a folder and the names of all entries. Links
    /// are not followed.
    ///
    /// # Errors
    /// If it cannot be read, or is neither a file nor a folder.
    pub fn path(&self, path: &Path) -> io::Result<Trail> {
        let metadata = fs::metadata(path)?;
        if metadata.is_dir() {
            return self.folder(path);
        }
        if !metadata.is_file() {
            return Err(io::Error::other("it is neither a file nor a folder"));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let searched = self.file(path, &name, &mut Vec::new())?;
        Ok(searched.trail)
    }

    /// Searches every regular file below a folder, and the names of all entries. Links are not
    /// followed, and the names they hold are searched.
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
        let mut seam = Vec::new();
        let mut batch = Vec::new();
        for path in paths {
            let shown = path.strip_prefix(top).unwrap_or(&path);
            let shown = shown.to_string_lossy().into_owned();
            // What is gone meanwhile left nothing but its name.
            let metadata = fs::symlink_metadata(&path).ok();
            let file = metadata.as_ref().filter(|metadata| metadata.is_file());
            let is_folder = metadata.as_ref().is_some_and(Metadata::is_dir);
            batch.push(Entry {
                file: file.map(Metadata::len),
                path,
                shown,
            });
            if is_folder || batch.len() >= BATCH {
                self.search(&batch, &mut seam, trail);
                if let Some(folder) = batch.last().filter(|_| is_folder)
                    && let Err(error) = self.walk(top, &folder.path, trail)
                {
                    trail.gaps.push(format!("{}: {error}", folder.shown));
                }
                batch.clear();
            }
        }
        self.search(&batch, &mut seam, trail);
        Ok(())
    }

    /// Searches entries of one folder, in their order.
    fn search(&self, batch: &[Entry], seam: &mut Vec<u8>, trail: &mut Trail) {
        let bytes: u64 = batch.iter().filter_map(|entry| entry.file).sum();
        let files = self.files(batch, bytes >= WORTH_A_THREAD);
        for (entry, file) in batch.iter().zip(files) {
            let Entry { path, shown, .. } = entry;
            trail
                .finds
                .extend(self.name(&format!("the name of {shown}"), shown));
            if entry.file.is_none()
                && let Ok(target) = fs::read_link(path)
            {
                let place = format!("the target of {shown}");
                trail
                    .finds
                    .extend(self.name(&place, &target.to_string_lossy()));
            }
            match file {
                None => {}
                Some(Ok(file)) => {
                    let at = seam.len();
                    seam.extend(file.head);
                    let place = format!("{shown} and before");
                    for (marker, form) in self.across(seam, at) {
                        let chain = [Some("split over files"), form].into_iter().flatten();
                        let chain = chain.map(str::to_owned).collect();
                        trail.finds.push(self.find(marker, &place, 0, chain));
                    }
                    seam.truncate(at);
                    seam.extend(file.tail);
                    seam.drain(..seam.len().saturating_sub(SEAM));
                    trail.extend(file.trail);
                }
                Some(Err(error)) => trail.gaps.push(format!("{shown}: {error}")),
            }
        }
    }

    /// Searches the files among some entries.
    fn files(&self, batch: &[Entry], threads: bool) -> Vec<Option<io::Result<Searched>>> {
        let next = AtomicUsize::new(0);
        let searched = Mutex::new(Vec::with_capacity(batch.len()));
        let work = || {
            let mut window = Vec::new();
            while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed))
                && let Some(entry) = batch.get(number)
            {
                let file = entry
                    .file
                    .map(|_| self.file(&entry.path, &entry.shown, &mut window));
                let mut searched = searched.lock().unwrap_or_else(PoisonError::into_inner);
                searched.push((number, file));
            }
        };
        thread::scope(|scope| {
            for _ in 1..if threads { THREADS } else { 1 } {
                scope.spawn(work);
            }
            work();
        });
        let mut searched = searched
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        searched.sort_by_key(|(number, _)| *number);
        searched.into_iter().map(|(_, file)| file).collect()
    }

    /// Searches what was changed below a folder that others use too. What cannot be read there, or
    /// lies beyond the bounds of the scope, is nobody's fault and no gap; the trail names it.
    #[must_use]
    pub fn shared(&self, folder: &Path, scope: Scope<'_>) -> Trail {
        let mut trail = Trail::default();
        // What is mounted below is another matter, such as what the kernel shows as files.
        let Ok(device) = fs::metadata(folder).map(|folder| folder.dev()) else {
            return trail;
        };
        let top = folder;
        let mut folders = VecDeque::from([folder.to_owned()]);
        let mut entries = 0;
        let mut window = Vec::new();
        while let Some(folder) = folders.pop_front() {
            if scope.except.contains(&folder) {
                continue;
            }
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                entries += 1;
                if entries > scope.entries {
                    let why = format!(
                        "{}: all but the first {} entries",
                        top.display(),
                        scope.entries
                    );
                    trail.left_out.push(why);
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
                let state = state(&metadata);
                if !changed || !metadata.is_file() || scope.clean.holds(&state) {
                    continue;
                }
                let shown = path.to_string_lossy();
                trail
                    .finds
                    .extend(self.name(&format!("the name of {shown}"), &shown));
                if trail.bytes + metadata.len() > scope.bytes {
                    let why = format!(
                        "{shown}: {} bytes, more than are read there",
                        metadata.len()
                    );
                    trail.left_out.push(why);
                    continue;
                }
                let Ok(searched) = self.file(&path, &shown, &mut window) else {
                    trail.left_out.push(format!("{shown}: cannot be read"));
                    continue;
                };
                if !searched.touched && self.raw.is_empty() {
                    scope.clean.add(state);
                }
                let Trail { gaps, .. } = &searched.trail;
                trail.left_out.extend(gaps.iter().cloned());
                trail.extend(Trail {
                    gaps: Vec::new(),
                    ..searched.trail
                });
            }
        }
        trail
    }

    fn file(&self, path: &Path, shown: &str, window: &mut Vec<u8>) -> io::Result<Searched> {
        let mut file = open(path)?;
        let metadata = file.metadata()?;
        let (size, mut position) = (metadata.len(), 0);
        let sparse = metadata.blocks() * 512 < size;
        let most = self.limits.window.max(2 * OVERLAP);
        let mut search = Search::new(self, shown, 0);
        let open_at = |at: u64| -> io::Result<Box<dyn Read>> {
            let mut file = open(path)?;
            file.seek(SeekFrom::Start(at))?;
            Ok(Box::new(file))
        };
        let mut head = Vec::new();
        window.clear();
        loop {
            if sparse && let Some(data) = next_data(&file, position) {
                // A hole is wider than anything between two characters.
                if data > position {
                    window.clear();
                }
                position = data;
                file.seek(SeekFrom::Start(position))?;
            }
            let kept = window.len();
            let room = most - kept;
            // One byte more, for the end to be seen.
            let left = usize::try_from(size.saturating_sub(position)).unwrap_or(room);
            window.reserve_exact(room.min(left.saturating_add(1)));
            let read = (&mut file).take(room as u64).read_to_end(window)?;
            let last = read < room;
            let start = position - kept as u64;
            if position == 0 {
                head = window[..window.len().min(SEAM)].to_vec();
            }
            position += read as u64;
            search.go_on(start);
            search.layer(window, if last { None } else { Some(&open_at) });
            if last {
                break;
            }
            if position > size.saturating_add(GROWTH) {
                search.gap("it goes on and on");
                break;
            }
            window.drain(..window.len() - OVERLAP);
        }
        Ok(Searched {
            touched: search.is_touched(),
            trail: search.trail(position),
            head,
            tail: window[window.len().saturating_sub(SEAM)..].to_vec(),
        })
    }
}

/// Opens a file, and waits for nobody.
fn open(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Where a file goes on with something else than a hole; its end if there is nothing more.
fn next_data(file: &File, position: u64) -> Option<u64> {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(position)) {
        Ok(data) => Some(data),
        Err(rustix::io::Errno::NXIO) => file.metadata().ok().map(|file| file.len().max(position)),
        Err(_) => None,
    }
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
