//! Judgement: pure predicates over a timeline. They see nothing but the facts, and cite them.
//!
//! Two answers are failures of different kinds: a [`Mismatch`] says that the adapter broke the
//! sentence; an undecided one says that what the sentence speaks of was never observed.

mod access;
mod actions;
mod awaiting;
mod boundary;
mod context;
mod cursor;
mod delivery;
mod envelope;
mod exchange;
mod fence;
mod health;
mod lifecycle;
mod media;
mod moment;
mod pace;
mod setup;
mod storage;
#[cfg(test)]
mod story;
mod view;
mod window;

pub use access::*;
pub use actions::*;
pub use awaiting::Awaiting;
pub use boundary::*;
pub use context::*;
pub use cursor::*;
pub use delivery::*;
pub use envelope::*;
pub use fence::Fence;
pub use health::*;
pub use lifecycle::*;
pub use media::*;
pub use pace::slowest_reaction;
pub use setup::*;
pub use storage::*;
pub use view::{Act, Delivered, Event, View};
pub use window::*;

use std::collections::BTreeSet;

use crate::evidence::{Fact, Judgement, Mismatch, Reply, Timeline};

/// How many processes were launched so far.
#[must_use]
pub fn processes(timeline: &Timeline) -> u32 {
    timeline
        .facts()
        .filter_map(|(_, fact)| match fact {
            Fact::Launched { process, .. } => Some(*process),
            _ => None,
        })
        .max()
        .unwrap_or(0)
}

/// The dedup keys of all events that AIOS accepted in this scene.
#[must_use]
pub fn accepted_keys(timeline: &Timeline) -> BTreeSet<String> {
    let view = View::of(timeline);
    let fences = view.fences();
    view.replies()
        .iter()
        .filter(|(_, reply)| matches!(reply, Some(Reply::Accepted | Reply::Duplicate)))
        .filter(|(event, _)| !fences.iter().any(|fence| event.is_about(fence)))
        .filter_map(|(event, _)| event.text("dedup_key").map(str::to_owned))
        .collect()
}

/// Index and error of the last `start` of this scene, if it was answered with one.
#[must_use]
pub fn last_start_error(timeline: &Timeline) -> Option<(usize, String)> {
    View::of(timeline)
        .told("start")
        .last()
        .and_then(|told| told.error.map(|error| (told.at, error.to_string())))
}

/// Whether the present process has refused every start, so that it runs nothing.
#[must_use]
pub fn refuses_to_start(timeline: &Timeline) -> bool {
    let present = processes(timeline);
    let mut refused = false;
    for (_, fact) in timeline.facts() {
        match fact {
            Fact::Told {
                process,
                method,
                result,
                ..
            } if *process == present && method == "start" => {
                if result.is_some() {
                    return false;
                }
                refused = true;
            }
            _ => {}
        }
    }
    refused
}

/// Whether a fence passed and nothing was driven since.
#[must_use]
pub fn passed_since_last_drive(timeline: &Timeline) -> bool {
    timeline
        .facts()
        .rev()
        .find_map(|(_, fact)| match fact {
            Fact::FencePassed { .. } => Some(true),
            Fact::Sent { .. }
            | Fact::Redelivered { .. }
            | Fact::Launched { .. }
            | Fact::Ended { .. }
            | Fact::Asked { .. }
            | Fact::Clock { .. }
            | Fact::Event { .. } => Some(false),
            _ => None,
        })
        .unwrap_or(false)
}

/// Whether a poll was seen since the timeline had so many entries.
#[must_use]
pub fn polled_since(timeline: &Timeline, length: usize) -> bool {
    let since = timeline.entries().iter().skip(length);
    since.map(|entry| &entry.what).any(is_poll)
}

/// Whether the present process has a poll that WeChat held.
#[must_use]
pub fn holds_a_poll(timeline: &Timeline) -> bool {
    present(timeline).any(|fact| matches!(fact, Fact::Parked { .. }))
}

/// Whether the present process polls, and nothing keeps it from its next poll: no failure that it
/// may wait after, and no event that AIOS has not answered.
#[must_use]
pub fn is_about_to_poll(timeline: &Timeline) -> bool {
    present(timeline).any(is_poll)
        && !Awaiting::default().follow(timeline)
        && !has_unsettled(timeline)
        && !process_ended(timeline)
}

fn is_poll(fact: &Fact) -> bool {
    matches!(fact, Fact::Called { call } if call.endpoint == "getupdates")
}

/// What was seen since the present process was launched.
fn present(timeline: &Timeline) -> impl Iterator<Item = &Fact> {
    let launched = timeline
        .facts()
        .rfind(|(_, fact)| matches!(fact, Fact::Launched { .. }))
        .map_or(0, |(at, _)| at);
    timeline.facts().skip(launched).map(|(_, fact)| fact)
}

/// Whether an event of the present process waits for an answer.
#[must_use]
pub fn has_unsettled(timeline: &Timeline) -> bool {
    !View::of(timeline).unsettled().is_empty()
}

/// Whether the present process ended without being asked.
#[must_use]
pub fn process_ended(timeline: &Timeline) -> bool {
    let mut ended = Vec::new();
    for (_, fact) in timeline.facts().rev() {
        match fact {
            Fact::Ended {
                process,
                asked: false,
                ..
            } => ended.push(*process),
            Fact::Launched { process, .. } => return ended.contains(process),
            _ => {}
        }
    }
    false
}

/// Proof of life: an unpredictable text went from WeChat through the adapter to AIOS, and where
/// AIOS acted, an unpredictable text went back.
///
/// # Errors
/// Undecided if it did not.
pub fn life(timeline: &Timeline) -> Judgement {
    let texts: BTreeSet<&str> = timeline
        .facts()
        .filter_map(|(_, fact)| match fact {
            Fact::Sent { message, .. } => message.text.as_deref(),
            _ => None,
        })
        .collect();
    let came = timeline.facts().find_map(|(at, fact)| match fact {
        Fact::Event { document, .. } => {
            let text = document.get("payload")?.get("text")?.as_str()?;
            texts.contains(text).then_some(at)
        }
        _ => None,
    });
    let Some(came) = came else {
        return Err(Mismatch::undecided(
            "proof of life: an unpredictable message from WeChat to reach AIOS",
            "none did",
        ));
    };
    let acted: BTreeSet<&str> = timeline
        .facts()
        .filter_map(|(_, fact)| match fact {
            Fact::Asked { method, params, .. } if method == "act" => {
                params.get("payload")?.get("text")?.as_str()
            }
            _ => None,
        })
        .collect();
    if acted.is_empty() {
        return Ok(vec![came]);
    }
    let back = timeline.facts().find_map(|(at, fact)| match fact {
        Fact::Delivered {
            text: Some(text), ..
        } => acted
            .iter()
            .any(|whole| whole.contains(text.as_str()))
            .then_some(at),
        _ => None,
    });
    match back {
        Some(back) => Ok(vec![came, back]),
        None => Err(Mismatch::undecided(
            "proof of life: an unpredictable text from AIOS to reach a person",
            "none did",
        )),
    }
}

/// What ends a scenario whatever its sentences say: a process that died, or one that broke the
/// protocol once it was started.
#[must_use]
pub fn breakdown(timeline: &Timeline) -> Option<Mismatch> {
    let mut started = false;
    timeline.facts().find_map(|(at, fact)| match fact {
        Fact::Asked { method, .. } if method == "start" => {
            started = true;
            None
        }
        Fact::Violation { expected, got, .. } if started => {
            Some(Mismatch::new(expected.clone(), got.clone(), vec![at]))
        }
        Fact::Ended {
            how, asked: false, ..
        } if started => Some(Mismatch::new(
            "the adapter to run until it is asked to stop",
            format!("its process {how}"),
            vec![at],
        )),
        _ => None,
    })
}
