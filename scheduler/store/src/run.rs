//! Runs as pages and API read them. They are written by the ledger only.

use crate::backend::{Store, run};
use crate::checkpoint::AT_ONCE;
use crate::columns::{millis, storable};
use crate::error::StoreError;
use crate::page::{Cursor, Page, size};
use crate::run_columns::{PartOfRun, UnsuccessfulState, is_unsuccessful};
use crate::run_parts::{LATEST_PARTS, Walk, ids_of};
pub use crate::run_row::Run;
use crate::run_row::RunRow;
use crate::schema::{job, run};
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
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
    /// Of jobs of these executors only, which is what the reader may see. `None`: of all.
    pub within: Option<Vec<ExecutorId>>,
}

/// Where rows are looked for.
enum Within {
    /// In all of the ledger.
    All,
    /// In one part of it.
    Part(i64),
    /// Above this id.
    Beyond(i64),
    /// Under these ids.
    Ids(Vec<i64>),
    /// Among those that ended otherwise than well.
    Unsuccessful,
    /// Among those of one part that did. A job may have any number of rows there that ended well.
    UnsuccessfulIn(i64),
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
        let rows = match filter.within.clone() {
            None => self.run_page_rows(&filter, cursor, limit + 1).await?,
            Some(visible) => self.run_page_rows_within(visible, &filter, cursor, limit + 1).await?,
        };
        let Page { rows, newer, older } = Page::cut(rows, cursor, limit as usize, |row| row.id);
        Ok(Page { rows: rows.into_iter().filter_map(|row| self.readable(row.run())).collect(), newer, older })
    }

    /// Rows of a page for a reader who sees some executors: of each of them from its own index, put together. What lies elsewhere
    /// is not even looked for.
    async fn run_page_rows_within(
        &self,
        visible: Vec<ExecutorId>,
        filter: &RunFilter,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Vec<RunRow>, StoreError> {
        if let Some(job) = filter.job {
            let executor = self.job_executor(job).await?;
            let is_seen = executor.is_some_and(|executor| visible.contains(&executor));
            return if is_seen { self.run_page_rows(filter, cursor, limit).await } else { Ok(Vec::new()) };
        }
        let mut rows = Vec::new();
        for executor in visible.into_iter().filter(|visible| filter.executor.is_none_or(|wanted| wanted == *visible)) {
            let of_one = RunFilter { executor: Some(executor), ..filter.clone() };
            rows.append(&mut self.run_page_rows(&of_one, cursor, limit).await?);
        }
        in_order(&mut rows, cursor, limit);
        Ok(rows)
    }

    /// Rows from the cursor on and in its order, looked for where the filter promises to find them.
    async fn run_page_rows(&self, filter: &RunFilter, cursor: Cursor, limit: i64) -> Result<Vec<RunRow>, StoreError> {
        let is_narrow = !filter.states.is_empty() && !filter.states.contains(&RunState::Succeeded);
        let is_open = is_narrow && !filter.states.iter().any(|state| state.is_terminal());
        if is_open || (is_narrow && filter.job.is_none()) {
            return self.run_rows_in_states(filter, cursor, limit).await;
        }
        match filter.job {
            Some(job) => {
                let mut walk = self.run_walk(job.0, cursor, i64::MAX).await?;
                self.run_rows_on(&mut walk, filter, cursor, limit).await
            }
            None => self.run_rows(filter.clone(), Within::All, cursor, limit).await,
        }
    }

    /// At most `limit` runs of a job, from the cursor on and in its order, none of them more than 268 million runs away from it:
    /// more parts are not asked about.
    pub(crate) async fn run_latest(&self, job: JobId, cursor: Cursor, limit: i64) -> Result<Vec<Run>, StoreError> {
        let filter = RunFilter { job: Some(job), ..RunFilter::default() };
        let mut walk = self.run_walk(job.0, cursor, LATEST_PARTS).await?;
        let rows = self.run_rows_on(&mut walk, &filter, cursor, limit).await?;
        Ok(rows.into_iter().filter_map(|row| self.readable(row.run())).collect())
    }

    /// Rows of the job whose parts are walked through, from the cursor on and in its order.
    pub(crate) async fn run_rows_on(
        &self,
        walk: &mut Walk<'_>,
        filter: &RunFilter,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Vec<RunRow>, StoreError> {
        let unsuccessful = !filter.states.is_empty() && filter.states.iter().all(|state| is_failure(*state));
        let mut rows: Vec<RunRow> = Vec::new();
        while let left @ 1.. = limit - rows.len() as i64
            && let Some(part) = walk.next().await?
        {
            let within = if unsuccessful { Within::UnsuccessfulIn(part) } else { Within::Part(part) };
            rows.append(&mut self.run_rows(filter.clone(), within, cursor, left).await?);
        }
        Ok(rows)
    }

    /// Rows in states none of which is `succeeded`, looked for where there are such: beyond the journal's mark, among those that
    /// were open when it passed, and in the index of those that ended otherwise than well.
    async fn run_rows_in_states(
        &self,
        filter: &RunFilter,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Vec<RunRow>, StoreError> {
        let (over, open): (Vec<RunState>, Vec<RunState>) = filter.states.iter().partition(|state| state.is_terminal());
        let mut rows = Vec::new();
        if !open.is_empty() {
            let open = RunFilter { states: open, ..filter.clone() };
            let mark = self.ledger_mark().await?;
            for ids in self.ledger_kept_open(mark, filter.job, cursor).await?.chunks(AT_ONCE) {
                let left = limit - rows.len() as i64;
                if left > 0 {
                    rows.append(&mut self.run_rows(open.clone(), Within::Ids(ids.to_vec()), cursor, left).await?);
                }
            }
            rows.append(&mut self.run_rows(open, Within::Beyond(mark), cursor, limit).await?);
        }
        if !over.is_empty() {
            let over = RunFilter { states: over, ..filter.clone() };
            rows.append(&mut self.run_rows(over, Within::Unsuccessful, cursor, limit).await?);
        }
        in_order(&mut rows, cursor, limit);
        Ok(rows)
    }

    /// Rows from the cursor on and in its order.
    async fn run_rows(
        &self,
        filter: RunFilter,
        within: Within,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Vec<RunRow>, StoreError> {
        run!(self, read, async |conn| {
            let mut wanted = run::table.select(RunRow::as_select()).into_boxed();
            let states: Vec<i16> = filter.states.iter().map(|state| state.code()).collect();
            wanted = match within {
                Within::All => wanted,
                Within::Part(part) => wanted.filter(PartOfRun.eq(part)),
                Within::Beyond(mark) => wanted.filter(run::id.gt(mark)),
                Within::Ids(ids) => wanted.filter(run::id.eq_any(ids)),
                Within::Unsuccessful => {
                    wanted.filter(is_unsuccessful()).filter(UnsuccessfulState.eq_any(states.clone()))
                }
                Within::UnsuccessfulIn(part) => {
                    let (first, last) = ids_of(part).into_inner();
                    let there = wanted.filter(is_unsuccessful()).filter(UnsuccessfulState.eq_any(states.clone()));
                    there.filter(run::id.between(first, last))
                }
            };
            if !states.is_empty() {
                wanted = wanted.filter(run::state.eq_any(states));
            }
            if let Some(job) = filter.job {
                wanted = wanted.filter(run::job_id.eq(job.0));
            }
            if let Some(executor) = filter.executor {
                wanted = wanted.filter(run::executor_id.eq(executor.0));
            }
            if let Some(visible) = &filter.within {
                wanted = wanted.filter(exists(job_within(visible.iter().map(|executor| executor.0).collect())));
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
            Ok(query.limit(limit).load(conn).await?)
        })
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

/// Whether a state is in the index of runs that ended otherwise than well.
fn is_failure(state: RunState) -> bool {
    state.is_terminal() && state != RunState::Succeeded
}

/// Puts rows into the order of a cursor, each once, and keeps the first ones.
fn in_order(rows: &mut Vec<RunRow>, cursor: Cursor, limit: i64) {
    let newest_first = !matches!(cursor, Cursor::After(_));
    rows.sort_by_key(|row| if newest_first { -row.id } else { row.id });
    // One that ended between two questions is in both answers.
    rows.dedup_by_key(|row| row.id);
    rows.truncate(limit as usize);
}

/// The job of a run, if it is of one of these executors: for a condition on runs.
#[diesel::dsl::auto_type]
pub(crate) fn job_within(executors: Vec<i64>) -> _ {
    let of_run: diesel::dsl::Eq<job::id, run::job_id> = job::id.eq(run::job_id);
    let of_these: diesel::dsl::EqAny<job::executor_id, Vec<i64>> = job::executor_id.eq_any(executors);
    job::table.filter(of_run).filter(of_these)
}
