//! The result of a run as one value, and its faces.
//!
//! A [`Report`] is complete in itself: every face is a pure function of it, without clock,
//! environment or file.

pub mod annotation;
pub mod badge;
mod baseline;
mod claim;
mod command;
pub mod ctrf;
mod difference;
mod divergence;
mod essence;
mod excerpt;
mod exit;
mod format;
mod gate;
pub mod html;
pub mod json;
pub mod junit;
mod likeness;
pub mod markdown;
mod merge;
mod model;
mod outcome;
mod plain;
mod telling;
pub mod terminal;
mod times;
mod trace;

pub use baseline::{Baseline, BaselineEntry, Declared, EntryState, EntryUse};
pub use claim::Claim;
pub use command::again;
pub use divergence::{Comparison, Divergence};
pub use excerpt::{Piece, excerpt, whole};
pub use format::Format;
pub use likeness::{Likeness, MutantRow};
pub use merge::MergeError;
pub use model::{
    AdapterIdentity, CaseResult, Containment, Counts, Identity, NOT_SELECTED, Options, Report,
    RuleResult, Shard, StepResult,
};
pub use outcome::Outcome;
pub use plain::plain;
pub use telling::Telling;
pub use trace::Trace;
