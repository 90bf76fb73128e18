//! A JSON text with the place of everything in it, for pointing at faults.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::de::IgnoredAny;

use super::finding::{Fault, Finding};
use super::text::MAX_DEPTH;

/// One value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree<'a> {
    /// Offset of its first byte.
    pub at: usize,
    /// The value.
    pub value: Branch<'a>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Branch<'a> {
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// A string; `None` if it holds half of a surrogate pair.
    Text(Option<Cow<'a, str>>),
    /// An array.
    Array(Vec<Tree<'a>>),
    /// An object, its members in the order of the text.
    Object(Vec<Member<'a>>),
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member<'a> {
    /// Offset of its key.
    pub at: usize,
    /// Its key.
    pub key: Cow<'a, str>,
    /// Its value.
    pub value: Tree<'a>,
}

/// A fault and the offset it is at.
pub type Placed = (usize, Finding);

impl<'a> Tree<'a> {
    /// Reads a text and collects every fault of the text layer, each with its offset. There is no
    /// tree where the text is not one JSON value.
    #[must_use]
    pub fn read(text: &'a str) -> (Option<Self>, Vec<Placed>) {
        if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            let finding = Finding::new(
                Fault::NotJson,
                format!("expected one JSON value: {message}"),
            );
            return (
                None,
                vec![(offset(text, error.line(), error.column()), finding)],
            );
        }
        let mut reader = Reader {
            text,
            at: 0,
            path: Vec::new(),
            faults: Vec::new(),
        };
        let tree = reader.value();
        (Some(tree), reader.faults)
    }
}

/// The offset of what serde says is at a line and a column of bytes, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let mut at = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Reads a text whose grammar has been checked.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    path: Vec<String>,
    faults: Vec<Placed>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> u8 {
        self.text
            .as_bytes()
            .get(self.at)
            .copied()
            .unwrap_or_default()
    }

    /// Skips white space and the mark between two values.
    fn skip(&mut self, mark: u8) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') || self.peek() == mark {
            self.at += 1;
        }
    }

    fn fault(&mut self, at: usize, code: Fault, message: impl Into<String>) -> &mut Finding {
        let mut finding = Finding::new(code, message);
        for token in self.path.iter().rev() {
            finding = finding.under(token);
        }
        self.faults.push((at, finding));
        // Just pushed.
        let last = self.faults.len() - 1;
        &mut self.faults[last].1
    }

    fn value(&mut self) -> Tree<'a> {
        self.skip(b' ');
        let at = self.at;
        if self.path.len() == MAX_DEPTH && matches!(self.peek(), b'{' | b'[') {
            self.fault(
                at,
                Fault::TooDeep,
                format!("values lie more than {MAX_DEPTH} levels deep"),
            );
        }
        let value = match self.peek() {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => {
                let text = self.string();
                if text.is_none() {
                    self.fault(
                        at,
                        Fault::LoneSurrogate,
                        "half of a surrogate pair in a string",
                    );
                }
                Branch::Text(text)
            }
            _ => self.word(at),
        };
        Tree { at, value }
    }

    fn word(&mut self, at: usize) -> Branch<'a> {
        let rest = &self.text[at..];
        let end = rest
            .find([',', '}', ']', ' ', '\t', '\n', '\r'])
            .unwrap_or(rest.len());
        self.at += end;
        match &rest[..end] {
            "null" => {
                let hint = "leave the member out: absent means absent";
                self.fault(at, Fault::Null, "expected a value, found null")
                    .hint = Some(hint.into());
                Branch::Null
            }
            "true" => Branch::Bool(true),
            "false" => Branch::Bool(false),
            number => {
                if let Ok(number) = serde_json::from_str(number) {
                    Branch::Number(number)
                } else {
                    self.fault(at, Fault::NotJson, "a number that no reader can hold");
                    Branch::Null
                }
            }
        }
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut escaped = false;
        self.at += 1;
        while bytes.get(self.at).is_some_and(|byte| *byte != b'"') {
            let step = if bytes[self.at] == b'\\' { 2 } else { 1 };
            escaped |= step == 2;
            self.at += step;
        }
        self.at += 1;
        if escaped {
            serde_json::from_str(&self.text[start..self.at])
                .ok()
                .map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(&self.text[start + 1..self.at - 1]))
        }
    }

    fn array(&mut self) -> Branch<'a> {
        let mut entries = Vec::new();
        self.at += 1;
        self.skip(b' ');
        while self.peek() != b']' {
            self.path.push(entries.len().to_string());
            entries.push(self.value());
            self.path.pop();
            self.skip(b',');
        }
        self.at += 1;
        Branch::Array(entries)
    }

    fn object(&mut self) -> Branch<'a> {
        let mut members = Vec::new();
        let mut seen = BTreeSet::new();
        self.at += 1;
        self.skip(b' ');
        while self.peek() != b'}' {
            let at = self.at;
            let key = self.string();
            if key.is_none() {
                self.fault(
                    at,
                    Fault::LoneSurrogate,
                    "half of a surrogate pair in a key",
                );
            }
            let key = key.unwrap_or_default();
            self.path.push(key.to_string());
            if !seen.insert(key.clone()) {
                self.fault(
                    at,
                    Fault::DuplicateKey,
                    format!("member `{key}` occurs twice"),
                );
            }
            self.skip(b':');
            let value = self.value();
            self.path.pop();
            members.push(Member { at, key, value });
            self.skip(b',');
        }
        self.at += 1;
        Branch::Object(members)
    }
}

#[cfg(test)]
mod tests {
    use super::{Branch, Fault, Tree};

    fn faults(text: &str) -> Vec<(usize, String, Fault)> {
        let (_, faults) = Tree::read(text);
        faults
            .into_iter()
            .map(|(at, finding)| (at, finding.pointer, finding.code))
            .collect()
    }

    #[test]
    fn every_fault_of_the_text_is_placed() {
        let text = r#"{"a": null, "b": [1, "\ud800", {"c": 1, "c": null}]}"#;
        assert_eq!(
            faults(text),
            [
                (6, "/a".to_owned(), Fault::Null),
                (21, "/b/1".to_owned(), Fault::LoneSurrogate),
                (40, "/b/2/c".to_owned(), Fault::DuplicateKey),
                (45, "/b/2/c".to_owned(), Fault::Null),
            ]
        );
    }

    #[test]
    fn the_thirty_third_level_is_too_deep() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(faults(&nested(32)), []);
        assert_eq!(faults(&nested(33)), [(32, "/0".repeat(32), Fault::TooDeep)]);
    }

    #[test]
    fn members_keep_their_order_and_their_places() {
        let (tree, faults) = Tree::read("{ \"b\\u0061\" : 1 ,\n \"a\":[ ] }");
        assert_eq!(faults, []);
        let Some(Tree {
            at: 0,
            value: Branch::Object(members),
        }) = tree
        else {
            panic!()
        };
        let found: Vec<_> = members
            .iter()
            .map(|member| (member.at, &*member.key, member.value.at))
            .collect();
        assert_eq!(found, [(2, "ba", 14), (19, "a", 23)]);
    }
}
