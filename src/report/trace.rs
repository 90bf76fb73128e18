//! A scenario's recording by itself: what has to be known to play it again.

use serde_json::Value;

use super::json;
use super::model::{CaseResult, Report};

/// The most scenarios that are named where one has to be chosen.
const NAMED: usize = 8;
const HINT: &str = "\n  hint: `run --report json=report.json` writes a report";

/// A recorded scenario and the run it is from.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The scenario.
    pub case: CaseResult,
    /// The seed of its run.
    pub seed: u32,
    /// The factor on every wait in its run, if that is known.
    pub patience: Option<f64>,
}

impl Trace {
    /// Reads a report, or a scenario that was cut out of one, which lacks the seed.
    ///
    /// `name` is the id of the scenario or the beginning of it; without it, the only scenario is
    /// taken, or the only one that did not pass. `seed` is needed where the text has none.
    ///
    /// # Errors
    /// What is wrong with the text, where, and what to do next; without the name of the file.
    pub fn read(text: &str, name: Option<&str>, seed: Option<u32>) -> Result<Self, String> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}{HINT}"))?;
        let trace = if value.get("rules").is_some() {
            let report = json::read(text)
                .map_err(|error| format!("it is not a report of this kit: {error}{HINT}"))?;
            Self::chosen(&report, name, seed)?
        } else if value.get("timeline").is_some() {
            let case: CaseResult = serde_json::from_str(text)
                .map_err(|error| format!("it is not a scenario of a report: {error}{HINT}"))?;
            let seed = seed.ok_or(
                "a scenario by itself does not say which seed it ran with\n  \
                 hint: add --seed N; the report it was cut out of has it as `seed`",
            )?;
            if let Some(name) = name.filter(|name| !case.id.to_string().starts_with(name)) {
                return Err(format!("it is the scenario {}, not {name}", case.id));
            }
            Self {
                case,
                seed,
                patience: None,
            }
        } else {
            return Err(format!(
                "it is JSON, and neither a report (no `rules`) nor a scenario of one (no `timeline`){HINT}"
            ));
        };
        if trace.case.seal.is_none() {
            return Err(format!(
                "the scenario {} was written without times, and the order of what happened went with them\n  \
                 hint: run it again without --no-times",
                trace.case.id
            ));
        }
        Ok(trace)
    }

    fn chosen(report: &Report, name: Option<&str>, seed: Option<u32>) -> Result<Self, String> {
        if let Some(seed) = seed.filter(|seed| *seed != report.seed) {
            return Err(format!(
                "the report ran with the seed {}, not {seed}\n  hint: leave --seed out",
                report.seed
            ));
        }
        let all: Vec<&CaseResult> = report
            .rules
            .iter()
            .flat_map(|rule| &rule.scenarios)
            .collect();
        if all.is_empty() {
            return Err("the report has no scenario that ran".to_owned());
        }
        let named = |case: &&&CaseResult| {
            let id = case.id.to_string();
            name.is_none_or(|name| id.starts_with(name))
        };
        let mut found: Vec<&CaseResult> = all.iter().filter(named).copied().collect();
        if found.is_empty() {
            return Err(format!(
                "no scenario of the report begins with {}\n  hint: an id such as {}",
                name.unwrap_or_default(),
                all[0].id
            ));
        }
        let exact = |case: &&CaseResult| name == Some(case.id.to_string().as_str());
        if found.iter().any(exact) {
            found.retain(exact);
        } else if found.iter().any(|case| case.outcome.needs_attention()) {
            found.retain(|case| case.outcome.needs_attention());
        }
        // With `--repeat`, a scenario is there several times: the first that did not pass.
        if let Some(at) = found.iter().position(|case| case.outcome.needs_attention()) {
            found.swap(0, at);
        }
        let first = found[0];
        if found.iter().any(|case| case.id != first.id) {
            let mut lines: Vec<String> = found
                .iter()
                .take(NAMED)
                .map(|case| format!("  {} ({})", case.id, case.outcome))
                .collect();
            if found.len() > NAMED {
                lines.push(format!("  and {} more", found.len() - NAMED));
            }
            return Err(format!(
                "it has {} scenarios: say which one, after the file\n{}",
                found.len(),
                lines.join("\n")
            ));
        }
        Ok(Self {
            case: first.clone(),
            seed: report.seed,
            patience: Some(report.options.patience),
        })
    }
}
