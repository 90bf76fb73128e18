//! Being asked to end: Ctrl-C, or TERM from whoever started the program.

use std::future::pending;

use tokio::signal::unix::{SignalKind, signal};

/// Listens from now on. What comes back waits until the program is asked to end; for ever, where it
/// cannot be asked.
pub(super) fn signalled() -> impl Future<Output = ()> {
    let interrupt = signal(SignalKind::interrupt());
    let terminate = signal(SignalKind::terminate());
    async {
        let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
            return pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
