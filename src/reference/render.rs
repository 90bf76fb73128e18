//! Pure: a text cut into messages that WeChat takes.

use unicode_segmentation::UnicodeSegmentation as _;

/// Cuts `text` into chunks of at most `limit` Unicode scalar values, which joined equal it.
///
/// Cuts fall between grapheme clusters; only a cluster that alone exceeds the limit is split
/// (WX-OUT-002). A `limit` of 0 counts as 1.
#[must_use]
pub fn chunks(text: &str, limit: usize) -> Vec<&str> {
    let limit = limit.max(1);
    let mut chunks = Vec::new();
    let (mut start, mut length) = (0, 0);
    for (at, cluster) in text.grapheme_indices(true) {
        let size = cluster.chars().count();
        if length > 0 && length + size > limit {
            chunks.push(&text[start..at]);
            (start, length) = (at, 0);
        }
        if size <= limit {
            length += size;
            continue;
        }
        for (offset, _) in cluster.char_indices() {
            if length == limit {
                chunks.push(&text[start..at + offset]);
                (start, length) = (at + offset, 0);
            }
            length += 1;
        }
    }
    if start < text.len() {
        chunks.push(&text[start..]);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_one_chunk() {
        assert_eq!(chunks("hello", 2_000), ["hello"]);
        assert_eq!(chunks("hello", 5), ["hello"]);
    }

    #[test]
    fn a_long_text_is_cut_at_the_limit() {
        assert_eq!(chunks("abcdefg", 3), ["abc", "def", "g"]);
    }

    #[test]
    fn a_family_of_four_is_not_torn_apart() {
        let family = "👨‍👩‍👧‍👦"; // seven scalar values, one cluster
        let text = format!("ab{family}cd");
        assert_eq!(chunks(&text, 8), ["ab", &format!("{family}c"), "d"]);
    }

    #[test]
    fn a_cluster_that_alone_exceeds_the_limit_is_split_by_scalar_values() {
        let text = "a\u{301}\u{302}\u{303}b";
        assert_eq!(chunks(text, 2), ["a\u{301}", "\u{302}\u{303}", "b"]);
    }

    #[test]
    fn what_follows_a_split_cluster_shares_its_last_chunk_when_it_fits() {
        let text = "a\u{301}\u{302}b";
        assert_eq!(chunks(text, 2), ["a\u{301}", "\u{302}b"]);
    }
}
