//! The update log: what was written to the bot, and how far each poll has read.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::fault::Shape;
use crate::wire::{BATCH_BYTES_MAX, BATCH_MAX, Refusal};

/// What a batch holds besides its messages is shorter than this, in bytes.
const ENVELOPE_MAX: usize = 256;

/// A position in the log: how many messages lie before it.
pub type Position = usize;

/// What is said to a poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PollReply {
    /// The JSON of the answer.
    pub(super) body: String,
    /// Where the log is consumed to once this was written whole.
    pub(super) upto: Option<Position>,
}

impl PollReply {
    /// Nothing new, and no new cursor either.
    pub(super) fn nothing() -> Self {
        let body = r#"{"ret":0,"msgs":[],"get_updates_buf":"","sync_buf":""}"#.to_owned();
        Self { body, upto: None }
    }
}

/// What becomes of a poll that came in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Polled {
    /// It is answered now.
    Answered(PollReply),
    /// It is held; its cursor points here.
    Parked(Position),
}

/// The log and its readers.
pub(super) struct Updates {
    /// Each message as JSON, in the order WeChat gives them.
    log: Vec<String>,
    /// Whether a cursor that was passed already brings its messages again.
    honours_old_cursor: bool,
    /// Cursors of another epoch are unknown. Random, so that no cursor can be guessed.
    epoch: u64,
    /// Where `""` begins when old cursors are honoured.
    epoch_start: Position,
    /// Set by a reset: every cursor but `""` is unknown until a poll comes with `""`.
    forgotten: bool,
    /// Everything before it was delivered.
    consumed: Position,
    /// The poll that is being given what was not delivered yet, where a message goes to one only.
    handing_over: Option<u64>,
    /// Held polls by exchange.
    parked: BTreeMap<u64, Position>,
}

impl Updates {
    pub(super) const fn new(honours_old_cursor: bool, epoch: u64) -> Self {
        Self {
            log: Vec::new(),
            honours_old_cursor,
            epoch,
            epoch_start: 0,
            forgotten: false,
            consumed: 0,
            handing_over: None,
            parked: BTreeMap::new(),
        }
    }

    /// Appends a message; a cursor at the returned position lies behind it.
    pub(super) fn append(&mut self, message: String) -> Position {
        self.log.push(message);
        self.log.len()
    }

    /// The message before a position, as JSON.
    pub(super) fn message(&self, position: Position) -> Option<&str> {
        self.log.get(position.checked_sub(1)?).map(String::as_str)
    }

    /// How many messages there are.
    pub(super) const fn end(&self) -> Position {
        self.log.len()
    }

    /// How many of them were delivered.
    pub(super) const fn consumed(&self) -> Position {
        self.consumed
    }

    /// Held polls, oldest first.
    pub(super) fn parked(&self) -> impl Iterator<Item = (u64, Position)> {
        self.parked
            .iter()
            .map(|(exchange, position)| (*exchange, *position))
    }

    /// Where a cursor points; `None` if it is unknown.
    pub(super) fn locate(&self, cursor: &str) -> Option<Position> {
        if cursor.is_empty() {
            return Some(if self.honours_old_cursor {
                self.epoch_start
            } else {
                self.consumed
            });
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (epoch, position) = bytes.split_first_chunk()?;
        let position = usize::from_be_bytes(position.try_into().ok()?);
        let known = *epoch == self.epoch.to_be_bytes() && position <= self.log.len();
        if self.forgotten || !known {
            return None;
        }
        Some(if self.honours_old_cursor {
            position
        } else {
            position.max(self.consumed)
        })
    }

    fn cursor(&self, position: Position) -> String {
        URL_SAFE_NO_PAD.encode([self.epoch.to_be_bytes(), position.to_be_bytes()].concat())
    }

    /// A poll comes in.
    pub(super) fn poll(&mut self, exchange: u64, cursor: &str) -> Polled {
        self.forgotten &= !cursor.is_empty();
        let Some(position) = self.locate(cursor) else {
            return Polled::Answered(unknown_cursor());
        };
        self.parked.insert(exchange, position);
        match self.serve(exchange) {
            Some(reply) => Polled::Answered(reply),
            None => Polled::Parked(position),
        }
    }

    /// The answer to a held poll if there is something to say; it is held no longer then.
    fn serve(&mut self, exchange: u64) -> Option<PollReply> {
        let mut from = *self.parked.get(&exchange)?;
        if !self.honours_old_cursor {
            if self.handing_over.is_some() {
                return None;
            }
            from = from.max(self.consumed);
        }
        let upto = self.batch_end(from);
        if from == upto {
            return None;
        }
        self.parked.remove(&exchange);
        if !self.honours_old_cursor {
            self.handing_over = Some(exchange);
        }
        Some(PollReply {
            body: self.batch(from, upto),
            upto: Some(upto),
        })
    }

    /// Held polls that can be answered now. Without old cursors a message goes to one poll only:
    /// to the newest, since the older ones of a client are usually dead.
    pub(super) fn serve_all(&mut self) -> Vec<(u64, PollReply)> {
        let waiting = self.parked.keys().rev().copied().collect::<Vec<_>>();
        let served = waiting.into_iter().filter_map(|exchange| {
            let reply = self.serve(exchange)?;
            Some((exchange, reply))
        });
        served.collect()
    }

    /// Ends the hold of a poll: an answer without messages. `None` if it is not held.
    pub(super) fn release(&mut self, exchange: u64) -> Option<PollReply> {
        let position = self.parked.remove(&exchange)?;
        Some(PollReply {
            body: self.batch(position, position),
            upto: None,
        })
    }

    /// Refuses every held poll.
    pub(super) fn refuse_parked(&mut self, code: i64, errmsg: &str) -> Vec<(u64, PollReply)> {
        let body = Shape::Both.refusal(code, errmsg);
        let parked = std::mem::take(&mut self.parked);
        let refuse = |(exchange, _)| {
            (
                exchange,
                PollReply {
                    body: body.clone(),
                    upto: None,
                },
            )
        };
        parked.into_iter().map(refuse).collect()
    }

    /// A batch was written whole to a connection still open.
    pub(super) fn delivered(&mut self, exchange: u64, upto: Position) {
        self.consumed = self.consumed.max(upto);
        self.lost(exchange);
    }

    /// A poll's client has left, or its answer was lost: nothing is consumed.
    pub(super) fn lost(&mut self, exchange: u64) {
        self.parked.remove(&exchange);
        self.handing_over.take_if(|taker| *taker == exchange);
    }

    /// Forgets every cursor; held polls are told so. Until a poll comes with `""`, which begins
    /// with what was not yet delivered, no cursor is known.
    pub(super) fn reset(&mut self, epoch: u64) -> Vec<(u64, PollReply)> {
        self.epoch = epoch;
        self.epoch_start = self.consumed;
        self.forgotten = true;
        let PollReply { body, .. } = unknown_cursor();
        let parked = std::mem::take(&mut self.parked);
        let tell = |(exchange, _)| {
            (
                exchange,
                PollReply {
                    body: body.clone(),
                    upto: None,
                },
            )
        };
        parked.into_iter().map(tell).collect()
    }

    /// Where a batch from here ends: at what every client takes, and behind one message at least.
    fn batch_end(&self, from: Position) -> Position {
        let waiting = &self.log[from..self.log.len().min(from + BATCH_MAX)];
        let mut bytes = ENVELOPE_MAX;
        let fitting = waiting.iter().take_while(|message| {
            bytes += message.len() + 1;
            bytes <= BATCH_BYTES_MAX
        });
        from + fitting.count().max(usize::from(!waiting.is_empty()))
    }

    fn batch(&self, from: Position, upto: Position) -> String {
        let messages = self.log[from..upto].join(",");
        let cursor = self.cursor(upto);
        format!(r#"{{"ret":0,"msgs":[{messages}],"get_updates_buf":"{cursor}","sync_buf":""}}"#)
    }
}

fn unknown_cursor() -> PollReply {
    let body = Shape::Both.refusal(Refusal::SYSTEM, "invalid get_updates_buf");
    PollReply { body, upto: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{GetUpdatesResponse, read};

    fn log(honours_old_cursor: bool, messages: &[&str]) -> Updates {
        let mut updates = Updates::new(honours_old_cursor, 0x5eed);
        for message in messages {
            updates.append((*message).to_owned());
        }
        updates
    }

    /// Polls, takes the answer, and says what came and where it leaves off.
    fn take(updates: &mut Updates, exchange: u64, cursor: &str) -> (Vec<String>, String) {
        let Polled::Answered(reply) = updates.poll(exchange, cursor) else {
            panic!("the poll is held");
        };
        if let Some(upto) = reply.upto {
            updates.delivered(exchange, upto);
        }
        let answer = read::<GetUpdatesResponse>(&reply.body).whole().unwrap();
        let messages = answer
            .msgs
            .iter()
            .map(|raw| raw.text().to_owned())
            .collect();
        (messages, answer.get_updates_buf)
    }

    #[test]
    fn a_batch_is_consumed_once_it_was_delivered() {
        let mut updates = log(false, &["1", "2"]);
        let (messages, cursor) = take(&mut updates, 1, "");
        assert_eq!(messages, ["1", "2"]);
        assert_eq!(updates.poll(2, ""), Polled::Parked(2));
        assert_eq!(updates.poll(3, &cursor), Polled::Parked(2));
    }

    #[test]
    fn an_old_cursor_brings_its_messages_again_where_it_is_honoured() {
        let mut updates = log(true, &["1"]);
        let (_, first) = take(&mut updates, 1, "");
        updates.append("2".into());
        let (messages, second) = take(&mut updates, 2, &first);
        assert_eq!(messages, ["2"]);
        assert_eq!(take(&mut updates, 3, &first).0, ["2"]);
        assert_eq!(take(&mut updates, 4, "").0, ["1", "2"]);
        assert_eq!(updates.poll(5, &second), Polled::Parked(2));
    }

    #[test]
    fn a_batch_that_was_lost_goes_to_the_next_poll() {
        let mut updates = log(false, &["1"]);
        assert!(matches!(updates.poll(1, ""), Polled::Answered(_)));
        assert_eq!(
            updates.poll(2, ""),
            Polled::Parked(0),
            "it may still arrive there"
        );
        assert!(updates.serve_all().is_empty());
        updates.lost(1);
        let served = updates.serve_all();
        assert_eq!(served.len(), 1);
        assert_eq!(served[0].0, 2);
    }

    #[test]
    fn a_message_goes_to_the_newest_of_several_polls() {
        let mut updates = log(false, &[]);
        assert_eq!(updates.poll(1, ""), Polled::Parked(0));
        assert_eq!(updates.poll(2, ""), Polled::Parked(0));
        updates.append("1".into());
        let served = updates.serve_all();
        assert_eq!(
            served
                .iter()
                .map(|(exchange, _)| *exchange)
                .collect::<Vec<_>>(),
            [2]
        );
        updates.delivered(2, 1);
        assert!(updates.serve_all().is_empty());
        assert!(updates.release(1).is_some());
    }

    #[test]
    fn a_cursor_is_unknown_after_a_reset_until_a_poll_without_one() {
        for honours in [false, true] {
            let mut updates = log(honours, &["1"]);
            let (_, old) = take(&mut updates, 1, "");
            assert_eq!(updates.poll(2, &old), Polled::Parked(1));
            assert_eq!(updates.reset(7).len(), 1, "the held poll is told");
            updates.append("2".into());
            for (exchange, cursor) in [(3, old.as_str()), (4, "foreign"), (5, &old)] {
                assert_eq!(
                    updates.poll(exchange, cursor),
                    Polled::Answered(unknown_cursor())
                );
            }
            let (messages, new) = take(&mut updates, 6, "");
            assert_eq!(messages, ["2"]);
            assert_eq!(updates.poll(7, &new), Polled::Parked(2));
            assert_eq!(updates.poll(8, &old), Polled::Answered(unknown_cursor()));
        }
    }

    #[test]
    fn a_batch_never_holds_more_than_every_client_takes() {
        let mut updates = log(false, &["1"; BATCH_MAX + 1]);
        let (messages, cursor) = take(&mut updates, 1, "");
        assert_eq!(messages.len(), BATCH_MAX);
        assert_eq!(take(&mut updates, 2, &cursor).0.len(), 1);
    }

    #[test]
    fn a_batch_is_never_longer_than_every_client_takes_but_for_a_single_message() {
        let half = format!("\"{}\"", "x".repeat(BATCH_BYTES_MAX / 2));
        let whole = format!("\"{}\"", "y".repeat(BATCH_BYTES_MAX));
        let mut updates = log(false, &["1", &half, &half, &whole, "2"]);
        let (mut cursor, mut lengths) = (String::new(), Vec::new());
        for exchange in 1..=4 {
            let (messages, next) = take(&mut updates, exchange, &cursor);
            lengths.push(messages.iter().map(String::len).collect::<Vec<_>>());
            cursor = next;
        }
        let of = |message: &str| message.len();
        let expected = [
            vec![1, of(&half)],
            vec![of(&half)],
            vec![of(&whole)],
            vec![1],
        ];
        assert_eq!(lengths, expected);
    }
}
