//! Tasks of which the runtime does not know the type.
//!
//! Each query has a type of its own, and tokio makes some twenty functions for each type of task: they were an eighth of the
//! program, and an admin that does nothing keeps in memory what lies between the functions that it does call. So every task is of one
//! type here, and hands its result over on a channel.

use diesel_async::sync_connection_wrapper::SpawnBlocking;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};

/// A task to be given to the runtime, and where its result comes. Nothing comes when it panics or the runtime ends.
pub(super) fn task<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> (BoxFuture<'static, ()>, oneshot::Receiver<T>) {
    let (tell, told) = oneshot::channel();
    let task = async move {
        // Whoever asked may be gone; the work was to be done all the same.
        drop(tell.send(work.await));
    };
    (task.boxed(), told)
}

/// Calls of SQLite, on the threads that the runtime has for what blocks.
pub(crate) struct Blocking(Handle);

impl SpawnBlocking for Blocking {
    fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        call: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync>>> {
        let (tell, told) = oneshot::channel();
        let call: Box<dyn FnOnce() + Send> = Box::new(move || drop(tell.send(call())));
        let done = ToItsEnd { runtime: self.0.clone(), call: self.0.spawn_blocking(call) };
        async move {
            done.await?;
            Ok(told.await?)
        }
        .boxed()
    }

    /// Of the thread that opens the connection, which is one of the store's.
    fn get_runtime() -> Blocking {
        Blocking(Handle::current())
    }
}

/// A call under way. It has the connection until it is over, so whoever drops this waits for that.
struct ToItsEnd {
    runtime: Handle,
    call: JoinHandle<()>,
}

impl Future for ToItsEnd {
    type Output = Result<(), JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.call).poll(cx)
    }
}

impl Drop for ToItsEnd {
    fn drop(&mut self) {
        if !self.call.is_finished() {
            // How it came out is no longer of interest.
            drop(tokio::task::block_in_place(|| self.runtime.block_on(&mut self.call)));
        }
    }
}
