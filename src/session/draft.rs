//! The configuration of a scenario before the adapter sees it: faultless, or with one fault.

use serde_json::Value;

use super::cast::Cast;
use crate::contract::{
    Allowlist, Auth, ChannelType, Config, CredentialRef, DisplayName, Id, Int, Integration, Policy,
    Route, Slug, Target, TransportMode,
};

/// The reference under which every scenario's credential is known.
pub(crate) const CREDENTIAL: &str = "secret://wechat/account.json";

/// A draft of the integration document and what goes with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The faultless document.
    pub integration: Integration,
    /// The one fault to put into it, if any.
    pub flaw: Option<Flaw>,
}

impl Draft {
    /// The configuration most scenarios run with: owner, a friend and the fence are admitted.
    ///
    /// # Errors
    /// A fault of the kit: the words of the cast do not fit the contract.
    pub fn usual(cast: &Cast) -> Result<Self, String> {
        let integration = Integration {
            channel_id: slug("wx-main")?,
            channel_type: ChannelType::Dialog,
            target: Target::Wechat,
            display_name: None,
            enabled: true,
            auth: Auth {
                owner_user_id: Some(id(&cast.owner)?),
                allowlist: Some(allowlist(&[&cast.friend, &cast.fence])?),
                credential_ref: CredentialRef::try_from(CREDENTIAL).map_err(text)?,
            },
            config: Config {
                transport_mode: None,
                cursor_key: slug("wx-main")?,
                context_cache: None,
                voice_to_text: None,
                message_chunk_limit: None,
            },
            route: Route {
                workspace_id: slug(&cast.workspace)?,
                agent_id: slug(&cast.agent)?,
                default: None,
            },
            policy: None,
        };
        Ok(Self {
            integration,
            flaw: None,
        })
    }

    /// Every field set.
    ///
    /// # Errors
    /// A fault of the kit.
    pub fn full(cast: &Cast) -> Result<Self, String> {
        let mut draft = Self::usual(cast)?;
        let document = &mut draft.integration;
        document.display_name = Some(DisplayName::try_from("WeChat 微信").map_err(text)?);
        document.config.transport_mode = Some(TransportMode::Polling);
        document.config.context_cache = Some(true);
        document.config.voice_to_text = Some(true);
        document.config.message_chunk_limit = Some(Int::try_from(1200).map_err(text)?);
        document.route.default = Some(true);
        document.policy = Some(Policy {
            owner_only: Some(false),
            pairing_required: Some(false),
            dedup_window_sec: Some(Int::try_from(900).map_err(text)?),
        });
        Ok(draft)
    }

    /// Only what has to be there.
    ///
    /// # Errors
    /// A fault of the kit.
    pub fn minimal(cast: &Cast) -> Result<Self, String> {
        let mut draft = Self::usual(cast)?;
        draft.integration.auth.allowlist = None;
        Ok(draft)
    }

    /// Whether the fault is that nobody gives the secret that the credential refers to.
    pub(super) fn secret_withheld(&self) -> bool {
        self.flaw
            .is_some_and(|flaw| flaw.edit == Edit::WithholdSecret)
    }

    /// The policy, created if there is none.
    pub fn policy(&mut self) -> &mut Policy {
        self.integration.policy.get_or_insert_default()
    }

    /// The document as it is sent, its fault included.
    ///
    /// # Errors
    /// A fault of the kit: the document does not serialise.
    pub fn document(&self) -> Result<Value, String> {
        let mut document = serde_json::to_value(&self.integration).map_err(text)?;
        if let Some(flaw) = self.flaw {
            flaw.apply(&mut document)?;
        }
        Ok(document)
    }

    /// The contact whose messages are admitted under this configuration and prove that what was
    /// sent before them has passed.
    #[must_use]
    pub fn fence<'a>(&self, cast: &'a Cast) -> &'a str {
        let policy = self.integration.policy.as_ref();
        let strict = policy.is_some_and(|policy| {
            policy.owner_only == Some(true) || policy.pairing_required == Some(true)
        });
        let listed = self
            .integration
            .auth
            .allowlist
            .as_ref()
            .is_some_and(|list| list.iter().any(|entry| entry.as_str() == cast.fence));
        if listed && !strict {
            &cast.fence
        } else {
            &cast.owner
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    format!("the kit drafted a document that breaks the contract: {error}")
}

fn id(value: &str) -> Result<Id, String> {
    Id::try_from(value).map_err(text)
}

fn slug(value: &str) -> Result<Slug, String> {
    Slug::try_from(value).map_err(text)
}

/// An allowlist of these people.
///
/// # Errors
/// One of them is no id, or occurs twice.
pub fn allowlist(people: &[&str]) -> Result<Allowlist, String> {
    let people = people
        .iter()
        .map(|person| id(person))
        .collect::<Result<Vec<_>, _>>()?;
    Allowlist::try_from(people).map_err(text)
}

/// One fault in a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    words: &'static str,
    edit: Edit,
    /// Where the fault is: the faulty member, or the object it is missing from.
    pointers: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    /// The document stays; the secret beside it is left out.
    WithholdSecret,
    Remove(&'static str),
    Set(&'static str, Literal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Literal {
    Bool(bool),
    Number(i64),
    Text(&'static str),
    Null,
    Same(&'static str),
}

macro_rules! flaws {
    ($(#[doc = $about:literal])* $name:ident: $($words:literal => $edit:expr, at [$($pointer:literal),+];)*) => {
        $(#[doc = $about])*
        pub const $name: &[Flaw] = &[$(Flaw { words: $words, edit: $edit, pointers: &[$($pointer),+] }),*];
    };
}

flaws! {
    /// Every fault of a configuration that a scenario can name.
    FLAWS:
    "an unknown word stands in the policy" =>
        Edit::Set("/policy/owner_onyl", Literal::Bool(true)), at ["/policy/owner_onyl", "/policy"];
    "an unknown word stands beside the route" =>
        Edit::Set("/routes", Literal::Text("all")), at ["/routes", ""];
    "\"enabled\" is missing" => Edit::Remove("/enabled"), at ["/enabled", ""];
    "\"enabled\" is a word" => Edit::Set("/enabled", Literal::Text("yes")), at ["/enabled"];
    "\"channel_id\" is empty" => Edit::Set("/channel_id", Literal::Text("")), at ["/channel_id"];
    "\"target\" is another channel" =>
        Edit::Set("/target", Literal::Text("telegram")), at ["/target"];
    "\"message_chunk_limit\" is zero" =>
        Edit::Set("/config/message_chunk_limit", Literal::Number(0)), at ["/config/message_chunk_limit"];
    "\"dedup_window_sec\" is beyond a week" =>
        Edit::Set("/policy/dedup_window_sec", Literal::Number(604_801)), at ["/policy/dedup_window_sec"];
    "the allowlist names a person twice" =>
        Edit::Set("/auth/allowlist/1", Literal::Same("/auth/allowlist/0")),
        at ["/auth/allowlist/1", "/auth/allowlist"];
    "there is neither an owner nor an allowlist" =>
        Edit::Remove("/auth/owner_user_id"), at ["/auth/owner_user_id", "/auth/allowlist", "/auth"];
    "\"owner_only\" is set and there is no owner" =>
        Edit::Remove("/auth/owner_user_id"),
        at ["/auth/owner_user_id", "/auth", "/policy/owner_only", "/policy", ""];
    "\"display_name\" is null" => Edit::Set("/display_name", Literal::Null), at ["/display_name"];
    "\"workspace_id\" is missing" =>
        Edit::Remove("/route/workspace_id"), at ["/route/workspace_id", "/route"];
    "\"agent_id\" is missing" => Edit::Remove("/route/agent_id"), at ["/route/agent_id", "/route"];
    "the route is missing" => Edit::Remove("/route"), at ["/route", ""];
    "the credential is written out" =>
        Edit::Set("/auth/credential_ref", Literal::Text("b7f3c1d2e4")), at ["/auth/credential_ref"];
    "the credential has no secret" =>
        Edit::WithholdSecret, at ["/auth/credential_ref", "/auth", "/secrets", ""];
    "WeChat is to call the adapter" =>
        Edit::Set("/config/transport_mode", Literal::Text("webhook")), at ["/config/transport_mode"];
}

flaws! {
    /// Every fault of an action that a scenario can name.
    ACTION_FLAWS:
    "the type does not exist" =>
        Edit::Set("/event_type", Literal::Text("tool_call")), at ["/event_type", ""];
    "the text is missing" => Edit::Remove("/payload/text"), at ["/payload/text", "/payload"];
    "the text is a number" => Edit::Set("/payload/text", Literal::Number(7)), at ["/payload/text"];
    "the recipient is missing" =>
        Edit::Remove("/payload/recipient"), at ["/payload/recipient", "/payload"];
    "an unknown word stands beside it" =>
        Edit::Set("/payload/transcript", Literal::Bool(true)), at ["/payload/transcript", "/payload"];
    "the target is another channel" =>
        Edit::Set("/target", Literal::Text("telegram")), at ["/target"];
    "the workspace is another's" =>
        Edit::Set("/workspace_id", Literal::Text("ws-of-another")), at ["/workspace_id"];
    "the agent is another" =>
        Edit::Set("/agent_id", Literal::Text("agent-of-another")), at ["/agent_id"];
    "the message id is empty" => Edit::Set("/message_id", Literal::Text("")), at ["/message_id"];
}

impl Flaw {
    /// The fault of a configuration that a scenario names with these words.
    #[must_use]
    pub fn named(words: &str) -> Option<Self> {
        FLAWS.iter().copied().find(|flaw| flaw.words == words)
    }

    /// The fault of an action that a scenario names with these words.
    #[must_use]
    pub fn of_action(words: &str) -> Option<Self> {
        ACTION_FLAWS
            .iter()
            .copied()
            .find(|flaw| flaw.words == words)
    }

    /// The words.
    #[must_use]
    pub fn words(self) -> &'static str {
        self.words
    }

    /// Changes the draft so that the fault is the only one once it is applied.
    pub(crate) fn prepare(self, draft: &mut Draft) {
        match self.words {
            "there is neither an owner nor an allowlist" => draft.integration.auth.allowlist = None,
            "\"owner_only\" is set and there is no owner" => draft.policy().owner_only = Some(true),
            words if words.contains("policy") || words.contains("dedup_window_sec") => {
                draft.policy();
            }
            _ => {}
        }
        draft.flaw = Some(self);
    }

    /// Whether an RFC 6901 pointer names the fault: the faulty member or the object it is missing
    /// from, seen from the configuration document or from the parameters of `start`.
    #[must_use]
    pub fn is_at(words: &str, pointer: &str) -> bool {
        let inner = pointer.strip_prefix("/integration").unwrap_or(pointer);
        let flaw = Self::named(words).or_else(|| Self::of_action(words));
        flaw.is_some_and(|flaw| flaw.pointers.contains(&inner))
    }

    pub(super) fn apply(self, document: &mut Value) -> Result<(), String> {
        let (pointer, literal) = match self.edit {
            Edit::WithholdSecret => return Ok(()),
            Edit::Remove(pointer) => (pointer, None),
            Edit::Set(pointer, literal) => (pointer, Some(literal)),
        };
        let value = match literal {
            None => None,
            Some(Literal::Bool(value)) => Some(value.into()),
            Some(Literal::Number(value)) => Some(value.into()),
            Some(Literal::Text(value)) => Some(value.into()),
            Some(Literal::Null) => Some(Value::Null),
            Some(Literal::Same(other)) => {
                Some(document.pointer(other).cloned().unwrap_or_default())
            }
        };
        let (parent, key) = pointer.rsplit_once('/').unwrap_or(("", pointer));
        match (document.pointer_mut(parent), value) {
            (Some(Value::Object(object)), Some(value)) => {
                object.insert(key.to_owned(), value);
                Ok(())
            }
            (Some(Value::Object(object)), None) => {
                let removed = object.remove(key);
                removed
                    .map(drop)
                    .ok_or_else(|| format!("no member at {pointer}"))
            }
            (Some(Value::Array(array)), Some(value)) => {
                let slot = key
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| array.get_mut(index));
                *slot.ok_or_else(|| format!("no element at {pointer}"))? = value;
                Ok(())
            }
            _ => Err(format!("the fault `{}` does not fit the draft", self.words)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract;

    #[test]
    fn every_flaw_turns_a_good_configuration_into_a_refused_one() {
        let cast = Cast::draw(1, &crate::session::Tags::of(1));
        for flaw in FLAWS {
            let mut draft = Draft::usual(&cast).unwrap();
            flaw.prepare(&mut draft);
            let faulty = draft.document().unwrap();
            draft.flaw = None;
            let good = draft.document().unwrap();
            let decoded = contract::decode::<Integration>(&good);
            if flaw.words != "there is neither an owner nor an allowlist" {
                decoded.unwrap_or_else(|finding| panic!("{}: {finding}", flaw.words));
            }
            // The contract lets webhook and a missing secret through; the adapter refuses them.
            let by_adapter = [
                "WeChat is to call the adapter",
                "the credential has no secret",
            ];
            if !by_adapter.contains(&flaw.words) {
                let finding = contract::decode::<Integration>(&faulty).expect_err(flaw.words);
                assert!(
                    Flaw::is_at(flaw.words, &finding.pointer),
                    "{}: {}",
                    flaw.words,
                    finding.pointer
                );
            }
        }
    }
}
