//! The reference adapter with one behaviour broken on purpose, by decorators at its boundaries.
//!
//! A rule that no broken adapter can violate is not a rule: each executable rule has at least one
//! mutant here that breaks it, and as far as possible nothing else. The reference itself knows
//! nothing of them. A mutant sits at one of three boundaries: in the conversation with the kit
//! (`twist`), on the way to WeChat or to the folder (`bend`). It breaks its rule every time, never by
//! luck or haste.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

mod access;
mod bend;
mod boundary;
mod context;
mod cursor;
mod dedup;
mod envelope;
mod health;
mod leaks;
mod life;
mod media;
mod outbound;
mod parts;
mod route;
mod setup;
mod twist;

use bend::Within;
use parts::Parts;

use crate::adapter::{Subject, serve, stdio};
use crate::reference::{Reference, Surroundings, World};

/// One broken adapter.
#[derive(Debug)]
pub struct Mutant {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it does wrong, in one sentence.
    pub breaks: &'static str,
    /// The rule that must catch it.
    pub rule: &'static str,
    /// What the rule's finding must show, so that it is caught for what it does: what was expected
    /// and what was observed, after the name of the scenario where nothing else tells it from
    /// another mutant. Where an ellipsis stands, anything may stand between the words.
    pub reason: &'static str,
    /// What it cannot help failing in other families.
    pub also: &'static [Dominance],
    make: fn() -> Parts,
}

/// Rules of another family that a mutant fails as well.
#[derive(Debug, PartialEq, Eq)]
pub struct Dominance {
    /// A rule, or a family.
    pub rule: &'static str,
    /// Why no adapter with this fault can pass it.
    pub why: &'static str,
}

const fn fails(rule: &'static str, why: &'static str) -> Dominance {
    Dominance { rule, why }
}

/// Every mutant, in the order of the rules they break.
pub fn all() -> impl Iterator<Item = &'static Mutant> {
    [
        setup::MUTANTS,
        envelope::MUTANTS,
        route::MUTANTS,
        access::MUTANTS,
        dedup::MUTANTS,
        cursor::MUTANTS,
        context::MUTANTS,
        outbound::MUTANTS,
        media::MUTANTS,
        health::MUTANTS,
        leaks::MUTANTS,
        boundary::MUTANTS,
        life::MUTANTS,
    ]
    .into_iter()
    .flatten()
}

/// The mutant of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Mutant> {
    all().find(|mutant| mutant.name == name)
}

impl Mutant {
    /// Whether a finding shows the reason for which the mutant is to be caught.
    #[must_use]
    pub fn is_shown_by(&self, finding: &str) -> bool {
        let mut rest = finding;
        !self.reason.is_empty()
            && self.reason.split(" … ").all(|words| {
                let found = rest.split_once(words).map(|(_, after)| rest = after);
                found.is_some()
            })
    }

    /// The mutant as an adapter under test, in this process and on the caller's runtime. All that it
    /// writes is in the folders that it is given, and it is searched for there only.
    #[must_use]
    pub fn subject(&'static self) -> Subject {
        Subject::lodged(|reader, writer| self.serve(reader, writer))
    }

    /// Serves the mutant on stdin and stdout until stdin ends.
    ///
    /// # Errors
    /// If stdin cannot be read or stdout cannot be written.
    pub async fn serve_stdio(&self) -> io::Result<()> {
        self.serve(stdio::input(), stdio::output()).await
    }

    async fn serve<R, W>(&self, reader: R, writer: W) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        self.serve_within(World, reader, writer).await
    }

    /// Serves the mutant in other surroundings until the reader ends.
    ///
    /// # Errors
    /// If the reader or the writer fails.
    pub async fn serve_within<R, W>(
        &self,
        surroundings: impl Surroundings,
        reader: R,
        writer: W,
    ) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let Parts { twist, bubble } = (self.make)();
        let surroundings = Within {
            bubble,
            surroundings,
        };
        let reference = Reference::within(surroundings);
        match twist {
            Some(twist) => twist::serve_twisted(reference, twist, reader, writer).await,
            None => serve(reference, reader, writer).await,
        }
    }
}
