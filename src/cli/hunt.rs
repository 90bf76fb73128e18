//! `hunt`: the leak search by itself.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Exit;
use crate::hunt::{BEYOND, Find, Hunt, Limits, Marker, SHORTEST, Trail};
use crate::report::plain;

/// Arguments of `hunt`.
#[derive(Args, Debug)]
#[command(
    after_help = "The marker file holds one marker a line: words that must be found nowhere, or a name, a tab \
    and the words.\nEmpty lines and lines that begin with # are left out. Each marker is looked for as it is, encoded \
    and packed.\n\nExample:\n  aios-wechat hunt --marker-file markers.txt /var/lib/my-adapter /var/log/my-adapter"
)]
pub struct HuntArgs {
    /// The words to look for.
    #[arg(long, value_name = "F")]
    marker_file: PathBuf,
    /// Files and folders to search.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How many MiB of a file are looked at together, by each of two threads; what is packed takes up to
    /// eight times as much at each depth.
    #[arg(long, value_name = "MIB", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=256))]
    window: u32,
    /// How to print what was found.
    #[arg(long, value_enum, default_value_t = FormatArg::Text)]
    format: FormatArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    /// For people.
    Text,
    /// One JSON object a find.
    Json,
}

/// A find as it is printed.
#[derive(Debug, Serialize)]
struct Found<'a> {
    marker: &'a str,
    words: &'a str,
    file: String,
    offset: u64,
    /// How it was wrapped, outermost first; empty if it lies there as it is.
    chain: &'a [String],
}

/// Runs `hunt`: 0 if nothing was found, 1 if something was, 2 if something cannot be read, 3 if
/// nothing was found and not everything could be searched.
///
/// # Errors
/// If the output cannot be written.
pub fn run(
    args: &HuntArgs,
    folder: &Path,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    let hunt = match hunt(args, folder) {
        Ok(hunt) => hunt,
        Err(complaint) => {
            writeln!(err, "error: {complaint}")?;
            return Ok(Exit::Usage);
        }
    };
    // Before an hour of searching.
    for path in &args.paths {
        if let Err(error) = fs::metadata(folder.join(path)) {
            writeln!(err, "error: cannot search {}: {error}", path.display())?;
            return Ok(Exit::Usage);
        }
    }
    let mut all = Trail::default();
    for path in &args.paths {
        let trail = match hunt.path(&folder.join(path)) {
            Ok(trail) => trail,
            Err(error) => {
                writeln!(err, "error: cannot search {}: {error}", path.display())?;
                return Ok(Exit::Usage);
            }
        };
        for find in &trail.finds {
            writeln!(out, "{}", shown(find, path, args.format)?)?;
        }
        for gap in &trail.gaps {
            writeln!(err, "not searched whole: {}", plain(gap, 1000))?;
        }
        all.extend(trail);
    }
    let takes_more = limits(args).piece < limits(args).unpacked;
    if takes_more && all.gaps.iter().any(|gap| gap.ends_with(BEYOND)) {
        writeln!(
            err,
            "more than --window {} takes more of what is packed",
            args.window
        )?;
    }
    let (files, bytes, finds) = (all.files, all.bytes, all.finds.len());
    writeln!(err, "{files} files, {bytes} bytes searched; {finds} found")?;
    Ok(if finds > 0 {
        Exit::Fault
    } else if all.gaps.is_empty() {
        Exit::Success
    } else {
        Exit::Inconclusive
    })
}

fn hunt(args: &HuntArgs, folder: &Path) -> Result<Hunt, String> {
    let path = &args.marker_file;
    let bytes = fs::read(folder.join(path))
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        let line = 1 + good.split(|byte| *byte == b'\n').skip(1).count();
        format!(
            "{}, line {line}: not UTF-8; markers are text",
            path.display()
        )
    })?;
    let markers = markers(text.trim_start_matches('\u{feff}'))
        .map_err(|(line, why)| format!("{}, line {line}: {why}", path.display()))?;
    if markers.is_empty() {
        return Err(format!("{} holds no marker", path.display()));
    }
    let hunt = Hunt::new(markers).map_err(|error| error.to_string())?;
    Ok(hunt.within(limits(args)))
}

fn limits(args: &HuntArgs) -> Limits {
    let window = args.window as usize * 1024 * 1024;
    Limits {
        window,
        piece: 8 * window,
        ..Limits::default()
    }
}

fn markers(text: &str) -> Result<Vec<Marker>, (usize, String)> {
    let mut markers = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_end_matches('\r');
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index + 1;
        let (what, words) = match line.split_once('\t') {
            Some((what, words)) => (what.to_owned(), words),
            None => (format!("line {number}"), line),
        };
        if words.chars().count() < SHORTEST {
            let why = format!("a marker of fewer than {SHORTEST} characters turns up by chance");
            return Err((number, why));
        }
        markers.push(Marker {
            what,
            words: words.to_owned(),
        });
    }
    Ok(markers)
}

fn shown(find: &Find, path: &Path, format: FormatArg) -> io::Result<String> {
    let below = |place: &str| path.join(place).to_string_lossy().into_owned();
    let named = ["the name of ", "the target of "].into_iter();
    let mut named = named.filter_map(|what| Some((what, find.place.strip_prefix(what)?)));
    let file = match named.next() {
        Some((what, place)) => format!("{what}{}", below(place)),
        None if path.is_dir() => below(&find.place),
        None => path.to_string_lossy().into_owned(),
    };
    if format == FormatArg::Json {
        let found = Found {
            marker: &find.what,
            words: &find.words,
            file,
            offset: find.offset,
            chain: &find.chain,
        };
        return serde_json::to_string(&found).map_err(io::Error::other);
    }
    let mut text = format!(
        "{}: byte {}: {} “{}”",
        plain(&file, 1000),
        find.offset,
        plain(&find.what, 200),
        plain(&find.words, 200)
    );
    if !find.chain.is_empty() {
        let _ = write!(text, " ({})", find.chain.join(", in it "));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_file_names_markers_or_numbers_them() {
        let text = "# what nobody may find\n\nkwmzohtebra\r\na file name\tplans for spring\n";
        let read = markers(text).unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|m| (m.what.as_str(), m.words.as_str()))
            .collect();
        let expected = [
            ("line 3", "kwmzohtebra"),
            ("a file name", "plans for spring"),
        ];
        assert_eq!(read, expected);
        assert_eq!(markers("long enough\nabc").unwrap_err().0, 2);
    }
}
