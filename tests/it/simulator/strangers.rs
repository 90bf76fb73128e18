//! Requests that no client would make: none takes the simulator down or fills its memory.

use std::time::Duration;

use aios_wechat::wire::Endpoint;
use serde_json::json;
use tokio::time::timeout;

use super::client::{Answer, Connection, WeChat, request, texts};

async fn answer(wechat: &WeChat, request: &[u8]) -> std::io::Result<Answer> {
    let mut connection = wechat.connect().await;
    connection.write(request).await?;
    timeout(Duration::from_secs(10), connection.read())
        .await
        .expect("an answer, or an end")
}

async fn status(wechat: &WeChat, request: &str) -> Option<u16> {
    answer(wechat, request.as_bytes())
        .await
        .ok()
        .map(|answer| answer.status)
}

async fn still_works(wechat: &WeChat) {
    wechat.simulator.send_text("ann", "hello");
    assert_eq!(texts(&wechat.poll("").await), ["hello"]);
}

#[tokio::test]
async fn headers_are_understood_in_any_case_and_paths_with_any_slashes() {
    let wechat = WeChat::start().await;
    let token = wechat.simulator.token();
    for (path, name) in [
        ("/ilink/bot/msg/notifystart", "authorization"),
        ("//ilink//bot/msg/notifystart/", "Authorization"),
        ("/ilink/bot/msg/notifystart?a=b&c", "AUTHORIZATION"),
    ] {
        let head = format!("POST {path} HTTP/1.1\r\nhOST: localhost:1\r\n{name}: bearer {token}");
        let request = format!("{head}\r\nSKRouteTag: \r\nContent-Length: 2\r\n\r\n{{}}");
        let answer = answer(&wechat, request.as_bytes()).await.unwrap();
        assert_eq!(answer.json()["ret"], 0, "{path} {name}");
    }
}

#[tokio::test]
async fn a_foreign_host_or_origin_is_refused() {
    let wechat = WeChat::start().await;
    let port = wechat.simulator.port();
    let get = |fields: &str| format!("GET /ilink/bot/get_bot_qrcode HTTP/1.1\r\n{fields}\r\n\r\n");
    for good in [
        "Host: 127.0.0.1".to_owned(),
        format!("Host: localhost:{port}"),
        format!("Host: [::1]:{port}\r\nOrigin: http://127.0.0.1:{port}"),
    ] {
        assert_eq!(status(&wechat, &get(&good)).await, Some(200), "{good}");
    }
    for foreign in [
        "X: y".to_owned(),
        "Host: evil.example".to_owned(),
        "Host: 127.0.0.1.evil.example".to_owned(),
        "Host: localhost\r\nHost: evil.example".to_owned(),
        "Host: localhost@evil.example".to_owned(),
        "Host: localhost\r\nOrigin: http://evil.example".to_owned(),
        "Host: localhost\r\nOrigin: null".to_owned(),
        format!("Host: localhost\r\nOrigin: http://localhost:{}", port ^ 1),
        format!("Host: localhost\r\nOrigin: https://localhost:{port}"),
        format!("Host: localhost\r\nOrigin: http://localhost:{port}.evil.example"),
    ] {
        assert_eq!(
            status(&wechat, &get(&foreign)).await,
            Some(403),
            "{foreign}"
        );
    }
    still_works(&wechat).await;
}

#[tokio::test]
async fn wrong_methods_and_paths_are_refused() {
    let wechat = WeChat::start().await;
    for endpoint in Endpoint::ALL {
        let request = format!(
            "DELETE {} HTTP/1.1\r\nHost: localhost\r\n\r\n",
            endpoint.path()
        );
        let answer = answer(&wechat, request.as_bytes()).await.unwrap();
        assert_eq!(answer.status, 405);
        assert_eq!(
            answer.header("allow"),
            Some(endpoint.methods().join(", ").as_str())
        );
    }
    for path in [
        "/",
        "/x",
        "/ilink/bot/../bot/getupdates",
        "/%2e%2e/etc/passwd",
        "/ilink/bot/getupdates/x",
        "/ILINK/BOT/GETUPDATES",
        "*",
        "http://localhost/x",
        "/\u{7f}",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let status = status(&wechat, &request).await;
        assert!(matches!(status, Some(404 | 400)), "{path} {status:?}");
    }
    still_works(&wechat).await;
}

#[tokio::test]
async fn what_is_not_http_ends_the_connection_and_nothing_else() {
    let wechat = WeChat::start().await;
    for nonsense in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /ilink/bot/getupdates HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"POST /ilink/bot/getupdates HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    ] {
        let answer = answer(&wechat, nonsense).await;
        assert!(answer.map_or(true, |answer| answer.status >= 400));
    }
    still_works(&wechat).await;
}

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
async fn a_client_that_sends_nothing_holds_up_nobody() {
    let wechat = WeChat::start().await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut connection = Connection::open(wechat.simulator.port()).await;
        connection
            .write(b"POST /ilink/bot/sendmessage HTTP/1.1\r\nHost: loc")
            .await
            .unwrap();
        slow.push(connection);
    }
    still_works(&wechat).await;
}

#[tokio::test]
async fn calls_in_one_write_are_answered_in_order() {
    let wechat = WeChat::start().await;
    let token = wechat.simulator.token();
    let start = request(Endpoint::NotifyStart, &token, "{}");
    let config = request(Endpoint::GetConfig, &token, "{}");
    let mut connection = wechat.connect().await;
    connection.write(&[start, config].concat()).await.unwrap();
    assert_eq!(
        connection.read().await.unwrap().json(),
        json!({"ret": 0, "errmsg": ""})
    );
    assert!(connection.read().await.unwrap().json()["typing_ticket"].is_string());
}
