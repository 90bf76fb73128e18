//! Names of families, requirements and cases: parsed once, ordered, printed back as they were.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// The code of a family of requirements, such as `WX-DEDUP`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FamilyCode(String);

impl FamilyCode {
    /// The code as it is written in tags.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FamilyCode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let letters = text.strip_prefix("WX-").unwrap_or("");
        if letters.is_empty() || !letters.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(format!("`{text}` is not a family code such as WX-DEDUP"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for FamilyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a requirement, such as `WX-DEDUP-001`. Never renumbered, never reused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequirementId {
    family: FamilyCode,
    number: u16,
}

impl RequirementId {
    /// The family that the requirement belongs to.
    #[must_use]
    pub fn family(&self) -> &FamilyCode {
        &self.family
    }

    /// The number within the family, 1 to 999.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}

impl FromStr for RequirementId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a requirement id such as WX-DEDUP-001");
        let (family, digits) = text.rsplit_once('-').ok_or_else(wrong)?;
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) || digits == "000" {
            return Err(wrong());
        }
        Ok(Self {
            family: family.parse().map_err(|_| wrong())?,
            number: digits.parse().map_err(|_| wrong())?,
        })
    }
}

impl fmt::Display for RequirementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:03}", self.family, self.number)
    }
}

/// The id of a case, `<RULE>/<slug of its name>` and, for a row of an outline, `[row]`.
///
/// It moves with no line: it depends on the words of the scenario alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseId {
    rule: RequirementId,
    slug: String,
}

impl CaseId {
    /// Names a case of a rule; `row` is the first cell of an outline's row.
    #[must_use]
    pub fn new(rule: &RequirementId, name: &str, row: Option<&str>) -> Self {
        let mut text = slug(name);
        if let Some(row) = row {
            text = format!("{text}[{}]", slug(row));
        }
        Self {
            rule: rule.clone(),
            slug: text,
        }
    }

    /// The requirement that the case proves.
    #[must_use]
    pub fn rule(&self) -> &RequirementId {
        &self.rule
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.rule, self.slug)
    }
}

/// Lower-case letters and digits of a name, everything else a single hyphen.
#[must_use]
pub fn slug(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.truncate(out.trim_end_matches('-').len());
    out
}

macro_rules! serialize_as_text {
    ($($name:ident, $pattern:literal);* $(;)?) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "pattern": $pattern})
            }
        }
    )*};
}

serialize_as_text! {
    FamilyCode, "^WX-[A-Z]+$";
    RequirementId, "^WX-[A-Z]+-[0-9]{3}$";
    CaseId, "^WX-[A-Z]+-[0-9]{3}/.+$";
}

impl FromStr for CaseId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a scenario id such as WX-DEDUP-001/a-redelivery");
        let (rule, slug) = text.split_once('/').ok_or_else(wrong)?;
        if slug.is_empty() {
            return Err(wrong());
        }
        Ok(Self {
            rule: rule.parse().map_err(|_| wrong())?,
            slug: slug.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_printed_as_it_was_written() {
        for text in ["WX-DEDUP-001", "WX-A-999"] {
            assert_eq!(text.parse::<RequirementId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_malformed_id_is_refused() {
        for text in [
            "WX-DEDUP-1",
            "WX-DEDUP-0001",
            "WX-DEDUP-000",
            "wx-dedup-001",
            "DEDUP-001",
            "",
        ] {
            assert!(text.parse::<RequirementId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_slug_keeps_letters_and_digits_of_any_script() {
        assert_eq!(
            slug("WeChat redelivers — twice!"),
            "wechat-redelivers-twice"
        );
        assert_eq!(slug("  你好, 1  "), "你好-1");
    }
}
