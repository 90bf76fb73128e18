//! The ear: who is told what happened on a link, in the order it happened.

use std::fmt;

use serde_json::Value;

use crate::contract::driver::RpcError;

use super::excerpt::excerpt;

/// Listens to one link. The link calls it synchronously, in the order of what happens, and records
/// nothing itself.
///
/// What an ear keeps it must bound: the link limits the traffic on stdout, but an adapter may write
/// to stderr for as long as it lives.
pub trait Ear: Send + Sync {
    /// The kit begins to write this frame (without its newline).
    fn sent(&self, line: &str) {
        let _ = line;
    }

    /// A line arrived, told before anybody looks into it. A line over the limit is told cut.
    fn received(&self, line: &[u8]) {
        let _ = line;
    }

    /// The adapter asks for something. Called for every method but those of the kit, which are a
    /// [`Breach::Echo`].
    fn request(&self, id: &Value, method: &str, params: Option<&Value>) -> Reply;

    /// The adapter broke the framing rules. Told of the first
    /// [`VIOLATIONS_LIMIT`](super::VIOLATIONS_LIMIT), and of those that end the adapter.
    fn violated(&self, violation: &Violation);

    /// The adapter wrote this line to stderr (not UTF-8 replaced, long lines cut into pieces).
    fn stderr(&self, line: &str) {
        let _ = line;
    }

    /// Nothing more will arrive from the adapter, for this reason.
    fn closed(&self, reason: &str) {
        let _ = reason;
    }

    /// The adapter is gone.
    fn ended(&self, exit: &Exit) {
        let _ = exit;
    }
}

/// What is said to a request of the adapter.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// This, at once.
    Now(Result<Value, RpcError>),
    /// Nothing yet; [`Running::answer`](super::Running::answer) may follow.
    Later,
}

/// One breach of the framing rules, with the beginning of what broke them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which rule was broken.
    pub breach: Breach,
    /// The beginning of the offending line, escaped and cut. Empty where no line is to blame.
    pub excerpt: String,
    /// What exactly was wrong, where there is more to say than the breach says; else empty.
    pub detail: String,
}

impl Violation {
    pub(crate) fn new(breach: Breach, line: &[u8], detail: impl Into<String>) -> Self {
        Self {
            breach,
            excerpt: excerpt(line),
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.breach)?;
        if !self.detail.is_empty() {
            write!(formatter, " ({})", self.detail)?;
        }
        if !self.excerpt.is_empty() {
            write!(formatter, ": {}", self.excerpt)?;
        }
        write!(formatter, "; expected {}", self.breach.expected())
    }
}

/// The ways to break the framing rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Breach {
    /// A line that is not JSON: most often a log line.
    NotJson,
    /// A line that is not UTF-8.
    NotUtf8,
    /// JSON that is not strict: a repeated key, a lone surrogate, a null, too deep a nesting.
    NotStrict,
    /// A line over 1 MiB. The link hears nothing after it.
    TooLong,
    /// The stream ended in the middle of a line.
    Unterminated,
    /// A JSON-RPC batch.
    Batch,
    /// JSON that is neither a request nor an answer.
    NotAFrame,
    /// An error whose code, message or data breaks the contract.
    BadError,
    /// A frame whose `jsonrpc` is not `"2.0"`.
    WrongJsonRpc,
    /// A request without an id.
    Notification,
    /// A request whose id is still in use for another request.
    ReusedId,
    /// An answer to an id the kit never used.
    UnknownId,
    /// A second answer to the same request.
    AnsweredTwice,
    /// A request with a method that only the kit uses: the adapter echoes what it reads.
    Echo,
    /// More frames or bytes than an honest adapter needs. The link hears nothing after it.
    Flood,
    /// The sandbox folder outgrew its limit. The adapter is ended.
    SandboxFull,
    /// More processes than the limit. The adapter is ended.
    TooManyProcesses,
}

impl Breach {
    /// Every breach.
    pub const ALL: [Self; 17] = [
        Self::NotJson,
        Self::NotUtf8,
        Self::NotStrict,
        Self::TooLong,
        Self::Unterminated,
        Self::Batch,
        Self::NotAFrame,
        Self::BadError,
        Self::WrongJsonRpc,
        Self::Notification,
        Self::ReusedId,
        Self::UnknownId,
        Self::AnsweredTwice,
        Self::Echo,
        Self::Flood,
        Self::SandboxFull,
        Self::TooManyProcesses,
    ];

    /// A stable word for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::NotUtf8 => "not_utf8",
            Self::NotStrict => "not_strict",
            Self::TooLong => "too_long",
            Self::Unterminated => "unterminated",
            Self::Batch => "batch",
            Self::NotAFrame => "not_a_frame",
            Self::BadError => "bad_error",
            Self::WrongJsonRpc => "wrong_jsonrpc",
            Self::Notification => "notification",
            Self::ReusedId => "reused_id",
            Self::UnknownId => "unknown_id",
            Self::AnsweredTwice => "answered_twice",
            Self::Echo => "echo",
            Self::Flood => "flood",
            Self::SandboxFull => "sandbox_full",
            Self::TooManyProcesses => "too_many_processes",
        }
    }

    /// What an adapter that keeps the rules does instead.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::NotJson => "one JSON-RPC message a line on stdout, and logs on stderr",
            Self::NotUtf8 => "lines in UTF-8",
            Self::NotStrict => {
                "JSON without repeated keys, lone surrogates or nulls, at most 32 levels deep"
            }
            Self::TooLong => "lines of at most 1048576 bytes, each ended by a newline",
            Self::Unterminated => "a newline after every message, the last one included",
            Self::Batch => "one message a line, no batches",
            Self::NotAFrame => {
                "a request (`jsonrpc`, `id`, `method`, `params`) or an answer (`jsonrpc`, `id`, and \
                 `result` or `error`)"
            }
            Self::BadError => "`code`, `message`, and `data` exactly where and as the code has it",
            Self::WrongJsonRpc => "`\"jsonrpc\": \"2.0\"` in every message",
            Self::Notification => {
                "an id in every request: the answer to `event` is the acknowledgement"
            }
            Self::ReusedId => "a fresh id for every request",
            Self::UnknownId => "the id of the request that is answered, copied exactly",
            Self::AnsweredTwice => "one answer to each request",
            Self::Echo => "answers to the kit's requests, not the requests themselves",
            Self::Flood => "at most 20000 messages and 64 MiB in the life of one process",
            Self::SandboxFull => {
                "at most 256 MiB and 20000 files in the sandbox folder, 128 MiB a file"
            }
            Self::TooManyProcesses => "at most 64 processes",
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotJson => "a line on stdout is not JSON",
            Self::NotUtf8 => "a line on stdout is not UTF-8",
            Self::NotStrict => "a message is not strict JSON",
            Self::TooLong => "a line on stdout is too long",
            Self::Unterminated => "stdout ended in the middle of a line",
            Self::Batch => "the adapter sent a batch",
            Self::NotAFrame => "a message is neither a request nor an answer",
            Self::BadError => "an error answer breaks the contract",
            Self::WrongJsonRpc => "a message is not marked as JSON-RPC 2.0",
            Self::Notification => "the adapter sent a request without an id",
            Self::ReusedId => "the adapter used the id of a request that is not answered yet",
            Self::UnknownId => "the adapter answered a request that was never made",
            Self::AnsweredTwice => "the adapter answered a request twice",
            Self::Echo => "the adapter sent one of the kit's own requests back",
            Self::Flood => "the adapter sent too much",
            Self::SandboxFull => "the adapter filled its sandbox folder",
            Self::TooManyProcesses => "the adapter started too many processes",
        })
    }
}

/// How an adapter left.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// The process exited with this status.
    Status(i32),
    /// The process was ended by this signal.
    Signal(i32),
    /// The in-process adapter's server returned.
    Returned,
    /// The in-process adapter's server returned with this error.
    Failed(String),
    /// The in-process adapter panicked with this text.
    Panicked(String),
    /// The in-process adapter was dropped by a kill.
    Dropped,
    /// The in-process adapter blocks its thread and could not be ended.
    Stuck,
    /// The operating system did not say.
    Unknown,
}

impl Exit {
    /// Whether the adapter left by itself and without complaint.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        matches!(self, Self::Status(0) | Self::Returned)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(code) => write!(formatter, "exited with status {code}"),
            Self::Signal(signal) => write!(formatter, "was ended by signal {signal}"),
            Self::Returned => formatter.write_str("returned"),
            Self::Failed(error) => write!(formatter, "returned an error: {error}"),
            Self::Panicked(text) => write!(formatter, "panicked: {text}"),
            Self::Dropped => formatter.write_str("was dropped"),
            Self::Stuck => formatter.write_str("blocks its thread and could not be ended"),
            Self::Unknown => formatter.write_str("is gone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_breach_is_missing_from_the_list() {
        let numbers: Vec<usize> = Breach::ALL.iter().map(|breach| *breach as usize).collect();
        let last = Breach::TooManyProcesses as usize;
        assert_eq!(numbers, (0..=last).collect::<Vec<_>>());
    }
}
