//! The text layer: bytes to one value that has no duplicate key, no `null` and no depth beyond 32.

use std::cell::RefCell;
use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};

use super::finding::{Fault, Finding};
use super::kind::Document;
use super::node::Node;

/// How many arrays and objects may lie within one another.
pub const MAX_DEPTH: usize = 32;

/// Reads one JSON value.
///
/// # Errors
/// The first fault of the text: not UTF-8, not one JSON value, a duplicate key, a lone surrogate, a
/// depth beyond 32, or a `null`.
pub fn parse(bytes: &[u8]) -> Result<Value, Finding> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (line, column) = place(&bytes[..error.valid_up_to()]);
        at(Finding::new(Fault::NotUtf8, "expected UTF-8"), line, column)
    })?;
    let fault = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text);
    // Our own limit is lower, and says where it was passed.
    let seed = Seed {
        depth: 0,
        fault: &fault,
    };
    let value = seed
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| {
        let finding = fault.take().unwrap_or_else(|| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            if message.contains("surrogate") || message.contains("hex escape") {
                Finding::new(Fault::LoneSurrogate, "half of a surrogate pair in a string")
            } else {
                Finding::new(
                    Fault::NotJson,
                    format!("expected one JSON value: {message}"),
                )
            }
        });
        at(finding, error.line() as u64, error.column() as u64)
    })
}

/// A value within a document, under the same conditions. `Value`'s own reader is not asked: with
/// `raw_value` it takes a certain key for a command.
pub(crate) fn plain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Seed {
        depth: 0,
        fault: &RefCell::new(None),
    }
    .deserialize(deserializer)
}

/// The same for a member that may be absent.
pub(crate) fn plain_member<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Value>, D::Error> {
    plain(deserializer).map(Some)
}

/// Reads a document from a value.
///
/// # Errors
/// The first fault, with its pointer.
pub fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, Finding> {
    T::deserialize(Node(value))
}

/// Reads a document from bytes: [`parse`], then [`decode`].
///
/// # Errors
/// The first fault of the text or of the document.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Finding> {
    decode(&parse(bytes)?)
}

/// Whether a text is a document, at the price of one look: the verdict of [`from_bytes`] without the
/// finding. The types of the contract refuse by themselves what the text layer refuses.
#[must_use]
pub fn is_valid<T: Document>(text: &str) -> bool {
    serde_json::from_str::<T>(text).is_ok()
}

fn at(mut finding: Finding, line: u64, column: u64) -> Finding {
    finding.line = Some(line);
    finding.column = Some(column);
    finding
}

/// Line and column behind `before`, from 1.
fn place(before: &[u8]) -> (u64, u64) {
    let before = String::from_utf8_lossy(before);
    let line = before.matches('\n').count() as u64 + 1;
    let last = before.rsplit('\n').next().unwrap_or_default();
    (line, last.chars().count() as u64 + 1)
}

/// Reads a value; the first fault of ours is left in `fault`, since serde's errors carry text only.
#[derive(Clone, Copy)]
struct Seed<'a> {
    depth: usize,
    fault: &'a RefCell<Option<Finding>>,
}

impl Seed<'_> {
    fn refuse<E: Error>(self, finding: Finding) -> E {
        let error = E::custom(&finding);
        *self.fault.borrow_mut() = Some(finding);
        error
    }

    fn note(self, token: impl fmt::Display) {
        let mut fault = self.fault.borrow_mut();
        if let Some(finding) = fault.take() {
            *fault = Some(finding.under(token));
        }
    }

    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            let message = format!("values lie more than {MAX_DEPTH} levels deep");
            return Err(self.refuse(Finding::new(Fault::TooDeep, message)));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Err(self.refuse(
            Finding::new(Fault::Null, "expected a value, found null")
                .with_hint("leave the member out: absent means absent"),
        ))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut entries = Vec::new();
        while let Some(entry) = sequence
            .next_element_seed(deeper)
            .inspect_err(|_| self.note(entries.len()))?
        {
            entries.push(entry);
        }
        Ok(entries.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if members.contains_key(&key) {
                let message = format!("member `{key}` occurs twice");
                return Err(self.refuse(Finding::new(Fault::DuplicateKey, message).under(&key)));
            }
            let value = map
                .next_value_seed(deeper)
                .inspect_err(|_| self.note(&key))?;
            members.insert(key, value);
        }
        Ok(members.into())
    }
}
