//! Packed data inside other data: found by its signature, unpacked to a bounded size.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};

/// How often packed data may be packed again.
pub(super) const DEPTH: usize = 3;

/// How much one piece may unpack to.
const SIZE: u64 = 32 * 1024 * 1024;

/// How many pieces of one kind are tried in one file: a bound on bombs of small pieces.
const PIECES: usize = 64;

/// Every piece of packed data in `bytes`, unpacked.
pub(super) fn layers(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let gzip = starts(bytes, |pair| pair == [0x1f, 0x8b])
        .map(|at| ("gzip", unpacked(GzDecoder::new(&bytes[at..]))));
    let zlib = starts(bytes, |pair| {
        pair[0] == 0x78 && u16::from_be_bytes([pair[0], pair[1]]) % 31 == 0
    })
    .map(|at| ("zlib", unpacked(ZlibDecoder::new(&bytes[at..]))));
    gzip.chain(zlib)
        .filter(|(_, inner)| !inner.is_empty())
        .collect()
}

fn starts(bytes: &[u8], signature: impl Fn([u8; 2]) -> bool) -> impl Iterator<Item = usize> {
    bytes
        .windows(2)
        .enumerate()
        .filter(move |(_, pair)| signature([pair[0], pair[1]]))
        .map(|(at, _)| at)
        .take(PIECES)
}

/// As much as can be unpacked: a damaged end does not hide what came before it.
fn unpacked(reader: impl Read) -> Vec<u8> {
    let mut inner = Vec::new();
    let mut reader = reader.take(SIZE);
    let mut piece = [0; 16 * 1024];
    while let Ok(read @ 1..) = reader.read(&mut piece) {
        inner.extend_from_slice(&piece[..read]);
    }
    inner
}
