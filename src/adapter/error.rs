//! What an adapter may answer instead of a result.

use thiserror::Error;

use crate::contract::driver::{ALREADY_STARTED, METHOD_NOT_FOUND, NOT_STARTED, RpcCode, RpcError};
use crate::contract::{Fault, Finding};

use super::excerpt::excerpt;

/// A refusal by the adapter. Each variant is one JSON-RPC error of the driver protocol.
///
/// Texts in it are for people; they hold no message body and no secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AdapterError {
    /// The document breaks the contract, or asks for what this adapter cannot enforce: error
    /// -32602.
    #[error("the document is refused at `{pointer}`: {message}")]
    Refused {
        /// RFC 6901 pointer to the faulty member, or to the object it is missing from.
        pointer: String,
        /// What is wrong with it.
        message: String,
        /// The rule it breaks, such as `WX-CONF-007`, where there is one.
        rule: Option<String>,
    },
    /// The adapter is started already: error -32003.
    #[error("the adapter is already started")]
    AlreadyStarted,
    /// The adapter is not started: error -32004.
    #[error("the adapter is not started")]
    NotStarted,
    /// The adapter does not know this method: error -32601.
    #[error("the adapter does not support this method")]
    Unsupported,
    /// The adapter's own fault: error -32603.
    #[error("the adapter failed: {0}")]
    Internal(String),
}

impl AdapterError {
    /// A refusal that names the faulty member and no rule.
    pub fn refused(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused {
            pointer: pointer.into(),
            message: message.into(),
            rule: None,
        }
    }

    /// A refusal that names the faulty member and the rule it breaks.
    pub fn refused_by(
        rule: impl Into<String>,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::Refused {
            pointer: pointer.into(),
            message: message.into(),
            rule: Some(rule.into()),
        }
    }
}

const INTERNAL: RpcCode = RpcCode::literal(-32_603);

impl From<AdapterError> for RpcError {
    fn from(error: AdapterError) -> Self {
        let code = match &error {
            AdapterError::Refused {
                pointer,
                message,
                rule,
            } => {
                let finding = Finding::new(Fault::OutOfBounds, message.as_str());
                let (pointer, rule) = (pointer.clone(), rule.clone());
                return Self::invalid_params(&Finding {
                    pointer,
                    rule: rule.map(Into::into),
                    ..finding
                });
            }
            AdapterError::AlreadyStarted => ALREADY_STARTED,
            AdapterError::NotStarted => NOT_STARTED,
            AdapterError::Unsupported => METHOD_NOT_FOUND,
            AdapterError::Internal(_) => INTERNAL,
        };
        Self::new(code, &error.to_string())
    }
}

/// -32601, naming the method.
pub(crate) fn method_not_found(method: &str) -> RpcError {
    RpcError::new(
        METHOD_NOT_FOUND,
        &format!("no such method: `{}`", excerpt(method.as_bytes())),
    )
}
