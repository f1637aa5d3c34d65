//! Where jobs stand, told by the ledger: the last occurrence that has a row, and the runs that are still open.
//!
//! The same answer serves start-up, the activation of a sleeping job and the restart of an actor that died, so recovery
//! is no path of its own. A checkpoint is written in batches; rows beyond the journal's mark are looked up one by one.

use crate::backend::{Store, run};
use crate::checkpoint::AT_ONCE;
use crate::columns::moment;
use crate::debt::{Debt, DebtRow};
use crate::error::StoreError;
use crate::job_row::{JobRow, StoredJob};
use crate::run_columns::PartOfRun;
use crate::run_parts::{ids_down_from, ids_from, part};
use crate::run_row::{Run, RunRow};
use crate::schema::{job, job_checkpoint, job_debt, job_last_end, journal_mark, run, run_open};
use chrono::{DateTime, Utc};
use diesel::dsl::{max, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::job::Job;
use hzm_job_scheduler::run::{RunKind, RunState};
use std::collections::{BTreeSet, HashMap};

/// How many of a job's newest runs are looked at: not all, because a history may have a million rows. Only those among the
/// newest 262,144 runs of all jobs, or twice as many, are: there may be a thousand times as many. Where ids have jumped, the parts
/// that count are those with runs.
const LATEST: i64 = 16;

/// The lowest number of an outcome: open runs lie below.
const ENDED: i16 = RunState::Succeeded.code();

/// Where one job stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The job.
    pub job: Job,
    /// When its definition was last changed.
    pub changed_at: DateTime<Utc>,
    /// Whether it was deleted: then only its open runs matter.
    pub deleted: bool,
    /// The last occurrence of its schedule that has a row, those ahead of their moment not counted; `None`: none has.
    pub planned_until: Option<DateTime<Utc>>,
    /// What earlier definitions of it still owe, oldest first.
    pub debts: Vec<Debt>,
    /// Its runs that have not ended, oldest first.
    pub open: Vec<Run>,
    /// When it last ended a run that was executed, as far as that is known: a fixed delay counts from there. It is kept for jobs
    /// with a fixed delay ([`Known::ends_turn`](crate::ledger::Known::ends_turn)), and their newest 16 runs are looked at, as far as they are
    /// among the newest 262,144 of all jobs.
    pub last_end: Option<DateTime<Utc>>,
    /// The latest moment that a manual one among its newest 16 runs bears, looked for as far back as the last end, because the next
    /// one must bear a later one.
    pub last_manual: Option<DateTime<Utc>>,
}

/// What the ledger says of these jobs beyond their definitions.
struct Facts {
    planned: HashMap<i64, i64>,
    open: Vec<RunRow>,
    debts: Vec<DebtRow>,
    ends: HashMap<i64, LastEnd>,
}

/// When a job last ended a run, and the latest moment that a manual one bears.
type LastEnd = (Option<i64>, Option<i64>);

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
        let mut debts: HashMap<i64, Vec<Debt>> = HashMap::new();
        for debt in facts.debts.into_iter().filter_map(|row| self.readable(row.debt())) {
            debts.entry(debt.before.id.0).or_default().push(debt);
        }
        let jobs = rows.into_iter().filter_map(|row| Some((row.is_deleted(), self.readable(row.stored())?)));
        Ok(jobs
            .map(|(deleted, StoredJob { job, updated_at, .. })| {
                let id = job.id.0;
                let (last_end, last_manual) = facts.ends.get(&id).copied().unwrap_or((None, None));
                Standing {
                    planned_until: facts.planned.get(&id).copied().map(moment),
                    debts: debts.remove(&id).unwrap_or_default(),
                    open: open.remove(&id).unwrap_or_default(),
                    last_end: last_end.map(moment),
                    last_manual: last_manual.map(moment),
                    job,
                    changed_at: updated_at,
                    deleted,
                }
            })
            .collect())
    }

    async fn ledger_facts(&self, ids: Vec<i64>) -> Result<(Vec<JobRow>, Facts), StoreError> {
        let jobs = ids.clone();
        let (rows, planned, open, debts) = run!(self, read, async |conn| {
            let there = job::table.filter(job::id.eq_any(&ids));
            let rows: Vec<JobRow> = there.select(JobRow::as_select()).load(conn).await?;
            let mark: Option<i64> = journal_mark::table.select(min(journal_mark::run_id)).first(conn).await?;
            let kept = job_checkpoint::table.filter(job_checkpoint::job_id.eq_any(&ids));
            let mut planned: HashMap<i64, i64> = kept.load::<(i64, i64)>(conn).await?.into_iter().collect();
            let mark = mark.unwrap_or(0);
            // Those below the mark first: when one of them ends meanwhile, the retry that comes with its end lies beyond.
            let kept = run_open::table.filter(run_open::job_id.eq_any(&ids)).filter(run_open::run_id.le(mark));
            let kept: Vec<i64> = kept.select(run_open::run_id).load(conn).await?;
            let mut open: Vec<RunRow> = Vec::new();
            for kept in kept.chunks(AT_ONCE) {
                let kept = run::table.filter(run::id.eq_any(kept)).filter(run::state.lt(ENDED));
                open.append(&mut kept.select(RunRow::as_select()).load(conn).await?);
            }
            // One part at a time, for MariaDB's sake. They are few: rows ahead of their moment are all that holds the mark up.
            let mut looked_into = part(mark);
            loop {
                let mine = run::table.filter(PartOfRun.eq(looked_into)).filter(run::job_id.eq_any(&ids));
                let beyond = mine
                    .clone()
                    .filter(run::id.gt(mark))
                    .filter(run::kind.eq(RunKind::Scheduled.code()))
                    // A row ahead of its moment is an intention: it counts when that has come.
                    .filter(run::state.ne(RunState::Planned.code()))
                    .group_by(run::job_id)
                    .select((run::job_id, max(run::scheduled_at)));
                for (id, last) in beyond.load::<(i64, Option<i64>)>(conn).await? {
                    let known = planned.entry(id).or_insert(i64::MIN);
                    *known = (*known).max(last.unwrap_or(i64::MIN));
                }
                let recent = mine.filter(run::id.gt(mark)).filter(run::state.lt(ENDED));
                open.append(&mut recent.select(RunRow::as_select()).load(conn).await?);
                // Looked at last, because a retry may have come that begins a part.
                // Parts without any run are left out: after a jump of ids there are thousands of them.
                let next: Option<i64> = ids_from(looked_into + 1).first(conn).await.optional()?;
                let Some(next) = next else { break };
                looked_into = part(next);
            }
            open.sort_by_key(|run| run.id);
            let owed = job_debt::table.filter(job_debt::job_id.eq_any(&ids)).order(job_debt::version);
            let debts: Vec<DebtRow> = owed.select(DebtRow::as_select()).load(conn).await?;
            Ok((rows, planned, open, debts))
        })?;
        // After the open runs: one that ends in between has both been open and ended, rather than neither.
        let ends = self.ledger_ends(jobs).await?;
        Ok((rows, Facts { planned, open, debts, ends }))
    }

    /// The last end and the last manual moment of each of these jobs, as far as they are known.
    async fn ledger_ends(&self, ids: Vec<i64>) -> Result<HashMap<i64, LastEnd>, StoreError> {
        run!(self, read, async |conn| {
            let newest: Option<i64> = run::table.select(max(run::id)).first(conn).await?;
            let newest_part = part(newest.unwrap_or(0));
            // Between the two may be a gap without any run.
            let older: Option<i64> = ids_down_from(newest_part - 1).first(conn).await.optional()?;
            let older_part = older.map_or(newest_part - 1, part);
            let kept = job_last_end::table.filter(job_last_end::job_id.eq_any(&ids));
            let kept: HashMap<i64, i64> = kept.load::<(i64, i64)>(conn).await?.into_iter().collect();
            let mut ends: HashMap<i64, LastEnd> = kept.iter().map(|(id, end)| (*id, (Some(*end), None))).collect();
            // Most jobs of a crowd that is looked at (created, changed, a minute that comes) have no run at all. One look for each
            // part: two parts in one condition make MariaDB read all that is in them, once for each job.
            let newer = run::table.filter(PartOfRun.eq(newest_part)).filter(run::job_id.eq(job::id)).select(run::id);
            let older = run::table.filter(PartOfRun.eq(older_part)).filter(run::job_id.eq(job::id)).select(run::id);
            let seen = job::table.filter(job::id.eq_any(&ids));
            let seen = seen.select((job::id, newer.limit(1).single_value(), older.limit(1).single_value()));
            let seen: Vec<(i64, Option<i64>, Option<i64>)> = seen.load(conn).await?;
            for id in seen.into_iter().filter_map(|(id, newer, older)| newer.or(older).and(Some(id))) {
                let mut last: Vec<(i16, i64, i16, Option<i64>)> = Vec::new();
                for part in [newest_part, older_part] {
                    let left = LATEST - last.len() as i64;
                    let newest = run::table.filter(PartOfRun.eq(part)).filter(run::job_id.eq(id)).order(run::id.desc());
                    let newest =
                        newest.select((run::kind, run::scheduled_at, run::state, run::finished_at)).limit(left);
                    last.append(&mut newest.load(conn).await?);
                }
                let manual = last.iter().filter(|(kind, ..)| *kind == RunKind::Manual.code()).map(|(_, due, ..)| *due);
                // What was skipped ended nothing: the run that it met goes on.
                let executed = last.iter().filter(|(_, _, state, _)| *state != RunState::Skipped.code());
                let end = executed.filter_map(|(.., end)| *end).chain(kept.get(&id).copied()).max();
                ends.insert(id, (end, manual.max()));
            }
            Ok(ends)
        })
    }

    /// The jobs that have open runs or owe rows, started or not: they must be looked at at start.
    ///
    /// # Errors
    /// What the database says.
    pub async fn ledger_open_jobs(&self) -> Result<Vec<JobId>, StoreError> {
        run!(self, read, async |conn| {
            let mark: Option<i64> = journal_mark::table.select(min(journal_mark::run_id)).first(conn).await?;
            // In this order: when one below the mark ends meanwhile, its retry lies beyond.
            let kept = run_open::table.inner_join(run::table.on(run::id.eq(run_open::run_id)));
            let mut ids: Vec<i64> = kept.filter(run::state.lt(ENDED)).select(run_open::job_id).load(conn).await?;
            let recent = run::table.filter(run::id.gt(mark.unwrap_or(0))).filter(run::state.lt(ENDED));
            ids.append(&mut recent.select(run::job_id).load(conn).await?);
            let owing: Vec<i64> = job_debt::table.select(job_debt::job_id).load(conn).await?;
            Ok(ids.into_iter().chain(owing).collect::<BTreeSet<i64>>().into_iter().map(JobId).collect())
        })
    }
}
