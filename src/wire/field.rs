//! How fields are read and written: defaults, 64-bit numbers, raw JSON, and faults kept in place.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Declares wire structs: every field optional, `null` read as absent, defaults not written.
macro_rules! wire {
    ($(
        $(#[$of_struct:meta])*
        $vis:vis struct $name:ident {
            $( $(#[$of_field:meta])* pub $field:ident: $kind:ty, )*
        }
    )*) => {$(
        $(#[$of_struct])*
        #[derive(Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(default)]
        $vis struct $name {
            $(
                $(#[$of_field])*
                #[serde(
                    deserialize_with = "crate::wire::field::null_is_absent",
                    skip_serializing_if = "crate::wire::field::is_default"
                )]
                pub $field: $kind,
            )*
        }

        // Bodies and tokens are never printed, not even by a panic.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
pub(super) use wire;

pub(super) fn null_is_absent<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What [`read`] could make of a JSON text.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading<T> {
    /// The value; a field that could not be read is at its default.
    pub value: T,
    /// The fields that were not of their type, sorted; `""` when the whole is no JSON object.
    pub faults: Vec<String>,
}

impl<T> Reading<T> {
    /// The value, if all of it could be read.
    pub fn whole(self) -> Option<T> {
        self.faults.is_empty().then_some(self.value)
    }
}

/// Reads a wire type field by field. A field of the wrong type is named and left at its default;
/// it does not spoil the others.
#[must_use]
pub fn read<T: DeserializeOwned + Default>(text: &str) -> Reading<T> {
    // An array would also do for serde, never for the wire.
    if text.trim_ascii_start().starts_with('{')
        && let Ok(value) = serde_json::from_str(text)
    {
        return Reading {
            value,
            faults: Vec::new(),
        };
    }
    let Ok(fields) = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(text) else {
        return Reading {
            value: T::default(),
            faults: vec![String::new()],
        };
    };
    let (good, bad): (BTreeMap<_, _>, BTreeMap<_, _>) = fields
        .into_iter()
        .partition(|(name, field)| decode::<T>(&[(name, &**field)].into()).is_some());
    let value = decode(&good.iter().map(|(name, field)| (name, &**field)).collect());
    Reading {
        value: value.unwrap_or_default(),
        faults: bad.into_keys().collect(),
    }
}

fn decode<T: DeserializeOwned>(fields: &BTreeMap<&String, &RawValue>) -> Option<T> {
    serde_json::from_str(&serde_json::to_string(fields).ok()?).ok()
}

/// JSON as it came: kept letter for letter, judged later.
#[derive(Clone)]
pub struct Raw(Box<RawValue>);

impl Raw {
    /// The JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Reads it as a wire type, as [`read`] does.
    #[must_use]
    pub fn read<T: DeserializeOwned + Default>(&self) -> Reading<T> {
        read(self.text())
    }

    /// A value as raw JSON. `None` only if the value cannot be written as JSON.
    #[must_use]
    pub fn of(value: &impl Serialize) -> Option<Self> {
        serde_json::value::to_raw_value(value).ok().map(Self)
    }

    /// A JSON text as raw JSON. `None` if it is no JSON.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        RawValue::from_string(text.to_owned()).ok().map(Self)
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({} bytes)", self.text().len())
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(from).map(Self)
    }
}

impl JsonSchema for Raw {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Raw".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!(true)
    }
    fn inline_schema() -> bool {
        true
    }
}

/// An unsigned 64-bit number, digit for digit. Read from a JSON number or from decimal text,
/// written as a number; 0 is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uint64(pub u64);

impl Uint64 {
    /// The number, unless absent.
    #[must_use]
    pub fn get(self) -> Option<u64> {
        (self.0 != 0).then_some(self.0)
    }
}

impl fmt::Display for Uint64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Uint64 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Uint64 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = u64;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an unsigned 64-bit number or its decimal digits")
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
                Ok(number)
            }
            fn visit_str<E: Error>(self, digits: &str) -> Result<u64, E> {
                let number = digits.parse::<u64>().map_err(E::custom)?;
                // `parse` also takes a plus sign.
                if digits.starts_with('+') {
                    Err(E::custom("a sign"))
                } else {
                    Ok(number)
                }
            }
        }
        from.deserialize_any(Digits).map(Self)
    }
}

impl JsonSchema for Uint64 {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Uint64".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Unsigned 64-bit number, as a number or as its decimal digits.",
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": u64::MAX},
                {"type": "string", "pattern": "^[0-9]{1,20}$"},
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    wire! {
        /// For the tests.
        struct Sample {
            pub id: Uint64,
            pub name: String,
            pub list: Vec<Raw>,
        }
    }

    #[test]
    fn absent_null_and_default_are_one_thing() {
        let read_sample = |text| read::<Sample>(text).whole().unwrap();
        assert_eq!(read_sample("{}"), Sample::default());
        assert_eq!(
            read_sample(r#"{"id":null,"name":null,"list":null}"#),
            Sample::default()
        );
        assert_eq!(
            read_sample(r#"{"id":0,"name":"","list":[],"new":1}"#),
            Sample::default()
        );
        assert_eq!(serde_json::to_string(&Sample::default()).unwrap(), "{}");
    }

    #[test]
    fn a_64_bit_number_keeps_every_digit() {
        for text in [
            r#"{"id":18446744073709551615}"#,
            r#"{"id":"18446744073709551615"}"#,
        ] {
            let sample = read::<Sample>(text).whole().unwrap();
            assert_eq!(sample.id.to_string(), "18446744073709551615");
            assert_eq!(
                serde_json::to_string(&sample).unwrap(),
                r#"{"id":18446744073709551615}"#
            );
        }
        for id in [
            "-1",
            "1.5",
            "\"+1\"",
            "\"\"",
            "\"1e3\"",
            "18446744073709551616",
            "true",
        ] {
            let reading = read::<Sample>(&format!(r#"{{"id":{id},"name":"n"}}"#));
            assert_eq!(reading.faults, ["id"], "{id}");
            assert_eq!(reading.value.name, "n", "{id}");
        }
    }

    #[test]
    fn a_fault_stays_where_it_is() {
        let text = r#"{"id":7,"name":3,"list":[1,{"a":"\ud800"},"x"]}"#;
        let reading = read::<Sample>(text);
        assert_eq!(reading.faults, ["name"]);
        assert_eq!(reading.value.id, Uint64(7));
        assert_eq!(reading.value.list[1].text(), r#"{"a":"\ud800"}"#);
        for text in ["", "7", "[]", "[7]", "{", "nonsense"] {
            assert_eq!(read::<Sample>(text).faults, [""], "{text}");
        }
    }

    #[test]
    fn nothing_of_a_body_is_printed() {
        let sample = Sample {
            name: "a body".into(),
            ..Sample::default()
        };
        assert_eq!(format!("{sample:?}"), "Sample { .. }");
    }
}
