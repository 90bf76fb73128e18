//! `schema`: writes, checks or shows the published schemas.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Exit;
use crate::contract::Kind;
use crate::publish::{self, Artifact, SCHEMA_FOLDER};

/// Arguments of `schema`.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(multiple = false)]
pub struct SchemaArgs {
    /// Compare spec/schema with what the types say, and write nothing
    #[arg(long)]
    pub check: bool,
    /// Write into this folder instead of spec/schema
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Show the schema of one kind, `openrpc` or `openapi`
    #[arg(long, value_name = "KIND")]
    pub print: Option<String>,
}

/// Runs `schema`.
///
/// # Errors
/// If a writer or a file fails.
pub fn run(args: &SchemaArgs, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
    if let Some(name) = &args.print {
        return print(name, out, err);
    }
    let folder = Path::new(SCHEMA_FOLDER);
    if args.check {
        return check(folder, err);
    }
    match &args.out {
        Some(folder) => std::fs::create_dir_all(folder)?,
        None if !folder.is_dir() => {
            writeln!(
                err,
                "error: there is no {SCHEMA_FOLDER} here; name a folder with --out DIR"
            )?;
            return Ok(Exit::Usage);
        }
        None => {}
    }
    let folder = args.out.as_deref().unwrap_or(folder);
    for Artifact { name, text } in publish::schemas() {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(Exit::Success)
}

fn print(name: &str, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
    let document = match Kind::try_from(name) {
        Ok(kind) => publish::schema(kind),
        Err(_) if name == "openrpc" => publish::openrpc(),
        Err(_) if name == "openapi" => publish::openapi(),
        Err(_) => {
            writeln!(err, "error: there is no schema `{name}`; the kinds are:")?;
            for word in Kind::WORDS.iter().chain(&["openrpc", "openapi"]) {
                writeln!(err, "  {word}")?;
            }
            return Ok(Exit::Usage);
        }
    };
    out.write_all(publish::print(&document).as_bytes())?;
    Ok(Exit::Success)
}

fn check(folder: &Path, err: &mut dyn Write) -> io::Result<Exit> {
    let stale = stale(folder);
    for (path, what) in &stale {
        writeln!(err, "{}: {what}", path.display())?;
    }
    if stale.is_empty() {
        return Ok(Exit::Success);
    }
    writeln!(err, "run `aios-wechat schema` and commit what it writes")?;
    Ok(Exit::Outdated)
}

/// The files of a schema folder that are not what the types say, and what is wrong with each.
fn stale(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let mut stale = Vec::new();
    let artifacts = publish::schemas();
    for Artifact { name, text } in &artifacts {
        let path = folder.join(name);
        match std::fs::read_to_string(&path) {
            Ok(found) if found == *text => {}
            Ok(_) => stale.push((path, "out of date")),
            Err(_) => stale.push((path, "missing or not readable")),
        }
    }
    let mut others: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter(|path| {
            !artifacts
                .iter()
                .any(|artifact| path.ends_with(&artifact.name))
        })
        .collect();
    others.sort();
    stale.extend(
        others
            .into_iter()
            .map(|path| (path, "not one of the generated files")),
    );
    stale
}
