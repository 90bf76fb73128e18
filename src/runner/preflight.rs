//! The first look at an adapter: who it is, what it claims, and whether it starts at all.
//!
//! One that never starts is one clear message here, not a failure in every scenario.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::adapter::Subject;
use crate::evidence::{Fact, Timeline};
use crate::report::AdapterIdentity;
use crate::session::{Known, Log, Patience, Scene, Series, Session, Stop, expect};

/// How long an adapter that does not answer may take to end by itself.
const LAST_BREATH: Duration = Duration::from_millis(500);

/// What was found out.
#[derive(Clone, Debug, Default)]
pub struct Preflight {
    /// The features it claims.
    pub known: Known,
    /// How it introduced itself, as far as that could be read.
    pub adapter: Option<AdapterIdentity>,
    /// Why it never started, and what to do about it.
    pub never_started: Option<String>,
    /// Everything seen.
    pub timeline: Timeline,
}

impl Preflight {
    /// What is known if the run was interrupted before anything was.
    pub(super) fn interrupted() -> Self {
        Self {
            never_started: Some("the run was interrupted".to_owned()),
            ..Self::default()
        }
    }
}

/// Shakes hands once, then starts the adapter once with a faultless configuration.
pub(super) async fn fly(subject: &Subject, patience: &Patience, seed: u32) -> Preflight {
    let log = Log::default();
    let mut preflight = Preflight::default();
    let series = Arc::new(Series::of(seed));
    let scene = |known: &Known| Scene {
        subject: subject.clone(),
        known: known.clone(),
        // A failed preflight must not shorten the limits of anything else.
        patience: patience.unshared(),
        series: Arc::clone(&series),
        seed: u64::from(seed),
        control: false,
    };
    let shaken = async {
        let mut session = Session::open(scene(&Known::default()), log.clone()).await?;
        let launched = session.launch().await;
        if launched.is_err() {
            // One that is about to end says more by its exit than by its silence.
            log.wait(LAST_BREATH, |t| expect::process_ended(t).then_some(()))
                .await;
        }
        session.kill().await?;
        session.finish().await;
        launched
    };
    let mut went = shaken.await;
    if went.is_ok() {
        log.read(|timeline| introduce(timeline, &mut preflight));
        let started = async {
            let mut session = Session::open(scene(&preflight.known), log.clone()).await?;
            let ran = session.run().await;
            session.kill().await?;
            session.finish().await;
            ran
        };
        went = started.await;
    }
    if let Err(stop) = went {
        preflight.never_started = Some(log.read(|timeline| why(timeline, &stop)));
    }
    preflight.timeline = log.snapshot();
    preflight
}

/// Reads the introduction leniently: what is wrong with it is for the rules to say.
fn introduce(timeline: &Timeline, preflight: &mut Preflight) {
    let view = expect::View::of(timeline);
    let Some(result) = view.told("initialize").last().and_then(|told| told.result) else {
        return;
    };
    let text = |name: &str| {
        let value = result.pointer("/capabilities").and_then(|c| c.get(name));
        value
            .and_then(Value::as_str)
            .unwrap_or("unknown")
            .to_owned()
    };
    let features: BTreeSet<String> = result
        .pointer("/capabilities/supported_features")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|feature| feature.as_str().map(str::to_owned))
        .collect();
    preflight.adapter = Some(AdapterIdentity {
        adapter_id: text("adapter_id"),
        adapter_version: text("adapter_version"),
        features: features.iter().cloned().collect(),
    });
    preflight.known = Known { features };
}

/// The plainest true sentence about what went wrong first.
fn why(timeline: &Timeline, stop: &Stop) -> String {
    let violation = timeline.facts().find_map(|(_, fact)| match fact {
        Fact::Violation { expected, got, .. } => Some(format!("{got}; expected {expected}")),
        _ => None,
    });
    let stderr: Vec<&str> = timeline
        .facts()
        .filter_map(|(_, fact)| match fact {
            Fact::Stderr { line, .. } => Some(line.as_str()),
            _ => None,
        })
        .collect();
    let ended = timeline.facts().find_map(|(_, fact)| match fact {
        Fact::Ended {
            how, asked: false, ..
        } => Some(format!("the adapter {how} before it had answered the kit")),
        _ => None,
    });
    let mut sentence = violation.or(ended).unwrap_or_else(|| match stop {
        Stop::Mismatch(mismatch) => mismatch.observed.clone(),
        Stop::Kit(cause) => format!("a fault of the kit: {cause}"),
    });
    if let Some(last) = stderr.last() {
        sentence.push_str("; its last words on stderr: ");
        sentence.push_str(last);
    }
    sentence
}
