//! Which version has to move, and whether the changelog says what changed.

use serde::Serialize;

use super::announce::{Changelog, Entry, Versions};
use super::gate::{DocumentChange, DocumentEffect, Gate};
use super::tree::Tree;

/// One of the three versions.
#[derive(Clone, Debug, Serialize)]
pub struct VersionVerdict {
    /// `kit`, `specification` or `driver protocol`.
    pub name: &'static str,
    /// The number that was released last, or that the old side has.
    pub from: String,
    /// The number that the new side has.
    pub to: String,
    /// The least number that the change asks for; `None` if it may stay.
    pub wanted: Option<String>,
    /// Why.
    pub because: String,
}

/// How far a version has to move.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Stay,
    Compatible,
    Breaking,
}

impl Gate<'_> {
    fn step(&self) -> (Step, String) {
        let document = |wanted: DocumentEffect| {
            let documents = self.difference.documents.iter();
            documents
                .filter(|d| d.change == wanted)
                .map(|d| format!("`{}`", d.kind))
                .collect::<Vec<_>>()
        };
        let mut breaking = document(DocumentEffect::Breaks);
        breaking.extend(document(DocumentEffect::Removed));
        let rules = self.difference.rules.iter();
        breaking.extend(
            rules
                .filter(|rule| rule.breaks)
                .map(|rule| rule.id.to_string()),
        );
        breaking.dedup();
        if !breaking.is_empty() {
            return (
                Step::Breaking,
                format!(
                    "an adapter, or what else is in use, may break: {}",
                    breaking.join(", ")
                ),
            );
        }
        let mut other: Vec<String> = [
            DocumentEffect::Added,
            DocumentEffect::Compatible,
            DocumentEffect::Undecided,
        ]
        .into_iter()
        .flat_map(document)
        .collect();
        other.extend(self.difference.rules.iter().map(|rule| rule.id.to_string()));
        other.dedup();
        if other.is_empty() {
            (Step::Stay, "nothing that it speaks of changed".to_owned())
        } else {
            (
                Step::Compatible,
                format!(
                    "nothing in use breaks, and a verdict may change: {}",
                    other.join(", ")
                ),
            )
        }
    }

    pub(super) fn versions(&mut self) {
        let named = |tree: &Tree| {
            tree.changelog
                .as_ref()
                .map(Changelog::newest)
                .unwrap_or_default()
        };
        let (before, now) = (named(self.old), named(self.new));
        let released = self.old.changelog.as_ref().and_then(Changelog::released);
        let released = released.unwrap_or_default();
        let (step, because) = self.step();
        let kit = released.kit.or_else(|| self.old.kit.clone());
        self.version(
            "kit",
            kit,
            self.new.kit.clone(),
            step,
            because.clone(),
            next_kit,
        );

        let (status, specification) = (
            before.status.or(now.status.clone()),
            self.new.specification.clone(),
        );
        let stands = match status.as_deref() {
            Some("stable") => step > Step::Stay,
            Some("candidate") => step == Step::Breaking,
            _ => false,
        };
        let (spec_step, spec_because) = if stands {
            (Step::Breaking, because)
        } else {
            let status = status.unwrap_or_else(|| "draft".to_owned());
            (Step::Stay, format!("it is a {status}, which may change so"))
        };
        let from = self.old.specification.clone();
        self.version(
            "specification",
            from,
            specification,
            spec_step,
            spec_because,
            next_whole,
        );

        let (driver_step, driver_because) = if self.protocol_breaks {
            (
                Step::Breaking,
                "lines of the driver protocol itself are no longer understood".to_owned(),
            )
        } else {
            (
                Step::Stay,
                "kit and adapter still understand each other's lines".to_owned(),
            )
        };
        let from = released.driver.or_else(|| self.old.driver.clone());
        self.version(
            "driver protocol",
            from,
            self.new.driver.clone(),
            driver_step,
            driver_because,
            next_whole,
        );
        self.heading(&now);
    }

    fn version(
        &mut self,
        name: &'static str,
        from: Option<String>,
        to: Option<String>,
        step: Step,
        because: String,
        next: fn(&str, Step) -> Option<String>,
    ) {
        let (Some(from), Some(to)) = (from, to) else {
            if step > Step::Stay {
                self.find(
                    format!("version:{name}"),
                    format!("the {name} has to move, and a side does not say which version it is"),
                    "compare whole repositories: Cargo.toml, spec/requirements.json and spec/schema/openrpc.json say it",
                );
            }
            return;
        };
        let wanted = if step == Step::Stay {
            None
        } else {
            next(&from, step)
        };
        if let Some(wanted) = &wanted
            && parts(&to) < parts(wanted)
        {
            let place = match name {
                "kit" => "`version` in Cargo.toml",
                "driver protocol" => "`PROTOCOL_VERSION` in src/contract/driver/mod.rs",
                _ => "the version in `Kind::urn` and src/publish/requirements.rs",
            };
            self.find(
                format!("version:{name}"),
                format!("the {name} has to move from {from} to {wanted}, and is {to}: {because}"),
                format!("raise {place}, then run `aios-wechat spec write`"),
            );
        }
        self.difference.versions.push(VersionVerdict {
            name,
            from,
            to,
            wanted,
            because,
        });
    }

    /// The newest heading of the changelog names the versions that the tree has.
    fn heading(&mut self, named: &Versions) {
        let moved = self
            .difference
            .versions
            .iter()
            .any(|version| version.wanted.is_some());
        if !moved {
            return;
        }
        let versions = self.difference.versions.clone();
        // After the move, if one is still to be made.
        let due = |name: &str| {
            let version = versions.iter().find(|version| version.name == name)?;
            let wanted = version
                .wanted
                .clone()
                .filter(|wanted| parts(&version.to) < parts(wanted));
            Some(wanted.unwrap_or_else(|| version.to.clone()))
        };
        let wanted = Versions {
            kit: due("kit"),
            specification: due("specification"),
            status: named.status.clone().or_else(|| Some("draft".to_owned())),
            driver: due("driver protocol"),
        };
        if *named != wanted {
            self.find(
                "changelog:heading",
                "the newest heading of spec/CHANGELOG.md does not name the versions that this change asks for",
                format!("begin a section above the newest: `{}`", wanted.heading()),
            );
        }
    }

    pub(super) fn changelog(&mut self) {
        let old = self.old.changelog.as_ref();
        let entries = self
            .new
            .changelog
            .as_ref()
            .map(|new| new.since(old))
            .unwrap_or_default();
        self.announced_documents(&entries);
        for change in self.difference.rules.clone() {
            let labels = change.effect.labels();
            let id = change.id.to_string();
            if entries
                .iter()
                .any(|entry| labels.contains(&entry.label.as_str()) && entry.names(&id))
            {
                continue;
            }
            let said = entries
                .iter()
                .find(|entry| entry.names(&id))
                .map(|entry| entry.label.clone());
            let what = match said {
                Some(label) => format!(
                    "spec/CHANGELOG.md says `{label}` of {id}, which is {}",
                    change.effect
                ),
                None => format!(
                    "{id} is {}, and spec/CHANGELOG.md does not say so",
                    change.effect
                ),
            };
            let label = labels.first().copied().unwrap_or_default();
            self.find(
                format!("changelog:{id}:{label}")
                    .replace(' ', "-")
                    .to_lowercase(),
                what,
                format!("add to its newest section: `- {label}: {id} …`"),
            );
        }
    }

    /// Documents that break are announced as such, and only those.
    fn announced_documents(&mut self, entries: &[Entry]) {
        let (mut breaking, mut changed, mut calm) = (Vec::new(), Vec::new(), Vec::new());
        for DocumentChange {
            kind,
            change,
            carried,
            ..
        } in &self.difference.documents
        {
            if *change == DocumentEffect::Reworded || !carried.is_empty() {
                continue;
            }
            let own = |entry: &&Entry| entry.label == "Document" && entry.names(kind);
            let own: Vec<&Entry> = entries.iter().filter(own).collect();
            let says_so = own
                .iter()
                .any(|entry| entry.names("breaks") || entry.names("break"));
            match change {
                DocumentEffect::Breaks | DocumentEffect::Removed if !says_so => {
                    breaking.push(kind.clone());
                }
                DocumentEffect::Added | DocumentEffect::Compatible if says_so => {
                    calm.push(kind.clone());
                }
                _ if own.is_empty() => changed.push(kind.clone()),
                _ => {}
            }
        }
        let mut find = |name: &str, kinds: &[String], what: &str, mend: String| {
            if !kinds.is_empty() {
                self.find(
                    format!("changelog:{name}"),
                    format!("{what}: {}", kinds.join(", ")),
                    mend,
                );
            }
        };
        find(
            "breaks",
            &breaking,
            "these break what is in use, and spec/CHANGELOG.md does not say so",
            format!(
                "add to its newest section, with what and for whom: `- Document: {} breaks …`; or change it so that nothing in \
                 use breaks: spec/changes.md says who meets whom",
                breaking.join(", ")
            ),
        );
        find(
            "changes",
            &changed,
            "these changed, and spec/CHANGELOG.md does not say so",
            format!(
                "add to its newest section: `- Document: {} …`",
                changed.join(", ")
            ),
        );
        find(
            "calm",
            &calm,
            "spec/CHANGELOG.md says that these break, and nothing in use does",
            "say what changed in an entry of its own, without `breaks`".to_owned(),
        );
    }
}

/// The numbers of a version, for comparison: `v0` is 0, `0.1.0` is 0, 1, 0.
fn parts(version: &str) -> Vec<u64> {
    let numbers = version.trim_start_matches('v').split(['.', '-', '+']);
    numbers.map_while(|part| part.parse().ok()).collect()
}

/// The next version of the kit: while the first number is 0, the second says what breaks.
fn next_kit(from: &str, step: Step) -> Option<String> {
    let [major, minor, patch] = <[u64; 3]>::try_from(parts(from)).ok()?;
    Some(match (step, major) {
        (Step::Stay, _) => return None,
        (Step::Breaking, 0) => format!("0.{}.0", minor + 1),
        (Step::Breaking, _) => format!("{}.0.0", major + 1),
        (Step::Compatible, 0) => format!("0.{minor}.{}", patch + 1),
        (Step::Compatible, _) => format!("{major}.{}.0", minor + 1),
    })
}

/// The next of versions that are one number.
fn next_whole(from: &str, _: Step) -> Option<String> {
    let next = parts(from).first()? + 1;
    Some(if from.starts_with('v') {
        format!("v{next}")
    } else {
        next.to_string()
    })
}
