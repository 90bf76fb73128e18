//! Plain values that can be ordered, and the types a value may have.

use serde_json::{Number, Value};

/// A set of JSON types; whole numbers are told from those with a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub(super) const NONE: Self = Self(0);
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const WHOLE: Self = Self(4);
    pub(super) const FRACTION: Self = Self(8);
    pub(super) const NUMBER: Self = Self(12);
    pub(super) const TEXT: Self = Self(16);
    pub(super) const ARRAY: Self = Self(32);
    pub(super) const OBJECT: Self = Self(64);
    pub(super) const ALL: Self = Self(127);
    /// Each type by itself.
    pub(super) const EACH: [Self; 7] = [
        Self::BOOLEAN,
        Self::WHOLE,
        Self::FRACTION,
        Self::TEXT,
        Self::ARRAY,
        Self::OBJECT,
        Self::NULL,
    ];

    /// The value of `type`: a name or a list of names.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let kind = |name: &Value| {
            Some(match name.as_str()? {
                "null" => Self::NULL,
                "boolean" => Self::BOOLEAN,
                "integer" => Self::WHOLE,
                "number" => Self::NUMBER,
                "string" => Self::TEXT,
                "array" => Self::ARRAY,
                "object" => Self::OBJECT,
                _ => return None,
            })
        };
        match value {
            Value::Array(names) => names
                .iter()
                .try_fold(Self::NONE, |kinds, name| Some(kinds.or(kind(name)?))),
            name => kind(name),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn not(self) -> Self {
        Self(!self.0 & Self::ALL.0)
    }

    /// Whether all of the other are among these.
    pub(super) fn hold(self, other: Self) -> bool {
        self.and(other) == other
    }

    pub(super) fn none(self) -> bool {
        self == Self::NONE
    }
}

/// A plain value. Numbers are equal by value: `1.0` is the whole number 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    Null,
    Boolean(bool),
    Whole(i128),
    /// The bits of a number with a fraction.
    Fraction(u64),
    Text(String),
}

impl Word {
    /// A value, unless it has parts.
    pub(super) fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Boolean(*value),
            Value::String(text) => Self::Text(text.clone()),
            Value::Number(number) => Self::number(number)?,
            Value::Array(_) | Value::Object(_) => return None,
        })
    }

    fn number(number: &Number) -> Option<Self> {
        if let Some(number) = number.as_i128() {
            return Some(Self::Whole(number));
        }
        let float = number.as_f64()?;
        if float.fract() == 0.0 {
            // Beyond 2^53 a float has no fraction to lose; its text is its exact value.
            return format!("{float:.0}").parse().ok().map(Self::Whole);
        }
        Some(Self::Fraction(float.to_bits()))
    }

    pub(super) fn kind(&self) -> Kinds {
        match self {
            Self::Null => Kinds::NULL,
            Self::Boolean(_) => Kinds::BOOLEAN,
            Self::Whole(_) => Kinds::WHOLE,
            Self::Fraction(_) => Kinds::FRACTION,
            Self::Text(_) => Kinds::TEXT,
        }
    }

    pub(super) fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(value) => (*value).into(),
            Self::Whole(number) => whole(*number),
            Self::Fraction(bits) => f64::from_bits(*bits).into(),
            Self::Text(text) => text.clone().into(),
        }
    }
}

/// A whole number as JSON has it.
pub(super) fn whole(number: i128) -> Value {
    match (i64::try_from(number), u64::try_from(number)) {
        (Ok(number), _) => number.into(),
        (_, Ok(number)) => number.into(),
        // Beyond both: the nearest that JSON readers keep.
        #[expect(clippy::cast_precision_loss, reason = "there is no other number here")]
        _ => (number as f64).into(),
    }
}

/// How large a value is: the characters of its text, an escaped one counted as one.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Null => 4,
        Value::Bool(value) => 5 - usize::from(*value),
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => text.chars().count() + 2,
        Value::Array(entries) => 1 + entries.len().max(1) + entries.iter().map(size).sum::<usize>(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| name.chars().count() + 3 + size(value);
            1 + members.len().max(1) + members.iter().map(member).sum::<usize>()
        }
    }
}
