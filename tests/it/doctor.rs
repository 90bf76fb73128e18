//! The doctor names the first thing that is wrong with an adapter, and the advice is the right one.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

fn zoo(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/zoo")
        .join(name)
}

/// What the doctor says of a command, and its exit code.
fn examined(options: &[&str], command: &[&str]) -> (Value, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_aios-wechat"))
        .args(["doctor", "--format", "json"])
        .args(options)
        .arg("--")
        .args(command)
        .output()
        .unwrap();
    let diagnosis = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| String::from_utf8_lossy(&output.stderr).into_owned().into());
    (diagnosis, output.status.code().unwrap())
}

/// The Python that `python3` stands for: a shim in front of it may take its time.
pub(crate) fn python() -> String {
    let asked = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "this test drives an adapter that is written in Python, and python3 cannot be run: {error}"
            )
        });
    String::from_utf8(asked.stdout).unwrap().trim().to_owned()
}

fn patient(options: &[&str], illness: &str) -> (Value, i32) {
    let (python, file) = (python(), zoo("patient.py"));
    examined(options, &[&python, file.to_str().unwrap(), illness])
}

/// Asserts the step, a part of the sentence, of what was seen and of the first advice.
#[track_caller]
fn assert_says((diagnosis, code): &(Value, i32), step: &str, what: &str, seen: &str, mend: &str) {
    let complaint = &diagnosis["complaint"];
    let joined = |name: &str| {
        let lines = complaint[name].as_array().into_iter().flatten();
        lines
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(
        complaint["step"]
            .as_str()
            .is_some_and(|said| said.contains(step)),
        "{diagnosis:#}"
    );
    assert!(
        complaint["what"]
            .as_str()
            .is_some_and(|said| said.contains(what)),
        "{diagnosis:#}"
    );
    assert!(joined("seen").contains(seen), "{diagnosis:#}");
    let first = complaint["mend"][0].as_str().unwrap_or_default();
    assert!(first.contains(mend), "{diagnosis:#}");
    assert_eq!(*code, 1);
}

#[test]
fn an_adapter_that_is_well_is_told_so() {
    let (diagnosis, code) = patient(&[], "none");
    assert_eq!(
        (&diagnosis["complaint"], code),
        (&Value::Null, 0),
        "{diagnosis:#}"
    );
    let passed = diagnosis["passed"].as_array().unwrap();
    assert_eq!(passed[1], "answers `initialize`: patient 1");
    assert_eq!(passed.len(), 7);
}

#[test]
fn logs_on_stdout_are_sent_to_stderr_in_the_words_of_the_language() {
    let what = "something else than the protocol";
    let python = "print(…, file=sys.stderr)";
    assert_says(
        &patient(&[], "banner"),
        "waits",
        what,
        "patient 1.0 is ready",
        python,
    );
    assert_says(
        &patient(&[], "logs"),
        "initialize",
        what,
        "INFO received initialize",
        python,
    );
    let shell = examined(&[], &["sh", "-c", "echo ready; cat >/dev/null"]);
    assert_says(&shell, "waits", what, "ready", "to stderr");
    let node = examined(&[], &["env", "sh", zoo("logs.js").to_str().unwrap()]);
    assert_says(&node, "waits", what, "listening", "console.error");
}

#[test]
fn a_message_over_several_lines_is_not_taken_for_a_log() {
    let said = patient(&[], "indented");
    assert_says(
        &said,
        "initialize",
        "spread over several lines",
        "{",
        "on one line",
    );
}

#[test]
fn a_missing_newline_is_told_from_a_missing_flush() {
    let quick = ["--patience", "0.3"];
    let said = patient(&quick, "no-newline");
    assert_says(
        &said,
        "initialize",
        "does not end with a newline",
        "\"k1\"",
        "+ \"\\n\"",
    );
    let said = patient(&quick, "buffered");
    assert_says(
        &said,
        "initialize",
        "stayed in a buffer",
        "\"k1\"",
        "python3 -u",
    );
    let mend = said.0["complaint"]["mend"][0].as_str().unwrap();
    assert!(mend.contains("flush=True"), "{mend}");
}

#[test]
fn a_silent_program_may_not_read_or_may_not_flush() {
    let silent = zoo("silent.sh");
    let said = examined(&["--patience", "0.1"], &["sh", silent.to_str().unwrap()]);
    assert_says(
        &said,
        "initialize",
        "is not answered",
        "nothing on stdout",
        "line by line",
    );
    let second = said.0["complaint"]["mend"][1].as_str().unwrap();
    assert!(second.contains("buffered"), "{second}");
}

#[test]
fn ids_are_to_be_copied() {
    let said = patient(&[], "other-id");
    assert_says(
        &said,
        "initialize",
        "an id that was never used",
        "\"id\": 1",
        "\"k1\" is a string",
    );
    assert_says(
        &patient(&[], "no-id"),
        "initialize",
        "without an id",
        "jsonrpc",
        "copy `id`",
    );
    assert_says(
        &patient(&[], "twice"),
        "",
        "answered a request twice",
        "\"k1\"",
        "once",
    );
}

#[test]
fn another_version_is_told() {
    let said = patient(&[], "speaks-2");
    assert_says(
        &said,
        "initialize",
        "does not speak version 1",
        "[2]",
        "\"protocol_version\": 1",
    );
    let said = patient(&[], "answers-2");
    assert_says(
        &said,
        "initialize",
        "another protocol version",
        "answered 2",
        "the number",
    );
}

#[test]
fn nothing_is_to_be_said_before_it_was_asked() {
    assert_says(
        &patient(&[], "hasty"),
        "waits",
        "before it was asked",
        "\"k1\"",
        "read a line",
    );
    let said = patient(&[], "event-first");
    assert_says(
        &said,
        "waits",
        "before it was started",
        "method event",
        "begin with `start`",
    );
}

#[test]
fn last_words_are_shown() {
    let said = patient(&[], "dies-in-start");
    assert_says(
        &said,
        "start",
        "before it had answered `start`",
        "status 1",
        "last words",
    );
    assert_eq!(
        said.0["complaint"]["last_words"][0],
        "the folder of the accounts is gone"
    );
    let said = patient(&[], "imports");
    assert_says(
        &said,
        "waits",
        "before anything was asked",
        "status 1",
        "virtual environment",
    );
    let said = examined(&[], &["true"]);
    assert_says(
        &said,
        "waits",
        "before anything was asked",
        "status 0",
        "in a loop",
    );
}

#[test]
fn a_refused_configuration_shows_the_pointer() {
    let said = patient(&[], "refuses");
    assert_says(
        &said,
        "start",
        "answered with an error",
        "/integration/display_name",
        "faultless",
    );
}

#[test]
fn a_start_that_waits_for_wechat_is_told_from_one_that_never_polls() {
    let quick = ["--patience", "0.2"];
    let said = patient(&quick, "waits-for-wechat");
    assert_says(
        &said,
        "start",
        "though a poll is on the wire",
        "holds the first poll",
        "as soon as",
    );
    let said = patient(&quick, "idle");
    assert_says(
        &said,
        "start",
        "does not poll",
        "no request came",
        "/ilink/bot/getupdates",
    );
}

#[test]
fn polls_that_go_wrong_are_told_apart() {
    let quick = ["--patience", "0.2"];
    let said = patient(&quick, "wrong-path");
    assert_says(
        &said,
        "start",
        "does not poll",
        "POST /getupdates came to WeChat's port and was turned away: no such path",
        "/ilink/bot/getupdates",
    );
    let said = patient(&quick, "no-token");
    assert_says(
        &said,
        "start",
        "does not poll",
        "-14",
        "Authorization: Bearer",
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_adapter_that_goes_elsewhere_is_followed() {
    let quick = ["--patience", "0.2"];
    // A listener that takes connections and says nothing.
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let place = format!("ELSEWHERE={}", other.local_addr().unwrap().port());
    let said = patient(&[&quick[..], &["--env", &place]].concat(), "elsewhere");
    assert_says(
        &said,
        "start",
        "does not poll",
        &address,
        "never from a constant",
    );

    let (python, file) = (python(), zoo("patient.py"));
    let proxy = format!("http_proxy=http://{address}");
    let said = examined(&quick, &["env", &proxy, &python, file.to_str().unwrap()]);
    assert_says(&said, "start", "does not poll", &proxy, "NO_PROXY");
}

#[test]
fn a_message_is_followed_all_the_way() {
    let quick = ["--patience", "0.1"];
    let forward = "forwards";
    assert_says(
        &patient(&quick, "forgets"),
        forward,
        "does not reach AIOS",
        "no `event` came",
        "`event`",
    );
    assert_says(
        &patient(&[], "invalid-event"),
        forward,
        "breaks the contract",
        "/sender",
        "",
    );
    assert_says(
        &patient(&[], "null"),
        forward,
        "strict",
        "null",
        "leave out",
    );
    assert_says(
        &patient(&[], "notification"),
        forward,
        "",
        "event",
        "acknowledgement",
    );
    assert_says(
        &patient(&[], "asks-for-more"),
        forward,
        "does not offer",
        "sessions/list",
        "`event`",
    );
    assert_says(
        &patient(&[], "rounded"),
        forward,
        "something else",
        "/message_id",
        "digit for digit",
    );
    let said = patient(&["--patience", "0.2"], "old-cursor");
    assert_says(
        &said,
        forward,
        "does not poll on",
        "from before the message",
        "get_updates_buf",
    );
    let said = patient(&[], "lies");
    assert_says(
        &said,
        "answer",
        "nobody received it",
        "no call of",
        "context_token",
    );
    assert_says(
        &patient(&[], "fine"),
        "how it is",
        "breaks the contract",
        "/health",
        "",
    );
    let said = patient(&["--patience", "0.2"], "stays");
    assert_says(&said, "leaves", "does not leave", "TERM", "when stdin ends");
}

#[test]
fn what_cannot_be_started_is_undecided() {
    let (said, code) = examined(&[], &["./no-such-adapter"]);
    assert_eq!(code, 3);
    assert!(
        said.as_str()
            .unwrap()
            .contains("`./no-such-adapter` cannot be run"),
        "{said}"
    );
    assert_eq!(examined(&[], &[]).1, 2);
}

#[test]
fn words_of_the_adapter_cannot_steer_the_terminal() {
    let output = Command::new(env!("CARGO_BIN_EXE_aios-wechat"))
        .args([
            "doctor",
            "--",
            "sh",
            "-c",
            r"printf '\033[2Jgone\n'; printf '\033]0;x\007\n' >&2",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains(r"\u{1b}[2Jgone") && said.contains(r"\u{1b}]0;x\u{7}"),
        "{said}"
    );
    assert!(!said.contains('\u{1b}'));
}
