//! WeChat's bad days: what goes wrong, for how long, and what the adapter says meanwhile.

use std::time::Duration;

use super::{Driven, SceneClock, Session, TICK, Waited, expect};
use crate::evidence::{Fact, SentMessage, Timeline};
use crate::simulator::{Fault, FaultRule, Shape};
use crate::wire::Endpoint;

/// How often health is asked for, at most, until it shows a trouble or its end.
const ROUNDS: usize = 40;
/// How many of these follow at once, while an adapter may still be taking in what happened.
const ROUNDS_AT_ONCE: usize = 10;
/// How much real time lies between two questions at first, and how much time later.
const MOMENT: Duration = Duration::from_millis(15);
const ROUND: Duration = Duration::from_millis(150);
/// In virtual time: how long at least and at most nothing has to happen before a tick that is due
/// anyway, and how often at most something may.
const BREATH: Duration = Duration::from_millis(3);
const BREATH_MAX: Duration = Duration::from_millis(25);
const BREATHS: usize = 20;

/// What goes wrong between the adapter and WeChat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// An error of WeChat's server.
    OutOfOrder,
    /// The connection ends before the answer.
    HangsUp,
    /// The connection ends within the answer.
    BreaksOff,
    /// An answer without content.
    SaysNothing,
    /// A web page for an answer.
    WebPage,
    /// Half an answer.
    HalfAnswer,
    /// An answer that is no language.
    Gibberish,
    /// A refusal in what looks like a good answer.
    SaysNo(Shape),
    /// The same, with the code of an expired login.
    LoginExpired(Shape),
    /// No answer, ever.
    NoAnswer,
    /// Nobody can reach WeChat.
    OutOfReach,
}

impl Trouble {
    /// The trouble that a scenario names with these words.
    #[must_use]
    pub fn named(words: &str) -> Option<Self> {
        Some(match words {
            "is out of order" => Self::OutOfOrder,
            "hangs up" => Self::HangsUp,
            "breaks off its answer" => Self::BreaksOff,
            "answers with nothing" => Self::SaysNothing,
            "answers with a web page" => Self::WebPage,
            "answers with half a sentence" => Self::HalfAnswer,
            "answers with gibberish" => Self::Gibberish,
            "says no with both of its codes" => Self::SaysNo(Shape::Both),
            "says no with its first code alone" => Self::SaysNo(Shape::Ret),
            "says no with its second code alone" => Self::SaysNo(Shape::Errcode),
            "says with both of its codes that the login has expired" => {
                Self::LoginExpired(Shape::Both)
            }
            "says with its first code alone that the login has expired" => {
                Self::LoginExpired(Shape::Ret)
            }
            "says with its second code alone that the login has expired" => {
                Self::LoginExpired(Shape::Errcode)
            }
            "gives no answer" => Self::NoAnswer,
            "is out of reach" => Self::OutOfReach,
            _ => return None,
        })
    }

    fn fault(self) -> Option<Fault> {
        let refusal = |code, errmsg: &str, shape| Fault::BusinessError {
            code,
            errmsg: Some(errmsg.to_owned()),
            shape,
        };
        Some(match self {
            Self::OutOfOrder => Fault::HttpStatus {
                status: 500,
                retry_after_sec: None,
            },
            Self::HangsUp => Fault::Close {},
            Self::BreaksOff => Fault::DropMidBody {},
            Self::SaysNothing => Fault::EmptyBody {},
            Self::WebPage => Fault::Html {},
            Self::HalfAnswer => Fault::TruncatedJson {},
            Self::Gibberish => Fault::MalformedJson {},
            Self::SaysNo(shape) => refusal(-1, "system error", shape),
            Self::LoginExpired(shape) => refusal(-14, "session timeout", shape),
            Self::NoAnswer => Fault::NeverAnswer {},
            Self::OutOfReach => return None,
        })
    }
}

impl Session {
    /// From now on calls of this kind go wrong. Returns at once.
    ///
    /// # Errors
    /// A fault of the kit.
    pub fn spoil(&mut self, on: Endpoint, trouble: Trouble) -> Driven {
        if let Some(fault) = trouble.fault() {
            self.wechat.fails(on, fault)
        } else {
            self.wechat.shuts();
            Ok(())
        }
    }

    /// From now on polls go wrong; waits until one has.
    ///
    /// # Errors
    /// The adapter does not poll.
    pub async fn spoil_polls(&mut self, trouble: Trouble) -> Driven {
        self.parked().await?;
        let before = self.log.read(expect::failures);
        self.spoil(Endpoint::GetUpdates, trouble)?;
        if trouble != Trouble::OutOfReach {
            // A poll that is held began before: it ends well, and the next one goes wrong.
            self.wechat.release_polls();
        }
        self.until("a poll that goes wrong", |timeline| {
            (expect::failures(timeline) > before).then_some(())
        })
        .await
    }

    /// WeChat answers a poll without messages and without a new position; waits until it has.
    ///
    /// # Errors
    /// The adapter does not poll.
    pub async fn answer_without_position(&mut self) -> Driven {
        self.parked().await?;
        let before = self.log.read(expect::polls_without_position);
        let next = FaultRule::next(Endpoint::GetUpdates, Fault::NoPosition {});
        self.wechat.set_fault(next)?;
        self.wechat.release_polls();
        self.until("a poll after the one that is held", |timeline| {
            (expect::polls_without_position(timeline) > before).then_some(())
        })
        .await
    }

    /// Whatever went wrong goes well again; waits until the adapter is through with everything.
    ///
    /// # Errors
    /// The adapter does not come back.
    pub async fn mend(&mut self) -> Driven {
        self.wechat.works_again();
        self.fence_anew().await?;
        self.until("a receipt for each action", expect::acts_are_answered)
            .await
    }

    /// Asks for the health until it shows the trouble that lasts, or has been asked often enough.
    ///
    /// # Errors
    /// The adapter does not answer.
    pub async fn watch_trouble(&mut self) -> Driven {
        for round in 0..ROUNDS {
            self.health().await?;
            if self.log.read(expect::trouble_is_shown) {
                break;
            }
            if round < ROUNDS_AT_ONCE {
                self.log.wait(MOMENT, |_| None::<()>).await;
            } else {
                self.pass(ROUND).await?;
            }
        }
        Ok(())
    }

    /// Asks for the health, with a good poll before each question, until it is good.
    ///
    /// # Errors
    /// The adapter does not come back, or does not answer.
    pub async fn watch_recovery(&mut self) -> Driven {
        for _ in 0..3 {
            self.fence().await?;
            self.health().await?;
            if self.log.read(expect::is_healthy) {
                break;
            }
        }
        Ok(())
    }

    /// Lets time pass as it does by itself: in virtual time in small steps, so that whoever is in
    /// a hurry shows it.
    ///
    /// # Errors
    /// The adapter does not answer.
    pub async fn let_pass(&mut self, time: Duration) -> Driven {
        if self.clock != SceneClock::Real {
            return self.pass(time).await;
        }
        let text = if self.let_go_by(time).await {
            format!("{time:?} have passed by themselves")
        } else {
            format!("the adapter was gone before {time:?} had passed")
        };
        self.log.record(Fact::Note { text });
        Ok(())
    }

    async fn pass(&mut self, time: Duration) -> Driven {
        if self.clock == SceneClock::Real {
            self.let_go_by(time).await;
            return Ok(());
        }
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(TICK);
            self.breathe().await;
            self.advance(step).await?;
            left -= step;
        }
        self.breathe().await;
        Ok(())
    }

    /// Leaves the adapter alone until nothing happens for as long as it was seen to take for
    /// anything: on a slow machine, too, whoever is in a hurry shows it before time moves on.
    async fn breathe(&self) {
        let slowest = self.log.read(expect::slowest_reaction);
        let breath = slowest.unwrap_or_default().clamp(BREATH, BREATH_MAX);
        for _ in 0..BREATHS {
            let seen = self.log.len();
            let happens = |timeline: &Timeline| (timeline.len() > seen).then_some(());
            if self.log.wait(breath, happens).await != Waited::Seen(()) {
                break;
            }
        }
    }

    /// AIOS answers the last message at once, whatever else goes on.
    ///
    /// # Errors
    /// The adapter does not answer.
    pub async fn answer_at_once(&mut self) -> Driven {
        let (message, text) = self.next_answer()?;
        self.act_text(&message.from, &text, Some(&message.message_id))
            .await
    }

    /// What AIOS answers to the last message.
    pub(super) fn next_answer(&mut self) -> Driven<(SentMessage, String)> {
        let message = self
            .log
            .read(|timeline| expect::View::of(timeline).that_message().cloned())?;
        let text = self.cast.text();
        Ok((message, text))
    }

    /// Waits until AIOS has left an event unanswered.
    ///
    /// # Errors
    /// The adapter offers none.
    pub async fn one_left_open(&mut self) -> Driven {
        self.until("an event that AIOS leaves unanswered", expect::left_open)
            .await?;
        self.log.record(Fact::Note {
            text: "AIOS has left an event unanswered".to_owned(),
        });
        Ok(())
    }
}
