//! Databases of `SQLite`, whose long values go on in other pages. No library reads what was deleted;
//! of the format (<https://sqlite.org/fileformat2.html>) three facts are needed: where pages lie, that
//! the number of the next one stands behind the first part of a value, and that it stands at the
//! beginning of every further part.

use std::collections::BTreeMap;
use std::ops::Range;

/// How much of each part is joined.
const REACH: usize = 64;

/// Two parts of what may be one value.
pub(super) struct Joint {
    pub(super) bytes: Vec<u8>,
    /// Where the second one begins in them.
    pub(super) at: usize,
    /// Where the first one ends in the database.
    pub(super) offset: usize,
}

/// Every place at which a value of a database, or of its log, may go on in another page.
pub(super) fn joints(bytes: &[u8]) -> Vec<Joint> {
    let mut joints = Vec::new();
    let pages = pages(bytes);
    let mut numbered: BTreeMap<u32, Vec<&Range<usize>>> = BTreeMap::new();
    for (number, page) in &pages {
        numbered.entry(*number).or_default().push(page);
    }
    for (_, page) in &pages {
        for at in page.start..page.end - 4 {
            let Some(next) = number(bytes, at).and_then(|number| numbered.get(&number)) else {
                continue;
            };
            // What begins with the number of the next page fills its own to the end.
            let end = if at == page.start { page.end } else { at };
            let first = &bytes[end.saturating_sub(REACH).max(page.start)..end];
            joints.extend(next.iter().map(|next| {
                Joint {
                    bytes: [
                        first,
                        &bytes[next.start + 4..next.end.min(next.start + 4 + REACH)],
                    ]
                    .concat(),
                    at: first.len(),
                    offset: end,
                }
            }));
        }
    }
    joints
}

/// The pages of a database or of its log: number, and where they lie.
fn pages(bytes: &[u8]) -> Vec<(u32, Range<usize>)> {
    let (head, frame, size) = if bytes.starts_with(b"SQLite format 3\0") {
        let size = number(bytes, 14).map(|size| size & 0xffff);
        (0, 0, size.map(|size| if size == 1 { 65_536 } else { size }))
    } else if matches!(number(bytes, 0), Some(0x377f_0682 | 0x377f_0683)) {
        (32, 24, number(bytes, 8))
    } else {
        return Vec::new();
    };
    let Some(size) = size.filter(|size| (512..=65_536).contains(size)) else {
        return Vec::new();
    };
    let size = size as usize;
    let count = bytes.len().saturating_sub(head) / (frame + size);
    let pages = (0..count).map(|index| {
        let start = head + index * (frame + size);
        // In the log each page says which one it is.
        let own = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let number = if frame > 0 {
            number(bytes, start)
        } else {
            Some(own)
        };
        (number.unwrap_or(own), start + frame..start + frame + size)
    });
    pages.collect()
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_joined_with_the_page_that_is_named_behind_it() {
        let mut database = vec![0xee; 3 * 512];
        database[..16].copy_from_slice(b"SQLite format 3\0");
        database[16..18].copy_from_slice(&512_u16.to_be_bytes());
        database[300..308].copy_from_slice(b"kwmz\0\0\0\x03");
        database[1024..1034].copy_from_slice(b"\0\0\0\0ohtebr");
        let joined: Vec<_> = joints(&database)
            .into_iter()
            .map(|joint| {
                (
                    joint.offset,
                    joint.bytes[joint.at - 4..joint.at + 6].to_vec(),
                )
            })
            .collect();
        assert_eq!(joined, [(304, b"kwmzohtebr".to_vec())]);
        assert!(joints(b"SQLite format 3\0").is_empty());
        assert!(joints(&vec![7; 4096]).is_empty());
    }
}
