//! A program of ours on stdin and stdout, whatever these are.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::Command;

use rustix::fs::{OFlags, fcntl_getfl};
use serde_json::Value;

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":"k1","method":"initialize","params":{"protocol_version":1,"kit":{"name":"aios-wechat","version":"0.1.0"}}}"#;

fn reference() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aios-wechat"));
    command.arg("reference");
    command
}

fn assert_answers(line: &str) {
    let answer: Value = serde_json::from_str(line).unwrap();
    assert_eq!(answer["id"], "k1");
    assert_eq!(answer["result"]["protocol_version"], 1);
}

#[test]
fn files_are_read_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let (asked, told) = (folder.path().join("asked"), folder.path().join("told"));
    fs::write(&asked, format!("{INITIALIZE}\n")).unwrap();
    let mut command = reference();
    command.stdin(File::open(asked).unwrap());
    command.stdout(File::create(&told).unwrap());
    assert!(command.status().unwrap().success());
    assert_answers(&fs::read_to_string(told).unwrap());
}

/// A pipe with a name says nothing of its end to one who opens it when all writers are gone.
#[cfg(target_os = "linux")]
#[test]
fn the_end_of_a_pipe_with_a_name_is_not_missed() {
    use rustix::fs::{CWD, Mode, mkfifoat};
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    mkfifoat(CWD, &pipe, Mode::RWXU).unwrap();
    let mut writer = File::options().read(true).write(true).open(&pipe).unwrap();
    writeln!(writer, "{INITIALIZE}").unwrap();
    let reader = File::open(&pipe).unwrap();
    drop(writer);
    let output = reference().stdin(reader).output().unwrap();
    assert!(output.status.success());
    assert_answers(&String::from_utf8(output.stdout).unwrap());
}

#[test]
fn pipes_are_left_as_they_were_for_others_who_hold_them() {
    let ((input, mut mouth), (ear, output)) = (io::pipe().unwrap(), io::pipe().unwrap());
    let mut command = reference();
    command.stdin(input.try_clone().unwrap());
    command.stdout(output.try_clone().unwrap());
    let mut child = command.spawn().unwrap();
    writeln!(mouth, "{INITIALIZE}").unwrap();
    let mut line = String::new();
    BufReader::new(ear).read_line(&mut line).unwrap();
    assert_answers(&line);
    for shared in [fcntl_getfl(&input), fcntl_getfl(&output)] {
        assert!(!shared.unwrap().contains(OFlags::NONBLOCK));
    }
    drop(mouth);
    assert!(child.wait().unwrap().success());
}
