//! What the simulator saw and did, in order: evidence, with the bot token masked.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::account::Delivery;
use super::fault::Fault;
use super::updates::Position;
use crate::wire::Endpoint;

/// What stands where a secret stood.
pub const MASK: &str = "***";

/// The longest body that is evidence itself, in bytes; of a longer one the length is.
const EVIDENCE_MAX: usize = 2 << 20;

/// From this length on a token is taken for one that was drawn.
const DRAWN: usize = 16;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// Counts the calls of this simulator, from 1.
    pub exchange: u64,
    /// WeChat's clock, milliseconds since 1970.
    pub at: i64,
    /// The endpoint that was called.
    pub endpoint: Endpoint,
    /// What happened.
    pub event: Event,
}

/// What happened in an exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Event {
    /// A call came in whole.
    Arrived {
        /// HTTP method.
        method: String,
        /// Path and query.
        target: String,
        /// Counts the calls of this endpoint, from 1.
        nth: u64,
        /// Header fields by lower-case name; `Authorization` is masked.
        headers: BTreeMap<String, String>,
        /// The body: as JSON if it is, else as text; its length in words if it is neither, or
        /// longer than 2 MiB; `null` if empty.
        body: Value,
        /// Whether it carried the right token while the login was good.
        authorized: bool,
        /// Of a poll: where its cursor points; absent if the cursor is unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<Position>,
    },
    /// A poll is held.
    Parked {
        /// Where its cursor points.
        position: Position,
    },
    /// A person received a message.
    Delivered {
        /// The message.
        delivery: Delivery,
    },
    /// The `client_id` of an earlier message came again; nobody saw a second one.
    Repeated {
        /// The earlier message.
        message_id: u64,
    },
    /// An answer was written whole, to a connection still open.
    Answered {
        /// HTTP status.
        status: u16,
        /// The body, as in `Arrived`.
        body: Value,
        /// Of a poll: how far the log is consumed now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        upto: Option<Position>,
        /// The fault that shaped it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<Fault>,
    },
    /// A fault cut the connection, so that no whole answer went out.
    Cut {
        /// The fault.
        fault: Fault,
    },
    /// The client went away, or the connection failed, before the answer was out.
    Left,
}

/// Told of every observation, in order, as it happens.
pub type Observer = std::sync::Arc<dyn Fn(Observation) + Send + Sync>;

/// Why something was turned away before it was a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TurnedAway {
    /// More connections are open than may be.
    TooMany,
    /// A web page elsewhere may be behind it.
    Foreign,
    /// Its body would have to be unpacked.
    Packed,
    /// There is no such path.
    NoSuchPath,
    /// The path is there, for another method.
    OtherMethod,
    /// Its body is longer than any call's.
    TooLong,
    /// Its body did not come in time.
    TooSlow,
    /// The bodies of others take all the room there is.
    NoRoom,
}

impl TurnedAway {
    /// The same in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::TooMany => "too many are open already",
            Self::Foreign => "foreign Host or Origin",
            Self::Packed => "packed bodies are not read",
            Self::NoSuchPath => "no such path",
            Self::OtherMethod => "another method is needed",
            Self::TooLong => "the body is too long",
            Self::TooSlow => "the body is too slow",
            Self::NoRoom => "too many long bodies at a time",
        }
    }
}

/// Told of what was turned away before it was a call: what it was (of a request the method and the
/// address), and why.
pub type Bystander = std::sync::Arc<dyn Fn(&str, TurnedAway) + Send + Sync>;

/// Bytes as evidence.
pub(super) fn evidence(bytes: &[u8], secrets: &[String]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    if bytes.len() > EVIDENCE_MAX {
        return format!("{} bytes", bytes.len()).into();
    }
    if let Ok(mut value) = serde_json::from_slice(bytes) {
        mask(&mut value, secrets);
        return value;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => masked(text, secrets).into(),
        Err(_) => format!("{} bytes", bytes.len()).into(),
    }
}

/// A text without the secrets. A short one, which somebody chose, is masked only as a word of its
/// own: it may be a part of other words.
pub(super) fn masked(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        let mut from = 0;
        while let Some(at) = text[from..].find(secret.as_str()).map(|at| from + at) {
            let end = at + secret.len();
            let word = !text[..at].ends_with(char::is_alphanumeric)
                && !text[end..].starts_with(char::is_alphanumeric);
            from = end;
            if word || secret.len() >= DRAWN {
                text.replace_range(at..end, MASK);
                from = at + MASK.len();
            }
        }
    }
    text
}

fn mask(value: &mut Value, secrets: &[String]) {
    match value {
        Value::String(text) if secrets.iter().any(|secret| text.contains(secret)) => {
            *text = masked(text, secrets);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, secrets)),
        Value::Object(fields) => {
            if fields
                .keys()
                .any(|name| secrets.iter().any(|secret| name.contains(secret)))
            {
                let named = std::mem::take(fields).into_iter();
                *fields = named
                    .map(|(name, field)| (masked(&name, secrets), field))
                    .collect();
            }
            fields.values_mut().for_each(|field| mask(field, secrets));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let secrets = ["s3cret".to_owned()];
        let body = br#"{"list":["a s3cret b"],"s3cret":{"deep":"s3cret"},"n":1}"#;
        let shown = evidence(body, &secrets);
        let expected = serde_json::json!({"list":["a *** b"],"***":{"deep":"***"},"n":1});
        assert_eq!(shown, expected);
        assert_eq!(evidence(b"not json s3cret", &secrets), "not json ***");
        assert_eq!(evidence(&[0xff, 0xfe], &secrets), "2 bytes");
        assert_eq!(evidence(b"", &secrets), Value::Null);
        let long = vec![b'x'; EVIDENCE_MAX + 1];
        assert_eq!(evidence(&long, &secrets), "2097153 bytes");
    }

    #[test]
    fn a_short_secret_is_masked_only_as_a_word_of_its_own() {
        let secrets = ["tok".to_owned(), "0123456789abcdef".to_owned()];
        let body = br#"{"context_token":"Bearer tok, tokens, x0123456789abcdefy tok"}"#;
        let shown = serde_json::json!({"context_token": "Bearer ***, tokens, x***y ***"});
        assert_eq!(evidence(body, &secrets), shown);
    }
}
