//! The zoo, judged: whatever an adapter does to the kit, the run ends, says what was wrong, judges the
//! next scenario as if nothing had happened, and leaves nothing behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, interval};

/// One rule before the animal goes wild, one in which it does, and one behind.
const BEFORE: &str = "WX-CAP-001";
const WILD: &str = "WX-OUT-009";
const BEHIND: &str = "WX-LIFE-003";

/// Of every limit of the protocol: a call may take 15 s, grace is 2.5 s.
const PATIENCE: &str = "0.5";

/// The bar of memory, in KiB.
const MEMORY: u64 = 200 * 1024;

/// Longer than the preflight and three scenarios may take, if each of them runs into its limit.
const BOUND: Duration = Duration::from_secs(240);

/// What came of a run.
struct Outcome {
    code: Option<i32>,
    report: Value,
    text: String,
}

impl Outcome {
    fn rule(&self, id: &str) -> (&str, String) {
        let rules = self.report["rules"].as_array().unwrap();
        let rule = rules.iter().find(|rule| rule["id"] == id).unwrap();
        let cases = rule["scenarios"].as_array().unwrap();
        let said = cases.iter().filter_map(|case| case["message"].as_str());
        (
            rule["outcome"].as_str().unwrap(),
            said.collect::<Vec<_>>().join("\n"),
        )
    }
}

/// Has the reference adapter judged with a wild habit, and sees to it that nothing is left of it.
async fn judged(habit: &str, method: &str, rules: &[&str]) -> Outcome {
    let program = env!("CARGO_BIN_EXE_aios-wechat");
    let (tmp, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mark = format!("ZOO_MARK={}", tmp.path().display());
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/zoo/wild.py");
    let mut kit = Command::new(program)
        .arg("run")
        .args(rules)
        .args([
            "--seed",
            "1",
            "--patience",
            PATIENCE,
            "--env",
            &mark,
            "--out",
        ])
        .arg(out.path())
        .arg("--")
        .arg(crate::doctor::python())
        .arg(zoo)
        .args([habit, method, "--", program, "reference"])
        .env("TMPDIR", tmp.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = kit.id().unwrap();
    let began = Instant::now();
    let mut glances = interval(Duration::from_millis(20));
    let mut peak = 0;
    while kit.try_wait().unwrap().is_none() {
        glances.tick().await;
        peak = peak.max(high_water(pid));
        assert!(
            began.elapsed() < BOUND,
            "{habit} at {method}: the run does not end"
        );
    }
    assert!(peak < MEMORY, "{habit} at {method}: {peak} KiB");
    let output = kit.wait_with_output().await.unwrap();
    assert_eq!(
        marked(&mark),
        Vec::<String>::new(),
        "{habit} at {method}: left behind"
    );
    let left: Vec<_> = fs::read_dir(tmp.path())
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    assert!(left.is_empty(), "{habit} at {method}: {left:?}");
    for face in fs::read_dir(out.path()).unwrap().flatten() {
        let text = String::from_utf8(fs::read(face.path()).unwrap()).unwrap();
        let is_page = face.path().extension().is_some_and(|end| end == "html");
        assert!(!text.contains('\u{1b}'), "{}", face.path().display());
        assert!(
            !is_page || !text.contains("<script>alert"),
            "{}",
            face.path().display()
        );
    }
    let report = fs::read(out.path().join("report.json")).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains('\u{1b}'));
    Outcome {
        code: output.status.code(),
        report: serde_json::from_slice(&report).unwrap(),
        text,
    }
}

/// The most memory a process has held so far, in KiB.
fn high_water(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or_default()
}

/// The command lines of processes with this variable in their environment.
fn marked(mark: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|process| {
            let environment = fs::read(process.path().join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment)
                .split('\0')
                .any(|variable| variable == mark)
        })
        .filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok())
        .filter(|line| !line.is_empty())
        .collect()
}

/// It goes wild when AIOS acts: that rule fails with these words, and no other. On a machine that was held up
/// meanwhile a wait decides nothing, and the kit says so.
async fn fails_where_it_goes_wild(habits: &[(&str, &str)]) {
    for (habit, words) in habits {
        let run = judged(habit, "act", &[BEFORE, WILD, BEHIND]).await;
        let (outcome, said) = run.rule(WILD);
        let was_held_up = outcome == "inconclusive" && said.contains("this machine was held up");
        assert!(
            outcome == "fail" || was_held_up,
            "{habit}: {outcome}: {}",
            run.text
        );
        assert!(said.contains(words), "{habit}: {said}");
        assert_eq!(
            (run.rule(BEFORE).0, run.rule(BEHIND).0),
            ("pass", "pass"),
            "{habit}: {}",
            run.text
        );
        assert_eq!(run.code, Some(if was_held_up { 3 } else { 1 }), "{habit}");
    }
}

#[tokio::test]
async fn an_animal_that_leaves_or_falls_silent_fails_one_scenario() {
    fails_where_it_goes_wild(&[
        ("dies", "exited with status 3"),
        ("killed", "signal 9"),
        ("hangs", "was not answered within 15000 ms"),
        ("closes-stdin", "not answered"),
    ])
    .await;
}

#[tokio::test]
async fn an_animal_that_breaks_the_framing_fails_one_scenario() {
    fails_where_it_goes_wild(&[
        ("answers-twice", "answered a request twice"),
        ("other-id", "a request that was never made"),
        ("batch", "sent a batch"),
        ("not-utf8", "is not UTF-8"),
        ("nested", "is not strict JSON"),
    ])
    .await;
}

#[tokio::test]
async fn an_animal_that_floods_fails_one_scenario_and_costs_no_memory() {
    fails_where_it_goes_wild(&[
        ("floods-stdout", "sent too much"),
        ("endless-line", "is too long"),
        ("half-a-line", ""),
        ("markup", "-32000"),
    ])
    .await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_animal_that_breeds_or_hoards_is_ended_and_fails_one_scenario() {
    fails_where_it_goes_wild(&[
        ("breeds", "too many processes"),
        ("hoards", "filled its sandbox folder"),
        ("stubborn", "not answered"),
    ])
    .await;
}

#[tokio::test]
async fn thousands_of_requests_are_answered_and_held_against_it() {
    let run = judged("asks", "start", &[BEFORE, "WX-BOUND-001", BEHIND]).await;
    let (outcome, said) = run.rule("WX-BOUND-001");
    assert_eq!(outcome, "fail", "{}", run.text);
    assert!(said.contains("`sessions/list`"), "{said}");
    assert_eq!(run.rule(BEHIND).0, "pass", "{}", run.text);
}

#[tokio::test]
async fn a_log_of_any_length_on_stderr_is_no_fault() {
    let run = judged("floods-stderr", "act", &[BEFORE, WILD, BEHIND]).await;
    assert_eq!(
        (run.rule(WILD).0, run.code),
        ("pass", Some(0)),
        "{}",
        run.text
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_that_left_its_session_is_ended_with_the_scenario() {
    let run = judged("leaves-a-child", "start", &[BEFORE, "WX-LIFE-002", BEHIND]).await;
    assert_eq!(run.rule("WX-LIFE-002").0, "fail", "{}", run.text);
    assert_eq!(run.rule(BEHIND).0, "pass", "{}", run.text);
}

#[tokio::test]
async fn an_animal_that_never_starts_is_one_clear_message() {
    let phases = BTreeMap::from([
        ("launch", "no more"),
        ("initialize", "no more"),
        ("start", "no more"),
    ]);
    for (method, words) in phases {
        let run = judged("dies", method, &[BEFORE, WILD]).await;
        let why = run.report["never_started"].as_str().unwrap_or_default();
        assert!(
            why.contains("exited with status 3") && why.contains(words),
            "{method}: {}",
            run.text
        );
        assert_eq!(run.code, Some(3), "{method}");
    }
    let run = judged("hangs", "initialize", &[BEFORE, WILD]).await;
    let why = run.report["never_started"].as_str().unwrap_or_default();
    assert!(
        why.contains("`initialize` was not answered within 5000 ms"),
        "{why}"
    );
    let run = judged("event-first", "launch", &[BEFORE]).await;
    assert_ne!(run.code, Some(70), "{}", run.text);
}

#[tokio::test]
async fn an_animal_that_hangs_or_dies_when_it_is_to_stop_fails_that_rule_alone() {
    for habit in ["hangs", "dies"] {
        let run = judged(habit, "stop", &[BEFORE, "WX-LIFE-001", WILD]).await;
        assert_eq!(run.rule("WX-LIFE-001").0, "fail", "{habit}: {}", run.text);
        assert_eq!(
            (run.rule(BEFORE).0, run.rule(WILD).0),
            ("pass", "pass"),
            "{habit}: {}",
            run.text
        );
    }
}

#[tokio::test]
async fn no_sandbox_is_left_where_nobody_says_where_they_belong() {
    let out = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_aios-wechat"))
        .args(["run", BEFORE, WILD, BEHIND, "--out"])
        .arg(out.path())
        .args(["--", "sh", "-c", "pwd >&2; exec \"$0\" reference"])
        .arg(env!("CARGO_BIN_EXE_aios-wechat"))
        .env_remove("TMPDIR")
        .output()
        .await
        .unwrap();
    assert!(output.status.success());
    let report = fs::read_to_string(out.path().join("report.json")).unwrap();
    let folder = regex_lite::Regex::new(r#""line": *"(/[^"]*/aios-wechat-[^"/]+)/work""#).unwrap();
    let sandboxes: Vec<&str> = folder
        .captures_iter(&report)
        .map(|found| found.get(1).unwrap().as_str())
        .collect();
    assert!(!sandboxes.is_empty(), "nobody told where it lives");
    for sandbox in sandboxes {
        assert!(!Path::new(sandbox).exists(), "{sandbox} is left");
    }
}
