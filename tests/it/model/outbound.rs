//! What the rules say of actions: who may be written to, in which context, in which pieces, and how often.

use std::collections::{BTreeMap, BTreeSet};

use aios_wechat::contract::{self, Receipt};
use aios_wechat::wire::{MessageItem, WeixinMessage};
use serde_json::Value;

use super::oracle::{Broken, Judged, Oracle, Standing, Standings, breaks};
use super::script::{Failing, Kind, Person};

/// How long a context lives, and how often one may be tried that was refused.
const CONTEXT_LIFETIME_MS: i64 = 24 * 60 * 60 * 1_000;
const TRIES_AFTER_REFUSAL: u32 = 3;

/// An action of AIOS, with what has become of it.
#[derive(Debug)]
pub(super) struct Action {
    pub(super) document: Value,
    pub(super) kind: Kind,
    /// Whom it is for; nobody if the owner is meant and there is none.
    pub(super) to: Option<Person>,
    /// The message that it answers.
    pub(super) reply_to: Option<usize>,
    pub(super) text: String,
    /// The pieces that were sent, in the order in which they first were.
    pieces: Vec<Piece>,
    /// The last receipt.
    receipt: Option<Given>,
    /// Where its person may have stood when it was under way and a process died: it may have been
    /// settled then, and nobody was told.
    interrupted: Standings,
}

/// A receipt. It is heard of once time has passed, and was given some time since the action began.
#[derive(Debug)]
struct Given {
    receipt: Value,
    since: i64,
    at: i64,
}

#[derive(Debug)]
struct Piece {
    client_id: String,
    text: String,
    heard: Heard,
    /// A receipt counted it.
    is_noted: bool,
}

/// Whether the adapter knows that WeChat accepted a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    No,
    /// It heard so, and may have died before it noted it.
    Maybe,
    Yes,
}

#[derive(Debug, Default)]
pub(super) struct Outbound {
    pub(super) actions: Vec<Action>,
    /// The action that is not answered yet.
    pub(super) current: Option<usize>,
    /// The last failure of it, and how often it was sent.
    failed: Option<Failing>,
    sends: usize,
    /// When the current action began.
    began: i64,
    /// Who may have been meant then.
    standings: Standings,
    /// Contexts that WeChat refused, with the sends since.
    refused: BTreeMap<String, u32>,
}

fn ensure(holds: bool, rule: &str, what: impl FnOnce() -> String) -> Judged {
    if holds {
        Ok(())
    } else {
        Err(breaks(rule, what()))
    }
}

/// What health and receipts call a failure.
pub(super) fn code(how: Failing) -> &'static str {
    match how {
        Failing::Connection | Failing::Lost => "connect_failed",
        Failing::Timeout | Failing::Stalled { .. } => "timeout",
        Failing::Status { .. } => "http_status",
        Failing::Malformed => "malformed_answer",
        Failing::Expired => "session_expired",
        Failing::Limited => "rate_limited",
        Failing::Context => "context_unavailable",
        Failing::Other => "wechat_error",
    }
}

fn is_refusal(how: Failing) -> bool {
    matches!(
        how,
        Failing::Expired | Failing::Limited | Failing::Context | Failing::Other
    )
}

impl Action {
    pub(super) fn new(
        document: Value,
        kind: Kind,
        to: Option<Person>,
        reply_to: Option<usize>,
        text: String,
    ) -> Self {
        Self {
            document,
            kind,
            to,
            reply_to,
            text,
            pieces: Vec::new(),
            receipt: None,
            interrupted: Standings::new(),
        }
    }

    fn forget(&mut self) {
        self.receipt = None;
        for piece in &mut self.pieces {
            piece.heard = Heard::No;
            piece.is_noted = false;
        }
    }

    /// The adapter may have forgotten it.
    fn doubt(&mut self) {
        self.receipt = None;
        for piece in &mut self.pieces {
            if piece.heard == Heard::Yes {
                piece.heard = Heard::Maybe;
            }
            piece.is_noted = false;
        }
    }

    /// Its receipt, if a repeat must get the same.
    fn settled(&self, now: i64, window_ms: i64) -> Option<&Value> {
        let Given { receipt, at, .. } = self.receipt.as_ref()?;
        let is_final = match receipt["status_code"].as_str() {
            Some("delivered" | "applied") => true,
            Some("rejected") => matches!(
                receipt["error_code"].as_str(),
                Some("access_denied" | "pairing_required" | "no_owner" | "unsupported")
            ),
            _ => false,
        };
        (is_final && now - at < window_ms).then_some(receipt)
    }
}

impl Outbound {
    /// AIOS asks for the action, for the first time or again.
    pub(super) fn begins(&mut self, index: usize, oracle: &mut Oracle, now: i64) {
        self.current = Some(index);
        self.failed = None;
        self.sends = 0;
        let action = &mut self.actions[index];
        let is_old = |at: i64| now - at >= oracle.window_ms();
        match action.receipt {
            Some(Given { at, .. }) if is_old(at) => action.forget(),
            Some(Given { since, .. }) if is_old(since) => action.doubt(),
            _ => {}
        }
        self.began = now;
        let decision = decision(action.kind);
        let Some(person) = action.to else { return };
        self.standings.clone_from(oracle.standings(person));
        if let Some(standing) = decision
            && oracle.is_paired(person)
            && action.settled(now, oracle.window_ms()).is_none()
        {
            let mut standings = self.standings.clone();
            standings.insert(standing);
            oracle.stand(person, standings);
        }
    }

    /// WeChat is sent a message.
    pub(super) fn sends(
        &mut self,
        message: &WeixinMessage,
        took_effect: bool,
        failed: Option<Failing>,
        oracle: &mut Oracle,
        now: i64,
    ) -> Judged {
        let Some(current) = self.current else {
            return Err(breaks("WX-BOUND-003", "a message that no action asked for"));
        };
        let window_ms = oracle.window_ms();
        let others = self
            .actions
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != current);
        let mut others = others.flat_map(|(_, action)| &action.pieces);
        let is_shared = others.any(|piece| piece.client_id == message.client_id);
        ensure(!is_shared, "WX-OUT-004", || {
            "two actions share a client id".to_owned()
        })?;
        self.in_context(current, message, oracle, now)?;
        let action = &mut self.actions[current];
        ensure(
            action.settled(now, window_ms).is_none(),
            "WX-OUT-004",
            || format!("action {current} is sent again"),
        )?;
        let to = action.to.map(Person::id);
        ensure(to == Some(message.to_user_id.as_str()), "WX-OUT", || {
            format!(
                "action {current} goes to {}, not to {to:?}",
                message.to_user_id
            )
        })?;
        ensure(
            self.standings.contains(&Standing::Admitted),
            "WX-ACCESS-007",
            || format!("action {current} goes to somebody who is not admitted"),
        )?;
        let texts = message.items().map(|item| text_of(&item.value));
        let text: String = texts.collect();
        let length = text.chars().count();
        ensure(
            (1..=oracle.setup.chunk).contains(&length),
            "WX-OUT-002",
            || format!("a piece of {length} characters"),
        )?;
        let known = action
            .pieces
            .iter()
            .position(|piece| piece.client_id == message.client_id);
        let at = known.unwrap_or(action.pieces.len());
        if known.is_none() {
            action.pieces.push(Piece {
                client_id: message.client_id.clone(),
                text: text.clone(),
                heard: Heard::No,
                is_noted: false,
            });
        }
        let whole: String = action.pieces[..=at]
            .iter()
            .map(|piece| piece.text.as_str())
            .collect();
        ensure(action.text.starts_with(&whole), "WX-OUT-002", || {
            format!("the pieces of action {current} make {whole}")
        })?;
        let piece = &mut action.pieces[at];
        ensure(piece.text == text, "WX-OUT-004", || {
            "a client id with two texts".to_owned()
        })?;
        ensure(piece.heard != Heard::Yes, "WX-OUT-004", || {
            format!("piece {at} of action {current} is sent again, though WeChat accepted it")
        })?;
        if took_effect && failed.is_none() {
            piece.heard = Heard::Yes;
        }
        self.sends += 1;
        self.failed = failed;
        if let Some(how) = failed {
            if !matches!(how, Failing::Stalled { .. }) {
                oracle.noted.insert(code(how));
            }
            if how == Failing::Context {
                self.refused
                    .entry(message.context_token.clone())
                    .or_default();
            }
        }
        Ok(())
    }

    /// The message carries a context of its reader: that of the message it answers, or the newest.
    fn in_context(
        &mut self,
        current: usize,
        message: &WeixinMessage,
        oracle: &Oracle,
        now: i64,
    ) -> Judged {
        let token = &message.context_token;
        if let Some(tries) = self.refused.get_mut(token) {
            *tries += 1;
            ensure(*tries <= TRIES_AFTER_REFUSAL, "WX-CTX-004", || {
                format!("a refused context is tried {tries} times more")
            })?;
        }
        let usable = self.contexts(&self.actions[current], oracle, now);
        ensure(usable.any.contains(token), "WX-CTX-001", || {
            format!(
                "action {current} goes out under {token}, usable are {:?}",
                usable.any
            )
        })
    }

    fn contexts(&self, action: &Action, oracle: &Oracle, now: i64) -> Contexts {
        let mut contexts = Contexts::default();
        let Some(to) = action.to else { return contexts };
        let letters = || {
            let of_person = |letter: &&super::oracle::Letter| letter.from == to && !letter.group;
            oracle.letters.iter().filter(of_person)
        };
        if oracle.setup.cache {
            let newest = letters()
                .filter(|letter| letter.forwarded)
                .map(|letter| letter.created_ms);
            let newest = newest.max();
            for letter in letters().filter(|letter| Some(letter.created_ms) >= newest) {
                contexts.any.extend(letter.contexts.iter().cloned());
            }
            contexts.must = newest.is_some();
        } else if let Some(letter) = action.reply_to.map(|index| &oracle.letters[index])
            && letter.from == to
            && letter.given_to_process
        {
            contexts.any.extend(letter.contexts.iter().cloned());
            contexts.must = letter.forwarded
                && letter.is_told_as(&action.document["payload"]["reply_to"])
                && now - letter.created_ms < CONTEXT_LIFETIME_MS;
        }
        contexts.must &= !contexts
            .any
            .iter()
            .any(|token| self.refused.contains_key(token));
        contexts
    }

    /// The adapter answers the action.
    pub(super) fn answered(&mut self, answer: &Value, oracle: &mut Oracle, now: i64) -> Judged {
        let Some(current) = self.current.take() else {
            return Err(breaks("WX-OUT", "a receipt that nobody waits for"));
        };
        let receipt = &answer["result"];
        let typed = contract::decode::<Receipt>(receipt);
        ensure(typed.is_ok(), "WX-OUT-003", || {
            format!("{answer}: {typed:?}")
        })?;
        let action = &self.actions[current];
        for name in ["message_id", "correlation_id"] {
            let same = receipt[name] == action.document[name];
            ensure(same, "WX-ENV-006", || {
                format!("{name} of the receipt for {current}")
            })?;
        }
        if let Some(first) = action.settled(now, oracle.window_ms()) {
            return ensure(receipt == first, "WX-OUT-004", || {
                format!("action {current} had the receipt {first}, and now {receipt}")
            });
        }
        let status = receipt["status_code"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if let Some(standing) = decision(action.kind) {
            self.decided(current, &status, standing, oracle)?;
        } else if action.kind == Kind::Working {
            let fine = status != "delivered" && status != "partial";
            ensure(fine, "WX-OUT-003", || format!("a sign is {status}"))?;
        } else {
            self.delivered(current, receipt, &status, oracle, now)?;
        }
        let action = &mut self.actions[current];
        action.receipt = Some(Given {
            receipt: receipt.clone(),
            since: self.began,
            at: now,
        });
        action.interrupted.clear();
        for piece in &mut action.pieces {
            piece.is_noted = piece.heard == Heard::Yes;
        }
        Ok(())
    }

    /// A decision about a pairing took effect, or is none.
    fn decided(
        &self,
        current: usize,
        status: &str,
        standing: Standing,
        oracle: &mut Oracle,
    ) -> Judged {
        let Some(person) = self.actions[current].to else {
            return Ok(());
        };
        if oracle.is_paired(person) {
            ensure(status == "applied", "WX-ACCESS-008", || {
                format!("a decision is {status}")
            })?;
            let mut standings = Standings::from([standing]);
            if !self.actions[current].interrupted.is_empty() {
                standings.extend(oracle.standings(person)); // it may have been carried out before
            }
            oracle.stand(person, standings);
        }
        Ok(())
    }

    fn delivered(
        &self,
        current: usize,
        receipt: &Value,
        status: &str,
        oracle: &Oracle,
        now: i64,
    ) -> Judged {
        let action = &self.actions[current];
        let number = |name: &str| {
            receipt[name]
                .as_u64()
                .and_then(|it| usize::try_from(it).ok())
        };
        let sent = number("chunks_sent").unwrap_or_default();
        let total = number("chunks_total").unwrap_or_default();
        let among = |heard: &[Heard]| {
            let pieces = action
                .pieces
                .iter()
                .filter(|piece| heard.contains(&piece.heard));
            let pieces: Vec<&str> = pieces.map(|piece| piece.text.as_str()).collect();
            (pieces.len(), pieces.concat() == action.text)
        };
        let (known, is_whole) = among(&[Heard::Yes]);
        let (perhaps, may_be_whole) = among(&[Heard::Yes, Heard::Maybe]);
        let is_delivered = status == "delivered";
        ensure(
            if is_delivered {
                may_be_whole
            } else {
                !is_whole
            },
            "WX-OUT-003",
            || format!("action {current} is {status}, and {known} pieces were accepted"),
        )?;
        ensure((known..=perhaps).contains(&sent), "WX-OUT-009", || {
            format!("{sent} of action {current} were sent, and {known} accepted")
        })?;
        let error = receipt["error_code"].as_str();
        match status {
            "delivered" => return ensure(sent == total, "WX-OUT-003", || format!("{receipt}")),
            "partial" => ensure(0 < sent && sent < total, "WX-OUT-009", || {
                format!("{receipt}")
            })?,
            "rejected" | "unreachable" => ensure(sent == 0, "WX-OUT-003", || format!("{receipt}"))?,
            _ => return Err(breaks("WX-OUT-003", format!("a message is {status}"))),
        }
        if let Some(how) = self.failed {
            // A stop cuts off what is stalled.
            let cut = matches!(how, Failing::Stalled { .. }) && error == Some("connect_failed");
            ensure(cut || error == Some(code(how)), "WX-OUT-005", || {
                format!("after {how:?} the receipt says {error:?}")
            })?;
            let word = if is_refusal(how) {
                "rejected"
            } else {
                "unreachable"
            };
            ensure(status == "partial" || status == word, "WX-OUT-003", || {
                format!("after {how:?} the action is {status}")
            })?;
            let waits = receipt.get("retry_after_sec").is_some();
            return ensure(waits || how != Failing::Limited, "WX-OUT-006", || {
                "a rate limit without an end".to_owned()
            });
        }
        self.refused_by_a_rule(current, error, oracle, now)
    }

    /// Nothing was tried: a rule must have forbidden it.
    fn refused_by_a_rule(
        &self,
        current: usize,
        error: Option<&str>,
        oracle: &Oracle,
        now: i64,
    ) -> Judged {
        let action = &self.actions[current];
        if action.to.is_none() {
            return ensure(error == Some("no_owner"), "WX-OUT-007", || {
                format!("{error:?}")
            });
        }
        let mut reasons = BTreeSet::new();
        for standing in self.standings.union(&action.interrupted) {
            match standing {
                Standing::Denied => drop(reasons.insert("access_denied")),
                Standing::Unknown | Standing::Pending => drop(reasons.insert("pairing_required")),
                Standing::Admitted if self.contexts(action, oracle, now).must => {}
                Standing::Admitted => drop(reasons.insert("context_unavailable")),
            }
        }
        ensure(
            error.is_some_and(|error| reasons.contains(error)),
            "WX-ACCESS-007",
            || format!("action {current} is refused with {error:?}, and may be with {reasons:?}"),
        )
    }

    /// The process is gone, and with it what it had not told, and what it must not keep.
    pub(super) fn ended(&mut self, cache: bool) {
        if !cache {
            // The next process may be given the same message once more, and its context with it.
            self.refused.clear();
        }
        let Some(current) = self.current.take() else {
            return;
        };
        let action = &mut self.actions[current];
        action.interrupted.extend(&self.standings);
        for piece in &mut action.pieces {
            if piece.heard == Heard::Yes && !piece.is_noted {
                piece.heard = Heard::Maybe;
            }
        }
    }

    /// Its files are gone, too.
    pub(super) fn damaged(&mut self) {
        self.actions.iter_mut().for_each(Action::forget);
        self.refused.clear();
    }
}

/// Which contexts an action may carry, and whether one must be found.
#[derive(Debug, Default)]
struct Contexts {
    any: BTreeSet<String>,
    must: bool,
}

fn decision(kind: Kind) -> Option<Standing> {
    match kind {
        Kind::Approve => Some(Standing::Admitted),
        Kind::Deny => Some(Standing::Denied),
        _ => None,
    }
}

fn text_of(item: &MessageItem) -> String {
    item.text_item
        .as_ref()
        .map_or_else(String::new, |text| text.text.clone())
}

/// What is wrong with an answer that is no result.
pub(super) fn result<'a>(answer: &'a Value, method: &str) -> Result<&'a Value, Broken> {
    answer
        .get("result")
        .ok_or_else(|| breaks("WX-LIFE", format!("`{method}` is answered with {answer}")))
}
