//! What can be asked of a running WeChat from outside, and what it answers: the control API's
//! documents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::context::Contact;
use super::fault::FaultRule;
use super::updates::Position;
use crate::wire::{MessageItem, QrStatus, Uint64};

/// Somebody writes to the bot: exactly one of `text`, `item` and `items`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageOrder {
    /// A user id, or `owner`.
    pub from: String,
    /// A text.
    #[serde(default)]
    pub text: Option<String>,
    /// An item of the wire. A medium without `media` gets a file; ids and times are filled in.
    #[serde(default)]
    #[schemars(with = "Option<MessageItem>")]
    pub item: Option<Value>,
    /// Several items in one message.
    #[serde(default)]
    #[schemars(with = "Option<Vec<MessageItem>>")]
    pub items: Option<Vec<Value>>,
    /// The group it is written in.
    #[serde(default)]
    pub group_id: Option<String>,
    /// Fields of the message that replace what WeChat would say, of any type: a recalled message
    /// has `{"delete_time_ms": 1}`, an unfinished one `{"message_state": 1}`.
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// Fields of the message that are left out.
    #[serde(default)]
    pub omit: Vec<String>,
}

/// Messages that one poll can take together.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchOrder {
    /// In their order, at least one.
    #[schemars(length(min = 1))]
    pub messages: Vec<MessageOrder>,
}

/// The message that was written.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MessageReceipt {
    /// Its id, 64 bits.
    pub message_id: u64,
    /// The token that came with it.
    pub context_token: String,
}

/// A message of the update log.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LoggedMessage {
    /// A cursor here or further lies behind it.
    pub position: Position,
    /// Whether it was delivered to the bot.
    pub delivered: bool,
    /// The message, as the wire has it.
    pub message: Value,
}

/// A message is to be delivered once more.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeliverOrder {
    /// Its id, as a number or as its digits.
    pub message_id: Uint64,
    /// Under a new id and context token.
    #[serde(default)]
    pub as_new_id: bool,
}

/// A person.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserOrder {
    /// A user id, or `owner`.
    pub user_id: String,
}

/// WeChat's clock.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockOrder {
    /// Milliseconds since 1970; it runs on from there.
    pub now_ms: i64,
}

/// What becomes of QR codes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginOrder {
    /// One for each status call, over all codes.
    pub statuses: Vec<QrStatus>,
}

/// A bot token.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TokenAnswer {
    /// The token to use.
    pub token: String,
}

/// The faults that are set.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FaultsAnswer {
    /// Oldest first.
    pub faults: Vec<FaultRule>,
}

/// A poll that is held.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ParkedPoll {
    /// Its call.
    pub exchange: u64,
    /// Where its cursor points.
    pub position: Position,
}

/// Everything else there is to know.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StateAnswer {
    /// The API base.
    pub base_url: String,
    /// The bot's id.
    pub bot_id: String,
    /// The person who logged the bot in.
    pub owner_user_id: String,
    /// WeChat's clock, milliseconds since 1970.
    pub now_ms: i64,
    /// Whether the login is void.
    pub session_expired: bool,
    /// The end of the update log.
    pub position: Position,
    /// How far it was delivered.
    pub consumed: Position,
    /// Held polls, oldest first.
    pub parked: Vec<ParkedPoll>,
    /// Who wrote so far.
    pub contacts: Vec<Contact>,
    /// Faults that are set, oldest first.
    pub faults: Vec<FaultRule>,
    /// The digits that a phone would show where a code must be verified.
    pub verify_code: String,
}

/// Why something was not done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ErrorAnswer {
    /// In words; of a closed list, with the list.
    pub error: String,
}

/// Nothing to say.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Done {}
