//! The poll loop: what WeChat has goes to AIOS, and only then does the position move.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;

use super::backoff::Backoff;
use super::channel::Channel;
use super::courier::{Courier, Notice, Settlement};
use super::ledger::Verdict;
use super::normalize::{Arrival, Letter, Reader};
use super::transport::Failure;
use crate::adapter::EventSink;
use crate::contract::{ChannelStatus, Code, Id, InboundEvent, StatusPayload};
use crate::wire::{GetUpdatesResponse, Raw};

/// Polls until the channel stops.
pub(super) struct PollLoop {
    channel: Arc<Channel>,
    reader: Reader,
    courier: Courier,
    backoff: Backoff,
    /// What AIOS is told while the next poll is held, or the next pause lasts.
    notices: Vec<Notice>,
    /// What AIOS is done with, and what is not on the record yet.
    settled: Option<(Letter, Verdict)>,
}

/// What the loop does after an answer.
enum Next {
    Poll,
    Pause(Duration),
    Stop,
}

impl PollLoop {
    pub(super) fn new(
        channel: Arc<Channel>,
        events: EventSink,
        stream_id: Id,
        notices: Vec<Notice>,
    ) -> Self {
        let bot_id = channel.bot_id.clone();
        let voice_to_text = channel.integration.config.voice_to_text();
        Self {
            reader: Reader {
                bot_id,
                voice_to_text,
            },
            courier: Courier::new(Arc::clone(&channel), events, stream_id),
            backoff: Backoff::default(),
            channel,
            notices,
            settled: None,
        }
    }

    pub(super) async fn run(mut self) {
        let channel = Arc::clone(&self.channel);
        loop {
            let cursor = channel.with(|ledger, _| {
                ledger.health.poll_begins();
                ledger.cursor().to_owned()
            });
            let sent = || channel.polling.notify_one();
            let poll = async {
                let answer = channel.transport.get_updates(&cursor, &sent).await;
                sent(); // a poll that failed has been tried, too
                // On the record at once, however long AIOS takes for what it is told meanwhile.
                let is_news = channel.with(|ledger, now| match &answer {
                    Ok(_) => ledger.health.poll_succeeds(now),
                    Err(failure) => ledger.health.poll_fails(code(failure, &cursor), now),
                });
                (answer, is_news)
            };
            let telling = self.courier.tell(std::mem::take(&mut self.notices));
            let exchange = channel.stopping.run_until_cancelled(join(poll, telling));
            let Some(((answer, is_news), ())) = exchange.await else {
                return;
            };
            let next = match answer {
                Ok(batch) => self.take(batch, is_news).await,
                Err(failure) => self.fail(code(&failure, &cursor), is_news),
            };
            match next {
                Next::Poll => {}
                Next::Pause(pause) => {
                    let pause = channel.pause(pause);
                    let telling = self.courier.tell(std::mem::take(&mut self.notices));
                    let (Some(()), ()) = join(pause, telling).await else {
                        return;
                    };
                }
                Next::Stop => return,
            }
        }
    }

    /// Settles a batch, message by message, and moves the position behind it.
    async fn take(&mut self, batch: GetUpdatesResponse, recovers: bool) -> Next {
        self.backoff.succeed();
        if recovers {
            self.notices.push(Notice::Status(ChannelStatus::Recovered));
        }
        for raw in &batch.msgs {
            self.keep(None);
            if self.settle(raw).await == Settlement::Abandoned {
                return Next::Stop;
            }
        }
        self.keep(Some(batch.get_updates_buf));
        Next::Poll
    }

    async fn settle(&mut self, raw: &Raw) -> Settlement {
        let letter = match self.reader.read(raw) {
            Arrival::Letter(letter) => letter,
            Arrival::NotALetter => return Settlement::Settled,
            Arrival::Unreadable => {
                self.channel
                    .with(|ledger, now| ledger.health.note(Code::MalformedMessage, now));
                return Settlement::Settled;
            }
        };
        let verdict = self.channel.with(|ledger, now| ledger.judge(&letter, now));
        let settlement = match &verdict {
            Verdict::Known => return Settlement::Settled,
            Verdict::Drop => Settlement::Settled,
            verdict => {
                let event = self.event(&letter, verdict.clone());
                self.courier.deliver(event).await
            }
        };
        if settlement == Settlement::Settled {
            self.settled = Some((*letter, verdict));
        }
        settlement
    }

    /// Keeps what was settled last, before the next message leaves; after the last message of a
    /// batch together with the position behind it.
    fn keep(&mut self, cursor: Option<String>) {
        let settled = self.settled.take();
        let elsewhere =
            |cursor: &String| self.channel.with(|ledger, _| ledger.is_elsewhere(cursor));
        let cursor = cursor.filter(elsewhere);
        if settled.is_none() && cursor.is_none() {
            return;
        }
        self.channel.keep(|ledger, now| {
            if let Some((letter, verdict)) = settled {
                ledger.settle(&letter, &verdict, now);
            }
            if let Some(cursor) = cursor {
                ledger.move_to(cursor);
            }
        });
    }

    fn event(&mut self, letter: &Letter, verdict: Verdict) -> InboundEvent {
        let timestamp = letter.sent_at.unwrap_or_else(|| self.channel.clock.now());
        let (session_id, correlation_id) =
            (letter.session_id.clone(), letter.correlation_id.clone());
        let head = self.courier.head(session_id, correlation_id, timestamp);
        let ids = letter.ids.clone();
        match verdict {
            Verdict::Message(payload) => InboundEvent::message(head, ids, payload),
            Verdict::AttachmentMeta(payload) => InboundEvent::attachment_meta(head, ids, payload),
            Verdict::Report { status, group_id } => {
                let payload = StatusPayload {
                    sender: letter.sender.clone(),
                    group_id,
                };
                InboundEvent::message_status(head, ids, status, payload)
            }
            Verdict::Drop | Verdict::Known => unreachable!("nothing is told of these"),
        }
    }

    fn fail(&mut self, code: Code, is_news: bool) -> Next {
        if code == Code::CursorReset {
            self.channel.keep(|ledger, _| ledger.forget_cursor());
            self.notices
                .push(Notice::Status(ChannelStatus::CursorReset));
            return Next::Poll;
        }
        if is_news {
            self.notices.push(match code {
                Code::SessionExpired => Notice::Status(ChannelStatus::SessionExpired),
                code => Notice::Error(code),
            });
        }
        Next::Pause(match code {
            Code::SessionExpired => self.backoff.expire(),
            _ => self.backoff.fail(),
        })
    }
}

/// The word for a failed poll. The beginning is a position that WeChat always knows.
fn code(failure: &Failure, cursor: &str) -> Code {
    if failure.is_lost_cursor() && !cursor.is_empty() {
        Code::CursorReset
    } else {
        failure.code()
    }
}
