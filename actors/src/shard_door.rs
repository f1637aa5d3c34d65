//! What may be said to a shard, without knowing what a shard is: the look-up tables and the jobs stand below it.

use crate::messages::{
    CancelRun, DeliverReport, DeliverReports, FailJob, JobFellAsleep, NodeLost, RefreshJob, RefreshJobs, ReleaseJob,
    RunOrder,
};
use crate::obituary::ActorGone;
use actix::prelude::*;
use hzm_job_scheduler::JobId;
use std::sync::Arc;

/// The mailbox of a shard, one slot a message.
#[derive(Clone)]
pub(crate) struct ShardDoor {
    /// A job changed in the store.
    pub(crate) refresh: Recipient<RefreshJob>,
    /// Many did.
    pub(crate) refresh_all: Recipient<RefreshJobs>,
    /// Run a job now.
    pub(crate) order: Recipient<RunOrder>,
    /// Cancel a run.
    pub(crate) cancel: Recipient<CancelRun>,
    /// A report whose job has to be found.
    pub(crate) report: Recipient<DeliverReport>,
    /// Reports of runs that are handled on its thread.
    pub(crate) reports: Recipient<DeliverReports>,
    /// What ran at an address is over.
    pub(crate) lost: Recipient<NodeLost>,
    /// Take a job out of quarantine.
    pub(crate) release: Recipient<ReleaseJob>,
    /// Make a job's actor panic.
    pub(crate) fail: Recipient<FailJob>,
    /// A job has nothing to do.
    pub(crate) asleep: Recipient<JobFellAsleep>,
    /// A job's actor is gone.
    pub(crate) job_gone: Recipient<ActorGone<JobId>>,
    /// A node's actor is gone.
    pub(crate) node_gone: Recipient<ActorGone<Arc<str>>>,
}

/// A shard, and the jobs that it is to look at.
pub(crate) type ToShard = (Recipient<RefreshJobs>, Vec<JobId>);
