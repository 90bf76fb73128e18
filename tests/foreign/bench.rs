//! A client that others wrote, run against the simulated WeChat, and what was seen of it.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aios_wechat::simulator::{Event, Fault, FaultRule, Injected, Observation, Options, Simulator};
use aios_wechat::wire::Endpoint;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Notify;

use crate::place::{Absent, broken};

/// The longest wait; the clients pause for two seconds after a failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// What one side did.
#[derive(Debug)]
pub(crate) enum Seen {
    /// On the wire.
    Wire(Observation),
    /// A line that the client printed.
    Line(String),
}

#[derive(Default)]
struct Tape {
    seen: Mutex<Vec<Seen>>,
    more: Notify,
}

impl Tape {
    fn record(&self, seen: Seen) {
        self.lock().push(seen);
        self.more.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// WeChat, and a folder for the client.
pub(crate) struct Bench {
    pub(crate) wechat: Simulator,
    pub(crate) folder: TempDir,
    tape: Arc<Tape>,
    client: Option<Child>,
}

impl Bench {
    /// WeChat without a client.
    pub(crate) async fn open() -> Result<Self, Absent> {
        let tape = Arc::new(Tape::default());
        let observer = Arc::clone(&tape);
        let options = Options {
            observer: Some(Arc::new(move |seen| observer.record(Seen::Wire(seen)))),
            ..Options::default()
        };
        let wechat = Simulator::start(options).await.map_err(broken)?;
        let folder = tempfile::tempdir().map_err(broken)?;
        Ok(Self {
            wechat,
            folder,
            tape,
            client: None,
        })
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, path: &str, document: &serde_json::Value) -> Result<(), Absent> {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(broken)?;
        fs::write(path, document.to_string()).map_err(broken)
    }

    /// Starts the client at home in the folder, and waits until it polls.
    pub(crate) async fn launch(
        &mut self,
        program: &Path,
        arguments: &[&OsStr],
    ) -> Result<(), Absent> {
        let home = self.folder.path();
        let mut client = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs([("HOME", home), ("TMPDIR", home)])
            .env("NO_PROXY", "127.0.0.1,localhost")
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(broken)?;
        if let (Some(stdout), Some(stderr)) = (client.stdout.take(), client.stderr.take()) {
            tokio::spawn(listen(stdout, Arc::clone(&self.tape)));
            tokio::spawn(listen(stderr, Arc::clone(&self.tape)));
        }
        self.client = Some(client);
        self.polling().await
    }

    /// Waits until a poll is held behind everything that was sent.
    pub(crate) async fn polling(&self) -> Result<(), Absent> {
        let end = self.wechat.position();
        self.until("a poll behind every message", || {
            self.wechat.parked().iter().any(|poll| poll.position >= end)
        })
        .await
    }

    /// The owner sends a text.
    pub(crate) fn say(&self, text: &str) -> Injected {
        self.wechat.send_text(&self.wechat.owner_user_id(), text)
    }

    /// The owner sends a text and is answered.
    pub(crate) async fn exchange(&self, text: &str) -> Result<Injected, Absent> {
        let injected = self.say(text);
        self.heard(&format!("re: {text}"), 1).await?;
        Ok(injected)
    }

    /// Waits until the owner has read this so often.
    pub(crate) async fn heard(&self, text: &str, times: usize) -> Result<(), Absent> {
        self.until(&format!("{times} × `{text}`"), || {
            let deliveries = self.wechat.deliveries();
            deliveries
                .iter()
                .filter(|delivery| delivery.text == text)
                .count()
                == times
        })
        .await
    }

    /// Waits until the owner has read something that begins so.
    pub(crate) async fn heard_of(&self, beginning: &str) -> Result<(), Absent> {
        self.until(&format!("`{beginning}…`"), || {
            let deliveries = self.wechat.deliveries();
            deliveries
                .iter()
                .any(|delivery| delivery.text.starts_with(beginning))
        })
        .await
    }

    /// Waits until the owner has got an item of this kind.
    pub(crate) async fn sent_item(&self, kind: i64) -> Result<(), Absent> {
        self.until(&format!("an item of kind {kind}"), || {
            let deliveries = self.wechat.deliveries();
            let mut items = deliveries.iter().flat_map(|delivery| &delivery.items);
            items.any(|item| item["type"] == kind)
        })
        .await
    }

    /// The next poll fails, and the held one ends so that it comes.
    pub(crate) async fn fail_poll(&self, fault: Fault) -> Result<(), Absent> {
        self.polling().await?;
        let polls = self.polls();
        self.wechat
            .set_fault(FaultRule::next(Endpoint::GetUpdates, fault))
            .map_err(broken)?;
        self.wechat.release_polls();
        self.until("a poll that fails and another", || {
            self.polls() >= polls + 2
        })
        .await?;
        self.polling().await
    }

    /// How many polls came so far.
    pub(crate) fn polls(&self) -> usize {
        let arrived = |seen: &&Seen| {
            matches!(
                seen,
                Seen::Wire(Observation {
                    endpoint: Endpoint::GetUpdates,
                    event: Event::Arrived { .. },
                    ..
                })
            )
        };
        self.tape.lock().iter().filter(arrived).count()
    }

    /// Waits until the client printed a line with these words.
    pub(crate) async fn printed(&self, words: &str) -> Result<(), Absent> {
        self.until(&format!("`{words}` from the client"), || {
            let seen = self.tape.lock();
            seen.iter()
                .any(|seen| matches!(seen, Seen::Line(line) if line.contains(words)))
        })
        .await
    }

    /// Waits until the client has ended, and says with which code.
    pub(crate) async fn ended(&mut self) -> Result<Option<i32>, Absent> {
        let Some(client) = &mut self.client else {
            return Err(broken("no client runs"));
        };
        match tokio::time::timeout(PATIENCE, client.wait()).await {
            Ok(status) => Ok(status.map_err(broken)?.code()),
            Err(_) => Err(self.lacking("the client to end")),
        }
    }

    /// Whether the client has ended.
    pub(crate) fn is_over(&mut self) -> bool {
        self.client
            .as_mut()
            .is_none_or(|client| !matches!(client.try_wait(), Ok(None)))
    }

    /// Waits until `done`, which is asked whenever something was seen. The tape is not locked then:
    /// the simulator records while it holds its own lock.
    async fn until(&self, what: &str, done: impl Fn() -> bool) -> Result<(), Absent> {
        let wait = async {
            loop {
                let more = self.tape.more.notified();
                if done() {
                    return;
                }
                more.await;
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .map_err(|_| self.lacking(what))
    }

    fn lacking(&self, what: &str) -> Absent {
        let seen = self.tape.lock();
        let last: Vec<String> = seen
            .iter()
            .rev()
            .take(12)
            .rev()
            .map(|seen| format!("{seen:?}"))
            .collect();
        broken(format!(
            "expected {what}; the last that was seen:\n{}",
            last.join("\n")
        ))
    }
}

async fn listen(source: impl AsyncRead + Unpin, tape: Arc<Tape>) {
    let mut lines = BufReader::new(source).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tape.record(Seen::Line(line));
    }
}
