//! What survives a restart: metadata in one file, written whole or not at all.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::context::Newest;
use super::digest::hex;
use super::gate::Standing;
use super::outbox::Entry;

/// Everything the adapter keeps. No body and no credential has a place in it; context tokens have
/// one only because `context_cache` asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateDocument<'a> {
    /// How often the channel was started.
    pub starts: u64,
    /// The position of each cursor key (WX-CURSOR-005).
    pub cursors: Cow<'a, BTreeMap<String, String>>,
    /// The dedup keys of settled messages, and when they were settled.
    pub settled: Cow<'a, BTreeMap<String, i64>>,
    /// Where each person stands who had to be paired.
    pub pairing: BTreeMap<String, Standing>,
    /// What became of recent actions, by AIOS's idempotency key.
    pub actions: Cow<'a, BTreeMap<String, Entry>>,
    /// The newest context token of each peer, where the cache is on.
    pub contexts: Cow<'a, BTreeMap<String, Newest>>,
}

impl StateDocument<'_> {
    /// The same, with nothing lent.
    #[must_use]
    pub fn into_owned(self) -> StateDocument<'static> {
        StateDocument {
            starts: self.starts,
            cursors: Cow::Owned(self.cursors.into_owned()),
            settled: Cow::Owned(self.settled.into_owned()),
            pairing: self.pairing,
            actions: Cow::Owned(self.actions.into_owned()),
            contexts: Cow::Owned(self.contexts.into_owned()),
        }
    }
}

/// Keeps the state document.
pub trait Store: Send + Sync + 'static {
    /// What an earlier process left.
    fn load(&self) -> Found;

    /// Replaces the document, at once and as a whole: a kill leaves the old one or the new one.
    ///
    /// # Errors
    /// If it could not be written; the old one stands.
    fn save(&self, document: &StateDocument<'_>) -> io::Result<()>;
}

/// What lies in a state folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing yet: this is the first start.
    Nothing,
    /// The document as it was saved.
    Intact(Box<StateDocument<'static>>),
    /// Something was here, and it can no longer be trusted or is gone.
    Damaged,
}

/// The document in a file of a folder of its own.
///
/// The folder outlives its file, so a file that was removed is told from one that never was. The
/// first line is a digest of the rest, so any other change is noticed too. Nothing is forced to the
/// disk: a killed process loses nothing, and what a power cut takes is recovered as damage. The next
/// document is whole before the old one goes, and takes its name last; a name is never taken from a
/// file that is there, since file systems then write to the disk at once, which costs milliseconds.
#[derive(Debug)]
pub struct FolderStore {
    folder: PathBuf,
    /// This process has saved before: one file lies there, and no draft beside it.
    tidy: AtomicBool,
}

const FILE: &str = "state.json";
const NEXT: &str = "state.next";

impl FolderStore {
    /// The store below a `state_dir`.
    #[must_use]
    pub fn below(state_dir: &Path) -> Self {
        Self {
            folder: state_dir.join("aios-wechat-reference"),
            tidy: AtomicBool::new(false),
        }
    }

    /// After a kill there may be two files, or one under the wrong name.
    fn tidy_up(&self) -> io::Result<()> {
        let (file, next) = (self.folder.join(FILE), self.folder.join(NEXT));
        if next.exists() && !file.exists() {
            fs::rename(&next, &file)?; // the only copy there is
        }
        remove(&next)
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let (file, next) = (self.folder.join(FILE), self.folder.join(NEXT));
        fs::write(&next, text)?;
        remove(&file)?;
        fs::rename(&next, &file)
    }

    fn replace_whatever_is_there(&self, text: &str) -> io::Result<()> {
        if self.folder.exists() {
            self.tidy_up()?;
            return self.replace(text);
        }
        // The folder appears with its first file in it: an empty one means damage.
        let nascent = self.folder.with_extension("new");
        // Not the state folder itself: whoever took it away does not expect it back.
        match fs::create_dir(&nascent) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        fs::write(nascent.join(FILE), text)?;
        fs::rename(nascent, &self.folder)
    }

    fn text(&self) -> io::Result<String> {
        match fs::read_to_string(self.folder.join(FILE)) {
            // A kill came after the old document went and before the new one had its name.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::read_to_string(self.folder.join(NEXT))
            }
            found => found,
        }
    }

    fn read(&self) -> Option<StateDocument<'static>> {
        let text = self.text().ok()?;
        let (seal, body) = text.split_once('\n')?;
        (seal == hex(&Sha256::digest(body))).then(|| serde_json::from_str(body).ok())?
    }
}

impl Store for FolderStore {
    fn load(&self) -> Found {
        match self.read() {
            Some(document) => Found::Intact(Box::new(document)),
            None if self.folder.exists() => Found::Damaged,
            None => Found::Nothing,
        }
    }

    fn save(&self, document: &StateDocument<'_>) -> io::Result<()> {
        let body = serde_json::to_string(document)?;
        let text = format!("{}\n{body}", hex(&Sha256::digest(&body)));
        // Mostly the shortest way is enough.
        let replaced = self.tidy.swap(false, Ordering::Relaxed) && self.replace(&text).is_ok();
        if !replaced {
            self.replace_whatever_is_there(&text)?;
        }
        self.tidy.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Removes a file, if it is there.
fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(starts: u64) -> StateDocument<'static> {
        let settled = Cow::Owned(BTreeMap::from([("wx-1".to_owned(), 5)]));
        StateDocument {
            starts,
            settled,
            ..StateDocument::default()
        }
    }

    fn saved() -> (tempfile::TempDir, FolderStore, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::below(folder.path());
        store.save(&document(1)).unwrap();
        let file = store.folder.join(FILE);
        (folder, store, file)
    }

    #[test]
    fn a_state_folder_that_was_taken_away_does_not_come_back() {
        let (folder, store, _) = saved();
        let path = folder.path().to_owned();
        folder.close().unwrap();
        assert!(store.save(&document(2)).is_err());
        assert!(!path.exists());
    }

    #[test]
    fn a_first_start_finds_nothing_and_a_later_one_what_was_saved_last() {
        let folder = tempfile::tempdir().unwrap();
        let store = FolderStore::below(folder.path());
        assert_eq!(store.load(), Found::Nothing);
        for starts in 1..4 {
            store.save(&document(starts)).unwrap();
            assert_eq!(store.load(), Found::Intact(Box::new(document(starts))));
        }
    }

    #[test]
    fn every_truncation_is_noticed() {
        let (_folder, store, file) = saved();
        let whole = fs::read(&file).unwrap();
        for length in 0..whole.len() {
            fs::write(&file, &whole[..length]).unwrap();
            assert_eq!(store.load(), Found::Damaged, "cut to {length} bytes");
        }
    }

    #[test]
    fn a_single_changed_byte_is_noticed() {
        let (_folder, store, file) = saved();
        let whole = fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&file, &changed).unwrap();
            assert_eq!(store.load(), Found::Damaged, "byte {at}");
        }
    }

    #[test]
    fn a_kill_at_any_moment_of_a_save_leaves_the_old_document_or_the_new_one() {
        let (_folder, store, file) = saved();
        let (old, next) = (fs::read(&file).unwrap(), store.folder.join(NEXT));
        store.save(&document(2)).unwrap();
        let new = fs::read(&file).unwrap();
        for written in 0..=new.len() {
            fs::write(&file, &old).unwrap();
            fs::write(&next, &new[..written]).unwrap();
            assert_eq!(store.load(), Found::Intact(Box::new(document(1))));
        }
        fs::remove_file(&file).unwrap();
        assert_eq!(store.load(), Found::Intact(Box::new(document(2))));
        store.save(&document(3)).unwrap();
        assert_eq!(store.load(), Found::Intact(Box::new(document(3))));
        assert!(!next.exists());
    }

    #[test]
    fn a_folder_that_somebody_removes_meanwhile_is_made_again_by_the_next_save() {
        let (_folder, store, _) = saved();
        store.save(&document(2)).unwrap();
        fs::remove_dir_all(&store.folder).unwrap();
        store.save(&document(3)).unwrap();
        assert_eq!(store.load(), Found::Intact(Box::new(document(3))));
    }

    #[test]
    fn a_removed_file_is_damage_and_is_mended_by_the_next_save() {
        let (_folder, store, file) = saved();
        fs::remove_file(&file).unwrap();
        assert_eq!(store.load(), Found::Damaged);
        store.save(&document(2)).unwrap();
        assert_eq!(store.load(), Found::Intact(Box::new(document(2))));
    }
}
