//! Runs as pages and API read them. They are written by the ledger only.

use crate::backend::{Store, run};
use crate::columns::{millis, moment, run_kind, run_reason, run_state};
use crate::error::StoreError;
use crate::page::{Cursor, Page, size};
use crate::schema::run;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
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
    /// When the row was written.
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

/// Which runs a list shows; an empty filter shows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Of this job.
    pub job: Option<JobId>,
    /// Of this executor.
    pub executor: Option<ExecutorId>,
    /// In one of these states; empty: in any.
    pub states: Vec<RunState>,
    /// Of this kind.
    pub kind: Option<RunKind>,
    /// Sent to this address.
    pub node: Option<String>,
    /// Due at or after this moment.
    pub from: Option<DateTime<Utc>>,
    /// Due before this moment.
    pub until: Option<DateTime<Utc>>,
}

impl Store {
    /// One run.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_get(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        let row: Option<RunRow> = run!(self, read, async |conn| {
            Ok(run::table.find(id.0).select(RunRow::as_select()).first(conn).await.optional()?)
        })?;
        row.map(RunRow::run).transpose()
    }

    /// All attempts at the fire that `of` belongs to, first one first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_attempts(&self, of: &Run) -> Result<Vec<Run>, StoreError> {
        let (job, kind, due, shard) = (of.job.0, of.kind.code(), millis(of.scheduled_at), of.shard);
        let rows: Vec<RunRow> = run!(self, read, async |conn| {
            let same = run::table.filter(run::scheduled_at.eq(due)).filter(run::job_id.eq(job));
            let same = same.filter(run::kind.eq(kind)).filter(run::shard.eq(shard));
            Ok(same.select(RunRow::as_select()).order(run::attempt).load(conn).await?)
        })?;
        Ok(rows.into_iter().filter_map(|row| self.readable(row.run())).collect())
    }

    /// Runs, newest first, a page at a time.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_page(&self, filter: RunFilter, cursor: Cursor, wanted: i64) -> Result<Page<Run>, StoreError> {
        let limit = size(wanted);
        let rows: Vec<RunRow> = run!(self, read, async |conn| {
            let mut wanted = run::table.select(RunRow::as_select()).into_boxed();
            if let Some(job) = filter.job {
                wanted = wanted.filter(run::job_id.eq(job.0));
            }
            if let Some(executor) = filter.executor {
                wanted = wanted.filter(run::executor_id.eq(executor.0));
            }
            if !filter.states.is_empty() {
                wanted = wanted.filter(run::state.eq_any(filter.states.iter().map(|state| state.code())));
            }
            if let Some(kind) = filter.kind {
                wanted = wanted.filter(run::kind.eq(kind.code()));
            }
            if let Some(node) = filter.node {
                wanted = wanted.filter(run::node.eq(node));
            }
            if let Some(from) = filter.from {
                wanted = wanted.filter(run::scheduled_at.ge(millis(from)));
            }
            if let Some(until) = filter.until {
                wanted = wanted.filter(run::scheduled_at.lt(millis(until)));
            }
            let query = match cursor {
                Cursor::Newest => wanted.order(run::id.desc()),
                Cursor::Before(id) => wanted.filter(run::id.lt(id)).order(run::id.desc()),
                Cursor::After(id) => wanted.filter(run::id.gt(id)).order(run::id.asc()),
            };
            Ok(query.limit(limit + 1).load(conn).await?)
        })?;
        let Page { rows, newer, older } = Page::cut(rows, cursor, limit as usize, |row| row.id);
        Ok(Page { rows: rows.into_iter().filter_map(|row| self.readable(row.run())).collect(), newer, older })
    }

    /// The last `each` runs of each of these jobs, newest first within a job: the strips of a list.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_strips(&self, jobs: Vec<JobId>, each: i64) -> Result<Vec<Run>, StoreError> {
        let rows: Vec<RunRow> = run!(self, read, async |conn| {
            let mut rows = Vec::new();
            for job in jobs {
                let last = run::table.filter(run::job_id.eq(job.0)).order(run::id.desc()).limit(each);
                rows.append(&mut last.select(RunRow::as_select()).load::<RunRow>(conn).await?);
            }
            Ok(rows)
        })?;
        Ok(rows.into_iter().filter_map(|row| self.readable(row.run())).collect())
    }

    /// How many runs are in one of these states.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_count(&self, states: Vec<RunState>) -> Result<i64, StoreError> {
        run!(self, read, async |conn| {
            let wanted = run::table.filter(run::state.eq_any(states.iter().map(|state| state.code())));
            Ok(wanted.count().get_result(conn).await?)
        })
    }
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
