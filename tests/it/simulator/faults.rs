//! Every fault, as a client meets it.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use aios_wechat::simulator::{Event, Fault, FaultRule, Options, Shape};
use aios_wechat::wire::Endpoint;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::client::{Answer, Connection, WeChat, cursor, outgoing, texts};

const SOON: Duration = Duration::from_millis(40);

/// WeChat with one message waiting, and the context token that came with it.
async fn wechat() -> (WeChat, String) {
    let wechat = WeChat::start().await;
    let token = wechat.simulator.send_text("ann", "hello").context_token;
    (wechat, token)
}

fn set(wechat: &WeChat, on: Endpoint, fault: Fault) {
    wechat
        .simulator
        .set_fault(FaultRule::next(on, fault))
        .unwrap();
}

/// Polls and sends into a fault; then makes sure that it had no effect and is over.
async fn met(fault: Fault) -> [std::io::Result<Answer>; 2] {
    let (wechat, token) = wechat().await;
    set(&wechat, Endpoint::GetUpdates, fault.clone());
    set(&wechat, Endpoint::SendMessage, fault.clone());
    let outgoing = outgoing("ann", "hi", &token, "c1");
    let polled = wechat.try_call(Endpoint::GetUpdates, &json!({})).await;
    let sent = wechat.try_call(Endpoint::SendMessage, &outgoing).await;
    assert!(wechat.simulator.deliveries().is_empty(), "{fault:?}");
    assert!(wechat.simulator.faults().is_empty(), "{fault:?}");
    let shaped = |event: &Event| match event {
        Event::Answered {
            fault: Some(shaped),
            ..
        }
        | Event::Cut { fault: shaped } => *shaped == fault,
        _ => false,
    };
    assert_eq!(
        wechat.events().iter().filter(|event| shaped(event)).count(),
        2,
        "{fault:?}"
    );
    if !matches!(fault, Fault::Refuse {}) {
        assert_eq!(texts(&wechat.poll("").await), ["hello"], "{fault:?}");
        assert!(wechat.send("ann", "hi", &token, "c1").await["message_id"].is_u64());
    }
    [polled, sent]
}

#[tokio::test]
async fn an_http_status_comes_with_or_without_retry_after() {
    for (status, retry_after_sec) in [(500, None), (429, Some(7)), (524, None), (302, None)] {
        for answer in met(Fault::HttpStatus {
            status,
            retry_after_sec,
        })
        .await
        {
            let answer = answer.unwrap();
            assert_eq!(answer.status, status);
            let expected = retry_after_sec.map(|seconds| seconds.to_string());
            assert_eq!(answer.header("retry-after"), expected.as_deref());
        }
    }
}

#[tokio::test]
async fn a_body_may_be_anything_but_the_answer() {
    for (fault, kind) in [
        (Fault::Html {}, "text/html"),
        (Fault::MalformedJson {}, "application/json"),
        (Fault::TruncatedJson {}, "application/json"),
        (Fault::EmptyBody {}, "application/json"),
    ] {
        for answer in met(fault.clone()).await {
            let answer = answer.unwrap();
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, Some(kind))
            );
            assert!(
                serde_json::from_slice::<Value>(&answer.body).is_err(),
                "{fault:?}"
            );
            assert_eq!(answer.body.is_empty(), fault == Fault::EmptyBody {});
        }
    }
}

#[tokio::test]
async fn an_answer_without_a_position_is_a_good_one_and_takes_nothing() {
    let (wechat, _) = wechat().await;
    set(&wechat, Endpoint::GetUpdates, Fault::NoPosition {});
    let answer = wechat.poll("").await;
    assert_eq!((&answer["ret"], cursor(&answer)), (&json!(0), ""));
    assert!(texts(&answer).is_empty());
    assert_eq!(texts(&wechat.poll("").await), ["hello"]);
}

#[tokio::test]
async fn a_refusal_comes_in_three_shapes() {
    let errmsg = || Some("freq limit".to_owned());
    for (shape, expected) in [
        (
            Shape::Both,
            json!({"ret": -2, "errcode": -2, "errmsg": "freq limit"}),
        ),
        (Shape::Ret, json!({"ret": -2, "errmsg": "freq limit"})),
        (
            Shape::Errcode,
            json!({"errcode": -2, "errmsg": "freq limit"}),
        ),
    ] {
        for answer in met(Fault::BusinessError {
            code: -2,
            errmsg: errmsg(),
            shape,
        })
        .await
        {
            let answer = answer.unwrap();
            assert_eq!((answer.status, answer.json()), (200, expected.clone()));
        }
    }
}

#[tokio::test]
async fn every_endpoint_refuses_in_every_shape_if_it_is_told_to() {
    let (wechat, _) = wechat().await;
    for endpoint in Endpoint::ALL {
        for shape in [Shape::Both, Shape::Ret, Shape::Errcode] {
            let errmsg = Some("session timeout".to_owned());
            let fault = Fault::BusinessError {
                code: -14,
                errmsg,
                shape,
            };
            set(&wechat, endpoint, fault);
            let method = endpoint.methods()[0];
            let path = endpoint.path();
            let mut connection = wechat.connect().await;
            let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
            let request = format!("{head}Content-Length: 2\r\n\r\n{{}}");
            connection.write(request.as_bytes()).await.unwrap();
            let answer = connection.read().await.unwrap();
            assert_eq!(answer.status, 200, "{endpoint}");
            let expected: Value =
                serde_json::from_str(&shape.refusal(-14, "session timeout")).unwrap();
            assert_eq!(answer.json(), expected, "{endpoint}");
        }
    }
}

#[tokio::test]
async fn a_connection_is_closed_reset_or_cut_in_the_middle() {
    for (fault, expected) in [
        (Fault::Close {}, ErrorKind::UnexpectedEof),
        (Fault::DropMidBody {}, ErrorKind::UnexpectedEof),
        (Fault::Reset {}, ErrorKind::ConnectionReset),
        (Fault::Refuse {}, ErrorKind::ConnectionReset),
    ] {
        let [polled, _] = met_twice_if_open(fault.clone()).await;
        assert_eq!(polled.unwrap_err().kind(), expected, "{fault:?}");
    }
}

/// A refused port stays refused for a moment: only one call can be met there.
async fn met_twice_if_open(fault: Fault) -> [std::io::Result<Answer>; 2] {
    if fault != (Fault::Refuse {}) {
        return met(fault).await;
    }
    let (wechat, _) = wechat().await;
    set(&wechat, Endpoint::GetUpdates, fault);
    let polled = wechat.try_call(Endpoint::GetUpdates, &json!({})).await;
    let port = wechat.simulator.port();
    while Connection::try_open(port).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let refused = Connection::try_open(port).await.err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    while Connection::try_open(port).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(texts(&wechat.poll("").await), ["hello"]);
    [polled, Err(refused)]
}

#[tokio::test]
async fn the_beginning_of_a_cut_answer_arrives() {
    let (wechat, _) = wechat().await;
    set(&wechat, Endpoint::GetUpdates, Fault::DropMidBody {});
    let mut connection = wechat.connect().await;
    connection
        .write(&wechat.request(Endpoint::GetUpdates, &json!({})))
        .await
        .unwrap();
    let received = connection.read_to_end().await;
    assert!(received.starts_with("HTTP/1.1 200 OK"));
    assert!(received.contains(r#"{"ret":0,"msgs":[]"#) && !received.ends_with('}'));
}

#[tokio::test]
async fn a_stalled_call_is_answered_well_only_later() {
    let (wechat, token) = wechat().await;
    for on in [Endpoint::GetUpdates, Endpoint::SendMessage] {
        set(&wechat, on, Fault::Stall { ms: 30 });
    }
    let begun = Instant::now();
    assert_eq!(texts(&wechat.poll("").await), ["hello"]);
    assert!(wechat.send("ann", "hi", &token, "c1").await["message_id"].is_u64());
    assert!(begun.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_dripping_answer_arrives_whole_and_is_consumed() {
    let (wechat, _) = wechat().await;
    set(&wechat, Endpoint::GetUpdates, Fault::Drip { ms: 2 });
    let begun = Instant::now();
    assert_eq!(texts(&wechat.poll("").await), ["hello"]);
    assert!(begun.elapsed() >= Duration::from_millis(30));
    wechat
        .until(|events| matches!(events.last(), Some(Event::Answered { .. })))
        .await;
    assert_eq!(wechat.simulator.consumed(), 1);
}

#[tokio::test]
async fn a_dripping_answer_that_nobody_waits_for_consumes_nothing() {
    let (wechat, _) = wechat().await;
    set(&wechat, Endpoint::GetUpdates, Fault::Drip { ms: 10 });
    let mut connection = wechat.connect().await;
    connection
        .write(&wechat.request(Endpoint::GetUpdates, &json!({})))
        .await
        .unwrap();
    wechat.until(|events| !events.is_empty()).await;
    drop(connection);
    wechat.until(|events| events.contains(&Event::Left)).await;
    assert_eq!(wechat.simulator.consumed(), 0);
    assert_eq!(texts(&wechat.poll("").await), ["hello"]);
}

#[tokio::test]
async fn a_send_whose_answer_is_lost_took_effect_and_its_repeat_is_the_same_message() {
    let (wechat, token) = wechat().await;
    set(&wechat, Endpoint::SendMessage, Fault::LostAnswer {});
    let lost = wechat
        .try_call(Endpoint::SendMessage, &outgoing("ann", "hi", &token, "c1"))
        .await;
    assert_eq!(lost.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(wechat.simulator.deliveries().len(), 1);
    assert!(wechat.send("ann", "hi", &token, "c1").await["message_id"].is_u64());
    assert_eq!(wechat.simulator.deliveries()[0].repeats, 1);
}

#[tokio::test]
async fn a_poll_whose_answer_is_lost_consumes_nothing() {
    let (wechat, _) = wechat().await;
    set(&wechat, Endpoint::GetUpdates, Fault::LostAnswer {});
    assert!(
        wechat
            .try_call(Endpoint::GetUpdates, &json!({}))
            .await
            .is_err()
    );
    assert_eq!(texts(&wechat.poll("").await), ["hello"]);
}

#[tokio::test]
async fn an_unanswered_call_stays_unanswered_and_has_no_effect() {
    let (wechat, token) = wechat().await;
    set(&wechat, Endpoint::SendMessage, Fault::NeverAnswer {});
    let outgoing = outgoing("ann", "hi", &token, "c1");
    let call = wechat.try_call(Endpoint::SendMessage, &outgoing);
    assert!(timeout(SOON, call).await.is_err());
    wechat.until(|events| events.contains(&Event::Left)).await;
    assert!(wechat.simulator.deliveries().is_empty());
}

#[tokio::test]
async fn a_sent_text_is_cut_silently_and_never_inside_a_character() {
    let (wechat, token) = wechat().await;
    set(
        &wechat,
        Endpoint::SendMessage,
        Fault::TruncateText { bytes: 5 },
    );
    assert!(wechat.send("ann", "世界", &token, "c1").await["message_id"].is_u64());
    assert_eq!(wechat.simulator.deliveries()[0].text, "世");
    let on_a_poll = FaultRule::next(Endpoint::GetUpdates, Fault::TruncateText { bytes: 5 });
    assert!(wechat.simulator.set_fault(on_a_poll).is_err());
}

#[tokio::test]
async fn while_connections_are_refused_nobody_gets_in_and_nobody_stays() {
    let (wechat, _) = wechat().await;
    let mut held = wechat.connect().await;
    wechat.simulator.refuse_connections(true);
    wechat.until_refused().await;
    assert!(held.write(b"GET").await.is_err() || held.read().await.is_err());
    wechat.simulator.refuse_connections(false);
    while Connection::try_open(wechat.simulator.port()).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(texts(&wechat.poll("").await), ["hello"]);
}

#[tokio::test]
async fn who_connects_is_served_whatever_is_said_of_a_door_that_is_open_anyway() {
    let (wechat, _) = wechat().await;
    let port = wechat.simulator.port();
    let mut callers: Vec<_> = (0..16)
        .map(|_| Connection::open_unseen(port).unwrap())
        .collect();
    wechat.simulator.refuse_connections(false);
    for caller in &mut callers {
        let request = wechat.request(Endpoint::GetConfig, &json!({"ilink_user_id": "ann"}));
        caller.write(&request).await.unwrap();
        assert_eq!(caller.read().await.unwrap().json()["ret"], 0);
    }
}

#[tokio::test]
async fn connections_refused_for_no_time_at_all_end_all_the_same() {
    let (wechat, _) = wechat().await;
    let mut held = wechat.connect().await;
    let config = wechat.request(Endpoint::GetConfig, &json!({"ilink_user_id": "ann"}));
    held.write(&config).await.unwrap();
    assert_eq!(held.read().await.unwrap().json()["ret"], 0);
    wechat.simulator.refuse_connections(true);
    wechat.simulator.refuse_connections(false);
    let ended = timeout(Duration::from_secs(10), held.read_to_end()).await;
    assert_eq!(ended.expect("an idle connection is kept for longer"), "");
    assert_eq!(texts(&wechat.poll("").await), ["hello"]);
}

#[tokio::test]
async fn polls_after_a_failed_one_are_braked_if_that_is_wanted() {
    let brake = Duration::from_millis(50);
    let wechat = WeChat::with(Options {
        brake,
        ..Options::default()
    })
    .await;
    wechat.simulator.expire_session();
    let begun = Instant::now();
    wechat.poll("").await;
    assert!(begun.elapsed() < brake, "the first failure comes at once");
    wechat.poll("").await;
    wechat.poll("").await;
    assert!(begun.elapsed() >= 2 * brake);
}

#[tokio::test]
async fn a_stopped_simulator_leaves_its_port_free() {
    let (wechat, _) = wechat().await;
    let port = wechat.simulator.port();
    let mut held = wechat.connect().await;
    wechat.simulator.stop().await;
    assert!(held.read().await.is_err());
    let again = WeChat::with(Options {
        port,
        ..Options::default()
    })
    .await;
    assert_eq!(again.simulator.port(), port);
}
