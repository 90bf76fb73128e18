//! The parts of base64 and base32 that depend on the words alone and not on their neighbours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use data_encoding::BASE32_NOPAD;

/// Of each alignment of the words within a group of three bytes, the characters that nothing else
/// is mixed into.
pub(super) fn base64_cores(bytes: &[u8]) -> Vec<String> {
    cores(bytes, 3, 6, |padded| STANDARD_NO_PAD.encode(padded))
}

/// The same within groups of five bytes.
pub(super) fn base32_cores(bytes: &[u8]) -> Vec<String> {
    cores(bytes, 5, 5, |padded| BASE32_NOPAD.encode(padded))
}

fn cores(bytes: &[u8], group: usize, bits: usize, encode: fn(&[u8]) -> String) -> Vec<String> {
    (0..group)
        .map(|alignment| {
            let padded = [vec![0; alignment], bytes.to_vec()].concat();
            let from = (alignment * 8).div_ceil(bits);
            let to = padded.len() * 8 / bits;
            encode(&padded).chars().take(to).skip(from).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_of_an_encoding_stands_in_it_whatever_the_neighbours() {
        for before in ["", "a", "ab", "abc", "abcd"] {
            let text = format!("{before}kwmzohte, and more");
            let encoded = STANDARD_NO_PAD.encode(&text);
            let cores = base64_cores(b"kwmzohte");
            assert!(cores.iter().any(|core| encoded.contains(core)), "{before}");
            let encoded = BASE32_NOPAD.encode(text.as_bytes());
            let cores = base32_cores(b"kwmzohte");
            assert!(cores.iter().any(|core| encoded.contains(core)), "{before}");
        }
    }
}
