//! The catalogue as files: `requirements.md` for people, `requirements.json` for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::Artifact;
use crate::contract::Feature;
use crate::suite::{
    Case, CaseId, Family, FamilyCode, Level, Mode, Origin, Requirement, RequirementId, Suite,
    interpretations,
};

/// A rule as programs read it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RuleEntry {
    /// Its id.
    pub id: RequirementId,
    /// Its level.
    pub level: Level,
    /// The normative sentence.
    pub sentence: String,
    /// Who said it first.
    pub origin: Origin,
    /// Where it was said.
    pub source: String,
    /// Why it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Its family.
    pub family: FamilyCode,
    /// Features that an adapter has to claim for it to apply.
    pub needs: Vec<Feature>,
    /// Whether scenarios judge it, or a person.
    pub mode: RuleMode,
    /// The entries of `interpretations.md` that it rests on.
    pub interpretations: Vec<u16>,
    /// The scenarios that prove it.
    pub scenarios: Vec<ScenarioEntry>,
}

/// Who judges a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleMode {
    /// Scenarios.
    Executable,
    /// A person.
    Review,
}

/// A scenario as programs read it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScenarioEntry {
    /// Its id.
    pub id: CaseId,
    /// Its name.
    pub name: String,
    /// Features needed beyond those of the rule.
    pub needs: Vec<Feature>,
}

impl From<&Requirement> for RuleEntry {
    fn from(rule: &Requirement) -> Self {
        Self {
            id: rule.id.clone(),
            level: rule.level,
            sentence: rule.sentence.clone(),
            origin: rule.origin,
            source: rule.source.clone(),
            why: rule.why.clone(),
            family: rule.id.family().clone(),
            needs: rule.needs.clone(),
            mode: match rule.mode {
                Mode::Executable => RuleMode::Executable,
                Mode::Review => RuleMode::Review,
            },
            interpretations: interpretations(&rule.source),
            scenarios: rule.cases.iter().map(ScenarioEntry::from).collect(),
        }
    }
}

impl From<&Case> for ScenarioEntry {
    fn from(case: &Case) -> Self {
        Self {
            id: case.id.clone(),
            name: case.name.clone(),
            needs: case.needs.clone(),
        }
    }
}

/// `requirements.json`.
#[derive(Serialize)]
struct Catalogue<'s> {
    specification: &'static str,
    suite: &'s str,
    rules: Vec<RuleEntry>,
}

/// The two files of the catalogue.
#[must_use]
pub fn requirements(suite: &Suite) -> Vec<Artifact> {
    let catalogue = Catalogue {
        specification: "v0",
        suite: &suite.digest,
        rules: suite.requirements().map(RuleEntry::from).collect(),
    };
    let json = serde_json::to_value(&catalogue).unwrap_or_default();
    vec![
        Artifact {
            name: "requirements.json".to_owned(),
            text: super::print(&json),
        },
        Artifact {
            name: "requirements.md".to_owned(),
            text: markdown(suite),
        },
    ]
}

fn markdown(suite: &Suite) -> String {
    let mut out = String::from(
        "# Requirements\n\nGenerated from `features/` by `aios-wechat spec write`; edit the features instead.\n\n",
    );
    summary(&mut out, suite);
    for family in &suite.families {
        table(&mut out, family);
    }
    index(&mut out, suite);
    out
}

/// A line of a table. Writing to a string cannot fail.
macro_rules! line {
    ($out:expr, $($text:tt)*) => { let _ = writeln!($out, $($text)*); };
}

fn summary(out: &mut String, suite: &Suite) {
    let levels = [
        Level::Must,
        Level::MustNot,
        Level::Should,
        Level::ShouldNot,
        Level::May,
    ];
    let used: Vec<Level> = levels
        .into_iter()
        .filter(|l| suite.requirements().any(|r| r.level == *l))
        .collect();
    let count = |rules: &[Requirement], level| rules.iter().filter(|r| r.level == level).count();
    let heads: Vec<&str> = used.iter().map(|level| level.keyword()).collect();
    line!(
        out,
        "| family | about | {} | scenarios |",
        heads.join(" | ")
    );
    line!(out, "| --- | --- | {}--- |", "--- | ".repeat(used.len()));
    for family in &suite.families {
        let counts: Vec<String> = used
            .iter()
            .map(|level| count(&family.requirements, *level).to_string())
            .collect();
        let cases: usize = family
            .requirements
            .iter()
            .map(|rule| rule.cases.len())
            .sum();
        line!(
            out,
            "| [{}](#{}) | {} | {} | {cases} |",
            family.code,
            anchor(family),
            family.title,
            counts.join(" | ")
        );
    }
    let totals: Vec<String> = used
        .iter()
        .map(|level| {
            suite
                .requirements()
                .filter(|r| r.level == *level)
                .count()
                .to_string()
        })
        .collect();
    let cases: usize = suite.requirements().map(|rule| rule.cases.len()).sum();
    line!(out, "| all | | {} | {cases} |", totals.join(" | "));
}

fn heading(family: &Family) -> String {
    format!("{}: {}", family.code, family.title)
}

/// The anchor of a family's heading, as Markdown renderers make it.
fn anchor(family: &Family) -> String {
    let kept = heading(family).to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || "- _".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn table(out: &mut String, family: &Family) {
    line!(out, "\n## {}\n", heading(family));
    line!(out, "| id | level | sentence | source | scenarios |");
    line!(out, "| --- | --- | --- | --- | --- |");
    for rule in &family.requirements {
        let needs: Vec<String> = rule.needs.iter().map(|need| format!("`{need}`")).collect();
        let level = match needs.as_slice() {
            [] => rule.level.to_string(),
            needs => format!("{} (with {})", rule.level, needs.join(", ")),
        };
        let proof = match rule.mode {
            Mode::Executable => rule.cases.len().to_string(),
            Mode::Review => "a person".to_owned(),
        };
        let sentence = cell(&rule.sentence);
        line!(
            out,
            "| {} | {level} | {sentence} | {} | {proof} |",
            rule.id,
            cell(&rule.source)
        );
    }
}

/// A text that stays within its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn index(out: &mut String, suite: &Suite) {
    let mut rests: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for rule in suite.requirements() {
        for number in interpretations(&rule.source) {
            rests.entry(number).or_default().push(rule.id.to_string());
        }
    }
    if rests.is_empty() {
        return;
    }
    line!(out, "\n## Interpretations and the rules that cite them\n");
    line!(out, "| [interpretation](interpretations.md) | rules |");
    line!(out, "| --- | --- |");
    for (number, rules) in rests {
        line!(out, "| {number} | {} |", rules.join(", "));
    }
}
