//! Closed sets of words: one list feeds the enum, its JSON, its schema and its error text.

use std::fmt::Write as _;

/// Declares a closed set. In JSON a word is a string and nothing else; a set of one is a constant.
macro_rules! words {
    (
        $(#[doc = $about:literal])*
        pub enum $name:ident { $( $(#[doc = $meaning:literal])* $variant:ident = $word:literal ),+ $(,)? }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[doc = $meaning])* #[doc = ""] #[doc = concat!("In JSON: `", $word, "`.")] $variant ),+
        }

        impl $name {
            /// Every member of the set, in the order of the specification.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Every word of the set, in the same order.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word, as it stands in JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::contract::scalar::NotAdmitted;

            fn try_from(word: &str) -> Result<Self, $crate::contract::scalar::NotAdmitted> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::contract::scalar::NotAdmitted::new("another word")),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct WordVisitor;
                impl serde::de::Visitor<'_> for WordVisitor {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                        formatter.write_str(&$crate::contract::finding::one_of($name::WORDS))
                    }

                    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<$name, E> {
                        $name::try_from(word).map_err(|_| E::unknown_variant(word, $name::WORDS))
                    }
                }
                deserializer.deserialize_str(WordVisitor)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                Self::WORDS.len() == 1
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::contract::word::schema(
                    concat!($($about, "\n"),*),
                    &[$( ($word, concat!($($meaning, "\n"),*)) ),+],
                )
            }
        }
    };
}

/// The schema of a closed set: the description says what each word means.
pub(crate) fn schema(about: &str, words: &[(&str, &str)]) -> schemars::Schema {
    let prose = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let [(word, _)] = words {
        return schemars::json_schema!({ "type": "string", "const": word });
    }
    let mut description = prose(about);
    for (word, meaning) in words {
        if !meaning.trim().is_empty() {
            let _ = write!(description, "\n- `{word}`: {}", prose(meaning));
        }
    }
    let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    schemars::json_schema!({ "type": "string", "enum": words, "description": description })
}
