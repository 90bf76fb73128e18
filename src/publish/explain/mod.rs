//! Every fault of a document, in the words of its published schema.
//!
//! The types have the verdict ([`crate::contract::decode`]); they stop at the first fault. This walks
//! the schema along the document and goes on.

mod choice;
mod word;

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::Value;

use crate::contract::tree::{Branch, Member, Placed, Tree};
use crate::contract::{Fault, Finding, Form, one_of};
use word::{
    article, constants, equals, has_type, kind_of, strings, unknown_member, unknown_word, words_of,
};

/// A schema made ready to be walked.
#[derive(Debug)]
pub struct Explainer {
    schema: Value,
    /// The patterns that no type of the contract publishes.
    others: BTreeMap<String, Regex>,
}

/// The faults found so far.
#[derive(Default)]
struct Faults {
    found: Vec<Placed>,
    /// One fault is enough: the question is only whether there is any.
    first_only: bool,
}

impl Faults {
    fn push(&mut self, fault: Placed) {
        self.found.push(fault);
    }

    fn suffice(&self) -> bool {
        self.first_only && !self.found.is_empty()
    }
}

/// Where in the document, and under which rule.
#[derive(Clone, Copy)]
struct Place<'p> {
    above: Option<&'p Place<'p>>,
    token: Token<'p>,
    rule: Option<&'p str>,
}

#[derive(Clone, Copy)]
enum Token<'p> {
    Root,
    Key(&'p str),
    Entry(usize),
}

impl Place<'_> {
    fn finding(&self, code: Fault, message: impl Into<String>) -> Finding {
        let mut finding = Finding::new(code, message);
        finding.rule = self.rule.map(Into::into);
        let mut place = Some(self);
        while let Some(Place { above, token, .. }) = place {
            finding = match token {
                Token::Root => finding,
                Token::Key(key) => finding.under(key),
                Token::Entry(number) => finding.under(number),
            };
            place = *above;
        }
        finding
    }
}

impl Explainer {
    /// Prepares a schema.
    #[must_use]
    pub fn new(schema: Value) -> Self {
        let mut others = BTreeMap::new();
        collect_patterns(&schema, &mut others);
        Self { schema, others }
    }

    /// Every fault of a document, with its offset, in the order of the text.
    #[must_use]
    pub fn explain(&self, document: &Tree) -> Vec<Placed> {
        let root = Place {
            above: None,
            token: Token::Root,
            rule: self.schema["x-rule"].as_str(),
        };
        let mut faults = Faults::default();
        self.walk(&self.schema, document, root, &mut faults);
        let mut faults = faults.found;
        faults.sort_by_key(|(at, _)| *at);
        faults.dedup_by(|(at, finding), (last_at, last)| {
            at == last_at && finding.pointer == last.pointer
        });
        faults
    }

    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let path = schema.get("$ref").and_then(Value::as_str);
        match path.and_then(|path| path.strip_prefix("#/$defs/")) {
            Some(name) => self.resolve(&self.schema["$defs"][name]),
            None => schema,
        }
    }

    fn accepts(&self, schema: &Value, tree: &Tree) -> bool {
        let mut faults = Faults {
            first_only: true,
            ..Faults::default()
        };
        let nowhere = Place {
            above: None,
            token: Token::Root,
            rule: None,
        };
        self.walk(schema, tree, nowhere, &mut faults);
        faults.found.is_empty()
    }

    fn walk(&self, schema: &Value, tree: &Tree, place: Place, faults: &mut Faults) {
        if schema.get("$ref").is_some() {
            // Beside a reference our schemas have annotations only.
            let target = self.resolve(schema);
            let rule = place.rule.or(target["x-rule"].as_str());
            return self.walk(target, tree, Place { rule, ..place }, faults);
        }
        if let Some(fault) = self.itself(schema, tree, place) {
            faults.push((tree.at, fault));
            return;
        }
        match &tree.value {
            Branch::Object(members) => {
                self.members(schema, tree.at, members, place, faults);
                if !faults.suffice() {
                    self.conditions(schema, tree, members, place, faults);
                }
            }
            Branch::Array(entries) => self.entries(schema, tree.at, entries, place, faults),
            _ => {}
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(choices) = schema.get(keyword).and_then(Value::as_array)
                && !faults.suffice()
            {
                self.choose(choices, tree, place, faults);
            }
        }
    }

    /// The fault of a value by itself, without what is in it.
    fn itself(&self, schema: &Value, tree: &Tree, place: Place) -> Option<Finding> {
        if let Some(expected) = schema.get("type").and_then(Value::as_str)
            && !has_type(&tree.value, expected)
        {
            let found = match kind_of(&tree.value) {
                "a number" => "a number with a fraction",
                found => found,
            };
            let found = if expected == "integer" {
                found
            } else {
                kind_of(&tree.value)
            };
            let message = format!("expected {}, found {found}", article(expected));
            return Some(place.finding(Fault::WrongType, message));
        }
        let words = words_of(schema);
        if !words.is_empty() {
            let given = match &tree.value {
                Branch::Text(Some(text)) => text.as_ref(),
                _ => "",
            };
            if !words.contains(&given) {
                return Some(unknown_word(place, given, &words));
            }
        }
        if words.is_empty()
            && let Some(expected) = constants(schema)
            && !expected
                .iter()
                .any(|expected| equals(&tree.value, expected))
        {
            let expected: Vec<String> = expected.iter().map(Value::to_string).collect();
            let message = format!("expected {}", expected.join(" or "));
            return Some(place.finding(Fault::OutOfBounds, message));
        }
        match &tree.value {
            Branch::Text(Some(text)) => self.text(schema, text, place),
            Branch::Number(number) => {
                let number = number.as_f64()?;
                let least = schema.get("minimum").and_then(Value::as_f64);
                let most = schema.get("maximum").and_then(Value::as_f64);
                let fits = least.is_none_or(|least| number >= least)
                    && most.is_none_or(|most| number <= most);
                (!fits).then(|| {
                    let message = match (&schema["minimum"], &schema["maximum"]) {
                        (least, Value::Null) => format!("expected {least} or more"),
                        (Value::Null, most) => format!("expected {most} or less"),
                        (least, most) => format!("expected an integer from {least} to {most}"),
                    };
                    place.finding(Fault::OutOfBounds, message)
                })
            }
            _ => None,
        }
    }

    fn text(&self, schema: &Value, text: &str, place: Place) -> Option<Finding> {
        let pattern = schema.get("pattern").and_then(Value::as_str);
        let length = text.chars().count() as u64;
        let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0);
        let most = schema
            .get("maxLength")
            .and_then(Value::as_u64)
            .unwrap_or(u64::MAX);
        let form = pattern.and_then(|pattern| Form::published_as(pattern, most));
        let matches = match (form, pattern.and_then(|pattern| self.others.get(pattern))) {
            (Some(form), _) => form.admits(text),
            (None, Some(regex)) => regex.is_match(text) && !text.contains('\n'),
            (None, None) => true,
        };
        if matches && (least..=most).contains(&length) {
            return None;
        }
        let message = match (form, pattern) {
            (Some(form), _) => format!("expected {}", form.expected()),
            (None, Some(pattern)) => format!("expected a string that matches {pattern}"),
            (None, None) => format!("expected a string of {least} to {most} characters"),
        };
        let finding = place.finding(Fault::OutOfBounds, message);
        Some(if text.ends_with('\n') {
            finding.with_hint("it ends with a newline")
        } else if text.trim() != text && !text.trim().is_empty() && pattern.is_some() {
            finding.with_hint("it has white space around it")
        } else {
            finding
        })
    }

    fn members(
        &self,
        schema: &Value,
        at: usize,
        members: &[Member],
        place: Place,
        faults: &mut Faults,
    ) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let has = |name: &str| members.iter().any(|member| member.key == name);
        for name in strings(schema.get("required")).filter(|name| !has(name)) {
            faults.push((at, Self::missing(schema, name, place)));
        }
        for (name, needed) in schema
            .get("dependentRequired")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            for other in strings(Some(needed)).filter(|other| has(name) && !has(other)) {
                faults.push((at, Self::missing(schema, other, place)));
            }
        }
        for Member { at, key, value } in members {
            if faults.suffice() {
                return;
            }
            let inner = Place {
                above: Some(&place),
                token: Token::Key(key),
                rule: place.rule,
            };
            if let Some(names) = schema.get("propertyNames") {
                let name = Tree {
                    at: *at,
                    value: Branch::Text(Some(key.clone())),
                };
                self.walk(names, &name, inner, faults);
            }
            match properties.and_then(|properties| properties.get(key.as_ref())) {
                Some(property) => {
                    let rule = property["x-rule"].as_str().or(place.rule);
                    self.walk(property, value, Place { rule, ..inner }, faults);
                }
                None => match schema.get("additionalProperties") {
                    Some(Value::Bool(false)) => {
                        let known: Vec<&str> = properties
                            .into_iter()
                            .flatten()
                            .map(|(name, _)| name.as_str())
                            .collect();
                        faults.push((*at, unknown_member(inner, key, &known, &has)));
                    }
                    Some(other) => self.walk(other, value, inner, faults),
                    None => {}
                },
            }
        }
    }

    fn missing(schema: &Value, name: &str, place: Place) -> Finding {
        let rule = schema["properties"][name]["x-rule"].as_str().or(place.rule);
        let message = format!("member `{name}` is missing");
        Place { rule, ..place }.finding(Fault::MissingMember, message)
    }

    fn entries(
        &self,
        schema: &Value,
        at: usize,
        entries: &[Tree],
        place: Place,
        faults: &mut Faults,
    ) {
        let inner = |number| Place {
            above: Some(&place),
            token: Token::Entry(number),
            rule: place.rule,
        };
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        let most = schema
            .get("maxItems")
            .and_then(Value::as_u64)
            .unwrap_or(u64::MAX);
        let length = entries.len() as u64;
        if length < least {
            let message = format!("expected at least {least} of them, found {length}");
            faults.push((at, place.finding(Fault::OutOfBounds, message)));
        }
        if length > most {
            let message = format!("expected at most {most} of them, found {length}");
            faults.push((at, place.finding(Fault::OutOfBounds, message)));
        }
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            for (number, entry) in entries.iter().enumerate() {
                let twin = entries[..number]
                    .iter()
                    .position(|other| other.value == entry.value);
                if let Some(first) = twin {
                    let message = format!("the same as entry {first}");
                    faults.push((entry.at, inner(number).finding(Fault::OutOfBounds, message)));
                }
            }
        }
        if let Some(needed) = schema.get("contains")
            && !entries.iter().any(|entry| self.accepts(needed, entry))
        {
            let message = format!(
                "expected an array that contains {}",
                one_of(&words_of(needed))
            );
            faults.push((at, place.finding(Fault::OutOfBounds, message)));
        }
        if let Some(items) = schema.get("items") {
            for (number, entry) in entries.iter().enumerate() {
                if faults.suffice() {
                    return;
                }
                self.walk(items, entry, inner(number), faults);
            }
        }
    }

    /// What ties the members of an object to one another.
    fn conditions(
        &self,
        schema: &Value,
        tree: &Tree,
        members: &[Member],
        place: Place,
        faults: &mut Faults,
    ) {
        for part in schema
            .get("allOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.walk(part, tree, place, faults);
        }
        if let Some(condition) = schema.get("if") {
            let then = if self.accepts(condition, tree) {
                "then"
            } else {
                "else"
            };
            if let Some(then) = schema.get(then) {
                self.walk(then, tree, place, faults);
            }
        }
        for name in strings(
            schema
                .get("not")
                .and_then(|forbidden| forbidden.get("required")),
        ) {
            if let Some(member) = members.iter().find(|member| member.key == name) {
                let token = Token::Key(name);
                let inner = Place {
                    above: Some(&place),
                    token,
                    rule: place.rule,
                };
                let message = format!("member `{name}` does not belong to this kind");
                faults.push((member.at, inner.finding(Fault::UnknownMember, message)));
            }
        }
    }
}

fn collect_patterns(schema: &Value, others: &mut BTreeMap<String, Regex>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(pattern)) = members.get("pattern")
                && let Ok(regex) = Regex::new(pattern)
            {
                others.insert(pattern.clone(), regex);
            }
            members
                .values()
                .for_each(|member| collect_patterns(member, others));
        }
        Value::Array(entries) => entries
            .iter()
            .for_each(|entry| collect_patterns(entry, others)),
        _ => {}
    }
}
