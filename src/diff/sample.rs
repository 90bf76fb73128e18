//! Documents drawn by chance: known ones, changed in one or two places.
//!
//! The search proves that there is no document; this looks for one all the same, with nothing but the
//! schemas' own words and bounds. What it finds is checked by the validators alone.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Draws documents that are near to known ones.
pub(super) struct Sampler {
    random: fastrand::Rng,
    known: Vec<Value>,
    /// Values that a schema names, and the neighbours of its bounds.
    values: Vec<Value>,
    names: Vec<String>,
}

/// Longest text and array that is drawn.
const LONGEST: u64 = 5_000;

impl Sampler {
    /// Draws from known documents and from what the schemas name.
    pub(super) fn new(schemas: [&Value; 2], known: &[Value], seed: u64) -> Self {
        let mut texts = BTreeSet::new();
        let mut names = BTreeSet::new();
        for schema in schemas {
            collect(schema, &mut texts, &mut names);
        }
        for plain in [
            json!(0),
            json!(0.5),
            json!(""),
            json!("a"),
            json!(true),
            json!(null),
            json!([]),
            json!({}),
        ] {
            texts.insert(plain.to_string());
        }
        let mut known = known.to_vec();
        for schema in schemas {
            known.extend(
                schema
                    .get("examples")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
        }
        let values = texts
            .iter()
            .filter_map(|text| serde_json::from_str(text).ok());
        Self {
            random: fastrand::Rng::with_seed(seed),
            values: values.collect(),
            names: names.into_iter().collect(),
            known,
        }
    }

    /// A document; `None` if nothing is known to begin with.
    pub(super) fn draw(&mut self) -> Option<Value> {
        let mut document = self.random.choice(&self.known)?.clone();
        for _ in 0..self.random.usize(0..3) {
            self.change(&mut document);
        }
        Some(document)
    }

    fn change(&mut self, value: &mut Value) {
        // Half of the time one step further down, if there is one.
        let deeper = self.random.u8(0..4) > 0;
        match value {
            Value::Object(members) if deeper && !members.is_empty() => {
                let at = self.random.usize(0..members.len());
                if let Some(member) = members.values_mut().nth(at) {
                    self.change(member);
                }
            }
            Value::Array(entries) if deeper && !entries.is_empty() => {
                let at = self.random.usize(0..entries.len());
                self.change(&mut entries[at]);
            }
            Value::Object(members) => self.members(members),
            Value::Array(entries) if self.random.bool() => match entries.first().cloned() {
                Some(first) => entries.push(first),
                None => entries.extend(self.any()),
            },
            value => {
                if let Some(other) = self.any() {
                    *value = other;
                }
            }
        }
    }

    fn members(&mut self, members: &mut Map<String, Value>) {
        if self.random.bool() && !members.is_empty() {
            let at = self.random.usize(0..members.len());
            if let Some(name) = members.keys().nth(at).cloned() {
                members.remove(&name);
            }
        } else if let (Some(name), Some(value)) =
            (self.random.choice(&self.names).cloned(), self.any())
        {
            members.insert(name, value);
        }
    }

    fn any(&mut self) -> Option<Value> {
        self.random.choice(&self.values).cloned()
    }
}

/// The words, the neighbours of bounds and the names that a schema speaks of.
fn collect(schema: &Value, values: &mut BTreeSet<String>, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(keywords) => {
            for (keyword, value) in keywords {
                match (keyword.as_str(), value) {
                    ("const", value) => drop(values.insert(value.to_string())),
                    ("enum", Value::Array(words)) => {
                        values.extend(words.iter().map(Value::to_string));
                    }
                    ("minimum" | "maximum", Value::Number(bound)) => {
                        if let Some(bound) = bound.as_i64() {
                            let near = [bound.saturating_sub(1), bound, bound.saturating_add(1)];
                            values.extend(near.map(|number| number.to_string()));
                        }
                    }
                    ("minLength" | "maxLength", bound) => {
                        let lengths = near(bound);
                        values.extend(lengths.map(|length| json!("a".repeat(length)).to_string()));
                    }
                    ("minItems" | "maxItems", bound) => {
                        let lengths = near(bound);
                        values.extend(lengths.map(|length| {
                            let entries: Vec<String> =
                                (0..length).map(|number| format!("a{number}")).collect();
                            json!(entries).to_string()
                        }));
                    }
                    ("properties", Value::Object(members)) => names.extend(members.keys().cloned()),
                    ("examples" | "description", _) => continue,
                    _ => {}
                }
                collect(value, values, names);
            }
        }
        Value::Array(parts) => parts.iter().for_each(|part| collect(part, values, names)),
        _ => {}
    }
}

fn near(bound: &Value) -> impl Iterator<Item = usize> {
    let bound = bound.as_u64().unwrap_or(0);
    let near = [bound.saturating_sub(1), bound, bound.saturating_add(1)];
    near.into_iter()
        .filter(|length| *length <= LONGEST)
        .filter_map(|length| usize::try_from(length).ok())
}
