//! More than anybody should send: memory stays bounded, and everybody else is served.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aios_wechat::simulator::{Options, TurnedAway};
use aios_wechat::wire::Endpoint;
use futures_util::future::select_all;
use serde_json::json;
use tokio::time::timeout;

use super::client::{Connection, WeChat};
use super::strangers::{answer, status, still_works};

/// Connections at the same time that say nothing.
const SILENT: usize = 1000;

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_before_it_is_read() {
    let wechat = WeChat::start().await;
    for path in [Endpoint::SendMessage.path(), Endpoint::CdnUpload.path()] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n");
        let announced = format!("{head}Content-Length: 104857600\r\n\r\n");
        assert_eq!(status(&wechat, &announced).await, Some(413));
    }
    // Without a length it is read up to the limit, and no further.
    let head = "POST /ilink/bot/sendmessage HTTP/1.1\r\nHost: localhost\r\n";
    let mut connection = wechat.connect().await;
    connection
        .write(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 0x10000], b"\r\n"].concat();
    let mut sent = 0;
    while sent < 100 << 20 && connection.write(&chunk).await.is_ok() {
        sent += chunk.len();
    }
    assert!(sent < 100 << 20, "the connection ends long before that");
    still_works(&wechat).await;
}

#[tokio::test]
async fn a_connection_too_many_is_closed_and_told_of_until_there_is_room_again() {
    let told: Arc<Mutex<Vec<(String, TurnedAway)>>> = Arc::default();
    let tells = Arc::clone(&told);
    let wechat = WeChat::with(Options {
        connections: 2,
        bystander: Some(Arc::new(move |what, why| {
            tells.lock().unwrap().push((what.to_owned(), why));
        })),
        ..Options::default()
    })
    .await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut connection = wechat.connect().await;
        // It is served, so it is counted.
        let request = wechat.request(Endpoint::GetConfig, &json!({}));
        connection.write(&request).await.unwrap();
        assert_eq!(connection.read().await.unwrap().status, 200);
        held.push(connection);
    }
    assert_eq!(wechat.connect().await.read_to_end().await, "");
    let told = told.lock().unwrap().clone();
    assert_eq!(told, [("a connection".to_owned(), TurnedAway::TooMany)]);
    drop(held);
    let room = async {
        while wechat
            .try_call(Endpoint::GetConfig, &json!({}))
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), room)
        .await
        .expect("who leaves makes room");
}

#[tokio::test]
async fn headers_without_end_are_cut_off() {
    let wechat = WeChat::start().await;
    for field in ["x: y\r\n", "y"] {
        let mut connection = wechat.connect().await;
        connection
            .write(b"POST /ilink/bot/getupdates HTTP/1.1\r\nHost: localhost\r\nA: ")
            .await
            .unwrap();
        let block = field.repeat(1000);
        let mut sent = 0;
        while sent < 10 << 20 && connection.write(block.as_bytes()).await.is_ok() {
            sent += block.len();
        }
        assert!(sent < 10 << 20, "the connection ends long before that");
    }
    still_works(&wechat).await;
}

#[tokio::test]
async fn clients_that_say_nothing_hold_up_nobody() {
    let wechat = WeChat::start().await;
    let mut silent = Vec::new();
    for number in 0..SILENT {
        let mut connection = Connection::open(wechat.simulator.port()).await;
        if number % 2 == 0 {
            let begun = b"POST /ilink/bot/sendmessage HTTP/1.1\r\nHost: loc";
            connection.write(begun).await.unwrap();
        }
        silent.push(connection);
    }
    still_works(&wechat).await;
}

#[tokio::test]
async fn a_head_or_a_body_that_does_not_end_is_not_waited_for() {
    let wechat = WeChat::with(Options {
        patience: Duration::from_millis(50),
        ..Options::default()
    })
    .await;
    let head = "POST /ilink/bot/sendmessage HTTP/1.1\r\nHost: localhost\r\n";
    for (begun, status) in [
        (String::new(), None),
        (head.to_owned(), None),
        (format!("{head}Content-Length: 9\r\n\r\n{{"), Some("408")),
        (
            format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n"),
            Some("408"),
        ),
    ] {
        let mut connection = wechat.connect().await;
        connection.write(begun.as_bytes()).await.unwrap();
        let ended = timeout(Duration::from_secs(10), connection.read_to_end()).await;
        let said = ended.expect("the connection ends");
        assert_eq!(said.split(' ').nth(1), status, "{begun}: {said}");
    }
    still_works(&wechat).await;
}

#[tokio::test]
async fn a_head_that_drips_is_not_waited_for_either() {
    let wechat = WeChat::with(Options {
        patience: Duration::from_millis(50),
        ..Options::default()
    })
    .await;
    let mut connection = wechat.connect().await;
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let mut sent = 0;
    while sent < 1000 && connection.write(b"x").await.is_ok() {
        sent += 1;
        tick.tick().await;
    }
    assert!(sent < 1000, "the connection ends before that");
}

#[tokio::test]
async fn long_bodies_that_do_not_end_take_a_bounded_room() {
    let wechat = WeChat::start().await;
    let length = 30 << 20;
    let head =
        format!("POST /c2c/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    let most = vec![b'x'; length - 1];
    let mut begun = Vec::new();
    for _ in 0..(256 << 20) / length {
        let mut connection = wechat.connect().await;
        connection.write(head.as_bytes()).await.unwrap();
        begun.push(connection);
    }
    // All but the last byte of each: nobody is answered who is not refused. Whoever is refused may
    // learn of it by a reset, while bytes are still under way.
    let sending = begun.into_iter().map(|mut connection| {
        let most = &most;
        Box::pin(async move {
            let _ = connection.write(most).await;
            connection.read_head().await
        })
    });
    let (refused, _, others) = select_all(sending).await;
    let refused = refused.unwrap_or_else(|_| "HTTP/1.1 503 ".to_owned());
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    still_works(&wechat).await;
    drop(others);
    // What they took is given back.
    let mut whole = head.into_bytes();
    whole.resize(whole.len() + length, b'x');
    while answer(&wechat, &whole)
        .await
        .map_or(503, |answer| answer.status)
        == 503
    {}
}

#[tokio::test]
async fn a_body_that_is_only_depth_or_no_text_is_a_wrong_body_and_nothing_worse() {
    let wechat = WeChat::with(Options {
        control: true,
        ..Options::default()
    })
    .await;
    let token = wechat.simulator.token();
    let depth = 100_000;
    let bodies = [
        "[".repeat(depth),
        format!("{{\"msg\":{}{}}}", "[".repeat(depth), "]".repeat(depth)),
        format!(
            "{{\"msg\":{{\"to_user_id\":\"ann\",\"item_list\":[{}{}]}}}}",
            "{\"a\":".repeat(depth),
            "}".repeat(depth)
        ),
        r#"{"msg":{"to_user_id":"\ud800","item_list":[{"type":1}]}}"#.to_owned(),
    ];
    for body in bodies
        .iter()
        .map(String::as_bytes)
        .chain([b"\xff\xfe{}".as_slice()])
    {
        for path in [
            "/ilink/bot/sendmessage",
            "/ilink/bot/getconfig",
            "/control/messages",
        ] {
            let length = body.len();
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
                 Content-Length: {length}\r\n\r\n"
            );
            let answer = answer(&wechat, &[head.as_bytes(), body].concat())
                .await
                .unwrap();
            let refused = answer.status == 400 || answer.json()["ret"] != json!(null);
            assert!(
                refused,
                "{path} {}",
                &String::from_utf8_lossy(body)[..20.min(length)]
            );
        }
    }
    assert!(wechat.simulator.deliveries().is_empty());
    still_works(&wechat).await;
}
