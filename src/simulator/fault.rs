//! Scripted misbehaviour of WeChat: what goes wrong, on which call, how often.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::Endpoint;

/// A fault and the calls it hits. Only calls that begin after it was set are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// The endpoint.
    pub on: Endpoint,
    /// The first call it hits, counted from 1.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub nth: u32,
    /// How many calls in a row it hits.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub times: u32,
    /// What goes wrong.
    pub fault: Fault,
}

const fn one() -> u32 {
    1
}

/// What goes wrong. But for `stall`, `drip`, `truncate_text`, `nameless` and `lost_answer`, the call has no
/// effect: nothing is delivered and no batch is consumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// An HTTP status instead of an answer.
    HttpStatus {
        /// 300 to 599.
        #[schemars(range(min = 300, max = 599))]
        status: u16,
        /// `Retry-After`, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_sec: Option<u32>,
    },
    /// The connection is reset, and new ones are refused for half a second.
    Refuse {},
    /// The connection is reset before the answer.
    Reset {},
    /// The connection is closed before the answer.
    Close {},
    /// The connection is closed in the middle of the answer.
    DropMidBody {},
    /// The call is taken up only after a while.
    Stall {
        /// Milliseconds, at most an hour.
        #[schemars(range(max = 3_600_000))]
        ms: u64,
    },
    /// The answer comes in sixteen pieces.
    Drip {
        /// Milliseconds before each piece, at most a minute.
        #[schemars(range(max = 60_000))]
        ms: u64,
    },
    /// A web page instead of JSON.
    Html {},
    /// An answer that is not JSON.
    MalformedJson {},
    /// The first half of a good answer.
    TruncatedJson {},
    /// HTTP 200 and nothing else.
    EmptyBody {},
    /// A good answer to a poll, without messages and without a new position.
    NoPosition {},
    /// A refusal in an HTTP 200.
    BusinessError {
        /// Not 0.
        code: i64,
        /// Its message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        errmsg: Option<String>,
        /// Where the code stands.
        #[serde(default)]
        shape: Shape,
    },
    /// The call takes effect; its answer is lost.
    LostAnswer {},
    /// No answer ever, as long as the client waits.
    NeverAnswer {},
    /// A message is taken, and the answer does not say under which id.
    Nameless {},
    /// A sent text is cut, silently.
    TruncateText {
        /// UTF-8 bytes that are kept, less where a character would be split.
        bytes: u32,
    },
}

/// Which of the two fields of a refusal hold the code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// `ret` and `errcode`.
    #[default]
    Both,
    /// `ret` alone.
    Ret,
    /// `errcode` alone.
    Errcode,
}

impl FaultRule {
    /// A fault on the next call of an endpoint.
    #[must_use]
    pub const fn next(on: Endpoint, fault: Fault) -> Self {
        Self {
            on,
            nth: 1,
            times: 1,
            fault,
        }
    }

    /// A fault on every call of an endpoint until [`clear_faults`](super::Simulator::clear_faults).
    #[must_use]
    pub const fn always(on: Endpoint, fault: Fault) -> Self {
        Self {
            on,
            nth: 1,
            times: u32::MAX,
            fault,
        }
    }

    /// Whether its numbers are in bounds.
    ///
    /// # Errors
    /// What is out of bounds, in words.
    pub fn check(&self) -> Result<(), String> {
        let wrong = match self.fault {
            _ if self.nth == 0 => "nth is counted from 1",
            _ if self.times == 0 => "times is at least 1",
            Fault::HttpStatus { status, .. } if !(300..=599).contains(&status) => {
                "status is 300 to 599"
            }
            Fault::Stall { ms } if ms > 3_600_000 => "ms is at most 3600000",
            Fault::Drip { ms } if ms > 60_000 => "ms is at most 60000",
            Fault::BusinessError { code: 0, .. } => "code is not 0",
            Fault::TruncateText { .. } if self.on != Endpoint::SendMessage => {
                "truncate_text is a fault of sendmessage"
            }
            _ => return Ok(()),
        };
        Err(wrong.to_owned())
    }
}

impl Shape {
    /// The answer that refuses with this code in this shape.
    #[must_use]
    pub fn refusal(self, code: i64, errmsg: &str) -> String {
        let mut answer = serde_json::Map::new();
        if matches!(self, Self::Both | Self::Ret) {
            answer.insert("ret".into(), code.into());
        }
        if matches!(self, Self::Both | Self::Errcode) {
            answer.insert("errcode".into(), code.into());
        }
        answer.insert("errmsg".into(), errmsg.into());
        serde_json::Value::Object(answer).to_string()
    }
}

/// The faults that are set, oldest first, and how far each has counted.
#[derive(Default)]
pub(super) struct Faults(Vec<Pending>);

struct Pending {
    rule: FaultRule,
    seen: u32,
}

impl Faults {
    pub(super) fn set(&mut self, rule: FaultRule) {
        self.0.push(Pending { rule, seen: 0 });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn pending(&self) -> impl Iterator<Item = &FaultRule> {
        self.0.iter().map(|pending| &pending.rule)
    }

    /// Counts a call that begins; the fault it meets, if any: the oldest of several.
    pub(super) fn count(&mut self, call: Endpoint) -> Option<Fault> {
        let mut met = None;
        self.0.retain_mut(|Pending { rule, seen }| {
            if rule.on != call {
                return true;
            }
            *seen += u32::from(*seen < u32::MAX);
            let last = (rule.nth - 1).saturating_add(rule.times);
            if *seen >= rule.nth && met.is_none() {
                met = Some(rule.fault.clone());
            }
            *seen < last || last == u32::MAX
        });
        met
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLL: Endpoint = Endpoint::GetUpdates;

    #[test]
    fn a_fault_hits_the_nth_call_and_no_other() {
        let mut faults = Faults::default();
        faults.set(FaultRule {
            on: POLL,
            nth: 2,
            times: 2,
            fault: Fault::Html {},
        });
        let hits = (0..5)
            .map(|_| faults.count(POLL).is_some())
            .collect::<Vec<_>>();
        assert_eq!(hits, [false, true, true, false, false]);
        assert_eq!(faults.pending().count(), 0);
        assert_eq!(faults.count(Endpoint::SendMessage), None);
    }

    #[test]
    fn of_two_faults_on_one_call_the_older_wins_and_both_are_spent() {
        let mut faults = Faults::default();
        faults.set(FaultRule::next(POLL, Fault::Html {}));
        faults.set(FaultRule::next(POLL, Fault::Reset {}));
        assert_eq!(faults.count(POLL), Some(Fault::Html {}));
        assert_eq!(faults.count(POLL), None);
    }

    #[test]
    fn a_fault_without_end_stays_until_cleared() {
        let mut faults = Faults::default();
        faults.set(FaultRule::always(POLL, Fault::Html {}));
        assert!((0..1000).all(|_| faults.count(POLL).is_some()));
        faults.clear();
        assert_eq!(faults.count(POLL), None);
    }

    #[test]
    fn an_unknown_kind_endpoint_or_field_is_refused() {
        let read = |text: &str| serde_json::from_str::<FaultRule>(text).map_err(|e| e.to_string());
        let rule = read(r#"{"on":"getupdates","fault":{"kind":"http_status","status":500}}"#);
        let fault = Fault::HttpStatus {
            status: 500,
            retry_after_sec: None,
        };
        assert_eq!(rule, Ok(FaultRule::next(POLL, fault)));
        for (wrong, names) in [
            (
                r#"{"on":"getupdates","fault":{"kind":"melt"}}"#,
                "never_answer",
            ),
            (
                r#"{"on":"getmail","fault":{"kind":"reset"}}"#,
                "sendmessage",
            ),
            (
                r#"{"on":"getupdates","fault":{"kind":"reset","ms":1}}"#,
                "ms",
            ),
            (
                r#"{"on":"getupdates","fault":{"kind":"reset"},"every":2}"#,
                "every",
            ),
        ] {
            let message = read(wrong).unwrap_err();
            assert!(message.contains(names), "{message}");
        }
    }
}
