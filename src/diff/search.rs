//! The smallest documents that some forms accept and others refuse.
//!
//! A place in a document is known by what is asked of it: forms that hold there and forms that do not.
//! Joined forms are split until every demand is of one keyword; a choice is followed both ways. What is
//! left is solved for each type by itself, members and entries by asking the same question one step
//! further down. A question that was answered is not asked again. So a document is found if there is
//! one, and it is a smallest one; where none is found there is none.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::Value;

use super::form::{Form, Forms, Id};
use super::language::Languages;
use super::word::{Kinds, Word, size};

/// Cases that one question may be split into.
const CASES: usize = 50_000;

/// Forms, and whether each holds; sorted.
pub(super) type Demands = Vec<(Id, bool)>;

/// What a question found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// The smallest values, smallest first.
    pub(super) values: Vec<Value>,
    /// Why there may be others.
    pub(super) doubt: Option<String>,
}

impl Found {
    pub(super) fn none(&self) -> bool {
        self.values.is_empty() && self.doubt.is_none()
    }

    pub(super) fn first(&self) -> Option<&Value> {
        self.values.first()
    }

    pub(super) fn doubts(&mut self, doubt: Option<&String>) {
        if self.doubt.is_none() {
            self.doubt = doubt.cloned();
        }
    }
}

/// Forms, patterns, and every answer so far.
#[derive(Debug, Default)]
pub(super) struct Search {
    pub(super) forms: Forms,
    pub(super) languages: Languages,
    answers: BTreeMap<(Demands, usize), Rc<Found>>,
    /// How many cases were looked at.
    pub(super) cases: usize,
}

/// One case: what is asked of a value, split so far.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) kinds: Kinds,
    known: BTreeMap<Id, bool>,
    /// Of one keyword each.
    pub(super) atoms: Demands,
    /// At least one of each list holds.
    choices: Vec<Demands>,
}

impl Search {
    /// Takes a schema apart.
    ///
    /// # Errors
    /// If it says something that is not known here.
    pub(super) fn read(&mut self, schema: &Value) -> Result<Id, String> {
        self.forms.read(schema, &mut self.languages)
    }

    /// The smallest values, up to `count`, of which all demands hold.
    pub(super) fn smallest(&mut self, mut demands: Demands, count: usize) -> Rc<Found> {
        demands.sort();
        demands.dedup();
        let question = (demands, count);
        if let Some(known) = self.answers.get(&question) {
            return Rc::clone(known);
        }
        let mut found = Found::default();
        let mut case = Case {
            kinds: Kinds::ALL,
            known: BTreeMap::new(),
            atoms: Vec::new(),
            choices: Vec::new(),
        };
        let open = question
            .0
            .iter()
            .all(|(id, holds)| self.demand(&mut case, *id, *holds));
        if open {
            self.explore(case, count, &mut found);
        }
        found
            .values
            .sort_by_cached_key(|value| (size(value), value.to_string()));
        found.values.dedup();
        found.values.truncate(count);
        let found = Rc::new(found);
        self.answers.insert(question, Rc::clone(&found));
        found
    }

    /// Whether no value fulfils the demands; proven.
    fn impossible(&mut self, demands: Demands) -> bool {
        self.smallest(demands, 1).none()
    }

    /// Adds a demand to a case. `false`: the case is closed.
    fn demand(&mut self, case: &mut Case, id: Id, holds: bool) -> bool {
        if let Some(known) = case.known.insert(id, holds) {
            return known == holds;
        }
        match (self.forms.get(id).clone(), holds) {
            (Form::Not(part), _) => self.demand(case, part, !holds),
            (Form::All(parts), true) => parts.iter().all(|part| self.demand(case, *part, true)),
            (Form::Any(parts), false) => parts.iter().all(|part| self.demand(case, *part, false)),
            (Form::All(parts), false) => {
                case.choices
                    .push(parts.iter().map(|part| (*part, false)).collect());
                true
            }
            (Form::Any(parts), true) => {
                case.choices
                    .push(parts.iter().map(|part| (*part, true)).collect());
                true
            }
            (Form::One(parts), _) => {
                let spelt = self.spelt_out(&parts);
                self.demand(case, spelt, holds)
            }
            (Form::Kinds(kinds), _) => {
                case.kinds = case.kinds.and(if holds { kinds } else { kinds.not() });
                !case.kinds.none()
            }
            (Form::Words(words), true) => {
                let kinds = words.iter().map(Word::kind).fold(Kinds::NONE, Kinds::or);
                case.kinds = case.kinds.and(kinds);
                case.atoms.push((id, true));
                !case.kinds.none()
            }
            (form, holds) => {
                if !holds && !matches!(form, Form::Words(_)) {
                    // Only a value of its type can break a keyword.
                    case.kinds = case.kinds.and(form.binds().unwrap_or(Kinds::ALL));
                }
                case.atoms.push((id, holds));
                !case.kinds.none()
            }
        }
    }

    /// "Exactly one of these" in other words; where no two go together it is "one of these".
    fn spelt_out(&mut self, parts: &[Id]) -> Id {
        let mut choices = Vec::new();
        let mut apart = true;
        for (at, part) in parts.iter().enumerate() {
            for other in &parts[at + 1..] {
                apart &= self.impossible(vec![(*part, true), (*other, true)]);
            }
        }
        if apart {
            return self.forms.add(Form::Any(parts.to_vec()));
        }
        for part in parts {
            let mut all = vec![*part];
            for other in parts.iter().filter(|other| *other != part) {
                all.push(self.forms.add(Form::Not(*other)));
            }
            choices.push(self.forms.add(Form::All(all)));
        }
        self.forms.add(Form::Any(choices))
    }

    fn explore(&mut self, mut case: Case, count: usize, found: &mut Found) {
        self.cases += 1;
        if self.cases > CASES {
            found.doubts(Some(&format!(
                "it looked at {CASES} cases and there are more"
            )));
            return;
        }
        // What is decided needs no choice; of what is left, the smallest choice comes first.
        loop {
            let mut changed = false;
            for choice in std::mem::take(&mut case.choices) {
                if choice
                    .iter()
                    .any(|(id, holds)| self.sure(&case, *id, *holds))
                {
                    continue;
                }
                let all = choice.len();
                let left: Demands = choice
                    .into_iter()
                    .filter(|(id, holds)| !self.sure(&case, *id, !*holds))
                    .collect();
                match left.as_slice() {
                    [] => return,
                    [(id, holds)] => {
                        if !self.demand(&mut case, *id, *holds) {
                            return;
                        }
                        changed = true;
                    }
                    _ => {
                        changed |= left.len() < all;
                        case.choices.push(left);
                    }
                }
            }
            if !changed {
                break;
            }
        }
        // Which shape it is comes before what it must not be: a shape decides most of the rest.
        let smallest = (0..case.choices.len()).min_by_key(|at| {
            let choice = &case.choices[*at];
            (choice.iter().any(|(_, holds)| !holds), choice.len())
        });
        let Some(smallest) = smallest else {
            self.solve(&case, count, found);
            return;
        };
        for (id, holds) in case.choices.swap_remove(smallest) {
            let mut next = case.clone();
            if self.demand(&mut next, id, holds) {
                self.explore(next, count, found);
            }
        }
    }

    /// Whether a demand holds of every value of the case. `false` may mean: not known.
    fn sure(&mut self, case: &Case, id: Id, holds: bool) -> bool {
        if let Some(known) = case.known.get(&id) {
            return *known == holds;
        }
        match (self.forms.get(id).clone(), holds) {
            (Form::Not(part), _) => self.sure(case, part, !holds),
            (Form::All(parts), true) => parts.iter().all(|part| self.sure(case, *part, true)),
            (Form::All(parts), false) => parts.iter().any(|part| self.sure(case, *part, false)),
            (Form::Any(parts), true) => parts.iter().any(|part| self.sure(case, *part, true)),
            (Form::Any(parts), false) => parts.iter().all(|part| self.sure(case, *part, false)),
            (Form::Kinds(kinds), true) => kinds.hold(case.kinds),
            (Form::Kinds(kinds), false) => kinds.and(case.kinds).none(),
            (Form::One(_) | Form::Words(_), _) => false,
            (form, true)
                if form
                    .binds()
                    .is_some_and(|kinds| kinds.and(case.kinds).none()) =>
            {
                true
            }
            (Form::Has(name), false) => {
                case.kinds == Kinds::OBJECT && {
                    let demands = self.of_member(case, &name);
                    self.impossible(demands)
                }
            }
            (Form::Member(name, part), false) => {
                case.kinds == Kinds::OBJECT && self.present(case, &name) && {
                    let mut demands = self.of_member(case, &name);
                    demands.push((part, true));
                    self.impossible(demands)
                }
            }
            (Form::Member(name, part), true) => {
                case.kinds == Kinds::OBJECT && {
                    let mut demands = self.of_member(case, &name);
                    demands.push((part, false));
                    self.impossible(demands)
                }
            }
            _ => false,
        }
    }

    fn present(&mut self, case: &Case, name: &str) -> bool {
        let has = self.forms.add(Form::Has(name.to_owned()));
        case.known.get(&has) == Some(&true)
    }

    /// What a case asks of a member, if it is there.
    pub(super) fn of_member(&self, case: &Case, name: &str) -> Demands {
        let asked = case
            .atoms
            .iter()
            .filter_map(|(id, holds)| match self.forms.get(*id) {
                Form::Member(own, part) if own == name => Some((*part, *holds)),
                Form::Others(names, part) if *holds && !names.contains(name) => Some((*part, true)),
                _ => None,
            });
        asked.collect()
    }

    /// The smallest values of a case that has no choices left.
    fn solve(&mut self, case: &Case, count: usize, found: &mut Found) {
        let (mut words, mut excluded) = (None, BTreeSet::new());
        for (id, holds) in &case.atoms {
            match (self.forms.get(*id), holds) {
                (Form::Words(own), true) => {
                    words = Some(match words {
                        None => own.clone(),
                        Some(words) => own.intersection(&words).cloned().collect(),
                    });
                }
                (Form::Words(own), false) => excluded.extend(own.iter().cloned()),
                _ => {}
            }
        }
        let plain = Plain { words, excluded };
        for kind in Kinds::EACH {
            if case.kinds.and(kind).none() {
                continue;
            }
            match kind {
                Kinds::NULL => found.values.extend(plain.among(&[Word::Null])),
                Kinds::BOOLEAN => {
                    found
                        .values
                        .extend(plain.among(&[Word::Boolean(true), Word::Boolean(false)]));
                }
                Kinds::WHOLE => self.wholes(case, &plain, count, found),
                Kinds::FRACTION => self.fractions(case, &plain, count, found),
                Kinds::TEXT => self.texts(case, &plain, count, found),
                Kinds::ARRAY if plain.words.is_none() => self.arrays(case, count, found),
                Kinds::OBJECT if plain.words.is_none() => self.objects(case, count, found),
                _ => {}
            }
        }
    }
}

/// The words that a value has to be among, and those it must not be.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) words: Option<BTreeSet<Word>>,
    pub(super) excluded: BTreeSet<Word>,
}

impl Plain {
    pub(super) fn admits(&self, word: &Word) -> bool {
        let among = self.words.as_ref().is_none_or(|words| words.contains(word));
        among && !self.excluded.contains(word)
    }

    fn among<const N: usize>(&self, words: &[Word; N]) -> impl Iterator<Item = Value> {
        let admitted: Vec<Value> = words
            .iter()
            .filter(|word| self.admits(word))
            .map(Word::value)
            .collect();
        admitted.into_iter()
    }
}
