//! The kinds of things that are seen or done in a scenario.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::mismatch::Mismatch;

/// Where a fact was seen: one of the three actors, or the kit itself.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Between WeChat and the adapter.
    Wechat,
    /// The adapter's process.
    Adapter,
    /// Between the adapter and AIOS.
    Aios,
    /// The kit's own marks.
    Kit,
}

/// A message that WeChat was made to hold for the adapter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SentMessage {
    /// WeChat's id, decimal text.
    pub message_id: String,
    /// The sender's WeChat id.
    pub from: String,
    /// The text, if the message is one text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// The group it was sent in, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group_id: Option<String>,
    /// The sender's own id of the message.
    pub client_id: String,
    /// When it was written, milliseconds since 1970.
    pub create_time_ms: i64,
    /// How many entries of WeChat's log lie before its end once this message is in it.
    pub position: u64,
    /// Its items, as WeChat gives them to a client.
    pub items: Vec<Value>,
}

/// One HTTP exchange, as WeChat saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireCall {
    /// Number of the exchange within its server, from 1.
    pub exchange: u64,
    /// Which endpoint, such as `getupdates`.
    pub endpoint: String,
    /// Whether the right bot token was shown.
    pub authorized: bool,
    /// It went to an address that was only given with a configuration to be refused.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub trap: bool,
    /// For a poll: how far into WeChat's log its cursor points, if WeChat knows the cursor.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub position: Option<u64>,
    /// The request body, secrets masked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub body: Option<Value>,
}

/// What AIOS says to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Taken over.
    Accepted,
    /// Known already.
    Duplicate,
    /// Not wanted: do not send it again.
    Refused,
    /// Not now: send it again.
    Unavailable,
}

impl Reply {
    /// Whether the event needs no further attention from the adapter.
    #[must_use]
    pub fn settles(self) -> bool {
        self != Self::Unavailable
    }
}

/// One thing seen or done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "fact", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fact {
    /// A step of the scenario began.
    Step {
        /// The sentence, keyword included.
        text: String,
    },
    /// Something the kit notes about how it proceeded.
    Note {
        /// The note.
        text: String,
    },
    /// A message came to WeChat for the bot.
    Sent {
        /// The message.
        message: SentMessage,
        /// It came from the kit's own contact, only to show that what was before it has passed.
        fence: bool,
    },
    /// WeChat put a message it had given before into its log again.
    Redelivered {
        /// The message, as given this time.
        message: SentMessage,
        /// The id under which it was given first.
        of: String,
    },
    /// The adapter called WeChat.
    Called {
        /// The call.
        call: WireCall,
    },
    /// WeChat holds a poll.
    Parked {
        /// The exchange.
        exchange: u64,
        /// How far into the log its cursor points.
        position: u64,
    },
    /// WeChat answered a call.
    Answered {
        /// The exchange.
        exchange: u64,
        /// The endpoint.
        endpoint: String,
        /// The HTTP status.
        status: u16,
        /// The answer, secrets masked, if it is JSON.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        body: Option<Value>,
        /// The fault that shaped it, in words.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        fault: Option<String>,
    },
    /// A call ended without an answer.
    Cut {
        /// The exchange.
        exchange: u64,
        /// The endpoint.
        endpoint: String,
        /// Who cut it, and why.
        why: String,
    },
    /// A person received a message from the bot.
    Delivered {
        /// Whom it reached.
        to: String,
        /// Its text, if it is one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        text: Option<String>,
        /// The idempotency id the adapter chose.
        client_id: String,
        /// WeChat's id of it.
        message_id: String,
        /// The message whose context token it carried, if that is known.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        context_of: Option<String>,
    },
    /// An adapter process was started.
    Launched {
        /// Which process of the scenario, from 1.
        process: u32,
        /// Whether it is a control process with faultless input, to prove life.
        control: bool,
    },
    /// An adapter process ended.
    Ended {
        /// Which process.
        process: u32,
        /// How, in words.
        how: String,
        /// The kit ended it, or asked it to.
        asked: bool,
    },
    /// The kit closed a process, or killed it, and this is how far it had to go.
    Closed {
        /// Which process.
        process: u32,
        /// The step of the ladder: `gone`, `end_of_input`, `asked`, `killed`.
        reached: String,
        /// Processes it left behind, which the kit ended.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        left_behind: Vec<String>,
    },
    /// Between two processes, what the adapter keeps was damaged.
    Damaged {
        /// `truncated`, `overwritten` or `removed`.
        how: String,
        /// How many files there were.
        files: u32,
    },
    /// The adapter wrote to its standard error.
    Stderr {
        /// Which process.
        process: u32,
        /// The line, cut if long.
        line: String,
    },
    /// The adapter broke the driver protocol.
    Violation {
        /// Which process.
        process: u32,
        /// What was expected.
        expected: String,
        /// What came, escaped and cut.
        got: String,
    },
    /// The kit asked the adapter something.
    Asked {
        /// Which process.
        process: u32,
        /// Id of the request.
        id: String,
        /// The method.
        method: String,
        /// Its parameters, the bot token masked.
        params: Value,
    },
    /// The adapter answered.
    Told {
        /// Which process.
        process: u32,
        /// Id of the request.
        id: String,
        /// The method.
        method: String,
        /// The result, if it is one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        result: Option<Value>,
        /// The error, if it is one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<Value>,
    },
    /// The adapter did not answer in time, or at all.
    Silent {
        /// Which process.
        process: u32,
        /// Id of the request.
        id: String,
        /// The method.
        method: String,
        /// Why there is no answer.
        why: String,
    },
    /// The adapter sent AIOS an event.
    Event {
        /// Which process.
        process: u32,
        /// Id of the request, as JSON text.
        id: String,
        /// The document, as it came.
        document: Value,
        /// What is wrong with it, judged by the published contract; empty if nothing.
        findings: Vec<String>,
    },
    /// The adapter asked AIOS for something else than taking an event.
    Overstepped {
        /// Which process.
        process: u32,
        /// The method.
        method: String,
    },
    /// The kit listens at an address that is none of the adapter's business.
    Lured {
        /// The address, with its port.
        address: String,
    },
    /// Somebody connected to that address.
    Strayed,
    /// Something came to the simulated WeChat and was turned away before it was a call. The same is
    /// told once, and sixteen different ones at most.
    TurnedAway {
        /// What it was: of a request its method and path.
        what: String,
        /// Why.
        why: String,
    },
    /// AIOS answered an event.
    Settled {
        /// Which process.
        process: u32,
        /// Id of the request, as JSON text.
        id: String,
        /// The answer.
        reply: Reply,
    },
    /// Everything that was sent before this moment has had its chance to arrive.
    FencePassed {
        /// The fence message's id; absent where a settle time was used instead.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        message_id: Option<String>,
    },
    /// The fence did not pass.
    FenceHeld {
        /// What was still missing.
        missing: String,
    },
    /// The kit searched everything that the adapter left in its folders.
    Hunted {
        /// How many files were read.
        files: u64,
        /// How many bytes they held.
        bytes: u64,
        /// How many markers were looked for.
        markers: u64,
        /// What was found: what it is, where, and how it was wrapped.
        finds: Vec<String>,
        /// What could not be searched whole.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        gaps: Vec<String>,
        /// What of the folders that others use too was not searched, and why.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        left_out: Vec<String>,
    },
    /// The kit measured what the adapter keeps.
    Measured {
        /// The size of all files below the state folder, in bytes.
        bytes: u64,
    },
    /// Time was moved.
    Clock {
        /// The new time, RFC 3339.
        now: String,
    },
    /// The kit's next document has one fault on purpose.
    Flawed {
        /// The fault, in the words of the scenario.
        what: String,
    },
    /// The scenario could not go on: what a step needs of the adapter did not come.
    Stopped {
        /// What was awaited, and what came instead.
        mismatch: Mismatch,
    },
    /// The scenario could not go on by a fault of the kit.
    Faulted {
        /// The fault.
        cause: String,
    },
}

impl Fact {
    /// The lane it belongs to.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match self {
            Self::Sent { .. }
            | Self::Redelivered { .. }
            | Self::Called { .. }
            | Self::Parked { .. }
            | Self::Answered { .. }
            | Self::Cut { .. }
            | Self::Delivered { .. } => Lane::Wechat,
            Self::Launched { .. }
            | Self::Ended { .. }
            | Self::Closed { .. }
            | Self::Damaged { .. }
            | Self::Stderr { .. }
            | Self::Violation { .. }
            | Self::Strayed
            | Self::TurnedAway { .. } => Lane::Adapter,
            Self::Asked { .. }
            | Self::Told { .. }
            | Self::Silent { .. }
            | Self::Event { .. }
            | Self::Overstepped { .. }
            | Self::Settled { .. } => Lane::Aios,
            Self::Step { .. }
            | Self::Note { .. }
            | Self::FencePassed { .. }
            | Self::FenceHeld { .. }
            | Self::Hunted { .. }
            | Self::Measured { .. }
            | Self::Lured { .. }
            | Self::Clock { .. }
            | Self::Flawed { .. }
            | Self::Stopped { .. }
            | Self::Faulted { .. } => Lane::Kit,
        }
    }
}
