//! Where jobs stand, told by the ledger: the last occurrence that has a row, and the runs that are still open.
//!
//! The same answer serves start-up, the activation of a sleeping job and the restart of an actor that died, so recovery
//! is no path of its own. A checkpoint is written in batches; rows beyond the journal's mark are looked up one by one.

use crate::backend::{Store, run};
use crate::columns::moment;
use crate::error::StoreError;
use crate::job::{JobRow, StoredJob};
use crate::run::{Run, RunRow};
use crate::schema::{job, job_checkpoint, journal_mark, run};
use chrono::{DateTime, Utc};
use diesel::dsl::{max, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::job::Job;
use hzm_job_scheduler::run::{RunKind, RunState};
use hzm_job_scheduler::JobId;
use std::collections::HashMap;

/// Where one job stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The job.
    pub job: Job,
    /// Whether it was deleted: then only its open runs matter.
    pub deleted: bool,
    /// The last occurrence of its schedule that has a row; `None`: none has.
    pub planned_until: Option<DateTime<Utc>>,
    /// Its runs that have not ended, oldest first.
    pub open: Vec<Run>,
    /// When its last run ended: a fixed delay counts from there.
    pub last_end: Option<DateTime<Utc>>,
    /// The latest moment any of its manual runs bears, because the next one must bear a later one.
    pub last_manual: Option<DateTime<Utc>>,
}

/// What the ledger says of these jobs beyond their definitions.
struct Facts {
    planned: HashMap<i64, i64>,
    open: Vec<RunRow>,
    ends: HashMap<i64, (Option<i64>, Option<i64>)>,
}

impl Store {
    /// Where these jobs stand, deleted ones included. A job that never was is left out; one whose definition cannot be read is left out and logged.
    /// Ask for a few hundred at a time.
    ///
    /// # Errors
    /// What the database says.
    pub async fn ledger_standings(&self, ids: Vec<JobId>) -> Result<Vec<Standing>, StoreError> {
        let wanted: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let (rows, facts) = self.ledger_facts(wanted).await?;
        let mut open: HashMap<i64, Vec<Run>> = HashMap::new();
        for run in facts.open.into_iter().filter_map(|row| self.readable(row.run())) {
            open.entry(run.job.0).or_default().push(run);
        }
        let jobs = rows.into_iter().filter_map(|row| Some((row.is_deleted(), self.readable(row.stored())?)));
        Ok(jobs
            .map(|(deleted, StoredJob { job, .. })| {
                let id = job.id.0;
                let (last_end, last_manual) = facts.ends.get(&id).copied().unwrap_or((None, None));
                Standing {
                    planned_until: facts.planned.get(&id).copied().map(moment),
                    open: open.remove(&id).unwrap_or_default(),
                    last_end: last_end.map(moment),
                    last_manual: last_manual.map(moment),
                    job,
                    deleted,
                }
            })
            .collect())
    }

    async fn ledger_facts(&self, ids: Vec<i64>) -> Result<(Vec<JobRow>, Facts), StoreError> {
        run!(self, read, async |conn| {
            let there = job::table.filter(job::id.eq_any(&ids));
            let rows: Vec<JobRow> = there.select(JobRow::as_select()).load(conn).await?;
            let mark: Option<i64> = journal_mark::table.select(min(journal_mark::run_id)).first(conn).await?;
            let kept = job_checkpoint::table.filter(job_checkpoint::job_id.eq_any(&ids));
            let mut planned: HashMap<i64, i64> = kept.load::<(i64, i64)>(conn).await?.into_iter().collect();
            let beyond = run::table
                .filter(run::job_id.eq_any(&ids))
                .filter(run::id.gt(mark.unwrap_or(0)))
                .filter(run::kind.eq(RunKind::Scheduled.code()))
                .group_by(run::job_id)
                .select((run::job_id, max(run::scheduled_at)));
            for (id, last) in beyond.load::<(i64, Option<i64>)>(conn).await? {
                let known = planned.entry(id).or_insert(i64::MIN);
                *known = (*known).max(last.unwrap_or(i64::MIN));
            }
            let unfinished = run::table.filter(run::job_id.eq_any(&ids)).filter(run::state.lt(RunState::Succeeded.code()));
            let open: Vec<RunRow> = unfinished.select(RunRow::as_select()).order(run::id).load(conn).await?;
            let mut ends = HashMap::new();
            for id in &ids {
                let last = run::table.filter(run::job_id.eq(id)).order(run::id.desc()).limit(1);
                let end: Option<Option<i64>> = last.select(run::finished_at).first(conn).await.optional()?;
                let manual = run::table.filter(run::job_id.eq(id)).filter(run::kind.eq(RunKind::Manual.code()));
                let newest: Option<i64> =
                    manual.order(run::id.desc()).select(run::scheduled_at).first(conn).await.optional()?;
                ends.insert(*id, (end.flatten(), newest));
            }
            Ok((rows, Facts { planned, open, ends }))
        })
    }

    /// The jobs that have open runs, started or not: they need their actor at start.
    ///
    /// # Errors
    /// What the database says.
    pub async fn ledger_open_jobs(&self) -> Result<Vec<JobId>, StoreError> {
        run!(self, read, async |conn| {
            let open = run::table.filter(run::state.lt(RunState::Succeeded.code()));
            let ids: Vec<i64> = open.select(run::job_id).distinct().load(conn).await?;
            Ok(ids.into_iter().map(JobId).collect())
        })
    }
}
