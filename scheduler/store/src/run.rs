//! Runs as pages and API read them. They are written by the ledger only.

use crate::backend::{Store, run};
use crate::columns::{millis, storable};
use crate::error::StoreError;
use crate::page::{Cursor, Page, size};
pub use crate::run_row::Run;
use crate::run_row::{RunRow, not_succeeded};
use crate::schema::run;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::run::{RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};

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
                if !filter.states.contains(&RunState::Succeeded) {
                    wanted = wanted.filter(not_succeeded());
                }
            }
            if let Some(kind) = filter.kind {
                wanted = wanted.filter(run::kind.eq(kind.code()));
            }
            if let Some(node) = filter.node {
                wanted = wanted.filter(run::node.eq(storable(node)));
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
