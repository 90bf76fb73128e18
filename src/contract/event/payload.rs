//! What inbound events carry, and nothing besides.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::{Digest, FileName, Id, Int, List, MediaType, Natural, Text};

words! {
    /// How a text came.
    pub enum Origin {
        /// Written.
        Text = "text",
        /// Spoken: the text is a transcript.
        Voice = "voice",
    }
}

words! {
    /// What an attachment is.
    pub enum AttachmentKind {
        /// A picture.
        Image = "image",
        /// A voice message.
        Voice = "voice",
        /// A file.
        File = "file",
        /// A video.
        Video = "video",
        /// A kind that v0 does not know; `item_type` says WeChat's number for it.
        Unknown = "unknown",
    }
}

words! {
    /// What a quoted message was.
    pub enum QuotedKind {
        /// A text.
        Text = "text",
        /// A picture.
        Image = "image",
        /// A voice message.
        Voice = "voice",
        /// A file.
        File = "file",
        /// A video.
        Video = "video",
        /// A kind that v0 does not know.
        Unknown = "unknown",
    }
}

/// One to 32 attachments.
pub type Attachments = List<Attachment, 1, 32>;

/// Metadata of one attachment: no bytes, no keys, no download tokens (WX-MEDIA-003).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Attachment {
    /// What it is.
    pub kind: AttachmentKind,
    /// File name as the sender gave it; counts as a body everywhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-rule" = "WX-STORE-006"))]
    pub name: Option<FileName>,
    /// Size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-unit" = "bytes"))]
    pub size_bytes: Option<Natural>,
    /// Media type, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// Length of voice or video in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-unit" = "milliseconds"))]
    pub duration_ms: Option<Natural>,
    /// Digest of the file, where WeChat gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// WeChat's number of the kind, for `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_type: Option<Int<0, 65_535>>,
}

/// The message that a person quoted: never its text, title or file name (WX-MEDIA-004).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Quoted {
    /// Its WeChat id, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Id>,
    /// What it was, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<QuotedKind>,
}

/// What a person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct MessagePayload {
    /// WeChat id of the person.
    pub sender: Id,
    /// Written, or spoken and transcribed.
    pub origin: Origin,
    /// The text exactly as it was sent.
    #[schemars(extend("x-rule" = "WX-ENV-004"))]
    pub text: Text,
    /// What came with the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Attachments>,
    /// What the person quoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<Quoted>,
}

/// What a person sent without a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct AttachmentMetaPayload {
    /// WeChat id of the person.
    pub sender: Id,
    /// What came, as metadata.
    #[schemars(extend("x-rule" = "WX-MEDIA-002"))]
    pub attachments: Attachments,
    /// What the person quoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<Quoted>,
}

/// Whose message was not forwarded: metadata, never the body (WX-ACCESS-005).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct StatusPayload {
    /// WeChat id of the person.
    pub sender: Id,
    /// The group, if it came through one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<Id>,
}

/// Nothing: an empty object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct NoPayload {}

closed! { Attachment, Quoted, MessagePayload, AttachmentMetaPayload, StatusPayload, NoPayload }
