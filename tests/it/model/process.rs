//! One process of the adapter: served in this thread, driven until nothing in it moves, ended at will.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use aios_wechat::adapter::serve;
use aios_wechat::mutant::Mutant;
use aios_wechat::reference::state::{FolderStore, Found, StateDocument, Store};
use aios_wechat::reference::transport::Transport;
use aios_wechat::reference::{Reference, Surroundings};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, duplex};
use tokio::runtime::{Builder, Runtime};

use super::wechat::Wechat;

/// How much a pipe holds: more than is ever under way.
const PIPE: usize = 1024 * 1024;

/// What is run.
#[derive(Clone, Copy)]
pub(super) enum Subject {
    Reference,
    Mutant(&'static Mutant),
}

/// Whether a process lives, and how many more effects it has.
#[derive(Default)]
pub(super) struct Life {
    left: Mutex<Option<usize>>,
}

impl Life {
    /// It dies before its next effect but `effects`.
    pub(super) fn limit(&self, effects: usize) {
        *self.left.lock().unwrap() = Some(effects);
    }

    /// Whether it still has the effect that it is about to have.
    pub(super) fn lives_on(&self) -> bool {
        let mut left = self.left.lock().unwrap();
        match &mut *left {
            None => true,
            Some(0) => {
                *left = Some(0);
                false
            }
            Some(effects) => {
                *effects -= 1;
                true
            }
        }
    }

    /// Whether its last effect has been.
    pub(super) fn is_over(&self) -> bool {
        *self.left.lock().unwrap() == Some(0)
    }
}

/// WeChat and the folder, for as long as the process lives.
struct Around {
    wechat: Wechat,
    life: Arc<Life>,
}

impl Surroundings for Around {
    fn wechat(&self, _base_url: &str, _token: &str) -> Option<Arc<dyn Transport>> {
        Some(self.wechat.line_of(Arc::clone(&self.life)))
    }

    fn folder(&self, state_dir: &Path) -> Arc<dyn Store> {
        Arc::new(MortalStore {
            folder: FolderStore::below(state_dir),
            life: Arc::clone(&self.life),
        })
    }
}

/// The true folder; a dead process writes nothing to it.
struct MortalStore {
    folder: FolderStore,
    life: Arc<Life>,
}

impl Store for MortalStore {
    fn load(&self) -> Found {
        self.folder.load()
    }

    fn save(&self, document: &StateDocument<'_>) -> io::Result<()> {
        if self.life.lives_on() {
            self.folder.save(document)
        } else {
            Ok(())
        }
    }
}

/// A running adapter. Dropping it is a kill: nothing of it runs on, not even its clean-up.
pub(super) struct Process {
    pub(super) life: Arc<Life>,
    runtime: Runtime,
    idle: Arc<Mutex<Option<Waker>>>,
    input: DuplexStream,
    output: Lines<BufReader<DuplexStream>>,
    asked: u64,
    pub(super) answers: BTreeMap<String, Value>,
}

impl Process {
    pub(super) fn launch(subject: Subject, wechat: &Wechat) -> Self {
        let idle: Arc<Mutex<Option<Waker>>> = Arc::default();
        let parking = Arc::clone(&idle);
        let runtime = Builder::new_current_thread()
            .enable_time()
            .on_thread_park(move || {
                if let Some(waker) = parking.lock().unwrap().take() {
                    waker.wake();
                }
            })
            .build()
            .unwrap();
        let life: Arc<Life> = Arc::default();
        let around = Around {
            wechat: wechat.clone(),
            life: Arc::clone(&life),
        };
        let (input, reader) = duplex(PIPE);
        let (writer, output) = duplex(PIPE);
        match subject {
            Subject::Reference => {
                runtime.spawn(serve(Reference::within(around), reader, writer).map(drop));
            }
            Subject::Mutant(mutant) => {
                runtime.spawn(mutant.serve_within(around, reader, writer).map(drop));
            }
        }
        Self {
            life,
            runtime,
            idle,
            input,
            output: BufReader::new(output).lines(),
            asked: 0,
            answers: BTreeMap::new(),
        }
    }

    /// Runs it until it waits for somebody else, and gives the lines it said meanwhile.
    pub(super) fn run(&mut self) -> Vec<Value> {
        let idle = &self.idle;
        let mut waiting = false;
        self.runtime.block_on(poll_fn(|context| {
            if waiting && idle.lock().unwrap().is_none() {
                return Poll::Ready(());
            }
            waiting = true;
            *idle.lock().unwrap() = Some(context.waker().clone());
            Poll::Pending
        }));
        let mut lines = Vec::new();
        while let Some(Ok(Some(line))) = self.output.next_line().now_or_never() {
            lines.push(serde_json::from_str(&line).unwrap_or(Value::String(line)));
        }
        lines
    }

    /// Asks something; the name of the request, under which the answer will stand.
    pub(super) fn ask(&mut self, method: &str, params: &Value) -> String {
        self.asked += 1;
        let id = format!("k{}", self.asked);
        self.say(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    pub(super) fn say(&mut self, frame: &Value) {
        let line = format!("{frame}\n");
        let written = self.input.write_all(line.as_bytes()).now_or_never();
        assert!(written.is_some(), "the pipe is full");
    }
}
