//! Mutants that step over the adapter's boundary (WX-BOUND).

use std::net::TcpStream;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::Mutant;
use super::bend::{Bend, Polled, Wechat};
use super::parts::{batches, bent, twisted};
use super::twist::{Reply, Twist};
use crate::wire::{MESSAGE_BOT, MessageItem, Raw, STATE_FINISH, WeixinMessage};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "asks-for-sessions",
        breaks: "It asks AIOS for its sessions.",
        rule: "WX-BOUND-001",
        reason: "no request to AIOS but `event`; observed a request of `sessions/list`",
        also: &[],
        make: || twisted(AsksForSessions::default()),
    },
    Mutant {
        name: "swallows-commands",
        breaks: "It keeps texts that begin with a slash to itself.",
        rule: "WX-BOUND-002",
        reason: "to be forwarded to AIOS; observed nothing",
        also: &[],
        make: || {
            batches(|batch| {
                batch.retain(|message| {
                    let text = message.pointer("/item_list/0/text_item/text");
                    !text
                        .and_then(Value::as_str)
                        .is_some_and(|text| text.starts_with('/'))
                });
            })
        },
    },
    Mutant {
        name: "answers-by-itself",
        breaks: "It tells each sender that the message was received.",
        rule: "WX-BOUND-003",
        reason: "nothing to be sent that AIOS did not ask for; observed the adapter sent a message",
        also: &[],
        make: || bent(|| AnswersByItself),
    },
    Mutant {
        name: "follows-links",
        breaks: "It connects to where a link in a text leads.",
        rule: "WX-BOUND-004",
        reason: "[a link to that address]: expected no connection but to WeChat; observed a connection to an address",
        also: &[],
        make: || {
            batches(|batch| {
                for message in batch {
                    let text = message.pointer("/item_list/0/text_item/text");
                    visit(text.and_then(Value::as_str).unwrap_or_default());
                }
            })
        },
    },
    Mutant {
        name: "fetches-pictures",
        breaks: "It connects to where a picture says that it lies.",
        rule: "WX-BOUND-004",
        reason: "[a picture that lies at that address]: expected no connection but to WeChat; observed a connection to an address",
        also: &[],
        make: || {
            batches(|batch| {
                for message in batch {
                    let url = message.pointer("/item_list/0/image_item/url");
                    visit(url.and_then(Value::as_str).unwrap_or_default());
                }
            })
        },
    },
];

/// Connects to the host of the first link in a text, if there is one.
fn visit(text: &str) {
    let rest = text.split_once("http://").map_or("", |(_, rest)| rest);
    let host = rest.split(['/', ' ']).next().unwrap_or_default();
    if !host.is_empty() {
        drop(TcpStream::connect(host));
    }
}

#[derive(Default)]
struct AsksForSessions {
    asking: bool,
}
impl Twist for AsksForSessions {
    fn settled(&mut self, _: &Value, _: &mut Reply) {
        self.asking = true;
    }

    fn asides(&mut self) -> Vec<(&'static str, Value)> {
        let asking = std::mem::take(&mut self.asking);
        asking
            .then(|| ("sessions/list", json!({})))
            .into_iter()
            .collect()
    }
}

struct AnswersByItself;
impl Bend for AnswersByItself {
    fn poll<'a>(
        &'a self,
        wechat: &'a Wechat,
        cursor: &'a str,
        sent: &'a (dyn Fn() + Sync),
    ) -> BoxFuture<'a, Polled> {
        async move {
            let batch = wechat.get_updates(cursor, sent).await?;
            for raw in &batch.msgs {
                let message = raw.read::<WeixinMessage>().value;
                let answer = WeixinMessage {
                    to_user_id: message.from_user_id,
                    client_id: format!("received-{}", message.message_id),
                    message_type: MESSAGE_BOT,
                    message_state: STATE_FINISH,
                    item_list: Raw::of(&MessageItem::text("收到")).into_iter().collect(),
                    context_token: message.context_token,
                    ..WeixinMessage::default()
                };
                drop(wechat.send_message(answer).await);
            }
            Ok(batch)
        }
        .boxed()
    }
}
