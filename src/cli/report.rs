//! `report`: other faces of a report that was kept, and one report from several.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::Exit;
use crate::report::terminal::{self, TerminalStyle};
use crate::report::{Format, Report, json, plain};
use crate::runner;
use crate::suite::Suite;

/// Arguments of `report`.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: ReportCommand,
}

/// What can be done with a report that was kept.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Show a report in another format
    #[command(after_help = "Examples:\n  aios-wechat report render report.json\n  \
        aios-wechat report render --format html --out report.html report.json")]
    Render(RenderArgs),
    /// Judge a report again from what it recorded, without the adapter
    #[command(after_help = "Example:\n  aios-wechat report verify report.json")]
    Verify(VerifyArgs),
    /// Join the parts of a divided run into one report
    #[command(
        after_help = "Example:\n  aios-wechat report merge --out report.json part-1.json part-2.json"
    )]
    Merge(MergeArgs),
    /// Write the claim as a badge: JSON for a shields.io endpoint
    #[command(after_help = "Example:\n  aios-wechat report badge report.json > badge.json")]
    Badge(BadgeArgs),
}

/// Arguments of `report render`.
#[derive(Args, Debug)]
pub struct RenderArgs {
    /// The format: json, junit, html, markdown, ctrf, terminal, github or badge
    #[arg(long, default_value = "terminal")]
    pub format: Format,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Leave out everything that differs between two runs of the same seed
    #[arg(long)]
    pub no_times: bool,
    /// The report, or - for standard input
    #[arg(default_value = "report.json")]
    pub report: PathBuf,
}

/// Arguments of `report verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The report, or - for standard input
    #[arg(default_value = "report.json")]
    pub report: PathBuf,
}

/// Arguments of `report merge`.
#[derive(Args, Debug)]
pub struct MergeArgs {
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The reports of all parts, in any order
    #[arg(required = true)]
    pub reports: Vec<PathBuf>,
}

/// Arguments of `report badge`.
#[derive(Args, Debug)]
pub struct BadgeArgs {
    /// The report, or - for standard input
    #[arg(default_value = "report.json")]
    pub report: PathBuf,
}

/// Runs `report`; `style` is that of the terminal that `out` is, if it is one.
///
/// # Errors
/// If a writer fails.
pub fn run(
    args: &ReportArgs,
    style: &TerminalStyle,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    let result = match &args.command {
        ReportCommand::Verify(args) => return verify(&args.report, out, err),
        ReportCommand::Render(args) => read(&args.report).and_then(|report| {
            let report = if args.no_times {
                report.without_times()
            } else {
                report
            };
            let text = match args.format {
                Format::Terminal if args.out.is_none() => terminal::render(&report, style),
                format => render(format, &report)?,
            };
            Ok((text, args.out.as_deref()))
        }),
        ReportCommand::Merge(args) => merged(&args.reports)
            .and_then(|report| Ok((render(Format::Json, &report)?, args.out.as_deref()))),
        ReportCommand::Badge(args) => {
            read(&args.report).and_then(|report| Ok((render(Format::Badge, &report)?, None)))
        }
    };
    match result {
        Ok((text, None)) => {
            out.write_all(text.as_bytes())?;
            Ok(Exit::Success)
        }
        Ok((text, Some(path))) => match std::fs::write(path, text) {
            Ok(()) => Ok(Exit::Success),
            Err(error) => {
                writeln!(err, "error: cannot write {}: {error}", path.display())?;
                Ok(Exit::Usage)
            }
        },
        Err(complaint) => {
            writeln!(err, "error: {complaint}")?;
            Ok(Exit::Usage)
        }
    }
}

/// Judges a report again: 0 if it says what it recorded, 1 and a line each for what it does not.
fn verify(path: &Path, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
    let verified = read(path).and_then(|report| {
        let suite = Suite::embedded().map_err(|problems| format!("{problems:?}"))?;
        let found = runner::verify(&suite, &report).map_err(|why| plain(&why, 1_000))?;
        Ok((found, report))
    });
    match verified {
        Ok((found, report)) if found.is_empty() => {
            let scenarios: usize = report.rules.iter().map(|rule| rule.scenarios.len()).sum();
            writeln!(
                out,
                "{}\n{scenarios} scenarios judged again from their timelines, seed {}: the report says what it recorded",
                plain(&report.summary, 400),
                report.seed
            )?;
            Ok(Exit::Success)
        }
        Ok((found, _)) => {
            for one in &found {
                writeln!(out, "x {}", plain(&one.to_string(), 1_000))?;
            }
            writeln!(
                err,
                "error: {} thing(s) in the report do not follow from what it recorded",
                found.len()
            )?;
            Ok(Exit::Fault)
        }
        Err(complaint) => {
            writeln!(err, "error: {complaint}")?;
            Ok(Exit::Usage)
        }
    }
}

fn render(format: Format, report: &Report) -> Result<String, String> {
    format
        .render(report)
        .map_err(|error| format!("cannot write the report: {error}"))
}

fn merged(paths: &[PathBuf]) -> Result<Report, String> {
    let parts = paths
        .iter()
        .map(|path| read(path))
        .collect::<Result<Vec<_>, _>>()?;
    Report::merge(&parts).map_err(|error| error.to_string())
}

/// Reads a report from a file, or from standard input for `-`.
fn read(path: &Path) -> Result<Report, String> {
    let name = plain(&path.display().to_string(), 200);
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| format!("cannot read {name}: {error}"))?;
    json::read(&text).map_err(|error| {
        format!(
            "{name} is not a report of this kit: {}\n  hint: `run --report json=FILE` writes one",
            plain(&error.to_string(), 400)
        )
    })
}
