//! Clearing old runs by the nine rules of the original. Open runs are never cleared, and neither is a job's checkpoint: a
//! cleared occurrence does not come back.

use crate::backend::{Store, run};
use crate::columns::millis;
use crate::error::StoreError;
use crate::schema::run;
use chrono::{DateTime, Months, Utc};
use diesel::dsl::{self, auto_type};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::run::RunState;
use hzm_job_scheduler::{ExecutorId, JobId};
use serde::{Deserialize, Serialize};

/// Which runs go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClearRule {
    /// Due more than so many months ago (the original offers 1, 3, 6 and 12).
    OlderThanMonths(u32),
    /// All but the newest so many (the original offers 1,000, 10,000, 30,000 and 100,000).
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClearScope {
    /// Of this executor only.
    pub executor: Option<ExecutorId>,
    /// Of this job only.
    pub job: Option<JobId>,
}

/// The lowest number of an outcome: open runs lie below.
const ENDED: i16 = RunState::Succeeded.code();

/// Rows deleted in one transaction: small enough that the journal waits a few milliseconds at most.
const BATCH: i64 = 1_000;

/// The rule as plain bounds, so that counting and deleting ask the same question.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    executor: (i64, i64),
    job: (i64, i64),
    due_before: i64,
    id_below: i64,
}

#[auto_type(no_type_alias)]
fn cleared(executor: (i64, i64), job: (i64, i64), due_before: i64, id_below: i64) -> _ {
    let of_executor: dsl::And<dsl::GtEq<run::executor_id, i64>, dsl::LtEq<run::executor_id, i64>> =
        run::executor_id.ge(executor.0).and(run::executor_id.le(executor.1));
    let of_job: dsl::And<dsl::GtEq<run::job_id, i64>, dsl::LtEq<run::job_id, i64>> =
        run::job_id.ge(job.0).and(run::job_id.le(job.1));
    let ended: dsl::GtEq<run::state, i16> = run::state.ge(ENDED);
    let due: dsl::Lt<run::scheduled_at, i64> = run::scheduled_at.lt(due_before);
    let below: dsl::Lt<run::id, i64> = run::id.lt(id_below);
    of_executor.and(of_job).and(ended).and(due).and(below)
}

impl Store {
    /// How many runs the rule would remove now.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_clear_count(&self, rule: ClearRule, scope: ClearScope, now: DateTime<Utc>) -> Result<i64, StoreError> {
        let bounds = self.run_clear_bounds(rule, scope, now).await?;
        run!(self, read, async |conn| { Ok(run::table.filter(cleared(bounds.executor, bounds.job, bounds.due_before, bounds.id_below)).count().get_result(conn).await?) })
    }

    /// Removes at most a thousand runs that the rule names and answers how many went; call again until it answers 0.
    ///
    /// # Errors
    /// What the database says.
    pub async fn run_clear_batch(&self, rule: ClearRule, scope: ClearScope, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let bounds = self.run_clear_bounds(rule, scope, now).await?;
        run!(self, write, async |conn| {
            let wanted = run::table.filter(cleared(bounds.executor, bounds.job, bounds.due_before, bounds.id_below)).select(run::id).order(run::id).limit(BATCH);
            let ids: Vec<i64> = wanted.load(conn).await?;
            Ok(diesel::delete(run::table.filter(run::id.eq_any(ids))).execute(conn).await?)
        })
    }

    async fn run_clear_bounds(&self, rule: ClearRule, scope: ClearScope, now: DateTime<Utc>) -> Result<Bounds, StoreError> {
        let only = |id: Option<i64>| id.map_or((i64::MIN, i64::MAX), |id| (id, id));
        let mut bounds = Bounds {
            executor: only(scope.executor.map(|id| id.0)),
            job: only(scope.job.map(|id| id.0)),
            due_before: i64::MAX,
            id_below: i64::MAX,
        };
        match rule {
            ClearRule::OlderThanMonths(months) => {
                bounds.due_before = now.checked_sub_months(Months::new(months)).map_or(i64::MIN, millis);
            }
            ClearRule::KeepNewest(keep) if keep > 0 => bounds.id_below = self.run_oldest_kept(bounds, keep).await?,
            ClearRule::KeepNewest(_) | ClearRule::All => {}
        }
        Ok(bounds)
    }

    /// The id of the oldest run that "keep the newest" spares; 0 where there are fewer, so that nothing goes.
    async fn run_oldest_kept(&self, bounds: Bounds, keep: i64) -> Result<i64, StoreError> {
        run!(self, read, async |conn| {
            let mine = run::executor_id.between(bounds.executor.0, bounds.executor.1);
            let mine = mine.and(run::job_id.between(bounds.job.0, bounds.job.1));
            let newest = run::table.filter(mine).select(run::id).order(run::id.desc());
            Ok(newest.offset(keep - 1).first(conn).await.optional()?.unwrap_or(0))
        })
    }
}
