//! What WeChat says to each call that is answered at once.

use serde_json::{Value, json};

use super::account::{self, Sent};
use super::fault::Shape;
use super::observation::Event;
use super::state::State;
use crate::wire::{Endpoint, GetConfigRequest, Refusal, SendMessageRequest, WeixinMessage, read};

/// The answer to a call, as JSON.
pub(super) fn answer(
    state: &mut State,
    exchange: u64,
    endpoint: Endpoint,
    body: &str,
    truncate: Option<usize>,
) -> String {
    match endpoint {
        Endpoint::SendMessage => {
            let request = read::<SendMessageRequest>(body);
            if request
                .faults
                .iter()
                .any(|field| field.is_empty() || field == "msg")
            {
                return Shape::Both.refusal(Refusal::SYSTEM, "invalid request");
            }
            send(state, exchange, &request.value.msg, truncate)
        }
        Endpoint::GetConfig => {
            let request = read::<GetConfigRequest>(body).value;
            let typing_ticket = state.account.typing_ticket(&request);
            json!({"ret": 0, "errmsg": "", "typing_ticket": typing_ticket}).to_string()
        }
        _ => success(),
    }
}

fn send(state: &mut State, exchange: u64, msg: &WeixinMessage, truncate: Option<usize>) -> String {
    let now = state.now();
    let sent = |message_id: u64| json!({"message_id": message_id}).to_string();
    match state.account.send(now, msg, truncate) {
        Sent::Delivered(index) => {
            let delivery = state.account.deliveries()[index].clone();
            let message_id = delivery.message_id;
            state.observe(exchange, Event::Delivered { delivery });
            sent(message_id)
        }
        Sent::Repeated(index) => {
            let message_id = state.account.deliveries()[index].message_id;
            state.observe(exchange, Event::Repeated { message_id });
            sent(message_id)
        }
        Sent::Progress => Value::Object(serde_json::Map::new()).to_string(),
        Sent::Refused(Refusal { code, errmsg }) => Shape::Both.refusal(code, &errmsg),
    }
}

fn success() -> String {
    json!({"ret": 0, "errmsg": ""}).to_string()
}

pub(super) use account::unauthorized;
