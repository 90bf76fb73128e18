//! What a change of the contract breaks: for each document and direction, with a document that proves it.
//!
//! # Layout
//!
//! `form` takes schemas apart and `language` (with `automaton`) patterns. `search` (with `scalar` and `nested`) finds a smallest
//! document that one side accepts and the other refuses, or that there is none. `judge` and a validator of
//! others confirm it; `sample` looks again by chance. `compare` puts these together.
//!
//! `travel` knows who writes and who reads each kind, `rules` compares catalogues, `announce` reads the
//! changelog, `waiver` the waivers. `gate` asks all of them about two [`Tree`]s, and `telling` has the words.
//! Nothing here reads a file or a clock.

mod announce;
mod automaton;
mod compare;
mod form;
mod gate;
mod judge;
mod language;
mod nested;
mod place;
mod rules;
mod sample;
mod scalar;
mod search;
mod telling;
mod travel;
mod tree;
mod version;
mod waiver;
mod word;

pub use announce::{Changelog, Entry, Versions};
pub use compare::{Answer, Comparer};
pub use gate::{Difference, DocumentChange, DocumentEffect, Finding, Waived, WayAnswer, compare};
pub use rules::{RuleChange, RuleEffect, compare_rules};
pub use telling::shown;
pub use travel::{Way, opened, ways};
pub use tree::Tree;
pub use version::VersionVerdict;
pub use waiver::{Waiver, Waivers};
