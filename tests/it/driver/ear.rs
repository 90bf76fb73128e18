//! An ear that writes down what it is told, and a place to be told about.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aios_wechat::adapter::{Breach, Ear, Exit, Place, Reply, Violation};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{interval, timeout};

/// What an ear was told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Sent(String),
    Received(usize),
    Request(String),
    Violated(Violation),
    Stderr(String),
    Closed(String),
    Ended(Exit),
}

/// Accepts every event, but holds back the answer where the `message_id` says `hold`.
#[derive(Default)]
pub(crate) struct Notes {
    told: Mutex<Vec<Told>>,
}

impl Notes {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn all(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    pub(crate) fn breaches(&self) -> Vec<Breach> {
        self.violations()
            .iter()
            .map(|violation| violation.breach)
            .collect()
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        let all = self.all().into_iter();
        all.filter_map(|told| {
            if let Told::Violated(violation) = told {
                Some(violation)
            } else {
                None
            }
        })
        .collect()
    }

    /// The story in one line, for tests of order.
    pub(crate) fn story(&self) -> String {
        let mut story = String::new();
        for told in self.all() {
            let _ = match told {
                Told::Sent(_) => write!(story, "sent "),
                Told::Received(_) => write!(story, "received "),
                Told::Request(method) => write!(story, "request:{method} "),
                Told::Violated(violation) => write!(story, "{} ", violation.breach.code()),
                Told::Stderr(_) => write!(story, "stderr "),
                Told::Closed(_) => write!(story, "closed "),
                Told::Ended(_) => write!(story, "ended "),
            };
        }
        story.trim_end().to_owned()
    }

    /// Waits for something to be told.
    pub(crate) async fn until(&self, limit: Duration, happened: impl Fn(&Self) -> bool) {
        let mut glances = interval(Duration::from_millis(5));
        let waiting = async {
            while !happened(self) {
                glances.tick().await;
            }
        };
        timeout(limit, waiting).await.expect("it happens in time");
    }

    fn note(&self, told: Told) {
        self.told.lock().unwrap().push(told);
    }
}

impl Ear for Notes {
    fn sent(&self, line: &str) {
        self.note(Told::Sent(line.to_owned()));
    }

    fn received(&self, line: &[u8]) {
        self.note(Told::Received(line.len()));
    }

    fn request(&self, _id: &Value, method: &str, params: Option<&Value>) -> Reply {
        self.note(Told::Request(method.to_owned()));
        match params
            .and_then(|params| params.get("message_id"))
            .and_then(Value::as_str)
        {
            Some("hold") => Reply::Later,
            _ => Reply::Now(Ok(json!({"status": "accepted"}))),
        }
    }

    fn violated(&self, violation: &Violation) {
        self.note(Told::Violated(violation.clone()));
    }

    fn stderr(&self, line: &str) {
        self.note(Told::Stderr(line.to_owned()));
    }

    fn closed(&self, reason: &str) {
        self.note(Told::Closed(reason.to_owned()));
    }

    fn ended(&self, exit: &Exit) {
        self.note(Told::Ended(exit.clone()));
    }
}

/// A sandbox folder that removes itself.
pub(crate) struct Sandbox {
    pub(crate) place: Place,
    _folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path().canonicalize().unwrap());
        for folder in place.folders() {
            std::fs::create_dir(folder).unwrap();
        }
        Self {
            place,
            _folder: folder,
        }
    }
}
