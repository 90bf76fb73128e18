//! A report judged again from what it recorded: offline, without the adapter.

use std::collections::BTreeMap;
use std::fmt;

use futures_util::FutureExt;
use gherkin::StepType;
use serde_json::Value;

use super::attempt::{Attempt, Verdict};
use super::bench::Bench;
use super::binding::Binding;
use super::containment::uncontained;
use super::engine::seed_of;
use super::plan::{self, Levels, Selection};
use super::preflight::Preflight;
use super::unclaimed;
use crate::contract::{self, InboundEvent};
use crate::evidence::{Fact, Timeline};
use crate::report::{CaseResult, Report, RuleResult};
use crate::session::{Cast, Known, Person, Stop, Tags};
use crate::suite::{Case, RequirementId, Suite};

/// Something in a report that does not follow from what it recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// A rule, a scenario, or `report`.
    pub place: String,
    /// What differs, in a sentence.
    pub what: String,
}

impl fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Derives every verdict of a report again from its timelines, and everything that follows from
/// the verdicts; says what differs, in the order of the report.
///
/// # Errors
/// Why the report cannot be verified: it was made with another suite, or written without times.
pub fn verify(suite: &Suite, report: &Report) -> Result<Vec<Discrepancy>, String> {
    if report.identity.suite != suite.digest {
        return Err(format!(
            "the report was made with the suite {}, this kit holds {}: verify it with the kit {} that made it",
            report.identity.suite, suite.digest, report.identity.kit
        ));
    }
    let scenarios = || report.rules.iter().flat_map(|rule| &rule.scenarios);
    if scenarios().any(|case| case.seal.is_none()) {
        return Err(
            "the report has scenarios without a seal: it was written without times, and what it recorded with them is gone"
                .to_owned(),
        );
    }
    let mut audit = Audit {
        suite,
        report,
        binding: Binding::of(suite).0,
        found: Vec::new(),
    };
    audit.introduction();
    audit.run()?;
    Ok(audit.found)
}

struct Audit<'r> {
    suite: &'r Suite,
    report: &'r Report,
    binding: Binding,
    found: Vec<Discrepancy>,
}

impl Audit<'_> {
    fn note(&mut self, place: impl fmt::Display, what: impl Into<String>) {
        self.found.push(Discrepancy {
            place: place.to_string(),
            what: what.into(),
        });
    }

    /// What the adapter claims decides what applies to it: a scenario must have heard it say so.
    fn introduction(&mut self) {
        let heard = |case: &CaseResult| -> Vec<Vec<String>> {
            let told = case.timeline.facts().filter_map(|(_, fact)| match fact {
                Fact::Told { method, result, .. } if method == "initialize" => result.as_ref(),
                _ => None,
            });
            told.map(features).collect()
        };
        let cases = self.report.rules.iter().flat_map(|rule| &rule.scenarios);
        let heard: Vec<Vec<String>> = cases.flat_map(heard).collect();
        let Some(first) = heard.first() else { return };
        let claimed = self
            .report
            .adapter
            .as_ref()
            .map(|adapter| &adapter.features);
        if !heard.iter().any(|features| Some(features) == claimed) {
            let what = format!(
                "it says that the adapter claims {:?}; in its scenarios the adapter claims {first:?}",
                claimed.map_or(&[][..], Vec::as_slice)
            );
            self.note("report", what);
        }
    }

    /// Folds the run again from its timelines and compares.
    fn run(&mut self) -> Result<(), String> {
        let report = self.report;
        let preflight = Preflight {
            known: Known {
                features: report
                    .adapter
                    .iter()
                    .flat_map(|adapter| adapter.features.iter().cloned())
                    .collect(),
            },
            adapter: report.adapter.clone(),
            never_started: report.never_started.clone(),
            timeline: Timeline::default(),
        };
        let selection = selection(report)?;
        let plan = plan::plan(self.suite, &selection, &preflight);
        let mut due: BTreeMap<&RequirementId, Vec<&Case>> = BTreeMap::new();
        for (requirement, case) in plan.cases() {
            due.entry(&requirement.id).or_default().push(case);
        }
        let mut derived = Vec::new();
        for rule in &report.rules {
            let due = due.remove(&rule.id).unwrap_or_default();
            derived.extend(self.rule(rule, &due));
        }
        for (id, _) in due {
            self.note(id, "the rule is missing");
        }
        let mut again = report.clone();
        again.rules = plan.fold(self.suite, &preflight, derived);
        again.unclaimed = unclaimed(self.suite, &again.rules);
        again.fold_again(selection.is_partial());
        if report.interrupted {
            again.interrupt();
        }
        self.compare(&again);
        Ok(())
    }

    /// The scenarios of a rule, judged again; those that are missing or unknown are noted.
    fn rule(&mut self, rule: &RuleResult, due: &[&Case]) -> Vec<CaseResult> {
        let rounds = self.report.options.repeat.max(1) as usize;
        let mut derived = Vec::new();
        for case in due {
            let present = rule.scenarios.iter().filter(|one| one.id == case.id);
            match present.count() {
                // What had not run when the run was interrupted is not missing.
                count if count == rounds || (self.report.interrupted && count < rounds) => {}
                0 => self.note(&case.id, "the scenario is missing"),
                count => self.note(
                    &case.id,
                    format!("the scenario is there {count} times, and ran {rounds} time(s)"),
                ),
            }
        }
        for recorded in &rule.scenarios {
            let Some(case) = due.iter().find(|case| case.id == recorded.id) else {
                let what = "no such scenario was to run, by the suite, the options and the adapter's claims";
                self.note(&recorded.id, what);
                continue;
            };
            derived.push(self.case(case, recorded));
        }
        derived
    }

    /// One scenario, judged again.
    fn case(&mut self, case: &Case, recorded: &CaseResult) -> CaseResult {
        let timeline = &recorded.timeline;
        let seal = recorded.seal.as_deref().unwrap_or_default();
        if let Some(at) = timeline.broken_at(seal) {
            let entry = timeline.entries().get(at);
            let entry = entry.and_then(|entry| serde_json::to_value(&entry.what).ok());
            let what = entry.map_or_else(
                || format!("the timeline ends before its entry {at}, which its seal covers"),
                |fact| {
                    let name = fact["fact"].as_str().unwrap_or_default().to_owned();
                    format!("entry {at} of the timeline ({name}) does not fit its seal")
                },
            );
            self.note(&recorded.id, what);
        }
        self.documents(recorded);
        let derived = match self.judge(case, recorded) {
            Ok(attempt) => {
                let rule = self.suite.requirement(recorded.id.rule());
                let contained = rule.is_some_and(|rule| rule.contained);
                let containment = self.report.containment.as_ref();
                let uncontained = containment.and_then(uncontained);
                attempt.verdict().unless(contained, uncontained.as_deref())
            }
            Err(what) => {
                self.note(&recorded.id, what);
                return recorded.clone();
            }
        };
        if let Some(what) = difference(&derived, recorded) {
            self.note(&recorded.id, what);
        }
        CaseResult {
            name: case.name.clone(),
            outcome: derived.outcome,
            message: derived.message,
            mismatch: derived.mismatch,
            evidence: derived.evidence,
            steps: derived.steps,
            ..recorded.clone()
        }
    }

    /// What the contract says of every event has to be what it says of the document.
    fn documents(&mut self, recorded: &CaseResult) {
        for (at, fact) in recorded.timeline.facts() {
            if let Fact::Event {
                document, findings, ..
            } = fact
            {
                let sound = contract::decode::<InboundEvent>(document).is_ok();
                if sound != findings.is_empty() {
                    let what = format!(
                        "entry {at} of the timeline says that the event {} by the contract, which it is not",
                        if sound { "is invalid" } else { "is valid" }
                    );
                    self.note(&recorded.id, what);
                }
            }
        }
    }

    /// Runs the judging steps over the timeline. The error says why that is not possible.
    fn judge(&self, case: &Case, recorded: &CaseResult) -> Result<Attempt, String> {
        let timeline = &recorded.timeline;
        let seed = self.report.seed;
        let people = Cast::draw(seed_of(seed, &case.id, false), &Tags::of(seed));
        if !speaks_of(timeline, &people) {
            return Err(format!(
                "the timeline has none of the people of the seed {}",
                self.report.seed
            ));
        }
        let mut attempt = Attempt::at(case);
        let marks: Vec<(usize, &str)> = timeline
            .facts()
            .filter_map(|(at, fact)| match fact {
                Fact::Step { text } => Some((at, text.as_str())),
                _ => None,
            })
            .collect();
        if marks.is_empty() {
            attempt.stop = stopped(timeline, 0, timeline.len());
            return match attempt.stop {
                Some(_) => Ok(attempt),
                None => Err("the timeline has no step".to_owned()),
            };
        }
        let mut judged = 0;
        for (index, (at, text)) in marks.iter().enumerate() {
            let end = marks.get(index + 1).map_or(timeline.len(), |mark| mark.0);
            let (own, _) = attempt.begin_step();
            if own != *text {
                return Err(format!(
                    "entry {at} of the timeline is the step `{text}`, and the suite has `{own}`"
                ));
            }
            let length = recorded.steps.get(index).and_then(|step| step.judged_at);
            if length.is_some_and(|length| length <= *at || length > end) {
                return Err(format!(
                    "the step `{text}` was not judged where the report says"
                ));
            }
            let step = case.steps.get(index).ok_or("a step too many")?;
            let last = index + 1 == marks.len();
            let stopper = if let (StepType::Then, Some(length)) = (step.ty, length) {
                let mut bench = Bench::recorded(timeline.up_to(length), people.clone());
                self.binding
                    .judge(&mut bench, step)
                    .now_or_never()
                    .unwrap_or_else(|| Err("the step waits for something".to_owned()))?;
                judged = length;
                attempt.rule(bench.rise().0)
            } else {
                let stopper = stopped(timeline, *at, end);
                if stopper.is_none() && step.ty == StepType::Then {
                    return Err(format!("the step `{text}` was never judged"));
                }
                stopper
            };
            let stops = stopper.is_some();
            attempt.end_step(stopper);
            if stops && !last {
                return Err(format!("the timeline goes on after the step `{text}`"));
            }
        }
        if attempt.stop.is_none() && marks.len() < case.steps.len() {
            return Err(format!(
                "the timeline breaks off after {} of {} steps",
                marks.len(),
                case.steps.len()
            ));
        }
        let closed = recorded
            .judged_at
            .filter(|length| *length <= timeline.len());
        if attempt.stop.is_none() {
            attempt.stop = stopped(timeline, judged, closed.unwrap_or(timeline.len()));
        }
        match closed {
            Some(length) => attempt.close(&timeline.up_to(length)),
            None if attempt.stop.is_none() => {
                return Err("the scenario was never judged as a whole".to_owned());
            }
            None => {}
        }
        if attempt.stop.is_none() {
            attempt.stop = stopped(timeline, closed.unwrap_or(0), timeline.len());
        }
        Ok(attempt)
    }

    /// Everything that follows from the verdicts.
    fn compare(&mut self, again: &Report) {
        let report = self.report;
        let rules = |report: &Report| -> Vec<RequirementId> {
            report.rules.iter().map(|rule| rule.id.clone()).collect()
        };
        if rules(report) != rules(again) {
            self.note(
                "report",
                "its rules are not those of the suite, in their order",
            );
            return;
        }
        for (told, derived) in report.rules.iter().zip(&again.rules) {
            if told.outcome != derived.outcome {
                let what = format!(
                    "the outcome of the rule is {} in the report, and {} by its scenarios",
                    told.outcome, derived.outcome
                );
                self.note(&told.id, what);
            }
            let words = |rule: &RuleResult| {
                (
                    rule.level,
                    rule.sentence.clone(),
                    rule.source.clone(),
                    rule.why.clone(),
                    rule.family.clone(),
                    rule.reason.clone(),
                )
            };
            if words(told) != words(derived) {
                self.note(&told.id, "its words are not those of the suite");
            }
            if told.baseline != derived.baseline {
                self.note(&told.id, "its mark does not follow from the baseline");
            }
        }
        for (what, told, derived) in [
            ("claim", report.claim.words(), again.claim.words()),
            ("summary", &report.summary, &again.summary),
        ] {
            if told != derived {
                let what =
                    format!("the {what} is `{told}` in the report, and `{derived}` by its rules");
                self.note("report", what);
            }
        }
        if report.counts != again.counts {
            self.note("report", "the counts are not those of its rules");
        }
        if report.unclaimed != again.unclaimed {
            self.note(
                "report",
                "the features not claimed are not those of its rules",
            );
        }
        if report.baseline != again.baseline {
            self.note("report", "the baseline is not used as the rules have it");
        }
    }
}

/// What was asked of the run.
fn selection(report: &Report) -> Result<Selection, String> {
    let levels = [Levels::Must, Levels::Should, Levels::All];
    let level = &report.options.level;
    Ok(Selection {
        rules: report
            .options
            .rules
            .iter()
            .map(|id| id.parse())
            .collect::<Result<_, String>>()?,
        levels: levels
            .into_iter()
            .find(|levels| levels.as_str() == level)
            .ok_or_else(|| format!("the report asks for the level `{level}`"))?,
        shard: report.options.shard,
    })
}

fn features(introduction: &Value) -> Vec<String> {
    let features = introduction.pointer("/capabilities/supported_features");
    let words = features.and_then(Value::as_array).into_iter().flatten();
    let mut words: Vec<String> = words
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect();
    words.sort();
    words.dedup();
    words
}

/// Whether a timeline is that of a scenario with these people; one that came to nothing is.
pub(super) fn speaks_of(timeline: &Timeline, cast: &Cast) -> bool {
    let people = [Person::Owner, Person::Friend, Person::Stranger].map(|who| cast.person(who));
    // A control process, which has a cast of its own, comes before the first step.
    let own = timeline
        .facts()
        .skip_while(|(_, fact)| !matches!(fact, Fact::Step { .. }));
    let mut starts = own.filter_map(|(_, fact)| match fact {
        Fact::Asked { method, params, .. } if method == "start" => Some(params.to_string()),
        _ => None,
    });
    starts.all(|start| people.iter().any(|who| start.contains(*who)) || start.contains(&cast.bot))
}

/// What stopped the scenario between two entries, if anything did; a fault of the kit weighs more.
fn stopped(timeline: &Timeline, from: usize, to: usize) -> Option<Stop> {
    let stops = || {
        let facts = timeline.facts().filter(|(at, _)| (from..to).contains(at));
        facts.filter_map(|(_, fact)| match fact {
            Fact::Stopped { mismatch } => Some(Stop::Mismatch(mismatch.clone())),
            Fact::Faulted { cause } => Some(Stop::Kit(cause.clone())),
            _ => None,
        })
    };
    stops()
        .find(|stop| matches!(stop, Stop::Kit(_)))
        .or_else(|| stops().next())
}

/// The first thing in which a recorded verdict differs from the derived one.
fn difference(derived: &Verdict, recorded: &CaseResult) -> Option<String> {
    if derived.outcome != recorded.outcome {
        return Some(format!(
            "the outcome is {} in the report, and {} by its timeline: {}",
            recorded.outcome, derived.outcome, derived.message
        ));
    }
    let step = recorded
        .steps
        .iter()
        .zip(&derived.steps)
        .find(|(a, b)| a != b);
    if let Some((told, own)) = step {
        return Some(format!(
            "the step `{}` is {} in the report, and {} by the timeline",
            told.text, told.outcome, own.outcome
        ));
    }
    if recorded.steps.len() != derived.steps.len() {
        return Some("its steps are not those of the suite".to_owned());
    }
    if derived.message != recorded.message || derived.mismatch != recorded.mismatch {
        return Some(format!(
            "it says `{}`, and its timeline says `{}`",
            recorded.message, derived.message
        ));
    }
    (derived.evidence != recorded.evidence)
        .then(|| "it rests on other entries than its timeline says".to_owned())
}
