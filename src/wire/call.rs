//! The bodies of the calls that carry a bot token, and their answers.

use super::field::{Raw, Uint64, wire};
use super::message::WeixinMessage;
use super::status::{Answer, Refusal};

/// `status` of `sendtyping`: show the typing sign.
pub const TYPING_START: i64 = 1;
/// `status` of `sendtyping`: hide the typing sign.
pub const TYPING_STOP: i64 = 2;

wire! {
    /// What every call with a token says about its client.
    pub struct BaseInfo {
        /// The client's version.
        pub channel_version: String,
        /// `Name/Version`, for statistics; optional.
        pub bot_agent: String,
    }

    /// `getupdates`.
    pub struct GetUpdatesRequest {
        /// The cursor; `""` at first.
        pub get_updates_buf: String,
        /// About the client.
        pub base_info: BaseInfo,
    }

    /// Answer to `getupdates`.
    pub struct GetUpdatesResponse {
        /// 0 or a code.
        pub ret: i64,
        /// 0 or a code.
        pub errcode: i64,
        /// With a code.
        pub errmsg: String,
        /// The messages as they came; read each as a [`WeixinMessage`].
        pub msgs: Vec<Raw>,
        /// The next cursor; empty means keep the old one.
        pub get_updates_buf: String,
        /// Deprecated.
        pub sync_buf: String,
        /// How long the client should wait for the next poll, in milliseconds.
        pub longpolling_timeout_ms: i64,
    }

    /// `sendmessage`.
    pub struct SendMessageRequest {
        /// The message.
        pub msg: WeixinMessage,
        /// About the client.
        pub base_info: BaseInfo,
    }

    /// Answer to `sendmessage`.
    pub struct SendMessageResponse {
        /// 0 or a code.
        pub ret: i64,
        /// 0 or a code.
        pub errcode: i64,
        /// With a code.
        pub errmsg: String,
        /// The id WeChat gave the message.
        pub message_id: Uint64,
    }

    /// `getconfig`.
    pub struct GetConfigRequest {
        /// The peer.
        pub ilink_user_id: String,
        /// Optional.
        pub context_token: String,
        /// About the client.
        pub base_info: BaseInfo,
    }

    /// Answer to `getconfig`.
    pub struct GetConfigResponse {
        /// 0 or a code.
        pub ret: i64,
        /// 0 or a code.
        pub errcode: i64,
        /// With a code.
        pub errmsg: String,
        /// What `sendtyping` needs.
        pub typing_ticket: String,
        /// A newer context token; nobody has seen it given.
        pub context_token: String,
    }

    /// `sendtyping`.
    pub struct SendTypingRequest {
        /// The peer.
        pub ilink_user_id: String,
        /// From `getconfig`.
        pub typing_ticket: String,
        /// [`TYPING_START`] or [`TYPING_STOP`].
        pub status: i64,
        /// About the client.
        pub base_info: BaseInfo,
    }

    /// `notifystart` and `notifystop`.
    pub struct NotifyRequest {
        /// About the client.
        pub base_info: BaseInfo,
    }

    /// Answer to calls that return nothing else.
    pub struct Acknowledgement {
        /// 0 or a code.
        pub ret: i64,
        /// 0 or a code.
        pub errcode: i64,
        /// With a code.
        pub errmsg: String,
    }

    /// `getuploadurl`.
    pub struct GetUploadUrlRequest {
        /// 32 hex digits, the client's name for the upload.
        pub filekey: String,
        /// 1 image, 2 video, 3 file, 4 voice.
        pub media_type: i64,
        /// The recipient.
        pub to_user_id: String,
        /// Plaintext bytes.
        pub rawsize: u64,
        /// MD5 of the plaintext, hex.
        pub rawfilemd5: String,
        /// Ciphertext bytes.
        pub filesize: u64,
        /// Whether no thumbnail follows.
        pub no_need_thumb: bool,
        /// Plaintext bytes of the thumbnail.
        pub thumb_rawsize: u64,
        /// MD5 of the thumbnail's plaintext, hex.
        pub thumb_rawfilemd5: String,
        /// Ciphertext bytes of the thumbnail.
        pub thumb_filesize: u64,
        /// The key, 32 hex digits.
        pub aeskey: String,
        /// About the client.
        pub base_info: BaseInfo,
    }

    /// Answer to `getuploadurl`.
    pub struct GetUploadUrlResponse {
        /// 0 or a code.
        pub ret: i64,
        /// 0 or a code.
        pub errcode: i64,
        /// With a code.
        pub errmsg: String,
        /// For the query of the CDN's `upload`.
        pub upload_param: String,
        /// The same for the thumbnail.
        pub thumb_upload_param: String,
        /// A complete upload address; wins over the parameter.
        pub upload_full_url: String,
    }
}

macro_rules! answers {
    ($($name:ident)*) => {$(
        impl Answer for $name {
            fn refusal(&self) -> Option<Refusal> {
                Refusal::of(self.ret, self.errcode, &self.errmsg)
            }
        }
    )*};
}
answers!(GetUpdatesResponse SendMessageResponse GetConfigResponse Acknowledgement GetUploadUrlResponse);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{MESSAGE_BOT, MessageItem, STATE_FINISH, read};

    #[test]
    fn an_answer_without_codes_is_a_success() {
        let answer = read::<SendMessageResponse>(r#"{"message_id":7481209347712834561}"#).value;
        assert_eq!(answer.refusal(), None);
        assert_eq!(answer.message_id.get(), Some(7_481_209_347_712_834_561));
    }

    #[test]
    fn a_batch_is_read_message_by_message() {
        let text = r#"{"ret":0,"errcode":null,"msgs":[{"from_user_id":"a"},null,3,{"seq":"x"}]}"#;
        let answer = read::<GetUpdatesResponse>(text).whole().unwrap();
        let faults = answer
            .msgs
            .iter()
            .map(|raw| raw.read::<WeixinMessage>().faults);
        assert_eq!(
            faults.collect::<Vec<_>>(),
            [vec![], vec![""], vec![""], vec!["seq"]]
        );
    }

    #[test]
    fn a_null_context_token_is_an_absent_one() {
        let text = r#"{"msg":{"to_user_id":"u","context_token":null,"item_list":null}}"#;
        assert_eq!(
            read::<SendMessageRequest>(text)
                .whole()
                .unwrap()
                .msg
                .context_token,
            ""
        );
    }

    #[test]
    fn a_call_is_written_without_its_defaults() {
        let request = SendMessageRequest {
            msg: WeixinMessage {
                to_user_id: "u@im.wechat".into(),
                message_type: MESSAGE_BOT,
                message_state: STATE_FINISH,
                item_list: Raw::of(&MessageItem::text("hi")).into_iter().collect(),
                ..WeixinMessage::default()
            },
            ..SendMessageRequest::default()
        };
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"msg":{"to_user_id":"u@im.wechat","message_type":2,"message_state":2,"item_list":[{"type":1,"text_item":{"text":"hi"}}]}}"#
        );
    }
}
