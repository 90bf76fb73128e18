//! What the gate has to say, for people: plain text, and markdown for a pull request.

use std::fmt::Write as _;

use serde_json::Value;

use super::compare::Answer;
use super::gate::{Difference, DocumentChange, DocumentEffect, Waived, WayAnswer};
use super::version::VersionVerdict;

/// A line of text. Writing to a string cannot fail.
macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($text:tt)*) => { let _ = writeln!($out, $($text)*); };
}

/// Longest text and array that are shown whole.
const TEXT: usize = 72;
const ENTRIES: usize = 8;

impl Difference {
    /// The whole story as plain text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!("{} → {}\n", self.sides[0], self.sides[1]);
        line!(out, "\ndocuments: {}", self.documents_in_short());
        for document in &self.documents {
            line!(out, "  {} · {}", document.kind, effect(document));
            for change in &document.changes {
                line!(out, "    changed: {change}");
            }
            for WayAnswer { way, answer } in &document.ways {
                match answer {
                    Answer::Same => {}
                    Answer::Understood { looked } => {
                        line!(out, "    {}: understood: {looked}", way.title);
                    }
                    Answer::Undecided { reason } => {
                        line!(out, "    {}: UNDECIDED: {reason}", way.title);
                    }
                    Answer::Breaks {
                        witness,
                        pointer,
                        keyword,
                    } => {
                        line!(
                            out,
                            "    {}: {}",
                            way.title,
                            broken(way.in_use, way.meaning)
                        );
                        line!(out, "      the writer may send  {}", shown(witness));
                        line!(
                            out,
                            "      the reader refuses   {}",
                            place(pointer, keyword)
                        );
                    }
                }
            }
        }
        line!(out, "\nrules: {}", self.rules_in_short());
        for rule in &self.rules {
            line!(out, "  {} · {}: {}", rule.id, rule.effect, rule.what);
            line!(out, "    {}", rule.meaning);
        }
        line!(out, "\nversions");
        for version in &self.versions {
            line!(out, "  {}: {}", version.name, moves(version));
        }
        if !self.waived.is_empty() {
            line!(out, "\nwaived");
            for waived in &self.waived {
                line!(out, "  {}", stands(waived));
            }
        }
        if self.findings.is_empty() {
            line!(out, "\n{}", self.verdict());
            return out;
        }
        line!(out, "\nleft to do");
        for finding in &self.findings {
            line!(out, "  x {}", finding.what);
            line!(out, "    do    {}", finding.mend);
            line!(out, "    name  {}", finding.name);
        }
        line!(
            out,
            "  a finding may stand for a while: in spec/waivers.json, {{\"waivers\": [{{\"finding\": NAME, \"reason\": …, \
             \"expires\": \"YYYY-MM-DD\"}}]}}"
        );
        line!(out, "\n{}", self.verdict());
        out
    }

    /// The same as markdown, for a comment on a pull request or a job summary.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = format!(
            "## Specification: {}\n\n`{}` → `{}`\n",
            self.verdict(),
            self.sides[0],
            self.sides[1]
        );
        if !self.findings.is_empty() {
            line!(out, "\n### Left to do\n");
            for finding in &self.findings {
                line!(
                    out,
                    "- [ ] {}  \n  {} <sub>`{}`</sub>",
                    finding.what,
                    finding.mend,
                    finding.name
                );
            }
        }
        line!(out, "\n### Documents\n\n{}", self.documents_in_short());
        for document in &self.documents {
            line!(out, "\n**`{}`** {}\n", document.kind, effect(document));
            for change in &document.changes {
                line!(out, "- changed: `{change}`");
            }
            for WayAnswer { way, answer } in &document.ways {
                match answer {
                    Answer::Same => {}
                    Answer::Understood { .. } => {
                        line!(out, "- {}: understood", way.title);
                    }
                    Answer::Undecided { reason } => {
                        line!(out, "- {}: **undecided**: {reason}", way.title);
                    }
                    Answer::Breaks {
                        witness,
                        pointer,
                        keyword,
                    } => {
                        line!(
                            out,
                            "- {}: **{}**; refused {}",
                            way.title,
                            broken(way.in_use, way.meaning),
                            place(pointer, keyword)
                        );
                        line!(out, "\n  ```json\n  {}\n  ```\n", shown(witness));
                    }
                }
            }
        }
        line!(out, "\n### Rules\n\n{}", self.rules_in_short());
        if !self.rules.is_empty() {
            line!(
                out,
                "\n| rule | change | what | an adapter that conforms |\n| --- | --- | --- | --- |"
            );
            for rule in &self.rules {
                let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
                line!(
                    out,
                    "| {} | {} | {} | {} |",
                    rule.id,
                    rule.effect,
                    cell(&rule.what),
                    rule.meaning
                );
            }
        }
        line!(out, "\n### Versions\n");
        for version in &self.versions {
            line!(out, "- {}: {}", version.name, moves(version));
        }
        if !self.waived.is_empty() {
            line!(out, "\n### Waived\n");
            for waived in &self.waived {
                line!(out, "- {}", stands(waived));
            }
        }
        out
    }

    /// The verdict in one line.
    #[must_use]
    pub fn verdict(&self) -> String {
        match (self.findings.len(), self.is_empty()) {
            (0, true) => "nothing that adapters can notice changed".to_owned(),
            (0, false) => {
                "every change is announced, and the versions have moved as they have to".to_owned()
            }
            (1, _) => "1 thing is left to do".to_owned(),
            (many, _) => format!("{many} things are left to do"),
        }
    }

    fn documents_in_short(&self) -> String {
        let same = match self.same.as_slice() {
            [] => String::new(),
            _ if self.documents.is_empty() => format!("all {} are the same", self.same.len()),
            same => format!("{} are the same", same.len()),
        };
        match self.documents.len() {
            0 => same,
            changed => format!("{changed} changed, {same}")
                .trim_end_matches([',', ' '])
                .to_owned(),
        }
    }

    fn rules_in_short(&self) -> String {
        match (self.compared_rules, self.rules.len()) {
            (None, _) => "not compared".to_owned(),
            (Some(all), 0) => format!("all {all} are the same"),
            (Some(all), 1) => format!("1 change among {all}"),
            (Some(all), many) => format!("{many} changes among {all}"),
        }
    }
}

fn effect(document: &DocumentChange) -> String {
    if !document.carried.is_empty() {
        return format!("changed by what it holds: {}", document.carried.join(", "));
    }
    match document.change {
        DocumentEffect::Added => "is new",
        DocumentEffect::Removed => "is gone: whoever sends or reads it breaks",
        DocumentEffect::Breaks => "BREAKS what is in use",
        DocumentEffect::Compatible => "changed, and nothing in use breaks",
        DocumentEffect::Undecided => "UNDECIDED",
        DocumentEffect::Reworded => "is put differently, and accepts the same",
    }
    .to_owned()
}

fn broken(in_use: bool, meaning: &str) -> String {
    if in_use {
        format!("BREAKS: {meaning}")
    } else {
        format!("not understood: {meaning}")
    }
}

fn place(pointer: &str, keyword: &str) -> String {
    let place = if pointer.is_empty() {
        "at its root".to_owned()
    } else {
        format!("at {pointer}")
    };
    let why = match keyword {
        "required" | "dependentRequired" => "a member is missing".to_owned(),
        "additionalProperties" => "there is no such member".to_owned(),
        "enum" | "const" => "it knows no such word".to_owned(),
        "type" => "it is of another type".to_owned(),
        "maximum" => "the number is above its maximum".to_owned(),
        "minimum" => "the number is below its minimum".to_owned(),
        "maxLength" => "the text is too long".to_owned(),
        "minLength" => "the text is too short".to_owned(),
        "pattern" => "the text is not of its pattern".to_owned(),
        "maxItems" => "there are too many entries".to_owned(),
        "minItems" => "there are too few entries".to_owned(),
        "uniqueItems" => "an entry is there twice".to_owned(),
        other => format!("by `{other}`"),
    };
    format!("{place}: {why}")
}

fn moves(version: &VersionVerdict) -> String {
    let VersionVerdict {
        from,
        to,
        wanted,
        because,
        ..
    } = version;
    match wanted {
        None if from == to => format!("{from} may stay: {because}"),
        None => format!("{to}, after {from}, is enough: {because}"),
        Some(wanted) if to == wanted => format!("{from} became {to}, as it had to: {because}"),
        Some(wanted) => format!("{from} has to become {wanted}, and is {to}: {because}"),
    }
}

fn stands(waived: &Waived) -> String {
    format!(
        "{} (until {}: {})",
        waived.finding.what, waived.expires, waived.reason
    )
}

/// A document in one line; what is long in it is cut and counted.
#[must_use]
pub fn shown(document: &Value) -> String {
    match document {
        Value::String(text) => {
            let length = text.chars().count();
            if length <= TEXT {
                return document.to_string();
            }
            let start: String = text.chars().take(8).collect();
            format!(
                "{}… {length} characters",
                Value::from(start).to_string().trim_end_matches('"')
            )
        }
        Value::Array(entries) if entries.len() > ENTRIES => {
            let some: Vec<String> = entries.iter().take(2).map(shown).collect();
            format!("[{}, …] ({} entries)", some.join(", "), entries.len())
        }
        Value::Array(entries) => {
            let entries: Vec<String> = entries.iter().map(shown).collect();
            format!("[{}]", entries.join(", "))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}: {}", Value::from(name.as_str()), shown(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        plain => plain.to_string(),
    }
}
