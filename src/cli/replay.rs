//! `replay`: a recorded scenario once more, and the first thing that is otherwise.

use std::fmt::Write as _; // writing to a `String` cannot fail
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::args::{ContainmentArg, patience};
use super::catalogue::ListFormat;
use super::child::ChildArgs;
use super::descriptors;
use super::run::containment;
use super::signal::signalled;
use super::{Exit, Surroundings, complain};
use crate::adapter::Subject;
use crate::evidence::{Fact, Lane};
use crate::reference::Reference;
use crate::report::{CaseResult, Divergence, Options, Telling, Trace, again, plain};
use crate::runner::{self, Replay, Run};
use crate::suite::Suite;

/// Arguments of `replay`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    aios-wechat replay report.json -- python3 my_adapter.py\n  \
    aios-wechat replay report.json WX-DEDUP-001/wechat-gives-a-message-again -- ./my-adapter\n  \
    jq '.rules[].scenarios[] | select(.outcome == \"fail\")' report.json > trace.json\n  \
    aios-wechat replay --seed 7 trace.json -- ./my-adapter\n\n\
    Exit codes: 0 the adapter did what was recorded, 1 it did something else, 2 the trace cannot be \
    used, 3 it could not be decided.")]
pub(crate) struct ReplayArgs {
    /// A report.json, or one scenario cut out of it; - for standard input.
    trace: PathBuf,
    /// Which scenario: its id, or how the id begins; may be left out where one did not pass.
    scenario: Option<String>,
    /// Play it with the built-in reference adapter, in this process.
    #[arg(long, conflicts_with = "command")]
    reference: bool,
    /// The seed of the run, for a scenario that was cut out of its report.
    #[arg(long)]
    seed: Option<u32>,
    /// Multiply every wait by this [default: as in the trace].
    #[arg(long, value_parser = patience)]
    patience: Option<f64>,
    /// Let the adapter write only in its sandbox folders and connect only to WeChat.
    #[arg(long, value_enum, default_value_t = ContainmentArg::Auto)]
    containment: ContainmentArg,
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t)]
    format: ListFormat,
    #[command(flatten)]
    child: ChildArgs,
}

/// The answer, for programs.
#[derive(Serialize)]
struct Answer<'a> {
    /// `same`, `diverged` or `undecided`.
    result: &'a str,
    scenario: String,
    seed: u32,
    /// How many facts were compared, if nothing differed.
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<usize>,
    /// Why it could not be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    divergence: Option<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    step: Option<&'a str>,
    recorded: Option<&'a Fact>,
    replayed: Option<&'a Fact>,
    differences: &'a [String],
    recorded_outcome: &'a str,
    outcome: &'a str,
    message: &'a str,
}

/// Runs `replay`.
pub(super) async fn run(args: ReplayArgs, surroundings: &Surroundings) -> Exit {
    let (trace, subject, run) = match prepared(&args, surroundings) {
        Ok(prepared) => prepared,
        Err(complaint) => return complain(Exit::Usage, &complaint),
    };
    let suite = match Suite::embedded() {
        Ok(suite) => suite,
        Err(problems) => return complain(Exit::Kit, &format!("{problems:?}")),
    };
    if let Err(complaint) = descriptors::fitting(descriptors::ANY_ADAPTER, 1, 1) {
        return complain(Exit::Inconclusive, &complaint);
    }
    let asked_to_end = signalled();
    let playing = Box::pin(runner::replay(&suite, &subject, &run, &trace.case));
    let replay = tokio::select! {
        replay = playing => replay,
        () = asked_to_end => return complain(Exit::Inconclusive, "interrupted"),
    };
    let told = match args.format {
        ListFormat::Text => text(&trace, &replay, &run),
        ListFormat::Json => json(&trace, &replay),
    };
    drop(io::stdout().write_all(told.as_bytes()));
    match replay {
        Replay::Same { .. } => Exit::Success,
        Replay::Diverged { .. } => Exit::Fault,
        Replay::Undecided(_) => Exit::Inconclusive,
    }
}

fn prepared(
    args: &ReplayArgs,
    surroundings: &Surroundings,
) -> Result<(Trace, Subject, Run), String> {
    let (subject, words) = if args.reference {
        let subject = Subject::in_process(Reference::new);
        (subject, vec!["--reference".to_owned()])
    } else if args.child.command.is_empty() {
        return Err(
            "nobody to play it with\n  hint: give --reference, or the adapter's command after --, \
             as in `aios-wechat replay report.json -- python3 my_adapter.py`"
                .to_owned(),
        );
    } else {
        let words = args.child.command.iter();
        let words = words.map(|word| word.to_string_lossy().into_owned());
        let words = words.collect();
        let command = args.child.command_line(surroundings)?;
        (Subject::command(command), words)
    };
    let trace = read(&surroundings.folder, &args.trace, args)?;
    let run = Run {
        seed: trace.seed,
        patience: args.patience.or(trace.patience).unwrap_or(1.0),
        containment: containment(args.containment, &subject)?,
        subject: words,
        ..Run::default()
    };
    Ok((trace, subject, run))
}

fn read(folder: &Path, path: &Path, args: &ReplayArgs) -> Result<Trace, String> {
    let name = plain(&path.display().to_string(), 200);
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(folder.join(path))
    };
    let text = text.map_err(|error| {
        format!(
            "cannot read {name}: {error}\n  hint: `run --report json={name}` writes a report, \
             which can be played again"
        )
    })?;
    let trace = Trace::read(&text, args.scenario.as_deref(), args.seed);
    let trace = trace.and_then(|trace| {
        if runner::is_of_seed(&trace.case, trace.seed) {
            return Ok(trace);
        }
        Err(format!(
            "nobody in the recording of {} is of the seed {}\n  \
             hint: give the seed that its run printed; in a report it is `seed`",
            trace.case.id, trace.seed
        ))
    });
    trace.map_err(|what| format!("{name} cannot be played again: {}", lines(&what)))
}

/// Several lines of which each may be anybody's.
fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| plain(line, 2_000)).collect();
    lines.join("\n")
}

fn json(trace: &Trace, replay: &Replay) -> String {
    let mut answer = Answer {
        result: "same",
        scenario: trace.case.id.to_string(),
        seed: trace.seed,
        facts: None,
        why: None,
        divergence: None,
    };
    match replay {
        Replay::Same { facts } => answer.facts = Some(*facts),
        Replay::Undecided(why) => {
            answer.result = "undecided";
            answer.why = Some(why);
        }
        Replay::Diverged { divergence, now } => {
            answer.result = "diverged";
            answer.divergence = Some(Place {
                step: divergence.step.as_deref(),
                recorded: divergence.recorded.as_ref(),
                replayed: divergence.replayed.as_ref(),
                differences: &divergence.differences,
                recorded_outcome: trace.case.outcome.as_str(),
                outcome: now.outcome.as_str(),
                message: &now.message,
            });
        }
    }
    // It is made of plain data.
    serde_json::to_string_pretty(&answer).unwrap_or_default() + "\n"
}

fn text(trace: &Trace, replay: &Replay, run: &Run) -> String {
    let head = format!("{}, seed {}", trace.case.id, trace.seed);
    match replay {
        Replay::Same { facts } => format!(
            "same · {head}: {facts} facts compared, and the outcome is {} as recorded\n",
            trace.case.outcome
        ),
        Replay::Undecided(why) => format!("undecided · {head}\n  why        {}\n", lines(why)),
        Replay::Diverged { divergence, now } => {
            let mut text = format!("diverged · {head}\n");
            push_divergence(&mut text, divergence, &trace.case, now);
            let options = Options {
                subject: run.subject.clone(),
                patience: run.patience,
                ..Options::default()
            };
            let rule = trace.case.id.rule().to_string();
            let _ = writeln!(text, "  judge      {}", again(&rule, trace.seed, &options));
            text
        }
    }
}

fn push_divergence(
    text: &mut String,
    divergence: &Divergence,
    recorded: &CaseResult,
    now: &CaseResult,
) {
    let fact = |fact: &Option<Fact>| {
        fact.as_ref()
            .map_or("nothing more of the kind".to_owned(), told)
    };
    if let Some(step) = &divergence.step {
        let _ = writeln!(text, "  step       {}", plain(step, 400));
    }
    if divergence.recorded.is_some() || divergence.replayed.is_some() {
        let _ = writeln!(text, "  recorded   {}", fact(&divergence.recorded));
        let _ = writeln!(text, "  now        {}", fact(&divergence.replayed));
    }
    for (number, difference) in divergence.differences.iter().enumerate() {
        let label = if number == 0 { "differ in" } else { "" };
        let _ = writeln!(text, "  {label:<11}{difference}");
    }
    if recorded.outcome == now.outcome {
        let _ = writeln!(text, "  outcome    {} both times", now.outcome);
    } else {
        let _ = writeln!(
            text,
            "  outcome    {} in the trace, {} now: {}",
            recorded.outcome,
            now.outcome,
            plain(&now.message, 600)
        );
    }
}

/// A fact in a line: between whom, and what.
fn told(fact: &Fact) -> String {
    let name = |lane| match lane {
        Lane::Wechat => "WeChat",
        Lane::Adapter => "adapter",
        Lane::Aios => "AIOS",
        Lane::Kit => "kit",
    };
    let told = Telling::of(fact);
    match told.to {
        Some(to) => format!("{} → {}: {}", name(told.from), name(to), told.text),
        None => format!("{}: {}", name(told.from), told.text),
    }
}
