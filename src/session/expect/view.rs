//! A timeline as judges look at it: the scene without its control process, facts by kind.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::evidence::{Fact, Mismatch, Reply, SentMessage, Timeline};

/// The scene of a timeline: everything after the control process, if there was one.
#[derive(Clone, Copy, Debug)]
pub struct View<'t> {
    timeline: &'t Timeline,
    from: usize,
}

/// One event as it came.
#[derive(Clone, Copy, Debug)]
pub struct Event<'t> {
    /// Index in the timeline.
    pub at: usize,
    /// The process that sent it.
    pub process: u32,
    /// Id of the request, as JSON text.
    pub id: &'t str,
    /// The document.
    pub document: &'t Value,
    /// What the contract says against it.
    pub findings: &'t [String],
}

impl<'t> Event<'t> {
    /// A member of the envelope that is a string.
    #[must_use]
    pub fn text(&self, member: &str) -> Option<&'t str> {
        self.document.get(member)?.as_str()
    }

    /// The text of the payload.
    #[must_use]
    pub fn body_text(&self) -> Option<&'t str> {
        self.document.get("payload")?.get("text")?.as_str()
    }

    /// Whether it hands on what a person sent.
    #[must_use]
    pub fn forwards(&self) -> bool {
        matches!(self.text("event_type"), Some("message" | "attachment_meta"))
    }

    /// Whether it repeats an event that AIOS could not take.
    #[must_use]
    pub fn is_repeat(&self) -> bool {
        self.document.get("retry_count").is_some()
    }

    /// Whether it is about this message: by id, or else by sender and words, so that an adapter
    /// that mangles ids is still understood where the rule is about something else.
    #[must_use]
    pub fn is_about(&self, message: &SentMessage) -> bool {
        self.text("message_id") == Some(&message.message_id)
            || (message.text.is_some() && self.body_text() == message.text.as_deref())
    }
}

/// An answer of the adapter.
#[derive(Clone, Copy, Debug)]
pub struct Told<'t> {
    /// Index in the timeline.
    pub at: usize,
    /// The parameters it answers.
    pub params: &'t Value,
    /// The result, if it is one.
    pub result: Option<&'t Value>,
    /// The error, if it is one.
    pub error: Option<&'t Value>,
}

/// An action and its answer.
#[derive(Clone, Debug)]
pub struct Act<'t> {
    /// Index of the request.
    pub asked: usize,
    /// Index of the answer.
    pub at: usize,
    /// The action.
    pub params: &'t Value,
    /// The receipt, if it is one.
    pub result: Option<&'t Value>,
    /// The error, if it is one.
    pub error: Option<&'t Value>,
    /// What people received meanwhile.
    pub delivered: Vec<Delivered<'t>>,
}

impl<'t> Act<'t> {
    /// A word of the receipt.
    #[must_use]
    pub fn word(&self, name: &str) -> Option<&'t str> {
        self.result?.get(name)?.as_str()
    }

    /// The text of the action.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.params
            .get("payload")
            .and_then(|payload| payload.get("text")?.as_str())
            .unwrap_or_default()
    }
}

/// A message that a person received.
#[derive(Clone, Copy, Debug)]
pub struct Delivered<'t> {
    /// Index in the timeline.
    pub at: usize,
    /// The person.
    pub to: &'t str,
    /// The text.
    pub text: &'t str,
    /// WeChat's id of it.
    pub message_id: &'t str,
    /// The message whose context it was sent in.
    pub context_of: Option<&'t str>,
}

impl<'t> View<'t> {
    /// The scene of a timeline.
    #[must_use]
    pub fn of(timeline: &'t Timeline) -> Self {
        let mut control = None;
        let mut from = 0;
        for (at, fact) in timeline.facts() {
            match fact {
                Fact::Launched {
                    process,
                    control: true,
                } => control = Some(*process),
                Fact::Ended { process, .. } if control == Some(*process) => from = at + 1,
                _ => {}
            }
        }
        Self { timeline, from }
    }

    /// The facts of the scene, with their indexes in the timeline.
    #[must_use]
    pub fn facts(&self) -> impl DoubleEndedIterator<Item = (usize, &'t Fact)> + use<'t> {
        let from = self.from;
        self.timeline.facts().filter(move |(at, _)| *at >= from)
    }

    /// The messages of the scene's people, in the order they were sent; fences are not among them.
    #[must_use]
    pub fn sent(&self) -> Vec<(usize, &'t SentMessage)> {
        self.facts()
            .filter_map(|(at, fact)| match fact {
                Fact::Sent {
                    message,
                    fence: false,
                } => Some((at, message)),
                _ => None,
            })
            .collect()
    }

    /// Where everything before had had its chance.
    pub(super) fn passed(&self) -> impl DoubleEndedIterator<Item = usize> + use<'t> {
        self.facts()
            .filter_map(|(at, fact)| matches!(fact, Fact::FencePassed { .. }).then_some(at))
    }

    /// The message that "that message" means: the last one sent.
    ///
    /// # Errors
    /// Undecided if nothing was sent: the scenario is at fault.
    pub fn that_message(&self) -> Result<&'t SentMessage, Mismatch> {
        self.sent()
            .last()
            .map(|(_, message)| *message)
            .ok_or_else(|| Mismatch::undecided("a message to speak of", "none was sent"))
    }

    /// The kit's own messages that show what was before them has passed.
    pub(super) fn fences(&self) -> Vec<&'t SentMessage> {
        self.facts()
            .filter_map(|(_, fact)| match fact {
                Fact::Sent {
                    message,
                    fence: true,
                } => Some(message),
                _ => None,
            })
            .collect()
    }

    /// Every event of the scene, fences included.
    #[must_use]
    pub fn all_events(&self) -> Vec<Event<'t>> {
        self.facts()
            .filter_map(|(at, fact)| match fact {
                Fact::Event {
                    process,
                    id,
                    document,
                    findings,
                } => Some(Event {
                    at,
                    process: *process,
                    id,
                    document,
                    findings,
                }),
                _ => None,
            })
            .collect()
    }

    /// Every event of the scene that is not about a fence.
    #[must_use]
    pub fn events(&self) -> Vec<Event<'t>> {
        let fences = self.fences();
        let mut events = self.all_events();
        events.retain(|event| !fences.iter().any(|fence| event.is_about(fence)));
        events
    }

    /// Events about one message: by its id or its words, and else by elimination, so that an
    /// adapter that mangles ids is still understood where a message has no words.
    #[must_use]
    pub fn about(&self, message: &SentMessage) -> Vec<Event<'t>> {
        let events = self.all_events();
        let named = |message: &SentMessage| events.iter().any(|event| event.is_about(message));
        if named(message) {
            let about = events.iter().filter(|event| event.is_about(message));
            return about.copied().collect();
        }
        let given: Vec<&SentMessage> = self
            .facts()
            .filter_map(|(_, fact)| match fact {
                Fact::Sent { message, .. } | Fact::Redelivered { message, .. } => Some(message),
                _ => None,
            })
            .filter(|given| given.from == message.from)
            .collect();
        let unnamed: Vec<&&SentMessage> = given.iter().filter(|given| !named(given)).collect();
        let sender = |event: &Event<'t>| event.document.pointer("/payload/sender")?.as_str();
        let strays: Vec<Event<'t>> = events
            .iter()
            .filter(|event| sender(event) == Some(&message.from))
            .filter(|event| !given.iter().any(|given| event.is_about(given)))
            .copied()
            .collect();
        if unnamed.len() == 1 {
            return strays;
        }
        // Several are told apart by their order, if there is one event for each.
        if unnamed.len() != strays.len() {
            return Vec::new();
        }
        let same = |given: &&SentMessage| given.message_id == message.message_id;
        let pairs = unnamed.into_iter().zip(strays);
        pairs
            .filter(|(given, _)| same(given))
            .map(|(_, event)| event)
            .collect()
    }

    /// Every event of the scene with what AIOS said to it, if it did.
    #[must_use]
    pub fn replies(&self) -> Vec<(Event<'t>, Option<Reply>)> {
        let mut replies: Vec<(Event<'t>, Option<Reply>)> = self
            .all_events()
            .into_iter()
            .map(|event| (event, None))
            .collect();
        // An id that is used again is answered again, so each answer goes to all that are open.
        let mut open: HashMap<(u32, &str), Vec<usize>> = HashMap::new();
        let mut next = 0;
        for (_, fact) in self.facts() {
            match fact {
                Fact::Event { process, id, .. } => {
                    open.entry((*process, id)).or_default().push(next);
                    next += 1;
                }
                Fact::Settled { process, id, reply } => {
                    for index in open.remove(&(*process, id.as_str())).unwrap_or_default() {
                        replies[index].1 = Some(*reply);
                    }
                }
                _ => {}
            }
        }
        replies
    }

    /// The events that still need attention: AIOS settled neither them nor a repeat of them, and
    /// their process is not gone.
    #[must_use]
    pub fn unsettled(&self) -> Vec<Event<'t>> {
        let replies = self.replies();
        let gone: BTreeSet<u32> = self
            .facts()
            .filter_map(|(_, fact)| match fact {
                Fact::Ended { process, .. } => Some(*process),
                _ => None,
            })
            .collect();
        let settled = |reply: &Option<Reply>| reply.is_some_and(Reply::settles);
        let same = |one: &Event<'_>, other: &Event<'_>| {
            one.process == other.process
                && !differ(one.document, other.document, &["stream_id", "seq"])
        };
        let is_open = |index: &usize| {
            let (event, reply) = &replies[*index];
            let mut later = replies[index + 1..].iter();
            !settled(reply)
                && !gone.contains(&event.process)
                && !later.any(|(other, reply)| settled(reply) && same(event, other))
        };
        let open = (0..replies.len()).filter(is_open);
        open.map(|index| replies[index].0).collect()
    }

    /// Polls of the scene: indexes of the calls.
    pub fn polls(&self) -> impl Iterator<Item = usize> + use<'t> {
        self.facts().filter_map(|(at, fact)| match fact {
            Fact::Called { call } if call.endpoint == "getupdates" && !call.trap => Some(at),
            _ => None,
        })
    }

    /// Answers to a method, in order.
    #[must_use]
    pub fn told(&self, wanted: &str) -> Vec<Told<'t>> {
        self.facts()
            .filter_map(|(at, fact)| match fact {
                Fact::Told {
                    process,
                    id,
                    method,
                    result,
                    error,
                } if method == wanted => {
                    let params = self.asked(*process, id)?;
                    Some(Told {
                        at,
                        params,
                        result: result.as_ref(),
                        error: error.as_ref(),
                    })
                }
                _ => None,
            })
            .collect()
    }

    /// The last answer to a method.
    ///
    /// # Errors
    /// Undecided if there is none.
    pub fn last_told(&self, method: &str) -> Result<Told<'t>, Mismatch> {
        self.told(method)
            .last()
            .copied()
            .ok_or_else(|| Mismatch::undecided(format!("an answer to `{method}`"), "there is none"))
    }

    /// The actions of the scene that were answered, in order, each with what reached people
    /// while it was outstanding.
    #[must_use]
    pub fn acts(&self) -> Vec<Act<'t>> {
        let mut open: Vec<(u32, &str, usize, &'t Value)> = Vec::new();
        let mut acts = Vec::new();
        for (at, fact) in self.facts() {
            match fact {
                Fact::Asked {
                    process,
                    id,
                    method,
                    params,
                } if method == "act" => {
                    open.push((*process, id, at, params));
                }
                Fact::Told {
                    process,
                    id,
                    result,
                    error,
                    ..
                } => {
                    let found = open
                        .iter()
                        .position(|(p, i, ..)| (p, *i) == (process, id.as_str()));
                    let Some((_, _, from, params)) = found.map(|index| open.remove(index)) else {
                        continue;
                    };
                    acts.push(Act {
                        asked: from,
                        at,
                        params,
                        result: result.as_ref(),
                        error: error.as_ref(),
                        delivered: self.deliveries(from, at),
                    });
                }
                _ => {}
            }
        }
        acts
    }

    /// The last answered action.
    ///
    /// # Errors
    /// Undecided if there is none.
    pub fn last_act(&self) -> Result<Act<'t>, Mismatch> {
        self.acts()
            .pop()
            .ok_or_else(|| Mismatch::undecided("an answered action", "there is none"))
    }

    /// What people received between two moments.
    #[must_use]
    pub fn deliveries(&self, from: usize, to: usize) -> Vec<Delivered<'t>> {
        self.facts()
            .filter(|(at, _)| (from..=to).contains(at))
            .filter_map(|(at, fact)| match fact {
                Fact::Delivered {
                    to,
                    text,
                    message_id,
                    context_of,
                    ..
                } => Some(Delivered {
                    at,
                    to,
                    text: text.as_deref().unwrap_or_default(),
                    message_id,
                    context_of: context_of.as_deref(),
                }),
                _ => None,
            })
            .collect()
    }

    fn asked(&self, wanted_process: u32, wanted: &str) -> Option<&'t Value> {
        self.facts().find_map(|(_, fact)| match fact {
            Fact::Asked {
                process,
                id,
                params,
                ..
            } if *process == wanted_process && id == wanted => Some(params),
            _ => None,
        })
    }

    /// The integration document that the present adapter was last started with.
    ///
    /// # Errors
    /// Undecided if no adapter was started.
    pub fn integration(&self) -> Result<&'t Value, Mismatch> {
        self.facts()
            .rev()
            .find_map(|(_, fact)| match fact {
                Fact::Asked { method, params, .. } if method == "start" => {
                    params.get("integration")
                }
                _ => None,
            })
            .ok_or_else(|| Mismatch::undecided("a configuration", "no adapter was started"))
    }

    /// The fault that the kit put into its last document, in words; nothing if there was none.
    #[must_use]
    pub fn flaw(&self) -> &'t str {
        self.facts()
            .rev()
            .find_map(|(_, fact)| match fact {
                Fact::Flawed { what } => Some(what.as_str()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// Whether the adapter claims a feature.
    #[must_use]
    pub fn claims(&self, feature: &str) -> bool {
        self.told("initialize").iter().any(|told| {
            let features = told
                .result
                .and_then(|r| r.pointer("/capabilities/supported_features"));
            features
                .and_then(Value::as_array)
                .is_some_and(|list| list.iter().any(|item| item.as_str() == Some(feature)))
        })
    }
}

/// A value as a short piece of text for a report.
pub(super) fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| short(&value.to_string()))
}

/// Some members of a document, for a report.
pub(super) fn members(document: &Value, names: &[&str]) -> String {
    let member = |name: &&str| format!("{name} {}", shown(document.get(*name)));
    names.iter().map(member).collect::<Vec<_>>().join(", ")
}

/// Whether two documents differ in one of these members.
pub(super) fn differ(one: &Value, other: &Value, names: &[&str]) -> bool {
    names.iter().any(|name| one.get(*name) != other.get(*name))
}

/// The beginning of a text.
pub(super) fn short(text: &str) -> String {
    const LENGTH: usize = 160;
    if text.chars().count() <= LENGTH {
        return text.to_owned();
    }
    text.chars().take(LENGTH).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn picture(message_id: &str, from: &str) -> SentMessage {
        SentMessage {
            message_id: message_id.to_owned(),
            from: from.to_owned(),
            text: None,
            group_id: None,
            client_id: String::new(),
            create_time_ms: 0,
            position: 0,
            items: Vec::new(),
        }
    }

    fn timeline(sent: &[&SentMessage], events: &[(&str, &str)]) -> Timeline {
        let mut timeline = Timeline::default();
        for message in sent {
            let message = (*message).clone();
            let fence = false;
            timeline.push(0, Fact::Sent { message, fence });
        }
        for (message_id, sender) in events {
            let document = json!({"message_id": message_id, "payload": {"sender": sender}});
            let (id, findings) = (String::new(), Vec::new());
            let process = 1;
            timeline.push(
                0,
                Fact::Event {
                    process,
                    id,
                    document,
                    findings,
                },
            );
        }
        timeline
    }

    #[test]
    fn an_event_under_a_mangled_id_is_about_the_only_message_it_can_be_about() {
        let (one, two) = (
            picture("7480093696307443251", "a"),
            picture("7480093696307443252", "a"),
        );
        let other = picture("7480093696307443253", "b");
        let about = |sent: &[&SentMessage], events: &[(&str, &str)], message: &SentMessage| {
            View::of(&timeline(sent, events)).about(message).len()
        };
        assert_eq!(about(&[&one, &other], &[("mangled", "a")], &one), 1);
        assert_eq!(about(&[&one, &other], &[("mangled", "a")], &other), 0);
        assert_eq!(about(&[&one, &two], &[("mangled", "a")], &one), 0);
        assert_eq!(
            about(
                &[&one, &two],
                &[("mangled", "a"), (&two.message_id, "a")],
                &one
            ),
            1
        );
        assert_eq!(about(&[&one, &two], &[(&two.message_id, "a")], &one), 0);
        assert_eq!(
            about(&[&one, &two], &[("mangled", "a"), ("too", "a")], &two),
            1
        );
    }
}
