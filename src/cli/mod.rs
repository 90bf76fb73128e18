//! The command line: words into a subject, a selection and an output.

mod advice;
mod args;
pub mod catalogue;
mod child;
mod descriptors;
pub mod diff;
mod doctor;
mod exit;
pub mod hunt;
mod init;
mod output;
pub mod remark;
mod replay;
pub mod report;
mod run;
pub mod schema;
pub mod selftest;
mod signal;
pub mod simulate;
pub mod spec;
pub mod validate;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;

pub use exit::Exit;

use crate::reference::Reference;
use crate::report::terminal::TerminalStyle;

/// What the command line needs of the world around it.
pub(crate) struct Surroundings {
    /// The caller's folder.
    pub(crate) folder: std::path::PathBuf,
    /// Standard output is a terminal.
    pub(crate) terminal: bool,
    /// Colour is not wanted (`NO_COLOR`).
    pub(crate) no_color: bool,
    /// Variables that are passed on to adapters: `PATH` and `LANG`.
    pub(crate) passed: Vec<(OsString, OsString)>,
}

impl Surroundings {
    /// How text for people is to look on standard output.
    pub(crate) fn style(&self) -> TerminalStyle {
        TerminalStyle {
            colour: self.terminal && !self.no_color,
            ..TerminalStyle::default()
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the environment is read here and nowhere else"
    )]
    fn read() -> io::Result<Self> {
        let passed = ["PATH", "LANG"];
        Ok(Self {
            folder: std::env::current_dir()?,
            terminal: io::stdout().is_terminal(),
            no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
            passed: passed
                .iter()
                .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)))
                .collect(),
        })
    }
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let exit = match args::Cli::try_parse() {
        Ok(cli) => dispatch(cli),
        Err(error) => {
            // clap prints help to stdout and complaints to stderr, and knows which is which.
            drop(error.print());
            if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            }
        }
    };
    exit.into()
}

fn dispatch(cli: args::Cli) -> Exit {
    let surroundings = match Surroundings::read() {
        Ok(surroundings) => surroundings,
        Err(error) => {
            return complain(
                Exit::Usage,
                &format!("cannot read the working folder: {error}"),
            );
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return complain(Exit::Kit, &format!("cannot start: {error}")),
    };
    match cli.command {
        args::Command::Run(args) => runtime.block_on(run::run(args, &surroundings)),
        args::Command::Doctor(args) => runtime.block_on(doctor::run(args, &surroundings)),
        args::Command::Replay(args) => runtime.block_on(replay::run(args, &surroundings)),
        args::Command::Simulate(args) => {
            runtime.block_on(simulate::simulate(args, &mut io::stdout()))
        }
        args::Command::Reference(args) => match args.mutant {
            None => match runtime.block_on(crate::adapter::serve_stdio(Reference::new())) {
                Ok(()) => Exit::Success,
                Err(error) => complain(Exit::Kit, &format!("stdio failed: {error}")),
            },
            Some(name) => match crate::mutant::find(&name) {
                None => {
                    let hint = "`aios-wechat list --mutants` names them all";
                    complain(
                        Exit::Usage,
                        &format!("there is no mutant `{name}`\n  hint: {hint}"),
                    )
                }
                Some(mutant) => match runtime.block_on(mutant.serve_stdio()) {
                    Ok(()) => Exit::Success,
                    Err(error) => complain(Exit::Kit, &format!("stdio failed: {error}")),
                },
            },
        },
        args::Command::Init(args) => {
            spoken(|out, err| init::run(&args, &surroundings.folder, out, err))
        }
        args::Command::Spec(args) => {
            spoken(|out, err| spec::run(&args, &surroundings.folder, out, err))
        }
        args::Command::Report(args) => {
            let style = surroundings.style();
            spoken(|out, err| report::run(&args, &style, out, err))
        }
        args::Command::Hunt(args) => {
            spoken(|out, err| hunt::run(&args, &surroundings.folder, out, err))
        }
        args::Command::Schema(args) => spoken(|out, err| schema::run(&args, out, err)),
        args::Command::Validate(args) => {
            spoken(|out, err| validate::run(&args, &mut io::stdin().lock(), out, err))
        }
        args::Command::List(args) => spoken(|out, err| catalogue::list(&args, out, err)),
        args::Command::Selftest(args) => {
            spoken(|out, err| selftest::run(&args, &surroundings.folder, out, err))
        }
        args::Command::Explain(args) => spoken(|out, err| catalogue::explain(&args, out, err)),
    }
}

/// Runs a command that talks to stdout and stderr. A reader that went away is no fault.
fn spoken(command: impl FnOnce(&mut dyn Write, &mut dyn Write) -> io::Result<Exit>) -> Exit {
    match command(&mut io::stdout().lock(), &mut io::stderr().lock()) {
        Ok(exit) => exit,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
        Err(error) => complain(Exit::Usage, &error.to_string()),
    }
}

/// A variable of the caller's environment.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment is read here and nowhere else"
)]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Says something to a person on stderr.
pub(crate) fn complain(exit: Exit, text: &str) -> Exit {
    drop(writeln!(io::stderr(), "error: {text}"));
    exit
}
