//! Checkpoints: how far each job has come, kept so that nobody has to look for it in the whole ledger.
//!
//! The journal's mark is the id up to which all rows are reflected in the checkpoints. Now and then the journal asks what the
//! rows beyond it say ([`Store::ledger_passed`], which holds nobody up) and writes that down piece by piece with its
//! batches; the last piece moves the mark. Each piece may be written twice or never: a checkpoint only rises, and what has no
//! checkpoint is still beyond the mark.

use crate::backend::{Store, run};
use crate::columns::moment;
use crate::error::StoreError;
use crate::ledger::Checkpoints;
use crate::run_row::not_succeeded;
use crate::schema::{journal_mark, run};
use diesel::dsl::{max, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::{RunKind, RunState};

/// Rows beyond the mark that are looked at in one go: what a journal at its limit writes in some ten seconds.
const MOST_PASSED: i64 = 500_000;

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
            let ahead = run::table.filter(run::state.eq(RunState::Planned.code()).and(run::id.gt(mark)));
            let ahead: Option<i64> = ahead.filter(not_succeeded()).select(min(run::id)).first(conn).await?;
            let next: Option<i64> = run::table.filter(run::id.gt(mark)).select(min(run::id)).first(conn).await?;
            // Ids have gaps, so what is looked at begins where there are rows.
            let within = next.map_or(below, |next| below.min(next.saturating_add(MOST_PASSED)));
            let below = ahead.map_or(within, |ahead| ahead.min(within));
            if below <= mark + 1 {
                return Ok(Checkpoints::default());
            }
            let passed = run::table.filter(run::id.gt(mark).and(run::id.lt(below)));
            let passed = passed.filter(run::kind.eq(RunKind::Scheduled.code())).group_by(run::job_id);
            let passed: Vec<(i64, Option<i64>)> =
                passed.select((run::job_id, max(run::scheduled_at))).load(conn).await?;
            let until = passed.into_iter().filter_map(|(job, last)| Some((JobId(job), moment(last?)))).collect();
            Ok(Checkpoints { until, mark: Some(below - 1) })
        })
    }
}
