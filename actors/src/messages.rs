//! Everything that is said across an actor's border: commands (imperative, may be refused), facts (past tense, cannot be
//! refused) and queries (`Get`, `List`). What an actor only reminds itself of stays in its own file.

use actix::prelude::*;
use chrono::{DateTime, Utc};
use hzm_job_protocol::hzm::JobHandle;
use hzm_job_scheduler::run::{Reason, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::ledger::{Answer, Entry, RequestKey};
use hzm_job_store::node::NodeHello;
use hzm_job_store::standing::Standing;
use serde::Serialize;
use std::sync::Arc;

use crate::error::SchedulerError;
use crate::record::Unit;

// ---- commands ----------------------------------------------------------------------------------------------------

/// To the journal: write these entries in one transaction and answer each.
#[derive(Message)]
#[rtype(result = "Result<Vec<Answer>, SchedulerError>")]
pub(crate) struct Record(pub(crate) Vec<Entry>);

/// To the journal: write these in one transaction or in several, each unit on its own, and answer each.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct RecordAll(pub(crate) Vec<Unit>);

/// To a shard: a job was created, edited, started, stopped or deleted; look at the store.
#[derive(Message)]
#[rtype(result = "Result<(), SchedulerError>")]
pub(crate) struct RefreshJob(pub(crate) JobId);

/// To a shard: the same of many jobs at once.
#[derive(Message)]
#[rtype(result = "Result<(), SchedulerError>")]
pub(crate) struct RefreshJobs(pub(crate) Vec<JobId>);

/// To a job: this is how you stand now.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct ReloadJob(pub(crate) Box<Standing>);

/// To a job, through its shard: run now.
#[derive(Message, Debug, Clone)]
#[rtype(result = "Result<Ordered, SchedulerError>")]
pub struct RunOrder {
    /// The job.
    pub job: JobId,
    /// Parameters for this run only; `None`: the job's own.
    pub parameters: Option<String>,
    /// The node that must do it; `None`: as the job's routing says.
    pub node: Option<String>,
    /// The user who asks.
    pub by: String,
    /// A second order with the same key is answered with the first one's run. Whether it asks for the same is for the caller
    /// to look up.
    pub request_key: Option<RequestKey>,
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordered {
    /// A row was written; it may be one that says why the run was skipped.
    Started(RunId),
    /// The same request was made before; this is its run.
    Repeated(RunId),
    /// There is no such job.
    UnknownJob,
    /// The job's executor has no such node.
    UnknownNode,
}

/// To a job, through its shard: cancel a run.
#[derive(Message, Debug, Clone)]
#[rtype(result = "Result<CancelOutcome, SchedulerError>")]
pub(crate) struct CancelRun {
    pub(crate) job: JobId,
    pub(crate) run: RunId,
    pub(crate) by: String,
}

/// What became of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It had not been sent; it is cancelled.
    Cancelled,
    /// Its node was told; it ends when the node reports, or after the grace at the latest.
    Asked,
    /// It had ended.
    AlreadyEnded(RunState),
    /// There is no such run.
    UnknownRun,
}

/// To a node: send this trigger.
#[derive(Message, Debug, Clone)]
#[rtype(result = "Delivered")]
pub(crate) struct DispatchRun {
    pub(crate) trigger: JobHandle,
    pub(crate) secret: Option<Arc<str>>,
    /// The node takes many triggers in one request.
    pub(crate) together: bool,
}

/// What is known of a trigger after it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// The node took it.
    Accepted,
    /// The node surely did not take it: no connection, or it said no.
    NotTaken(String),
    /// It may or may not have been taken: no answer in time, or the connection broke after the request had left.
    Unknown(String),
}

/// To a node: cancel this run.
#[derive(Message, Debug, Clone)]
#[rtype(result = "Delivered")]
pub(crate) struct SendCancel {
    pub(crate) run: RunId,
    pub(crate) secret: Option<Arc<str>>,
}

/// To a node: say whether you live.
#[derive(Message, Debug, Clone)]
#[rtype(result = "Delivered")]
pub(crate) struct ProbeNode {
    pub(crate) secret: Option<Arc<str>>,
}

/// To the registry: an executor was created, edited or deleted; look at the store.
#[derive(Message)]
#[rtype(result = "Result<(), SchedulerError>")]
pub(crate) struct RefreshExecutor(pub(crate) ExecutorId);

/// To an executor: your definition or your addresses changed; look at the store.
#[derive(Message)]
#[rtype(result = "Result<(), SchedulerError>")]
pub(crate) struct ReloadExecutor;

/// To an executor: a node registered.
#[derive(Message)]
#[rtype(result = "Result<(), SchedulerError>")]
pub(crate) struct AdmitNode(pub(crate) NodeHello);

/// To an executor: a node said that it goes away.
#[derive(Message)]
#[rtype(result = "Result<(), SchedulerError>")]
pub(crate) struct DismissNode(pub(crate) String);

/// To the registry: pass this on to an executor's actor.
#[derive(Message)]
#[rtype(result = "Result<(), SchedulerError>")]
pub(crate) struct ToExecutor<M: 'static> {
    pub(crate) executor: ExecutorId,
    pub(crate) message: M,
}

/// To the registry: take an executor's actor out of quarantine.
#[derive(Message)]
#[rtype(result = "bool")]
pub(crate) struct ReleaseExecutor(pub(crate) ExecutorId);

/// To a shard: take a job's actor out of quarantine.
#[derive(Message)]
#[rtype(result = "bool")]
pub(crate) struct ReleaseJob(pub(crate) JobId);

/// To a shard: make a job's actor panic (fault injection). `false`: there is no such job.
#[derive(Message)]
#[rtype(result = "Result<bool, SchedulerError>")]
pub(crate) struct FailJob(pub(crate) JobId);

/// To a parent: make the child of this name panic (only in tests). `false`: there is no such child.
#[cfg(feature = "faults")]
#[derive(Message, Debug, Clone)]
#[rtype(result = "bool")]
pub(crate) struct InjectPanic {
    pub(crate) actor: String,
}

/// To any actor: panic now (fault injection), or stop in good order.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
#[rtype(result = "()")]
pub(crate) enum EndActor {
    /// Panic.
    Panic,
    /// Stop; whoever asked has already forgotten this actor.
    Stop,
}

impl EndActor {
    /// What every actor does when it is told so.
    pub(crate) fn carry_out<C: ActorContext>(self, context: &mut C) {
        match self {
            EndActor::Stop => context.stop(),
            #[expect(clippy::panic, reason = "fault injection: the panic is what was asked for")]
            EndActor::Panic => panic!("asked to panic (fault injection)"),
        }
    }
}

// ---- facts -------------------------------------------------------------------------------------------------------

/// To a job, through its shard: a node reported the end of a run. Answered after the commit.
#[derive(Message, Debug, Clone)]
#[rtype(result = "Result<Reported, SchedulerError>")]
pub struct RunReport {
    /// The executor that reports; a run of another one is unknown to it.
    pub executor: ExecutorId,
    /// The run.
    pub run: RunId,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// The code as it was sent.
    pub code: i32,
    /// What the executor says.
    pub message: Option<String>,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// It is committed.
    Recorded,
    /// The run had ended before; the first outcome stands.
    AlreadyEnded(RunState),
    /// There is no such run of this executor.
    UnknownRun,
}

/// To a shard: deliver a report to this job, waking it if it sleeps.
#[derive(Message)]
#[rtype(result = "Result<Reported, SchedulerError>")]
pub(crate) struct DeliverReport {
    pub(crate) job: JobId,
    pub(crate) report: RunReport,
}

/// To a shard: deliver these to the jobs on this thread that handle the runs. One message for many: each job would have to be
/// woken from another thread, and that one by each answer.
#[derive(Message)]
#[rtype(result = "Vec<Result<Reported, SchedulerError>>")]
pub(crate) struct DeliverReports(pub(crate) Vec<RunReport>);

/// To shards and their jobs: what runs at this address is over.
#[derive(Message, Debug, Clone)]
#[rtype(result = "()")]
pub(crate) struct NodeLost {
    pub(crate) executor: ExecutorId,
    pub(crate) address: Arc<str>,
    /// `NodeOffline`, `NodeRestarted` or `NodeShutdown`.
    pub(crate) reason: Reason,
}

/// To a shard: this job has nothing to do until then.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct JobFellAsleep {
    pub(crate) job: JobId,
    pub(crate) wake: Option<DateTime<Utc>>,
    /// How many messages of the shard it had handled when it said so; with more under way it stays awake.
    pub(crate) heard: u64,
}

/// To a job, from its shard: the report of a run that the index of open runs does not know.
#[derive(Message)]
#[rtype(result = "Result<Reported, SchedulerError>")]
pub(crate) struct ForwardReport(pub(crate) RunReport);

/// To the registry: this process must end, for this reason.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct MustEnd(pub(crate) String);

// ---- queries -----------------------------------------------------------------------------------------------------

/// To the registry and its children: describe yourselves.
#[derive(Message)]
#[rtype(result = "Vec<ActorReport>")]
pub(crate) struct ListActors;

/// An actor as an operator sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActorReport {
    /// Its name: `registry`, `journal`, `shard/0`, `job/17`, `executor/3`, `shard/0/node/http://10.0.0.7:7777` (sends to that
    /// node), `executor/3/node/http://10.0.0.7:7777` (asks it for its beats).
    pub name: String,
    /// What kind of actor it is.
    pub kind: &'static str,
    /// The thread it runs on.
    pub thread: String,
    /// What waits for it, where it knows: entries of the journal, runs of a job, sleeping jobs of a shard.
    pub waiting: usize,
    /// How many messages its mailbox holds before it says no.
    pub mailbox_limit: usize,
    /// How many messages it handled since it was started.
    pub handled: u64,
    /// How often it died since the process was started.
    pub restarts: u32,
    /// `running`, `restarting` or `quarantined`.
    pub state: &'static str,
    /// What it died of, the last time.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<DateTime<Utc>>,
}
