//! Position, redelivery and recovery: nothing is lost, nothing is told twice.

use std::fs;
use std::path::{Path, PathBuf};

use aios_wechat::adapter::{Adapter as _, Answer, EventError};
use aios_wechat::contract::Code;
use aios_wechat::reference::Reference;
use serde_json::json;

use super::bench::{Bench, FRIEND, OWNER, STRANGER, until};

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[tokio::test]
async fn a_redelivered_message_is_told_once_whatever_its_new_id() {
    let mut bench = Bench::started(json!({})).await;
    let first = bench.wechat.send_text(OWNER, "hello");
    bench.settled().await;
    bench.wechat.redeliver(first.message_id, false);
    bench.wechat.redeliver(first.message_id, true);
    bench.settled().await;
    bench.restart().await;
    bench.wechat.redeliver(first.message_id, false);
    bench.wechat.send_text(OWNER, "hello");
    bench.settled().await;
    assert_eq!(bench.aios.texts(), ["hello", "hello"]);
}

#[tokio::test]
async fn twice_the_window_later_a_redelivery_is_told_again() {
    let mut bench = Bench::started(json!({"policy": {"dedup_window_sec": 60}})).await;
    let first = bench.wechat.send_text(OWNER, "hello");
    bench.settled().await;
    bench.advance(120_000).await;
    bench.wechat.redeliver(first.message_id, false);
    bench.settled().await;
    let events = bench.aios.about_people();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["dedup_key"], events[1]["dedup_key"]);
    assert_eq!(events[0]["correlation_id"], events[1]["correlation_id"]);
}

#[tokio::test]
async fn while_aios_is_unavailable_the_same_event_comes_again_and_nothing_is_polled() {
    let mut bench = Bench::started(json!({})).await;
    bench.aios.will_answer(
        Err(EventError::Unavailable {
            retry_after_ms: 200,
        }),
        3,
    );
    bench.wechat.send_text(OWNER, "one");
    for tries in 1..=3 {
        until(|| bench.aios.events().len() == tries).await;
        until(|| bench.wechat.parked().is_empty()).await;
        bench.advance(200).await;
    }
    bench.settled().await;
    let mut events = bench.aios.about_people();
    assert_eq!(events.len(), 4);
    for (retries, event) in events.iter_mut().enumerate().skip(1) {
        assert_eq!(event["retry_count"], retries);
        event.as_object_mut().unwrap().remove("retry_count");
    }
    assert!(events.iter().all(|event| *event == events[0]));
}

#[tokio::test]
async fn a_kill_before_acceptance_loses_nothing() {
    let mut bench = Bench::started(json!({})).await;
    bench.wechat.send_text(OWNER, "accepted");
    bench.settled().await;
    bench.aios.deaf(true);
    bench.wechat.send_text(OWNER, "unheard");
    until(|| bench.aios.texts().len() == 2).await;
    bench.aios.deaf(false);
    // What a kill leaves: the folder as it is, and a process that never comes back.
    let killed = std::mem::replace(&mut bench.adapter, Reference::new());
    bench.start().await.unwrap();
    bench.settled().await;
    drop(killed);
    assert_eq!(bench.aios.texts(), ["accepted", "unheard", "unheard"]);
    let events = bench.aios.about_people();
    assert_eq!(events[1]["dedup_key"], events[2]["dedup_key"]);
    assert_ne!(events[1]["stream_id"], events[2]["stream_id"]);
}

#[tokio::test]
async fn a_refused_event_is_on_record_and_holds_nothing_up() {
    let bench = Bench::started(json!({})).await;
    let refused = EventError::Refused {
        pointer: "/x".into(),
        message: "no".into(),
    };
    bench.aios.will_answer(Err(refused), 1);
    bench.wechat.send_text(OWNER, "one");
    bench.wechat.send_text(FRIEND, "two");
    bench.settled().await;
    assert_eq!(bench.aios.texts(), ["one", "two"]);
    let health = bench.adapter.health().await;
    assert_eq!(health.last_error_code, Some(Code::EventRefused));
}

#[tokio::test]
async fn what_aios_accepts_at_the_last_moment_is_not_told_again() {
    let mut bench = Bench::started(json!({})).await;
    bench.aios.will_answer(Ok(Answer::Accepted), 1);
    bench.wechat.send_text(OWNER, "one");
    until(|| bench.aios.texts().len() == 1).await;
    bench.restart().await;
    bench.settled().await;
    assert_eq!(bench.aios.texts(), ["one"]);
}

#[tokio::test]
async fn a_lost_position_is_recovered_and_reported() {
    let bench = Bench::started(json!({})).await;
    bench.wechat.send_text(OWNER, "before");
    bench.settled().await;
    bench.wechat.reset_cursor();
    bench.wechat.send_text(OWNER, "after");
    bench.settled().await;
    assert_eq!(bench.aios.texts(), ["before", "after"]);
    let health = bench.adapter.health().await;
    assert!(
        health
            .recent_errors
            .iter()
            .any(|error| error.code == Code::CursorReset)
    );
    assert!(
        bench
            .aios
            .events()
            .iter()
            .any(|event| event.status_code() == "cursor_reset")
    );
}

#[tokio::test]
async fn the_position_is_resumed_under_its_key_and_not_under_another() {
    let mut bench = Bench::started(json!({})).await;
    bench.wechat.send_text(OWNER, "hello");
    bench.settled().await;
    let last = bench.polls.lock().unwrap().last().unwrap().clone();
    assert_ne!(last, "");
    for (key, first) in [("another", ""), ("wx-main", last.as_str())] {
        bench.adapter.stop().await.unwrap();
        bench.document["config"]["cursor_key"] = key.into();
        bench.adapter = Reference::new();
        let before = bench.polls.lock().unwrap().len();
        bench.start().await.unwrap();
        bench.settled().await;
        assert_eq!(bench.polls.lock().unwrap()[before], first, "{key}");
    }
    assert_eq!(bench.aios.texts(), ["hello"]);
}

#[tokio::test]
async fn damaged_state_is_reported_and_recovered_from() {
    for damage in ["cut", "garbage", "removed"] {
        let mut bench = Bench::started(json!({})).await;
        bench.wechat.send_text(OWNER, "before");
        bench.settled().await;
        bench.adapter.stop().await.unwrap();
        for file in files(bench.state_dir()) {
            let bytes = fs::read(&file).unwrap();
            match damage {
                "cut" => fs::write(&file, &bytes[..bytes.len() / 2]).unwrap(),
                "garbage" => fs::write(&file, vec![0xa5; bytes.len()]).unwrap(),
                _ => fs::remove_file(&file).unwrap(),
            }
        }
        bench.adapter = Reference::new();
        bench.start().await.unwrap();
        bench.wechat.send_text(OWNER, "after");
        bench.settled().await;
        assert_eq!(bench.aios.texts().last().unwrap(), "after", "{damage}");
        let health = bench.adapter.health().await;
        assert!(
            health
                .recent_errors
                .iter()
                .any(|error| error.code == Code::StateDamaged)
        );
        let streams: Vec<_> = bench
            .aios
            .events()
            .iter()
            .map(|event| event.stream_id().clone())
            .collect();
        assert_ne!(streams.first(), streams.last());
        let keys: Vec<_> = bench
            .aios
            .about_people()
            .iter()
            .filter(|event| event["payload"]["text"] == "before")
            .map(|event| event["dedup_key"].clone())
            .collect();
        assert!(keys.iter().all(|key| *key == keys[0]));
    }
}

#[tokio::test]
async fn no_body_and_no_credential_is_in_the_folder_and_it_does_not_grow() {
    let mut bench = Bench::started(json!({"policy": {"dedup_window_sec": 2}})).await;
    let mut sizes = Vec::new();
    for window in 0..4 {
        for n in 0..50 {
            bench
                .wechat
                .send_text(OWNER, &format!("SECRETBODY {window} {n}"));
            bench.wechat.send_text(STRANGER, "STRANGEBODY");
        }
        bench.settled().await;
        bench.say(OWNER, "OUTBODY").await;
        let texts = files(bench.state_dir())
            .into_iter()
            .map(|file| fs::read_to_string(file).unwrap());
        let state: String = texts.collect();
        for secret in [
            "SECRETBODY",
            "STRANGEBODY",
            "OUTBODY",
            &bench.wechat.token(),
        ] {
            assert!(!state.contains(secret), "{secret}");
        }
        sizes.push(state.len());
        bench.advance(2_000).await;
    }
    assert!(sizes[3] <= sizes[0] + 1_000, "{sizes:?}");
}
