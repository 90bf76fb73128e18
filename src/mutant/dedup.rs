//! Mutants of redelivery (WX-DEDUP).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::bend::{Bend, Polled, rewrite};
use super::parts::{bent, events, integration, memories, messages};
use super::{Mutant, fails};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "forwards-redeliveries",
        breaks: "It forwards a message again when WeChat gives it again.",
        rule: "WX-DEDUP-001",
        reason: "WeChat gives a message again: expected the message to be forwarded once; observed it was forwarded 2 times",
        also: &[],
        make: || bent(ForwardsRedeliveries::default),
    },
    Mutant {
        name: "forgets-keys-at-a-restart",
        breaks: "It keeps its dedup memory for one process only.",
        rule: "WX-DEDUP-002",
        reason: "again after a restart: expected the message to be forwarded once; observed it was forwarded 2 times",
        also: &[fails(
            "WX-CURSOR-008",
            "A refused event is known again by the same memory.",
        )],
        make: || memories(|kept| kept.settled.to_mut().clear()),
    },
    Mutant {
        name: "dedups-by-words",
        breaks: "It takes equal words of one person for one message.",
        rule: "WX-DEDUP-003",
        reason: "expected an event for each of the messages; observed one event for two of them",
        also: &[],
        make: || bent(DedupsByWords::default),
    },
    Mutant {
        name: "salts-its-keys",
        breaks: "It makes other dedup keys in every process.",
        rule: "WX-DEDUP-004",
        reason: "expected the same as at first: \"wx- … -st-1- … ; observed \"wx- … -st-2-",
        also: &[fails(
            "WX-CURSOR-007",
            "What is forwarded again after damage must carry its first key.",
        )],
        make: || {
            events(|event| {
                let stream = event["stream_id"].as_str().unwrap_or_default();
                if let Some(key) = event["dedup_key"].as_str() {
                    event["dedup_key"] = format!("{key}-{stream}").into();
                }
            })
        },
    },
    Mutant {
        name: "dedups-by-id-only",
        breaks: "It knows a message by its WeChat id alone.",
        rule: "WX-DEDUP-005",
        reason: "A copy under a new id: expected the message to be forwarded once; observed it was forwarded 2 times",
        also: &[],
        make: || messages(|message| message["client_id"] = "".into()),
    },
    Mutant {
        name: "never-forgets-a-message",
        breaks: "It remembers messages for a week, whatever the window.",
        rule: "WX-DEDUP-007",
        reason: "expected the message to be forwarded again, twice … later; observed it was not",
        also: &[],
        make: || {
            integration(|integration| {
                let asked = integration.pointer("/policy/dedup_window_sec");
                let beyond = asked.and_then(Value::as_u64) > Some(604_800);
                if let Value::Object(members) = integration
                    && !beyond
                {
                    let policy = members
                        .entry("policy")
                        .or_insert_with(|| serde_json::json!({}));
                    policy["dedup_window_sec"] = 604_800.into();
                }
            })
        },
    },
    Mutant {
        name: "compares-ids-as-doubles",
        breaks: "It takes two messages for one whose ids are equal in double precision.",
        rule: "WX-DEDUP-008",
        reason: "Neighbouring ids: expected the message … to be forwarded to AIOS; observed nothing about it",
        also: &[],
        make: || bent(ComparesDoubles::default),
    },
];

/// Messages that came before look like new ones.
#[derive(Default)]
struct ForwardsRedeliveries {
    seen: Mutex<BTreeSet<String>>,
}
impl Bend for ForwardsRedeliveries {
    fn polled(&self, answer: Polled) -> Polled {
        rewrite(answer, |batch| {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            for message in batch {
                if !seen.insert(message["message_id"].to_string()) {
                    let copy = format!("{}-{}", message["client_id"], seen.len());
                    message["client_id"] = copy.into();
                }
            }
        })
    }
}

#[derive(Default)]
struct DedupsByWords {
    seen: Mutex<BTreeSet<(String, String)>>,
}
impl Bend for DedupsByWords {
    fn polled(&self, answer: Polled) -> Polled {
        rewrite(answer, |batch| {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            batch.retain(|message| {
                let words = message.pointer("/item_list/0/text_item/text");
                let Some(words) = words.and_then(Value::as_str) else {
                    return true;
                };
                seen.insert((message["from_user_id"].to_string(), words.to_owned()))
            });
        })
    }
}

#[derive(Default)]
struct ComparesDoubles {
    seen: Mutex<BTreeMap<u64, u64>>,
}
impl Bend for ComparesDoubles {
    fn polled(&self, answer: Polled) -> Polled {
        rewrite(answer, |batch| {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            batch.retain(|message| {
                let Some(id) = message["message_id"].as_u64() else {
                    return true;
                };
                #[expect(clippy::cast_precision_loss, reason = "the loss is the fault")]
                let double = (id as f64).to_bits();
                *seen.entry(double).or_insert(id) == id
            });
        })
    }
}
