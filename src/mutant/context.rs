//! Mutants of context tokens (WX-CTX).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::bend::{Bend, Bubble, Polled, Sent, Warp, Wechat, rewrite};
use super::parts::{Parts, Shared, bent, memories, remove, results, twisted, with};
use super::twist::{Fate, Reply, Twist};
use super::{Mutant, fails};
use crate::contract::Code;
use crate::reference::context::Newest;
use crate::reference::state::StateDocument;
use crate::reference::transport::Failure;
use crate::wire::WeixinMessage;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "answers-with-anybodys-token",
        breaks: "It answers with the token of whoever wrote last but one.",
        rule: "WX-CTX-001",
        reason: "Without a cache, … expected the context of the message … ; observed the context of the message",
        also: &[
            fails(
                "WX-ACCESS-007",
                "A stranger wrote, and the friend is answered with that token.",
            ),
            fails(
                "WX-BOUND-001",
                "Everybody wrote, and the owner's answer does not arrive.",
            ),
            fails(
                "WX-OUT-004",
                "The friend wrote first, and the owner's answer does not arrive.",
            ),
        ],
        make: || bent(AnybodysToken::default),
    },
    Mutant {
        name: "answers-with-the-first-token",
        breaks: "It answers with the first token a person ever had.",
        rule: "WX-CTX-001",
        reason: "With a cache, … expected the context of the message … ; observed the context of the message",
        also: &[],
        make: || bent(FirstToken::default),
    },
    Mutant {
        name: "forgets-contexts-by-the-hour",
        breaks: "It forgets at the end of an hour which contexts came in it.",
        rule: "WX-CTX-001",
        reason: "an answer hours later does so, too: expected a receipt with `delivered`; observed … \"error_code\":\"context_unavailable\"",
        also: &[],
        make: || twisted(ForgetsByTheHour::default()),
    },
    Mutant {
        name: "forgets-contexts-at-a-restart",
        breaks: "It keeps context tokens for one process only, although it claims the cache.",
        rule: "WX-CTX-002",
        reason: "expected a receipt with `delivered`; observed … \"error_code\":\"context_unavailable\"",
        also: &[],
        make: || memories(|kept| kept.contexts.to_mut().clear()),
    },
    Mutant {
        name: "drops-what-has-no-context",
        breaks: "It says that an action was delivered for which it had no context token.",
        rule: "WX-CTX-003",
        reason: "expected a receipt with `rejected` and `context_unavailable`; observed … \"status_code\":\"delivered\"",
        also: &[],
        make: || {
            results("act", |_, receipt| {
                if receipt["error_code"] == "context_unavailable" && receipt["chunks_total"] == 0 {
                    remove(receipt, "error_code");
                    receipt["status_code"] = "delivered".into();
                    receipt["chunks_sent"] = 1.into();
                    receipt["chunks_total"] = 1.into();
                }
            })
        },
    },
    Mutant {
        name: "hammers-a-refused-context",
        breaks: "It goes on sending with a context token that WeChat has refused.",
        rule: "WX-CTX-004",
        reason: "sends with a context that WeChat refuses; observed 6",
        also: &[],
        make: || bent(|| HammersRefusedContext),
    },
    Mutant {
        name: "drops-everybodys-contexts",
        breaks: "With a refused context it drops those of everybody.",
        rule: "WX-CTX-004",
        reason: "A refused context in a cache, … expected a receipt with `delivered`; observed … \"error_code\":\"context_unavailable\"",
        also: &[],
        make: || twisted(DropsEverybodys::default()),
    },
    Mutant {
        name: "keeps-tokens-without-being-asked",
        breaks: "It keeps context tokens in its state although the cache is off.",
        rule: "WX-CTX-005",
        reason: "none of it to be found; observed a context token … in state/",
        also: &[],
        make: keeping_tokens,
    },
];

/// What stands in a string member of a message.
fn text(message: &Value, member: &str) -> String {
    message[member].as_str().unwrap_or_default().to_owned()
}

#[derive(Default)]
struct AnybodysToken {
    /// Who wrote, and the newest token of each; whoever wrote last comes last.
    tokens: Mutex<Vec<(String, String)>>,
}
impl Bend for AnybodysToken {
    fn polled(&self, answer: Polled) -> Polled {
        rewrite(answer, |batch| {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            for message in batch {
                let sender = text(message, "from_user_id");
                tokens.retain(|(other, _)| *other != sender);
                tokens.push((sender, text(message, "context_token")));
            }
        })
    }

    fn sending(&self, mut message: WeixinMessage) -> WeixinMessage {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, token)) = tokens.iter().rev().nth(1) {
            message.context_token.clone_from(token);
        }
        message
    }
}

#[derive(Default)]
struct FirstToken {
    first: Mutex<BTreeMap<String, String>>,
}
impl Bend for FirstToken {
    fn polled(&self, answer: Polled) -> Polled {
        rewrite(answer, |batch| {
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            for message in batch {
                let token = text(message, "context_token");
                first.entry(text(message, "from_user_id")).or_insert(token);
            }
        })
    }

    fn sending(&self, mut message: WeixinMessage) -> WeixinMessage {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = first.get(&message.to_user_id) {
            message.context_token.clone_from(token);
        }
        message
    }
}

struct HammersRefusedContext;
impl Bend for HammersRefusedContext {
    fn send<'a>(&'a self, wechat: &'a Wechat, message: WeixinMessage) -> BoxFuture<'a, Sent> {
        async move {
            let mut answer = wechat.send_message(message.clone()).await;
            for _ in 0..5 {
                let refused = |failure: &Failure| failure.code() == Code::ContextUnavailable;
                if !answer.as_ref().is_err_and(refused) {
                    break;
                }
                answer = wechat.send_message(message.clone()).await;
            }
            answer
        }
        .boxed()
    }
}

/// The newest token of each peer.
type Tokens = Shared<BTreeMap<String, String>>;

fn keeping_tokens() -> Parts {
    let tokens: Tokens = Arc::default();
    let (bend, warp) = (Arc::clone(&tokens), tokens);
    Bubble::default()
        .bend(move || LearnsTokens(Arc::clone(&bend)))
        .warp(move |_| KeepsTokens(Arc::clone(&warp)))
        .into()
}

struct LearnsTokens(Tokens);
impl Bend for LearnsTokens {
    fn polled(&self, answer: Polled) -> Polled {
        rewrite(answer, |batch| {
            for message in batch {
                let (sender, token) = (
                    text(message, "from_user_id"),
                    text(message, "context_token"),
                );
                with(&self.0, |tokens| tokens.insert(sender, token));
            }
        })
    }
}

struct KeepsTokens(Tokens);
impl Warp for KeepsTokens {
    fn saving(&self, document: &mut StateDocument<'_>) {
        let newest = |(peer, token): (&String, &String)| {
            let token = token.clone();
            (
                peer.clone(),
                Newest {
                    token,
                    refused: false,
                    at: 0,
                },
            )
        };
        with(&self.0, |tokens| {
            document.contexts.to_mut().extend(tokens.iter().map(newest));
        });
    }
}

/// A receipt as if everything had gone well.
fn without_context(action: &Value) -> Value {
    let mut receipt = good_receipt(action);
    receipt["status_code"] = "rejected".into();
    receipt["error_code"] = "context_unavailable".into();
    receipt["chunks_sent"] = 0.into();
    receipt["chunks_total"] = 0.into();
    receipt
}

/// The hour in which each message was forwarded, and the present one.
#[derive(Default)]
struct ForgetsByTheHour {
    hours: BTreeMap<String, String>,
    hour: String,
}

impl ForgetsByTheHour {
    fn begins(&mut self, now: &Value) {
        let hour = now.as_str().and_then(|now| now.get(..13));
        hour.unwrap_or_default().clone_into(&mut self.hour);
    }
}

impl Twist for ForgetsByTheHour {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        match method {
            "start" => self.begins(&params["clock"]["now"]),
            "advance" => self.begins(&params["now"]),
            "act" => {
                let answered = params["payload"]["reply_to"].as_str().unwrap_or_default();
                if self
                    .hours
                    .get(answered)
                    .is_some_and(|hour| *hour != self.hour)
                {
                    return Fate::Answer(Ok(without_context(params)));
                }
            }
            _ => {}
        }
        Fate::Pass
    }

    fn event(&mut self, event: &mut Value) -> Fate {
        if let Some(id) = event["message_id"].as_str() {
            self.hours.insert(id.to_owned(), self.hour.clone());
        }
        Fate::Pass
    }
}

/// Who wrote since a context was refused; nothing before one was.
#[derive(Default)]
struct DropsEverybodys {
    heard: Option<BTreeSet<String>>,
}
impl Twist for DropsEverybodys {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        let recipient = params["payload"]["recipient"].as_str().unwrap_or_default();
        let is_good = |heard: &BTreeSet<String>| heard.contains(recipient);
        if method == "act" && !self.heard.as_ref().is_none_or(is_good) {
            return Fate::Answer(Ok(without_context(params)));
        }
        Fate::Pass
    }

    fn answer(&mut self, method: &str, _: &Value, reply: &mut Reply) {
        if let ("act", Ok(receipt)) = (method, reply)
            && receipt["error_code"] == "context_unavailable"
        {
            self.heard = Some(BTreeSet::new());
        }
    }

    fn event(&mut self, event: &mut Value) -> Fate {
        let sender = event["payload"]["sender"].as_str();
        if let (Some(heard), Some(sender)) = (&mut self.heard, sender) {
            heard.insert(sender.to_owned());
        }
        Fate::Pass
    }
}

pub(super) fn good_receipt(action: &Value) -> Value {
    json!({
        "message_id": action["message_id"],
        "correlation_id": action["correlation_id"],
        "status_code": "delivered",
        "chunks_sent": 1,
        "chunks_total": 1,
        "wechat_message_ids": [],
    })
}
