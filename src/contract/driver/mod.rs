//! The driver protocol: JSON-RPC 2.0 lines between the kit and an adapter.

mod error;
mod frame;
mod line;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AdapterVersion, Capabilities, Int, MAX_INTEGER, Slug, Timestamp};
pub use error::{
    AIOS_UNAVAILABLE, ALREADY_STARTED, AiosUnavailable, EVENT_REFUSED, EventRefused, Explanation,
    INVALID_PARAMS, INVALID_REQUEST, InvalidParams, METHOD_NOT_FOUND, NOT_STARTED, PARSE_ERROR,
    Pointer, RpcCode, RpcError, RuleId, SupportedVersions, VERSION_NOT_SPOKEN,
};
pub use frame::{Failure, Frame, JsonRpcVersion, Request, RequestId, Success};
pub use line::{
    ActRequest, AdvanceRequest, AuditRequest, EventRequest, HealthRequest, InitializeRequest, Line,
    MethodResult, StartRequest, StopRequest, SuccessAnswer,
};

/// The version of the protocol while v0 of the specification lasts.
pub const PROTOCOL_VERSION: ProtocolVersion = ProtocolVersion::literal(1);

/// A version of the protocol.
pub type ProtocolVersion = Int<0, MAX_INTEGER>;

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

closed! { InitializeParams, KitIdentity, InitializeResult, AdvanceParams, EventResult, Nothing }
