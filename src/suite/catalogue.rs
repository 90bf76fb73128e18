//! Gherkin text into requirements.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gherkin::GherkinEnv;

use super::id::{CaseId, FamilyCode, RequirementId};
use super::lint::{self, Problem};
use super::requirement::{Case, Level, Mode, Origin, Requirement};
use crate::contract::Feature;

/// One family of requirements: one feature file.
#[derive(Clone, Debug)]
pub struct Family {
    /// Its code, such as `WX-DEDUP`.
    pub code: FamilyCode,
    /// Its title, such as `Deduplication`.
    pub title: String,
    /// The file it was read from.
    pub file: String,
    /// Its requirements, ascending.
    pub requirements: Vec<Requirement>,
}

/// The whole catalogue.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its families, in the order of the files.
    pub families: Vec<Family>,
    /// SHA-256 over names and texts of the files, in hex: which suite a verdict speaks of.
    pub digest: String,
}

impl Suite {
    /// The suite this program was built with.
    ///
    /// # Errors
    /// Every problem found in the feature files; a released program has none.
    pub fn embedded() -> Result<Self, Vec<Problem>> {
        Self::read(super::FEATURES)
    }

    /// Reads feature files, given as path and text.
    ///
    /// # Errors
    /// Every problem found in any of them, with file and line, in that order.
    pub fn read<P: AsRef<str>, T: AsRef<str>>(files: &[(P, T)]) -> Result<Self, Vec<Problem>> {
        let mut families = Vec::new();
        let mut problems = Vec::new();
        for (path, text) in files {
            let (path, text) = (path.as_ref(), text.as_ref());
            problems.extend(lint::text(path, text));
            match parse(path, text) {
                Err(problem) => problems.push(problem),
                Ok(feature) => {
                    let before = problems.len();
                    problems.extend(lint::feature(path, text, &feature));
                    match family(path, &feature) {
                        Ok(family) => families.push(family),
                        // What lint has already said of the file is enough to mend it.
                        Err(problem) if problems.len() == before => problems.push(problem),
                        Err(_) => {}
                    }
                }
            }
        }
        problems.extend(lint::families(&families));
        if !problems.is_empty() {
            problems.sort();
            problems.dedup();
            return Err(problems);
        }
        Ok(Self {
            families,
            digest: digest(files),
        })
    }

    /// Every requirement, in the order of the catalogue.
    pub fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.families.iter().flat_map(|family| &family.requirements)
    }

    /// The requirement with this id.
    #[must_use]
    pub fn requirement(&self, id: &RequirementId) -> Option<&Requirement> {
        self.requirements().find(|r| r.id == *id)
    }

    /// Requirements whose id is `text` or begins with it at a hyphen (`WX-DEDUP`).
    #[must_use]
    pub fn matching(&self, text: &str) -> Vec<RequirementId> {
        self.requirements()
            .map(|r| r.id.clone())
            .filter(|id| {
                let id = id.to_string();
                id == text
                    || id
                        .strip_prefix(text)
                        .is_some_and(|rest| rest.starts_with('-'))
            })
            .collect()
    }
}

fn digest<P: AsRef<str>, T: AsRef<str>>(files: &[(P, T)]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for (path, text) in files {
        // Lengths keep the boundary between path and text unambiguous.
        for part in [path.as_ref(), text.as_ref()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Parses one file. The parser's own message lists expected tokens in random order, so only its
/// position is used, beside the offending line itself.
fn parse(path: &str, text: &str) -> Result<gherkin::Feature, Problem> {
    let env = GherkinEnv::new("en").unwrap_or_default();
    gherkin::Feature::parse(text, env).map_err(|error| {
        let said = error.to_string();
        let line = said
            .strip_prefix("Error at ")
            .or_else(|| said.split("at ").nth(1))
            .and_then(|rest| rest.split(':').next())
            .and_then(|digits| digits.trim().parse::<usize>().ok())
            .unwrap_or(1);
        let shown = text
            .lines()
            .nth(line.saturating_sub(1))
            .unwrap_or("")
            .trim();
        Problem::new(
            path,
            line,
            format!("this is not Gherkin: `{}`", shown.escape_debug()),
            "write one of Feature, Rule, Scenario, Scenario Outline, Examples, Given, When, Then, \
             And, a tag or a table row; look at the line above, too",
        )
    })
}

/// Builds a family from a parsed file. Its errors repeat, as a safety net, what lint tells better.
fn family(path: &str, feature: &gherkin::Feature) -> Result<Family, Problem> {
    let broken = |line: usize, what: String| Problem::new(path, line, what, "mend the tags");
    let code = feature
        .tags
        .iter()
        .find_map(|tag| tag.parse::<FamilyCode>().ok())
        .ok_or_else(|| broken(feature.position.line, "no family tag".to_owned()))?;
    let requirements = feature
        .rules
        .iter()
        .map(|rule| requirement(path, feature, rule))
        .collect::<Result<_, _>>()?;
    Ok(Family {
        code,
        title: feature.name.clone(),
        file: path.to_owned(),
        requirements,
    })
}

fn requirement(
    path: &str,
    feature: &gherkin::Feature,
    rule: &gherkin::Rule,
) -> Result<Requirement, Problem> {
    let broken = |what: String| Problem::new(path, rule.position.line, what, "mend the rule");
    let id = rule
        .tags
        .iter()
        .find_map(|tag| tag.parse::<RequirementId>().ok())
        .ok_or_else(|| broken("no requirement id".to_owned()))?;
    let level = Level::ALL
        .into_iter()
        .find(|level| rule.tags.iter().any(|tag| tag == level.tag()))
        .ok_or_else(|| broken("no level".to_owned()))?;
    let notes = notes(rule.description.as_deref().unwrap_or_default());
    let source = notes
        .get("Source")
        .cloned()
        .ok_or_else(|| broken("no source".to_owned()))?;
    let origin = origin(&source).ok_or_else(|| broken("no origin".to_owned()))?;
    let review = rule.tags.iter().any(|tag| tag == "review");
    let mut cases = Vec::new();
    for scenario in &rule.scenarios {
        let background = [&feature.background, &rule.background];
        let background = background.into_iter().flatten().flat_map(|b| &b.steps);
        let steps: Vec<_> = background.chain(&scenario.steps).cloned().collect();
        cases.extend(expand(&id, scenario, &steps));
    }
    Ok(Requirement {
        needs: needs(&rule.tags),
        contained: rule.tags.iter().any(|tag| tag == "contained"),
        mode: if review {
            Mode::Review
        } else {
            Mode::Executable
        },
        sentence: rule.name.clone(),
        why: notes.get("Why").cloned(),
        file: path.to_owned(),
        line: rule.position.line,
        id,
        level,
        origin,
        source,
        cases,
    })
}

/// The `Word: text` paragraphs of a description; indented lines go on with the last one.
pub(super) fn notes(description: &str) -> BTreeMap<&'static str, String> {
    let mut notes: BTreeMap<&'static str, String> = BTreeMap::new();
    let mut open = None;
    for line in description
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let begun = ["Source", "Why"].into_iter().find_map(|word| {
            line.strip_prefix(word)?
                .strip_prefix(':')
                .map(|rest| (word, rest.trim()))
        });
        match (begun, open) {
            (Some((word, rest)), _) => {
                notes.insert(word, rest.to_owned());
                open = Some(word);
            }
            (None, Some(word)) => {
                let text = notes.entry(word).or_default();
                text.push(' ');
                text.push_str(line);
            }
            (None, None) => {}
        }
    }
    notes
}

/// The origin that opens a source line: `seed, Policy Expectations`.
pub(super) fn origin(source: &str) -> Option<Origin> {
    let word = source.split([',', ':', ';']).next()?.trim();
    [Origin::Seed, Origin::Aios, Origin::Kit]
        .into_iter()
        .find(|o| o.as_str() == word)
}

/// Features named by `@needs:…` tags; unknown ones are lint's business.
fn needs(tags: &[String]) -> Vec<Feature> {
    tags.iter()
        .filter_map(|tag| tag.strip_prefix("needs:"))
        .filter_map(|name| Feature::ALL.iter().copied().find(|f| f.as_str() == name))
        .collect()
}

/// One case of a scenario, or one a row of its examples.
fn expand(
    rule: &RequirementId,
    scenario: &gherkin::Scenario,
    steps: &[gherkin::Step],
) -> Vec<Case> {
    let case = |row: Option<&str>, line, tags: &[String], fill: &dyn Fn(&str) -> String| Case {
        id: CaseId::new(rule, &scenario.name, row),
        name: match row {
            Some(row) => format!("{} [{row}]", scenario.name),
            None => scenario.name.clone(),
        },
        needs: needs(tags),
        control: tags.iter().any(|tag| tag == "control"),
        slow: tags.iter().any(|tag| tag == "slow"),
        steps: steps.iter().map(|step| filled(step, fill)).collect(),
        line,
    };
    if scenario.examples.is_empty() {
        return vec![case(
            None,
            scenario.position.line,
            &scenario.tags,
            &str::to_owned,
        )];
    }
    let mut cases = Vec::new();
    for examples in &scenario.examples {
        let Some((header, rows)) = examples.table.as_ref().and_then(|t| t.rows.split_first())
        else {
            continue;
        };
        let tags: Vec<_> = scenario
            .tags
            .iter()
            .chain(&examples.tags)
            .cloned()
            .collect();
        let first = examples.table.as_ref().map_or(0, |t| t.position.line + 1);
        for (index, row) in rows.iter().enumerate() {
            let fill = |text: &str| {
                header
                    .iter()
                    .zip(row)
                    .fold(text.to_owned(), |text, (name, value)| {
                        text.replace(&format!("<{name}>"), value)
                    })
            };
            cases.push(case(
                row.first().map(String::as_str),
                first + index,
                &tags,
                &fill,
            ));
        }
    }
    cases
}

fn filled(step: &gherkin::Step, fill: &dyn Fn(&str) -> String) -> gherkin::Step {
    let mut step = step.clone();
    step.value = fill(&step.value);
    step.docstring = step.docstring.map(|text| fill(&text));
    if let Some(table) = &mut step.table {
        for cell in table.rows.iter_mut().flatten() {
            *cell = fill(cell);
        }
    }
    step
}
