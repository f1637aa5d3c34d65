//! The last runs of jobs: what lists show of each as a strip.
//!
//! A list asks for many jobs at once, so it asks about 1,024 parts of the ledger for each, and no more. A job that ran before
//! those (a daily one beside thousands that fire every second) is found by its last occurrence, which is kept. One of which
//! nothing is kept, because it only runs by hand, is named as unknown: nobody may take it for one that never ran.

use crate::backend::{Store, run};
use crate::error::StoreError;
use crate::page::Cursor;
use crate::run::{Run, RunFilter};
use crate::run_parts::LATEST_PARTS;
use crate::run_row::RunRow;
use crate::schema::{job_checkpoint, run};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::RunKind;

/// Rows of one occurrence that are looked at for the newest of them: its shards and attempts.
const MOST_OF_ONE: i64 = 1_000;

/// The last runs of some jobs.
#[derive(Debug, Clone, Default)]
pub struct Strips {
    /// Newest first within a job, in the order of the jobs.
    pub runs: Vec<Run>,
    /// Jobs without a run here that may have older ones, which nobody looked for.
    pub unknown: Vec<JobId>,
}

impl Store {
    /// The last `each` runs of each of these jobs. Of a job with a run here older ones may be missing: 268 million runs back,
    /// those of all jobs counted, are looked through, and from its last occurrence as many again.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_strips(&self, jobs: Vec<JobId>, each: i64) -> Result<Strips, StoreError> {
        let ends = self.run_parts().await?;
        let mut strips = Strips::default();
        for job in jobs {
            match self.run_strip(ends, job, each).await? {
                Some(rows) => strips.runs.extend(rows.into_iter().filter_map(|row| self.readable(row.run()))),
                None => strips.unknown.push(job),
            }
        }
        Ok(strips)
    }

    /// The last runs of a job; `None`: there may be some, but not where anybody looked.
    async fn run_strip(
        &self,
        ends: Option<(i64, i64)>,
        job: JobId,
        each: i64,
    ) -> Result<Option<Vec<RunRow>>, StoreError> {
        let filter = RunFilter { job: Some(job), ..RunFilter::default() };
        let mut walk = self.run_walk_between(ends, job.0, Cursor::Newest, LATEST_PARTS);
        let latest = self.run_rows_on(&mut walk, &filter, Cursor::Newest, each).await?;
        if !latest.is_empty() || !walk.is_cut() {
            return Ok(Some(latest));
        }
        let Some(last) = self.run_of_last_occurrence(job).await? else { return Ok(None) };
        let from = Cursor::Before(last.saturating_add(1));
        let mut walk = self.run_walk_between(ends, job.0, from, LATEST_PARTS);
        let older = self.run_rows_on(&mut walk, &filter, from, each).await?;
        Ok(Some(older).filter(|older| !older.is_empty()))
    }

    /// The newest run of the last occurrence of a job's schedule that is kept. Where rows beyond the mark tell of a later one,
    /// it is among the latest runs anyway.
    async fn run_of_last_occurrence(&self, job: JobId) -> Result<Option<i64>, StoreError> {
        run!(self, read, async |conn| {
            let kept = job_checkpoint::table.find(job.0).select(job_checkpoint::planned_until);
            let Some(due) = kept.first::<i64>(conn).await.optional()? else { return Ok(None) };
            let ids: Vec<i64> = of_occurrence(job.0, due).limit(MOST_OF_ONE).load(conn).await?;
            Ok(ids.into_iter().max())
        })
    }
}

/// The runs of one occurrence. No order is asked for: a database could take the key's for it, and walk through the ledger.
#[diesel::dsl::auto_type]
fn of_occurrence(job: i64, due: i64) -> _ {
    let scheduled: i16 = RunKind::Scheduled.code();
    let of_job = run::table.filter(run::scheduled_at.eq(due)).filter(run::job_id.eq(job));
    of_job.filter(run::kind.eq(scheduled)).select(run::id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query_plan::plan_of;

    #[test]
    fn the_runs_of_an_occurrence_are_found_by_the_key_of_fires() {
        let plan = plan_of(&of_occurrence(7, 9).limit(MOST_OF_ONE));
        assert!(plan.contains("(scheduled_at=? AND job_id=? AND kind=?)") && !plan.contains("SCAN"), "{plan}");
    }
}
