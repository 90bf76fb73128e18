//! A message and its items.

use super::field::{Raw, Reading, Uint64, wire};
use super::media::{FileItem, ImageItem, VideoItem, VoiceItem};

/// `message_type` of what a person wrote.
pub const MESSAGE_USER: i64 = 1;
/// `message_type` of what the bot wrote.
pub const MESSAGE_BOT: i64 = 2;
/// `message_state` of a message just begun.
pub const STATE_NEW: i64 = 0;
/// `message_state` of a draft still being generated.
pub const STATE_GENERATING: i64 = 1;
/// `message_state` of a message that is complete.
pub const STATE_FINISH: i64 = 2;

wire! {
    /// A message, inbound and outbound.
    pub struct WeixinMessage {
        /// Small, increasing; inbound only.
        pub seq: Uint64,
        /// Unique, above 2^53; inbound only (of a sent message it comes in the answer).
        pub message_id: Uint64,
        /// The sender, `…@im.wechat` or `…@im.bot`; `""` outbound.
        pub from_user_id: String,
        /// The recipient.
        pub to_user_id: String,
        /// The sender's own id of the message; a repeat of it is the same message.
        pub client_id: String,
        /// Milliseconds since 1970.
        pub create_time_ms: i64,
        /// Milliseconds since 1970.
        pub update_time_ms: i64,
        /// Milliseconds since 1970; above 0 the message was recalled.
        pub delete_time_ms: i64,
        /// `<user id>#<bot id>`.
        pub session_id: String,
        /// `<digits>@chatroom` in a group, else empty.
        pub group_id: String,
        /// [`MESSAGE_USER`] or [`MESSAGE_BOT`]; 0 unknown.
        pub message_type: i64,
        /// [`STATE_NEW`], [`STATE_GENERATING`] or [`STATE_FINISH`].
        pub message_state: i64,
        /// The items as they came; [`WeixinMessage::items`] reads them.
        pub item_list: Vec<Raw>,
        /// The token an answer must carry.
        pub context_token: String,
        /// The agent run that wrote it; outbound, optional.
        pub run_id: String,
    }

    /// One piece of a message. The kind says which of the `…_item` fields counts.
    pub struct MessageItem {
        /// The kind as a number; [`MessageItem::kind`] names it.
        #[serde(rename = "type")]
        pub number: i64,
        /// Milliseconds since 1970.
        pub create_time_ms: i64,
        /// Milliseconds since 1970.
        pub update_time_ms: i64,
        /// Whether the item is complete.
        pub is_completed: bool,
        /// Text such as `v1:3399…`, never a number.
        pub msg_id: String,
        /// The message this one quotes.
        pub ref_msg: Option<Box<RefMessage>>,
        /// Of a text.
        pub text_item: Option<TextItem>,
        /// Of an image.
        pub image_item: Option<ImageItem>,
        /// Of a voice message.
        pub voice_item: Option<VoiceItem>,
        /// Of a file.
        pub file_item: Option<FileItem>,
        /// Of a video.
        pub video_item: Option<VideoItem>,
        /// Of a tool call that begins; outbound only.
        pub tool_call_start_item: Option<ToolCallStartItem>,
        /// Of a tool call that ended; outbound only.
        pub tool_call_result_item: Option<ToolCallResultItem>,
    }

    /// A text.
    pub struct TextItem {
        /// The text.
        pub text: String,
    }

    /// A tool call that begins.
    pub struct ToolCallStartItem {
        /// Name of the tool.
        pub tool_name: String,
        /// Id of the call.
        pub tool_call_id: String,
    }

    /// A tool call that ended.
    pub struct ToolCallResultItem {
        /// Name of the tool.
        pub tool_name: String,
        /// Id of the call.
        pub tool_call_id: String,
        /// `completed`, `failed`, `blocked` or `unknown`.
        pub status: String,
    }

    /// A quoted message. Newer WeChat versions give only an id, here or in the item.
    pub struct RefMessage {
        /// Summary of the quoted message.
        pub title: String,
        /// The quoted message's item.
        pub message_item: Option<Box<MessageItem>>,
        /// The quoted message's id on the server.
        pub svr_id: Uint64,
        /// The part that was selected.
        pub partial_text: Option<PartialText>,
    }

    /// The selected part of a quoted text.
    pub struct PartialText {
        /// First words of the selection.
        pub start: String,
        /// Last words of the selection.
        pub end: String,
        /// Where it begins.
        pub startindex: i64,
        /// Where it ends.
        pub endindex: i64,
        /// MD5 of the selection, hex.
        pub quotemd5: String,
    }
}

impl WeixinMessage {
    /// Its items in order, each with the fields that could not be read.
    pub fn items(&self) -> impl Iterator<Item = Reading<MessageItem>> + '_ {
        self.item_list.iter().map(Raw::read)
    }

    /// Whether it was recalled.
    #[must_use]
    pub fn is_recalled(&self) -> bool {
        self.delete_time_ms > 0
    }
}

impl MessageItem {
    /// A text item, as a client sends it.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let text_item = Some(TextItem { text: text.into() });
        Self {
            number: ItemKind::Text.number(),
            text_item,
            ..Self::default()
        }
    }

    /// What kind of item it is.
    #[must_use]
    pub fn kind(&self) -> ItemKind {
        ItemKind::of(self.number)
    }
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// 0 or absent.
    None,
    /// 1
    Text,
    /// 2
    Image,
    /// 3
    Voice,
    /// 4
    File,
    /// 5
    Video,
    /// 11, outbound only
    ToolCallStart,
    /// 12, outbound only
    ToolCallResult,
    /// Any other number: a kind that does not exist yet.
    Unknown(i64),
}

impl ItemKind {
    /// The kind of a number.
    #[must_use]
    pub const fn of(number: i64) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Text,
            2 => Self::Image,
            3 => Self::Voice,
            4 => Self::File,
            5 => Self::Video,
            11 => Self::ToolCallStart,
            12 => Self::ToolCallResult,
            other => Self::Unknown(other),
        }
    }

    /// The number of a kind.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::None => 0,
            Self::Text => 1,
            Self::Image => 2,
            Self::Voice => 3,
            Self::File => 4,
            Self::Video => 5,
            Self::ToolCallStart => 11,
            Self::ToolCallResult => 12,
            Self::Unknown(number) => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::read;

    #[test]
    fn a_malformed_item_leaves_its_neighbours_readable() {
        let text = r#"{"message_id":7481209347712834561,"from_user_id":"u@im.wechat","item_list":[
            {"type":1,"text_item":"not an object"}, 17, {"type":99,"new_item":{"a":1}},
            {"type":1,"text_item":{"text":"hello"}}]}"#;
        let message = read::<WeixinMessage>(text).whole().unwrap();
        let items = message.items().collect::<Vec<_>>();
        assert_eq!(items[0].faults, ["text_item"]);
        assert_eq!(items[1].faults, [""]);
        assert_eq!(items[2].value.kind(), ItemKind::Unknown(99));
        assert!(message.item_list[2].text().contains("new_item"));
        assert_eq!(items[3].value.text_item.as_ref().unwrap().text, "hello");
        assert_eq!(message.message_id.to_string(), "7481209347712834561");
    }

    #[test]
    fn a_message_whose_list_is_malformed_keeps_its_sender() {
        let reading = read::<WeixinMessage>(r#"{"from_user_id":"u","item_list":"x","seq":null}"#);
        assert_eq!(reading.faults, ["item_list"]);
        assert_eq!(reading.value.from_user_id, "u");
    }

    #[test]
    fn a_text_to_send_holds_nothing_but_its_kind_and_text() {
        let item = serde_json::to_string(&MessageItem::text("hi")).unwrap();
        assert_eq!(item, r#"{"type":1,"text_item":{"text":"hi"}}"#);
    }
}
