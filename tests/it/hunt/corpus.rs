//! The corpus: what leaking adapters leave behind, and what innocent ones do.

use std::fs;
use std::path::Path;

use aios_wechat::hunt::{Hunt, Marker, Trail};
use md5::Md5;
use sha2::{Digest as _, Sha256, Sha512};

use super::pack::{base32, base64, bzip2, deflate, each, gzip, lines, tar, xz, zip, zlib, zstd};

const TAG: &str = "kwmzohte";
const BODY: &str = "kwmzohtebradul";
const OTHER: &str = "kwmzohtequivex";
const TOKEN: &str = "b7k2m9x4qz81hf0w5t";
/// An operator's own words, in a script that has no letters of ASCII.
const FOREIGN: &str = "明天下午三点在老地方见";
/// And some in which scripts and signs are mixed.
const MIXED: &str = "plans & costs: 明天 3pm 🙂 ok";

/// A message as an adapter would keep it.
fn message() -> Vec<u8> {
    format!("river lantern {BODY} 可以吗 coffee 🙂, see you").into_bytes()
}

type Files = Vec<(String, Vec<u8>)>;

fn one(bytes: Vec<u8>) -> Files {
    vec![("kept.bin".to_owned(), bytes)]
}

fn text(text: impl Into<String>) -> Files {
    one(text.into().into_bytes())
}

fn utf16(bytes: &[u8], unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::str::from_utf8(bytes)
        .unwrap()
        .encode_utf16()
        .flat_map(unit)
        .collect()
}

fn reversed(bytes: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.chars().rev().collect::<String>().into_bytes()
}

fn separated(between: &str) -> Files {
    let letters: Vec<String> = BODY.chars().map(String::from).collect();
    text(format!("x {} x", letters.join(between)))
}

/// What a leak is called, and the files it leaves.
#[expect(clippy::too_many_lines, reason = "a table")]
fn leaks() -> Vec<(&'static str, Files)> {
    let m = message();
    let noise: Vec<u8> = (0..4000_u32)
        .flat_map(|n| Sha256::digest(n.to_le_bytes()))
        .collect();
    let long = [noise.as_slice(), &m, &noise].concat();
    let url = |bytes: &[u8]| {
        let text = String::from_utf8(base64(bytes)).unwrap();
        text.replace('+', "-")
            .replace('/', "_")
            .trim_end_matches('=')
            .to_owned()
    };
    let shifted = |by: usize| base64(&[&b"abc"[..by], &m].concat());
    let units = |write: fn(u16) -> String| {
        let words = String::from_utf8(m.clone()).unwrap();
        text(words.encode_utf16().map(write).collect::<String>())
    };
    let parts = |count: usize, name: fn(usize) -> String| -> Files {
        let size = m.len().div_ceil(count);
        let parts = m.chunks(size).enumerate();
        parts.map(|(at, part)| (name(at), part.to_vec())).collect()
    };
    let rows = |row: fn((usize, char)) -> String| {
        text(BODY.chars().enumerate().map(row).collect::<String>())
    };
    vec![
        ("as it is", one(m.clone())),
        (
            "in a log among other lines",
            text(format!("12:00 got \"{BODY}\" from a\n12:01 idle\n")),
        ),
        ("cut short behind the tag", text(format!("body: {TAG}…"))),
        (
            "another body of the same tag",
            text(format!("last: {OTHER}\n")),
        ),
        (
            "in the name of a file",
            vec![(format!("{BODY}.txt"), b"nothing".to_vec())],
        ),
        ("deep down", vec![(format!("a/b/c/d/{}", "e"), m.clone())]),
        (
            "in UTF-16, little end first",
            one(utf16(&m, u16::to_le_bytes)),
        ),
        ("in UTF-16, big end first", one(utf16(&m, u16::to_be_bytes))),
        ("in base64", one(base64(&m))),
        ("in base64, one byte on", one(shifted(1))),
        ("in base64, two bytes on", one(shifted(2))),
        ("in base64url", text(url(&m))),
        (
            "in base64, in lines of 76",
            one(lines(&base64(&[m.clone(), m.clone()].concat()), 76, "\r\n")),
        ),
        (
            "in base64 of UTF-16",
            one(base64(&utf16(&m, u16::to_le_bytes))),
        ),
        ("in base64, twice", one(base64(&base64(&m)))),
        ("in base32", one(base32(&m))),
        (
            "in base32, small letters, two bytes on",
            one(base32(&[b"ab", m.as_slice()].concat()).to_ascii_lowercase()),
        ),
        ("in hex", one(each(&m, |byte| format!("{byte:02x}")))),
        (
            "in hex, capitals",
            one(each(&m, |byte| format!("{byte:02X}"))),
        ),
        (
            "in hex with spaces",
            one(each(&m, |byte| format!("{byte:02x} "))),
        ),
        (
            "in hex with colons",
            one(each(&m, |byte| format!("{byte:02X}:"))),
        ),
        (
            "percent-encoded, every byte",
            one(each(&m, |byte| format!("%{byte:02X}"))),
        ),
        (
            "quoted-printable, every byte",
            one(each(&m, |byte| format!("={byte:02X}"))),
        ),
        (
            "quoted-printable, in short lines",
            one(lines(&m, 9, "=\r\n")),
        ),
        ("in JSON escapes", units(|unit| format!("\\u{unit:04x}"))),
        (
            "in JSON escapes, in a string of JSON in JSON",
            units(|unit| format!("\\\\u{unit:04X}")),
        ),
        (
            "in HTML references",
            one(each(BODY.as_bytes(), |byte| format!("&#{byte};"))),
        ),
        (
            "in HTML references, hex",
            one(each(BODY.as_bytes(), |byte| format!("&#x{byte:X};"))),
        ),
        (
            "in C escapes",
            one(each(&m, |byte| format!("\\x{byte:02x}"))),
        ),
        (
            "in octal escapes",
            one(each(&m, |byte| format!("\\{byte:03o}"))),
        ),
        (
            "as code points",
            one(each(BODY.as_bytes(), |byte| format!("U+{byte:04X} "))),
        ),
        (
            "as an array of numbers",
            one(each(&m, |byte| format!("{byte}, "))),
        ),
        (
            "as an array of hex numbers",
            one(each(&m, |byte| format!("0x{byte:02x}, "))),
        ),
        ("back to front", one(reversed(&m))),
        ("letters apart", separated(" ")),
        ("letters on lines", separated("\n")),
        ("letters with dots", separated(".")),
        ("letters with what nobody sees", separated("\u{200b}")),
        ("letters in a JSON array", separated("\", \"")),
        (
            "letters on numbered rows",
            rows(|(at, letter)| format!("{at},{letter}\n")),
        ),
        (
            "letters as objects of a database",
            rows(|(at, letter)| format!("{{\"{at}\":\"{letter}\"}}\n")),
        ),
        (
            "wrapped in the middle of the word",
            one(lines(&m, 19, "\n> ")),
        ),
        ("in three files", parts(12, |at| format!("part.{at}"))),
        (
            "a letter in each file",
            parts(m.len(), |at| format!("chunk-{at}.bin")),
        ),
        ("in gzip", one(gzip(&m))),
        (
            "in gzip with a damaged end",
            one(gzip(&long)[..140_000].to_vec()),
        ),
        ("in zlib", one(zlib(&m))),
        // Of something so short it would store one alone as it is.
        ("in raw deflate", one(deflate(&m.repeat(3)))),
        ("in zstd", one(zstd(&m))),
        ("in bzip2", one(bzip2(&m))),
        ("in xz", one(xz(&m))),
        ("in zip", one(zip(&m))),
        ("in tar", one(tar(&m))),
        ("in tar in gzip", one(gzip(&tar(&m)))),
        ("in tar in xz", one(xz(&tar(&m)))),
        ("in gzip in base64", one(base64(&gzip(&m)))),
        (
            "in gzip in base64 in JSON",
            text(format!("{{\"p\":\"{}\"}}", url(&gzip(&m)))),
        ),
        (
            "in raw deflate in base64",
            one(base64(&deflate(&m.repeat(3)))),
        ),
        (
            "in gzip in hex",
            one(each(&gzip(&m), |byte| format!("{byte:02x}"))),
        ),
        (
            "in hex in gzip",
            one(gzip(&each(&m, |byte| format!("{byte:02x}")))),
        ),
        (
            "back to front in bzip2 in zip",
            one(zip(&bzip2(&reversed(&m)))),
        ),
        ("in zstd in zlib in gzip", one(gzip(&zlib(&zstd(&m))))),
        (
            "in gzip amid other bytes",
            one([&noise, gzip(&m).as_slice(), &noise].concat()),
        ),
        ("far into a large file", one(long)),
        (
            "the credential",
            text(format!("Authorization: Bearer {TOKEN}\n")),
        ),
        (
            "the credential in base64",
            one(base64(format!("{{\"token\":\"{TOKEN}\"}}").as_bytes())),
        ),
        (
            "the credential back to front",
            one(reversed(TOKEN.as_bytes())),
        ),
        ("another script as it is", text(format!("备注:{FOREIGN}。"))),
        (
            "another script in base64",
            one(base64(format!("a {FOREIGN}").as_bytes())),
        ),
        (
            "another script in UTF-16",
            one(utf16(FOREIGN.as_bytes(), u16::to_le_bytes)),
        ),
        ("another script in gzip", one(gzip(FOREIGN.as_bytes()))),
        (
            "another script in quoted-printable, in short lines",
            one(lines(
                &each(FOREIGN.as_bytes(), |byte| format!("={byte:02X}")),
                21,
                "=\r\n",
            )),
        ),
        (
            "another script, percent-encoded",
            one(each(FOREIGN.as_bytes(), |byte| format!("%{byte:02X}"))),
        ),
        (
            "a mixture in a link",
            text("/?q=plans%20%26%20costs%3A%20%E6%98%8E%E5%A4%A9%203pm%20%F0%9F%99%82%20ok"),
        ),
        (
            "a mixture in a form",
            text("q=plans+%26+costs%3A+%E6%98%8E%E5%A4%A9+3pm+%F0%9F%99%82+ok"),
        ),
        (
            "a mixture in JSON of ASCII",
            text(r#"{"q":"plans & costs: \u660e\u5929 3pm \ud83d\ude42 ok"}"#),
        ),
        (
            "a mixture in HTML",
            text("<p>plans &amp; costs: &#26126;&#x5929; 3pm &#128578; ok</p>"),
        ),
        (
            "a mixture in quoted-printable",
            text("plans & costs: =E6=98=8E=E5=A4=\r\n=A9 3pm =F0=9F=99=82 ok"),
        ),
        (
            "in base32, in lines of 64",
            one(lines(&base32(&m), 64, "\n")),
        ),
        ("in gzip in base32", one(base32(&gzip(&m)))),
        (
            "the beginning of a text, cut",
            text(format!("{{\"preview\":\"{}…\"}}", &BODY[..9])),
        ),
    ]
}

/// What is innocent, and the files that hold it.
fn innocents() -> Vec<(&'static str, Files)> {
    let m = message();
    let hex = |bytes: &[u8]| each(bytes, |byte| format!("{byte:02x}"));
    let mut rng = fastrand::Rng::with_seed(7);
    let mut random = |length: usize| -> Vec<u8> { (0..length).map(|_| rng.u8(..)).collect() };
    let (noise, more) = (random(1 << 20), random(300_000));
    let letters: Vec<u8> = noise.iter().map(|byte| b'a' + byte % 26).collect();
    let kit = |path: &str| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    vec![
        ("nothing", one(Vec::new())),
        ("a digest of the body", one(Sha256::digest(&m).to_vec())),
        ("a digest in hex", one(hex(&Sha256::digest(&m)))),
        ("a digest in base64", one(base64(&Sha512::digest(&m)))),
        ("an MD5 of the marker", one(hex(&Md5::digest(BODY)))),
        ("the length of the body", text(m.len().to_string())),
        ("random bytes", one(noise.clone())),
        ("random bytes in gzip", one(gzip(&noise))),
        ("random bytes in base64", one(base64(&noise))),
        ("random bytes in hex", one(hex(&more))),
        ("random letters", one(letters.clone())),
        ("random letters on lines", one(lines(&letters, 3, "\n"))),
        (
            "the ordinary words around it",
            text("river lantern 可以吗 coffee 🙂, see you"),
        ),
        (
            "most of the tag",
            text(format!("{} {}", &TAG[..7], &TAG[1..])),
        ),
        ("the tag in capitals", text(TAG.to_uppercase())),
        (
            "the letters of the tag in another order",
            text("ethozmwk"[1..].to_owned() + "k"),
        ),
        ("half of the credential", text(&TOKEN[..12])),
        (
            "the credential with another end",
            text(format!("{}zz", &TOKEN[..16])),
        ),
        (
            "most of the other script",
            text(&FOREIGN[..FOREIGN.len() - 3]),
        ),
        (
            "metadata of the message",
            text(r#"{"message_id":"7480001518","dedup_key":"wx-113bfbd3072d7a15"}"#),
        ),
        ("the kit's own sources", one(kit("src/hunt/mod.rs"))),
        (
            "the kit's own features",
            one(kit("features/storage.feature")),
        ),
        ("the kit's own lock file", one(kit("Cargo.lock"))),
        ("the kit's lock file, packed", one(xz(&kit("Cargo.lock")))),
        ("a schema", one(kit("spec/schema/report.schema.json"))),
        ("zeros", one(vec![0; 1 << 20])),
        ("a bomb that holds zeros", one(gzip(&vec![0; 8 << 20]))),
    ]
}

fn hunt() -> Hunt {
    let marker = |what: &str, words: &str| Marker {
        what: what.to_owned(),
        words: words.to_owned(),
    };
    let markers = vec![
        marker("a body", BODY),
        marker("a file name", OTHER),
        marker("a part of a body", TAG),
        marker("the bot token", TOKEN),
        marker("an operator's words", FOREIGN),
        marker("an operator's mixture", MIXED),
    ];
    Hunt::new(markers).unwrap()
}

fn searched(hunt: &Hunt, files: &Files) -> Trail {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    hunt.folder(folder.path()).unwrap()
}

#[test]
fn every_leak_of_the_corpus_is_found() {
    let hunt = hunt();
    let leaks = leaks();
    assert!(leaks.len() >= 40);
    let missed: Vec<_> = leaks
        .iter()
        .filter(|(_, files)| searched(&hunt, files).finds.is_empty())
        .map(|(name, _)| name)
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn nothing_is_found_in_what_is_innocent() {
    let hunt = hunt();
    let innocents = innocents();
    assert!(innocents.len() >= 20);
    for (name, files) in innocents {
        let trail = searched(&hunt, &files);
        assert!(trail.finds.is_empty(), "{name}: {:?}", trail.finds);
        assert!(trail.gaps.is_empty(), "{name}: {:?}", trail.gaps);
    }
}

#[test]
fn a_find_tells_the_marker_and_how_it_was_wrapped() {
    let hunt = hunt();
    for (name, what, chain) in [
        ("as it is", "a body", vec![]),
        ("cut short behind the tag", "a part of a body", vec![]),
        ("another body of the same tag", "a file name", vec![]),
        ("in base32", "a body", vec!["base32"]),
        (
            "in base32, small letters, two bytes on",
            "a body",
            vec!["base32"],
        ),
        ("in base64, one byte on", "a body", vec!["base64"]),
        ("in base64, two bytes on", "a body", vec!["base64"]),
        ("in base64url", "a body", vec!["base64"]),
        ("in hex, capitals", "a body", vec!["hex"]),
        (
            "quoted-printable, every byte",
            "a body",
            vec!["quoted-printable"],
        ),
        ("in JSON escapes", "a body", vec!["escapes"]),
        ("in octal escapes", "a body", vec!["octal"]),
        ("as an array of numbers", "a body", vec!["decimal"]),
        ("in HTML references", "a body", vec!["html references"]),
        ("back to front", "a body", vec!["reversed"]),
        ("letters on numbered rows", "a body", vec!["separated"]),
        ("a letter in each file", "a body", vec!["split over files"]),
        ("in zlib", "a body", vec!["zlib"]),
        ("in raw deflate", "a body", vec!["deflate"]),
        ("in bzip2", "a body", vec!["bzip2"]),
        ("in zip", "a body", vec!["zip"]),
        ("in tar in xz", "a body", vec!["xz"]),
        ("in gzip in base32", "a body", vec!["base32", "gzip"]),
        (
            "a mixture in a link",
            "an operator's mixture",
            vec!["percent"],
        ),
        (
            "a mixture in HTML",
            "an operator's mixture",
            vec!["html references"],
        ),
        (
            "a mixture in quoted-printable",
            "an operator's mixture",
            vec!["quoted-printable"],
        ),
        (
            "a mixture in JSON of ASCII",
            "an operator's mixture",
            vec!["json escapes"],
        ),
        ("in UTF-16, big end first", "a body", vec!["utf-16"]),
        ("percent-encoded, every byte", "a body", vec!["percent"]),
        ("in HTML references, hex", "a body", vec!["html references"]),
        ("in hex in gzip", "a body", vec!["gzip", "hex"]),
        (
            "in zstd in zlib in gzip",
            "a body",
            vec!["gzip", "zlib", "zstd"],
        ),
        (
            "the credential back to front",
            "the bot token",
            vec!["reversed"],
        ),
        (
            "another script in gzip",
            "an operator's words",
            vec!["gzip"],
        ),
    ] {
        let (_, files) = leaks().into_iter().find(|(leak, _)| *leak == name).unwrap();
        let finds = searched(&hunt, &files).finds;
        let told = finds
            .iter()
            .any(|find| find.what == what && find.chain == chain);
        assert!(told, "{name}: {finds:?}");
    }
}
