//! Capabilities: what an adapter declares at the handshake.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use super::finding::{Fault, Finding};
use super::{AdapterVersion, HealthState, Set, Slug};

words! {
    /// A target of the `dialog` channel.
    pub enum SupportedTarget {
        /// Telegram.
        Telegram = "telegram",
        /// WeChat.
        Wechat = "wechat",
        /// Codex.
        Codex = "codex",
        /// Claude Code.
        ClaudeCode = "claude_code",
        /// `OpenCode`.
        Opencode = "opencode",
    }
}

words! {
    /// A feature that an adapter may claim; a claimed feature is tested. None of them is a power that
    /// an adapter must not own.
    pub enum Feature {
        /// Text in both directions; always claimed.
        Message = "message",
        /// Voice messages with a transcript become messages.
        VoiceToText = "voice_to_text",
        /// Attachments are reported as metadata.
        AttachmentMeta = "attachment_meta",
        /// Context tokens are kept, so that AIOS can write first.
        ContextCache = "context_cache",
        /// Unknown senders are held until AIOS approves.
        Pairing = "pairing",
        /// Questions to the owner.
        ApprovalRequest = "approval_request",
        /// The typing sign.
        Typing = "typing",
        /// A clock that moves only on `advance`.
        VirtualTime = "virtual_time",
    }
}

/// Declares a set of words in which one must not be missing.
macro_rules! declared_set {
    ($(#[doc = $about:literal])* pub struct $name:ident of $word:ident with $essential:ident, at most $max:literal) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(Set<$word, $max>);

        impl TryFrom<Vec<$word>> for $name {
            type Error = Finding;

            fn try_from(words: Vec<$word>) -> Result<Self, Finding> {
                let set = Set::try_from(words)
                    .map_err(|error| Finding::new(Fault::OutOfBounds, error.to_string()))?;
                Self::of(set)
            }
        }

        impl $name {
            fn of(words: Set<$word, $max>) -> Result<Self, Finding> {
                if words.contains(&$word::$essential) {
                    return Ok(Self(words));
                }
                let message = format!("expected an array that contains `{}`", $word::$essential);
                Err(Finding::new(Fault::OutOfBounds, message))
            }
        }

        impl Deref for $name {
            type Target = [$word];

            fn deref(&self) -> &[$word] {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::of(Set::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let items = generator.subschema_for::<$word>();
                json_schema!({
                    "type": "array",
                    "items": items,
                    "uniqueItems": true,
                    "contains": { "const": $word::$essential.as_str() },
                })
            }
        }
    };
}

declared_set! {
    /// The targets an adapter serves, all different; `wechat` is among them.
    pub struct SupportedTargets of SupportedTarget with Wechat, at most 5
}

declared_set! {
    /// The features an adapter claims, all different; `message` is among them.
    pub struct Features of Feature with Message, at most 8
}

/// What an adapter declares at the handshake (WX-CAP).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Capabilities {
    /// Name of the adapter.
    #[schemars(extend("x-rule" = "WX-CAP-001"))]
    pub adapter_id: Slug,
    /// Version of the adapter.
    #[schemars(extend("x-rule" = "WX-CAP-001"))]
    pub adapter_version: AdapterVersion,
    /// The targets it serves; contains `wechat`.
    #[schemars(extend("x-rule" = "WX-CAP-002"))]
    pub supported_targets: SupportedTargets,
    /// The features it claims; contains `message`.
    #[schemars(extend("x-rule" = "WX-CAP-003"))]
    pub supported_features: Features,
    /// `stopped` at the handshake.
    #[schemars(extend("x-rule" = "WX-CAP-001"))]
    pub health: HealthState,
}

closed! { Capabilities }

impl Capabilities {
    /// Whether a feature is claimed.
    #[must_use]
    pub fn claims(&self, feature: Feature) -> bool {
        self.supported_features.contains(&feature)
    }
}
