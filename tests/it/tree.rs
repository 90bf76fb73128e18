//! The repository as files and lines, for the tests that read it.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the manifest.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` (relative to the root), as path from the root, sorted.
pub(crate) fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default();
            // In a worktree `.git` is a file.
            if ["target", ".git", "node_modules", "__pycache__"]
                .iter()
                .any(|n| name == *n)
            {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(shown(path));
            }
        }
    }
    found.sort();
    found
}

fn shown(path: PathBuf) -> String {
    let inner = path
        .strip_prefix(root())
        .map(Path::to_path_buf)
        .unwrap_or(path);
    inner.to_string_lossy().into_owned()
}

/// The text of a file, given by its path from the root.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The Rust files below a folder.
pub(crate) fn rust(folder: &str) -> Vec<String> {
    files(folder)
        .into_iter()
        .filter(|path| Path::new(path).extension().is_some_and(|end| end == "rs"))
        .collect()
}

/// The lines of a Rust file that hold code, numbered from 1; comments are cut off.
pub(crate) fn code(path: &str) -> Vec<(usize, String)> {
    text(path)
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| {
            (
                index + 1,
                line.split(" // ").next().unwrap_or(line).to_owned(),
            )
        })
        .collect()
}

/// The words of a line: runs of letters, digits and underscores.
pub(crate) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}
