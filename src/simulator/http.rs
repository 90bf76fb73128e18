//! The HTTP shell: connections, what is let in, and how it is read. Decides nothing.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::{
    ALLOW, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    ORIGIN,
};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri, server};
use hyper_util::rt::TokioTimer;
use socket2::{Domain, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer;
use super::cdn::FILE_MAX;
use super::control;
use super::line::{Line, Track};
use super::observation::TurnedAway;
use super::payload::{CutOff, Payload, Presence};
use super::query::Query;
use super::state::Shared;
use crate::wire::{Endpoint, ciphertext_len};

/// The longest body of a call, in bytes.
const BODY_MAX: u64 = 1 << 20;
/// The longest head of a call, in bytes.
const HEAD_MAX: usize = 64 << 10;
/// Room for the bodies that are being read at a time, in KiB.
pub(super) const ROOM: usize = 128 << 10;
/// The beginning of a body that needs none of it, in bytes: all that most calls have.
const ROOMLESS: usize = 16 << 10;
/// Says where a browser's request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Says what a browser wants with it.
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// What the shell says to a request.
pub(super) type Outcome = Result<Response<Payload>, CutOff>;

/// How long a door stays shut that opens by itself.
const SHUT: Duration = Duration::from_millis(500);

/// Whether connections are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// They are.
    Open,
    /// They are refused for half a second.
    Slammed,
    /// They are refused.
    Shut,
}

/// A port of our own. The first socket holds it, also while nobody listens.
pub(super) struct Port {
    _holder: Socket,
    pub(super) address: SocketAddr,
}

impl Port {
    /// Takes a port of the loopback address; 0 for any.
    pub(super) fn take(port: u16) -> io::Result<Self> {
        let holder = bound((Ipv4Addr::LOCALHOST, port).into())?;
        let address = holder
            .local_addr()?
            .as_socket()
            .ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self {
            _holder: holder,
            address,
        })
    }

    /// Listens.
    pub(super) fn listen(&self) -> io::Result<TcpListener> {
        let socket = bound(self.address)?;
        socket.listen(4096)?;
        TcpListener::from_std(socket.into())
    }
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Takes connections while the door is open, until it is told to stop.
pub(super) fn accept(
    port: Port,
    mut listener: TcpListener,
    shared: Arc<Shared>,
    stopping: CancellationToken,
    tasks: TaskTracker,
) -> impl Future<Output = ()> + Send {
    // Before anything else: the door may move before this future runs.
    let mut door = shared.door.subscribe();
    async move {
        let accepting = async {
            loop {
                let visitors = stopping.child_token();
                take(&listener, &shared, &visitors, &tasks, &mut door).await;
                // Closing is not enough: a child that is just being started may hold it, too.
                let _ = SockRef::from(&listener).shutdown(Shutdown::Both);
                drop(listener);
                // It was shut, if perhaps for no time at all.
                if *door.borrow() != Door::Slammed {
                    visitors.cancel();
                }
                listener = reopen(&port, &shared, &mut door).await;
            }
        };
        let _: Option<Infallible> = stopping.run_until_cancelled(accepting).await;
    }
}

/// Takes connections until the door moves.
async fn take(
    listener: &TcpListener,
    shared: &Arc<Shared>,
    visitors: &CancellationToken,
    tasks: &TaskTracker,
    door: &mut watch::Receiver<Door>,
) {
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let Ok(seat) = Arc::clone(&shared.seats).try_acquire_owned() else {
                        shared.turn_away("a connection", TurnedAway::TooMany);
                        continue;
                    };
                    let connection = connect(stream, Arc::clone(shared), seat);
                    tasks.spawn(visitors.clone().run_until_cancelled_owned(connection));
                }
                // No more file descriptors, most likely: let some connections end first.
                Err(_) => pause(Duration::from_millis(50)).await,
            },
            _ = door.changed() => return,
        }
    }
}

/// Waits until the door is open again.
async fn reopen(port: &Port, shared: &Shared, door: &mut watch::Receiver<Door>) -> TcpListener {
    loop {
        let now = *door.borrow_and_update();
        match now {
            Door::Shut => {
                // An error would mean that the simulator is gone, and this task with it.
                let _ = door.changed().await;
            }
            Door::Slammed => {
                pause(SHUT).await;
                shared.open_again();
            }
            Door::Open => match port.listen() {
                Ok(listener) => return listener,
                Err(_) => pause(Duration::from_millis(50)).await,
            },
        }
    }
}

/// Real time passes.
pub(super) async fn pause(duration: Duration) {
    let _: Result<Infallible, _> = timeout(duration, std::future::pending()).await;
}

async fn connect(stream: TcpStream, shared: Arc<Shared>, _seat: OwnedSemaphorePermit) {
    // Without it an answer may wait 40 ms for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let line = Line::new(stream, Arc::clone(&shared));
    let track = line.track();
    let patience = shared.patience;
    let service =
        service_fn(move |request| serve(request, Arc::clone(&shared), Arc::clone(&track)));
    let conversation = server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_MAX)
        .auto_date_header(false)
        .serve_connection(line.clone(), service);
    // An error here is a client's, or a fault that was asked for.
    line.carry(conversation).await;
}

async fn serve(request: Request<Incoming>, shared: Arc<Shared>, track: Arc<Track>) -> Outcome {
    let (head, body) = request.into_parts();
    let turn_away = |why| {
        shared.turn_away(&format!("{} {}", head.method, head.uri), why);
        refusal(why)
    };
    if is_foreign(&head.uri, &head.headers, shared.port) {
        return Ok(turn_away(TurnedAway::Foreign));
    }
    if is_packed(&head.headers) {
        return Ok(turn_away(TurnedAway::Packed));
    }
    if shared.is_controlled() && control::is_mine(head.uri.path()) {
        return drive(head, body, shared).await;
    }
    let Some(endpoint) = Endpoint::at(head.uri.path()) else {
        return Ok(turn_away(TurnedAway::NoSuchPath));
    };
    if !endpoint.methods().contains(&head.method.as_str()) {
        let mut refusal = turn_away(TurnedAway::OtherMethod);
        let allowed = HeaderValue::from_str(&endpoint.methods().join(", "));
        refusal
            .headers_mut()
            .extend(allowed.ok().map(|allowed| (ALLOW, allowed)));
        return Ok(refusal);
    }
    let max = if endpoint == Endpoint::CdnUpload {
        ciphertext_len(FILE_MAX)
    } else {
        BODY_MAX
    };
    let Collected { body, room } = match collect(body, max, &shared).await {
        Ok(collected) => collected,
        Err(Uncollected::TurnedAway(why)) => return Ok(turn_away(why)),
        Err(Uncollected::Broken) => return Err(CutOff),
    };
    let arrival = shared.with(|state| answer::arrive(state, endpoint, &head, body));
    // Of a poll, which may be held for long, only the cursor is kept.
    let _room = room.filter(|_| endpoint != Endpoint::GetUpdates);
    let presence = Presence::new(arrival.call.exchange, shared, track);
    answer::meet(arrival, presence).await
}

/// Somebody drives WeChat from outside.
async fn drive(head: Parts, body: Incoming, shared: Arc<Shared>) -> Outcome {
    let Collected { body, room: _room } = match collect(body, BODY_MAX, &shared).await {
        Ok(collected) => collected,
        Err(Uncollected::TurnedAway(why)) => return Ok(refusal(why)),
        Err(Uncollected::Broken) => return Err(CutOff),
    };
    let path = head.uri.path().to_owned();
    let query = Query::parse(head.uri.query().unwrap_or_default());
    Ok(control::serve(
        control::Request {
            method: head.method,
            path,
            query,
            body,
        },
        shared,
    )
    .await)
}

/// A refusal that is none of WeChat's business.
fn refusal(why: TurnedAway) -> Response<Payload> {
    let status = match why {
        TurnedAway::Foreign => StatusCode::FORBIDDEN,
        TurnedAway::Packed => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        TurnedAway::NoSuchPath => StatusCode::NOT_FOUND,
        TurnedAway::OtherMethod => StatusCode::METHOD_NOT_ALLOWED,
        TurnedAway::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        TurnedAway::TooSlow => StatusCode::REQUEST_TIMEOUT,
        TurnedAway::NoRoom | TurnedAway::TooMany => StatusCode::SERVICE_UNAVAILABLE,
    };
    let text = Bytes::from_static(why.words().as_bytes());
    let mut answer = response(status, "text/plain", Payload::whole(text, None));
    // What is left of the request is not worth reading.
    answer
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// A response with this body.
pub(super) fn response(
    status: StatusCode,
    kind: &'static str,
    payload: Payload,
) -> Response<Payload> {
    let mut response = Response::new(payload);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Why there is no body.
enum Uncollected {
    TurnedAway(TurnedAway),
    /// The connection failed.
    Broken,
}

impl From<TurnedAway> for Uncollected {
    fn from(why: TurnedAway) -> Self {
        Self::TurnedAway(why)
    }
}

/// A body, and the room it takes.
struct Collected {
    body: Bytes,
    room: Option<OwnedSemaphorePermit>,
}

async fn collect(mut body: Incoming, max: u64, shared: &Shared) -> Result<Collected, Uncollected> {
    if body.size_hint().lower() > max {
        return Err(TurnedAway::TooLong.into());
    }
    let collecting = async {
        // Mostly there is one piece, and it need not be copied.
        let (mut whole, mut rest) = (Bytes::new(), BytesMut::new());
        let mut room: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map_err(|_| Uncollected::Broken)?.into_data() else {
                continue;
            };
            let length = whole.len() + rest.len() + piece.len();
            if length as u64 > max {
                return Err(TurnedAway::TooLong.into());
            }
            make_room(&mut room, length, shared)?;
            if length == piece.len() {
                whole = piece;
            } else {
                rest.extend_from_slice(&std::mem::take(&mut whole));
                rest.extend_from_slice(&piece);
            }
        }
        let body = if rest.is_empty() {
            whole
        } else {
            rest.freeze()
        };
        Ok(Collected { body, room })
    };
    let collected = timeout(shared.patience, collecting).await;
    collected.unwrap_or(Err(TurnedAway::TooSlow.into()))
}

/// Takes the room that a body of this length needs beyond what it has.
fn make_room(
    room: &mut Option<OwnedSemaphorePermit>,
    length: usize,
    shared: &Shared,
) -> Result<(), TurnedAway> {
    let needed = length.saturating_sub(ROOMLESS).div_ceil(1 << 10);
    let had = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
    let Some(more) = needed.checked_sub(had).filter(|more| *more > 0) else {
        return Ok(());
    };
    let more = u32::try_from(more).map_err(|_| TurnedAway::NoRoom)?;
    let more = Arc::clone(&shared.room).try_acquire_many_owned(more);
    let more = more.map_err(|_| TurnedAway::NoRoom)?;
    match room {
        Some(room) => room.merge(more),
        None => *room = Some(more),
    }
    Ok(())
}

/// Whether a body would have to be unpacked first. No client packs one.
fn is_packed(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Whether a web page elsewhere may be behind this request. A browser says so in `Origin` or in
/// `Sec-Fetch-Site`; one that was led here under a foreign name says that name. Following a link to
/// our page is nobody's attack.
fn is_foreign(uri: &Uri, headers: &HeaderMap, port: u16) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return true;
    };
    let is_there = |name: &HeaderName, values: &[&str]| {
        let mut given = headers.get_all(name).iter();
        given.all(|given| values.iter().any(|value| given == value))
    };
    let followed = headers.contains_key(FETCH_DEST) && is_there(&FETCH_DEST, &["document"]);
    !is_host_ours(host.to_str().unwrap_or_default())
        || uri
            .authority()
            .is_some_and(|authority| !is_host_ours(authority.as_str()))
        || !(followed || is_there(&FETCH_SITE, &["same-origin", "none"]))
        || !headers
            .get_all(ORIGIN)
            .iter()
            .all(|origin| is_own(origin, port))
}

fn is_host_ours(host: &str) -> bool {
    is_ours(match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    })
}

fn is_ours(name: &str) -> bool {
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

fn is_own(origin: &HeaderValue, port: u16) -> bool {
    let address = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.strip_prefix("http://"));
    let parts = address.and_then(|address| address.rsplit_once(':'));
    parts.is_some_and(|(name, at)| is_ours(name) && at == port.to_string())
}
