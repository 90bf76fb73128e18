//! Long polls, batches and cursors.

use std::time::Duration;

use aios_wechat::simulator::{Draft, Event, Options, Parcel};
use aios_wechat::wire::{
    BATCH_BYTES_MAX, Endpoint, GetUpdatesResponse, TEXT_BYTES_MAX, WeixinMessage, read,
};
use serde_json::json;

use super::client::{WeChat, cursor, texts};

#[tokio::test]
async fn a_message_is_given_once_and_its_cursor_lies_behind_it() {
    let wechat = WeChat::start().await;
    let sent = wechat.simulator.send_text("ann@im.wechat", "hello");
    let batch = wechat.poll("").await;
    assert_eq!(texts(&batch), ["hello"]);
    assert_eq!(batch["ret"], 0);
    let next = wechat.poll(cursor(&batch));
    let both = async {
        wechat.until_parked(1).await;
        assert_eq!(wechat.simulator.parked()[0].position, sent.position);
        wechat.simulator.send_text("ann@im.wechat", "again");
    };
    assert_eq!(texts(&tokio::join!(next, both).0), ["again"]);
}

#[tokio::test]
async fn a_message_has_every_field_that_clients_expect() {
    let wechat = WeChat::start().await;
    let sent = wechat.simulator.send_text("ann@im.wechat", "hello");
    let batch = wechat.poll("").await;
    let message = &batch["msgs"][0];
    let bot_id = wechat.simulator.bot_id();
    assert!(sent.message_id > 1 << 53 && i64::try_from(sent.message_id).is_ok());
    assert!(sent.context_token.starts_with("AARzJWAF"));
    for (field, value) in [
        ("seq", json!(1)),
        ("message_id", json!(sent.message_id)),
        ("from_user_id", json!("ann@im.wechat")),
        ("to_user_id", json!(bot_id)),
        ("client_id", json!(sent.client_id)),
        ("create_time_ms", json!(sent.create_time_ms)),
        ("update_time_ms", json!(sent.create_time_ms)),
        ("delete_time_ms", json!(0)),
        ("session_id", json!(format!("ann@im.wechat#{bot_id}"))),
        ("group_id", json!("")),
        ("message_type", json!(1)),
        ("message_state", json!(2)),
        ("context_token", json!(sent.context_token)),
    ] {
        assert_eq!(message[field], value, "{field}");
    }
    let item = &message["item_list"][0];
    assert_eq!(item["type"], 1);
    assert_eq!(item["is_completed"], true);
    assert!(
        item["msg_id"]
            .as_str()
            .is_some_and(|id| id.starts_with("v1:"))
    );
    assert!(!batch.to_string().contains("null"));
    assert_eq!(batch.get("errcode"), None);
    let answer = read::<GetUpdatesResponse>(&batch.to_string())
        .whole()
        .unwrap();
    assert!(answer.msgs[0].read::<WeixinMessage>().whole().is_some());
}

#[tokio::test]
async fn a_poll_is_held_and_then_answered_empty_with_the_same_position() {
    let hold = Duration::from_millis(20);
    let wechat = WeChat::with(Options {
        hold,
        ..Options::default()
    })
    .await;
    let first = wechat.poll("").await;
    assert_eq!(first["msgs"], json!([]));
    let second = wechat.poll(cursor(&first)).await;
    assert_eq!(cursor(&second), cursor(&first));
    assert_eq!(second["ret"], 0);
}

#[tokio::test]
async fn a_client_that_left_takes_no_message_with_it() {
    for honours_old_cursor in [false, true] {
        let wechat = WeChat::with(Options {
            honours_old_cursor,
            ..Options::default()
        })
        .await;
        let mut connection = wechat.connect().await;
        let poll = wechat.request(Endpoint::GetUpdates, &json!({}));
        connection.write(&poll).await.unwrap();
        wechat.until_parked(1).await;
        drop(connection);
        wechat.simulator.send_text("ann", "hello");
        assert_eq!(texts(&wechat.poll("").await), ["hello"]);
        wechat.until(|events| events.contains(&Event::Left)).await;
    }
}

#[tokio::test]
async fn of_two_held_polls_the_newer_is_answered_and_then_the_other() {
    let wechat = WeChat::start().await;
    let request = wechat.request(Endpoint::GetUpdates, &json!({}));
    let (mut older, mut newer) = (wechat.connect().await, wechat.connect().await);
    older.write(&request).await.unwrap();
    wechat.until_parked(1).await;
    newer.write(&request).await.unwrap();
    wechat.until_parked(2).await;
    wechat.simulator.send_text("ann", "one");
    assert_eq!(texts(&newer.read().await.unwrap().json()), ["one"]);
    wechat.simulator.send_text("ann", "two");
    assert_eq!(texts(&older.read().await.unwrap().json()), ["two"]);
}

#[tokio::test]
async fn a_poll_is_held_for_as_long_as_every_client_waits() {
    // The most impatient client gives up after 35 s, and some read an early answer as an error.
    let hold = Options::default().hold.as_secs();
    assert!((25..=30).contains(&hold), "{hold}");
}

#[tokio::test]
async fn an_old_cursor_brings_nothing_back_unless_it_is_honoured() {
    for honours_old_cursor in [false, true] {
        let hold = Duration::from_millis(20);
        let wechat = WeChat::with(Options {
            honours_old_cursor,
            hold,
            ..Options::default()
        })
        .await;
        wechat.simulator.send_text("ann", "one");
        let first = wechat.poll("").await;
        wechat.simulator.send_text("ann", "two");
        assert_eq!(texts(&wechat.poll(cursor(&first)).await), ["two"]);
        let again = wechat.poll(cursor(&first)).await;
        let from_the_start = wechat.poll("").await;
        if honours_old_cursor {
            assert_eq!(texts(&again), ["two"]);
            assert_eq!(texts(&from_the_start), ["one", "two"]);
        } else {
            assert_eq!(texts(&again), [""; 0]);
            assert_eq!(texts(&from_the_start), [""; 0]);
        }
    }
}

#[tokio::test]
async fn after_a_reset_no_cursor_is_known_until_a_poll_comes_without_one() {
    let wechat = WeChat::start().await;
    wechat.simulator.send_text("ann", "one");
    let old = wechat.poll("").await;
    let held = wechat.poll(cursor(&old));
    let reset = async {
        wechat.until_parked(1).await;
        wechat.simulator.reset_cursor();
    };
    let told = tokio::join!(held, reset).0;
    wechat.simulator.send_text("ann", "two");
    for refused in [
        told,
        wechat.poll(cursor(&old)).await,
        wechat.poll("foreign").await,
    ] {
        let expected = json!({"ret": -1, "errcode": -1, "errmsg": "invalid get_updates_buf"});
        assert_eq!(refused, expected);
    }
    assert_eq!(texts(&wechat.poll("").await), ["two"]);
}

#[tokio::test]
async fn a_batch_arrives_in_one_answer_copies_included() {
    let wechat = WeChat::start().await;
    let poll = wechat.poll("");
    let inject = async {
        wechat.until_parked(1).await;
        wechat.simulator.inject_batch(&[
            Parcel::New(Draft::text("ann", "one")),
            Parcel::New(Draft::text("ben", "two")),
            Parcel::Twin {
                of: 0,
                as_new_id: false,
            },
            Parcel::Twin {
                of: 1,
                as_new_id: true,
            },
        ])
    };
    let (batch, injected) = tokio::join!(poll, inject);
    assert_eq!(texts(&batch), ["one", "two", "one", "two"]);
    assert_eq!(injected[0].message_id, injected[2].message_id);
    assert_eq!(batch["msgs"][0], batch["msgs"][2]);
    assert_ne!(injected[1].message_id, injected[3].message_id);
    assert_ne!(injected[1].context_token, injected[3].context_token);
    assert_eq!(injected[1].client_id, injected[3].client_id);
    assert_eq!(injected[1].create_time_ms, injected[3].create_time_ms);
}

#[tokio::test]
async fn an_answer_is_never_longer_than_every_client_takes() {
    let wechat = WeChat::start().await;
    let long = "x".repeat(TEXT_BYTES_MAX);
    let parcels = vec![Parcel::New(Draft::text("ann", long)); 100];
    wechat.simulator.inject_batch(&parcels);
    let (mut cursor, mut received) = (String::new(), 0);
    while received < parcels.len() {
        let poll = json!({"get_updates_buf": cursor});
        let answer = wechat.try_call(Endpoint::GetUpdates, &poll).await.unwrap();
        assert!(
            answer.body.len() <= BATCH_BYTES_MAX,
            "{}",
            answer.body.len()
        );
        received += texts(&answer.json()).len();
        super::client::cursor(&answer.json()).clone_into(&mut cursor);
    }
    assert_eq!(wechat.simulator.consumed(), parcels.len());
}

#[tokio::test]
async fn a_message_can_be_given_once_more() {
    let wechat = WeChat::start().await;
    let sent = wechat.simulator.send_text("ann", "one");
    let first = wechat.poll("").await;
    let copy = wechat.simulator.redeliver(sent.message_id, false).unwrap();
    let again = wechat.poll(cursor(&first)).await;
    assert_eq!(again["msgs"], first["msgs"]);
    assert_eq!(copy.position, sent.position + 1);
    assert_eq!(wechat.simulator.redeliver(1, false), None);
}

#[tokio::test]
async fn a_draft_may_say_anything_of_any_type() {
    let wechat = WeChat::start().await;
    let draft = Draft::items("ann", vec![json!(7), json!({"type": 1, "text_item": "no"})])
        .with("message_id", "9007199254740993")
        .with("delete_time_ms", 5)
        .without("context_token")
        .in_group("42@chatroom");
    let sent = wechat.simulator.inject(draft);
    assert_eq!(sent.message_id, 9_007_199_254_740_993);
    assert_eq!(sent.context_token, "");
    wechat
        .simulator
        .inject(Draft::text("ann", "LONE").spelling("LONE", r"\ud83d"));
    let poll = json!({"get_updates_buf": ""});
    let answer = wechat.try_call(Endpoint::GetUpdates, &poll).await.unwrap();
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains(r#""text":"\ud83d""#));
    let batch = read::<GetUpdatesResponse>(&text).whole().unwrap();
    let message = batch.msgs[0].read::<WeixinMessage>().whole().unwrap();
    assert_eq!(message.group_id, "42@chatroom");
    assert_eq!(message.delete_time_ms, 5);
    assert_eq!(message.item_list[0].text(), "7");
    assert!(batch.msgs[1].read::<WeixinMessage>().whole().is_some());
}

#[tokio::test]
async fn an_expired_login_refuses_every_call_and_held_polls_are_told() {
    let wechat = WeChat::start().await;
    let poll = wechat.poll("");
    let expire = async {
        wechat.until_parked(1).await;
        wechat.simulator.expire_session();
    };
    let refused = tokio::join!(poll, expire).0;
    assert_eq!(
        refused,
        json!({"ret": -14, "errcode": -14, "errmsg": "session timeout"})
    );
    for endpoint in Endpoint::ALL
        .into_iter()
        .filter(|endpoint| endpoint.needs_token())
    {
        let answer = wechat.try_call(endpoint, &json!({})).await.unwrap();
        assert_eq!(
            (answer.status, answer.json()),
            (200, refused.clone()),
            "{endpoint}"
        );
    }
    assert_eq!(wechat.simulator.renew_session(), wechat.simulator.token());
    wechat.simulator.send_text("ann", "hello");
    assert_eq!(texts(&wechat.poll("").await), ["hello"]);
}

#[tokio::test]
async fn everything_is_observed_in_order_and_the_token_is_masked() {
    let wechat = WeChat::start().await;
    let poll = wechat.poll("");
    let write = async {
        wechat.until_parked(1).await;
        wechat.simulator.send_text("ann", "hello");
    };
    tokio::join!(poll, write);
    let events = wechat.events();
    let [
        Event::Arrived {
            headers,
            authorized,
            position,
            nth,
            ..
        },
        parked,
        answered,
    ] = events.as_slice()
    else {
        panic!("{events:?}");
    };
    assert_eq!(headers["authorization"], "Bearer ***");
    assert_eq!((*authorized, *position, *nth), (true, Some(0), 1));
    assert_eq!(*parked, Event::Parked { position: 0 });
    assert!(matches!(
        answered,
        Event::Answered {
            status: 200,
            upto: Some(1),
            ..
        }
    ));
    assert!(!format!("{events:?}").contains(&wechat.simulator.token()));
}
