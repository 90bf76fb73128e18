//! WeChat's side of a session: what people send, and the simulator's observations as facts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::cast::Cast;
use super::clock::SceneClock;
use super::log::Log;
use super::{Driven, Stop};
use crate::adapter::excerpt;
use crate::evidence::{Fact, SentMessage, WireCall};
use crate::simulator::{
    Bystander, CONNECTIONS_MAX, Draft, Event, Fault, FaultRule, Injected, MASK, Observation,
    Options, Parcel, Parked, Simulator,
};
use crate::wire::Endpoint;

/// How many connections may be open to the trap, where nobody should come at all.
const TRAPPED_MAX: usize = 8;
/// How many kinds of things that were turned away are told.
const TURNED_AWAY_MAX: usize = 16;

/// WeChat in one scenario.
pub struct Wechat {
    log: Log,
    real: Simulator,
    /// Where a configuration that must be refused is sent, so that a poll on its behalf is seen.
    trap: Option<Simulator>,
    /// Which message each context token came with.
    tokens: Tokens,
    options: Options,
}

type Tokens = Arc<Mutex<BTreeMap<String, String>>>;

impl std::fmt::Debug for Wechat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wechat")
            .field("base_url", &self.real.base_url())
            .finish_non_exhaustive()
    }
}

/// What a person sends, and how WeChat hands it over.
#[derive(Clone, Debug)]
pub enum Item {
    /// A text.
    Text(String),
    /// A picture.
    Picture,
    /// A file with this name.
    File(String),
    /// A voice message, with its transcript if WeChat made one.
    Voice(Option<String>),
    /// A video.
    Video,
    /// A text that quotes an earlier message.
    Quoting {
        /// The new text.
        text: String,
        /// WeChat's summary of the quoted message.
        title: String,
        /// The quoted text.
        quoted: String,
    },
    /// An item as it goes over the wire, well-formed or not.
    Raw(Value),
}

impl Item {
    /// The item as WeChat writes it.
    fn wire(&self, cast: &mut Cast) -> Value {
        let mut media = || {
            json!({
                "encrypt_query_param": cast.tag() + &cast.tag(),
                "aes_key": BASE64.encode(format!("{:032x}", cast.key())),
                "encrypt_type": 1,
            })
        };
        match self {
            Self::Text(text) => json!({"type": 1, "text_item": {"text": text}}),
            Self::Picture => json!({
                "type": 2,
                "image_item": {"media": media(), "mid_size": 20_496, "thumb_width": 120, "thumb_height": 90},
            }),
            Self::Voice(transcript) => {
                let mut voice = json!({
                    "media": media(), "encode_type": 4, "bits_per_sample": 16,
                    "sample_rate": 16_000, "playtime": 3_200,
                });
                if let Some(text) = transcript {
                    voice["text"] = text.as_str().into();
                }
                json!({"type": 3, "voice_item": voice})
            }
            Self::Video => json!({
                "type": 5,
                "video_item": {
                    "media": media(), "video_size": 1_048_592, "play_length": 12_000,
                    "video_md5": "0cc175b9c0f1b6a831c399e269772661",
                },
            }),
            Self::Quoting {
                text,
                title,
                quoted,
            } => json!({
                "type": 1,
                "text_item": {"text": text},
                "ref_msg": {
                    "title": title, "svr_id": cast.below(1 << 62).to_string(),
                    "message_item": {"type": 1, "text_item": {"text": quoted}},
                },
            }),
            Self::Raw(item) => item.clone(),
            Self::File(name) => json!({
                "type": 4,
                "file_item": {
                    "media": media(), "file_name": name,
                    "md5": "9e107d9d372bb6826bd81d3542a419d6", "len": "20480",
                },
            }),
        }
    }
}

/// A message before it is sent.
#[derive(Clone, Debug)]
pub struct Letter {
    from: String,
    item: Item,
    group: Option<String>,
    overrides: Vec<(&'static str, Value)>,
}

impl Letter {
    /// A message of one item.
    #[must_use]
    pub fn new(from: &str, item: Item) -> Self {
        Self {
            from: from.to_owned(),
            item,
            group: None,
            overrides: Vec::new(),
        }
    }

    /// The same in a group.
    #[must_use]
    pub fn in_group(mut self, group: &str) -> Self {
        self.group = Some(group.to_owned());
        self
    }

    /// Written at this time, milliseconds since 1970.
    #[must_use]
    pub fn written_at(self, ms: i64) -> Self {
        self.with("create_time_ms", ms)
    }

    /// Without a time: WeChat writes 0 where it has none.
    #[must_use]
    pub fn undated(self) -> Self {
        self.written_at(0)
    }

    /// With this id.
    #[must_use]
    pub fn numbered(self, message_id: u64) -> Self {
        self.with("message_id", message_id)
    }

    /// As the bot's own message.
    #[must_use]
    pub fn by_the_bot(self) -> Self {
        self.with("message_type", 2)
    }

    /// As a draft that is still being generated.
    #[must_use]
    pub fn unfinished(self) -> Self {
        self.with("message_state", 1)
    }

    /// As recalled at this time.
    #[must_use]
    pub fn recalled_at(self, ms: i64) -> Self {
        self.with("delete_time_ms", ms)
    }

    /// Without any item.
    #[must_use]
    pub fn without_items(self) -> Self {
        self.with_items(Value::Array(Vec::new()))
    }

    /// With something else where the items stand.
    #[must_use]
    pub fn with_items(self, items: impl Into<Value>) -> Self {
        self.with("item_list", items)
    }

    fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.overrides.push((field, value.into()));
        self
    }
}

impl Wechat {
    /// Opens WeChat for one scenario.
    pub(super) async fn open(log: &Log, cast: &mut Cast, clock: SceneClock) -> Driven<Self> {
        let tokens = Tokens::default();
        let options = Options {
            now_ms: clock.now_ms(),
            runs: clock == SceneClock::Real,
            token: cast.token.clone(),
            bot_id: cast.bot.clone(),
            owner_user_id: cast.owner.clone(),
            // A rule about the order of safety must be observable, so a cursor that was passed
            // brings its messages again (interpretation 17).
            honours_old_cursor: true,
            seed: cast.below(u64::MAX),
            connections: CONNECTIONS_MAX,
            ..Options::default()
        };
        let real = start(log, &options, &tokens, false).await?;
        Ok(Self {
            log: log.clone(),
            real,
            trap: None,
            tokens,
            options,
        })
    }

    /// Base URL and CDN base URL.
    #[must_use]
    pub fn transport(&self) -> (String, String) {
        (self.real.base_url(), self.real.cdn_base_url())
    }

    /// The ports of the simulated services that run.
    pub(super) fn ports(&self) -> Vec<u16> {
        let trap = self.trap.iter();
        trap.chain([&self.real]).map(Simulator::port).collect()
    }

    /// Base URL and CDN base URL of the trap.
    pub(super) async fn trap(&mut self) -> Driven<(String, String)> {
        if self.trap.is_none() {
            self.trap = Some(start(&self.log, &self.options, &self.tokens, true).await?);
        }
        let trap = self.trap.as_ref().ok_or_else(|| Stop::kit("no trap"))?;
        Ok((trap.base_url(), trap.cdn_base_url()))
    }

    /// Sends a message.
    pub fn send(&self, cast: &mut Cast, letter: &Letter) -> SentMessage {
        self.send_at_once(cast, std::slice::from_ref(letter), None)
            .remove(0)
    }

    /// Sends several messages that one poll takes together; with `twin`, the message at that
    /// index is given twice.
    pub fn send_at_once(
        &self,
        cast: &mut Cast,
        letters: &[Letter],
        twin: Option<usize>,
    ) -> Vec<SentMessage> {
        let items: Vec<Value> = letters
            .iter()
            .map(|letter| letter.item.wire(cast))
            .collect();
        let drafts = letters.iter().zip(&items).map(|(letter, item)| {
            let mut draft = Draft::items(letter.from.as_str(), vec![item.clone()]);
            if let Some(group) = &letter.group {
                draft = draft.in_group(group.as_str());
            }
            let overrides = letter.overrides.iter();
            overrides.fold(draft, |draft, (field, value)| {
                draft.with(field, value.clone())
            })
        });
        let mut parcels: Vec<Parcel> = drafts.map(Parcel::New).collect();
        parcels.extend(twin.map(|of| Parcel::Twin {
            of,
            as_new_id: false,
        }));
        let injected = self.real.inject_batch(&parcels);
        let sent = letters.iter().zip(items).zip(&injected);
        let messages: Vec<SentMessage> = sent
            .map(|((letter, item), injected)| {
                self.remember(injected);
                SentMessage {
                    message_id: injected.message_id.to_string(),
                    from: letter.from.clone(),
                    text: match &letter.item {
                        Item::Text(text) | Item::Quoting { text, .. } => Some(text.clone()),
                        _ => None,
                    },
                    group_id: letter.group.clone(),
                    client_id: injected.client_id.clone(),
                    create_time_ms: injected.create_time_ms,
                    position: injected.position as u64,
                    items: vec![item],
                }
            })
            .collect();
        for message in &messages {
            self.log.record(Fact::Sent {
                message: message.clone(),
                fence: false,
            });
        }
        if let (Some(of), Some(again)) = (twin, injected.last()) {
            self.note_redelivery(&messages[of], again);
        }
        messages
    }

    /// Sends the kit's own message that shows what was before it has passed.
    pub(super) fn send_fence(&self, contact: &str, text: &str) -> SentMessage {
        let injected = self.real.send_text(contact, text);
        self.remember(&injected);
        let message = SentMessage {
            message_id: injected.message_id.to_string(),
            from: contact.to_owned(),
            text: Some(text.to_owned()),
            group_id: None,
            client_id: injected.client_id.clone(),
            create_time_ms: injected.create_time_ms,
            position: injected.position as u64,
            items: Vec::new(),
        };
        self.log.record(Fact::Sent {
            message: message.clone(),
            fence: true,
        });
        message
    }

    /// Gives a message again, in a batch of its own.
    ///
    /// # Errors
    /// A fault of the kit: WeChat never had it.
    pub fn give_again(&self, message: &SentMessage, as_new_id: bool) -> Driven {
        let id: u64 = message.message_id.parse().map_err(Stop::kit)?;
        let again = self.real.redeliver(id, as_new_id);
        let again = again.ok_or_else(|| Stop::kit("WeChat never had the message to give again"))?;
        self.note_redelivery(message, &again);
        Ok(())
    }

    fn note_redelivery(&self, of: &SentMessage, again: &Injected) {
        self.remember(again);
        let message = SentMessage {
            message_id: again.message_id.to_string(),
            position: again.position as u64,
            ..of.clone()
        };
        self.log.record(Fact::Redelivered {
            message,
            of: of.message_id.clone(),
        });
    }

    fn remember(&self, injected: &Injected) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(
            injected.context_token.clone(),
            injected.message_id.to_string(),
        );
    }

    /// Sets a fault on calls that begin from now on.
    ///
    /// # Errors
    /// A fault of the kit: the rule is out of bounds.
    pub fn set_fault(&self, rule: FaultRule) -> Driven {
        self.real.set_fault(rule).map_err(Stop::kit)
    }

    /// No context that a person gave so far is worth anything any more.
    pub fn expire_context(&self, person: &str) {
        self.real.expire_context(person);
    }

    /// Every context token that was given so far.
    pub(super) fn context_tokens(&self) -> Vec<String> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens
            .keys()
            .filter(|token| !token.is_empty())
            .cloned()
            .collect()
    }

    /// The polls that are held.
    #[must_use]
    pub fn parked(&self) -> Vec<Parked> {
        self.real.parked()
    }

    /// From now on every call of this kind goes wrong, until [`Wechat::works_again`].
    pub(super) fn fails(&self, on: Endpoint, fault: Fault) -> Driven {
        let text = format!(
            "from here WeChat spoils every {}: {}",
            on.name(),
            described(&fault)
        );
        self.log.record(Fact::Note { text });
        self.real
            .set_fault(FaultRule::always(on, fault))
            .map_err(Stop::Kit)
    }

    /// From now on nobody reaches WeChat, and whoever is connected is cut off.
    pub(super) fn shuts(&self) {
        self.log.record(Fact::Note {
            text: "from here nobody reaches WeChat".to_owned(),
        });
        self.real.refuse_connections(true);
    }

    /// Whatever went wrong goes well from now on.
    pub(super) fn works_again(&self) {
        self.log.record(Fact::Note {
            text: "from here WeChat works again".to_owned(),
        });
        self.real.clear_faults();
        self.real.refuse_connections(false);
    }

    /// The login is void from now on.
    pub fn expire_login(&self) {
        self.log.record(Fact::Note {
            text: "the login expires".to_owned(),
        });
        self.real.expire_session();
    }

    /// WeChat forgets every position that it has given.
    pub fn forget_positions(&self) {
        self.log.record(Fact::Note {
            text: "WeChat forgets every position".to_owned(),
        });
        self.real.reset_cursor();
    }

    pub(super) fn release_polls(&self) {
        self.real.release_polls();
    }

    pub(super) fn set_now(&self, now_ms: i64) {
        self.real.set_now(now_ms);
    }

    pub(super) async fn close(self) {
        self.real.stop().await;
        if let Some(trap) = self.trap {
            trap.stop().await;
        }
    }
}

async fn start(log: &Log, options: &Options, tokens: &Tokens, trap: bool) -> Driven<Simulator> {
    let (bystander, tokens) = (bystander(log, options), Arc::clone(tokens));
    let log = log.clone();
    let observer = move |observation: Observation| {
        log.record(fact(observation, trap, &tokens));
    };
    let mut options = Options {
        observer: Some(Arc::new(observer)),
        bystander: Some(bystander),
        ..options.clone()
    };
    if trap {
        options.connections = TRAPPED_MAX;
    }
    Simulator::start(options).await.map_err(|error| {
        Stop::Kit(format!(
            "the simulated WeChat cannot listen on loopback: {error}"
        ))
    })
}

/// Tells the timeline what was turned away, without the token, each kind once.
fn bystander(log: &Log, options: &Options) -> Bystander {
    let (log, token) = (log.clone(), options.token.clone());
    let told = Mutex::new(BTreeSet::new());
    Arc::new(move |what, why| {
        let what = what.split('?').next().unwrap_or_default();
        let what = excerpt(what.replace(&token, MASK).as_bytes());
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < TURNED_AWAY_MAX && told.insert((what.clone(), why)) {
            let why = why.words().to_owned();
            log.record(Fact::TurnedAway { what, why });
        }
    })
}

/// What the simulator saw, in the words of the timeline.
fn fact(observation: Observation, trap: bool, tokens: &Tokens) -> Fact {
    let Observation {
        exchange,
        endpoint,
        event,
        ..
    } = observation;
    let name = endpoint.name().to_owned();
    match event {
        Event::Arrived {
            authorized,
            body,
            position,
            ..
        } => Fact::Called {
            call: WireCall {
                exchange,
                endpoint: name,
                authorized,
                trap,
                position: position.map(|position| position as u64),
                body: (!body.is_null()).then_some(body),
            },
        },
        Event::Parked { position } => Fact::Parked {
            exchange,
            position: position as u64,
        },
        Event::Delivered { delivery } => {
            let tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
            let context_of = delivery
                .context_token
                .and_then(|token| tokens.get(&token).cloned());
            Fact::Delivered {
                to: delivery.to_user_id,
                text: (!delivery.text.is_empty()).then_some(delivery.text),
                client_id: delivery.client_id,
                message_id: delivery.message_id.to_string(),
                context_of,
            }
        }
        Event::Repeated { message_id } => Fact::Note {
            text: format!("a send repeated the client id of the message {message_id}"),
        },
        Event::Answered {
            status,
            body,
            fault,
            ..
        } => Fact::Answered {
            exchange,
            body: (!body.is_null()).then(|| summary(endpoint, body)),
            endpoint: name,
            status,
            fault: fault.map(|fault| described(&fault)),
        },
        Event::Cut { fault } => Fact::Cut {
            exchange,
            endpoint: name,
            why: described(&fault),
        },
        Event::Left => Fact::Cut {
            exchange,
            endpoint: name,
            why: "the adapter went away".to_owned(),
        },
    }
}

/// A fault as it is set through the control interface.
fn described(fault: &Fault) -> String {
    serde_json::to_string(fault).unwrap_or_default()
}

/// An answer without the messages, which have facts of their own.
fn summary(endpoint: Endpoint, mut body: Value) -> Value {
    if endpoint == Endpoint::GetUpdates
        && let Some(messages) = body.get_mut("msgs")
    {
        *messages = messages.as_array().map_or(0, Vec::len).into();
    }
    body
}

/// What happens to the files of an adapter between two processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Every file is cut to half its length.
    Truncated,
    /// Every file is overwritten with other bytes of the same length.
    Overwritten,
    /// Every file is removed.
    Removed,
}

impl Damage {
    /// The word for it in a timeline.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Overwritten => "overwritten",
            Self::Removed => "removed",
        }
    }

    /// Damages every file below a folder; says how many there were.
    pub(super) fn inflict(self, folder: &Path, cast: &mut Cast) -> io::Result<u32> {
        let mut files = 0;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let metadata = fs::symlink_metadata(&path)?;
            if metadata.is_dir() {
                files += self.inflict(&path, cast)?;
            } else if metadata.is_file() {
                files += 1;
                match self {
                    Self::Truncated => {
                        fs::File::options()
                            .write(true)
                            .open(&path)?
                            .set_len(metadata.len() / 2)?;
                    }
                    Self::Overwritten => {
                        let length = usize::try_from(metadata.len()).unwrap_or(0);
                        let noise: Vec<u8> = (0..length)
                            .map(|_| u8::try_from(cast.below(256)).unwrap_or(0))
                            .collect();
                        fs::write(&path, noise)?;
                    }
                    Self::Removed => fs::remove_file(&path)?,
                }
            }
        }
        Ok(files)
    }
}
