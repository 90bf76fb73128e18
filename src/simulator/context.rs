//! Context tokens: which of them still allow the bot to write to whom.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many messages one token allows.
pub const SENDS_PER_TOKEN: u32 = 10;
/// How long after a person's last message the bot may write to them, in milliseconds.
pub const ANSWER_WINDOW_MS: i64 = 24 * 60 * 60 * 1000;

/// Somebody who wrote to the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// Their id.
    pub user_id: String,
    /// When they last wrote, milliseconds since 1970.
    pub wrote_at: i64,
    /// How many messages their latest context token still allows.
    pub sends_left: u32,
}

/// Every token that was given out, and when each person last wrote.
#[derive(Default)]
pub(super) struct Contexts {
    tokens: HashMap<Arc<str>, Token>,
    people: BTreeMap<Arc<str>, Person>,
    given_out: u64,
}

struct Token {
    user_id: Arc<str>,
    /// Counts the tokens of the account, from 1.
    number: u64,
    sends: u32,
}

struct Person {
    wrote_at: i64,
    latest: Arc<str>,
    /// Tokens up to this number are worth nothing any more.
    void_upto: u64,
}

impl Contexts {
    /// A person wrote; this token came with it.
    pub(super) fn issue(&mut self, user_id: &str, token: &str, now: i64) {
        self.given_out += 1;
        let known = self.people.get_key_value(user_id);
        let (user_id, void_upto) = known.map_or_else(
            || (user_id.into(), 0),
            |(user_id, person)| (Arc::clone(user_id), person.void_upto),
        );
        let fresh = Token {
            user_id: Arc::clone(&user_id),
            number: self.given_out,
            sends: 0,
        };
        let token: Arc<str> = token.into();
        self.tokens.insert(Arc::clone(&token), fresh);
        let person = Person {
            wrote_at: now,
            latest: token,
            void_upto,
        };
        self.people.insert(user_id, person);
    }

    /// Every token of a person so far is worth nothing any more.
    pub(super) fn revoke(&mut self, user_id: &str) {
        if let Some(person) = self.people.get_mut(user_id) {
            person.void_upto = self.given_out;
        }
    }

    /// Whether the bot may write to this person with this token; `""` stands for their latest.
    /// Counts the message if so.
    pub(super) fn spend(&mut self, user_id: &str, token: &str, now: i64) -> bool {
        let Some(person) = self.people.get(user_id) else {
            return false;
        };
        let token = if token.is_empty() {
            &person.latest
        } else {
            token
        };
        let Some(context) = self.tokens.get_mut(token) else {
            return false;
        };
        let allowed = *context.user_id == *user_id
            && context.number > person.void_upto
            && context.sends < SENDS_PER_TOKEN
            && now.saturating_sub(person.wrote_at) <= ANSWER_WINDOW_MS;
        context.sends += u32::from(allowed);
        allowed
    }

    /// Who wrote so far.
    pub(super) fn people(&self) -> Vec<Contact> {
        let contact = |(user_id, person): (&Arc<str>, &Person)| {
            let latest = self.tokens.get(&person.latest);
            let latest = latest.filter(|token| token.number > person.void_upto);
            Contact {
                user_id: user_id.to_string(),
                wrote_at: person.wrote_at,
                sends_left: latest.map_or(0, |token| SENDS_PER_TOKEN - token.sends),
            }
        };
        self.people.iter().map(contact).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contexts() -> Contexts {
        let mut contexts = Contexts::default();
        contexts.issue("ann", "a1", 0);
        contexts.issue("ben", "b1", 0);
        contexts
    }

    #[test]
    fn a_token_allows_ten_messages_and_the_next_token_ten_more() {
        let mut contexts = contexts();
        assert!((0..10).all(|_| contexts.spend("ann", "a1", 1)));
        assert!(!contexts.spend("ann", "a1", 1));
        contexts.issue("ann", "a2", 2);
        assert!(!contexts.spend("ann", "a1", 2), "the old one stays used up");
        assert!(contexts.spend("ann", "a2", 2));
    }

    #[test]
    fn a_token_is_worth_nothing_a_day_after_the_last_message() {
        let mut contexts = contexts();
        assert!(contexts.spend("ann", "a1", ANSWER_WINDOW_MS));
        assert!(!contexts.spend("ann", "a1", ANSWER_WINDOW_MS + 1));
        contexts.issue("ann", "a2", ANSWER_WINDOW_MS + 2);
        assert!(
            contexts.spend("ann", "a1", ANSWER_WINDOW_MS + 2),
            "it counts from the person"
        );
    }

    #[test]
    fn no_token_will_do_for_a_person_who_wrote_and_another_persons_will_not() {
        let mut contexts = contexts();
        assert!(contexts.spend("ann", "", 1));
        assert!(!contexts.spend("ann", "b1", 1));
        assert!(!contexts.spend("ann", "foreign", 1));
        assert!(!contexts.spend("eve", "", 1));
    }

    #[test]
    fn a_revoked_context_is_healed_by_a_new_message() {
        let mut contexts = contexts();
        contexts.revoke("ann");
        assert!(!contexts.spend("ann", "a1", 1) && !contexts.spend("ann", "", 1));
        assert!(contexts.spend("ben", "b1", 1));
        contexts.issue("ann", "a2", 2);
        assert!(contexts.spend("ann", "a2", 2));
    }
}
