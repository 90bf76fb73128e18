//! People who write to the bot: what they send, as it goes over the wire.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::wire::{MESSAGE_USER, STATE_FINISH};

/// A message to be sent to the bot. What it does not say, the simulator fills in: ids, times,
/// context token, and everything that every known client expects to be there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// The sender's id.
    pub from: String,
    /// The group it is written in; empty for a direct message.
    pub group_id: String,
    /// Its items. Objects are completed with times and an id; anything else goes out as it is.
    pub items: Vec<Value>,
    /// Fields of the message that replace what the simulator would say, of any type.
    pub overrides: Map<String, Value>,
    /// Fields of the message that are left out.
    pub omit: Vec<String>,
    /// Replacements in the finished JSON text, for what no JSON library will write.
    pub spellings: Vec<(String, String)>,
}

impl Draft {
    /// A text.
    #[must_use]
    pub fn text(from: impl Into<String>, text: impl Into<String>) -> Self {
        let text: String = text.into();
        Self::items(from, vec![json!({"type": 1, "text_item": {"text": text}})])
    }

    /// Items in one message.
    #[must_use]
    pub fn items(from: impl Into<String>, items: Vec<Value>) -> Self {
        Self {
            from: from.into(),
            items,
            ..Self::default()
        }
    }

    /// In a group.
    #[must_use]
    pub fn in_group(mut self, group_id: impl Into<String>) -> Self {
        self.group_id = group_id.into();
        self
    }

    /// With this value in this field of the message.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.overrides.insert(field.to_owned(), value.into());
        self
    }

    /// Without this field of the message.
    #[must_use]
    pub fn without(mut self, field: &str) -> Self {
        self.omit.push(field.to_owned());
        self
    }

    /// With `from` spelled `to` in the JSON text.
    #[must_use]
    pub fn spelling(mut self, from: &str, to: &str) -> Self {
        self.spellings.push((from.to_owned(), to.to_owned()));
        self
    }
}

/// What the simulator adds to a draft.
pub(super) struct Postmark<'a> {
    pub(super) seq: u64,
    pub(super) message_id: u64,
    pub(super) now: i64,
    pub(super) bot_id: &'a str,
    pub(super) client_id: String,
    pub(super) context_token: &'a str,
}

impl Draft {
    /// The message as an object: all that every known client expects, then the draft's own wishes.
    pub(super) fn compose(
        &self,
        items: Vec<Value>,
        mark: &Postmark<'_>,
    ) -> BTreeMap<&str, Cow<'_, Value>> {
        let mut message = BTreeMap::new();
        let mut put = |field, value: Value| message.insert(field, Cow::Owned(value));
        put("seq", mark.seq.into());
        put("message_id", mark.message_id.into());
        put("from_user_id", self.from.as_str().into());
        put("to_user_id", mark.bot_id.into());
        put("client_id", mark.client_id.as_str().into());
        put("create_time_ms", mark.now.into());
        put("update_time_ms", mark.now.into());
        put("delete_time_ms", 0.into());
        put(
            "session_id",
            format!("{}#{}", self.from, mark.bot_id).into(),
        );
        put("group_id", self.group_id.as_str().into());
        put("message_type", MESSAGE_USER.into());
        put("message_state", STATE_FINISH.into());
        put("context_token", mark.context_token.into());
        let items = items.into_iter().enumerate();
        put(
            "item_list",
            items
                .map(|(index, item)| complete(item, index, mark))
                .collect(),
        );
        for (field, value) in &self.overrides {
            message.insert(field, Cow::Borrowed(value));
        }
        for field in &self.omit {
            message.remove(field.as_str());
        }
        message
    }
}

fn complete(mut item: Value, index: usize, mark: &Postmark<'_>) -> Value {
    if let Value::Object(fields) = &mut item {
        let mut default = |field: &str, value: Value| {
            fields.entry(field.to_owned()).or_insert(value);
        };
        default("create_time_ms", mark.now.into());
        default("update_time_ms", mark.now.into());
        default("is_completed", true.into());
        default("msg_id", format!("v1:{}{index:02}", mark.message_id).into());
    }
    item
}
