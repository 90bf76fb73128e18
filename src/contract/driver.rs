//! The driver protocol: JSON-RPC 2.0 lines between the kit and an adapter.

use schemars::JsonSchema;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::finding::{Fault, Finding};
use super::strict::Strict;
use super::{AdapterVersion, Capabilities, Id, Int, List, MAX_INTEGER, Slug, Timestamp};

/// The version of the protocol while v0 of the specification lasts.
pub const PROTOCOL_VERSION: ProtocolVersion = ProtocolVersion::literal(1);

/// A version of the protocol.
pub type ProtocolVersion = Int<0, MAX_INTEGER>;

words! {
    /// The version of JSON-RPC.
    pub enum JsonRpcVersion {
        /// 2.0.
        Two = "2.0",
    }
}

words! {
    /// The methods of the protocol.
    pub enum Method {
        /// The handshake.
        Initialize = "initialize",
        /// Start the channel.
        Start = "start",
        /// Carry out one outbound action.
        Act = "act",
        /// Say how the channel is.
        Health = "health",
        /// Say who is admitted.
        Audit = "audit",
        /// Move the virtual clock.
        Advance = "advance",
        /// Stop the channel.
        Stop = "stop",
        /// Take one inbound event; the only method that an adapter calls.
        Event = "event",
    }
}

/// Params of `initialize`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct InitializeParams {
    /// The version that the kit speaks.
    #[schemars(extend("x-rule" = "WX-LIFE-004"))]
    pub protocol_version: ProtocolVersion,
    /// Who asks.
    pub kit: KitIdentity,
}

/// Who drives the adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct KitIdentity {
    /// Name of the kit.
    pub name: Slug,
    /// Version of the kit.
    pub version: AdapterVersion,
}

/// Result of `initialize`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct InitializeResult {
    /// The version asked for; any other is a fault.
    #[schemars(extend("x-rule" = "WX-LIFE-004"))]
    pub protocol_version: ProtocolVersion,
    /// What the adapter declares.
    #[schemars(extend("x-rule" = "WX-CAP-001"))]
    pub capabilities: Capabilities,
}

/// Params of `advance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct AdvanceParams {
    /// What the virtual clock is set to.
    pub now: Timestamp,
}

words! {
    /// What AIOS says to an event.
    pub enum EventStatus {
        /// Taken.
        Accepted = "accepted",
        /// Taken before: the `dedup_key` is known.
        Duplicate = "duplicate",
    }
}

/// Result of `event`: AIOS's acknowledgement, which settles the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct EventResult {
    /// What AIOS says.
    pub status: EventStatus,
}

/// Nothing: the params and the result of methods that have none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Nothing {}

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
    super::scalar::Form {
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
    super::scalar::Form { min: 0, max: 4096, pattern: None, matches: |_| true, expected: "a string of at most 4096 characters" }
}

open_string! {
    /// The id of a rule, such as `WX-CONF-002`.
    pub struct RuleId,
    super::scalar::Form {
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct RpcError {
    /// What kind of error it is.
    pub code: RpcCode,
    /// For people; holds no body and no secret.
    pub message: Explanation,
    /// What a program can go by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

closed! {
    InitializeParams, KitIdentity, InitializeResult, AdvanceParams, EventResult, Nothing,
    InvalidParams, EventRefused, AiosUnavailable, SupportedVersions, RpcError => RpcError::check
}

impl Pointer {
    /// The pointer of a finding; one too long for a pointer becomes the document itself.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        Self::try_from(finding.pointer.as_str()).unwrap_or_else(|_| Self(String::new()))
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
    pub fn data_as<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        super::decode(self.data.as_ref()?).ok()
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

fn has_shape<T: serde::de::DeserializeOwned>(data: Option<&Value>) -> Result<(), Finding> {
    let data = data.ok_or_else(|| Finding::missing("data"))?;
    super::decode::<T>(data)
        .map(|_| ())
        .map_err(|finding| finding.under("data"))
}

/// The id of a request: the kit's are strings, an adapter's are its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestId {
    /// A string.
    Text(Id),
    /// An integer.
    Number(RpcCode),
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Number(number) => number.serialize(serializer),
        }
    }
}

impl std::fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Text(text) => text.fmt(formatter),
            Self::Number(number) => number.fmt(formatter),
        }
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let id = match value {
            Value::String(_) => super::decode(&value).map(Self::Text),
            Value::Number(_) => super::decode(&value).map(Self::Number),
            _ => Err(Finding::new(
                Fault::WrongType,
                "expected a string or an integer",
            )),
        };
        id.map_err(D::Error::custom)
    }
}

/// A request in either direction; notifications do not exist.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Request {
    /// Always `2.0`.
    pub jsonrpc: JsonRpcVersion,
    /// What the answer repeats.
    pub id: RequestId,
    /// What is asked for; any word, so that an unknown one can be answered.
    pub method: String,
    /// With what; absent for methods without params.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
}

/// An answer that succeeded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Success {
    /// Always `2.0`.
    pub jsonrpc: JsonRpcVersion,
    /// That of the request.
    pub id: RequestId,
    /// The result.
    pub result: Value,
}

/// An answer that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Failure {
    /// Always `2.0`.
    pub jsonrpc: JsonRpcVersion,
    /// That of the request; absent where the request could not be read (there is no `null`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// What went wrong.
    pub error: RpcError,
}

closed! { Request, Success, Failure }

/// One line of the protocol, before its params or result are read.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// A request.
    Request(Request),
    /// An answer that succeeded.
    Success(Success),
    /// An answer that failed.
    Failure(Failure),
}

impl Frame {
    /// A request.
    ///
    /// # Errors
    /// If the params have no JSON value, which those of the contract always have.
    pub fn request(
        id: RequestId,
        method: Method,
        params: Option<&impl Serialize>,
    ) -> Result<Self, serde_json::Error> {
        let params = params.map(serde_json::to_value).transpose()?;
        let method = method.as_str().to_owned();
        Ok(Self::Request(Request {
            jsonrpc: JsonRpcVersion::Two,
            id,
            method,
            params,
        }))
    }

    /// An answer that succeeded.
    ///
    /// # Errors
    /// If the result has no JSON value, which those of the contract always have.
    pub fn success(id: RequestId, result: &impl Serialize) -> Result<Self, serde_json::Error> {
        let result = serde_json::to_value(result)?;
        Ok(Self::Success(Success {
            jsonrpc: JsonRpcVersion::Two,
            id,
            result,
        }))
    }

    /// An answer that failed.
    #[must_use]
    pub fn failure(id: Option<RequestId>, error: RpcError) -> Self {
        Self::Failure(Failure {
            jsonrpc: JsonRpcVersion::Two,
            id,
            error,
        })
    }
}

impl Serialize for Frame {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Request(frame) => frame.serialize(serializer),
            Self::Success(frame) => frame.serialize(serializer),
            Self::Failure(frame) => frame.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Frame {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(Strict(deserializer))?;
        let frame = match &value {
            Value::Object(members) if members.contains_key("method") => {
                super::decode(&value).map(Self::Request)
            }
            Value::Object(members) if members.contains_key("error") => {
                super::decode(&value).map(Self::Failure)
            }
            Value::Object(members) if members.contains_key("result") => {
                super::decode(&value).map(Self::Success)
            }
            Value::Object(_) => Err(Finding::missing("method")
                .with_hint("a request has `method`, an answer has `result` or `error`")),
            Value::Array(_) => Err(Finding::new(
                Fault::WrongType,
                "expected one request or answer, found an array: batches are refused",
            )),
            _ => Err(Finding::new(Fault::WrongType, "expected an object")),
        };
        frame.map_err(D::Error::custom)
    }
}
