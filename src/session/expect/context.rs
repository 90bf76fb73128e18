//! Judgement of context tokens: whose, how fresh, how often.

use serde_json::Value;

use super::view::{View, shown};
use crate::evidence::{Fact, Judgement, Mismatch, SentMessage, Timeline};

/// Which message of a person an answer has to be tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The first.
    First,
    /// The last.
    Last,
}

fn message_of<'t>(view: View<'t>, person: &str, which: Which) -> Option<&'t SentMessage> {
    let mut of_person = view
        .sent()
        .into_iter()
        .filter(|(_, message)| message.from == person);
    match which {
        Which::First => of_person.next(),
        Which::Last => of_person.next_back(),
    }
    .map(|(_, message)| message)
}

/// The last action was delivered to the person, in the context of that message.
///
/// # Errors
/// It was not, or in another context.
pub fn delivered_in_context(timeline: &Timeline, person: &str, which: Which) -> Judgement {
    let view = View::of(timeline);
    let citations = super::action_reached(timeline, person)?;
    let wanted = message_of(view, person, which)
        .ok_or_else(|| Mismatch::undecided("a message of the person", "there is none"))?;
    let act = view.last_act()?;
    let other = act
        .delivered
        .iter()
        .find(|delivered| delivered.context_of != Some(wanted.message_id.as_str()));
    match other {
        None => Ok(citations),
        Some(delivered) => Err(Mismatch::new(
            format!("the context of the message {}", wanted.message_id),
            match delivered.context_of {
                Some(id) => format!("the context of the message {id}"),
                None => "no context that WeChat gave".to_owned(),
            },
            vec![delivered.at],
        )),
    }
}

/// Every action of the scene was rejected, because of its context.
///
/// # Errors
/// One was not.
pub fn rejected_for_context(timeline: &Timeline) -> Judgement {
    let view = View::of(timeline);
    let acts = view.acts();
    if acts.is_empty() {
        return Err(Mismatch::undecided("answered actions", "there are none"));
    }
    let other = acts.iter().find(|act| {
        act.word("status_code") != Some("rejected")
            || !matches!(
                act.word("error_code"),
                Some("context_unavailable" | "wechat_error")
            )
    });
    match other {
        None => Ok(acts.iter().map(|act| act.at).collect()),
        Some(act) => Err(Mismatch::new(
            "a receipt with `rejected` and `context_unavailable` or `wechat_error`",
            shown(act.result.or(act.error)),
            vec![act.at],
        )),
    }
}

/// The context of the last message was used for at most so many sends.
///
/// # Errors
/// It was used more often.
pub fn context_used_at_most(timeline: &Timeline, limit: usize) -> Judgement {
    let sends: Vec<(usize, Option<&str>)> = View::of(timeline)
        .facts()
        .filter_map(|(at, fact)| match fact {
            Fact::Called { call } if call.endpoint == "sendmessage" => {
                let body = call.body.as_ref();
                let token = body
                    .and_then(|b| b.pointer("/msg/context_token"))
                    .and_then(Value::as_str);
                Some((at, token))
            }
            _ => None,
        })
        .collect();
    let Some((_, first)) = sends.first() else {
        return Err(Mismatch::undecided(
            "a send that WeChat refused",
            "there was none",
        ));
    };
    let same: Vec<usize> = sends
        .iter()
        .filter(|(_, token)| token == first)
        .map(|(at, _)| *at)
        .collect();
    if same.len() <= limit {
        Ok(same)
    } else {
        Err(Mismatch::new(
            format!("at most {limit} sends with a context that WeChat refuses"),
            format!("{}", same.len()),
            same,
        ))
    }
}
