//! The control API, described: an OpenAPI document that follows from the code.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::account::Delivery;
use super::control::Operation;
use super::fault::FaultRule;
use super::journal::Entry;
use super::order::{
    BatchOrder, ClockOrder, Done, ErrorAnswer, FaultsAnswer, LoggedMessage, LoginOrder,
    MessageOrder, MessageReceipt, RedeliverOrder, StateAnswer, TokenAnswer, UserOrder,
};

/// The document, OpenAPI 3.1.
#[must_use]
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for operation in Operation::ALL {
        let (method, path, summary) = operation.route();
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[method.to_ascii_lowercase()] = describe(operation, summary, &mut generator);
    }
    let mut schemas = generator.take_definitions(true);
    schemas.sort_keys();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Simulated WeChat: control API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Drives the WeChat that `aios-wechat simulate` runs on loopback. \
                Requests with a foreign Host or Origin are refused.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/control"}],
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

/// The document as it is published and served: two spaces, a newline at the end.
pub(super) fn text() -> String {
    format!("{:#}\n", document())
}

fn describe(operation: Operation, summary: &str, generator: &mut SchemaGenerator) -> Value {
    let mut content = json!({"application/json": {"schema": answer(operation, generator)}});
    if operation == Operation::Media {
        content = json!({"application/octet-stream": {}, "image/*": {}});
    }
    let error = generator.subschema_for::<ErrorAnswer>();
    let mut described = json!({
        "operationId": operation_id(operation),
        "summary": summary,
        "responses": {
            "200": {"description": "Done", "content": content},
            "default": {
                "description": "Not done, and why",
                "content": {"application/json": {"schema": error}},
            },
        },
    });
    if let Some(order) = order(operation, generator) {
        described["requestBody"] =
            json!({"required": true, "content": {"application/json": {"schema": order}}});
    }
    let parameters = parameters(operation);
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    described
}

fn operation_id(operation: Operation) -> String {
    let mut name = format!("{operation:?}");
    name[..1].make_ascii_lowercase();
    name
}

fn order(operation: Operation, generator: &mut SchemaGenerator) -> Option<Schema> {
    Some(match operation {
        Operation::Write => of::<MessageOrder>(generator),
        Operation::WriteBatch => of::<BatchOrder>(generator),
        Operation::Redeliver => of::<RedeliverOrder>(generator),
        Operation::SetFault => of::<FaultRule>(generator),
        Operation::ExpireContext => of::<UserOrder>(generator),
        Operation::ScriptLogin => of::<LoginOrder>(generator),
        Operation::SetClock => of::<ClockOrder>(generator),
        _ => return None,
    })
}

fn answer(operation: Operation, generator: &mut SchemaGenerator) -> Schema {
    match operation {
        Operation::Write | Operation::Redeliver => of::<MessageReceipt>(generator),
        Operation::WriteBatch => of::<Vec<MessageReceipt>>(generator),
        Operation::Messages => of::<Vec<LoggedMessage>>(generator),
        Operation::Deliveries => of::<Vec<Delivery>>(generator),
        Operation::SetFault | Operation::Faults | Operation::ClearFaults => {
            of::<FaultsAnswer>(generator)
        }
        Operation::RenewSession => of::<TokenAnswer>(generator),
        Operation::Journal => of::<Vec<Entry>>(generator),
        Operation::State => of::<StateAnswer>(generator),
        Operation::OpenApi => of::<Map<String, Value>>(generator),
        _ => of::<Done>(generator),
    }
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

fn parameters(operation: Operation) -> Vec<Value> {
    let query = |name: &str, required: bool, schema: Value, description: &str| {
        json!({
            "name": name, "in": "query", "required": required, "schema": schema,
            "description": description,
        })
    };
    let number = || json!({"type": "integer", "minimum": 0, "default": 0});
    let text = || json!({"type": "string"});
    match operation {
        Operation::Journal => vec![
            query(
                "after",
                false,
                number(),
                "Only entries with a greater number",
            ),
            query(
                "wait_ms",
                false,
                number(),
                "How long to wait for one, at most 30000",
            ),
        ],
        Operation::Media => vec![
            query(
                "encrypted_query_param",
                true,
                text(),
                "The download parameter",
            ),
            query(
                "aes_key",
                true,
                text(),
                "The key, in any spelling of `media.aes_key`",
            ),
        ],
        _ => Vec::new(),
    }
}
