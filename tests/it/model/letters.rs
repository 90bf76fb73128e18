//! Documents of the story: messages as WeChat writes them, actions as AIOS does, the configuration.

use std::path::Path;

use aios_wechat::contract::Timestamp;
use serde_json::{Value, json};

use super::oracle::{BODY, CONTEXT, Fate, TOKEN};
use super::script::{Content, Ids, Kind, Person, Setup};

const BOT: &str = "bot-17@im.bot";
/// Neighbours of it are equal in double precision.
const FIRST_ID: usize = 7_481_209_347_712_834_560;
/// Between the id of a message and that of its copy.
const COPY: usize = 1_000_000;

/// A message, whatever copies of it there are.
pub(super) struct Written {
    number: usize,
    pub(super) from: Person,
    content: Content,
    group: bool,
    pub(super) ids: Ids,
    created_ms: i64,
    /// How often it got another id.
    pub(super) copies: usize,
    quoted: String,
}

impl Written {
    pub(super) fn new(
        number: usize,
        from: Person,
        content: Content,
        group: bool,
        ids: Ids,
        created_ms: i64,
        quoted: Option<&Self>,
    ) -> Self {
        Self {
            number,
            from,
            content,
            group,
            ids,
            created_ms,
            copies: 0,
            quoted: quoted.map_or(FIRST_ID, Self::id).to_string(),
        }
    }

    fn id(&self) -> usize {
        FIRST_ID + self.number + self.copies * COPY
    }

    /// The id that AIOS knows it by.
    pub(super) fn shown_id(&self) -> Option<String> {
        match (self.content, self.ids) {
            (Content::Nameless, _) => None,
            (_, Ids::OnlyClientId) => Some(format!("client:c-{}", self.number)),
            _ => Some(self.id().to_string()),
        }
    }

    pub(super) fn context(&self) -> String {
        format!("{CONTEXT}-{}-{}", self.number, self.copies)
    }

    fn words(&self) -> String {
        let number = self.number;
        match self.content {
            Content::SameWords => format!("{BODY} yes"),
            Content::Command => format!("/new agent=root workspace=other {BODY} {number}"),
            Content::Quote => format!("{BODY} as I said {number}"),
            _ => format!(" {BODY} 你好 👨‍👩‍👧 {number}\n"),
        }
    }

    fn items(&self) -> Value {
        let number = self.number;
        let text = |text: &str| json!({"type": 1, "text_item": {"text": text}});
        let file = json!({"type": 4, "file_item": {
            "file_name": format!("{BODY}-{number}.pdf"), "len": "1234", "media": {"aes_key": "a2V5"}}});
        match self.content {
            Content::TwoTexts => json!([text(&self.words()), text("and more")]),
            Content::WordsAndFile => json!([file, text(&self.words())]),
            Content::Quote => {
                let mut item = text(&self.words());
                item["ref_msg"] = json!({"title": format!("{BODY} title"), "svr_id": self.quoted,
                    "message_item": text(&format!("{BODY} quoted"))});
                json!([item])
            }
            Content::Image => {
                json!([{"type": 2, "image_item": {"mid_size": 32, "aeskey": "00ff"}}])
            }
            Content::File => json!([file]),
            Content::Voice => json!([{"type": 3, "voice_item": {"playtime": 2000}}]),
            Content::VoiceWithTranscript => json!([{"type": 3, "voice_item": {
                "playtime": 2000, "text": self.words()}}]),
            Content::NewKind => json!([{"type": 99, "new_item": {"words": self.words()}}]),
            Content::Empty => json!([text("")]),
            Content::Malformed => json!([{"type": 1, "text_item": self.words()}]),
            Content::Torn => json!([text(&format!("{BODY} TORN"))]),
            _ => json!([text(&self.words())]),
        }
    }

    /// As WeChat gives it now.
    pub(super) fn on_the_wire(&self) -> String {
        let mut message = json!({
            "message_id": self.id(), "client_id": format!("c-{}", self.number),
            "from_user_id": self.from.id(), "to_user_id": BOT, "message_type": 1,
            "message_state": 2, "create_time_ms": self.created_ms, "context_token": self.context(),
            "item_list": self.items(),
        });
        let mut leave_out = |name: &str| drop(message.as_object_mut().unwrap().remove(name));
        match (self.content, self.ids) {
            (Content::Nameless, _) => {
                leave_out("message_id");
                leave_out("client_id");
            }
            (_, Ids::OnlyMessageId) => leave_out("client_id"),
            (_, Ids::OnlyClientId) => leave_out("message_id"),
            (_, Ids::Both) => {}
        }
        if self.group {
            message["group_id"] = "4711@chatroom".into();
        }
        match self.content {
            Content::Recalled => message["delete_time_ms"] = self.created_ms.into(),
            Content::Draft => message["message_state"] = 1.into(),
            Content::Own => {
                message["from_user_id"] = BOT.into();
                message["message_type"] = 2.into();
            }
            _ => {}
        }
        message.to_string().replace("TORN", r"\ud800")
    }

    /// What becomes of it if its sender is admitted.
    pub(super) fn fate(&self, setup: &Setup) -> Fate {
        let message = |text: String, origin: &str, attachments: &[&str], quoted: Value| {
            Fate::Event(
                json!({"event_type": "message", "text": text, "origin": origin,
                               "attachments": attachments, "quoted": quoted}),
            )
        };
        let attached = |kind: &str| {
            Fate::Event(
                json!({"event_type": "attachment_meta", "text": null, "origin": null,
                               "attachments": [kind], "quoted": null}),
            )
        };
        let words = self.words();
        match self.content {
            Content::Words | Content::SameWords | Content::Command => {
                message(words, "text", &[], Value::Null)
            }
            Content::TwoTexts => message(format!("{words}\nand more"), "text", &[], Value::Null),
            Content::WordsAndFile => message(words, "text", &["file"], Value::Null),
            Content::Quote => message(words, "text", &[], self.quoted.clone().into()),
            Content::Image => attached("image"),
            Content::File => attached("file"),
            Content::VoiceWithTranscript if setup.transcripts => {
                message(words, "voice", &[], Value::Null)
            }
            Content::Voice | Content::VoiceWithTranscript => attached("voice"),
            Content::NewKind => attached("unknown"),
            Content::Empty | Content::Malformed | Content::Torn => Fate::Report("malformed"),
            Content::Recalled => Fate::Report("unsupported"),
            Content::Draft | Content::Own | Content::Nameless => Fate::Nothing,
        }
    }
}

/// A text of about so many chunks.
pub(super) fn answer(number: usize, chunk: usize, chunks: usize) -> String {
    let mut text = format!("{BODY} {number}");
    while text.chars().count() + 3 < chunk * chunks {
        text.push_str(if text.len() % 3 == 0 {
            "e\u{301}"
        } else {
            "语"
        });
    }
    text
}

/// An action of AIOS.
pub(super) fn action(
    number: usize,
    kind: Kind,
    to: Person,
    text: &str,
    reply_to: Option<&str>,
) -> Value {
    let event_type = match kind {
        Kind::Message => "message",
        Kind::Error => "error",
        Kind::Approval => "approval_request",
        Kind::Approve | Kind::Deny | Kind::Working => "status",
    };
    let mut action = json!({
        "channel_type": "dialog", "target": "wechat", "workspace_id": "ws-001", "agent_id": "codex",
        "session_id": "s", "stream_id": "aios-1", "seq": number + 1, "event_type": event_type,
        "message_id": format!("act-{number}"), "timestamp": "2026-03-24T12:00:02.000Z",
        "correlation_id": format!("k-{number}"), "payload": {"recipient": to.id()},
    });
    match kind {
        Kind::Message | Kind::Error => {
            action["payload"]["text"] = text.into();
            if let Some(reply_to) = reply_to {
                action["payload"]["reply_to"] = reply_to.into();
            }
        }
        Kind::Approval => action["payload"] = json!({"approval_id": "apr-1", "text": text}),
        Kind::Approve => action["status_code"] = "pairing_approved".into(),
        Kind::Deny => action["status_code"] = "pairing_denied".into(),
        Kind::Working => action["status_code"] = "working".into(),
    }
    if kind == Kind::Error {
        action["error_code"] = "agent_unavailable".into();
    }
    action
}

/// The `auth` and `policy` of a configuration.
pub(super) fn access(setup: &Setup) -> (Value, Value) {
    let allowlist = json!([Person::Friend.id(), Person::Cousin.id()]);
    let mut auth = json!({"allowlist": allowlist, "credential_ref": "secret://wechat/a"});
    if setup.owner {
        auth["owner_user_id"] = Person::Owner.id().into();
    }
    let policy = json!({"owner_only": setup.owner_only, "pairing_required": setup.pairing,
                        "dedup_window_sec": setup.window_sec});
    (auth, policy)
}

/// What the adapter is started with.
pub(super) fn start(setup: &Setup, state_dir: &Path, now: i64) -> Value {
    let (auth, policy) = access(setup);
    json!({
        "integration": {
            "channel_id": "wx-main", "channel_type": "dialog", "target": "wechat", "enabled": true,
            "auth": auth, "policy": policy,
            "config": {"cursor_key": "wx-main", "context_cache": setup.cache,
                       "voice_to_text": setup.transcripts, "message_chunk_limit": setup.chunk},
            "route": {"workspace_id": "ws-001", "agent_id": "codex"},
        },
        "secrets": {"secret://wechat/a": {"token": TOKEN, "bot_id": BOT, "user_id": "u@im.wechat"}},
        "transport": {"base_url": "http://127.0.0.1:1", "cdn_base_url": "http://127.0.0.1:1/c2c"},
        "state_dir": state_dir,
        "clock": {"mode": "virtual", "now": Timestamp::from_unix_ms(now)},
    })
}
