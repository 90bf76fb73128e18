//! An adapter as it is typed: its command, and what it gets of the caller's world.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::Surroundings;
use crate::adapter::CommandLine;

/// How a child adapter is started.
#[derive(Args, Debug)]
pub(crate) struct ChildArgs {
    /// Pass a variable on to the adapter, or set it.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,
    /// Run the adapter in this folder instead of an empty one.
    #[arg(long, value_name = "DIR")]
    pub(crate) cwd: Option<PathBuf>,
    /// The adapter's command and its arguments.
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

impl ChildArgs {
    /// The command as the kit runs it; else what cannot be understood.
    pub(super) fn command_line(&self, surroundings: &Surroundings) -> Result<CommandLine, String> {
        let mut command = CommandLine::new(self.command.iter().cloned(), &surroundings.folder);
        for (name, value) in &surroundings.passed {
            command = command.env(name, value);
        }
        for variable in &self.env {
            command = match variable.split_once('=') {
                Some((name, value)) if !name.is_empty() => command.env(name, value),
                Some(_) => return Err(format!("`--env {variable}` names no variable")),
                None => match super::variable(variable) {
                    Some(value) => command.env(variable, value),
                    None => {
                        return Err(format!(
                            "the variable `{variable}` is not set here\n  hint: write --env {variable}=VALUE"
                        ));
                    }
                },
            };
        }
        if let Some(folder) = &self.cwd {
            if !surroundings.folder.join(folder).is_dir() {
                return Err(format!("`--cwd {}` is no folder", folder.display()));
            }
            command = command.cwd(folder);
        }
        Ok(command)
    }
}
