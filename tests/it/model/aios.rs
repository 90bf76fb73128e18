//! An AIOS that takes events, or does not, as it is told.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::script::Mood;

/// What AIOS says to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Accepted,
    Duplicate,
    Refused,
    Unavailable,
}

impl Said {
    pub(super) fn settles(self) -> bool {
        self != Self::Unavailable
    }

    /// The member of the answer, and what it holds.
    pub(super) fn content(self) -> (&'static str, Value) {
        match self {
            Self::Accepted => ("result", json!({"status": "accepted"})),
            Self::Duplicate => ("result", json!({"status": "duplicate"})),
            Self::Refused => (
                "error",
                json!({"code": -32001, "message": "refused",
                       "data": {"pointer": "", "message": "refused"}}),
            ),
            Self::Unavailable => (
                "error",
                json!({"code": -32002, "message": "later", "data": {"retry_after_ms": 300}}),
            ),
        }
    }
}

#[derive(Default)]
pub(super) struct Aios {
    /// What it says next, before it accepts again.
    next: VecDeque<Said>,
    /// It says nothing; whether it takes events all the same.
    silent: Option<bool>,
    /// Requests without an answer, with the key of each.
    waiting: Vec<(String, String)>,
    taken: BTreeSet<String>,
    /// Messages that it has heard of, oldest first.
    messages: Vec<(usize, String)>,
}

impl Aios {
    /// An event; its answer, if there is one now.
    pub(super) fn hears(
        &mut self,
        request: &str,
        event: &Value,
        about: Option<usize>,
    ) -> Option<Said> {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        if let Some(about) = about
            && text("status_code") == "forwarded"
        {
            self.messages.push((about, text("message_id")));
        }
        let key = text("dedup_key");
        if let Some(takes) = self.silent {
            if takes {
                self.taken.insert(key.clone());
            }
            self.waiting.push((request.to_owned(), key));
            return None;
        }
        Some(self.next.pop_front().unwrap_or_else(|| self.take(key)))
    }

    fn take(&mut self, key: String) -> Said {
        if !key.is_empty() && !self.taken.insert(key) {
            return Said::Duplicate;
        }
        Said::Accepted
    }

    /// Its mood turns; what it now says to events that wait.
    pub(super) fn turn(&mut self, mood: Mood) -> Vec<(String, Said)> {
        self.next.clear();
        self.silent = None;
        match mood {
            Mood::Unavailable(times) => self.next.extend([Said::Unavailable].repeat(times)),
            Mood::Refusing(times) => self.next.extend([Said::Refused].repeat(times)),
            Mood::Silent { takes } => {
                self.silent = Some(takes);
                return Vec::new();
            }
            Mood::Answering => {}
        }
        let waiting = std::mem::take(&mut self.waiting);
        let answers = waiting
            .into_iter()
            .map(|(request, key)| (request, self.take(key)));
        answers.collect()
    }

    /// The adapter is gone.
    pub(super) fn hangs_up(&mut self) {
        self.waiting.clear();
    }

    pub(super) fn messages(&self) -> &[(usize, String)] {
        &self.messages
    }
}
