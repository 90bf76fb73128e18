//! Judgement of what an adapter must leave to others.

use super::view::View;
use crate::evidence::{Fact, Judgement, Mismatch, Timeline};

/// The adapter asked AIOS for nothing but to take events.
///
/// # Errors
/// It did.
pub fn asked_for_nothing(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let asked = view.facts().find_map(|(at, fact)| match fact {
        Fact::Overstepped { method, .. } => Some((at, method)),
        _ => None,
    });
    match asked {
        Some((at, method)) => Err(Mismatch::new(
            "no request to AIOS but `event`",
            format!("a request of `{method}`"),
            vec![at],
        )),
        None => window(view),
    }
}

/// The adapter went nowhere but to its transport.
///
/// # Errors
/// It was seen elsewhere.
pub fn stayed_with_its_transport(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let strayed = view.facts().find_map(|(at, fact)| match fact {
        Fact::Strayed => Some(at),
        _ => None,
    });
    match strayed {
        Some(at) => Err(Mismatch::new(
            "no connection but to WeChat",
            "a connection to an address that is none of its business",
            vec![at],
        )),
        None => window(view),
    }
}

/// Nobody was sent anything, and nothing was tried.
///
/// # Errors
/// Something was.
pub fn nothing_was_sent(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let sent = view.facts().find_map(|(at, fact)| match fact {
        Fact::Called { call } if call.endpoint == "sendmessage" => Some(at),
        _ => None,
    });
    match sent {
        Some(at) => Err(Mismatch::new(
            "nothing to be sent that AIOS did not ask for",
            "the adapter sent a message",
            vec![at],
        )),
        None => window(view),
    }
}

/// Every event of the scene is about a message that a person sent.
///
/// # Errors
/// One is not.
pub fn only_people_spoke(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let sent = view.sent();
    let events = view.events();
    let other = events
        .iter()
        .find(|event| event.forwards() && !sent.iter().any(|(_, message)| event.is_about(message)));
    match other {
        Some(event) => Err(Mismatch::new(
            "messages of people only",
            "a message that nobody sent",
            vec![event.at],
        )),
        None if events.is_empty() => Err(Mismatch::undecided("messages of people", "none")),
        None => Ok(events.iter().map(|event| event.at).collect()),
    }
}

/// The moment at which everything before had had its chance.
fn window(view: View<'_>) -> Judgement {
    view.passed()
        .next_back()
        .map(|at| vec![at])
        .ok_or_else(|| Mismatch::undecided("a window in which it had its chance", "there was none"))
}
