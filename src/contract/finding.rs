//! A finding: one fault of a document, where it is, and what to do about it.

use std::fmt::{self, Display, Write as _};

use serde::Serialize;
use serde::de::{self, Expected, Unexpected};

words! {
    /// The kind of a fault, as `validate --format json` reports it in `code`.
    pub enum Fault {
        /// The bytes are not UTF-8.
        NotUtf8 = "not_utf8",
        /// The text is not one JSON value.
        NotJson = "not_json",
        /// An object has one key twice.
        DuplicateKey = "duplicate_key",
        /// A string holds half of a surrogate pair.
        LoneSurrogate = "lone_surrogate",
        /// Values lie more than 32 levels deep.
        TooDeep = "too_deep",
        /// A line or a document is longer than what is read.
        TooLong = "too_long",
        /// A `null`; absent means absent.
        Null = "null",
        /// A member that the document needs is not there.
        MissingMember = "missing_member",
        /// A member that the document does not have, or does not have in this branch.
        UnknownMember = "unknown_member",
        /// A value of another JSON type.
        WrongType = "wrong_type",
        /// A word outside a closed set.
        UnknownWord = "unknown_word",
        /// A value of the right type outside its bounds or pattern.
        OutOfBounds = "out_of_bounds",
        /// Members that are each valid and do not go together.
        Contradiction = "contradiction",
    }
}

/// One fault of one document. It holds no string value of the document, so that neither a message
/// body nor a secret can reach a log through it; names of unknown members are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of fault it is.
    pub code: Fault,
    /// RFC 6901 pointer to the faulty member, or to the object it is missing from.
    pub pointer: String,
    /// What was expected and what was found: a lower-case fragment.
    pub message: String,
    /// What to do about it, where there is a good guess.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Box<str>>,
    /// The rule of the specification that the fault breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Box<str>>,
    /// Line of the fault, from 1, where the text is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column of the fault in characters, from 1, where the text is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
}

impl Finding {
    /// A finding at the root of the document.
    #[must_use]
    pub fn new(code: Fault, message: impl Into<String>) -> Self {
        Self {
            code,
            pointer: String::new(),
            message: message.into(),
            hint: None,
            rule: None,
            line: None,
            column: None,
        }
    }

    /// A member that is missing from the object at the root.
    #[must_use]
    pub fn missing(member: &str) -> Self {
        Self::new(
            Fault::MissingMember,
            format!("member `{member}` is missing"),
        )
    }

    /// The same finding, one level further down: `token` is a member's name or an entry's number.
    #[must_use]
    pub fn under(mut self, token: impl Display) -> Self {
        let token = token.to_string().replace('~', "~0").replace('/', "~1");
        self.pointer.insert_str(0, &token);
        self.pointer.insert(0, '/');
        self
    }

    /// The same finding with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Reads a finding back from its own text: serde hands errors on as text only.
    fn recall(text: &str) -> Option<Self> {
        let (body, code) = text.strip_suffix(']')?.rsplit_once(" [")?;
        let code = Fault::try_from(code).ok()?;
        let (pointer, message) = body.strip_prefix("at ")?.split_once(": ")?;
        let pointer = if pointer == "the root" { "" } else { pointer };
        let (message, hint) = match message.split_once("; hint: ") {
            Some((message, hint)) => (message, Some(hint.into())),
            None => (message, None),
        };
        Some(Self {
            pointer: pointer.to_owned(),
            hint,
            ..Self::new(code, message)
        })
    }
}

impl Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let pointer = if self.pointer.is_empty() {
            "the root"
        } else {
            &self.pointer
        };
        write!(formatter, "at {pointer}: {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(formatter, "; hint: {hint}")?;
        }
        write!(formatter, " [{}]", self.code)
    }
}

impl std::error::Error for Finding {}

/// The JSON type of what was found, never its content.
fn kind_of(found: &Unexpected) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) | Unexpected::Bytes(_) => "a string",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "an array",
        Unexpected::Map => "an object",
        _ => "something else",
    }
}

impl de::Error for Finding {
    fn custom<T: Display>(message: T) -> Self {
        let text = message.to_string();
        Self::recall(&text).unwrap_or_else(|| Self::new(Fault::OutOfBounds, text))
    }

    fn invalid_type(found: Unexpected, expected: &dyn Expected) -> Self {
        let code = if matches!(found, Unexpected::Unit | Unexpected::Option) {
            Fault::Null
        } else {
            Fault::WrongType
        };
        Self::new(
            code,
            format!("expected {expected}, found {}", kind_of(&found)),
        )
    }

    fn invalid_value(_found: Unexpected, expected: &dyn Expected) -> Self {
        Self::new(Fault::OutOfBounds, format!("expected {expected}"))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(
            Fault::OutOfBounds,
            format!("expected {expected}, found {length}"),
        )
    }

    fn unknown_variant(word: &str, expected: &'static [&'static str]) -> Self {
        let finding = Self::new(Fault::UnknownWord, format!("expected {}", one_of(expected)));
        match nearest(word, expected) {
            Some(guess) => finding.with_hint(format!("did you mean `{guess}`?")),
            None => finding,
        }
    }

    fn unknown_field(member: &str, expected: &'static [&'static str]) -> Self {
        let finding = Self::new(Fault::UnknownMember, format!("unknown member `{member}`"));
        match nearest(member, expected) {
            Some(guess) => finding.with_hint(format!("did you mean `{guess}`?")),
            None => finding,
        }
    }

    fn missing_field(member: &'static str) -> Self {
        Self::missing(member)
    }

    fn duplicate_field(member: &'static str) -> Self {
        Self::new(
            Fault::DuplicateKey,
            format!("member `{member}` occurs twice"),
        )
    }
}

/// A member that this branch needs.
pub(crate) fn require<T>(member: Option<T>, name: &str) -> Result<T, Finding> {
    member.ok_or_else(|| Finding::missing(name))
}

/// A member that this branch does not have.
pub(crate) fn refuse<T>(member: Option<&T>, name: &str) -> Result<(), Finding> {
    if member.is_none() {
        return Ok(());
    }
    let message = format!("member `{name}` does not belong to this kind");
    Err(Finding::new(Fault::UnknownMember, message).under(name))
}

/// "one of `a`, `b`", or "`a`" where there is one word only.
pub(crate) fn one_of(words: &[&str]) -> String {
    let mut text = String::from(if words.len() == 1 { "" } else { "one of " });
    for (place, word) in words.iter().enumerate() {
        let _ = write!(text, "{}`{word}`", if place == 0 { "" } else { ", " });
    }
    text
}

/// The word most like `given`, if one is like it enough to be what was meant.
pub(crate) fn nearest<'a>(given: &str, words: &[&'a str]) -> Option<&'a str> {
    let given: Vec<char> = given.chars().take(64).collect();
    let allowed = (given.len() / 3).max(1);
    words
        .iter()
        .map(|word| (distance(&given, word), *word))
        .filter(|(away, _)| *away <= allowed)
        .min_by_key(|(away, _)| *away)
        .map(|(_, word)| word)
}

/// Edit distance with neighbouring letters exchanged as one edit, case folded to half-free: a word in
/// another case is at distance 0 or 1.
fn distance(given: &[char], word: &str) -> usize {
    let word: Vec<char> = word.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=word.len()).collect();
    for (row, a) in given.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, b) in word.iter().enumerate() {
            let change = usize::from(!a.eq_ignore_ascii_case(b));
            let mut best = (last[column] + change)
                .min(last[column + 1] + 1)
                .min(line[column] + 1);
            if row > 0 && column > 0 && *a == word[column - 1] && given[row - 1] == *b {
                best = best.min(before[column - 1] + 1);
            }
            line.push(best);
        }
        before = std::mem::replace(&mut last, line);
    }
    last[word.len()]
}
