//! Pure: a WeChat message as AIOS may see it.

use super::digest::digest;
use super::id;
use crate::contract::{
    Attachment, AttachmentKind, AttachmentMetaPayload, Attachments, Digest, FileName, Id, Int,
    MediaType, MessageIds, MessagePayload, MessageStatus, Natural, Origin, Quoted, QuotedKind,
    Text,
};
use crate::wire::{
    FileItem, ImageItem, ItemKind, MESSAGE_BOT, MESSAGE_USER, MessageItem, Raw, Reading,
    RefMessage, STATE_GENERATING, VideoItem, VoiceItem, WeixinMessage,
};

/// Attachments of one event at most; a message with more is reported instead of forwarded in part.
const MOST_ATTACHMENTS: usize = 32;

/// What the adapter has to know to read a message.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The account that messages come to.
    pub bot_id: Id,
    /// Whether a transcript stands for the voice message it came with.
    pub voice_to_text: bool,
}

/// What came out of one entry of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// A message of a person.
    Letter(Box<Letter>),
    /// The bot's own message, or a draft that will come again complete: nothing to tell.
    NotALetter,
    /// Without an id or a sender; nobody can be told what it was.
    Unreadable,
}

/// A message of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its ids towards AIOS.
    pub ids: MessageIds,
    /// Follows from the dedup key, so every repeat of the message has the same.
    pub correlation_id: Id,
    /// The conversation it belongs to.
    pub session_id: Id,
    /// Who wrote it.
    pub sender: Id,
    /// When, in milliseconds since 1970, if WeChat says so.
    pub sent_at: Option<i64>,
    /// What an answer must carry.
    pub context_token: Option<String>,
    /// What it says.
    pub content: Content,
}

/// What a message says, if its sender is admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text or a transcript.
    Message(MessagePayload),
    /// Attachments alone.
    AttachmentMeta(AttachmentMetaPayload),
    /// It came through a group, which v0 leaves alone whoever the sender is (WX-ACCESS-009).
    Group(Option<Id>),
    /// Something that is reported and not forwarded.
    Withheld(MessageStatus),
}

impl Reader {
    /// Reads one entry of a batch, whatever it is.
    #[must_use]
    pub fn read(&self, raw: &Raw) -> Arrival {
        let Reading {
            value: message,
            faults,
        } = raw.read::<WeixinMessage>();
        let readable = |field: &str| !faults.iter().any(|fault| fault == field);
        let whole = FIELDS.iter().all(|field| readable(field));
        if message.from_user_id == self.bot_id.as_str()
            || message.message_type == MESSAGE_BOT
            || message.message_state == STATE_GENERATING
        {
            return Arrival::NotALetter;
        }
        let (Ok(sender), Some(ids)) = (Id::try_from(message.from_user_id.as_str()), ids(&message))
        else {
            return Arrival::Unreadable;
        };
        let content = if !whole {
            Content::Withheld(MessageStatus::Malformed)
        } else if !message.group_id.is_empty() {
            Content::Group(Id::try_from(message.group_id.as_str()).ok())
        } else if message.is_recalled() || !matches!(message.message_type, 0 | MESSAGE_USER) {
            Content::Withheld(MessageStatus::Unsupported)
        } else {
            self.content(&sender, &message)
        };
        let conversation = if message.group_id.is_empty() {
            &message.from_user_id
        } else {
            &message.group_id
        };
        Arrival::Letter(Box::new(Letter {
            correlation_id: name("c-", &[ids.dedup_key.as_str()]),
            session_id: name("s-", &[self.bot_id.as_str(), conversation]),
            sent_at: (message.create_time_ms > 0).then_some(message.create_time_ms),
            context_token: Some(message.context_token).filter(|token| !token.is_empty()),
            ids,
            sender,
            content,
        }))
    }

    fn content(&self, sender: &Id, message: &WeixinMessage) -> Content {
        let pieces: Option<Vec<Piece>> = message.items().map(piece).collect();
        let quoted = message.items().find_map(|item| quoted(&item));
        match pieces {
            Some(pieces) => self.assemble(sender.clone(), pieces, quoted),
            None => Content::Withheld(MessageStatus::Malformed),
        }
    }

    /// Texts make a message; without one a transcript in use does; what is left is attached.
    fn assemble(&self, sender: Id, pieces: Vec<Piece>, quoted: Option<Quoted>) -> Content {
        let (mut texts, mut transcripts) = (Vec::new(), Vec::new());
        let (mut attached, mut attached_to_transcript) = (Vec::new(), Vec::new());
        for piece in pieces {
            match piece {
                Piece::Text(text) => texts.push(text),
                Piece::Attachment(attachment) => {
                    attached.push(attachment.clone());
                    attached_to_transcript.push(attachment);
                }
                Piece::Voice(attachment, transcript) => {
                    if transcript.is_empty() {
                        attached_to_transcript.push(attachment.clone());
                    } else {
                        transcripts.push(transcript);
                    }
                    attached.push(attachment);
                }
            }
        }
        if attached.len() > MOST_ATTACHMENTS {
            return Content::Withheld(MessageStatus::Unsupported);
        }
        let message = |sender, origin, text, attachments: Vec<Attachment>| {
            let attachments = Attachments::try_from(attachments).ok(); // absent if there is none
            Content::Message(MessagePayload {
                sender,
                origin,
                text,
                attachments,
                quoted: None,
            })
        };
        let spoken = Text::try_from(transcripts.join("\n"))
            .ok()
            .filter(|_| self.voice_to_text);
        let mut content = if !texts.is_empty() {
            match Text::try_from(texts.join("\n")) {
                Ok(text) => message(sender, Origin::Text, text, attached),
                Err(_) => Content::Withheld(MessageStatus::Malformed),
            }
        } else if let Some(text) = spoken {
            message(sender, Origin::Voice, text, attached_to_transcript)
        } else if let Ok(attachments) = Attachments::try_from(attached) {
            Content::AttachmentMeta(AttachmentMetaPayload {
                sender,
                attachments,
                quoted: None,
            })
        } else {
            Content::Withheld(MessageStatus::Malformed)
        };
        match &mut content {
            Content::Message(payload) => payload.quoted = quoted,
            Content::AttachmentMeta(payload) => payload.quoted = quoted,
            Content::Group(_) | Content::Withheld(_) => {}
        }
        content
    }
}

/// The fields that decide what a message is. If one cannot be read, the message cannot.
const FIELDS: &[&str] = &[
    "",
    "client_id",
    "create_time_ms",
    "delete_time_ms",
    "from_user_id",
    "group_id",
    "item_list",
    "message_id",
    "message_state",
    "message_type",
];

/// WeChat's identity of a message is its `message_id`; what survives a redelivery under another id
/// is sender, `client_id` and time together (WX-DEDUP-005).
fn ids(message: &WeixinMessage) -> Option<MessageIds> {
    let message_id = match message.message_id.get() {
        Some(number) => number.to_string(),
        None if message.client_id.is_empty() => return None,
        None => format!("client:{}", message.client_id),
    };
    let dedup_key = if message.client_id.is_empty() || message.create_time_ms == 0 {
        name("wx-", &[&message_id])
    } else {
        let time = message.create_time_ms.to_string();
        name("wx-", &[&message.from_user_id, &message.client_id, &time])
    };
    Some(MessageIds {
        message_id: Id::try_from(message_id).ok()?,
        dedup_key,
    })
}

/// An id that reveals nothing of its parts.
pub(super) fn name(prefix: &str, parts: &[&str]) -> Id {
    let mut named = vec![prefix];
    named.extend(parts);
    id(format!("{prefix}{}", digest(&named)))
}

enum Piece {
    Text(String),
    Voice(Attachment, String),
    Attachment(Attachment),
}

/// One item; `None` if what it is cannot be read.
fn piece(reading: Reading<MessageItem>) -> Option<Piece> {
    let Reading {
        value: item,
        faults,
    } = reading;
    let kind = item.kind();
    let field = match kind {
        ItemKind::Text => "text_item",
        ItemKind::Image => "image_item",
        ItemKind::Voice => "voice_item",
        ItemKind::File => "file_item",
        ItemKind::Video => "video_item",
        _ => "type",
    };
    if faults
        .iter()
        .any(|fault| fault.is_empty() || fault == "type" || fault == field)
    {
        return None;
    }
    Some(match kind {
        ItemKind::Text => Piece::Text(item.text_item.unwrap_or_default().text),
        ItemKind::Image => Piece::Attachment(image(&item.image_item.unwrap_or_default())),
        ItemKind::Voice => {
            let voice_item = item.voice_item.unwrap_or_default();
            Piece::Voice(voice(&voice_item), voice_item.text)
        }
        ItemKind::File => Piece::Attachment(file(&item.file_item.unwrap_or_default())),
        ItemKind::Video => Piece::Attachment(video(&item.video_item.unwrap_or_default())),
        ItemKind::None
        | ItemKind::ToolCallStart
        | ItemKind::ToolCallResult
        | ItemKind::Unknown(_) => Piece::Attachment(Attachment {
            item_type: Int::try_from(kind.number()).ok(),
            ..attachment(AttachmentKind::Unknown)
        }),
    })
}

fn attachment(kind: AttachmentKind) -> Attachment {
    Attachment {
        kind,
        name: None,
        size_bytes: None,
        media_type: None,
        duration_ms: None,
        digest: None,
        item_type: None,
    }
}

fn image(item: &ImageItem) -> Attachment {
    let size = if item.hd_size > 0 {
        item.hd_size
    } else {
        item.mid_size
    };
    Attachment {
        size_bytes: measure(size),
        ..attachment(AttachmentKind::Image)
    }
}

fn voice(item: &VoiceItem) -> Attachment {
    let media_type = match item.encode_type {
        4 => "audio/speex",
        5 => "audio/amr",
        6 => "audio/silk",
        7 => "audio/mpeg",
        8 => "audio/ogg",
        _ => "",
    };
    Attachment {
        duration_ms: measure(item.playtime),
        media_type: MediaType::try_from(media_type).ok(),
        ..attachment(AttachmentKind::Voice)
    }
}

fn file(item: &FileItem) -> Attachment {
    let name: String = item.file_name.chars().take(255).collect();
    Attachment {
        name: FileName::try_from(name).ok(),
        size_bytes: item
            .len
            .parse()
            .ok()
            .and_then(|size: i64| Natural::try_from(size).ok()),
        digest: md5(&item.md5),
        ..attachment(AttachmentKind::File)
    }
}

fn video(item: &VideoItem) -> Attachment {
    // The wire does not say in which unit `play_length` is: no duration is better than a wrong one.
    Attachment {
        size_bytes: measure(item.video_size),
        digest: md5(&item.video_md5),
        ..attachment(AttachmentKind::Video)
    }
}

/// A number that the wire leaves at 0 where it is not known.
fn measure(number: i64) -> Option<Natural> {
    (number > 0).then(|| Natural::try_from(number).ok())?
}

fn md5(hex: &str) -> Option<Digest> {
    (hex.len() == 32).then(|| Digest::try_from(format!("md5:{}", hex.to_lowercase())).ok())?
}

/// Which message an item quotes: never its text. A quote that cannot be read is still a quote.
fn quoted(reading: &Reading<MessageItem>) -> Option<Quoted> {
    if reading.faults.iter().any(|fault| fault == "ref_msg") {
        return Some(Quoted::default());
    }
    let reference: &RefMessage = reading.value.ref_msg.as_deref()?;
    let item = reference.message_item.as_deref();
    let id = match reference.svr_id.get() {
        Some(number) => Id::try_from(number.to_string()).ok(),
        None => item.and_then(|item| Id::try_from(item.msg_id.as_str()).ok()),
    };
    let kind = item.and_then(|item| match item.kind() {
        ItemKind::None => None,
        ItemKind::Text => Some(QuotedKind::Text),
        ItemKind::Image => Some(QuotedKind::Image),
        ItemKind::Voice => Some(QuotedKind::Voice),
        ItemKind::File => Some(QuotedKind::File),
        ItemKind::Video => Some(QuotedKind::Video),
        ItemKind::ToolCallStart | ItemKind::ToolCallResult | ItemKind::Unknown(_) => {
            Some(QuotedKind::Unknown)
        }
    });
    Some(Quoted {
        message_id: id,
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "wx-owner@im.wechat";

    fn reader() -> Reader {
        Reader {
            bot_id: Id::try_from("bot@im.bot").unwrap(),
            voice_to_text: true,
        }
    }

    fn read(json: &str) -> Arrival {
        reader().read(&Raw::parse(json).unwrap())
    }

    /// A message of the owner with `fields` in place of the usual ones.
    fn letter(fields: &str, items: &str) -> Letter {
        let json = format!(
            r#"{{"message_id":7481209347712834561,"from_user_id":"{OWNER}","message_type":1,
                "message_state":2,{fields}"item_list":[{items}]}}"#
        );
        match read(&json) {
            Arrival::Letter(letter) => *letter,
            other => panic!("not a letter: {other:?}"),
        }
    }

    fn text_of(content: &Content) -> (&str, Origin, usize) {
        match content {
            Content::Message(payload) => {
                let attached = payload.attachments.as_ref().map_or(0, |list| list.len());
                (payload.text.expose(), payload.origin, attached)
            }
            other => panic!("not a message: {other:?}"),
        }
    }

    #[test]
    fn a_text_arrives_exactly_and_under_its_id_digit_for_digit() {
        let letter = letter("", r#"{"type":1,"text_item":{"text":" hi\u0000\n👨‍👩‍👧 "}}"#);
        assert_eq!(letter.ids.message_id, "7481209347712834561");
        assert_eq!(text_of(&letter.content), (" hi\u{0}\n👨‍👩‍👧 ", Origin::Text, 0));
    }

    #[test]
    fn texts_are_joined_by_a_newline_and_the_rest_is_attached() {
        let letter = letter(
            "",
            r#"{"type":1,"text_item":{"text":"a"}},{"type":2,"image_item":{"mid_size":32}},
               {"type":1,"text_item":{"text":"b"}},{"type":3,"voice_item":{"text":"spoken"}}"#,
        );
        assert_eq!(text_of(&letter.content), ("a\nb", Origin::Text, 2));
    }

    #[test]
    fn a_transcript_stands_for_its_voice_message_only_where_that_is_wanted() {
        let voice = r#"{"type":3,"voice_item":{"text":"spoken","playtime":2000,"encode_type":6}}"#;
        let letter = letter("", voice);
        assert_eq!(text_of(&letter.content), ("spoken", Origin::Voice, 0));
        let json = format!(
            r#"{{"message_id":1,"from_user_id":"{OWNER}","message_type":1,"item_list":[{voice}]}}"#
        );
        let deaf = Reader {
            voice_to_text: false,
            ..reader()
        };
        let Arrival::Letter(letter) = deaf.read(&Raw::parse(&json).unwrap()) else {
            panic!()
        };
        let Content::AttachmentMeta(payload) = letter.content else {
            panic!()
        };
        assert_eq!(payload.attachments[0].kind, AttachmentKind::Voice);
        assert_eq!(
            payload.attachments[0].duration_ms.map(Natural::get),
            Some(2000)
        );
    }

    #[test]
    fn a_file_is_its_metadata_and_no_key() {
        let letter = letter(
            "",
            r#"{"type":4,"file_item":{"file_name":"plan.pdf","len":"20480",
                "md5":"9E107D9D372BB6826BD81D3542A419D6","media":{"aes_key":"k"}}}"#,
        );
        let Content::AttachmentMeta(payload) = letter.content else {
            panic!()
        };
        let file = &payload.attachments[0];
        assert_eq!(file.name.as_ref().map(FileName::expose), Some("plan.pdf"));
        assert_eq!(file.size_bytes.map(Natural::get), Some(20480));
        let digest = file.digest.as_ref().map(Digest::as_str);
        assert_eq!(digest, Some("md5:9e107d9d372bb6826bd81d3542a419d6"));
    }

    #[test]
    fn a_kind_of_the_future_is_attached_as_unknown() {
        let letter = letter("", r#"{"type":99,"new_item":{"secret":"x"}}"#);
        let Content::AttachmentMeta(payload) = letter.content else {
            panic!()
        };
        assert_eq!(payload.attachments[0].kind, AttachmentKind::Unknown);
        assert_eq!(payload.attachments[0].item_type.map(Int::get), Some(99));
    }

    #[test]
    fn a_quote_is_an_id_and_a_kind_and_never_its_text() {
        let letter = letter(
            "",
            r#"{"type":1,"text_item":{"text":"yes"},"ref_msg":{"title":"old words",
                "svr_id":"7481209347712834000","message_item":{"type":1,"text_item":{"text":"old words"}}}}"#,
        );
        let Content::Message(payload) = letter.content else {
            panic!()
        };
        let quoted = payload.quoted.unwrap();
        assert_eq!(quoted.message_id.unwrap(), "7481209347712834000");
        assert_eq!(quoted.kind, Some(QuotedKind::Text));
    }

    #[test]
    fn what_cannot_be_read_is_malformed_and_keeps_its_ids() {
        for items in [
            r#"{"type":1,"text_item":{"text":""}}"#,
            r#"{"type":1,"text_item":{"text":"\ud800"}}"#,
            r#"{"type":1,"text_item":"words"}"#,
            r#"{"type":"one"}"#,
            "17",
            "",
        ] {
            let letter = letter("", items);
            assert_eq!(
                letter.content,
                Content::Withheld(MessageStatus::Malformed),
                "{items}"
            );
        }
        let long = format!(
            r#"{{"type":1,"text_item":{{"text":"{}"}}}}"#,
            "x".repeat(65_537)
        );
        assert_eq!(
            letter("", &long).content,
            Content::Withheld(MessageStatus::Malformed)
        );
    }

    #[test]
    fn without_id_or_sender_nobody_can_be_told() {
        for json in ["17", "{}", r#"{"message_id":1}"#, r#"{"from_user_id":"a"}"#] {
            assert_eq!(read(json), Arrival::Unreadable, "{json}");
        }
    }

    #[test]
    fn the_bots_own_words_and_drafts_are_no_letters() {
        for json in [
            r#"{"message_id":1,"from_user_id":"bot@im.bot","message_type":1}"#,
            r#"{"message_id":1,"from_user_id":"a","message_type":2}"#,
            r#"{"message_id":1,"from_user_id":"a","message_type":1,"message_state":1}"#,
        ] {
            assert_eq!(read(json), Arrival::NotALetter, "{json}");
        }
    }

    #[test]
    fn a_recalled_message_is_withheld_and_a_group_is_named() {
        let text = r#"{"type":1,"text_item":{"text":"hi"}}"#;
        let recalled = letter(r#""delete_time_ms":5,"#, text);
        assert_eq!(
            recalled.content,
            Content::Withheld(MessageStatus::Unsupported)
        );
        let group = letter(r#""group_id":"1@chatroom","#, text);
        assert_eq!(
            group.content,
            Content::Group(Id::try_from("1@chatroom").ok())
        );
        assert_ne!(group.session_id, letter("", text).session_id);
    }

    #[test]
    fn a_copy_under_another_id_has_the_same_dedup_key() {
        let copy = |id: u64, client: &str, time: u64| {
            let json = format!(
                r#"{{"message_id":{id},"from_user_id":"a","client_id":"{client}",
                    "create_time_ms":{time},"message_type":1}}"#
            );
            let Arrival::Letter(letter) = read(&json) else {
                panic!()
            };
            letter
        };
        let first = copy(1, "c", 5);
        assert_eq!(copy(2, "c", 5).ids.dedup_key, first.ids.dedup_key);
        assert_eq!(copy(2, "c", 5).correlation_id, first.correlation_id);
        assert_ne!(copy(1, "d", 5).ids.dedup_key, first.ids.dedup_key);
        assert_ne!(copy(1, "c", 6).ids.dedup_key, first.ids.dedup_key);
        assert_eq!(copy(1, "c", 0).ids.dedup_key, copy(1, "", 5).ids.dedup_key);
        assert_ne!(copy(1, "", 5).ids.dedup_key, copy(2, "", 5).ids.dedup_key);
    }
}
