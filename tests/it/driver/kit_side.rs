//! The kit's end of the link, with an adapter in this process.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use aios_wechat::adapter::{Breach, CallError, Exit, Reached, Running, Subject};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::ear::{Notes, Sandbox, Told};
use super::parrot::{Counts, Parrot, action, hello, setup};

const LIMIT: Duration = Duration::from_secs(5);

async fn launch(subject: &Subject) -> (Running, Arc<Notes>, Sandbox) {
    let (sandbox, notes) = (Sandbox::new(), Notes::new());
    let running = subject.launch(&sandbox.place, notes.clone()).await.unwrap();
    (running, notes, sandbox)
}

async fn launch_parrot() -> (Running, Arc<Notes>, Arc<Counts>, Sandbox) {
    let counts: Arc<Counts> = Arc::default();
    let births = Arc::clone(&counts);
    let (running, notes, sandbox) =
        launch(&Subject::in_process(move || Parrot::new(&births))).await;
    running.call("initialize", hello(), LIMIT).await.unwrap();
    running
        .call("start", setup("wx-main"), LIMIT)
        .await
        .unwrap();
    (running, notes, counts, sandbox)
}

/// A program that answers each request it reads with the lines that `reply` makes of it.
fn program<F>(reply: F) -> Subject
where
    F: Fn(&Value) -> Vec<String> + Clone + Send + Sync + 'static,
{
    Subject::served(move |input, mut output| {
        let reply = reply.clone();
        async move {
            let mut lines = BufReader::new(input).lines();
            while let Some(line) = lines.next_line().await? {
                let frame: Value = serde_json::from_str(&line)?;
                let lines = if frame.get("method").is_some() {
                    reply(&frame)
                } else {
                    Vec::new()
                };
                for line in lines {
                    output.write_all(line.as_bytes()).await?;
                }
            }
            Ok(())
        }
    })
}

fn frame(id: &Value, rest: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},{rest}}}\n")
}

#[tokio::test]
async fn a_call_has_a_result() {
    let (running, notes, ..) = launch_parrot().await;
    let receipt = running.call("act", action("hi"), LIMIT).await.unwrap();
    assert_eq!(receipt["status_code"], "delivered");
    assert_eq!(notes.breaches(), []);
}

#[tokio::test]
async fn everything_is_told_in_the_order_in_which_it_happens() {
    let (running, notes, ..) = launch_parrot().await;
    running.call("act", action("say"), LIMIT).await.unwrap();
    running.close(LIMIT).await;
    assert_eq!(
        notes.story(),
        "sent received sent received sent received request:event sent received closed ended"
    );
}

#[tokio::test]
async fn an_error_of_the_adapter_is_told_from_a_missing_answer() {
    let (running, ..) = launch_parrot().await;
    match running.call("start", setup("wx-main"), LIMIT).await {
        Err(CallError::Remote { error, .. }) => assert_eq!(error.code.get(), -32003),
        other => panic!("{other:?}"),
    }
    let limit = Duration::from_millis(50);
    let outcome = running.call("act", action("hang"), limit).await;
    assert_eq!(
        outcome,
        Err(CallError::Timeout {
            method: "act".to_owned(),
            limit
        })
    );
}

#[tokio::test]
async fn a_held_event_is_answered_later() {
    let (running, notes, ..) = launch_parrot().await;
    let mut held = action("say");
    held["message_id"] = json!("hold");
    let act = running.call("act", held, LIMIT);
    let answer = async {
        // The answer to `health` shows that the event, sent before it, was heard.
        while !notes.story().contains("request:event") {
            running.call("health", Value::Null, LIMIT).await.unwrap();
        }
        running.answer(&json!("e1"), &Ok(json!({"status": "duplicate"})));
    };
    let (receipt, ()) = tokio::join!(act, answer);
    assert_eq!(receipt.unwrap()["status_code"], "applied");
}

#[tokio::test]
async fn the_end_of_input_ends_an_honest_adapter() {
    let (running, notes, counts, _sandbox) = launch_parrot().await;
    assert!(running.is_alive());
    let ending = running.close(LIMIT).await;
    assert_eq!(
        (ending.reached, ending.exit),
        (Reached::EndOfInput, Exit::Returned)
    );
    assert!(!running.is_alive());
    assert_eq!(
        (counts.stopped.load(SeqCst), counts.dropped.load(SeqCst)),
        (1, 1)
    );
    assert_eq!(running.close(LIMIT).await.reached, Reached::Gone);
    match running.call("health", Value::Null, LIMIT).await {
        Err(CallError::Closed { reason, .. }) => assert_eq!(reason, "the adapter returned"),
        other => panic!("{other:?}"),
    }
    assert_eq!(notes.all().last(), Some(&Told::Ended(Exit::Returned)));
}

#[tokio::test]
async fn a_kill_drops_the_adapter_without_stopping_it() {
    let (running, _, counts, _sandbox) = launch_parrot().await;
    let ending = running.kill().await;
    assert_eq!(
        (ending.reached, ending.exit),
        (Reached::Killed, Exit::Dropped)
    );
    assert_eq!(
        (counts.stopped.load(SeqCst), counts.dropped.load(SeqCst)),
        (0, 1)
    );
}

#[tokio::test]
async fn what_a_killed_adapter_had_spawned_is_gone_with_it() {
    let (dropped, seen) = tokio::sync::oneshot::channel::<()>();
    let dropped = std::sync::Mutex::new(Some(dropped));
    let subject = Subject::served(move |_input, _output| {
        let dropped = dropped.lock().unwrap().take();
        async move {
            tokio::spawn(async move {
                let _dropped = dropped;
                std::future::pending::<()>().await;
            });
            std::future::pending().await
        }
    });
    let (running, ..) = launch(&subject).await;
    running.kill().await;
    assert!(
        tokio::time::timeout(LIMIT, seen)
            .await
            .expect("it is dropped")
            .is_err()
    );
}

#[tokio::test]
async fn an_adapter_here_that_leaves_too_many_files_is_ended_and_one_with_a_few_is_not() {
    let subject = Subject::served(|_input, _output| std::future::pending());
    let (running, notes, sandbox) = launch(&subject).await;
    let write = |many: std::ops::Range<u32>| {
        for number in many {
            std::fs::write(sandbox.place.root().join(number.to_string()), "").unwrap();
        }
    };
    write(0..100);
    let looks = Duration::from_millis(250);
    let early = tokio::time::timeout(looks, running.ended()).await;
    assert!(early.is_err(), "{early:?}");
    write(100..20_100);
    let ended = tokio::time::timeout(LIMIT, running.ended()).await;
    assert_eq!(ended.expect("it is ended"), Exit::Dropped);
    let breaches: Vec<Breach> = notes.violations().iter().map(|it| it.breach).collect();
    assert_eq!(breaches, [Breach::SandboxFull]);
}

#[tokio::test]
async fn a_panic_is_evidence_and_the_end() {
    let (running, notes, ..) = launch_parrot().await;
    match running.call("act", action("panic"), LIMIT).await {
        Err(CallError::Closed { reason, .. }) => {
            assert_eq!(
                reason,
                "the adapter panicked: the parrot fell off its perch"
            );
        }
        other => panic!("{other:?}"),
    }
    let exit = Exit::Panicked("the parrot fell off its perch".to_owned());
    assert_eq!(running.ended().await, exit);
    assert_eq!(notes.all().last(), Some(&Told::Ended(exit)));
}

#[tokio::test]
async fn an_adapter_that_does_not_leave_is_dropped_after_the_grace() {
    let subject = Subject::served(|_input, _output| std::future::pending());
    let (running, ..) = launch(&subject).await;
    let ending = running.close(Duration::from_millis(50)).await;
    assert_eq!(
        (ending.reached, ending.exit),
        (Reached::Killed, Exit::Dropped)
    );
}

#[tokio::test]
async fn an_adapter_that_blocks_its_thread_does_not_block_the_kit() {
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = std::sync::Mutex::new(blocked);
    let subject = Subject::served(move |_input, _output| {
        let _ = blocked.lock().unwrap().recv();
        std::future::pending()
    });
    let (running, ..) = launch(&subject).await;
    assert_eq!(running.kill().await.exit, Exit::Stuck);
    drop(release);
    assert_eq!(running.ended().await, Exit::Dropped);
}

#[tokio::test]
async fn a_log_line_is_named_and_the_answer_behind_it_is_heard() {
    let subject = program(|ask| {
        vec![
            "\u{1b}[32mstarting\u{1b}[0m <b>up</b>\n".to_owned(),
            frame(&ask["id"], r#""result":{}"#),
        ]
    });
    let (running, notes, _sandbox) = launch(&subject).await;
    assert_eq!(
        running.call("health", Value::Null, LIMIT).await,
        Ok(json!({}))
    );
    let violation = &notes.violations()[0];
    assert_eq!(violation.breach, Breach::NotJson);
    assert_eq!(violation.excerpt, r"\u{1b}[32mstarting\u{1b}[0m <b>up</b>");
    assert_eq!(notes.story(), "sent received not_json received");
}

#[tokio::test]
async fn a_program_that_only_logs_is_not_quoted_for_ever() {
    let subject = program(|_| (0..30_000).map(|at| format!("line {at}\n")).collect());
    let (running, notes, _sandbox) = launch(&subject).await;
    let outcome = running.call("health", Value::Null, LIMIT).await;
    assert!(
        matches!(outcome, Err(CallError::Closed { .. })),
        "{outcome:?}"
    );
    let breaches = notes.breaches();
    assert_eq!(
        (breaches.len(), breaches.last()),
        (201, Some(&Breach::Flood))
    );
}

#[tokio::test]
async fn each_odd_frame_is_named() {
    for (lines, breach) in [
        (vec!["[]\n"], Breach::Batch),
        (vec!["7\n"], Breach::NotAFrame),
        (vec!["\n"], Breach::NotJson),
        (
            vec!["{\"jsonrpc\":\"1.0\",\"id\":\"k1\",\"result\":{}}\n"],
            Breach::WrongJsonRpc,
        ),
        (
            vec!["{\"id\":\"k1\",\"result\":{}}\n"],
            Breach::WrongJsonRpc,
        ),
        (
            vec!["{\"jsonrpc\":\"2.0\",\"id\":\"k9\",\"result\":{}}\n"],
            Breach::UnknownId,
        ),
        (
            vec!["{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n"],
            Breach::UnknownId,
        ),
        (
            vec!["{\"jsonrpc\":\"2.0\",\"id\":\"k1\"}\n"],
            Breach::NotAFrame,
        ),
        (
            vec!["{\"jsonrpc\":\"2.0\",\"id\":\"k1\",\"result\":{},\"trace\":1}\n"],
            Breach::NotAFrame,
        ),
        (
            vec!["{\"jsonrpc\":\"2.0\",\"id\":\"k1\",\"result\":{},\"result\":{}}\n"],
            Breach::NotAFrame,
        ),
        (
            vec!["{\"jsonrpc\":\"2.0\",\"id\":\"k1\",\"result\":null}\n"],
            Breach::NotStrict,
        ),
        (
            vec![
                "{\"jsonrpc\":\"2.0\",\"id\":\"k1\",\"error\":{\"code\":-32602,\"message\":\"no\"}}\n",
            ],
            Breach::BadError,
        ),
        (
            vec!["{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{}}\n"],
            Breach::Notification,
        ),
        (
            vec!["{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"event\"}\n"],
            Breach::NotAFrame,
        ),
        (
            vec!["{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"event\",\"params\":{\"a\":null}}\n"],
            Breach::NotStrict,
        ),
    ] {
        let subject = program(move |_| lines.iter().map(ToString::to_string).collect());
        let (running, notes, _sandbox) = launch(&subject).await;
        let told = notes.until(LIMIT, |notes| !notes.breaches().is_empty());
        tokio::select! {
            _ = running.call("health", Value::Null, LIMIT) => {}
            () = told => {}
        }
        assert_eq!(notes.breaches(), [breach]);
        assert!(!notes.violations()[0].to_string().is_empty());
    }
}

#[tokio::test]
async fn an_answer_that_is_none_ends_the_call_at_once() {
    let subject = program(|ask| vec![frame(&ask["id"], r#""result":null"#)]);
    let (running, ..) = launch(&subject).await;
    match running.call("health", Value::Null, LIMIT).await {
        Err(CallError::Malformed { detail, .. }) => assert!(detail.contains("null"), "{detail}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_second_answer_is_named_and_a_late_one_is_not() {
    let twice = program(|ask| vec![frame(&ask["id"], r#""result":{}"#); 2]);
    let (running, notes, _sandbox) = launch(&twice).await;
    running.call("health", Value::Null, LIMIT).await.unwrap();
    running.call("health", Value::Null, LIMIT).await.unwrap();
    assert_eq!(notes.breaches()[0], Breach::AnsweredTwice);

    let late = program(|ask| match ask["id"].as_str() {
        Some("k2") => vec![
            frame(&json!("k1"), r#""result":{}"#),
            frame(&json!("k2"), r#""result":{}"#),
        ],
        _ => Vec::new(),
    });
    let (running, notes, _sandbox) = launch(&late).await;
    running
        .call("act", Value::Null, Duration::from_millis(20))
        .await
        .unwrap_err();
    running.call("health", Value::Null, LIMIT).await.unwrap();
    assert_eq!(notes.breaches(), []);
}

#[tokio::test]
async fn an_echo_is_called_by_its_name() {
    let subject = program(|ask| vec![format!("{ask}\n")]);
    let (running, notes, _sandbox) = launch(&subject).await;
    let outcome = running.call("initialize", hello(), LIMIT).await;
    assert!(
        matches!(outcome, Err(CallError::Malformed { .. })),
        "{outcome:?}"
    );
    assert_eq!(notes.breaches(), [Breach::Echo]);
}

#[tokio::test]
async fn a_request_is_answered_with_its_own_id_and_an_id_in_use_is_named() {
    let held = r#""method":"event","params":{"message_id":"hold"}"#;
    let subject = program(move |ask| match ask["method"].as_str() {
        Some("health") => vec![
            frame(&json!(7), held),
            frame(&json!(7), held),
            frame(&ask["id"], r#""result":{}"#),
        ],
        _ => Vec::new(),
    });
    let (running, notes, _sandbox) = launch(&subject).await;
    running.call("health", Value::Null, LIMIT).await.unwrap();
    assert_eq!(notes.breaches(), [Breach::ReusedId]);
}

#[tokio::test]
async fn requests_in_thousands_are_answered_until_it_is_too_much() {
    let flood = r#""method":"event","params":{}"#;
    let subject = program(move |_| {
        (0..)
            .take(30_000)
            .map(|id| frame(&json!(id), flood))
            .collect()
    });
    let (running, notes, _sandbox) = launch(&subject).await;
    match running.call("health", Value::Null, LIMIT).await {
        Err(CallError::Closed { reason, .. }) => assert_eq!(reason, "the adapter wrote too much"),
        other => panic!("{other:?}"),
    }
    assert_eq!(notes.breaches(), [Breach::Flood]);
    running.kill().await;
}

#[tokio::test]
async fn any_line_can_be_written_and_a_complaint_about_it_be_heard() {
    let (running, ..) = launch_parrot().await;
    match running.provoke("not json", None, LIMIT).await {
        Err(CallError::Remote { error, .. }) => assert_eq!(error.code.get(), -32700),
        other => panic!("{other:?}"),
    }
    let unknown = r#"{"jsonrpc":"2.0","id":"mine","method":"dance"}"#;
    match running.provoke(unknown, Some(&json!("mine")), LIMIT).await {
        Err(CallError::Remote { error, .. }) => assert_eq!(error.code.get(), -32601),
        other => panic!("{other:?}"),
    }
    running.send_raw("and another");
    running.call("health", Value::Null, LIMIT).await.unwrap();
}
