//! Mutated documents: valid ones with a few members broken, exotic or moved, down to the text.

use std::fmt::Write as _;

use fastrand::Rng;
use serde_json::Value;

/// A document as text sees it: keys may repeat, numbers and strings are spelt as they are spelt.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    /// `null`, a boolean, a number or a string, in JSON's own spelling.
    Leaf(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Array(entries) => Self::Array(entries.iter().map(Self::of).collect()),
            Value::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(key, value)| (quoted(key), Self::of(value)))
                    .collect(),
            ),
            leaf => Self::Leaf(leaf.to_string()),
        }
    }

    pub(crate) fn print(&self, text: &mut String) {
        match self {
            Self::Leaf(leaf) => text.push_str(leaf),
            Self::Array(entries) => {
                text.push('[');
                for (place, entry) in entries.iter().enumerate() {
                    text.push_str(if place == 0 { "" } else { ", " });
                    entry.print(text);
                }
                text.push(']');
            }
            Self::Object(members) => {
                text.push('{');
                for (place, (key, value)) in members.iter().enumerate() {
                    let _ = write!(text, "{}{key}: ", if place == 0 { "" } else { ", " });
                    value.print(text);
                }
                text.push('}');
            }
        }
    }

    fn size(&self) -> usize {
        1 + match self {
            Self::Leaf(_) => 0,
            Self::Array(entries) => entries.iter().map(Self::size).sum(),
            Self::Object(members) => members.iter().map(|(_, value)| value.size()).sum(),
        }
    }

    /// The `place`-th node, counted from the root.
    fn at(&mut self, mut place: usize) -> &mut Self {
        if place == 0 {
            return self;
        }
        place -= 1;
        let children: Vec<&mut Self> = match self {
            Self::Leaf(_) => Vec::new(),
            Self::Array(entries) => entries.iter_mut().collect(),
            Self::Object(members) => members.iter_mut().map(|(_, value)| value).collect(),
        };
        for child in children {
            let size = child.size();
            if place < size {
                return child.at(place);
            }
            place -= size;
        }
        unreachable!("the place lies within the tree");
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Everything that mutations draw from: the corpus and what is known to be awkward.
pub(crate) struct Pool {
    members: Vec<(String, Tree)>,
    leaves: Vec<String>,
}

impl Pool {
    pub(crate) fn of(corpus: &[Value]) -> Self {
        let mut pool = Self {
            members: Vec::new(),
            leaves: Vec::new(),
        };
        for document in corpus {
            pool.collect(&Tree::of(document));
        }
        pool.leaves
            .extend(NUMBERS.iter().map(|number| (*number).to_owned()));
        pool.leaves.extend(STRINGS.iter().map(|text| quoted(text)));
        pool.leaves
            .extend(RAW.iter().map(|leaf| (*leaf).to_owned()));
        for length in [
            1, 2, 63, 64, 65, 99, 100, 101, 127, 128, 200, 201, 255, 256, 257,
        ] {
            for character in ["a", "é", "💬"] {
                pool.leaves.push(quoted(&character.repeat(length)));
            }
        }
        pool
    }

    fn collect(&mut self, tree: &Tree) {
        match tree {
            Tree::Leaf(leaf) => self.leaves.push(leaf.clone()),
            Tree::Array(entries) => entries.iter().for_each(|entry| self.collect(entry)),
            Tree::Object(members) => {
                for (key, value) in members {
                    self.members.push((key.clone(), value.clone()));
                    self.collect(value);
                }
            }
        }
    }

    fn leaf(&self, rng: &mut Rng) -> Tree {
        Tree::Leaf(self.leaves[rng.usize(..self.leaves.len())].clone())
    }

    fn member(&self, rng: &mut Rng) -> (String, Tree) {
        self.members[rng.usize(..self.members.len())].clone()
    }

    /// Breaks, moves or respells something.
    pub(crate) fn mutate(&self, tree: &mut Tree, rng: &mut Rng) {
        let size = tree.size();
        let node = tree.at(rng.usize(..size));
        match node {
            Tree::Object(members) => match rng.u8(..12) {
                0 | 1 if !members.is_empty() => {
                    members.remove(rng.usize(..members.len()));
                }
                2 => members.push(self.member(rng)),
                3 => {
                    let (key, value) = self.member(rng);
                    members.retain(|(other, _)| *other != key);
                    members.push((key, value));
                }
                4 => members.push((quoted("x-unknown"), self.leaf(rng))),
                5 if !members.is_empty() => {
                    let copy = members[rng.usize(..members.len())].clone();
                    members.push(copy);
                }
                6 if !members.is_empty() => {
                    let place = rng.usize(..members.len());
                    let replacement = self.member(rng).0;
                    members[place].0 = replacement;
                }
                7 => {
                    let values = std::mem::take(members).into_iter().map(|(_, value)| value);
                    *node = Tree::Array(values.collect());
                }
                8 => rng.shuffle(members),
                9 if !members.is_empty() => {
                    let place = rng.usize(..members.len());
                    members[place].0 = respelt(&members[place].0);
                }
                _ if !members.is_empty() => {
                    let place = rng.usize(..members.len());
                    members[place].1 = self.leaf(rng);
                }
                _ => members.push(self.member(rng)),
            },
            Tree::Array(entries) => match rng.u8(..6) {
                0 if !entries.is_empty() => {
                    entries.remove(rng.usize(..entries.len()));
                }
                1 if !entries.is_empty() => {
                    let copy = entries[rng.usize(..entries.len())].clone();
                    entries.push(copy);
                }
                2 if !entries.is_empty() => {
                    let copy = entries[0].clone();
                    let length = [31, 32, 33, 1000, 1001][rng.usize(..5)];
                    entries.resize(length, copy);
                }
                3 => entries.clear(),
                4 => entries.push(self.member(rng).1),
                _ => entries.push(self.leaf(rng)),
            },
            Tree::Leaf(leaf) => match rng.u8(..8) {
                0 => *node = Tree::Array(vec![Tree::Leaf(leaf.clone())]),
                1 => *node = Tree::Object(vec![(leaf_key(leaf), Tree::Leaf("null".to_owned()))]),
                2 => {
                    for _ in 0..rng.usize(28..36) {
                        *node = Tree::Array(vec![node.clone()]);
                    }
                }
                3 => *leaf = respelt(leaf),
                4 => *node = self.member(rng).1,
                _ => *node = self.leaf(rng),
            },
        }
    }
}

fn leaf_key(leaf: &str) -> String {
    if leaf.starts_with('"') {
        leaf.to_owned()
    } else {
        quoted(leaf)
    }
}

/// The same value in another spelling, where there is one.
fn respelt(leaf: &str) -> String {
    match leaf
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(inner) => match inner.chars().next() {
            Some(first) if first.is_ascii_alphanumeric() => {
                format!("\"\\u{:04x}{}\"", u32::from(first), &inner[1..])
            }
            _ => leaf.to_owned(),
        },
        None if leaf.bytes().all(|byte| byte.is_ascii_digit()) => format!("{leaf}.0e0"),
        None => leaf.to_owned(),
    }
}

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-0.0",
    "1",
    "1.0",
    "1e0",
    "1E+2",
    "1e3",
    "1.5",
    "-1",
    "0.1e1",
    "10e-1",
    "32",
    "33",
    "1000",
    "1001",
    "4000",
    "4001",
    "4000.0",
    "60000",
    "60001",
    "65535",
    "65536",
    "65537",
    "86400",
    "86401",
    "604800",
    "604801",
    "4294967295",
    "4294967296",
    "9007199254740991",
    "9007199254740991.0",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740991",
    "-9007199254740992",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e18",
    "1e19",
    "1e300",
    "1e-300",
    "-32602",
    "-32602.0",
    "-32601",
];

const STRINGS: &[&str] = &[
    "",
    " ",
    "a\n",
    "wx-main\n",
    "ws-001\n",
    "\n",
    "a\u{0}b",
    "a\u{1f}",
    "a\u{7f}",
    "a\u{80}",
    "a\u{85}",
    "a\u{2028}",
    "١٢٣",
    "２０２６",
    "true",
    "null",
    "Dialog",
    "dialog ",
    "WECHAT",
    "-leading",
    ".leading",
    "_leading",
    "a b",
    "a/b",
    "héllo",
    "secret://",
    "secret:///a",
    "secret://a",
    "secret://a/b.c_d-e",
    "secret://a\n",
    "Secret://a",
    "secret://a b",
    "2026-03-24T12:00:00Z",
    "2026-03-24t12:00:00Z",
    "2026-03-24T12:00:00z",
    "2026-03-24 12:00:00Z",
    "2026-03-24T12:00:00",
    "2026-03-24T12:00Z",
    "2026-02-30T12:00:00Z",
    "2026-13-01T12:00:00Z",
    "2026-00-01T12:00:00Z",
    "2026-01-00T12:00:00Z",
    "2026-01-32T12:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T23:59:60Z",
    "2026-01-01T23:60:00Z",
    "2026-01-01T23:59:59.Z",
    "2026-01-01T23:59:59.123456789Z",
    "2026-01-01T23:59:59.1234567890Z",
    "2026-01-01T23:59:59+23:59",
    "2026-01-01T23:59:59-00:00",
    "2026-01-01T23:59:59+24:00",
    "2026-01-01T23:59:59+0800",
    "2026-01-01T23:59:59+08",
    "2026-01-01T23:59:59.1+08:00",
    "2026-01-01T23:59:59,5Z",
    "２026-01-01T23:59:59Z",
    "2026-01-01T23:59:59Z\n",
    "0000-01-01T00:00:00Z",
    "99999-01-01T00:00:00Z",
    "20260101T000000Z",
    "md5:9e107d9d372bb6826bd81d3542a419d6",
    "md5:9E107D9D372BB6826BD81D3542A419D6",
    "sha256:9e107d9d372bb6826bd81d3542a419d6",
    "md5:9e107d9d372bb6826bd81d3542a419d",
    "sha1:9e107d9d372bb6826bd81d3542a419d6",
    "md5:9e107d9d372bb6826bd81d3542a419d6\n",
    "agent_unavailable",
    "Agent",
    "a__",
    "1a",
    "a-b",
    "http://127.0.0.1:1",
    "https://x",
    "http://",
    "ftp://x",
    "http://a b",
    "HTTP://x",
    "/",
    "/var",
    "relative",
    "/a\n",
    "/a\u{7f}",
    "1.0",
    "2.0",
    "WX-CONF-002",
    "WX-C-002",
    "WX-CONF-0022",
    "wx-conf-002",
    "/a/b",
    "a/b",
    "image",
    "text",
    "voice",
    "unknown",
    "pending",
    "working",
    "delivered",
    "partial",
    "rejected",
    "applied",
    "unreachable",
    "forwarded",
    "failed",
    "recovered",
    "access_denied",
    "malformed",
    "message",
    "status",
    "error",
    "attachment_meta",
    "approval_request",
    "tool_call",
    "polling",
    "webhook",
    "wechat",
    "telegram",
    "dialog",
    "ssh_remote",
    "accepted",
    "duplicate",
    "initialize",
    "start",
    "act",
    "health",
    "audit",
    "advance",
    "stop",
    "event",
    "healthy",
    "stopped",
    "timeout",
    "internal",
    "event_refused",
    "real",
    "virtual",
    "$serde_json::private::RawValue",
];

/// Leaves that have no other spelling; most of them are faults of the text.
const RAW: &[&str] = &[
    "null",
    "true",
    "false",
    "1e400",
    "01",
    "+1",
    ".5",
    "1.",
    "NaN",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"\\u0000\"",
    "\"\\u0041\"",
    "\"a\tb\"",
    "\"\\x\"",
    "'a'",
    "{}",
    "[]",
    "\"\u{feff}\"",
];
