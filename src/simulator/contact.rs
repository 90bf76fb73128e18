//! People who write to the bot: what they send, as it goes over the wire.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Number, Value, json};

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

/// A field of a message.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Member<'a> {
    Text(Cow<'a, str>),
    Number(Number),
    Items(Vec<Completed<'a>>),
    /// What the draft wants there.
    Wish(&'a Value),
}

impl Member<'_> {
    /// Its value, unless it is the list of completed items.
    pub(super) fn value(&self) -> Option<Value> {
        Some(match self {
            Self::Text(text) => text.as_ref().into(),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Wish(value) => (*value).clone(),
            Self::Items(_) => return None,
        })
    }
}

/// An item as it goes out: with what every item has if it is an object, else as it is.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Completed<'a> {
    Object(BTreeMap<Cow<'a, str>, Cow<'a, Value>>),
    Other(Cow<'a, Value>),
}

impl Draft {
    /// The message as an object: all that every known client expects, then the draft's own wishes.
    pub(super) fn compose<'a>(
        &'a self,
        items: Vec<Cow<'a, Value>>,
        mark: &'a Postmark<'_>,
    ) -> BTreeMap<&'a str, Member<'a>> {
        let text = |text: &'a str| Member::Text(Cow::Borrowed(text));
        let number = Member::Number;
        let session = format!("{}#{}", self.from, mark.bot_id);
        let items = items.into_iter().enumerate();
        let items = items.map(|(index, item)| complete(item, index, mark));
        let mut message = BTreeMap::from([
            ("seq", number(mark.seq.into())),
            ("message_id", number(mark.message_id.into())),
            ("from_user_id", text(&self.from)),
            ("to_user_id", text(mark.bot_id)),
            ("client_id", text(&mark.client_id)),
            ("create_time_ms", number(mark.now.into())),
            ("update_time_ms", number(mark.now.into())),
            ("delete_time_ms", number(0.into())),
            ("session_id", Member::Text(session.into())),
            ("group_id", text(&self.group_id)),
            ("message_type", number(MESSAGE_USER.into())),
            ("message_state", number(STATE_FINISH.into())),
            ("context_token", text(mark.context_token)),
            ("item_list", Member::Items(items.collect())),
        ]);
        for (field, value) in &self.overrides {
            message.insert(field, Member::Wish(value));
        }
        for field in &self.omit {
            message.remove(field.as_str());
        }
        message
    }
}

fn complete<'a>(item: Cow<'a, Value>, index: usize, mark: &Postmark<'_>) -> Completed<'a> {
    let mut fields: BTreeMap<Cow<'a, str>, Cow<'a, Value>> = match item {
        Cow::Borrowed(Value::Object(fields)) => {
            let borrowed =
                |(name, value)| (Cow::Borrowed(String::as_str(name)), Cow::Borrowed(value));
            fields.iter().map(borrowed).collect()
        }
        Cow::Owned(Value::Object(fields)) => {
            let owned = |(name, value)| (Cow::Owned(name), Cow::Owned(value));
            fields.into_iter().map(owned).collect()
        }
        other => return Completed::Other(other),
    };
    let mut default = |field: &'static str, value: Value| {
        fields
            .entry(Cow::Borrowed(field))
            .or_insert(Cow::Owned(value));
    };
    default("create_time_ms", mark.now.into());
    default("update_time_ms", mark.now.into());
    default("is_completed", true.into());
    default("msg_id", format!("v1:{}{index:02}", mark.message_id).into());
    Completed::Object(fields)
}
