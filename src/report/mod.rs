//! The result of a run as one value, and its faces.
//!
//! A [`Report`] is complete in itself: every face is a pure function of it, without clock,
//! environment or file.

mod baseline;
mod claim;
mod command;
mod excerpt;
mod exit;
pub mod json;
mod likeness;
mod model;
mod outcome;
mod plain;
mod telling;
pub mod terminal;

pub use baseline::{Baseline, BaselineEntry, Declared, EntryState, EntryUse};
pub use claim::Claim;
pub use command::again;
pub use excerpt::{Piece, excerpt};
pub use likeness::{Likeness, MutantRow};
pub use model::{
    AdapterIdentity, CaseResult, Counts, Identity, Options, Report, RuleResult, StepResult,
};
pub use outcome::Outcome;
pub use plain::plain;
pub use telling::Telling;
