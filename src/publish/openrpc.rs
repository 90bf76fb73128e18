//! The OpenRPC document of the driver protocol.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::schema::{generator, part};
use crate::contract::driver::{
    AIOS_UNAVAILABLE, ALREADY_STARTED, AdvanceParams, AiosUnavailable, EVENT_REFUSED, EventRefused,
    EventResult, INVALID_PARAMS, InitializeParams, InitializeResult, InvalidParams, Method,
    NOT_STARTED, Nothing, PROTOCOL_VERSION, RpcCode, SupportedVersions, VERSION_NOT_SPOKEN,
};
use crate::contract::{AccessState, Health, InboundEvent, OutboundAction, Receipt, Start};

/// The OpenRPC document of the driver protocol: both directions, the adapter's one method included.
#[must_use]
pub fn openrpc() -> Value {
    let mut generator = generator();
    let types: Vec<(Method, Option<Value>, Value)> = Method::ALL
        .iter()
        .map(|method| {
            let generator = &mut generator;
            let (params, result) = match method {
                Method::Initialize => (
                    Some(part::<InitializeParams>(generator)),
                    part::<InitializeResult>(generator),
                ),
                Method::Start => (Some(part::<Start>(generator)), part::<Nothing>(generator)),
                Method::Act => (
                    Some(part::<OutboundAction>(generator)),
                    part::<Receipt>(generator),
                ),
                Method::Health => (None, part::<Health>(generator)),
                Method::Audit => (None, part::<AccessState>(generator)),
                Method::Advance => (
                    Some(part::<AdvanceParams>(generator)),
                    part::<Nothing>(generator),
                ),
                Method::Stop => (None, part::<Nothing>(generator)),
                Method::Event => (
                    Some(part::<InboundEvent>(generator)),
                    part::<EventResult>(generator),
                ),
            };
            (*method, params, result)
        })
        .collect();
    part::<InvalidParams>(&mut generator);
    part::<EventRefused>(&mut generator);
    part::<AiosUnavailable>(&mut generator);
    part::<SupportedVersions>(&mut generator);
    let schemas = Value::Object(generator.take_definitions(true));
    let methods: Vec<Value> = types
        .iter()
        .map(|(name, params, result)| method(*name, params.as_ref(), result, &schemas))
        .collect();
    let mut document = json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "The driver protocol of WeChat Integration v0",
            "version": PROTOCOL_VERSION.to_string(),
            "description": "JSON-RPC 2.0 between the conformance kit and an adapter under test: one message a line, UTF-8, over the adapter's stdin and stdout. The kit calls every method but `event`, which the adapter calls.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "methods": methods,
        "components": { "schemas": schemas },
    });
    move_references(&mut document);
    document
}

fn method(name: Method, params: Option<&Value>, result: &Value, schemas: &Value) -> Value {
    let mut method = json!({
        "name": name,
        "summary": summary(name),
        "paramStructure": "by-name",
        "params": params.map_or_else(Vec::new, |params| descriptors(params, schemas)),
        "result": { "name": "result", "required": true, "schema": result },
        "errors": errors(name),
    });
    if let Some(params) = params {
        method["x-params-schema"] = params.clone();
    }
    method
}

fn summary(method: Method) -> &'static str {
    match method {
        Method::Initialize => "The handshake: versions and capabilities.",
        Method::Start => {
            "Starts the channel; answered once its first poll is on the wire, at once if the channel is not enabled."
        }
        Method::Act => "Carries out one outbound action; answered with its receipt.",
        Method::Health => "Says how the channel is.",
        Method::Audit => "Says who is admitted.",
        Method::Advance => "Moves the virtual clock; only for adapters that claim `virtual_time`.",
        Method::Stop => "Stops the channel; may be repeated.",
        Method::Event => {
            "Called by the adapter: hands one inbound event to AIOS, whose answer settles it."
        }
    }
}

/// The members of the params, one descriptor each. Where the params are one of several shapes, a
/// member is required if every shape requires it, and may be what any shape lets it be.
fn descriptors(params: &Value, schemas: &Value) -> Vec<Value> {
    let shape = resolve(params, schemas);
    let shapes: Vec<&Value> = match shape["oneOf"].as_array() {
        Some(branches) => branches
            .iter()
            .map(|branch| resolve(branch, schemas))
            .collect(),
        None => vec![shape],
    };
    let mut members: BTreeMap<&String, Vec<Value>> = BTreeMap::new();
    for (name, schema) in shapes
        .iter()
        .filter_map(|shape| shape["properties"].as_object())
        .flatten()
    {
        let choices = members.entry(name).or_default();
        if !choices.contains(schema) {
            choices.push(schema.clone());
        }
    }
    let required = |name: &String| {
        shapes.iter().all(|shape| {
            shape["required"]
                .as_array()
                .is_some_and(|names| names.iter().any(|one| one == name))
        })
    };
    members
        .into_iter()
        .map(|(name, mut choices)| {
            let schema = if choices.len() == 1 {
                choices.remove(0)
            } else {
                json!({ "anyOf": choices })
            };
            json!({ "name": name, "required": required(name), "schema": schema })
        })
        .collect()
}

fn resolve<'a>(schema: &'a Value, schemas: &'a Value) -> &'a Value {
    match schema["$ref"]
        .as_str()
        .and_then(|path| path.strip_prefix("#/$defs/"))
    {
        Some(name) => &schemas[name],
        None => schema,
    }
}

fn errors(method: Method) -> Vec<Value> {
    let error = |code: RpcCode, message: &str, data: Option<&str>| {
        let mut error = json!({ "code": code, "message": message });
        if let Some(data) = data {
            error["x-data-schema"] = json!({ "$ref": format!("#/$defs/{data}") });
        }
        error
    };
    let invalid = error(
        INVALID_PARAMS,
        "the document breaks the contract",
        Some("InvalidParams"),
    );
    let not_started = error(NOT_STARTED, "not started", None);
    match method {
        Method::Initialize => vec![
            error(
                VERSION_NOT_SPOKEN,
                "protocol version not spoken",
                Some("SupportedVersions"),
            ),
            invalid,
        ],
        Method::Start => vec![
            error(ALREADY_STARTED, "already started", None),
            not_started,
            invalid,
        ],
        Method::Act | Method::Advance => vec![not_started, invalid],
        Method::Health | Method::Audit | Method::Stop => vec![not_started],
        Method::Event => vec![
            error(
                EVENT_REFUSED,
                "the event is refused, do not send it again",
                Some("EventRefused"),
            ),
            error(
                AIOS_UNAVAILABLE,
                "AIOS is unavailable, send the event again",
                Some("AiosUnavailable"),
            ),
            invalid,
        ],
    }
}

/// OpenRPC keeps definitions under `components`.
fn move_references(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(path)) = members.get_mut("$ref") {
                *path = path.replace("#/$defs/", "#/components/schemas/");
            }
            members.values_mut().for_each(move_references);
        }
        Value::Array(entries) => entries.iter_mut().for_each(move_references),
        _ => {}
    }
}
