//! What WeChat says to each call that is answered at once.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Value, json};

use super::account::Sent;
use super::cdn::Place;
use super::fault::Shape;
use super::medium;
use super::observation::Event;
use super::query::Query;
use super::state::State;
use crate::wire::{
    DOWNLOAD_PARAM, ERROR_MESSAGE, Endpoint, GetBotQrcodeRequest, GetConfigRequest,
    GetUploadUrlRequest, QrStatus, Refusal, SendMessageRequest, WeixinMessage, read,
};

/// How many tokens a client may show when it asks for a QR code.
const LOCAL_TOKENS_MAX: usize = 10;

/// What is said to a call.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) header: Option<(&'static str, String)>,
    pub(super) body: Bytes,
}

impl Reply {
    /// JSON, in an HTTP 200.
    pub(super) fn json(body: impl Into<Bytes>) -> Self {
        Self {
            status: 200,
            kind: "application/json",
            header: None,
            body: body.into(),
        }
    }

    fn value(value: &Value) -> Self {
        Self::json(value.to_string())
    }

    fn refusal(code: i64, errmsg: &str) -> Self {
        Self::json(Shape::Both.refusal(code, errmsg))
    }

    fn success() -> Self {
        Self::json(&br#"{"ret":0,"errmsg":""}"#[..])
    }

    /// What is said to a call without a good token.
    pub(super) fn unauthorized() -> Self {
        Self::refusal(Refusal::SESSION_EXPIRED, "session timeout")
    }
}

/// A call that came in whole.
pub(super) struct Call {
    pub(super) exchange: u64,
    pub(super) endpoint: Endpoint,
    pub(super) authorized: bool,
    pub(super) query: Query,
    /// Empty for a poll, which is held for long: its cursor is all that is kept of it.
    pub(super) body: Bytes,
    /// Of a poll.
    pub(super) cursor: String,
}

impl Call {
    /// The body as text, for JSON.
    pub(super) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// The answer to a call other than a poll. A text that is sent is cut to `truncate` bytes if that
/// is given.
pub(super) fn answer(state: &mut State, call: &Call, truncate: Option<usize>) -> Reply {
    if !call.authorized {
        return Reply::unauthorized();
    }
    match call.endpoint {
        Endpoint::SendMessage => {
            let request = read::<SendMessageRequest>(&call.text());
            if request
                .faults
                .iter()
                .any(|field| field.is_empty() || field == "msg")
            {
                return Reply::refusal(Refusal::SYSTEM, "invalid request");
            }
            send(state, call.exchange, request.value.msg, truncate)
        }
        Endpoint::GetConfig => {
            let request = read::<GetConfigRequest>(&call.text()).value;
            let typing_ticket = state.account.typing_ticket(&request);
            Reply::value(&json!({"ret": 0, "errmsg": "", "typing_ticket": typing_ticket}))
        }
        Endpoint::GetUploadUrl => announce(state, &call.text()),
        Endpoint::CdnUpload => upload(state, call),
        Endpoint::CdnDownload => download(state, call),
        Endpoint::GetBotQrcode => open_code(state, call),
        Endpoint::GetQrcodeStatus => code_status(state, call),
        Endpoint::SendTyping
        | Endpoint::NotifyStart
        | Endpoint::NotifyStop
        | Endpoint::GetUpdates => Reply::success(),
    }
}

fn send(state: &mut State, exchange: u64, msg: WeixinMessage, truncate: Option<usize>) -> Reply {
    let now = state.now();
    let sent = |message_id: u64| Reply::json(format!(r#"{{"message_id":{message_id}}}"#));
    match state.account.send(now, msg, truncate) {
        Sent::Delivered(message_id) => {
            let delivery = state.observed().then(|| state.account.last_delivery());
            if let Some(delivery) = delivery.flatten() {
                state.observe(exchange, Event::Delivered { delivery });
            }
            sent(message_id)
        }
        Sent::Repeated(message_id) => {
            state.observe(exchange, Event::Repeated { message_id });
            sent(message_id)
        }
        Sent::Progress => Reply::json("{}"),
        Sent::Refused(Refusal { code, errmsg }) => Reply::refusal(code, &errmsg),
    }
}

// --- media -----------------------------------------------------------------------------------

fn announce(state: &mut State, body: &str) -> Reply {
    let request = read::<GetUploadUrlRequest>(body);
    if let Some(field) = request.faults.first() {
        return Reply::refusal(Refusal::SYSTEM, &format!("invalid {field}"));
    }
    let request = request.value;
    let account = &mut state.account;
    let mut place = || Place {
        upload: account.parameter(),
        download: account.parameter(),
    };
    let (file, thumb) = (place(), place());
    let (upload, thumb_upload) = (file.upload.clone(), thumb.upload.clone());
    let has_thumb = match account.cdn.announce(&request, file, thumb) {
        Ok(has_thumb) => has_thumb,
        Err(wrong) => return Reply::refusal(Refusal::SYSTEM, wrong),
    };
    let full_url = format!(
        "{}/upload?encrypted_query_param={}&filekey={}",
        account.cdn_base_url,
        medium::escaped(&upload),
        request.filekey,
    );
    Reply::value(&json!({
        "ret": 0, "errmsg": "", "upload_param": upload,
        "thumb_upload_param": if has_thumb { thumb_upload } else { String::new() },
        "upload_full_url": full_url,
    }))
}

fn upload(state: &mut State, call: &Call) -> Reply {
    let upload = call.query.get("encrypted_query_param").unwrap_or_default();
    let filekey = call.query.get("filekey");
    match state.account.cdn.upload(upload, filekey, call.body.clone()) {
        Ok(download) => {
            let header = Some((DOWNLOAD_PARAM, download));
            Reply {
                header,
                ..Reply::value(&json!({}))
            }
        }
        Err(wrong) => cdn_error(400, wrong),
    }
}

fn download(state: &mut State, call: &Call) -> Reply {
    let download = call.query.get("encrypted_query_param").unwrap_or_default();
    match state.account.cdn.download(download) {
        Some(body) => Reply {
            status: 200,
            kind: "application/octet-stream",
            header: None,
            body,
        },
        None => cdn_error(404, "unknown encrypted_query_param"),
    }
}

fn cdn_error(status: u16, wrong: &str) -> Reply {
    let header = Some((ERROR_MESSAGE, wrong.to_owned()));
    Reply {
        status,
        header,
        ..Reply::value(&json!({"error": wrong}))
    }
}

// --- login -----------------------------------------------------------------------------------

fn open_code(state: &mut State, call: &Call) -> Reply {
    // Old clients ask with GET and no body.
    let request = if call.body.is_empty() {
        GetBotQrcodeRequest::default()
    } else {
        let request = read::<GetBotQrcodeRequest>(&call.text());
        let tokens = request.value.local_token_list.len();
        if request
            .faults
            .iter()
            .any(|field| field == "local_token_list")
            || tokens > LOCAL_TOKENS_MAX
        {
            return Reply::refusal(Refusal::INVALID_ARGUMENT, "invalid local_token_list");
        }
        request.value
    };
    let account = &mut state.account;
    let bound = request
        .local_token_list
        .iter()
        .any(|token| account.admits(Some(token.as_str())));
    let qrcode = account.secret("", 24);
    account.login.open(qrcode.clone(), bound);
    let shown = format!("{}/?qrcode={}", account.base_url, medium::escaped(&qrcode));
    Reply::value(&json!({"ret": 0, "qrcode": qrcode, "qrcode_img_content": shown}))
}

fn code_status(state: &mut State, call: &Call) -> Reply {
    let qrcode = call.query.get("qrcode").unwrap_or_default();
    let status = state
        .account
        .login
        .status(qrcode, call.query.get("verify_code"));
    if status == QrStatus::Confirmed {
        let told = state.account.log_in(qrcode);
        state.answer_polls(told);
    }
    let account = &state.account;
    let mut answer = json!({"ret": 0, "status": status.word()});
    match status {
        QrStatus::Confirmed => {
            answer["bot_token"] = account.token.as_str().into();
            answer["ilink_bot_id"] = account.bot_id.as_str().into();
            answer["baseurl"] = account.base_url.as_str().into();
            answer["ilink_user_id"] = account.owner_user_id.as_str().into();
        }
        QrStatus::ScanedButRedirect => {
            answer["redirect_host"] = account.base_url.as_str().into();
        }
        _ => {}
    }
    Reply::value(&answer)
}
