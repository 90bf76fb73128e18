//! Actions on their way to WeChat: checked, cut, sent once, and answered with a receipt.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::channel::Channel;
use super::outbox::{Outcome, Recall, client_id};
use super::render::chunks;
use super::transport::Failure;
use crate::adapter::AdapterError;
use crate::contract::{
    ActionStatus, Code, Id, OutboundAction, PairingState, Receipt, StatusAction,
};
use crate::wire::{
    MESSAGE_BOT, MessageItem, Raw, STATE_FINISH, TYPING_START, TYPING_STOP, WeixinMessage,
};

/// When a send that met a rate limit is worth another try; WeChat itself does not say.
const RATE_LIMIT_PAUSE: Duration = Duration::from_secs(30);

impl Channel {
    /// Carries out one action. A repeat of a settled one gets the first receipt again.
    pub(super) async fn act(&self, action: &OutboundAction) -> Result<Receipt, AdapterError> {
        self.check_route(action)?;
        let _turn = self.turn.lock().await;
        let accepted = match self.with(|ledger, now| ledger.outbox.recall(action.message_id(), now))
        {
            Recall::Settled(receipt) => return Ok(*receipt),
            Recall::Open(accepted) => accepted,
        };
        let outcome = match action {
            _ if !self.integration.enabled => Outcome::refused(Code::Unsupported),
            OutboundAction::Status(status) => self.apply(status).await,
            OutboundAction::Message(_)
            | OutboundAction::Error(_)
            | OutboundAction::ApprovalRequest(_) => self.speak(action, accepted).await,
        };
        Ok(self.keep(|ledger, now| ledger.outbox.conclude(action, outcome, now)))
    }

    /// AIOS speaks through the route it configured, or by mistake.
    fn check_route(&self, action: &OutboundAction) -> Result<(), AdapterError> {
        let route = &self.integration.route;
        for (pointer, given, expected) in [
            ("/workspace_id", action.workspace_id(), &route.workspace_id),
            ("/agent_id", action.agent_id(), &route.agent_id),
        ] {
            if given != expected {
                return Err(AdapterError::refused(
                    pointer,
                    "expected that of the channel's route",
                ));
            }
        }
        Ok(())
    }

    async fn speak(&self, action: &OutboundAction, mut accepted: Vec<Option<Id>>) -> Outcome {
        // An approval request names nobody: it is a question to the owner.
        let Some(recipient) = action.recipient().or(self.integration.owner()) else {
            return Outcome::refused(Code::NoOwner);
        };
        let text = action.text().map_or("", |text| text.expose());
        let chunks = chunks(text, self.integration.config.message_chunk_limit());
        if let Some(code) = self.with(|ledger, _| ledger.gate.refusal(recipient)) {
            return if accepted.is_empty() {
                Outcome::refused(code)
            } else {
                // Admitted when it began: what went out stays on the receipt (WX-OUT-009).
                Outcome::broken_off(accepted, chunks.len(), code, true, None)
            };
        }
        let reply_to = action.reply_to().map(Id::as_str);
        let token = self.with(|ledger, _| {
            ledger
                .contexts
                .usable(recipient.as_str(), reply_to)
                .map(str::to_owned)
        });
        let Some(token) = token else {
            let total = if accepted.is_empty() { 0 } else { chunks.len() };
            return Outcome::broken_off(accepted, total, Code::ContextUnavailable, true, None);
        };
        for (number, chunk) in chunks.iter().enumerate().skip(accepted.len()) {
            let message = WeixinMessage {
                to_user_id: recipient.to_string(),
                client_id: client_id(action.message_id(), number),
                message_type: MESSAGE_BOT,
                message_state: STATE_FINISH,
                item_list: Raw::of(&MessageItem::text(*chunk)).into_iter().collect(),
                context_token: token.clone(),
                ..WeixinMessage::default()
            };
            match self.call(self.transport.send_message(message)).await {
                Ok(answer) => {
                    let id = answer.message_id.get();
                    accepted.push(id.and_then(|id| Id::try_from(id.to_string()).ok()));
                }
                Err(failure) => {
                    if failure.code() == Code::ContextUnavailable {
                        self.keep(|ledger, _| ledger.contexts.refuse(&token));
                    }
                    return broken_off(accepted, chunks.len(), &failure);
                }
            }
        }
        Outcome::delivered(accepted)
    }

    async fn apply(&self, action: &StatusAction) -> Outcome {
        let recipient = &action.payload.recipient;
        let decided = match action.status_code {
            ActionStatus::PairingApproved => PairingState::Approved,
            ActionStatus::PairingDenied => PairingState::Denied,
            ActionStatus::Working => return self.show_typing(recipient, TYPING_START).await,
            ActionStatus::Idle => return self.show_typing(recipient, TYPING_STOP).await,
        };
        match self.keep(|ledger, now| ledger.gate.decide(recipient, decided, now)) {
            Ok(()) => Outcome::applied(),
            Err(code) => Outcome::refused(code),
        }
    }

    async fn show_typing(&self, recipient: &Id, status: i64) -> Outcome {
        if let Some(code) = self.with(|ledger, _| ledger.gate.refusal(recipient)) {
            return Outcome::refused(code);
        }
        let peer = recipient.as_str();
        let token = self.with(|ledger, _| ledger.contexts.usable(peer, None).map(str::to_owned));
        let config = self
            .call(self.transport.get_config(peer, token.as_deref()))
            .await;
        let shown = match config {
            Ok(config) => {
                self.call(
                    self.transport
                        .send_typing(peer, &config.typing_ticket, status),
                )
                .await
            }
            Err(failure) => Err(failure),
        };
        match shown {
            Ok(()) => Outcome::applied(),
            Err(failure) => broken_off(Vec::new(), 0, &failure),
        }
    }

    /// One call to WeChat, on the record. `stop` cuts it off.
    async fn call<T>(&self, call: BoxFuture<'_, Result<T, Failure>>) -> Result<T, Failure> {
        let Some(answer) = self.stopping.run_until_cancelled(call).await else {
            return Err(Failure::Connection);
        };
        self.with(|ledger, now| match &answer {
            Ok(_) => ledger.health.send_succeeds(),
            Err(failure) => ledger.health.send_fails(failure.code(), now),
        });
        answer
    }
}

fn broken_off(accepted: Vec<Option<Id>>, total: usize, failure: &Failure) -> Outcome {
    let retry_after = match failure {
        Failure::Status { retry_after } => *retry_after,
        Failure::Refused(_) if failure.code() == Code::RateLimited => Some(RATE_LIMIT_PAUSE),
        _ => None,
    };
    let retry_after_sec = retry_after.map(|pause| pause.as_secs());
    Outcome::broken_off(
        accepted,
        total,
        failure.code(),
        failure.is_refusal(),
        retry_after_sec,
    )
}
