//! Messages to people: contexts, repeats, limits.

use aios_wechat::simulator::{ANSWER_WINDOW_MS, Event, Options, SENDS_PER_TOKEN};
use aios_wechat::wire::{Endpoint, TEXT_BYTES_MAX};
use serde_json::{Value, json};

use super::client::{WeChat, outgoing};

fn refused(answer: &Value, code: i64) -> bool {
    answer["ret"] == code && answer["errcode"] == code && answer.get("message_id").is_none()
}

#[tokio::test]
async fn a_sent_text_is_read_and_gets_an_id_above_double_precision() {
    let wechat = WeChat::start().await;
    let token = wechat.simulator.send_text("ann", "hi").context_token;
    let answer = wechat.send("ann", "hello", &token, "c1").await;
    let [delivery] = wechat.simulator.deliveries().try_into().unwrap();
    assert_eq!(answer, json!({"message_id": delivery.message_id}));
    assert!(delivery.message_id > 1 << 53);
    assert_eq!(delivery.to_user_id, "ann");
    assert_eq!(delivery.text, "hello");
    assert_eq!(delivery.context_token, Some(token));
    assert_eq!(delivery.client_id, "c1");
    assert!(wechat.events().contains(&Event::Delivered { delivery }));
}

#[tokio::test]
async fn a_repeated_client_id_is_one_message_for_the_reader() {
    let wechat = WeChat::start().await;
    let token = wechat.simulator.send_text("ann", "hi").context_token;
    let first = wechat.send("ann", "hello", &token, "c1").await;
    assert_eq!(wechat.send("ann", "hello", &token, "c1").await, first);
    let [delivery] = wechat.simulator.deliveries().try_into().unwrap();
    assert_eq!(delivery.repeats, 1);
    assert!(wechat.events().contains(&Event::Repeated {
        message_id: delivery.message_id
    }));
}

#[tokio::test]
async fn a_context_is_used_up_and_a_new_message_heals_it() {
    let wechat = WeChat::start().await;
    let token = wechat.simulator.send_text("ann", "hi").context_token;
    for n in 0..SENDS_PER_TOKEN {
        let answer = wechat.send("ann", "x", &token, &format!("c{n}")).await;
        assert!(answer["message_id"].is_u64(), "{answer}");
    }
    assert!(refused(&wechat.send("ann", "x", &token, "over").await, -2));
    let token = wechat.simulator.send_text("ann", "hi again").context_token;
    assert!(wechat.send("ann", "x", &token, "new").await["message_id"].is_u64());
}

#[tokio::test]
async fn a_context_is_refused_when_it_is_old_revoked_foreign_or_unknown() {
    let wechat = WeChat::with(Options {
        now_ms: 0,
        ..Options::default()
    })
    .await;
    let ann = wechat.simulator.send_text("ann", "hi").context_token;
    let ben = wechat.simulator.send_text("ben", "hi").context_token;
    assert!(refused(&wechat.send("ann", "x", &ben, "c1").await, -2));
    assert!(refused(&wechat.send("ann", "x", "unknown", "c2").await, -2));
    assert!(refused(&wechat.send("eve", "x", &ann, "c3").await, -2));
    assert!(refused(&wechat.send("eve", "x", "", "c4").await, -2));
    assert!(wechat.send("ann", "x", "", "c5").await["message_id"].is_u64());
    wechat.simulator.expire_context("ben");
    assert!(refused(&wechat.send("ben", "x", &ben, "c6").await, -2));
    wechat.simulator.set_now(ANSWER_WINDOW_MS + 1);
    assert!(refused(&wechat.send("ann", "x", &ann, "c7").await, -2));
    assert_eq!(
        wechat.simulator.deliveries().len(),
        1,
        "a refused send is no delivery"
    );
}

#[tokio::test]
async fn sends_of_every_client_are_understood() {
    let wechat = WeChat::start().await;
    let token = wechat.simulator.send_text("ann", "hi").context_token;
    let text = |text: &str| json!({"type": 1, "text_item": {"text": text}});
    let image = json!({"type": 2, "image_item": {"media": {"encrypt_type": 1}}});
    let bodies = [
        json!({"msg": {"to_user_id": "ann", "context_token": null, "item_list": [text("a")]}}),
        json!({"msg": {"to_user_id": "ann", "context_token": token, "session_id": "s",
            "run_id": "r", "client_id": "1", "item_list": [image, text("b"), text("c")]}}),
    ];
    for body in bodies {
        let answer = wechat.call(Endpoint::SendMessage, &body).await;
        assert!(answer["message_id"].is_u64(), "{answer}");
    }
    let texts = wechat
        .simulator
        .deliveries()
        .into_iter()
        .map(|delivery| delivery.text);
    assert_eq!(texts.collect::<Vec<_>>(), ["a", "b\nc"]);
    let progress = json!({"msg": {"to_user_id": "ann", "context_token": token, "item_list":
        [{"type": 11, "tool_call_start_item": {"tool_name": "ls", "tool_call_id": "1"}}]}});
    assert_eq!(
        wechat.call(Endpoint::SendMessage, &progress).await,
        json!({})
    );
    assert_eq!(
        wechat.simulator.deliveries().len(),
        2,
        "nobody reads progress"
    );
}

#[tokio::test]
async fn a_text_is_taken_up_to_the_limit_and_no_byte_further() {
    let wechat = WeChat::start().await;
    let token = wechat.simulator.send_text("ann", "hi").context_token;
    let longest = "界".repeat(TEXT_BYTES_MAX / 3) + "x";
    assert_eq!(longest.len(), TEXT_BYTES_MAX);
    assert!(wechat.send("ann", &longest, &token, "c1").await["message_id"].is_u64());
    assert!(refused(
        &wechat.send("ann", &(longest + "x"), &token, "c2").await,
        -1
    ));
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_not_counted() {
    let wechat = WeChat::start().await;
    let token = wechat.simulator.send_text("ann", "hi").context_token;
    let mut nobody = outgoing("ann", "x", &token, "c");
    nobody["msg"]["to_user_id"] = Value::Null;
    let mut empty = outgoing("ann", "x", &token, "c");
    empty["msg"]["item_list"] = json!([]);
    for body in [
        nobody,
        empty,
        json!({}),
        json!({"msg": []}),
        json!([]),
        json!("x"),
    ] {
        let answer = wechat.call(Endpoint::SendMessage, &body).await;
        assert!(refused(&answer, -1), "{body}");
    }
    assert!(wechat.simulator.deliveries().is_empty());
}

#[tokio::test]
async fn a_wrong_or_missing_token_is_answered_in_a_200() {
    let wechat = WeChat::start().await;
    for authorization in [
        "",
        "Authorization: Bearer wrong\r\n",
        "authorization: Basic eA==\r\n",
    ] {
        let mut connection = wechat.connect().await;
        let head = "POST /ilink/bot/sendmessage HTTP/1.1\r\nHost: localhost\r\n";
        let request = format!("{head}{authorization}Content-Length: 2\r\n\r\n{{}}");
        connection.write(request.as_bytes()).await.unwrap();
        let answer = connection.read().await.unwrap();
        assert_eq!(answer.status, 200);
        assert!(refused(&answer.json(), -14));
    }
}
