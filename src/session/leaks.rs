//! Looking for what an adapter must not keep or say: bodies, the credential, context tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::{Driven, Session, Stop, Tags, decoy};
use crate::adapter::Place;
use crate::evidence::{Fact, Timeline};
use crate::hunt::{Clean, Find, Hunt, Limits, Marker, Scope, Trail};

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quarry {
    /// Words of messages, transcripts, file names, quotations and actions.
    Bodies,
    /// The bot token.
    Credential,
    /// The context tokens that WeChat gave.
    Contexts,
}

/// Folders that everybody on the machine may write in.
const SHARED: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// How many entries of each shared folder are looked at.
const SHARED_ENTRIES: usize = 20_000;

/// How many bytes are read there in one search: what an adapter leaves is small, and others build,
/// download and unpack there.
const SHARED_BYTES: u64 = 256 * 1024 * 1024;

/// How many of the things left out are named.
const NAMED: usize = 5;

/// What the scenarios of a run have in common.
#[derive(Debug)]
pub struct Series {
    pub(super) tags: Tags,
    /// Files of shared folders in which one search for each quarry found nothing that the markers of
    /// any scenario begin with.
    clean: Mutex<BTreeMap<Vec<Quarry>, Arc<Clean>>>,
    limits: Limits,
}

impl Series {
    /// For the run with this seed.
    #[must_use]
    pub fn of(seed: u32) -> Self {
        Self {
            tags: Tags::of(seed),
            clean: Mutex::default(),
            limits: Limits::default(),
        }
    }

    /// The same, with searches for leaks within these limits.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    fn clean(&self, quarry: &[Quarry]) -> Arc<Clean> {
        let mut clean = self.clean.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(clean.entry(quarry.to_vec()).or_default())
    }
}

/// What one search is for: its markers, and a decoy to find first.
struct Wanted {
    markers: Vec<Marker>,
    decoy: String,
    /// How the decoy is hidden.
    way: u64,
    limits: Limits,
}

impl Wanted {
    /// Lets `look` search, by a search that has just found the kit's own decoy. It runs on a thread
    /// of its own: what other scenarios wait for must not wait for this one's.
    async fn sought<T: Send + 'static>(
        self,
        look: impl FnOnce(&Hunt) -> Driven<T> + Send + 'static,
    ) -> Driven<T> {
        let looking = tokio::task::spawn_blocking(move || {
            let mut markers = self.markers;
            markers.push(marker("the kit's own decoy", &self.decoy));
            let hunt = Hunt::new(markers).map_err(Stop::kit)?.within(self.limits);
            decoy::proves(&hunt, &self.decoy, self.way)?;
            look(&hunt)
        });
        looking.await.map_err(Stop::kit)?
    }
}

fn marker(what: &str, words: &str) -> Marker {
    Marker {
        what: what.to_owned(),
        words: words.to_owned(),
    }
}

impl Session {
    /// Searches all folders of the adapter; where it was free to write elsewhere, also the shared
    /// temporary folders and the caller's, for what was changed since the scenario began.
    ///
    /// # Errors
    /// A fault of the kit: the folders cannot be read, or the search does not find the kit's own
    /// decoy.
    pub async fn hunt_files(&mut self, quarry: &[Quarry]) -> Driven {
        let wanted = self.wanted(quarry);
        let (markers, decoy) = (wanted.markers.len() as u64, wanted.decoy.clone());
        let (home, made) = (self.sandbox.path().to_owned(), self.made);
        let elsewhere = (!self.subject.stays_at_home()).then(|| {
            let shared = SHARED.map(PathBuf::from).into_iter();
            let folders = shared.chain(self.subject.folders()).collect();
            (folders, self.series.clean(quarry))
        });
        let (mut trail, mut shared) = wanted
            .sought(move |hunt| {
                let shared =
                    elsewhere.map(|(folders, clean)| beyond(hunt, &home, made, &folders, &clean));
                Ok((at_home(hunt, &home)?, shared.unwrap_or_default()))
            })
            .await?;
        let finds = &mut shared.finds;
        // No adapter knows the decoy: it is that of another run of this seed, which goes on just now.
        finds.retain(|find| find.words != decoy && !self.cast.may_be_another_scenes(&find.words));
        trail.extend(shared);
        self.note(trail, markers);
        Ok(())
    }

    /// Searches everything that the adapter said, and what anybody on the machine can see of its
    /// processes. Bodies may stand in the events that forward them, and nowhere else.
    ///
    /// # Errors
    /// A fault of the kit: the search does not find the kit's own decoy.
    pub async fn hunt_words(&mut self, quarry: &[Quarry]) -> Driven {
        let wanted = self.wanted(quarry);
        let markers = wanted.markers.len() as u64;
        let bodies = quarry.contains(&Quarry::Bodies);
        let said = self.log.read(|timeline| said(timeline, bodies));
        let mut said: Vec<(String, Vec<u8>)> = said
            .into_iter()
            .map(|(place, words)| (place, words.into_bytes()))
            .collect();
        if let Some(live) = &self.live {
            said.extend(live.running.exposed());
        }
        let trail = wanted
            .sought(move |hunt| {
                let mut trail = Trail::default();
                for (place, words) in said {
                    trail.extend(hunt.bytes(&place, &words));
                }
                Ok(trail)
            })
            .await?;
        self.note(trail, markers);
        Ok(())
    }

    /// Measures what the adapter keeps.
    ///
    /// # Errors
    /// A fault of the kit: the folder cannot be read.
    pub fn measure_state(&mut self) -> Driven {
        let state = Place::new(self.sandbox.path()).state();
        let bytes = size(&state).map_err(Stop::kit)?;
        self.log.record(Fact::Measured { bytes });
        Ok(())
    }

    fn wanted(&mut self, quarry: &[Quarry]) -> Wanted {
        let mut markers = Vec::new();
        for quarry in quarry {
            match quarry {
                Quarry::Bodies => markers.extend(self.cast.bodies()),
                Quarry::Credential => markers.push(marker("the bot token", &self.cast.token)),
                Quarry::Contexts => {
                    let tokens = self.wechat.context_tokens();
                    markers.extend(tokens.iter().map(|token| marker("a context token", token)));
                }
            }
        }
        Wanted {
            markers,
            decoy: self.cast.decoy(),
            way: self.cast.below(decoy::COUNT),
            limits: self.series.limits,
        }
    }

    fn note(&self, trail: Trail, markers: u64) {
        let mut left_out = trail.left_out;
        if left_out.len() > NAMED {
            let more = format!("and {} more", left_out.len() - NAMED);
            left_out.truncate(NAMED);
            left_out.push(more);
        }
        self.log.record(Fact::Hunted {
            files: trail.files,
            bytes: trail.bytes,
            markers,
            finds: trail.finds.iter().map(described).collect(),
            gaps: trail.gaps,
            left_out,
        });
    }
}

/// What is found in the folders of an adapter.
fn at_home(hunt: &Hunt, home: &Path) -> Driven<Trail> {
    let mut trail = Trail::default();
    for folder in Place::new(home).folders() {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let mut part = hunt.folder(&folder).map_err(Stop::kit)?;
        for find in &mut part.finds {
            find.place = format!("{name}/{}", find.place);
        }
        trail.extend(part);
    }
    Ok(trail)
}

/// What is found elsewhere, of what was changed since the folder of the adapter was made.
fn beyond(
    hunt: &Hunt,
    home: &Path,
    made: SystemTime,
    folders: &BTreeSet<PathBuf>,
    clean: &Clean,
) -> Trail {
    let scope = Scope {
        since: made,
        entries: SHARED_ENTRIES,
        bytes: SHARED_BYTES,
        clean,
        except: &[home.to_owned()],
    };
    let mut trail = Trail::default();
    for folder in folders {
        trail.extend(hunt.shared(folder, scope));
    }
    trail
}

fn described(find: &Find) -> String {
    let Find {
        what,
        words,
        place,
        offset,
        chain,
    } = find;
    // A secret is not told again.
    let shown = if what.contains("token") {
        String::new()
    } else {
        format!(" “{words}”")
    };
    let found = format!("{what}{shown} in {place}, at byte {offset}");
    match chain.as_slice() {
        [] => found,
        // What it was written as first stands innermost.
        chain => {
            let chain: Vec<&str> = chain.iter().rev().map(String::as_str).collect();
            format!("{found}, as {}", chain.join(" in "))
        }
    }
}

/// What the adapter said, with where it said it; events that forward a body are left out where
/// bodies are looked for. Lines of stderr and of stdout stand together, since a body may be broken
/// into several.
fn said(timeline: &Timeline, bodies: bool) -> Vec<(String, String)> {
    let (mut stderr, mut stdout) = (String::new(), String::new());
    let mut said = Vec::new();
    for (_, fact) in timeline.facts() {
        match fact {
            Fact::Event { document, .. } => {
                let kind = document.get("event_type").and_then(|kind| kind.as_str());
                let forwards = matches!(kind, Some("message" | "attachment_meta"));
                if !(bodies && forwards) {
                    let place = format!("an event of type {}", kind.unwrap_or("unknown"));
                    said.push((place, document.to_string()));
                }
            }
            Fact::Told {
                method,
                result,
                error,
                ..
            } => {
                let words = [result, error].into_iter().flatten();
                let words = words.map(ToString::to_string).collect();
                said.push((format!("the answer to `{method}`"), words));
            }
            Fact::Stderr { line, .. } => stderr.extend([line.as_str(), "\n"]),
            Fact::Violation { got, .. } => stdout.extend([got.as_str(), "\n"]),
            _ => {}
        }
    }
    let streams = [("its stderr", stderr), ("its stdout", stdout)];
    said.extend(streams.map(|(place, words)| (place.to_owned(), words)));
    said.retain(|(_, words)| !words.is_empty());
    said
}

/// The size of all regular files below a folder.
fn size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let metadata = fs::symlink_metadata(&path)?;
        bytes += if metadata.is_dir() {
            size(&path)?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::super::{Known, Patience, Scene};
    use super::*;
    use crate::adapter::Subject;
    use crate::session::Log;

    #[tokio::test]
    async fn what_another_run_of_this_seed_plants_is_not_found_and_what_is_leaked_is() {
        let scene = Scene {
            subject: Subject::served(|_, _| ready(Ok(()))),
            known: Known::default(),
            patience: Patience::new(1.0),
            series: Arc::new(Series::of(6)),
            seed: 6,
            control: false,
        };
        let mut session = Session::open(scene, Log::default()).await.unwrap();
        for folder in Place::new(session.sandbox.path()).folders() {
            fs::create_dir_all(folder).unwrap();
        }
        let shared = tempfile::tempdir_in(SHARED[0]).unwrap();
        let leak = shared.path().join("leak");
        let decoy = session.cast.clone().decoy();
        fs::write(shared.path().join("decoy"), &decoy).unwrap();
        fs::write(&leak, &session.cast.token).unwrap();
        session.hunt_files(&[Quarry::Credential]).await.unwrap();
        let found: Vec<String> = session.log.read(|timeline| {
            let finds = timeline.facts().filter_map(|(_, fact)| match fact {
                Fact::Hunted { finds, .. } => Some(finds.clone()),
                _ => None,
            });
            finds.flatten().collect()
        });
        let [found] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert!(found.contains(leak.to_str().unwrap()), "{found}");
    }
}
