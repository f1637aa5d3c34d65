//! A row of the ledger, and the run it stands for.

use crate::columns::{moment, run_kind, run_reason, run_state};
use crate::error::StoreError;
use crate::schema::run;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};

/// One execution of one fire: a row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id; on the wire `logId`.
    pub id: RunId,
    /// Its job.
    pub job: JobId,
    /// The executor it was meant for.
    pub executor: ExecutorId,
    /// How it came to be.
    pub kind: RunKind,
    /// The moment it was due (for a retry: the moment its first attempt was due).
    pub scheduled_at: DateTime<Utc>,
    /// Its part of a sharded run; 0 otherwise.
    pub shard: i32,
    /// 0 for the first attempt, then 1, 2, ...
    pub attempt: i32,
    /// Where it stands.
    pub state: RunState,
    /// Why.
    pub reason: Reason,
    /// Not to be sent before this moment (a retry waits).
    pub not_before: DateTime<Utc>,
    /// The address it was or is to be sent to.
    pub node: Option<String>,
    /// Whether a user chose that node, so that no other one may get it.
    pub pinned: bool,
    /// Its parameters; `None`: the job has none.
    pub parameters: Option<String>,
    /// The user who pressed "run now".
    pub requested_by: Option<String>,
    /// When it was decided on. Its row is written after that: at once, or when a database that was away is back.
    pub created_at: DateTime<Utc>,
    /// When the trigger left.
    pub sent_at: Option<DateTime<Utc>>,
    /// When the node accepted it.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was asked to be cancelled.
    pub cancel_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// The code the executor reported.
    pub code: Option<i32>,
    /// What the executor said, or what went wrong.
    pub message: Option<String>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = run, treat_none_as_default_value = false)]
pub(crate) struct RunRow {
    pub(crate) id: i64,
    pub(crate) job_id: i64,
    pub(crate) executor_id: i64,
    pub(crate) kind: i16,
    pub(crate) scheduled_at: i64,
    pub(crate) shard: i32,
    pub(crate) attempt: i32,
    pub(crate) state: i16,
    pub(crate) reason: i16,
    pub(crate) not_before: i64,
    pub(crate) node: Option<String>,
    pub(crate) pinned: bool,
    pub(crate) parameters: Option<String>,
    pub(crate) requested_by: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) sent_at: Option<i64>,
    pub(crate) accepted_at: Option<i64>,
    pub(crate) cancel_at: Option<i64>,
    pub(crate) finished_at: Option<i64>,
    pub(crate) code: Option<i32>,
    pub(crate) message: Option<String>,
}

impl RunRow {
    pub(crate) fn run(self) -> Result<Run, StoreError> {
        Ok(Run {
            id: RunId(self.id),
            job: JobId(self.job_id),
            executor: ExecutorId(self.executor_id),
            kind: run_kind(self.id, self.kind)?,
            scheduled_at: moment(self.scheduled_at),
            shard: self.shard,
            attempt: self.attempt,
            state: run_state(self.id, self.state)?,
            reason: run_reason(self.id, self.reason)?,
            not_before: moment(self.not_before),
            node: self.node,
            pinned: self.pinned,
            parameters: self.parameters,
            requested_by: self.requested_by,
            created_at: moment(self.created_at),
            sent_at: self.sent_at.map(moment),
            accepted_at: self.accepted_at.map(moment),
            cancel_at: self.cancel_at.map(moment),
            finished_at: self.finished_at.map(moment),
            code: self.code,
            message: self.message,
        })
    }
}
