//! Excerpts: a short, harmless picture of bytes that somebody else wrote.

use std::fmt::Write as _;

/// The most characters an excerpt shows before it is cut.
pub const EXCERPT_CHARS: usize = 200;

/// Shows the beginning of `bytes` on one line, safe to print on a terminal.
///
/// Control characters, invisible characters and direction marks appear as `\u{…}`, bytes that are
/// not UTF-8 as `\xNN`. After [`EXCERPT_CHARS`] characters the rest is replaced by its length.
#[must_use]
pub fn excerpt(bytes: &[u8]) -> String {
    // Four bytes a character at most, so nothing beyond this can be shown.
    let visible = &bytes[..bytes.len().min(EXCERPT_CHARS * 4)];
    let mut shown = String::new();
    let mut characters = 0;
    let mut used = 0;
    'all: for chunk in visible.utf8_chunks() {
        for character in chunk.valid().chars() {
            if characters == EXCERPT_CHARS {
                break 'all;
            }
            push_character(&mut shown, character);
            characters += 1;
            used += character.len_utf8();
        }
        for byte in chunk.invalid() {
            if characters == EXCERPT_CHARS {
                break 'all;
            }
            // Writing to a `String` cannot fail.
            let _ = write!(shown, "\\x{byte:02x}");
            characters += 1;
            used += 1;
        }
    }
    if used < bytes.len() {
        let _ = write!(shown, "… ({} bytes more)", bytes.len() - used);
    }
    shown
}

fn push_character(shown: &mut String, character: char) {
    if character.is_control() || is_invisible(character) {
        shown.extend(character.escape_unicode());
    } else {
        shown.push(character);
    }
}

/// Characters that change how their neighbours are shown, or that nobody sees.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{EXCERPT_CHARS, excerpt};

    #[test]
    fn plain_text_is_shown_as_it_is() {
        assert_eq!(excerpt("starting up, 你好".as_bytes()), "starting up, 你好");
    }

    #[test]
    fn escape_sequences_and_direction_marks_are_spelt_out() {
        assert_eq!(excerpt(b"\x1b[2J\x07"), "\\u{1b}[2J\\u{7}");
        assert_eq!(excerpt("a\u{202e}b".as_bytes()), "a\\u{202e}b");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_shown_in_hex() {
        assert_eq!(excerpt(b"ok \xff\xfe"), "ok \\xff\\xfe");
    }

    #[test]
    fn a_long_line_is_cut_and_its_length_told() {
        let shown = excerpt(&vec![b'a'; 1000]);
        assert_eq!(
            shown,
            format!("{}… (800 bytes more)", "a".repeat(EXCERPT_CHARS))
        );
    }
}
