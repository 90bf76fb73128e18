//! Ways of packing and encoding, by the libraries' own encoders or by hand, never by the search's.

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use lzma_rust2::{XzOptions, XzWriter};

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

pub(super) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut packer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

pub(super) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut packer = XzWriter::new(Vec::new(), XzOptions::with_preset(6)).unwrap();
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

pub(super) fn zip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    packer.start_file("notes.txt", options).unwrap();
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap().into_inner()
}

/// A tar archive of one file, by the format's own rule: a header of 512 bytes, then the file.
pub(super) fn tar(bytes: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..9].copy_from_slice(b"notes.txt");
    header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
    header[257..262].copy_from_slice(b"ustar");
    header.extend_from_slice(bytes);
    header.resize(header.len().next_multiple_of(512) + 1024, 0);
    header
}

pub(super) fn base64(bytes: &[u8]) -> Vec<u8> {
    STANDARD.encode(bytes).into_bytes()
}

pub(super) fn base32(bytes: &[u8]) -> Vec<u8> {
    let bits = each(bytes, |byte| format!("{byte:08b}"));
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let groups = bits.chunks(5).map(|group| {
        let group = format!("{:0<5}", std::str::from_utf8(group).unwrap());
        letters[usize::from_str_radix(&group, 2).unwrap()]
    });
    groups.collect()
}

/// Each byte written in some way.
pub(super) fn each(bytes: &[u8], write: impl Fn(u8) -> String) -> Vec<u8> {
    bytes
        .iter()
        .map(|byte| write(*byte))
        .collect::<String>()
        .into_bytes()
}

/// Broken into lines of so many bytes.
pub(super) fn lines(bytes: &[u8], width: usize, end: &str) -> Vec<u8> {
    let lines: Vec<&[u8]> = bytes.chunks(width).collect();
    lines.join(end.as_bytes())
}
