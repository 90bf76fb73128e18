//! How calls are met: long polls, answers, and the faults that take their place.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderName, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use tokio::time::timeout;

use super::desk::{self, Call, Reply};
use super::fault::Fault;
use super::http::{Outcome, pause, response};
use super::observation::{Event, MASK, evidence, masked};
use super::payload::{CutOff, Payload, Presence};
use super::query::Query;
use super::state::{Answer, State};
use super::updates::{PollReply, Position};
use crate::wire::{Endpoint, GetUpdatesRequest, read};

/// Into how many pieces a dripping answer is cut.
const DRIPS: usize = 16;

/// An answer without messages, for faults that need something to spoil.
const IDLE: &[u8] =
    br#"{"ret":0,"msgs":[],"get_updates_buf":"","sync_buf":"","errmsg":"","message_id":1}"#;

/// A call and how it is to be met.
pub(super) struct Arrival {
    pub(super) call: Call,
    fault: Option<Fault>,
    /// Before anything else.
    brake: Duration,
}

/// A call comes in.
pub(super) fn arrive(state: &mut State, endpoint: Endpoint, head: &Parts, body: Bytes) -> Arrival {
    let (exchange, nth, fault) = state.begin(endpoint);
    let authorized = !endpoint.needs_token() || state.account.admits(bearer(&head.headers));
    let query = Query::parse(head.uri.query().unwrap_or_default());
    let cursor = match endpoint {
        Endpoint::GetUpdates => cursor(&body),
        _ => String::new(),
    };
    if state.observed() {
        let secrets = state.secrets();
        let position = (endpoint == Endpoint::GetUpdates)
            .then(|| state.account.updates().locate(&cursor))
            .flatten();
        let target = head
            .uri
            .path_and_query()
            .map_or("", |target| target.as_str());
        let arrived = Event::Arrived {
            method: head.method.as_str().to_owned(),
            target: masked(target, &secrets),
            nth,
            headers: shown(&head.headers, &secrets),
            body: evidence(&body, &secrets),
            authorized,
            position,
        };
        state.observe(exchange, arrived);
    }
    let body = match endpoint {
        Endpoint::GetUpdates => Bytes::new(),
        _ => body,
    };
    let brake = state.brake(endpoint);
    let call = Call {
        exchange,
        endpoint,
        authorized,
        query,
        body,
        cursor,
    };
    Arrival { call, fault, brake }
}

/// Answers a call as its fault, if it has one, would have it.
pub(super) async fn meet(arrival: Arrival, presence: Presence) -> Outcome {
    let Arrival { call, fault, brake } = arrival;
    if !brake.is_zero() {
        pause(brake).await;
    }
    let Some(fault) = fault else {
        let (reply, upto) = decide(&call, &presence, None).await;
        return Ok(whole(&reply, upto, None, presence));
    };
    if let Some(reply) = spoilt(&fault) {
        return Ok(whole(&reply, None, Some(fault), presence));
    }
    match fault {
        Fault::Refuse {} => {
            presence.track.reset();
            presence.shared.slam();
            Err(cut(presence, fault))
        }
        Fault::Reset {} => {
            presence.track.reset();
            Err(cut(presence, fault))
        }
        Fault::Nameless {} => {
            let (mut reply, upto) = decide(&call, &presence, None).await;
            if call.endpoint == Endpoint::SendMessage && reply.status == 200 {
                reply.body = Bytes::from_static(br#"{"ret":0}"#);
            }
            Ok(whole(&reply, upto, Some(fault), presence))
        }
        Fault::LostAnswer {} => {
            if call.endpoint != Endpoint::GetUpdates {
                decide(&call, &presence, None).await;
            }
            Err(cut(presence, fault))
        }
        Fault::DropMidBody {} => {
            let half = Bytes::from_static(&IDLE[..IDLE.len() / 2]);
            let mut answer = response(StatusCode::OK, "application/json", Payload::cut(half));
            answer
                .headers_mut()
                .insert(CONTENT_LENGTH, IDLE.len().into());
            cut(presence, fault);
            Ok(answer)
        }
        Fault::Stall { ms } => {
            pause(Duration::from_millis(ms)).await;
            let (reply, upto) = decide(&call, &presence, None).await;
            Ok(whole(&reply, upto, Some(fault), presence))
        }
        Fault::Drip { ms } => {
            let (reply, upto) = decide(&call, &presence, None).await;
            let pace = tokio::time::interval(Duration::from_millis(ms.max(1)));
            note(&reply, upto, Some(fault), &presence);
            Ok(dress(
                &reply,
                Payload::paced(&reply.body, DRIPS, pace, presence),
            ))
        }
        Fault::NeverAnswer {} => std::future::pending().await,
        Fault::TruncateText { bytes } => {
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            let (reply, upto) = decide(&call, &presence, Some(bytes)).await;
            Ok(whole(&reply, upto, Some(fault), presence))
        }
        // `Close`, and nothing else: the rest was answered above.
        _ => Err(cut(presence, fault)),
    }
}

/// What some faults say in place of an answer; the others do something to the connection.
fn spoilt(fault: &Fault) -> Option<Reply> {
    Some(match fault {
        Fault::HttpStatus {
            status,
            retry_after_sec,
        } => {
            let header = retry_after_sec.map(|sec| (RETRY_AFTER.as_str(), sec.to_string()));
            let body = Bytes::from_static(b"simulated failure");
            Reply {
                status: *status,
                kind: "text/plain",
                header,
                body,
            }
        }
        Fault::Html {} => {
            let body = Bytes::from_static(b"<!doctype html><title>Busy</title><p>Try later.");
            Reply {
                status: 200,
                kind: "text/html",
                header: None,
                body,
            }
        }
        Fault::MalformedJson {} => Reply::json(&br#"{"ret":0,"msgs":[}"#[..]),
        Fault::TruncatedJson {} => Reply::json(&IDLE[..IDLE.len() / 2]),
        Fault::EmptyBody {} => Reply::json(Bytes::new()),
        Fault::NoPosition {} => Reply::json(IDLE),
        Fault::BusinessError {
            code,
            errmsg,
            shape,
        } => Reply::json(shape.refusal(*code, errmsg.as_deref().unwrap_or_default())),
        _ => return None,
    })
}

async fn decide(
    call: &Call,
    presence: &Presence,
    truncate: Option<usize>,
) -> (Reply, Option<Position>) {
    if call.endpoint == Endpoint::GetUpdates && call.authorized {
        let PollReply { body, upto } = poll(call, presence).await;
        return (Reply::json(body), upto);
    }
    (
        presence
            .shared
            .with(|state| desk::answer(state, call, truncate)),
        None,
    )
}

/// The long poll: answered at once, by what happens while it is held, or empty in the end.
async fn poll(call: &Call, presence: &Presence) -> PollReply {
    let shared = &presence.shared;
    let mut held = match shared.with(|state| state.poll(call.exchange, &call.cursor)) {
        Ok(reply) => return reply,
        Err(held) => held,
    };
    if let Ok(Ok(reply)) = timeout(shared.hold, &mut held).await {
        return reply;
    }
    let ended = shared.with(|state| state.release(call.exchange));
    // What was said while the hold ran out is said all the same.
    ended
        .or_else(|| held.try_recv().ok())
        .unwrap_or_else(PollReply::nothing)
}

fn cursor(body: &[u8]) -> String {
    read::<GetUpdatesRequest>(&String::from_utf8_lossy(body))
        .value
        .get_updates_buf
}

/// A whole answer; it counts once it was written.
fn whole(
    reply: &Reply,
    upto: Option<Position>,
    fault: Option<Fault>,
    presence: Presence,
) -> Response<Payload> {
    note(reply, upto, fault, &presence);
    dress(reply, Payload::whole(reply.body.clone(), Some(presence)))
}

fn dress(reply: &Reply, payload: Payload) -> Response<Payload> {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = response(status, reply.kind, payload);
    if let Some((name, value)) = &reply.header
        && let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse())
    {
        response.headers_mut().insert(name, value);
    }
    response
}

fn note(reply: &Reply, upto: Option<Position>, fault: Option<Fault>, presence: &Presence) {
    if upto.is_some() {
        presence.track.be_wary();
    }
    let answer = Answer {
        status: reply.status,
        body: reply.body.clone(),
        upto,
        fault,
    };
    presence
        .shared
        .with(|state| state.answer(presence.exchange, answer));
}

fn cut(mut presence: Presence, fault: Fault) -> CutOff {
    presence
        .shared
        .with(|state| state.cut(presence.exchange, fault));
    presence.resolve();
    CutOff
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn shown(headers: &HeaderMap, secrets: &[String]) -> BTreeMap<String, String> {
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = match *name {
            AUTHORIZATION => format!("Bearer {MASK}"),
            _ => masked(&String::from_utf8_lossy(value.as_bytes()), secrets),
        };
        let field = shown.entry(name.as_str().to_owned()).or_default();
        if !field.is_empty() {
            field.push_str(", ");
        }
        field.push_str(&value);
    }
    shown
}
