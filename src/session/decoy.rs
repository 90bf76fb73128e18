//! The decoy: a leak of the kit's own, in a form that the seed draws, which every search has to find.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

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

/// Writes words to a file, hidden in one of the ways.
pub(super) fn plant(words: &str, way: u64, file: &Path) -> io::Result<()> {
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
