//! Programs that do nothing, and programs that only agree, earn nothing.

use std::io;

use aios_wechat::adapter::{CommandLine, Subject, serve};
use aios_wechat::evidence::Fact;
use aios_wechat::proof::{NOTHING, earned};
use aios_wechat::reference::Reference;
use aios_wechat::report::{Claim, Outcome, Report};
use aios_wechat::runner::{self, Run};
use aios_wechat::suite::Suite;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

/// Runs the whole suite, with little patience: nothing below ever speaks up later.
fn judged(subject: &Subject) -> Report {
    judged_with(0.02, subject)
}

fn judged_with(patience: f64, subject: &Subject) -> Report {
    let suite = Suite::embedded().unwrap();
    let run = Run {
        seed: 7,
        patience,
        jobs: 16,
        ..Run::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(runner::run(&suite, subject, &run, &mut ()))
        .unwrap()
}

fn earns_nothing(subject: &Subject) -> Report {
    has_earned_nothing(judged(subject))
}

fn has_earned_nothing(report: Report) -> Report {
    let earned: Vec<String> = report
        .rules
        .iter()
        .filter(|rule| rule.outcome == Outcome::Pass)
        .map(|rule| rule.id.to_string())
        .collect();
    assert!(earned.is_empty(), "{earned:?} passed");
    assert!(!matches!(
        report.claim,
        Claim::Conformant | Claim::ConformantWithNotes
    ));
    assert_ne!(report.exit_code(), 0);
    report
}

fn command(words: &[&str]) -> Subject {
    let folder = std::env::current_dir().unwrap();
    let path = std::env::split_paths("/usr/local/bin:/usr/bin:/bin");
    let path = std::env::join_paths(path).unwrap();
    Subject::command(CommandLine::new(words.iter().copied(), folder).env("PATH", path))
}

/// A friendly answer from one that claims the messages alone, and so keeps real time.
fn yes(request: &Value) -> Option<Value> {
    let params = &request["params"];
    let result = match request["method"].as_str()? {
        "initialize" => json!({
            "protocol_version": 1,
            "capabilities": {
                "adapter_id": "yes", "adapter_version": "1", "supported_targets": ["wechat"],
                "supported_features": ["message"], "health": "stopped",
            },
        }),
        "act" => json!({
            "message_id": params["message_id"], "correlation_id": params["correlation_id"],
            "status_code": "delivered", "chunks_sent": 1, "chunks_total": 1,
            "wechat_message_ids": ["7481209347712840001"],
        }),
        "health" => json!({"health": "healthy", "recent_errors": []}),
        _ => json!({}),
    };
    Some(json!({"jsonrpc": "2.0", "id": request["id"], "result": result}))
}

#[test]
fn one_that_says_yes_and_claims_a_real_clock_earns_nothing() {
    let report = earns_nothing(&answering(yes));
    assert!(report.never_started.is_none(), "it does start");
}

/// The shipped adapters that do nothing: each is judged by the whole suite.
fn shipped_earns_nothing(name: &str) {
    let nothing = NOTHING.iter().find(|nothing| nothing.name == name).unwrap();
    let suite = Suite::embedded().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let earned = runtime.block_on(earned(nothing, &suite, 7)).unwrap();
    assert!(earned.is_empty(), "{name} earns {earned:?}");
}

#[test]
fn all_that_do_nothing_are_tried() {
    let names: Vec<&str> = NOTHING.iter().map(|nothing| nothing.name).collect();
    assert_eq!(
        names,
        [
            "exits-at-once",
            "stays-silent",
            "echoes",
            "says-yes",
            "refuses",
            "answers-at-random",
            "replays"
        ]
    );
}

#[test]
fn one_that_leaves_is_silent_or_echoes_earns_nothing() {
    for name in ["exits-at-once", "stays-silent", "echoes"] {
        shipped_earns_nothing(name);
    }
}

#[test]
fn one_that_says_yes_to_everything_earns_nothing() {
    shipped_earns_nothing("says-yes");
}

#[test]
fn one_that_refuses_everything_earns_nothing() {
    shipped_earns_nothing("refuses");
}

#[test]
fn one_that_answers_with_valid_documents_at_random_earns_nothing() {
    shipped_earns_nothing("answers-at-random");
}

#[test]
fn one_that_replays_a_good_run_earns_nothing() {
    shipped_earns_nothing("replays");
}

/// Something that answers each request of the kit by itself.
fn answering(answer: fn(&Value) -> Option<Value>) -> Subject {
    Subject::served(
        move |input: DuplexStream, mut output: DuplexStream| async move {
            let mut lines = BufReader::new(input).lines();
            while let Some(line) = lines.next_line().await? {
                let request: Value = serde_json::from_str(&line).map_err(io::Error::other)?;
                if let Some(answer) = answer(&request) {
                    output.write_all(format!("{answer}\n").as_bytes()).await?;
                }
            }
            Ok(())
        },
    )
}

#[test]
fn a_program_that_exits_at_once_is_one_clear_message() {
    let report = earns_nothing(&command(&["true"]));
    let why = report.never_started.unwrap();
    assert!(why.contains("exited with status 0"), "{why}");
}

#[test]
fn a_program_that_echoes_is_told_so() {
    let report = earns_nothing(&command(&["cat"]));
    let why = report.never_started.unwrap();
    assert!(why.contains("one of the kit's own requests back"), "{why}");
}

#[test]
fn a_silent_program_is_one_clear_message() {
    let report = earns_nothing(&command(&["sleep", "1000"]));
    let why = report.never_started.unwrap();
    assert!(why.contains("`initialize` was not answered"), "{why}");
}

#[test]
fn a_program_that_does_not_exist_is_one_clear_message() {
    let report = earns_nothing(&command(&["/nonexistent"]));
    let why = report.never_started.unwrap();
    for part in [
        "`/nonexistent` cannot be run: No such file",
        "look at the path",
    ] {
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn a_program_that_refuses_a_second_start_only_earns_nothing() {
    earns_nothing(&answering(|request| match request["method"].as_str()? {
        "act" | "audit" => Some(json!({
            "jsonrpc": "2.0", "id": request["id"],
            "error": {"code": -32602, "message": "no", "data": {"pointer": "/payload", "message": "no"}},
        })),
        _ => yes(request),
    }));
}

#[test]
fn a_program_that_never_answers_after_its_start_earns_nothing() {
    earns_nothing(&answering(|request| match request["method"].as_str()? {
        "initialize" | "start" => yes(request),
        _ => None,
    }));
}

/// The reference adapter, which never hears of an action.
fn deaf_to_actions() -> Subject {
    Subject::served(|input: DuplexStream, output: DuplexStream| async move {
        let (mut feed, heard) = tokio::io::duplex(1 << 16);
        let filter = async move {
            let mut lines = BufReader::new(input).lines();
            while let Some(line) = lines.next_line().await? {
                if !line.contains(r#""method":"act""#) {
                    feed.write_all(format!("{line}\n").as_bytes()).await?;
                }
            }
            Ok(())
        };
        tokio::try_join!(filter, serve(Reference::new(), heard, output)).map(drop)
    })
}

/// How long answers to actions were waited for in vain, in the order in which the report has them.
fn waited_for_actions(report: &Report) -> Vec<&str> {
    let cases = report.rules.iter().flat_map(|rule| &rule.scenarios);
    let facts = cases.flat_map(|case| case.timeline.facts());
    let waits = facts.filter_map(|(_, fact)| match fact {
        Fact::Silent { method, why, .. } if method == "act" => why.split(" within ").nth(1),
        _ => None,
    });
    waits.collect()
}

#[test]
fn one_that_messages_come_through_is_waited_for_however_often_it_was_silent() {
    let report = judged_with(0.1, &deaf_to_actions());
    let waits = waited_for_actions(&report);
    assert!(waits.len() > 20, "{waits:?}");
    let long = |wait: &&str| ["3000 ms", "1000 ms"].contains(wait);
    assert!(waits.iter().all(long), "{waits:?}");
    assert!(waits.contains(&"1000 ms"), "{waits:?}");
}

/// Agrees to its start, and is gone.
const GONE: &str = r#"
answer() {
    read -r request
    id=$(printf %s "$request" | sed 's/.*"id":"\([^"]*\)".*/\1/')
    printf '{"jsonrpc":"2.0","id":"%s","result":%s}\n' "$id" "$1"
}
answer '{"protocol_version":1,"capabilities":{"adapter_id":"gone","adapter_version":"1",'\
'"channel_id":"wechat","supported_features":["text"]}}'
answer '{}'
"#;

/// Its limits are hours, so that the test ends only if none of them is waited for.
#[test]
fn nothing_is_waited_for_that_a_program_would_have_to_do_that_is_gone() {
    let report = has_earned_nothing(judged_with(1000.0, &command(&["sh", "-c", GONE])));
    let rules = report.rules.iter();
    let failing = rules.filter(|rule| rule.outcome == Outcome::Fail).count();
    assert!(failing > 80, "{failing} fail");
}
