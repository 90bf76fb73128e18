//! A timeline without its accidents: what two runs of the same seed have in common.
//!
//! Whether WeChat's lane or AIOS's is seen first, how often something was polled, tried or asked
//! until something else happened, and which ids an adapter mints at random, says nothing about the
//! adapter. What is left is a list of facts for each strand, each in its order.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::evidence::{Fact, Timeline};

/// What stands for a word that the machine chose.
const ANY: &str = "…";

/// Fields that hold a moment, or count how often time passed.
const MOMENTS: &[&str] = &[
    "timestamp",
    "last_seen_at",
    "first_at",
    "last_at",
    "since",
    "expires_at",
    "count",
];

/// Ids that an adapter mints.
const MINTED: &[&str] = &["stream_id", "correlation_id", "dedup_key"];

/// A fact that is no accident.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    /// Its index in the timeline.
    pub(super) index: usize,
    /// What it follows in its own strand follows for a reason.
    pub(super) strand: u8,
    /// The fact, without what differs from run to run.
    pub(super) fact: Fact,
}

/// Ids that an adapter minted, and names for them by what they are about.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(BTreeMap<String, String>);

/// The facts of a timeline that are no accidents, strand after strand, and the names in them.
pub(super) fn essence(timeline: &Timeline) -> (Vec<Kept>, Names) {
    let names = Names::of(timeline);
    let lure = timeline.facts().find_map(|(_, fact)| match fact {
        Fact::Lured { address } => Some(address.as_str()),
        _ => None,
    });
    let mut accidents = Accidents::in_(timeline);
    let mut kept = Vec::new();
    for (index, fact) in timeline.facts() {
        if !accidents.hold(fact) {
            kept.push(Kept {
                index,
                strand: strand(fact),
                fact: named(anywhere(fact.clone(), lure), &names),
            });
        }
    }
    kept.sort_by_key(|kept| kept.strand);
    (kept, names)
}

/// What depends on how fast the machine is: whether it happens, or how often.
#[derive(Default)]
struct Accidents<'t> {
    /// Process and id of events that were repeated for as long as AIOS was unavailable.
    repeats: BTreeSet<(u32, &'t str)>,
    /// Process and id of the questions for health that were the last of their step: the ones before
    /// were asked until something showed.
    last_health: BTreeSet<(u32, &'t str)>,
}

impl<'t> Accidents<'t> {
    fn in_(timeline: &'t Timeline) -> Self {
        let mut last_health = BTreeSet::new();
        let mut last = None;
        for (_, fact) in timeline.facts() {
            match fact {
                Fact::Asked {
                    process,
                    id,
                    method,
                    ..
                } if method == "health" => last = Some((*process, id.as_str())),
                Fact::Step { .. } => last_health.extend(last.take()),
                _ => {}
            }
        }
        last_health.extend(last);
        Self {
            last_health,
            ..Self::default()
        }
    }

    fn hold(&mut self, fact: &'t Fact) -> bool {
        match fact {
            Fact::Called { call } => call.endpoint == "getupdates",
            Fact::Answered { endpoint, .. } | Fact::Cut { endpoint, .. } => {
                endpoint == "getupdates"
            }
            // Virtual time moves on for as long as something is awaited.
            Fact::Parked { .. } | Fact::Clock { .. } => true,
            Fact::Asked {
                process,
                id,
                method,
                ..
            }
            | Fact::Told {
                process,
                id,
                method,
                ..
            } => match method.as_str() {
                "advance" => true,
                "health" => !self.last_health.contains(&(*process, id.as_str())),
                _ => false,
            },
            Fact::Event {
                process,
                id,
                document,
                ..
            } => {
                let repeat = document.get("retry_count").is_some();
                if repeat {
                    self.repeats.insert((*process, id));
                }
                repeat
            }
            Fact::Settled { process, id, reply } => {
                !reply.settles() || self.repeats.contains(&(*process, id.as_str()))
            }
            _ => false,
        }
    }
}

/// What follows one another for a reason: facts of two strands are seen in either order.
fn strand(fact: &Fact) -> u8 {
    match fact {
        Fact::Step { .. }
        | Fact::Note { .. }
        | Fact::Lured { .. }
        | Fact::Flawed { .. }
        | Fact::Stopped { .. }
        | Fact::Faulted { .. } => 0,
        Fact::Clock { .. } => 1,
        Fact::FencePassed { .. } | Fact::FenceHeld { .. } => 2,
        Fact::Sent { .. } | Fact::Redelivered { .. } => 3,
        Fact::Called { .. } | Fact::Parked { .. } | Fact::Answered { .. } | Fact::Cut { .. } => 4,
        Fact::Delivered { .. } => 5,
        Fact::Launched { .. }
        | Fact::Ended { .. }
        | Fact::Closed { .. }
        | Fact::Damaged { .. }
        | Fact::Hunted { .. }
        | Fact::Measured { .. } => 6,
        Fact::Stderr { .. } => 7,
        Fact::Violation { .. } | Fact::Overstepped { .. } | Fact::Strayed => 8,
        Fact::Asked { .. } => 9,
        Fact::Told { .. } | Fact::Silent { .. } => 10,
        Fact::Event { .. } => 11,
        Fact::Settled { .. } => 12,
        Fact::TurnedAway { .. } => 13,
    }
}

impl Names {
    fn of(timeline: &Timeline) -> Self {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for (_, fact) in timeline.facts() {
            let Fact::Event {
                process, document, ..
            } = fact
            else {
                continue;
            };
            let word = |field: &str| document.get(field).and_then(Value::as_str);
            let about = word("message_id")
                .or(word("error_code"))
                .or(word("status_code"));
            for field in MINTED {
                let Some(id) = word(field).filter(|id| !id.is_empty() && !names.contains_key(*id))
                else {
                    continue;
                };
                let name = if *field == "stream_id" {
                    format!("{field} of process {process}")
                } else {
                    format!("{field} of {}", about.unwrap_or_default())
                };
                let same = names
                    .values()
                    .filter(|other| other.starts_with(&name))
                    .count();
                names.insert(id.to_owned(), format!("{name}, {}", same + 1));
            }
        }
        Self(names)
    }

    /// Names the ids that stand in a sentence.
    pub(super) fn put_into(&self, text: &mut String) {
        for (id, name) in &self.0 {
            if text.contains(id.as_str()) {
                *text = text.replace(id.as_str(), name);
            }
        }
    }

    /// Names one id more, if it is not named yet: what it is, and which of its kind.
    pub(super) fn number(&mut self, id: &str, kind: &str) {
        if !id.is_empty() && !self.0.contains_key(id) {
            let same = self.0.values().filter(|name| name.starts_with(kind));
            let name = format!("{kind}, {}", same.count() + 1);
            self.0.insert(id.to_owned(), name);
        }
    }

    /// Names the ids in a document, and leaves out its moments.
    pub(super) fn put_into_document(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(name) = self.0.get(text) {
                    text.clone_from(name);
                }
            }
            Value::Array(items) => items
                .iter_mut()
                .for_each(|item| self.put_into_document(item)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    if MOMENTS.contains(&name.as_str()) {
                        *field = Value::from(ANY);
                    } else {
                        self.put_into_document(field);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// The same fact wherever the lure lay.
fn anywhere(fact: Fact, lure: Option<&str>) -> Fact {
    let Some(address) = lure else { return fact };
    let text = serde_json::to_string(&fact).unwrap_or_default();
    serde_json::from_str(&text.replace(address, ANY)).unwrap_or(fact)
}

/// A fact without numbers that count accidents, and without words that a machine chose.
fn named(mut fact: Fact, names: &Names) -> Fact {
    match &mut fact {
        Fact::Called { call } => call.exchange = 0,
        Fact::Sent { message, .. } | Fact::Redelivered { message, .. } => {
            message.create_time_ms = 0;
        }
        // Logs and drafts of files come and go, and so does what others put into shared folders.
        Fact::Hunted {
            files,
            bytes,
            left_out,
            ..
        } => {
            (*files, *bytes) = (0, 0);
            left_out.clear();
        }
        Fact::Answered { exchange, .. } | Fact::Cut { exchange, .. } => *exchange = 0,
        Fact::Asked { id, params, .. } => {
            id.clear();
            for pointer in [
                "/state_dir",
                "/transport/base_url",
                "/transport/cdn_base_url",
            ] {
                if let Some(value) = params.pointer_mut(pointer) {
                    *value = Value::from(ANY);
                }
            }
            names.put_into_document(params);
        }
        Fact::Told {
            id, result, error, ..
        } => {
            id.clear();
            result
                .iter_mut()
                .chain(error)
                .for_each(|value| names.put_into_document(value));
        }
        Fact::Silent { id, .. } | Fact::Settled { id, .. } => id.clear(),
        Fact::Event { id, document, .. } => {
            id.clear();
            names.put_into_document(document);
        }
        _ => {}
    }
    fact
}
