//! Clearing old runs by the nine rules of the original. Open runs are never cleared, and neither is a job's checkpoint: a
//! cleared occurrence does not come back.

use crate::backend::{ImmediateTransaction, Store, run};
use crate::columns::millis;
use crate::error::StoreError;
use crate::page::Cursor;
use crate::run::job_within;
use crate::run_columns::PartOfRun;
use crate::schema::{job_checkpoint, job_debt, journal_mark, run};
use chrono::{DateTime, Months, Utc};
use diesel::dsl::{exists, min, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::run::{RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Which runs go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClearRule {
    /// Due more than so many months ago (the original offers 1, 3, 6 and 12).
    OlderThanMonths(u32),
    /// All but the newest so many, 0 or less meaning none (the original offers 1,000, 10,000, 30,000 and 100,000).
    KeepNewest(i64),
    /// All.
    All,
}

impl ClearRule {
    /// The nine rules, in the order of the original's list.
    pub const NINE: [ClearRule; 9] = [
        ClearRule::OlderThanMonths(1),
        ClearRule::OlderThanMonths(3),
        ClearRule::OlderThanMonths(6),
        ClearRule::OlderThanMonths(12),
        ClearRule::KeepNewest(1_000),
        ClearRule::KeepNewest(10_000),
        ClearRule::KeepNewest(30_000),
        ClearRule::KeepNewest(100_000),
        ClearRule::All,
    ];
}

/// Whose runs go; empty: everybody's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClearScope {
    /// Of this executor only.
    pub executor: Option<ExecutorId>,
    /// Of this job only.
    pub job: Option<JobId>,
    /// Of jobs of these executors only: what whoever clears may change. `None`: of all.
    pub within: Option<Vec<ExecutorId>>,
}

impl ClearScope {
    fn within(&self) -> Option<Vec<i64>> {
        self.within.as_ref().map(|executors| executors.iter().map(|executor| executor.0).collect())
    }
}

/// The lowest number of an outcome: open runs lie below.
const ENDED: i16 = RunState::Succeeded.code();

/// Where a walk through all runs of a job begins that looks for the oldest.
const OLDEST: Cursor = Cursor::After(0);

/// Rows deleted in one transaction: small enough that the journal waits a few milliseconds at most.
const BATCH: i64 = 1_000;

/// The rule as bounds that are only asked for where they matter: an idle condition on an indexed column makes the database
/// choose that index and sort everything behind it, once per batch.
#[derive(Debug, Clone)]
struct Bounds {
    scope: ClearScope,
    due_before: Option<i64>,
    id_below: Option<i64>,
}

/// A run that is to go: its id, job, kind and moment.
type Victim = (i64, i64, i16, i64);

impl Store {
    /// How many runs the rule would remove now.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_clear_count(
        &self,
        rule: ClearRule,
        scope: ClearScope,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        let bounds = self.run_clear_bounds(rule, scope, now).await?;
        let Some(job) = bounds.scope.job else { return Ok(self.run_clear_find(&bounds, None, None).await?.0) };
        let mut count = 0;
        let mut walk = self.run_walk(job.0, OLDEST, i64::MAX).await?;
        while let Some(part) = walk.next().await? {
            count += self.run_clear_find(&bounds, Some(part), None).await?.0;
        }
        Ok(count)
    }

    /// Removes at most a thousand runs that the rule names and answers how many went; call again until it answers 0.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_clear_batch(
        &self,
        rule: ClearRule,
        scope: ClearScope,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        let bounds = self.run_clear_bounds(rule, scope, now).await?;
        // Looked for by a reader: the journal must not wait while a rule that names few runs walks through all of them.
        let victims = self.run_clear_victims(&bounds).await?;
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                // A definition that is over still owes rows: what has its row must be seen to have it.
                let jobs: BTreeSet<i64> = victims.iter().map(|(_, job, ..)| *job).collect();
                let owing = job_debt::table.filter(job_debt::job_id.eq_any(jobs)).select(job_debt::job_id);
                let owing: Vec<i64> = owing.load(conn).await?;
                let victims: Vec<&Victim> = victims.iter().filter(|(_, job, ..)| !owing.contains(job)).collect();
                let mark: Option<i64> = journal_mark::table.select(min(journal_mark::run_id)).first(conn).await?;
                for (job, until) in beyond(&victims, mark.unwrap_or(0)) {
                    // What the checkpoint does not know yet must not be forgotten with the row: it would fire again.
                    let kept = job_checkpoint::table.find(job);
                    let known: Option<i64> = kept.select(job_checkpoint::planned_until).first(conn).await.optional()?;
                    let row = (job_checkpoint::job_id.eq(job), job_checkpoint::planned_until.eq(until));
                    match known {
                        None => diesel::insert_into(job_checkpoint::table).values(row).execute(conn).await?,
                        // The journal may have moved it further in the meantime.
                        Some(known) if known < until => {
                            let behind = kept.filter(job_checkpoint::planned_until.lt(until));
                            diesel::update(behind).set(row.1).execute(conn).await?
                        }
                        Some(_) => 0,
                    };
                }
                let ids = victims.iter().map(|(id, ..)| *id);
                Ok(diesel::delete(run::table.filter(run::id.eq_any(ids))).execute(conn).await?)
            })
            .await
        })
    }

    /// The runs that go next, oldest first, at most a batch of them.
    async fn run_clear_victims(&self, bounds: &Bounds) -> Result<Vec<Victim>, StoreError> {
        let Some(job) = bounds.scope.job else { return Ok(self.run_clear_find(bounds, None, Some(BATCH)).await?.1) };
        let mut victims = Vec::new();
        let mut walk = self.run_walk(job.0, OLDEST, i64::MAX).await?;
        while let left @ 1.. = BATCH - victims.len() as i64
            && let Some(part) = walk.next().await?
        {
            victims.append(&mut self.run_clear_find(bounds, Some(part), Some(left)).await?.1);
        }
        Ok(victims)
    }

    /// Either the first `limit` runs that go, or (`None`) how many there are, in one part of the ledger or in all. One body, so
    /// that both ask the same question.
    async fn run_clear_find(
        &self,
        bounds: &Bounds,
        part: Option<i64>,
        limit: Option<i64>,
    ) -> Result<(i64, Vec<Victim>), StoreError> {
        let (bounds, within) = (bounds.clone(), bounds.scope.within());
        run!(self, read, async |conn| {
            // Those of jobs that owe rows stay for now: within a second they owe nothing any more.
            let owes = exists(job_debt::table.filter(job_debt::job_id.eq(run::job_id)));
            let mut wanted = run::table.filter(run::state.ge(ENDED)).filter(not(owes)).into_boxed();
            if let Some(part) = part {
                wanted = wanted.filter(PartOfRun.eq(part));
            }
            if let Some(executor) = bounds.scope.executor {
                wanted = wanted.filter(run::executor_id.eq(executor.0));
            }
            if let Some(job) = bounds.scope.job {
                wanted = wanted.filter(run::job_id.eq(job.0));
            }
            if let Some(within) = within {
                wanted = wanted.filter(exists(job_within(within)));
            }
            if let Some(due_before) = bounds.due_before {
                wanted = wanted.filter(run::scheduled_at.lt(due_before));
            }
            if let Some(id_below) = bounds.id_below {
                wanted = wanted.filter(run::id.lt(id_below));
            }
            let Some(limit) = limit else { return Ok((wanted.count().get_result(conn).await?, Vec::new())) };
            let columns = (run::id, run::job_id, run::kind, run::scheduled_at);
            let victims: Vec<Victim> = wanted.select(columns).order(run::id).limit(limit).load(conn).await?;
            Ok((0, victims))
        })
    }

    async fn run_clear_bounds(
        &self,
        rule: ClearRule,
        scope: ClearScope,
        now: DateTime<Utc>,
    ) -> Result<Bounds, StoreError> {
        let mut bounds = Bounds { scope: scope.clone(), due_before: None, id_below: None };
        match rule {
            ClearRule::OlderThanMonths(months) => {
                bounds.due_before = Some(now.checked_sub_months(Months::new(months)).map_or(i64::MIN, millis));
            }
            ClearRule::KeepNewest(keep) if keep > 0 => {
                bounds.id_below = Some(self.run_oldest_kept(&scope, keep).await?)
            }
            ClearRule::KeepNewest(_) | ClearRule::All => {}
        }
        Ok(bounds)
    }

    /// The id of the oldest run that "keep the newest" spares; 0 where there are fewer, so that nothing goes.
    async fn run_oldest_kept(&self, scope: &ClearScope, keep: i64) -> Result<i64, StoreError> {
        let Some(job) = scope.job else {
            let kept = self.run_newest(scope, None, keep - 1, 1).await?;
            return Ok(kept.last().copied().unwrap_or(0));
        };
        let mut left = keep;
        let mut walk = self.run_walk(job.0, Cursor::Newest, i64::MAX).await?;
        while let Some(part) = walk.next().await? {
            let newest = self.run_newest(scope, Some(part), 0, left).await?;
            left -= newest.len() as i64;
            if let (0, Some(oldest)) = (left, newest.last()) {
                return Ok(*oldest);
            }
        }
        Ok(0)
    }

    /// The ids of the newest runs, in one part of the ledger or in all.
    async fn run_newest(
        &self,
        scope: &ClearScope,
        part: Option<i64>,
        skip: i64,
        limit: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let (executor, job, within) = (scope.executor, scope.job, scope.within());
        run!(self, read, async |conn| {
            let mut mine = run::table.select(run::id).into_boxed();
            if let Some(part) = part {
                mine = mine.filter(PartOfRun.eq(part));
            }
            if let Some(executor) = executor {
                mine = mine.filter(run::executor_id.eq(executor.0));
            }
            if let Some(job) = job {
                mine = mine.filter(run::job_id.eq(job.0));
            }
            if let Some(within) = within {
                mine = mine.filter(exists(job_within(within)));
            }
            Ok(mine.order(run::id.desc()).offset(skip).limit(limit).load(conn).await?)
        })
    }
}

/// The last occurrence of each job among the scheduled rows with ids above `mark`.
fn beyond(rows: &[&Victim], mark: i64) -> BTreeMap<i64, i64> {
    let mut last = BTreeMap::new();
    for (_, job, _, due) in rows.iter().filter(|(id, _, kind, _)| *id > mark && *kind == RunKind::Scheduled.code()) {
        let latest = last.entry(*job).or_insert(*due);
        *latest = (*latest).max(*due);
    }
    last
}
