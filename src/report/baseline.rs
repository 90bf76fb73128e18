//! Deviations that an adapter's author declares: they decide the exit code, never the claim.

use std::collections::BTreeSet;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::claim::Claim;
use super::model::{CaseResult, Counts, Report, RuleResult};
use super::outcome::Outcome;
use super::plain::plain;
use crate::suite::Suite;

/// A list of rules or scenarios known to fail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The entries.
    pub entries: Vec<BaselineEntry>,
}

/// One declared deviation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineEntry {
    /// A rule id or a scenario id.
    pub id: String,
    /// Why it fails, in words.
    #[serde(deserialize_with = "some_words")]
    #[schemars(length(min = 1))]
    pub reason: String,
    /// Where it is tracked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issue: Option<String>,
    /// The last day on which the entry holds, `YYYY-MM-DD`.
    #[serde(
        skip_serializing_if = "Option::is_none",
        default,
        deserialize_with = "a_day"
    )]
    #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
    pub expires: Option<String>,
}

/// A text that is not empty, as the schema has it.
fn some_words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let words = String::deserialize(deserializer)?;
    if words.is_empty() {
        return Err(D::Error::custom("expected a reason in words"));
    }
    Ok(words)
}

/// A day as the schema has it: digits where digits belong. Whether the calendar knows the day is
/// asked when the baseline is held against a report.
fn a_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let day = String::deserialize(deserializer)?;
    let shaped = day.len() == 10
        && day.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return Err(D::Error::custom("expected a day as in 2027-01-01"));
    }
    Ok(Some(day))
}

/// How a rule or a scenario stands to the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Declared {
    /// It fails, as declared.
    Deviation,
    /// It passes all the same: the entry has to go.
    Stale,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// What it names fails, as declared.
    Deviation,
    /// What it names passes: the entry has to go.
    Stale,
    /// Its last day has passed: it declares nothing, and has to go.
    Expired,
    /// What it names came to no verdict in this run.
    Unjudged,
}

/// An entry and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryUse {
    /// The entry as it was given.
    pub entry: BaselineEntry,
    /// What became of it.
    pub state: EntryState,
}

impl BaselineEntry {
    fn covers(&self, rule: &RuleResult, case: &CaseResult) -> bool {
        self.id == rule.id.to_string() || self.id == case.id.to_string()
    }

    fn speaks_of(&self, rule: &RuleResult) -> bool {
        let id = rule.id.to_string();
        self.id
            .strip_prefix(&id)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn has_expired(&self, today: Date) -> bool {
        let last: Option<Date> = self.expires.as_ref().and_then(|day| day.parse().ok());
        last.is_some_and(|last| last < today)
    }
}

impl Baseline {
    /// Every reason for which the file cannot be used: a wrong use of the command.
    #[must_use]
    pub fn problems(&self, suite: &Suite) -> Vec<String> {
        let known: BTreeSet<String> = suite
            .requirements()
            .flat_map(|rule| {
                let cases = rule.cases.iter().map(|case| case.id.to_string());
                std::iter::once(rule.id.to_string()).chain(cases)
            })
            .collect();
        let mut seen = BTreeSet::new();
        let mut problems = Vec::new();
        for entry in &self.entries {
            let id = plain(&entry.id, 200);
            if !known.contains(&entry.id) {
                problems.push(format!("no rule and no scenario has the id `{id}`"));
            }
            if !seen.insert(&entry.id) {
                problems.push(format!("`{id}` is named twice"));
            }
            if entry.reason.trim().is_empty() {
                problems.push(format!("`{id}` has no reason"));
            }
            if let Some(day) = &entry.expires
                && day.parse::<Date>().is_err()
            {
                let day = plain(day, 40);
                problems.push(format!(
                    "`{id}` expires on `{day}`, not a day such as 2027-01-31"
                ));
            }
        }
        problems
    }

    /// The rules and scenarios it speaks of.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<&str> {
        self.entries.iter().map(|entry| entry.id.as_str()).collect()
    }

    /// The baseline that declares exactly what fails in `report`.
    ///
    /// Reasons, issues and days that stand are kept; entries that this run could not judge stay as
    /// they are. A rule all of whose scenarios fail is one entry, otherwise each failing scenario.
    #[must_use]
    pub fn updated(&self, report: &Report, today: Date) -> Self {
        let mut entries = Vec::new();
        for rule in &report.rules {
            let old: Vec<_> = self.entries.iter().filter(|e| e.speaks_of(rule)).collect();
            if !rule.outcome.is_verdict() {
                entries.extend(old.into_iter().cloned());
                continue;
            }
            let failing: Vec<_> = rule
                .scenarios
                .iter()
                .filter(|case| case.outcome == Outcome::Fail)
                .collect();
            let rule_id = rule.id.to_string();
            let whole = failing.len() == rule.scenarios.len();
            let wanted: Vec<(String, &CaseResult)> = match failing.first() {
                Some(first) if whole || old.iter().any(|entry| entry.id == rule_id) => {
                    vec![(rule_id, *first)]
                }
                _ => failing
                    .iter()
                    .map(|case| (case.id.to_string(), *case))
                    .collect(),
            };
            for (id, case) in wanted {
                let kept = old.iter().find(|entry| entry.id == id);
                entries.push(BaselineEntry {
                    reason: kept.map_or_else(
                        || format!("recorded, not yet explained: {}", plain(&case.message, 200)),
                        |entry| entry.reason.clone(),
                    ),
                    issue: kept.and_then(|entry| entry.issue.clone()),
                    expires: kept
                        .filter(|entry| !entry.has_expired(today))
                        .and_then(|entry| entry.expires.clone()),
                    id,
                });
            }
        }
        Self { entries }
    }
}

impl RuleResult {
    /// Whether it fails only as the baseline declares.
    #[must_use]
    pub fn is_declared(&self) -> bool {
        self.baseline == Some(Declared::Deviation)
    }
}

impl Report {
    /// Whether an entry of the baseline no longer holds: it fails the run until it is removed.
    #[must_use]
    pub fn has_spent_entries(&self) -> bool {
        self.baseline
            .iter()
            .any(|one| matches!(one.state, EntryState::Stale | EntryState::Expired))
    }

    /// Whether something fails, and everything that fails was declared.
    #[must_use]
    pub fn deviates_as_declared(&self) -> bool {
        let mut failing = self
            .rules
            .iter()
            .filter(|rule| rule.outcome == Outcome::Fail)
            .peekable();
        failing.peek().is_some()
            && failing.all(RuleResult::is_declared)
            && !self.has_spent_entries()
    }

    /// Holds the report against a baseline: marks rules, scenarios and entries, and says so in the
    /// summary. `today` is the day on which entries may have expired.
    pub fn declare(&mut self, baseline: &Baseline, today: Date) {
        let expired = |entry: &BaselineEntry| entry.has_expired(today);
        self.hold_against(&baseline.entries, expired);
    }

    /// The same, where somebody else knows which entries have expired.
    pub(super) fn hold_against(
        &mut self,
        entries: &[BaselineEntry],
        expired: impl Fn(&BaselineEntry) -> bool,
    ) {
        let valid: Vec<_> = entries.iter().filter(|entry| !expired(entry)).collect();
        for rule in &mut self.rules {
            rule.baseline = judge_rule(rule, &valid);
            let marks: Vec<_> = rule
                .scenarios
                .iter()
                .map(|case| judge_case(rule, case, &valid))
                .collect();
            for (case, mark) in rule.scenarios.iter_mut().zip(marks) {
                case.baseline = mark;
            }
        }
        self.baseline = entries
            .iter()
            .map(|entry| EntryUse {
                state: if expired(entry) {
                    EntryState::Expired
                } else {
                    state(entry, &self.rules)
                },
                entry: entry.clone(),
            })
            .collect();
        self.counts = Counts::of(&self.rules);
        if self.claim == Claim::NotConformant && self.deviates_as_declared() {
            let words = self.claim.words();
            if let Some(rest) = self.summary.strip_prefix(words)
                && !rest.starts_with(',')
            {
                self.summary = format!("{words}, as declared{rest}");
            }
        }
    }
}

/// A rule is stale if an entry that speaks of it is, declared if every failing scenario is.
fn judge_rule(rule: &RuleResult, entries: &[&BaselineEntry]) -> Option<Declared> {
    let covered = |case: &CaseResult| entries.iter().any(|entry| entry.covers(rule, case));
    let stale = entries
        .iter()
        .any(|entry| entry.speaks_of(rule) && outcome(entry, rule) == Some(Outcome::Pass));
    let mut failing = rule
        .scenarios
        .iter()
        .filter(|case| case.outcome == Outcome::Fail);
    if rule.outcome == Outcome::Fail && failing.all(covered) {
        Some(Declared::Deviation)
    } else {
        stale.then_some(Declared::Stale)
    }
}

fn judge_case(
    rule: &RuleResult,
    case: &CaseResult,
    entries: &[&BaselineEntry],
) -> Option<Declared> {
    let id = case.id.to_string();
    match case.outcome {
        Outcome::Fail if entries.iter().any(|entry| entry.covers(rule, case)) => {
            Some(Declared::Deviation)
        }
        Outcome::Pass if entries.iter().any(|entry| entry.id == id) => Some(Declared::Stale),
        _ => None,
    }
}

/// The outcome of what an entry names.
fn outcome(entry: &BaselineEntry, rule: &RuleResult) -> Option<Outcome> {
    if entry.id == rule.id.to_string() {
        return Some(rule.outcome);
    }
    rule.scenarios
        .iter()
        .find(|case| case.id.to_string() == entry.id)
        .map(|case| case.outcome)
}

fn state(entry: &BaselineEntry, rules: &[RuleResult]) -> EntryState {
    let named = rules
        .iter()
        .find(|rule| entry.speaks_of(rule))
        .and_then(|rule| outcome(entry, rule));
    match named {
        Some(Outcome::Fail) => EntryState::Deviation,
        Some(Outcome::Pass) => EntryState::Stale,
        _ => EntryState::Unjudged,
    }
}
