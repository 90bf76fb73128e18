//! `init`: a small adapter to begin with, in a folder of its own.

mod template;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Exit;
use template::Template;

/// Arguments of `init`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  aios-wechat init --lang python my-adapter")]
pub(crate) struct InitArgs {
    /// The language of the adapter.
    #[arg(long, value_enum)]
    lang: Lang,
    /// The folder to write it to: a new or an empty one.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// The languages there are adapters in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Lang {
    /// Python 3.9 or newer, standard library only.
    Python,
    /// Node 18 or newer, without packages.
    Node,
    /// Go 1.21 or newer, standard library only.
    Go,
    /// Rust, with `serde_json`.
    Rust,
}

/// Runs `init`.
pub(super) fn run(
    args: &InitArgs,
    here: &Path,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    let folder = here.join(&args.folder);
    let shown = args.folder.display();
    let refusal = match fs::read_dir(&folder) {
        Ok(mut entries) => entries.next().map(|_| {
            format!("{shown} is not empty\n  hint: name a new folder; nothing is written over")
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => Some(format!("cannot write to {shown}: {error}")),
    };
    if let Some(refusal) = refusal {
        writeln!(err, "error: {refusal}")?;
        return Ok(Exit::Usage);
    }
    let template = Template::of(args.lang);
    for (path, text) in template.files() {
        if let Err(error) = put(&folder.join(path), &text) {
            writeln!(
                err,
                "error: cannot write {}: {error}",
                folder.join(path).display()
            )?;
            return Ok(Exit::Usage);
        }
        writeln!(out, "wrote  {}", args.folder.join(path).display())?;
    }
    writeln!(out, "\nNext:\n  cd {shown}")?;
    for build in template.build {
        writeln!(out, "  {build}")?;
    }
    writeln!(out, "  aios-wechat doctor -- {}", template.command)?;
    writeln!(out, "  aios-wechat run -- {}", template.command)?;
    Ok(Exit::Success)
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Whatever came there meanwhile is not ours to replace.
    fs::File::create_new(path)?.write_all(text.as_bytes())
}
