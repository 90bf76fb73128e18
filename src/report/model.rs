//! The report, field by field.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::baseline::{Declared, EntryUse};
use super::claim::Claim;
use super::likeness::Likeness;
use super::outcome::Outcome;
use crate::evidence::{Mismatch, Timeline};
use crate::suite::{CaseId, Level, RequirementId};

/// The reason of a rule that was left out by the caller's selection.
pub const NOT_SELECTED: &str = "not selected";

/// The result of one run of the suite against one adapter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// What was run.
    pub identity: Identity,
    /// The claim that the outcomes support.
    pub claim: Claim,
    /// The claim in a sentence, with its counts.
    pub summary: String,
    /// How many rules had which outcome.
    pub counts: Counts,
    /// The seed of every random choice of the run.
    pub seed: u32,
    /// What was asked for.
    pub options: Options,
    /// How far the adapter was contained while it ran; absent if that is not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub containment: Option<Containment>,
    /// The adapter, as it introduced itself; absent if it never did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub adapter: Option<AdapterIdentity>,
    /// Why the adapter never started, if it never did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub never_started: Option<String>,
    /// Features that a rule needs and the adapter does not claim, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unclaimed: Vec<String>,
    /// The run was interrupted: what had not run by then is untested.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub interrupted: bool,
    /// The entries of the baseline, if one was given, and what became of them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub baseline: Vec<EntryUse>,
    /// Every rule of the catalogue, in its order.
    pub rules: Vec<RuleResult>,
    /// When the run began, RFC 3339; absent in a report without times.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub started_at: Option<String>,
    /// Real time of the whole run, milliseconds.
    pub took_ms: u64,
}

impl Report {
    /// Marks a report of a run that was interrupted: it claims nothing, and says why rules are
    /// untested.
    pub fn interrupt(&mut self) {
        self.interrupted = true;
        self.claim = Claim::Partial;
        for rule in &mut self.rules {
            if rule.outcome == Outcome::Untested && rule.reason.is_none() {
                rule.reason = Some("the run was interrupted".to_owned());
            }
        }
        self.summary = format!("{} · interrupted", self.claim.summary(&self.rules, &[]));
    }
}

/// Versions of everything that took part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Version of the specification.
    pub spec: String,
    /// Digest of the suite: SHA-256 of its feature files, hex.
    pub suite: String,
    /// Version of the driver protocol.
    pub protocol_version: u32,
    /// Version of the kit.
    pub kit: String,
}

/// What was asked of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// What was run: `--reference`, or the command after `--`.
    pub subject: Vec<String>,
    /// Rules asked for; empty means all.
    pub rules: Vec<String>,
    /// Levels asked for: `must`, `should` or `all`.
    pub level: String,
    /// Whether a failing SHOULD counts.
    pub strict: bool,
    /// Factor on every wait.
    pub patience: f64,
    /// Scenarios at the same time.
    pub jobs: u32,
    /// How often each scenario ran.
    pub repeat: u32,
    /// The containment that was asked for: `auto`, `require` or `off`; empty for `auto`.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub containment: String,
    /// Which part of a divided run it was, if it was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shard: Option<Shard>,
}

/// How far the adapter was contained: what it was kept from, and what stayed open to it. An attempt
/// at what was prevented fails in the adapter, and is seen by nobody else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Containment {
    /// Whether writes outside the sandbox folders were prevented.
    pub writes: bool,
    /// Whether TCP connections elsewhere than to WeChat were prevented.
    pub connections: bool,
    /// What was prevented, in words.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub prevented: Vec<String>,
    /// What stayed open all the same, in words.
    pub open: Vec<String>,
    /// Why less was contained than can be, if so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// One part of a run that was divided: `--shard 2/3`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Its number, from 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

/// The adapter, as it introduced itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdapterIdentity {
    /// Its id.
    pub adapter_id: String,
    /// Its version.
    pub adapter_version: String,
    /// The features it claims, sorted.
    pub features: Vec<String>,
}

/// A partition of the rules by outcome; `deviation` and `stale` count rules again, beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Rules that passed.
    pub pass: u32,
    /// Rules that the adapter broke.
    pub fail: u32,
    /// Rules that could not be decided.
    pub inconclusive: u32,
    /// Rules that a fault of the kit kept from a verdict.
    pub error: u32,
    /// Rules whose feature is not claimed.
    pub not_applicable: u32,
    /// Rules for people, or not selected.
    pub untested: u32,
    /// Rules that fail as the baseline declares.
    pub deviation: u32,
    /// Rules with an entry of the baseline that no longer holds.
    pub stale: u32,
}

impl Counts {
    /// Counts rule results.
    #[must_use]
    pub fn of(rules: &[RuleResult]) -> Self {
        let mut counts = Self::default();
        for rule in rules {
            *match rule.outcome {
                Outcome::Pass => &mut counts.pass,
                Outcome::Fail => &mut counts.fail,
                Outcome::Inconclusive => &mut counts.inconclusive,
                Outcome::Error => &mut counts.error,
                Outcome::NotApplicable => &mut counts.not_applicable,
                Outcome::Untested => &mut counts.untested,
            } += 1;
            match rule.baseline {
                Some(Declared::Deviation) => counts.deviation += 1,
                Some(Declared::Stale) => counts.stale += 1,
                None => {}
            }
        }
        counts
    }
}

/// One rule and what came out of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleResult {
    /// Its id.
    pub id: RequirementId,
    /// The family's title.
    pub family: String,
    /// Its level.
    pub level: Level,
    /// The normative sentence.
    pub sentence: String,
    /// Where the sentence comes from.
    pub source: String,
    /// The outcome.
    pub outcome: Outcome,
    /// Why, for outcomes that no scenario explains (`not_applicable`, `untested`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Why the rule matters, if the catalogue says so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
    /// How it stands to the baseline, if an entry speaks of it or of one of its scenarios.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub baseline: Option<Declared>,
    /// The broken adapter of the kill matrix that fails most like this one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub resembles: Option<Likeness>,
    /// Its scenarios that ran.
    pub scenarios: Vec<CaseResult>,
}

impl RuleResult {
    /// Whether the caller's selection holds it: of a part of the suite only that part is news.
    #[must_use]
    pub fn is_selected(&self) -> bool {
        self.reason.as_deref() != Some(NOT_SELECTED)
    }
}

/// One scenario and what came out of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseResult {
    /// Its id.
    pub id: CaseId,
    /// Its name.
    pub name: String,
    /// The outcome.
    pub outcome: Outcome,
    /// The outcome explained in a sentence; of a pass, what it rests on.
    pub message: String,
    /// How it stands to the baseline, if an entry speaks of it or of its rule.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub baseline: Option<Declared>,
    /// Expectation and observation, where they part.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mismatch: Option<Mismatch>,
    /// Indexes of the timeline entries that the outcome rests on, proof of life among them.
    pub evidence: Vec<usize>,
    /// The steps, with what came of each.
    pub steps: Vec<StepResult>,
    /// Everything seen.
    pub timeline: Timeline,
    /// Length of the timeline when the scenario was judged as a whole: what follows is its end.
    /// Absent if it never came to that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub judged_at: Option<usize>,
    /// The seal of the timeline, eight hexadecimal digits an entry: it shows where an entry was
    /// changed. Absent in a report without times.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seal: Option<String>,
    /// Real time, microseconds.
    pub took_us: u64,
}

impl CaseResult {
    /// The name of the scenario, and what was found in it.
    #[must_use]
    pub fn finding(&self) -> String {
        format!("{}: {}", self.name, self.message)
    }
}

/// One step of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepResult {
    /// The sentence, keyword included.
    pub text: String,
    /// The line in the feature file.
    pub line: u32,
    /// The outcome; `untested` after an earlier step that did not pass.
    pub outcome: Outcome,
    /// Length of the timeline when the step was judged; absent for steps that judge nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub judged_at: Option<usize>,
}
