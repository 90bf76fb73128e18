//! The body of an answer: whole, in pieces, or cut off.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Interval;

use super::line::Track;
use super::state::Shared;

/// Stands for an exchange until its answer is handed over; dropped before that, the exchange is
/// broken: its client has left, or the connection failed.
pub(super) struct Presence {
    pub(super) exchange: u64,
    pub(super) shared: Arc<Shared>,
    pub(super) track: Arc<Track>,
    over: bool,
}

impl Presence {
    pub(super) const fn new(exchange: u64, shared: Arc<Shared>, track: Arc<Track>) -> Self {
        Self {
            exchange,
            shared,
            track,
            over: false,
        }
    }

    /// Somebody else answers for the exchange from now on.
    pub(super) const fn resolve(&mut self) {
        self.over = true;
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if !self.over {
            self.shared.broken(self.exchange);
        }
    }
}

/// The body of an answer.
pub(super) struct Payload {
    pieces: VecDeque<Bytes>,
    pace: Option<Interval>,
    end: End,
}

enum End {
    /// The answer is whole. Nobody to tell if it belongs to no exchange.
    Whole(Option<Presence>),
    /// The connection breaks here, once what went before was sent.
    Cut { sent: bool },
}

/// The connection is to be cut.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
pub(super) struct CutOff;

impl From<Infallible> for CutOff {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Payload {
    /// A whole answer.
    pub(super) fn whole(body: Bytes, presence: Option<Presence>) -> Self {
        let mut payload = Self {
            pieces: [body].into(),
            pace: None,
            end: End::Whole(presence),
        };
        if payload.pieces[0].is_empty() {
            // hyper does not ask an empty body for anything: the head is all there is.
            payload.pieces.clear();
            payload.hand_over();
        }
        payload
    }

    /// A whole answer, one piece at each tick.
    pub(super) fn paced(body: &Bytes, pieces: usize, pace: Interval, presence: Presence) -> Self {
        let length = body.len().div_ceil(pieces).max(1);
        let pieces = body
            .chunks(length)
            .map(|piece| body.slice_ref(piece))
            .collect();
        Self {
            pieces,
            pace: Some(pace),
            end: End::Whole(Some(presence)),
        }
    }

    /// The beginning of an answer, then nothing.
    pub(super) fn cut(beginning: Bytes) -> Self {
        Self {
            pieces: [beginning].into(),
            pace: None,
            end: End::Cut { sent: false },
        }
    }

    fn hand_over(&mut self) {
        if let End::Whole(presence) = &mut self.end
            && let Some(mut presence) = presence.take()
        {
            presence.track.buffered(presence.exchange);
            presence.resolve();
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if !self.pieces.is_empty()
            && let Some(pace) = &mut self.pace
        {
            std::task::ready!(pace.poll_tick(context));
        }
        if let Some(piece) = self.pieces.pop_front() {
            if self.pieces.is_empty() {
                self.hand_over();
            }
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match &mut self.end {
            End::Whole(_) => Poll::Ready(None),
            End::Cut { sent: true } => Poll::Ready(Some(Err(CutOff))),
            End::Cut { sent } => {
                // Only while the body waits does hyper write what it has.
                *sent = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && matches!(self.end, End::Whole(_))
    }

    fn size_hint(&self) -> SizeHint {
        match self.end {
            End::Whole(_) => SizeHint::with_exact(self.pieces.iter().map(|p| p.len() as u64).sum()),
            End::Cut { .. } => SizeHint::default(),
        }
    }
}
