//! How fast the adapter has been so far.

use std::time::Duration;

use serde_json::Value;

use crate::evidence::{Fact, Timeline};

/// How long the adapter took at most for what it did so far: from a text that was there to take to
/// its event, and from a start to the first poll. Nothing if it has done neither.
#[must_use]
pub fn slowest_reaction(timeline: &Timeline) -> Option<Duration> {
    let mut started = None;
    let mut sent: Vec<(u64, &str)> = Vec::new();
    let mut slowest = None;
    for entry in timeline.entries() {
        let since = match &entry.what {
            Fact::Asked { method, .. } if method == "start" => {
                started = Some(entry.at_us);
                None
            }
            Fact::Called { .. } => started.take(),
            Fact::Sent { message, .. } => {
                sent.extend(message.text.as_deref().map(|text| (entry.at_us, text)));
                None
            }
            Fact::Event { document, .. } => {
                let text = document.pointer("/payload/text").and_then(Value::as_str);
                let found = sent.iter().position(|(_, sent)| Some(*sent) == text);
                found.map(|index| sent.remove(index).0)
            }
            _ => None,
        };
        slowest = slowest.max(since.map(|since| entry.at_us.saturating_sub(since)));
    }
    slowest.map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::evidence::{SentMessage, WireCall};

    fn asked(method: &str) -> Fact {
        Fact::Asked {
            process: 1,
            id: "k1".to_owned(),
            method: method.to_owned(),
            params: json!({}),
        }
    }

    fn called() -> Fact {
        Fact::Called {
            call: WireCall {
                exchange: 1,
                endpoint: "getupdates".to_owned(),
                authorized: true,
                trap: false,
                position: None,
                body: None,
            },
        }
    }

    fn sent(text: &str) -> Fact {
        let message = SentMessage {
            message_id: "1".to_owned(),
            from: "a".to_owned(),
            text: Some(text.to_owned()),
            group_id: None,
            client_id: String::new(),
            create_time_ms: 0,
            position: 0,
            items: Vec::new(),
        };
        Fact::Sent {
            message,
            fence: false,
        }
    }

    fn event(text: &str) -> Fact {
        Fact::Event {
            process: 1,
            id: "e1".to_owned(),
            document: json!({"payload": {"text": text}}),
            findings: Vec::new(),
        }
    }

    fn slowest(facts: Vec<(u64, Fact)>) -> Option<u64> {
        let mut timeline = Timeline::default();
        for (at_us, fact) in facts {
            timeline.push(at_us, fact);
        }
        slowest_reaction(&timeline).map(|slowest| u64::try_from(slowest.as_micros()).unwrap())
    }

    #[test]
    fn an_adapter_that_did_nothing_has_no_pace() {
        assert_eq!(slowest(vec![(5, asked("start")), (9, sent("x"))]), None);
        assert_eq!(slowest(vec![(5, called()), (9, event("x"))]), None);
    }

    #[test]
    fn the_slower_of_start_and_text_counts() {
        let facts = |event_at| {
            vec![
                (10, asked("initialize")),
                (20, asked("start")),
                (50, called()),
                (60, called()),
                (70, sent("x")),
                (80, sent("y")),
                (event_at, event("x")),
            ]
        };
        assert_eq!(slowest(facts(90)), Some(30));
        assert_eq!(slowest(facts(170)), Some(100));
    }
}
