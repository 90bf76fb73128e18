//! Login by QR code, typing and life cycle calls.

use std::time::{Duration, Instant};

use aios_wechat::simulator::{Options, VERIFY_CODE};
use aios_wechat::wire::{Endpoint, QrStatus};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{Connection, WeChat};

async fn get(wechat: &WeChat, target: &str) -> Value {
    let mut connection = Connection::open(wechat.simulator.port()).await;
    let request = format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    connection.write(request.as_bytes()).await.unwrap();
    connection.read().await.unwrap().json()
}

async fn status(wechat: &WeChat, code: &Value) -> Value {
    let code = code["qrcode"].as_str().unwrap();
    get(
        wechat,
        &format!("/ilink/bot/get_qrcode_status?qrcode={code}"),
    )
    .await
}

#[tokio::test]
async fn a_scanned_code_gives_a_new_token_and_voids_the_old_one() {
    let wechat = WeChat::start().await;
    let old = wechat.simulator.token();
    let code = get(&wechat, "/ilink/bot/get_bot_qrcode?bot_type=3").await;
    assert!(
        code["qrcode_img_content"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1")
    );
    assert_eq!(status(&wechat, &code).await["status"], "wait");
    assert_eq!(status(&wechat, &code).await["status"], "scaned");
    let confirmed = status(&wechat, &code).await;
    assert_eq!(confirmed["status"], "confirmed");
    assert_eq!(confirmed["bot_token"], wechat.simulator.token());
    assert_ne!(confirmed["bot_token"], old);
    assert_eq!(confirmed["ilink_bot_id"], wechat.simulator.bot_id());
    assert_eq!(confirmed["ilink_user_id"], wechat.simulator.owner_user_id());
    assert_eq!(confirmed["baseurl"], wechat.simulator.base_url());
    assert_eq!(
        status(&wechat, &code).await,
        confirmed,
        "asked twice, the same again"
    );
    let request = super::client::request(Endpoint::NotifyStart, &old, "{}");
    let mut connection = wechat.connect().await;
    connection.write(&request).await.unwrap();
    assert_eq!(connection.read().await.unwrap().json()["ret"], -14);
    let shown = format!("{:?}", wechat.events());
    assert!(!shown.contains(&old) && !shown.contains(&wechat.simulator.token()));
}

#[tokio::test]
async fn a_login_void_or_not_is_good_again_after_a_scan() {
    let wechat = WeChat::start().await;
    wechat.simulator.script_login(vec![QrStatus::Confirmed]);
    wechat.simulator.expire_session();
    let code = wechat
        .call(Endpoint::GetBotQrcode, &json!({"local_token_list": []}))
        .await;
    status(&wechat, &code).await;
    assert_eq!(
        wechat.call(Endpoint::NotifyStart, &json!({})).await["ret"],
        0
    );
}

#[tokio::test]
async fn the_tokens_a_client_still_has_are_looked_at() {
    let wechat = WeChat::start().await;
    wechat.simulator.script_login(vec![QrStatus::Confirmed]);
    let tokens = json!({"local_token_list": [wechat.simulator.token()]});
    let code = wechat.call(Endpoint::GetBotQrcode, &tokens).await;
    let bound = status(&wechat, &code).await;
    assert_eq!(bound, json!({"ret": 0, "status": "binded_redirect"}));
    for wrong in [json!(vec!["x"; 11]), json!([7]), json!("x")] {
        let body = json!({"local_token_list": wrong});
        assert_eq!(wechat.call(Endpoint::GetBotQrcode, &body).await["ret"], -3);
    }
}

#[tokio::test]
async fn a_code_can_be_verified_redirected_and_expired() {
    let wechat = WeChat::start().await;
    wechat.simulator.script_login(vec![
        QrStatus::ScanedButRedirect,
        QrStatus::NeedVerifycode,
        QrStatus::Expired,
    ]);
    let code = wechat.call(Endpoint::GetBotQrcode, &json!({})).await;
    let redirected = status(&wechat, &code).await;
    assert_eq!(redirected["redirect_host"], wechat.simulator.base_url());
    assert_eq!(status(&wechat, &code).await["status"], "need_verifycode");
    let verified = format!(
        "{}&verify_code={VERIFY_CODE}",
        code["qrcode"].as_str().unwrap()
    );
    assert_eq!(
        status(&wechat, &json!({"qrcode": verified})).await["status"],
        "expired"
    );
    assert_eq!(
        status(&wechat, &json!({"qrcode": "foreign"})).await["status"],
        "expired"
    );
}

#[tokio::test]
async fn asking_for_a_status_that_does_not_change_is_braked_if_that_is_wanted() {
    let brake = Duration::from_millis(50);
    let wechat = WeChat::with(Options {
        brake,
        ..Options::default()
    })
    .await;
    wechat.simulator.script_login(vec![QrStatus::Wait]);
    let code = wechat.call(Endpoint::GetBotQrcode, &json!({})).await;
    let begun = Instant::now();
    for _ in 0..3 {
        assert_eq!(status(&wechat, &code).await["status"], "wait");
    }
    assert!(begun.elapsed() >= 2 * brake);
}

#[tokio::test]
async fn every_status_can_be_heard_in_any_order() {
    let wechat = WeChat::start().await;
    let script = [
        QrStatus::Scaned,
        QrStatus::Wait,
        QrStatus::ScanedButRedirect,
        QrStatus::Scaned,
        QrStatus::BindedRedirect,
    ];
    wechat.simulator.script_login(script.to_vec());
    let code = wechat.call(Endpoint::GetBotQrcode, &json!({})).await;
    for expected in script {
        assert_eq!(status(&wechat, &code).await["status"], expected.word());
    }
    for over in [QrStatus::VerifyCodeBlocked, QrStatus::Expired] {
        wechat.simulator.script_login(vec![over]);
        let code = wechat.call(Endpoint::GetBotQrcode, &json!({})).await;
        for _ in 0..2 {
            assert_eq!(status(&wechat, &code).await["status"], over.word());
        }
    }
}

#[tokio::test]
async fn wrong_digits_are_asked_for_again_and_in_the_end_the_code_is_blocked() {
    let wechat = WeChat::start().await;
    wechat
        .simulator
        .script_login(vec![QrStatus::NeedVerifycode]);
    let code = wechat.call(Endpoint::GetBotQrcode, &json!({})).await;
    let wrong = json!({"qrcode": format!("{}&verify_code=1", code["qrcode"].as_str().unwrap())});
    for expected in ["need_verifycode", "need_verifycode", "verify_code_blocked"] {
        assert_eq!(status(&wechat, &wrong).await["status"], expected);
    }
}

#[tokio::test]
async fn a_typing_ticket_is_ordinary_base64() {
    let wechat = WeChat::start().await;
    for _ in 0..20 {
        let config = wechat.call(Endpoint::GetConfig, &json!({})).await;
        let ticket = config["typing_ticket"].as_str().unwrap();
        assert!(STANDARD.decode(ticket).is_ok(), "{ticket}");
    }
}

#[tokio::test]
async fn the_small_calls_succeed_with_a_zero_that_is_there() {
    let wechat = WeChat::start().await;
    let config = wechat
        .call(Endpoint::GetConfig, &json!({"ilink_user_id": "ann"}))
        .await;
    assert_eq!(config["ret"], 0);
    assert!(
        config["typing_ticket"]
            .as_str()
            .is_some_and(|ticket| !ticket.is_empty())
    );
    let typing = json!({"ilink_user_id": "ann", "typing_ticket": "t", "status": 1});
    for (endpoint, body) in [
        (Endpoint::SendTyping, typing),
        (Endpoint::NotifyStart, json!({"base_info": {}})),
        (Endpoint::NotifyStop, json!({})),
    ] {
        assert_eq!(
            wechat.call(endpoint, &body).await,
            json!({"ret": 0, "errmsg": ""})
        );
    }
}
