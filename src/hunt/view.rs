//! Views of bytes with everything left out that can stand between the characters of a marker:
//! spaces, line ends, punctuation, zero bytes, and in one view digits too.

/// Which bytes a view keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// ASCII letters and digits.
    Alphanumeric,
    /// ASCII letters: also what lies between numbered rows stands together.
    Letters,
}

/// For each byte, bit 0 if it is a letter or a digit, bit 1 if it is a letter.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "it is below 256")]
        let character = byte as u8;
        kinds[byte] =
            character.is_ascii_alphanumeric() as u8 | (character.is_ascii_alphabetic() as u8) << 1;
        byte += 1;
    }
    kinds
};

impl View {
    fn mask(self) -> u8 {
        match self {
            Self::Alphanumeric => 1,
            Self::Letters => 2,
        }
    }

    fn keeps(self, byte: u8) -> bool {
        KINDS[usize::from(byte)] & self.mask() != 0
    }

    /// The bytes it keeps.
    pub(super) fn of(self, bytes: &[u8]) -> Vec<u8> {
        let (mask, shift) = (self.mask(), self.mask() >> 1);
        let mut kept = vec![0; bytes.len()];
        let mut length = 0;
        // Every byte is written and only the kept ones count: no branch to be mispredicted.
        for byte in bytes {
            if let Some(slot) = kept.get_mut(length) {
                *slot = *byte;
            }
            length += usize::from((KINDS[usize::from(*byte)] & mask) >> shift);
        }
        kept.truncate(length);
        kept
    }

    /// The bytes it leaves out.
    pub(super) fn left_out(self, bytes: &[u8]) -> Vec<u8> {
        bytes
            .iter()
            .copied()
            .filter(|byte| !self.keeps(*byte))
            .collect()
    }
}

/// How many bytes of a view lie between two whose origins are remembered.
const STRIDE: usize = 4096;

/// Where the bytes of a view come from.
pub(super) struct Origins<'a> {
    view: View,
    bytes: &'a [u8],
    /// The origin of every byte at a multiple of the stride.
    known: Vec<usize>,
}

impl<'a> Origins<'a> {
    pub(super) fn new(view: View, bytes: &'a [u8]) -> Self {
        let kept = bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| view.keeps(**byte));
        let known = kept.step_by(STRIDE).map(|(at, _)| at).collect();
        Self { view, bytes, known }
    }

    /// Where the byte at `index` of the view stands in the bytes that it was made from.
    pub(super) fn of(&self, index: usize) -> usize {
        let Some(from) = self.known.get(index / STRIDE) else {
            return self.bytes.len();
        };
        let rest = self.bytes[*from..].iter().enumerate();
        let mut kept = rest.filter(|(_, byte)| self.view.keeps(**byte));
        kept.nth(index % STRIDE)
            .map_or(self.bytes.len(), |(at, _)| from + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_keeps_what_its_name_says_and_knows_where_it_came_from() {
        let bytes = "1,k\0w\n2:m é9".as_bytes();
        assert_eq!(View::Alphanumeric.of(bytes), b"1kw2m9");
        assert_eq!(View::Letters.of(bytes), b"kwm");
        assert_eq!(View::Letters.left_out(b"a1-b"), b"1-");
        assert_eq!(Origins::new(View::Letters, bytes).of(1), 4);
        let long = b"-k".repeat(3 * STRIDE);
        let origins = Origins::new(View::Alphanumeric, &long);
        assert_eq!(origins.of(2 * STRIDE + 7), 2 * (2 * STRIDE + 7) + 1);
        assert_eq!(origins.of(3 * STRIDE), long.len());
    }
}
