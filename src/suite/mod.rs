//! The requirement catalogue, read from the feature files.
//!
//! A Gherkin `Rule:` *is* the requirement: its tags carry id and level, its name is the normative
//! sentence, its description names the source, its scenarios are the proof. Every table, index,
//! filter and report row is derived from here; nothing is typed twice.

mod catalogue;
mod embedded;
mod id;
mod lint;
mod requirement;

pub use catalogue::{Family, Suite};
pub use embedded::FEATURES;
pub use id::{CaseId, FamilyCode, RequirementId, slug};
pub use lint::{Problem, interpretations};
pub use requirement::{Case, Level, Mode, Origin, Requirement};
