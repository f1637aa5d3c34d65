//! Runs jobs: admits triggers, lets so many run at a time, cancels, and makes sure that each run ends in one report.
//!
//! Every admitted run is a task of its own from then on: it waits for a slot, runs the job, and reports. One that is asked
//! to stop gets a second one, which gives it up when it does not. Whoever takes the run out of the ledger reports it, so
//! that it is reported once. What to admit is the ledger's decision, what a result means is the outcome's; the clerk writes
//! it down, and the courier brings it to an admin. No HTTP here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use hzm_job_protocol::hzm::JobHandle;
use slog::{Level, Logger, debug, info, warn};
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::clerk::Desk;
use crate::context::JobContext;
use crate::guarded::Guarded;
use crate::job::Start;
use crate::ledger::{Admission, Ledger};
use crate::outcome::Outcome;
use crate::parameters::Parameters;
use crate::report::Report;
use crate::settings::Settings;

/// The jobs of an executor by their names.
pub(crate) type Jobs = HashMap<&'static str, Start>;

/// A run in hand. Its task is there a moment later than itself: tasks are made after the ledger is let go.
#[derive(Clone)]
struct RunInHand {
    context: JobContext,
    task: Arc<OnceLock<JoinHandle<()>>>,
}

/// A run that was admitted and is to be started.
struct Admitted {
    run: RunInHand,
    parameters: Parameters,
}

/// All runs of one executor.
pub(crate) struct Runner {
    app_key: Arc<str>,
    jobs: Jobs,
    ledger: Mutex<Ledger<RunInHand>>,
    // Told when the last run in hand has ended.
    emptied: Notify,
    slots: Arc<Semaphore>,
    cancel_grace: Duration,
    desk: Arc<Desk>,
    runtime: Handle,
    log: Logger,
}

impl Runner {
    pub(crate) fn new(settings: &Settings, jobs: Jobs, desk: Arc<Desk>, runtime: Handle, log: Logger) -> Self {
        Self {
            app_key: settings.app_key.as_str().into(),
            jobs,
            ledger: Mutex::new(Ledger::new(settings.concurrency + settings.queue)),
            emptied: Notify::new(),
            slots: Arc::new(Semaphore::new(settings.concurrency)),
            cancel_grace: settings.cancel_grace,
            desk,
            runtime,
            log,
        }
    }

    /// Takes note of runs that ended in an earlier process, so that they are not run again.
    pub(crate) fn remember(&self, reports: &[Arc<Report>]) {
        let mut ledger = self.ledger();
        for report in reports {
            ledger.end(Arc::clone(report), Instant::now());
        }
    }

    /// Takes triggers, each as if it had come alone, starts what has to be started, and says of each what became of it.
    pub(crate) fn accept(self: &Arc<Self>, triggers: Vec<JobHandle>) -> Vec<(i64, Admission)> {
        let (mut admissions, mut admitted) = (Vec::with_capacity(triggers.len()), Vec::with_capacity(triggers.len()));
        let mut ledger = self.ledger();
        for trigger in triggers {
            let run_id = trigger.log_id;
            let admission = self.admit(&ledger, run_id);
            if admission == Admission::Start {
                let (context, parameters) = JobContext::new(trigger, &self.log);
                let run = RunInHand { context, task: Arc::default() };
                ledger.start(run_id, run.clone());
                admitted.push(Admitted { run, parameters: Parameters::new(parameters) });
            }
            admissions.push((run_id, admission));
        }
        drop(ledger);
        admitted.into_iter().for_each(|admitted| self.start(admitted));
        admissions.iter().for_each(|(run_id, admission)| self.answer_repeated(*run_id, admission));
        admissions
    }

    fn admit(&self, ledger: &Ledger<RunInHand>, run_id: i64) -> Admission {
        match ledger.admit(run_id) {
            // A result that could not be kept must not come to be.
            Admission::Start if !self.desk.backlog.has_room(ledger.in_hand().len()) => Admission::Busy,
            admission => admission,
        }
    }

    fn answer_repeated(&self, run_id: i64, admission: &Admission) {
        match admission {
            Admission::Start => {}
            Admission::Ended(report) => {
                debug!(self.log, "trigger repeated, the run has ended; its callback is sent again"; "run" => run_id);
                if report.ask() {
                    self.desk.report(Arc::clone(report));
                }
            }
            Admission::InHand => debug!(self.log, "trigger repeated, the run is in hand"; "run" => run_id),
            Admission::Busy | Admission::Closing => {
                warn!(self.log, "trigger refused"; "run" => run_id, "reason" => ?admission);
            }
        }
    }

    fn start(self: &Arc<Self>, admitted: Admitted) {
        let Admitted { run, parameters } = admitted;
        let (runner, context) = (Arc::clone(self), run.context);
        let task = self.runtime.spawn(async move {
            let outcome = runner.run(&context, parameters).await;
            runner.end(outcome, &context);
        });
        // It is set nowhere else.
        run.task.set(task).ok();
    }

    async fn run(&self, context: &JobContext, parameters: Parameters) -> Outcome {
        let Some(start) = self.jobs.get(context.job_name()).copied() else {
            return Outcome::failed(self.unknown_job(context.job_name()));
        };
        // Held until the job is gone: one that is given up and never yields keeps its slot for as long as it really runs.
        let Some(_slot) = self.slot(context).await else { return Outcome::cancelled() };
        if context.is_logged(Level::Info) {
            info!(context.logger(), "run started");
        }
        let ended = Guarded::Ready(start, context.clone(), parameters).await;
        Outcome::of(ended, context)
    }

    /// Waits for the run's turn; `None` when it is cancelled before.
    async fn slot(&self, context: &JobContext) -> Option<OwnedSemaphorePermit> {
        if context.is_cancelled() {
            return None;
        }
        if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            return Some(slot);
        }
        tokio::select! {
            biased;
            () = context.cancelled() => None,
            // The semaphore is never closed.
            slot = Arc::clone(&self.slots).acquire_owned() => slot.ok(),
        }
    }

    /// Reports the end of a run, unless that has been done. Says whether it did.
    fn end(&self, outcome: Outcome, context: &JobContext) -> bool {
        let success = outcome.is_success();
        let report = Arc::new(outcome.into_report(context.run_id(), &self.app_key));
        let mut ledger = self.ledger();
        if !ledger.get(context.run_id()).is_some_and(|run| run.context.is(context)) {
            return false;
        }
        ledger.end(Arc::clone(&report), Instant::now());
        // Before anyone can see that the run is in hand no more.
        self.desk.report(report);
        let was_last = ledger.in_hand().is_empty();
        drop(ledger);
        if was_last {
            self.emptied.notify_waiters();
        }
        if context.is_logged(Level::Info) {
            info!(context.logger(), "run ended"; "success" => success);
        }
        true
    }

    fn unknown_job(&self, name: &str) -> String {
        let mut known: Vec<&str> = self.jobs.keys().copied().collect();
        known.sort_unstable();
        format!("this executor has no job {name:?}; it has: {}", known.join(", "))
    }

    /// Asks a run to stop. An unknown one has ended or never came here; either way there is nothing to do.
    pub(crate) fn cancel(self: &Arc<Self>, run_id: i64) {
        let Some(run) = self.ledger().get(run_id).cloned() else {
            debug!(self.log, "cancel of a run that is not in hand"; "run" => run_id);
            return;
        };
        info!(run.context.logger(), "run is asked to stop");
        if run.context.cancel() {
            let runner = Arc::clone(self);
            self.runtime.spawn(async move {
                tokio::time::sleep(runner.cancel_grace).await;
                runner.give_up(&run);
            });
        }
    }

    fn give_up(&self, run: &RunInHand) {
        if self.end(Outcome::cancelled(), &run.context) {
            warn!(run.context.logger(), "the job did not end when cancelled, it is aborted");
            run.abort();
        }
    }

    /// From now on new runs are refused.
    pub(crate) fn close(&self) {
        self.ledger().close();
    }

    /// Completes when every run has ended and its report lies on the desk.
    pub(crate) async fn idle(&self) {
        // Made before looking: from here on no end is missed.
        let emptied = self.emptied.notified();
        if !self.ledger().in_hand().is_empty() {
            emptied.await;
        }
    }

    /// The runs in hand.
    pub(crate) fn in_hand(&self) -> Vec<i64> {
        self.ledger().in_hand().keys().copied().collect()
    }

    /// Ends every run without a report, as a crash would, and takes no new ones.
    pub(crate) fn abort_all(&self) {
        self.close();
        for run in self.ledger().let_go().into_values() {
            run.abort();
        }
        self.emptied.notify_waiters();
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger<RunInHand>> {
        // Nothing in it is left half done by a panic: each change is one call.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunInHand {
    fn abort(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

#[cfg(test)]
#[path = "runner_tests.rs"]
mod tests;
