//! What somebody else wrote, made harmless: one line, no control of the terminal, not too long.

use std::fmt::Write as _;

/// `text` on one line with at most `limit` characters of it.
///
/// Characters that steer a terminal, change the reading direction of their neighbours or show
/// nothing at all are spelt out; a longer text ends with the number of characters left out.
#[must_use]
pub fn plain(text: &str, limit: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(limit * 4));
    for (count, character) in text.chars().enumerate() {
        if count == limit {
            let left = text.chars().count() - limit;
            // Writing to a `String` cannot fail.
            let _ = write!(shown, "… ({left} more)");
            break;
        }
        match character {
            '\n' | '\r' | '\t' => shown.extend(character.escape_default()),
            _ if character.is_control() || hides(character) => {
                shown.extend(character.escape_unicode());
            }
            _ => shown.push(character),
        }
    }
    shown
}

/// Characters that nobody sees, or that change how their neighbours are shown.
pub(super) fn hides(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e007f}')
}

/// Breaks `text` at spaces into lines of at most `width` characters; a longer word stands alone.
/// Spaces within a line stay as they are: they may be what it is about.
#[must_use]
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for (number, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        let first = number == 0 || used == 0;
        if !first && used + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else if !first {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_are_spelt_out() {
        assert_eq!(
            plain("\x1b[2Ja\nb\u{202e}c", 99),
            "\\u{1b}[2Ja\\nb\\u{202e}c"
        );
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(plain("abcdef", 4), "abcd… (2 more)");
        assert_eq!(plain("abcd", 4), "abcd");
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrap("a  b c", 9), ["a  b c"]);
        assert_eq!(wrap("endless", 3), ["endless"]);
        assert!(wrap("", 3).is_empty());
    }
}
