//! A schema taken apart: each keyword a form of its own, equal forms stored once.
//!
//! References are followed, annotations dropped, spelling made one. What is left says only which
//! documents are accepted, so two schemas whose forms have one id accept the same documents.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::language::Languages;
use super::word::{Kinds, Word};

/// A form within its [`Forms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id(u32);

/// What one keyword asks of a value. A keyword asks nothing of values of other types.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    Kinds(Kinds),
    Words(BTreeSet<Word>),
    AtLeast(i128),
    AtMost(i128),
    MinLength(u64),
    MaxLength(u64),
    Pattern(String),
    MinItems(u64),
    MaxItems(u64),
    Unique,
    Items(Id),
    Contains(Id),
    /// A member of this name is present.
    Has(String),
    /// A member of this name, if present, is so.
    Member(String, Id),
    /// Members of all other names are so.
    Others(BTreeSet<String>, Id),
    /// The names of all members are so.
    Names(Id),
    All(Vec<Id>),
    Any(Vec<Id>),
    One(Vec<Id>),
    Not(Id),
}

impl Form {
    /// The types of value that it says something about; `None` for what joins other forms.
    pub(super) fn binds(&self) -> Option<Kinds> {
        Some(match self {
            Self::AtLeast(_) | Self::AtMost(_) => Kinds::NUMBER,
            Self::MinLength(_) | Self::MaxLength(_) | Self::Pattern(_) => Kinds::TEXT,
            Self::MinItems(_)
            | Self::MaxItems(_)
            | Self::Unique
            | Self::Items(_)
            | Self::Contains(_) => Kinds::ARRAY,
            Self::Has(_) | Self::Member(..) | Self::Others(..) | Self::Names(_) => Kinds::OBJECT,
            Self::Kinds(_) | Self::Words(_) => Kinds::ALL,
            Self::All(_) | Self::Any(_) | Self::One(_) | Self::Not(_) => return None,
        })
    }
}

/// Keywords that say nothing about which documents are accepted.
const ANNOTATIONS: &[&str] = &[
    "$schema",
    "$id",
    "$defs",
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
];

/// Whether a keyword says nothing about which documents are accepted.
pub(super) fn is_annotation(keyword: &str) -> bool {
    ANNOTATIONS.contains(&keyword) || keyword.starts_with("x-")
}

/// Every form seen so far, each stored once.
#[derive(Debug, Default)]
pub(super) struct Forms {
    forms: Vec<Form>,
    ids: BTreeMap<Form, Id>,
}

impl Forms {
    pub(super) fn get(&self, id: Id) -> &Form {
        &self.forms[id.0 as usize]
    }

    pub(super) fn add(&mut self, form: Form) -> Id {
        let form = match form {
            Form::All(parts) => match self.flat(parts, true).as_slice() {
                [only] => return *only,
                parts => Form::All(parts.to_vec()),
            },
            Form::Any(parts) => match self.flat(parts, false).as_slice() {
                [only] => return *only,
                parts => self.one_set(parts).unwrap_or(Form::Any(parts.to_vec())),
            },
            Form::One(mut parts) => {
                parts.sort();
                match parts.as_slice() {
                    [only] => return *only,
                    parts => self.one_set(parts).unwrap_or(Form::One(parts.to_vec())),
                }
            }
            Form::Not(part) => match self.get(part) {
                Form::Not(inner) => return *inner,
                _ => Form::Not(part),
            },
            form => form,
        };
        if let Some(id) = self.ids.get(&form) {
            return *id;
        }
        let id = Id(u32::try_from(self.forms.len()).unwrap_or(u32::MAX));
        self.forms.push(form.clone());
        self.ids.insert(form, id);
        id
    }

    /// What accepts everything.
    pub(super) fn anything(&mut self) -> Id {
        self.add(Form::All(Vec::new()))
    }

    fn flat(&self, parts: Vec<Id>, all: bool) -> Vec<Id> {
        let mut out = BTreeSet::new();
        for part in parts {
            match (self.get(part), all) {
                (Form::All(inner), true) | (Form::Any(inner), false) => out.extend(inner),
                _ => drop(out.insert(part)),
            }
        }
        out.into_iter().collect()
    }

    /// A choice between different words is a set of words.
    fn one_set(&self, parts: &[Id]) -> Option<Form> {
        let mut words = BTreeSet::new();
        for part in parts {
            let Form::Words(own) = self.get(*part) else {
                return None;
            };
            if own.iter().any(|word| !words.insert(word.clone())) {
                return None;
            }
        }
        (!parts.is_empty()).then_some(Form::Words(words))
    }

    /// Takes a schema apart.
    ///
    /// # Errors
    /// If it says something that the comparison does not know.
    pub(super) fn read(&mut self, schema: &Value, languages: &mut Languages) -> Result<Id, String> {
        let mut reader = Reader {
            forms: self,
            languages,
            root: schema,
            open: Vec::new(),
            done: BTreeMap::new(),
        };
        reader.schema(schema)
    }
}

struct Reader<'r> {
    forms: &'r mut Forms,
    languages: &'r mut Languages,
    root: &'r Value,
    /// References being followed, to notice a circle.
    open: Vec<String>,
    done: BTreeMap<String, Id>,
}

impl<'r> Reader<'r> {
    fn schema(&mut self, schema: &Value) -> Result<Id, String> {
        let keywords = match schema {
            Value::Bool(true) => return Ok(self.forms.anything()),
            Value::Bool(false) => return Ok(self.forms.add(Form::Any(Vec::new()))),
            Value::Object(keywords) => keywords,
            other => return Err(format!("a schema that is {other}")),
        };
        let mut parts = Vec::new();
        for (keyword, value) in keywords {
            // Read together with `if`.
            if is_annotation(keyword) || ["then", "else"].contains(&keyword.as_str()) {
                continue;
            }
            let part = self
                .keyword(keywords, keyword, value)?
                .ok_or_else(|| format!("`{keyword}: {}`", brief(value)))?;
            parts.push(part);
        }
        // A set of words says its types by itself.
        let words = |forms: &Forms, id: &Id| match forms.get(*id) {
            Form::Words(words) => Some(words.iter().map(Word::kind).fold(Kinds::NONE, Kinds::or)),
            _ => None,
        };
        if let Some(kinds) = parts.iter().find_map(|part| words(self.forms, part)) {
            parts.retain(|part| match self.forms.get(*part) {
                Form::Kinds(said) => !said.hold(kinds),
                _ => true,
            });
        }
        Ok(self.forms.add(Form::All(parts)))
    }

    /// One keyword; `None` if it is not known, or not with this value.
    fn keyword(
        &mut self,
        keywords: &Map<String, Value>,
        keyword: &str,
        value: &Value,
    ) -> Result<Option<Id>, String> {
        let form = match keyword {
            "$ref" => return self.reference(value).map(Some),
            "type" => Kinds::of(value).map(Form::Kinds),
            "const" => return self.constant(value),
            "enum" => {
                let Some(values) = value.as_array() else {
                    return Ok(None);
                };
                let mut choices = Vec::new();
                for value in values {
                    match self.constant(value)? {
                        Some(choice) => choices.push(choice),
                        None => return Ok(None),
                    }
                }
                choices.sort();
                choices.dedup();
                Some(Form::Any(choices))
            }
            "minimum" => whole(value).map(Form::AtLeast),
            "maximum" => whole(value).map(Form::AtMost),
            "minLength" => value.as_u64().map(Form::MinLength),
            "maxLength" => value.as_u64().map(Form::MaxLength),
            "minItems" => value.as_u64().map(Form::MinItems),
            "maxItems" => value.as_u64().map(Form::MaxItems),
            "pattern" => {
                let Some(pattern) = value.as_str() else {
                    return Ok(None);
                };
                self.languages.read(pattern)?;
                Some(Form::Pattern(pattern.to_owned()))
            }
            "uniqueItems" => match value {
                Value::Bool(true) => Some(Form::Unique),
                Value::Bool(false) => Some(Form::All(Vec::new())),
                _ => None,
            },
            "items" => Some(Form::Items(self.schema(value)?)),
            "contains" => Some(Form::Contains(self.schema(value)?)),
            "propertyNames" => Some(Form::Names(self.schema(value)?)),
            "not" => Some(Form::Not(self.schema(value)?)),
            "allOf" => self.list(value)?.map(Form::All),
            "anyOf" => self.list(value)?.map(Form::Any),
            "oneOf" => self.list(value)?.map(Form::One),
            "if" => Some(self.condition(keywords, value)?),
            "required" => names(value).map(|names| {
                let has = names
                    .into_iter()
                    .map(|name| self.forms.add(Form::Has(name)));
                Form::All(has.collect())
            }),
            "dependentRequired" => self.dependent(value),
            "properties" => self.members(value)?.map(Form::All),
            "additionalProperties" => {
                let named = keywords.get("properties").and_then(Value::as_object);
                let named = named.into_iter().flat_map(Map::keys).cloned().collect();
                Some(Form::Others(named, self.schema(value)?))
            }
            _ => None,
        };
        let everything = self.forms.anything();
        let form = match form {
            Some(Form::MinLength(0) | Form::MinItems(0)) => Form::All(Vec::new()),
            Some(Form::Others(_, id) | Form::Items(id) | Form::Names(id)) if id == everything => {
                Form::All(Vec::new())
            }
            Some(form) => form,
            None => return Ok(None),
        };
        Ok(Some(self.forms.add(form)))
    }

    fn reference(&mut self, value: &Value) -> Result<Id, String> {
        let name = value.as_str().unwrap_or_default().to_owned();
        if let Some(done) = self.done.get(&name) {
            return Ok(*done);
        }
        if self.open.contains(&name) {
            return Err(format!("`{name}`, which refers to itself"));
        }
        let root: &'r Value = self.root;
        let target = name
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer))
            .ok_or_else(|| format!("`{name}`, which is not there"))?;
        self.open.push(name.clone());
        let id = self.schema(target)?;
        self.open.pop();
        self.done.insert(name, id);
        Ok(id)
    }

    fn constant(&mut self, value: &Value) -> Result<Option<Id>, String> {
        let form = match value {
            Value::Object(members) => {
                let mut parts = vec![self.forms.add(Form::Kinds(Kinds::OBJECT))];
                for (name, value) in members {
                    let Some(value) = self.constant(value)? else {
                        return Ok(None);
                    };
                    parts.push(self.forms.add(Form::Has(name.clone())));
                    parts.push(self.forms.add(Form::Member(name.clone(), value)));
                }
                let nothing = self.forms.add(Form::Any(Vec::new()));
                let names = members.keys().cloned().collect();
                parts.push(self.forms.add(Form::Others(names, nothing)));
                Form::All(parts)
            }
            value => match Word::of(value) {
                Some(word) => Form::Words([word].into()),
                None => return Ok(None),
            },
        };
        Ok(Some(self.forms.add(form)))
    }

    fn list(&mut self, value: &Value) -> Result<Option<Vec<Id>>, String> {
        let Some(parts) = value.as_array() else {
            return Ok(None);
        };
        let parts: Result<_, _> = parts.iter().map(|part| self.schema(part)).collect();
        parts.map(Some)
    }

    fn condition(&mut self, keywords: &Map<String, Value>, value: &Value) -> Result<Form, String> {
        let condition = self.schema(value)?;
        let refused = self.forms.add(Form::Not(condition));
        let mut branch = |name: &str| {
            let branch = keywords.get(name).map(|part| self.schema(part));
            branch.unwrap_or_else(|| Ok(self.forms.anything()))
        };
        let (then, other) = (branch("then")?, branch("else")?);
        Ok(Form::Any(vec![
            self.forms.add(Form::All(vec![condition, then])),
            self.forms.add(Form::All(vec![refused, other])),
        ]))
    }

    fn dependent(&mut self, value: &Value) -> Option<Form> {
        let mut parts = Vec::new();
        for (name, needed) in value.as_object()? {
            let has = self.forms.add(Form::Has(name.clone()));
            let without = self.forms.add(Form::Not(has));
            for other in names(needed)? {
                let other = self.forms.add(Form::Has(other));
                parts.push(self.forms.add(Form::Any(vec![without, other])));
            }
        }
        Some(Form::All(parts))
    }

    fn members(&mut self, value: &Value) -> Result<Option<Vec<Id>>, String> {
        let Some(members) = value.as_object() else {
            return Ok(None);
        };
        let everything = self.forms.anything();
        let mut parts = Vec::new();
        for (name, schema) in members {
            let schema = self.schema(schema)?;
            if schema != everything {
                parts.push(self.forms.add(Form::Member(name.clone(), schema)));
            }
        }
        Ok(Some(parts))
    }
}

fn names(value: &Value) -> Option<Vec<String>> {
    let names = value.as_array()?.iter();
    names.map(|name| Some(name.as_str()?.to_owned())).collect()
}

/// A bound; one with a fraction is not known.
fn whole(value: &Value) -> Option<i128> {
    match Word::of(value)? {
        Word::Whole(number) => Some(number),
        _ => None,
    }
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
