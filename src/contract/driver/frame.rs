//! The lines of the protocol: requests and answers of JSON-RPC 2.0.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::{Method, RpcCode, RpcError};
use crate::contract::finding::{Fault, Finding};
use crate::contract::text::{plain, plain_member};
use crate::contract::{Id, decode};

words! {
    /// The version of JSON-RPC.
    pub enum JsonRpcVersion {
        /// 2.0.
        Two = "2.0",
    }
}

/// The id of a request: the kit's are strings, an adapter's are its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestId {
    /// A string.
    Text(Id),
    /// An integer.
    Number(RpcCode),
}

impl JsonSchema for RequestId {
    fn schema_name() -> Cow<'static, str> {
        "RequestId".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The id of a request: the kit's are strings, an adapter's are its own.",
            "anyOf": [generator.subschema_for::<Id>(), generator.subschema_for::<RpcCode>()],
        })
    }
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
        let value = plain(deserializer)?;
        let id = match value {
            Value::String(_) => decode(&value).map(Self::Text),
            Value::Number(_) => decode(&value).map(Self::Number),
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
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "plain_member"
    )]
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
    #[serde(deserialize_with = "plain")]
    pub result: Value,
}

/// An answer that failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
        let value = plain(deserializer)?;
        let frame = match &value {
            Value::Object(members) if members.contains_key("method") => {
                decode(&value).map(Self::Request)
            }
            Value::Object(members) if members.contains_key("error") => {
                decode(&value).map(Self::Failure)
            }
            Value::Object(members) if members.contains_key("result") => {
                decode(&value).map(Self::Success)
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
