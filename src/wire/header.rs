//! Header names and values. Clients spell the names in three ways: compare without case.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Says what kind of token `Authorization` holds.
pub const AUTHORIZATION_TYPE: &str = "AuthorizationType";
/// The kind of token a bot has.
pub const BOT_TOKEN: &str = "ilink_bot_token";
/// A random number for each request; see [`random_uin`].
pub const UIN: &str = "X-WECHAT-UIN";
/// Which application calls; newer clients only.
pub const APP_ID: &str = "iLink-App-Id";
/// The value of [`APP_ID`].
pub const APP_ID_BOT: &str = "bot";
/// The client's version as a number; see [`client_version`].
pub const APP_CLIENT_VERSION: &str = "iLink-App-ClientVersion";
/// Deployment route tag; seldom sent, by one client always and empty.
pub const ROUTE_TAG: &str = "SKRouteTag";
/// Of an upload's answer: the download parameter.
pub const DOWNLOAD_PARAM: &str = "x-encrypted-param";
/// Of a failed upload's answer: why.
pub const ERROR_MESSAGE: &str = "x-error-message";

/// The value of [`UIN`]: base64 of the decimal digits of a random number.
#[must_use]
pub fn random_uin(random: u32) -> String {
    STANDARD.encode(random.to_string())
}

/// The value of [`APP_CLIENT_VERSION`]: `major<<16 | minor<<8 | patch`, in decimal.
#[must_use]
pub fn client_version(major: u8, minor: u8, patch: u8) -> String {
    u32::from_be_bytes([0, major, minor, patch]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_are_spelled_as_the_wire_has_them() {
        assert_eq!(random_uin(1_857_325_515), "MTg1NzMyNTUxNQ==");
        assert_eq!(client_version(2, 4, 9), "132105");
    }
}
