//! The integration tests, one binary: each module proves one topic.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod contract;
mod driver;
mod reference;
mod simulator;
