//! The published JSON Schemas: what the types say, made fit to be read alone.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::contract::driver::Line;
use crate::contract::{
    AccessState, AuditRecord, Capabilities, Health, InboundEvent, Integration, Kind,
    OutboundAction, Receipt, Secrets, Start,
};
use crate::report::{Baseline, Report};

/// The schema of a kind, draft 2020-12.
#[must_use]
pub fn schema(kind: Kind) -> Value {
    let generator = generator();
    let schema = match kind {
        Kind::Config => generator.into_root_schema_for::<Integration>(),
        Kind::InboundEvent => generator.into_root_schema_for::<InboundEvent>(),
        Kind::OutboundAction => generator.into_root_schema_for::<OutboundAction>(),
        Kind::Receipt => generator.into_root_schema_for::<Receipt>(),
        Kind::Capabilities => generator.into_root_schema_for::<Capabilities>(),
        Kind::Health => generator.into_root_schema_for::<Health>(),
        Kind::AccessState => generator.into_root_schema_for::<AccessState>(),
        Kind::AuditRecord => generator.into_root_schema_for::<AuditRecord>(),
        Kind::Secrets => generator.into_root_schema_for::<Secrets>(),
        Kind::Start => generator.into_root_schema_for::<Start>(),
        Kind::Driver => generator.into_root_schema_for::<Line>(),
        Kind::Report => generator.into_root_schema_for::<Report>(),
        Kind::Baseline => generator.into_root_schema_for::<Baseline>(),
    };
    let mut schema = schema.to_value();
    super::names::settle(&mut schema);
    schema["$id"] = kind.urn().into();
    if let Some(rule) = rule(kind) {
        schema["x-rule"] = rule.into();
    }
    let source = source(kind);
    schema["x-source"] = source.into();
    if let Value::String(description) = &mut schema["description"] {
        *description = format!("{description} Source: {source}.");
    }
    let examples = examples(kind);
    if !examples.is_empty() {
        schema["examples"] = examples.into();
    }
    schema
}

/// A generator that asks what a reader accepts and knows our conventions.
pub(super) fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .for_deserialize()
        .with_transform(NoNull)
        .with_transform(Bounds)
        .with_transform(Prose)
        .into_generator()
}

/// The schema of one type within a larger document whose definitions the generator collects.
pub(super) fn part<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// Absent means absent: an optional member is left out, never `null`.
#[derive(Clone)]
struct NoNull;

impl Transform for NoNull {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(members) = schema.as_object_mut() else {
            return;
        };
        if let Some(Value::Array(types)) = members.get_mut("type") {
            types.retain(|word| word != "null");
            if let [only] = types.as_slice() {
                members["type"] = only.clone();
            }
        }
        if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
            let before = choices.len();
            choices.retain(|choice| *choice != json!({ "type": "null" }));
            if let ([Value::Object(only)], true) = (choices.as_slice(), choices.len() < before) {
                let only = only.clone();
                members.remove("anyOf");
                for (key, value) in only {
                    members.entry(key).or_insert(value);
                }
            }
        }
        if members.get("default") == Some(&Value::Null) {
            members.remove("default");
        }
    }
}

/// Integers say both bounds; `format` is no assertion, so it does not stand for one.
#[derive(Clone)]
struct Bounds;

impl Transform for Bounds {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(members) = schema.as_object_mut() else {
            return;
        };
        let bounds = match members.get("format").and_then(Value::as_str) {
            Some("uint8") => (json!(0), json!(u8::MAX)),
            Some("uint16") => (json!(0), json!(u16::MAX)),
            Some("uint32") => (json!(0), json!(u32::MAX)),
            Some("uint64" | "uint") => (json!(0), json!(u64::MAX)),
            Some("int32") => (json!(i32::MIN), json!(i32::MAX)),
            Some("int64" | "int") => (json!(i64::MIN), json!(i64::MAX)),
            Some("double" | "float") => {
                members.remove("format");
                return;
            }
            _ => return,
        };
        members.remove("format");
        members.entry("minimum").or_insert(bounds.0);
        members.entry("maximum").or_insert(bounds.1);
    }
}

/// Descriptions as paragraphs, with the unit, the default, the rule and the source at their end.
#[derive(Clone)]
struct Prose;

impl Transform for Prose {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(members) = schema.as_object_mut() else {
            return;
        };
        let Some(Value::String(text)) = members.get("description") else {
            return;
        };
        let mut text = unwrap_lines(text);
        for (keyword, word) in [
            ("x-unit", "Unit"),
            ("x-rule", "Rule"),
            ("x-source", "Source"),
        ] {
            if let Some(said) = note(members, keyword)
                && !text.contains(&said)
            {
                text = format!("{text} {word}: {said}.");
            }
        }
        members.insert("description".to_owned(), text.into());
    }
}

fn note(members: &Map<String, Value>, keyword: &str) -> Option<String> {
    members.get(keyword)?.as_str().map(str::to_owned)
}

/// Joins the lines of a paragraph; list items keep theirs.
fn unwrap_lines(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("- ") || line.is_empty() {
            joined.push('\n');
        } else if !joined.is_empty() && !joined.ends_with('\n') {
            joined.push(' ');
        }
        joined.push_str(line);
    }
    joined.trim().to_owned()
}

/// The rule that a fault breaks where no member names a narrower one.
fn rule(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Config | Kind::Start => Some("WX-CONF-002"),
        Kind::InboundEvent => Some("WX-ENV-012"),
        Kind::OutboundAction => Some("WX-OUT-008"),
        Kind::Receipt => Some("WX-OUT-003"),
        Kind::Capabilities => Some("WX-CAP-001"),
        Kind::Health => Some("WX-HEALTH-003"),
        Kind::AccessState => Some("WX-ACCESS-006"),
        Kind::AuditRecord => Some("WX-ENV-010"),
        Kind::Secrets => Some("WX-CONF-007"),
        Kind::Driver => Some("WX-LIFE-006"),
        Kind::Report | Kind::Baseline => None,
    }
}

/// The page that a document follows.
fn source(kind: Kind) -> &'static str {
    match kind {
        Kind::Config => {
            "WeChat Integration v0, recommended config shape; Channel Integration Page v0"
        }
        Kind::InboundEvent | Kind::OutboundAction => {
            "Channel Contract v0; Channel Adapter Contract v0"
        }
        Kind::Capabilities => "Channel Adapter Contract v0, capability declaration",
        Kind::Health => {
            "WeChat Integration v0, error and recovery; Channel Adapter Contract v0, health model"
        }
        Kind::AccessState => "WeChat Integration v0, security and audit",
        Kind::AuditRecord => "Audit and Metadata Policy v0",
        Kind::Receipt
        | Kind::Secrets
        | Kind::Start
        | Kind::Driver
        | Kind::Report
        | Kind::Baseline => "this specification",
    }
}

/// Documents of a kind that are worth showing; they are fixtures, so they validate.
fn examples(kind: Kind) -> Vec<Value> {
    macro_rules! fixtures {
        ($($path:literal),*) => {
            &[$(include_str!(concat!("../../fixtures/", $path, ".json"))),*]
        };
    }
    let texts: &[&str] = match kind {
        Kind::Config => fixtures!["config/valid/minimal", "config/valid/full"],
        Kind::InboundEvent => fixtures![
            "inbound-event/valid/message",
            "inbound-event/valid/attachment-meta",
            "inbound-event/valid/status-access-denied",
            "inbound-event/valid/status-recovered",
            "inbound-event/valid/error-about-the-channel"
        ],
        Kind::OutboundAction => fixtures![
            "outbound-action/valid/message",
            "outbound-action/valid/status-pairing-approved",
            "outbound-action/valid/error",
            "outbound-action/valid/approval-request"
        ],
        Kind::Receipt => fixtures!["receipt/valid/delivered", "receipt/valid/partial"],
        Kind::Capabilities => fixtures!["capabilities/valid/full"],
        Kind::Health => fixtures!["health/valid/stopped", "health/valid/degraded"],
        Kind::AccessState => fixtures!["access-state/valid/with-pairing"],
        Kind::AuditRecord => fixtures!["audit-record/valid/message"],
        Kind::Secrets => fixtures!["secrets/valid/one-account"],
        Kind::Start => fixtures!["start/valid/full"],
        Kind::Driver => fixtures![
            "driver/valid/initialize-request",
            "driver/valid/initialize-result",
            "driver/valid/event-request",
            "driver/valid/error-invalid-params"
        ],
        Kind::Report => &[],
        Kind::Baseline => fixtures!["baseline/valid/one-entry"],
    };
    // A fixture that does not parse fails the tests; here it is only left out.
    texts
        .iter()
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect()
}
