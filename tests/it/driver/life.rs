//! `serve` seen from outside: lines in, lines out.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use aios_wechat::adapter::serve;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex};
use tokio::time::timeout;

use super::parrot::{Counts, Parrot, action, hello, setup, value};

/// One conversation with a parrot.
struct Talk {
    mouth: DuplexStream,
    hearing: BufReader<DuplexStream>,
    counts: Arc<Counts>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Talk {
    fn new() -> Self {
        let (mouth, input) = duplex(1 << 16);
        let (output, hearing) = duplex(1 << 16);
        let counts = Arc::default();
        let served = tokio::spawn(serve(Parrot::new(&counts), input, output));
        Self {
            mouth,
            hearing: BufReader::new(hearing),
            counts,
            served,
        }
    }

    async fn started() -> Self {
        let mut talk = Self::new();
        talk.ask("initialize", hello()).await;
        assert_eq!(talk.ask("start", setup("wx-main")).await, json!({}));
        talk
    }

    async fn say(&mut self, line: &str) {
        self.mouth.write_all(line.as_bytes()).await.unwrap();
        self.mouth.write_all(b"\n").await.unwrap();
    }

    async fn request(&mut self, id: &str, method: &str, params: Value) {
        let frame = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.say(&frame.to_string()).await;
    }

    async fn hear(&mut self) -> Value {
        let mut line = String::new();
        let read = self.hearing.read_line(&mut line);
        timeout(Duration::from_secs(5), read)
            .await
            .expect("an answer in time")
            .unwrap();
        value(&line)
    }

    /// Asks and hears the result, or the error.
    async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.request("k", method, params).await;
        let mut answer = self.hear().await;
        assert_eq!(answer["id"], "k");
        let is_error = answer.get("error").is_some();
        answer[if is_error { "error" } else { "result" }].take()
    }

    async fn refusal(&mut self, method: &str, params: Value) -> i64 {
        self.ask(method, params).await["code"]
            .as_i64()
            .expect("an error")
    }

    async fn complaint(&mut self, line: &str) -> i64 {
        self.say(line).await;
        let answer = self.hear().await;
        assert_eq!(answer.get("id"), None);
        answer["error"]["code"].as_i64().expect("an error")
    }

    async fn end(self) -> Arc<Counts> {
        drop(self.mouth);
        timeout(Duration::from_secs(5), self.served)
            .await
            .expect("an end")
            .unwrap()
            .unwrap();
        self.counts
    }
}

#[tokio::test]
async fn the_handshake_names_the_version_and_the_capabilities() {
    let mut talk = Talk::new();
    let welcome = talk.ask("initialize", hello()).await;
    assert_eq!(welcome["protocol_version"], 1);
    assert_eq!(welcome["capabilities"]["health"], "stopped");
}

#[tokio::test]
async fn an_unknown_version_is_answered_with_those_that_are_spoken_whatever_else_it_says() {
    let mut talk = Talk::new();
    let error = talk
        .ask(
            "initialize",
            json!({"protocol_version": 2, "dialect": "new"}),
        )
        .await;
    assert_eq!(error["code"], -32005);
    assert_eq!(error["data"], json!({"supported": [1]}));
    assert_eq!(talk.refusal("start", setup("wx-main")).await, -32004);
    assert_eq!(talk.ask("initialize", hello()).await["protocol_version"], 1);
}

#[tokio::test]
async fn nothing_but_the_handshake_is_answered_before_it() {
    let mut talk = Talk::new();
    for method in ["start", "act", "health", "audit", "advance", "stop"] {
        assert_eq!(talk.refusal(method, json!({})).await, -32004, "{method}");
    }
}

#[tokio::test]
async fn before_start_there_is_health_and_stop_and_nothing_else() {
    let mut talk = Talk::new();
    talk.ask("initialize", hello()).await;
    assert_eq!(talk.ask("health", json!({})).await["health"], "stopped");
    assert_eq!(talk.ask("stop", json!({})).await, json!({}));
    assert_eq!(talk.refusal("act", action("hi")).await, -32004);
    assert_eq!(talk.refusal("audit", json!({})).await, -32004);
    assert_eq!(talk.end().await.stopped.load(SeqCst), 0);
}

#[tokio::test]
async fn a_second_start_is_refused_and_a_start_after_a_refused_one_is_not() {
    let mut talk = Talk::new();
    talk.ask("initialize", hello()).await;
    let error = talk.ask("start", setup("refused")).await;
    assert_eq!(error["code"], -32602);
    assert_eq!(
        error["data"],
        json!({"pointer": "/integration/channel_id", "message": "not this one"})
    );
    assert_eq!(talk.ask("start", setup("wx-main")).await, json!({}));
    assert_eq!(talk.refusal("start", setup("wx-main")).await, -32003);
    assert_eq!(talk.ask("health", json!({})).await["health"], "healthy");
    assert_eq!(talk.end().await.started.load(SeqCst), 1);
}

#[tokio::test]
async fn a_document_that_breaks_the_contract_is_refused_with_a_pointer() {
    let mut talk = Talk::new();
    talk.ask("initialize", hello()).await;
    let mut broken = setup("wx-main");
    broken["integration"]["route"]["agent_id"].take();
    let error = talk.ask("start", broken).await;
    assert_eq!(
        (&error["code"], &error["data"]["pointer"]),
        (&json!(-32602), &json!("/integration/route/agent_id"))
    );
    let mut broken = setup("wx-main");
    broken["integration"]["policy"] = json!({"owner_onyl": true});
    let error = talk.ask("start", broken).await;
    assert_eq!(error["data"]["pointer"], "/integration/policy/owner_onyl");
    assert_eq!(talk.refusal("start", json!({})).await, -32602);
    assert_eq!(talk.ask("start", setup("wx-main")).await, json!({}));
    assert_eq!(
        talk.refusal("act", json!({"event_type": "tool_call"}))
            .await,
        -32602
    );
    assert_eq!(
        talk.ask("health", json!({"verbose": true})).await["data"]["pointer"],
        "/verbose"
    );
}

#[tokio::test]
async fn a_repeated_key_is_found_however_deep_it_lies() {
    let mut talk = Talk::new();
    talk.ask("initialize", hello()).await;
    let twice = setup("wx-main").to_string().replacen(
        r#""enabled":true"#,
        r#""enabled":false,"enabled":true"#,
        1,
    );
    talk.say(&format!(
        r#"{{"jsonrpc":"2.0","id":"k","method":"start","params":{twice}}}"#
    ))
    .await;
    let answer = talk.hear().await;
    assert_eq!(answer["error"]["data"]["pointer"], "/integration/enabled");
}

#[tokio::test]
async fn what_is_no_request_is_named_and_the_conversation_goes_on() {
    let mut talk = Talk::started().await;
    assert_eq!(talk.complaint("hello?").await, -32700);
    assert_eq!(talk.complaint("").await, -32700);
    assert_eq!(talk.complaint(&"[".repeat(100_000)).await, -32700);
    assert_eq!(
        talk.complaint(r#"[{"jsonrpc":"2.0","id":"k","method":"stop"}]"#)
            .await,
        -32600
    );
    assert_eq!(talk.complaint("7").await, -32600);
    assert_eq!(
        talk.complaint(r#"{"jsonrpc":"2.0","id":{},"method":"stop"}"#)
            .await,
        -32600
    );
    talk.say(r#"{"jsonrpc":"1.0","id":9,"method":"stop"}"#)
        .await;
    let answer = talk.hear().await;
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&json!(9), &json!(-32600))
    );
    assert_eq!(talk.refusal("restart", json!({})).await, -32601);
    assert_eq!(
        talk.refusal("advance", json!({"now": "2026-03-24T12:00:00.000Z"}))
            .await,
        -32601
    );
    assert_eq!(talk.ask("health", json!({})).await["health"], "healthy");
}

#[tokio::test]
async fn a_notification_is_not_answered() {
    let mut talk = Talk::started().await;
    talk.say(r#"{"jsonrpc":"2.0","method":"health"}"#).await;
    assert_eq!(talk.ask("health", json!({})).await["health"], "healthy");
}

#[tokio::test]
async fn an_outstanding_act_delays_neither_health_nor_stop() {
    let mut talk = Talk::started().await;
    talk.request("slow", "act", action("hang")).await;
    assert_eq!(talk.ask("health", json!({})).await["health"], "healthy");
    assert_eq!(talk.ask("stop", json!({})).await, json!({}));
}

#[tokio::test]
async fn after_stop_the_adapter_is_stopped_once_and_for_good() {
    let mut talk = Talk::started().await;
    assert_eq!(talk.ask("stop", json!({})).await, json!({}));
    assert_eq!(talk.ask("stop", json!({})).await, json!({}));
    assert_eq!(talk.refusal("act", action("hi")).await, -32004);
    assert_eq!(talk.refusal("audit", json!({})).await, -32004);
    assert_eq!(talk.refusal("start", setup("wx-main")).await, -32003);
    assert_eq!(talk.ask("health", json!({})).await["health"], "stopped");
    assert_eq!(talk.end().await.stopped.load(SeqCst), 1);
}

#[tokio::test]
async fn a_stop_overtakes_a_start_that_hangs() {
    let mut talk = Talk::new();
    talk.ask("initialize", hello()).await;
    talk.request("s", "start", setup("slow")).await;
    talk.request("p", "stop", json!({})).await;
    let (first, second) = (talk.hear().await, talk.hear().await);
    let mut ids = [first["id"].clone(), second["id"].clone()];
    ids.sort_by_key(ToString::to_string);
    assert_eq!(ids, [json!("p"), json!("s")]);
    let (start, stop) = if first["id"] == "s" {
        (first, second)
    } else {
        (second, first)
    };
    assert_eq!(
        (&start["error"]["code"], &stop["result"]),
        (&json!(-32603), &json!({}))
    );
}

#[tokio::test]
async fn the_end_of_input_stops_the_adapter() {
    let talk = Talk::started().await;
    let counts = talk.end().await;
    assert_eq!(
        (counts.stopped.load(SeqCst), counts.dropped.load(SeqCst)),
        (1, 1)
    );
}

#[tokio::test]
async fn what_was_asked_before_the_end_of_input_is_still_answered() {
    let mut talk = Talk::new();
    talk.request("a", "initialize", hello()).await;
    talk.request("b", "health", json!({})).await;
    talk.mouth.shutdown().await.unwrap();
    assert_eq!(talk.hear().await["id"], "a");
    assert_eq!(talk.hear().await["id"], "b");
}

#[tokio::test]
async fn an_event_waits_for_its_answer_and_hears_it() {
    let answers = [
        (json!({"result": {"status": "accepted"}}), "delivered"),
        (json!({"result": {"status": "duplicate"}}), "applied"),
        (
            json!({"error": {"code": -32001, "message": "no", "data": {"pointer": "/payload", "message": "no"}}}),
            "rejected",
        ),
        (
            json!({"error": {"code": -32002, "message": "later", "data": {"retry_after_ms": 100}}}),
            "unreachable",
        ),
        (
            json!({"error": {"code": -32601, "message": "what?"}}),
            "unreachable",
        ),
        (json!({"result": {"status": "perhaps"}}), "unreachable"),
    ];
    let mut talk = Talk::started().await;
    for (answer, status) in answers {
        talk.request("k", "act", action("say")).await;
        let event = talk.hear().await;
        assert_eq!(
            (&event["method"], &event["params"]["event_type"]),
            (&json!("event"), &json!("message"))
        );
        let mut frame = json!({"jsonrpc": "2.0", "id": event["id"]});
        for (name, value) in answer.as_object().unwrap() {
            frame[name] = value.clone();
        }
        talk.say(&frame.to_string()).await;
        assert_eq!(
            talk.hear().await["result"]["status_code"],
            status,
            "{answer}"
        );
    }
}

#[tokio::test]
async fn an_event_that_nobody_can_answer_any_more_is_not_settled() {
    let mut talk = Talk::started().await;
    talk.request("k", "act", action("say")).await;
    assert_eq!(talk.hear().await["method"], "event");
    talk.mouth.shutdown().await.unwrap();
    assert_eq!(talk.hear().await["result"]["status_code"], "unreachable");
}
