//! What changed between two catalogues, and what that means for an adapter that conforms.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::suite::{Level, Mode, Requirement, RequirementId, Suite};

/// How a change of a rule touches an adapter that conforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleEffect {
    /// A rule that was not there: a conforming adapter may fail it.
    Added,
    /// A rule that is gone.
    Removed,
    /// It asks for more, or of more adapters: a conforming adapter may fail it.
    Tightened,
    /// It asks for less, or of fewer: a conforming adapter still conforms.
    Loosened,
    /// Its words changed; a person has to say what that means.
    Reworded,
    /// Its proof changed: the same sentence may be judged differently.
    Proof,
}

impl RuleEffect {
    /// The labels of the changelog that announce it, the usual one first.
    #[must_use]
    pub fn labels(self) -> &'static [&'static str] {
        match self {
            Self::Added => &["Added rule"],
            Self::Removed => &["Removed rule"],
            Self::Tightened => &["Tightened"],
            Self::Loosened => &["Loosened"],
            Self::Reworded => &["Clarified", "Tightened", "Loosened"],
            Self::Proof => &["Kit", "Clarified", "Tightened", "Loosened"],
        }
    }

    /// What it means for an adapter that conforms, where the rule now has this level.
    #[must_use]
    pub fn meaning(self, level: Level) -> &'static str {
        match self {
            Self::Added | Self::Tightened if level.binds() => {
                "an adapter that conforms may fail it"
            }
            Self::Added | Self::Tightened if level == Level::May => {
                "an adapter that conforms still conforms"
            }
            Self::Added | Self::Tightened => "an adapter that conforms may get a note for it",
            Self::Removed | Self::Loosened => "an adapter that conforms still conforms",
            Self::Reworded => "a person has to say whether it asks for more, less or the same",
            Self::Proof => "the same sentence is judged by other scenarios: a verdict may change",
        }
    }
}

impl fmt::Display for RuleEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Tightened => "tightened",
            Self::Loosened => "loosened",
            Self::Reworded => "reworded",
            Self::Proof => "proof changed",
        })
    }
}

/// One change of one rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RuleChange {
    /// The rule.
    pub id: RequirementId,
    /// How it touches adapters.
    pub effect: RuleEffect,
    /// What changed, in words.
    pub what: String,
    /// What that means for an adapter that conforms.
    pub meaning: &'static str,
    /// Whether an adapter that conforms may no longer do so.
    pub breaks: bool,
}

/// Every change between two catalogues, by rule.
#[must_use]
pub fn compare_rules(old: &Suite, new: &Suite) -> Vec<RuleChange> {
    let index = |suite| -> BTreeMap<RequirementId, &Requirement> {
        Suite::requirements(suite)
            .map(|rule| (rule.id.clone(), rule))
            .collect()
    };
    let (old, new) = (index(old), index(new));
    let mut changes = Vec::new();
    for (id, rule) in &new {
        match old.get(id) {
            None => changes.push(change(rule, RuleEffect::Added, rule.sentence.clone())),
            Some(former) => changes.extend(one(former, rule)),
        }
    }
    for (id, rule) in &old {
        if !new.contains_key(id) {
            let what = format!("it said `{}`; its id is never used again", rule.sentence);
            changes.push(change(rule, RuleEffect::Removed, what));
        }
    }
    changes.sort();
    changes
}

fn change(rule: &Requirement, effect: RuleEffect, what: String) -> RuleChange {
    let more = matches!(effect, RuleEffect::Added | RuleEffect::Tightened);
    RuleChange {
        id: rule.id.clone(),
        effect,
        what,
        meaning: effect.meaning(rule.level),
        breaks: more && rule.level.binds(),
    }
}

fn strength(level: Level) -> u8 {
    match level {
        Level::Must | Level::MustNot => 2,
        Level::Should | Level::ShouldNot => 1,
        Level::May => 0,
    }
}

fn one(old: &Requirement, new: &Requirement) -> Vec<RuleChange> {
    let mut changes = Vec::new();
    let mut change = |effect, what: String| changes.push(change(new, effect, what));
    if old.level != new.level {
        let what = format!("the level was {} and is {}", old.level, new.level);
        match strength(new.level).cmp(&strength(old.level)) {
            std::cmp::Ordering::Greater => change(RuleEffect::Tightened, what),
            std::cmp::Ordering::Less => change(RuleEffect::Loosened, what),
            std::cmp::Ordering::Equal => change(RuleEffect::Reworded, what),
        }
    }
    for need in new.needs.iter().filter(|need| !old.needs.contains(need)) {
        change(
            RuleEffect::Loosened,
            format!("it applies only to adapters that claim {need}"),
        );
    }
    for need in old.needs.iter().filter(|need| !new.needs.contains(need)) {
        change(
            RuleEffect::Tightened,
            format!("it applies also to adapters that do not claim {need}"),
        );
    }
    match (old.mode, new.mode) {
        (Mode::Review, Mode::Executable) => {
            change(
                RuleEffect::Tightened,
                "it was judged by a person and is by scenarios".to_owned(),
            );
        }
        (Mode::Executable, Mode::Review) => {
            change(
                RuleEffect::Loosened,
                "it was judged by scenarios and is by a person".to_owned(),
            );
        }
        _ => {}
    }
    let words = |rule: &Requirement| rule.sentence.replacen(rule.level.keyword(), "…", 1);
    if words(old) != words(new) {
        change(
            RuleEffect::Reworded,
            format!("it said `{}` and says `{}`", old.sentence, new.sentence),
        );
    }
    let proof = |rule: &Requirement| -> Vec<(String, Vec<String>)> {
        let steps = |case: &crate::suite::Case| {
            case.steps
                .iter()
                .map(|step| format!("{} {}", step.keyword.trim(), step.value))
                .collect()
        };
        rule.cases
            .iter()
            .map(|case| (case.id.to_string(), steps(case)))
            .collect()
    };
    let (before, after) = (proof(old), proof(new));
    let name = |(id, _): &(String, Vec<String>)| id.split('/').nth(1).unwrap_or(id).to_owned();
    let differing =
        |one: &[(String, Vec<String>)], other: &[(String, Vec<String>)]| -> Vec<String> {
            one.iter()
                .filter(|case| !other.contains(case))
                .map(name)
                .collect()
        };
    let (gone, come) = (differing(&before, &after), differing(&after, &before));
    if !gone.is_empty() || !come.is_empty() {
        let list = |names: &[String]| {
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        };
        change(
            RuleEffect::Proof,
            format!("scenarios before: {}; now: {}", list(&gone), list(&come)),
        );
    }
    changes
}
