//! Pure: which context token an answer may carry.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// WeChat takes no token older than this.
const LIFETIME_MS: i64 = 24 * 60 * 60 * 1_000;

/// Tokens of single messages that are held at once; the oldest give way.
const MOST_HELD: usize = 10_000;

/// The context tokens that WeChat handed out, and whom each may serve.
///
/// With the cache on, the newest token of each peer serves every action to that peer and survives a
/// restart. With the cache off, a token serves only answers to the message it came with, and lives
/// in memory alone (WX-CTX-001, WX-CTX-005).
#[derive(Debug, Clone)]
pub enum ContextTokens {
    /// `context_cache: true`: the newest token of each peer.
    NewestOfPeer(BTreeMap<String, Newest>),
    /// `context_cache: false`: the token of each message, by message id.
    OfMessage(BTreeMap<String, Held>),
}

/// The newest token of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Newest {
    /// The token.
    pub token: String,
    /// Whether WeChat refused it. It still keeps older ones out then, and itself: its message may
    /// be given once more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
    /// When the message was written that it came with, in milliseconds since 1970.
    pub at: i64,
}

/// A token that serves answers to one message.
#[derive(Debug, Clone)]
pub struct Held {
    peer: String,
    token: String,
    at: i64,
}

impl ContextTokens {
    /// The tokens at a start: those of an earlier process where the cache is on, else none.
    #[must_use]
    pub fn restored(cache: bool, newest: BTreeMap<String, Newest>) -> Self {
        if cache {
            Self::NewestOfPeer(newest)
        } else {
            Self::OfMessage(BTreeMap::new())
        }
    }

    /// Takes in the token that came with a message that `peer` wrote at `at`. An old message that
    /// WeChat gives again does not take the place of a newer one.
    pub fn learn(&mut self, peer: &str, message_id: &str, token: &str, at: i64) {
        match self {
            Self::NewestOfPeer(newest) => match newest.get_mut(peer) {
                Some(known) if at < known.at => {}
                Some(known) if known.token == token => known.at = at,
                _ => {
                    let fresh = Newest {
                        token: token.to_owned(),
                        refused: false,
                        at,
                    };
                    newest.insert(peer.to_owned(), fresh);
                }
            },
            Self::OfMessage(held) => {
                held.retain(|_, held| at.saturating_sub(held.at) < LIFETIME_MS);
                if held.len() >= MOST_HELD {
                    let oldest = held.iter().min_by_key(|(_, held)| held.at);
                    if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                        held.remove(&oldest);
                    }
                }
                let token = Held {
                    peer: peer.to_owned(),
                    token: token.to_owned(),
                    at,
                };
                held.insert(message_id.to_owned(), token);
            }
        }
    }

    /// The token for an action to `peer`, which may answer the message `reply_to`.
    #[must_use]
    pub fn usable(&self, peer: &str, reply_to: Option<&str>) -> Option<&str> {
        match self {
            Self::NewestOfPeer(newest) => {
                let newest = newest.get(peer)?;
                (!newest.refused).then_some(newest.token.as_str())
            }
            Self::OfMessage(held) => {
                let held = held.get(reply_to?)?;
                (held.peer == peer).then_some(held.token.as_str())
            }
        }
    }

    /// Drops a token that WeChat refused; the next message of the person brings a new one.
    pub fn refuse(&mut self, token: &str) {
        match self {
            Self::NewestOfPeer(newest) => {
                let named = |known: &&mut Newest| known.token == token;
                newest
                    .values_mut()
                    .filter(named)
                    .for_each(|known| known.refused = true);
            }
            Self::OfMessage(held) => held.retain(|_, held| held.token != token),
        }
    }

    /// What a restart may know: the newest tokens where the cache is on, else nothing.
    #[must_use]
    pub fn lasting(&self) -> Cow<'_, BTreeMap<String, Newest>> {
        match self {
            Self::NewestOfPeer(newest) => Cow::Borrowed(newest),
            Self::OfMessage(_) => Cow::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(cache: bool) -> ContextTokens {
        ContextTokens::restored(cache, BTreeMap::new())
    }

    #[test]
    fn with_the_cache_the_newest_token_of_the_peer_serves() {
        let mut tokens = tokens(true);
        tokens.learn("ann", "1", "old", 0);
        tokens.learn("ann", "2", "new", 1);
        tokens.learn("bob", "3", "other", 2);
        assert_eq!(tokens.usable("ann", Some("1")), Some("new"));
        assert_eq!(tokens.usable("ann", None), Some("new"));
        assert_eq!(tokens.usable("eve", None), None);
    }

    #[test]
    fn a_refused_token_keeps_older_ones_out_until_the_person_writes() {
        let mut tokens = tokens(true);
        tokens.learn("ann", "2", "new", 2);
        tokens.refuse("new");
        assert_eq!(tokens.usable("ann", None), None);
        let mut tokens = ContextTokens::restored(true, tokens.lasting().into_owned());
        tokens.learn("ann", "1", "old", 1);
        assert_eq!(tokens.usable("ann", None), None);
        tokens.learn("ann", "2", "new", 2);
        assert_eq!(tokens.usable("ann", None), None, "it comes again itself");
        tokens.learn("ann", "3", "newer", 2);
        assert_eq!(tokens.usable("ann", None), Some("newer"));
    }

    #[test]
    fn an_old_message_that_comes_again_does_not_bring_its_old_token_back() {
        let mut tokens = tokens(true);
        tokens.learn("ann", "1", "old", 0);
        tokens.learn("ann", "2", "new", 1);
        tokens.learn("ann", "1", "old", 0);
        assert_eq!(tokens.usable("ann", None), Some("new"));
        tokens.learn("ann", "2", "new under another id", 1);
        assert_eq!(tokens.usable("ann", None), Some("new under another id"));
    }

    #[test]
    fn without_the_cache_a_token_serves_only_its_own_message() {
        let mut tokens = tokens(false);
        tokens.learn("ann", "1", "first", 0);
        tokens.learn("ann", "2", "second", 1);
        assert_eq!(tokens.usable("ann", Some("1")), Some("first"));
        assert_eq!(tokens.usable("ann", None), None);
        assert_eq!(
            tokens.usable("bob", Some("1")),
            None,
            "another person's message"
        );
        assert!(tokens.lasting().is_empty());
    }

    #[test]
    fn a_refused_token_is_not_used_again_until_the_person_writes() {
        for cache in [true, false] {
            let mut tokens = tokens(cache);
            tokens.learn("ann", "1", "stale", 0);
            tokens.refuse("stale");
            assert_eq!(tokens.usable("ann", Some("1")), None);
            tokens.learn("ann", "2", "fresh", 1);
            assert_eq!(tokens.usable("ann", Some("2")), Some("fresh"));
        }
    }

    #[test]
    fn tokens_of_single_messages_do_not_pile_up() {
        let mut tokens = tokens(false);
        for n in 0..100 {
            tokens.learn("ann", &n.to_string(), "token", n * LIFETIME_MS / 10);
        }
        let ContextTokens::OfMessage(held) = tokens else {
            unreachable!()
        };
        assert_eq!(held.len(), 10);
    }
}
