//! The search for many short keys in one pass, and for single bytes that few texts hold.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use aho_corasick::{AhoCorasick, Input, MatchKind, packed};

/// How many keys one pass of the fast search takes, and how many passes are still faster than the
/// search that takes any number.
const PASS: usize = 60;
const PASSES: usize = 4;

/// Keys, each with what it stands for.
#[derive(Debug)]
pub(super) struct Keys<T> {
    entries: Vec<(Vec<u8>, Vec<T>)>,
    /// Of each key, those of its pass that may stand at the same place: it begins them, or they begin it.
    alike: Vec<Vec<usize>>,
    longest: usize,
    /// Each with the numbers of its keys.
    passes: Vec<(Vec<usize>, Pass)>,
}

#[derive(Debug)]
enum Pass {
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
}

impl Pass {
    fn next(&self, bytes: &[u8], span: Range<usize>) -> Option<(usize, usize)> {
        match self {
            Self::Packed(search) => {
                let found = search.find_in(bytes, span.into())?;
                Some((found.pattern().as_usize(), found.start()))
            }
            Self::Automaton(search) => {
                let found = search.find(Input::new(bytes).span(span))?;
                Some((found.pattern().as_usize(), found.start()))
            }
        }
    }
}

impl<T> Keys<T> {
    pub(super) fn new(entries: BTreeMap<Vec<u8>, Vec<T>>) -> io::Result<Self> {
        let entries: Vec<_> = entries.into_iter().collect();
        let keys: Vec<&[u8]> = entries.iter().map(|(key, _)| key.as_slice()).collect();
        let passes = passes(&keys)?;
        let mut alike = vec![Vec::new(); keys.len()];
        for (numbers, _) in &passes {
            // Sorted keys: what begins with a key follows it at once.
            for (at, number) in numbers.iter().enumerate() {
                alike[*number].push(*number);
                let key = keys[*number];
                let longer = numbers[at + 1..].iter();
                for other in longer.take_while(|other| keys[**other].starts_with(key)) {
                    alike[*number].push(*other);
                    alike[*other].push(*number);
                }
            }
        }
        Ok(Self {
            longest: keys.iter().map(|key| key.len()).max().unwrap_or(1),
            passes,
            alike,
            entries,
        })
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Tells of every key that begins in a range of the bytes, also of those that overlap.
    pub(super) fn each(
        &self,
        bytes: &[u8],
        range: Range<usize>,
        found: &mut impl FnMut(usize, &[u8], &T),
    ) {
        let end = bytes.len().min(range.end + self.longest - 1);
        for (numbers, pass) in &self.passes {
            let mut from = range.start;
            while let Some((key, at)) = pass.next(bytes, from..end)
                && at < range.end
            {
                for number in &self.alike[numbers[key]] {
                    let (key, meanings) = &self.entries[*number];
                    if bytes[at..].starts_with(key) {
                        for meaning in meanings {
                            found(at, key, meaning);
                        }
                    }
                }
                from = at + 1;
            }
        }
    }
}

fn passes(keys: &[&[u8]]) -> io::Result<Vec<(Vec<usize>, Pass)>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    if keys.len() <= PASS * PASSES {
        // It looks at as many bytes of each key as the shortest has: two are often there by chance.
        let (short, long): (Vec<usize>, Vec<usize>) =
            (0..keys.len()).partition(|number| keys[*number].len() < 3);
        let parts = [short, long].into_iter();
        let fast = parts.flat_map(|part| {
            let parts = part.chunks(PASS).map(|part| {
                let mut pass = packed::Config::new().builder();
                pass.extend(part.iter().map(|number| keys[*number]));
                Some((part.to_vec(), Pass::Packed(pass.build()?)))
            });
            parts.collect::<Vec<_>>()
        });
        // Not every processor can.
        if let Some(fast) = fast.collect::<Option<Vec<_>>>() {
            return Ok(fast);
        }
    }
    let any = AhoCorasick::builder()
        // The default kind is many times slower on thousands of patterns.
        .match_kind(MatchKind::LeftmostFirst)
        .build(keys)
        .map_err(io::Error::other)?;
    Ok(vec![((0..keys.len()).collect(), Pass::Automaton(any))])
}

/// A few bytes to look for.
#[derive(Debug)]
pub(super) struct Bytes {
    bytes: Vec<u8>,
    wanted: Box<[bool; 256]>,
}

impl Bytes {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let mut wanted = Box::new([false; 256]);
        for byte in &bytes {
            wanted[usize::from(*byte)] = true;
        }
        Self { bytes, wanted }
    }

    /// Tells of every place in a range of the bytes where one of them stands.
    pub(super) fn each(&self, bytes: &[u8], range: Range<usize>, mut found: impl FnMut(usize)) {
        let first = range.start;
        let bytes = &bytes[range];
        let found = |at| found(first + at);
        match *self.bytes {
            [] => {}
            [one] => memchr::memchr_iter(one, bytes).for_each(found),
            [one, two] => memchr::memchr2_iter(one, two, bytes).for_each(found),
            [one, two, three] => memchr::memchr3_iter(one, two, three, bytes).for_each(found),
            _ => {
                let wanted = |at: &usize| self.wanted[usize::from(bytes[*at])];
                (0..bytes.len()).filter(wanted).for_each(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(keys: &[&str], text: &str) -> Vec<(usize, String)> {
        let entries = keys.iter().map(|key| (key.as_bytes().to_vec(), vec![*key]));
        let keys = Keys::new(entries.collect()).unwrap();
        let mut found = Vec::new();
        keys.each(text.as_bytes(), 0..text.len(), &mut |at, _, key| {
            found.push((at, (*key).to_owned()));
        });
        found.sort();
        found
    }

    #[test]
    fn keys_are_found_where_they_overlap_and_where_one_begins_another() {
        let at = |at: usize, key: &str| (at, key.to_owned());
        assert_eq!(
            found(&["77", "7a"], "x77a7a"),
            [at(1, "77"), at(2, "7a"), at(4, "7a")]
        );
        assert_eq!(found(&["12", "122"], "1220"), [at(0, "12"), at(0, "122")]);
    }

    #[test]
    fn any_number_of_keys_is_found() {
        let keys: Vec<String> = (0..1000).map(|number| format!("{number:03}")).collect();
        for count in [3, 61, 300, 1000] {
            let keys: Vec<&str> = keys[..count].iter().map(String::as_str).collect();
            let expected = ["002", "020", "200", "002"];
            let expected = expected.into_iter().filter(|key| keys.contains(key));
            assert_eq!(found(&keys, "a002002").len(), expected.count(), "{count}");
        }
    }

    #[test]
    fn bytes_are_found_whatever_their_number() {
        for count in 0..6 {
            let mut places = Vec::new();
            let text = b"-k-wmz-o";
            let bytes = Bytes::new(b"kwmzo"[..count.min(5)].to_vec());
            bytes.each(text, 0..text.len(), |at| places.push(at));
            assert_eq!(places.len(), count.min(5));
            places.retain(|at| *at >= 4);
            let mut behind = Vec::new();
            bytes.each(text, 4..text.len(), |at| behind.push(at));
            assert_eq!(behind, places);
        }
    }
}
