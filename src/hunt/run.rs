//! Long runs of letters and digits that may stand for other bytes: base64, base32 and hex, broken
//! into lines or not.

use std::ops::{BitAnd, Range, Shr};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use data_encoding::{BASE32_NOPAD, HEXLOWER_PERMISSIVE};

/// Where a run stands, as far as nothing breaks it.
pub(super) type Line = Range<usize>;

/// The shortest line that a longer text is broken into.
pub(super) const SHORTEST_LINE: usize = 16;

/// Shorter texts are left alone: what they could hold is found by its own forms.
const SHORTEST: usize = 24;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// How many bytes are looked at together.
const BLOCK: usize = 64;

/// Whether a byte is of a run, or a comma or full stop: what lies between `+` and `9` is told by one
/// comparison.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "without a branch many bytes are looked at together"
)]
const fn may_be_of_a_run(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    letter | (byte.wrapping_sub(b'+') <= b'9' - b'+') | (byte == b'_')
}

const fn is_of_a_run(byte: u8) -> bool {
    may_be_of_a_run(byte) && byte != b',' && byte != b'.'
}

/// Which bytes of a block may be of a run: one bit each.
fn mask(block: &[u8; BLOCK]) -> u64 {
    let flags = block.map(|byte| u8::from(may_be_of_a_run(byte)));
    let mut mask = 0;
    for (at, flags) in flags.as_chunks::<8>().0.iter().enumerate() {
        // Brings the lowest bits of eight bytes together in the highest byte.
        let bits = u64::from_le_bytes(*flags).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= bits << (8 * at);
    }
    mask
}

/// Where in a mask so many bits stand together that they are a run.
fn starts<M: Copy + BitAnd<Output = M> + Shr<u32, Output = M>>(mask: M) -> M {
    [1, 2, 4, 8]
        .into_iter()
        .fold(mask, |mask, by| mask & mask >> by)
}

/// What commas and full stops leave of a line, as far as it is long enough.
fn parts(bytes: &[u8], line: Line) -> impl Iterator<Item = Line> {
    let mut from = line.start;
    let parts = bytes[line].split(|byte| !is_of_a_run(*byte));
    let parts = parts.map(move |part| {
        let start = from;
        from += part.len() + 1;
        start..start + part.len()
    });
    parts.filter(|part| part.len() >= SHORTEST_LINE)
}

/// Every run of at least [`SHORTEST_LINE`] characters of the alphabets.
pub(super) fn lines(bytes: &[u8]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut done = 0;
    let mut before: u64 = 0;
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    for (number, block) in blocks.iter().chain([&last]).enumerate() {
        let mask = mask(block);
        let across = before.leading_ones() + mask.trailing_ones();
        if across as usize >= SHORTEST_LINE || starts(mask) != 0 {
            // The bits are those of the block before and of this one.
            let mut starts = starts(u128::from(before) | u128::from(mask) << BLOCK);
            while starts != 0 {
                let start = (number * BLOCK + starts.trailing_zeros() as usize) - BLOCK;
                if start >= done {
                    let rest = bytes[start..].iter();
                    done = start + rest.take_while(|byte| may_be_of_a_run(**byte)).count();
                    lines.extend(parts(bytes, start..done));
                }
                let told = (done + BLOCK).saturating_sub(number * BLOCK).min(127);
                starts = if told == 127 {
                    0
                } else {
                    starts >> told << told
                };
            }
        }
        before = mask;
    }
    lines
}

/// Every text of such runs with how it was encoded and what it holds; lines of one length are one
/// text.
pub(super) fn decoded(bytes: &[u8], lines: &[Line]) -> Vec<(&'static str, Vec<u8>)> {
    let mut decoded = Vec::new();
    let mut lines = lines.iter().peekable();
    while let Some(first) = lines.next() {
        let mut text = bytes[first.clone()].to_vec();
        let (width, mut last) = (first.len(), first.clone());
        while last.len() == width
            && let Some(next) = lines.peek()
            && next.len() <= width
            && breaks_a_line(&bytes[last.end..next.start])
        {
            text.extend_from_slice(&bytes[(*next).clone()]);
            last = (*next).clone();
            lines.next();
        }
        // The last line may be short.
        let rest = &bytes[last.end..];
        if last.len() == width
            && let Some(end) = rest.iter().take(3).position(|byte| is_of_a_run(*byte))
            && breaks_a_line(&rest[..end])
        {
            let short = rest[end..].iter().take_while(|byte| is_of_a_run(**byte));
            text.extend(short.take(SHORTEST_LINE - 1));
        }
        if text.len() >= SHORTEST {
            let hex = hex(&text).map(|inner| ("hex", inner));
            let base32 = base32(&text).map(|inner| ("base32", inner));
            let base64 = base64(&text).map(|inner| ("base64", inner));
            decoded.extend([hex, base32, base64].into_iter().flatten());
        }
    }
    decoded
}

fn breaks_a_line(between: &[u8]) -> bool {
    matches!(between, b"\n" | b"\r\n" | b"\n ")
}

fn base64(run: &[u8]) -> Option<Vec<u8>> {
    // A last character alone stands for nothing.
    let whole = run.len() - usize::from(run.len() % 4 == 1);
    let standard: Vec<u8> = run[..whole]
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    BASE64.decode(standard).ok()
}

fn base32(run: &[u8]) -> Option<Vec<u8>> {
    // Characters after the last whole byte stand for nothing, or for bits that are lost.
    let whole = run.len() - run.len() % 8;
    BASE32_NOPAD
        .decode(run[..whole].to_ascii_uppercase().as_slice())
        .ok()
}

fn hex(run: &[u8]) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE
        .decode(&run[..run.len() - run.len() % 2])
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        decoded(bytes, &lines(bytes))
    }

    #[test]
    fn a_run_is_decoded_whole_or_broken_into_lines() {
        let words = b"some words that are long enough to be broken into several lines";
        let encoded = BASE64.encode(words);
        let lines: Vec<&str> = (0..encoded.len())
            .step_by(20)
            .map(|at| &encoded[at..encoded.len().min(at + 20)])
            .collect();
        for between in ["", "\n", "\r\n"] {
            for before in [0, 3, 60, 130] {
                let text = format!("{}data: {}.", " ".repeat(before), lines.join(between));
                let inner: Vec<_> = all(text.as_bytes());
                assert_eq!(inner, [("base64", words.to_vec())], "{between:?}");
            }
        }
    }

    #[test]
    fn every_run_is_found_wherever_it_lies() {
        let mut rng = fastrand::Rng::with_seed(3);
        for _ in 0..2000 {
            let text: Vec<u8> = (0..rng.usize(..400))
                .map(|_| {
                    if rng.usize(..15) == 0 {
                        b" ,~."[rng.usize(..4)]
                    } else {
                        b'x'
                    }
                })
                .collect();
            let mut expected = Vec::new();
            let mut at = 0;
            for part in text.split(|byte| !is_of_a_run(*byte)) {
                if part.len() >= SHORTEST_LINE {
                    expected.push(at..at + part.len());
                }
                at += part.len() + 1;
            }
            assert_eq!(lines(&text), expected, "{}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn prose_holds_no_runs() {
        assert!(all(b"words that people write, one after another\n").is_empty());
    }
}
