//! The result of a run as one value, and its faces.
//!
//! A [`Report`] is complete in itself: every face is a pure function of it, without clock,
//! environment or file.

mod baseline;
mod claim;
mod model;
mod outcome;

pub use baseline::{Baseline, BaselineEntry};
pub use claim::Claim;
pub use model::{
    AdapterIdentity, CaseResult, Counts, Identity, Options, Report, RuleResult, StepResult,
};
pub use outcome::Outcome;
