//! One TCP connection: whether its peer is still there, and whether an answer went out whole.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::net::TcpStream;

use super::state::Shared;

/// What the service and the payload say about the connection they use.
#[derive(Default)]
pub(super) struct Track {
    /// The exchange whose answer is buffered whole, but perhaps not written yet; 0 for none.
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

/// The connection, as hyper uses it.
pub(super) struct Line {
    io: TokioIo<TcpStream>,
    pub(super) track: Arc<Track>,
    shared: Arc<Shared>,
}

impl Line {
    pub(super) fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        Self {
            io: TokioIo::new(stream),
            track: Arc::default(),
            shared,
        }
    }

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
}

impl Read for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    // hyper calls this once all that it buffered is written, never before.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(context);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            match self.track.unwritten.swap(0, Ordering::Relaxed) {
                0 => {}
                exchange => self.shared.written(exchange),
            }
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.io).poll_write_vectored(context, bytes)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        match self.track.unwritten.swap(0, Ordering::Relaxed) {
            0 => {}
            exchange => self.shared.broken(exchange),
        }
        if self.track.reset.load(Ordering::Relaxed) {
            // If this fails the peer sees an orderly end instead of a reset.
            let _ = SockRef::from(self.io.inner()).set_linger(Some(Duration::ZERO));
        }
    }
}
