//! The account: one bot, the people who write to it, and what they read. Takes `now` and decides.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Options;
use super::cdn::Cdn;
use super::contact::{Draft, Member, Postmark};
use super::context::Contexts;
use super::login::Login;
use super::medium;
use super::updates::{PollReply, Position, Updates};
use crate::wire::{
    GetConfigRequest, ItemKind, MessageItem, Raw, Refusal, TEXT_BYTES_MAX, WeixinMessage,
};

/// What is sent to the bot: something new, or something once more.
#[derive(Clone, Debug, PartialEq)]
pub enum Parcel {
    /// A new message.
    New(Draft),
    /// The message before this position once more.
    Again {
        /// As in [`Injected::position`].
        position: Position,
        /// With a new message id and context token; sender, client id and times stay.
        as_new_id: bool,
    },
    /// The message with this index in the same batch once more.
    Twin {
        /// Index in the batch, from 0, of an earlier parcel.
        of: usize,
        /// As above.
        as_new_id: bool,
    },
}

/// A message that was sent to the bot, as the wire has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injected {
    /// 0 if the message has none.
    pub message_id: u64,
    /// Empty if the message has none.
    pub context_token: String,
    /// A cursor here or further lies behind the message.
    pub position: Position,
    /// Empty if the message has none.
    pub client_id: String,
    /// 0 if the message has none.
    pub create_time_ms: i64,
}

/// A message that a person received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Delivery {
    /// The id WeChat gave it.
    pub message_id: u64,
    /// The person.
    pub to_user_id: String,
    /// What they read: the texts, joined by newlines.
    pub text: String,
    /// The items as they were sent.
    pub items: Vec<Value>,
    /// The token it was sent with; `null` if there was none.
    pub context_token: Option<String>,
    /// The client's own id of it.
    pub client_id: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// How often the same `client_id` came again; the person saw none of these.
    pub repeats: u32,
}

/// The same as it is kept: few are ever looked at.
struct Kept {
    message_id: u64,
    to_user_id: String,
    text: String,
    items: Vec<Raw>,
    context_token: String,
    client_id: String,
    at: i64,
    repeats: u32,
}

impl Kept {
    fn delivery(&self) -> Delivery {
        let item = |raw: &Raw| serde_json::from_str(raw.text()).unwrap_or_default();
        Delivery {
            message_id: self.message_id,
            to_user_id: self.to_user_id.clone(),
            text: self.text.clone(),
            items: self.items.iter().map(item).collect(),
            context_token: Some(self.context_token.clone()).filter(|token| !token.is_empty()),
            client_id: self.client_id.clone(),
            at: self.at,
            repeats: self.repeats,
        }
    }
}

/// What a send led to.
#[derive(Debug, PartialEq)]
pub(super) enum Sent {
    /// A person received it, under this message id.
    Delivered(u64),
    /// It was sent before, and received under this message id.
    Repeated(u64),
    /// Progress of a tool; taken, but nobody reads it.
    Progress,
    /// Refused.
    Refused(Refusal),
}

/// Where messages are written before they are kept: what is kept is as long as it has to be.
#[derive(Default)]
struct Scratch(Vec<u8>);

impl Scratch {
    fn text(&mut self, message: &impl Serialize) -> String {
        self.0.clear();
        // Nothing that is written here can fail to be written.
        let _ = serde_json::to_writer(&mut self.0, message);
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

/// One bot account.
pub(super) struct Account {
    rng: fastrand::Rng,
    pub(super) token: String,
    pub(super) bot_id: String,
    pub(super) owner_user_id: String,
    pub(super) base_url: String,
    pub(super) cdn_base_url: String,
    /// Tokens that were good once.
    pub(super) old_tokens: Vec<String>,
    expired: bool,
    pub(super) cdn: Cdn,
    pub(super) login: Login,
    /// The code whose confirmation gave the current token.
    logged_in_by: String,
    updates: Updates,
    /// The ids of the messages of the log.
    ids: Vec<u64>,
    pub(super) contexts: Contexts,
    scratch: Scratch,
    deliveries: Vec<Kept>,
    by_client_id: HashMap<String, usize>,
    next_seq: u64,
    next_message_id: u64,
}

impl Account {
    /// A fresh account. Names that are empty are drawn.
    pub(super) fn new(options: &Options, port: u16) -> Self {
        let mut rng = fastrand::Rng::with_seed(options.seed);
        let drawn = [
            opaque(&mut rng, "", 48),
            format!("{:012x}@im.bot", rng.u64(..1 << 48)),
            format!("o9cq8{}@im.wechat", alphanumeric(&mut rng, 23)),
        ];
        let [token, bot_id, owner_user_id] = drawn;
        let or = |given: &String, drawn| {
            if given.is_empty() {
                drawn
            } else {
                given.clone()
            }
        };
        let base_url = format!("http://127.0.0.1:{port}");
        Self {
            token: or(&options.token, token),
            bot_id: or(&options.bot_id, bot_id),
            owner_user_id: or(&options.owner_user_id, owner_user_id),
            cdn_base_url: format!("{base_url}/c2c"),
            base_url,
            old_tokens: Vec::new(),
            expired: false,
            cdn: Cdn::default(),
            login: Login::new(),
            logged_in_by: String::new(),
            updates: Updates::new(options.honours_old_cursor, rng.u64(..)),
            ids: Vec::new(),
            contexts: Contexts::default(),
            scratch: Scratch::default(),
            deliveries: Vec::new(),
            by_client_id: HashMap::new(),
            next_seq: 1,
            next_message_id: 7_480_000_000_000_000_000 + rng.u64(..1_000_000_000_000_000),
            rng,
        }
    }

    /// Whether a call with this bearer token is let in.
    pub(super) fn admits(&self, token: Option<&str>) -> bool {
        !self.expired && token == Some(self.token.as_str())
    }

    pub(super) const fn is_expired(&self) -> bool {
        self.expired
    }

    /// A secret nobody can guess, for whatever needs one.
    pub(super) fn secret(&mut self, prefix: &str, bytes: usize) -> String {
        opaque(&mut self.rng, prefix, bytes)
    }

    /// An upload or download parameter.
    pub(super) fn parameter(&mut self) -> String {
        medium::parameter(&mut self.rng)
    }

    // --- what people write -------------------------------------------------------------------

    /// Sends parcels to the bot, so that one poll can take them all.
    pub(super) fn inject(&mut self, now: i64, parcels: &[Parcel]) -> Vec<Injected> {
        let mut injected: Vec<Injected> = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            let one = match *parcel {
                Parcel::New(ref draft) => self.compose(now, draft),
                Parcel::Again {
                    position,
                    as_new_id,
                } => self.again(now, position, as_new_id),
                Parcel::Twin { of, as_new_id } => {
                    let position = injected.get(of).map_or(0, |twin| twin.position);
                    self.again(now, position, as_new_id)
                }
            };
            injected.push(one);
        }
        injected
    }

    /// The newest message with this id, as a position.
    pub(super) fn find(&self, message_id: u64) -> Option<Position> {
        self.ids
            .iter()
            .rposition(|id| *id == message_id)
            .map(|index| index + 1)
    }

    fn compose(&mut self, now: i64, draft: &Draft) -> Injected {
        let context_token = self.secret("AARzJWAF", 150);
        let client_id = format!("{:032x}", self.rng.u128(..));
        let bot_id = self.bot_id.clone();
        let furnished =
            |item| medium::furnished(item, &mut self.cdn, &self.cdn_base_url, &mut self.rng);
        let items = draft.items.iter().map(furnished).collect();
        let mark = Postmark {
            seq: self.draw_seq(),
            message_id: self.draw_message_id(),
            now,
            bot_id: &bot_id,
            client_id,
            context_token: &context_token,
        };
        let message = draft.compose(items, &mark);
        let mut json = self.scratch.text(&message);
        for (from, to) in &draft.spellings {
            json = json.replace(from, to);
        }
        let member = |field: &str| message.get(field).and_then(Member::value);
        let injected = self.append(member, json);
        let given = Some(injected.context_token.as_str()).filter(|token| !token.is_empty());
        self.contexts
            .issue(&draft.from, given.unwrap_or(&context_token), now);
        injected
    }

    /// Letter for letter, or what can be read of it under new names.
    fn again(&mut self, now: i64, position: Position, as_new_id: bool) -> Injected {
        let original = self.updates.message(position).unwrap_or("{}").to_owned();
        let read = serde_json::from_str::<Map<String, Value>>(&original);
        let (true, Ok(mut message)) = (as_new_id, read.as_ref().map(Map::clone)) else {
            let read = read.unwrap_or_default();
            return self.append(|field| read.get(field).cloned(), original);
        };
        let context_token = self.secret("AARzJWAF", 150);
        if let Some(Value::String(from)) = message.get("from_user_id") {
            self.contexts.issue(from, &context_token, now);
        }
        message.insert("seq".into(), self.draw_seq().into());
        message.insert("message_id".into(), self.draw_message_id().into());
        message.insert("context_token".into(), context_token.into());
        let json = self.scratch.text(&message);
        self.append(|field| message.get(field).cloned(), json)
    }

    /// Appends a message, of which `member` knows the fields.
    fn append(&mut self, member: impl Fn(&str) -> Option<Value>, json: String) -> Injected {
        let text = |field| match member(field) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        };
        let injected = Injected {
            message_id: member("message_id").as_ref().map_or(0, number),
            context_token: text("context_token"),
            client_id: text("client_id"),
            create_time_ms: member("create_time_ms")
                .and_then(|time| time.as_i64())
                .unwrap_or(0),
            position: self.updates.append(json),
        };
        self.ids.push(injected.message_id);
        injected
    }

    fn draw_seq(&mut self) -> u64 {
        self.next_seq += 1;
        self.next_seq - 1
    }

    fn draw_message_id(&mut self) -> u64 {
        // Far enough apart that neighbours differ even in double precision.
        self.next_message_id += self.rng.u64(1 << 20..1 << 22);
        self.next_message_id
    }

    // --- what the bot asks -------------------------------------------------------------------

    /// The log and its readers.
    pub(super) const fn updates(&mut self) -> &mut Updates {
        &mut self.updates
    }

    /// The bot sends a message. A text is cut to `truncate` bytes if that is given.
    pub(super) fn send(&mut self, now: i64, msg: WeixinMessage, truncate: Option<usize>) -> Sent {
        if !msg.client_id.is_empty()
            && let Some(&index) = self.by_client_id.get(&msg.client_id)
        {
            let earlier = &mut self.deliveries[index];
            earlier.repeats += 1;
            return Sent::Repeated(earlier.message_id);
        }
        let refused = |code, errmsg: &str| {
            Sent::Refused(Refusal {
                code,
                errmsg: errmsg.into(),
            })
        };
        if msg.to_user_id.is_empty() || msg.item_list.is_empty() {
            return refused(Refusal::SYSTEM, "invalid message");
        }
        let read = msg.items().map(|reading| reading.value).collect::<Vec<_>>();
        if read.iter().any(|item| text_of(item).len() > TEXT_BYTES_MAX) {
            return refused(Refusal::SYSTEM, "message too long");
        }
        let progress = |item: &MessageItem| {
            matches!(
                item.kind(),
                ItemKind::ToolCallStart | ItemKind::ToolCallResult
            )
        };
        if read.iter().all(progress) {
            return Sent::Progress;
        }
        if !self
            .contexts
            .spend(&msg.to_user_id, &msg.context_token, now)
        {
            return refused(Refusal::RESTRICTED, "unknown error");
        }
        let texts = read
            .iter()
            .filter(|item| item.kind() == ItemKind::Text)
            .map(text_of);
        let cut = |text| cut(text, truncate.unwrap_or(usize::MAX));
        let text = texts.map(cut).collect::<Vec<_>>().join("\n");
        let message_id = self.draw_message_id();
        if !msg.client_id.is_empty() {
            let index = self.deliveries.len();
            self.by_client_id.insert(msg.client_id.clone(), index);
        }
        self.deliveries.push(Kept {
            message_id,
            to_user_id: msg.to_user_id,
            text,
            items: msg.item_list,
            context_token: msg.context_token,
            client_id: msg.client_id,
            at: now,
            repeats: 0,
        });
        Sent::Delivered(message_id)
    }

    /// What people received, oldest first.
    pub(super) fn deliveries(&self) -> Vec<Delivery> {
        self.deliveries.iter().map(Kept::delivery).collect()
    }

    /// What a person received last.
    pub(super) fn last_delivery(&self) -> Option<Delivery> {
        self.deliveries.last().map(Kept::delivery)
    }

    /// A ticket for the typing sign.
    pub(super) fn typing_ticket(&mut self, _: &GetConfigRequest) -> String {
        let mut random = [0; 48];
        self.rng.fill(&mut random);
        STANDARD.encode(random)
    }

    // --- what happens to the account ---------------------------------------------------------

    /// The login is void from now on; held polls are told.
    pub(super) fn expire(&mut self) -> Vec<(u64, PollReply)> {
        self.expired = true;
        self.updates
            .refuse_parked(Refusal::SESSION_EXPIRED, "session timeout")
    }

    /// The login is good again.
    pub(super) const fn renew(&mut self) {
        self.expired = false;
    }

    /// Somebody confirmed a QR code: there is a new token, and the one before is void; held polls
    /// are told. Hearing of it twice changes nothing.
    pub(super) fn log_in(&mut self, qrcode: &str) -> Vec<(u64, PollReply)> {
        if self.logged_in_by == qrcode {
            return Vec::new();
        }
        let token = self.secret("", 48);
        self.old_tokens
            .push(std::mem::replace(&mut self.token, token));
        qrcode.clone_into(&mut self.logged_in_by);
        let told = self.expire();
        self.renew();
        told
    }

    /// Every cursor is forgotten; held polls are told.
    pub(super) fn reset_cursor(&mut self) -> Vec<(u64, PollReply)> {
        let epoch = self.rng.u64(..);
        self.updates.reset(epoch)
    }
}

fn text_of(item: &MessageItem) -> &str {
    item.text_item
        .as_ref()
        .map_or("", |text| text.text.as_str())
}

fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn number(value: &Value) -> u64 {
    match value {
        Value::Number(number) => number.as_u64().unwrap_or(0),
        Value::String(digits) => digits.parse().unwrap_or(0),
        _ => 0,
    }
}

fn alphanumeric(rng: &mut fastrand::Rng, length: usize) -> String {
    std::iter::repeat_with(|| rng.alphanumeric())
        .take(length)
        .collect()
}

fn opaque(rng: &mut fastrand::Rng, prefix: &str, bytes: usize) -> String {
    let mut random = vec![0; bytes];
    rng.fill(&mut random);
    let mut text = prefix.to_owned();
    URL_SAFE.encode_string(random, &mut text);
    text
}
