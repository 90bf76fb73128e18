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

/// A form as a view shows it.
pub(super) struct Woven {
    pub(super) weave: Weave,
    pub(super) bytes: Vec<u8>,
    /// The parts by which it is found; they are never broken.
    pub(super) keys: Vec<Key>,
}

/// A part of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) at: usize,
    pub(super) length: usize,
}

/// Writes one character, given by its code.
type Writer = fn(u8) -> String;

/// How much of a run is a key: at both of its ends, as a line end may break one of them.
const RUN_KEY: usize = 4;

/// Letters and digits, those that texts hold most often first.
const BY_COMMONNESS: &[u8; 62] = b"eatoinsrlhdcumpg01f2yb3456789wvkTASICEMPRDNBLFOHGWUVxKYjJXqQzZ";

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
            _ => self
                .writers()
                .iter()
                .map(|write| bytes.iter().map(|byte| write(*byte)).collect())
                .collect(),
        };
        texts.iter().map(|text| view.of(text.as_bytes())).collect()
    }

    /// The variants of a form that writes one character after another.
    fn writers(self) -> &'static [Writer] {
        match self {
            Self::Hex => &[|byte| format!("{byte:02x}"), |byte| format!("{byte:02X}")],
            Self::Decimal => &[|byte| byte.to_string()],
            Self::Octal => &[|byte| format!("{byte:o}")],
            Self::Escapes => &[
                |byte| format!("x{byte:x}"),
                |byte| format!("x{byte:X}"),
                |byte| format!("0x{byte:x}"),
                |byte| format!("0x{byte:X}"),
                |byte| format!("u{byte:x}"),
                |byte| format!("u{byte:04x}"),
                |byte| format!("u{byte:04X}"),
                |byte| format!("U{byte:08x}"),
                |byte| format!("U{byte:04X}"),
            ],
            Self::Plain | Self::Reversed | Self::Base64 | Self::Base32 => &[],
        }
    }

    /// Whether it makes a long run of letters and digits.
    pub(super) fn is_a_run(self) -> bool {
        matches!(self, Self::Base64 | Self::Base32)
    }

    /// The forms of an anchor with their keys.
    fn woven(self, anchor: &str, view: View) -> Vec<Woven> {
        let forms = self.forms(anchor, view).into_iter();
        if self.writers().is_empty() {
            let woven = forms.map(|bytes| {
                let keys = if self.is_a_run() {
                    [0, bytes.len() - RUN_KEY]
                        .map(|at| Key {
                            at,
                            length: RUN_KEY,
                        })
                        .to_vec()
                } else {
                    // Something has to follow it.
                    let last = bytes.len() - 1;
                    let rarest = (0..last).max_by_key(|at| rarity(bytes[*at]));
                    rarest.map(|at| Key { at, length: 1 }).into_iter().collect()
                };
                Woven {
                    weave: self,
                    bytes,
                    keys,
                }
            });
            return woven.collect();
        }
        let woven = forms.zip(self.writers()).map(|(bytes, write)| {
            let mut keys = Vec::new();
            let mut end = 0;
            for byte in anchor.bytes() {
                let text = write(byte);
                end += text.len();
                // What an escape begins with says nothing of the character.
                let length = if self == Self::Escapes { 2 } else { text.len() };
                let has_letters = text.ends_with(|c: char| !c.is_ascii_digit());
                keys.push((
                    has_letters,
                    rarity(byte),
                    Key {
                        at: end - length,
                        length,
                    },
                ));
            }
            let rarest = keys
                .into_iter()
                .max_by_key(|(letters, rarity, _)| (*letters, *rarity));
            Woven {
                weave: self,
                bytes,
                keys: rarest.map(|(_, _, key)| key).into_iter().collect(),
            }
        });
        woven.collect()
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

fn rarity(byte: u8) -> Option<usize> {
    BY_COMMONNESS.iter().position(|common| *common == byte)
}

/// Every form of an anchor that a view shows.
pub(super) fn weaves(anchor: &str, view: View) -> Vec<Woven> {
    let mut known = BTreeSet::new();
    let woven = Weave::ALL
        .into_iter()
        .flat_map(|weave| weave.woven(anchor, view));
    woven
        .filter(|woven| known.insert(woven.bytes.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found_by_a_part_of_it_that_stands_together() {
        for Woven { weave, bytes, keys } in weaves("kwmzohte", View::Alphanumeric) {
            assert!(!keys.is_empty(), "{weave:?}");
            for Key { at, length } in keys {
                let key = std::str::from_utf8(&bytes[at..at + length]).unwrap();
                match weave {
                    Weave::Plain | Weave::Reversed => assert_eq!(key, "z"),
                    Weave::Base64 | Weave::Base32 => assert_eq!(length, RUN_KEY),
                    Weave::Hex | Weave::Escapes => assert!(["7a", "7A"].contains(&key), "{key}"),
                    Weave::Decimal => assert_eq!(key, "122"),
                    Weave::Octal => assert_eq!(key, "172"),
                }
            }
        }
    }
}
