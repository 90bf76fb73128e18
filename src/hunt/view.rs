//! Views of bytes with everything left out that can stand between the characters of a marker:
//! spaces, line ends, punctuation, zero bytes, and in one view digits too.

/// How many bytes may stand between two characters of a marker.
const GAP: usize = 256;

/// Which bytes a view keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// ASCII letters and digits.
    Alphanumeric,
    /// ASCII letters: also what lies between numbered rows stands together.
    Letters,
}

impl View {
    fn keeps(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Letters => byte.is_ascii_alphabetic(),
        }
    }

    /// The bytes it keeps.
    pub(super) fn of(self, bytes: &[u8]) -> Vec<u8> {
        let kept = bytes.iter().copied();
        kept.filter(|byte| self.keeps(*byte)).collect()
    }

    /// The bytes it leaves out.
    pub(super) fn left_out(self, bytes: &[u8]) -> Vec<u8> {
        let left = bytes.iter().copied();
        left.filter(|byte| !self.keeps(*byte)).collect()
    }

    /// Where the first byte that it keeps stands, at or behind `at`.
    pub(super) fn next(self, bytes: &[u8], at: usize) -> Option<usize> {
        (at..bytes.len().min(at + GAP)).find(|at| self.keeps(bytes[*at]))
    }

    /// Where the last byte that it keeps stands, before `at`.
    pub(super) fn previous(self, bytes: &[u8], at: usize) -> Option<usize> {
        (at.saturating_sub(GAP)..at)
            .rev()
            .find(|at| self.keeps(bytes[*at]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_keeps_what_its_name_says_and_walks_over_the_rest() {
        let bytes = "1,k\0w\n2:m é9".as_bytes();
        assert_eq!(View::Alphanumeric.of(bytes), b"1kw2m9");
        assert_eq!(View::Letters.of(bytes), b"kwm");
        assert_eq!(View::Letters.left_out(b"a1-b"), b"1-");
        assert_eq!(View::Letters.next(bytes, 5), Some(8));
        assert_eq!(View::Alphanumeric.next(bytes, 5), Some(6));
        assert_eq!(View::Letters.previous(bytes, 8), Some(4));
        let far = [b"k".as_slice(), &[0; GAP], b"w"].concat();
        assert_eq!(View::Letters.next(&far, 1), None);
        assert_eq!(View::Letters.previous(&far, GAP + 1), None);
    }
}
