//! A value that may have one of several shapes: which one was meant, and what it lacks of it.

use std::cmp::Reverse;

use serde_json::Value;

use super::word::{article, has_type, kind_of, strings, unknown_word, words_of};
use super::{Explainer, Faults, Place, Token};
use crate::contract::Fault;
use crate::contract::tree::{Branch, Member, Tree};

impl Explainer {
    /// The faults of a value that none of several shapes accepts: those of the shape that was meant.
    pub(super) fn choose(&self, choices: &[Value], tree: &Tree, place: Place, faults: &mut Faults) {
        let shapes: Vec<&Value> = choices.iter().map(|choice| self.resolve(choice)).collect();
        if shapes.is_empty() {
            return;
        }
        let Branch::Object(members) = &tree.value else {
            if !choices.iter().any(|choice| self.accepts(choice, tree)) {
                self.choose_plain(&shapes, tree, place, faults);
            }
            return;
        };
        let (meant, excluded) = self.meant(&shapes, members);
        let mut found = Faults {
            first_only: faults.first_only,
            ..Faults::default()
        };
        self.walk(shapes[meant], tree, place, &mut found);
        let other = |number: &usize| *number != meant && !excluded[*number];
        let mut others = (0..shapes.len()).filter(other);
        if found.found.is_empty() || others.any(|number| self.accepts(shapes[number], tree)) {
            return;
        }
        if !found
            .found
            .iter()
            .any(|(_, fault)| fault.code == Fault::UnknownWord)
        {
            faults.found.append(&mut found.found);
            return;
        }
        // A word that no shape has is told once, with the words of them all.
        let mut told = Vec::new();
        for Member { key, value, .. } in members {
            let words = self.words_of_all(&shapes, key);
            if let (false, Branch::Text(Some(given))) = (words.is_empty(), &value.value)
                && !words.contains(&given.as_ref())
            {
                let own = shapes
                    .iter()
                    .find_map(|shape| shape["properties"].get(key.as_ref())?["x-rule"].as_str());
                let token = Token::Key(key);
                let inner = Place {
                    above: Some(&place),
                    token,
                    rule: own.or(place.rule),
                };
                let finding = unknown_word(inner, given, &words);
                told.push(finding.pointer.clone());
                faults.push((value.at, finding));
            }
        }
        let untold = |pointer: &String| !told.contains(pointer);
        faults.found.extend(
            found
                .found
                .into_iter()
                .filter(|(_, fault)| untold(&fault.pointer)),
        );
    }

    /// The same for a value that is no object.
    fn choose_plain(&self, shapes: &[&Value], tree: &Tree, place: Place, faults: &mut Faults) {
        if let Branch::Text(Some(given)) = &tree.value
            && shapes.iter().all(|shape| !words_of(shape).is_empty())
        {
            let words: Vec<&str> = shapes.iter().flat_map(|shape| words_of(shape)).collect();
            faults.push((tree.at, unknown_word(place, given, &words)));
            return;
        }
        let is_of_type = |shape: &&&Value| {
            shape["type"]
                .as_str()
                .is_some_and(|kind| has_type(&tree.value, kind))
        };
        if let Some(shape) = shapes.iter().find(is_of_type) {
            // The right type and yet no shape fits: the first of that type says why.
            return self.walk(shape, tree, place, faults);
        }
        let mut kinds: Vec<&str> = shapes
            .iter()
            .filter_map(|shape| shape["type"].as_str())
            .map(article)
            .collect();
        kinds.dedup();
        let found = kind_of(&tree.value);
        let message = format!("expected {}, found {found}", kinds.join(" or "));
        faults.push((tree.at, place.finding(Fault::WrongType, message)));
    }

    /// The words that a member may be in any of the shapes; none if it is more than a word in one.
    fn words_of_all<'s>(&'s self, shapes: &[&'s Value], key: &str) -> Vec<&'s str> {
        let mut all: Vec<&str> = Vec::new();
        for property in shapes
            .iter()
            .filter_map(|shape| shape["properties"].get(key))
        {
            let words = words_of(self.resolve(property));
            if words.is_empty() {
                return Vec::new();
            }
            for word in words {
                if !all.contains(&word) {
                    all.push(word);
                }
            }
        }
        all
    }

    /// The shape that an object looks most like, and which shapes a constant rules out. Constants
    /// tell shapes apart, most of all where every shape has one; then words, then the members that
    /// it has and lacks.
    fn meant(&self, shapes: &[&Value], members: &[Member]) -> (usize, Vec<bool>) {
        let tables: Vec<&Value> = shapes.iter().map(|shape| &shape["properties"]).collect();
        let mut excluded = vec![false; shapes.len()];
        let mut constants = vec![0; shapes.len()];
        for Member { key, value, .. } in members {
            let Branch::Text(Some(given)) = &value.value else {
                continue;
            };
            let expected: Vec<Option<&str>> = tables
                .iter()
                .map(|table| table.get(key.as_ref())?.get("const")?.as_str())
                .collect();
            let weight = if expected.iter().all(Option::is_some) {
                4
            } else {
                1
            };
            for (number, expected) in expected.iter().enumerate() {
                match expected {
                    Some(expected) if *expected == given.as_ref() => constants[number] += weight,
                    Some(_) => excluded[number] = true,
                    None => {}
                }
            }
        }
        let most = constants.iter().max().copied().unwrap_or_default();
        let mut best: Vec<usize> = (0..shapes.len())
            .filter(|number| constants[*number] == most)
            .collect();
        if best.len() > 1 {
            best.sort_by_key(|number| Reverse(self.likeness(shapes[*number], members)));
        }
        (best.first().copied().unwrap_or_default(), excluded)
    }

    /// How many words of an object a shape has, and how many of its members, less those it lacks.
    fn likeness(&self, shape: &Value, members: &[Member]) -> (usize, usize) {
        let (mut words, mut known) = (0, 64_usize);
        for Member { key, value, .. } in members {
            let Some(property) = shape["properties"].get(key.as_ref()) else {
                continue;
            };
            known += 1;
            if let Branch::Text(Some(text)) = &value.value {
                words += usize::from(words_of(self.resolve(property)).contains(&text.as_ref()));
            }
        }
        let has = |name: &str| members.iter().any(|member| member.key == name);
        let lacking = strings(shape.get("required"))
            .filter(|name| !has(name))
            .count();
        (words, known.saturating_sub(lacking))
    }
}
