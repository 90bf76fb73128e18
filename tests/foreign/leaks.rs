//! The leak search in databases, as Python leaves them.

use std::process::Command;

use aios_wechat::hunt::{Hunt, Marker};

use crate::Outcome;
use crate::place::{broken, complaint, finish, repository};

const WORDS: &str = "kwmzohtebradul";

/// Every way in which a database keeps words is found.
pub(crate) fn in_databases() -> Outcome {
    let folder = tempfile::tempdir().map_err(broken)?;
    let mut python = Command::new("python3");
    python
        .arg(repository("tests/foreign/leaks.py"))
        .args([folder.path().as_os_str(), WORDS.as_ref()]);
    let output = finish(&mut python)?;
    if !output.status.success() {
        return Err(broken(complaint(&output)));
    }
    let marker = Marker {
        what: "a body".to_owned(),
        words: WORDS.to_owned(),
    };
    let hunt = Hunt::new(vec![marker]).map_err(broken)?;
    let mut searched = 0;
    for entry in std::fs::read_dir(folder.path()).map_err(broken)? {
        let path = entry.map_err(broken)?.path();
        let trail = hunt.folder(&path).map_err(broken)?;
        if trail.finds.is_empty() {
            return Err(broken(format!("nothing was found in {}", path.display())));
        }
        searched += 1;
    }
    if searched == 7 {
        Ok(())
    } else {
        Err(broken(format!("{searched} databases of 7")))
    }
}
