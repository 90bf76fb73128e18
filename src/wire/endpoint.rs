//! The calls there are: name, path, method, and whether a bot token is needed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One call of the iLink bot protocol, or one of its CDN's two.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Endpoint {
    /// Ask for a login QR code.
    #[serde(rename = "get_bot_qrcode")]
    GetBotQrcode,
    /// Ask what became of a login QR code.
    #[serde(rename = "get_qrcode_status")]
    GetQrcodeStatus,
    /// Long-poll for messages.
    #[serde(rename = "getupdates")]
    GetUpdates,
    /// Send one message.
    #[serde(rename = "sendmessage")]
    SendMessage,
    /// Ask for a typing ticket.
    #[serde(rename = "getconfig")]
    GetConfig,
    /// Show or hide the typing sign.
    #[serde(rename = "sendtyping")]
    SendTyping,
    /// Ask where to upload a file.
    #[serde(rename = "getuploadurl")]
    GetUploadUrl,
    /// Tell that the client starts.
    #[serde(rename = "notifystart")]
    NotifyStart,
    /// Tell that the client stops.
    #[serde(rename = "notifystop")]
    NotifyStop,
    /// Put a ciphertext on the CDN.
    #[serde(rename = "upload")]
    CdnUpload,
    /// Fetch a ciphertext from the CDN.
    #[serde(rename = "download")]
    CdnDownload,
}

impl Endpoint {
    /// Every endpoint, in the order of the protocol page.
    pub const ALL: [Self; 11] = [
        Self::GetBotQrcode,
        Self::GetQrcodeStatus,
        Self::GetUpdates,
        Self::SendMessage,
        Self::GetConfig,
        Self::SendTyping,
        Self::GetUploadUrl,
        Self::NotifyStart,
        Self::NotifyStop,
        Self::CdnUpload,
        Self::CdnDownload,
    ];

    /// The path below the API base (below the host for the CDN, whose base ends in `/c2c`).
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::GetBotQrcode => "/ilink/bot/get_bot_qrcode",
            Self::GetQrcodeStatus => "/ilink/bot/get_qrcode_status",
            Self::GetUpdates => "/ilink/bot/getupdates",
            Self::SendMessage => "/ilink/bot/sendmessage",
            Self::GetConfig => "/ilink/bot/getconfig",
            Self::SendTyping => "/ilink/bot/sendtyping",
            Self::GetUploadUrl => "/ilink/bot/getuploadurl",
            Self::NotifyStart => "/ilink/bot/msg/notifystart",
            Self::NotifyStop => "/ilink/bot/msg/notifystop",
            Self::CdnUpload => "/c2c/upload",
            Self::CdnDownload => "/c2c/download",
        }
    }

    /// The last segment of the path, by which people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetBotQrcode => "get_bot_qrcode",
            Self::GetQrcodeStatus => "get_qrcode_status",
            Self::GetUpdates => "getupdates",
            Self::SendMessage => "sendmessage",
            Self::GetConfig => "getconfig",
            Self::SendTyping => "sendtyping",
            Self::GetUploadUrl => "getuploadurl",
            Self::NotifyStart => "notifystart",
            Self::NotifyStop => "notifystop",
            Self::CdnUpload => "upload",
            Self::CdnDownload => "download",
        }
    }

    /// The methods it answers to, the usual one first. Old clients ask for the QR code with `GET`.
    #[must_use]
    pub const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::GetBotQrcode => &["POST", "GET"],
            Self::GetQrcodeStatus | Self::CdnDownload => &["GET"],
            _ => &["POST"],
        }
    }

    /// Whether the call must carry the bot token.
    #[must_use]
    pub const fn needs_token(self) -> bool {
        !matches!(
            self,
            Self::GetBotQrcode | Self::GetQrcodeStatus | Self::CdnUpload | Self::CdnDownload
        )
    }

    /// The endpoint of a path, doubled and trailing slashes aside. The bare CDN base stands for a
    /// download: one client leaves the last segment out.
    #[must_use]
    pub fn at(path: &str) -> Option<Self> {
        if let Some(exact) = Self::ALL
            .into_iter()
            .find(|endpoint| endpoint.path() == path)
        {
            return Some(exact);
        }
        let segments = || path.split('/').filter(|segment| !segment.is_empty());
        if segments().eq(["c2c"]) {
            return Some(Self::CdnDownload);
        }
        Self::ALL.into_iter().find(|endpoint| {
            endpoint
                .path()
                .split('/')
                .filter(|segment| !segment.is_empty())
                .eq(segments())
        })
    }

    /// The endpoint of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|endpoint| endpoint.name() == name)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_endpoint_whatever_its_slashes() {
        for endpoint in Endpoint::ALL {
            assert_eq!(Endpoint::at(endpoint.path()), Some(endpoint));
            assert_eq!(
                Endpoint::at(&format!("/{}/", endpoint.path())),
                Some(endpoint)
            );
            assert_eq!(Endpoint::named(endpoint.name()), Some(endpoint));
        }
        assert_eq!(Endpoint::at("/ilink/bot/GetUpdates"), None);
        assert_eq!(Endpoint::at("/ilink/bot/../bot/getupdates"), None);
        assert_eq!(Endpoint::at(""), None);
    }

    #[test]
    fn the_json_name_is_the_last_path_segment() {
        for endpoint in Endpoint::ALL {
            assert_eq!(serde_json::to_value(endpoint).unwrap(), endpoint.name());
            assert!(endpoint.path().ends_with(endpoint.name()));
        }
    }
}
