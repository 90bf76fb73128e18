//! Text that stands for other bytes: long runs of base64 and of hex, broken into lines or not.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Shorter runs are left alone: what they could hold is found by its own forms.
const SHORTEST: usize = 24;

/// The shortest line that a longer text is broken into.
const SHORTEST_LINE: usize = 16;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Every run in `bytes` with how it was encoded and what it holds.
pub(super) fn decoded(bytes: &[u8]) -> impl Iterator<Item = (&'static str, Vec<u8>)> + '_ {
    runs(bytes).into_iter().flat_map(|run| {
        let hex = hex(&run).map(|inner| ("hex", inner));
        let base64 = base64(&run).map(|inner| ("base64", inner));
        [hex, base64].into_iter().flatten()
    })
}

fn is_of_a_run(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Runs of the characters of both alphabets; lines of one length are one run.
fn runs(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut runs: Vec<Vec<u8>> = Vec::new();
    // Of the last run: the length of its lines, and where it ends.
    let mut open: Option<(usize, usize)> = None;
    let mut at = 0;
    while at < bytes.len() {
        if !is_of_a_run(bytes[at]) {
            at += 1;
            continue;
        }
        let length = bytes[at..]
            .iter()
            .take_while(|byte| is_of_a_run(**byte))
            .count();
        let line = &bytes[at..at + length];
        let goes_on = open.filter(|(width, end)| {
            let between = &bytes[*end..at];
            matches!(between, b"\n" | b"\r\n" | b"\n ") && length <= *width
        });
        if let (Some((width, _)), Some(run)) = (goes_on, runs.last_mut()) {
            run.extend_from_slice(line);
            open = (length == width).then_some((width, at + length));
        } else {
            open = (length >= SHORTEST_LINE).then_some((length, at + length));
            if open.is_some() {
                runs.push(line.to_vec());
            }
        }
        at += length;
    }
    runs.retain(|run| run.len() >= SHORTEST);
    runs
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

fn hex(run: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    let digits: Option<Vec<u8>> = run.iter().map(digit).collect();
    let digits = digits?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_decoded_whole_or_broken_into_lines() {
        let words = b"some words that are long enough to be broken into several lines";
        let encoded = BASE64.encode(words);
        let lines: Vec<&str> = (0..encoded.len())
            .step_by(20)
            .map(|at| &encoded[at..encoded.len().min(at + 20)])
            .collect();
        for between in ["", "\n", "\r\n"] {
            let text = format!("data: {}.", lines.join(between));
            let inner: Vec<_> = decoded(text.as_bytes()).collect();
            assert_eq!(inner, [("base64", words.to_vec())], "{between:?}");
        }
    }

    #[test]
    fn prose_holds_no_runs() {
        assert_eq!(
            decoded(b"words that people write, one after another\n").count(),
            0
        );
    }
}
