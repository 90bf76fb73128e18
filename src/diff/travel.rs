//! Who writes a document and who reads it, and which pairs of old and new meet.

use serde::Serialize;
use serde_json::{Value, json};

use crate::contract::Kind;

/// One way of a document: who writes it, who reads it, and which of the two is the newer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Way {
    /// Its name in findings and waivers, such as `new-aios-to-old-adapter`.
    pub name: String,
    /// The same for people.
    pub title: String,
    /// Whether the writer is of the newer version.
    #[serde(skip)]
    pub new_writes: bool,
    /// Whether a break hurts what is in use, and not only a pair that meets before both are updated.
    pub in_use: bool,
    /// What a break means.
    pub meaning: &'static str,
    /// The part of the documents that this writer sends, where it is not all.
    #[serde(skip)]
    pub only: Option<Value>,
    /// Whether the reader leaves aside members that it does not know.
    #[serde(skip)]
    pub lenient: bool,
}

const FIELD: &str = "adapters in the field break";
const AIOS_FIRST: &str = "nothing in use breaks; AIOS has to be updated before adapters";
const FILES: &str = "files in use are refused";
const KIT_FIRST: &str = "nothing in use breaks; the kit has to be updated before what it reads";

/// The ways of a kind of document; `None` for a kind that nobody knows.
#[must_use]
pub fn ways(kind: &str) -> Option<Vec<Way>> {
    let kind = Kind::ALL
        .iter()
        .copied()
        .find(|known| known.as_str() == kind)?;
    let (aios, adapter) = ("AIOS", "adapter");
    Some(match kind {
        Kind::Config => vec![
            way(true, aios, adapter, true, FIELD),
            // What an operator wrote down meets every later version.
            way(false, "file", adapter, true, FILES),
        ],
        Kind::OutboundAction | Kind::Secrets | Kind::Start => vec![
            way(true, aios, adapter, true, FIELD),
            way(false, aios, adapter, false, AIOS_FIRST),
        ],
        Kind::InboundEvent
        | Kind::Receipt
        | Kind::Capabilities
        | Kind::Health
        | Kind::AccessState => vec![
            way(false, adapter, aios, true, FIELD),
            way(true, adapter, aios, false, AIOS_FIRST),
        ],
        Kind::AuditRecord => vec![
            way(
                false,
                "record",
                "audit",
                true,
                "records that are kept are refused",
            ),
            way(true, "record", "audit", false, AIOS_FIRST),
        ],
        Kind::Driver => {
            let sent = |only: Value, way: Way| Way {
                only: Some(only),
                ..way
            };
            vec![
                sent(by_the_kit(), way(true, "kit", adapter, true, FIELD)),
                sent(by_the_adapter(), way(false, adapter, "kit", true, FIELD)),
                sent(by_the_kit(), way(false, "kit", adapter, false, KIT_FIRST)),
                sent(
                    by_the_adapter(),
                    way(true, adapter, "kit", false, KIT_FIRST),
                ),
            ]
        }
        Kind::Report => vec![
            way(
                false,
                "report",
                "kit",
                true,
                "reports that are kept are refused",
            ),
            Way {
                lenient: true,
                ..way(
                    true,
                    "report",
                    "program",
                    true,
                    "programs that read reports break",
                )
            },
        ],
        Kind::Baseline => vec![
            way(false, "baseline", "kit", true, FILES),
            way(true, "baseline", "kit", false, KIT_FIRST),
        ],
    })
}

fn way(new_writes: bool, writer: &str, reader: &str, in_use: bool, meaning: &'static str) -> Way {
    let (from, to) = if new_writes {
        ("new", "old")
    } else {
        ("old", "new")
    };
    Way {
        name: format!(
            "{from}-{}-to-{to}-{}",
            writer.to_lowercase(),
            reader.to_lowercase()
        ),
        title: format!("{from} {writer} → {to} {reader}"),
        new_writes,
        in_use,
        meaning,
        only: None,
        lenient: false,
    }
}

/// Lines that the kit sends: it calls every method but `event`, and answers that one.
fn by_the_kit() -> Value {
    json!({ "anyOf": [
        { "properties": { "method": { "not": { "const": "event" } } }, "required": ["method"] },
        { "properties": { "result": { "required": ["status"], "type": "object" } }, "required": ["result"] },
        { "properties": { "error": { "properties": { "code": { "not": { "enum": [-32003, -32004, -32005] } } } } },
          "required": ["error"] },
    ] })
}

/// Lines that the adapter sends: `event`, and the answers to everything else.
fn by_the_adapter() -> Value {
    json!({ "anyOf": [
        { "properties": { "method": { "const": "event" } }, "required": ["method"] },
        { "properties": { "result": { "not": { "required": ["status"] } } }, "required": ["result"] },
        { "properties": { "error": { "properties": { "code": { "not": { "enum": [-32001, -32002] } } } } },
          "required": ["error"] },
    ] })
}

/// A schema as a reader has it that leaves aside members that it does not know.
#[must_use]
pub fn opened(schema: &Value) -> Value {
    match schema {
        Value::Object(keywords) => keywords
            .iter()
            .filter(|(keyword, value)| {
                keyword.as_str() != "additionalProperties" || **value != Value::Bool(false)
            })
            .map(|(keyword, value)| (keyword.clone(), opened(value)))
            .collect(),
        Value::Array(parts) => parts.iter().map(opened).collect(),
        other => other.clone(),
    }
}
