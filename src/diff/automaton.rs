//! The texts that answer a question about patterns: whether one is among them, and the first of them.

use std::collections::BTreeSet;
use std::rc::Rc;

/// Letters of one block that are told apart where several texts are wanted.
const LETTERS: usize = 4096;

/// Letters from and to, both included.
pub(super) type Ranges = Vec<(u32, u32)>;

/// Small letters, digits and capitals read best.
fn rank(letter: char) -> (u8, char) {
    let class = match letter {
        'a'..='z' => 0,
        '0'..='9' => 1,
        'A'..='Z' => 2,
        '!'..='~' => 3,
        ' ' => 4,
        letter if letter.is_control() => 6,
        _ => 5,
    };
    (class, letter)
}

/// Letters that no pattern of a question tells apart.
#[derive(Debug)]
pub(super) struct Block {
    ranges: Ranges,
    /// The one that reads best.
    pub(super) letter: char,
    /// Some of them, those that read best first.
    letters: Vec<char>,
}

impl Block {
    pub(super) fn of(ranges: Ranges) -> Option<Self> {
        let all = ranges.iter().flat_map(|(from, to)| *from..=*to);
        let mut letters: Vec<char> = all.take(LETTERS).filter_map(char::from_u32).collect();
        letters.sort_by_key(|letter| rank(*letter));
        Some(Self {
            letter: *letters.first()?,
            letters,
            ranges,
        })
    }

    /// Plain letters come first.
    pub(super) fn rank(&self) -> (u8, char) {
        rank(self.letter)
    }

    fn holds(&self, letter: char) -> bool {
        let letter = u32::from(letter);
        self.ranges
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&letter))
    }
}

/// The texts that match some patterns and not others.
#[derive(Debug)]
pub(super) struct Automaton {
    pub(super) blocks: Vec<Block>,
    /// From each state, the state after a letter of each block. The first state is the start.
    pub(super) steps: Vec<Vec<usize>>,
    /// Whether a text may end in a state.
    pub(super) accepts: Vec<bool>,
}

impl Automaton {
    pub(super) fn accepts(&self, text: &str) -> bool {
        let mut state = 0;
        for letter in text.chars() {
            let Some(block) = self.blocks.iter().position(|block| block.holds(letter)) else {
                return false;
            };
            state = self.steps[state][block];
        }
        self.accepts[state]
    }

    /// The first `count` texts of `least` to `most` letters that are not excluded, shortest first.
    pub(super) fn texts(
        &self,
        least: u64,
        most: Option<u64>,
        excluded: &BTreeSet<String>,
        count: usize,
    ) -> Vec<String> {
        // A text longer than this goes through some state twice and has a shorter one beside it. A few
        // more letters, since each excluded text may be in the way.
        let spare = (self.steps.len() + excluded.len() + count) as u64;
        let most = most.map_or(least + spare, |most| most.min(least + spare));
        let mut search = Texts {
            automaton: self,
            excluded,
            count,
            // The states from which a text can end after 0, 1, 2 … letters.
            ends: vec![Rc::new(self.accepts.clone())],
            found: Vec::new(),
        };
        for length in least..=most {
            let Ok(length) = usize::try_from(length) else {
                break;
            };
            search.know(length);
            search.of_length(length);
            if search.found.len() >= count {
                break;
            }
        }
        search.found
    }
}

struct Texts<'a> {
    automaton: &'a Automaton,
    excluded: &'a BTreeSet<String>,
    count: usize,
    ends: Vec<Rc<Vec<bool>>>,
    found: Vec<String>,
}

impl Texts<'_> {
    fn know(&mut self, length: usize) {
        while self.ends.len() <= length {
            let last = &self.ends[self.ends.len() - 1];
            let next: Vec<bool> = self
                .automaton
                .steps
                .iter()
                .map(|row| row.iter().any(|next| last[*next]))
                .collect();
            let next = if next == **last {
                Rc::clone(last)
            } else {
                Rc::new(next)
            };
            self.ends.push(next);
        }
    }

    /// Adds the texts of one length, those that read best first.
    fn of_length(&mut self, length: usize) {
        if !self.ends[length][0] {
            return;
        }
        let several = self.count + self.excluded.len() > 1;
        let mut text: Vec<char> = Vec::with_capacity(length);
        let mut open: Vec<Place> = Vec::with_capacity(length + 1);
        open.push(Place::at(0));
        while let Some(place) = open.last_mut() {
            if text.len() == length {
                let whole: String = text.iter().collect();
                if !self.excluded.contains(&whole) {
                    self.found.push(whole);
                    if self.found.len() == self.count {
                        return;
                    }
                }
                open.pop();
                text.pop();
                continue;
            }
            let ends = &self.ends[length - text.len() - 1];
            if let Some((letter, state)) = place.next(self.automaton, ends, several) {
                text.push(letter);
                open.push(Place::at(state));
            } else {
                open.pop();
                text.pop();
            }
        }
    }
}

/// A state, and which of the next letters were tried.
struct Place {
    state: usize,
    block: usize,
    letter: usize,
}

impl Place {
    fn at(state: usize) -> Self {
        Self {
            state,
            block: 0,
            letter: 0,
        }
    }

    /// The next letter after which the text can still end in time.
    fn next(
        &mut self,
        automaton: &Automaton,
        ends: &[bool],
        several: bool,
    ) -> Option<(char, usize)> {
        while let Some(block) = automaton.blocks.get(self.block) {
            let state = automaton.steps[self.state][self.block];
            let letter = block.letters.get(self.letter).copied();
            match letter.filter(|_| ends[state]) {
                Some(letter) if several || self.letter == 0 => {
                    self.letter += 1;
                    return Some((letter, state));
                }
                _ => {
                    self.block += 1;
                    self.letter = 0;
                }
            }
        }
        None
    }
}
