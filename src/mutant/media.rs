//! Mutants of voice, attachments and quotes (WX-MEDIA).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::bend::{Bend, Bubble, Polled, rewrite};
use super::parts::{Parts, Shared, bent, events, integration, remove, twisted, with};
use super::twist::{Fate, Twist};
use super::{Mutant, fails};
use crate::reference::transport::Failure;
use crate::wire::WeixinMessage;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "deaf-to-transcripts",
        breaks: "It reports a voice message as an attachment although it has a transcript.",
        rule: "WX-MEDIA-001",
        reason: "a message whose text is the transcript, with the origin `voice`; observed {",
        also: &[],
        make: || {
            integration(|integration| {
                if let Some(wanted) = integration.pointer_mut("/config/voice_to_text") {
                    *wanted = false.into();
                }
            })
        },
    },
    Mutant {
        name: "swallows-videos",
        breaks: "It drops videos without a word.",
        rule: "WX-MEDIA-002",
        reason: "attachment of kind `video`; observed nothing",
        also: &[],
        make: || twisted(SwallowsVideos),
    },
    Mutant {
        name: "misstates-sizes",
        breaks: "It gives the size of a file in kilobytes.",
        rule: "WX-MEDIA-002",
        reason: "expected `size_bytes` 20480 as WeChat gives it; observed 20",
        also: &[],
        make: || {
            events(|event| {
                let size = event.pointer_mut("/payload/attachments/0/size_bytes");
                if let Some(size) = size {
                    *size = (size.as_u64().unwrap_or_default() / 1024).into();
                }
            })
        },
    },
    Mutant {
        name: "hands-on-download-tokens",
        breaks: "It names an attachment by its download token.",
        rule: "WX-MEDIA-003",
        reason: "metadata alone; observed what opens an attachment",
        also: &[],
        make: handing_on_tokens,
    },
    Mutant {
        name: "drops-quotes",
        breaks: "It does not say that a message quotes another.",
        rule: "WX-MEDIA-004",
        reason: "`quoted` in the event; observed none",
        also: &[],
        make: || events(|event| remove(&mut event["payload"], "quoted")),
    },
    Mutant {
        name: "sees-quotes-everywhere",
        breaks: "It says of every message that it quotes another.",
        rule: "WX-MEDIA-004",
        reason: "expected no `quoted`, since it quotes nothing; observed {",
        also: &[],
        make: || {
            events(|event| {
                if event["event_type"] == "message" {
                    event["payload"]["quoted"] = json!({});
                }
            })
        },
    },
    Mutant {
        name: "chokes-on-a-malformed-message",
        breaks: "It takes nothing from a batch in which one message or item is malformed.",
        rule: "WX-MEDIA-005",
        reason: "A bad message between two good ones … expected a message sent after the others to pass through the adapter; observed it did not reach AIOS",
        also: &[fails(
            "WX-STORE",
            "Its bad days hold a malformed message, and after that one nothing arrives any more.",
        )],
        make: || bent(|| Chokes),
    },
];

struct SwallowsVideos;
impl Twist for SwallowsVideos {
    fn event(&mut self, event: &mut Value) -> Fate {
        if event.pointer("/payload/attachments/0/kind") == Some(&"video".into()) {
            Fate::Answer(Ok(json!({"status": "accepted"})))
        } else {
            Fate::Pass
        }
    }
}

/// The download token of each message with a medium, by message id.
type Tokens = Shared<BTreeMap<String, String>>;

fn handing_on_tokens() -> Parts {
    let tokens: Tokens = Arc::default();
    let bend = {
        let tokens = Arc::clone(&tokens);
        move || LearnsDownloads(Arc::clone(&tokens))
    };
    Parts {
        twist: Some(Box::new(NamesByToken(tokens))),
        bubble: Bubble::default().bend(bend),
    }
}

struct LearnsDownloads(Tokens);
impl Bend for LearnsDownloads {
    fn polled(&self, answer: Polled) -> Polled {
        rewrite(answer, |batch| {
            for message in batch {
                let items = message["item_list"].as_array().into_iter().flatten();
                let media = ["image_item", "voice_item", "file_item", "video_item"];
                let mut tokens = items.flat_map(|item| {
                    media
                        .iter()
                        .filter_map(|medium| item[medium]["media"]["encrypt_query_param"].as_str())
                });
                if let Some(token) = tokens.next() {
                    let (id, token) = (message["message_id"].to_string(), token.to_owned());
                    with(&self.0, |tokens| tokens.insert(id, token));
                }
            }
        })
    }
}

struct NamesByToken(Tokens);
impl Twist for NamesByToken {
    fn event(&mut self, event: &mut Value) -> Fate {
        let id = event["message_id"].as_str().unwrap_or_default();
        if let Some(token) = with(&self.0, |tokens| tokens.get(id).cloned())
            && let Some(attachment) = event.pointer_mut("/payload/attachments/0")
        {
            attachment["name"] = token.chars().take(255).collect::<String>().into();
        }
        Fate::Pass
    }
}

struct Chokes;
impl Bend for Chokes {
    fn polled(&self, answer: Polled) -> Polled {
        let batch = answer?;
        let good = batch.msgs.iter().all(|raw| {
            let message = raw.read::<WeixinMessage>();
            message.faults.is_empty() && message.value.items().all(|item| item.faults.is_empty())
        });
        if good {
            Ok(batch)
        } else {
            Err(Failure::Malformed)
        }
    }
}
