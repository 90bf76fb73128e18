//! A bare HTTP client: sockets and text, so that nothing is forgiven on the way.

use std::io;
use std::sync::{Arc, Mutex};

use aios_wechat::simulator::{Event, Observation, Options, Simulator};
use aios_wechat::wire::Endpoint;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// An answer, as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// The value of a header field, by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// One connection.
pub(crate) struct Connection(BufStream<TcpStream>);

impl Connection {
    pub(crate) async fn open(port: u16) -> Self {
        Self::try_open(port).await.expect("the simulator listens")
    }

    pub(crate) async fn try_open(port: u16) -> io::Result<Self> {
        Ok(Self(BufStream::new(
            TcpStream::connect(("127.0.0.1", port)).await?,
        )))
    }

    /// Connects before a simulator on this thread gets a turn: it has yet to take the connection.
    pub(crate) fn open_unseen(port: u16) -> io::Result<Self> {
        let stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nonblocking(true)?;
        Ok(Self(BufStream::new(TcpStream::from_std(stream)?)))
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }

    /// The head of an answer, to its empty line.
    pub(crate) async fn read_head(&mut self) -> io::Result<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await?);
        }
        String::from_utf8(head).map_err(io::Error::other)
    }

    /// What the kernel has by the time there is anything.
    pub(crate) async fn read_once(&mut self) -> io::Result<String> {
        let mut received = vec![0; 64 << 10];
        let length = self.0.read(&mut received).await?;
        received.truncate(length);
        String::from_utf8(received).map_err(io::Error::other)
    }

    pub(crate) async fn read(&mut self) -> io::Result<Answer> {
        let head = self.read_head().await?;
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let mut answer = Answer {
            status: status.unwrap_or(0),
            head,
            body: Vec::new(),
        };
        let length = answer
            .header("content-length")
            .expect("every answer says its length");
        answer.body = vec![0; length.parse().expect("the length is a number")];
        self.0.read_exact(&mut answer.body).await?;
        Ok(answer)
    }

    /// All that comes, as text.
    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut received = Vec::new();
        // However the connection ends, what came before counts.
        let _ = self.0.read_to_end(&mut received).await;
        String::from_utf8_lossy(&received).into_owned()
    }
}

/// A simulator, what it observed, and how to call it.
pub(crate) struct WeChat {
    pub(crate) simulator: Simulator,
    pub(crate) seen: Arc<Mutex<Vec<Observation>>>,
    changed: watch::Receiver<usize>,
}

impl WeChat {
    pub(crate) async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(mut options: Options) -> Self {
        let seen: Arc<Mutex<Vec<Observation>>> = Arc::default();
        let (grown, changed) = watch::channel(0);
        let log = Arc::clone(&seen);
        options.observer = Some(Arc::new(move |observation| {
            let mut log = log.lock().unwrap();
            log.push(observation);
            grown.send_replace(log.len());
        }));
        let simulator = Simulator::start(options).await.expect("a port is free");
        Self {
            simulator,
            seen,
            changed,
        }
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .map(|observation| observation.event.clone())
            .collect()
    }

    /// Waits until the simulator has observed what is asked for.
    pub(crate) async fn until(&self, seen: impl Fn(&[Event]) -> bool) {
        let mut changed = self.changed.clone();
        while !seen(&self.events()) {
            changed.changed().await.expect("the simulator runs");
        }
    }

    /// Waits until that many polls are held.
    pub(crate) async fn until_parked(&self, polls: usize) {
        let mut changed = self.changed.clone();
        while self.simulator.parked().len() != polls {
            changed.changed().await.expect("the simulator runs");
        }
    }

    /// Waits until nobody can connect.
    pub(crate) async fn until_refused(&self) {
        while Connection::try_open(self.simulator.port()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn request(&self, endpoint: Endpoint, body: &Value) -> Vec<u8> {
        request(endpoint, &self.simulator.token(), &body.to_string())
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(self.simulator.port()).await
    }

    /// One call on a connection of its own.
    pub(crate) async fn try_call(&self, endpoint: Endpoint, body: &Value) -> io::Result<Answer> {
        let mut connection = self.connect().await;
        connection.write(&self.request(endpoint, body)).await?;
        connection.read().await
    }

    pub(crate) async fn call(&self, endpoint: Endpoint, body: &Value) -> Value {
        self.try_call(endpoint, body)
            .await
            .expect("an answer")
            .json()
    }

    pub(crate) async fn poll(&self, cursor: &str) -> Value {
        self.call(Endpoint::GetUpdates, &json!({"get_updates_buf": cursor}))
            .await
    }

    pub(crate) async fn send(&self, to: &str, text: &str, token: &str, client_id: &str) -> Value {
        self.call(Endpoint::SendMessage, &outgoing(to, text, token, client_id))
            .await
    }
}

/// The bytes of a call.
pub(crate) fn request(endpoint: Endpoint, token: &str, body: &str) -> Vec<u8> {
    let (path, length) = (endpoint.path(), body.len());
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\
         AuthorizationType: ilink_bot_token\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The body of a `sendmessage`.
pub(crate) fn outgoing(to: &str, text: &str, context_token: &str, client_id: &str) -> Value {
    json!({"msg": {
        "from_user_id": "", "to_user_id": to, "client_id": client_id,
        "message_type": 2, "message_state": 2, "context_token": context_token,
        "item_list": [{"type": 1, "text_item": {"text": text}}],
    }})
}

/// The texts of a batch.
pub(crate) fn texts(answer: &Value) -> Vec<&str> {
    let messages = answer["msgs"].as_array().expect("a batch").iter();
    messages
        .filter_map(|message| message["item_list"][0]["text_item"]["text"].as_str())
        .collect()
}

/// The cursor that an answer gives.
pub(crate) fn cursor(answer: &Value) -> &str {
    answer["get_updates_buf"].as_str().expect("a cursor")
}
