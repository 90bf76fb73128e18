//! What `init` writes, in the languages whose tools a machine may lack: it is built, the doctor finds it well, and
//! the first rules pass.

use std::process::{Command, Output};

use crate::Outcome;
use crate::place::{Absent, broken, finish};

/// The rules that an adapter passes to begin with.
const FIRST: &[&str] = &["WX-CAP", "WX-ENV", "WX-ROUTE", "WX-BOUND", "WX-LIFE"];

/// Node, without packages.
pub(crate) fn node() -> Outcome {
    begin("node", &[], &["node", "adapter.mjs"])
}

/// Go, which is vetted, too.
pub(crate) fn go() -> Outcome {
    let steps: &[&[&str]] = &[&["go", "vet"], &["go", "build"]];
    begin("go", steps, &["./my-adapter"])
}

/// Rust, from the crates that this machine has.
pub(crate) fn rust() -> Outcome {
    let build: &[&str] = &[
        "cargo",
        "build",
        "--quiet",
        "--offline",
        "--target-dir",
        "target",
    ];
    begin("rust", &[build], &["target/debug/my-adapter"])
}

fn begin(lang: &str, steps: &[&[&str]], command: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().map_err(broken)?;
    let kit = env!("CARGO_BIN_EXE_aios-wechat");
    succeed(finish(
        Command::new(kit)
            .args(["init", "--lang", lang])
            .arg(folder.path()),
    )?)?;
    // A machine that lacks the language lacks it at the first step.
    finish(Command::new(steps.first().map_or(command[0], |step| step[0])).arg(version(lang)))?;
    for step in steps {
        let output = finish(
            Command::new(step[0])
                .args(&step[1..])
                .current_dir(folder.path()),
        )?;
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("--offline was specified") {
            return Err(Absent::Missing("serde_json is not at hand".to_owned()));
        }
        succeed(output)?;
    }
    for words in [&["doctor"][..], &[&["run", "--jobs", "2"], FIRST].concat()] {
        let mut judged = Command::new(kit);
        judged
            .args(words)
            .arg("--")
            .args(command)
            .current_dir(folder.path());
        succeed(finish(&mut judged)?)?;
    }
    Ok(())
}

fn version(lang: &str) -> &'static str {
    if lang == "go" { "version" } else { "--version" }
}

fn succeed(output: Output) -> Outcome {
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(broken(String::from_utf8_lossy(&said)))
}
