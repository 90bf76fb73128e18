//! Media items, where their bytes lie, and how their keys are spelled.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::field::wire;

wire! {
    /// Where the ciphertext of a medium lies, and its key.
    pub struct CdnMedia {
        /// The download parameter.
        pub encrypt_query_param: String,
        /// The key, base64; see [`MediaKey::parse`].
        pub aes_key: String,
        /// 0 file id only, 1 with thumbnail information.
        pub encrypt_type: i64,
        /// A complete download address; wins over the parameter.
        pub full_url: String,
    }

    /// An image.
    pub struct ImageItem {
        /// The image.
        pub media: Option<CdnMedia>,
        /// Its thumbnail.
        pub thumb_media: Option<CdnMedia>,
        /// The key as 32 hex digits; preferred over the one in `media`.
        pub aeskey: String,
        /// An address, rarely given.
        pub url: String,
        /// Ciphertext bytes.
        pub mid_size: i64,
        /// Ciphertext bytes of the original.
        pub hd_size: i64,
        /// Ciphertext bytes of the thumbnail.
        pub thumb_size: i64,
        /// Pixels.
        pub thumb_width: i64,
        /// Pixels.
        pub thumb_height: i64,
    }

    /// A voice message.
    pub struct VoiceItem {
        /// The recording.
        pub media: Option<CdnMedia>,
        /// 1 pcm, 2 adpcm, 3 feature, 4 speex, 5 amr, 6 silk, 7 mp3, 8 ogg-speex.
        pub encode_type: i64,
        /// Bits.
        pub bits_per_sample: i64,
        /// Hz.
        pub sample_rate: i64,
        /// Milliseconds.
        pub playtime: i64,
        /// The transcript; absent when there is none.
        pub text: String,
    }

    /// A file.
    pub struct FileItem {
        /// The file.
        pub media: Option<CdnMedia>,
        /// Its name.
        pub file_name: String,
        /// MD5 of the plaintext, hex.
        pub md5: String,
        /// Plaintext bytes, in decimal digits: text on the wire.
        pub len: String,
    }

    /// A video.
    pub struct VideoItem {
        /// The video.
        pub media: Option<CdnMedia>,
        /// Its thumbnail.
        pub thumb_media: Option<CdnMedia>,
        /// Ciphertext bytes.
        pub video_size: i64,
        /// Seconds or milliseconds; the wire does not say.
        pub play_length: i64,
        /// MD5 of the plaintext, hex.
        pub video_md5: String,
        /// Ciphertext bytes of the thumbnail.
        pub thumb_size: i64,
        /// Pixels.
        pub thumb_width: i64,
        /// Pixels.
        pub thumb_height: i64,
    }
}

/// Bytes of the ciphertext (AES-128-ECB, PKCS#7) of that many bytes of plaintext.
#[must_use]
pub const fn ciphertext_len(plaintext: u64) -> u64 {
    (plaintext / 16 + 1) * 16
}

/// The key of a medium: 16 bytes, spelled in four ways on the wire.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MediaKey(pub [u8; 16]);

impl MediaKey {
    /// Reads the base64 of a `media.aes_key`: of the 16 bytes themselves, or of their 32 hex digits.
    ///
    /// # Errors
    /// [`KeyError`] if it is neither.
    pub fn parse(base64: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(base64).map_err(|_| KeyError)?;
        if let Ok(key) = <[u8; 16]>::try_from(bytes.as_slice()) {
            return Ok(Self(key));
        }
        Self::parse_hex(std::str::from_utf8(&bytes).map_err(|_| KeyError)?)
    }

    /// Reads 32 hex digits.
    ///
    /// # Errors
    /// [`KeyError`] if it is anything else.
    pub fn parse_hex(hex: &str) -> Result<Self, KeyError> {
        if hex.len() != 32 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(KeyError);
        }
        u128::from_str_radix(hex, 16)
            .map(|key| Self(key.to_be_bytes()))
            .map_err(|_| KeyError)
    }

    /// As 32 hex digits: `aeskey` of images and of uploads.
    #[must_use]
    pub fn hex(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }

    /// As base64 of the 16 bytes: `media.aes_key` of inbound images.
    #[must_use]
    pub fn base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// As base64 of the hex digits: `media.aes_key` of everything else.
    #[must_use]
    pub fn base64_of_hex(&self) -> String {
        STANDARD.encode(self.hex())
    }
}

impl fmt::Debug for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaKey(masked)")
    }
}

/// Not a media key in any known spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a media key: neither 16 bytes nor 32 hex digits")]
pub struct KeyError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_key_is_read() {
        let key = MediaKey(*b"0123456789abcdef");
        assert_eq!(MediaKey::parse(&key.base64()), Ok(key));
        assert_eq!(MediaKey::parse(&key.base64_of_hex()), Ok(key));
        assert_eq!(MediaKey::parse_hex(&key.hex().to_uppercase()), Ok(key));
        for wrong in [
            "",
            "?",
            "AAAA",
            &STANDARD.encode([b'g'; 32]),
            &STANDARD.encode([7; 32]),
        ] {
            assert_eq!(MediaKey::parse(wrong), Err(KeyError), "{wrong}");
        }
    }

    #[test]
    fn padding_always_adds_a_byte() {
        assert_eq!([0, 15, 16, 20].map(ciphertext_len), [16, 16, 32, 32]);
    }
}
