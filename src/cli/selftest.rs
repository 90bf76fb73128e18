//! `selftest`: the kit against itself.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::iter;
use std::num::NonZero;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::Exit;
use super::catalogue::ListFormat;
use super::descriptors;
use super::signal::signalled;
use crate::mutant::{self, Mutant};
use crate::proof::{self, MATRIX_JSON, MATRIX_MARKDOWN, Matrix, NOTHING, Nothing, Trial};
use crate::suite::{RequirementId, Suite};

/// Arguments of `selftest`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  aios-wechat selftest\n  aios-wechat selftest trims-texts\n  \
    aios-wechat selftest --write    write spec/kill-matrix.md and .json"
)]
pub struct SelftestArgs {
    /// Mutants to try; all of them, and the adapters that do nothing, if none is given
    #[arg(value_name = "MUTANT")]
    pub mutants: Vec<String>,
    /// Write what was found to spec/kill-matrix.md and .json: the rows of what was tried
    #[arg(long)]
    pub write: bool,
    /// Seed of every random choice
    #[arg(long, default_value_t = 7)]
    pub seed: u32,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: ListFormat,
}

/// One thing that is tried.
#[derive(Clone, Copy)]
enum Task {
    Mutant(&'static Mutant),
    Nothing(&'static Nothing),
}

/// What came out of it: the trial of a mutant, or the rules that one earned by doing nothing.
enum Done {
    Trial(Trial),
    Earned(&'static Nothing, Vec<String>),
}

/// Runs `selftest` in the repository whose root is `root`, if it is one.
///
/// # Errors
/// If a writer or a file fails.
pub fn run(
    args: &SelftestArgs,
    root: &Path,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    let began = Instant::now();
    let Ok(suite) = Suite::embedded() else {
        writeln!(
            err,
            "error: this program was built with broken feature files"
        )?;
        return Ok(Exit::Kit);
    };
    let is_unknown = |name: &&String| mutant::find(name).is_none();
    if let Some(name) = args.mutants.iter().find(is_unknown) {
        writeln!(
            err,
            "error: there is no mutant `{name}`\n  hint: `aios-wechat list --mutants` names them all"
        )?;
        return Ok(Exit::Usage);
    }
    if args.write && !root.join("spec").is_dir() {
        writeln!(
            err,
            "error: there is no spec/ here\n  hint: go to the root of the repository"
        )?;
        return Ok(Exit::Usage);
    }
    let whole = args.mutants.is_empty();
    let is_asked_for = |mutant: &&Mutant| whole || args.mutants.iter().any(|it| it == mutant.name);
    let nothing = if whole { NOTHING } else { &[] };
    let nothing = nothing.iter().map(Task::Nothing);
    let mutants = mutant::all().filter(is_asked_for).map(Task::Mutant);
    let tasks: Vec<Task> = nothing.chain(mutants).collect();
    let kept = Matrix::kept();
    let done = match attempt(&tasks, &suite, args.seed, &kept) {
        Ok(done) => done,
        Err(unfinished) => {
            let (exit, why) = unfinished.told();
            writeln!(err, "error: {why}")?;
            return Ok(exit);
        }
    };
    let (mut trials, mut earned) = (Vec::new(), Vec::new());
    for one in done {
        match one {
            Done::Trial(trial) => trials.push(trial),
            Done::Earned(nothing, rules) => earned.push((nothing, rules)),
        }
    }
    let matrix = kept.renewed(&suite, &trials);
    let mut faults = faults_of(&earned);
    faults.extend(trials.iter().flat_map(|trial| {
        let doubts = trial.doubts().into_iter();
        doubts.map(|doubt| (trial.mutant.name, doubt.to_string()))
    }));
    faults.extend(proof::alike(&trials).into_iter().map(|(one, other)| {
        let what = format!(
            "nothing tells it from `{}`: each shows the other's reason",
            other.name
        );
        (one.name, what)
    }));
    if whole {
        faults.extend(unproven(&matrix, &faults));
    }
    if args.write {
        fs::write(root.join(MATRIX_JSON), matrix.json())?;
        fs::write(root.join(MATRIX_MARKDOWN), matrix.markdown())?;
        writeln!(err, "wrote {MATRIX_JSON} and {MATRIX_MARKDOWN}")?;
    } else {
        faults.extend(differences(&matrix, &kept));
    }
    match args.format {
        ListFormat::Json => writeln!(out, "{:#}", told(&matrix, &earned, &faults))?,
        ListFormat::Text => {
            tell(&suite, &trials, &earned, &faults, out)?;
            writeln!(
                out,
                "\n{} mutants, {} adapters that do nothing, {} faults · {:.1} s · seed {}",
                trials.len(),
                earned.len(),
                faults.len(),
                began.elapsed().as_secs_f64(),
                args.seed
            )?;
        }
    }
    Ok(if faults.is_empty() {
        Exit::Success
    } else {
        Exit::Kit
    })
}

type Earned = (&'static Nothing, Vec<String>);
/// Whose fault it is, and what it is.
type Fault = (&'static str, String);

/// What is at fault where it is no mutant and no adapter.
const RULES: &str = "the rules";

/// How many things each core tries at the same time: in most trials something waits for two seconds,
/// and in some for twenty.
const AT_ONCE: usize = 8;

/// Why not everything was tried.
enum Unfinished {
    /// Somebody asked the program to end.
    Interrupted,
    /// The system does not let this process hold as many files as one trial needs.
    NoRoom(String),
    /// Something of the kit's own is broken.
    Broken(String),
}

impl Unfinished {
    fn told(self) -> (Exit, String) {
        match self {
            Self::Interrupted => {
                let why = "interrupted before everything was tried; nothing was decided or written";
                (Exit::Inconclusive, why.to_owned())
            }
            Self::NoRoom(why) => (Exit::Inconclusive, why),
            Self::Broken(why) => (Exit::Kit, why),
        }
    }
}

/// Tries everything, on all cores, and returns it in its order.
fn attempt(
    tasks: &[Task],
    suite: &Suite,
    seed: u32,
    kept: &Matrix,
) -> Result<Vec<Done>, Unfinished> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let room = room(cores * AT_ONCE).map_err(Unfinished::NoRoom)?;
    let queue = Mutex::new(tasks.iter().copied().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    // All listen before any begins: a signal that only some of them heard would not be heard again.
    let hands = (0..cores.min(room))
        .map(|_| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let asked_to_end = {
                let _entered = runtime.enter();
                signalled()
            };
            Ok((runtime, asked_to_end))
        })
        .collect::<io::Result<Vec<_>>>()
        .map_err(|error| Unfinished::Broken(error.to_string()))?;
    let at_once = room / hands.len();
    let parts: Vec<Result<_, Unfinished>> = thread::scope(|scope| {
        let work = |(runtime, asked_to_end): (Runtime, _)| {
            let trying = stream::iter(iter::from_fn(next))
                .map(|(place, task)| async move { (place, one(task, suite, seed, kept).await) })
                .buffer_unordered(at_once);
            runtime.block_on(async {
                // Dropping what is under way ends its adapters and removes its folders.
                tokio::select! {
                    done = trying.collect::<Vec<_>>() => Ok(done),
                    () = asked_to_end => Err(Unfinished::Interrupted),
                }
            })
        };
        let hands = hands.into_iter();
        let threads: Vec<_> = hands.map(|hand| scope.spawn(move || work(hand))).collect();
        threads
            .into_iter()
            .map(|thread| {
                let joined = thread.join();
                let panicked = || Unfinished::Broken("a trial panicked".to_owned());
                joined.unwrap_or_else(|_| Err(panicked()))
            })
            .collect()
    });
    let mut done = Vec::new();
    for part in parts {
        done.extend(part?);
    }
    done.sort_by_key(|(place, _)| *place);
    let done = done.into_iter().map(|(_, one)| one);
    done.collect::<Result<_, _>>().map_err(Unfinished::Broken)
}

/// How many of the things that are wanted may be tried at the same time.
fn room(wanted: usize) -> Result<usize, String> {
    let of_one = proof::SCENARIOS_AT_ONCE;
    let most = u32::try_from(wanted).map_or(u32::MAX, |wanted| wanted.saturating_mul(of_one));
    let fitting = descriptors::fitting(descriptors::OWN_ADAPTER, of_one, most)?;
    Ok((fitting / of_one) as usize)
}

/// Tries one thing.
async fn one(task: Task, suite: &Suite, seed: u32, kept: &Matrix) -> Result<Done, String> {
    let result = match task {
        Task::Mutant(mutant) => {
            let killers = kept.killers(mutant);
            let trial = Trial::of(mutant, suite, seed, &killers).await;
            trial.map(Done::Trial)
        }
        Task::Nothing(nothing) => {
            let earned = proof::earned(nothing, suite, seed).await;
            earned.map(|rules| Done::Earned(nothing, rules))
        }
    };
    result.map_err(|_| "the suite is broken: `aios-wechat spec check` says how".to_owned())
}

fn faults_of(earned: &[Earned]) -> Vec<Fault> {
    earned
        .iter()
        .filter(|(_, rules)| !rules.is_empty())
        .map(|(nothing, rules)| (nothing.name, format!("it earns {}", rules.join(", "))))
        .collect()
}

/// Where the kept matrix differs from the one that was found.
fn differences(found: &Matrix, kept: &Matrix) -> Vec<Fault> {
    let stale = |what: String| {
        format!("{MATRIX_JSON} is out of date: {what}; run `aios-wechat selftest --write`")
    };
    let row = |matrix: &Matrix, name: &str| {
        let mut rows = matrix.mutants.iter();
        rows.find(|row| row.name == name).cloned()
    };
    let mut faults = Vec::new();
    for mutant in mutant::all() {
        let (now, then) = (row(found, mutant.name), row(kept, mutant.name));
        if now == then {
            continue;
        }
        let killers = now.map_or_else(Vec::new, |row| row.killed_by);
        let killers: Vec<String> = killers.iter().map(ToString::to_string).collect();
        let what = format!("now {} catch it", killers.join(", "));
        faults.push((mutant.name, stale(what)));
    }
    let gone = |name: &str| mutant::find(name).is_none();
    if found.rules != kept.rules || kept.mutants.iter().any(|row| gone(&row.name)) {
        let what = "it has other rules, or mutants that are no more";
        faults.push((MATRIX_JSON, stale(what.to_owned())));
    }
    faults
}

/// Rules that no mutant was caught by as it should be.
fn unproven(matrix: &Matrix, faults: &[Fault]) -> Vec<Fault> {
    let proven: BTreeSet<&RequirementId> = matrix
        .mutants
        .iter()
        .filter(|row| !faults.iter().any(|(of, _)| *of == row.name))
        .map(|row| &row.rule)
        .collect();
    let rules = matrix.rules.iter().filter(|rule| !proven.contains(rule));
    rules
        .map(|rule| (RULES, format!("no mutant proves that {rule} can fail")))
        .collect()
}

fn tell(
    suite: &Suite,
    trials: &[Trial],
    earned: &[Earned],
    faults: &[Fault],
    out: &mut dyn Write,
) -> io::Result<()> {
    if !earned.is_empty() {
        writeln!(
            out,
            "Adapters that do nothing worth a verdict: each must earn no rule at all.\n"
        )?;
        for (nothing, rules) in earned {
            let mark = if rules.is_empty() { "ok   " } else { "WRONG" };
            writeln!(out, "  {mark}  {}", nothing.does)?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "Mutants: the reference adapter with one behaviour broken on purpose. The rule beside each must fail,\n\
         for what the mutant does; rules of other families stay green, unless no adapter with that fault can\n\
         pass them (+n; spec/kill-matrix.md says why)."
    )?;
    for family in &suite.families {
        let in_family = |trial: &&Trial| trial.mutant.rule.starts_with(family.code.as_str());
        let mut of_family = trials.iter().filter(in_family).peekable();
        if of_family.peek().is_some() {
            writeln!(out, "\n{}  {}", family.code, family.title)?;
        }
        for trial in of_family {
            let Mutant {
                name, breaks, rule, ..
            } = trial.mutant;
            let wrong = faults.iter().any(|(of, _)| of == name);
            let mark = if wrong { "WRONG" } else { "ok   " };
            let others = trial
                .killed_by()
                .iter()
                .filter(|id| id.family() != &family.code)
                .count();
            let others = match others {
                0 => String::new(),
                many => format!("+{many}"),
            };
            writeln!(out, "  {mark}  {rule} {others:4} {breaks}")?;
            for (_, fault) in faults.iter().filter(|(of, _)| of == name) {
                writeln!(out, "         {name}: {fault}")?;
            }
        }
    }
    for (name, fault) in faults {
        if !trials.iter().any(|trial| trial.mutant.name == *name) {
            writeln!(out, "\n{name}: {fault}")?;
        }
    }
    Ok(())
}

fn told(matrix: &Matrix, earned: &[Earned], faults: &[Fault]) -> Value {
    let faults: Vec<Value> = faults
        .iter()
        .map(|(of, fault)| json!({"of": of, "fault": fault}))
        .collect();
    let nothing: Vec<Value> = earned
        .iter()
        .map(
            |(nothing, rules)| json!({"name": nothing.name, "does": nothing.does, "earned": rules}),
        )
        .collect();
    json!({"matrix": matrix, "nothing": nothing, "faults": faults})
}
