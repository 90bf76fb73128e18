//! `replay`: a recorded scenario played again, by the program as its users call it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aios_wechat::adapter::Subject;
use aios_wechat::reference::Reference;
use aios_wechat::report::{Comparison, Report, json};
use aios_wechat::runner::{self, Run, Selection};
use aios_wechat::suite::Suite;
use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_aios-wechat");

/// The reference adapter's recording of a few rules.
fn recorded(rules: &[&str]) -> Report {
    let suite = Suite::embedded().unwrap();
    let run = Run {
        selection: Selection::of(rules.iter().copied()).unwrap(),
        seed: 7,
        ..Run::default()
    };
    let subject = Subject::in_process(Reference::new);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(runner::run(&suite, &subject, &run, &mut ()))
        .unwrap()
}

/// A folder with a report of these rules.
fn kept(rules: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    fs::write(&path, json::render(&recorded(rules)).unwrap()).unwrap();
    (folder, path)
}

/// The exit code, standard output and standard error of `replay`.
fn replay(path: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(PROGRAM)
        .arg("replay")
        .arg(path)
        .args(arguments)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn the_reference_does_again_what_it_did_in_process_and_as_a_child() {
    let (_folder, path) = kept(&["WX-ROUTE-003", "WX-DEDUP-002", "WX-OUT-003"]);
    for who in [&["--reference"][..], &["--", PROGRAM, "reference"]] {
        for id in ["WX-ROUTE-003/a-text", "WX-DEDUP-002/"] {
            let (code, out, err) = replay(&path, &[&[id], who].concat());
            // Several scenarios may begin like that: then the program asks which, and lists them.
            let out = if code == 2 {
                let first = err
                    .lines()
                    .nth(1)
                    .unwrap()
                    .trim()
                    .split(' ')
                    .next()
                    .unwrap();
                let (code, out, err) = replay(&path, &[&[first], who].concat());
                assert_eq!(code, 0, "{out}{err}");
                out
            } else {
                assert_eq!(code, 0, "{out}{err}");
                out
            };
            assert!(out.starts_with("same · WX-"), "{out}");
        }
    }
}

#[test]
fn every_scenario_of_the_reference_is_the_same_when_it_is_played_again() {
    let rules = ["WX-CURSOR", "WX-OUT", "WX-HEALTH", "WX-LIFE"];
    let [before, now] = [recorded(&rules), recorded(&rules)];
    let cases = |report: &Report| {
        let rules = report.rules.clone().into_iter();
        rules.flat_map(|rule| rule.scenarios).collect::<Vec<_>>()
    };
    let mut compared = 0;
    for (before, now) in cases(&before).iter().zip(&cases(&now)) {
        let came = Comparison::of(before, now);
        assert!(
            matches!(came, Comparison::Same { facts } if facts > 5),
            "{}: {came:?}",
            now.id
        );
        compared += 1;
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn a_mutant_parts_from_the_reference_where_it_is_broken() {
    let (_folder, path) = kept(&["WX-ROUTE-003", "WX-DEDUP-001", "WX-OUT-002"]);
    for (mutant, scenario, step, differ) in [
        (
            "obeys-agent-commands",
            "WX-ROUTE-003/a-text-that-asks-for-another-agent-stays-on-the-route",
            "Then that message reaches AIOS with its text unchanged",
            "agent_id: ",
        ),
        (
            "forwards-redeliveries",
            "WX-DEDUP-001/wechat-gives-a-message-again",
            "Then AIOS receives that message exactly once",
            "",
        ),
    ] {
        let mutant = [
            "--format",
            "json",
            "--",
            PROGRAM,
            "reference",
            "--mutant",
            mutant,
        ];
        let (code, out, err) = replay(&path, &[&[scenario], &mutant[..]].concat());
        assert_eq!(code, 1, "{out}{err}");
        let answer: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(answer["result"], "diverged");
        assert_eq!(answer["scenario"], scenario);
        let place = &answer["divergence"];
        assert_eq!(place["step"], step, "{out}");
        assert_eq!(place["recorded_outcome"], "pass");
        assert_eq!(place["outcome"], "fail");
        let told = place["differences"].to_string();
        assert!(told.contains(differ), "{told}");
    }
}

#[test]
fn a_divergence_is_told_between_the_lanes_and_with_what_differs() {
    let (_folder, path) = kept(&["WX-ROUTE-003"]);
    let (code, out, err) = replay(
        &path,
        &[
            "WX-ROUTE-003/a-text",
            "--",
            PROGRAM,
            "reference",
            "--mutant",
            "obeys-agent-commands",
        ],
    );
    assert_eq!(code, 1, "{out}{err}");
    for part in [
        "diverged · WX-ROUTE-003/a-text-that-asks-for-another-agent-stays-on-the-route, seed 7",
        "\n  recorded   adapter → AIOS: event: message",
        "\n  now        adapter → AIOS: event: message",
        "then \"root\"",
        "\n  outcome    pass in the trace, fail now: expected the configured route",
        "\n  judge      aios-wechat run WX-ROUTE-003 --seed 7 -- ",
    ] {
        assert!(out.contains(part), "{part} in {out}");
    }
}

#[test]
fn an_adapter_that_does_not_start_leaves_it_undecided() {
    let (_folder, path) = kept(&["WX-ROUTE-003"]);
    for command in [&["/nonexistent/adapter"][..], &["true"]] {
        let arguments = [&["WX-ROUTE-003/a-text", "--"], command].concat();
        let (code, out, err) = replay(&path, &arguments);
        assert_eq!(code, 3, "{out}{err}");
        assert!(
            out.contains("why        the adapter never started: "),
            "{out}"
        );
    }
}

#[test]
fn a_scenario_that_changed_since_is_undecided() {
    let (_folder, path) = kept(&["WX-ROUTE-003"]);
    let text = fs::read_to_string(&path).unwrap();
    let step = "Then that message reaches AIOS with its text unchanged";
    assert!(text.contains(step));
    fs::write(&path, text.replace(step, "Then all is well")).unwrap();
    let (code, out, err) = replay(&path, &["WX-ROUTE-003/a-text", "--reference"]);
    assert_eq!(code, 3, "{out}{err}");
    assert!(
        out.contains("its step 3 was `Then all is well`, and is `")
            && out.contains("` in this kit"),
        "{out}"
    );
}

#[test]
fn a_trace_that_cannot_be_used_says_where_what_and_what_next() {
    let (folder, path) = kept(&["WX-ROUTE-003"]);
    let mut report: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let case = |report: &Value| {
        let rules = report["rules"].as_array().unwrap();
        let ran = rules.iter().find(|rule| rule["scenarios"][0].is_object());
        ran.unwrap()["scenarios"][0].clone()
    };
    let cut = case(&report);
    let mut timeless = cut.clone();
    timeless.as_object_mut().unwrap().remove("seal");
    let mut unknown = cut.clone();
    unknown["timeline"][3]["what"]["fact"] = "danced".into();
    report["seed"] = "seven".into();
    let reference = &["--reference"][..];
    let seeded = &["--seed", "7", "--reference"][..];
    for (name, text, arguments, parts) in [
        (
            "nothing.json",
            "",
            reference,
            ["is not JSON: EOF", "line 1 column 0"],
        ),
        (
            "half.json",
            "{\"rules\": [",
            reference,
            ["is not JSON: EOF", "hint: `run --report json="],
        ),
        (
            "other.json",
            "{\"a\": 1}",
            reference,
            ["neither a report", "hint: `run --report json="],
        ),
        (
            "report.json",
            &report.to_string(),
            reference,
            ["invalid type: string \"seven\"", "line 1"],
        ),
        (
            "cut.json",
            &cut.to_string(),
            reference,
            ["which seed it ran with", "hint: add --seed N"],
        ),
        (
            "cut.json",
            &cut.to_string(),
            &["--seed", "8", "--reference"],
            ["of the seed 8", "hint: give the seed"],
        ),
        (
            "cut.json",
            &cut.to_string(),
            &["WX-OUT", "--seed", "7", "--reference"],
            ["it is the scenario WX-ROUTE-003/", "not WX-OUT"],
        ),
        (
            "timeless.json",
            &timeless.to_string(),
            seeded,
            ["was written without times", "hint: run it again"],
        ),
        (
            "unknown.json",
            &unknown.to_string(),
            seeded,
            ["unknown variant `danced`", "line 1 column "],
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let (code, out, err) = replay(&path, arguments);
        assert_eq!(code, 2, "{name}: {out}{err}");
        assert!(out.is_empty(), "{out}");
        for part in [name, "cannot be played again", parts[0], parts[1]] {
            assert!(err.contains(part), "{part} in {err}");
        }
    }
    let cut_path = folder.path().join("cut.json");
    let (code, out, err) = replay(&cut_path, seeded);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn what_cannot_be_understood_is_a_mistake_of_the_command() {
    let (folder, path) = kept(&["WX-ROUTE-003", "WX-DEDUP-001"]);
    let missing = folder.path().join("missing.json");
    for (path, arguments, part) in [
        (&missing, &["--reference"][..], "cannot read "),
        (
            &path,
            &[],
            "hint: give --reference, or the adapter's command after --",
        ),
        (&path, &["--reference"], "say which one, after the file"),
        (
            &path,
            &["WX-NOPE-001", "--reference"],
            "no scenario of the report begins with WX-NOPE-001",
        ),
        (
            &path,
            &["--seed", "8", "--reference"],
            "the report ran with the seed 7, not 8",
        ),
    ] {
        let (code, out, err) = replay(path, arguments);
        assert_eq!(code, 2, "{out}{err}");
        assert!(err.contains(part), "{part} in {err}");
    }
}
