//! The exit code of a run: a pure function of its report.

use super::claim::Claim;
use super::model::{Report, RuleResult};
use super::outcome::Outcome;

impl Report {
    /// 1 a binding rule failed undeclared, or an entry of the baseline no longer holds; else 70 a
    /// fault of the kit; else 3 undecided, nothing executed or never started; else 0.
    ///
    /// With `strict` a SHOULD binds like a MUST. (2, a wrong use of the command, has no report.)
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let binds = |rule: &&RuleResult| self.options.strict || rule.level.binds();
        let any = |outcome: Outcome| {
            self.rules
                .iter()
                .filter(binds)
                .any(|rule| rule.outcome == outcome && !rule.is_declared())
        };
        let faulty_kit = self.rules.iter().any(|rule| {
            rule.outcome == Outcome::Error
                || rule
                    .scenarios
                    .iter()
                    .any(|case| case.outcome == Outcome::Error)
        });
        if any(Outcome::Fail) || self.has_spent_entries() {
            1
        } else if faulty_kit {
            70
        } else if self.interrupted
            || self.never_started.is_some()
            || self.claim == Claim::Inconclusive
            || any(Outcome::Inconclusive)
            || !self.rules.iter().any(|rule| rule.outcome.is_verdict())
        {
            3
        } else {
            0
        }
    }
}
