//! Serving: an [`Adapter`] as the answering end of the driver protocol, with the order of its life
//! kept for it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Adapter;
use super::desk::Desk;
use super::ear::Breach;
use super::frame::{self, BadFrame, Frame};
use super::line::{Cut, LineReader};
use super::outbox::Outbox;
use super::stdio;

/// How long answers that are still outstanding when the input ends may take.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Serves an adapter on stdin and stdout until stdin ends.
///
/// Nothing else in the program may write to stdout; logs go to stderr.
///
/// ```no_run
/// # use aios_wechat::reference::Reference as MyAdapter;
/// #[tokio::main]
/// async fn main() -> std::io::Result<()> {
///     aios_wechat::adapter::serve_stdio(MyAdapter::new()).await
/// }
/// ```
///
/// # Errors
///
/// If stdin cannot be read or stdout cannot be written.
///
/// # Panics
///
/// Outside a tokio runtime, or in one without I/O; and if the adapter panics.
pub async fn serve_stdio<A: Adapter>(adapter: A) -> io::Result<()> {
    serve(adapter, stdio::input(), stdio::output()).await
}

/// Serves an adapter over any pair of byte streams until the reader ends; then stops it and
/// returns.
///
/// Every request is answered on its own, so an outstanding `act` delays neither `health` nor
/// `stop`. Requests that come too early, too late or twice, and documents that break the contract,
/// never reach the adapter. To be called inside a tokio runtime.
///
/// # Errors
///
/// If a stream fails, or a line is longer than [`LINE_LIMIT`](super::LINE_LIMIT).
///
/// # Panics
///
/// If the adapter panics: a broken adapter does not go on.
pub async fn serve<A, R, W>(adapter: A, reader: R, writer: W) -> io::Result<()>
where
    A: Adapter,
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (outbox, lines) = Outbox::new();
    let deaf = CancellationToken::new();
    let desk = Arc::new(Desk::new(adapter, Arc::clone(&outbox)));
    let conversation = async {
        let mut jobs = JoinSet::new();
        let heard = tokio::select! {
            heard = hear(&desk, &outbox, reader, &mut jobs) => heard,
            () = deaf.cancelled() => Ok(()),
        };
        outbox.close_to_events();
        desk.stop().await.ok();
        let outstanding = async {
            while let Some(done) = jobs.join_next().await {
                carry_on(done);
            }
        };
        // An action may hang on WeChat for longer than the kit waits for us.
        let _ = timeout(LAST_ANSWERS, outstanding).await;
        outbox.close();
        heard
    };
    let writing = async {
        let written = write_lines(lines, writer).await;
        deaf.cancel();
        written
    };
    let (heard, written) = tokio::join!(conversation, writing);
    heard.and(written)
}

async fn hear<A: Adapter, R: AsyncRead + Unpin>(
    desk: &Arc<Desk<A>>,
    outbox: &Arc<Outbox>,
    reader: R,
    jobs: &mut JoinSet<()>,
) -> io::Result<()> {
    let mut lines = LineReader::new(reader);
    loop {
        let cut = tokio::select! {
            cut = lines.next() => cut?,
            Some(done) = jobs.join_next() => {
                carry_on(done);
                continue;
            }
        };
        match cut {
            Cut::Line(line) => hear_line(desk, outbox, &line, jobs),
            Cut::End => return Ok(()),
            Cut::Unterminated(_) => {
                refuse(outbox, &BadFrame::unreadable(Breach::Unterminated));
                return Ok(());
            }
            Cut::TooLong(_) => {
                refuse(outbox, &BadFrame::unreadable(Breach::TooLong));
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a line longer than 1 MiB",
                ));
            }
        }
    }
}

fn hear_line<A: Adapter>(
    desk: &Arc<Desk<A>>,
    outbox: &Arc<Outbox>,
    line: &[u8],
    jobs: &mut JoinSet<()>,
) {
    match frame::decode(line) {
        Ok(Frame::Request { id, method, params }) => match desk.admit(&method, params) {
            Ok(job) => {
                let (desk, outbox) = (Arc::clone(desk), Arc::clone(outbox));
                jobs.spawn(async move {
                    let outcome = desk.perform(job).await;
                    outbox.say(frame::answer(&id, &outcome));
                });
            }
            Err(error) => outbox.say(frame::answer(&id, &Err(error))),
        },
        Ok(Frame::Answer { id, outcome }) => outbox.settle(&id, outcome),
        // The kit sends none, and JSON-RPC forbids an answer.
        Ok(Frame::Notification { .. }) => {}
        Err(bad) => refuse(outbox, &bad),
    }
}

fn refuse(outbox: &Outbox, bad: &BadFrame) {
    outbox.say(match &bad.id {
        Some(id) => frame::answer(id, &Err(bad.error())),
        None => frame::complaint(&bad.error()),
    });
}

/// A job that panicked takes the adapter down with it, as a panic in a thread of its own would not.
fn carry_on(done: Result<(), JoinError>) {
    if let Err(error) = done
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}

async fn write_lines<W>(mut lines: UnboundedReceiver<String>, mut writer: W) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    while let Some(mut line) = lines.recv().await {
        line.push('\n');
        writer.write_all(line.as_bytes()).await?;
        writer.flush().await?;
    }
    writer.shutdown().await
}
