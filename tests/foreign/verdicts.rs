//! The verdicts on an adapter, rule by rule, against the deviations it declares.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use aios_wechat::report::{Baseline, Outcome};
use serde_json::Value;

use crate::place::{Absent, broken, finish};

/// An adapter that can be run.
pub(crate) struct Adapter {
    /// The program and its arguments.
    pub(crate) command: Vec<PathBuf>,
    /// Where its baseline lies.
    pub(crate) folder: PathBuf,
}

/// Every rule that the adapter declares as a deviation fails, every other one passes, is not
/// applicable, or is for a person to judge.
pub(crate) fn hold(adapter: &Adapter) -> Result<(), Absent> {
    let baseline = fs::read(adapter.folder.join("baseline.json")).map_err(broken)?;
    let baseline: Baseline = serde_json::from_slice(&baseline).map_err(broken)?;
    let declared: BTreeSet<&str> = baseline
        .entries
        .iter()
        .map(|entry| entry.id.as_str())
        .collect();
    let verdicts = verdicts(adapter)?;
    let mut wrong = Vec::new();
    for (rule, (outcome, why)) in &verdicts {
        let expected = match outcome {
            Outcome::Fail => declared.contains(rule.as_str()),
            Outcome::Inconclusive | Outcome::Error => false,
            Outcome::Pass | Outcome::NotApplicable | Outcome::Untested => {
                !declared.contains(rule.as_str())
            }
        };
        if !expected {
            let wanted = if declared.contains(rule.as_str()) {
                "a declared failure"
            } else {
                "no failure"
            };
            wrong.push(format!("{rule}: {outcome}, expected {wanted}\n{why}"));
        }
    }
    let strangers = declared.iter().filter(|id| !verdicts.contains_key(**id));
    wrong.extend(strangers.map(|id| format!("{id}: no such rule")));
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(broken(wrong.join("\n")))
    }
}

/// Runs the suite: each rule with its outcome and what its scenarios say against it.
fn verdicts(adapter: &Adapter) -> Result<BTreeMap<String, (Outcome, String)>, Absent> {
    let folder = tempfile::tempdir().map_err(broken)?;
    let report = folder.path().join("report.json");
    let output = finish(
        Command::new(env!("CARGO_BIN_EXE_aios-wechat"))
            .args(["run", "--jobs", "2", "--patience", "2", "--report"])
            .arg(format!("json={}", report.display()))
            .arg("--")
            .args(&adapter.command),
    )?;
    let Ok(text) = fs::read(&report) else {
        return Err(broken(format!(
            "the suite wrote no report\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )));
    };
    let report: Value = serde_json::from_slice(&text).map_err(broken)?;
    if let Some(why) = report["never_started"].as_str() {
        return Err(broken(why));
    }
    let rules = report["rules"]
        .as_array()
        .ok_or_else(|| broken("a report without rules"))?;
    rules
        .iter()
        .map(|rule| {
            let id = rule["id"].as_str().unwrap_or_default().to_owned();
            let outcome = serde_json::from_value(rule["outcome"].clone()).map_err(broken)?;
            let cases = rule["scenarios"].as_array().into_iter().flatten();
            let said: Vec<String> = cases
                .filter(|case| case["outcome"] != "pass")
                .map(|case| format!("    {}: {}", case["id"], case["message"]))
                .collect();
            Ok((id, (outcome, said.join("\n"))))
        })
        .collect()
}
