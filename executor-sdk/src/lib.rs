//! Executor SDK of hzm-job: write jobs as async functions and let an admin trigger them.
//!
//! ```no_run
//! use hzmjob::{Executor, JobContext, JobResult, job};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct DateRange {
//!     from: String,
//!     days: u32,
//! }
//!
//! /// Sends the report of the night.
//! #[job("nightly-report")]
//! async fn nightly_report(run: JobContext, range: DateRange) -> JobResult {
//!     run.log(format_args!("{} days from {}", range.days, range.from));
//!     run.message("report sent");
//!     Ok(())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), hzmjob::ExecutorError> {
//!     Executor::builder("billing")
//!         .admin("http://127.0.0.1:8888")
//!         .secret("the app secret that the admin shows")
//!         .job::<nightly_report>()
//!         .run()
//!         .await
//! }
//! ```
//!
//! In the admin, create an executor with the app key `billing`, then a job of it named `nightly-report`. The program
//! registers itself; nothing else connects the two. It speaks hzm-job's own protocol, so it works with an original Go
//! admin as well. It runs under `#[tokio::main]`, under `#[actix_web::main]`, and beside whatever else a program does
//! ([`Executor::spawn`]).
//!
//! # Jobs
//!
//! [`#[job]`](macro@job) goes on an async function of the run, and optionally of its parameters. The function stays an
//! ordinary one, to be called from a test or from another job. An executor has the jobs that are listed with
//! [`ExecutorBuilder::job`]; there is no hidden registry.
//!
//! A job fails by returning an error (anything that `?` takes, or text) or by panicking; the text arrives in the admin
//! either way. It succeeds with [`JobContext::message`], if there is something to say:
//!
//! ```
//! use hzmjob::{JobContext, JobResult, job};
//!
//! #[job]
//! async fn count_lines(run: JobContext, path: String) -> JobResult {
//!     let text = tokio::fs::read_to_string(&path).await?;
//!     if text.is_empty() {
//!         return Err(format!("{path} is empty").into());
//!     }
//!     run.message(format_args!("{} lines", text.lines().count()));
//!     Ok(())
//! }
//! ```
//!
//! Work that does not await blocks a thread of the runtime. It belongs into `tokio::task::spawn_blocking`, with a clone
//! of the context to look at [`JobContext::is_cancelled`] now and then, because such work cannot be aborted:
//!
//! ```
//! use hzmjob::{JobContext, JobResult, job};
//!
//! #[job]
//! async fn rebuild_index(run: JobContext) -> JobResult {
//!     let rows = tokio::task::spawn_blocking(move || (0..1_000).take_while(|_| !run.is_cancelled()).count()).await?;
//!     if rows < 1_000 { Err(format!("stopped after {rows} rows").into()) } else { Ok(()) }
//! }
//! ```
//!
//! # Parameters
//!
//! The admin sends text; the type of the second argument says how to read it. Text that starts with `{` or `[` is JSON;
//! anything else is the plain form of a number, a `bool` or the variant of an enum. A `String` takes the text as it
//! is. With an `Option`, no text is `None`; without one, no text is an error. Text that does not fit ends the run as
//! failed and says what was found, where, and what was expected.
//!
//! # Cancellation
//!
//! When someone stops a run, [`JobContext::cancelled`] completes. A job that does not end within
//! [`ExecutorBuilder::cancel_grace`] is aborted at its next await, and the run ends as failed with `cancelled`.
//!
//! ```
//! use hzmjob::{JobContext, JobResult, job};
//! use std::time::Duration;
//!
//! #[job]
//! async fn long_work(run: JobContext) -> JobResult {
//!     for part in 1..=100 {
//!         tokio::select! {
//!             () = run.cancelled() => return Err(format!("stopped before part {part}").into()),
//!             () = tokio::time::sleep(Duration::from_secs(1)) => run.log(format_args!("part {part} is done")),
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # What is promised
//!
//! * **A run is not done twice.** A repeated trigger of a run in hand is acknowledged and nothing more. For one that
//!   has ended, the callback is sent again: that is how an admin asks about a run after a crash. The last 10,000 runs of
//!   the last 24 hours are remembered, and on a busy node every run of the last minute (as far as 250,000 of them, and
//!   128 MiB); across a restart those whose callback was not yet delivered.
//! * **A result is not lost.** A callback is on disk before it is sent, and sent until an admin answers 200, across
//!   restarts, with a growing delay. One that is refused for good (HTTP 4xx other than 401, 404, 408, 429) is set aside
//!   in `refused/` and logged as an error.
//! * **Everything is bounded**: runs at a time, runs that wait (beyond them a trigger is answered 503, and the admin
//!   chooses another node), bodies (1 MiB), messages (4 KiB), callbacks that wait for an admin (100,000, counting those
//!   that the runs in hand will make, and 128 MiB of memory).
//!
//! With an admin that knows it, many triggers come in one request, and many results go in one; what is promised of each
//! is the same. Results never wait for company: what has come while others were written or sent goes together. They are
//! kept in a log, which is written once for all that came meanwhile; it is a text with a line for each, and taken away
//! once all of it is acknowledged.
//!
//! A process that is killed takes its running jobs along. The admin notices, and may trigger them again under the same
//! [`JobContext::run_id`]: jobs should be idempotent.
//!
//! # Configuration file
//!
//! [`Executor::from_yaml`] takes the settings from the file that the original's executors use, with a few more keys.
//! Only `adminAddress` and `appKey` are needed:
//!
//! ```yaml
//! hzm:
//!   job:
//!     client:
//!       port: 7777
//!       adminAddress: http://10.0.0.1:8888,http://10.0.0.2:8888
//!       appKey: billing
//!       appSecret: the app secret that the admin shows
//!       address: http://10.0.0.7:7777
//!       dataDir: /var/lib/billing/callbacks
//!       concurrency: 64
//!       queue: 1000
//!       tlsCa: /etc/ssl/our-authority.pem   # of an admin at https://; without it those that browsers trust
//!       cancelGraceSeconds: 10
//!       drainSeconds: 30
//!     common:
//!       log:
//!         level: info   # debug, info, warn, error
//!         type: text    # text, json
//! ```
//!
//! ```no_run
//! # use hzmjob::{Executor, JobContext, JobResult, job};
//! # #[job]
//! # async fn hello(_run: JobContext) -> JobResult { Ok(()) }
//! # async fn start() -> Result<(), hzmjob::ExecutorError> {
//! Executor::from_yaml("hzm-job.yaml")?.job::<hello>().run().await
//! # }
//! ```
//!
//! # Testing a job
//!
//! The logic of a job is best kept in a function that knows nothing of jobs. To test the whole way, start the executor
//! in the test, on a free port, and trigger it as the admin does:
//!
//! ```no_run
//! # use hzmjob::{Executor, JobContext, JobResult, job};
//! # #[job]
//! # async fn hello(_run: JobContext) -> JobResult { Ok(()) }
//! # async fn test() -> Result<(), hzmjob::ExecutorError> {
//! let executor = Executor::builder("test").admin("http://127.0.0.1:1").bind("127.0.0.1:0").job::<hello>().spawn()?;
//! println!("POST {}/api/job-handle", executor.address());
//! executor.close().await
//! # }
//! ```

mod advertise;
mod backlog;
mod builder;
mod clerk;
mod config;
mod context;
mod courier;
mod delivery;
mod errand;
mod error;
mod executor;
mod guarded;
mod inbound;
mod job;
mod job_error;
mod ledger;
mod logging;
mod outbound;
mod outbox;
mod outcome;
mod parameters;
mod parcel;
mod registrar;
mod report;
mod runner;
mod service;
mod settings;
mod tls;
mod waiting;

pub use builder::ExecutorBuilder;
pub use context::JobContext;
pub use error::ExecutorError;
pub use executor::{Executor, ExecutorHandle};
pub use job::{Job, JobError, JobFuture, JobResult};
pub use parameters::Parameters;

/// Makes a job of an async function: `#[job]` or `#[job("wire-name")]`.
///
/// The function takes a [`JobContext`], optionally one parameter of any type that implements `serde::Deserialize` for
/// itself (owned), and returns [`JobResult`]. Without a name in the attribute, the job is called like the function.
///
/// The function stays as it is. Beside it comes a type of the same name and visibility, which implements [`Job`] and
/// is what [`ExecutorBuilder::job`] takes; functions and types do not get into each other's way.
///
/// ```
/// use hzmjob::{Job, JobContext, JobResult, job};
///
/// #[job("double")]
/// async fn doubled(run: JobContext, number: u32) -> JobResult {
///     run.message(number * 2);
///     Ok(())
/// }
///
/// #[job]
/// async fn hello(_run: JobContext) -> JobResult {
///     Ok(())
/// }
///
/// assert_eq!(doubled::NAME, "double");
/// assert_eq!(hello::NAME, "hello");
/// ```
pub use hzmjob_macros::job;
