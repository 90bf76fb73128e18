//! What the adapter asks of WeChat, and how WeChat may fail it.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::contract::Code;
use crate::wire::{
    GetConfigResponse, GetUpdatesResponse, Meaning, Refusal, SendMessageResponse, WeixinMessage,
};

/// The calls of the iLink bot protocol that the adapter makes. Each may run beside the others.
///
/// A dropped call is cancelled: its connection closes.
pub trait Transport: Send + Sync + 'static {
    /// Long-polls for messages behind `cursor`. `sent` is called once the request is on the wire.
    fn get_updates<'a>(
        &'a self,
        cursor: &'a str,
        sent: &'a (dyn Fn() + Sync),
    ) -> BoxFuture<'a, Result<GetUpdatesResponse, Failure>>;

    /// Sends one message.
    fn send_message(
        &self,
        message: WeixinMessage,
    ) -> BoxFuture<'_, Result<SendMessageResponse, Failure>>;

    /// Asks for the ticket that [`Transport::send_typing`] needs.
    fn get_config<'a>(
        &'a self,
        peer: &'a str,
        context_token: Option<&'a str>,
    ) -> BoxFuture<'a, Result<GetConfigResponse, Failure>>;

    /// Shows or hides the typing sign.
    fn send_typing<'a>(
        &'a self,
        peer: &'a str,
        ticket: &'a str,
        status: i64,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No connection, or it was cut.
    Connection,
    /// Nothing came for too long.
    Timeout,
    /// An HTTP status other than 200.
    Status {
        /// What WeChat asks to wait, from `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// Not the JSON expected, or nothing at all.
    Malformed,
    /// A business error in a successful HTTP answer.
    Refused(Refusal),
}

impl Failure {
    /// The word for it in health and receipts.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Connection => Code::ConnectFailed,
            Self::Timeout => Code::Timeout,
            Self::Status { .. } => Code::HttpStatus,
            Self::Malformed => Code::MalformedAnswer,
            Self::Refused(refusal) => match refusal.meaning() {
                Meaning::SessionExpired => Code::SessionExpired,
                Meaning::RateLimited | Meaning::Restricted => Code::RateLimited,
                Meaning::ContextRefused => Code::ContextUnavailable,
                Meaning::InvalidArgument | Meaning::Other => Code::WechatError,
            },
        }
    }

    /// Whether WeChat said no, as opposed to nothing that could be understood.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// Whether WeChat no longer knows the position the poll carried. Only the text says so.
    #[must_use]
    pub fn is_lost_cursor(&self) -> bool {
        matches!(self, Self::Refused(refusal)
            if refusal.code == Refusal::SYSTEM && refusal.errmsg.contains("get_updates_buf"))
    }
}
