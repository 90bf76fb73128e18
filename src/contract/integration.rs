//! The channel integration: one configured WeChat channel, in the four groups of the console's form.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{Fault, Finding};
use super::{CredentialRef, DisplayName, Id, Int, Set, Slug};

words! {
    /// The kind of a channel.
    pub enum ChannelType {
        /// A conversation with a person.
        Dialog = "dialog",
    }
}

words! {
    /// The target of a dialog.
    pub enum Target {
        /// WeChat.
        Wechat = "wechat",
    }
}

words! {
    /// How messages come from WeChat.
    pub enum TransportMode {
        /// Long polling; the only mode of v0.
        Polling = "polling",
        /// Reserved: valid in a document, refused at `start` in v0.
        Webhook = "webhook",
    }
}

/// People admitted besides the owner: at most 1000 ids, all different.
pub type Allowlist = Set<Id, 1000>;
/// The length of one WeChat message: 1 to 4000 Unicode scalar values.
pub type ChunkLimit = Int<1, 4000>;
/// A dedup window: 1 second to 7 days.
pub type DedupWindow = Int<1, 604_800>;

/// One WeChat channel as an operator configures it (WX-CONF).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(extend(
    "if" = {
        "properties": { "policy": { "properties": { "owner_only": { "const": true } }, "required": ["owner_only"] } },
        "required": ["policy"]
    },
    "then" = { "properties": { "auth": { "required": ["owner_user_id"] } } }
))]
pub struct Integration {
    /// Name of this channel within AIOS.
    pub channel_id: Slug,
    /// Always `dialog`.
    pub channel_type: ChannelType,
    /// Always `wechat`.
    pub target: Target,
    /// Name shown to people. Default: `channel_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<DisplayName>,
    /// Whether the channel runs. A channel that is not enabled does not poll.
    #[schemars(extend("x-rule" = "WX-CONF-006"))]
    pub enabled: bool,
    /// Who may speak through the channel, and the account it uses.
    pub auth: Auth,
    /// How the channel behaves.
    pub config: Config,
    /// Where what arrives goes: the stable routing key `workspace_id` + `agent_id`.
    #[schemars(extend("x-rule" = "WX-CONF-003"))]
    pub route: Route,
    /// What the channel must enforce. Default: an empty object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = {}))]
    pub policy: Option<Policy>,
}

/// Who may speak through the channel, and the account it uses. Without an owner the allowlist needs an
/// entry: access fails closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(extend(
    "if" = { "not": { "required": ["owner_user_id"] } },
    "then" = { "properties": { "allowlist": { "minItems": 1 } }, "required": ["allowlist"] }
))]
pub struct Auth {
    /// The owner's WeChat id. Required unless `allowlist` has an entry. The owner is always admitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-rule" = "WX-ACCESS-001"))]
    pub owner_user_id: Option<Id>,
    /// People admitted besides the owner. Default: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = [], "x-rule" = "WX-ACCESS-002"))]
    pub allowlist: Option<Allowlist>,
    /// Reference to the secret that holds the account.
    #[schemars(extend("x-rule" = "WX-CONF-004"))]
    pub credential_ref: CredentialRef,
}

/// How the channel behaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Config {
    /// How messages come from WeChat. Default: `polling`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "polling"))]
    pub transport_mode: Option<TransportMode>,
    /// Under which key the position in WeChat's stream is kept; different keys never share one.
    #[schemars(extend("x-rule" = "WX-CURSOR-005"))]
    pub cursor_key: Slug,
    /// Whether the newest context token of each person is kept, so that AIOS can write first.
    /// Default: `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false, "x-rule" = "WX-CTX-002"))]
    pub context_cache: Option<bool>,
    /// Whether a voice message with a transcript becomes a message. Default: `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false, "x-rule" = "WX-MEDIA-001"))]
    pub voice_to_text: Option<bool>,
    /// Length of one WeChat message in Unicode scalar values; a longer text goes out in chunks.
    /// Default: 2000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 2000, "x-unit" = "Unicode scalar values", "x-rule" = "WX-OUT-002"))]
    pub message_chunk_limit: Option<ChunkLimit>,
}

/// Where what arrives goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Route {
    /// The workspace of every event.
    #[schemars(extend("x-rule" = "WX-CONF-003"))]
    pub workspace_id: Slug,
    /// The agent of every event.
    #[schemars(extend("x-rule" = "WX-CONF-003"))]
    pub agent_id: Slug,
    /// Whether this is the default route of AIOS; the adapter ignores it. Default: `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub default: Option<bool>,
}

/// What the channel must enforce; a policy that an adapter cannot enforce is refused at `start`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Policy {
    /// Whether the owner alone is admitted, whatever the allowlist; `true` needs
    /// `auth.owner_user_id`. Default: `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false, "x-rule" = "WX-ACCESS-001"))]
    pub owner_only: Option<bool>,
    /// Whether a sender other than the owner is held until AIOS approves. Default: `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false, "x-rule" = "WX-ACCESS-008"))]
    pub pairing_required: Option<bool>,
    /// How long a redelivered message is recognised, in seconds from AIOS's acceptance. Default: 3600.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 3600, "x-unit" = "seconds", "x-rule" = "WX-DEDUP-007"))]
    pub dedup_window_sec: Option<DedupWindow>,
}

closed! { Integration => Integration::check, Auth => Auth::check, Config, Route, Policy }

impl Integration {
    fn check(&self) -> Result<(), Finding> {
        if self.owner_only() && self.auth.owner_user_id.is_none() {
            let message = "member `owner_user_id` is missing, which `policy.owner_only` needs";
            return Err(Finding::new(Fault::MissingMember, message).under("auth"));
        }
        Ok(())
    }

    /// The name shown to people: `display_name`, else `channel_id`.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.display_name
            .as_ref()
            .map_or(self.channel_id.as_str(), DisplayName::as_str)
    }

    /// The owner's WeChat id.
    #[must_use]
    pub fn owner(&self) -> Option<&Id> {
        self.auth.owner_user_id.as_ref()
    }

    /// The allowlist; empty if absent.
    #[must_use]
    pub fn allowlist(&self) -> &[Id] {
        self.auth.allowlist()
    }

    /// `policy.owner_only` with its default.
    #[must_use]
    pub fn owner_only(&self) -> bool {
        self.policy.as_ref().is_some_and(Policy::owner_only)
    }

    /// `policy.pairing_required` with its default.
    #[must_use]
    pub fn pairing_required(&self) -> bool {
        self.policy.as_ref().is_some_and(Policy::pairing_required)
    }

    /// `policy.dedup_window_sec` with its default.
    #[must_use]
    pub fn dedup_window_sec(&self) -> i64 {
        self.policy.clone().unwrap_or_default().dedup_window_sec()
    }
}

impl Auth {
    fn check(&self) -> Result<(), Finding> {
        if self.owner_user_id.is_some() || !self.allowlist().is_empty() {
            return Ok(());
        }
        let hint = "name an owner, or at least one person in `allowlist`";
        Err(Finding::missing("owner_user_id").with_hint(hint))
    }

    /// The allowlist; empty if absent.
    #[must_use]
    pub fn allowlist(&self) -> &[Id] {
        self.allowlist.as_deref().unwrap_or_default()
    }
}

impl Config {
    /// `transport_mode` with its default.
    #[must_use]
    pub fn transport_mode(&self) -> TransportMode {
        self.transport_mode.unwrap_or(TransportMode::Polling)
    }

    /// `context_cache` with its default.
    #[must_use]
    pub fn context_cache(&self) -> bool {
        self.context_cache.unwrap_or(false)
    }

    /// `voice_to_text` with its default.
    #[must_use]
    pub fn voice_to_text(&self) -> bool {
        self.voice_to_text.unwrap_or(false)
    }

    /// `message_chunk_limit` with its default, in Unicode scalar values.
    #[must_use]
    pub fn message_chunk_limit(&self) -> usize {
        let limit = self
            .message_chunk_limit
            .unwrap_or(ChunkLimit::literal(2000))
            .get();
        usize::try_from(limit).unwrap_or(usize::MAX)
    }
}

impl Route {
    /// `default` with its default.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.default.unwrap_or(false)
    }
}

impl Policy {
    /// `owner_only` with its default.
    #[must_use]
    pub fn owner_only(&self) -> bool {
        self.owner_only.unwrap_or(false)
    }

    /// `pairing_required` with its default.
    #[must_use]
    pub fn pairing_required(&self) -> bool {
        self.pairing_required.unwrap_or(false)
    }

    /// `dedup_window_sec` with its default.
    #[must_use]
    pub fn dedup_window_sec(&self) -> i64 {
        self.dedup_window_sec
            .unwrap_or(DedupWindow::literal(3600))
            .get()
    }
}
