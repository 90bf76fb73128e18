//! Every fault of a document, in the words of its published schema.
//!
//! The types have the verdict ([`crate::contract::decode`]); they stop at the first fault. This walks
//! the schema along the document and goes on.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::Value;

use crate::contract::tree::{Branch, Member, Placed, Tree};
use crate::contract::{Fault, Finding, Form, nearest, one_of};

/// A schema made ready to be walked.
#[derive(Debug)]
pub struct Explainer {
    schema: Value,
    /// The patterns that no type of the contract publishes.
    others: BTreeMap<String, Regex>,
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
        let mut faults = Vec::new();
        self.walk(&self.schema, document, root, &mut faults);
        faults.sort_by_key(|(at, _)| *at);
        faults.dedup_by(|(at, finding), (last_at, last)| {
            at == last_at && finding.pointer == last.pointer
        });
        faults
    }

    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(path) => match self.schema.pointer(path.trim_start_matches('#')) {
                Some(schema) => self.resolve(schema),
                None => schema,
            },
            None => schema,
        }
    }

    fn accepts(&self, schema: &Value, tree: &Tree) -> bool {
        let mut faults = Vec::new();
        let nowhere = Place {
            above: None,
            token: Token::Root,
            rule: None,
        };
        self.walk(schema, tree, nowhere, &mut faults);
        faults.is_empty()
    }

    fn walk(&self, schema: &Value, tree: &Tree, place: Place, faults: &mut Vec<Placed>) {
        if schema.get("$ref").is_some() {
            let target = self.resolve(schema);
            let rule = place.rule.or(target["x-rule"].as_str());
            self.walk(target, tree, Place { rule, ..place }, faults);
        }
        if let Some(fault) = self.itself(schema, tree, place) {
            faults.push((tree.at, fault));
            return;
        }
        match &tree.value {
            Branch::Object(members) => self.members(schema, tree.at, members, place, faults),
            Branch::Array(entries) => self.entries(schema, tree.at, entries, place, faults),
            _ => {}
        }
        self.combinations(schema, tree, place, faults);
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
        faults: &mut Vec<Placed>,
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
        faults: &mut Vec<Placed>,
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
                self.walk(items, entry, inner(number), faults);
            }
        }
    }

    fn combinations(&self, schema: &Value, tree: &Tree, place: Place, faults: &mut Vec<Placed>) {
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
        if let Some(forbidden) = schema.get("not")
            && let Branch::Object(members) = &tree.value
        {
            for name in strings(forbidden.get("required")) {
                if let Some(member) = members.iter().find(|member| member.key == name) {
                    let inner = Place {
                        above: Some(&place),
                        token: Token::Key(name),
                        rule: place.rule,
                    };
                    let message = format!("member `{name}` does not belong to this kind");
                    faults.push((member.at, inner.finding(Fault::UnknownMember, message)));
                }
            }
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(choices) = schema.get(keyword).and_then(Value::as_array)
                && !choices.iter().any(|choice| self.accepts(choice, tree))
            {
                self.choose(choices, tree, place, faults);
            }
        }
    }

    /// The faults of a value that none of several shapes accepts: those of the shape that was meant.
    fn choose(&self, choices: &[Value], tree: &Tree, place: Place, faults: &mut Vec<Placed>) {
        let shapes: Vec<&Value> = choices.iter().map(|choice| self.resolve(choice)).collect();
        let Branch::Object(members) = &tree.value else {
            if let Branch::Text(Some(given)) = &tree.value
                && shapes.iter().all(|shape| !words_of(shape).is_empty())
            {
                let words: Vec<&str> = shapes.iter().flat_map(|shape| words_of(shape)).collect();
                faults.push((tree.at, unknown_word(place, given, &words)));
                return;
            }
            let mut kinds: Vec<&str> = shapes
                .iter()
                .filter_map(|shape| shape["type"].as_str())
                .map(article)
                .collect();
            kinds.dedup();
            let message = format!(
                "expected {}, found {}",
                kinds.join(" or "),
                kind_of(&tree.value)
            );
            if kinds.iter().any(|kind| *kind == kind_of(&tree.value)) {
                // The right type and yet no shape fits: the first of that type says why.
                if let Some(shape) = shapes.iter().find(|shape| {
                    shape["type"]
                        .as_str()
                        .is_some_and(|kind| has_type(&tree.value, kind))
                }) {
                    return self.walk(shape, tree, place, faults);
                }
            }
            faults.push((tree.at, place.finding(Fault::WrongType, message)));
            return;
        };
        // Words that tell the shapes apart: a member that is a word in every shape that has it.
        let mut settled: Option<&str> = None;
        for Member { key, value, .. } in members {
            let words = self.words_of_all(&shapes, key);
            if let (false, Branch::Text(Some(given))) = (words.is_empty(), &value.value)
                && !words.contains(&given.as_ref())
            {
                let own = shapes
                    .iter()
                    .find_map(|shape| shape["properties"].get(key.as_ref())?["x-rule"].as_str());
                let inner = Place {
                    above: Some(&place),
                    token: Token::Key(key),
                    rule: own.or(place.rule),
                };
                faults.push((value.at, unknown_word(inner, given, &words)));
                settled = Some(key);
            }
        }
        let meant = shapes.iter().enumerate().max_by_key(|(number, shape)| {
            (
                self.likeness(shape, &shapes, members),
                std::cmp::Reverse(*number),
            )
        });
        if let Some((_, shape)) = meant {
            let mut found = Vec::new();
            self.walk(shape, tree, place, &mut found);
            let settled = settled.map(|key| {
                Place {
                    above: Some(&place),
                    token: Token::Key(key),
                    rule: None,
                }
                .finding(Fault::UnknownWord, "")
                .pointer
            });
            faults.extend(
                found
                    .into_iter()
                    .filter(|(_, finding)| Some(&finding.pointer) != settled.as_ref()),
            );
        }
    }

    /// The words that a member may be in any of the shapes; none if it is more than a word in one.
    fn words_of_all<'s>(&'s self, shapes: &[&'s Value], key: &str) -> Vec<&'s str> {
        let mut all = Vec::new();
        for property in shapes
            .iter()
            .filter_map(|shape| shape["properties"].get(key))
        {
            let words = words_of(self.resolve(property));
            if words.is_empty() {
                return Vec::new();
            }
            all.extend(words);
        }
        let mut seen = Vec::new();
        all.retain(|word| {
            !seen.contains(word) && {
                seen.push(*word);
                true
            }
        });
        all
    }

    /// How much an object looks like a shape: the words that tell shapes apart weigh most, then the
    /// members it has.
    fn likeness(&self, shape: &Value, shapes: &[&Value], members: &[Member]) -> (usize, usize) {
        let mut words = 0;
        let mut known: usize = 0;
        for Member { key, value, .. } in members {
            let Some(property) = shape["properties"].get(key.as_ref()) else {
                continue;
            };
            known += 1;
            let property = self.resolve(property);
            if let Branch::Text(Some(text)) = &value.value
                && words_of(property).contains(&text.as_ref())
            {
                let constant = |shape: &&Value| {
                    shape["properties"]
                        .get(key.as_ref())
                        .is_none_or(|other| self.resolve(other).get("const").is_some())
                };
                words += if shapes.iter().all(constant) { 4 } else { 1 };
            }
        }
        let missing = strings(shape.get("required"))
            .filter(|name| !members.iter().any(|member| member.key == *name))
            .count();
        (words, (known + 64).saturating_sub(missing))
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

fn unknown_word(place: Place, given: &str, words: &[&str]) -> Finding {
    let finding = place.finding(Fault::UnknownWord, format!("expected {}", one_of(words)));
    match nearest(given, words) {
        Some(guess) if words.len() > 1 => finding.with_hint(format!("did you mean `{guess}`?")),
        _ => finding,
    }
}

fn unknown_member(place: Place, key: &str, known: &[&str], has: &dyn Fn(&str) -> bool) -> Finding {
    let finding = place.finding(Fault::UnknownMember, format!("unknown member `{key}`"));
    let free: Vec<&str> = known.iter().copied().filter(|name| !has(name)).collect();
    match nearest(key, &free) {
        Some(guess) => finding.with_hint(format!("did you mean `{guess}`?")),
        None if known.is_empty() => finding.with_hint("there are no members here"),
        None if known.len() <= 8 => {
            finding.with_hint(format!("the members are {}", known.join(", ")))
        }
        None => finding,
    }
}

/// The words that a schema lets a string be; none if it is not a set of words.
fn words_of(schema: &Value) -> Vec<&str> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(Value::String(word)), _) => vec![word],
        (_, Some(Value::Array(words))) => words.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The values that a schema lets a value be, if it lists them.
fn constants(schema: &Value) -> Option<&[Value]> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(only), _) => Some(std::slice::from_ref(only)),
        (_, Some(Value::Array(values))) => Some(values),
        _ => None,
    }
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn has_type(value: &Branch, expected: &str) -> bool {
    match value {
        Branch::Null => expected == "null",
        Branch::Bool(_) => expected == "boolean",
        Branch::Text(_) => expected == "string",
        Branch::Array(_) => expected == "array",
        Branch::Object(_) => expected == "object",
        Branch::Number(number) => {
            expected == "number"
                || expected == "integer"
                    && (number.is_i64()
                        || number.is_u64()
                        || number.as_f64().is_some_and(|number| number.fract() == 0.0))
        }
    }
}

fn equals(value: &Branch, expected: &Value) -> bool {
    match (value, expected) {
        (Branch::Bool(one), Value::Bool(other)) => one == other,
        (Branch::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => false,
    }
}

fn kind_of(value: &Branch) -> &'static str {
    match value {
        Branch::Null => "null",
        Branch::Bool(_) => "a boolean",
        Branch::Number(_) => "a number",
        Branch::Text(_) => "a string",
        Branch::Array(_) => "an array",
        Branch::Object(_) => "an object",
    }
}

fn article(kind: &str) -> &'static str {
    match kind {
        "boolean" => "a boolean",
        "integer" => "an integer",
        "number" => "a number",
        "string" => "a string",
        "array" => "an array",
        _ => "an object",
    }
}
