//! What the driving steps of one scenario share: the live session, and the first thing that went wrong.

use cucumber::World as _;

use crate::evidence::Fact;
use crate::session::{Draft, Driven, Session, Stop};

/// The world of one scenario.
#[derive(cucumber::World, Debug)]
#[world(init = Self::unmade)]
pub(super) struct World {
    /// The live session.
    pub(super) session: Session,
    stopped: Option<Stop>,
}

impl World {
    /// cucumber wants a constructor without arguments. The engine makes every world by
    /// [`World::new_for`], so this one only says so.
    fn unmade() -> Result<Self, std::fmt::Error> {
        Err(std::fmt::Error)
    }

    /// A world for a session.
    pub(super) fn new_for(session: Session) -> Self {
        Self {
            session,
            stopped: None,
        }
    }

    /// The step functions that drive.
    pub(super) fn steps() -> cucumber::step::Collection<Self> {
        Self::collection()
    }

    /// Keeps what stopped a driving step, and records it: nobody could tell it from the rest.
    pub(super) fn drive<T>(&mut self, driven: Driven<T>) -> Option<T> {
        match driven {
            Ok(value) => Some(value),
            Err(stop) => {
                if self.stopped.is_none() {
                    self.session.log.record(fact(&stop));
                    self.stopped = Some(stop);
                }
                None
            }
        }
    }

    /// What tells a step that did something: a fact more, or another configuration for the next
    /// start.
    pub(super) fn traces(&self) -> (usize, Draft) {
        (self.session.log.len(), self.session.draft.clone())
    }

    /// Takes what stopped the last step.
    pub(super) fn take(&mut self) -> Option<Stop> {
        self.stopped.take()
    }
}

/// What stopped a scenario, as a fact of its timeline.
pub(super) fn fact(stop: &Stop) -> Fact {
    match stop.clone() {
        Stop::Mismatch(mismatch) => Fact::Stopped { mismatch },
        Stop::Kit(cause) => Fact::Faulted { cause },
    }
}
