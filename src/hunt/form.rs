//! The forms of a marker that a view does not show, in the bytes as they are: of words in other
//! scripts, and of words too short for an anchor.

use std::collections::BTreeMap;
use std::io;

use super::SHORTEST;
use super::keys::Keys;
use super::radix::base64_cores;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// One form of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is, in UTF-8.
    Plain,
    /// In UTF-16, either byte order.
    Utf16,
    /// In base64, at one of three alignments.
    Base64,
    /// In hexadecimal, either case.
    Hex,
    /// Each byte percent-encoded.
    Percent,
    /// Each character as a JSON escape.
    JsonEscapes,
    /// Each character as an HTML reference.
    HtmlReferences,
    /// Back to front.
    Reversed,
    /// With something between each two characters.
    Spaced,
}

impl Form {
    /// Its name in a report.
    #[must_use]
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Utf16 => "utf-16",
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Percent => "percent",
            Self::JsonEscapes => "json escapes",
            Self::HtmlReferences => "html references",
            Self::Reversed => "reversed",
            Self::Spaced => "spaced",
        }
    }
}

/// A search for every form of numbered markers.
pub(super) fn keys(markers: &[(usize, &str)]) -> io::Result<Keys<(usize, Form)>> {
    let mut keys: BTreeMap<Vec<u8>, Vec<(usize, Form)>> = BTreeMap::new();
    for (number, words) in markers {
        for (form, bytes) in forms(words) {
            keys.entry(bytes).or_default().push((*number, form));
        }
    }
    Keys::new(keys)
}

/// Every form of a marker and the bytes to look for.
fn forms(words: &str) -> Vec<(Form, Vec<u8>)> {
    if words.chars().count() < SHORTEST {
        return Vec::new();
    }
    let mut forms = vec![(Form::Plain, words.as_bytes().to_vec())];
    let mut add = |form, bytes: Vec<u8>| {
        if !forms.iter().any(|(_, known)| *known == bytes) {
            forms.push((form, bytes));
        }
    };
    add(
        Form::Utf16,
        words.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    );
    add(
        Form::Utf16,
        words.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    );
    for core in base64_cores(words.as_bytes()) {
        let url = core.replace('+', "-").replace('/', "_");
        add(Form::Base64, core.into_bytes());
        add(Form::Base64, url.into_bytes());
    }
    let each = |write: &dyn Fn(u8) -> String| words.bytes().map(write).collect::<String>();
    add(Form::Hex, each(&|byte| format!("{byte:02x}")).into_bytes());
    add(Form::Hex, each(&|byte| format!("{byte:02X}")).into_bytes());
    add(
        Form::Percent,
        each(&|byte| format!("%{byte:02x}")).into_bytes(),
    );
    add(
        Form::Percent,
        each(&|byte| format!("%{byte:02X}")).into_bytes(),
    );
    // As forms are sent.
    let sent = utf8_percent_encode(words, NON_ALPHANUMERIC).to_string();
    add(Form::Percent, sent.replace("%20", "+").into_bytes());
    let units = |write: &dyn Fn(u16) -> String| words.encode_utf16().map(write).collect::<String>();
    add(
        Form::JsonEscapes,
        units(&|unit| format!("\\u{unit:04x}")).into_bytes(),
    );
    add(
        Form::JsonEscapes,
        units(&|unit| format!("\\u{unit:04X}")).into_bytes(),
    );
    // As most writers of JSON that keep to ASCII do it.
    for write in [
        |unit: u16| format!("\\u{unit:04x}"),
        |unit: u16| format!("\\u{unit:04X}"),
    ] {
        let mixed = |c: char| match c {
            ' '..='~' => c.to_string(),
            _ => c
                .encode_utf16(&mut [0; 2])
                .iter()
                .copied()
                .map(write)
                .collect(),
        };
        add(
            Form::JsonEscapes,
            words.chars().map(mixed).collect::<String>().into_bytes(),
        );
    }
    let scalars = |write: &dyn Fn(u32) -> String| {
        words
            .chars()
            .map(|c| write(u32::from(c)))
            .collect::<String>()
    };
    add(
        Form::HtmlReferences,
        scalars(&|scalar| format!("&#{scalar};")).into_bytes(),
    );
    add(
        Form::HtmlReferences,
        scalars(&|scalar| format!("&#x{scalar:x};")).into_bytes(),
    );
    add(
        Form::Reversed,
        words.chars().rev().collect::<String>().into_bytes(),
    );
    for between in [" ", "\n", ",", "-", ".", "\u{200b}"] {
        let spaced: Vec<String> = words.chars().map(String::from).collect();
        add(Form::Spaced, spaced.join(between).into_bytes());
    }
    forms
}
