//! The front door: a handle that any thread may clone, through which pages, API and executors reach the actors.
//!
//! It decides nothing. It finds who is concerned, passes the message on, and turns "nobody is there right now" into an
//! error the caller can come back from.

use crate::by_shard::by_shard;
use crate::clock::Clock;
use crate::error::SchedulerError;
use crate::live::LiveFigures;
use crate::messages::{
    ActorReport, AdmitNode, CancelOutcome, CancelRun, DeliverReport, DeliverReports, DismissNode, EndActor, FailJob,
    ListActors, Ordered, Record, RefreshExecutor, RefreshJob, RefreshJobs, ReleaseExecutor, ReleaseJob, Reported,
    RunOrder, RunReport, ToExecutor,
};
use crate::predecessor::Predecessor;
use crate::registry::Registry;
use crate::surroundings::Foundation;
use crate::{ExecutorCard, Quarantine};
use actix::prelude::*;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::node::NodeHello;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a call of a node waits for the database: the original's client waits three seconds for its answer, and comes
/// again only when it gets one.
const CALL: Duration = Duration::from_millis(2_500);

/// How long somebody who runs a job by hand waits for its row.
const ORDER: Duration = Duration::from_secs(10);

/// Waits so long; what was asked for goes on beyond that.
async fn within<T>(
    patience: Duration,
    asked: impl Future<Output = Result<T, SchedulerError>>,
) -> Result<T, SchedulerError> {
    tokio::time::timeout(patience, asked).await.unwrap_or(Err(SchedulerError::Late))
}

/// See the module.
#[derive(Clone)]
pub struct Scheduler {
    pub(crate) base: Foundation,
    pub(crate) registry: Addr<Registry>,
    pub(crate) epoch: i64,
    pub(crate) predecessor: Option<Arc<Predecessor>>,
    pub(crate) live: watch::Receiver<LiveFigures>,
    pub(crate) fatal: watch::Receiver<Option<String>>,
}

impl Scheduler {
    /// The executor of this key, from memory.
    #[must_use]
    pub fn executor_by_key(&self, app_key: &str) -> Option<Arc<ExecutorCard>> {
        self.base.directory.executor_by_key(app_key)
    }

    /// Why a node does not answer its beats, in the words of the last attempt (`HTTP 401: ...`: its secret differs); `None`:
    /// it answers, or there is no such node.
    #[must_use]
    pub fn node_complaint(&self, executor: ExecutorId, address: &str) -> Option<Arc<str>> {
        let table = self.base.directory.routes(executor);
        table.node(address)?.complaint.clone()
    }

    /// A node registered. Answered when it is written down.
    ///
    /// # Errors
    /// [`SchedulerError`]: nothing was written; the node comes again.
    pub async fn node_register(&self, hello: NodeHello) -> Result<(), SchedulerError> {
        let admitted = self.registry.send(ToExecutor { executor: hello.executor, message: AdmitNode(hello) });
        within(CALL, async { admitted.await? }).await
    }

    /// A node said that it goes away: it is forgotten and its runs fail.
    ///
    /// # Errors
    /// [`SchedulerError`]: nothing was changed; liveness will notice.
    pub async fn node_offline(&self, executor: ExecutorId, address: String) -> Result<(), SchedulerError> {
        let dismissed = self.registry.send(ToExecutor { executor, message: DismissNode(address) });
        within(CALL, async { dismissed.await? }).await
    }

    /// A node reported the end of a run. Returns after the commit, so the report may be acknowledged.
    ///
    /// # Errors
    /// [`SchedulerError`]: nothing was written, or ([`SchedulerError::Late`]) nobody knows yet; the node must report again.
    pub async fn run_report(&self, report: RunReport) -> Result<Reported, SchedulerError> {
        within(CALL, self.deliver(report)).await
    }

    /// A node reported the ends of many runs at once; the answers are in the same order. Returns after the commits, or when the time
    /// of a call is over: what is not known by then is [`SchedulerError::Late`].
    pub async fn runs_report(&self, reports: Vec<RunReport>) -> Vec<Result<Reported, SchedulerError>> {
        let mut answers: Vec<_> = reports.iter().map(|_| Err(SchedulerError::Late)).collect();
        let asked: FuturesUnordered<_> =
            self.by_shard(reports).into_iter().map(|(shard, reports)| self.deliver_all(shard, reports)).collect();
        let over = tokio::time::sleep(CALL);
        tokio::pin!(asked, over);
        loop {
            tokio::select! {
                biased;
                told = asked.next() => match told {
                    Some(told) => {
                        for (place, answer) in told {
                            answers.get_mut(place).into_iter().for_each(|slot| slot.clone_from(&answer));
                        }
                    }
                    None => return answers,
                },
                () = &mut over => return answers,
            }
        }
    }

    /// The reports of runs that are handled on the same thread, each with its place; `None`: nobody is known to handle them.
    fn by_shard(&self, reports: Vec<RunReport>) -> BTreeMap<Option<usize>, Vec<(usize, RunReport)>> {
        let mut shards: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (place, report) in reports.into_iter().enumerate() {
            shards.entry(self.base.directory.run_shard(report.run)).or_default().push((place, report));
        }
        shards
    }

    /// Delivers reports through their shard; one that no job knows goes the way of a single one, by the ledger.
    async fn deliver_all(
        &self,
        shard: Option<usize>,
        reports: Vec<(usize, RunReport)>,
    ) -> Vec<(usize, Result<Reported, SchedulerError>)> {
        let door = shard.and_then(|index| self.base.directory.shards().into_iter().nth(index));
        let unknown = || reports.iter().map(|_| Ok(Reported::UnknownRun)).collect::<Vec<_>>();
        let told = match door {
            Some(door) => {
                let all = reports.iter().map(|(_, report)| report.clone()).collect();
                door.reports.send(DeliverReports(all)).await.unwrap_or_else(|_| unknown())
            }
            None => unknown(),
        };
        let mut answers = Vec::with_capacity(reports.len());
        for ((place, report), told) in reports.into_iter().zip(told) {
            let answer = match told {
                Ok(Reported::UnknownRun) => self.deliver(report).await,
                told => told,
            };
            answers.push((place, answer));
        }
        answers
    }

    async fn deliver(&self, report: RunReport) -> Result<Reported, SchedulerError> {
        if let Some(actor) = self.base.directory.run_handler(report.run) {
            match actor.send(report.clone()).await {
                Ok(Ok(Reported::UnknownRun)) | Err(_) => {}
                Ok(answer) => return answer,
            }
        }
        let known = self.base.store.run_get(report.run).await?.filter(|run| run.executor == report.executor);
        match known {
            None => Ok(Reported::UnknownRun),
            Some(run) if run.state.is_terminal() => Ok(Reported::AlreadyEnded(run.state)),
            Some(run) => {
                let shard = self.base.directory.shard_of(run.job).ok_or(SchedulerError::Busy)?;
                match shard.report.send(DeliverReport { job: run.job, report }).await?? {
                    // Open in the ledger but not with its job: the job is about to take it up.
                    Reported::UnknownRun => Err(SchedulerError::Busy),
                    known => Ok(known),
                }
            }
        }
    }

    /// A job was created, edited, started, stopped or deleted in the store.
    ///
    /// # Errors
    /// [`SchedulerError`]: the change stands in the store but its effect waits for the next restart of the shard; tell
    /// again.
    pub async fn job_changed(&self, id: JobId) -> Result<(), SchedulerError> {
        self.base.directory.shard_of(id).ok_or(SchedulerError::Busy)?.refresh.send(RefreshJob(id)).await?
    }

    /// The same of many jobs: each of their shards looks at all of its own at once.
    ///
    /// # Errors
    /// As with [`Scheduler::job_changed`]; some may have been told.
    pub async fn jobs_changed(&self, ids: &[JobId]) -> Result<(), SchedulerError> {
        let (told, lost) = by_shard(&self.base.directory, ids.iter().copied());
        if !lost.is_empty() {
            return Err(SchedulerError::Busy);
        }
        let told = told.into_iter().map(|(shard, jobs)| async move { shard.send(RefreshJobs(jobs)).await? });
        futures_util::future::try_join_all(told).await.map(drop)
    }

    /// An executor was created, edited or deleted in the store.
    ///
    /// # Errors
    /// As with [`Scheduler::job_changed`].
    pub async fn executor_changed(&self, id: ExecutorId) -> Result<(), SchedulerError> {
        self.registry.send(RefreshExecutor(id)).await?
    }

    /// Runs a job now. Returns when the run's row is committed.
    ///
    /// # Errors
    /// [`SchedulerError`]: no run was made; [`SchedulerError::Late`]: one may yet be made.
    pub async fn run_now(&self, order: RunOrder) -> Result<Ordered, SchedulerError> {
        let shard = self.base.directory.shard_of(order.job).ok_or(SchedulerError::Busy)?;
        within(ORDER, async { shard.order.send(order).await? }).await
    }

    /// Cancels a run.
    ///
    /// # Errors
    /// [`SchedulerError`]: nothing was changed.
    pub async fn run_cancel(&self, run: RunId, by: String) -> Result<CancelOutcome, SchedulerError> {
        let Some(known) = self.base.store.run_get(run).await? else { return Ok(CancelOutcome::UnknownRun) };
        if known.state.is_terminal() {
            return Ok(CancelOutcome::AlreadyEnded(known.state));
        }
        let shard = self.base.directory.shard_of(known.job).ok_or(SchedulerError::Busy)?;
        match shard.cancel.send(CancelRun { job: known.job, run, by }).await?? {
            // It was open a moment ago: its end crossed the order.
            CancelOutcome::UnknownRun => match self.base.store.run_get(run).await? {
                Some(run) if run.state.is_terminal() => Ok(CancelOutcome::AlreadyEnded(run.state)),
                Some(_) => Err(SchedulerError::Busy),
                None => Ok(CancelOutcome::UnknownRun),
            },
            outcome => Ok(outcome),
        }
    }

    /// The live figures; they change at most once a second.
    #[must_use]
    pub fn live(&self) -> watch::Receiver<LiveFigures> {
        self.live.clone()
    }

    /// Whether the ledger takes writes right now, for the readiness page. While it does not, everything waits and nothing
    /// is lost.
    ///
    /// # Errors
    /// The reason, for people: the journal is being restarted, or what the database says and since when.
    pub fn is_writing(&self) -> Result<(), String> {
        if self.base.directory.journal().is_none() {
            return Err("the journal is not running; it is being restarted, or the scheduler ends".into());
        }
        self.base.directory.ledger.check()
    }

    /// For how long the ledger has taken no writes; `None`: it does, or that is not known.
    #[must_use]
    pub fn not_writing_for(&self) -> Option<Duration> {
        self.base.directory.ledger.lasts()
    }

    /// Becomes `Some(reason)` when the scheduler cannot go on and the process must end.
    #[must_use]
    pub fn fatal(&self) -> watch::Receiver<Option<String>> {
        self.fatal.clone()
    }

    /// The quarantine of a job's actor; `None`: it is in none, and the job fires.
    #[must_use]
    pub fn job_quarantine(&self, job: JobId) -> Option<Quarantine> {
        self.base.directory.quarantined().get(&job).cloned()
    }

    /// The jobs whose actor is in quarantine, in the order of their numbers.
    #[must_use]
    pub fn jobs_quarantined(&self) -> Vec<JobId> {
        let mut jobs: Vec<JobId> = self.base.directory.quarantined().keys().copied().collect();
        jobs.sort_unstable();
        jobs
    }

    /// The scheduler that this one took the database from without knowing that it was gone.
    #[must_use]
    pub fn predecessor(&self) -> Option<&Predecessor> {
        self.predecessor.as_deref()
    }

    /// The actors as an operator sees them; of each shard at most 200 jobs, those that died first.
    pub async fn actors(&self) -> Vec<ActorReport> {
        let mut reports = self.registry.send(ListActors).await.unwrap_or_default();
        let urgency = |report: &ActorReport| match report.state {
            "quarantined" => 0,
            "restarting" => 1,
            _ if report.kind != "job" => 2,
            _ => 3,
        };
        reports.sort_by_key(|report| (urgency(report), std::cmp::Reverse(report.restarts)));
        reports
    }

    /// Takes an actor (`job/17`, `executor/3`) out of quarantine; `false`: it is not in one.
    ///
    /// # Errors
    /// [`SchedulerError`]: its parent could not be told.
    pub async fn actor_release(&self, name: &str) -> Result<bool, SchedulerError> {
        let Some((kind, id)) = name.split_once('/').and_then(|(kind, id)| Some((kind, id.parse().ok()?))) else {
            return Ok(false);
        };
        match kind {
            "job" => {
                let shard = self.base.directory.shard_of(JobId(id)).ok_or(SchedulerError::Busy)?;
                Ok(shard.release.send(ReleaseJob(JobId(id))).await?)
            }
            "executor" => Ok(self.registry.send(ReleaseExecutor(ExecutorId(id))).await?),
            _ => Ok(false),
        }
    }

    /// Makes a job's actor panic, to see that the others go on. `false`: there is no such job.
    ///
    /// # Errors
    /// [`SchedulerError`]: it is dead already (being restarted or quarantined), or its shard could not be told.
    pub async fn actor_fail(&self, job: JobId) -> Result<bool, SchedulerError> {
        let shard = self.base.directory.shard_of(job).ok_or(SchedulerError::Busy)?;
        shard.fail.send(FailJob(job)).await?
    }

    /// Only with the cargo feature `faults`, for tests: makes the actor of this name (as [`ActorReport::name`] has it) panic, to
    /// see what its parent does about it. `false`: there is none, or it is the registry, which has no parent.
    ///
    /// # Errors
    /// [`SchedulerError`]: its parent could not be told.
    #[cfg(feature = "faults")]
    pub async fn actor_panic(&self, name: &str) -> Result<bool, SchedulerError> {
        match name.strip_prefix("job/").map(str::parse) {
            Some(Ok(job)) => self.actor_fail(JobId(job)).await,
            Some(Err(_)) => Ok(false),
            None => Ok(self.registry.send(crate::messages::InjectPanic { actor: name.to_owned() }).await?),
        }
    }

    /// The source of time for everybody above the actors.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.base.clock.clone()
    }

    /// Ends in good order within `patience`: fires nothing more, waits for what is under way, then has the journal commit and
    /// stops the actors. What is still open is taken up at the next start. Each of the three waits ends at a share of the whole,
    /// so that the later ones have time left, whatever the first one waits for.
    pub async fn stop(&self, patience: Duration) {
        let begun = Instant::now();
        let until = |twelfths: u32| begun + patience * twelfths / 12;
        self.base.directory.stop_firing();
        slog::info!(self.base.log, "stopping; waiting for triggers under way, then for the last commit";
            "triggers" => self.base.directory.unsettled.load(Ordering::Acquire), "at_most_s" => patience.as_secs(),
            "database" => self.is_writing().err());
        self.settle(until(10)).await;
        if let Some(journal) = self.base.directory.journal() {
            // Nothing to write: answered after everything that was handed over before.
            if !matches!(tokio::time::timeout_at(until(11), journal.send(Record(Vec::new()))).await, Ok(Ok(Ok(_)))) {
                slog::warn!(
                    self.base.log,
                    "the journal did not confirm its last commit; what it lacks is taken up at the next start"
                );
            }
        }
        // Whoever starts next then knows that nobody is left here.
        match tokio::time::timeout_at(until(12), self.base.store.partition_release(self.epoch)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                slog::warn!(self.base.log, "the partitions could not be given back"; "error" => error.chain());
            }
            Err(_) => slog::warn!(self.base.log, "the partitions could not be given back in time"),
        }
        if self.registry.try_send(EndActor::Stop).is_err() {
            slog::warn!(self.base.log, "the registry is gone already");
        }
    }

    async fn settle(&self, until: Instant) {
        let drained = async {
            while self.base.directory.unsettled.load(Ordering::Acquire) > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout_at(until, drained).await.is_err() {
            slog::warn!(self.base.log, "triggers are still under way; they are taken up at the next start");
        }
    }
}
