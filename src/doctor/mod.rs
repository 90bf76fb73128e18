//! The doctor: one conversation with an adapter, and the first thing that is wrong with it.
//!
//! It judges no rule. It takes an adapter through the handshake and one message each way, reads
//! every frame by the contract, and stops at the first fault with what was seen and how to mend it.

mod advice;
mod cause;
mod complaint;
mod elsewhere;
mod tape;
mod visit;

use std::io;
use std::sync::Arc;

use serde::Serialize;
use thiserror::Error;

pub use complaint::Complaint;

use crate::adapter::{CommandLine, LaunchError, Place, Subject};
use crate::simulator::{CONNECTIONS_MAX, Options, Simulator};
use advice::Language;
use tape::Tape;
use visit::Visit;

/// What the doctor found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// What went well, in order.
    pub passed: Vec<String>,
    /// The first thing that is wrong; absent if nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complaint: Option<Complaint>,
}

/// Why there is no diagnosis.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DoctorError {
    /// The command cannot be run.
    #[error("the adapter cannot be started")]
    Launch(#[from] LaunchError),
    /// A fault of the kit's surroundings: no folder, no port.
    #[error("there is no room to examine it in")]
    Room(#[from] io::Error),
}

/// Examines the adapter that `command` starts. `patience` multiplies every wait; `now_ms` is the
/// time at WeChat, milliseconds since 1970. To be awaited on a tokio runtime.
///
/// # Errors
/// [`DoctorError`] if the adapter cannot be started at all, or the kit has no folder or port.
pub async fn examine(
    command: &CommandLine,
    patience: f64,
    now_ms: i64,
) -> Result<Diagnosis, DoctorError> {
    let tape = Arc::new(Tape::default());
    let (wire, strays) = (Arc::clone(&tape), Arc::clone(&tape));
    let wechat = Simulator::start(Options {
        now_ms,
        runs: true,
        seed: now_ms.unsigned_abs(),
        honours_old_cursor: true,
        connections: CONNECTIONS_MAX,
        observer: Some(Arc::new(move |seen| wire.saw(seen))),
        bystander: Some(Arc::new(move |what, why| strays.saw_astray(what, why))),
        ..Options::default()
    })
    .await?;
    let sandbox = tempfile::Builder::new().prefix("aios-wechat-").tempdir()?;
    let place = Place::new(sandbox.path());
    for folder in place.folders() {
        std::fs::create_dir_all(folder)?;
    }
    let running = Subject::command(command.clone())
        .launch(&place, Arc::clone(&tape) as _)
        .await?;
    let mut visit = Visit {
        running,
        tape,
        wechat,
        place,
        language: Language::of(command.argv()),
        patience,
        now_ms,
        passed: Vec::new(),
    };
    let complaint = match visit.pay().await {
        Ok(()) => None,
        Err(complaint) => Some(visit.hear_out(complaint).await),
    };
    let Visit {
        running,
        wechat,
        passed,
        ..
    } = visit;
    running.kill().await;
    wechat.stop().await;
    Ok(Diagnosis { passed, complaint })
}
