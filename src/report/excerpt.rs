//! The part of a timeline that a person has to see first.

use serde_json::Value;

use super::model::CaseResult;
use crate::evidence::{Entry, Fact};

/// A stretch of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The entry with this index.
    Entry {
        /// The index.
        index: usize,
        /// The outcome rests on it.
        cited: bool,
    },
    /// So many entries are left out here.
    Gap(usize),
}

/// The entries that show why a scenario came out as it did, what was done to the adapter meanwhile,
/// and `around` neighbours on each side; what lies between is counted.
///
/// At most `limit` entries are shown, in that order of importance, the latest first.
#[must_use]
pub fn excerpt(case: &CaseResult, around: usize, limit: usize) -> Vec<Piece> {
    let entries = case.timeline.entries();
    let cited = cited(case);
    // Nothing was cited: the end is where it stopped.
    let centres = if cited.is_empty() {
        entries.len().checked_sub(1).into_iter().collect()
    } else {
        cited.clone()
    };
    let mut shown = vec![false; entries.len()];
    let mut room = limit;
    let mut show = |index: usize| {
        if room > 0 && !std::mem::replace(&mut shown[index], true) {
            room -= 1;
        }
    };
    centres.iter().rev().for_each(|index| show(*index));
    // Whose words were found: nobody knows a body by the word in it.
    origins(entries, &centres).into_iter().for_each(&mut show);
    // What was done to the adapter on the way from the first of them to the last.
    let last = centres.last().map_or(0, |last| last + 1);
    let first = centres.first().copied().unwrap_or_default();
    let first = (0..=first)
        .rev()
        .find(|index| is_stimulus(entries, *index))
        .unwrap_or(first);
    (first..last)
        .rev()
        .filter(|index| is_stimulus(entries, *index) || is_step(entries, *index))
        .for_each(&mut show);
    (0..first)
        .rev()
        .find(|index| is_step(entries, *index))
        .into_iter()
        .for_each(&mut show);
    for distance in 1..=around {
        for index in centres.iter().rev() {
            let neighbours = [index.checked_sub(distance), index.checked_add(distance)];
            neighbours
                .into_iter()
                .flatten()
                .filter(|index| {
                    entries
                        .get(*index)
                        .is_some_and(|entry| !is_chatter(&entry.what))
                })
                .for_each(&mut show);
        }
    }
    pieces(&shown, &cited)
}

/// The timeline from its beginning to its end; of a long one `limit` entries, half from each end,
/// and those that the outcome rests on.
#[must_use]
pub fn whole(case: &CaseResult, limit: usize) -> Vec<Piece> {
    let length = case.timeline.len();
    let cited = cited(case);
    let half = limit / 2;
    let shown: Vec<bool> = (0..length)
        .map(|index| {
            length <= limit
                || index < half
                || index + half >= length
                || cited.binary_search(&index).is_ok()
        })
        .collect();
    pieces(&shown, &cited)
}

/// The entries that the outcome rests on, ascending.
fn cited(case: &CaseResult) -> Vec<usize> {
    let mut cited = case
        .mismatch
        .as_ref()
        .map_or_else(|| case.evidence.clone(), |mismatch| mismatch.at.clone());
    cited.retain(|index| *index < case.timeline.len());
    cited.sort_unstable();
    cited.dedup();
    cited
}

fn pieces(shown: &[bool], cited: &[usize]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut left_out = 0;
    for (index, shown) in shown.iter().enumerate() {
        if !shown {
            left_out += 1;
            continue;
        }
        if left_out > 0 {
            pieces.push(Piece::Gap(left_out));
            left_out = 0;
        }
        pieces.push(Piece::Entry {
            index,
            cited: cited.binary_search(&index).is_ok(),
        });
    }
    if left_out > 0 {
        pieces.push(Piece::Gap(left_out));
    }
    pieces
}

/// The entries in which words that a search found were said first, of those the outcome rests on.
fn origins(entries: &[Entry], centres: &[usize]) -> Vec<usize> {
    let finds = centres
        .iter()
        .filter_map(|index| match &entries[*index].what {
            Fact::Hunted { finds, .. } => Some(finds),
            _ => None,
        });
    let words = finds.flatten().filter_map(|find| {
        let (_, rest) = find.split_once('“')?;
        Some(rest.split_once('”')?.0)
    });
    let said = |word: &str| {
        entries.iter().position(|entry| match &entry.what {
            Fact::Sent { message, .. } => {
                let items = message.items.iter().map(Value::to_string);
                items
                    .chain(message.text.clone())
                    .any(|text| text.contains(word))
            }
            Fact::Asked { params, .. } => params.to_string().contains(word),
            _ => false,
        })
    };
    words.filter_map(said).collect()
}

fn is_step(entries: &[Entry], index: usize) -> bool {
    matches!(entries[index].what, Fact::Step { .. })
}

/// Whether it is something the kit did to the adapter, through WeChat, AIOS or its process.
fn is_stimulus(entries: &[Entry], index: usize) -> bool {
    match &entries[index].what {
        Fact::Sent { fence, .. } => !fence,
        Fact::Asked { method, .. } => method == "act",
        Fact::Redelivered { .. }
        | Fact::Launched { .. }
        | Fact::Ended { .. }
        | Fact::Clock { .. } => true,
        _ => false,
    }
}

/// Whether it only shows that time passes, or is shown elsewhere.
fn is_chatter(fact: &Fact) -> bool {
    matches!(fact, Fact::Stderr { .. } | Fact::Parked { .. })
}
