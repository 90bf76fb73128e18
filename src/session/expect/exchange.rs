//! Calls of WeChat with their ends: what went well, what went wrong, and what is still open.

use serde_json::Value;

use super::view::View;
use crate::evidence::Fact;

/// One call and what came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange<'t> {
    /// Index of the call.
    pub(super) called: usize,
    /// Index of its end.
    pub(super) ended: Option<usize>,
    number: u64,
    /// The endpoint's name.
    pub(super) endpoint: &'t str,
    /// The cursor it carried; empty if it carried none.
    pub(super) cursor: &'t str,
    /// For a poll: how far into WeChat's log its cursor points, if WeChat knows the cursor.
    pub(super) position: Option<u64>,
    /// How it ended.
    pub(super) end: End<'t>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End<'t> {
    /// It has not.
    Open,
    /// With a good answer, and the cursor that it gave, if it gave one.
    Good(Option<&'t str>),
    /// Badly; an adapter calls that by one of these codes.
    Failed(&'static [&'static str]),
    /// The adapter stopped, and took its call with it.
    Withdrawn,
}

impl Exchange<'_> {
    /// Whether it is a poll.
    pub(super) fn is_poll(&self) -> bool {
        self.endpoint == "getupdates"
    }

    /// Whether it is a send.
    pub(super) fn is_send(&self) -> bool {
        self.endpoint == "sendmessage"
    }

    /// The codes by which an adapter may call its failure, if it failed.
    pub(super) fn failure(&self) -> Option<&'static [&'static str]> {
        match self.end {
            End::Failed(codes) => Some(codes),
            _ => None,
        }
    }
}

/// The calls of a scene in the order they came, without those to a trap.
pub(super) fn exchanges(view: View<'_>) -> Vec<Exchange<'_>> {
    let mut exchanges: Vec<Exchange<'_>> = Vec::new();
    let mut stopping = false;
    for (at, fact) in view.facts() {
        let (number, end) = match fact {
            Fact::Called { call } if !call.trap => {
                let body = call.body.as_ref();
                let cursor = body.and_then(|body| body.get("get_updates_buf")?.as_str());
                exchanges.push(Exchange {
                    called: at,
                    ended: None,
                    number: call.exchange,
                    endpoint: &call.endpoint,
                    cursor: cursor.unwrap_or_default(),
                    position: call.position,
                    end: End::Open,
                });
                continue;
            }
            Fact::Launched { .. } => {
                stopping = false;
                continue;
            }
            Fact::Asked { method, .. } if method == "stop" => {
                stopping = true;
                continue;
            }
            Fact::Ended { .. } => {
                stopping = true;
                continue;
            }
            Fact::Answered {
                exchange,
                status,
                body,
                fault,
                ..
            } => (
                *exchange,
                answered(*status, body.as_ref(), fault.as_deref()),
            ),
            Fact::Cut { exchange, why, .. } => (*exchange, cut(why, stopping)),
            _ => continue,
        };
        let open = exchanges
            .iter_mut()
            .rev()
            .find(|it| it.number == number && it.ended.is_none());
        if let Some(exchange) = open {
            (exchange.ended, exchange.end) = (Some(at), end);
        }
    }
    exchanges
}

fn answered<'t>(status: u16, body: Option<&'t Value>, fault: Option<&str>) -> End<'t> {
    let code = |name: &str| {
        body.and_then(|body| body.get(name)?.as_i64())
            .filter(|c| *c != 0)
    };
    let spoilt = fault.and_then(kind).and_then(|kind| match kind.as_str() {
        "html" | "malformed_json" | "truncated_json" | "empty_body" => {
            Some(["malformed_answer"].as_slice())
        }
        _ => None,
    });
    if status != 200 {
        End::Failed(&["http_status"])
    } else if let Some(codes) = spoilt {
        End::Failed(codes)
    } else if let Some(code) = code("errcode").or_else(|| code("ret")) {
        let errmsg = body
            .and_then(|body| body.get("errmsg")?.as_str())
            .unwrap_or_default();
        End::Failed(match code {
            -14 => &["session_expired"],
            -2 => &["rate_limited", "context_unavailable"],
            -1 if errmsg.contains("get_updates_buf") => &["cursor_reset"],
            _ => &["wechat_error"],
        })
    } else {
        let cursor = body.and_then(|body| body.get("get_updates_buf")?.as_str());
        End::Good(cursor.filter(|cursor| !cursor.is_empty()))
    }
}

/// A call without an answer: by a fault, or because the adapter left; which it may do of its own
/// accord when it stops, and otherwise only when it has waited long enough or was cut off.
fn cut(why: &str, stopping: bool) -> End<'static> {
    End::Failed(match kind(why).as_deref() {
        Some("drop_mid_body") => &["connect_failed", "malformed_answer"],
        Some(_) => &["connect_failed"],
        None if stopping => return End::Withdrawn,
        None => &["connect_failed", "timeout"],
    })
}

/// The kind of a fault as the timeline describes it.
fn kind(fault: &str) -> Option<String> {
    let fault: Value = serde_json::from_str(fault).ok()?;
    fault.get("kind")?.as_str().map(str::to_owned)
}
