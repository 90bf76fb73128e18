//! `doctor`: the first thing that is wrong with an adapter, and how to mend it.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::Args;

use super::args::patience;
use super::catalogue::ListFormat;
use super::child::ChildArgs;
use super::descriptors;
use super::signal::signalled;
use super::{Exit, Surroundings, complain};
use crate::doctor::{self, Complaint, Diagnosis, DoctorError};

/// Arguments of `doctor`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  aios-wechat doctor -- python3 my_adapter.py\n  \
    aios-wechat doctor --cwd . -- node adapter.mjs"
)]
pub(crate) struct DoctorArgs {
    /// Multiply every wait by this.
    #[arg(long, default_value_t = 1.0, value_parser = patience)]
    patience: f64,
    /// How the diagnosis is written.
    #[arg(long, value_enum, default_value_t)]
    format: ListFormat,
    #[command(flatten)]
    child: ChildArgs,
}

/// Runs `doctor`.
pub(super) async fn run(args: DoctorArgs, surroundings: &Surroundings) -> Exit {
    if args.child.command.is_empty() {
        return complain(
            Exit::Usage,
            "nobody to examine\n  hint: give the adapter's command after --, \
             as in `aios-wechat doctor -- python3 my_adapter.py`",
        );
    }
    let command = match args.child.command_line(surroundings) {
        Ok(command) => command,
        Err(complaint) => return complain(Exit::Usage, &complaint),
    };
    if let Err(complaint) = descriptors::fitting(descriptors::ANY_ADAPTER, 1, 1) {
        return complain(Exit::Inconclusive, &complaint);
    }
    let asked_to_end = signalled();
    let now = jiff::Timestamp::now().as_millisecond();
    let examined = tokio::select! {
        examined = doctor::examine(&command, args.patience, now) => Some(examined),
        () = asked_to_end => None,
    };
    let diagnosis = match examined {
        None => return complain(Exit::Inconclusive, "interrupted"),
        Some(Err(error)) => return complain(Exit::Inconclusive, &told(&error)),
        Some(Ok(diagnosis)) => diagnosis,
    };
    let text = match args.format {
        ListFormat::Text => text(&diagnosis),
        ListFormat::Json => json(&diagnosis),
    };
    drop(io::stdout().write_all(text.as_bytes()));
    if diagnosis.complaint.is_some() {
        Exit::Fault
    } else {
        Exit::Success
    }
}

fn told(error: &DoctorError) -> String {
    match error {
        DoctorError::Launch(cause) => {
            let remedy = cause.remedy().map(|remedy| format!("\n  hint: {remedy}"));
            format!("{error}: {}{}", cause.told(), remedy.unwrap_or_default())
        }
        DoctorError::Room(cause) => format!("{error}: {cause}"),
    }
}

fn json(diagnosis: &Diagnosis) -> String {
    // A diagnosis is made of strings.
    serde_json::to_string_pretty(diagnosis).unwrap_or_default() + "\n"
}

fn text(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    for step in &diagnosis.passed {
        let _ = writeln!(text, "ok  {step}");
    }
    match &diagnosis.complaint {
        None => text.push_str(
            "\nNothing is wrong with the handshake and one message each way.\n\
             Next: `aios-wechat run -- CMD` for every rule, `aios-wechat run WX-CAP WX-ENV -- CMD` for a first few.\n",
        ),
        Some(complaint) => push_complaint(&mut text, complaint),
    }
    text
}

fn push_complaint(text: &mut String, complaint: &Complaint) {
    let _ = writeln!(
        text,
        "x   {}\n\n  wrong   {}",
        complaint.step, complaint.what
    );
    let parts = [
        ("seen", &complaint.seen),
        ("mend", &complaint.mend),
        ("stderr", &complaint.last_words),
    ];
    for (name, lines) in parts {
        for (number, line) in lines.iter().enumerate() {
            let name = if number == 0 { name } else { "" };
            let _ = writeln!(text, "  {name:<8}{line}");
        }
    }
}
