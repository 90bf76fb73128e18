//! One TCP connection: whether its peer is still there, and whether an answer went out whole.

use std::io::{self, IoSlice};
use std::mem::{self, MaybeUninit};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::TcpStream;

use super::state::Shared;

/// What is held back at most, in bytes, and how long a piece may be to be held back at all.
const HELD_MAX: usize = 64 << 10;
const PIECE_MAX: usize = 16 << 10;

/// What the service and the payload say about the connection they use.
#[derive(Default)]
pub(super) struct Track {
    /// The exchange whose answer is handed over whole, but perhaps not written yet; 0 for none.
    unwritten: AtomicU64,
    /// Whether to make sure that the peer is there before anything is written.
    wary: AtomicBool,
    /// Whether the connection is to end with a reset.
    reset: AtomicBool,
}

impl Track {
    /// An answer that begins now is worth nothing to a peer that has left.
    pub(super) fn be_wary(&self) {
        self.wary.store(true, Ordering::Relaxed);
    }

    /// The last byte of this exchange's answer was handed over.
    pub(super) fn buffered(&self, exchange: u64) {
        self.unwritten.store(exchange, Ordering::Relaxed);
    }

    /// The connection ends with a reset.
    pub(super) fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }
}

/// The connection, as hyper uses it. What is written is held back until hyper has nothing more to
/// say for now: the answers to calls that came together leave together. See [`Line::carry`].
#[derive(Clone)]
pub(super) struct Line(Arc<Mutex<Wire>>);

struct Wire {
    io: TokioIo<TcpStream>,
    track: Arc<Track>,
    shared: Arc<Shared>,
    held: BytesMut,
    /// The exchanges whose answers end in what is held back.
    answered: Vec<u64>,
}

impl Line {
    pub(super) fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        Self(Arc::new(Mutex::new(Wire {
            io: TokioIo::new(stream),
            track: Arc::default(),
            shared,
            held: BytesMut::new(),
            answered: Vec::new(),
        })))
    }

    pub(super) fn track(&self) -> Arc<Track> {
        Arc::clone(&self.wire().track)
    }

    /// Carries a conversation over the line to its end. Whenever it has to wait, and when it ends,
    /// what is held back goes out.
    pub(super) async fn carry(&self, conversation: impl Future) {
        let mut conversation = pin!(conversation);
        std::future::poll_fn(|context| {
            let over = conversation.as_mut().poll(context).is_ready();
            match self.wire().push(context) {
                Poll::Ready(Err(_)) => Poll::Ready(()),
                _ if over => Poll::Ready(()),
                _ => Poll::Pending,
            }
        })
        .await;
    }

    fn wire(&self) -> MutexGuard<'_, Wire> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wire {
    /// Asks the kernel, not the event loop, which may not have heard of it yet.
    fn peer_has_left(&self) -> bool {
        match SockRef::from(self.io.inner()).peek(&mut [MaybeUninit::uninit()]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }

    fn check(&self) -> io::Result<()> {
        if self.track.wary.swap(false, Ordering::Relaxed) && self.peer_has_left() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }

    /// Holds back what `pieces` have, if that is little, and writes it at once if it is much.
    fn take(
        &mut self,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        let length = pieces.iter().map(|piece| piece.len()).sum();
        if length <= PIECE_MAX {
            if self.held.len() + length > HELD_MAX {
                ready!(self.push(context))?;
            }
            for piece in pieces {
                self.held.extend_from_slice(piece);
            }
            return Poll::Ready(Ok(length));
        }
        ready!(self.push(context))?;
        Pin::new(&mut self.io).poll_write_vectored(context, pieces)
    }

    /// Writes what is held back.
    fn push(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(context, &self.held))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.held.advance(written),
            }
        }
        if !self.answered.is_empty() {
            self.shared.written(&self.answered);
            self.answered.clear();
        }
        Poll::Ready(Ok(()))
    }

    /// All that was handed over of an answer is held back or written.
    fn take_note(&mut self) {
        match self.track.unwritten.swap(0, Ordering::Relaxed) {
            0 => {}
            exchange => self.answered.push(exchange),
        }
    }
}

impl Read for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire().io).poll_read(context, buffer)
    }
}

impl Write for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.wire().take(context, &[IoSlice::new(bytes)])
    }

    // hyper calls this once it has handed over all that it buffered, never before.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wire().take_note();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut wire = self.wire();
        ready!(wire.push(context))?;
        Pin::new(&mut wire.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.wire().take(context, pieces)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.take_note();
        for exchange in mem::take(&mut self.answered) {
            self.shared.broken(exchange);
        }
        if self.track.reset.load(Ordering::Relaxed) {
            // If this fails the peer sees an orderly end instead of a reset.
            let _ = SockRef::from(self.io.inner()).set_linger(Some(Duration::ZERO));
        }
    }
}
