//! Judgement of the dedup window: what is known within it, and forgotten beyond it.

use serde_json::Value;

use super::cursor::accepted;
use super::moment::Moments;
use super::view::{Event, View};
use crate::evidence::{Fact, Judgement, Mismatch, Timeline};

/// What WeChat gave again, and when.
struct Redelivery<'t> {
    /// First offers of it to AIOS, repeats for AIOS's sake not counted.
    firsts: Vec<Event<'t>>,
    accepted: usize,
    again: usize,
    window_ms: i64,
    moments: Moments<'t>,
}

fn redelivery(timeline: &Timeline) -> Result<Redelivery<'_>, Mismatch> {
    let view = View::of(timeline);
    let message = view.that_message()?;
    let again = view.facts().rev().find_map(|(at, fact)| match fact {
        Fact::Redelivered { of, .. } if *of == message.message_id => Some(at),
        _ => None,
    });
    let accepted = accepted(view, message);
    let moments = Moments::of(timeline);
    let (Some(again), Some(accepted), Some(moments)) = (again, accepted, moments) else {
        return Err(Mismatch::undecided(
            "a message that AIOS took and WeChat gives again",
            "there is none",
        ));
    };
    let window = view
        .integration()?
        .pointer("/policy/dedup_window_sec")
        .and_then(Value::as_i64);
    let about = view.about(message).into_iter();
    Ok(Redelivery {
        firsts: about
            .filter(|event| event.forwards() && !event.is_repeat())
            .collect(),
        accepted,
        again,
        window_ms: window.unwrap_or(3_600) * 1_000,
        moments,
    })
}

/// What WeChat gave again within the window, counted from AIOS's acceptance, was forwarded once.
///
/// # Errors
/// It was forwarded again. Undecided if the window may have been over.
pub fn known_within_the_window(timeline: &Timeline) -> Judgement {
    let Redelivery {
        firsts,
        accepted,
        again,
        window_ms,
        moments,
    } = redelivery(timeline)?;
    let seen = || {
        firsts
            .iter()
            .map(|event| event.at)
            .chain([accepted, again])
            .collect()
    };
    // The adapter took the redelivery at the latest when the last fence passed behind it.
    let passed = timeline
        .facts()
        .rev()
        .find_map(|(at, fact)| matches!(fact, Fact::FencePassed { .. }).then_some(at));
    let passed = passed.filter(|at| *at > again).ok_or_else(|| {
        Mismatch::undecided("a fence behind what WeChat gave again", "none passed")
    })?;
    if moments.latest(passed) - moments.earliest(accepted) >= window_ms {
        return Err(Mismatch::undecided(
            "a redelivery well within the window",
            "this machine was held up until the window was over",
        ));
    }
    if firsts.len() > 1 {
        return Err(Mismatch::new(
            format!(
                "the message to be forwarded once within {} s",
                window_ms / 1_000
            ),
            format!("it was forwarded {} times", firsts.len()),
            seen(),
        ));
    }
    Ok(seen())
}

/// What WeChat gave again twice the window after AIOS's acceptance was forwarded again, under the
/// same dedup key.
///
/// # Errors
/// It was not, or under another key. Undecided if it was not yet twice the window.
pub fn forgotten_beyond_the_window(timeline: &Timeline) -> Judgement {
    let Redelivery {
        firsts,
        accepted,
        again,
        window_ms,
        moments,
    } = redelivery(timeline)?;
    if moments.earliest(again) - moments.latest(accepted) < 2 * window_ms {
        return Err(Mismatch::undecided(
            "a redelivery after twice the window",
            "an earlier one",
        ));
    }
    let seen = || {
        firsts
            .iter()
            .map(|event| event.at)
            .chain([accepted, again])
            .collect()
    };
    match firsts.iter().find(|event| event.at > again) {
        None => Err(Mismatch::new(
            format!(
                "the message to be forwarded again, twice {} s later",
                window_ms / 1_000
            ),
            "it was not",
            seen(),
        )),
        Some(second) if second.text("dedup_key") != firsts[0].text("dedup_key") => Err(
            Mismatch::new("the dedup key of the first time", "another", seen()),
        ),
        Some(_) => Ok(seen()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::story::{Story, message, word};
    use super::*;

    /// Taken at the beginning, given again so much later, with a window of 60 s.
    fn given_again_after(ms: i64) -> Story {
        let message = message("1", 2);
        let taken = Story::begin().sent("1", 1).taken("e1", "1").advanced_to(ms);
        taken.fact(Fact::Redelivered {
            message,
            of: "1".to_owned(),
        })
    }

    #[test]
    fn within_the_window_once_is_right_and_twice_is_wrong() {
        let once = given_again_after(59_000).fence_passed().told_whole();
        assert_eq!(word(&known_within_the_window(&once)), "pass");
        let twice = given_again_after(59_000)
            .taken("e2", "1")
            .fence_passed()
            .told_whole();
        assert_eq!(word(&known_within_the_window(&twice)), "fail");
        let late = given_again_after(59_000)
            .advanced_to(61_000)
            .fence_passed()
            .told_whole();
        assert_eq!(word(&known_within_the_window(&late)), "undecided");
        let no_fence = given_again_after(59_000).told_whole();
        assert_eq!(word(&known_within_the_window(&no_fence)), "undecided");
    }

    #[test]
    fn twice_the_window_later_it_is_forwarded_again_under_the_same_key() {
        let again = given_again_after(120_000)
            .taken("e2", "1")
            .fence_passed()
            .told_whole();
        assert_eq!(word(&forgotten_beyond_the_window(&again)), "pass");
        let never = given_again_after(120_000).fence_passed().told_whole();
        assert_eq!(word(&forgotten_beyond_the_window(&never)), "fail");
        let other = given_again_after(120_000)
            .offered("e2", "1", "other")
            .fence_passed();
        assert_eq!(
            word(&forgotten_beyond_the_window(&other.told_whole())),
            "fail"
        );
        let early = given_again_after(90_000)
            .taken("e2", "1")
            .fence_passed()
            .told_whole();
        assert_eq!(word(&forgotten_beyond_the_window(&early)), "undecided");
    }
}
