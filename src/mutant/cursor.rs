//! Mutants of position and recovery (WX-CURSOR), and of damaged state.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use super::bend::{Bend, Bubble, Polled, Warp, Wechat};
use super::parts::{Parts, Shared, bent, integration, memories, twisted, with};
use super::twist::{Fate, Reply, Twist};
use super::{Mutant, fails};
use crate::reference::state::{FolderStore, Found, StateDocument, Store as _};
use crate::reference::transport::Failure;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "conceals-damage",
        breaks: "It takes damaged state for a first start and tells nobody.",
        rule: "WX-DEDUP-006",
        reason: "expected `state_damaged` in the recent errors; observed []",
        also: &[fails(
            "WX-CURSOR-007",
            "That rule wants the damage reported as well.",
        )],
        make: || Bubble::default().warp(|_| ConcealsDamage).into(),
    },
    Mutant {
        name: "acknowledges-too-early",
        breaks: "It polls with the new cursor before AIOS has accepted what came with it.",
        rule: "WX-CURSOR-001",
        reason: "AIOS is unavailable: expected a position to be acknowledged to WeChat only once AIOS has taken what came before it; observed a poll from behind the message … before AIOS had taken it",
        also: &[],
        make: || bent(Prefetches::default),
    },
    Mutant {
        name: "fires-and-forgets",
        breaks: "It takes an event for accepted as soon as it has sent it.",
        rule: "WX-CURSOR-001",
        reason: "AIOS is unavailable: expected a message sent after the others to pass through the adapter; observed … before it were not settled",
        also: &[
            fails(
                "WX-ENV",
                "What AIOS did not take is never offered again, and they wait for that.",
            ),
            fails(
                "WX-DEDUP",
                "What AIOS did not take is never offered again, and they wait for that.",
            ),
            fails(
                "WX-STORE",
                "What AIOS did not take is never offered again, and they wait for that.",
            ),
            fails(
                "WX-BOUND-003",
                "What AIOS did not take is never offered again, and they wait for that.",
            ),
            fails(
                "WX-HEALTH-002",
                "What AIOS did not take is never offered again, and one scenario waits for that.",
            ),
        ],
        make: || twisted(FiresAndForgets),
    },
    Mutant {
        name: "saves-the-cursor-first",
        breaks: "It writes the new cursor down before AIOS has accepted what came with it.",
        rule: "WX-CURSOR-002",
        reason: "expected AIOS to take over the message … ; observed it never did",
        also: &[fails(
            "WX-DEDUP-004",
            "After a kill nothing is offered again, so no key can be compared.",
        )],
        make: saving_the_cursor_first,
    },
    Mutant {
        name: "forgets-its-position",
        breaks: "It starts from the beginning at every start.",
        rule: "WX-CURSOR-003",
        reason: "expected the first poll after a stop to go on from the last position; observed it begins from the beginning",
        also: &[fails(
            "WX-DEDUP-007",
            "WeChat gives everything again at a restart, and each time counts anew.",
        )],
        make: || memories(|kept| kept.cursors.to_mut().clear()),
    },
    Mutant {
        name: "begins-anew-without-a-position",
        breaks: "It begins from the beginning after an answer without a position.",
        rule: "WX-CURSOR-003",
        reason: "WeChat answered a poll without a position: expected no poll to go back behind an earlier one; observed one from 0, after one from",
        also: &[],
        make: || bent(BeginsAnew::default),
    },
    Mutant {
        name: "clings-to-a-lost-position",
        breaks: "It goes on polling with a position that WeChat does not know.",
        rule: "WX-CURSOR-004",
        reason: "WeChat forgets its positions … expected a message sent after the others to pass through the adapter; observed it did not reach AIOS",
        also: &[],
        make: || bent(|| ClingsToLostPosition),
    },
    Mutant {
        name: "conceals-a-lost-position",
        breaks: "It recovers from a lost position and tells nobody.",
        rule: "WX-CURSOR-004",
        reason: "expected `cursor_reset` in the recent errors; observed []",
        also: &[],
        make: || twisted(Conceals("cursor_reset")),
    },
    Mutant {
        name: "shares-its-position",
        breaks: "It keeps its position under one key, whatever the configuration says.",
        rule: "WX-CURSOR-005",
        reason: "to begin with the beginning, as nothing was given under it; observed the position of the cursor key",
        also: &[],
        make: || {
            integration(|integration| {
                if let Some(key) = integration.pointer_mut("/config/cursor_key") {
                    *key = "cursor".into();
                }
            })
        },
    },
    Mutant {
        name: "keeps-one-position",
        breaks: "It keeps the position of the cursor key it was started with last, and no other.",
        rule: "WX-CURSOR-005",
        reason: "to begin with the last position given under it; observed the beginning",
        also: &[],
        make: keeping_one_position,
    },
    Mutant {
        name: "gives-up-after-three-tries",
        breaks: "It drops an event that AIOS could not take three times.",
        rule: "WX-CURSOR-006",
        reason: "to pass through the adapter; observed … before it were not settled",
        also: &[fails(
            "WX-DEDUP-007",
            "In one scenario of that rule AIOS cannot take a message for longer than three tries.",
        )],
        make: || {
            settlements(|event, reply| {
                let tries = event["retry_count"].as_u64().unwrap_or_default();
                if is_error(reply, -32002) && tries >= 2 {
                    *reply = Ok(json!({"status": "accepted"}));
                }
            })
        },
    },
    Mutant {
        name: "dies-of-damage",
        breaks: "It refuses to start when its state is damaged.",
        rule: "WX-CURSOR-007",
        reason: "expected the adapter to start with a faultless configuration; observed it answers with error … the state is damaged",
        also: &[fails(
            "WX-DEDUP-006",
            "With damaged state it never comes up, in that rule either.",
        )],
        make: || twisted(DiesOfDamage),
    },
    Mutant {
        name: "insists-on-a-refused-event",
        breaks: "It sends an event again that AIOS has refused.",
        rule: "WX-CURSOR-008",
        reason: "AIOS refuses the first of three: expected a message sent after the others to pass through the adapter; observed it did not reach AIOS",
        also: &[
            fails("WX-STORE", "A day with a refused event never goes on."),
            fails("WX-LIFE-006", "A day with a refused event never goes on."),
        ],
        make: || {
            settlements(|_, reply| {
                if is_error(reply, -32001) {
                    *reply = Err(json!({"code": -32002, "message": "later",
                                        "data": {"retry_after_ms": 100}}));
                }
            })
        },
    },
    Mutant {
        name: "conceals-a-refusal",
        breaks: "It does not say that AIOS refused an event.",
        rule: "WX-CURSOR-008",
        reason: "expected `event_refused` in the recent errors; observed []",
        also: &[],
        make: || twisted(Conceals("event_refused")),
    },
];

fn is_error(reply: &Reply, code: i64) -> bool {
    reply.as_ref().is_err_and(|error| error["code"] == code)
}

/// AIOS's answers are changed before the adapter hears of them.
fn settlements(change: impl FnMut(&Value, &mut Reply) + Send + 'static) -> Parts {
    struct Settlements<F>(F);
    impl<F: FnMut(&Value, &mut Reply) + Send> Twist for Settlements<F> {
        fn settled(&mut self, event: &Value, reply: &mut Reply) {
            (self.0)(event, reply);
        }
    }
    twisted(Settlements(change))
}

struct ConcealsDamage;
impl Warp for ConcealsDamage {
    fn found(&self, found: Found) -> Found {
        if found == Found::Damaged {
            Found::Nothing
        } else {
            found
        }
    }
}

/// Says nothing of a code, neither in events nor in health.
struct Conceals(&'static str);
impl Twist for Conceals {
    fn event(&mut self, event: &mut Value) -> Fate {
        if event["status_code"] == self.0 {
            Fate::Answer(Ok(json!({"status": "accepted"})))
        } else {
            Fate::Pass
        }
    }

    fn answer(&mut self, method: &str, _: &Value, reply: &mut Reply) {
        if let ("health", Ok(Value::Object(health))) = (method, reply) {
            if let Some(Value::Array(errors)) = health.get_mut("recent_errors") {
                errors.retain(|error| error["code"] != self.0);
            }
            if health
                .get("last_error_code")
                .is_some_and(|code| code == self.0)
            {
                health.remove("last_error_code");
            }
        }
    }
}

/// Has the next poll on the wire before it hands over a batch.
#[derive(Default)]
struct Prefetches {
    ahead: Mutex<Option<AbortOnDropHandle<Polled>>>,
}
impl Prefetches {
    fn ahead(&self) -> std::sync::MutexGuard<'_, Option<AbortOnDropHandle<Polled>>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
impl Bend for Prefetches {
    fn poll<'a>(
        &'a self,
        wechat: &'a Wechat,
        cursor: &'a str,
        sent: &'a (dyn Fn() + Sync),
    ) -> BoxFuture<'a, Polled> {
        async move {
            let ahead = self.ahead().take();
            let answer = match ahead {
                Some(ahead) => ahead.await.unwrap_or(Err(Failure::Connection)),
                None => wechat.get_updates(cursor, sent).await,
            };
            if let Ok(batch) = &answer
                && !batch.msgs.is_empty()
            {
                let (wechat, mut next) = (Arc::clone(wechat), batch.get_updates_buf.clone());
                let on_wire = Arc::new(Notify::new());
                let told = Arc::clone(&on_wire);
                let poll = async move {
                    loop {
                        let answer = wechat.get_updates(&next, &|| told.notify_one()).await;
                        match answer {
                            Ok(batch) if batch.msgs.is_empty() => {
                                if !batch.get_updates_buf.is_empty() {
                                    next = batch.get_updates_buf;
                                }
                            }
                            answer => return answer,
                        }
                    }
                };
                *self.ahead() = Some(AbortOnDropHandle::new(tokio::spawn(poll)));
                on_wire.notified().await;
            }
            answer
        }
        .boxed()
    }
}

#[derive(Default)]
struct BeginsAnew {
    lost: AtomicBool,
}
impl Bend for BeginsAnew {
    fn poll<'a>(
        &'a self,
        wechat: &'a Wechat,
        cursor: &'a str,
        sent: &'a (dyn Fn() + Sync),
    ) -> BoxFuture<'a, Polled> {
        let lost = self.lost.swap(false, Ordering::Relaxed);
        let cursor = if lost { "" } else { cursor };
        async move {
            let answer = wechat.get_updates(cursor, sent).await;
            let lost = answer
                .as_ref()
                .is_ok_and(|batch| batch.get_updates_buf.is_empty());
            self.lost.store(lost, Ordering::Relaxed);
            answer
        }
        .boxed()
    }
}

struct FiresAndForgets;
impl Twist for FiresAndForgets {
    fn event(&mut self, _: &mut Value) -> Fate {
        Fate::PassAndAnswer(Ok(json!({"status": "accepted"})))
    }
}

/// Where the cursor is written to, and what stands beside it.
#[derive(Default)]
struct Notebook {
    cursor_key: String,
    cursor: Option<String>,
    folder: PathBuf,
    last: StateDocument<'static>,
}

fn saving_the_cursor_first() -> Parts {
    let notebook: Shared<Notebook> = Arc::default();
    let (bend, warp) = (Arc::clone(&notebook), Arc::clone(&notebook));
    let bubble = Bubble::default()
        .bend(move || WritesCursors(Arc::clone(&bend)))
        .warp(move |folder| RemembersDocuments::below(Arc::clone(&warp), &folder));
    Parts {
        twist: Some(Box::new(LearnsCursorKey(notebook))),
        bubble,
    }
}

fn keeping_one_position() -> Parts {
    let notebook: Shared<Notebook> = Arc::default();
    let warp = Arc::clone(&notebook);
    Parts {
        twist: Some(Box::new(LearnsCursorKey(notebook))),
        bubble: Bubble::default().warp(move |_| KeepsOnePosition(Arc::clone(&warp))),
    }
}

struct KeepsOnePosition(Shared<Notebook>);
impl Warp for KeepsOnePosition {
    fn saving(&self, document: &mut StateDocument<'_>) {
        let own = with(&self.0, |notebook| notebook.cursor_key.clone());
        document.cursors.to_mut().retain(|key, _| *key == own);
    }
}

struct LearnsCursorKey(Shared<Notebook>);
impl Twist for LearnsCursorKey {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        if method == "start" {
            let key = params
                .pointer("/integration/config/cursor_key")
                .and_then(Value::as_str);
            with(&self.0, |notebook| {
                key.unwrap_or_default().clone_into(&mut notebook.cursor_key);
            });
        }
        Fate::Pass
    }
}

struct WritesCursors(Shared<Notebook>);
impl Bend for WritesCursors {
    fn polled(&self, answer: Polled) -> Polled {
        if let Ok(batch) = &answer
            && !batch.get_updates_buf.is_empty()
        {
            with(&self.0, |notebook| {
                let cursor = batch.get_updates_buf.clone();
                notebook
                    .last
                    .cursors
                    .to_mut()
                    .insert(notebook.cursor_key.clone(), cursor.clone());
                notebook.cursor = Some(cursor);
                drop(FolderStore::below(&notebook.folder).save(&notebook.last));
            });
        }
        answer
    }
}

struct RemembersDocuments(Shared<Notebook>);
impl RemembersDocuments {
    fn below(notebook: Shared<Notebook>, folder: &Path) -> Self {
        with(&notebook, |notebook| {
            folder.clone_into(&mut notebook.folder);
        });
        Self(notebook)
    }
}
impl Warp for RemembersDocuments {
    fn saving(&self, document: &mut StateDocument<'_>) {
        with(&self.0, |notebook| {
            if let Some(cursor) = &notebook.cursor {
                document
                    .cursors
                    .to_mut()
                    .insert(notebook.cursor_key.clone(), cursor.clone());
            }
            notebook.last = document.clone().into_owned();
        });
    }
}

struct ClingsToLostPosition;
impl Bend for ClingsToLostPosition {
    fn polled(&self, answer: Polled) -> Polled {
        answer.map_err(|failure| match failure {
            Failure::Refused(mut refusal) => {
                refusal.errmsg.clear(); // the only thing that says what is wrong
                Failure::Refused(refusal)
            }
            other => other,
        })
    }
}

struct DiesOfDamage;
impl Twist for DiesOfDamage {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        let folder = params["state_dir"].as_str().unwrap_or_default();
        if method == "start" && FolderStore::below(Path::new(folder)).load() == Found::Damaged {
            return Fate::Answer(Err(
                json!({"code": -32603, "message": "the state is damaged"}),
            ));
        }
        Fate::Pass
    }
}
