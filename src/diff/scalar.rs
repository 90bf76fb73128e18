//! The smallest texts and numbers of a case.

use std::collections::BTreeSet;

use super::form::Form;
use super::language::Question;
use super::search::{Case, Found, Plain, Search};
use super::word::{Word, whole};

/// The widest numbers that JSON readers keep whole.
const LEAST: i128 = i64::MIN as i128;
const MOST: i128 = u64::MAX as i128;

impl Search {
    pub(super) fn texts(&mut self, case: &Case, plain: &Plain, count: usize, found: &mut Found) {
        let (mut least, mut most) = (0_u64, None::<u64>);
        let mut question = Question::new();
        let mut no_longer = |limit: u64| most = Some(most.map_or(limit, |most| most.min(limit)));
        for (id, holds) in &case.atoms {
            match (self.forms.get(*id), holds) {
                (Form::MinLength(bound), true) => least = least.max(*bound),
                (Form::MinLength(bound), false) => no_longer(bound.saturating_sub(1)),
                (Form::MaxLength(bound), true) => no_longer(*bound),
                (Form::MaxLength(bound), false) => least = least.max(bound.saturating_add(1)),
                (Form::Pattern(pattern), _) => question.push((pattern.clone(), *holds)),
                _ => {}
            }
        }
        question.sort();
        question.dedup();
        let automaton = match self.languages.automaton(&question) {
            Ok(automaton) => automaton,
            Err(doubt) => return found.doubts(Some(&doubt)),
        };
        if let Some(words) = &plain.words {
            let fits = |text: &&String| {
                let length = text.chars().count() as u64;
                least <= length && most.is_none_or(|most| length <= most) && automaton.accepts(text)
            };
            let texts =
                words
                    .iter()
                    .filter(|word| plain.admits(word))
                    .filter_map(|word| match word {
                        Word::Text(text) => Some(text),
                        _ => None,
                    });
            found
                .values
                .extend(texts.filter(fits).map(|text| text.clone().into()));
            return;
        }
        if least > LONGEST {
            return found.doubts(Some(&format!(
                "a text of {least} characters is too long to be shown"
            )));
        }
        let excluded: BTreeSet<String> = plain
            .excluded
            .iter()
            .filter_map(|word| match word {
                Word::Text(text) => Some(text.clone()),
                _ => None,
            })
            .collect();
        let texts = automaton.texts(least, most, &excluded, count);
        found.values.extend(texts.into_iter().map(Into::into));
    }

    pub(super) fn wholes(&mut self, case: &Case, plain: &Plain, count: usize, found: &mut Found) {
        let (mut least, mut most) = (LEAST, MOST);
        for (id, holds) in &case.atoms {
            match (self.forms.get(*id), holds) {
                (Form::AtLeast(bound), true) => least = least.max(*bound),
                (Form::AtLeast(bound), false) => most = most.min(bound - 1),
                (Form::AtMost(bound), true) => most = most.min(*bound),
                (Form::AtMost(bound), false) => least = least.max(bound + 1),
                _ => {}
            }
        }
        let admitted = |number: &i128| plain.admits(&Word::Whole(*number));
        if let Some(words) = &plain.words {
            let numbers = words.iter().filter_map(|word| match word {
                Word::Whole(number) => Some(*number),
                _ => None,
            });
            let fits = |number: &i128| (least..=most).contains(number) && admitted(number);
            found.values.extend(numbers.filter(fits).map(whole));
            return;
        }
        let upwards = (least.max(0)..=most).filter(admitted).take(count);
        let downwards = (least..=most.min(-1)).rev().filter(admitted).take(count);
        found.values.extend(upwards.chain(downwards).map(whole));
    }

    pub(super) fn fractions(
        &mut self,
        case: &Case,
        plain: &Plain,
        count: usize,
        found: &mut Found,
    ) {
        // Bounds are whole, so a fraction lies between two whole numbers of which one is nearest to 0.
        let (mut least, mut most) = (-1.0e15_f64, 1.0e15_f64);
        for (id, holds) in &case.atoms {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a bound beyond 2^53 stays a bound"
            )]
            match (self.forms.get(*id), holds) {
                (Form::AtLeast(bound), true) | (Form::AtMost(bound), false) => {
                    least = least.max(*bound as f64);
                }
                (Form::AtMost(bound), true) | (Form::AtLeast(bound), false) => {
                    most = most.min(*bound as f64);
                }
                _ => {}
            }
        }
        if least >= most {
            return;
        }
        let fraction = |number: f64| Word::Fraction(number.to_bits());
        if let Some(words) = &plain.words {
            let fits = |word: &&Word| match word {
                Word::Fraction(bits) => (least..=most).contains(&f64::from_bits(*bits)),
                _ => false,
            };
            let words = words.iter().filter(fits).filter(|word| plain.admits(word));
            found.values.extend(words.map(Word::value));
            return;
        }
        let start = if least <= 0.0 && most > 0.0 {
            0.0
        } else if least > 0.0 {
            least
        } else {
            most - 1.0
        };
        let tenths = [0.5, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9].map(|tenth| start + tenth);
        let fits = tenths
            .into_iter()
            .filter(|number| number.fract() != 0.0 && plain.admits(&fraction(*number)));
        let before = found.values.len();
        found
            .values
            .extend(fits.take(count).map(|number| fraction(number).value()));
        if found.values.len() < before + count {
            found.doubts(Some(
                &"it does not know so many numbers with a fraction".to_owned(),
            ));
        }
    }
}

/// The longest text that is written down.
const LONGEST: u64 = 1_000_000;
