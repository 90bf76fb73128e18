//! Mutants of outbound actions (WX-OUT).

use std::collections::BTreeSet;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation as _;

use super::bend::{Bend, Sent, Wechat};
use super::context::good_receipt;
use super::parts::{bent, integration, refusal, remove, requests, results, twisted};
use super::twist::{Fate, Reply, Twist};
use super::{Mutant, fails};
use crate::reference::transport::Failure;
use crate::wire::{MessageItem, Raw, Refusal, SendMessageResponse, WeixinMessage};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "knows-no-error-action",
        breaks: "It refuses an outbound error as an unknown type.",
        rule: "WX-OUT-001",
        reason: "expected a receipt with `delivered`; observed {\"code\":-32602, … expected `message`\",\"pointer\":\"/event_type\"",
        also: &[],
        make: || twisted(KnowsNoErrorAction),
    },
    Mutant {
        name: "splits-graphemes",
        breaks: "It cuts a text inside a grapheme cluster.",
        rule: "WX-OUT-002",
        reason: "expected chunks that split no character that people see as one; observed a cut inside one",
        also: &[],
        make: || bent(|| SplitsGraphemes),
    },
    Mutant {
        name: "exceeds-the-limit",
        breaks: "It sends chunks of twice the configured length.",
        rule: "WX-OUT-002",
        reason: "expected at least one and at most 40 characters in a message; observed 80",
        also: &[],
        make: || {
            integration(|integration| {
                if let Some(limit) = integration.pointer_mut("/config/message_chunk_limit")
                    && let Some(number @ 1..=2000) = limit.as_u64()
                {
                    *limit = (number * 2).into();
                }
            })
        },
    },
    Mutant {
        name: "swaps-chunks",
        breaks: "It sends the second half of a long text before the first.",
        rule: "WX-OUT-002",
        reason: "expected the text of the action to reach wx-owner- … ; observed \"gabcdefg",
        also: &[],
        make: || twisted(SwapsChunks),
    },
    Mutant {
        name: "counts-a-long-text-as-one",
        breaks: "It counts one chunk, however many it sent.",
        rule: "WX-OUT-003",
        reason: "expected `chunks_sent` of 5, the messages received; observed 1",
        also: &[],
        make: || {
            results("act", |_, receipt| {
                if receipt["status_code"] == "delivered" {
                    receipt["chunks_sent"] = 1.into();
                    receipt["chunks_total"] = 1.into();
                }
            })
        },
    },
    Mutant {
        name: "leaves-out-the-total",
        breaks: "It does not say how many chunks there were to send.",
        rule: "WX-OUT-003",
        reason: "expected `chunks_total` of 5, since all were delivered; observed 0",
        also: &[],
        make: || {
            results("act", |_, receipt| {
                if receipt["status_code"] == "delivered" {
                    receipt["chunks_total"] = 0.into();
                }
            })
        },
    },
    Mutant {
        name: "looks-past-a-failing-server",
        breaks: "It says that a message was delivered that WeChat's server failed to take.",
        rule: "WX-OUT-003",
        reason: "server fails to take is not delivered: expected … `rejected` or `unreachable`, since WeChat refused; observed status_code delivered",
        also: &[fails(
            "WX-HEALTH",
            "It does not see that sends fail, and so does not tell.",
        )],
        make: || bent(|| Glosses(|failure| matches!(failure, Failure::Status { .. }))),
    },
    Mutant {
        name: "takes-silence-for-a-refusal",
        breaks: "It says that WeChat refused a message, when WeChat was not heard.",
        rule: "WX-OUT-003",
        reason: "WeChat hangs up on … expected a receipt with `unreachable`, since WeChat said nothing; observed status_code rejected",
        also: &[],
        make: || {
            results("act", |_, receipt| {
                if receipt["status_code"] == "unreachable" {
                    receipt["status_code"] = "rejected".into();
                }
            })
        },
    },
    Mutant {
        name: "makes-up-message-ids",
        breaks: "It names a message in the receipt that WeChat gave no id.",
        rule: "WX-OUT-003",
        reason: "no id of a message, since WeChat gave none; observed 1",
        also: &[],
        make: || {
            results("act", |_, receipt| {
                if receipt["status_code"] == "delivered"
                    && receipt["wechat_message_ids"] == json!([])
                {
                    receipt["wechat_message_ids"] = json!(["1"]);
                }
            })
        },
    },
    Mutant {
        name: "sends-every-repeat",
        breaks: "It sends an action again when AIOS repeats it.",
        rule: "WX-OUT-004",
        reason: "expected the person to read the text once; observed 2 times",
        also: &[],
        make: || twisted(SendsEveryRepeat::default()),
    },
    Mutant {
        name: "decides-anew-about-a-refused-action",
        breaks: "It decides anew about an action that a rule refused, when AIOS repeats it.",
        rule: "WX-OUT-004",
        reason: "expected the first receipt again: `rejected` and `pairing_required`; observed … \"error_code\":\"context_unavailable\"",
        also: &[],
        make: || twisted(DecidesAnew::default()),
    },
    Mutant {
        name: "ignores-a-refusal-in-a-good-answer",
        breaks: "It does not look at the codes in a successful HTTP answer.",
        rule: "WX-OUT-005",
        reason: "[with both of its error codes]: expected a receipt with `rejected` or `unreachable`, since WeChat refused; observed status_code delivered",
        also: &[fails(
            "WX-HEALTH-001",
            "It does not see that sends fail, and so does not tell.",
        )],
        make: || {
            bent(|| {
                Glosses(|failure| {
                    matches!(failure, Failure::Refused(refusal)
                        if refusal.code != Refusal::RESTRICTED)
                })
            })
        },
    },
    Mutant {
        name: "takes-an-empty-answer-for-a-success",
        breaks: "It says that a message was delivered that WeChat did not answer with JSON.",
        rule: "WX-OUT-005",
        reason: "[with an empty answer]: expected a receipt with `rejected` or `unreachable`, since WeChat refused; observed status_code delivered",
        also: &[fails(
            "WX-HEALTH-001",
            "It does not see that sends fail, and so does not tell.",
        )],
        make: || bent(|| Glosses(|failure| *failure == Failure::Malformed)),
    },
    Mutant {
        name: "does-not-say-when-to-try-again",
        breaks: "It leaves out how long to wait after a rate limit.",
        rule: "WX-OUT-006",
        reason: "expected `delivered`, or `rate_limited` with `retry_after_sec`; observed … \"error_code\":\"rate_limited\"",
        also: &[],
        make: || results("act", |_, receipt| remove(receipt, "retry_after_sec")),
    },
    Mutant {
        name: "keeps-approvals-to-itself",
        breaks: "It confirms an approval request and never asks the owner.",
        rule: "WX-OUT-007",
        reason: "expected the text of the action to reach wx-owner- … ; observed \"\"",
        also: &[],
        make: || twisted(KeepsApprovals),
    },
    Mutant {
        name: "ignores-unknown-members-of-actions",
        breaks: "It drops what it does not know from an action instead of refusing it.",
        rule: "WX-OUT-008",
        reason: "expected the action refused with -32602, since an unknown word stands beside it; observed … \"status_code\":\"delivered\"",
        also: &[],
        make: || requests("act", prune),
    },
    Mutant {
        name: "speaks-for-every-agent",
        breaks: "It does not look at the route of an action.",
        rule: "WX-OUT-008",
        reason: "expected the action refused with -32602, since the workspace is another's; observed … \"status_code\":\"delivered\"",
        also: &[],
        make: || twisted(SpeaksForEveryAgent::default()),
    },
    Mutant {
        name: "hides-a-partial-delivery",
        breaks: "It calls a text rejected of which the first chunks went out.",
        rule: "WX-OUT-009",
        reason: "expected a receipt with `partial` of 5 chunks; observed {\"chunks_sent\":0,\"chunks_total\":5, … \"error_code\":\"wechat_error\"",
        also: &[],
        make: || {
            results("act", |_, receipt| {
                if receipt["status_code"] == "partial" {
                    receipt["status_code"] = "rejected".into();
                    receipt["chunks_sent"] = 0.into();
                    receipt["wechat_message_ids"] = json!([]);
                }
            })
        },
    },
];

struct KnowsNoErrorAction;
impl Twist for KnowsNoErrorAction {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        if method == "act" && params["event_type"] == "error" {
            Fate::Answer(Err(refusal("/event_type", "expected `message`")))
        } else {
            Fate::Pass
        }
    }
}

/// The text of a message to be sent.
fn text_of(message: &WeixinMessage) -> Option<String> {
    Some(message.items().next()?.value.text_item?.text)
}

fn with_text(message: &WeixinMessage, text: &str, mark: &str) -> WeixinMessage {
    WeixinMessage {
        item_list: Raw::of(&MessageItem::text(text)).into_iter().collect(),
        client_id: format!("{}{mark}", message.client_id),
        ..message.clone()
    }
}

struct SplitsGraphemes;
impl Bend for SplitsGraphemes {
    fn send<'a>(&'a self, wechat: &'a Wechat, message: WeixinMessage) -> BoxFuture<'a, Sent> {
        async move {
            let text = text_of(&message).unwrap_or_default();
            let mut clusters = text.grapheme_indices(true);
            let torn = clusters.find_map(|(at, cluster)| {
                Some(at + cluster.char_indices().nth(1).map(|(offset, _)| offset)?)
            });
            let Some((head, tail)) = torn.and_then(|at| text.split_at_checked(at)) else {
                return wechat.send_message(message).await;
            };
            wechat.send_message(with_text(&message, head, "-a")).await?;
            wechat.send_message(with_text(&message, tail, "-b")).await
        }
        .boxed()
    }
}

/// Sends the second half of a long text first, in two actions of one chunk each or more.
struct SwapsChunks;
impl Twist for SwapsChunks {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        let text = params
            .pointer("/payload/text")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if method == "act" && text.chars().count() > 100 {
            let middle = text
                .char_indices()
                .nth(text.chars().count() / 2)
                .map_or(0, |(at, _)| at);
            let (head, tail) = text.split_at(middle);
            params["payload"]["text"] = format!("{tail}{head}").into();
        }
        Fate::Pass
    }
}

/// Takes certain failures of a send for a success.
struct Glosses(fn(&Failure) -> bool);
impl Bend for Glosses {
    fn sent(&self, answer: Sent) -> Sent {
        match answer {
            Err(failure) if (self.0)(&failure) => Ok(SendMessageResponse::default()),
            other => other,
        }
    }
}

#[derive(Default)]
struct SendsEveryRepeat {
    times: u64,
}
impl Twist for SendsEveryRepeat {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        if method == "act" {
            self.times += 1;
            let id = params["message_id"].as_str().unwrap_or_default();
            params["message_id"] = format!("{id}#{}", self.times).into();
        }
        Fate::Pass
    }

    fn answer(&mut self, method: &str, _: &Value, reply: &mut Reply) {
        if let ("act", Ok(receipt)) = (method, reply) {
            let id = receipt["message_id"].as_str().unwrap_or_default();
            receipt["message_id"] = id.rsplit_once('#').map_or(id, |(id, _)| id).into();
        }
    }
}

/// A refused action is another one when it comes again.
#[derive(Default)]
struct DecidesAnew {
    refused: BTreeSet<String>,
    again: SendsEveryRepeat,
}
impl Twist for DecidesAnew {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        let id = params["message_id"].as_str().unwrap_or_default();
        if self.refused.contains(id) {
            return self.again.request(method, params);
        }
        Fate::Pass
    }

    fn answer(&mut self, method: &str, params: &Value, reply: &mut Reply) {
        self.again.answer(method, params, reply);
        if let ("act", Ok(receipt)) = (method, reply)
            && receipt["status_code"] == "rejected"
        {
            let id = receipt["message_id"].as_str().unwrap_or_default();
            self.refused.insert(id.to_owned());
        }
    }
}

#[derive(Default)]
struct SpeaksForEveryAgent {
    route: Value,
}
impl Twist for SpeaksForEveryAgent {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        match method {
            "start" => self.route = params["integration"]["route"].clone(),
            "act" => {
                for word in ["workspace_id", "agent_id"] {
                    params[word] = self.route[word].clone();
                }
            }
            _ => {}
        }
        Fate::Pass
    }
}

struct KeepsApprovals;
impl Twist for KeepsApprovals {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        if method == "act" && params["event_type"] == "approval_request" {
            Fate::Answer(Ok(good_receipt(params)))
        } else {
            Fate::Pass
        }
    }
}

fn prune(action: &mut Value) {
    const KNOWN: [&str; 14] = [
        "channel_type",
        "target",
        "workspace_id",
        "agent_id",
        "session_id",
        "stream_id",
        "seq",
        "event_type",
        "message_id",
        "timestamp",
        "correlation_id",
        "status_code",
        "error_code",
        "payload",
    ];
    const PAYLOAD: [&str; 5] = ["recipient", "text", "reply_to", "approval_id", "expires_at"];
    if let Value::Object(members) = action {
        members.retain(|name, _| KNOWN.contains(&name.as_str()));
    }
    if let Some(Value::Object(members)) = action.get_mut("payload") {
        members.retain(|name, _| PAYLOAD.contains(&name.as_str()));
    }
}
