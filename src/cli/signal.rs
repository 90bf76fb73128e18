//! Being asked to end: Ctrl-C, TERM from whoever started the program, or a terminal that is closed.

use std::fs;
use std::future::poll_fn;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from now on. What comes back waits until the program is asked to end; for ever, where it
/// cannot be asked.
pub(super) fn signalled() -> impl Future<Output = ()> {
    // Who starts a program with `nohup` wants it to go on.
    let hangup = Some(SignalKind::hangup()).filter(|hangup| !is_ignored(*hangup));
    let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
    let heard = kinds.into_iter().chain(hangup);
    let mut heard: Vec<Signal> = heard.filter_map(|kind| signal(kind).ok()).collect();
    poll_fn(move |context| {
        let mut heard = heard.iter_mut();
        if heard.any(|signal| signal.poll_recv(context).is_ready()) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
}

/// Whether the program was started with this signal ignored, as far as the system tells.
fn is_ignored(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (kind.as_raw_value() - 1) & 1 == 1)
}
