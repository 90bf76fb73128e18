//! A small WeChat adapter for AIOS: JSON-RPC lines on stdin and stdout, HTTP to WeChat.
//!
//! It forwards the texts of people who are admitted, and brings AIOS's answers to them. README.md
//! says how to judge it and what to add next.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// A request that is answered with an error: the `error` of JSON-RPC.
type Refused = Value;

/// What `start` was given.
struct Setup {
    auth: Value,
    policy: Value,
    route: Value,
    token: String,
    bot: String,
    wechat: String,
    position: PathBuf,
}

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Fresh,
    Greeted,
    Started,
    Stopped,
}

struct Adapter {
    phase: Mutex<Phase>,
    health: Mutex<&'static str>,
    setup: OnceLock<Setup>,
    /// Who waits for AIOS's answer to an event, by request id.
    replies: Mutex<HashMap<String, mpsc::Sender<Value>>>,
    /// The context token that each message came with.
    contexts: Mutex<HashMap<String, String>>,
    stream: String,
    seq: AtomicU64,
    /// Held while a batch is on its way to AIOS.
    batch: Mutex<()>,
    /// The connection of a poll, so that a stop can end it.
    held: Mutex<Option<TcpStream>>,
}

fn invalid(pointer: &str, message: &str) -> Refused {
    json!({"code": -32602, "message": message, "data": {"pointer": pointer, "message": message}})
}

fn require(document: &Value, pointer: &str, members: &[&str]) -> Result<(), Refused> {
    match members.iter().find(|member| document[**member].is_null()) {
        None => Ok(()),
        Some(member) => Err(invalid(pointer, &format!("`{member}` is missing"))),
    }
}

/// Every message on one line, flushed; logs go to stderr.
fn write(message: &Value) {
    let mut out = io::stdout().lock();
    if writeln!(out, "{message}")
        .and_then(|()| out.flush())
        .is_err()
    {
        std::process::exit(1); // nobody listens any more
    }
}

impl Adapter {
    fn is(&self, phase: Phase) -> bool {
        *self.phase.lock().unwrap() == phase
    }

    fn answer(self: &Arc<Self>, request: &Value) {
        let method = request["method"].as_str().unwrap_or_default();
        let mut answer = json!({"jsonrpc": "2.0", "id": request["id"]});
        match self.call(method, &request["params"]) {
            Ok(result) => answer["result"] = result,
            Err(refused) => answer["error"] = refused,
        }
        write(&answer);
    }

    // --- what AIOS asks ---

    fn call(self: &Arc<Self>, method: &str, params: &Value) -> Result<Value, Refused> {
        let early = method != "initialize" && self.is(Phase::Fresh)
            || ["act", "audit"].contains(&method) && !self.is(Phase::Started);
        match method {
            "initialize" | "start" | "act" | "health" | "audit" | "stop" if early => {
                Err(json!({"code": -32004, "message": "not started"}))
            }
            "initialize" => self.initialize(params),
            "start" => self.start(params),
            "act" => Ok(self.act(params)),
            "health" => Ok(json!({"health": *self.health.lock().unwrap(), "recent_errors": []})),
            "audit" => {
                let setup = self.setup();
                Ok(json!({"auth": setup.auth, "policy": setup.policy}))
            }
            "stop" => {
                {
                    let mut phase = self.phase.lock().unwrap();
                    if *phase == Phase::Started {
                        *phase = Phase::Stopped;
                    }
                }
                *self.health.lock().unwrap() = "stopped";
                if let Some(poll) = &*self.held.lock().unwrap() {
                    let _ = poll.shutdown(Shutdown::Both); // it may have ended by itself
                }
                Ok(json!({}))
            }
            _ => Err(json!({"code": -32601, "message": "no such method"})),
        }
    }

    fn initialize(&self, params: &Value) -> Result<Value, Refused> {
        if params["protocol_version"] != 1 {
            let data = json!({"supported": [1]});
            return Err(
                json!({"code": -32005, "message": "only version 1 is spoken", "data": data}),
            );
        }
        let mut phase = self.phase.lock().unwrap();
        if *phase == Phase::Fresh {
            *phase = Phase::Greeted;
        }
        Ok(json!({"protocol_version": 1, "capabilities": {
            "adapter_id": "my-adapter", "adapter_version": "0.1.0", "supported_targets": ["wechat"],
            "supported_features": ["message"], "health": "stopped",
        }}))
    }

    fn start(self: &Arc<Self>, params: &Value) -> Result<Value, Refused> {
        if !self.is(Phase::Greeted) {
            return Err(json!({"code": -32003, "message": "already started"}));
        }
        let document = &params["integration"];
        let members = [
            "channel_id",
            "channel_type",
            "target",
            "enabled",
            "auth",
            "config",
            "route",
        ];
        require(document, "/integration", &members)?;
        require(
            &document["route"],
            "/integration/route",
            &["workspace_id", "agent_id"],
        )?;
        if !["polling", ""].contains(&document["config"]["transport_mode"].as_str().unwrap_or("")) {
            return Err(invalid(
                "/integration/config/transport_mode",
                "v0 only polls",
            ));
        }
        let mut policy =
            json!({"owner_only": false, "pairing_required": false, "dedup_window_sec": 3600});
        for (name, value) in document["policy"].as_object().into_iter().flatten() {
            policy[name] = value.clone();
        }
        if policy["pairing_required"] == true {
            return Err(invalid(
                "/integration/policy/pairing_required",
                "not supported",
            ));
        }
        let account = &params["secrets"][document["auth"]["credential_ref"].as_str().unwrap_or("")];
        if account.is_null() {
            return Err(invalid(
                "/integration/auth/credential_ref",
                "no such secret",
            ));
        }
        let cursor_key = text(&document["config"]["cursor_key"]);
        let setup = Setup {
            auth: document["auth"].clone(),
            policy,
            route: document["route"].clone(),
            token: text(&account["token"]),
            bot: text(&account["bot_id"]),
            wechat: text(&params["transport"]["base_url"]).replace("http://", ""),
            position: PathBuf::from(text(&params["state_dir"])).join(cursor_key),
        };
        let _ = self.setup.set(setup); // a good start comes once
        *self.phase.lock().unwrap() = Phase::Started;
        if document["enabled"] == true {
            let (sent, on_the_wire) = mpsc::channel();
            let adapter = Arc::clone(self);
            thread::spawn(move || adapter.poll(&sent));
            let _ = on_the_wire.recv();
        }
        Ok(json!({}))
    }

    fn setup(&self) -> &Setup {
        self.setup.get().expect("asked only after a good start")
    }

    fn act(&self, action: &Value) -> Value {
        let payload = &action["payload"];
        let receipt = |status: &str, sent: u64, total: u64, ids: &[Value], code: &str| {
            let mut receipt = json!({
                "message_id": action["message_id"], "correlation_id": action["correlation_id"],
                "status_code": status, "chunks_sent": sent, "chunks_total": total, "wechat_message_ids": ids,
            });
            if !code.is_empty() {
                receipt["error_code"] = code.into();
            }
            receipt
        };
        let reply_to = payload["reply_to"].as_str().unwrap_or_default();
        let context = self.contexts.lock().unwrap().get(reply_to).cloned();
        if action["event_type"] != "message" && action["event_type"] != "error" {
            return receipt("rejected", 0, 0, &[], "unsupported");
        }
        if !self.admits(&payload["recipient"]) {
            return receipt("rejected", 0, 0, &[], "access_denied");
        }
        let Some(context) = context else {
            return receipt("rejected", 0, 0, &[], "context_unavailable");
        };
        let message = json!({
            "to_user_id": payload["recipient"], "client_id": digest(&[&text(&action["message_id"])]),
            "message_type": 2, "message_state": 2, "context_token": context,
            "item_list": [{"type": 1, "text_item": {"text": payload["text"]}}],
        });
        match self.wechat("sendmessage", &json!({"msg": message}), || {}) {
            Err(_) => receipt("unreachable", 0, 1, &[], "connect_failed"),
            Ok(answer) if refuses(&answer) => receipt("rejected", 0, 1, &[], "wechat_error"),
            Ok(answer) => receipt(
                "delivered",
                1,
                1,
                &[answer["message_id"].to_string().into()],
                "",
            ),
        }
    }

    // --- what WeChat brings ---

    /// One call, on a connection of its own.
    fn wechat(&self, name: &str, body: &Value, sent: impl Fn()) -> io::Result<Value> {
        let (setup, body) = (self.setup(), body.to_string());
        let mut wechat = TcpStream::connect(&setup.wechat)?;
        wechat.set_read_timeout(Some(Duration::from_secs(60)))?;
        if name == "getupdates" {
            let mut held = self.held.lock().unwrap();
            if !self.is(Phase::Started) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            *held = Some(wechat.try_clone()?);
        }
        write!(
            wechat,
            "POST /ilink/bot/{name} HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            setup.wechat,
            setup.token,
            body.len(),
        )?;
        sent();
        let mut answer = String::new();
        wechat.read_to_string(&mut answer)?;
        let (head, body) = answer
            .split_once("\r\n\r\n")
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        if !head.contains(" 200 ") {
            return Err(io::ErrorKind::Other.into());
        }
        Ok(serde_json::from_str(body)?)
    }

    fn poll(&self, sent: &mpsc::Sender<()>) {
        let on_the_wire = || {
            let _ = sent.send(()); // only the first is waited for
        };
        let position = &self.setup().position;
        let mut cursor = std::fs::read_to_string(position).unwrap_or_default(); // there is none at first
        while self.is(Phase::Started) {
            let answer = self.wechat(
                "getupdates",
                &json!({"get_updates_buf": cursor}),
                on_the_wire,
            );
            let Some(answer) = answer.ok().filter(|answer| !refuses(answer)) else {
                self.feel("degraded");
                on_the_wire();
                thread::sleep(Duration::from_secs(1));
                continue;
            };
            self.feel("healthy");
            let _batch = self.batch.lock().unwrap();
            let messages = answer["msgs"].as_array().into_iter().flatten();
            // Said by a person, finished, and not recalled.
            let mut said = messages.filter(|message| {
                let recalled = message["delete_time_ms"].as_i64().is_some_and(|at| at > 0);
                message["message_type"] == 1 && message["message_state"] != 1 && !recalled
            });
            if !said.all(|message| self.forward(message)) {
                continue;
            }
            // AIOS has settled the whole batch: only now the position moves.
            cursor = text(&answer["get_updates_buf"]);
            if std::fs::write(position, &cursor).is_err() {
                eprintln!("the position cannot be kept");
            }
        }
    }

    /// Notes how the channel is while it runs.
    fn feel(&self, health: &'static str) {
        if self.is(Phase::Started) {
            *self.health.lock().unwrap() = health;
        }
    }

    fn forward(&self, message: &Value) -> bool {
        let (sender, id) = (
            text(&message["from_user_id"]),
            message["message_id"].to_string(),
        );
        let item = &message["item_list"][0];
        let is_text = item["type"] == 1 && message["item_list"][1].is_null();
        let mut payload = json!({"sender": sender});
        let (kind, status) = if !self.admits(&message["from_user_id"]) {
            ("status", "access_denied")
        } else if is_text {
            payload["origin"] = "text".into();
            payload["text"] = item["text_item"]["text"].clone();
            let token = text(&message["context_token"]);
            self.contexts.lock().unwrap().insert(id.clone(), token);
            ("message", "forwarded")
        } else {
            ("status", "unsupported")
        };
        let sent_ms = match message["create_time_ms"].as_u64() {
            Some(ms) if ms > 0 => ms,
            _ => now().as_millis() as u64,
        };
        let setup = self.setup();
        let seq = self.seq.fetch_add(1, Ordering::Relaxed) + 1;
        self.send(json!({
            "channel_type": "dialog", "target": "wechat", "workspace_id": setup.route["workspace_id"],
            "agent_id": setup.route["agent_id"], "session_id": format!("s-{}", digest(&[&setup.bot, &sender])),
            "stream_id": self.stream, "seq": seq, "event_type": kind, "status_code": status, "message_id": id,
            "dedup_key": digest(&[&sender, &id]), "correlation_id": format!("{}-{seq}", self.stream),
            "timestamp": moment(sent_ms), "payload": payload,
        }))
    }

    fn send(&self, mut event: Value) -> bool {
        for retry in 1.. {
            if !self.is(Phase::Started) {
                break;
            }
            let id = format!("{}/{retry}", event["seq"]);
            let (tell, reply) = mpsc::channel();
            self.replies.lock().unwrap().insert(id.clone(), tell);
            write(&json!({"jsonrpc": "2.0", "id": id, "method": "event", "params": event}));
            let error = reply.recv().unwrap_or_default()["error"].take();
            if error["code"] != -32002 {
                return true; // settled: accepted, known already, or refused for good
            }
            let pause = error["data"]["retry_after_ms"].as_u64().unwrap_or(100);
            thread::sleep(Duration::from_millis(pause));
            event["retry_count"] = retry.into();
        }
        false
    }

    fn admits(&self, person: &Value) -> bool {
        let setup = self.setup();
        let friends = setup.auth["allowlist"].as_array();
        let is_friend =
            setup.policy["owner_only"] != true && friends.is_some_and(|all| all.contains(person));
        setup.auth["owner_user_id"] == *person || is_friend
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Either alone is a refusal.
fn refuses(answer: &Value) -> bool {
    ["ret", "errcode"]
        .iter()
        .any(|name| answer[*name].as_i64().is_some_and(|code| code != 0))
}

/// The same for the same parts, also after a restart. Use SHA-256 once you take in a crate for it.
fn digest(parts: &[&str]) -> String {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// RFC 3339 in UTC, from milliseconds since 1970.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn moment(ms: u64) -> String {
    let (days, ms) = ((ms / 86_400_000) as i64, ms % 86_400_000);
    // Years that begin in March, so that the leap day is the last one.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day = shifted % 146_097;
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month, year) = (
        day - (153 * month + 2) / 5 + 1,
        (month + 2) % 12 + 1,
        era * 400 + year,
    );
    let year = year + i64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        ms % 1000
    )
}

fn main() {
    let adapter = Arc::new(Adapter {
        phase: Mutex::new(Phase::Fresh),
        health: Mutex::new("stopped"),
        setup: OnceLock::new(),
        replies: Mutex::default(),
        contexts: Mutex::default(),
        stream: format!("st-{:x}", now().as_nanos()),
        seq: AtomicU64::new(0),
        batch: Mutex::default(),
        held: Mutex::default(),
    });
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let Ok(message) = serde_json::from_str::<Value>(&line) else {
            write(&json!({"jsonrpc": "2.0", "error": {"code": -32700, "message": "not JSON"}}));
            continue;
        };
        if message["method"] == "act" {
            // Sending takes time, and must not hold up the next line.
            let adapter = Arc::clone(&adapter);
            thread::spawn(move || adapter.answer(&message));
        } else if !message["method"].is_null() {
            adapter.answer(&message);
        } else if let Some(reply) = adapter
            .replies
            .lock()
            .unwrap()
            .remove(&text(&message["id"]))
        {
            let _ = reply.send(message); // whoever waited may have stopped
        }
    }
    // stdin has ended; a poll that is held ends with the process. What AIOS has just taken shall not be
    // sent again after a restart.
    for _ in 0..100 {
        if adapter.batch.try_lock().is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
}
