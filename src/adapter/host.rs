//! The host of an in-process adapter: a thread with a runtime of its own, which a kill drops whole;
//! or the kit's own thread, for one that is known not to hold it up.

use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};
use std::thread;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, CatchUnwind, LocalBoxFuture};
use tokio::io::DuplexStream;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::ear::Exit;

/// What a host runs on a thread of its own: it reads the kit's lines from the first stream and
/// writes its own to the second.
pub(crate) type Tenant = Arc<
    dyn Fn(DuplexStream, DuplexStream) -> LocalBoxFuture<'static, io::Result<()>> + Send + Sync,
>;

/// The same, for one that shares the caller's runtime.
pub(crate) type Lodger =
    Arc<dyn Fn(DuplexStream, DuplexStream) -> BoxFuture<'static, io::Result<()>> + Send + Sync>;

type Life = CatchUnwind<AssertUnwindSafe<BoxFuture<'static, io::Result<()>>>>;

/// How a tenant is made to leave, and how it is seen that it has.
#[derive(Clone, Default)]
pub(crate) struct Lease {
    /// Cancelled by whoever wants it to leave.
    eviction: CancellationToken,
    /// Cancelled when nothing of it is left.
    gone: CancellationToken,
    /// The life of a lodger.
    life: Arc<Mutex<Option<Life>>>,
}

impl Lease {
    /// Makes the tenant leave. A lodger gets no further turn; the tasks it has spawned end with
    /// their next.
    pub(crate) fn evict(&self) {
        let life = self.life().take();
        if let Some(life) = life {
            // What it does as it goes must not keep it from going.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(life)));
            self.gone.cancel();
        }
        self.eviction.cancel();
    }

    /// Whether nothing of it is left.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.is_cancelled()
    }

    fn life(&self) -> MutexGuard<'_, Option<Life>> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Lease")
            .field("gone", &self.is_gone())
            .finish_non_exhaustive()
    }
}

/// Runs the lodger on the caller's runtime until it returns, panics or is evicted: for one that
/// never blocks, and whose tasks end when it is dropped. The receiver resolves when nothing of it is
/// left.
pub(crate) fn lodge(
    lodger: &Lodger,
    input: DuplexStream,
    output: DuplexStream,
    lease: Lease,
) -> oneshot::Receiver<Exit> {
    let (tell, exit) = oneshot::channel();
    let lodger = Arc::clone(lodger);
    let life = async move { lodger(input, output).await };
    *lease.life() = Some(AssertUnwindSafe(life.boxed()).catch_unwind());
    tokio::spawn(async move {
        let gone = lease.gone.clone().drop_guard();
        let lives = poll_fn(|context| {
            let mut life = lease.life();
            let Some(living) = life.as_mut() else {
                return Poll::Ready(Exit::Dropped);
            };
            let ended = ready!(living.poll_unpin(context));
            *life = None;
            Poll::Ready(match ended {
                Ok(Ok(())) => Exit::Returned,
                Ok(Err(error)) => Exit::Failed(error.to_string()),
                Err(payload) => Exit::Panicked(text(&*payload)),
            })
        });
        let exit = lease.eviction.run_until_cancelled(lives).await;
        drop(gone);
        // Nobody listens any more if the kit has dropped its end.
        let _ = tell.send(exit.unwrap_or(Exit::Dropped));
    });
    exit
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
            let Lease { eviction, gone, .. } = lease;
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

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    fn moves_in(life: BoxFuture<'static, io::Result<()>>) -> (Lease, oneshot::Receiver<Exit>) {
        let life = Mutex::new(Some(life));
        let lodger: Lodger = Arc::new(move |_, _| life.lock().unwrap().take().unwrap());
        let (input, output) = duplex(1);
        let lease = Lease::default();
        let exit = lodge(&lodger, input, output, lease.clone());
        (lease, exit)
    }

    /// A life that never ends by itself, and what it holds until it does.
    fn stays_with(belongings: impl Send + 'static) -> BoxFuture<'static, io::Result<()>> {
        async move {
            std::future::pending::<()>().await;
            drop(belongings);
            Ok(())
        }
        .boxed()
    }

    #[tokio::test]
    async fn a_lodger_that_is_evicted_is_gone_when_the_eviction_returns() {
        let belongings = Arc::new(());
        let seen = Arc::downgrade(&belongings);
        let (lease, exit) = moves_in(stays_with(belongings));
        tokio::task::yield_now().await;
        assert!(!lease.is_gone());
        lease.evict();
        assert!(lease.is_gone());
        assert_eq!(seen.strong_count(), 0);
        assert_eq!(exit.await, Ok(Exit::Dropped));
    }

    #[tokio::test]
    async fn a_lodger_that_ends_by_itself_says_how() {
        let (lease, exit) = moves_in(async { Ok(()) }.boxed());
        assert_eq!(exit.await, Ok(Exit::Returned));
        assert!(lease.is_gone());
        let fails = async { Err(io::Error::other("no more")) };
        let (_, exit) = moves_in(fails.boxed());
        assert_eq!(exit.await, Ok(Exit::Failed("no more".to_owned())));
    }

    #[tokio::test]
    async fn a_lodger_that_fails_to_go_in_good_order_goes_all_the_same() {
        struct Stumbles;
        impl Drop for Stumbles {
            fn drop(&mut self) {
                panic!("on the stairs");
            }
        }
        let (lease, exit) = moves_in(stays_with(Stumbles));
        tokio::task::yield_now().await;
        lease.evict();
        assert!(lease.is_gone());
        assert_eq!(exit.await, Ok(Exit::Dropped));
    }

    #[tokio::test]
    async fn a_lodger_that_panics_takes_nobody_with_it() {
        let (lease, exit) = moves_in(async { panic!("out of order") }.boxed());
        assert_eq!(exit.await, Ok(Exit::Panicked("out of order".to_owned())));
        assert!(lease.is_gone());
    }
}
