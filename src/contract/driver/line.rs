//! The lines of the protocol with their params and results: what the kind `driver` stands for.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::{
    AdvanceParams, EventResult, Failure, Frame, InitializeParams, InitializeResult, JsonRpcVersion,
    Method, Nothing, RequestId,
};
use crate::contract::finding::{Finding, one_of};
use crate::contract::text::plain;
use crate::contract::{
    AccessState, Fault, Health, InboundEvent, OutboundAction, Receipt, Start, decode,
};

/// Declares the requests: a struct each, and the union of them all with the answers.
macro_rules! lines {
    ($( $(#[doc = $about:literal])* $name:ident: $variant:ident, $word_type:ident = $word:literal, $params:ty; )+) => {
        $(
            words! { $(#[doc = $about])* pub enum $word_type { $(#[doc = $about])* $variant = $word } }

            $(#[doc = $about])*
            #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
            #[serde(remote = "Self", deny_unknown_fields)]
            pub struct $name {
                /// Always `2.0`.
                pub jsonrpc: JsonRpcVersion,
                /// What the answer repeats.
                pub id: RequestId,
                /// What is asked for.
                pub method: $word_type,
                /// With what.
                #[serde(skip_serializing_if = "Absent::is_absent")]
                pub params: $params,
            }

            closed! { $name }
        )+

        /// One line of the driver protocol: a request in either direction, or an answer.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Line {
            $( $(#[doc = $about])* $variant(Box<$name>), )+
            /// An answer that succeeded.
            Success(Box<SuccessAnswer>),
            /// An answer that failed.
            Failure(Box<Failure>),
        }

        impl Serialize for Line {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $( Self::$variant(line) => line.serialize(serializer), )+
                    Self::Success(line) => line.serialize(serializer),
                    Self::Failure(line) => line.serialize(serializer),
                }
            }
        }

        impl Line {
            fn of(value: &Value) -> Result<Self, Finding> {
                match decode::<Frame>(value)? {
                    Frame::Request(request) => match Method::try_from(request.method.as_str()) {
                        $( Ok(Method::$variant) => read(value, Self::$variant), )+
                        Err(_) => {
                            let message = format!("expected {}", one_of(Method::WORDS));
                            Err(Finding::new(Fault::UnknownWord, message).under("method"))
                        }
                    },
                    Frame::Success(_) => read(value, Self::Success),
                    Frame::Failure(failure) => Ok(Self::Failure(Box::new(failure))),
                }
            }
        }

        impl JsonSchema for Line {
            fn schema_name() -> Cow<'static, str> {
                "Line".into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "description": "One line of the driver protocol: a request in either direction, or an answer.",
                    "oneOf": [
                        $( generator.subschema_for::<$name>(), )+
                        generator.subschema_for::<SuccessAnswer>(),
                        generator.subschema_for::<Failure>(),
                    ],
                })
            }
        }
    };
}

lines! {
    /// The kit asks for the handshake.
    InitializeRequest: Initialize, InitializeWord = "initialize", InitializeParams;
    /// The kit starts the channel.
    StartRequest: Start, StartWord = "start", Start;
    /// AIOS has one outbound action carried out.
    ActRequest: Act, ActWord = "act", OutboundAction;
    /// The kit asks how the channel is.
    HealthRequest: Health, HealthWord = "health", Option<Nothing>;
    /// The kit asks who is admitted.
    AuditRequest: Audit, AuditWord = "audit", Option<Nothing>;
    /// The kit moves the virtual clock.
    AdvanceRequest: Advance, AdvanceWord = "advance", AdvanceParams;
    /// The kit stops the channel.
    StopRequest: Stop, StopWord = "stop", Option<Nothing>;
    /// The adapter hands over one inbound event.
    EventRequest: Event, EventWord = "event", InboundEvent;
}

/// An answer that succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct SuccessAnswer {
    /// Always `2.0`.
    pub jsonrpc: JsonRpcVersion,
    /// That of the request.
    pub id: RequestId,
    /// The result.
    pub result: MethodResult,
}

closed! { SuccessAnswer }

/// The result of whichever method was called; each has a member that no other has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MethodResult {
    /// Of `initialize`.
    Initialize(InitializeResult),
    /// Of `act`.
    Receipt(Receipt),
    /// Of `health`.
    Health(Health),
    /// Of `audit`.
    AccessState(AccessState),
    /// Of `event`.
    Event(EventResult),
    /// Of `start`, `advance` and `stop`.
    Nothing(Nothing),
}

impl MethodResult {
    fn of(value: &Value) -> Result<Self, Finding> {
        let has = |member: &str| value.get(member).is_some();
        if has("protocol_version") {
            decode(value).map(Self::Initialize)
        } else if has("wechat_message_ids") || has("chunks_sent") {
            decode(value).map(Self::Receipt)
        } else if has("health") {
            decode(value).map(Self::Health)
        } else if has("auth") {
            decode(value).map(Self::AccessState)
        } else if has("status") {
            decode(value).map(Self::Event)
        } else {
            decode(value).map(Self::Nothing)
        }
    }
}

impl Serialize for MethodResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Initialize(result) => result.serialize(serializer),
            Self::Receipt(result) => result.serialize(serializer),
            Self::Health(result) => result.serialize(serializer),
            Self::AccessState(result) => result.serialize(serializer),
            Self::Event(result) => result.serialize(serializer),
            Self::Nothing(result) => result.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for MethodResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(&plain(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for MethodResult {
    fn schema_name() -> Cow<'static, str> {
        "MethodResult".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The result of whichever method was called.",
            "oneOf": [
                generator.subschema_for::<InitializeResult>(),
                generator.subschema_for::<Receipt>(),
                generator.subschema_for::<Health>(),
                generator.subschema_for::<AccessState>(),
                generator.subschema_for::<EventResult>(),
                generator.subschema_for::<Nothing>(),
            ],
        })
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(&plain(deserializer)?).map_err(D::Error::custom)
    }
}

fn read<T: DeserializeOwned>(value: &Value, wrap: fn(Box<T>) -> Line) -> Result<Line, Finding> {
    decode(value).map(|line| wrap(Box::new(line)))
}

/// Whether a member is left out of the JSON.
trait Absent {
    fn is_absent(&self) -> bool {
        false
    }
}

impl Absent for Option<Nothing> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl Absent for InitializeParams {}
impl Absent for Start {}
impl Absent for OutboundAction {}
impl Absent for AdvanceParams {}
impl Absent for InboundEvent {}
