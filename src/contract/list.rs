//! Bounded arrays, and arrays whose entries all differ.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

/// An array of `MIN` to `MAX` entries, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T, const MIN: usize, const MAX: usize>(Vec<T>);

/// An array of at most `MAX` entries, no two of them equal, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set<T, const MAX: usize>(Vec<T>);

/// An array that is too short, too long, or has an entry twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {min} to {max} entries{}", if *.distinct { ", all different" } else { "" })]
pub struct ListError {
    min: usize,
    max: usize,
    distinct: bool,
}

impl<T, const MIN: usize, const MAX: usize> TryFrom<Vec<T>> for List<T, MIN, MAX> {
    type Error = ListError;

    fn try_from(entries: Vec<T>) -> Result<Self, ListError> {
        if (MIN..=MAX).contains(&entries.len()) {
            Ok(Self(entries))
        } else {
            Err(ListError {
                min: MIN,
                max: MAX,
                distinct: false,
            })
        }
    }
}

impl<T, const MAX: usize> List<T, 0, MAX> {
    /// The first `MAX` entries; the rest is dropped.
    #[must_use]
    pub fn clip(entries: impl IntoIterator<Item = T>) -> Self {
        Self(entries.into_iter().take(MAX).collect())
    }
}

impl<T: Ord, const MAX: usize> TryFrom<Vec<T>> for Set<T, MAX> {
    type Error = ListError;

    fn try_from(entries: Vec<T>) -> Result<Self, ListError> {
        if entries.len() <= MAX && all_differ(&entries) {
            Ok(Self(entries))
        } else {
            Err(ListError {
                min: 0,
                max: MAX,
                distinct: true,
            })
        }
    }
}

pub(crate) fn all_differ<T: Ord>(entries: &[T]) -> bool {
    let mut seen = BTreeSet::new();
    entries.iter().all(|entry| seen.insert(entry))
}

impl<T, const MAX: usize> Default for List<T, 0, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> Default for Set<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MIN: usize, const MAX: usize> Deref for List<T, MIN, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const MAX: usize> Deref for Set<T, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const MIN: usize, const MAX: usize> From<List<T, MIN, MAX>> for Vec<T> {
    fn from(list: List<T, MIN, MAX>) -> Self {
        list.0
    }
}

impl<T, const MAX: usize> From<Set<T, MAX>> for Vec<T> {
    fn from(set: Set<T, MAX>) -> Self {
        set.0
    }
}

impl<T: Serialize, const MIN: usize, const MAX: usize> Serialize for List<T, MIN, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: Serialize, const MAX: usize> Serialize for Set<T, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Reads at most `MAX` entries and stops at the first one too many.
struct Entries<T, const MIN: usize, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MIN: usize, const MAX: usize> Visitor<'de>
    for Entries<T, MIN, MAX>
{
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "an array of {MIN} to {MAX} entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = sequence.next_element()? {
            entries.push(entry);
            if entries.len() > MAX {
                return Err(A::Error::invalid_length(entries.len(), &self));
            }
        }
        if entries.len() < MIN {
            return Err(A::Error::invalid_length(entries.len(), &self));
        }
        Ok(entries)
    }
}

impl<'de, T: Deserialize<'de>, const MIN: usize, const MAX: usize> Deserialize<'de>
    for List<T, MIN, MAX>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_seq(Entries::<T, MIN, MAX>(PhantomData))
            .map(Self)
    }
}

impl<'de, T: Deserialize<'de> + Ord, const MAX: usize> Deserialize<'de> for Set<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = deserializer.deserialize_seq(Entries::<T, 0, MAX>(PhantomData))?;
        Self::try_from(entries).map_err(D::Error::custom)
    }
}

impl<T: JsonSchema, const MIN: usize, const MAX: usize> JsonSchema for List<T, MIN, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}List", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        if MIN == 0 {
            json_schema!({ "type": "array", "items": items, "maxItems": MAX })
        } else {
            json_schema!({ "type": "array", "items": items, "minItems": MIN, "maxItems": MAX })
        }
    }
}

impl<T: JsonSchema, const MAX: usize> JsonSchema for Set<T, MAX> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Set", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<T>();
        json_schema!({ "type": "array", "items": items, "maxItems": MAX, "uniqueItems": true })
    }
}
