//! `spec diff`: two versions of the specification, from folders or from git, through the gate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::ValueEnum;
use jiff::civil::Date;

use super::Exit;
use crate::diff::{Answer, Difference, Finding, Tree, Waivers, compare};
use crate::publish;

/// Arguments of `spec diff`.
#[derive(Debug, Clone, clap::Args)]
pub struct DiffArgs {
    /// The version that is in use: a folder or a git revision
    pub base: String,
    /// The version that is to be: a folder or a git revision; the working tree if none is given
    pub head: Option<String>,
    /// How it is told
    #[arg(long, value_enum, default_value_t)]
    pub format: DiffFormat,
    /// Write each document that proves a break into DIR/KIND/valid or DIR/KIND/invalid, as HEAD judges it
    #[arg(long, value_name = "DIR")]
    pub write_fixtures: Option<PathBuf>,
    /// Findings that may stand for a while [default: spec/waivers.json, if it is there]
    #[arg(long, value_name = "FILE")]
    pub waivers: Option<PathBuf>,
    /// Seed of the documents that are drawn by chance
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// How a difference is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people.
    #[default]
    Text,
    /// For a pull request or a job summary.
    Markdown,
    /// For programs.
    Json,
}

/// What can go wrong before anything is compared.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{side}: {what}\n  hint: {hint}")]
    Side {
        side: String,
        what: String,
        hint: &'static str,
    },
    #[error("{0}")]
    Waivers(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Runs `spec diff` in the repository at `root`; `stale` is what is wrong with the working tree itself.
///
/// # Errors
/// If a writer or a file fails.
pub fn run(
    args: &DiffArgs,
    root: &Path,
    today: Date,
    stale: impl FnOnce() -> io::Result<Option<Finding>>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    match judge(args, root, today, stale) {
        Ok(difference) => {
            match args.format {
                DiffFormat::Text => out.write_all(difference.text().as_bytes())?,
                DiffFormat::Markdown => out.write_all(difference.markdown().as_bytes())?,
                DiffFormat::Json => {
                    let value = serde_json::to_value(&difference)?;
                    out.write_all(publish::print(&value).as_bytes())?;
                }
            }
            if let Some(folder) = &args.write_fixtures {
                for path in write_fixtures(&difference, &root.join(folder))? {
                    writeln!(err, "wrote {}", path.display())?;
                }
            }
            Ok(if difference.is_fine() {
                Exit::Success
            } else {
                Exit::Outdated
            })
        }
        Err(Trouble::Io(error)) => Err(error),
        Err(trouble) => {
            writeln!(err, "error: {trouble}")?;
            Ok(Exit::Usage)
        }
    }
}

fn judge(
    args: &DiffArgs,
    root: &Path,
    today: Date,
    stale: impl FnOnce() -> io::Result<Option<Finding>>,
) -> Result<Difference, Trouble> {
    let waivers = waivers(args, root)?;
    let base = side(&args.base, root)?;
    let (name, head) = match &args.head {
        Some(head) => (head.as_str(), side(head, root)?),
        None => ("the working tree", folder("the working tree", root)?),
    };
    let mut difference = compare((&args.base, &base), (name, &head), args.seed);
    if args.head.is_none() {
        difference.findings.splice(0..0, stale()?);
    }
    difference.waive(&waivers, today);
    Ok(difference)
}

fn waivers(args: &DiffArgs, root: &Path) -> Result<Waivers, Trouble> {
    let path = root.join(
        args.waivers
            .as_deref()
            .unwrap_or(Path::new("spec/waivers.json")),
    );
    let trouble = |what: String| Trouble::Waivers(format!("{}: {what}", path.display()));
    match fs::read_to_string(&path) {
        Ok(text) => Waivers::read(&text).map_err(trouble),
        Err(error) if error.kind() == io::ErrorKind::NotFound && args.waivers.is_none() => {
            Ok(Waivers::default())
        }
        Err(error) => Err(trouble(error.to_string())),
    }
}

/// A side by the name that was typed.
fn side(name: &str, root: &Path) -> Result<Tree, Trouble> {
    let path = root.join(name);
    if path.is_dir() {
        folder(name, &path)
    } else {
        revision(name, root)
    }
}

fn folder(name: &str, path: &Path) -> Result<Tree, Trouble> {
    let mut files = BTreeMap::new();
    for part in ["features", "fixtures", "spec"] {
        for (path, text) in super::spec::texts(path, part, &["feature", "json", "md"])? {
            files.insert(path, text);
        }
    }
    if let Ok(manifest) = fs::read_to_string(path.join("Cargo.toml")) {
        files.insert("Cargo.toml".to_owned(), manifest);
    }
    files.retain(|path, _| Tree::wants(path));
    Tree::read(&files).map_err(|what| Trouble::Side {
        side: name.to_owned(),
        what,
        hint: "name the root of the repository, or a git revision of it",
    })
}

/// A revision, read from git.
fn revision(name: &str, root: &Path) -> Result<Tree, Trouble> {
    let trouble = |what: String, hint: &'static str| Trouble::Side {
        side: name.to_owned(),
        what,
        hint,
    };
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(root).args(words);
        command
    };
    // Without `--end-of-options` a name could be an option.
    let known = git(&[
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &format!("{name}^{{tree}}"),
    ])
    .output()
    .map_err(|error| {
        trouble(
            format!("git cannot be started: {error}"),
            "install git, or name a folder",
        )
    })?;
    if !known.status.success() {
        let shallow = git(&["rev-parse", "--is-shallow-repository"]).output();
        let shallow = shallow.is_ok_and(|answer| answer.stdout.starts_with(b"true"));
        let hint = if shallow {
            "this clone is shallow: `git fetch --unshallow` brings its past"
        } else {
            "`git log --oneline` names revisions; a folder has to exist"
        };
        return Err(trouble(
            "there is no such folder and no such git revision".to_owned(),
            hint,
        ));
    }
    let tree = String::from_utf8_lossy(&known.stdout).trim().to_owned();
    // The root may lie within a larger repository.
    let prefix = git(&["rev-parse", "--show-prefix"]).output()?;
    let prefix = String::from_utf8_lossy(&prefix.stdout).trim().to_owned();
    let listed = git(&["ls-tree", "-r", "-z", "--full-tree", &tree]).output()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let wanted: Vec<(String, String)> = listed
        .split('\0')
        .filter_map(|line| {
            let (about, path) = line.split_once('\t')?;
            let path = path.strip_prefix(&prefix)?;
            let object = about.split(' ').nth(2)?;
            Tree::wants(path).then(|| (object.to_owned(), path.to_owned()))
        })
        .collect();
    let files = blobs(git(&["cat-file", "--batch"]), &wanted)?;
    Tree::read(&files).map_err(|what| trouble(what, "choose a revision that has spec/schema"))
}

/// The texts of git objects, asked from one process.
fn blobs(mut git: Command, wanted: &[(String, String)]) -> io::Result<BTreeMap<String, String>> {
    let mut child = git.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut asked = child
        .stdin
        .take()
        .ok_or_else(|| io::Error::other("git has no input"))?;
    let mut answers = child
        .stdout
        .take()
        .map(io::BufReader::new)
        .ok_or_else(|| io::Error::other("git has no output"))?;
    let mut files = BTreeMap::new();
    for (object, path) in wanted {
        writeln!(asked, "{object}")?;
        asked.flush()?;
        let mut about = String::new();
        io::BufRead::read_line(&mut answers, &mut about)?;
        let length = about
            .split_whitespace()
            .nth(2)
            .and_then(|length| length.parse().ok());
        let length: usize =
            length.ok_or_else(|| io::Error::other(format!("git does not have {path}")))?;
        // The text, and a newline after it.
        let mut text = vec![0; length + 1];
        answers.read_exact(&mut text)?;
        text.pop();
        files.insert(path.clone(), String::from_utf8_lossy(&text).into_owned());
    }
    drop(asked);
    child.wait()?;
    Ok(files)
}

/// Writes the witnesses as fixtures: valid where the new side accepts them, invalid where it does not.
fn write_fixtures(difference: &Difference, folder: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut written = BTreeSet::new();
    for document in &difference.documents {
        for way in &document.ways {
            let Answer::Breaks {
                witness,
                pointer,
                keyword,
            } = &way.answer
            else {
                continue;
            };
            let verdict = if way.way.new_writes {
                "valid"
            } else {
                "invalid"
            };
            let mut name = String::new();
            for letter in format!("{pointer}-by-{keyword}").chars() {
                let apart = letter.is_ascii_uppercase() || !letter.is_ascii_alphanumeric();
                if apart && !name.is_empty() && !name.ends_with('-') {
                    name.push('-');
                }
                if letter.is_ascii_alphanumeric() {
                    name.push(letter.to_ascii_lowercase());
                }
            }
            let name = format!("{name}.json");
            let path = folder.join(&document.kind).join(verdict).join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, publish::print(witness))?;
            written.insert(path);
        }
    }
    Ok(written)
}
