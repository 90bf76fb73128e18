//! Media that people send: an item that only says its kind becomes one with a file behind it.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::cdn::{self, Cdn};
use crate::wire::{ItemKind, MediaKey, ciphertext_len};

/// A small green picture.
const PICTURE: &[u8] =
    b"\x89PNG\x0d\x0a\x1a\x0a\0\0\0\x0dIHDR\0\0\0\x08\0\0\0\x08\x08\x02\0\0\0Km)\xdc\0\0\0\
    \x11IDATx\xdac`?\x98\x80\x151\x0c-\x09\0\xd4,J\x01\xb2U\x1d\xe3\0\0\0\0IEND\xaeB`\
    \x82";

/// An item with what a medium needs to be downloaded, if it does not speak of `media` itself. What
/// it does say stays.
pub(super) fn furnished<'i>(
    item: &'i Value,
    cdn: &mut Cdn,
    base: &str,
    rng: &mut fastrand::Rng,
) -> Cow<'i, Value> {
    let kind = item.get("type").and_then(Value::as_i64).map(ItemKind::of);
    let name = match kind {
        Some(ItemKind::Image) => "image_item",
        Some(ItemKind::Voice) => "voice_item",
        Some(ItemKind::File) => "file_item",
        Some(ItemKind::Video) => "video_item",
        _ => return Cow::Borrowed(item),
    };
    let mut medium = match item.get(name) {
        None => Map::new(),
        Some(Value::Object(medium)) if !medium.contains_key("media") => medium.clone(),
        Some(_) => return Cow::Borrowed(item),
    };
    let mut plaintext = match kind {
        Some(ItemKind::Image) => PICTURE.to_vec(),
        Some(ItemKind::Voice) => b"\x02#!SILK_V3".to_vec(),
        Some(ItemKind::Video) => b"\0\0\0\x18ftypisom\0\0\x02\0isommp41".to_vec(),
        _ => b"A file that somebody sent.\n".to_vec(),
    };
    // No two files are the same.
    plaintext.extend(std::iter::repeat_with(|| rng.u8(b'a'..=b'z')).take(64));
    let key = MediaKey(rng.u128(..).to_be_bytes());
    let download = parameter(rng);
    cdn.store(download.clone(), key, &plaintext);

    let (length, size) = (plaintext.len(), ciphertext_len(plaintext.len() as u64));
    let md5 = cdn::digest(&plaintext);
    let aes_key = if kind == Some(ItemKind::Image) {
        key.base64()
    } else {
        key.base64_of_hex()
    };
    medium.insert("media".into(), media(base, &download, &aes_key));
    let rest = match kind {
        Some(ItemKind::Image) => json!({"aeskey": key.hex(), "mid_size": size, "hd_size": size}),
        Some(ItemKind::Voice) => json!({
            "encode_type": 4, "bits_per_sample": 16, "sample_rate": 16000, "playtime": 2000,
        }),
        Some(ItemKind::Video) => {
            json!({"video_size": size, "play_length": 5, "video_md5": md5})
        }
        _ => json!({"file_name": "notes.txt", "md5": md5, "len": length.to_string()}),
    };
    let mut fill = |rest: Value| {
        for (field, value) in rest.as_object().into_iter().flatten() {
            medium.entry(field).or_insert_with(|| value.clone());
        }
    };
    fill(rest);
    if matches!(kind, Some(ItemKind::Image | ItemKind::Video)) {
        let place = parameter(rng);
        cdn.store(place.clone(), key, PICTURE);
        fill(json!({
            "thumb_media": media(base, &place, &aes_key),
            "thumb_size": ciphertext_len(PICTURE.len() as u64),
            "thumb_width": 8, "thumb_height": 8,
        }));
    }
    let mut furnished = item.clone();
    furnished[name] = medium.into();
    Cow::Owned(furnished)
}

/// Where a file lies, in both ways.
fn media(base: &str, place: &str, aes_key: &str) -> Value {
    let full_url = format!("{base}/download?encrypted_query_param={}", escaped(place));
    json!({
        "encrypt_query_param": place, "aes_key": aes_key,
        "encrypt_type": 1, "full_url": full_url,
    })
}

/// An upload or download parameter: nothing can be read from it. No `+`, which some clients would
/// turn into a space; `/` and `=`, which all must be able to escape.
pub(super) fn parameter(rng: &mut fastrand::Rng) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_/";
    let letters = std::iter::repeat_with(|| LETTERS[rng.usize(..LETTERS.len())]);
    letters
        .take(126)
        .map(char::from)
        .chain("==".chars())
        .collect()
}

/// For a query value.
pub(super) fn escaped(value: &str) -> String {
    value
        .replace('%', "%25")
        .replace('/', "%2F")
        .replace('=', "%3D")
        .replace('+', "%2B")
}
