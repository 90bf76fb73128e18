//! What is wrong with how a mutant was judged.

use std::fmt;

use super::trial::Trial;
use crate::mutant::Dominance;
use crate::report::Outcome;
use crate::suite::RequirementId;

/// A reason not to trust the suite, or not to trust the mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The rule that it breaks does not fail.
    Survived,
    /// The rule fails, and for something else than the mutant does.
    OtherReason(Vec<String>),
    /// A rule of another family fails as well, and the mutant does not say that it would.
    Undeclared(RequirementId, Vec<String>),
    /// The mutant says that a rule fails as well, and it does not.
    Unseen(&'static Dominance),
    /// The kit itself was at fault.
    Kit(RequirementId, Vec<String>),
}

impl Trial {
    /// Everything that is wrong with how the mutant was judged.
    #[must_use]
    pub fn doubts(&self) -> Vec<Doubt> {
        let mutant = self.mutant;
        let mut doubts = Vec::new();
        let is_own = |id: &RequirementId| id.to_string() == mutant.rule;
        match self.failing.iter().find(|(id, _)| is_own(id)) {
            Some((_, own)) if own.outcome == Outcome::Fail => {
                if !own.shows(mutant) {
                    doubts.push(Doubt::OtherReason(own.said.clone()));
                }
            }
            _ => doubts.push(Doubt::Survived),
        }
        let family = mutant
            .rule
            .rsplit_once('-')
            .map_or("", |(family, _)| family);
        for (id, failing) in &self.failing {
            let said = || failing.said.clone();
            if failing.outcome == Outcome::Error {
                doubts.push(Doubt::Kit(id.clone(), said()));
            } else if id.family().as_str() != family && !mutant.also.iter().any(|it| it.covers(id))
            {
                doubts.push(Doubt::Undeclared(id.clone(), said()));
            }
        }
        let seen = |dominance: &Dominance| self.failing.keys().any(|id| dominance.covers(id));
        let unseen = mutant.also.iter().filter(|dominance| !seen(dominance));
        doubts.extend(unseen.map(Doubt::Unseen));
        doubts
    }
}

impl Dominance {
    /// Whether it speaks of this rule.
    pub(super) fn covers(&self, id: &RequirementId) -> bool {
        self.rule == id.family().as_str() || self.rule == id.to_string()
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = |said: &[String]| said.first().cloned().unwrap_or_default();
        match self {
            Self::Survived => f.write_str("it survives: the rule that it breaks did not fail"),
            Self::OtherReason(said) => {
                write!(
                    f,
                    "its rule failed, but not for its reason: {}",
                    first(said)
                )
            }
            Self::Undeclared(id, said) => write!(
                f,
                "{id} of another family is not green, and the mutant does not say why: {}",
                first(said)
            ),
            Self::Unseen(dominance) => write!(
                f,
                "it says that {} fails as well, and it did not",
                dominance.rule
            ),
            Self::Kit(id, said) => write!(f, "a fault of the kit in {id}: {}", first(said)),
        }
    }
}
