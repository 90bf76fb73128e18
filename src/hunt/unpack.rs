//! Packed data inside other data: found by its signature, unpacked to a bounded size.

use std::io::Read;

use bzip2::read::BzDecoder;
use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;

/// Ways of packing, with the bytes that they begin with; raw deflate has none.
pub(super) const SIGNATURES: [(&str, &[u8]); 9] = [
    ("gzip", b"\x1f\x8b\x08"),
    ("zlib", b"\x78\x01"),
    ("zlib", b"\x78\x5e"),
    ("zlib", b"\x78\x9c"),
    ("zlib", b"\x78\xda"),
    ("zstd", b"\x28\xb5\x2f\xfd"),
    ("bzip2", b"BZh"),
    ("xz", b"\xfd7zXZ\0"),
    ("zip", b"PK\x03\x04"),
];

/// Whether bytes may begin with a compressed block of raw deflate, of one of two kinds; what the third
/// one stores lies in plain sight.
pub(super) fn may_be_deflate(bytes: &[u8]) -> bool {
    bytes
        .first()
        .is_some_and(|first| matches!(first >> 1 & 3, 1 | 2))
}

/// What a piece of packed data holds, as far as it can be unpacked: a damaged end does not hide
/// what came before it.
pub(super) struct Unpacked {
    pub(super) bytes: Vec<u8>,
    /// There was more than `limit`.
    pub(super) cut: bool,
}

/// Unpacks at most `limit` bytes from a source that begins with the signature.
pub(super) fn unpack<'a>(how: &str, source: impl Read + 'a, limit: usize) -> Unpacked {
    match how {
        "gzip" => read(GzDecoder::new(source), limit),
        "zlib" => read(ZlibDecoder::new(source), limit),
        "deflate" => read(DeflateDecoder::new(source), limit),
        "bzip2" => read(BzDecoder::new(source), limit),
        "xz" => read(XzReader::new(source, false), limit),
        "zstd" => match StreamingDecoder::new(source) {
            Ok(decoder) => read(decoder, limit),
            Err(_) => nothing(),
        },
        "zip" => {
            let mut source = source;
            match zip::read::read_zipfile_from_stream(&mut source) {
                // An entry that is stored lies in plain sight.
                Ok(Some(entry)) => read(entry, limit),
                _ => nothing(),
            }
        }
        _ => nothing(),
    }
}

fn nothing() -> Unpacked {
    Unpacked {
        bytes: Vec::new(),
        cut: false,
    }
}

fn read(mut reader: impl Read, limit: usize) -> Unpacked {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    while let Ok(read @ 1..) = reader.read(&mut piece) {
        let room = limit - bytes.len();
        bytes.extend_from_slice(&piece[..read.min(room)]);
        if read > room {
            return Unpacked { bytes, cut: true };
        }
    }
    Unpacked { bytes, cut: false }
}
