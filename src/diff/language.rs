//! Patterns as sets of texts: joined, complemented, and their smallest texts found.
//!
//! A pattern is read into terms; a term is derived by a letter to say what may follow it. Two letters
//! that do not exist stand before and after every text, and anchors are those letters. The state after a
//! prefix is one term for each pattern, so texts that match some patterns and not others need no
//! construction of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::automaton::{Automaton, Block, Ranges};

/// The letter before a text, and the one after it.
pub(super) const START: u32 = 0x11_0000;
const END: u32 = 0x11_0001;
/// States that one question may have.
const STATES: usize = 40_000;

type Term = u32;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Never,
    Empty,
    Letters(Ranges),
    Then(Term, Term),
    Either(Vec<Term>),
    Repeat(Term, u32, Option<u32>),
}

const NEVER: Term = 0;
const EMPTY: Term = 1;

/// Patterns, and whether a text is to match.
pub(super) type Question = Vec<(String, bool)>;

/// Every pattern seen so far.
#[derive(Debug)]
pub(super) struct Languages {
    nodes: Vec<Node>,
    ids: BTreeMap<Node, Term>,
    derived: BTreeMap<(Term, u32), Term>,
    patterns: BTreeMap<String, Term>,
    automata: BTreeMap<Question, Rc<Automaton>>,
}

impl Default for Languages {
    fn default() -> Self {
        let mut languages = Self {
            nodes: Vec::new(),
            ids: BTreeMap::new(),
            derived: BTreeMap::new(),
            patterns: BTreeMap::new(),
            automata: BTreeMap::new(),
        };
        languages.add(Node::Never);
        languages.add(Node::Empty);
        languages
    }
}

impl Languages {
    /// Reads a pattern.
    ///
    /// # Errors
    /// If it uses something that validators do not agree on, or that is not known here.
    pub(super) fn read(&mut self, pattern: &str) -> Result<(), String> {
        if self.patterns.contains_key(pattern) {
            return Ok(());
        }
        if let Some(class) = ["\\d", "\\w", "\\s", "\\D", "\\W", "\\S", "\\p", "\\b"]
            .iter()
            .find(|class| pattern.contains(**class))
        {
            return Err(format!(
                "`{class}` in the pattern `{pattern}`: validators read it differently, write the letters in brackets"
            ));
        }
        let unknown = |what: &str| format!("the pattern `{pattern}` ({what})");
        let hir = regex_syntax::parse(pattern).map_err(|_| unknown("it cannot be read"))?;
        let body = self.term(&hir).map_err(|what| unknown(&what))?;
        if [Look::Start, Look::End]
            .iter()
            .any(|look| anchors(&hir, *look) > 1)
        {
            return Err(unknown("an anchor follows an anchor"));
        }
        let any = self.add(Node::Letters(vec![(0, END)]));
        let around = self.repeat(any, 0, None);
        let body = self.then(body, around);
        let whole = self.then(around, body);
        let begun = self.derive(whole, START);
        self.patterns.insert(pattern.to_owned(), begun);
        Ok(())
    }

    fn add(&mut self, node: Node) -> Term {
        if let Some(id) = self.ids.get(&node) {
            return *id;
        }
        let id = Term::try_from(self.nodes.len()).unwrap_or(Term::MAX);
        self.nodes.push(node.clone());
        self.ids.insert(node, id);
        id
    }

    fn term(&mut self, hir: &Hir) -> Result<Term, String> {
        Ok(match hir.kind() {
            HirKind::Empty => EMPTY,
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).map_err(|_| "bytes that are no text")?;
                let letters: Vec<Term> = text
                    .chars()
                    .map(|letter| self.add(Node::Letters(vec![(letter.into(), letter.into())])))
                    .collect();
                letters
                    .into_iter()
                    .rev()
                    .fold(EMPTY, |rest, letter| self.then(letter, rest))
            }
            HirKind::Class(Class::Unicode(class)) => {
                let ranges = class.ranges().iter();
                let ranges: Ranges = ranges
                    .map(|range| (range.start().into(), range.end().into()))
                    .collect();
                self.letters(ranges)
            }
            HirKind::Class(Class::Bytes(_)) => return Err("a class of bytes".to_owned()),
            HirKind::Look(Look::Start) => self.add(Node::Letters(vec![(START, START)])),
            HirKind::Look(Look::End) => self.add(Node::Letters(vec![(END, END)])),
            HirKind::Look(_) => return Err("a boundary of words or lines".to_owned()),
            HirKind::Capture(capture) => self.term(&capture.sub)?,
            HirKind::Repetition(repetition) => {
                let once = self.term(&repetition.sub)?;
                self.repeat(once, repetition.min, repetition.max)
            }
            HirKind::Concat(parts) => {
                let mut rest = EMPTY;
                for part in parts.iter().rev() {
                    let part = self.term(part)?;
                    rest = self.then(part, rest);
                }
                rest
            }
            HirKind::Alternation(parts) => {
                let parts: Result<Vec<Term>, String> =
                    parts.iter().map(|part| self.term(part)).collect();
                self.either(parts?)
            }
        })
    }

    fn letters(&mut self, ranges: Ranges) -> Term {
        if ranges.is_empty() {
            return NEVER;
        }
        self.add(Node::Letters(ranges))
    }

    fn then(&mut self, first: Term, rest: Term) -> Term {
        match (first, rest) {
            (NEVER, _) | (_, NEVER) => NEVER,
            (EMPTY, rest) => rest,
            (first, EMPTY) => first,
            (first, rest) => match self.nodes[first as usize].clone() {
                Node::Then(head, tail) => {
                    let rest = self.then(tail, rest);
                    self.then(head, rest)
                }
                _ => self.add(Node::Then(first, rest)),
            },
        }
    }

    fn either(&mut self, parts: Vec<Term>) -> Term {
        let mut all = BTreeSet::new();
        for part in parts {
            match &self.nodes[part as usize] {
                Node::Never => {}
                Node::Either(inner) => all.extend(inner),
                _ => drop(all.insert(part)),
            }
        }
        let parts: Vec<Term> = all.into_iter().collect();
        match parts.as_slice() {
            [] => NEVER,
            [only] => *only,
            _ => self.add(Node::Either(parts)),
        }
    }

    fn repeat(&mut self, once: Term, least: u32, most: Option<u32>) -> Term {
        match (once, most) {
            (_, Some(0)) | (EMPTY, _) => EMPTY,
            (NEVER, _) if least > 0 => NEVER,
            (NEVER, _) => EMPTY,
            (_, Some(1)) if least == 1 => once,
            _ => self.add(Node::Repeat(once, least, most)),
        }
    }

    /// Whether the empty text is among the rest.
    fn may_end(&self, term: Term) -> bool {
        match &self.nodes[term as usize] {
            Node::Never | Node::Letters(_) => false,
            Node::Empty => true,
            Node::Then(first, rest) => self.may_end(*first) && self.may_end(*rest),
            Node::Either(parts) => parts.iter().any(|part| self.may_end(*part)),
            Node::Repeat(once, least, _) => *least == 0 || self.may_end(*once),
        }
    }

    /// What may follow a letter.
    fn derive(&mut self, term: Term, letter: u32) -> Term {
        if let Some(known) = self.derived.get(&(term, letter)) {
            return *known;
        }
        let derived = match self.nodes[term as usize].clone() {
            Node::Never | Node::Empty => NEVER,
            Node::Letters(ranges) => {
                if ranges
                    .iter()
                    .any(|(from, to)| (from..=to).contains(&&letter))
                {
                    EMPTY
                } else {
                    NEVER
                }
            }
            Node::Then(first, rest) => {
                let derived = self.derive(first, letter);
                let within = self.then(derived, rest);
                if self.may_end(first) {
                    let after = self.derive(rest, letter);
                    self.either(vec![within, after])
                } else {
                    within
                }
            }
            Node::Either(parts) => {
                let parts = parts
                    .iter()
                    .map(|part| self.derive(*part, letter))
                    .collect();
                self.either(parts)
            }
            Node::Repeat(once, least, most) => {
                let derived = self.derive(once, letter);
                let rest = self.repeat(once, least.saturating_sub(1), most.map(|most| most - 1));
                self.then(derived, rest)
            }
        };
        self.derived.insert((term, letter), derived);
        derived
    }

    /// The texts that answer a question.
    ///
    /// # Errors
    /// If there are too many states.
    pub(super) fn automaton(&mut self, question: &Question) -> Result<Rc<Automaton>, String> {
        if let Some(known) = self.automata.get(question) {
            return Ok(Rc::clone(known));
        }
        let built = Rc::new(self.build(question)?);
        self.automata.insert(question.clone(), Rc::clone(&built));
        Ok(built)
    }

    fn build(&mut self, question: &Question) -> Result<Automaton, String> {
        let begun = |languages: &Self, pattern: &String| {
            let known = languages.patterns.get(pattern).copied();
            known.ok_or_else(|| format!("the pattern `{pattern}` was not read"))
        };
        let start: Result<Vec<Term>, String> = question
            .iter()
            .map(|(pattern, _)| begun(self, pattern))
            .collect();
        let start = start?;
        let blocks = self.blocks(&start);
        let mut automaton = Automaton {
            blocks,
            steps: Vec::new(),
            accepts: Vec::new(),
        };
        let mut states = vec![start.clone()];
        let mut known: BTreeMap<Vec<Term>, usize> = [(start, 0)].into();
        while automaton.steps.len() < states.len() {
            let state = states[automaton.steps.len()].clone();
            let accepts = question.iter().zip(&state).all(|((_, wanted), term)| {
                let end = self.derive(*term, END);
                self.may_end(end) == *wanted
            });
            automaton.accepts.push(accepts);
            let mut row = Vec::with_capacity(automaton.blocks.len());
            for block in &automaton.blocks {
                let next: Vec<Term> = state
                    .iter()
                    .map(|term| self.derive(*term, block.letter.into()))
                    .collect();
                let at = *known.entry(next).or_insert_with_key(|next| {
                    states.push(next.clone());
                    states.len() - 1
                });
                row.push(at);
            }
            automaton.steps.push(row);
            if states.len() > STATES {
                return Err("patterns with too many states".to_owned());
            }
        }
        Ok(automaton)
    }

    /// The letters, cut into blocks that no pattern tells apart; plain letters first.
    fn blocks(&self, terms: &[Term]) -> Vec<Block> {
        let mut classes: BTreeSet<&Ranges> = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = terms.to_vec();
        while let Some(term) = open.pop() {
            if !seen.insert(term) {
                continue;
            }
            match &self.nodes[term as usize] {
                Node::Never | Node::Empty => {}
                Node::Letters(ranges) => drop(classes.insert(ranges)),
                Node::Then(first, rest) => open.extend([*first, *rest]),
                Node::Either(parts) => open.extend(parts),
                Node::Repeat(once, ..) => open.push(*once),
            }
        }
        let mut cuts: BTreeSet<u32> = [0, 0xD800, 0xE000, START].into();
        for (from, to) in classes.iter().copied().flatten() {
            cuts.extend([*from, to + 1]);
        }
        let cuts: Vec<u32> = cuts.into_iter().filter(|cut| *cut <= START).collect();
        let mut blocks: BTreeMap<Vec<bool>, Ranges> = BTreeMap::new();
        for pair in cuts.windows(2) {
            let (from, to) = (pair[0], pair[1] - 1);
            if char::from_u32(from).is_none() {
                continue;
            }
            let member = |ranges: &&Ranges| ranges.iter().any(|(a, b)| *a <= from && from <= *b);
            let signature = classes.iter().map(member).collect();
            blocks.entry(signature).or_default().push((from, to));
        }
        let mut blocks: Vec<Block> = blocks.into_values().filter_map(Block::of).collect();
        blocks.sort_by_key(Block::rank);
        blocks
    }
}

/// How often an anchor can stand on one way through a pattern.
fn anchors(hir: &Hir, look: Look) -> usize {
    match hir.kind() {
        HirKind::Look(own) => usize::from(*own == look),
        HirKind::Capture(capture) => anchors(&capture.sub, look),
        HirKind::Repetition(repetition) => 2 * anchors(&repetition.sub, look),
        HirKind::Concat(parts) => parts.iter().map(|part| anchors(part, look)).sum(),
        HirKind::Alternation(parts) => parts
            .iter()
            .map(|part| anchors(part, look))
            .max()
            .unwrap_or(0),
        _ => 0,
    }
}
