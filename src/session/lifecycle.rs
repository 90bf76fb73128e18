//! The life of an adapter at its edges: calls too early, too late, twice, and at the same time.

use std::time::Duration;

use futures_util::poll;
use serde::Serialize;

use super::{Driven, Session, expect};
use crate::contract::driver::{AdvanceParams, PROTOCOL_VERSION, ProtocolVersion};
use crate::contract::{Slug, Timestamp};
use crate::evidence::{Fact, Mismatch};

/// A version that nobody speaks.
const UNKNOWN_VERSION: ProtocolVersion = ProtocolVersion::literal(4_711);

impl Session {
    /// Shakes hands in a version that nobody speaks; what comes back is recorded.
    ///
    /// # Errors
    /// A fault of the kit.
    pub async fn shake_hands_in_an_unknown_version(&mut self) -> Driven {
        self.launch_silently().await?;
        self.shake_hands(UNKNOWN_VERSION).await.map(drop)
    }

    /// Makes a call, whether or not it is its time; what comes back is recorded.
    ///
    /// # Errors
    /// The adapter does not answer.
    pub async fn call_early(&mut self, method: &str) -> Driven {
        match method {
            "start" => self.start().await,
            "audit" => self.audit().await,
            "advance" => {
                let now = Timestamp::from_unix_ms(self.now_ms());
                self.ask("advance", &AdvanceParams { now }).await
            }
            _ => {
                let (person, text) = (self.cast.owner.clone(), self.cast.text());
                self.act_text(&person, &text, None).await
            }
        }
    }

    /// Shakes hands as usual with an adapter that was launched silently.
    ///
    /// # Errors
    /// The adapter does not answer.
    pub async fn shake_hands_after_all(&mut self) -> Driven {
        self.shake_hands(PROTOCOL_VERSION).await.map(drop)
    }

    /// Starts the adapter, which must be willing.
    ///
    /// # Errors
    /// It refuses, or does not answer.
    pub async fn start_well(&mut self) -> Driven {
        self.start().await?;
        match self.log.read(expect::last_start_error) {
            None => Ok(()),
            Some((at, error)) => Err(Mismatch::new(
                "the adapter to start with a faultless configuration",
                format!("it answers with error {error}"),
                vec![at],
            )
            .into()),
        }
    }

    /// Asks the adapter to stop, within the grace period; its process stays.
    ///
    /// # Errors
    /// A fault of the kit.
    pub async fn stop_only(&mut self) -> Driven {
        if let Some(live) = &self.live {
            // It may leave as soon as it has answered.
            live.aios.expect_end();
        }
        let nothing = serde_json::Map::new();
        self.call("stop", &nothing, self.patience.grace())
            .await
            .map(drop)
    }

    /// Waits until no poll is held any more, at most for the grace period.
    pub async fn until_no_poll_is_held(&mut self) {
        let wechat = &self.wechat;
        let grace = self.patience.grace();
        self.log
            .wait(grace, |_| wechat.parked().is_empty().then_some(()))
            .await;
        // A poll that ends later ended with its process.
        self.log.record(Fact::FencePassed { message_id: None });
    }

    /// Waits until a poll is held.
    ///
    /// # Errors
    /// The adapter does not poll.
    pub async fn until_a_poll_is_held(&mut self) -> Driven {
        self.parked().await
    }

    /// Ends the adapter's input, and waits for its process to end.
    ///
    /// # Errors
    /// None so far.
    pub async fn end_input(&mut self) -> Driven {
        self.close().await
    }

    /// Asks the adapter twice at once to stop.
    ///
    /// # Errors
    /// A fault of the kit.
    pub async fn stop_twice(&mut self) -> Driven {
        if let Some(live) = &self.live {
            live.aios.expect_end();
        }
        let nothing = serde_json::Map::new();
        self.begin("stop", &nothing, self.patience.grace()).await?;
        self.stop_only().await?;
        self.join_outstanding().await;
        Ok(())
    }

    /// After a stop: gives whatever the adapter may still do its time. It may be gone already.
    pub async fn linger(&mut self) {
        self.lull().await;
        self.log.record(Fact::FencePassed { message_id: None });
    }

    /// AIOS answers the last message; the scenario goes on while WeChat has not answered the send.
    ///
    /// # Errors
    /// The adapter does not try to send.
    pub async fn begin_to_answer(&mut self) -> Driven {
        self.answer_meanwhile().await?;
        self.until("the adapter to send", expect::send_is_open)
            .await
    }

    /// AIOS answers the last message; the scenario goes on once the send has gone wrong.
    ///
    /// # Errors
    /// The adapter does not try to send.
    pub async fn answer_in_vain(&mut self) -> Driven {
        self.fence().await?;
        let before = self.log.read(expect::failed_sends);
        self.answer_meanwhile().await?;
        self.until("a send that goes wrong", |timeline| {
            (expect::failed_sends(timeline) > before).then_some(())
        })
        .await
    }

    async fn answer_meanwhile(&mut self) -> Driven {
        let (message, text) = self.next_answer()?;
        let action = self.text_action(&message.from, &text, Some(&message.message_id))?;
        self.begin("act", &action, self.patience.call()).await
    }

    /// Makes a request whose answer the scenario does not wait for.
    async fn begin(
        &mut self,
        method: &'static str,
        params: &impl Serialize,
        limit: Duration,
    ) -> Driven {
        let mut answer = self.ask_later(method, params, limit)?;
        // The first poll makes the request, so that the requests after it come after it.
        if poll!(&mut answer).is_pending() {
            self.outstanding
                .push(tokio::spawn(async move { drop(answer.await) }));
        }
        Ok(())
    }

    /// The cursor key that the next start carries.
    ///
    /// # Errors
    /// A fault of the kit: no key.
    pub fn set_cursor_key(&mut self, key: &str) -> Driven {
        self.draft.integration.config.cursor_key = Slug::try_from(key).map_err(super::Stop::kit)?;
        Ok(())
    }
}
