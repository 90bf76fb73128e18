//! A look into what the adapter keeps: whether the text of a message is in it.

use std::fs;
use std::path::Path;

use super::{Driven, Place, Session, Stop, expect};
use crate::evidence::Fact;

impl Session {
    /// Searches every file of the sandbox for the texts of the scenario's messages, in plain.
    ///
    /// # Errors
    /// A fault of the kit: a file cannot be read.
    pub fn search_files(&mut self) -> Driven {
        let texts = self.log.read(expect::texts);
        let root = Place::new(self.sandbox.path()).root().to_path_buf();
        let (mut files, mut holding) = (0, Vec::new());
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(Stop::kit)? {
                let path = entry.map_err(Stop::kit)?.path();
                let kind = fs::symlink_metadata(&path).map_err(Stop::kit)?;
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    files += 1;
                    if holds(&path, &texts)? {
                        let name = path.strip_prefix(&root).unwrap_or(&path);
                        holding.push(name.display().to_string());
                    }
                }
            }
        }
        holding.sort();
        self.log.record(Fact::Searched { files, holding });
        Ok(())
    }
}

fn holds(path: &Path, texts: &[String]) -> Driven<bool> {
    let bytes = fs::read(path).map_err(Stop::kit)?;
    let holds = |text: &String| {
        !text.is_empty()
            && bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
    };
    Ok(texts.iter().any(holds))
}
