//! What `start` gives an adapter: the integration, its secrets, where WeChat is, and a clock.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::{BaseUrl, CredentialRef, Id, Integration, Secret, StateDir, Timestamp};

/// The accounts that credential references stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Secrets(BTreeMap<CredentialRef, Account>);

impl Secrets {
    /// The account that a reference stands for.
    #[must_use]
    pub fn get(&self, reference: &CredentialRef) -> Option<&Account> {
        self.0.get(reference)
    }

    /// Every reference and its account, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&CredentialRef, &Account)> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(CredentialRef, Account)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (CredentialRef, Account)>>(accounts: I) -> Self {
        Self(accounts.into_iter().collect())
    }
}

impl<'de> Deserialize<'de> for Secrets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Accounts;
        impl<'de> Visitor<'de> for Accounts {
            type Value = Secrets;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("an object from credential reference to account")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Secrets, A::Error> {
                let mut accounts = BTreeMap::new();
                while let Some((reference, account)) = members.next_entry()? {
                    if accounts.insert(reference, account).is_some() {
                        return Err(A::Error::custom("a credential reference occurs twice"));
                    }
                }
                Ok(Secrets(accounts))
            }
        }
        deserializer.deserialize_map(Accounts)
    }
}

impl JsonSchema for Secrets {
    fn schema_name() -> Cow<'static, str> {
        "Secrets".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let names = generator.subschema_for::<CredentialRef>();
        let accounts = generator.subschema_for::<Account>();
        json_schema!({
            "type": "object",
            "description": "The accounts that credential references stand for. Secret throughout: given to the adapter alone, never stored, logged or sent on (WX-STORE-004).",
            "propertyNames": names,
            "additionalProperties": accounts,
        })
    }
}

/// A WeChat bot account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Account {
    /// Bearer token of every call.
    #[schemars(extend("x-rule" = "WX-STORE-004"))]
    pub token: Secret,
    /// The account that messages come to, such as `3f9a@im.bot`.
    pub bot_id: Id,
    /// The person who logged the account in; not an access right.
    pub user_id: Id,
}

/// Everything an adapter is started with. A restart gives the same document, secrets and folder,
/// perhaps under another port of `base_url`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Start {
    /// The channel to run.
    #[schemars(extend("x-rule" = "WX-CONF-002"))]
    pub integration: Integration,
    /// What its credential reference stands for; without an account for it the start is refused.
    #[schemars(extend("x-rule" = "WX-CONF-007"))]
    pub secrets: Secrets,
    /// Where WeChat is.
    pub transport: Transport,
    /// Folder for the adapter's state; exists, empty at first, and the only place a restart keeps.
    pub state_dir: StateDir,
    /// Which clock the adapter follows.
    pub clock: ClockSetting,
}

/// Where WeChat is; the only network addresses an adapter may reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Transport {
    /// What the paths of the bot protocol are appended to.
    pub base_url: BaseUrl,
    /// What the paths of media files are appended to.
    pub cdn_base_url: BaseUrl,
}

words! {
    /// Which clock an adapter follows.
    pub enum ClockMode {
        /// The machine's own.
        Real = "real",
        /// One that stands still and moves only on `advance`; sent only to adapters that claim `virtual_time`.
        Virtual = "virtual",
    }
}

/// Which clock an adapter follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct ClockSetting {
    /// Real or virtual.
    pub mode: ClockMode,
    /// The time at the start.
    pub now: Timestamp,
}

closed! { Account, Start, Transport, ClockSetting }
