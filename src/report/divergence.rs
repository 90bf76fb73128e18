//! Two recordings of one scenario: whether the adapter did the same, and where it first did not.

use std::collections::BTreeMap;

use serde_json::Value;

use super::difference::between;
use super::essence::{Kept, Names, essence};
use super::model::CaseResult;
use super::outcome::Outcome;
use crate::evidence::{Fact, Timeline};

/// The strand of events that are about no message: they come between the others by chance.
const CHANNEL_EVENTS: u8 = 100;

/// What came of comparing a scenario with its recording.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// Nothing differs but what may.
    Same {
        /// How many facts were compared.
        facts: usize,
    },
    /// The adapter did something else.
    Diverged(Box<Divergence>),
    /// The recordings cannot be held against each other, for this reason.
    Undecided(String),
}

/// The first place where the adapter did something else.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// The step in which it did; absent if it was before the first.
    pub step: Option<String>,
    /// What was recorded there; absent if that is where the recording has no more of the kind.
    pub recorded: Option<Fact>,
    /// What came this time; absent if nothing of the kind came.
    pub replayed: Option<Fact>,
    /// Where the two differ, as in `agent_id: "codex", then "root"`.
    pub differences: Vec<String>,
    /// Where and what it is, without what may differ.
    key: (u8, usize, Option<Fact>),
}

impl Divergence {
    /// Whether another recording parts from the same one in the same place and way.
    #[must_use]
    pub fn is_that_of(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Comparison {
    /// Holds a scenario that was played again against its recording.
    ///
    /// Left aside is whatever may differ between two runs of the same adapter: times, ports,
    /// folders, numbers and ids that it mints, its version, its logs, how often it polls.
    #[must_use]
    pub fn of(recorded: &CaseResult, replayed: &CaseResult) -> Self {
        if recorded.outcome == Outcome::Error {
            return Self::Undecided(format!(
                "what was recorded is a fault of the kit: {}",
                recorded.message
            ));
        }
        let differs = recorded.outcome != replayed.outcome;
        if replayed.outcome == Outcome::Error {
            return Self::Undecided(replayed.message.clone());
        }
        if differs && replayed.outcome == Outcome::Inconclusive {
            return Self::Undecided(format!(
                "it was {} and is inconclusive now: {}",
                recorded.outcome, replayed.message
            ));
        }
        let before = strands(&recorded.timeline);
        let now = strands(&replayed.timeline);
        let first = before
            .keys()
            .chain(now.keys())
            .filter_map(|strand| {
                let of = |strands: &Strands| strands.get(strand).cloned().unwrap_or_default();
                Parting::of(*strand, &of(&before), &of(&now))
            })
            .min_by_key(|parting| parting.order(recorded, replayed));
        match first {
            Some(parting) if parting.is_the_kits() => Self::Undecided(format!(
                "the kit itself did something else than it recorded, before the adapter did: {}",
                parting.told(recorded, replayed).differences.join("; ")
            )),
            Some(parting) => Self::Diverged(Box::new(parting.told(recorded, replayed))),
            None if !differs => Self::Same {
                facts: now.values().map(Vec::len).sum(),
            },
            None if [recorded, replayed]
                .iter()
                .any(|case| case.outcome == Outcome::Untested) =>
            {
                Self::Undecided(format!(
                    "the adapter did the same, and the outcome hangs on its containment: it was {}, and is {} now",
                    recorded.outcome, replayed.outcome
                ))
            }
            None => Self::Diverged(Box::new(Divergence {
                step: None,
                recorded: None,
                replayed: None,
                differences: vec![format!(
                    "outcome: {}, then {}",
                    recorded.outcome, replayed.outcome
                )],
                key: (u8::MAX, 0, None),
            })),
        }
    }
}

type Strands = BTreeMap<u8, Vec<Kept>>;

/// What two recordings of the same adapter have in common, by strand.
fn strands(timeline: &Timeline) -> Strands {
    let (kept, _) = essence(timeline);
    let mut names = Names::default();
    for kept in &kept {
        match &kept.fact {
            Fact::Event { document, .. } => {
                if let Some(id) = document["session_id"].as_str() {
                    names.number(id, "session_id");
                }
            }
            Fact::Delivered { client_id, .. } => names.number(client_id, "client_id"),
            Fact::Called { call } => {
                let id = call
                    .body
                    .as_ref()
                    .and_then(|body| body["msg"]["client_id"].as_str());
                names.number(id.unwrap_or_default(), "client_id");
            }
            _ => {}
        }
    }
    let mut strands = Strands::new();
    for kept in kept {
        if let Some(kept) = loosened(kept, &names) {
            strands.entry(kept.strand).or_default().push(kept);
        }
    }
    strands
}

/// The same fact without what another run of the same adapter, or its next version, may do
/// otherwise; nothing if that is all there is.
fn loosened(mut kept: Kept, names: &Names) -> Option<Kept> {
    match &mut kept.fact {
        // Logs, how a process ends that was asked to, what the verdict says already, and what
        // follows from what is compared.
        Fact::Stderr { .. }
        | Fact::Closed { .. }
        | Fact::Ended { asked: true, .. }
        | Fact::Measured { .. }
        | Fact::Hunted { .. }
        | Fact::Lured { .. }
        | Fact::FencePassed { .. }
        | Fact::Settled { .. } => return None,
        Fact::Damaged { files, .. } => *files = 0,
        Fact::Stopped { mismatch } => mismatch.at.clear(),
        Fact::Delivered { client_id, .. } => names.put_into(client_id),
        Fact::Called { call } => {
            if let Some(body) = &mut call.body {
                remove(body, "", "base_info");
                names.put_into_document(body);
            }
        }
        Fact::Event { document, .. } => {
            remove(document, "", "seq");
            names.put_into_document(document);
            if document.get("message_id").is_none() {
                kept.strand = CHANNEL_EVENTS;
            }
        }
        Fact::Asked { method, params, .. } => {
            match method.as_str() {
                "initialize" => remove(params, "", "kit"),
                "start" => remove(params, "", "clock"),
                _ => {}
            }
            names.put_into_document(params);
        }
        Fact::Told { method, result, .. } => {
            if let (Some(result), "initialize") = (result, method.as_str()) {
                remove(result, "/capabilities", "adapter_id");
                remove(result, "/capabilities", "adapter_version");
                let features = result.pointer_mut("/capabilities/supported_features");
                if let Some(Value::Array(features)) = features {
                    // Whose time it is changes how long things take, and nothing else.
                    features.retain(|feature| feature != "virtual_time");
                    features.sort_by_key(Value::to_string);
                }
            }
        }
        _ => {}
    }
    Some(kept)
}

fn remove(document: &mut Value, pointer: &str, member: &str) {
    if let Some(Value::Object(members)) = document.pointer_mut(pointer) {
        members.remove(member);
    }
}

/// Where a strand of two recordings parts.
struct Parting {
    strand: u8,
    place: usize,
    recorded: Option<Kept>,
    replayed: Option<Kept>,
}

impl Parting {
    fn of(strand: u8, recorded: &[Kept], replayed: &[Kept]) -> Option<Self> {
        let same = recorded.iter().zip(replayed);
        let place = same.take_while(|(a, b)| a.fact == b.fact).count();
        (place < recorded.len().max(replayed.len())).then(|| Self {
            strand,
            place,
            recorded: recorded.get(place).cloned(),
            replayed: replayed.get(place).cloned(),
        })
    }

    /// The earlier step first; within a step what the adapter does, since the kit follows it.
    fn order(&self, recorded: &CaseResult, replayed: &CaseResult) -> (usize, bool, usize) {
        let step = |case: &CaseResult, kept: &Option<Kept>| {
            let kept = kept.as_ref()?;
            Some(steps(&case.timeline, kept.index).count())
        };
        let (before, now) = (
            step(recorded, &self.recorded),
            step(replayed, &self.replayed),
        );
        let index = self.recorded.as_ref().or(self.replayed.as_ref());
        (
            before.into_iter().chain(now).min().unwrap_or_default(),
            self.is_the_kits(),
            index.map_or(0, |kept| kept.index),
        )
    }

    /// Whether it is the kit that did something else.
    fn is_the_kits(&self) -> bool {
        let kept = self.replayed.as_ref().or(self.recorded.as_ref());
        kept.is_some_and(|kept| {
            matches!(
                kept.fact,
                Fact::Step { .. }
                    | Fact::Note { .. }
                    | Fact::Sent { .. }
                    | Fact::Redelivered { .. }
                    | Fact::Launched { .. }
                    | Fact::Damaged { .. }
                    | Fact::Asked { .. }
                    | Fact::Flawed { .. }
                    | Fact::Faulted { .. }
            )
        })
    }

    fn told(&self, recorded: &CaseResult, replayed: &CaseResult) -> Divergence {
        let fact = |case: &CaseResult, kept: &Option<Kept>| {
            let index = kept.as_ref()?.index;
            Some(case.timeline.entries().get(index)?.what.clone())
        };
        let step = |case: &CaseResult, kept: &Option<Kept>| {
            let index = kept.as_ref()?.index;
            steps(&case.timeline, index).last().map(str::to_owned)
        };
        let json = |kept: &Option<Kept>| {
            let fact = kept.as_ref().map(|kept| &kept.fact);
            // A fact is plain data, which cannot fail to be JSON.
            fact.map(|fact| serde_json::to_value(fact).unwrap_or_default())
        };
        let mut differences = match (json(&self.recorded), json(&self.replayed)) {
            (Some(before), Some(now)) => between(&before, &now),
            _ => Vec::new(),
        };
        for difference in &mut differences {
            // People know the members of a document, and not what a fact calls the document.
            for name in ["document.", "params.", "result.", "message.", "call."] {
                if let Some(rest) = difference.strip_prefix(name) {
                    *difference = rest.to_owned();
                    break;
                }
            }
        }
        Divergence {
            step: step(recorded, &self.recorded).or_else(|| step(replayed, &self.replayed)),
            recorded: fact(recorded, &self.recorded),
            replayed: fact(replayed, &self.replayed),
            differences,
            key: (
                self.strand,
                self.place,
                self.replayed.as_ref().map(|kept| kept.fact.clone()),
            ),
        }
    }
}

/// The steps that had begun at an entry, that entry included.
fn steps(timeline: &Timeline, index: usize) -> impl Iterator<Item = &str> {
    timeline
        .facts()
        .take_while(move |(at, _)| *at <= index)
        .filter_map(|(_, fact)| match fact {
            Fact::Step { text } => Some(text.as_str()),
            _ => None,
        })
}
