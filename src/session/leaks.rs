//! Looking for what an adapter must not keep or say: bodies, the credential, context tokens.

use std::fs;
use std::io;
use std::path::Path;

use super::{Driven, Session, Stop};
use crate::adapter::Place;
use crate::evidence::{Fact, Timeline};
use crate::hunt::{Find, Hunt, Marker, Trail};

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quarry {
    /// Words of messages, transcripts, file names, quotations and actions.
    Bodies,
    /// The bot token.
    Credential,
    /// The context tokens that WeChat gave.
    Contexts,
}

impl Session {
    /// Searches all folders of the adapter.
    ///
    /// # Errors
    /// A fault of the kit: the folders cannot be read.
    pub fn hunt_files(&mut self, quarry: &[Quarry]) -> Driven {
        let (hunt, markers) = self.hunt(quarry)?;
        let mut trail = Trail::default();
        for folder in Place::new(self.sandbox.path()).folders() {
            let name = folder.file_name().map(|n| n.to_string_lossy().into_owned());
            let part = hunt.folder(&folder).map_err(Stop::kit)?;
            trail.files += part.files;
            trail.bytes += part.bytes;
            trail.gaps.extend(part.gaps);
            let name = name.unwrap_or_default();
            trail.finds.extend(part.finds.into_iter().map(|mut find| {
                find.place = format!("{name}/{}", find.place);
                find
            }));
        }
        self.note(trail, markers);
        Ok(())
    }

    /// Searches everything that the adapter said. Bodies may stand in the events that forward them,
    /// and nowhere else.
    ///
    /// # Errors
    /// A fault of the kit.
    pub fn hunt_words(&mut self, quarry: &[Quarry]) -> Driven {
        let (hunt, markers) = self.hunt(quarry)?;
        let bodies = quarry.contains(&Quarry::Bodies);
        let said = self.log.read(|timeline| said(timeline, bodies));
        let mut trail = Trail::default();
        for (place, words) in said {
            trail.files += 1;
            trail.bytes += words.len() as u64;
            trail.finds.extend(hunt.bytes(&place, words.as_bytes()));
        }
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

    fn hunt(&self, quarry: &[Quarry]) -> Driven<(Hunt, u64)> {
        let marker = |what: &str, words: &str| Marker {
            what: what.to_owned(),
            words: words.to_owned(),
        };
        let mut markers = Vec::new();
        for quarry in quarry {
            match quarry {
                Quarry::Bodies => {
                    markers.extend(self.cast.bodies().iter().map(|word| marker("a body", word)));
                }
                Quarry::Credential => markers.push(marker("the bot token", &self.cast.token)),
                Quarry::Contexts => {
                    let tokens = self.wechat.context_tokens();
                    markers.extend(tokens.iter().map(|token| marker("a context token", token)));
                }
            }
        }
        let count = markers.len() as u64;
        Ok((Hunt::new(markers).map_err(Stop::kit)?, count))
    }

    fn note(&self, trail: Trail, markers: u64) {
        self.log.record(Fact::Hunted {
            files: trail.files,
            bytes: trail.bytes,
            markers,
            finds: trail.finds.iter().map(described).collect(),
            gaps: trail.gaps,
        });
    }
}

fn described(find: &Find) -> String {
    let Find {
        what,
        place,
        offset,
        chain,
    } = find;
    match chain.as_slice() {
        [] => format!("{what} in {place}, at byte {offset}"),
        chain => format!(
            "{what} in {place}, at byte {offset}, as {}",
            chain.join(" in ")
        ),
    }
}

/// What the adapter said, with where it said it; events that forward a body are left out where
/// bodies are looked for.
fn said(timeline: &Timeline, bodies: bool) -> Vec<(String, String)> {
    timeline
        .facts()
        .filter_map(|(_, fact)| match fact {
            Fact::Event { document, .. } => {
                let kind = document.get("event_type").and_then(|kind| kind.as_str());
                let forwards = matches!(kind, Some("message" | "attachment_meta"));
                let place = format!("an event of type {}", kind.unwrap_or("unknown"));
                (!(bodies && forwards)).then(|| (place, document.to_string()))
            }
            Fact::Told {
                method,
                result,
                error,
                ..
            } => {
                let words = [result, error]
                    .into_iter()
                    .flatten()
                    .map(ToString::to_string);
                Some((format!("the answer to `{method}`"), words.collect()))
            }
            Fact::Stderr { line, .. } => Some(("its stderr".to_owned(), line.clone())),
            Fact::Violation { got, .. } => Some(("its stdout".to_owned(), got.clone())),
            _ => None,
        })
        .collect()
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
