//! A report without what differs between two runs of the same seed, to be compared byte by byte.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::model::{CaseResult, Report};
use super::outcome::Outcome;
use crate::evidence::{Fact, Mismatch, Timeline};

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

impl Report {
    /// The same report without times and without the accidents of scheduling.
    ///
    /// The lanes follow one another, since their order among each other is an accident; left out is
    /// how WeChat was polled, and what is done again for as long as something is awaited; moments,
    /// folders, ports and the ids that an
    /// adapter mints at random are replaced. Such a report tells the same verdicts for the same reasons, but can neither be
    /// verified nor replayed.
    #[must_use]
    pub fn without_times(mut self) -> Self {
        self.took_ms = 0;
        self.started_at = None;
        self.options.jobs = 0;
        for case in self.rules.iter_mut().flat_map(|rule| &mut rule.scenarios) {
            settle(case);
        }
        self
    }
}

fn settle(case: &mut CaseResult) {
    case.took_us = 0;
    case.judged_at = None;
    case.seal = None;
    for step in &mut case.steps {
        step.judged_at = None;
    }
    let minted = minted(&case.timeline);
    let lure = case.timeline.facts().find_map(|(_, fact)| match fact {
        Fact::Lured { address } => Some(address.clone()),
        _ => None,
    });
    let mut accidents = Accidents::default();
    let mut kept: Vec<(usize, Fact)> = Vec::new();
    for (index, fact) in case.timeline.facts() {
        if !accidents.hold(fact) {
            kept.push((
                index,
                named(anywhere(fact.clone(), lure.as_deref()), &minted),
            ));
        }
    }
    kept.sort_by_key(|(_, fact)| strand(fact));
    let mut timeline = Timeline::default();
    let mut moved = BTreeMap::new();
    for (place, (index, _)) in kept.iter().enumerate() {
        moved.insert(*index, place);
    }
    let follow = |cited: &mut Vec<usize>| {
        *cited = cited
            .iter()
            .filter_map(|index| moved.get(index).copied())
            .collect();
        cited.sort_unstable();
    };
    let settle_mismatch = |mismatch: &mut Mismatch| {
        follow(&mut mismatch.at);
        rename(&mut mismatch.expected, &minted);
        rename(&mut mismatch.observed, &minted);
    };
    for (_, mut fact) in kept {
        if let Fact::Stopped { mismatch } = &mut fact {
            settle_mismatch(mismatch);
        }
        timeline.push(0, fact);
    }
    follow(&mut case.evidence);
    case.mismatch.iter_mut().for_each(settle_mismatch);
    rename(&mut case.message, &minted);
    if case.outcome == Outcome::Pass {
        // How many observations it rests on follows from how often things were done again.
        case.evidence.clear();
        "passed".clone_into(&mut case.message);
    }
    case.timeline = timeline;
}

/// What depends on how fast the machine is: whether it happens, or how often.
#[derive(Default)]
struct Accidents<'t> {
    /// Process and id of events that were repeated for as long as AIOS was unavailable.
    repeats: BTreeSet<(u32, &'t str)>,
}

impl<'t> Accidents<'t> {
    fn hold(&mut self, fact: &'t Fact) -> bool {
        match fact {
            Fact::Called { call } => call.endpoint == "getupdates",
            Fact::Answered { endpoint, .. } | Fact::Cut { endpoint, .. } => {
                endpoint == "getupdates"
            }
            // Virtual time moves on for as long as something is awaited.
            Fact::Parked { .. } | Fact::Clock { .. } => true,
            // So does the health that is asked for meanwhile.
            Fact::Asked { method, .. } | Fact::Told { method, .. } => {
                method == "health" || method == "advance"
            }
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
    }
}

/// The ids that the adapter minted in a scenario, and names for them by what they are about.
fn minted(timeline: &Timeline) -> BTreeMap<String, String> {
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
        for field in ["stream_id", "correlation_id", "dedup_key"] {
            let Some(id) = word(field).filter(|id| !id.is_empty() && !names.contains_key(*id))
            else {
                continue;
            };
            let name = if field == "stream_id" {
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
    names
}

fn rename(text: &mut String, minted: &BTreeMap<String, String>) {
    for (id, name) in minted {
        if text.contains(id.as_str()) {
            *text = text.replace(id.as_str(), name);
        }
    }
}

/// The same in every text of a document, and its moments left out.
fn rename_in(value: &mut Value, minted: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = minted.get(text) {
                text.clone_from(name);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename_in(item, minted)),
        Value::Object(fields) => {
            for (name, field) in fields {
                if MOMENTS.contains(&name.as_str()) {
                    *field = Value::from(ANY);
                } else {
                    rename_in(field, minted);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The same fact wherever the lure lay.
fn anywhere(fact: Fact, lure: Option<&str>) -> Fact {
    let Some(address) = lure else { return fact };
    let text = serde_json::to_string(&fact).unwrap_or_default();
    serde_json::from_str(&text.replace(address, ANY)).unwrap_or(fact)
}

/// A fact without numbers that count accidents, and without words that a machine chose.
fn named(mut fact: Fact, minted: &BTreeMap<String, String>) -> Fact {
    match &mut fact {
        Fact::Called { call } => call.exchange = 0,
        Fact::Sent { message, .. } | Fact::Redelivered { message, .. } => {
            message.create_time_ms = 0;
        }
        // Logs and drafts of files come and go.
        Fact::Hunted { files, bytes, .. } => (*files, *bytes) = (0, 0),
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
            rename_in(params, minted);
        }
        Fact::Told {
            id, result, error, ..
        } => {
            id.clear();
            result
                .iter_mut()
                .chain(error)
                .for_each(|value| rename_in(value, minted));
        }
        Fact::Silent { id, .. } | Fact::Settled { id, .. } => id.clear(),
        Fact::Event { id, document, .. } => {
            id.clear();
            rename_in(document, minted);
        }
        _ => {}
    }
    fact
}
