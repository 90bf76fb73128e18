//! Pure: everything the adapter remembers, and what it decides from it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::context::ContextTokens;
use super::dedup::Dedup;
use super::gate::{Admission, Gate};
use super::normalize::{Content, Letter};
use super::outbox::Outbox;
use super::record::HealthRecord;
use super::state::StateDocument;
use crate::contract::{
    AccessState, AttachmentMetaPayload, Code, EffectivePolicy, Id, Integration, MessagePayload,
    MessageStatus, Pairing, Slug, Timestamp,
};

/// The memory of one channel. Its parts know nothing of each other; here they meet.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// Who may speak.
    pub gate: Gate,
    /// Which messages are settled.
    pub dedup: Dedup,
    /// Which token an answer carries.
    pub contexts: ContextTokens,
    /// What became of AIOS's actions.
    pub outbox: Outbox,
    /// How the channel is.
    pub health: HealthRecord,
    starts: u64,
    cursor_key: Slug,
    cursors: BTreeMap<String, String>,
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is a text for AIOS.
    Message(MessagePayload),
    /// It is attachments for AIOS.
    AttachmentMeta(AttachmentMetaPayload),
    /// AIOS hears that it came, and not what it says.
    Report {
        /// Why it is not forwarded.
        status: MessageStatus,
        /// The group it came through.
        group_id: Option<Id>,
    },
    /// It is dropped: its sender was reported before, and waits.
    Drop,
    /// It was settled before.
    Known,
}

impl Ledger {
    /// The memory at a start.
    #[must_use]
    pub fn open(integration: &Integration, kept: StateDocument<'_>) -> Self {
        let window_sec = integration.dedup_window_sec();
        let cache = integration.config.context_cache();
        Self {
            gate: Gate::new(integration, kept.pairing),
            dedup: Dedup::restored(window_sec, kept.settled.into_owned()),
            contexts: ContextTokens::restored(cache, kept.contexts.into_owned()),
            outbox: Outbox::restored(window_sec, kept.actions.into_owned()),
            health: HealthRecord::default(),
            starts: kept.starts.saturating_add(1),
            cursor_key: integration.config.cursor_key.clone(),
            cursors: kept.cursors.into_owned(),
        }
    }

    /// What a restart needs, lent: it is written after each message.
    #[must_use]
    pub fn document(&self) -> StateDocument<'_> {
        let pairing = self
            .gate
            .pairings()
            .map(|(person, stands)| (person.to_string(), stands));
        StateDocument {
            starts: self.starts,
            cursors: Cow::Borrowed(&self.cursors),
            settled: Cow::Borrowed(self.dedup.settled()),
            pairing: pairing.collect(),
            actions: Cow::Borrowed(self.outbox.actions()),
            contexts: self.contexts.lasting(),
        }
    }

    /// How often the channel was started, this time included.
    #[must_use]
    pub fn starts(&self) -> u64 {
        self.starts
    }

    /// The position under the channel's cursor key; empty at first.
    #[must_use]
    pub fn cursor(&self) -> &str {
        self.cursors
            .get(self.cursor_key.as_str())
            .map_or("", String::as_str)
    }

    /// Whether `cursor` is another position; WeChat's empty cursor means that the position stays.
    #[must_use]
    pub fn is_elsewhere(&self, cursor: &str) -> bool {
        !cursor.is_empty() && cursor != self.cursor()
    }

    /// Moves the position, once everything before it is settled.
    pub fn move_to(&mut self, cursor: String) {
        self.cursors.insert(self.cursor_key.to_string(), cursor);
    }

    /// Goes back to the beginning: WeChat no longer knows the position.
    pub fn forget_cursor(&mut self) {
        self.cursors.remove(self.cursor_key.as_str());
    }

    /// Decides about a message. The token of an admitted sender is learned at once, since AIOS may
    /// answer before it has accepted.
    pub fn judge(&mut self, letter: &Letter, now: i64) -> Verdict {
        if self.dedup.knows(letter.ids.dedup_key.as_str(), now) {
            return Verdict::Known;
        }
        if let Content::Group(group_id) = &letter.content {
            let group_id = group_id.clone();
            return Verdict::Report {
                status: MessageStatus::GroupMessage,
                group_id,
            };
        }
        let report = |status| Verdict::Report {
            status,
            group_id: None,
        };
        let admission = self.gate.admit(&letter.sender);
        if admission != Admission::Deny
            && let Some(token) = &letter.context_token
        {
            let (sender, id) = (letter.sender.as_str(), letter.ids.message_id.as_str());
            let written = letter.sent_at.unwrap_or(now);
            self.contexts.learn(sender, id, token, written);
        }
        match admission {
            Admission::Deny => return report(MessageStatus::AccessDenied),
            Admission::Hold { report: true } => return report(MessageStatus::PairingRequired),
            Admission::Hold { report: false } => return Verdict::Drop,
            Admission::Forward => {}
        }
        match &letter.content {
            Content::Message(payload) => Verdict::Message(payload.clone()),
            Content::AttachmentMeta(payload) => Verdict::AttachmentMeta(payload.clone()),
            Content::Group(_) => report(MessageStatus::GroupMessage),
            Content::Withheld(status) => {
                if *status == MessageStatus::Malformed {
                    self.health.note(Code::MalformedMessage, now);
                }
                report(*status)
            }
        }
    }

    /// AIOS settled what it heard of a message, or had nothing to hear.
    pub fn settle(&mut self, letter: &Letter, verdict: &Verdict, now: i64) {
        self.dedup.remember(letter.ids.dedup_key.as_str(), now);
        if matches!(
            verdict,
            Verdict::Report {
                status: MessageStatus::PairingRequired,
                ..
            }
        ) {
            self.gate.hold(&letter.sender, now);
        }
    }

    /// The access rules in force, as AIOS may read them.
    #[must_use]
    pub fn access(&self, integration: &Integration) -> AccessState {
        let pairings = self.gate.pairings().map(|(person, standing)| Pairing {
            user_id: person.clone(),
            state: standing.state,
            since: Timestamp::from_unix_ms(standing.since),
        });
        AccessState {
            auth: integration.auth.clone(),
            policy: EffectivePolicy::of(integration),
            pairing: integration
                .pairing_required()
                .then(|| crate::contract::List::clip(pairings)),
        }
    }
}
