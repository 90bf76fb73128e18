//! What the steps of one scenario share: the live session, and the first thing that went wrong.

use cucumber::World as _;

use crate::evidence::{Citations, Judgement, Timeline};
use crate::session::{Driven, Flaw, Session, Stop, expect};

/// The world of one scenario.
#[derive(cucumber::World, Debug)]
#[world(init = Self::unmade)]
pub(super) struct World {
    /// The live session.
    pub(super) session: Session,
    /// The fault of the last action, if it has one.
    pub(super) action_flaw: Option<Flaw>,
    stopped: Option<Stop>,
    citations: Citations,
    judged_at: Option<usize>,
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
            action_flaw: None,
            stopped: None,
            citations: Citations::new(),
            judged_at: None,
        }
    }

    /// The step functions of this crate.
    pub(super) fn steps() -> cucumber::step::Collection<Self> {
        Self::collection()
    }

    /// Keeps what stopped a driving step.
    pub(super) fn drive<T>(&mut self, driven: Driven<T>) -> Option<T> {
        match driven {
            Ok(value) => Some(value),
            Err(stop) => {
                self.stopped.get_or_insert(stop);
                None
            }
        }
    }

    /// Waits until everything sent so far has had its chance, then judges.
    pub(super) async fn judge(&mut self, judge: impl FnOnce(&Timeline) -> Judgement) {
        let fenced = self.session.fence().await;
        if self.drive(fenced).is_some() {
            self.judge_now(judge);
        }
    }

    /// Judges what has been seen so far.
    pub(super) fn judge_now(&mut self, judge: impl FnOnce(&Timeline) -> Judgement) {
        let (judgement, length) = self
            .session
            .log
            .read(|timeline| (judge(timeline), timeline.len()));
        self.judged_at = Some(length);
        match judgement {
            Ok(citations) => self.citations.extend(citations),
            Err(mismatch) => {
                self.stopped.get_or_insert(mismatch.into());
            }
        }
    }

    /// Takes what the last step left: what stopped it, and where it judged.
    pub(super) fn take(&mut self) -> (Option<Stop>, Option<usize>) {
        (self.stopped.take(), self.judged_at.take())
    }

    /// The facts that all judgements so far rest on.
    pub(super) fn citations(&self) -> Citations {
        self.citations.clone()
    }

    /// Adds proof of life, driving one more message through the adapter if it is still missing.
    pub(super) async fn prove_life(&mut self) {
        if self
            .session
            .log
            .read(|timeline| expect::life(timeline).is_err())
        {
            let fenced = self.session.fence().await;
            if self.drive(fenced).is_none() {
                return;
            }
        }
        match self.session.log.read(expect::life) {
            Ok(citations) => self.citations.extend(citations),
            Err(mismatch) => {
                self.stopped.get_or_insert(mismatch.into());
            }
        }
    }
}
