//! What a job knows about its run, and the one thing the admin can tell it: to stop.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hzm_job_protocol::hzm::JobHandle;
use slog::{Drain, Level, Logger, info, o};
use tokio::sync::Notify;

/// One run of a job, handed to it as its first argument. Cheap to clone; every clone speaks of the same run.
///
/// Cancellation is a request: [`cancelled`](Self::cancelled) completes, and the job ends when it sees fit. A job that
/// takes no notice is aborted after the executor's `cancel_grace`.
#[derive(Clone)]
pub struct JobContext {
    shared: Arc<Shared>,
}

struct Shared {
    run_id: i64,
    job_id: i64,
    job_name: String,
    cancelled: AtomicBool,
    asked_to_stop: Notify,
    message: Mutex<Option<String>>,
    // The executor's, and the run's own, which is made when the first line is written.
    log: Logger,
    own_log: OnceLock<Logger>,
}

impl JobContext {
    /// The context of the run that `trigger` starts, and its parameters. Its log lines carry the ids.
    pub(crate) fn new(trigger: JobHandle, log: &Logger) -> (Self, Option<String>) {
        let JobHandle { log_id, job_id, job_name, job_params } = trigger;
        let shared = Shared {
            run_id: log_id,
            job_id,
            job_name,
            cancelled: AtomicBool::new(false),
            asked_to_stop: Notify::new(),
            message: Mutex::new(None),
            log: log.clone(),
            own_log: OnceLock::new(),
        };
        (Self { shared: Arc::new(shared) }, job_params)
    }

    /// The run's id in the admin, `logId` on the wire. The same when an admin repeats a trigger after a crash, so it
    /// serves as an idempotency key towards other systems.
    pub fn run_id(&self) -> i64 {
        self.shared.run_id
    }

    /// The job's id in the admin.
    pub fn job_id(&self) -> i64 {
        self.shared.job_id
    }

    /// The name under which the job was triggered.
    pub fn job_name(&self) -> &str {
        &self.shared.job_name
    }

    /// Whether the admin has asked this run to stop. For loops that do not await.
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::Acquire)
    }

    /// Completes when the admin asks this run to stop; at once if it already did. Safe to drop and to call again, as
    /// in `tokio::select!`.
    pub async fn cancelled(&self) {
        // Made before looking: from here on no call is missed.
        let asked = self.shared.asked_to_stop.notified();
        if !self.is_cancelled() {
            asked.await;
        }
    }

    /// Writes a line to the executor's log, with the ids of the run.
    pub fn log(&self, line: impl fmt::Display) {
        if self.is_logged(Level::Info) {
            info!(self.logger(), "{line}");
        }
    }

    /// The logger of this run, for other levels and for values of their own.
    pub fn logger(&self) -> &Logger {
        let Shared { run_id, job_id, job_name, log, own_log, .. } = &*self.shared;
        own_log.get_or_init(|| log.new(o!("run" => *run_id, "job" => *job_id, "name" => job_name.clone())))
    }

    /// Whether lines of this level go anywhere; what would be made for them alone need not be made.
    pub(crate) fn is_logged(&self, level: Level) -> bool {
        self.shared.log.is_enabled(level)
    }

    /// What the admin shows when the run succeeds, such as `42 rows`. The last call counts; a run that fails shows its
    /// error instead. Cut at 4 KiB.
    pub fn message(&self, text: impl fmt::Display) {
        *self.shared.message.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_string());
    }

    pub(crate) fn take_message(&self) -> Option<String> {
        self.shared.message.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Asks the run to stop; false when that has been done before.
    pub(crate) fn cancel(&self) -> bool {
        let first = !self.shared.cancelled.swap(true, Ordering::AcqRel);
        self.shared.asked_to_stop.notify_waiters();
        first
    }

    /// Whether both speak of the same run of the same job, not only of the same id.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext").field("run_id", &self.run_id()).field("job_name", &self.job_name()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> JobContext {
        let trigger = JobHandle { log_id: 7, job_id: 1, job_name: "report".into(), job_params: None };
        JobContext::new(trigger, &Logger::root(slog::Discard, o!())).0
    }

    #[tokio::test]
    async fn a_clone_learns_of_the_cancellation_even_when_it_asks_late() {
        let run = context();
        let clone = run.clone();
        assert!(!clone.is_cancelled());
        run.cancel();
        drop(run);
        clone.cancelled().await;
        assert!(clone.is_cancelled());
    }

    #[tokio::test]
    async fn someone_who_waits_is_woken_by_the_cancellation() {
        let run = context();
        let waiting = tokio::spawn({
            let run = run.clone();
            async move { run.cancelled().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        run.cancel();
        waiting.await.unwrap();
    }

    #[test]
    fn the_last_message_counts() {
        let run = context();
        run.message("1 row");
        run.message(format_args!("{} rows", 42));
        assert_eq!(run.take_message().as_deref(), Some("42 rows"));
    }
}
