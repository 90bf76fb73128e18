//! The changelog: the versions that its headings name, and what its entries announce.

use serde::Serialize;

/// The changelog, newest section first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changelog {
    sections: Vec<Section>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Section {
    versions: Versions,
    unreleased: bool,
    entries: Vec<Entry>,
}

/// The three versions that a heading names: `## Kit 0.2.0 · specification v0 (draft) · driver protocol 1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// Of the kit.
    pub kit: Option<String>,
    /// Of the specification.
    pub specification: Option<String>,
    /// The status of the specification: `draft`, `candidate` or `stable`.
    pub status: Option<String>,
    /// Of the driver protocol.
    pub driver: Option<String>,
}

/// An entry: `- Label: text`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// What stands before the colon.
    pub label: String,
    /// What stands after it, in one line.
    pub text: String,
}

impl Entry {
    /// Whether it speaks of this word, whole.
    #[must_use]
    pub fn names(&self, word: &str) -> bool {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '-';
        self.text.match_indices(word).any(|(at, _)| {
            !self.text[..at].ends_with(inside) && !self.text[at + word.len()..].starts_with(inside)
        })
    }
}

impl Changelog {
    /// Reads a changelog; what is no section and no entry is left aside.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut changelog = Self::default();
        for line in text.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                changelog.sections.push(Section {
                    versions: Versions::read(heading),
                    unreleased: heading.contains("(unreleased)"),
                    entries: Vec::new(),
                });
                continue;
            }
            let Some(section) = changelog.sections.last_mut() else {
                continue;
            };
            if let Some(item) = line.strip_prefix("- ") {
                let (label, text) = item.split_once(':').unwrap_or(("", item));
                section.entries.push(Entry {
                    label: label.trim().to_owned(),
                    text: text.trim().to_owned(),
                });
            } else if let (Some(entry), true) = (section.entries.last_mut(), line.starts_with(' '))
            {
                entry.text = format!("{} {}", entry.text, line.trim());
            }
        }
        changelog
    }

    /// The versions of the newest section.
    #[must_use]
    pub fn newest(&self) -> Versions {
        self.sections
            .first()
            .map(|section| section.versions.clone())
            .unwrap_or_default()
    }

    /// The versions of the newest section that is released.
    #[must_use]
    pub fn released(&self) -> Option<Versions> {
        let released = self.sections.iter().find(|section| !section.unreleased)?;
        Some(released.versions.clone())
    }

    /// The entries that another changelog does not have.
    #[must_use]
    pub fn since(&self, old: Option<&Self>) -> Vec<Entry> {
        let known: Vec<&Entry> = old
            .into_iter()
            .flat_map(|old| &old.sections)
            .flat_map(|s| &s.entries)
            .collect();
        let own = self.sections.iter().flat_map(|section| &section.entries);
        own.filter(|entry| !known.contains(entry))
            .cloned()
            .collect()
    }
}

impl Versions {
    fn read(heading: &str) -> Self {
        let lower = heading.to_lowercase();
        let after = |word: &str| {
            let (_, rest) = lower.split_once(word)?;
            rest.split_whitespace().next().map(str::to_owned)
        };
        let status = ["draft", "candidate", "stable"];
        Self {
            kit: after("kit "),
            specification: after("specification "),
            status: status
                .iter()
                .find(|word| lower.contains(&format!("({word})")))
                .map(ToString::to_string),
            driver: after("driver protocol "),
        }
    }

    /// The heading that names them.
    #[must_use]
    pub fn heading(&self) -> String {
        let or = |version: &Option<String>| version.clone().unwrap_or_else(|| "?".to_owned());
        format!(
            "## Kit {} (unreleased) · specification {} ({}) · driver protocol {}",
            or(&self.kit),
            or(&self.specification),
            or(&self.status),
            or(&self.driver)
        )
    }
}
