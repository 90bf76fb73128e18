//! The host of an in-process adapter: a thread with a runtime of its own, which a kill drops whole.

use std::any::Any;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::thread;

use tokio::io::DuplexStream;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::ear::Exit;

/// What a host runs: it reads the kit's lines from the first stream and writes its own to the
/// second.
pub(crate) type Tenant = Arc<
    dyn Fn(DuplexStream, DuplexStream) -> Pin<Box<dyn Future<Output = io::Result<()>>>>
        + Send
        + Sync,
>;

/// How a tenant is made to leave, and how it is seen that it has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lease {
    /// Cancelled by whoever wants it to leave.
    pub(crate) eviction: CancellationToken,
    /// Cancelled when nothing of it is left.
    pub(crate) gone: CancellationToken,
}

/// Runs the tenant on a thread of its own until it returns, panics or is evicted. The receiver
/// resolves when nothing of it is left.
pub(crate) fn host(
    tenant: Tenant,
    input: DuplexStream,
    output: DuplexStream,
    lease: Lease,
) -> io::Result<oneshot::Receiver<Exit>> {
    let (tell, exit) = oneshot::channel();
    thread::Builder::new()
        .name("adapter".to_owned())
        .spawn(move || {
            let Lease { eviction, gone } = lease;
            let _gone = gone.drop_guard();
            let exit = match tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
            {
                Err(error) => Exit::Failed(format!("no runtime: {error}")),
                Ok(runtime) => {
                    let life = AssertUnwindSafe(|| {
                        runtime.block_on(async {
                            tokio::select! {
                                biased;
                                () = eviction.cancelled() => Exit::Dropped,
                                result = tenant(input, output) => match result {
                                    Ok(()) => Exit::Returned,
                                    Err(error) => Exit::Failed(error.to_string()),
                                },
                            }
                        })
                    });
                    let exit = catch_unwind(life)
                        .unwrap_or_else(|payload| Exit::Panicked(text(&*payload)));
                    // Whatever it spawned goes now; blocking work that cannot be ended is not
                    // waited for.
                    runtime.shutdown_background();
                    exit
                }
            };
            // Nobody listens any more if the kit has dropped its end.
            let _ = tell.send(exit);
        })?;
    Ok(exit)
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a text".to_owned())
}
