//! What a check found, and its faces: text, JSON, GitHub annotations, SARIF.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

use crate::suite::Problem;

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RemarkFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// GitHub workflow commands: each finding stands beside its line.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// What was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The feature files themselves.
    Features,
    /// Steps against phrases, and phrases against steps.
    Phrases,
    /// The table of embedded feature files.
    Embedded,
    /// The pages of `spec/` against the catalogue.
    Prose,
    /// Ids in fixtures.
    Fixtures,
    /// Generated files.
    Generated,
    /// Mutants against rules.
    Mutants,
    /// A change against a former version.
    Change,
}

impl Check {
    /// Every check.
    const ALL: [Self; 8] = [
        Self::Features,
        Self::Phrases,
        Self::Embedded,
        Self::Prose,
        Self::Fixtures,
        Self::Generated,
        Self::Mutants,
        Self::Change,
    ];

    /// Its name, as JSON and SARIF have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Phrases => "phrases",
            Self::Embedded => "embedded",
            Self::Prose => "prose",
            Self::Fixtures => "fixtures",
            Self::Generated => "generated",
            Self::Mutants => "mutants",
            Self::Change => "change",
        }
    }

    fn about(self) -> &'static str {
        match self {
            Self::Features => "The rules about rules in feature files",
            Self::Phrases => "Every step matches exactly one phrase, and every phrase is used",
            Self::Embedded => "Every feature file is embedded in the program",
            Self::Prose => "Every id cited exists, and every rule is explained",
            Self::Fixtures => "Fixtures and schemas name rules that exist",
            Self::Generated => "Generated files are what the code generates",
            Self::Mutants => "Every rule is broken by at least one mutant",
            Self::Change => "A change is announced and does not break by surprise",
        }
    }
}

/// One finding of one check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// What was checked.
    pub check: Check,
    /// Where, what, and how to mend it.
    pub problem: Problem,
}

/// Prints findings.
///
/// # Errors
/// If the writer fails.
pub fn print(remarks: &[Remark], format: RemarkFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        RemarkFormat::Text => {
            for Remark { problem, .. } in remarks {
                writeln!(out, "{problem}")?;
            }
            Ok(())
        }
        RemarkFormat::Json => {
            let list: Vec<Value> = remarks.iter().map(plain).collect();
            writeln!(out, "{:#}", Value::from(list))
        }
        RemarkFormat::Github => {
            for Remark { check, problem } in remarks {
                writeln!(
                    out,
                    "::error file={},line={},title={}::{}",
                    property(&problem.file),
                    problem.line,
                    property(check.about()),
                    message(&format!("{}\nhint: {}", problem.what, problem.mend)),
                )?;
            }
            Ok(())
        }
        RemarkFormat::Sarif => writeln!(out, "{:#}", sarif(remarks)),
    }
}

fn plain(Remark { check, problem }: &Remark) -> Value {
    json!({
        "check": check,
        "file": problem.file,
        "line": problem.line,
        "what": problem.what,
        "mend": problem.mend,
    })
}

/// The text of a workflow command.
fn message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

fn sarif(remarks: &[Remark]) -> Value {
    let rules: Vec<Value> = Check::ALL
        .iter()
        .map(|check| json!({ "id": check.as_str(), "shortDescription": { "text": check.about() } }))
        .collect();
    let results: Vec<Value> = remarks
        .iter()
        .map(|Remark { check, problem }| {
            json!({
                "ruleId": check.as_str(),
                "level": "error",
                "message": { "text": format!("{} ({})", problem.what, problem.mend) },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": problem.file, "uriBaseId": "%SRCROOT%" },
                    "region": { "startLine": problem.line.max(1) },
                } }],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "aios-wechat spec check",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "results": results,
        }],
    })
}
