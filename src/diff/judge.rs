//! Whether a schema, as it was published, accepts a document; and where it refuses.
//!
//! Reads the schema as it stands and shares nothing with the search, so that the two can be held
//! against each other.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use regex_lite::Regex;
use serde_json::{Map, Value};

/// Judges documents by one schema.
#[derive(Debug)]
pub(super) struct Judge<'s> {
    root: &'s Value,
    patterns: RefCell<BTreeMap<&'s str, Option<Rc<Regex>>>>,
}

/// Where a document is refused, and by which keyword.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Refusal {
    /// Of several branches the one with the highest rank was meant: a constant tells branches apart, and
    /// else the one that went deepest.
    rank: (bool, usize),
    pub(super) pointer: String,
    pub(super) keyword: String,
}

type Verdict = Result<(), Refusal>;

impl<'s> Judge<'s> {
    pub(super) fn of(root: &'s Value) -> Self {
        Self {
            root,
            patterns: RefCell::default(),
        }
    }

    pub(super) fn accepts(&self, document: &Value) -> bool {
        self.judge(document).is_ok()
    }

    /// Judges a document.
    pub(super) fn judge(&self, document: &Value) -> Verdict {
        self.walk(self.root, document, "")
    }

    fn walk(&self, schema: &'s Value, value: &Value, at: &str) -> Verdict {
        match schema {
            Value::Object(keywords) => keywords
                .iter()
                .try_for_each(|(keyword, asked)| self.keyword(keywords, keyword, asked, value, at)),
            Value::Bool(true) => Ok(()),
            _ => Err(refusal(at, "false")),
        }
    }

    fn keyword(
        &self,
        keywords: &'s Map<String, Value>,
        keyword: &str,
        asked: &'s Value,
        value: &Value,
        at: &str,
    ) -> Verdict {
        let bound = || asked.as_f64().unwrap_or_default();
        let parts = || asked.as_array().into_iter().flatten();
        let holds = match (keyword, value) {
            ("$ref", _) => {
                let pointer = asked.as_str().unwrap_or_default().trim_start_matches('#');
                return match self.root.pointer(pointer) {
                    Some(target) => self.walk(target, value, at),
                    None => Err(refusal(at, keyword)),
                };
            }
            ("type", _) => match asked {
                Value::Array(names) => names.iter().any(|name| is_of(name, value)),
                name => is_of(name, value),
            },
            ("const", _) => equal(asked, value),
            ("enum", _) => parts().any(|word| equal(word, value)),
            ("allOf", _) => return parts().try_for_each(|part| self.walk(part, value, at)),
            ("anyOf", _) => return self.choose(asked, keyword, value, at),
            ("oneOf", _) => {
                let accepted = |part: &&'s Value| self.walk(part, value, at).is_ok();
                if parts().filter(accepted).count() < 2 {
                    return self.choose(asked, keyword, value, at);
                }
                false
            }
            ("not", _) => self.walk(asked, value, at).is_err(),
            ("if", _) => {
                let branch = if self.walk(asked, value, at).is_ok() {
                    "then"
                } else {
                    "else"
                };
                return keywords
                    .get(branch)
                    .map_or(Ok(()), |part| self.walk(part, value, at));
            }
            ("minimum", Value::Number(number)) => number.as_f64() >= Some(bound()),
            ("maximum", Value::Number(number)) => number.as_f64() <= Some(bound()),
            ("minLength", Value::String(text)) => {
                text.chars().count() as u64 >= asked.as_u64().unwrap_or(0)
            }
            ("maxLength", Value::String(text)) => {
                text.chars().count() as u64 <= asked.as_u64().unwrap_or(u64::MAX)
            }
            ("pattern", Value::String(text)) => {
                self.matches(asked.as_str().unwrap_or_default(), text)
            }
            (_, Value::Array(entries)) => return self.of_array(keyword, asked, entries, at),
            (_, Value::Object(members)) => {
                return self.of_object(keywords, keyword, asked, members, at);
            }
            _ => true,
        };
        if holds {
            Ok(())
        } else {
            Err(refusal(at, keyword))
        }
    }

    /// One of several shapes; where none fits, the refusal of the one that was meant.
    fn choose(&self, shapes: &'s Value, keyword: &str, value: &Value, at: &str) -> Verdict {
        let mut meant = Refusal {
            rank: (false, 0),
            ..refusal(at, keyword)
        };
        for shape in shapes.as_array().into_iter().flatten() {
            match self.walk(shape, value, at) {
                Ok(()) => return Ok(()),
                Err(other) if other.rank > meant.rank => meant = other,
                Err(_) => {}
            }
        }
        Err(meant)
    }

    fn of_array(&self, keyword: &str, asked: &'s Value, entries: &[Value], at: &str) -> Verdict {
        let length = entries.len() as u64;
        let holds = match keyword {
            "minItems" => length >= asked.as_u64().unwrap_or(0),
            "maxItems" => length <= asked.as_u64().unwrap_or(u64::MAX),
            "uniqueItems" => *asked != Value::Bool(true) || all_different(entries),
            "contains" => entries
                .iter()
                .any(|entry| self.walk(asked, entry, at).is_ok()),
            "items" => {
                let mut entries = entries.iter().enumerate();
                return entries.try_for_each(|(number, entry)| {
                    self.walk(asked, entry, &format!("{at}/{number}"))
                });
            }
            _ => true,
        };
        if holds {
            Ok(())
        } else {
            Err(refusal(at, keyword))
        }
    }

    fn of_object(
        &self,
        keywords: &'s Map<String, Value>,
        keyword: &str,
        asked: &'s Value,
        members: &Map<String, Value>,
        at: &str,
    ) -> Verdict {
        let has = |name: &Value| name.as_str().is_some_and(|name| members.contains_key(name));
        let missing = |names: &Value| {
            names
                .as_array()
                .into_iter()
                .flatten()
                .any(|name| !has(name))
        };
        let holds = match keyword {
            "required" => !missing(asked),
            "dependentRequired" => asked
                .as_object()
                .into_iter()
                .flatten()
                .all(|(name, needed)| !members.contains_key(name) || !missing(needed)),
            "properties" => {
                return members
                    .iter()
                    .try_for_each(|(name, value)| match asked.get(name) {
                        Some(part) => self.walk(part, value, &below(at, name)),
                        None => Ok(()),
                    });
            }
            "additionalProperties" => {
                let named = keywords.get("properties").and_then(Value::as_object);
                return members
                    .iter()
                    .filter(|(name, _)| named.is_none_or(|named| !named.contains_key(*name)))
                    .try_for_each(|(name, value)| match asked {
                        Value::Bool(false) => Err(refusal(&below(at, name), keyword)),
                        asked => self.walk(asked, value, &below(at, name)),
                    });
            }
            "propertyNames" => {
                return members.keys().try_for_each(|name| {
                    self.walk(asked, &name.as_str().into(), &below(at, name))
                });
            }
            _ => true,
        };
        if holds {
            Ok(())
        } else {
            Err(refusal(at, keyword))
        }
    }

    fn matches(&self, pattern: &'s str, text: &str) -> bool {
        let mut patterns = self.patterns.borrow_mut();
        let regex = patterns
            .entry(pattern)
            .or_insert_with(|| Regex::new(pattern).ok().map(Rc::new));
        regex.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

fn refusal(at: &str, keyword: &str) -> Refusal {
    Refusal {
        rank: (keyword != "const", at.matches('/').count()),
        pointer: at.to_owned(),
        keyword: keyword.to_owned(),
    }
}

fn below(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Whether a value is of a JSON type; 1.0 is an integer.
fn is_of(name: &Value, value: &Value) -> bool {
    match name.as_str() {
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some("number") => value.is_number(),
        Some("integer") => {
            let whole = |number: f64| number.fract() == 0.0;
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(whole)
        }
        _ => false,
    }
}

/// Equality as JSON Schema has it: numbers by value.
fn equal(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(first), Some(second)) => one == other || first.total_cmp(&second).is_eq(),
        _ => one == other,
    }
}

fn all_different(entries: &[Value]) -> bool {
    let mut texts: Vec<String> = entries.iter().map(Value::to_string).collect();
    texts.sort();
    texts.windows(2).all(|pair| pair[0] != pair[1])
}
