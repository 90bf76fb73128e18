//! When a fact happened, in the time that the adapter lives in.

use super::view::View;
use crate::contract::Timestamp;
use crate::evidence::{Fact, Timeline};

/// The times of a timeline, milliseconds since 1970.
///
/// In virtual time a fact lies between two moves of the clock. The adapter had been told of the
/// last one by the *latest*, and of the one it had acknowledged at the *earliest*.
#[derive(Debug)]
pub(super) struct Moments<'t> {
    timeline: &'t Timeline,
    from: usize,
    origin_ms: i64,
    is_virtual: bool,
}

impl<'t> Moments<'t> {
    /// The times of a scene, as its first start set them; nothing if nothing was started.
    pub(super) fn of(timeline: &'t Timeline) -> Option<Self> {
        View::of(timeline).facts().find_map(|(from, fact)| {
            let Fact::Asked { method, params, .. } = fact else {
                return None;
            };
            let clock = params.get("clock").filter(|_| method == "start")?;
            let now = Timestamp::try_from(clock.get("now")?.as_str()?).ok()?;
            Some(Self {
                timeline,
                from,
                origin_ms: now.unix_ms()?,
                is_virtual: clock.get("mode")?.as_str()? == "virtual",
            })
        })
    }

    /// Whether time moves only when it is moved.
    pub(super) fn is_virtual(&self) -> bool {
        self.is_virtual
    }

    /// What the adapter's clock showed at least when this fact was seen.
    pub(super) fn earliest(&self, at: usize) -> i64 {
        if !self.is_virtual {
            return self.real(at);
        }
        let mut set = self.origin_ms;
        let mut told = self.origin_ms;
        for (_, fact) in self.timeline.facts().take(at).skip(self.from) {
            match fact {
                Fact::Clock { now } => set = ms(now).unwrap_or(set),
                Fact::Told { method, .. } if method == "advance" => told = set,
                // Another process begins with the time that it is.
                Fact::Asked { method, .. } if method == "start" => told = set,
                _ => {}
            }
        }
        told
    }

    /// What the adapter's clock showed at most when this fact was seen.
    pub(super) fn latest(&self, at: usize) -> i64 {
        if !self.is_virtual {
            return self.real(at);
        }
        let moves = self.timeline.facts().take(at).skip(self.from);
        let last = moves.filter_map(|(_, fact)| match fact {
            Fact::Clock { now } => ms(now),
            _ => None,
        });
        last.last().unwrap_or(self.origin_ms)
    }

    fn real(&self, at: usize) -> i64 {
        let entries = self.timeline.entries();
        let since = |at: usize| {
            let entry = entries.get(at).or(entries.last());
            entry.map_or(0, |entry| entry.at_us)
        };
        let passed = since(at).saturating_sub(since(self.from)) / 1_000;
        self.origin_ms
            .saturating_add(i64::try_from(passed).unwrap_or(i64::MAX))
    }
}

/// A time as the timeline writes it.
pub(super) fn ms(text: &str) -> Option<i64> {
    Timestamp::try_from(text).ok()?.unix_ms()
}
