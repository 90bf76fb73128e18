//! One normative sentence with an id, and the cases that prove it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::id::{CaseId, RequirementId};
use crate::contract::Feature;

/// How binding a requirement is, in the words of RFC 2119.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Level {
    /// Binding.
    #[serde(rename = "MUST")]
    Must,
    /// A binding prohibition.
    #[serde(rename = "MUST NOT")]
    MustNot,
    /// Recommended.
    #[serde(rename = "SHOULD")]
    Should,
    /// Advised against.
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
    /// Allowed.
    #[serde(rename = "MAY")]
    May,
}

impl Level {
    /// Every level, most binding first.
    pub const ALL: [Self; 5] = [
        Self::Must,
        Self::MustNot,
        Self::Should,
        Self::ShouldNot,
        Self::May,
    ];

    /// The keyword as it stands in a sentence.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST NOT",
            Self::Should => "SHOULD",
            Self::ShouldNot => "SHOULD NOT",
            Self::May => "MAY",
        }
    }

    /// The tag that carries it.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST-NOT",
            Self::Should => "SHOULD",
            Self::ShouldNot => "SHOULD-NOT",
            Self::May => "MAY",
        }
    }

    /// Whether a failure breaks conformance.
    #[must_use]
    pub fn binds(self) -> bool {
        matches!(self, Self::Must | Self::MustNot)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.keyword())
    }
}

/// Who said the sentence first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A sentence of WeChat Integration v0 with this level.
    Seed,
    /// An AIOS contract that the seed leans on.
    Aios,
    /// Our decision where both are silent; recorded in `spec/interpretations.md`.
    Kit,
}

impl Origin {
    /// The word as it opens a `Source:` line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seed => "seed",
            Self::Aios => "aios",
            Self::Kit => "kit",
        }
    }
}

/// Whether the suite can judge a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Scenarios judge it.
    Executable,
    /// Only a person can.
    Review,
}

/// One requirement.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// Its id.
    pub id: RequirementId,
    /// Its level.
    pub level: Level,
    /// The normative sentence.
    pub sentence: String,
    /// Who said it.
    pub origin: Origin,
    /// Where it was said: the text of the `Source:` line.
    pub source: String,
    /// Why it matters, if the catalogue says so.
    pub why: Option<String>,
    /// Features an adapter has to claim for the rule to apply.
    pub needs: Vec<Feature>,
    /// Whether a pass proves something only of an adapter that can reach nothing else.
    pub contained: bool,
    /// Whether scenarios judge it.
    pub mode: Mode,
    /// Its cases, outline rows expanded.
    pub cases: Vec<Case>,
    /// The feature file, as embedded (`features/…`).
    pub file: String,
    /// The line of the `Rule:` keyword.
    pub line: usize,
}

/// One scenario, or one row of an outline: what is run.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// Its name, with the row's values in place.
    pub name: String,
    /// Features needed beyond those of the rule.
    pub needs: Vec<Feature>,
    /// Life has to be proven by a faultless control process before the scenario begins.
    pub control: bool,
    /// Costs real seconds with an adapter that does not claim virtual time.
    pub slow: bool,
    /// Background and own steps, in order.
    pub steps: Vec<gherkin::Step>,
    /// The line of the scenario, or of the row.
    pub line: usize,
}
