//! The control API and the page: driving WeChat from outside.

use std::collections::BTreeSet;

use aios_wechat::simulator::{Options, openapi};
use aios_wechat::wire::Endpoint;
use serde_json::{Value, json};

use super::client::{Answer, WeChat, cursor, texts};

async fn controlled() -> WeChat {
    let token = "a-token-somebody-chose".to_owned();
    let owner_user_id = "me@im.wechat".to_owned();
    let options = Options {
        control: true,
        token,
        owner_user_id,
        ..Options::default()
    };
    WeChat::with(options).await
}

async fn ask(wechat: &WeChat, method: &str, path: &str, body: &str) -> Answer {
    let length = body.len();
    let mut connection = wechat.connect().await;
    let request = format!(
        "{method} /control{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    connection.write(request.as_bytes()).await.unwrap();
    connection.read().await.unwrap()
}

async fn get(wechat: &WeChat, path: &str) -> Value {
    let answer = ask(wechat, "GET", path, "").await;
    assert_eq!(answer.status, 200, "{path}");
    answer.json()
}

async fn post(wechat: &WeChat, path: &str, body: Value) -> Value {
    let answer = ask(wechat, "POST", path, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{path} {body}");
    answer.json()
}

#[tokio::test]
async fn a_message_is_written_answered_and_given_once_more() {
    let wechat = controlled().await;
    let written = post(
        &wechat,
        "/messages",
        json!({"from": "owner", "text": "hello"}),
    )
    .await;
    let batch = wechat.poll("").await;
    assert_eq!(batch["msgs"][0]["message_id"], written["message_id"]);
    assert_eq!(batch["msgs"][0]["context_token"], written["context_token"]);
    assert_eq!(batch["msgs"][0]["from_user_id"], "me@im.wechat");
    let token = written["context_token"].as_str().unwrap();
    wechat.send("me@im.wechat", "hi", token, "c1").await;
    let deliveries = get(&wechat, "/deliveries").await;
    for (field, value) in [
        ("to_user_id", json!("me@im.wechat")),
        ("text", json!("hi")),
        ("items", json!([{"type": 1, "text_item": {"text": "hi"}}])),
        ("context_token", json!(token)),
        ("client_id", json!("c1")),
    ] {
        assert_eq!(deliveries[0][field], value, "{field}");
    }
    let id = &written["message_id"];
    for spelled in [id.clone(), json!(id.to_string())] {
        let order = json!({"message_id": spelled, "as_new_id": false});
        assert_eq!(post(&wechat, "/redeliver", order).await["message_id"], *id);
    }
    assert_eq!(
        texts(&wechat.poll(cursor(&batch)).await),
        ["hello", "hello"]
    );
    let renamed = post(
        &wechat,
        "/redeliver",
        json!({"message_id": id, "as_new_id": true}),
    )
    .await;
    assert_ne!(renamed["message_id"], *id);
    let logged = get(&wechat, "/messages").await;
    assert_eq!(logged[2]["delivered"], true);
    assert_eq!(logged[3]["delivered"], false);
    assert_eq!(logged[3]["message"]["from_user_id"], "me@im.wechat");
}

#[tokio::test]
async fn an_item_of_any_kind_can_be_sent() {
    let wechat = controlled().await;
    let item = json!({"type": 3, "voice_item": {"text": "spoken"}});
    post(&wechat, "/messages", json!({"from": "ann", "item": item})).await;
    let order = json!({"from": "ann", "items": [{"type": 99}, 7], "group_id": "4@chatroom"});
    post(&wechat, "/messages", order).await;
    let batch = wechat.poll("").await;
    let voice = &batch["msgs"][0]["item_list"][0]["voice_item"];
    assert_eq!(voice["text"], "spoken");
    let file = format!(
        "/media?encrypted_query_param={}&aes_key={}",
        voice["media"]["encrypt_query_param"].as_str().unwrap(),
        voice["media"]["aes_key"].as_str().unwrap(),
    );
    let file = ask(&wechat, "GET", &file, "").await;
    assert!(file.status == 200 && file.body.starts_with(b"\x02#!SILK_V3"));
    assert_eq!(batch["msgs"][1]["group_id"], "4@chatroom");
    assert_eq!(batch["msgs"][1]["item_list"][1], 7);
}

#[tokio::test]
async fn several_messages_come_in_one_answer_each_as_strange_as_is_wanted() {
    let wechat = controlled().await;
    let order = json!({"messages": [
        {"from": "owner", "text": "recalled", "fields": {"delete_time_ms": 1}},
        {"from": "owner", "text": "unfinished", "fields": {"message_state": 1}},
        {"from": "owner", "text": "an echo", "fields": {"message_type": 2, "from_user_id": "the-bot"}},
        {"from": "owner", "text": "one", "fields": {"message_id": 9_007_199_254_740_992_u64}},
        {"from": "owner", "text": "its twin", "fields": {"message_id": 9_007_199_254_740_993_u64}},
        {"from": "owner", "text": "in digits", "fields": {"message_id": "7480000000000000001"}},
        {"from": "owner", "text": "nameless", "omit": ["message_id", "seq", "context_token"]},
        {"from": "owner", "items": [7, null], "fields": {"session_id": null}},
        {"from": "owner", "text": "well"},
    ]});
    let poll = wechat.poll("");
    let write = async {
        wechat.until_parked(1).await;
        post(&wechat, "/batch", order).await
    };
    let (batch, receipts) = tokio::join!(poll, write);
    let messages = batch["msgs"].as_array().unwrap();
    assert_eq!(messages.len(), 9);
    assert_eq!(receipts.as_array().unwrap().len(), 9);
    assert_eq!(messages[0]["delete_time_ms"], 1);
    assert_eq!(messages[1]["message_state"], 1);
    assert_eq!(messages[2]["from_user_id"], "the-bot");
    assert_eq!(messages[3]["message_id"], 9_007_199_254_740_992_u64);
    assert_eq!(messages[4]["message_id"], 9_007_199_254_740_993_u64);
    assert_eq!(messages[5]["message_id"], "7480000000000000001");
    assert_eq!(messages[6].get("context_token"), None);
    assert_eq!(receipts[6], json!({"message_id": 0, "context_token": ""}));
    assert_eq!(messages[7]["item_list"], json!([7, null]));
    assert_eq!(messages[8]["message_id"], receipts[8]["message_id"]);
}

#[tokio::test]
async fn faults_are_set_listed_and_removed() {
    let wechat = controlled().await;
    let rule = json!({"on": "getupdates", "nth": 1, "times": 1,
        "fault": {"kind": "http_status", "status": 500}});
    assert_eq!(
        post(&wechat, "/faults", rule.clone()).await,
        json!({"faults": [rule]})
    );
    let failed = wechat
        .try_call(Endpoint::GetUpdates, &json!({}))
        .await
        .unwrap();
    assert_eq!(failed.status, 500);
    assert_eq!(get(&wechat, "/faults").await, json!({"faults": []}));
    post(&wechat, "/faults", rule).await;
    assert_eq!(
        ask(&wechat, "DELETE", "/faults", "").await.json(),
        json!({"faults": []})
    );
    for (wrong, named) in [
        (
            json!({"on": "getupdates", "fault": {"kind": "melt"}}),
            "never_answer",
        ),
        (
            json!({"on": "getmail", "fault": {"kind": "reset"}}),
            "sendmessage",
        ),
        (
            json!({"on": "getupdates", "fault": {"kind": "stall"}}),
            "ms",
        ),
        (
            json!({"on": "getupdates", "fault": {"kind": "close"}, "each": 1}),
            "each",
        ),
        (
            json!({"on": "getupdates", "nth": 0, "fault": {"kind": "close"}}),
            "nth",
        ),
        (
            json!({"on": "getupdates", "fault": {"kind": "http_status", "status": 7}}),
            "status",
        ),
        (json!(["getupdates", 1, 1, {"kind": "close"}]), "object"),
    ] {
        let answer = ask(&wechat, "POST", "/faults", &wrong.to_string()).await;
        assert_eq!(answer.status, 400, "{wrong}");
        let error = answer.json()["error"].to_string();
        assert!(error.contains(named), "{wrong}: {error}");
    }
    assert_eq!(get(&wechat, "/faults").await, json!({"faults": []}));
}

#[tokio::test]
async fn a_login_ends_and_comes_back_and_contexts_and_cursors_can_be_lost() {
    let wechat = controlled().await;
    let written = post(
        &wechat,
        "/messages",
        json!({"from": "owner", "text": "hello"}),
    )
    .await;
    let batch = wechat.poll("").await;
    post(&wechat, "/expire-session", json!({})).await;
    assert_eq!(get(&wechat, "/state").await["session_expired"], true);
    assert_eq!(wechat.poll("").await["errcode"], -14);
    let renewed = post(&wechat, "/renew-session", json!({})).await;
    assert_eq!(renewed, json!({"token": wechat.simulator.token()}));
    post(&wechat, "/expire-context", json!({"user_id": "owner"})).await;
    let token = written["context_token"].as_str().unwrap();
    assert_eq!(
        wechat.send("me@im.wechat", "hi", token, "c").await["ret"],
        -2
    );
    ask(&wechat, "POST", "/reset-cursor", "").await;
    assert_eq!(wechat.poll(cursor(&batch)).await["ret"], -1);
}

#[tokio::test]
async fn the_journal_grows_waits_and_never_shows_the_token() {
    let wechat = controlled().await;
    assert_eq!(get(&wechat, "/journal").await, json!([]));
    let waiting = get(&wechat, "/journal?after=0&wait_ms=20000");
    let body = json!({"x": wechat.simulator.token()});
    let called = wechat.call(Endpoint::NotifyStart, &body);
    let first = tokio::join!(waiting, called).0;
    assert_eq!(first[0]["number"], 1);
    let all = get(&wechat, "/journal").await;
    assert_eq!(all[0]["event"]["is"], "arrived");
    assert_eq!(
        all[1]["event"],
        json!({"is": "answered", "status": 200,
        "body": {"ret": 0, "errmsg": ""}})
    );
    assert_eq!(all[0]["event"]["body"], json!({"x": "***"}));
    assert!(!all.to_string().contains(&wechat.simulator.token()));
    assert_eq!(get(&wechat, "/journal?after=1").await, json!([all[1]]));
    assert_eq!(
        ask(&wechat, "GET", "/journal?after=x", "").await.status,
        400
    );
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_in_words() {
    let wechat = controlled().await;
    for (method, path, body, status) in [
        ("POST", "/messages", "{", 400),
        ("POST", "/messages", r#"{"from":"owner"}"#, 400),
        ("POST", "/messages", r#"{"from":"","text":"x"}"#, 400),
        (
            "POST",
            "/messages",
            r#"{"from":"a","text":"x","item":{}}"#,
            400,
        ),
        (
            "POST",
            "/messages",
            r#"{"from":"a","text":"x","color":"red"}"#,
            400,
        ),
        ("POST", "/redeliver", r#"{"message_id":1}"#, 404),
        ("POST", "/login", r#"{"statuses":["waiting"]}"#, 400),
        ("POST", "/login", r#"{"statuses":[]}"#, 400),
        ("GET", "/media?aes_key=x", "", 400),
        ("POST", "/batch", r#"{"messages":[]}"#, 400),
        (
            "POST",
            "/batch",
            r#"{"messages":[{"from":"a","text":"x"},{"from":"a"}]}"#,
            400,
        ),
        ("PUT", "/faults", "", 405),
        ("GET", "/expire-session", "", 405),
        ("GET", "/nothing", "", 404),
    ] {
        let answer = ask(&wechat, method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path} {body}");
        assert!(answer.json()["error"].is_string());
    }
}

#[tokio::test]
async fn the_api_describes_itself() {
    let wechat = controlled().await;
    let document = get(&wechat, "/openapi.json").await;
    assert_eq!(document, openapi());
    let published = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/spec/schema/openapi.json"
    ));
    let served = ask(&wechat, "GET", "/openapi.json", "").await.body;
    assert_eq!(
        published.unwrap(),
        served,
        "served letter for letter as it is published"
    );
    let mut connection = wechat.connect().await;
    let where_people_look = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    connection.write(where_people_look).await.unwrap();
    assert_eq!(connection.read().await.unwrap().body, served);
    assert_eq!(document["openapi"], "3.1.0");
    let mut named = BTreeSet::new();
    references(&document, &mut named);
    for reference in named {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path}");
            let method = method.to_uppercase();
            let answer = ask(&wechat, &method, &format!("{path}?wait_ms=0"), "{}").await;
            assert!(
                !matches!(answer.status, 404 | 405) || path == "/media",
                "{method} {path}"
            );
        }
    }
}

fn references(value: &Value, named: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                named.insert(reference.clone());
            }
            fields.values().for_each(|field| references(field, named));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, named)),
        _ => {}
    }
}

#[tokio::test]
async fn the_page_is_one_document_that_loads_nothing() {
    let wechat = controlled().await;
    let mut connection = wechat.connect().await;
    connection
        .write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let page = connection.read().await.unwrap();
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains("default-src 'none'")
    );
    let text = String::from_utf8(page.body).unwrap();
    for outside in ["src=\"", "href=\"http", "@import", "url(", "innerHTML"] {
        assert!(!text.contains(outside), "{outside}");
    }
}

#[tokio::test]
async fn an_adapter_under_test_finds_neither_page_nor_control() {
    let wechat = WeChat::start().await;
    for path in ["", "/state", "/openapi.json"] {
        assert_eq!(ask(&wechat, "GET", path, "").await.status, 404);
    }
}
