//! Calls: what may become of a request of the kit instead of a result.

use std::time::Duration;

use thiserror::Error;

use crate::contract::driver::RpcError;

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CallError {
    /// No answer within the limit, which covers writing the request too.
    #[error("`{method}` was not answered within {} ms", limit.as_millis())]
    Timeout {
        /// The method that was called.
        method: String,
        /// How long the kit waited.
        limit: Duration,
    },
    /// Nothing can arrive any more.
    #[error("`{method}` cannot be answered: {reason}")]
    Closed {
        /// The method that was called.
        method: String,
        /// What ended the conversation.
        reason: String,
        /// The last that the adapter wrote to stderr.
        stderr: String,
    },
    /// The adapter answered with an error.
    #[error("`{method}` was answered with error {}: {}", error.code, error.message)]
    Remote {
        /// The method that was called.
        method: String,
        /// The error.
        error: RpcError,
    },
    /// The adapter's answer carried the right id and was no answer.
    #[error("the answer to `{method}` is malformed: {detail}")]
    Malformed {
        /// The method that was called.
        method: String,
        /// What is wrong with it.
        detail: String,
    },
}
