//! What a job knows about its run, and the one thing the admin can tell it: to stop.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use hzm_job_protocol::hzm::JobHandle;
use slog::{Logger, info, o};
use tokio::sync::watch;

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
    // Kept by the context itself, so that a clone which outlives the run still has a sender to wait for.
    cancel: watch::Sender<bool>,
    message: Mutex<Option<String>>,
    log: Logger,
}

impl JobContext {
    /// The context of the run that `trigger` starts. Its log lines carry the ids.
    pub(crate) fn new(trigger: &JobHandle, log: &Logger) -> Self {
        let (run_id, job_id, job_name) = (trigger.log_id, trigger.job_id, trigger.job_name.clone());
        let log = log.new(o!("run" => run_id, "job" => job_id, "name" => job_name.clone()));
        let (cancel, _) = watch::channel(false);
        Self { shared: Arc::new(Shared { run_id, job_id, job_name, cancel, message: Mutex::new(None), log }) }
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
        *self.shared.cancel.borrow()
    }

    /// Completes when the admin asks this run to stop; at once if it already did. Safe to drop and to call again, as
    /// in `tokio::select!`.
    pub async fn cancelled(&self) {
        let mut cancelled = self.shared.cancel.subscribe();
        // The sender lives as long as `self`, so the only way out is the value itself.
        if cancelled.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Writes a line to the executor's log, with the ids of the run.
    pub fn log(&self, line: impl fmt::Display) {
        info!(self.shared.log, "{line}");
    }

    /// The logger of this run, for other levels and for values of their own.
    pub fn logger(&self) -> &Logger {
        &self.shared.log
    }

    /// What the admin shows when the run succeeds, such as `42 rows`. The last call counts; a run that fails shows its
    /// error instead. Cut at 4 KiB.
    pub fn message(&self, text: impl fmt::Display) {
        *self.shared.message.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_string());
    }

    pub(crate) fn take_message(&self) -> Option<String> {
        self.shared.message.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn cancel(&self) {
        self.shared.cancel.send_replace(true);
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
        JobContext::new(&trigger, &Logger::root(slog::Discard, o!()))
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
