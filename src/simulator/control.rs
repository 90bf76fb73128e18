//! The control API: a running WeChat is driven from outside. One table says what there is.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use hyper::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::account::Parcel;
use super::cipher;
use super::contact::Draft;
use super::fault::FaultRule;
use super::http::response;
use super::login::VERIFY_CODE;
use super::openapi;
use super::order::{
    BatchOrder, ClockOrder, Done, ErrorAnswer, FaultsAnswer, LoggedMessage, LoginOrder,
    MessageOrder, MessageReceipt, ParkedPoll, RedeliverOrder, StateAnswer, TokenAnswer, UserOrder,
};
use super::payload::Payload;
use super::query::Query;
use super::state::{Shared, State};
use crate::wire::MediaKey;

/// The first segment of every path of the control API.
pub(super) const FOLDER: &str = "control";
/// Where the description lies besides: where people look for it.
const DESCRIPTION: &str = "/openapi.json";
/// How long somebody may wait for the journal to grow.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// The page for the browser, all in one.
const PAGE: &str = concat!(
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\n<style>\n",
    include_str!("page.css"),
    "</style>\n",
    include_str!("page.html"),
    "<script>\n",
    include_str!("page.js"),
    "</script>\n</html>\n"
);
/// The page loads nothing from anywhere and talks to nobody but us.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
    script-src 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Something that can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Write,
    WriteBatch,
    Messages,
    Redeliver,
    Deliveries,
    SetFault,
    Faults,
    ClearFaults,
    ExpireSession,
    RenewSession,
    ExpireContext,
    ResetCursor,
    ReleasePolls,
    ScriptLogin,
    SetClock,
    Journal,
    State,
    Media,
    OpenApi,
}

impl Operation {
    pub(super) const ALL: [Self; 19] = [
        Self::Write,
        Self::Messages,
        Self::WriteBatch,
        Self::Redeliver,
        Self::Deliveries,
        Self::SetFault,
        Self::Faults,
        Self::ClearFaults,
        Self::ExpireSession,
        Self::RenewSession,
        Self::ExpireContext,
        Self::ResetCursor,
        Self::ReleasePolls,
        Self::ScriptLogin,
        Self::SetClock,
        Self::Journal,
        Self::State,
        Self::Media,
        Self::OpenApi,
    ];

    /// Method, path below the control URL, and what it does.
    pub(super) const fn route(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Write => ("POST", "/messages", "Somebody writes to the bot"),
            Self::WriteBatch => ("POST", "/batch", "Several messages, for one poll to take"),
            Self::Messages => (
                "GET",
                "/messages",
                "What was written to the bot, oldest first",
            ),
            Self::Redeliver => ("POST", "/redeliver", "WeChat gives a message once more"),
            Self::Deliveries => ("GET", "/deliveries", "What people received, oldest first"),
            Self::SetFault => ("POST", "/faults", "Set a fault; calls from now on count"),
            Self::Faults => ("GET", "/faults", "The faults that are set"),
            Self::ClearFaults => ("DELETE", "/faults", "Remove every fault"),
            Self::ExpireSession => ("POST", "/expire-session", "The login is void"),
            Self::RenewSession => ("POST", "/renew-session", "The login is good again"),
            Self::ExpireContext => (
                "POST",
                "/expire-context",
                "A person's context tokens are worth nothing",
            ),
            Self::ResetCursor => ("POST", "/reset-cursor", "Every cursor is forgotten"),
            Self::ReleasePolls => ("POST", "/release-polls", "Held polls are answered empty"),
            Self::ScriptLogin => ("POST", "/login", "What the next QR status calls will hear"),
            Self::SetClock => ("POST", "/clock", "Set WeChat's clock"),
            Self::Journal => ("GET", "/journal", "Every exchange, the bot token masked"),
            Self::State => ("GET", "/state", "How things are"),
            Self::Media => ("GET", "/media", "A file of the CDN, decrypted"),
            Self::OpenApi => ("GET", "/openapi.json", "This API, described"),
        }
    }
}

/// A request of the control API, or for the page.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Query,
    pub(super) body: Bytes,
}

/// Whether a path belongs here.
pub(super) fn is_mine(path: &str) -> bool {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    segments
        .next()
        .is_none_or(|first| first == FOLDER || path == DESCRIPTION)
}

struct Refusal(StatusCode, String);

type Answer = Result<(&'static str, Bytes), Refusal>;

/// Answers a request.
pub(super) async fn serve(request: Request, shared: Arc<Shared>) -> Response<Payload> {
    let segments = request
        .path
        .split('/')
        .filter(|segment| !segment.is_empty());
    let path = segments
        .skip(usize::from(request.path != DESCRIPTION))
        .fold(String::new(), |path, segment| path + "/" + segment);
    if path.is_empty() {
        return page(&request);
    }
    let mut there = Operation::ALL
        .into_iter()
        .filter(|operation| operation.route().1 == path);
    let meant = there
        .clone()
        .find(|operation| operation.route().0 == request.method.as_str());
    let answer = match (meant, there.next()) {
        (Some(operation), _) => perform(operation, &request, &shared).await,
        (None, Some(_)) => Err(Refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "another method is needed".to_owned(),
        )),
        (None, None) => Err(Refusal(
            StatusCode::NOT_FOUND,
            format!("no such path; there are {}", paths()),
        )),
    };
    let (status, kind, body) = match answer {
        Ok((kind, body)) => (StatusCode::OK, kind, body),
        Err(Refusal(status, error)) => {
            let body = json(&ErrorAnswer { error }).map_or_else(|_| Bytes::new(), |(_, body)| body);
            (status, "application/json", body)
        }
    };
    let mut response = response(status, kind, Payload::whole(body, None));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let there = Operation::ALL
            .into_iter()
            .filter(|operation| operation.route().1 == path);
        let methods = there
            .map(|operation| operation.route().0)
            .collect::<Vec<_>>()
            .join(", ");
        headers.extend(
            HeaderValue::from_str(&methods)
                .ok()
                .map(|methods| (ALLOW, methods)),
        );
    }
    response
}

fn paths() -> String {
    let mut paths = Operation::ALL.map(|operation| operation.route().1).to_vec();
    paths.dedup();
    paths.join(" ")
}

fn page(request: &Request) -> Response<Payload> {
    if request.method != Method::GET {
        let text = Bytes::from_static(b"the page is for reading");
        let status = StatusCode::METHOD_NOT_ALLOWED;
        return response(status, "text/plain", Payload::whole(text, None));
    }
    let body = Payload::whole(Bytes::from_static(PAGE.as_bytes()), None);
    let mut page = response(StatusCode::OK, "text/html; charset=utf-8", body);
    let headers = page.headers_mut();
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(PAGE_POLICY),
    );
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    page
}

async fn perform(operation: Operation, request: &Request, shared: &Arc<Shared>) -> Answer {
    match operation {
        Operation::Journal => return journal(request, shared).await,
        Operation::OpenApi => return Ok(("application/json", openapi::text().into())),
        Operation::Media => return media(request, shared),
        _ => {}
    }
    shared.with(|state| match operation {
        Operation::Write => {
            let parcel = parcel(state, &order(request)?)?;
            json(&inject(state, &[parcel]).remove(0))
        }
        Operation::WriteBatch => {
            let BatchOrder { messages } = order(request)?;
            if messages.is_empty() {
                return Err(bad("messages is empty"));
            }
            let parcels = messages.iter().map(|order| parcel(state, order));
            let parcels = parcels.collect::<Result<Vec<_>, _>>()?;
            json(&inject(state, &parcels))
        }
        Operation::Messages => messages(state),
        Operation::Redeliver => redeliver(state, &order(request)?),
        Operation::Deliveries => json(&state.account.deliveries()),
        Operation::SetFault => {
            let rule: FaultRule = order(request)?;
            rule.check().map_err(bad)?;
            state.faults.set(rule);
            faults(state)
        }
        Operation::Faults => faults(state),
        Operation::ClearFaults => {
            state.faults.clear();
            faults(state)
        }
        Operation::ExpireSession => {
            state.expire_session();
            json(&Done {})
        }
        Operation::RenewSession => {
            state.account.renew();
            json(&TokenAnswer {
                token: state.account.token.clone(),
            })
        }
        Operation::ExpireContext => {
            let UserOrder { user_id } = order(request)?;
            let user_id = person(state, &user_id);
            state.account.contexts.revoke(&user_id);
            json(&Done {})
        }
        Operation::ResetCursor => {
            state.reset_cursor();
            json(&Done {})
        }
        Operation::ReleasePolls => {
            state.release_polls();
            json(&Done {})
        }
        Operation::ScriptLogin => {
            let LoginOrder { statuses } = order(request)?;
            if statuses.is_empty() {
                return Err(bad("statuses is empty"));
            }
            state.account.login.script(statuses);
            json(&Done {})
        }
        Operation::SetClock => {
            let ClockOrder { now_ms } = order(request)?;
            state.set_now(now_ms);
            json(&Done {})
        }
        Operation::State => json(&survey(state)),
        Operation::Journal | Operation::OpenApi | Operation::Media => json(&Done {}),
    })
}

fn parcel(state: &State, order: &MessageOrder) -> Result<Parcel, Refusal> {
    let items = match (&order.text, &order.item, &order.items) {
        (Some(text), None, None) => Draft::text("", text).items,
        (None, Some(item), None) => vec![item.clone()],
        (None, None, Some(items)) if !items.is_empty() => items.clone(),
        _ => return Err(bad("exactly one of text, item and items is needed")),
    };
    if order.from.is_empty() {
        return Err(bad("from is a user id, or owner"));
    }
    let mut draft = Draft::items(person(state, &order.from), items)
        .in_group(order.group_id.as_deref().unwrap_or_default());
    draft.overrides.clone_from(&order.fields);
    draft.omit.clone_from(&order.omit);
    Ok(Parcel::New(draft))
}

fn redeliver(state: &mut State, order: &RedeliverOrder) -> Answer {
    let position = state.account.find(order.message_id.0).ok_or_else(|| {
        Refusal(
            StatusCode::NOT_FOUND,
            format!("no message has the id {}", order.message_id),
        )
    })?;
    let again = Parcel::Again {
        position,
        as_new_id: order.as_new_id,
    };
    json(&inject(state, &[again]).remove(0))
}

fn inject(state: &mut State, parcels: &[Parcel]) -> Vec<MessageReceipt> {
    let receipts = state
        .inject(parcels)
        .into_iter()
        .map(|injected| MessageReceipt {
            message_id: injected.message_id,
            context_token: injected.context_token,
        });
    receipts.collect()
}

fn messages(state: &mut State) -> Answer {
    let updates = state.account.updates();
    let logged = (1..=updates.end()).map(|position| LoggedMessage {
        position,
        delivered: position <= updates.consumed(),
        // What no JSON library reads is shown as the text it is.
        message: updates
            .message(position)
            .map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.into()))
            .unwrap_or_default(),
    });
    json(&logged.collect::<Vec<_>>())
}

fn faults(state: &State) -> Answer {
    json(&FaultsAnswer {
        faults: state.faults.pending().cloned().collect(),
    })
}

fn survey(state: &mut State) -> StateAnswer {
    let now_ms = state.now();
    let parked = state.account.updates().parked();
    let parked = parked
        .map(|(exchange, position)| ParkedPoll { exchange, position })
        .collect();
    StateAnswer {
        parked,
        now_ms,
        position: state.account.updates().end(),
        consumed: state.account.updates().consumed(),
        base_url: state.account.base_url.clone(),
        bot_id: state.account.bot_id.clone(),
        owner_user_id: state.account.owner_user_id.clone(),
        session_expired: state.account.is_expired(),
        contacts: state.account.contexts.people(),
        faults: state.faults.pending().cloned().collect(),
        verify_code: VERIFY_CODE.to_owned(),
    }
}

/// The journal behind a number, waiting for it to grow if that is wanted.
async fn journal(request: &Request, shared: &Shared) -> Answer {
    let number = |name: &str| match request.query.get(name) {
        None => Ok(0),
        Some(digits) => digits
            .parse::<u64>()
            .map_err(|_| bad(format!("{name} is a number"))),
    };
    let (after, wait) = (number("after")?, Duration::from_millis(number("wait_ms")?));
    if let Some(mut last) = shared.read_journal(super::journal::Journal::last) {
        // Running out of patience is an answer too: an empty one.
        let _ = timeout(wait.min(WAIT_MAX), last.wait_for(|last| *last > after)).await;
    }
    let entries = shared
        .read_journal(|journal| journal.after(after))
        .unwrap_or_default();
    Ok(("application/json", entries.into()))
}

/// A file that went over the CDN, for those who have its key.
fn media(request: &Request, shared: &Shared) -> Answer {
    let place = request
        .query
        .get("encrypted_query_param")
        .unwrap_or_default();
    let key = MediaKey::parse(request.query.get("aes_key").unwrap_or_default());
    let key = key.map_err(|wrong| bad(wrong.to_string()))?;
    let file = shared.with(|state| state.account.cdn.download(place));
    let file = file
        .and_then(|file| cipher::decrypt(key, &file))
        .ok_or_else(|| {
            Refusal(
                StatusCode::NOT_FOUND,
                "no file is there under this key".to_owned(),
            )
        })?;
    let kind = match file.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, ..] => "image/jpeg",
        [b'G', b'I', b'F', ..] => "image/gif",
        _ => "application/octet-stream",
    };
    Ok((kind, file.into()))
}

fn person(state: &State, name: &str) -> String {
    if name == "owner" {
        state.account.owner_user_id.clone()
    } else {
        name.to_owned()
    }
}

fn order<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    // An array would also do for serde.
    if !request.body.trim_ascii_start().starts_with(b"{") {
        return Err(bad("a JSON object is expected"));
    }
    serde_json::from_slice(&request.body).map_err(|wrong| bad(wrong.to_string()))
}

fn bad(wrong: impl Into<String>) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, wrong.into())
}

fn json(value: &impl Serialize) -> Answer {
    match serde_json::to_vec(value) {
        Ok(document) => Ok(("application/json", document.into())),
        Err(wrong) => Err(Refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            wrong.to_string(),
        )),
    }
}
