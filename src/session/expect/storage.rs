//! Judgement of what was left behind.

use crate::evidence::{Fact, Judgement, Mismatch, Timeline};

/// How much larger the state may be after four windows than after one: half as much again, and
/// 64 KiB for files that grow in blocks.
const SLACK: u64 = 64 * 1024;

/// The last search looked for something and found nothing.
///
/// # Errors
/// It found something; or it is undecided, because nothing was looked for or not everything was
/// searched.
pub fn nothing_was_found(timeline: &Timeline) -> Judgement {
    let last = timeline.facts().rev().find_map(|(at, fact)| match fact {
        Fact::Hunted {
            markers,
            finds,
            gaps,
            ..
        } => Some((at, *markers, finds, gaps)),
        _ => None,
    });
    let Some((at, markers, finds, gaps)) = last else {
        return Err(Mismatch::undecided(
            "a search of what was left behind",
            "there was none",
        ));
    };
    if let Some(find) = finds.first() {
        let more = finds.len() - 1;
        let observed = if more == 0 {
            find.clone()
        } else {
            format!("{find}, and {more} more")
        };
        return Err(Mismatch::new("none of it to be found", observed, vec![at]));
    }
    if markers == 0 {
        return Err(Mismatch::undecided("something to look for", "nothing was"));
    }
    match gaps.first() {
        None => Ok(vec![at]),
        Some(gap) => Err(Mismatch::undecided(
            "everything to be searched",
            gap.clone(),
        )),
    }
}

/// The last size measured exceeds the first by no more than the slack allows.
///
/// # Errors
/// It does.
pub fn state_does_not_grow(timeline: &Timeline) -> Judgement {
    let sizes: Vec<(usize, u64)> = timeline
        .facts()
        .filter_map(|(at, fact)| match fact {
            Fact::Measured { bytes } => Some((at, *bytes)),
            _ => None,
        })
        .collect();
    let (Some((first_at, first)), Some((last_at, last))) = (sizes.first(), sizes.last()) else {
        return Err(Mismatch::undecided("two measurements", "there were none"));
    };
    if sizes.len() < 2 {
        return Err(Mismatch::undecided("two measurements", "there was one"));
    }
    let allowed = first + first / 2 + SLACK;
    if *last <= allowed {
        Ok(vec![*first_at, *last_at])
    } else {
        Err(Mismatch::new(
            format!("at most {allowed} bytes of state, after {first} in the first window"),
            format!("{last} bytes"),
            vec![*first_at, *last_at],
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunted(markers: u64, finds: &[&str], gaps: &[&str]) -> Timeline {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        let mut timeline = Timeline::default();
        let (finds, gaps) = (owned(finds), owned(gaps));
        timeline.push(
            0,
            Fact::Hunted {
                files: 1,
                bytes: 2,
                markers,
                finds,
                gaps,
                left_out: Vec::new(),
            },
        );
        timeline
    }

    fn measured(sizes: &[u64]) -> Timeline {
        let mut timeline = Timeline::default();
        for bytes in sizes {
            timeline.push(0, Fact::Measured { bytes: *bytes });
        }
        timeline
    }

    #[test]
    fn a_search_passes_only_if_it_looked_for_something_everywhere_and_found_nothing() {
        assert!(nothing_was_found(&hunted(3, &[], &[])).is_ok());
        assert!(
            !nothing_was_found(&hunted(3, &["a body in x"], &[]))
                .unwrap_err()
                .undecided
        );
        assert!(
            nothing_was_found(&hunted(0, &[], &[]))
                .unwrap_err()
                .undecided
        );
        assert!(
            nothing_was_found(&hunted(3, &[], &["too large"]))
                .unwrap_err()
                .undecided
        );
        assert!(
            nothing_was_found(&Timeline::default())
                .unwrap_err()
                .undecided
        );
    }

    #[test]
    fn state_may_grow_by_half_and_a_block_and_no_further() {
        assert!(state_does_not_grow(&measured(&[100_000, 150_000 + SLACK])).is_ok());
        let grown = state_does_not_grow(&measured(&[100_000, 150_001 + SLACK]));
        assert!(!grown.unwrap_err().undecided);
        assert!(state_does_not_grow(&measured(&[5])).unwrap_err().undecided);
    }
}
