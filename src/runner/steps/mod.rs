//! The steps, by the actor they speak of. A step calls the session, or a judgement, and no more.
//!
//! *Driving* steps (Given, When) make something happen. *Judging* steps (Then) let everything sent
//! so far have its chance and then look at the timeline alone; some first ask for what they judge.

#![expect(
    clippy::needless_pass_by_value,
    reason = "the step macros hand over owned words"
)]

mod actions;
mod adapter;
mod aios;
mod health;
mod lifecycle;
mod recovery;
mod storage;
mod wechat;

use crate::session::Person;

/// The person that a sentence names.
fn person(words: &str) -> Person {
    match words {
        "the owner" => Person::Owner,
        "the friend" => Person::Friend,
        _ => Person::Stranger,
    }
}
