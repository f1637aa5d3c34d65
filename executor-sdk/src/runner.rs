//! Runs jobs: admits triggers, lets so many run at a time, cancels, and makes sure that each run ends in one callback.
//!
//! Every admitted run is a task of its own from then on: it waits for a slot, runs the job, and reports. What to admit
//! is the ledger's decision, what a result means is the outcome's, and bringing the callback to an admin is the
//! courier's. No HTTP here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hzm_job_protocol::hzm::{Callback, JobHandle};
use slog::{Logger, debug, error, info, warn};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;

use crate::context::JobContext;
use crate::courier::Errand;
use crate::job::JobFuture;
use crate::ledger::{Admission, Ledger};
use crate::outbox::{OUTBOX_LIMIT, Outbox};
use crate::outcome::Outcome;
use crate::parameters::Parameters;
use crate::settings::Settings;

/// How a job is started.
pub(crate) type Start = fn(JobContext, Parameters) -> JobFuture;

/// The jobs of an executor by their names.
pub(crate) type Jobs = HashMap<&'static str, Start>;

/// Where ended runs go: to disk, then to the courier.
pub(crate) struct Dispatch {
    /// `None` when there is no disk to keep callbacks on.
    pub(crate) outbox: Option<Arc<Outbox>>,
    pub(crate) errands: mpsc::Sender<Errand>,
    /// How many callbacks wait for an admin.
    pub(crate) backlog: watch::Receiver<usize>,
}

/// A run in hand.
struct RunInHand {
    context: JobContext,
    task: AbortHandle,
}

/// All runs of one executor.
pub(crate) struct Runner {
    app_key: String,
    jobs: Jobs,
    ledger: Mutex<Ledger<RunInHand>>,
    slots: Arc<Semaphore>,
    cancel_grace: Duration,
    dispatch: Dispatch,
    // Runs whose callback is not yet with the courier.
    unreported: watch::Sender<usize>,
    runtime: Handle,
    log: Logger,
}

impl Runner {
    pub(crate) fn new(settings: &Settings, jobs: Jobs, dispatch: Dispatch, runtime: Handle, log: Logger) -> Self {
        Self {
            app_key: settings.app_key.clone(),
            jobs,
            ledger: Mutex::new(Ledger::new(settings.concurrency + settings.queue)),
            slots: Arc::new(Semaphore::new(settings.concurrency)),
            cancel_grace: settings.cancel_grace,
            dispatch,
            unreported: watch::Sender::new(0),
            runtime,
            log,
        }
    }

    /// Takes note of runs that ended in an earlier process, so that they are not run again.
    pub(crate) fn remember(&self, callbacks: &[Arc<Callback>]) {
        let mut ledger = self.ledger();
        for callback in callbacks {
            ledger.end(Arc::clone(callback), Instant::now());
        }
    }

    /// Takes a trigger, and starts what has to be started.
    pub(crate) fn accept(self: &Arc<Self>, trigger: JobHandle) -> Admission {
        self.accept_one(&mut self.ledger(), trigger)
    }

    /// Takes many triggers, each as if it had come alone, and says of each what became of it.
    pub(crate) fn accept_all(self: &Arc<Self>, triggers: Vec<JobHandle>) -> Vec<(i64, Admission)> {
        let mut ledger = self.ledger();
        triggers.into_iter().map(|trigger| (trigger.log_id, self.accept_one(&mut ledger, trigger))).collect()
    }

    fn accept_one(self: &Arc<Self>, ledger: &mut Ledger<RunInHand>, trigger: JobHandle) -> Admission {
        let admission = match ledger.admit(trigger.log_id) {
            // A result that could not be kept must not come to be.
            Admission::Start if *self.dispatch.backlog.borrow() >= OUTBOX_LIMIT => Admission::Busy,
            admission => admission,
        };
        match &admission {
            Admission::Start => self.start(ledger, trigger),
            Admission::Ended(callback) => self.report_again(Arc::clone(callback)),
            Admission::InHand => debug!(self.log, "trigger repeated, the run is in hand"; "run" => trigger.log_id),
            Admission::Busy | Admission::Closing => {
                warn!(self.log, "trigger refused"; "run" => trigger.log_id, "reason" => ?admission);
            }
        }
        admission
    }

    fn start(self: &Arc<Self>, ledger: &mut Ledger<RunInHand>, trigger: JobHandle) {
        let run_id = trigger.log_id;
        let context = JobContext::new(&trigger, &self.log);
        self.unreported.send_modify(|count| *count += 1);
        let reporting = Unreported(Arc::clone(self));
        let task = self.runtime.spawn({
            let context = context.clone();
            async move {
                let outcome = reporting.0.run(trigger, &context).await;
                reporting.0.end(outcome, &context).await;
                drop(reporting);
            }
        });
        ledger.start(run_id, RunInHand { context, task: task.abort_handle() });
    }

    async fn run(&self, trigger: JobHandle, context: &JobContext) -> Outcome {
        let Some(start) = self.jobs.get(trigger.job_name.as_str()).copied() else {
            return Outcome::failed(self.unknown_job(&trigger.job_name));
        };
        let slot = tokio::select! {
            biased;
            () = context.cancelled() => return Outcome::cancelled(),
            slot = Arc::clone(&self.slots).acquire_owned() => slot,
        };
        info!(context.logger(), "run started");
        let job = tokio::spawn({
            let context = context.clone();
            async move {
                // Within the job's task: an aborted job that never yields keeps its slot for as long as it really runs.
                let _slot = slot;
                start(context, Parameters::new(trigger.job_params)).await
            }
        });
        self.until_its_end(AbortOnDrop(job), context).await
    }

    async fn until_its_end(&self, mut job: AbortOnDrop, context: &JobContext) -> Outcome {
        let overdue = async {
            context.cancelled().await;
            tokio::time::sleep(self.cancel_grace).await;
        };
        tokio::select! {
            biased;
            ended = &mut job.0 => Outcome::of(ended, context),
            () = overdue => {
                warn!(context.logger(), "the job did not end when cancelled, it is aborted");
                Outcome::cancelled()
            }
        }
    }

    async fn end(&self, outcome: Outcome, context: &JobContext) {
        info!(context.logger(), "run ended"; "success" => outcome.is_success());
        let callback = Arc::new(outcome.into_callback(context.run_id(), &self.app_key));
        self.ledger().end(Arc::clone(&callback), Instant::now());
        self.report(callback).await;
    }

    fn report_again(self: &Arc<Self>, callback: Arc<Callback>) {
        debug!(self.log, "trigger repeated, the run has ended; its callback is sent again"; "run" => callback.log_id);
        let runner = Arc::clone(self);
        self.runtime.spawn(async move { runner.report(callback).await });
    }

    async fn report(&self, callback: Arc<Callback>) {
        if let Some(outbox) = self.dispatch.outbox.clone() {
            let (run_id, copy) = (callback.log_id, Arc::clone(&callback));
            let kept = tokio::task::spawn_blocking(move || outbox.keep(&copy)).await;
            if let Err(problem) = kept.unwrap_or_else(|gone| Err(std::io::Error::other(gone))) {
                error!(self.log, "callback kept in memory only, a crash would lose it"; "run" => run_id, "error" => %problem);
            }
        }
        // Fails only when the executor is gone, and then the callback is on disk for the next one.
        if self.dispatch.errands.send(Errand::Deliver(callback)).await.is_err() {
            debug!(self.log, "callback left for the next start");
        }
    }

    fn unknown_job(&self, name: &str) -> String {
        let mut known: Vec<&str> = self.jobs.keys().copied().collect();
        known.sort_unstable();
        format!("this executor has no job {name:?}; it has: {}", known.join(", "))
    }

    /// Asks a run to stop. An unknown one has ended or never came here; either way there is nothing to do.
    pub(crate) fn cancel(&self, run_id: i64) {
        match self.ledger().get(run_id) {
            Some(run) => {
                info!(run.context.logger(), "run is asked to stop");
                run.context.cancel();
            }
            None => debug!(self.log, "cancel of a run that is not in hand"; "run" => run_id),
        }
    }

    /// From now on new runs are refused.
    pub(crate) fn close(&self) {
        self.ledger().close();
    }

    /// Completes when every run has ended and its callback is with the courier.
    pub(crate) async fn idle(&self) {
        // The sender is `self`, so there is no error to come.
        self.unreported.subscribe().wait_for(|count| *count == 0).await.ok();
    }

    /// The runs in hand.
    pub(crate) fn in_hand(&self) -> Vec<i64> {
        self.ledger().in_hand().map(|(run_id, _)| *run_id).collect()
    }

    /// Ends every run without a callback, as a crash would.
    pub(crate) fn abort_all(&self) {
        for (_, run) in self.ledger().in_hand() {
            run.task.abort();
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger<RunInHand>> {
        // Nothing in it is left half done by a panic: each change is one call.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a run as unreported until dropped, so that an aborted one does not keep the executor waiting.
struct Unreported(Arc<Runner>);

impl Drop for Unreported {
    fn drop(&mut self) {
        self.0.unreported.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// A job's task that does not outlive the one who waits for it.
struct AbortOnDrop(JoinHandle<crate::job::JobResult>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
#[path = "runner_tests.rs"]
mod tests;
