//! The reference adapter passes, and a verdict depends on the adapter and the seed alone.

use std::future::pending;
use std::io;
use std::process::{Command, Output};
use std::time::Duration;

use aios_wechat::adapter::{CommandLine, Subject, serve};
use aios_wechat::evidence::Fact;
use aios_wechat::hunt::Limits;
use aios_wechat::reference::Reference;
use aios_wechat::report::{CaseResult, Claim, Outcome, Report};
use aios_wechat::runner::{self, Run, Selection};
use aios_wechat::suite::Suite;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex};
use tokio::time::timeout;

fn judged(subject: &Subject, seed: u32, jobs: u32) -> Report {
    let suite = Suite::embedded().unwrap();
    let run = Run {
        seed,
        jobs,
        ..Run::default()
    };
    carried_out(&suite, subject, &run)
}

fn carried_out(suite: &Suite, subject: &Subject, run: &Run) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(runner::run(suite, subject, run, &mut ()))
        .unwrap()
}

/// Rule and scenario outcomes with their messages, times aside.
fn verdicts(report: &Report) -> Vec<(String, Outcome, String)> {
    report
        .rules
        .iter()
        .flat_map(|rule| {
            let cases = rule.scenarios.iter();
            cases.map(|case| (case.id.to_string(), case.outcome, case.message.clone()))
        })
        .collect()
}

fn outcomes(report: &Report) -> Vec<(String, Outcome)> {
    verdicts(report)
        .into_iter()
        .map(|(id, outcome, _)| (id, outcome))
        .collect()
}

fn in_process() -> Subject {
    Subject::in_process(Reference::new)
}

fn over_stdio() -> Subject {
    let program = env!("CARGO_BIN_EXE_aios-wechat");
    let folder = std::env::current_dir().unwrap();
    Subject::command(CommandLine::new([program, "reference"], folder))
}

#[test]
fn the_reference_adapter_passes_every_rule_that_a_program_can_judge() {
    let report = judged(&in_process(), 1, 1);
    let others: Vec<String> = report
        .rules
        .iter()
        .filter(|rule| !matches!(rule.outcome, Outcome::Pass | Outcome::Untested))
        .flat_map(|rule| {
            rule.scenarios
                .iter()
                .map(|case| format!("{}: {}", case.id, case.message))
        })
        .collect();
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(report.claim, Claim::Conformant);
    assert_eq!(report.exit_code(), 0);
}

#[test]
fn the_reference_adapter_gets_the_same_verdicts_over_stdio_as_in_process() {
    let (inside, child) = (judged(&in_process(), 2, 4), judged(&over_stdio(), 2, 4));
    let contained = child.containment.as_ref().unwrap().connections;
    // What needs containment to be concluded is the one difference, and it is told.
    let expected: Vec<_> = outcomes(&inside)
        .into_iter()
        .map(|(id, outcome)| match outcome {
            Outcome::Untested if contained => (id, Outcome::Pass),
            outcome => (id, outcome),
        })
        .collect();
    assert_eq!(expected, outcomes(&child));
    let untested = verdicts(&inside)
        .into_iter()
        .filter(|(_, outcome, _)| *outcome == Outcome::Untested);
    for (id, _, why) in untested {
        assert!(id.starts_with("WX-BOUND-004/"), "{id}");
        assert_eq!(why, "not contained: it runs inside the kit's own process");
    }
}

#[test]
fn one_job_and_eight_give_the_same_report() {
    let (one, eight) = (judged(&in_process(), 3, 1), judged(&in_process(), 3, 8));
    let differing: Vec<_> = verdicts(&one)
        .into_iter()
        .zip(verdicts(&eight))
        .filter(|(one, eight)| one != eight)
        .collect();
    assert!(differing.is_empty(), "{differing:#?}");
    assert_eq!(told(&one), told(&eight));
}

/// How long the hasty one takes for what it must not do.
const MOMENT: Duration = Duration::from_millis(1);

/// The reference adapter, and somebody who tells it, a moment after an event, that AIOS has taken it.
async fn hasty(input: DuplexStream, mut output: DuplexStream) -> io::Result<()> {
    let (mouth, hears) = duplex(64 * 1024);
    let (speaks, hearing) = duplex(64 * 1024);
    let between = async move {
        let mut kit = BufReader::new(input).lines();
        let mut adapter = BufReader::new(hearing).lines();
        let mut mouth = Some(mouth);
        let mut taken = Vec::new();
        loop {
            let moment = timeout(MOMENT, pending::<()>());
            let to_adapter = tokio::select! {
                line = kit.next_line(), if mouth.is_some() => match line? {
                    Some(line) if id_of_request(&line).is_some() => line,
                    Some(_) => continue, // AIOS's true answer
                    None => {
                        mouth = None;
                        continue;
                    }
                },
                line = adapter.next_line() => {
                    let Some(line) = line? else { return Ok(()) };
                    output.write_all(format!("{line}\n").as_bytes()).await?;
                    taken.extend(id_of_request(&line));
                    continue;
                }
                _ = moment, if !taken.is_empty() => {
                    let id = taken.remove(0);
                    json!({"jsonrpc": "2.0", "id": id, "result": {"status": "accepted"}}).to_string()
                }
            };
            if let Some(mouth) = &mut mouth {
                mouth
                    .write_all(format!("{to_adapter}\n").as_bytes())
                    .await?;
            }
        }
    };
    let (served, between) = tokio::join!(serve(Reference::new(), hears, speaks), between);
    served.and(between)
}

/// The reference adapter, which is told a base URL with a path that is not WeChat's.
async fn misled(input: DuplexStream, output: DuplexStream) -> io::Result<()> {
    let (mut mouth, hears) = duplex(64 * 1024);
    let between = async move {
        let mut kit = BufReader::new(input).lines();
        while let Some(line) = kit.next_line().await? {
            let mut frame: Value = serde_json::from_str(&line)?;
            if let Some(Value::String(url)) = frame.pointer_mut("/params/transport/base_url") {
                url.push_str("/v9");
            }
            mouth.write_all(format!("{frame}\n").as_bytes()).await?;
        }
        Ok(())
    };
    let (served, between) = tokio::join!(serve(Reference::new(), hears, output), between);
    served.and(between)
}

#[test]
fn a_request_that_wechat_does_not_know_is_told_once() {
    let suite = Suite::embedded().unwrap();
    let run = Run {
        selection: Selection {
            rules: ["WX-CURSOR-001".parse().unwrap()].into(),
            ..Selection::default()
        },
        patience: 0.1,
        ..Run::default()
    };
    let report = carried_out(&suite, &Subject::served(misled), &run);
    let mut cases = report.rules.iter().flat_map(|rule| &rule.scenarios);
    assert!(cases.clone().count() > 0);
    assert!(cases.all(|case| {
        let turned_away: Vec<_> = case
            .timeline
            .facts()
            .filter_map(|(_, fact)| match fact {
                Fact::TurnedAway { what, why } => Some((&**what, &**why)),
                _ => None,
            })
            .collect();
        case.outcome == Outcome::Fail
            && turned_away == [("POST /v9/ilink/bot/getupdates", "no such path")]
    }));
}

fn id_of_request(line: &str) -> Option<Value> {
    let mut frame: Value = serde_json::from_str(line).unwrap();
    let is_request = frame.get("method").is_some();
    is_request.then(|| frame["id"].take())
}

#[test]
fn an_adapter_that_takes_a_moment_to_do_wrong_is_not_killed_before_it_has() {
    let suite = Suite::embedded().unwrap();
    let rules = ["WX-CURSOR-002", "WX-CURSOR-003"].map(|id| id.parse().unwrap());
    let run = Run {
        selection: Selection {
            rules: rules.clone().into(),
            ..Selection::default()
        },
        ..Run::default()
    };
    let report = carried_out(&suite, &Subject::served(hasty), &run);
    for id in rules {
        let rule = report.rules.iter().find(|rule| rule.id == id).unwrap();
        let killed = |case: &&CaseResult| case.name.contains("killed");
        let mut killed = rule.scenarios.iter().filter(killed);
        let is_caught = killed.any(|case| case.outcome == Outcome::Fail);
        assert!(is_caught, "{:#?}", verdicts(&report));
    }
}

/// The program, where the system lets it hold only so many files and sockets.
fn limited(files: u32, words: &[&str]) -> Output {
    Command::new("sh")
        .args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_aios-wechat"))
        .args(words)
        .output()
        .unwrap()
}

#[test]
fn a_lack_of_files_makes_a_run_slower_and_no_adapter_fail() {
    let words = [
        "run",
        "WX-ENV",
        "WX-OUT",
        "--reference",
        "--jobs",
        "16",
        "--seed",
        "3",
    ];
    let run = limited(260, &words);
    let (told, noted) = (text(&run.stdout), text(&run.stderr));
    assert_eq!(run.status.code(), Some(0), "{told}{noted}");
    assert!(
        noted.starts_with("note: at most 3 at a time of the 16 scenarios"),
        "{noted}"
    );
}

#[test]
fn the_least_that_a_process_needs_is_enough_for_every_scenario() {
    let program = env!("CARGO_BIN_EXE_aios-wechat");
    let here = vec!["--reference"];
    let child = vec!["--", program, "reference"];
    for subject in [here, child] {
        let run = limited(
            100,
            &[vec!["run", "--jobs", "1", "--seed", "3"], subject].concat(),
        );
        let (told, noted) = (text(&run.stdout), text(&run.stderr));
        assert_eq!(run.status.code(), Some(0), "{told}{noted}");
        assert_eq!(noted, "");
    }
}

#[test]
fn a_process_that_may_hold_too_few_files_decides_nothing_and_says_so() {
    let words = ["selftest trims-texts", "run --reference", "doctor -- true"];
    for words in words {
        let words: Vec<&str> = words.split(' ').collect();
        let run = limited(30, &words);
        let (told, complaint) = (text(&run.stdout), text(&run.stderr));
        assert_eq!(run.status.code(), Some(3), "{words:?}: {told}{complaint}");
        assert_eq!(told, "");
        let said =
            "error: this process may hold no more than 30 files and sockets open, and needs ";
        assert!(complaint.starts_with(said), "{complaint}");
        assert!(complaint.contains("ulimit -Hn"), "{complaint}");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What a report says of the run as a whole and of each rule.
fn told(report: &Report) -> Value {
    let mut told = serde_json::to_value(report).unwrap();
    let whole = [
        "identity",
        "claim",
        "summary",
        "counts",
        "seed",
        "adapter",
        "unclaimed",
    ];
    let mut said: Vec<Value> = whole.iter().map(|part| told[*part].take()).collect();
    for rule in told["rules"].as_array_mut().unwrap() {
        rule.as_object_mut().unwrap().remove("scenarios");
        said.push(rule.take());
    }
    said.into()
}

#[test]
fn a_pass_cites_what_it_rests_on_and_life_is_among_it() {
    let report = judged(&in_process(), 4, 1);
    for case in report.rules.iter().flat_map(|rule| &rule.scenarios) {
        if case.id.rule().to_string() != "WX-BOUND-004" {
            assert_eq!(case.outcome, Outcome::Pass, "{}: {}", case.id, case.message);
        }
        assert!(!case.evidence.is_empty(), "{} rests on nothing", case.id);
        let life = aios_wechat::session::expect::life(&case.timeline).unwrap();
        assert!(
            life.iter().all(|at| case.evidence.contains(at)),
            "{}",
            case.id
        );
    }
}

#[test]
fn a_search_that_misses_the_kits_own_leak_ends_the_run_as_a_fault_of_the_kit() {
    let suite = Suite::embedded().unwrap();
    let mut blind = 0;
    // No other test has these: for a moment the kit's leak lies where others search, too.
    for seed in 2000..2020 {
        let run = Run {
            seed,
            selection: Selection {
                rules: ["WX-STORE-001".parse().unwrap()].into(),
                ..Selection::default()
            },
            // A search that opens nothing packed, as some of the kit's leaks are.
            limits: Limits {
                piece: 0,
                ..Limits::default()
            },
            ..Run::default()
        };
        let report = carried_out(&suite, &in_process(), &run);
        let verdicts = verdicts(&report);
        let faults = verdicts.iter().filter(|(_, outcome, why)| {
            assert_ne!(*outcome, Outcome::Fail, "{why}");
            *outcome == Outcome::Error && why.contains("did not find a leak of the kit's own")
        });
        if faults.count() > 0 {
            assert_eq!(report.exit_code(), 70, "{verdicts:#?}");
            blind += 1;
        }
    }
    assert!(blind > 0);
}

#[test]
fn a_step_that_does_nothing_decides_nothing() {
    let judged = |second: &str| {
        let feature = format!(
            "@WX-ENV
Feature: Envelope

  @WX-ENV-001 @MUST @since:v0
  Rule: The adapter MUST forward a text
    Source: seed, Scope

    Scenario: A text arrives
      Given a configuration that requires pairing
      And {second}
      When AIOS starts the adapter
      And the owner sends a text
      Then that message reaches AIOS with its text unchanged
"
        );
        let suite = Suite::read(&[("features/envelope.feature", &feature)]).unwrap();
        let report = carried_out(&suite, &in_process(), &Run::default());
        let case = report.rules[0].scenarios[0].clone();
        (case.outcome, case.message)
    };
    let (outcome, message) = judged("a configuration with every field");
    assert_eq!(outcome, Outcome::Pass, "{message}");
    let (outcome, message) = judged("a configuration that requires pairing");
    assert_eq!(outcome, Outcome::Inconclusive, "{message}");
    assert!(message.contains("it did nothing"), "{message}");
}
