//! Requests that no client would make: none takes the simulator down or fills its memory.

use std::time::Duration;

use aios_wechat::simulator::Options;
use aios_wechat::wire::Endpoint;
use serde_json::json;
use tokio::time::timeout;

use super::client::{Answer, WeChat, request, texts};

pub(super) async fn answer(wechat: &WeChat, request: &[u8]) -> std::io::Result<Answer> {
    let mut connection = wechat.connect().await;
    connection.write(request).await?;
    timeout(Duration::from_secs(10), connection.read())
        .await
        .expect("an answer, or an end")
}

pub(super) async fn status(wechat: &WeChat, request: &str) -> Option<u16> {
    answer(wechat, request.as_bytes())
        .await
        .ok()
        .map(|answer| answer.status)
}

pub(super) async fn still_works(wechat: &WeChat) {
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
async fn no_surface_listens_to_a_page_elsewhere() {
    let wechat = WeChat::with(Options {
        control: true,
        ..Options::default()
    })
    .await;
    let port = wechat.simulator.port();
    for target in [
        "GET /",
        "GET /openapi.json",
        "GET /control/state",
        "POST /control/messages",
        "DELETE /control/faults",
        "POST /ilink/bot/getupdates",
        "GET /ilink/bot/get_bot_qrcode",
        "POST /c2c/upload",
        "GET /c2c/download",
        "GET /nowhere",
    ] {
        for fields in [
            "Host: evil.example".to_owned(),
            format!("Host: evil.example:{port}"),
            "Host: localhost\r\nOrigin: http://evil.example".to_owned(),
            "Host: localhost\r\nSec-Fetch-Site: cross-site".to_owned(),
            "Host: localhost\r\nSec-Fetch-Site: same-site\r\nSec-Fetch-Dest: image".to_owned(),
        ] {
            let request = format!("{target} HTTP/1.1\r\n{fields}\r\nContent-Length: 0\r\n\r\n");
            let status = status(&wechat, &request).await;
            assert_eq!(status, Some(403), "{target} {fields}");
        }
    }
    for own in [
        "Sec-Fetch-Site: none\r\nSec-Fetch-Dest: document",
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Dest: empty",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: document",
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: localhost:{port}\r\n{own}\r\n\r\n");
        assert_eq!(status(&wechat, &request).await, Some(200), "{own}");
    }
}

#[tokio::test]
async fn a_target_with_an_authority_is_judged_by_it_too() {
    let wechat = WeChat::start().await;
    for (authority, expected) in [
        ("127.0.0.1", 200),
        ("localhost:1", 200),
        ("evil.example", 403),
        ("localhost.evil.example:80", 403),
        ("localhost@evil.example", 403),
    ] {
        let target = format!("http://{authority}/ilink/bot/get_bot_qrcode");
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert_eq!(status(&wechat, &request).await, Some(expected), "{target}");
    }
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
        "/ilink/bot/get_bot_qrcode\0",
        "/ilink/bot/%67et_bot_qrcode",
        "/ilink%2fbot/get_bot_qrcode",
        "/c2c/..%2fcontrol/state",
        "/c2c/download/../../etc/passwd",
        "//localhost/ilink/bot/get_bot_qrcode",
        "/control/state",
        "\\\\ilink\\bot\\get_bot_qrcode",
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
async fn bodies_come_in_every_way_that_http_has() {
    let wechat = WeChat::start().await;
    let token = wechat.simulator.token();
    let post = |version: &str, fields: &str, body: &str| {
        format!(
            "POST /ilink/bot/msg/notifystart {version}\r\nHost: localhost\r\n\
             Authorization: Bearer {token}\r\n{fields}\r\n\r\n{body}"
        )
    };
    for request in [
        post(
            "HTTP/1.1",
            "Transfer-Encoding: chunked",
            "1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n",
        ),
        post("HTTP/1.0", "Content-Length: 2", "{}"),
        post(
            "HTTP/1.1",
            "Content-Length: 2\r\nContent-Encoding: identity",
            "{}",
        ),
        post("HTTP/1.1", "Content-Length: 0", ""),
    ] {
        let answer = answer(&wechat, request.as_bytes()).await.unwrap();
        assert_eq!(answer.json()["ret"], 0, "{request}");
    }
    let packed = post(
        "HTTP/1.1",
        "Content-Length: 2\r\nContent-Encoding: gzip",
        "\x1f\x08",
    );
    assert_eq!(status(&wechat, &packed).await, Some(415));

    let mut patient = wechat.connect().await;
    let head = post("HTTP/1.1", "Content-Length: 2\r\nExpect: 100-continue", "");
    patient.write(head.as_bytes()).await.unwrap();
    assert!(
        patient
            .read_head()
            .await
            .unwrap()
            .starts_with("HTTP/1.1 100 ")
    );
    patient.write(b"{}").await.unwrap();
    assert_eq!(patient.read().await.unwrap().json()["ret"], 0);
    let hopeless = post(
        "HTTP/1.1",
        "Content-Length: 104857600\r\nExpect: 100-continue",
        "",
    );
    assert_eq!(
        status(&wechat, &hopeless).await,
        Some(413),
        "and no word of going on"
    );
}

#[tokio::test]
async fn head_and_body_of_an_answer_come_in_one_piece() {
    let wechat = WeChat::start().await;
    let config = wechat.request(Endpoint::GetConfig, &json!({}));
    let poll = wechat.request(Endpoint::GetUpdates, &json!({}));
    let mut connection = wechat.connect().await;
    for number in 0..50 {
        connection.write(&config).await.unwrap();
        assert!(connection.read_once().await.unwrap().ends_with("\"}"));
        if number % 2 == 0 {
            wechat.simulator.send_text("ann", "hello");
        }
        connection.write(&poll).await.unwrap();
        if number % 2 == 1 {
            wechat.until_parked(1).await;
            wechat.simulator.send_text("ann", "hello");
        }
        let answer = connection.read_once().await.unwrap();
        assert!(answer.ends_with("\"sync_buf\":\"\"}"), "{answer}");
    }
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
