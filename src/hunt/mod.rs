//! The leak search: markers in anything an adapter leaves behind, whatever form they took.
//!
//! A marker is found by its encodings, computed forwards from the marker itself, so that one pass
//! over the bytes covers them all; compressed data is unpacked and searched again, to a bounded
//! depth and size.

mod form;
mod unpack;

use std::fs;
use std::io;
use std::path::Path;

use aho_corasick::{AhoCorasick, MatchKind};

pub use form::Form;

/// Files larger than this are searched in part only, and said to be so.
pub const FILE_LIMIT: u64 = 64 * 1024 * 1024;

/// Something that must not be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// What it marks, for a report: `a body`, `the bot token`.
    pub what: String,
    /// The words, as they were given to the adapter.
    pub words: String,
}

/// A marker that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// What it marks.
    pub what: String,
    /// Where: a file's path below the folder that was searched.
    pub place: String,
    /// Where in it, in bytes; within the innermost unpacked data if it was packed.
    pub offset: u64,
    /// How it was wrapped, outermost first: `gzip`, `base64`.
    pub chain: Vec<String>,
}

/// What a search looked at and found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// How many files were read.
    pub files: u64,
    /// How many bytes they held.
    pub bytes: u64,
    /// What was found.
    pub finds: Vec<Find>,
    /// What could not be searched whole, and why.
    pub gaps: Vec<String>,
}

/// A search for a set of markers.
#[derive(Debug)]
pub struct Hunt {
    markers: Vec<Marker>,
    /// For each pattern, whose marker it is and in which form.
    patterns: Vec<(usize, Form)>,
    search: Option<AhoCorasick>,
}

impl Hunt {
    /// A search for these markers; those under four characters are left out, as chance finds them.
    ///
    /// # Errors
    /// If there are too many markers for one search.
    pub fn new(markers: Vec<Marker>) -> io::Result<Self> {
        let mut patterns = Vec::new();
        let mut needles = Vec::new();
        for (index, marker) in markers.iter().enumerate() {
            for (form, bytes) in form::forms(&marker.words) {
                patterns.push((index, form));
                needles.push(bytes);
            }
        }
        let search = if needles.is_empty() {
            None
        } else {
            let built = AhoCorasick::builder()
                // The default kind is many times slower on thousands of patterns.
                .match_kind(MatchKind::LeftmostFirst)
                .build(&needles);
            Some(built.map_err(io::Error::other)?)
        };
        Ok(Self {
            markers,
            patterns,
            search,
        })
    }

    /// Searches bytes, unpacking what is packed.
    #[must_use]
    pub fn bytes(&self, place: &str, bytes: &[u8]) -> Vec<Find> {
        let mut finds = Vec::new();
        self.search_layer(place, bytes, &mut Vec::new(), &mut finds);
        finds
    }

    fn search_layer(
        &self,
        place: &str,
        bytes: &[u8],
        wrapping: &mut Vec<String>,
        finds: &mut Vec<Find>,
    ) {
        let Some(search) = &self.search else { return };
        for found in search.find_iter(bytes) {
            let Some((marker, form)) = self.patterns.get(found.pattern().as_usize()) else {
                continue;
            };
            let mut chain = wrapping.clone();
            if *form != Form::Plain {
                chain.push(form.as_str().to_owned());
            }
            finds.push(Find {
                what: self.markers[*marker].what.clone(),
                place: place.to_owned(),
                offset: found.start() as u64,
                chain,
            });
        }
        if wrapping.len() < unpack::DEPTH {
            for (name, inner) in unpack::layers(bytes) {
                wrapping.push(name.to_owned());
                self.search_layer(place, &inner, wrapping, finds);
                wrapping.pop();
            }
        }
    }

    /// Searches every regular file below a folder, and the names of all entries. Links are not
    /// followed.
    ///
    /// # Errors
    /// If the folder itself cannot be read.
    pub fn folder(&self, folder: &Path) -> io::Result<Trail> {
        let mut trail = Trail::default();
        self.walk(folder, folder, &mut trail)?;
        Ok(trail)
    }

    fn walk(&self, top: &Path, folder: &Path, trail: &mut Trail) -> io::Result<()> {
        let mut paths: Vec<_> = fs::read_dir(folder)?
            .map(|entry| entry.map(|e| e.path()))
            .collect::<Result<_, _>>()?;
        paths.sort();
        for path in paths {
            let shown = path
                .strip_prefix(top)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            trail
                .finds
                .extend(self.bytes(&format!("the name of {shown}"), shown.as_bytes()));
            let Ok(metadata) = fs::symlink_metadata(&path) else {
                continue;
            };
            let looked = if metadata.is_dir() {
                self.walk(top, &path, trail)
            } else if metadata.is_file() {
                self.file(&path, &shown, metadata.len(), trail)
            } else {
                Ok(())
            };
            if let Err(error) = looked {
                trail.gaps.push(format!("{shown}: {error}"));
            }
        }
        Ok(())
    }

    fn file(&self, path: &Path, shown: &str, length: u64, trail: &mut Trail) -> io::Result<()> {
        use io::Read;
        let mut bytes = Vec::new();
        fs::File::open(path)?
            .take(FILE_LIMIT)
            .read_to_end(&mut bytes)?;
        if length > FILE_LIMIT {
            trail.gaps.push(format!(
                "{shown}: only its first {FILE_LIMIT} bytes were searched"
            ));
        }
        trail.files += 1;
        trail.bytes += bytes.len() as u64;
        trail.finds.extend(self.bytes(shown, &bytes));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    const WORDS: &str = "k7Qx2mZp9R";

    fn hunt() -> Hunt {
        Hunt::new(vec![Marker {
            what: "a body".to_owned(),
            words: WORDS.to_owned(),
        }])
        .unwrap()
    }

    fn chains(bytes: &[u8]) -> Vec<Vec<String>> {
        hunt()
            .bytes("x", bytes)
            .into_iter()
            .map(|find| find.chain)
            .collect()
    }

    #[test]
    fn a_marker_is_found_in_every_form() {
        for (form, bytes) in form::forms(WORDS) {
            let padded = [b"--".as_slice(), &bytes, b"--"].concat();
            assert!(!chains(&padded).is_empty(), "{form:?}");
        }
    }

    #[test]
    fn base64_is_found_at_every_alignment() {
        use base64::Engine as _;
        for before in ["", "a", "ab", "abc"] {
            let text = format!("{before}{WORDS} and more");
            let encoded = base64::engine::general_purpose::STANDARD.encode(text);
            assert_eq!(chains(encoded.as_bytes()), [["base64"]], "{before:?}");
        }
    }

    #[test]
    fn packed_data_is_unpacked_wherever_it_begins() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(format!("some words and {WORDS}").as_bytes())
            .unwrap();
        let packed = [b"header".as_slice(), &gzip.finish().unwrap(), b"trailer"].concat();
        assert_eq!(chains(&packed), [["gzip"]]);
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        zlib.write_all(&packed).unwrap();
        let twice = chains(&zlib.finish().unwrap());
        assert!(
            twice.contains(&vec!["zlib".to_owned(), "gzip".to_owned()]),
            "{twice:?}"
        );
    }

    #[test]
    fn digests_and_other_words_are_not_taken_for_the_marker() {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(WORDS);
        assert!(chains(&digest).is_empty());
        assert!(chains(b"k7Qx2mZp9 and R, K7QX2MZP9R").is_empty());
    }
}
