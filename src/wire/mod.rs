//! The iLink bot vocabulary, as WeChat speaks it: endpoints, messages, answers, codes.
//!
//! Pure types: no I/O, no runtime, and no word of AIOS. Whoever sits at either end of the wire uses
//! them: the simulated WeChat to read calls, the reference adapter to make them.
//!
//! Three conventions of the wire shape every type here:
//!
//! * *Absent, `null` and default are one thing* (the format descends from protobuf). Every field
//!   has a default; defaults are not written.
//! * *Unknown fields are ignored*, unknown item kinds are kept as they came.
//! * *A fault stays where it is.* One bad message does not spoil its batch, one bad item does not
//!   spoil its message: lists hold [`Raw`] JSON, and [`read`] decodes what can be decoded and names
//!   the fields that cannot.

mod call;
mod endpoint;
mod field;
mod header;
mod login;
mod media;
mod message;
mod status;

pub use call::{
    Acknowledgement, BaseInfo, GetConfigRequest, GetConfigResponse, GetUpdatesRequest,
    GetUpdatesResponse, GetUploadUrlRequest, GetUploadUrlResponse, NotifyRequest,
    SendMessageRequest, SendMessageResponse, SendTypingRequest, TYPING_START, TYPING_STOP,
};
pub use endpoint::Endpoint;
pub use field::{Raw, Reading, Uint64, read};
pub use header::{
    APP_CLIENT_VERSION, APP_ID, APP_ID_BOT, AUTHORIZATION_TYPE, BOT_TOKEN, DOWNLOAD_PARAM,
    ERROR_MESSAGE, ROUTE_TAG, UIN, client_version, random_uin,
};
pub use login::{GetBotQrcodeRequest, GetBotQrcodeResponse, GetQrcodeStatusResponse, QrStatus};
pub use media::{
    CdnMedia, FileItem, ImageItem, KeyError, MediaKey, VideoItem, VoiceItem, ciphertext_len,
};
pub use message::{
    ItemKind, MESSAGE_BOT, MESSAGE_USER, MessageItem, PartialText, RefMessage, STATE_FINISH,
    STATE_GENERATING, STATE_NEW, TextItem, ToolCallResultItem, ToolCallStartItem, WeixinMessage,
};
pub use status::{Answer, Meaning, Refusal};

/// The longest text of one message that WeChat is known to take, in UTF-8 bytes.
pub const TEXT_BYTES_MAX: usize = 16_384;

/// The most messages in one `getupdates` answer that every known client accepts.
pub const BATCH_MAX: usize = 256;

/// The longest `getupdates` answer that every known client accepts, in bytes.
pub const BATCH_BYTES_MAX: usize = 1 << 20;
