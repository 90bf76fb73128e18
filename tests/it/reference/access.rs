//! Who is heard, and who is spoken to.

use aios_wechat::adapter::Adapter as _;
use aios_wechat::contract::{Code, ReceiptStatus};
use aios_wechat::simulator::Draft;
use serde_json::json;

use super::bench::{Bench, FRIEND, OWNER, STRANGER};

#[tokio::test]
async fn a_stranger_is_reported_without_a_word_and_cannot_be_written_to() {
    let mut bench = Bench::started(json!({})).await;
    bench.wechat.send_text(STRANGER, "let me in");
    bench.wechat.send_text(FRIEND, "hello");
    bench.settled().await;
    let events = bench.aios.about_people();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["status_code"], "access_denied");
    assert_eq!(events[0]["payload"], json!({"sender": STRANGER}));
    assert_eq!(events[1]["payload"]["text"], "hello");
    let receipt = bench.say(STRANGER, "go away").await;
    assert_eq!(receipt.status_code, ReceiptStatus::Rejected);
    assert_eq!(receipt.error_code, Some(Code::AccessDenied));
    assert!(bench.read_by_people().is_empty());
}

#[tokio::test]
async fn a_pairing_is_asked_for_once_and_survives_a_restart() {
    let mut bench = Bench::started(json!({"policy": {"pairing_required": true}})).await;
    bench.wechat.send_text(FRIEND, "one");
    bench.wechat.send_text(FRIEND, "two");
    bench.settled().await;
    bench.restart().await;
    bench.wechat.send_text(FRIEND, "three");
    bench.settled().await;
    let statuses: Vec<_> = bench
        .aios
        .about_people()
        .iter()
        .map(|event| event["status_code"].clone())
        .collect();
    assert_eq!(statuses, ["pairing_required"]);
    assert_eq!(
        bench.say(FRIEND, "wait").await.error_code,
        Some(Code::PairingRequired)
    );

    let receipt = bench.status("pair-1", "pairing_approved", FRIEND).await;
    assert_eq!(receipt.status_code, ReceiptStatus::Applied);
    bench.restart().await;
    bench.wechat.send_text(FRIEND, "four");
    bench.settled().await;
    assert_eq!(bench.aios.texts(), ["four"]);
    let pairing = serde_json::to_value(bench.adapter.audit().await).unwrap();
    assert_eq!(pairing["pairing"][0]["state"], "approved");

    bench.status("pair-2", "pairing_denied", FRIEND).await;
    bench.wechat.send_text(FRIEND, "five");
    bench.settled().await;
    assert_eq!(
        bench.aios.about_people().last().unwrap()["status_code"],
        "access_denied"
    );
    assert_eq!(
        bench.say(FRIEND, "no").await.error_code,
        Some(Code::AccessDenied)
    );
    assert!(bench.read_by_people().is_empty());
}

#[tokio::test]
async fn a_group_message_of_the_owner_is_reported_as_such() {
    let bench = Bench::started(json!({})).await;
    bench
        .wechat
        .inject(Draft::text(OWNER, "to all").in_group("123@chatroom"));
    bench.settled().await;
    let events = bench.aios.about_people();
    assert_eq!(events[0]["status_code"], "group_message");
    assert_eq!(
        events[0]["payload"],
        json!({"sender": OWNER, "group_id": "123@chatroom"})
    );
}

#[tokio::test]
async fn the_document_can_be_read_back() {
    let bench = Bench::started(json!({"policy": {"owner_only": true}})).await;
    let access = serde_json::to_value(bench.adapter.audit().await).unwrap();
    assert_eq!(access["auth"], bench.document["auth"]);
    assert_eq!(
        access["policy"],
        json!({"owner_only": true, "pairing_required": false, "dedup_window_sec": 3600})
    );
}
