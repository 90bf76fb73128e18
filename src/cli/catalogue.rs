//! `list` and `explain`: the catalogue for somebody at a terminal, or for a program.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::Exit;
use super::advice::{self, Word};
use crate::mutant::{self, Mutant};
use crate::proof::Matrix;
use crate::publish::RuleEntry;
use crate::runner;
use crate::suite::{Mode, Problem, Requirement, RequirementId, Suite};

/// How a list is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Arguments of `list`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  aios-wechat list\n  aios-wechat list --mutants\n  aios-wechat list --matrix\n  \
    aios-wechat list --rules --format json"
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a flag for each thing to list"
)]
pub struct ListArgs {
    /// The rules; this is the default
    #[arg(long, group = "what")]
    pub rules: bool,
    /// The mutants: adapters with one behaviour broken on purpose
    #[arg(long, group = "what")]
    pub mutants: bool,
    /// The kill matrix: which rules catch which mutant
    #[arg(long, group = "what")]
    pub matrix: bool,
    /// The phrases that scenarios can use
    #[arg(long, group = "what")]
    pub phrases: bool,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: ListFormat,
}

/// Arguments of `explain`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:\n  aios-wechat explain WX-DEDUP-001\n  \
    aios-wechat explain context_unavailable\n  aios-wechat explain inconclusive\n  \
    aios-wechat explain -32602")]
pub struct ExplainArgs {
    /// A rule (WX-DEDUP-001), a scenario, a family (WX-DEDUP), or any word of a report or document
    #[arg(value_name = "RULE|CODE", allow_hyphen_values = true)]
    pub what: String,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: ListFormat,
}

/// Runs `list`.
///
/// # Errors
/// If a writer fails.
pub fn list(args: &ListArgs, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
    let suite = match Suite::embedded() {
        Ok(suite) => suite,
        Err(problems) => return broken(&problems, err),
    };
    if args.mutants {
        list_mutants(args.format, out)?;
    } else if args.matrix {
        list_matrix(args.format, out)?;
    } else if args.phrases {
        list_phrases(args.format, out)?;
    } else {
        list_rules(&suite, args.format, out)?;
    }
    Ok(Exit::Success)
}

fn broken(problems: &[Problem], err: &mut dyn Write) -> io::Result<Exit> {
    for problem in problems {
        writeln!(err, "{problem}")?;
    }
    writeln!(
        err,
        "error: this program was built with broken feature files"
    )?;
    Ok(Exit::Kit)
}

/// The mutants that break a rule.
fn breaking(id: &RequirementId) -> impl Iterator<Item = &'static Mutant> {
    let id = id.to_string();
    mutant::all().filter(move |mutant| mutant.rule == id)
}

fn listed(rule: &Requirement) -> Value {
    let mut entry = serde_json::to_value(RuleEntry::from(rule)).unwrap_or_default();
    let mutants: Vec<&str> = breaking(&rule.id).map(|mutant| mutant.name).collect();
    entry["mutants"] = json!(mutants);
    entry
}

fn list_rules(suite: &Suite, format: ListFormat, out: &mut dyn Write) -> io::Result<()> {
    if format == ListFormat::Json {
        let rules: Vec<Value> = suite.requirements().map(listed).collect();
        return writeln!(out, "{:#}", Value::from(rules));
    }
    for family in &suite.families {
        writeln!(out, "{}  {}", family.code, family.title)?;
        for rule in &family.requirements {
            let proof = match rule.mode {
                Mode::Executable => format!("{:2} scenarios", rule.cases.len()),
                Mode::Review => "   a person ".to_owned(),
            };
            let level = rule.level.keyword();
            writeln!(
                out,
                "  {:14} {level:8} {proof}  {}",
                rule.id.to_string(),
                rule.sentence
            )?;
        }
    }
    Ok(())
}

fn list_mutants(format: ListFormat, out: &mut dyn Write) -> io::Result<()> {
    if format == ListFormat::Json {
        let mutants: Vec<Value> = mutant::all().map(told).collect();
        return writeln!(out, "{:#}", Value::from(mutants));
    }
    let width = mutant::all()
        .map(|mutant| mutant.name.len())
        .max()
        .unwrap_or_default();
    for mutant in mutant::all() {
        writeln!(
            out,
            "{:14} {:width$}  {}",
            mutant.rule, mutant.name, mutant.breaks
        )?;
    }
    Ok(())
}

fn list_matrix(format: ListFormat, out: &mut dyn Write) -> io::Result<()> {
    let matrix = Matrix::kept();
    if format == ListFormat::Json {
        return out.write_all(matrix.json().as_bytes());
    }
    for rule in &matrix.rules {
        writeln!(out, "{rule}")?;
        for row in &matrix.mutants {
            if row.killed_by.contains(rule) {
                let mark = if row.rule == *rule { "made for it" } else { "" };
                writeln!(out, "  {mark:11}  {}", row.name)?;
            }
        }
    }
    Ok(())
}

fn told(mutant: &Mutant) -> Value {
    json!({
        "name": mutant.name,
        "breaks": mutant.breaks,
        "rule": mutant.rule,
        "reason": mutant.reason,
    })
}

fn list_phrases(format: ListFormat, out: &mut dyn Write) -> io::Result<()> {
    let phrases = runner::phrases();
    if format == ListFormat::Json {
        let phrases: Vec<Value> = phrases
            .iter()
            .map(|phrase| {
                json!({
                    "keyword": phrase.keyword,
                    "pattern": phrase.pattern,
                    "file": phrase.file,
                    "line": phrase.line,
                })
            })
            .collect();
        return writeln!(out, "{:#}", Value::from(phrases));
    }
    for phrase in phrases {
        let shown = phrase.pattern.trim_start_matches('^').trim_end_matches('$');
        writeln!(out, "{:5} {shown}", phrase.keyword)?;
    }
    Ok(())
}

/// Runs `explain`.
///
/// # Errors
/// If a writer fails.
pub fn explain(args: &ExplainArgs, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<Exit> {
    match Suite::embedded() {
        Ok(suite) => explain_by(&suite, args, out, err),
        Err(problems) => broken(&problems, err),
    }
}

/// The same, by the rules of a suite.
///
/// # Errors
/// If a writer fails.
pub fn explain_by(
    suite: &Suite,
    args: &ExplainArgs,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Exit> {
    // A scenario is explained by its rule.
    let (what, scenario) = match args.what.split_once('/') {
        Some((rule, _)) => (rule, Some(&args.what)),
        None => (args.what.as_str(), None),
    };
    let rules: Vec<&Requirement> = suite
        .matching(what)
        .iter()
        .filter_map(|id| suite.requirement(id))
        .filter(|rule| {
            let mut cases = rule.cases.iter();
            scenario.is_none_or(|id| cases.any(|case| case.id.to_string() == *id))
        })
        .collect();
    let words = advice::words(&args.what);
    if rules.is_empty() && words.is_empty() {
        writeln!(
            err,
            "error: `{}` is neither a rule nor a code\n  hint: `aios-wechat list` shows the rules; codes are \
             words such as context_unavailable or missing_member, and numbers such as -32602",
            args.what
        )?;
        return Ok(Exit::Usage);
    }
    if args.format == ListFormat::Json {
        let rules: Vec<Value> = rules.into_iter().map(listed).collect();
        let meanings: Vec<Value> = words.iter().map(spelled).collect();
        let code = meanings.first();
        writeln!(
            out,
            "{:#}",
            json!({ "rules": rules, "code": code, "meanings": meanings })
        )?;
        return Ok(Exit::Success);
    }
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}  ({})\n\n{}.", word.name, word.kind, word.meaning)?;
        if let Some(mend) = &word.mend {
            writeln!(out, "\nTo do: {mend}.")?;
        }
        let rules: Vec<String> = word
            .rules
            .iter()
            .flat_map(|rules| suite.matching(rules))
            .map(|id| id.to_string())
            .collect();
        if !rules.is_empty() {
            writeln!(out, "\nRules: {}", rules.join(", "))?;
        }
    }
    for (index, rule) in rules.into_iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        explain_rule(rule, out)?;
    }
    Ok(Exit::Success)
}

fn spelled(word: &Word) -> Value {
    json!({ "name": word.name, "kind": word.kind, "meaning": word.meaning, "mend": word.mend })
}

fn explain_rule(rule: &Requirement, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}  {}\n\n{}.\n", rule.id, rule.level, rule.sentence)?;
    writeln!(out, "Source: {}", rule.source)?;
    if let Some(why) = &rule.why {
        writeln!(out, "Why:    {why}")?;
    }
    for need in &rule.needs {
        writeln!(
            out,
            "Needs:  {need}; it does not apply to an adapter that does not claim it"
        )?;
    }
    if rule.mode == Mode::Review {
        writeln!(
            out,
            "\nA person judges this rule; spec/traceability.md says how."
        )?;
        return Ok(());
    }
    writeln!(out, "\nProven by {}:{}", rule.file, rule.line)?;
    for case in &rule.cases {
        writeln!(out, "\n  {}", case.name)?;
        for step in &case.steps {
            writeln!(out, "    {} {}", step.keyword.trim(), step.value)?;
        }
    }
    let mutants: Vec<&Mutant> = breaking(&rule.id).collect();
    if !mutants.is_empty() {
        writeln!(out, "\nBroken on purpose by")?;
        for mutant in &mutants {
            writeln!(out, "  {}: {}", mutant.name, mutant.breaks)?;
        }
    }
    if let Some(advice) = advice::family(rule.id.family().as_str()) {
        writeln!(out, "\nTo fix: {advice}")?;
    }
    writeln!(out, "\nTry it:")?;
    writeln!(out, "  aios-wechat run {} -- CMD ARGS...", rule.id)?;
    if let Some(mutant) = mutants.first() {
        writeln!(
            out,
            "  aios-wechat run {} -- aios-wechat reference --mutant {}",
            rule.id, mutant.name
        )?;
    }
    Ok(())
}
