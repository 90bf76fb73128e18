//! What a scenario means to whoever waits for a green build: the same answer in every face.

use super::baseline::Declared;
use super::model::{CaseResult, Options, RuleResult};
use super::outcome::Outcome;

/// What a scenario means to a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// It passed.
    Open,
    /// It breaks the build: a binding rule failed undeclared, or an entry of the baseline is stale.
    Shut,
    /// It failed, and the build goes on: a SHOULD, or a declared deviation.
    Noted(&'static str),
    /// There is no verdict on the adapter.
    Undecided,
    /// It did not run.
    Skipped,
}

impl Gate {
    /// What `case` of `rule` means to a build under `options`.
    pub(super) fn of(rule: &RuleResult, case: &CaseResult, options: &Options) -> Self {
        match case.outcome {
            Outcome::Pass if case.baseline == Some(Declared::Stale) => Self::Shut,
            Outcome::Pass => Self::Open,
            Outcome::Fail if case.baseline == Some(Declared::Deviation) => {
                Self::Noted("a deviation that the baseline declares")
            }
            Outcome::Fail if rule.level.binds() || options.strict => Self::Shut,
            Outcome::Fail => Self::Noted("a recommendation, not a condition"),
            Outcome::Inconclusive | Outcome::Error => Self::Undecided,
            Outcome::NotApplicable | Outcome::Untested => Self::Skipped,
        }
    }
}

/// A stale mark and what to do about it.
pub(super) const STALE: &str = "passes, though the baseline declares a failure: remove its entry";
