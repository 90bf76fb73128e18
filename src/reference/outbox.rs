//! Pure: what became of AIOS's actions, so that a repeat does nothing twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::digest;
use crate::contract::{
    ChunkCount, Code, Id, Int, OutboundAction, Receipt, ReceiptStatus, WechatMessageIds,
};

/// The actions of the last window, by AIOS's idempotency key; never a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbox {
    window_ms: i64,
    actions: BTreeMap<String, Entry>,
}

/// What became of one action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The chunks that WeChat accepted so far, each with the id WeChat gave it, if any.
    pub accepted: Vec<Option<Id>>,
    /// The receipt, where it is final.
    pub receipt: Option<Receipt>,
}

/// What is known of an action that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recall {
    /// It was settled: this was its receipt, and stays so.
    Settled(Box<Receipt>),
    /// These first chunks of it were accepted: none, if it is new.
    Open(Vec<Option<Id>>),
}

/// How an attempt at an action ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    status: ReceiptStatus,
    accepted: Vec<Option<Id>>,
    total: usize,
    error: Option<Code>,
    retry_after_sec: Option<u64>,
}

impl Outbox {
    /// The memory that an earlier process left, under the window in force now.
    #[must_use]
    pub fn restored(window_sec: i64, actions: BTreeMap<String, Entry>) -> Self {
        Self {
            window_ms: window_sec.saturating_mul(1_000),
            actions,
        }
    }

    /// What is known of the action `message_id`.
    #[must_use]
    pub fn recall(&self, message_id: &Id, now: i64) -> Recall {
        match self
            .actions
            .get(message_id.as_str())
            .filter(|entry| self.is_fresh(entry, now))
        {
            Some(Entry {
                receipt: Some(receipt),
                ..
            }) => Recall::Settled(Box::new(receipt.clone())),
            Some(Entry { accepted, .. }) => Recall::Open(accepted.clone()),
            None => Recall::Open(Vec::new()),
        }
    }

    /// Remembers how an attempt ended, forgets what is older than the window, and gives the receipt.
    pub fn conclude(&mut self, action: &OutboundAction, outcome: Outcome, now: i64) -> Receipt {
        let receipt = outcome.receipt(action);
        let entry = Entry {
            at: now,
            receipt: outcome.is_final().then(|| receipt.clone()),
            accepted: if outcome.is_final() {
                Vec::new()
            } else {
                outcome.accepted
            },
        };
        let window_ms = self.window_ms;
        self.actions
            .retain(|_, entry| now.saturating_sub(entry.at) < window_ms);
        self.actions.insert(action.message_id().to_string(), entry);
        receipt
    }

    /// What a restart needs.
    #[must_use]
    pub fn actions(&self) -> &BTreeMap<String, Entry> {
        &self.actions
    }

    fn is_fresh(&self, entry: &Entry, now: i64) -> bool {
        now.saturating_sub(entry.at) < self.window_ms
    }
}

impl Outcome {
    /// A status took effect.
    #[must_use]
    pub fn applied() -> Self {
        Self::of(ReceiptStatus::Applied)
    }

    /// WeChat accepted every chunk.
    #[must_use]
    pub fn delivered(accepted: Vec<Option<Id>>) -> Self {
        let total = accepted.len();
        Self {
            accepted,
            total,
            ..Self::of(ReceiptStatus::Delivered)
        }
    }

    /// A rule refuses it.
    #[must_use]
    pub fn refused(code: Code) -> Self {
        Self {
            error: Some(code),
            ..Self::of(ReceiptStatus::Rejected)
        }
    }

    /// It ended before the last of `total` chunks: WeChat said no (`by_wechat`), or could not be heard.
    #[must_use]
    pub fn broken_off(
        accepted: Vec<Option<Id>>,
        total: usize,
        code: Code,
        by_wechat: bool,
        retry_after_sec: Option<u64>,
    ) -> Self {
        let status = match (accepted.is_empty(), by_wechat) {
            (false, _) => ReceiptStatus::Partial,
            (true, true) => ReceiptStatus::Rejected,
            (true, false) => ReceiptStatus::Unreachable,
        };
        Self {
            status,
            accepted,
            total,
            error: Some(code),
            retry_after_sec,
        }
    }

    fn of(status: ReceiptStatus) -> Self {
        Self {
            status,
            accepted: Vec::new(),
            total: 0,
            error: None,
            retry_after_sec: None,
        }
    }

    /// Whether a repeat gives this receipt again instead of another attempt.
    fn is_final(&self) -> bool {
        match self.status {
            ReceiptStatus::Delivered | ReceiptStatus::Applied => true,
            ReceiptStatus::Rejected => matches!(
                self.error,
                Some(
                    Code::AccessDenied | Code::PairingRequired | Code::NoOwner | Code::Unsupported
                )
            ),
            ReceiptStatus::Partial | ReceiptStatus::Unreachable => false,
        }
    }

    fn receipt(&self, action: &OutboundAction) -> Receipt {
        Receipt {
            message_id: action.message_id().clone(),
            correlation_id: action.correlation_id().clone(),
            status_code: self.status,
            chunks_sent: count(self.accepted.len()),
            chunks_total: count(self.total),
            wechat_message_ids: WechatMessageIds::clip(self.accepted.iter().flatten().cloned()),
            error_code: self.error,
            retry_after_sec: self
                .retry_after_sec
                .map(|seconds| Int::saturating(i64::try_from(seconds).unwrap_or(i64::MAX))),
        }
    }
}

fn count(chunks: usize) -> ChunkCount {
    ChunkCount::saturating(i64::try_from(chunks).unwrap_or(i64::MAX))
}

/// The `client_id` of a chunk: always the same for one action, so that WeChat shows a repeat once.
#[must_use]
pub fn client_id(message_id: &Id, chunk: usize) -> String {
    digest(&["client", message_id.as_str(), &chunk.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(message_id: &str) -> OutboundAction {
        let json = format!(
            r#"{{"channel_type":"dialog","target":"wechat","workspace_id":"w","agent_id":"a",
                "session_id":"s","stream_id":"t","seq":1,"event_type":"message",
                "message_id":"{message_id}","timestamp":"2026-03-24T12:00:00Z",
                "correlation_id":"c","payload":{{"recipient":"r","text":"hi"}}}}"#
        );
        crate::contract::from_bytes(json.as_bytes()).unwrap()
    }

    fn outbox() -> Outbox {
        Outbox::restored(60, BTreeMap::new())
    }

    fn some_id(text: &str) -> Option<Id> {
        Id::try_from(text).ok()
    }

    #[test]
    fn a_delivered_action_keeps_its_receipt_for_the_window() {
        let (mut outbox, action) = (outbox(), action("a"));
        let receipt = outbox.conclude(&action, Outcome::delivered(vec![some_id("1"), None]), 0);
        assert_eq!(
            (receipt.chunks_sent.get(), receipt.chunks_total.get()),
            (2, 2)
        );
        assert_eq!(receipt.wechat_message_ids.len(), 1);
        let again = Recall::Settled(Box::new(receipt));
        assert_eq!(outbox.recall(action.message_id(), 59_999), again);
        assert_eq!(
            outbox.recall(action.message_id(), 60_000),
            Recall::Open(vec![])
        );
    }

    #[test]
    fn an_action_broken_off_goes_on_where_it_stopped() {
        let (mut outbox, action) = (outbox(), action("a"));
        let outcome = Outcome::broken_off(vec![some_id("1")], 3, Code::Timeout, false, None);
        let receipt = outbox.conclude(&action, outcome, 0);
        assert_eq!(receipt.status_code, ReceiptStatus::Partial);
        assert_eq!(
            (receipt.chunks_sent.get(), receipt.chunks_total.get()),
            (1, 3)
        );
        assert_eq!(
            outbox.recall(action.message_id(), 1),
            Recall::Open(vec![some_id("1")])
        );
    }

    #[test]
    fn what_a_rule_refused_stays_refused_and_a_missing_context_does_not() {
        for (code, stays) in [
            (Code::AccessDenied, true),
            (Code::ContextUnavailable, false),
        ] {
            let (mut outbox, action) = (outbox(), action("a"));
            outbox.conclude(&action, Outcome::refused(code), 0);
            let recall = outbox.recall(action.message_id(), 1);
            assert_eq!(matches!(recall, Recall::Settled(_)), stays, "{code}");
        }
    }

    #[test]
    fn nothing_accepted_is_rejected_or_unreachable_by_who_said_so() {
        let status = |by_wechat| {
            let outcome = Outcome::broken_off(vec![], 1, Code::WechatError, by_wechat, None);
            outbox().conclude(&action("a"), outcome, 0).status_code
        };
        assert_eq!(status(true), ReceiptStatus::Rejected);
        assert_eq!(status(false), ReceiptStatus::Unreachable);
    }

    #[test]
    fn client_ids_follow_from_action_and_chunk() {
        let (a, b) = (some_id("a").unwrap(), some_id("b").unwrap());
        assert_eq!(client_id(&a, 0), client_id(&a, 0));
        assert_ne!(client_id(&a, 0), client_id(&a, 1));
        assert_ne!(client_id(&a, 0), client_id(&b, 0));
    }

    #[test]
    fn what_left_the_window_takes_no_room() {
        let mut outbox = outbox();
        for n in 0..100 {
            outbox.conclude(&action(&n.to_string()), Outcome::applied(), n * 1_000);
        }
        assert_eq!(outbox.actions().len(), 60);
    }
}
