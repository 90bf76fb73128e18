//! `run`: the suite against an adapter.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Unit;
use jiff::tz::TimeZone;

use super::args::{ContainmentArg, LevelArg, RunArgs};
use super::descriptors;
use super::output::Output;
use super::signal::signalled;
use super::{Exit, Surroundings, complain};
use crate::adapter::Subject;
use crate::proof::Matrix;
use crate::reference::Reference;
use crate::report::{CaseResult, Outcome, annotation, terminal};
use crate::runner::{self, Containment, Levels, Progress, Run, Selection, Timelines};
use crate::suite::{Problem, Suite};

/// Runs `run`.
pub(super) async fn run(args: RunArgs, surroundings: &Surroundings) -> Exit {
    let mut prepared = match prepared(&args, surroundings) {
        Ok(prepared) => prepared,
        Err(complaint) => return complain(Exit::Usage, &complaint),
    };
    let wanted = prepared.run.jobs;
    let jobs = match descriptors::fitting(descriptors::ANY_ADAPTER, 1, wanted) {
        Ok(jobs) => jobs,
        Err(complaint) => return complain(Exit::Inconclusive, &complaint),
    };
    if jobs < wanted {
        drop(writeln!(
            io::stderr(),
            "note: at most {jobs} at a time of the {wanted} scenarios that would run: this process \
             may not hold more files and sockets open (`ulimit -Hn`)"
        ));
    }
    prepared.run.jobs = jobs;
    execute(prepared, surroundings).await
}

struct Prepared {
    suite: Suite,
    subject: Subject,
    run: Run,
    output: Output,
}

fn prepared(args: &RunArgs, surroundings: &Surroundings) -> Result<Prepared, String> {
    let suite = match &args.features {
        None => Suite::embedded(),
        Some(folder) => Suite::read(&feature_files(&surroundings.folder.join(folder))?),
    };
    let suite = suite.map_err(|problems| listed("the feature files are broken", &problems))?;
    let selection = Selection {
        rules: rules(&suite, &args.rules)?,
        levels: levels(args.level),
        shard: args.shard,
    };
    let mut words = Vec::new();
    let subject = if args.reference {
        words.push("--reference".to_owned());
        Subject::in_process(Reference::new)
    } else if args.child.command.is_empty() {
        return Err(
            "nothing to run\n  hint: give --reference, or the adapter's command after --, \
                    as in `aios-wechat run -- python3 my_adapter.py`"
                .to_owned(),
        );
    } else {
        words.extend(
            args.child
                .command
                .iter()
                .map(|word| word.to_string_lossy().into_owned()),
        );
        Subject::command(args.child.command_line(surroundings)?)
    };
    let output = Output::prepare(&args.output, &suite, &surroundings.folder)?;
    let run = Run {
        selection,
        seed: args.seed.unwrap_or_else(|| fastrand::u32(..)),
        patience: args.patience,
        jobs: args.jobs.unwrap_or_else(jobs),
        repeat: args.repeat,
        timelines: Timelines::Sealed,
        strict: args.strict,
        containment: containment(args.containment, &subject)?,
        subject: words,
        ..Run::default()
    };
    Ok(Prepared {
        suite,
        subject,
        run,
        output,
    })
}

pub(super) fn containment(asked: ContainmentArg, subject: &Subject) -> Result<Containment, String> {
    let containment = match asked {
        ContainmentArg::Auto => Containment::Auto,
        ContainmentArg::Require => Containment::Require,
        ContainmentArg::Off => Containment::Off,
    };
    match containment.missing(subject) {
        Some(why) if asked == ContainmentArg::Require => Err(format!(
            "the adapter cannot be contained: {why}\n  hint: --containment auto contains as far as \
             it can, and the report says how far"
        )),
        _ => Ok(containment),
    }
}

fn levels(level: LevelArg) -> Levels {
    match level {
        LevelArg::Must => Levels::Must,
        LevelArg::Should => Levels::Should,
        LevelArg::All => Levels::All,
    }
}

fn rules(suite: &Suite, words: &[String]) -> Result<BTreeSet<crate::suite::RequirementId>, String> {
    let mut rules = BTreeSet::new();
    for word in words {
        let matching = suite.matching(word);
        if matching.is_empty() {
            let families: Vec<&str> = suite
                .families
                .iter()
                .map(|family| family.code.as_str())
                .collect();
            return Err(format!(
                "`{word}` matches no rule\n  hint: give an id such as WX-DEDUP-001 or a family: {}",
                families.join(", ")
            ));
        }
        rules.extend(matching);
    }
    Ok(rules)
}

/// The feature files of a folder as path and text, by name.
fn feature_files(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let unreadable =
        |path: &Path, error: &io::Error| format!("cannot read {}: {error}", path.display());
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "feature"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Err(format!("{} holds no feature file", folder.display()));
    }
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            Ok((path.display().to_string(), text))
        })
        .collect()
}

fn listed(what: &str, problems: &[Problem]) -> String {
    let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
    format!("{what}; nothing was run\n{}", list.join("\n"))
}

async fn execute(prepared: Prepared, surroundings: &Surroundings) -> Exit {
    let Prepared {
        suite,
        subject,
        run,
        mut output,
    } = prepared;
    let began = jiff::Timestamp::now();
    let (asked, interrupt) = (signalled(), run.interrupt.clone());
    let watch = tokio::spawn(async move {
        asked.await;
        interrupt.cancel();
    });
    let mut progress = ProgressLine::new(surroundings.terminal && io::stderr().is_terminal());
    let report = runner::run(&suite, &subject, &run, &mut progress).await;
    watch.abort();
    progress.clear();
    let mut report = match report {
        Ok(report) => report,
        Err(problems) => {
            let complaint = listed("the feature files use phrases that do not exist", &problems);
            return complain(Exit::Usage, &complaint);
        }
    };
    report.started_at = Some(began.round(Unit::Second).unwrap_or(began).to_string());
    let today = began.to_zoned(TimeZone::UTC).date();
    let declared = output.declare(&mut report, today);
    report.compare_with(&Matrix::kept().mutants);
    let text = terminal::render(&report, &surroundings.style());
    drop(io::stdout().write_all(text.as_bytes()));
    // GitHub reads commands from the output of a step.
    if super::variable("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        drop(io::stdout().write_all(annotation::render(&report).as_bytes()));
    }
    let told = declared.and_then(|told| output.write(&report).map(|()| told));
    match told {
        Ok(None) => {}
        Ok(Some(told)) => drop(writeln!(io::stderr(), "{told}")),
        Err(complaint) => return complain(Exit::Usage, &complaint),
    }
    Exit::of(report.exit_code())
}

/// The most characters of the line: one less than the narrowest usual terminal has.
const LINE: usize = 79;

/// A line on a terminal that says how far the run is; nothing elsewhere.
struct ProgressLine {
    shown: bool,
    of: usize,
    done: usize,
    failed: usize,
    began: Instant,
}

impl ProgressLine {
    fn new(shown: bool) -> Self {
        Self {
            shown,
            of: 0,
            done: 0,
            failed: 0,
            began: Instant::now(),
        }
    }

    fn clear(&self) {
        if self.shown {
            drop(write!(io::stderr(), "\r\u{1b}[K"));
        }
    }
}

impl Progress for ProgressLine {
    fn begins(&mut self, cases: usize) {
        self.of = cases;
    }

    fn ended(&mut self, case: &CaseResult) {
        self.done += 1;
        self.failed += usize::from(case.outcome != Outcome::Pass);
        if self.shown {
            let Self {
                of, done, failed, ..
            } = self;
            let left = seconds_left(self.began.elapsed(), *done, *of);
            let line = format!(
                "{done}/{of} scenarios, {failed} not passed · {left} s left · {}",
                case.id
            );
            // A line that wraps could not be taken back.
            let line: String = line.chars().take(LINE).collect();
            drop(write!(io::stderr(), "\r\u{1b}[K{line}"));
        }
    }
}

/// How many scenarios fit at the same time: for most of each the adapter or the kit waits.
fn jobs() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(2 * cores).map_or(64, |jobs| jobs.min(64))
}

/// How long the rest takes if it goes on as it went so far.
fn seconds_left(elapsed: Duration, done: usize, of: usize) -> u64 {
    let (done, of) = (done.max(1) as u128, of as u128);
    let millis = elapsed.as_millis() * of.saturating_sub(done) / done;
    u64::try_from(millis.div_ceil(1000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_time_that_passed() {
        let left = |seconds, done, of| seconds_left(Duration::from_secs(seconds), done, of);
        assert_eq!(left(10, 50, 100), 10);
        assert_eq!(left(10, 100, 100), 0);
        assert_eq!(left(3, 2, 3), 2);
        assert_eq!(left(1, 0, 3), 2);
    }
}
