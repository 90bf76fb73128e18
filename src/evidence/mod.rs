//! What was seen: the timeline of a scenario, as plain values that can be stored and judged again.
//!
//! It sits below the report, which stores timelines, and below the session, which fills them.
//! Nothing here decides anything.

mod fact;
mod mismatch;
mod timeline;

pub use fact::{Fact, Lane, Reply, SentMessage, WireCall};
pub use mismatch::{Citations, Judgement, Mismatch};
pub use timeline::{Entry, Timeline};
