//! The decoy: a leak of the kit's own, in a form that the seed draws, which every search has to find.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::{Driven, Stop};
use crate::hunt::Hunt;

/// A way of hiding words in a file.
type Disguise = fn(&str) -> io::Result<Vec<u8>>;

const DISGUISES: [Disguise; 10] = [
    |words| Ok(words.into()),
    |words| Ok(words.chars().rev().collect::<String>().into()),
    |words| {
        Ok(words
            .chars()
            .flat_map(|c| [c, '\n'])
            .collect::<String>()
            .into())
    },
    |words| Ok(words.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    |words| Ok(STANDARD.encode(words).into()),
    |words| Ok(each(words, |byte, text| write!(text, "{byte:02x} "))),
    |words| Ok(each(words, |byte, text| write!(text, "\\u{byte:04X}"))),
    gzip,
    zlib,
    |words| Ok(STANDARD.encode(gzip(words)?).into()),
];

/// How many ways of hiding there are.
pub(super) const COUNT: u64 = DISGUISES.len() as u64;

/// Lets a search find words that are hidden in one of the ways.
///
/// # Errors
/// A fault of the kit: it does not find them.
pub(super) fn proves(hunt: &Hunt, words: &str, way: u64) -> Driven {
    let folder = tempfile::tempdir().map_err(Stop::kit)?;
    plant(words, way, &folder.path().join("decoy")).map_err(Stop::kit)?;
    let trail = hunt.folder(folder.path()).map_err(Stop::kit)?;
    if trail.finds.iter().any(|find| find.words == words) {
        return Ok(());
    }
    Err(Stop::Kit(format!(
        "the search did not find a leak of the kit's own, hidden in way {way}"
    )))
}

/// Writes words to a file, hidden in one of the ways.
fn plant(words: &str, way: u64, file: &Path) -> io::Result<()> {
    let way = usize::try_from(way % COUNT).unwrap_or_default();
    fs::write(file, DISGUISES[way](&format!("see you {words} later"))?)
}

fn each(words: &str, write: fn(u8, &mut Vec<u8>) -> io::Result<()>) -> Vec<u8> {
    let mut text = Vec::new();
    for byte in words.bytes() {
        // Writing to memory cannot fail.
        let _ = write(byte, &mut text);
    }
    text
}

fn gzip(words: &str) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(words.as_bytes())?;
    packer.finish()
}

fn zlib(words: &str) -> io::Result<Vec<u8>> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    packer.write_all(words.as_bytes())?;
    packer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::{Limits, Marker};

    const WORDS: &str = "kwmzohtebradul";

    fn hunt(words: &str) -> Hunt {
        let marker = Marker {
            what: "the kit's own decoy".to_owned(),
            words: words.to_owned(),
        };
        Hunt::new(vec![marker]).unwrap()
    }

    #[test]
    fn a_decoy_is_found_in_every_way_of_hiding_it() {
        for way in 0..COUNT {
            assert_eq!(proves(&hunt(WORDS), WORDS, way), Ok(()), "way {way}");
        }
    }

    #[test]
    fn a_search_that_misses_its_decoy_is_a_fault_of_the_kit() {
        let sealed = Limits {
            piece: 0,
            ..Limits::default()
        };
        let cannot_unpack = |way| proves(&hunt(WORDS).within(sealed), WORDS, way);
        for way in 0..COUNT {
            let blind = proves(&hunt("another word"), WORDS, way);
            assert!(matches!(blind, Err(Stop::Kit(_))), "way {way}");
        }
        assert!((0..COUNT).any(|way| matches!(cannot_unpack(way), Err(Stop::Kit(_)))));
    }
}
