//! The forms of a marker of letters and digits, as they look in a view that keeps nothing else.
//!
//! Leaving the rest out makes few patterns stand for many forms: the digits of `%6b%77`, `=6B=77`,
//! `6b 77` and `6b77` are the same, as are those of `&#107;&#119;` and `[107, 119]`; UTF-16 and
//! spaced letters are plain; what was broken into lines is whole.

use std::collections::BTreeSet;

use super::radix::{base32_cores, base64_cores};
use super::view::View;

/// How the characters of a marker are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weave {
    Plain,
    Reversed,
    Base64,
    Base32,
    Hex,
    Decimal,
    Octal,
    Escapes,
}

impl Weave {
    const ALL: [Self; 8] = [
        Self::Plain,
        Self::Reversed,
        Self::Base64,
        Self::Base32,
        Self::Hex,
        Self::Decimal,
        Self::Octal,
        Self::Escapes,
    ];

    /// What a view shows of `words` in this form; more than one where there are variants.
    pub(super) fn forms(self, words: &str, view: View) -> Vec<Vec<u8>> {
        let bytes = words.as_bytes();
        let plain = view.of(bytes);
        let each = |write: &dyn Fn(u8) -> String| -> String {
            bytes.iter().map(|byte| write(*byte)).collect()
        };
        let texts = match (self, view) {
            (Self::Plain, _) => return vec![plain],
            (Self::Reversed, _) => return vec![plain.into_iter().rev().collect()],
            // Without digits nothing else shows.
            (_, View::Letters) => Vec::new(),
            (Self::Base64, _) => base64_cores(bytes),
            (Self::Base32, _) => {
                let cores = base32_cores(bytes);
                let small: Vec<_> = cores.iter().map(|core| core.to_ascii_lowercase()).collect();
                [cores, small].concat()
            }
            (Self::Hex, _) => vec![
                each(&|byte| format!("{byte:02x}")),
                each(&|byte| format!("{byte:02X}")),
            ],
            (Self::Decimal, _) => vec![each(&|byte| byte.to_string())],
            (Self::Octal, _) => vec![each(&|byte| format!("{byte:o}"))],
            (Self::Escapes, _) => vec![
                each(&|byte| format!("x{byte:x}")),
                each(&|byte| format!("x{byte:X}")),
                each(&|byte| format!("0x{byte:x}")),
                each(&|byte| format!("0x{byte:X}")),
                each(&|byte| format!("u{byte:x}")),
                each(&|byte| format!("u{byte:04x}")),
                each(&|byte| format!("u{byte:04X}")),
                each(&|byte| format!("U{byte:08x}")),
                each(&|byte| format!("U{byte:04X}")),
            ],
        };
        texts.iter().map(|text| view.of(text.as_bytes())).collect()
    }

    /// What it is called, given the bytes that the view left out of it.
    pub(super) fn name(self, between: &[u8]) -> Option<&'static str> {
        let has = |byte: u8| between.contains(&byte);
        Some(match self {
            Self::Plain if between.is_empty() => return None,
            Self::Plain if between.iter().all(|byte| *byte == 0) => "utf-16",
            Self::Plain => "separated",
            Self::Reversed => "reversed",
            Self::Base64 => "base64",
            Self::Base32 => "base32",
            Self::Hex if has(b'%') => "percent",
            Self::Hex if has(b'=') => "quoted-printable",
            Self::Hex => "hex",
            Self::Escapes | Self::Decimal if has(b'&') => "html references",
            Self::Escapes => "escapes",
            Self::Decimal => "decimal",
            Self::Octal => "octal",
        })
    }
}

/// Every form of `words`, each with the bytes that a view shows of it.
pub(super) fn weaves(words: &str, view: View) -> Vec<(Weave, Vec<u8>)> {
    let mut known = BTreeSet::new();
    let mut weaves = Vec::new();
    for weave in Weave::ALL {
        for bytes in weave.forms(words, view) {
            if known.insert(bytes.clone()) {
                weaves.push((weave, bytes));
            }
        }
    }
    weaves
}
