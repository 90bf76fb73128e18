//! Login by QR code: two calls without a token.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::field::wire;

wire! {
    /// `get_bot_qrcode`, in its `POST` form.
    pub struct GetBotQrcodeRequest {
        /// Tokens the client still has, newest first, at most ten.
        pub local_token_list: Vec<String>,
    }

    /// Answer to `get_bot_qrcode`.
    pub struct GetBotQrcodeResponse {
        /// 0 or a code.
        pub ret: i64,
        /// 0 or a code.
        pub errcode: i64,
        /// With a code.
        pub errmsg: String,
        /// The id of the code, to ask for its status.
        pub qrcode: String,
        /// What to draw as a QR code.
        pub qrcode_img_content: String,
    }

    /// Answer to `get_qrcode_status`.
    pub struct GetQrcodeStatusResponse {
        /// One word of [`QrStatus`].
        pub status: String,
        /// With `confirmed`: the bot token.
        pub bot_token: String,
        /// With `confirmed`: the bot's id.
        pub ilink_bot_id: String,
        /// With `confirmed`: the API base from now on.
        pub baseurl: String,
        /// With `confirmed`: the person who scanned.
        pub ilink_user_id: String,
        /// With `scaned_but_redirect`: the host to ask instead.
        pub redirect_host: String,
    }
}

/// What became of a QR code. The spelling is WeChat's.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum QrStatus {
    /// Not scanned yet.
    Wait,
    /// Scanned, not confirmed.
    Scaned,
    /// Done; the answer carries the credentials.
    Confirmed,
    /// Too late; a new code is needed.
    Expired,
    /// The account lives elsewhere; the answer carries the host.
    ScanedButRedirect,
    /// The phone shows digits that the client must send.
    NeedVerifycode,
    /// Too many wrong digits; a new code is needed.
    VerifyCodeBlocked,
    /// This bot is already bound to this client; no new credentials.
    BindedRedirect,
}

impl QrStatus {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Scaned => "scaned",
            Self::Confirmed => "confirmed",
            Self::Expired => "expired",
            Self::ScanedButRedirect => "scaned_but_redirect",
            Self::NeedVerifycode => "need_verifycode",
            Self::VerifyCodeBlocked => "verify_code_blocked",
            Self::BindedRedirect => "binded_redirect",
        }
    }
}
