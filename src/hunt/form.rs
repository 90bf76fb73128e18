//! The forms that a marker can take in plain sight: its encodings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Shorter markers turn up by chance.
const SHORTEST: usize = 4;

/// One form of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
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
    pub fn as_str(self) -> &'static str {
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

/// Every form of a marker and the bytes to look for.
pub(super) fn forms(words: &str) -> Vec<(Form, Vec<u8>)> {
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
    for alignment in 0..3 {
        for encoded in base64_core(words.as_bytes(), alignment) {
            add(Form::Base64, encoded.into_bytes());
        }
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
    let units = |write: &dyn Fn(u16) -> String| words.encode_utf16().map(write).collect::<String>();
    add(
        Form::JsonEscapes,
        units(&|unit| format!("\\u{unit:04x}")).into_bytes(),
    );
    add(
        Form::JsonEscapes,
        units(&|unit| format!("\\u{unit:04X}")).into_bytes(),
    );
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

/// The part of an encoding that does not depend on the neighbours, if the words begin so many
/// bytes into a group of three; in both alphabets.
fn base64_core(bytes: &[u8], alignment: usize) -> Vec<String> {
    let padded = [vec![0; alignment], bytes.to_vec()].concat();
    // Characters that mix in a neighbour before, and an incomplete group behind.
    let from = [0, 2, 3][alignment];
    let to = padded.len() / 3 * 4 + [0, 1, 2][padded.len() % 3];
    let encoded = STANDARD_NO_PAD.encode(&padded);
    let core: String = encoded.chars().take(to).skip(from).collect();
    let url: String = core.replace('+', "-").replace('/', "_");
    if core == url {
        vec![core]
    } else {
        vec![core, url]
    }
}
