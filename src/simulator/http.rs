//! The HTTP shell: connections, long polls, and the faults of the transport. Decides nothing.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::{
    ALLOW, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderValue,
    ORIGIN, RETRY_AFTER,
};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, server};
use hyper_util::rt::TokioTimer;
use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk;
use super::fault::Fault;
use super::line::{Line, Track};
use super::observation::{Event, MASK, evidence, masked};
use super::payload::{CutOff, Payload, Presence};
use super::state::{Answer, Shared, State};
use super::updates::{PollReply, Position};
use crate::wire::{Endpoint, GetUpdatesRequest, read};

/// The longest body of a call, in bytes.
const BODY_MAX: usize = 1 << 20;
/// The longest head of a call, in bytes.
const HEAD_MAX: usize = 64 << 10;
/// How long a client may take to send a head, or a body.
const PATIENCE: Duration = Duration::from_secs(30);
/// Into how many pieces a dripping answer is cut.
const DRIPS: usize = 16;

type Reply = Result<Response<Payload>, CutOff>;

/// Listens on an address.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    TcpListener::from_std(socket.into())
}

/// Takes connections until it is told to stop.
pub(super) async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    stopping: CancellationToken,
    tasks: TaskTracker,
) {
    let accepting = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let connection = connect(stream, Arc::clone(&shared));
                    let stopping = stopping.clone();
                    tasks.spawn(async move {
                        let _ = stopping.run_until_cancelled(connection).await;
                    });
                }
                // No more file descriptors, most likely: let some connections end first.
                Err(_) => wait(Duration::from_millis(50)).await,
            }
        }
    };
    let _: Option<Infallible> = stopping.run_until_cancelled(accepting).await;
}

async fn wait(duration: Duration) {
    let _: Result<Infallible, _> = timeout(duration, std::future::pending()).await;
}

async fn connect(stream: TcpStream, shared: Arc<Shared>) {
    // Without it an answer may wait 40 ms for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let line = Line::new(stream, Arc::clone(&shared));
    let track = Arc::clone(&line.track);
    let service =
        service_fn(move |request| serve(request, Arc::clone(&shared), Arc::clone(&track)));
    // An error here is a client's, or a fault that was asked for.
    let _ = server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEAD_MAX)
        .auto_date_header(false)
        .serve_connection(line, service)
        .await;
}

async fn serve(request: Request<Incoming>, shared: Arc<Shared>, track: Arc<Track>) -> Reply {
    if is_foreign(request.headers(), shared.port) {
        return Ok(plain(StatusCode::FORBIDDEN, "foreign Host or Origin"));
    }
    let Some(endpoint) = Endpoint::at(request.uri().path()) else {
        return Ok(plain(StatusCode::NOT_FOUND, "no such path"));
    };
    if !endpoint.methods().contains(&request.method().as_str()) {
        let mut refusal = plain(StatusCode::METHOD_NOT_ALLOWED, "another method is needed");
        let allowed = HeaderValue::from_str(&endpoint.methods().join(", "));
        refusal
            .headers_mut()
            .extend(allowed.ok().map(|allowed| (ALLOW, allowed)));
        return Ok(refusal);
    }
    let (head, body) = request.into_parts();
    let body = match collect(body, BODY_MAX).await {
        Ok(body) => body,
        Err(Uncollected::TooLong) => {
            return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"));
        }
        Err(Uncollected::TooSlow) => {
            return Ok(plain(StatusCode::REQUEST_TIMEOUT, "the body is too slow"));
        }
        Err(Uncollected::Broken) => return Err(CutOff),
    };
    let (exchange, authorized, fault) = shared.with(|state| arrive(state, endpoint, &head, &body));
    let presence = Presence::new(exchange, shared, track);
    meet(
        Call {
            endpoint,
            body,
            authorized,
        },
        presence,
        fault,
    )
    .await
}

/// A call that came in whole.
struct Call {
    endpoint: Endpoint,
    body: Bytes,
    authorized: bool,
}

fn arrive(
    state: &mut State,
    endpoint: Endpoint,
    head: &Parts,
    body: &[u8],
) -> (u64, bool, Option<Fault>) {
    let (exchange, nth, fault) = state.begin(endpoint);
    let authorized = !endpoint.needs_token() || state.account.admits(bearer(&head.headers));
    if state.observed() {
        let secrets = state.secrets();
        let position = if endpoint == Endpoint::GetUpdates {
            let cursor = read::<GetUpdatesRequest>(&text(body)).value.get_updates_buf;
            state.account.updates().locate(&cursor)
        } else {
            None
        };
        let target = head
            .uri
            .path_and_query()
            .map_or("", |target| target.as_str());
        let arrived = Event::Arrived {
            method: head.method.as_str().to_owned(),
            target: masked(target, &secrets),
            nth,
            headers: shown(&head.headers, &secrets),
            body: evidence(body, &secrets),
            authorized,
            position,
        };
        state.observe(exchange, arrived);
    }
    (exchange, authorized, fault)
}

/// Answers a call as its fault, if it has one, would have it.
async fn meet(call: Call, presence: Presence, fault: Option<Fault>) -> Reply {
    let Some(fault) = fault else {
        let (body, upto) = decide(&call, &presence, None).await;
        return Ok(json(body, upto, None, presence));
    };
    let is_poll = call.endpoint == Endpoint::GetUpdates;
    match fault {
        Fault::HttpStatus {
            status,
            retry_after_sec,
        } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let body = Bytes::from_static(b"simulated failure");
            let mut answer = whole(status, "text/plain", body, None, Some(fault), presence);
            let seconds = retry_after_sec.map(|seconds| (RETRY_AFTER, seconds.into()));
            answer.headers_mut().extend(seconds);
            Ok(answer)
        }
        Fault::Refuse {} | Fault::Reset {} => {
            presence.track.reset();
            cut(presence, fault)
        }
        Fault::Close {} => cut(presence, fault),
        Fault::LostAnswer {} => {
            if !is_poll {
                decide(&call, &presence, None).await;
            }
            cut(presence, fault)
        }
        Fault::DropMidBody {} => {
            let (body, length) = half(&IDLE);
            let mut answer = response(StatusCode::OK, "application/json", Payload::cut(body));
            answer.headers_mut().insert(CONTENT_LENGTH, length.into());
            let _ = cut(presence, fault);
            Ok(answer)
        }
        Fault::Stall { ms } => {
            wait(Duration::from_millis(ms)).await;
            let (body, upto) = decide(&call, &presence, None).await;
            Ok(json(body, upto, Some(fault), presence))
        }
        Fault::Drip { ms } => {
            let (body, upto) = decide(&call, &presence, None).await;
            drip(body, upto, ms, presence, fault).await
        }
        Fault::Html {} => {
            let page = Bytes::from_static(b"<!doctype html><title>Busy</title><p>Try again later.");
            Ok(whole(
                StatusCode::OK,
                "text/html",
                page,
                None,
                Some(fault),
                presence,
            ))
        }
        Fault::MalformedJson {} => Ok(json(
            Bytes::from_static(br#"{"ret":0,"msgs":[}"#),
            None,
            Some(fault),
            presence,
        )),
        Fault::TruncatedJson {} => {
            let (body, _) = half(&IDLE);
            Ok(json(body, None, Some(fault), presence))
        }
        Fault::EmptyBody {} => Ok(json(Bytes::new(), None, Some(fault), presence)),
        Fault::BusinessError {
            code,
            ref errmsg,
            shape,
        } => {
            let body = shape.refusal(code, errmsg.as_deref().unwrap_or_default());
            Ok(json(body.into(), None, Some(fault), presence))
        }
        Fault::NeverAnswer {} => std::future::pending().await,
        Fault::TruncateText { bytes } => {
            let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
            let (body, upto) = decide(&call, &presence, Some(bytes)).await;
            Ok(json(body, upto, Some(fault), presence))
        }
    }
}

async fn decide(
    call: &Call,
    presence: &Presence,
    truncate: Option<usize>,
) -> (Bytes, Option<Position>) {
    let Presence {
        exchange, shared, ..
    } = presence;
    if !call.authorized {
        return (desk::unauthorized().into(), None);
    }
    if call.endpoint == Endpoint::GetUpdates {
        let PollReply { body, upto } = poll(call, *exchange, shared).await;
        return (body.into(), upto);
    }
    let body = text(&call.body);
    let answer =
        shared.with(|state| desk::answer(state, *exchange, call.endpoint, &body, truncate));
    (answer.into(), None)
}

/// The long poll: answered at once, by what happens while it is held, or empty in the end.
async fn poll(call: &Call, exchange: u64, shared: &Shared) -> PollReply {
    let cursor = read::<GetUpdatesRequest>(&text(&call.body))
        .value
        .get_updates_buf;
    let mut held = match shared.with(|state| state.poll(exchange, &cursor)) {
        Ok(reply) => return reply,
        Err(held) => held,
    };
    if let Ok(Ok(reply)) = timeout(shared.hold, &mut held).await {
        return reply;
    }
    let ended = shared.with(|state| state.release(exchange));
    // What was said while the hold ran out is said all the same.
    ended
        .or_else(|| held.try_recv().ok())
        .unwrap_or_else(PollReply::nothing)
}

async fn drip(
    body: Bytes,
    upto: Option<Position>,
    ms: u64,
    presence: Presence,
    fault: Fault,
) -> Reply {
    let mut pace = tokio::time::interval(Duration::from_millis(ms.max(1)));
    pace.tick().await;
    note(&presence, StatusCode::OK, &body, upto, Some(fault));
    let payload = Payload::paced(&body, DRIPS, pace, presence);
    Ok(response(StatusCode::OK, "application/json", payload))
}

fn json(
    body: Bytes,
    upto: Option<Position>,
    fault: Option<Fault>,
    presence: Presence,
) -> Response<Payload> {
    whole(
        StatusCode::OK,
        "application/json",
        body,
        upto,
        fault,
        presence,
    )
}

fn whole(
    status: StatusCode,
    kind: &'static str,
    body: Bytes,
    upto: Option<Position>,
    fault: Option<Fault>,
    presence: Presence,
) -> Response<Payload> {
    note(&presence, status, &body, upto, fault);
    response(status, kind, Payload::whole(body, Some(presence)))
}

fn note(
    presence: &Presence,
    status: StatusCode,
    body: &Bytes,
    upto: Option<Position>,
    fault: Option<Fault>,
) {
    if upto.is_some() {
        presence.track.be_wary();
    }
    let answer = Answer {
        status: status.as_u16(),
        body: body.clone(),
        upto,
        fault,
    };
    presence
        .shared
        .with(|state| state.answer(presence.exchange, answer));
}

fn cut(mut presence: Presence, fault: Fault) -> Reply {
    presence
        .shared
        .with(|state| state.cut(presence.exchange, fault));
    presence.resolve();
    Err(CutOff)
}

/// An answer without messages, for faults that need something to spoil.
const IDLE: Bytes =
    Bytes::from_static(br#"{"ret":0,"msgs":[],"get_updates_buf":"","sync_buf":"","errmsg":""}"#);

fn half(body: &Bytes) -> (Bytes, u64) {
    let length = body.len();
    (body.slice(..length / 2), length as u64)
}

fn plain(status: StatusCode, text: &'static str) -> Response<Payload> {
    let payload = Payload::whole(Bytes::from_static(text.as_bytes()), None);
    let mut answer = response(status, "text/plain", payload);
    // What is left of the request is not worth reading.
    answer
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

fn response(status: StatusCode, kind: &'static str, payload: Payload) -> Response<Payload> {
    let mut response = Response::new(payload);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

enum Uncollected {
    TooLong,
    TooSlow,
    Broken,
}

async fn collect(mut body: Incoming, max: usize) -> Result<Bytes, Uncollected> {
    if body.size_hint().lower() > max as u64 {
        return Err(Uncollected::TooLong);
    }
    let collecting = async {
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map_err(|_| Uncollected::Broken)?.into_data() else {
                continue;
            };
            if whole.len() + piece.len() > max {
                return Err(Uncollected::TooLong);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    };
    timeout(PATIENCE, collecting)
        .await
        .unwrap_or(Err(Uncollected::TooSlow))
}

fn text(body: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(body)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether a web page elsewhere may be behind this request.
fn is_foreign(headers: &HeaderMap, port: u16) -> bool {
    let ours = |name: &str| matches!(name, "127.0.0.1" | "localhost" | "[::1]");
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) {
            name
        } else {
            host
        }
    });
    let origins = headers.get_all(ORIGIN).iter();
    let mut foreign = origins.filter(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        let address = origin
            .strip_prefix("http://")
            .and_then(|rest| rest.rsplit_once(':'));
        !address.is_some_and(|(name, at)| ours(name) && at == port.to_string())
    });
    !ours(name) || headers.get_all(HOST).iter().count() != 1 || foreign.next().is_some()
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
