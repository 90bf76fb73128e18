//! `spec`: what authors of the specification write and check.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Exit;
use super::remark::{Check, Remark, RemarkFormat, print};
use crate::diff::Finding;
use crate::mutant;
use crate::proof::{MATRIX_JSON, MATRIX_MARKDOWN, Matrix};
use crate::publish::{self, Artifact, SCHEMA_FOLDER, prose};
use crate::runner;
use crate::suite::{FEATURES, Level, Mode, Problem, Suite};

/// Arguments of `spec`.
#[derive(Debug, Clone, clap::Args)]
pub struct SpecArgs {
    /// What to do
    #[command(subcommand)]
    pub command: SpecCommand,
}

/// What `spec` can do.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum SpecCommand {
    /// Write every generated file of spec/
    #[command(after_help = "Example:\n  aios-wechat spec write")]
    Write,
    /// Check the rules about rules, and that generated files are up to date
    #[command(
        after_help = "Examples:\n  aios-wechat spec check\n  aios-wechat spec check --format sarif > check.sarif"
    )]
    Check(CheckArgs),
    /// What a change breaks, for whom, and what has still to be said or moved
    #[command(
        after_help = "Examples:\n  aios-wechat spec diff main\n  aios-wechat spec diff v0.1.0 HEAD --format markdown\n  \
        aios-wechat spec diff HEAD~1 --write-fixtures fixtures"
    )]
    Diff(super::diff::DiffArgs),
}

/// Arguments of `spec check`.
#[derive(Debug, Clone, clap::Args)]
pub struct CheckArgs {
    /// How findings are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: RemarkFormat,
}

/// Runs `spec` on the repository whose root is `root`.
///
/// # Errors
/// If a writer or a file fails.
pub fn run(
    args: &SpecArgs,
    root: &Path,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    if !root.join("features").is_dir() || !root.join("spec").is_dir() {
        writeln!(
            err,
            "error: there is no features/ and spec/ here\n  hint: go to the root of the repository"
        )?;
        return Ok(Exit::Usage);
    }
    match &args.command {
        SpecCommand::Write => write(root, err),
        SpecCommand::Diff(args) => {
            super::diff::run(args, root, today(), || outdated(root), out, err)
        }
        SpecCommand::Check(args) => {
            let remarks = check(root)?;
            print(&remarks, args.format, out)?;
            match remarks.len() {
                0 => writeln!(err, "nothing found")?,
                1 => writeln!(err, "1 finding")?,
                many => writeln!(err, "{many} findings")?,
            }
            Ok(if remarks.is_empty() {
                Exit::Success
            } else {
                Exit::Outdated
            })
        }
    }
}

fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// Generated files that are not what the code generates, as a finding of `spec diff`.
fn outdated(root: &Path) -> io::Result<Option<Finding>> {
    let Ok(suite) = Suite::read(&features(root)?) else {
        return Ok(None);
    };
    let files: Vec<String> = stale(root, &generated(&suite))
        .into_iter()
        .map(|problem| problem.file)
        .collect();
    if files.is_empty() {
        return Ok(None);
    }
    Ok(Some(Finding {
        name: "generated".to_owned(),
        what: format!(
            "generated files are out of date, so this compared what they said before: {}",
            files.join(", ")
        ),
        mend: "run `aios-wechat spec write`, then compare again".to_owned(),
    }))
}

fn write(root: &Path, err: &mut dyn Write) -> io::Result<Exit> {
    let suite = match Suite::read(&features(root)?) {
        Ok(suite) => suite,
        Err(problems) => {
            for problem in problems {
                writeln!(err, "{problem}")?;
            }
            writeln!(
                err,
                "error: the feature files are broken; nothing was written"
            )?;
            return Ok(Exit::Outdated);
        }
    };
    for (path, text) in generated(&suite) {
        let path = root.join(path);
        if fs::read_to_string(&path).ok().as_ref() == Some(&text) {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text)?;
        writeln!(err, "wrote {}", path.display())?;
    }
    Ok(Exit::Success)
}

/// Every generated file, as path from the root and text.
fn generated(suite: &Suite) -> Vec<(String, String)> {
    let at = |folder: &'static str| {
        move |Artifact { name, text }: Artifact| (format!("{folder}/{name}"), text)
    };
    let mut files: Vec<_> = publish::requirements(suite)
        .into_iter()
        .map(at("spec"))
        .collect();
    files.push((MATRIX_MARKDOWN.to_owned(), Matrix::kept().markdown()));
    files.extend(publish::schemas().into_iter().map(at(SCHEMA_FOLDER)));
    files
}

/// Everything that is not in order in the repository whose root is `root`, sorted.
///
/// # Errors
/// If a folder or file cannot be read.
pub fn check(root: &Path) -> io::Result<Vec<Remark>> {
    let features = features(root)?;
    let mut remarks = Vec::new();
    let mut add = |check: Check, problems: Vec<Problem>| {
        remarks.extend(
            problems
                .into_iter()
                .map(|problem| Remark { check, problem }),
        );
    };
    add(Check::Embedded, embedded(&features));
    match Suite::read(&features) {
        Err(problems) => add(Check::Features, problems),
        Ok(suite) => {
            add(Check::Phrases, runner::check_steps(&suite));
            add(Check::Phrases, unused_phrases(&suite));
            add(
                Check::Prose,
                prose::check(&suite, &texts(root, "spec", &["md"])?),
            );
            let fixtures = texts(root, "fixtures", &["json", "md"])?;
            let mut named: Vec<(&str, &str)> = fixtures
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str()))
                .collect();
            let files = generated(&suite);
            named.extend(
                files
                    .iter()
                    .map(|(path, text)| (path.as_str(), text.as_str())),
            );
            add(Check::Fixtures, prose::unknown_ids(&suite, &named));
            add(Check::Generated, stale(root, &files));
            add(Check::Mutants, mutants(&suite));
        }
    }
    remarks.sort();
    remarks.dedup();
    Ok(remarks)
}

/// The feature files in the order of the catalogue; those that are not embedded come last.
fn features(root: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = texts(root, "features", &["feature"])?;
    let place = |path: &str| {
        FEATURES
            .iter()
            .position(|(known, _)| *known == path)
            .unwrap_or(FEATURES.len())
    };
    files.sort_by_key(|(path, _)| place(path));
    Ok(files)
}

/// The files below a folder with one of these endings, as path from the root and text, by path.
pub(super) fn texts(
    root: &Path,
    folder: &str,
    endings: &[&str],
) -> io::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    while let Some(folder) = open.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let ending = path.extension().unwrap_or_default();
            if endings.iter().any(|wanted| ending == *wanted) {
                let shown = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
                // Fixtures may hold broken text on purpose.
                let bytes = fs::read(&path)?;
                found.push((
                    shown.replace('\\', "/"),
                    String::from_utf8_lossy(&bytes).into_owned(),
                ));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn embedded(features: &[(String, String)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (path, text) in features {
        match FEATURES.iter().find(|(known, _)| known == path) {
            None => problems.push(Problem::new(
                path,
                1,
                "this file is not embedded: its rules are in no run",
                "add a row to FEATURES in src/suite/embedded.rs",
            )),
            Some((_, embedded)) if embedded != text => problems.push(Problem::new(
                path,
                1,
                "this file differs from the one this program was built with",
                "build again: `cargo run -- spec check`",
            )),
            Some(_) => {}
        }
    }
    for (path, _) in FEATURES {
        if !features.iter().any(|(found, _)| found == path) {
            problems.push(Problem::new(
                path,
                1,
                "this file is embedded and is not here",
                "bring it back; a rule is retired, never dropped with its file",
            ));
        }
    }
    problems
}

fn unused_phrases(suite: &Suite) -> Vec<Problem> {
    runner::unused_phrases(suite)
        .into_iter()
        .map(|phrase| {
            Problem::new(
                &phrase.file,
                phrase.line,
                format!("no scenario uses `{} {}`", phrase.keyword, phrase.pattern),
                "use it, or delete the function",
            )
        })
        .collect()
}

fn stale(root: &Path, files: &[(String, String)]) -> Vec<Problem> {
    let mend = "run `aios-wechat spec write` and commit what it writes";
    let mut problems: Vec<Problem> = files
        .iter()
        .filter_map(|(path, text)| match fs::read_to_string(root.join(path)) {
            Err(_) => Some(Problem::new(
                path,
                1,
                "this generated file is missing",
                mend,
            )),
            Ok(found) => {
                let same = found
                    .lines()
                    .zip(text.lines())
                    .take_while(|(a, b)| a == b)
                    .count();
                (found != *text).then(|| {
                    Problem::new(path, same + 1, "this generated file is out of date", mend)
                })
            }
        })
        .collect();
    let known = |name: &str| files.iter().any(|(path, _)| path == name);
    let others = fs::read_dir(root.join(SCHEMA_FOLDER))
        .into_iter()
        .flatten()
        .flatten();
    for entry in others {
        let name = format!("{SCHEMA_FOLDER}/{}", entry.file_name().to_string_lossy());
        if name.rsplit('.').next() == Some("json") && !known(&name) {
            problems.push(Problem::new(
                &name,
                1,
                "nothing generates this file",
                "delete it",
            ));
        }
    }
    problems
}

/// What is wrong with the kill matrix; executable rules that no mutant breaks, and mutants that
/// break no rule.
fn mutants(suite: &Suite) -> Vec<Problem> {
    let mend = "run `aios-wechat selftest --write`, read what changed, and commit it";
    let contradictions = Matrix::kept().contradictions(suite).into_iter();
    let mut problems: Vec<Problem> = contradictions
        .map(|what| Problem::new(MATRIX_JSON, 1, what, mend))
        .collect();
    for rule in suite.requirements() {
        let must_be_broken = rule.mode == Mode::Executable && rule.level != Level::May;
        if must_be_broken && !mutant::all().any(|mutant| mutant.rule == rule.id.to_string()) {
            problems.push(Problem::new(
                &rule.file,
                rule.line,
                format!("no mutant breaks {}", rule.id),
                "write one in src/mutant: a rule that no broken adapter can violate is not a rule",
            ));
        }
    }
    for mutant in mutant::all() {
        if !suite
            .requirements()
            .any(|rule| rule.id.to_string() == mutant.rule)
        {
            problems.push(Problem::new(
                "src/mutant/mod.rs",
                1,
                format!(
                    "the mutant {} is to be caught by {}, which is no rule",
                    mutant.name, mutant.rule
                ),
                "name the rule that it breaks",
            ));
        }
    }
    problems
}
