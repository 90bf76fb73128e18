//! The errors of the protocol: their codes, and the data that some of them carry.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ProtocolVersion;
use crate::contract::finding::{Fault, Finding};
use crate::contract::scalar::Form;
use crate::contract::text::plain_member;
use crate::contract::{Int, List, MAX_INTEGER, decode};

/// An error code of JSON-RPC.
pub type RpcCode = Int<{ -MAX_INTEGER }, MAX_INTEGER>;

/// From either side: not JSON.
pub const PARSE_ERROR: RpcCode = RpcCode::literal(-32_700);
/// From either side: not a request; batches too.
pub const INVALID_REQUEST: RpcCode = RpcCode::literal(-32_600);
/// From either side: no such method.
pub const METHOD_NOT_FOUND: RpcCode = RpcCode::literal(-32_601);
/// From either side: the document breaks the contract; data [`InvalidParams`].
pub const INVALID_PARAMS: RpcCode = RpcCode::literal(-32_602);
/// From the kit: the event is refused, do not send it again; data [`EventRefused`].
pub const EVENT_REFUSED: RpcCode = RpcCode::literal(-32_001);
/// From the kit: AIOS is unavailable, send the event again; data [`AiosUnavailable`].
pub const AIOS_UNAVAILABLE: RpcCode = RpcCode::literal(-32_002);
/// From the adapter: already started.
pub const ALREADY_STARTED: RpcCode = RpcCode::literal(-32_003);
/// From the adapter: not started, or the handshake is missing.
pub const NOT_STARTED: RpcCode = RpcCode::literal(-32_004);
/// From the adapter: the protocol version is not spoken; data [`SupportedVersions`].
pub const VERSION_NOT_SPOKEN: RpcCode = RpcCode::literal(-32_005);

open_string! {
    /// RFC 6901 pointer to a member, or to the object it is missing from; empty for the document itself.
    pub struct Pointer,
    Form {
        min: 0,
        max: 4096,
        pattern: Some("^(/[^\\u0000-\\u001F\\u007F]*)?$"),
        matches: |text| {
            text.is_empty() || text.starts_with('/') && !text.bytes().any(|byte| byte < 0x20 || byte == 0x7f)
        },
        expected: "a JSON pointer",
    }
}

open_string! {
    /// A text for people, at most 4096 code points; holds no body and no secret.
    pub struct Explanation,
    Form { min: 0, max: 4096, pattern: None, matches: |_| true, expected: "a string of at most 4096 characters" }
}

open_string! {
    /// The id of a rule, such as `WX-CONF-002`.
    pub struct RuleId,
    Form {
        min: 8,
        max: 32,
        pattern: Some("^WX-[A-Z]{2,16}-[0-9]{3}$"),
        matches: is_rule_id,
        expected: "a rule id such as `WX-CONF-002`",
    }
}

fn is_rule_id(text: &str) -> bool {
    let Some((family, number)) = text
        .strip_prefix("WX-")
        .and_then(|rest| rest.split_once('-'))
    else {
        return false;
    };
    (2..=16).contains(&family.len())
        && family.bytes().all(|byte| byte.is_ascii_uppercase())
        && number.len() == 3
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Data of -32602.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct InvalidParams {
    /// Where the fault is, within the params.
    #[schemars(extend("x-rule" = "WX-CONF-002"))]
    pub pointer: Pointer,
    /// What the fault is.
    pub message: Explanation,
    /// The rule it breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
}

/// Data of -32001.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct EventRefused {
    /// Where the fault is, within the event.
    pub pointer: Pointer,
    /// What the fault is.
    pub message: Explanation,
}

/// Data of -32002.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct AiosUnavailable {
    /// When to send the event again, in milliseconds.
    #[schemars(extend("x-unit" = "milliseconds"))]
    pub retry_after_ms: Int<0, 60_000>,
}

/// Data of -32005.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct SupportedVersions {
    /// The versions that the adapter speaks.
    #[schemars(extend("x-rule" = "WX-LIFE-004"))]
    pub supported: List<ProtocolVersion, 1, 1000>,
}

/// An error of JSON-RPC. The data of -32602, -32001, -32002 and -32005 has a shape of its own; no
/// other code has any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(extend("allOf" = [
    data_of(INVALID_PARAMS, "InvalidParams"),
    data_of(EVENT_REFUSED, "EventRefused"),
    data_of(AIOS_UNAVAILABLE, "AiosUnavailable"),
    data_of(VERSION_NOT_SPOKEN, "SupportedVersions"),
    {
        "if": { "properties": { "code": { "enum": [-32602, -32001, -32002, -32005] } } },
        "else": { "not": { "required": ["data"] } }
    }
]))]
pub struct RpcError {
    /// What kind of error it is.
    pub code: RpcCode,
    /// For people; holds no body and no secret.
    pub message: Explanation,
    /// What a program can go by.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "plain_member"
    )]
    #[schemars(with = "Option<ErrorData>")]
    pub data: Option<Value>,
}

/// The condition that ties a code to the shape of its data.
fn data_of(code: RpcCode, shape: &str) -> Value {
    json!({
        "if": { "properties": { "code": { "const": code } } },
        "then": { "properties": { "data": { "$ref": format!("#/$defs/{shape}") } }, "required": ["data"] }
    })
}

/// What the data of an error can be; the code decides which.
struct ErrorData;

impl JsonSchema for ErrorData {
    fn schema_name() -> Cow<'static, str> {
        "ErrorData".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What a program can go by; the code decides which shape it has.",
            "anyOf": [
                generator.subschema_for::<InvalidParams>(),
                generator.subschema_for::<EventRefused>(),
                generator.subschema_for::<AiosUnavailable>(),
                generator.subschema_for::<SupportedVersions>(),
            ],
        })
    }
}

closed! {
    InvalidParams, EventRefused, AiosUnavailable, SupportedVersions, RpcError => RpcError::check
}

impl Pointer {
    /// The pointer of a finding; where a name in it cannot stand in a pointer, that of the object around.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        let mut pointer = finding.pointer.as_str();
        loop {
            if let Ok(pointer) = Self::try_from(pointer) {
                return pointer;
            }
            pointer = pointer.rsplit_once('/').map_or("", |(around, _)| around);
        }
    }
}

impl Explanation {
    /// A text cut to what an explanation may hold.
    #[must_use]
    pub fn clip(text: &str) -> Self {
        Self(text.chars().take(4096).collect())
    }
}

impl RpcError {
    /// An error without data.
    #[must_use]
    pub fn new(code: RpcCode, message: &str) -> Self {
        Self {
            code,
            message: Explanation::clip(message),
            data: None,
        }
    }

    fn with_data(code: RpcCode, message: &str, data: &impl Serialize) -> Self {
        // Plain structs of strings and numbers always have a value.
        Self {
            data: serde_json::to_value(data).ok(),
            ..Self::new(code, message)
        }
    }

    /// -32602: the document breaks the contract, here.
    #[must_use]
    pub fn invalid_params(finding: &Finding) -> Self {
        let data = InvalidParams {
            pointer: Pointer::of(finding),
            message: Explanation::clip(&finding.message),
            rule: finding
                .rule
                .as_deref()
                .and_then(|rule| RuleId::try_from(rule).ok()),
        };
        Self::with_data(INVALID_PARAMS, "the document breaks the contract", &data)
    }

    /// -32001: the event is refused, because of this.
    #[must_use]
    pub fn event_refused(pointer: Pointer, message: &str) -> Self {
        let data = EventRefused {
            pointer,
            message: Explanation::clip(message),
        };
        Self::with_data(EVENT_REFUSED, "the event is refused", &data)
    }

    /// -32002: AIOS is unavailable; send the event again after this many milliseconds.
    #[must_use]
    pub fn aios_unavailable(retry_after_ms: Int<0, 60_000>) -> Self {
        let data = AiosUnavailable { retry_after_ms };
        Self::with_data(AIOS_UNAVAILABLE, "AIOS is unavailable", &data)
    }

    /// -32005: the version is not spoken; version 1 is.
    #[must_use]
    pub fn version_not_spoken(supported: List<ProtocolVersion, 1, 1000>) -> Self {
        let data = SupportedVersions { supported };
        Self::with_data(VERSION_NOT_SPOKEN, "protocol version not spoken", &data)
    }

    /// The data of a code that has a shape, read as that shape.
    #[must_use]
    pub fn data_as<T: DeserializeOwned>(&self) -> Option<T> {
        decode(self.data.as_ref()?).ok()
    }

    fn check(&self) -> Result<(), Finding> {
        match (self.code, &self.data) {
            (INVALID_PARAMS, data) => has_shape::<InvalidParams>(data.as_ref()),
            (EVENT_REFUSED, data) => has_shape::<EventRefused>(data.as_ref()),
            (AIOS_UNAVAILABLE, data) => has_shape::<AiosUnavailable>(data.as_ref()),
            (VERSION_NOT_SPOKEN, data) => has_shape::<SupportedVersions>(data.as_ref()),
            (_, None) => Ok(()),
            (_, Some(_)) => {
                let message = "member `data` does not belong to this code";
                Err(Finding::new(Fault::UnknownMember, message).under("data"))
            }
        }
    }
}

fn has_shape<T: DeserializeOwned>(data: Option<&Value>) -> Result<(), Finding> {
    let data = data.ok_or_else(|| Finding::missing("data"))?;
    decode::<T>(data)
        .map(|_| ())
        .map_err(|finding| finding.under("data"))
}
