//! How much the simulated WeChat bears: held polls in memory, and messages by processor time.
//!
//! The load comes from a second process, so that only WeChat's own memory and time are counted.
//! `cargo bench --bench simulator`; it fails when a bar is missed.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench talks to the person who runs it"
)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use aios_wechat::simulator::{Draft, Options, Parcel, Simulator};
use aios_wechat::wire::{Endpoint, GetUpdatesResponse, WeixinMessage, read};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader as Reader};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

/// Held polls at the same time.
const POLLS: usize = 10_000;
/// Memory of the process that holds them, in MiB.
const MEMORY_MAX: u64 = 256;
/// How long their release may take.
const RELEASE_MAX: Duration = Duration::from_secs(1);

/// Messages to the bot; it answers each.
const MESSAGES: usize = 100_000;
/// Messages per second of WeChat's processor time.
const RATE_MIN: f64 = 80_000.0;
/// Connections on which the bot answers.
const LANES: usize = 16;

fn main() -> ExitCode {
    let words = std::env::args().collect::<Vec<_>>();
    match words
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [_, "polls", port, token] => block_on(hold(port, token)),
        [_, "bot", port, token] => block_on(chat(port, token)),
        [_, "held polls"] => return verdict(block_on(held_polls())),
        [_, "messages"] => return verdict(block_on(messages())),
        // Each in a process of its own: neither finds the other's memory.
        _ => return verdict(["held polls", "messages"].map(alone) == [true, true]),
    }
    ExitCode::SUCCESS
}

fn verdict(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn alone(measure: &str) -> bool {
    let itself = std::env::current_exe().expect("the path of this program");
    let good = Command::new(itself)
        .arg(measure)
        .status()
        .is_ok_and(|status| status.success());
    if !good {
        eprintln!("{measure}: the bar was missed");
    }
    good
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(work)
}

fn load(kind: &str, wechat: &Simulator) -> Child {
    let itself = std::env::current_exe().expect("the path of this program");
    Command::new(itself)
        .args([kind, &wechat.port().to_string(), &wechat.token()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a second process")
}

/// What the second process says, a line at a time, without holding up this one.
fn said(child: &mut Child) -> tokio::sync::mpsc::UnboundedReceiver<(String, Instant)> {
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    let out = child.stdout.take().expect("it was piped");
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let _ = tell.send((line, Instant::now()));
        }
    });
    told
}

// --- held polls ------------------------------------------------------------------------------

async fn held_polls() -> bool {
    let hold = Duration::from_secs(600);
    let options = Options {
        hold,
        honours_old_cursor: true,
        ..Options::default()
    };
    let wechat = Simulator::start(options).await.expect("a port");
    let mut child = load("polls", &wechat);
    let mut told = said(&mut child);
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    while wechat.parked().len() < POLLS {
        tick.tick().await;
    }
    let memory = memory();
    let begun = Instant::now();
    let _ = wechat.send_text("ann", "to all");
    let (_, at) = told
        .recv()
        .await
        .expect("the other process counts the answers");
    let took = at.duration_since(begun);
    println!(
        "held polls: {POLLS} in {memory} MiB (bar: {MEMORY_MAX}), all answered in {} ms (bar: {})",
        took.as_millis(),
        RELEASE_MAX.as_millis(),
    );
    let _ = child.wait();
    wechat.stop().await;
    memory < MEMORY_MAX && took < RELEASE_MAX
}

async fn hold(port: &str, token: &str) {
    let request = request(Endpoint::GetUpdates, token, "{}");
    let mut polls = Vec::new();
    for _ in 0..POLLS {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}"))
            .await
            .expect("a connection");
        stream.write_all(&request).await.expect("a poll goes out");
        polls.push(tokio::spawn(async move {
            let mut answer = vec![0; 4096];
            let length = stream.read(&mut answer).await.expect("an answer");
            assert!(String::from_utf8_lossy(&answer[..length]).contains("to all"));
        }));
    }
    for poll in polls {
        poll.await.expect("every poll is answered");
    }
    println!("answered");
}

/// Resident memory of this process, in MiB.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("its memory");
    let kib = line
        .split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse::<u64>().ok());
    kib.expect("a number") / 1024
}

// --- messages --------------------------------------------------------------------------------

async fn messages() -> bool {
    let wechat = Simulator::start(Options::default()).await.expect("a port");
    let mut child = load("bot", &wechat);
    let mut told = said(&mut child);
    let _ = told.recv().await.expect("the bot is there");
    let parcels: Vec<Parcel> = (0..MESSAGES)
        .map(|n| Parcel::New(Draft::text("ann", format!("message {n}"))))
        .collect();
    let before = processor_time();
    let begun = Instant::now();
    for batch in parcels.chunks(1000) {
        wechat.inject_batch(batch);
        tokio::task::yield_now().await;
    }
    let _ = told.recv().await.expect("the bot has answered");
    let (spent, took) = (processor_time().saturating_sub(before), begun.elapsed());
    assert_eq!(wechat.deliveries().len(), MESSAGES);
    let count = f64::from(u32::try_from(2 * MESSAGES).expect("a small number"));
    let rate = count / spent.as_secs_f64();
    println!(
        "messages: {MESSAGES} received and answered in {} ms, {} ms of processor time: \
         {rate:.0} messages per second of it (bar: {RATE_MIN:.0})",
        took.as_millis(),
        spent.as_millis(),
    );
    let _ = child.wait();
    wechat.stop().await;
    rate >= RATE_MIN
}

/// A bot: one connection polls, others answer, each call in flight before the last is answered.
async fn chat(port: &str, token: &str) {
    let address = format!("127.0.0.1:{port}");
    let mut lanes = Vec::new();
    for _ in 0..LANES {
        let stream = TcpStream::connect(&address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        lanes.push(Reader::new(stream));
    }
    let mut poller = Reader::new(TcpStream::connect(&address).await.expect("a connection"));
    println!("here");
    let (mut cursor, mut answered) = (String::new(), 0);
    while answered < MESSAGES {
        let body = json!({"get_updates_buf": cursor}).to_string();
        poller
            .write_all(&request(Endpoint::GetUpdates, token, &body))
            .await
            .expect("a poll");
        let answer = read::<GetUpdatesResponse>(&reply(&mut poller).await).value;
        cursor = answer.get_updates_buf;
        let calls = answer.msgs.iter().map(|raw| {
            let message = raw.read::<WeixinMessage>().value;
            let body = json!({"msg": {
                "from_user_id": "", "to_user_id": message.from_user_id,
                "client_id": message.client_id, "context_token": message.context_token,
                "message_type": 2, "message_state": 2,
                "item_list": [{"type": 1, "text_item": {"text": "answered"}}],
            }, "base_info": {"channel_version": "2.4.9"}});
            request(Endpoint::SendMessage, token, &body.to_string())
        });
        let calls = calls.collect::<Vec<_>>();
        for (lane, share) in lanes
            .iter_mut()
            .zip(calls.chunks(calls.len().div_ceil(LANES)))
        {
            lane.write_all(&share.concat())
                .await
                .expect("answers go out");
        }
        for (lane, share) in lanes
            .iter_mut()
            .zip(calls.chunks(calls.len().div_ceil(LANES)))
        {
            for _ in share {
                assert!(reply(lane).await.contains("message_id"));
            }
        }
        answered += calls.len();
    }
    println!("done");
}

fn request(endpoint: Endpoint, token: &str, body: &str) -> Vec<u8> {
    let (path, length) = (endpoint.path(), body.len());
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\
         AuthorizationType: ilink_bot_token\r\nContent-Type: application/json\r\n\
         X-WECHAT-UIN: MTg1NzMyNTUxNQ==\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

async fn reply(reader: &mut Reader<TcpStream>) -> String {
    let (mut length, mut line) = (0, String::new());
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).await.expect("a head");
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await.expect("a body");
    String::from_utf8(body).expect("text")
}

/// Processor time of this process so far, in and out of the kernel.
fn processor_time() -> Duration {
    let times = fs::read_to_string("/proc/self/schedstat").expect("Linux");
    let spent = times
        .split_whitespace()
        .next()
        .and_then(|spent| spent.parse().ok());
    Duration::from_nanos(spent.expect("a number"))
}
