//! A job as something that ends with a result whatever it does: its panics are caught, when it starts, runs and is dropped.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::context::JobContext;
use crate::job::{JobFuture, JobResult, Start};
use crate::parameters::Parameters;

/// What a job came back with: its result, or its panic.
pub(crate) type Ended = Result<JobResult, Box<dyn Any + Send>>;

/// Completes when the job has ended and is gone.
pub(crate) enum Guarded {
    /// Not yet called.
    Ready(Start, JobContext, Parameters),
    /// Called, and not yet at its end.
    Running(JobFuture),
    /// Nothing of it is left.
    Gone,
}

impl Guarded {
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<JobResult> {
        if matches!(self, Self::Ready(..))
            && let Self::Ready(start, run, parameters) = std::mem::replace(self, Self::Gone)
        {
            *self = Self::Running(start(run, parameters));
        }
        match self {
            Self::Running(job) => job.as_mut().poll(cx),
            // Not polled again after its end.
            _ => Poll::Pending,
        }
    }
}

impl Future for Guarded {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        // Nothing of a job that panicked is looked at afterwards, but dropped.
        let ended = match catch_unwind(AssertUnwindSafe(|| self.step(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => Ok(result),
            Err(panic) => Err(panic),
        };
        let job = std::mem::replace(&mut *self, Self::Gone);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(job)));
        Poll::Ready(ended.and_then(|result| dropped.map(|()| result)))
    }
}
