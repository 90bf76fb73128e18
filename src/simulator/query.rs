//! The query of a request, decoded. Clients escape as they please.

use std::collections::BTreeMap;

/// Names and values; of equal names the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads the part of a target after the question mark. A plus sign is a plus sign: what is
    /// passed here is base64, not words.
    pub(super) fn parse(query: &str) -> Self {
        let mut fields = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            fields
                .entry(unescape(name))
                .or_insert_with(|| unescape(value));
        }
        Self(fields)
    }

    /// The value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%').then(|| after.first_chunk()).flatten();
        if let Some(decoded) = escaped.and_then(|digits| hex(*digits)) {
            bytes.push(decoded);
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digits: [u8; 2]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_escaped_or_not() {
        for query in [
            "p=a/b+c==&x=1",
            "x=1&p=a%2Fb%2Bc%3D%3D",
            "p=a%2fb+c%3d=&p=second&&",
        ] {
            assert_eq!(Query::parse(query).get("p"), Some("a/b+c=="), "{query}");
        }
    }

    #[test]
    fn a_broken_escape_is_text() {
        let query = Query::parse("p=100%&q=%zz%4&r&=v&%F0=x");
        assert_eq!(query.get("p"), Some("100%"));
        assert_eq!(query.get("q"), Some("%zz%4"));
        assert_eq!(query.get("r"), Some(""));
        assert_eq!(query.get(""), Some("v"));
    }
}
