//! The smallest arrays and objects of a case.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::form::{Form, Id};
use super::search::{Case, Demands, Found, Search};
use super::word::{Word, size};

/// The longest array that is written down.
const LONGEST: u64 = 1_000_000;

/// What a case asks of an array.
#[derive(Default)]
struct Entries {
    least: u64,
    most: Option<u64>,
    /// Of every entry.
    all: Demands,
    /// Each of some entry.
    some: Demands,
    unique: bool,
    twins: bool,
}

/// A member that has to be there and may have one of several names.
struct Wanted {
    /// It has none of these names.
    not: BTreeSet<String>,
    name: Demands,
    value: Demands,
}

/// The members of an object in the making: by name, and those whose name is free.
#[derive(Clone, Default)]
struct Draft {
    named: BTreeMap<String, Demands>,
    free: Vec<(Demands, Demands)>,
}

impl Search {
    pub(super) fn arrays(&mut self, case: &Case, count: usize, found: &mut Found) {
        let asked = self.entries(case);
        if asked.unique && asked.twins {
            return;
        }
        let mut best: Option<Vec<Value>> = None;
        for groups in groupings(&asked.some) {
            let entries = self.array(&asked, &groups, found);
            let length =
                |entries: &Vec<Value>| entries.iter().map(|entry| size(entry) + 1).sum::<usize>();
            if let Some(entries) = entries
                && best
                    .as_ref()
                    .is_none_or(|best| length(&entries) < length(best))
            {
                best = Some(entries);
            }
        }
        if let Some(entries) = best {
            found.values.push(entries.into());
            if count > 1 {
                found.doubts(Some(
                    &"it does not look for several different arrays".to_owned(),
                ));
            }
        }
    }

    fn entries(&self, case: &Case) -> Entries {
        let mut asked = Entries::default();
        let no_more = |most: &mut Option<u64>, limit| {
            *most = Some(most.map_or(limit, |most: u64| most.min(limit)));
        };
        for (id, holds) in &case.atoms {
            match (self.forms.get(*id), holds) {
                (Form::MinItems(bound), true) => asked.least = asked.least.max(*bound),
                (Form::MinItems(bound), false) => no_more(&mut asked.most, bound.saturating_sub(1)),
                (Form::MaxItems(bound), true) => no_more(&mut asked.most, *bound),
                (Form::MaxItems(bound), false) => {
                    asked.least = asked.least.max(bound.saturating_add(1));
                }
                (Form::Items(part), true) => asked.all.push((*part, true)),
                (Form::Items(part), false) => asked.some.push((*part, false)),
                (Form::Contains(part), true) => asked.some.push((*part, true)),
                (Form::Contains(part), false) => asked.all.push((*part, false)),
                (Form::Unique, true) => asked.unique = true,
                (Form::Unique, false) => asked.twins = true,
                _ => {}
            }
        }
        asked
    }

    /// The smallest array whose first entries fulfil one group of demands each.
    fn array(
        &mut self,
        asked: &Entries,
        groups: &[Demands],
        found: &mut Found,
    ) -> Option<Vec<Value>> {
        let mut entries = Vec::new();
        for group in groups {
            let demands = [asked.all.as_slice(), group].concat();
            // As many as there are entries: one of them is none of the others.
            let answer = self.smallest(demands, if asked.unique { entries.len() + 1 } else { 1 });
            found.doubts(answer.doubt.as_ref());
            let entry = answer
                .values
                .iter()
                .find(|value| !asked.unique || !entries.contains(*value));
            entries.push(entry?.clone());
        }
        let least = asked.least.max(if asked.twins { 2 } else { 0 });
        if least > LONGEST {
            found.doubts(Some(&format!(
                "an array of {least} entries is too long to be shown"
            )));
            return None;
        }
        if asked.twins && entries.len() > 1 {
            // One entry more, the same as the smallest.
            let twin = entries.iter().min_by_key(|entry| size(entry))?.clone();
            entries.push(twin);
        }
        let least = usize::try_from(least).ok()?;
        let missing = least.saturating_sub(entries.len());
        if missing > 0 {
            let wanted = if asked.unique { least } else { 1 };
            let answer = self.smallest(asked.all.clone(), wanted);
            found.doubts(answer.doubt.as_ref());
            if asked.unique {
                let known: BTreeSet<String> = entries.iter().map(Value::to_string).collect();
                let fresh = answer
                    .values
                    .iter()
                    .filter(|value| !known.contains(&value.to_string()));
                entries.extend(fresh.take(missing).cloned());
            } else {
                // Twins: whatever is there already may be the second of them.
                let entry = if asked.twins {
                    entries.first().or(answer.first())
                } else {
                    answer.first()
                };
                let entry = entry?.clone();
                entries.resize(least, entry);
            }
        }
        let fits =
            entries.len() >= least && asked.most.is_none_or(|most| entries.len() as u64 <= most);
        fits.then_some(entries)
    }

    pub(super) fn objects(&mut self, case: &Case, count: usize, found: &mut Found) {
        let mut draft = Draft::default();
        let (mut known, mut absent) = (BTreeSet::new(), BTreeSet::new());
        let mut wanted = Vec::new();
        for (id, holds) in &case.atoms {
            match (self.forms.get(*id), holds) {
                (Form::Has(name), true) | (Form::Member(name, _), false) => {
                    draft.named.entry(name.clone()).or_default();
                }
                (Form::Has(name), false) => drop(absent.insert(name.clone())),
                (Form::Member(name, _), true) => drop(known.insert(name.clone())),
                (Form::Others(names, part), _) => {
                    known.extend(names.iter().cloned());
                    if !holds {
                        wanted.push(Wanted {
                            not: names.clone(),
                            name: Vec::new(),
                            value: vec![(*part, false)],
                        });
                    }
                }
                (Form::Names(part), false) => wanted.push(Wanted {
                    not: BTreeSet::new(),
                    name: vec![(*part, false)],
                    value: Vec::new(),
                }),
                _ => {}
            }
        }
        known.extend(draft.named.keys().cloned());
        if draft.named.keys().any(|name| absent.contains(name)) {
            return;
        }
        known.extend(absent.iter().cloned());
        let mut maker = Maker {
            search: self,
            case,
            known: &known,
            absent: &absent,
            best: None,
        };
        maker.choose(&draft, &wanted, found);
        if let Some((_, best)) = maker.best {
            found.values.push(best.into());
            if count > 1 {
                found.doubts(Some(
                    &"it does not look for several different objects".to_owned(),
                ));
            }
        }
    }

    /// A word as a form of its own.
    fn word(&mut self, text: &str) -> Id {
        self.forms
            .add(Form::Words([Word::Text(text.to_owned())].into()))
    }
}

/// Puts objects together and keeps the smallest.
struct Maker<'m> {
    search: &'m mut Search,
    case: &'m Case,
    /// Every name that a demand speaks of.
    known: &'m BTreeSet<String>,
    absent: &'m BTreeSet<String>,
    best: Option<(usize, Map<String, Value>)>,
}

impl Maker<'_> {
    /// Tries every member that may fulfil the first of the wanted, and so on.
    fn choose(&mut self, draft: &Draft, wanted: &[Wanted], found: &mut Found) {
        let Some((first, rest)) = wanted.split_first() else {
            return self.make(draft, found);
        };
        for name in self.known {
            if first.not.contains(name) || self.absent.contains(name) {
                continue;
            }
            let word = self.search.word(name);
            let demands = [first.name.as_slice(), &[(word, true)]].concat();
            if self.search.smallest(demands, 1).values.is_empty() {
                continue;
            }
            let mut next = draft.clone();
            next.named
                .entry(name.clone())
                .or_default()
                .extend(first.value.iter().copied());
            self.choose(&next, rest, found);
        }
        for at in 0..=draft.free.len() {
            let mut next = draft.clone();
            if at == next.free.len() {
                next.free.push((Vec::new(), Vec::new()));
            }
            next.free[at].0.extend(first.name.iter().copied());
            next.free[at].1.extend(first.value.iter().copied());
            self.choose(&next, rest, found);
        }
    }

    fn make(&mut self, draft: &Draft, found: &mut Found) {
        let mut members = Map::new();
        for (name, more) in &draft.named {
            let word = self.search.word(name);
            let mut names = self.names();
            names.push((word, true));
            let mut demands = self.search.of_member(self.case, name);
            demands.extend(more);
            // Either may be impossible, and both are small questions.
            let name_fits = self.search.smallest(names, 1);
            let value = self.search.smallest(demands, 1);
            found.doubts(name_fits.doubt.as_ref().or(value.doubt.as_ref()));
            match (name_fits.first(), value.first()) {
                (Some(_), Some(value)) => members.insert(name.clone(), value.clone()),
                _ => return,
            };
        }
        for (name, more) in &draft.free {
            let taken = self
                .known
                .iter()
                .chain(members.keys())
                .cloned()
                .map(Word::Text)
                .collect();
            let taken = self.search.forms.add(Form::Words(taken));
            let mut names = self.names();
            names.extend(name);
            names.push((taken, false));
            let text = self.search.forms.add(Form::Kinds(super::word::Kinds::TEXT));
            names.push((text, true));
            // No demand speaks of this name, so what is asked of all others is asked of it.
            let mut demands: Demands = self
                .case
                .atoms
                .iter()
                .filter_map(|(id, holds)| match self.search.forms.get(*id) {
                    Form::Others(_, part) if *holds => Some((*part, true)),
                    _ => None,
                })
                .collect();
            demands.extend(more);
            let name = self.search.smallest(names, 1);
            let value = self.search.smallest(demands, 1);
            found.doubts(name.doubt.as_ref().or(value.doubt.as_ref()));
            match (name.first(), value.first()) {
                (Some(Value::String(name)), Some(value)) => {
                    members.insert(name.clone(), value.clone())
                }
                _ => return,
            };
        }
        let own = members
            .iter()
            .map(|(name, value)| name.chars().count() + size(value) + 4)
            .sum();
        if self.best.as_ref().is_none_or(|(best, _)| own < *best) {
            self.best = Some((own, members));
        }
    }

    /// What is asked of every name.
    fn names(&self) -> Demands {
        let asked =
            self.case
                .atoms
                .iter()
                .filter_map(|(id, holds)| match self.search.forms.get(*id) {
                    Form::Names(part) if *holds => Some((*part, true)),
                    _ => None,
                });
        asked.collect()
    }
}

/// Every way to fulfil demands by entries, several by one entry or each by its own.
fn groupings(demands: &[(Id, bool)]) -> Vec<Vec<Demands>> {
    let Some((first, rest)) = demands.split_first() else {
        return vec![Vec::new()];
    };
    let mut out = Vec::new();
    for groups in groupings(rest) {
        for at in 0..groups.len() {
            let mut joined = groups.clone();
            joined[at].push(*first);
            out.push(joined);
        }
        let mut own = groups;
        own.push(vec![*first]);
        out.push(own);
    }
    out
}
