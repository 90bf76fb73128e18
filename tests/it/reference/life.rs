//! Starting, refusing to start, and stopping.

use std::time::{Duration, Instant};

use aios_wechat::adapter::{Adapter as _, AdapterError};
use aios_wechat::contract::HealthState;
use aios_wechat::simulator::{Fault, FaultRule};
use aios_wechat::wire::Endpoint;
use serde_json::json;

use super::bench::{Bench, OWNER, action, until};

#[tokio::test]
async fn a_start_is_answered_once_its_first_poll_is_on_the_wire() {
    let bench = Bench::started(json!({})).await;
    until(|| bench.wechat.parked().len() == 1).await;
    assert_eq!(bench.adapter.health().await.health, HealthState::Healthy);
    assert_eq!(bench.start().await, Err(AdapterError::AlreadyStarted));
}

#[tokio::test]
async fn a_disabled_channel_is_stopped_and_does_not_poll() {
    let bench = Bench::started(json!({"enabled": false})).await;
    assert_eq!(bench.adapter.health().await.health, HealthState::Stopped);
    bench.wechat.send_text(OWNER, "hello");
    tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>())
        .await
        .unwrap_err();
    assert!(bench.wechat.parked().is_empty());
    assert!(bench.aios.events().is_empty());
}

#[tokio::test]
async fn what_cannot_be_honoured_is_refused_and_a_good_start_may_follow() {
    let mut bench = Bench::new(json!({"config": {"transport_mode": "webhook"}})).await;
    let pointer = |error| match error {
        Err(AdapterError::Refused { pointer, .. }) => pointer,
        other => panic!("not refused: {other:?}"),
    };
    let refusal = pointer(bench.start().await);
    assert_eq!(refusal, "/integration/config/transport_mode");
    bench.document["config"]["transport_mode"] = "polling".into();
    bench.document["auth"]["credential_ref"] = "secret://nobody".into();
    assert_eq!(
        pointer(bench.start().await),
        "/integration/auth/credential_ref"
    );
    assert_eq!(bench.adapter.health().await.health, HealthState::Stopped);
    bench.document["auth"]["credential_ref"] = "secret://wechat/account.json".into();
    bench.start().await.unwrap();
    until(|| bench.wechat.parked().len() == 1).await;
}

#[tokio::test]
async fn a_stop_ends_a_held_poll_and_a_held_send_at_once() {
    let bench = Bench::started(json!({})).await;
    bench.wechat.send_text(OWNER, "hello");
    bench.settled().await;
    bench
        .wechat
        .set_fault(FaultRule::next(
            Endpoint::SendMessage,
            Fault::NeverAnswer {},
        ))
        .unwrap();
    let payload = json!({"recipient": OWNER, "text": "hi"});
    let acting = bench.adapter.act(action("a", "message", &payload));
    let stopping = async {
        until(|| bench.wechat.faults().is_empty()).await; // the send is out
        assert_eq!(bench.adapter.health().await.health, HealthState::Healthy);
        let begun = Instant::now();
        bench.adapter.stop().await.unwrap();
        bench.adapter.stop().await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(1));
    };
    let (receipt, ()) = tokio::join!(acting, stopping);
    assert_eq!(receipt.unwrap().chunks_sent.get(), 0);
    until(|| bench.wechat.parked().is_empty()).await;
    assert_eq!(bench.adapter.health().await.health, HealthState::Stopped);
    let late = action("b", "message", &json!({"recipient": OWNER, "text": "late"}));
    assert_eq!(bench.adapter.act(late).await, Err(AdapterError::NotStarted));
}

#[tokio::test]
async fn a_start_is_answered_even_if_wechat_cannot_be_reached() {
    let bench = Bench::new(json!({})).await;
    let fault = FaultRule::always(Endpoint::GetUpdates, Fault::Close {});
    bench.wechat.set_fault(fault).unwrap();
    bench.start().await.unwrap();
    bench.adapter.stop().await.unwrap();
}
