//! What AIOS asks of the adapter in a session: answers, questions, statuses, repeats, nonsense.

use serde_json::Value;

use super::draft::Flaw;
use super::{Driven, Person, Session, Stop, TICK, TICKS_MAX, Told, expect};
use crate::contract::{
    ActionErrorCode, ActionHead, ActionStatus, ApprovalRequestPayload, Id, OutboundAction, Seq,
    StatusActionPayload, Text, TextPayload, Timestamp,
};
use crate::evidence::Mismatch;

impl Session {
    /// The id of the last message of a person.
    #[must_use]
    pub fn last_from(&self, person: &str) -> Option<String> {
        self.log.read(|timeline| {
            let sent = expect::View::of(timeline).sent();
            let last = sent
                .iter()
                .rev()
                .find(|(_, message)| message.from == person)?;
            Some(last.1.message_id.clone())
        })
    }

    pub(super) async fn act_text(
        &mut self,
        person: &str,
        text: &str,
        reply_to: Option<&str>,
    ) -> Driven {
        let action = self.text_action(person, text, reply_to)?;
        self.act(&action).await
    }

    pub(super) fn text_action(
        &mut self,
        person: &str,
        text: &str,
        reply_to: Option<&str>,
    ) -> Driven<OutboundAction> {
        let head = self.action_head(person, reply_to)?;
        let payload = text_payload(person, text, reply_to)?;
        Ok(OutboundAction::message(head, payload))
    }

    /// The envelope of an action: it goes on with the session and the thread of the event that it
    /// answers, if there is one.
    fn action_head(&mut self, person: &str, reply_to: Option<&str>) -> Driven<ActionHead> {
        self.actions += 1;
        let number = self.actions;
        let text_of = |event: &expect::Event<'_>, name| event.text(name).map(str::to_owned);
        let (session, thread) = self.log.read(|timeline| {
            let view = expect::View::of(timeline);
            let events = view.all_events();
            let from = |event: &&expect::Event<'_>| {
                event
                    .document
                    .pointer("/payload/sender")
                    .and_then(Value::as_str)
                    == Some(person)
            };
            let last = events.iter().rev().find(from);
            let answered = events
                .iter()
                .find(|e| reply_to.is_some() && e.text("message_id") == reply_to);
            (
                last.and_then(|event| text_of(event, "session_id")),
                answered.and_then(|event| text_of(event, "correlation_id")),
            )
        });
        let id = |text: String| Id::try_from(text).map_err(Stop::kit);
        Ok(ActionHead {
            workspace_id: self.draft.integration.route.workspace_id.clone(),
            agent_id: self.draft.integration.route.agent_id.clone(),
            session_id: id(session.unwrap_or_else(|| "aios-session".to_owned()))?,
            stream_id: id("aios-1".to_owned())?,
            seq: Seq::try_from(i64::from(number)).map_err(Stop::kit)?,
            message_id: id(format!("act-{number:04}-{}", self.cast.tag()))?,
            timestamp: Timestamp::from_unix_ms(self.now_ms()),
            correlation_id: id(thread.unwrap_or_else(|| format!("aios-{number}")))?,
        })
    }

    /// The first message of a person.
    #[must_use]
    pub fn first_from(&self, person: &str) -> Option<String> {
        self.log.read(|timeline| {
            let sent = expect::View::of(timeline).sent();
            let first = sent.iter().find(|(_, message)| message.from == person)?;
            Some(first.1.message_id.clone())
        })
    }

    /// AIOS answers the last message.
    ///
    /// # Errors
    /// As [`Session::answer_with`].
    pub async fn answer_last(&mut self) -> Driven {
        let text = self.cast.text();
        self.answer_with(&text).await
    }

    /// AIOS answers the last message with a text.
    ///
    /// # Errors
    /// The message does not get through, or the adapter does not answer.
    pub async fn answer_with(&mut self, text: &str) -> Driven {
        self.settled().await?;
        let message = self
            .log
            .read(|timeline| expect::View::of(timeline).that_message().cloned())?;
        self.act_text(&message.from, text, Some(&message.message_id))
            .await
    }

    /// AIOS answers the last message with an error.
    ///
    /// # Errors
    /// As [`Session::answer_with`].
    pub async fn answer_with_error(&mut self, text: &str) -> Driven {
        self.settled().await?;
        let message = self
            .log
            .read(|timeline| expect::View::of(timeline).that_message().cloned())?;
        let head = self.action_head(&message.from, Some(&message.message_id))?;
        let payload = text_payload(&message.from, text, Some(&message.message_id))?;
        let code = ActionErrorCode::try_from("agent_unavailable").map_err(Stop::kit)?;
        self.act(&OutboundAction::error(head, code, payload)).await
    }

    /// AIOS sends somebody a text.
    ///
    /// # Errors
    /// As [`Session::answer_with`].
    pub async fn send_to(&mut self, who: Person, text: &str, reply_to: Option<&str>) -> Driven {
        self.settled().await?;
        let person = self.cast.person(who).to_owned();
        self.act_text(&person, text, reply_to).await
    }

    /// AIOS tells a status.
    ///
    /// # Errors
    /// As [`Session::answer_with`].
    pub async fn tell_status(&mut self, who: Person, status: ActionStatus) -> Driven {
        self.settled().await?;
        let person = self.cast.person(who).to_owned();
        let head = self.action_head(&person, None)?;
        let recipient = Id::try_from(person).map_err(Stop::kit)?;
        self.act(&OutboundAction::status(
            head,
            status,
            StatusActionPayload { recipient },
        ))
        .await
    }

    /// AIOS asks the owner for approval.
    ///
    /// # Errors
    /// As [`Session::answer_with`].
    pub async fn ask_approval(&mut self, text: &str) -> Driven {
        self.settled().await?;
        let owner = self.cast.owner.clone();
        let head = self.action_head(&owner, None)?;
        let payload = ApprovalRequestPayload {
            approval_id: Id::try_from(format!("apr-{}", self.cast.tag())).map_err(Stop::kit)?,
            text: Text::try_from(text).map_err(Stop::kit)?,
            expires_at: None,
        };
        self.act(&OutboundAction::approval_request(head, payload))
            .await
    }

    /// AIOS answers the last message with an action that has one fault.
    ///
    /// # Errors
    /// As [`Session::answer_with`].
    pub async fn send_faulty(&mut self, flaw: Flaw) -> Driven {
        self.settled().await?;
        let message = self
            .log
            .read(|timeline| expect::View::of(timeline).that_message().cloned())?;
        let text = self.cast.text();
        let head = self.action_head(&message.from, Some(&message.message_id))?;
        let payload = text_payload(&message.from, &text, Some(&message.message_id))?;
        let action = OutboundAction::message(head, payload);
        let mut document = serde_json::to_value(&action).map_err(Stop::kit)?;
        flaw.apply(&mut document).map_err(Stop::Kit)?;
        let what = flaw.words().to_owned();
        self.log.record(crate::evidence::Fact::Flawed { what });
        self.act(&document).await
    }

    /// AIOS repeats its last action to the letter.
    ///
    /// # Errors
    /// The adapter does not answer, or there was no action.
    pub async fn repeat_action(&mut self) -> Driven {
        self.repeat(|acts| acts.last()).await
    }

    /// AIOS sends its first action again.
    ///
    /// # Errors
    /// As [`Session::repeat_action`].
    pub async fn repeat_first_action(&mut self) -> Driven {
        self.repeat(|acts| acts.first()).await
    }

    async fn repeat(
        &mut self,
        which: for<'a> fn(&'a [expect::Act<'a>]) -> Option<&'a expect::Act<'a>>,
    ) -> Driven {
        let action = self.log.read(|timeline| {
            let acts = expect::View::of(timeline).acts();
            which(&acts).map(|act| act.params.clone())
        });
        let action =
            action.ok_or_else(|| Stop::kit("the scenario repeats an action before the first"))?;
        self.act(&action).await
    }

    /// Lets what was sent pass first where it can, so that an action meets a settled adapter.
    async fn settled(&mut self) -> Driven {
        if self.mood() == super::Mood::Open {
            self.fence().await
        } else {
            Ok(())
        }
    }

    /// Gives the adapter an action. While it works on it, time passes if it waits for time.
    async fn act(&mut self, action: &impl serde::Serialize) -> Driven {
        let limit = self.patience.call();
        let mut answer = self.ask_later("act", action, limit)?;
        let mut ticks = 0;
        let told = loop {
            tokio::select! {
                biased;
                told = &mut answer => break told?,
                () = self.time_is_awaited(), if ticks < TICKS_MAX => {
                    ticks += 1;
                    self.advance(TICK).await?;
                }
            }
        };
        match told {
            Told::Nothing(why) => Err(Mismatch::new("a receipt", why, self.last()).into()),
            Told::Result | Told::Error(_) => Ok(()),
        }
    }

    /// Resolves once the adapter is seen to wait for time that is ours to move.
    async fn time_is_awaited(&self) {
        if self.clock == super::SceneClock::Real {
            std::future::pending::<()>().await;
        }
        let forever = self.patience.scenario();
        let mut awaiting = expect::Awaiting::default();
        loop {
            self.log
                .wait(forever, |t| awaiting.follow(t).then_some(()))
                .await;
            if self.is_quiet(|t| !awaiting.follow(t)).await {
                return;
            }
        }
    }
}

fn text_payload(person: &str, text: &str, reply_to: Option<&str>) -> Driven<TextPayload> {
    Ok(TextPayload {
        recipient: Id::try_from(person).map_err(Stop::kit)?,
        text: Text::try_from(text).map_err(Stop::kit)?,
        reply_to: reply_to.map(Id::try_from).transpose().map_err(Stop::kit)?,
    })
}
