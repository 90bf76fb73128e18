//! The integration tests, one binary: each module proves one topic.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agreement;
mod confine;
mod contract;
mod diff;
mod doctor;
mod driver;
mod explain;
mod fixtures;
mod hunt;
mod init;
mod interrupt;
mod layers;
mod model;
mod mutants;
mod null;
mod properties;
mod published;
mod reference;
mod replay;
mod report;
mod simulator;
mod spec;
mod suite;
mod tidy;
mod tree;
mod validation;
mod verdicts;
mod zoo;
