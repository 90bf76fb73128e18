//! The iLink HTTP client. A call has its connection for itself, so that a send never waits for a
//! held poll.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::transport::{Failure, Transport};
use crate::wire::{
    APP_CLIENT_VERSION, APP_ID, APP_ID_BOT, AUTHORIZATION_TYPE, Acknowledgement, Answer, BOT_TOKEN,
    BaseInfo, Endpoint, GetConfigRequest, GetConfigResponse, GetUpdatesRequest, GetUpdatesResponse,
    SendMessageRequest, SendMessageResponse, SendTypingRequest, UIN, WeixinMessage, client_version,
    random_uin, read,
};

/// WeChat holds a poll for at most 35 s; silence beyond this is a failure.
const POLL_PATIENCE: Duration = Duration::from_secs(45);
/// Every other call is answered at once. A send given up too early does no harm: its repeat carries
/// the same `client_id`.
const CALL_PATIENCE: Duration = Duration::from_secs(2);
/// No answer is longer: 256 messages of 16 KiB, and as much again for what surrounds them.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// WeChat, reached over plain HTTP.
pub struct Client {
    authority: String,
    host: String,
    port: u16,
    prefix: String,
    token: String,
    /// A connection on which nothing is under way.
    idle: Mutex<Option<Line>>,
}

impl Client {
    /// A client of the account that `token` stands for, at a base URL such as
    /// `http://127.0.0.1:40123`. `None` if the URL is not of that form.
    #[must_use]
    pub fn new(base_url: &str, token: &str) -> Option<Self> {
        let url: Uri = base_url.parse().ok()?;
        if url.scheme_str() != Some("http") {
            return None;
        }
        Some(Self {
            authority: url.authority()?.to_string(),
            host: url.host()?.trim_matches(['[', ']']).to_owned(),
            port: url.port_u16().unwrap_or(80),
            prefix: url.path().trim_end_matches('/').to_owned(),
            token: token.to_owned(),
            idle: Mutex::default(),
        })
    }

    async fn call<A: Answer + DeserializeOwned + Default>(
        &self,
        endpoint: Endpoint,
        body: &impl Serialize,
        patience: Duration,
        sent: &(dyn Fn() + Sync),
    ) -> Result<A, Failure> {
        let request = self.request(endpoint, body)?;
        let text = timeout(patience, self.exchange(request, sent))
            .await
            .map_err(|_| Failure::Timeout)??;
        understand(&text)
    }

    fn request(
        &self,
        endpoint: Endpoint,
        body: &impl Serialize,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let body = serde_json::to_vec(body).map_err(|_| Failure::Malformed)?;
        Request::post(format!("{}{}", self.prefix, endpoint.path()))
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(AUTHORIZATION_TYPE, BOT_TOKEN)
            .header(UIN, random_uin(fastrand::u32(..)))
            .header(APP_ID, APP_ID_BOT)
            .header(APP_CLIENT_VERSION, client_version(0, 1, 0))
            .body(Full::from(body))
            .map_err(|_| Failure::Connection) // a token that no header can carry
    }

    /// One request and its answer. A connection is kept for the next call once its answer was read
    /// whole, and ends with this future otherwise.
    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        sent: &(dyn Fn() + Sync),
    ) -> Result<String, Failure> {
        let kept = self.idle().take().and_then(Line::if_open);
        let mut line = match kept {
            Some(line) => line,
            None => self.connect().await?,
        };
        let answer = line.exchange(request, sent).await?;
        *self.idle() = Some(line);
        Ok(answer)
    }

    fn idle(&self) -> MutexGuard<'_, Option<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self) -> Result<Line, Failure> {
        let address = (self.host.as_str(), self.port);
        let stream = TcpStream::connect(address)
            .await
            .map_err(|_| Failure::Connection)?;
        // It ends when nobody wants an answer any more. Thousands of connections that the kernel
        // keeps for packets that come late make every new port dear.
        let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
        Ok(Line { sender, connection })
    }
}

/// A connection to WeChat.
struct Line {
    sender: SendRequest<Full<Bytes>>,
    connection: http1::Connection<TokioIo<TcpStream>, Full<Bytes>>,
}

impl Line {
    /// The connection, unless WeChat has ended it meanwhile.
    fn if_open(mut self) -> Option<Self> {
        let ended = (&mut self.connection).now_or_never().is_some();
        (!ended && self.sender.is_ready()).then_some(self)
    }

    async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        sent: &(dyn Fn() + Sync),
    ) -> Result<String, Failure> {
        let Self { sender, connection } = self;
        let (mut open, mut told) = (true, false);
        let mut answer = pin!(async {
            let response = sender.send_request(request).await.map_err(lost)?;
            receive(response).await
        });
        poll_fn(|context| {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            if open {
                // The first turn of the connection writes the request; later ones read the answer.
                open = connection.poll_unpin(context).is_pending();
                if !told {
                    told = true;
                    sent();
                }
            }
            answer.as_mut().poll(context)
        })
        .await
    }
}

fn lost(_: hyper::Error) -> Failure {
    Failure::Connection
}

async fn receive(response: Response<hyper::body::Incoming>) -> Result<String, Failure> {
    if response.status() != StatusCode::OK {
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let seconds = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        return Err(Failure::Status {
            retry_after: seconds.map(Duration::from_secs),
        });
    }
    let body = Limited::new(response.into_body(), LONGEST_ANSWER);
    let body = body.collect().await.map_err(|_| Failure::Connection)?;
    Ok(well_formed(&body.to_bytes()))
}

/// `bytes` as text. An ill-formed sequence is carried on as a lone surrogate, which JSON can spell
/// and no string can hold: so it spoils only the message it stands in.
fn well_formed(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push_str(r"\ud800");
        }
    }
    text
}

fn understand<A: Answer + DeserializeOwned + Default>(text: &str) -> Result<A, Failure> {
    let reading = read::<A>(text);
    if let Some(refusal) = reading.value.refusal() {
        return Err(Failure::Refused(refusal));
    }
    reading.whole().ok_or(Failure::Malformed)
}

fn base_info() -> BaseInfo {
    BaseInfo {
        channel_version: env!("CARGO_PKG_VERSION").to_owned(),
        bot_agent: concat!("aios-wechat/", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}

fn nobody_waits() {}

impl Transport for Client {
    fn get_updates<'a>(
        &'a self,
        cursor: &'a str,
        sent: &'a (dyn Fn() + Sync),
    ) -> BoxFuture<'a, Result<GetUpdatesResponse, Failure>> {
        async move {
            let body = GetUpdatesRequest {
                get_updates_buf: cursor.to_owned(),
                base_info: base_info(),
            };
            self.call(Endpoint::GetUpdates, &body, POLL_PATIENCE, sent)
                .await
        }
        .boxed()
    }

    fn send_message(
        &self,
        msg: WeixinMessage,
    ) -> BoxFuture<'_, Result<SendMessageResponse, Failure>> {
        async move {
            let body = SendMessageRequest {
                msg,
                base_info: base_info(),
            };
            self.call(Endpoint::SendMessage, &body, CALL_PATIENCE, &nobody_waits)
                .await
        }
        .boxed()
    }

    fn get_config<'a>(
        &'a self,
        peer: &'a str,
        context_token: Option<&'a str>,
    ) -> BoxFuture<'a, Result<GetConfigResponse, Failure>> {
        async move {
            let body = GetConfigRequest {
                ilink_user_id: peer.to_owned(),
                context_token: context_token.unwrap_or_default().to_owned(),
                base_info: base_info(),
            };
            self.call(Endpoint::GetConfig, &body, CALL_PATIENCE, &nobody_waits)
                .await
        }
        .boxed()
    }

    fn send_typing<'a>(
        &'a self,
        peer: &'a str,
        ticket: &'a str,
        status: i64,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        async move {
            let body = SendTypingRequest {
                ilink_user_id: peer.to_owned(),
                typing_ticket: ticket.to_owned(),
                status,
                base_info: base_info(),
            };
            self.call::<Acknowledgement>(Endpoint::SendTyping, &body, CALL_PATIENCE, &nobody_waits)
                .await
                .map(drop)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{Shutdown, TcpListener};
    use std::thread;

    use super::*;
    use crate::wire::{Raw, Refusal};

    #[test]
    fn a_base_url_is_taken_with_or_without_a_slash_and_only_as_plain_http() {
        let client = |url| Client::new(url, "t").map(|it| (it.host, it.port, it.prefix));
        let loopback = Some(("127.0.0.1".to_owned(), 40123, String::new()));
        assert_eq!(client("http://127.0.0.1:40123"), loopback);
        assert_eq!(client("http://127.0.0.1:40123/"), loopback);
        assert_eq!(
            client("http://[::1]:1/a/"),
            Some(("::1".into(), 1, "/a".into()))
        );
        assert_eq!(client("https://127.0.0.1:40123"), None);
        assert_eq!(client("nonsense"), None);
    }

    #[test]
    fn only_a_json_object_without_a_code_is_a_success() {
        let judge = |text| understand::<Acknowledgement>(text).map(drop);
        assert_eq!(judge("{}"), Ok(()));
        assert_eq!(judge(r#"{"ret":0,"errcode":0}"#), Ok(()));
        for malformed in ["", "<html>", "[]", "{", r#"{"ret":"0"}"#] {
            assert_eq!(judge(malformed), Err(Failure::Malformed), "{malformed}");
        }
        for refused in [
            r#"{"ret":-14}"#,
            r#"{"errcode":-14}"#,
            r#"{"ret":-14,"errcode":-14}"#,
        ] {
            let refusal = Refusal {
                code: Refusal::SESSION_EXPIRED,
                errmsg: String::new(),
            };
            assert_eq!(judge(refused), Err(Failure::Refused(refusal)));
        }
    }

    #[tokio::test]
    async fn a_kept_connection_that_wechat_has_ended_is_not_used_again() {
        let wechat = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", wechat.local_addr().unwrap());
        let (ended, first_has_ended) = tokio::sync::oneshot::channel();
        let serving = thread::spawn(move || {
            let answer_one = || {
                let (mut line, _) = wechat.accept().unwrap();
                assert_ne!(line.read(&mut [0; 4096]).unwrap(), 0);
                line.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                    .unwrap();
                // Closing is not enough: a child that another test just starts may hold it, too.
                line.shutdown(Shutdown::Both).unwrap();
            };
            answer_one();
            ended.send(()).unwrap();
            answer_one();
        });
        let client = Client::new(&url, "t").unwrap();
        assert_eq!(client.send_typing("ann", "ticket", 1).await, Ok(()));
        assert!(client.idle().is_some());
        first_has_ended.await.unwrap();
        tokio::task::yield_now().await; // the event loop hears of it
        assert_eq!(client.send_typing("ann", "ticket", 2).await, Ok(()));
        serving.join().unwrap();
    }

    #[test]
    fn ill_formed_bytes_spoil_only_the_message_they_stand_in() {
        let body = b"{\"msgs\":[{\"client_id\":\"\xff\xfe\"},{\"client_id\":\"good\"}]}";
        let batch: GetUpdatesResponse = understand(&well_formed(body)).unwrap();
        let read: Vec<_> = batch.msgs.iter().map(Raw::read::<WeixinMessage>).collect();
        assert_eq!(read[0].faults, ["client_id"]);
        assert_eq!(read[1].value.client_id, "good");
    }
}
