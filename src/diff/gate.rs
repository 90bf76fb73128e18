//! The gate: what changed between two versions, what it breaks, and what has still to be said or moved.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;

use super::compare::{Answer, Comparer};
use super::place::places;
use super::rules::{RuleChange, compare_rules};
use super::travel::{Way, opened, ways};
use super::tree::Tree;
use super::version::VersionVerdict;
use super::waiver::{Waiver, Waivers};

/// Everything that the gate has to say.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// What each side is called.
    pub sides: [String; 2],
    /// Kinds of document whose schemas accept the same, and say so alike.
    pub same: Vec<String>,
    /// The others.
    pub documents: Vec<DocumentChange>,
    /// How many rules were compared; `None` if a side has no catalogue.
    pub compared_rules: Option<usize>,
    /// Rules that changed.
    pub rules: Vec<RuleChange>,
    /// What has to move, and what moved.
    pub versions: Vec<VersionVerdict>,
    /// What is not in order; nothing may be left of these.
    pub findings: Vec<Finding>,
    /// Findings that a waiver lets stand.
    pub waived: Vec<Waived>,
}

/// A kind of document that changed.
#[derive(Clone, Debug, Serialize)]
pub struct DocumentChange {
    /// Its kind.
    pub kind: String,
    /// In general words.
    pub change: DocumentEffect,
    /// The kinds within it by which alone it changed.
    pub carried: Vec<String>,
    /// What its schema says differently, place by place; the first few.
    pub changes: Vec<String>,
    /// Each way it travels.
    pub ways: Vec<WayAnswer>,
}

/// What a change does to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentEffect {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// What is in use breaks.
    Breaks,
    /// What is in use goes on; it is not the same.
    Compatible,
    /// It could not be decided.
    Undecided,
    /// Its schema is put differently and accepts the same.
    Reworded,
}

/// One way, and what was found of it.
#[derive(Clone, Debug, Serialize)]
pub struct WayAnswer {
    /// The way.
    #[serde(flatten)]
    pub way: Way,
    /// Whether its reader understands its writer.
    pub answer: Answer,
}

/// Something that is not in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Its name, for waivers.
    pub name: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub mend: String,
}

/// A finding that may stand for a while.
#[derive(Clone, Debug, Serialize)]
pub struct Waived {
    /// The finding.
    pub finding: Finding,
    /// Why it may stand.
    pub reason: String,
    /// The last day on which it may.
    pub expires: String,
}

impl Difference {
    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether nothing changed at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.rules.is_empty()
    }

    /// Lets findings stand that are waived; a waiver that is expired or matches nothing is one itself.
    pub fn waive(&mut self, waivers: &Waivers, today: Date) {
        let mut stale = Vec::new();
        for waiver in &waivers.waivers {
            let Waiver {
                finding,
                reason,
                expires,
            } = waiver;
            let at = self.findings.iter().position(|own| own.name == *finding);
            let say = |what: String, mend: &str| Finding {
                name: format!("waiver:{finding}"),
                what,
                mend: mend.to_owned(),
            };
            match at {
                None => stale.push(say(
                    format!("the waiver of `{finding}` matches no finding"),
                    "take it out of the file: what it let stand is gone",
                )),
                Some(_) if waiver.has_expired(today) => stale.push(say(
                    format!("the waiver of `{finding}` expired on {expires}"),
                    "mend the finding, or decide anew and give a later day",
                )),
                Some(at) => self.waived.push(Waived {
                    finding: self.findings.remove(at),
                    reason: reason.clone(),
                    expires: expires.clone(),
                }),
            }
        }
        self.findings.extend(stale);
    }
}

/// Compares two versions. The seed decides what is drawn by chance.
#[must_use]
pub fn compare(old: (&str, &Tree), new: (&str, &Tree), seed: u64) -> Difference {
    let mut gate = Gate {
        old: old.1,
        new: new.1,
        comparer: Comparer::new(seed),
        difference: Difference {
            sides: [old.0.to_owned(), new.0.to_owned()],
            same: Vec::new(),
            documents: Vec::new(),
            compared_rules: None,
            rules: Vec::new(),
            versions: Vec::new(),
            findings: Vec::new(),
            waived: Vec::new(),
        },
        protocol_breaks: false,
    };
    gate.documents();
    gate.rules();
    gate.versions();
    gate.changelog();
    gate.difference.findings.sort();
    gate.difference.findings.dedup();
    gate.difference
}

pub(super) struct Gate<'t> {
    pub(super) old: &'t Tree,
    pub(super) new: &'t Tree,
    comparer: Comparer,
    pub(super) difference: Difference,
    /// The driver protocol's own part breaks what is in use.
    pub(super) protocol_breaks: bool,
}

/// Documents that hold others whole.
const CARRIERS: [&str; 2] = ["driver", "start"];

impl Gate<'_> {
    pub(super) fn find(
        &mut self,
        name: impl Into<String>,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.difference.findings.push(Finding {
            name: name.into(),
            what: what.into(),
            mend: mend.into(),
        });
    }

    fn documents(&mut self) {
        let kinds: BTreeSet<&String> = self
            .old
            .schemas
            .keys()
            .chain(self.new.schemas.keys())
            .collect();
        // Those that hold others come last: what they hold is known by then.
        let mut kinds: Vec<&String> = kinds.into_iter().collect();
        kinds.sort_by_key(|kind| CARRIERS.iter().rev().position(|carrier| carrier == kind));
        for kind in kinds {
            let (old, new) = (self.old.schemas.get(kind), self.new.schemas.get(kind));
            match (old, new) {
                (Some(old), Some(new)) if old == new => self.difference.same.push(kind.clone()),
                (Some(old), Some(new)) => self.document(kind, old, new),
                (old, _) => {
                    let change = match old {
                        None => DocumentEffect::Added,
                        Some(_) => DocumentEffect::Removed,
                    };
                    self.difference.documents.push(DocumentChange {
                        kind: kind.clone(),
                        change,
                        carried: Vec::new(),
                        changes: Vec::new(),
                        ways: Vec::new(),
                    });
                }
            }
        }
        self.difference.same.sort();
        self.difference
            .documents
            .sort_by(|a, b| a.kind.cmp(&b.kind));
    }

    fn document(&mut self, kind: &str, old: &Value, new: &Value) {
        let Some(ways) = ways(kind) else {
            self.find(
                format!("undecided:{kind}"),
                format!("nobody knows who writes and who reads `{kind}`"),
                "compare with the kit that has this kind, or name its ways in src/diff/travel.rs",
            );
            return;
        };
        let mut change = DocumentChange {
            kind: kind.to_owned(),
            change: DocumentEffect::Reworded,
            carried: Vec::new(),
            changes: Vec::new(),
            ways: Vec::new(),
        };
        if CARRIERS.contains(&kind) {
            change.carried = self.carried(kind);
            let own = with_old_parts(old, new, &self.parts(&change.carried));
            let answers = self.answers(kind, &ways, old, &own);
            let own_change = answers.iter().any(|way| way.answer != Answer::Same);
            if kind == "driver" {
                self.protocol_breaks = answers.iter().any(breaks_what_is_in_use);
            }
            if own_change {
                change.carried.clear();
            }
        }
        if change.carried.is_empty() {
            change.changes = places(old, new);
            change.ways = self.answers(kind, &ways, old, new);
            let any = |test: fn(&WayAnswer) -> bool| change.ways.iter().any(test);
            change.change = if any(|way| matches!(way.answer, Answer::Undecided { .. })) {
                DocumentEffect::Undecided
            } else if any(breaks_what_is_in_use) {
                DocumentEffect::Breaks
            } else if any(|way| way.answer != Answer::Same) {
                DocumentEffect::Compatible
            } else {
                DocumentEffect::Reworded
            };
        }
        for WayAnswer { way, answer } in &change.ways {
            if let Answer::Undecided { reason } = answer {
                self.difference.findings.push(Finding {
                    name: format!("undecided:{kind}:{}", way.name),
                    what: format!(
                        "whether `{kind}` is understood, {}, could not be decided: {reason}",
                        way.title
                    ),
                    mend:
                        "put the schema in words that are known here, or waive this with a reason"
                            .to_owned(),
                });
            }
        }
        self.difference.documents.push(change);
    }

    fn answers(&mut self, kind: &str, ways: &[Way], old: &Value, new: &Value) -> Vec<WayAnswer> {
        let known: Vec<Value> = [self.old, self.new]
            .iter()
            .flat_map(|tree| tree.documents.get(kind).into_iter().flatten())
            .cloned()
            .collect();
        let ask = |way: &Way| {
            let (writer, reader) = if way.new_writes {
                (new, old)
            } else {
                (old, new)
            };
            let lenient = way.lenient.then(|| opened(reader));
            let reader = lenient.as_ref().unwrap_or(reader);
            WayAnswer {
                way: way.clone(),
                answer: self
                    .comparer
                    .one_way(writer, reader, way.only.as_ref(), &known),
            }
        };
        ways.iter().map(ask).collect()
    }

    /// The changed kinds that a document holds whole.
    fn carried(&self, carrier: &str) -> Vec<String> {
        let changed = |kind: &&String| self.old.schemas.get(*kind) != self.new.schemas.get(*kind);
        let held = |kind: &&String| {
            let title = self.new.schemas[*kind]["title"]
                .as_str()
                .unwrap_or_default();
            let holder = &self.new.schemas[carrier]["$defs"];
            holder.get(title).is_some() && !CARRIERS.contains(&kind.as_str())
        };
        let kinds = self
            .new
            .schemas
            .keys()
            .filter(|kind| self.old.schemas.contains_key(*kind));
        kinds.filter(held).filter(changed).cloned().collect()
    }

    /// The names of the definitions of which kinds are made.
    fn parts(&self, kinds: &[String]) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for schema in kinds.iter().filter_map(|kind| self.new.schemas.get(kind)) {
            names.extend(schema["title"].as_str().map(str::to_owned));
            names.extend(
                schema["$defs"]
                    .as_object()
                    .into_iter()
                    .flat_map(|parts| parts.keys().cloned()),
            );
        }
        names
    }

    fn rules(&mut self) {
        match (&self.old.suite, &self.new.suite) {
            (Some(Ok(old)), Some(Ok(new))) => {
                self.difference.compared_rules = Some(new.requirements().count());
                self.difference.rules = compare_rules(old, new);
            }
            (None, None) => {}
            (old, new) => {
                let side = |suite: &Option<Result<_, String>>| match suite {
                    None => Some("it has no feature files".to_owned()),
                    Some(Err(error)) => Some(error.clone()),
                    Some(Ok(_)) => None,
                };
                let sides = self.difference.sides.clone();
                for (name, problem) in sides.iter().zip([side(old), side(new)]) {
                    if let Some(problem) = problem {
                        self.find(
                            "undecided:rules",
                            format!("the rules were not compared; {name}: {problem}"),
                            "compare two versions whose features this kit can read: `spec check` says what is wrong",
                        );
                    }
                }
            }
        }
    }
}

fn breaks_what_is_in_use(way: &WayAnswer) -> bool {
    way.way.in_use && matches!(way.answer, Answer::Breaks { .. })
}

/// The new schema with those of its definitions as they were.
fn with_old_parts(old: &Value, new: &Value, names: &BTreeSet<String>) -> Value {
    let mut mixed = new.clone();
    let (Some(parts), Some(former)) = (mixed["$defs"].as_object_mut(), old["$defs"].as_object())
    else {
        return mixed;
    };
    for (name, part) in former {
        if names.contains(name) || !parts.contains_key(name) {
            parts.insert(name.clone(), part.clone());
        }
    }
    mixed
}
