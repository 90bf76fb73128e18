//! Text in which some characters are escaped and others are not: percent, quoted-printable, HTML.
//!
//! Markers of letters and digits alone need none of this: such characters are escaped all or not at
//! all, and the views see through both.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use quoted_printable::ParseMode;

/// Some bytes in each way of escaping that they seem to be written in, without it.
pub(super) fn unescaped(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut texts = Vec::new();
    let pairs = |mark: u8| {
        memchr::memchr_iter(mark, bytes).any(|at| {
            let digits = bytes.get(at + 1..at + 3);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        })
    };
    if pairs(b'%') {
        texts.push(("percent", percent_decode(bytes).collect()));
    }
    if pairs(b'=')
        && let Ok(text) = quoted_printable::decode(bytes, ParseMode::Robust)
    {
        texts.push(("quoted-printable", text));
    }
    if memchr::memchr_iter(b'&', bytes).any(|at| begins_a_reference(&bytes[at + 1..])) {
        let text = String::from_utf8_lossy(bytes);
        if let Cow::Owned(text) = html_escape::decode_html_entities(&text) {
            texts.push(("html references", text.into_bytes()));
        }
    }
    texts
}

fn begins_a_reference(bytes: &[u8]) -> bool {
    let name = bytes.iter().take(32);
    let length = name
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'#')
        .count();
    length > 1 && bytes.get(length) == Some(&b';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_escaping_is_undone_where_it_shows() {
        for (text, how, plain) in [
            ("a%20b%E6%98%8E", "percent", "a b明"),
            ("a=20b=E6=98=\r\n=8E", "quoted-printable", "a b明"),
            ("a &amp; b&#26126;", "html references", "a & b明"),
        ] {
            assert_eq!(
                unescaped(text.as_bytes()),
                [(how, plain.as_bytes().to_vec())]
            );
        }
        assert!(unescaped("100 % of a=b & c".as_bytes()).is_empty());
    }
}
