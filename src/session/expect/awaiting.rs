//! Whether an adapter waits for time to pass, as far as can be seen.

use std::collections::BTreeSet;

use crate::evidence::{Fact, Timeline};

/// Whether the adapter is seen to wait for time to pass: AIOS asked it to try again later and it
/// has not yet, or WeChat failed a call of it and it has not called there since. A send that no
/// action asked for is nothing that anybody waits for. Follows a timeline that grows, and looks at
/// nothing twice.
#[derive(Debug, Default)]
pub struct Awaiting {
    seen: usize,
    present: u32,
    retry: bool,
    /// Actions without a receipt so far.
    acts: u32,
    failed: BTreeSet<String>,
}

impl Awaiting {
    /// Whether the adapter is now seen to wait for time to pass.
    pub fn follow(&mut self, timeline: &Timeline) -> bool {
        for entry in &timeline.entries()[self.seen..] {
            self.take_in(&entry.what);
        }
        self.seen = timeline.len();
        self.retry || !self.failed.is_empty()
    }

    fn take_in(&mut self, fact: &Fact) {
        match fact {
            Fact::Launched { process, .. } => {
                self.present = *process;
                self.retry = false;
                self.acts = 0;
                self.failed.clear();
            }
            Fact::Asked { method, .. } if method == "act" => self.acts += 1,
            Fact::Settled { process, reply, .. } if *process == self.present => {
                self.retry = !reply.settles();
            }
            Fact::Event { process, .. } if *process == self.present => self.retry = false,
            // What an action led to is over once it has its receipt.
            Fact::Told { method, .. } | Fact::Silent { method, .. } if method == "act" => {
                self.acts = self.acts.saturating_sub(1);
                self.failed.retain(|endpoint| endpoint == "getupdates");
            }
            Fact::Called { call } => {
                self.failed.remove(&call.endpoint);
            }
            Fact::Cut { endpoint, .. } => self.fails(endpoint),
            Fact::Answered {
                endpoint,
                status,
                body,
                fault,
                ..
            } => {
                let code = |name: &str| body.as_ref().and_then(|b| b.get(name)?.as_i64());
                let refused = [code("ret"), code("errcode")]
                    .into_iter()
                    .flatten()
                    .any(|c| c != 0);
                if *status != 200 || refused || fault.is_some() {
                    self.fails(endpoint);
                }
            }
            _ => {}
        }
    }

    fn fails(&mut self, endpoint: &str) {
        if endpoint != "sendmessage" || self.acts > 0 {
            self.failed.insert(endpoint.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::story::Story;
    use super::*;
    use crate::evidence::Reply;

    fn awaits(story: Story) -> bool {
        Awaiting::default().follow(&story.told_whole())
    }

    #[test]
    fn an_event_to_be_tried_again_is_waited_for_until_it_is() {
        let later = || {
            let offered = Story::begin().offered("a1", "1", "k");
            offered.settled("a1", Reply::Unavailable)
        };
        assert!(awaits(later()));
        assert!(!awaits(later().offered("a2", "1", "k")));
        assert!(!awaits(Story::begin().offered("a1", "1", "k")));
        assert!(!awaits(later().started("wx-main")));
    }

    #[test]
    fn a_call_that_failed_is_waited_for_until_it_is_made_again() {
        let failed = || Story::begin().polls(1, "", 0).fails(1, -1);
        assert!(awaits(failed()));
        assert!(awaits(Story::begin().polls(1, "", 0).cut(1)));
        assert!(!awaits(failed().polls(2, "", 0)));
        assert!(!awaits(Story::begin().polls(1, "", 0).given(1, "a")));
    }

    #[test]
    fn a_send_is_waited_for_until_its_action_has_a_receipt() {
        let sends = |story: Story, call| story.calls(call, "sendmessage").cut(call);
        let acts = |story: Story| story.asked("act", json!({}));
        let acted = || sends(acts(Story::begin()), 1);
        assert!(awaits(acted()));
        assert!(!awaits(acted().calls(2, "sendmessage")));
        let received = || acted().told("act", json!({}));
        assert!(!awaits(received()));
        assert!(!awaits(sends(received(), 2)));
        assert!(awaits(sends(acts(received()), 2)));
        assert!(!awaits(sends(Story::begin(), 1)));
    }

    #[test]
    fn a_timeline_is_followed_as_it_grows() {
        let mut awaiting = Awaiting::default();
        let failed = Story::begin().polls(1, "", 0).fails(1, -1);
        let failed = failed.told_whole();
        assert!(awaiting.follow(&failed));
        assert!(awaiting.follow(&failed));
        let again = Story::begin().polls(1, "", 0).fails(1, -1).polls(2, "", 0);
        assert!(!awaiting.follow(&again.told_whole()));
    }
}
