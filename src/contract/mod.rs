//! The AIOS vocabulary: every document that crosses the seam, as a type that derives its JSON Schema.
//!
//! A document is *valid* in two layers. The text layer ([`parse`]) asks for UTF-8, one JSON value, no
//! duplicate keys, no lone surrogates, a depth of at most 32 and no `null`. The value layer is the
//! types below: [`decode`] accepts exactly what the published schema accepts. Every document is closed:
//! a member that nobody named is refused, so that a mistyped `owner_only` cannot fail open and no free
//! field can hide a message body.
//!
//! Message bodies and secrets are types of their own whose `Debug` and `Display` are masked.
//!
//! ```
//! use aios_wechat::contract::{Integration, from_bytes};
//!
//! let document = include_bytes!("../../fixtures/config/valid/minimal.json");
//! let integration: Integration = from_bytes(document)?;
//! assert_eq!(integration.dedup_window_sec(), 3600);
//!
//! let fault = from_bytes::<Integration>(b"{\"channel_id\": \"-\"}").unwrap_err();
//! assert_eq!(fault.pointer, "/channel_id");
//! # Ok::<(), aios_wechat::contract::Finding>(())
//! ```

#[macro_use]
mod strict;
#[macro_use]
mod scalar;
#[macro_use]
mod word;

pub mod access;
pub mod action;
pub mod audit;
pub mod capability;
pub mod code;
pub mod driver;
pub mod event;
pub mod finding;
pub mod health;
pub mod integer;
pub mod integration;
pub mod kind;
pub mod list;
mod node;
pub mod receipt;
pub mod start;
pub mod text;
pub mod timestamp;
pub mod tree;

pub use access::{AccessState, EffectivePolicy, Pairing, PairingState, Pairings};
pub use action::{
    ActionHead, ActionStatus, ActionType, ApprovalRequestAction, ApprovalRequestPayload,
    ErrorAction, MessageAction, OutboundAction, StatusAction, StatusActionPayload, TextPayload,
};
pub use audit::{AuditEventType, AuditRecord, AuditStatus};
pub use capability::{Capabilities, Feature, Features, SupportedTarget, SupportedTargets};
pub use code::Code;
pub use event::{
    Attachment, AttachmentKind, AttachmentMetaEvent, AttachmentMetaPayload, Attachments,
    ChannelStatus, ChannelStatusEvent, ErrorEvent, EventHead, EventStatus, EventType, InboundEvent,
    MessageEvent, MessageIds, MessagePayload, MessageStatus, MessageStatusEvent, NoPayload, Origin,
    Quoted, QuotedKind, StatusPayload,
};
pub use finding::{Fault, Finding};
pub(crate) use finding::{nearest, one_of};
pub use health::{Health, HealthState, RecentError, RecentErrors};
pub use integer::{Int, MAX_INTEGER, Natural, OutOfRange, RetryCount, Seq};
pub use integration::{
    Allowlist, Auth, ChannelType, ChunkLimit, Config, DedupWindow, Integration, Policy, Route,
    Target, TransportMode,
};
pub use kind::{Document, Kind};
pub use list::{List, ListError, Set};
pub use receipt::{ChunkCount, Receipt, ReceiptStatus, WechatMessageIds};
pub(crate) use scalar::Form;
pub use scalar::{
    ActionErrorCode, AdapterVersion, BaseUrl, CredentialRef, Digest, DisplayName, FileName, Id,
    MediaType, NotAdmitted, Secret, Slug, StateDir, Text,
};
pub use start::{Account, ClockMode, ClockSetting, Secrets, Start, Transport};
pub use text::{MAX_DEPTH, decode, from_bytes, is_valid, parse};
pub use timestamp::Timestamp;
