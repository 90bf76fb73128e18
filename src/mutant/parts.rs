//! What a mutant is made of, and the short ways to make one.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::bend::{Bend, Bubble, Polled, Warp, rewrite};
use super::twist::{Fate, Reply, Twist};
use crate::reference::state::{Found, StateDocument};

/// The two things a mutant may change: what the adapter says, and what it touches.
pub(super) struct Parts {
    /// Nothing where the conversation passes as it is.
    pub(super) twist: Option<Box<dyn Twist>>,
    pub(super) bubble: Bubble,
}

/// What several boundaries of one mutant share.
pub(super) type Shared<T> = Arc<Mutex<T>>;

/// A look at what is shared.
pub(super) fn with<T, R>(shared: &Shared<T>, look: impl FnOnce(&mut T) -> R) -> R {
    look(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}

impl From<Bubble> for Parts {
    fn from(bubble: Bubble) -> Self {
        Self {
            twist: None,
            bubble,
        }
    }
}

/// A twist in the conversation.
pub(super) fn twisted(twist: impl Twist + 'static) -> Parts {
    Parts {
        twist: Some(Box::new(twist)),
        bubble: Bubble::default(),
    }
}

/// A bend on the way to WeChat.
pub(super) fn bent<B: Bend>(bend: impl Fn() -> B + Send + Sync + 'static) -> Parts {
    Bubble::default().bend(bend).into()
}

/// Every event is changed before AIOS hears of it.
pub(super) fn events(change: impl FnMut(&mut Value) + Send + 'static) -> Parts {
    struct Events<F>(F);
    impl<F: FnMut(&mut Value) + Send> Twist for Events<F> {
        fn event(&mut self, event: &mut Value) -> Fate {
            (self.0)(event);
            Fate::Pass
        }
    }
    twisted(Events(change))
}

/// The parameters of `method` are changed before the adapter hears of them.
pub(super) fn requests(
    method: &'static str,
    change: impl FnMut(&mut Value) + Send + 'static,
) -> Parts {
    struct Requests<F>(&'static str, F);
    impl<F: FnMut(&mut Value) + Send> Twist for Requests<F> {
        fn request(&mut self, method: &str, params: &mut Value) -> Fate {
            if method == self.0 {
                (self.1)(params);
            }
            Fate::Pass
        }
    }
    twisted(Requests(method, change))
}

/// The results of `method` are changed before the kit hears of them; errors are left alone.
pub(super) fn results(
    method: &'static str,
    change: impl FnMut(&Value, &mut Value) + Send + 'static,
) -> Parts {
    struct Results<F>(&'static str, F);
    impl<F: FnMut(&Value, &mut Value) + Send> Twist for Results<F> {
        fn answer(&mut self, method: &str, params: &Value, reply: &mut Reply) {
            if let Ok(result) = reply
                && method == self.0
            {
                (self.1)(params, result);
            }
        }
    }
    twisted(Results(method, change))
}

/// The configuration is changed before the adapter hears of it, and `audit` shows the one that was
/// given: the mutant does not know what it does.
pub(super) fn integration(change: impl FnMut(&mut Value) + Send + 'static) -> Parts {
    struct Disguised<F> {
        change: F,
        given: Value,
    }
    impl<F: FnMut(&mut Value) + Send> Twist for Disguised<F> {
        fn request(&mut self, method: &str, params: &mut Value) -> Fate {
            if method == "start" {
                self.given = params["integration"].clone();
                (self.change)(&mut params["integration"]);
            }
            Fate::Pass
        }

        fn answer(&mut self, method: &str, _: &Value, reply: &mut Reply) {
            if let Ok(result) = reply
                && method == "audit"
            {
                result["auth"] = self.given["auth"].clone();
                result["policy"] = effective(&self.given["policy"]);
            }
        }
    }
    twisted(Disguised {
        change,
        given: Value::Null,
    })
}

/// A policy with its defaults.
pub(super) fn effective(policy: &Value) -> Value {
    let or = |name: &str, default: Value| policy.get(name).cloned().unwrap_or(default);
    json!({
        "owner_only": or("owner_only", false.into()),
        "pairing_required": or("pairing_required", false.into()),
        "dedup_window_sec": or("dedup_window_sec", 3600.into()),
    })
}

/// The messages of each batch are changed before the adapter reads them.
pub(super) fn batches(change: impl Fn(&mut Vec<Value>) + Send + Sync + Copy + 'static) -> Parts {
    struct Batches<F>(F);
    impl<F: Fn(&mut Vec<Value>) + Send + Sync + 'static> Bend for Batches<F> {
        fn polled(&self, answer: Polled) -> Polled {
            rewrite(answer, &self.0)
        }
    }
    bent(move || Batches(change))
}

/// Each message is changed before the adapter reads it.
pub(super) fn messages(change: impl Fn(&mut Value) + Send + Sync + Copy + 'static) -> Parts {
    batches(move |batch| batch.iter_mut().for_each(change))
}

/// What an earlier process left is changed before the adapter sees it.
pub(super) fn memories(
    change: impl Fn(&mut StateDocument<'static>) + Send + Sync + Copy + 'static,
) -> Parts {
    struct Memories<F>(F);
    impl<F: Fn(&mut StateDocument<'static>) + Send + Sync + 'static> Warp for Memories<F> {
        fn found(&self, found: Found) -> Found {
            match found {
                Found::Intact(mut document) => {
                    (self.0)(&mut document);
                    Found::Intact(document)
                }
                other => other,
            }
        }
    }
    Bubble::default().warp(move |_| Memories(change)).into()
}

/// Whether an event is about a message of a person.
pub(super) fn is_about_person(event: &Value) -> bool {
    event.pointer("/payload/sender").is_some()
}

/// An error object as the kit knows it.
pub(super) fn refusal(pointer: &str, message: &str) -> Value {
    json!({"code": -32602, "message": "the document breaks the contract",
           "data": {"pointer": pointer, "message": message}})
}

/// Takes a member out of a document.
pub(super) fn remove(document: &mut Value, member: &str) {
    if let Value::Object(members) = document {
        members.remove(member);
    }
}
