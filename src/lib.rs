//! The executable specification of WeChat Integration v0 in AIOS, and the conformance kit for its adapters.
//!
//! An author in Rust implements [`Adapter`] and judges it with [`check`]; everybody else runs the program `aios-wechat`.

pub mod adapter;
pub mod cli;
pub mod confine;
pub mod contract;
pub mod diff;
pub mod doctor;
pub mod evidence;
pub mod hunt;
pub mod mutant;
pub mod proof;
pub mod publish;
pub mod reference;
pub mod report;
pub mod runner;
pub mod session;
pub mod simulator;
pub mod suite;
pub mod wire;

pub use adapter::{Adapter, Subject};
pub use report::Report;
pub use runner::{CheckError, Selection, check};
