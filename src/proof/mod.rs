//! The kit against itself: every mutant is caught, by the rule it breaks, for the reason it gives.
//!
//! A [`Trial`] is one mutant against the whole suite, a [`Doubt`] what is wrong with how it was
//! judged, and the [`Matrix`] which rules catch which mutant. [`NOTHING`] are the adapters that do
//! nothing worth a verdict, and must earn none.

mod doubt;
mod matrix;
mod nothing;
mod replay;
mod trial;

pub use doubt::Doubt;
pub use matrix::{MATRIX_JSON, MATRIX_MARKDOWN, Matrix};
pub use nothing::{NOTHING, Nothing, earned};
pub use trial::{Failing, Trial, alike};

/// The most scenarios that are under way at the same time when one adapter is tried.
pub const SCENARIOS_AT_ONCE: u32 = if nothing::JOBS > trial::JOBS {
    nothing::JOBS
} else {
    trial::JOBS
};
