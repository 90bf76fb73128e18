//! Pure: who may speak to AIOS, and to whom AIOS may speak.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::contract::{Code, Id, Integration, PairingState};

/// The access rules in force: owner, allowlist and policy as started, pairings as AIOS decided them.
///
/// Ids are compared exactly (WX-ACCESS-004). What no rule admits is denied.
#[derive(Debug, Clone)]
pub struct Gate {
    owner: Option<Id>,
    allowed: BTreeSet<Id>,
    pairing: Option<BTreeMap<Id, Standing>>,
}

/// Where a person stands who has to be paired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// What AIOS decided, if it did.
    pub state: PairingState,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
}

/// What becomes of a message, judged by its sender alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is forwarded.
    Forward,
    /// It is reported as `access_denied`.
    Deny,
    /// It is dropped until AIOS has decided about its sender.
    Hold {
        /// Whether this is the first word of that sender, which is reported as `pairing_required`.
        report: bool,
    },
}

impl Gate {
    /// The rules of a document, with the pairings that an earlier process left.
    #[must_use]
    pub fn new(integration: &Integration, kept: BTreeMap<String, Standing>) -> Self {
        let owner = integration.owner().cloned();
        let listed = if integration.owner_only() {
            &[]
        } else {
            integration.allowlist()
        };
        let allowed: BTreeSet<Id> = listed.iter().cloned().collect();
        // A person who left the allowlist leaves the pairings too.
        let kept = kept.into_iter().filter_map(|(person, standing)| {
            Some((allowed.get(person.as_str())?.clone(), standing))
        });
        let pairing = integration.pairing_required().then(|| kept.collect());
        Self {
            owner,
            allowed,
            pairing,
        }
    }

    /// What becomes of a message of `sender`.
    #[must_use]
    pub fn admit(&self, sender: &Id) -> Admission {
        if self.is_owner(sender) {
            return Admission::Forward;
        }
        if !self.allowed.contains(sender) {
            return Admission::Deny;
        }
        let Some(pairing) = &self.pairing else {
            return Admission::Forward;
        };
        match pairing.get(sender).map(|standing| standing.state) {
            Some(PairingState::Approved) => Admission::Forward,
            Some(PairingState::Denied) => Admission::Deny,
            Some(PairingState::Pending) => Admission::Hold { report: false },
            None => Admission::Hold { report: true },
        }
    }

    /// Why AIOS may not speak to `recipient`, if it may not (WX-ACCESS-007).
    #[must_use]
    pub fn refusal(&self, recipient: &Id) -> Option<Code> {
        match self.admit(recipient) {
            Admission::Forward => None,
            Admission::Deny => Some(Code::AccessDenied),
            Admission::Hold { .. } => Some(Code::PairingRequired),
        }
    }

    /// AIOS knows that `sender` waits to be paired.
    pub fn hold(&mut self, sender: &Id, now: i64) {
        if self.admit(sender) == (Admission::Hold { report: true }) {
            self.stand(sender, PairingState::Pending, now);
        }
    }

    /// AIOS approved or denied `person`.
    ///
    /// # Errors
    /// [`Code::AccessDenied`] for somebody whom no pairing can admit.
    pub fn decide(&mut self, person: &Id, state: PairingState, now: i64) -> Result<(), Code> {
        if self.is_owner(person) {
            return Ok(()); // never has to be paired
        }
        if !self.allowed.contains(person) {
            return Err(Code::AccessDenied);
        }
        self.stand(person, state, now);
        Ok(())
    }

    /// Where each person stands, in the order of their ids; empty where pairing is not required.
    pub fn pairings(&self) -> impl Iterator<Item = (&Id, Standing)> {
        self.pairing
            .iter()
            .flatten()
            .map(|(person, standing)| (person, *standing))
    }

    fn is_owner(&self, person: &Id) -> bool {
        self.owner.as_ref() == Some(person)
    }

    fn stand(&mut self, person: &Id, state: PairingState, since: i64) {
        if let Some(pairing) = &mut self.pairing {
            pairing.insert(person.clone(), Standing { state, since });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        Id::try_from(text).unwrap()
    }

    fn gate(auth: &str, policy: &str) -> Gate {
        let json = format!(
            r#"{{"channel_id":"wx","channel_type":"dialog","target":"wechat","enabled":true,
                "auth":{{{auth}"credential_ref":"secret://a"}},"config":{{"cursor_key":"wx"}},
                "route":{{"workspace_id":"w","agent_id":"a"}},"policy":{{{policy}}}}}"#
        );
        Gate::new(
            &crate::contract::from_bytes(json.as_bytes()).unwrap(),
            BTreeMap::new(),
        )
    }

    const BOTH: &str = r#""owner_user_id":"owner","allowlist":["friend"],"#;

    #[test]
    fn owner_and_allowlist_are_admitted_and_nobody_else() {
        let gate = gate(BOTH, "");
        assert_eq!(gate.admit(&id("owner")), Admission::Forward);
        assert_eq!(gate.admit(&id("friend")), Admission::Forward);
        for stranger in ["stranger", "Owner", "owner ", "friend2", "frien", "оwner"] {
            assert_eq!(gate.admit(&id(stranger)), Admission::Deny, "{stranger}");
            assert_eq!(gate.refusal(&id(stranger)), Some(Code::AccessDenied));
        }
    }

    #[test]
    fn owner_only_shuts_the_allowlist_out() {
        let gate = gate(BOTH, r#""owner_only":true"#);
        assert_eq!(gate.admit(&id("owner")), Admission::Forward);
        assert_eq!(gate.admit(&id("friend")), Admission::Deny);
    }

    #[test]
    fn without_an_owner_the_allowlist_stands_alone() {
        let gate = gate(r#""allowlist":["friend"],"#, "");
        assert_eq!(gate.admit(&id("friend")), Admission::Forward);
        assert_eq!(gate.admit(&id("owner")), Admission::Deny);
    }

    #[test]
    fn an_unpaired_friend_is_reported_once_and_admitted_by_approval() {
        let mut gate = gate(BOTH, r#""pairing_required":true"#);
        let friend = id("friend");
        assert_eq!(gate.admit(&id("owner")), Admission::Forward);
        assert_eq!(gate.admit(&friend), Admission::Hold { report: true });
        gate.hold(&friend, 5);
        assert_eq!(gate.admit(&friend), Admission::Hold { report: false });
        assert_eq!(gate.refusal(&friend), Some(Code::PairingRequired));
        gate.decide(&friend, PairingState::Approved, 6).unwrap();
        assert_eq!(gate.admit(&friend), Admission::Forward);
        gate.decide(&friend, PairingState::Denied, 7).unwrap();
        assert_eq!(gate.admit(&friend), Admission::Deny);
        assert_eq!(
            gate.decide(&id("stranger"), PairingState::Approved, 8),
            Err(Code::AccessDenied)
        );
    }

    #[test]
    fn a_late_report_does_not_undo_a_decision() {
        let mut gate = gate(BOTH, r#""pairing_required":true"#);
        let friend = id("friend");
        gate.decide(&friend, PairingState::Approved, 1).unwrap();
        gate.hold(&friend, 2);
        assert_eq!(gate.admit(&friend), Admission::Forward);
    }
}
