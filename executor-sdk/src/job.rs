//! What a job is: a name and a function from a run to a result. `#[job]` writes the implementation of [`Job`].

use std::future::Future;
use std::pin::Pin;

use crate::context::JobContext;
pub use crate::job_error::JobError;
use crate::parameters::Parameters;

/// What a job returns: nothing, or why it failed. Text for a run that succeeded is set with [`JobContext::message`].
pub type JobResult = Result<(), JobError>;

/// A running job, boxed so that an executor can keep jobs of different types in one table.
pub type JobFuture = Pin<Box<dyn Future<Output = JobResult> + Send + 'static>>;

/// How a job is started.
pub(crate) type Start = fn(JobContext, Parameters) -> JobFuture;

/// A job that an executor can be given with [`ExecutorBuilder::job`](crate::ExecutorBuilder::job).
///
/// Written by [`#[job]`](crate::job), which makes a type of the function's name that carries this trait.
pub trait Job: 'static {
    /// The name under which the admin triggers the job. Exact, and unique within an executor.
    const NAME: &'static str;

    /// Starts one run. Parameters that do not parse end the run as failed.
    fn call(run: JobContext, parameters: Parameters) -> JobFuture;
}
