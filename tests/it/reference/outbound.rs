//! What AIOS says reaches people once, whole, and with an honest receipt.

use aios_wechat::adapter::Adapter as _;
use aios_wechat::contract::{Code, HealthState, ReceiptStatus};
use aios_wechat::simulator::{Fault, FaultRule, Shape};
use aios_wechat::wire::Endpoint;
use serde_json::json;

use super::bench::{Bench, FRIEND, OWNER};

#[tokio::test]
async fn an_answer_carries_the_newest_token_of_its_recipient() {
    let mut bench = Bench::started(json!({})).await;
    bench.wechat.send_text(OWNER, "old");
    let newest = bench.wechat.send_text(OWNER, "new");
    bench.wechat.send_text(FRIEND, "other");
    bench.settled().await;
    bench.restart().await;
    let receipt = bench.say(OWNER, "hi").await;
    assert_eq!(receipt.status_code, ReceiptStatus::Delivered);
    let delivery = &bench.wechat.deliveries()[0];
    assert_eq!(
        delivery.context_token.as_deref(),
        Some(newest.context_token.as_str())
    );
    assert_eq!(
        receipt.wechat_message_ids[0],
        delivery.message_id.to_string().as_str()
    );
}

#[tokio::test]
async fn without_the_cache_only_an_answer_goes_out_and_no_token_is_kept() {
    let mut bench = Bench::started(json!({"config": {"context_cache": false}})).await;
    let asked = bench.wechat.send_text(OWNER, "question");
    bench.wechat.send_text(OWNER, "another");
    bench.settled().await;
    let receipt = bench.say(OWNER, "first").await;
    assert_eq!(receipt.status_code, ReceiptStatus::Rejected);
    assert_eq!(receipt.error_code, Some(Code::ContextUnavailable));
    let reply_to = asked.message_id.to_string();
    let answer = json!({"recipient": OWNER, "text": "answer", "reply_to": reply_to});
    let receipt = bench.act("answer", "message", answer).await;
    assert_eq!(receipt.status_code, ReceiptStatus::Delivered);
    let token = &bench.wechat.deliveries()[0].context_token;
    assert_eq!(token.as_deref(), Some(asked.context_token.as_str()));
}

#[tokio::test]
async fn a_long_text_goes_out_in_order_and_a_repeat_goes_out_not_at_all() {
    let bench = Bench::started(json!({"config": {"message_chunk_limit": 4}})).await;
    bench.wechat.send_text(OWNER, "hello");
    bench.settled().await;
    let long = json!({"recipient": OWNER, "text": "abcdefghij"});
    let receipt = bench.act("a", "message", long.clone()).await;
    assert_eq!(
        (receipt.chunks_sent.get(), receipt.chunks_total.get()),
        (3, 3)
    );
    assert_eq!(bench.act("a", "message", long).await, receipt);
    let texts: Vec<_> = bench
        .read_by_people()
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert_eq!(texts, ["abcd", "efgh", "ij"]);
}

#[tokio::test]
async fn a_lost_answer_is_not_a_second_message() {
    let mut bench = Bench::started(json!({})).await;
    bench.wechat.send_text(OWNER, "hello");
    bench.settled().await;
    bench
        .wechat
        .set_fault(FaultRule::next(Endpoint::SendMessage, Fault::LostAnswer {}))
        .unwrap();
    let payload = json!({"recipient": OWNER, "text": "hi"});
    let receipt = bench.act("a", "message", payload.clone()).await;
    assert_eq!(receipt.status_code, ReceiptStatus::Unreachable);
    assert_eq!(bench.adapter.health().await.health, HealthState::Degraded);
    bench.restart().await;
    let receipt = bench.act("a", "message", payload).await;
    assert_eq!(receipt.status_code, ReceiptStatus::Delivered);
    assert_eq!(bench.read_by_people().len(), 1);
    assert_eq!(bench.wechat.deliveries()[0].repeats, 1);
}

#[tokio::test]
async fn a_failure_in_the_middle_is_partial_and_the_repeat_sends_the_rest() {
    let bench = Bench::started(json!({"config": {"message_chunk_limit": 4}})).await;
    bench.wechat.send_text(OWNER, "hello");
    bench.settled().await;
    let second = FaultRule {
        nth: 2,
        ..FaultRule::next(Endpoint::SendMessage, rate_limit())
    };
    bench.wechat.set_fault(second).unwrap();
    let long = json!({"recipient": OWNER, "text": "abcdefghij"});
    let receipt = bench.act("a", "message", long.clone()).await;
    assert_eq!(receipt.status_code, ReceiptStatus::Partial);
    assert_eq!(receipt.error_code, Some(Code::RateLimited));
    assert!(receipt.retry_after_sec.is_some());
    assert_eq!(
        (receipt.chunks_sent.get(), receipt.chunks_total.get()),
        (1, 3)
    );
    let receipt = bench.act("a", "message", long).await;
    assert_eq!(receipt.status_code, ReceiptStatus::Delivered);
    assert_eq!(receipt.wechat_message_ids.len(), 3);
    let texts: Vec<_> = bench
        .read_by_people()
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert_eq!(texts, ["abcd", "efgh", "ij"]);
}

fn rate_limit() -> Fault {
    Fault::BusinessError {
        code: -2,
        errmsg: Some("freq limit".into()),
        shape: Shape::Ret,
    }
}

#[tokio::test]
async fn a_refused_context_is_not_tried_again_until_the_person_writes() {
    let mut bench = Bench::started(json!({})).await;
    bench.wechat.send_text(OWNER, "hello");
    bench.settled().await;
    bench.wechat.expire_context(OWNER);
    for _ in 0..3 {
        let receipt = bench.say(OWNER, "hi").await;
        assert_eq!(receipt.status_code, ReceiptStatus::Rejected);
        assert_eq!(receipt.error_code, Some(Code::ContextUnavailable));
    }
    bench.wechat.send_text(OWNER, "hello again");
    bench.settled().await;
    assert_eq!(
        bench.say(OWNER, "hi").await.status_code,
        ReceiptStatus::Delivered
    );
}

#[tokio::test]
async fn an_approval_request_goes_to_the_owner_and_an_error_to_its_recipient() {
    let bench = Bench::started(json!({})).await;
    bench.wechat.send_text(OWNER, "hello");
    bench.wechat.send_text(FRIEND, "hello");
    bench.settled().await;
    let question = json!({"approval_id": "apr-7", "text": "Run it?"});
    bench.act("q", "approval_request", question).await;
    bench
        .act(
            "e",
            "error",
            json!({"recipient": FRIEND, "text": "It failed."}),
        )
        .await;
    let expected = [
        (OWNER.to_owned(), "Run it?".to_owned()),
        (FRIEND.to_owned(), "It failed.".to_owned()),
    ];
    assert_eq!(bench.read_by_people(), expected);
}

#[tokio::test]
async fn without_an_owner_there_is_nobody_to_ask() {
    let bench = Bench::started(json!({"auth": {"owner_user_id": null}})).await;
    let question = json!({"approval_id": "apr-7", "text": "Run it?"});
    let receipt = bench.act("q", "approval_request", question).await;
    assert_eq!(receipt.error_code, Some(Code::NoOwner));
}

#[tokio::test]
async fn the_typing_sign_makes_no_message() {
    let bench = Bench::started(json!({})).await;
    bench.wechat.send_text(OWNER, "hello");
    bench.settled().await;
    for (id, status) in [("w", "working"), ("i", "idle")] {
        assert_eq!(
            bench.status(id, status, OWNER).await.status_code,
            ReceiptStatus::Applied
        );
    }
    assert!(bench.read_by_people().is_empty());
}

#[tokio::test]
async fn an_unanswered_send_is_unreachable_and_seen() {
    let mut bench = Bench::started(json!({})).await;
    bench.wechat.send_text(OWNER, "hello");
    bench.settled().await;
    bench
        .wechat
        .set_fault(FaultRule::next(
            Endpoint::SendMessage,
            Fault::NeverAnswer {},
        ))
        .unwrap();
    let receipt = bench.say(OWNER, "hi").await;
    assert_eq!(receipt.status_code, ReceiptStatus::Unreachable);
    assert_eq!(receipt.error_code, Some(Code::Timeout));
    assert_eq!(bench.adapter.health().await.health, HealthState::Degraded);
}
