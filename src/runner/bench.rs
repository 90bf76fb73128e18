//! Where a scenario is judged: beside the live session, or over a recorded timeline alone.

use cucumber::World as _;

use super::world::World;
use crate::evidence::{Citations, Judgement, Timeline};
use crate::session::{Cast, Driven, Person, Session, Stop};

/// What judging steps see. Of a live session they see the timeline; all that they have done is
/// done by [`Bench::first`], so that a recorded scenario is judged by the same steps.
#[derive(cucumber::World, Debug)]
#[world(init = Self::unmade)]
pub(super) struct Bench {
    stage: Stage,
    stopped: Option<Stop>,
    citations: Citations,
    judged_at: Option<usize>,
}

#[derive(Debug)]
enum Stage {
    Live(Box<World>),
    Recorded { timeline: Timeline, cast: Box<Cast> },
}

/// What a judging step left.
#[derive(Debug)]
pub(super) struct Ruling {
    /// What stopped the scenario.
    pub(super) stopped: Option<Stop>,
    /// The facts that the judgements rest on.
    pub(super) citations: Citations,
    /// Length of the timeline when the last of them was made.
    pub(super) judged_at: Option<usize>,
}

impl Bench {
    /// cucumber wants a constructor without arguments; every bench is made by one of the others.
    fn unmade() -> Result<Self, std::fmt::Error> {
        Err(std::fmt::Error)
    }

    fn with(stage: Stage) -> Self {
        Self {
            stage,
            stopped: None,
            citations: Citations::new(),
            judged_at: None,
        }
    }

    /// Beside a live session.
    pub(super) fn live(world: World) -> Self {
        Self::with(Stage::Live(Box::new(world)))
    }

    /// Over a recorded timeline, as it was when the step judged it.
    pub(super) fn recorded(timeline: Timeline, cast: Cast) -> Self {
        Self::with(Stage::Recorded {
            timeline,
            cast: Box::new(cast),
        })
    }

    /// The step functions that judge.
    pub(super) fn steps() -> cucumber::step::Collection<Self> {
        Self::collection()
    }

    /// The WeChat id of a person of the scenario.
    pub(super) fn person(&self, who: Person) -> String {
        let cast = match &self.stage {
            Stage::Live(world) => &world.session.cast,
            Stage::Recorded { cast, .. } => cast,
        };
        cast.person(who).to_owned()
    }

    /// Has something done before the judgement; in a recorded scenario it was done.
    pub(super) async fn first(&mut self, drive: impl AsyncFnOnce(&mut Session) -> Driven) {
        if self.stopped.is_some() {
            return;
        }
        if let Stage::Live(world) = &mut self.stage {
            let driven = drive(&mut world.session).await;
            world.drive(driven);
            self.stopped = world.take();
        }
    }

    /// Keeps a fault of the kit.
    pub(super) fn drive<T>(&mut self, driven: Driven<T>) -> Option<T> {
        driven.map_err(|stop| self.stopped.get_or_insert(stop)).ok()
    }

    /// Waits until everything sent so far has had its chance, then judges.
    pub(super) async fn judge(&mut self, judge: impl FnOnce(&Timeline) -> Judgement) {
        self.first(Session::fence).await;
        self.judge_now(judge);
    }

    /// Judges what has been seen so far, unless the scenario cannot go on.
    pub(super) fn judge_now(&mut self, judge: impl FnOnce(&Timeline) -> Judgement) {
        if self.stopped.is_some() {
            return;
        }
        let look = |timeline: &Timeline| (judge(timeline), timeline.len());
        let (judgement, length) = match &self.stage {
            Stage::Live(world) => world.session.log.read(look),
            Stage::Recorded { timeline, .. } => look(timeline),
        };
        self.judged_at = Some(length);
        match judgement {
            Ok(citations) => self.citations.extend(citations),
            Err(mismatch) => self.stopped = Some(mismatch.into()),
        }
    }

    /// The end of the step: the session goes on, if it is live.
    pub(super) fn rise(self) -> (Ruling, Option<World>) {
        let ruling = Ruling {
            stopped: self.stopped,
            citations: self.citations,
            judged_at: self.judged_at,
        };
        let world = match self.stage {
            Stage::Live(world) => Some(*world),
            Stage::Recorded { .. } => None,
        };
        (ruling, world)
    }
}
