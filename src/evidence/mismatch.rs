//! The answer of a judgement: the facts it rests on, or where expectation and observation part.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Indexes of the timeline entries that a judgement rests on.
pub type Citations = Vec<usize>;

/// What a pure judgement over a timeline returns.
pub type Judgement = Result<Citations, Mismatch>;

/// Expectation and observation part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mismatch {
    /// What was expected.
    pub expected: String,
    /// What was observed instead.
    pub observed: String,
    /// Indexes of the timeline entries that show it.
    pub at: Citations,
    /// The observation needed for a judgement is missing through no fault of the adapter: the
    /// outcome is `inconclusive`, not `fail`.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub undecided: bool,
}

impl Mismatch {
    /// The adapter broke the sentence.
    #[must_use]
    pub fn new(expected: impl Into<String>, observed: impl Into<String>, at: Citations) -> Self {
        Self {
            expected: expected.into(),
            observed: observed.into(),
            at,
            undecided: false,
        }
    }

    /// The kit could not decide.
    #[must_use]
    pub fn undecided(expected: impl Into<String>, observed: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            observed: observed.into(),
            at: Citations::new(),
            undecided: true,
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}; observed {}", self.expected, self.observed)
    }
}

impl std::error::Error for Mismatch {}
