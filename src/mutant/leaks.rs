//! Mutants that keep or show what they must not (WX-STORE).

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::parts::{Parts, remove, twisted};
use super::twist::{Fate, Reply, Twist};
use super::{Mutant, fails};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "keeps-a-transcript",
        breaks: "It writes each text to a file.",
        rule: "WX-STORE-001",
        reason: "none of it to be found; observed a body … in state/transcript.log",
        also: &[fails(
            "WX-DEDUP-006",
            "The last sentence of that rule is that no body is kept.",
        )],
        make: || on_event(|desk, event| desk.note("transcript.log", body(event))),
    },
    Mutant {
        name: "keeps-an-encoded-transcript",
        breaks: "It writes each text to a file, in base64.",
        rule: "WX-STORE-001",
        reason: "none of it to be found; observed a body … in state/messages.b64 … as base64",
        also: &[fails(
            "WX-DEDUP-006",
            "The last sentence of that rule is that no body is kept.",
        )],
        make: || on_event(|desk, event| desk.note("messages.b64", &STANDARD.encode(body(event)))),
    },
    Mutant {
        name: "keeps-a-packed-transcript",
        breaks: "It writes each text to a file, packed with gzip.",
        rule: "WX-STORE-001",
        reason: "none of it to be found; observed a body … in state/messages.gz … as gzip",
        also: &[fails(
            "WX-DEDUP-006",
            "The last sentence of that rule is that no body is kept.",
        )],
        make: || {
            on_event(|desk, event| {
                let mut packed = GzEncoder::new(Vec::new(), Compression::default());
                // A text alone is too short to be packed.
                drop(packed.write_all(body(event).repeat(20).as_bytes()));
                desk.add("messages.gz", &packed.finish().unwrap_or_default());
            })
        },
    },
    Mutant {
        name: "keeps-dead-letters",
        breaks: "It writes an event that AIOS refused to a file.",
        rule: "WX-STORE-002",
        reason: "none of it to be found; observed a body … in state/dead-letters.log",
        also: &[],
        make: || {
            on_settlement(|desk, event, reply| {
                if reply.is_err() {
                    desk.note("dead-letters.log", &event.to_string());
                }
            })
        },
    },
    Mutant {
        name: "quotes-bodies-in-errors",
        breaks: "It quotes the text of an action that it refuses.",
        rule: "WX-STORE-003",
        reason: "none of it to be found; observed a body … in the answer to `act`",
        also: &[],
        make: || twisted(QuotesBodies),
    },
    Mutant {
        name: "shows-its-token",
        breaks: "It makes session ids with the bot token in them.",
        rule: "WX-STORE-004",
        reason: "none of it to be found; observed the bot token … in an event",
        also: &[],
        make: || {
            on_event(|desk, event| {
                let session = event["session_id"].as_str().unwrap_or_default();
                event["session_id"] = format!("{session}-{}", desk.token).into();
            })
        },
    },
    Mutant {
        name: "shows-its-encoded-token",
        breaks: "It makes session ids with the bot token in them, in base64.",
        rule: "WX-STORE-004",
        reason: "none of it to be found; observed the bot token … in an event … as base64",
        also: &[],
        make: || {
            on_event(|desk, event| {
                let session = event["session_id"].as_str().unwrap_or_default();
                let token = URL_SAFE_NO_PAD.encode(&desk.token);
                event["session_id"] = format!("{session}-{token}").into();
            })
        },
    },
    Mutant {
        name: "queues-on-disk",
        breaks: "It keeps an event in a file until AIOS has accepted it.",
        rule: "WX-STORE-005",
        reason: "none of it to be found; observed a body … in state/queue.json",
        also: &[],
        make: || twisted(QueuesOnDisk::default()),
    },
    Mutant {
        name: "keeps-file-names",
        breaks: "It writes the names of files to a log.",
        rule: "WX-STORE-006",
        reason: "none of it to be found; observed a body … in state/files.log",
        also: &[],
        make: || {
            on_event(|desk, event| {
                let name = event
                    .pointer("/payload/attachments/0/name")
                    .and_then(Value::as_str);
                desk.note("files.log", name.unwrap_or_default());
            })
        },
    },
    Mutant {
        name: "keeps-every-trace",
        breaks: "It writes the metadata of each event to a file that it never clears.",
        rule: "WX-STORE-007",
        reason: "bytes of state, after … in the first window; observed … bytes",
        also: &[],
        make: || {
            on_event(|desk, event| {
                let mut record = event.clone();
                remove(&mut record, "payload");
                desk.note("audit.log", &record.to_string());
            })
        },
    },
    Mutant {
        name: "leaves-its-credential",
        breaks: "It writes the bot token to a file.",
        rule: "WX-STORE-008",
        reason: "none of it to be found; observed the bot token … in state/account.json",
        also: &[],
        make: || on_event(|desk, _| desk.write("account.json", &format!("Bearer {}", desk.token))),
    },
];

/// Where a mutant finds what it must not keep, and the folder it keeps it in.
#[derive(Default)]
struct Desk {
    folder: PathBuf,
    token: String,
}

impl Desk {
    fn learn(&mut self, start: &Value) {
        self.folder = PathBuf::from(start["state_dir"].as_str().unwrap_or_default());
        let accounts = start["secrets"]
            .as_object()
            .into_iter()
            .flat_map(|all| all.values());
        let mut tokens = accounts.filter_map(|account| account["token"].as_str());
        tokens
            .next()
            .unwrap_or_default()
            .clone_into(&mut self.token);
    }

    /// Adds a line to a file.
    fn note(&self, file: &str, line: &str) {
        if !line.is_empty() {
            self.add(file, format!("{line}\n").as_bytes());
        }
    }

    /// Adds bytes to a file.
    fn add(&self, file: &str, bytes: &[u8]) {
        let path = self.folder.join(file);
        if let Ok(mut file) = OpenOptions::new().create(true).append(true).open(path) {
            drop(file.write_all(bytes));
        }
    }

    fn write(&self, file: &str, text: &str) {
        drop(fs::write(self.folder.join(file), text));
    }
}

fn body(event: &Value) -> &str {
    event
        .pointer("/payload/text")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

type OnEvent = fn(&Desk, &mut Value);
type OnSettlement = fn(&Desk, &Value, &Reply);

struct Scribe {
    desk: Desk,
    on_event: OnEvent,
    on_settlement: OnSettlement,
}

impl Twist for Scribe {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        if method == "start" {
            self.desk.learn(params);
        }
        Fate::Pass
    }

    fn event(&mut self, event: &mut Value) -> Fate {
        (self.on_event)(&self.desk, event);
        Fate::Pass
    }

    fn settled(&mut self, event: &Value, reply: &mut Reply) {
        (self.on_settlement)(&self.desk, event, reply);
    }
}

fn on_event(on_event: OnEvent) -> Parts {
    twisted(Scribe {
        desk: Desk::default(),
        on_event,
        on_settlement: |_, _, _| {},
    })
}

fn on_settlement(on_settlement: OnSettlement) -> Parts {
    twisted(Scribe {
        desk: Desk::default(),
        on_event: |_, _| {},
        on_settlement,
    })
}

struct QuotesBodies;
impl Twist for QuotesBodies {
    fn answer(&mut self, method: &str, params: &Value, reply: &mut Reply) {
        if let ("act", Err(error)) = (method, reply) {
            error["message"] = format!("cannot send \"{}\"", body(params)).into();
        }
    }
}

#[derive(Default)]
struct QueuesOnDisk {
    desk: Desk,
}
impl Twist for QueuesOnDisk {
    fn request(&mut self, method: &str, params: &mut Value) -> Fate {
        if method == "start" {
            self.desk.learn(params);
        }
        Fate::Pass
    }

    fn event(&mut self, event: &mut Value) -> Fate {
        self.desk.write("queue.json", &event.to_string());
        Fate::Pass
    }

    fn settled(&mut self, _: &Value, reply: &mut Reply) {
        if reply.is_ok() {
            drop(fs::remove_file(self.desk.folder.join("queue.json")));
        }
    }
}
