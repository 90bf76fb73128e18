//! Mutants of owner, allowlist and pairing (WX-ACCESS).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::bend::{Bend, Bubble, Polled, Sent, Wechat, rewrite};
use super::parts::{Parts, Shared, integration, memories, messages, results, with};
use super::twist::{Fate, Twist};
use super::{Mutant, fails};
use crate::contract::Id;
use crate::reference::outbox::client_id;
use crate::wire::{MESSAGE_USER, WeixinMessage};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "ignores-owner-only",
        breaks: "It admits the allowlist although the channel is for the owner only.",
        rule: "WX-ACCESS-001",
        reason: "expected nothing of wx-friend- … to be forwarded; observed its message was",
        also: &[],
        make: || {
            integration(|integration| {
                if integration["auth"].get("owner_user_id").is_some()
                    && let Some(policy) = integration.get_mut("policy")
                {
                    policy["owner_only"] = false.into();
                }
            })
        },
    },
    Mutant {
        name: "opens-after-a-friend",
        breaks: "Once somebody from the allowlist has written, it admits everybody.",
        rule: "WX-ACCESS-002",
        reason: "expected nothing of wx-other- … to be forwarded; observed its message was",
        also: &[],
        make: || impersonating(|rules, sender| rules.opened && !sender.ends_with("@im.bot")),
    },
    Mutant {
        name: "opens-without-an-allowlist",
        breaks: "It takes an empty or missing allowlist for an open door.",
        rule: "WX-ACCESS-003",
        reason: "expected nothing of wx-other- … to be forwarded; observed its message was",
        also: &[],
        make: || impersonating(|rules, sender| !rules.listed() && !sender.ends_with("@im.bot")),
    },
    Mutant {
        name: "folds-ids",
        breaks: "It compares ids without regard to capitals and surrounding space.",
        rule: "WX-ACCESS-004",
        reason: "in capitals]: expected the body of a message that is not forwarded to go nowhere; observed … of it in what the adapter said",
        also: &[],
        make: || impersonating(Rules::resembles),
    },
    Mutant {
        name: "matches-ids-by-their-beginning",
        breaks: "It admits an id that begins like an admitted one.",
        rule: "WX-ACCESS-004",
        reason: "with one more letter]: expected the body of a message that is not forwarded to go nowhere; observed … of it in what the adapter said",
        also: &[],
        make: || impersonating(|rules, sender| rules.people().any(|id| sender.starts_with(id))),
    },
    Mutant {
        name: "reports-the-files-of-strangers",
        breaks: "It hides the name of a denied file in the report about it.",
        rule: "WX-ACCESS-005",
        reason: "expected the body of a message that is not forwarded to go nowhere; observed … .pdf of it in what the adapter said",
        also: &[fails(
            "WX-STORE-003",
            "The name of a file is a body, and the report says it.",
        )],
        make: || {
            denied_files(|event, name| {
                // The one member of a report that takes free text.
                event["payload"]["group_id"] = name.into();
                Fate::Pass
            })
        },
    },
    Mutant {
        name: "conceals-the-files-of-strangers",
        breaks: "It drops a denied file without a report.",
        rule: "WX-ACCESS-005",
        reason: "expected a status `access_denied` about the message, naming its sender; observed no event about it",
        also: &[],
        make: || denied_files(|_, _| Fate::Answer(Ok(json!({"status": "accepted"})))),
    },
    Mutant {
        name: "hides-its-allowlist",
        breaks: "It shows an empty allowlist whatever it was given.",
        rule: "WX-ACCESS-006",
        reason: "expected `auth.allowlist` as it is in force: … wx-friend- … ; observed []",
        also: &[fails(
            "WX-CONF-001",
            "That rule reads the allowlist back, too.",
        )],
        make: || results("audit", |_, access| access["auth"]["allowlist"] = json!([])),
    },
    Mutant {
        name: "speaks-to-strangers",
        breaks: "It delivers an action to somebody who is not admitted.",
        rule: "WX-ACCESS-007",
        reason: "a receipt with `rejected` and `access_denied`; observed … \"status_code\":\"delivered\"",
        also: &[],
        make: speaking_to_strangers,
    },
    Mutant {
        name: "forgets-pairings",
        breaks: "It forgets at a restart whom AIOS approved.",
        rule: "WX-ACCESS-008",
        reason: "expected the message sent after the approval to be forwarded; observed it was not",
        also: &[],
        make: || memories(|kept| kept.pairing.clear()),
    },
    Mutant {
        name: "takes-groups-for-people",
        breaks: "It takes a message in a group for one of its sender alone.",
        rule: "WX-ACCESS-009",
        reason: "The owner speaks in a group: expected the body of a message that is not forwarded to go nowhere; observed … of it in what the adapter said",
        also: &[],
        make: || messages(|message| message["group_id"] = "".into()),
    },
];

/// The access rules as the mutant was given them.
#[derive(Default)]
pub(super) struct Rules {
    owner: Option<String>,
    allowlist: Vec<String>,
    /// Somebody from the allowlist has written.
    opened: bool,
}

impl Rules {
    fn learn(&mut self, start: &Value) {
        let auth = &start["integration"]["auth"];
        let ids = auth["allowlist"].as_array().into_iter().flatten();
        self.allowlist = ids.filter_map(|id| Some(id.as_str()?.to_owned())).collect();
        self.owner = auth["owner_user_id"].as_str().map(str::to_owned);
    }

    fn listed(&self) -> bool {
        !self.allowlist.is_empty()
    }

    fn people(&self) -> impl Iterator<Item = &str> {
        self.owner.iter().chain(&self.allowlist).map(String::as_str)
    }

    fn admits(&self, sender: &str) -> bool {
        self.people().any(|id| id == sender)
    }

    fn resembles(&self, sender: &str) -> bool {
        self.people()
            .any(|id| id.eq_ignore_ascii_case(sender.trim()))
    }
}

/// The messages of somebody who is not admitted, and for whom `open` holds, come in the owner's
/// name; on the way to AIOS they get their own sender back.
pub(super) fn impersonating(open: fn(&Rules, &str) -> bool) -> Parts {
    let masks: Shared<Masks> = Arc::default();
    let bend = {
        let masks = Arc::clone(&masks);
        move || Impersonates {
            masks: Arc::clone(&masks),
            open,
        }
    };
    Parts {
        twist: Some(Box::new(Unmasks { masks })),
        bubble: Bubble::default().bend(bend),
    }
}

#[derive(Default)]
struct Masks {
    rules: Rules,
    /// The true sender of each message, by message id.
    senders: BTreeMap<String, String>,
}

struct Impersonates {
    masks: Shared<Masks>,
    open: fn(&Rules, &str) -> bool,
}

impl Bend for Impersonates {
    fn polled(&self, answer: Polled) -> Polled {
        rewrite(answer, |batch| {
            for message in batch {
                with(&self.masks, |masks| {
                    let sender = message["from_user_id"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned();
                    let Some(owner) = masks.rules.owner.clone() else {
                        return;
                    };
                    masks.rules.opened |= masks.rules.allowlist.contains(&sender);
                    if !masks.rules.admits(&sender) && (self.open)(&masks.rules, &sender) {
                        masks
                            .senders
                            .insert(message["message_id"].to_string(), sender);
                        message["from_user_id"] = owner.into();
                        message["message_type"] = MESSAGE_USER.into();
                    }
                });
            }
        })
    }
}

struct Unmasks {
    masks: Shared<Masks>,
}

impl Twist for Unmasks {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        if method == "start" {
            with(&self.masks, |masks| masks.rules.learn(params));
        }
        Fate::Pass
    }

    fn event(&mut self, event: &mut Value) -> Fate {
        let id = event["message_id"].as_str().unwrap_or_default();
        if let Some(sender) = with(&self.masks, |masks| masks.senders.get(id).cloned()) {
            event["session_id"] = format!("s-{sender}").trim().into();
            event["payload"]["sender"] = sender.into();
        }
        Fate::Pass
    }
}

/// The names of files, by message id.
type Names = Shared<BTreeMap<String, String>>;

/// A report about a denied file is treated with knowledge of the file's name.
fn denied_files(treat: fn(&mut Value, &str) -> Fate) -> Parts {
    let names: Names = Arc::default();
    let bend = {
        let names = Arc::clone(&names);
        move || RemembersNames {
            names: Arc::clone(&names),
        }
    };
    Parts {
        twist: Some(Box::new(TreatsDenials { names, treat })),
        bubble: Bubble::default().bend(bend),
    }
}

struct RemembersNames {
    names: Names,
}

impl Bend for RemembersNames {
    fn polled(&self, answer: Polled) -> Polled {
        rewrite(answer, |batch| {
            for message in batch {
                let name = message.pointer("/item_list/0/file_item/file_name");
                if let Some(name) = name.and_then(Value::as_str) {
                    let id = message["message_id"].to_string();
                    with(&self.names, |names| names.insert(id, name.to_owned()));
                }
            }
        })
    }
}

struct TreatsDenials {
    names: Names,
    treat: fn(&mut Value, &str) -> Fate,
}

impl Twist for TreatsDenials {
    fn event(&mut self, event: &mut Value) -> Fate {
        let id = event["message_id"].as_str().unwrap_or_default();
        let name = with(&self.names, |names| names.get(id).cloned());
        match name {
            Some(name) if event["status_code"] == "access_denied" => (self.treat)(event, &name),
            _ => Fate::Pass,
        }
    }
}

/// An action to a stranger goes out in the owner's name, and is led astray on its way to WeChat.
fn speaking_to_strangers() -> Parts {
    let letters: Shared<Letters> = Arc::default();
    let bend = {
        let letters = Arc::clone(&letters);
        move || LeadsAstray {
            letters: Arc::clone(&letters),
        }
    };
    Parts {
        twist: Some(Box::new(SpeaksToStrangers { letters })),
        bubble: Bubble::default().bend(bend),
    }
}

#[derive(Default)]
struct Letters {
    rules: Rules,
    /// The newest token of everybody who wrote.
    tokens: BTreeMap<String, String>,
    /// Their newest message, by its id.
    messages: BTreeMap<String, String>,
    /// Whom the message with this client id is truly for.
    astray: BTreeMap<String, String>,
}

struct LeadsAstray {
    letters: Shared<Letters>,
}

impl Bend for LeadsAstray {
    fn polled(&self, answer: Polled) -> Polled {
        rewrite(answer, |batch| {
            for message in batch {
                let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
                let (sender, token) = (text("from_user_id"), text("context_token"));
                let id = message["message_id"].to_string();
                with(&self.letters, |letters| {
                    letters.tokens.insert(sender.clone(), token);
                    letters.messages.insert(sender, id);
                });
            }
        })
    }

    fn send<'a>(
        &'a self,
        wechat: &'a Wechat,
        mut message: WeixinMessage,
    ) -> futures_util::future::BoxFuture<'a, Sent> {
        with(&self.letters, |letters| {
            if let Some(stranger) = letters.astray.get(&message.client_id) {
                message.context_token = letters.tokens.get(stranger).cloned().unwrap_or_default();
                message.to_user_id.clone_from(stranger);
            }
        });
        wechat.send_message(message)
    }
}

struct SpeaksToStrangers {
    letters: Shared<Letters>,
}

impl Twist for SpeaksToStrangers {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        with(&self.letters, |letters| match method {
            "start" => letters.rules.learn(params),
            "act" => {
                let recipient = params["payload"]["recipient"].as_str().map(str::to_owned);
                let key = params["message_id"]
                    .as_str()
                    .and_then(|id| Id::try_from(id).ok());
                if let (Some(key), Some(owner)) = (key, letters.rules.owner.clone())
                    && let Some(recipient) = recipient
                    && !letters.rules.admits(&recipient)
                {
                    letters.astray.insert(client_id(&key, 0), recipient);
                    if let Some(message) = letters.messages.get(&owner) {
                        params["payload"]["reply_to"] = message.as_str().into();
                    }
                    params["payload"]["recipient"] = owner.into();
                }
            }
            _ => {}
        });
        Fate::Pass
    }
}
