//! What is kept of the ledger so that nobody has to look for it in all of it: how far each job has come, and which old runs
//! are still open.
//!
//! The journal's mark is the id up to which all rows are reflected in that. Now and then the journal asks what the
//! rows beyond it say ([`Store::ledger_passed`], which holds nobody up) and writes that down piece by piece with its
//! batches; the last piece moves the mark. Each piece may be written twice or never: a checkpoint only rises, a run that is
//! over is told by its own row, and what is not kept is still beyond the mark.

use crate::backend::{Store, run};
use crate::columns::moment;
use crate::error::StoreError;
use crate::ledger::Checkpoints;
use crate::page::Cursor;
use crate::schema::{journal_mark, run, run_open};
use diesel::dsl::{max, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::run::{RunKind, RunState};
use hzm_job_scheduler::{JobId, RunId};

/// Rows beyond the mark that are looked at in one go: what a journal at its limit writes in some ten seconds.
const MOST_PASSED: i64 = 500_000;

/// Runs that are over and taken off the list of open ones in one go: as many as may come.
const MOST_OVER: i64 = MOST_PASSED;

/// Runs of the list of open ones that are asked about in one question: no database takes any number of parameters.
pub(crate) const AT_ONCE: usize = 1_000;

impl Store {
    /// What the rows between a journal's mark and `below` say, as far as none of them is ahead of its moment: such a row
    /// counts when that has come. Everything below must have been committed. `mark` is `None` where there is nothing to move it for.
    ///
    /// # Errors
    /// What the database says.
    pub async fn ledger_passed(&self, journal: i64, below: i64) -> Result<Checkpoints, StoreError> {
        run!(self, read, async |conn| {
            let mark = journal_mark::table.find(journal).select(journal_mark::run_id);
            let mark: i64 = mark.first(conn).await.optional()?.unwrap_or(0);
            let beyond = run::table.filter(run::id.gt(mark)).order(run::id).select(run::id);
            let next: Option<i64> = beyond.first(conn).await.optional()?;
            // Ids have gaps, so what is looked at begins where there are rows.
            let below = next.map_or(below, |next| below.min(next.saturating_add(MOST_PASSED)));
            let ahead = beyond.filter(run::id.lt(below)).filter(run::state.eq(RunState::Planned.code()));
            let below = ahead.first(conn).await.optional()?.unwrap_or(below);
            if below <= mark + 1 {
                return Ok(Checkpoints::default());
            }
            let passed = run::table.filter(run::id.gt(mark).and(run::id.lt(below)));
            let last = passed.filter(run::kind.eq(RunKind::Scheduled.code())).group_by(run::job_id);
            let last: Vec<(i64, Option<i64>)> = last.select((run::job_id, max(run::scheduled_at))).load(conn).await?;
            let open = passed.filter(run::state.lt(RunState::Succeeded.code())).select((run::id, run::job_id));
            let open: Vec<(i64, i64)> = open.load(conn).await?;
            let over = run_open::table.left_join(run::table.on(run::id.eq(run_open::run_id)));
            let over = over.filter(run::id.is_null().or(run::state.ge(RunState::Succeeded.code())));
            let over: Vec<i64> = over.select(run_open::run_id).limit(MOST_OVER).load(conn).await?;
            Ok(Checkpoints {
                until: last.into_iter().filter_map(|(job, last)| Some((JobId(job), moment(last?)))).collect(),
                open: open.into_iter().map(|(run, job)| (RunId(run), JobId(job))).collect(),
                over: over.into_iter().map(RunId).collect(),
                mark: Some(below - 1),
            })
        })
    }

    /// The id up to which all rows are reflected in what is kept; 0: none is.
    pub(crate) async fn ledger_mark(&self) -> Result<i64, StoreError> {
        run!(self, read, async |conn| {
            let mark: Option<i64> = journal_mark::table.select(min(journal_mark::run_id)).first(conn).await?;
            Ok(mark.unwrap_or(0))
        })
    }

    /// The runs up to the mark that are open, or were a moment ago: of this job or of all, from the cursor on and in its order.
    pub(crate) async fn ledger_kept_open(
        &self,
        mark: i64,
        job: Option<JobId>,
        cursor: Cursor,
    ) -> Result<Vec<i64>, StoreError> {
        run!(self, read, async |conn| {
            let mut kept = run_open::table.select(run_open::run_id).filter(run_open::run_id.le(mark)).into_boxed();
            if let Some(job) = job {
                kept = kept.filter(run_open::job_id.eq(job.0));
            }
            let kept = match cursor {
                Cursor::Newest => kept.order(run_open::run_id.desc()),
                Cursor::Before(id) => kept.filter(run_open::run_id.lt(id)).order(run_open::run_id.desc()),
                Cursor::After(id) => kept.filter(run_open::run_id.gt(id)).order(run_open::run_id.asc()),
            };
            Ok(kept.load(conn).await?)
        })
    }
}
