//! Whether a fence has passed.

use super::View;
use crate::evidence::{Fact, SentMessage, Timeline};

/// A message of the kit's own contact that shows, once it has arrived, that whatever was to arrive
/// before it has. Follows a timeline that grows: most looks come before it has arrived, and look at
/// nothing twice.
#[derive(Debug)]
pub struct Fence {
    /// The message.
    pub message: SentMessage,
    seen: usize,
    came: bool,
}

impl Fence {
    /// The fence of a message that was just sent.
    #[must_use]
    pub fn of(message: SentMessage) -> Self {
        Self {
            message,
            seen: 0,
            came: false,
        }
    }

    /// What it still waits for, in words; nothing once it has passed.
    pub fn missing(&mut self, timeline: &Timeline) -> Option<String> {
        let text = self.message.text.as_deref();
        // Nobody can know the text before the message is sent.
        let shows_it = |fact: &Fact| {
            let Fact::Event { document, .. } = fact else {
                return false;
            };
            let came = document
                .get("payload")
                .and_then(|payload| payload.get("text")?.as_str());
            came.is_some() && came == text
        };
        let mut unseen = timeline.entries()[self.seen..].iter();
        self.came = self.came || unseen.any(|entry| shows_it(&entry.what));
        self.seen = timeline.len();
        if !self.came {
            return Some("it did not reach AIOS".to_owned());
        }
        let view = View::of(timeline);
        let unsettled = view.unsettled();
        let arrived = view.all_events().into_iter().any(|event| {
            let is_unsettled = unsettled.iter().any(|open| open.at == event.at);
            event.body_text() == text && !is_unsettled
        });
        if !arrived {
            return Some("it did not reach AIOS".to_owned());
        }
        if !unsettled.is_empty() {
            let count = unsettled.len();
            return Some(format!("{count} event(s) before it were not settled"));
        }
        let position = self.message.position;
        let parked = view.facts().any(
            |(_, fact)| matches!(fact, Fact::Parked { position: behind, .. } if *behind >= position),
        );
        (!parked).then(|| "the adapter did not poll with a cursor behind it".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::story::{Story, message};
    use super::*;
    use crate::evidence::Reply;

    const ON_ITS_WAY: Option<&str> = Some("it did not reach AIOS");

    fn parked(story: Story, position: u64) -> Story {
        story.fact(Fact::Parked {
            exchange: 1,
            position,
        })
    }

    #[test]
    fn a_fence_passes_once_it_is_settled_and_a_poll_lies_behind_it() {
        let mut fence = Fence::of(message("9", 3));
        let mut missing = |story: Story| fence.missing(&story.told_whole());
        let before = || Story::begin().taken("a1", "1");
        let offered = || before().offered("a2", "9", "k");
        let taken = || parked(offered().settled("a2", Reply::Accepted), 2);
        assert_eq!(missing(before()).as_deref(), ON_ITS_WAY);
        assert_eq!(missing(offered()).as_deref(), ON_ITS_WAY);
        assert_eq!(
            missing(taken()).as_deref(),
            Some("the adapter did not poll with a cursor behind it")
        );
        assert_eq!(missing(parked(taken(), 3)), None);
    }

    #[test]
    fn a_fence_is_held_by_what_was_not_settled_before_it() {
        let open = Fact::Event {
            process: 1,
            id: "a1".to_owned(),
            document: json!({"stream_id": "st-1", "seq": 7, "payload": {"text": "text 1"}}),
            findings: Vec::new(),
        };
        let story = parked(Story::begin().fact(open).taken("a2", "9"), 3);
        let missing = Fence::of(message("9", 3)).missing(&story.told_whole());
        assert_eq!(
            missing.as_deref(),
            Some("1 event(s) before it were not settled")
        );
    }
}
