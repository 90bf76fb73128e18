//! A program that is asked to end: it says so, and leaves nothing behind.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval};

const PROGRAM: &str = env!("CARGO_BIN_EXE_aios-wechat");

/// No program is waited for longer.
const BOUND: Duration = Duration::from_secs(60);

/// Names of what is in a folder.
fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.collect()
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    let mut glances = interval(Duration::from_millis(5));
    while !holds() {
        assert!(began.elapsed() < BOUND, "waited in vain: {what}");
        glances.tick().await;
    }
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// A program whose temporary files lie in `tmp`.
fn spawned(command: &mut Command, tmp: &Path) -> Child {
    let command = command.env("TMPDIR", tmp).kill_on_drop(true);
    let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// What a program is ended by; the last one only where the tests were not started to survive it.
fn signals() -> impl Iterator<Item = Signal> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = u64::from_str_radix(ignored.unwrap_or("0").trim(), 16).unwrap();
    let hangup = (ignored & 1 == 0).then_some(Signal::HUP);
    [Signal::INT, Signal::TERM].into_iter().chain(hangup)
}

/// Sends a signal to a program once it has made a folder, and says with what it ended and what it
/// said on stderr.
async fn interrupted(arguments: &[&str], by: Signal) -> (Option<i32>, String) {
    let tmp = TempDir::new().unwrap();
    let mut program = spawned(Command::new(PROGRAM).args(arguments), tmp.path());
    until("a folder", || !entries(tmp.path()).is_empty()).await;
    signal(&program, by);
    until("the end", || program.try_wait().unwrap().is_some()).await;
    assert_eq!(entries(tmp.path()), [""; 0], "{arguments:?}: left behind");
    let output = program.wait_with_output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said)
}

#[tokio::test]
async fn a_run_that_is_interrupted_decides_nothing_and_leaves_nothing() {
    for by in signals() {
        let in_process = ["run", "--reference", "--repeat", "500", "--jobs", "4"];
        assert_eq!(interrupted(&in_process, by).await.0, Some(3), "{by:?}");
        let child = [
            &["run", "--repeat", "500", "--", PROGRAM],
            &["reference"][..],
        ]
        .concat();
        assert_eq!(interrupted(&child, by).await.0, Some(3), "{by:?}");
    }
}

#[tokio::test]
async fn a_doctor_that_is_interrupted_leaves_nothing() {
    for by in signals() {
        let (code, said) = interrupted(&["doctor", "--", PROGRAM, "reference"], by).await;
        assert_eq!(code, Some(3), "{by:?}: {said}");
        assert!(said.contains("interrupted"), "{said}");
    }
}

#[tokio::test]
async fn a_selftest_that_is_interrupted_says_so_and_leaves_nothing() {
    for by in signals() {
        let (code, said) = interrupted(&["selftest"], by).await;
        assert_eq!(code, Some(3), "{by:?}: {said}");
        assert!(said.contains("interrupted"), "{said}");
    }
}

#[tokio::test]
async fn a_run_that_is_to_survive_its_terminal_does() {
    let tmp = TempDir::new().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", PROGRAM]);
    command.args(["run", "--reference", "--repeat", "500"]);
    let mut program = spawned(&mut command, tmp.path());
    until("a folder", || !entries(tmp.path()).is_empty()).await;
    signal(&program, Signal::HUP);
    let then = entries(tmp.path());
    until("a later folder", || {
        entries(tmp.path()).iter().any(|name| !then.contains(name))
    })
    .await;
    signal(&program, Signal::TERM);
    until("the end", || program.try_wait().unwrap().is_some()).await;
    assert_eq!(entries(tmp.path()), [""; 0], "left behind");
    assert_eq!(program.wait().await.unwrap().code(), Some(3));
}
