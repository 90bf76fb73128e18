//! What fails is seen, survived and forgiven.

use std::time::Duration;

use aios_wechat::adapter::Adapter as _;
use aios_wechat::contract::{Code, HealthState};
use aios_wechat::simulator::{Draft, Fault, FaultRule, Shape};
use aios_wechat::wire::Endpoint;
use serde_json::json;

use super::bench::{Bench, OWNER, until};

async fn health_of(bench: &Bench) -> (HealthState, Option<Code>) {
    let health = bench.adapter.health().await;
    (health.health, health.last_error_code)
}

#[tokio::test]
async fn every_kind_of_failed_poll_is_seen_and_recovered_from() {
    for (fault, code) in [
        (
            Fault::HttpStatus {
                status: 500,
                retry_after_sec: None,
            },
            Code::HttpStatus,
        ),
        (Fault::Reset {}, Code::ConnectFailed),
        (Fault::Close {}, Code::ConnectFailed),
        (Fault::DropMidBody {}, Code::ConnectFailed),
        (Fault::Html {}, Code::MalformedAnswer),
        (Fault::MalformedJson {}, Code::MalformedAnswer),
        (Fault::TruncatedJson {}, Code::MalformedAnswer),
        (Fault::EmptyBody {}, Code::MalformedAnswer),
        (business(-1, Shape::Ret), Code::WechatError),
        (business(-1, Shape::Errcode), Code::WechatError),
        (business(-1, Shape::Both), Code::WechatError),
    ] {
        let mut bench = Bench::new(json!({})).await;
        bench
            .wechat
            .set_fault(FaultRule::always(Endpoint::GetUpdates, fault.clone()))
            .unwrap();
        bench.start().await.unwrap();
        until(|| bench.aios.events().len() == 1).await; // the failure is told
        assert_eq!(
            health_of(&bench).await,
            (HealthState::Degraded, Some(code)),
            "{fault:?}"
        );
        assert_eq!(bench.aios.events()[0].error_code(), Some(code));
        bench.wechat.clear_faults();
        bench.wechat.send_text(OWNER, "during");
        bench.advance(2_000).await;
        bench.settled().await;
        assert_eq!(bench.aios.texts(), ["during"], "{fault:?}");
        assert_eq!(
            health_of(&bench).await,
            (HealthState::Healthy, Some(code)),
            "{fault:?}"
        );
    }
}

fn business(code: i64, shape: Shape) -> Fault {
    Fault::BusinessError {
        code,
        errmsg: None,
        shape,
    }
}

#[tokio::test]
async fn an_expired_login_needs_a_person_and_is_not_hammered() {
    let mut bench = Bench::started(json!({})).await;
    bench.wechat.expire_session();
    until(|| bench.aios.events().len() == 1).await;
    assert_eq!(bench.aios.events()[0].status_code(), "session_expired");
    let expired = (HealthState::Unhealthy, Some(Code::SessionExpired));
    assert_eq!(health_of(&bench).await, expired);
    bench.advance(1_000).await;
    tokio::task::yield_now().await;
    assert_eq!(
        bench.adapter.health().await.recent_errors[0].count.get(),
        1,
        "too early"
    );
    bench.wechat.renew_session();
    bench.advance(1_000).await;
    bench.settled().await;
}

#[tokio::test]
async fn a_malformed_message_is_reported_and_holds_nothing_up() {
    let bench = Bench::started(json!({})).await;
    bench
        .wechat
        .send_items(OWNER, vec![json!({"type": 1, "text_item": 7})]);
    bench
        .wechat
        .inject(Draft::text(OWNER, "LONE").spelling("LONE", r"\ud800"));
    bench.wechat.inject(
        Draft::text(OWNER, "no id")
            .without("message_id")
            .without("client_id"),
    );
    bench
        .wechat
        .inject(Draft::text(OWNER, "odd").with("from_user_id", 7));
    bench.wechat.send_items(OWNER, vec![json!({"type": 99})]);
    bench.wechat.send_text(OWNER, "good");
    bench.settled().await;
    let statuses: Vec<_> = bench
        .aios
        .about_people()
        .iter()
        .map(|event| event["status_code"].clone())
        .collect();
    assert_eq!(
        statuses,
        ["malformed", "malformed", "forwarded", "forwarded"]
    );
    assert_eq!(bench.aios.texts(), ["good"]);
    let health = bench.adapter.health().await;
    assert_eq!(health.recent_errors[0].code, Code::MalformedMessage);
    assert_eq!(health.recent_errors[0].count.get(), 4);
}

#[tokio::test]
async fn last_seen_moves_with_answered_polls_only() {
    let mut bench = Bench::started(json!({})).await;
    assert_eq!(bench.adapter.health().await.last_seen_at, None);
    bench.wechat.release_polls();
    until(|| !bench.wechat.parked().is_empty()).await;
    tokio::time::timeout(Duration::from_secs(5), async {
        while bench.adapter.health().await.last_seen_at.is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let seen = bench.adapter.health().await.last_seen_at;
    bench.advance(5_000).await;
    assert_eq!(bench.adapter.health().await.last_seen_at, seen);
}
