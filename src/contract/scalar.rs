//! Strings with bounds: one constant feeds the constructor, the reader and the schema.

use std::fmt;

use schemars::{Schema, json_schema};

use super::driver::{Pointer, RuleId};
use super::timestamp::Timestamp;

/// What a string must be to stand for a type: bounds in code points, and a form.
pub(crate) struct Form {
    /// Fewest code points.
    pub(crate) min: usize,
    /// Most code points.
    pub(crate) max: usize,
    /// The published pattern, if the form is more than a length. It bounds the length itself.
    pub(crate) pattern: Option<&'static str>,
    /// The same condition, by hand: it is asked for every string of every document.
    pub(crate) matches: fn(&str) -> bool,
    /// "expected …", for people.
    pub(crate) expected: &'static str,
}

impl Form {
    /// The form that publishes a pattern and, where the pattern does not bound it, a length.
    pub(crate) fn published_as(pattern: &str, most: u64) -> Option<&'static Self> {
        FORMS.iter().copied().find(|form| {
            form.pattern == Some(pattern)
                && (form.is_bounded_by_pattern() || form.max as u64 == most)
        })
    }

    fn is_bounded_by_pattern(&self) -> bool {
        self.pattern.is_some_and(|pattern| !pattern.contains('*'))
    }

    pub(crate) fn expected(&self) -> &'static str {
        self.expected
    }

    pub(crate) fn admits(&self, text: &str) -> bool {
        // Bytes bound code points from above, so most strings need no count.
        let short = text.len() <= self.max && text.len() >= self.min.max(1) * 4;
        let fits = short || {
            let length = text.chars().count();
            self.min <= length && length <= self.max
        };
        fits && (self.matches)(text)
    }

    pub(crate) fn schema(&self, description: &str) -> Schema {
        let description = description.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut schema = json_schema!({ "type": "string", "description": description });
        if let Some(pattern) = self.pattern {
            schema.insert("pattern".into(), pattern.into());
            // Some validators let `$` match before a last newline.
            schema.insert("not".into(), json_schema!({ "pattern": "\\n" }).to_value());
        }
        if !self.is_bounded_by_pattern() {
            schema.insert("minLength".into(), self.min.into());
            schema.insert("maxLength".into(), self.max.into());
        }
        schema
    }
}

/// The forms of every type that publishes a pattern.
const FORMS: &[&Form] = &[
    &Id::FORM,
    &Slug::FORM,
    &CredentialRef::FORM,
    &Digest::FORM,
    &ActionErrorCode::FORM,
    &BaseUrl::FORM,
    &StateDir::FORM,
    &Secret::FORM,
    &Timestamp::FORM,
    &Pointer::FORM,
    &RuleId::FORM,
];

/// A string that is not what its type asks for. It never shows the string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct NotAdmitted {
    expected: &'static str,
}

impl NotAdmitted {
    pub(crate) const fn new(expected: &'static str) -> Self {
        Self { expected }
    }
}

/// Declares a string type from its [`Form`].
macro_rules! string_type {
    ($(#[doc = $about:literal])* pub struct $name:ident, $form:expr) => {
        $(#[doc = $about])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(compact_str::CompactString);

        impl $name {
            pub(crate) const FORM: $crate::contract::scalar::Form = $form;

            #[allow(dead_code, reason = "some types are only ever built by a reader")]
            pub(crate) fn admits(text: &str) -> bool {
                Self::FORM.admits(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::contract::scalar::NotAdmitted;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                if Self::FORM.admits(&text) {
                    Ok(Self(text.into()))
                } else {
                    Err($crate::contract::scalar::NotAdmitted::new(Self::FORM.expected))
                }
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::contract::scalar::NotAdmitted;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                if Self::FORM.admits(text) {
                    Ok(Self(text.into()))
                } else {
                    Err($crate::contract::scalar::NotAdmitted::new(Self::FORM.expected))
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct FormVisitor;
                impl serde::de::Visitor<'_> for FormVisitor {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                        formatter.write_str($name::FORM.expected)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        if $name::FORM.admits(text) {
                            Ok($name(text.into()))
                        } else {
                            // Never the string itself: it may be a body or a secret.
                            Err(E::invalid_value(serde::de::Unexpected::Other("a string"), &self))
                        }
                    }
                }
                deserializer.deserialize_str(FormVisitor)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                Self::FORM.schema(concat!($($about, "\n"),*))
            }
        }
    };
}

/// A string type that may be shown.
macro_rules! open_string {
    ($(#[doc = $about:literal])* pub struct $name:ident, $form:expr) => {
        string_type! { $(#[doc = $about])* pub struct $name, $form }

        impl $name {
            /// The string.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == **other
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                write!(formatter, "{:?}", self.0.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.pad(&self.0)
            }
        }
    };
}

/// A string type that no `Debug` and no `Display` ever shows.
macro_rules! masked_string {
    ($(#[doc = $about:literal])* pub struct $name:ident, $form:expr) => {
        string_type! { $(#[doc = $about])* pub struct $name, $form }

        impl $name {
            /// The string itself; what takes it must not log, print or store it.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                write!(formatter, concat!(stringify!($name), "(masked)"))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str("(masked)")
            }
        }
    };
}

/// Neither U+0000-001F nor U+007F.
fn no_control(text: &str) -> bool {
    // Without a way out in the middle, so that it takes many bytes at a time.
    text.bytes()
        .map(|byte| u8::from(byte.is_ascii_control()))
        .fold(0, |found, one| found | one)
        == 0
}

fn any(_: &str) -> bool {
    true
}

/// A first character of `[A-Za-z0-9]`, then at most `more` of that set or of `also`.
fn is_name(text: &str, more: usize, also: &[u8]) -> bool {
    match text.as_bytes() {
        [first, rest @ ..] => {
            first.is_ascii_alphanumeric()
                && rest.len() <= more
                && rest
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || also.contains(byte))
        }
        [] => false,
    }
}

const NO_CONTROL: &str = "^[^\\u0000-\\u001F\\u007F]*$";

open_string! {
    /// An opaque identifier, 1-256 code points without control characters, compared exactly.
    /// WeChat's 64-bit numbers are ids too: decimal text without a leading zero.
    pub struct Id,
    Form {
        min: 1,
        max: 256,
        pattern: Some(NO_CONTROL),
        matches: no_control,
        expected: "a string of 1 to 256 characters without control characters",
    }
}

open_string! {
    /// A name that is safe in paths and keys: a letter or digit, then up to 63 of letters, digits,
    /// dot, underscore and hyphen.
    pub struct Slug,
    Form {
        min: 1,
        max: 64,
        pattern: Some("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"),
        matches: |text| is_name(text, 63, b"._-"),
        expected: "a name of 1 to 64 letters, digits, `.`, `_` or `-` that begins with a letter or digit",
    }
}

open_string! {
    /// A reference to a secret, never the secret itself (WX-CONF-004).
    pub struct CredentialRef,
    Form {
        min: 10,
        max: 209,
        pattern: Some("^secret://[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$"),
        matches: |text| text.strip_prefix("secret://").is_some_and(|path| is_name(path, 199, b"._/-")),
        expected: "a reference such as `secret://wechat/account.json`, never the secret itself",
    }
}

open_string! {
    /// A name for people, 1-100 code points.
    pub struct DisplayName,
    Form { min: 1, max: 100, pattern: None, matches: any, expected: "a string of 1 to 100 characters" }
}

open_string! {
    /// The version of an adapter in its own scheme, 1-64 code points.
    pub struct AdapterVersion,
    Form { min: 1, max: 64, pattern: None, matches: any, expected: "a string of 1 to 64 characters" }
}

open_string! {
    /// A media type such as `image/jpeg`, 1-127 code points.
    pub struct MediaType,
    Form { min: 1, max: 127, pattern: None, matches: any, expected: "a string of 1 to 127 characters" }
}

open_string! {
    /// A digest of a file: the algorithm, a colon, lower-case hexadecimal.
    pub struct Digest,
    Form {
        min: 36,
        max: 71,
        pattern: Some("^(md5|sha256):[0-9a-f]{32,64}$"),
        matches: is_digest,
        expected: "`md5:` or `sha256:` and 32 to 64 lower-case hexadecimal digits",
    }
}

open_string! {
    /// AIOS's own word for an error that it reports through an action.
    pub struct ActionErrorCode,
    Form {
        min: 1,
        max: 64,
        pattern: Some("^[a-z][a-z0-9_]{0,63}$"),
        matches: is_error_code,
        expected: "1 to 64 lower-case letters, digits or `_` that begin with a letter",
    }
}

open_string! {
    /// An `http` or `https` address without a path of its own at the end: what WeChat's paths are appended to.
    pub struct BaseUrl,
    Form {
        min: 8,
        max: 2056,
        pattern: Some("^https?://[!-~]{1,2048}$"),
        matches: is_base_url,
        expected: "an `http://` or `https://` address",
    }
}

open_string! {
    /// An absolute path to an existing folder, at most 4096 code points: the only place that a restart keeps.
    pub struct StateDir,
    Form {
        min: 1,
        max: 4096,
        pattern: Some("^/[^\\u0000-\\u001F\\u007F]*$"),
        matches: |text| text.starts_with('/') && no_control(text),
        expected: "an absolute path",
    }
}

masked_string! {
    /// The body of a message, 1-65536 code points of well-formed Unicode. It is passed on and never kept.
    pub struct Text,
    Form { min: 1, max: 65_536, pattern: None, matches: any, expected: "a string of 1 to 65536 characters" }
}

masked_string! {
    /// The name of a file as its sender gave it, 1-255 code points. It counts as a body (WX-STORE-006).
    pub struct FileName,
    Form { min: 1, max: 255, pattern: None, matches: any, expected: "a string of 1 to 255 characters" }
}

masked_string! {
    /// A bearer token, 1-4096 code points without control characters.
    pub struct Secret,
    Form {
        min: 1,
        max: 4096,
        pattern: Some(NO_CONTROL),
        matches: no_control,
        expected: "a string of 1 to 4096 characters without control characters",
    }
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("md5:")
        .or_else(|| text.strip_prefix("sha256:"))
        .is_some_and(|hex| {
            (32..=64).contains(&hex.len())
                && hex
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
}

fn is_error_code(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.len() <= 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn is_base_url(text: &str) -> bool {
    text.strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))
        .is_some_and(|rest| {
            (1..=2048).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_graphic())
        })
}

impl fmt::Debug for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.expected)
    }
}
