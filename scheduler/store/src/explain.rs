//! The facts behind "why did it (not) run?": rows around a moment, and how the job stood then.
//!
//! A job's row knows only its present definition; how it stood at some moment is worked out backwards from what people
//! did to it since. Everything is bounded: the newest 500 operations of a job, 200 rows of a second, 60 rows around a
//! moment. Where an older operation would matter, the present definition stands in and `History::is_whole` says so.

use crate::backend::{Store, run};
use crate::columns::{millis, moment};
use crate::error::StoreError;
use crate::operation::{Operation, OperationRow, of_object};
use crate::page::Cursor;
use crate::run_row::{Run, RunRow};
use crate::schema::{operation, run};
use chrono::{DateTime, Months, TimeDelta, Utc};
use diesel::dsl::{max, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::explain::{Clearing, Explanation, Facts, Moments, Row, Then, explain, moments};
use hzm_job_scheduler::job::Job;
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId};

mod history;

use history::{History, act, definition};

/// The newest operations of a job that are looked at.
const MOST_OPERATIONS: i64 = 500;
/// Clearings that are looked at, newest first.
const MOST_CLEARINGS: i64 = 200;
/// Rows of one second that are looked at.
const MOST_ROWS: i64 = 200;
/// Rows looked at on either side of a moment, in the order they were written.
const NEARBY: i64 = 30;
/// Steps of the search for the rows written around a moment: ids lie below 2^53.
const STEPS: usize = 53;
/// A row written within this of its moment came on time, and so long a stretch without any row is no silence.
const ON_TIME: TimeDelta = TimeDelta::seconds(5);
/// Rows of a job that are looked at for those which a skipped fire met, and how many of them are told.
const MOST_BEFORE: i64 = 1_000;
const MOST_IN_THE_WAY: usize = 10;
/// Operations shown with an answer, and how far from the moment they may lie.
const SHOWN_OPERATIONS: i64 = 20;
const SHOWN_WITHIN: TimeDelta = TimeDelta::hours(1);

/// The answer to one question, with what it rests on.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The job, as it is today; a deleted one as it was last.
    pub job: Job,
    /// Whether it was deleted.
    pub deleted: bool,
    /// The verdict.
    pub explanation: Explanation,
    /// How the job stood at the moment.
    pub then: Then,
    /// The runs due within the second, every attempt; or the one that stands for many.
    pub runs: Vec<Run>,
    /// The nearest runs of the schedule before and after the second, all attempts.
    pub around: Vec<Run>,
    /// What people did to the job and its executor within an hour of the moment, newest first.
    pub operations: Vec<Operation>,
    /// The runs of the job that were going when the fire was skipped for the overlap policy, newest first, at most ten.
    pub in_the_way: Vec<Run>,
    /// A stretch of more than five seconds around an occurrence in which nothing was decided for any job: the scheduler was
    /// away or stood still, or its database was away. A row tells when it was decided on, not when it was written. Looked for
    /// only where the occurrence's row came late, or is missing.
    pub silence: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Whether the whole history of the job's definition since the moment is known.
    pub is_whole: bool,
}

impl Store {
    /// Answers why a job did or did not run at `at`; `None`: there never was such a job.
    ///
    /// # Errors
    /// What the database says.
    pub async fn explain(
        &self,
        id: JobId,
        at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Answered>, StoreError> {
        let Some(standing) = self.ledger_standings(vec![id]).await?.into_iter().next() else { return Ok(None) };
        let (job, deleted) = (standing.job, standing.deleted);
        let history = History::of(&job, deleted, &self.explain_operations(id).await?, at);
        let found = moments(&history.then, at);
        let second = self.explain_due(id, found.second, found.second + TimeDelta::seconds(1)).await?;
        let (shared, around) = self.explain_around(id, &found).await?;
        let facts = Facts {
            at,
            now,
            then: history.then,
            today: (!deleted).then(|| definition(&job)),
            before: history.before,
            after: history.after,
            rows: second.iter().map(row).collect(),
            shared: shared.as_ref().map(row),
            planned_until: standing.planned_until,
            clearings: self.explain_clearings(&job, found.second).await?,
        };
        let runs = if second.is_empty() { shared.into_iter().collect() } else { second };
        let is_missing = runs.is_empty() && found.occurrence.is_some_and(|due| due <= now);
        let is_late = |run: &Run| run.kind == RunKind::Scheduled && run.created_at > found.second + ON_TIME;
        let silence = if is_missing || runs.iter().any(|run| run.attempt == 0 && is_late(run)) {
            self.explain_silence(found.second, now).await?
        } else {
            None
        };
        Ok(Some(Answered {
            explanation: explain(&facts),
            then: facts.then,
            in_the_way: self.explain_in_the_way(&runs).await?,
            silence,
            operations: self.explain_nearby(&job, at).await?,
            is_whole: history.is_whole,
            job,
            deleted,
            runs,
            around,
        }))
    }

    /// The rows of a job that are due in `[from, until)`, first attempts first.
    async fn explain_due(&self, id: JobId, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Run>, StoreError> {
        let (from, until) = (millis(from), millis(until));
        let rows: Vec<RunRow> = run!(self, read, async |conn| {
            let due = run::table.filter(run::scheduled_at.ge(from)).filter(run::scheduled_at.lt(until));
            let mine = due.filter(run::job_id.eq(id.0)).select(RunRow::as_select());
            Ok(mine.order((run::kind, run::scheduled_at, run::attempt)).limit(MOST_ROWS).load(conn).await?)
        })?;
        Ok(rows.into_iter().filter_map(|row| self.readable(row.run())).collect())
    }

    /// The row that stands for the missed occurrences of the moment, if there is one, and the nearest rows before and
    /// after its second.
    async fn explain_around(&self, id: JobId, found: &Moments) -> Result<(Option<Run>, Vec<Run>), StoreError> {
        let end = found.second + TimeDelta::seconds(1);
        let mut nearby = self.explain_written_around(id, found.second).await?;
        for due in [found.previous, found.next].into_iter().flatten() {
            nearby.append(&mut self.explain_due(id, due, due + TimeDelta::milliseconds(1)).await?);
        }
        nearby.retain(|run| run.kind == RunKind::Scheduled);
        let shared = nearby.iter().filter(|run| stands_for(run, found.second)).min_by_key(|run| run.scheduled_at);
        let before = nearby.iter().map(|run| run.scheduled_at).filter(|due| *due < found.second).max();
        let after = nearby.iter().map(|run| run.scheduled_at).filter(|due| *due >= end).min();
        let shared = shared.cloned();
        nearby.retain(|run| [before, after].contains(&Some(run.scheduled_at)));
        nearby.sort_by_key(|run| (run.scheduled_at, run.attempt));
        nearby.dedup_by_key(|run| run.id);
        Ok((shared, nearby))
    }

    /// The rows of a job that were written around a moment.
    async fn explain_written_around(&self, id: JobId, at: DateTime<Utc>) -> Result<Vec<Run>, StoreError> {
        let Some(place) = self.explain_place(at).await? else { return Ok(Vec::new()) };
        let mut rows = self.run_latest(id, Cursor::After(place - 1), NEARBY).await?;
        rows.append(&mut self.run_latest(id, Cursor::Before(place), NEARBY).await?);
        Ok(rows)
    }

    /// The id from which on rows of any job were decided on at the moment or later; `None`: there are no rows. Rows get their ids
    /// about in that order, so the place is found by halving: some fifty look-ups instead of a walk through a history of any length.
    async fn explain_place(&self, at: DateTime<Utc>) -> Result<Option<i64>, StoreError> {
        let at = millis(at);
        run!(self, read, async |conn| {
            // One question each: asked for both at once, SQLite walks through all runs.
            let low: Option<i64> = run::table.select(min(run::id)).first(conn).await?;
            let high: Option<i64> = run::table.select(max(run::id)).first(conn).await?;
            let (Some(mut low), Some(mut high)) = (low, high) else { return Ok(None) };
            for _ in 0..STEPS {
                if low >= high {
                    break;
                }
                let middle = low + (high - low) / 2;
                let next = run::table.filter(run::id.ge(middle)).order(run::id).select((run::id, run::created_at));
                // Gone meanwhile where somebody clears runs; what is left of the range is near enough.
                let Some((_, created)) = next.first::<(i64, i64)>(conn).await.optional()? else { break };
                (low, high) = if created < at { (middle + 1, high) } else { (low, middle) };
            }
            Ok(Some(low))
        })
    }

    /// The newest changes of a job, newest first.
    async fn explain_operations(&self, id: JobId) -> Result<Vec<Operation>, StoreError> {
        let rows: Vec<OperationRow> = run!(self, read, async |conn| {
            let kinds = ["create", "update", "start", "stop", "delete"];
            let mine = of_object("job", id.0).filter(operation::action.eq_any(kinds));
            Ok(mine.select(OperationRow::as_select()).limit(MOST_OPERATIONS).load(conn).await?)
        })?;
        Ok(rows.into_iter().map(Operation::from).collect())
    }

    /// Clearings after the moment that this job's rows may have fallen under, oldest first.
    async fn explain_clearings(&self, job: &Job, second: DateTime<Utc>) -> Result<Vec<Clearing>, StoreError> {
        let since = millis(second);
        let rows: Vec<OperationRow> = run!(self, read, async |conn| {
            // Recorded as done to no run in particular.
            let cleared = of_object("run", 0).filter(operation::action.eq("clear")).filter(operation::at.ge(since));
            Ok(cleared.select(OperationRow::as_select()).limit(MOST_CLEARINGS).load(conn).await?)
        })?;
        let (id, executor) = (job.id, job.spec.draft().executor);
        let done = rows.into_iter().rev().map(Operation::from);
        Ok(done.filter(|done| concerns(done, id, executor)).map(|done| clearing(&done)).collect())
    }

    /// What was done to the job and its executor around the moment, newest first.
    async fn explain_nearby(&self, job: &Job, at: DateTime<Utc>) -> Result<Vec<Operation>, StoreError> {
        let (from, until) = (millis(at - SHOWN_WITHIN), millis(at + SHOWN_WITHIN));
        let (id, executor) = (job.id.0, job.spec.draft().executor.0);
        // One question each: asked for both at once, a database walks through what was done to everything.
        let mut done: Vec<Operation> = run!(self, read, async |conn| {
            let mut rows: Vec<OperationRow> = Vec::new();
            for (kind, id) in [("job", id), ("executor", executor)] {
                let near = of_object(kind, id).filter(operation::at.between(from, until)).limit(SHOWN_OPERATIONS);
                rows.append(&mut near.select(OperationRow::as_select()).load(conn).await?);
            }
            Ok(rows.into_iter().map(Operation::from).collect())
        })?;
        done.sort_by_key(|done| std::cmp::Reverse(done.id));
        done.truncate(SHOWN_OPERATIONS as usize);
        Ok(done)
    }

    /// The stretch around the moment in which no row of any job was decided on: a few rows on either side are looked at.
    async fn explain_silence(
        &self,
        second: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>, StoreError> {
        let Some(place) = self.explain_place(second).await? else { return Ok(None) };
        let at = millis(second);
        let near: Vec<i64> = run!(self, read, async |conn| {
            let decided = run::table.select(run::created_at).limit(NEARBY);
            let mut near: Vec<i64> = decided.filter(run::id.ge(place)).order(run::id).load(conn).await?;
            near.append(&mut decided.filter(run::id.lt(place)).order(run::id.desc()).load(conn).await?);
            Ok(near)
        })?;
        let from = near.iter().copied().filter(|created| *created < at).max().map(moment);
        let until = near.iter().copied().filter(|created| *created >= at).min().map_or(now, moment);
        Ok(from.filter(|from| until - *from > ON_TIME).map(|from| (from, until)))
    }

    /// The runs that a fire met which the overlap policy then skipped. Only the rows written right before it are looked at.
    async fn explain_in_the_way(&self, runs: &[Run]) -> Result<Vec<Run>, StoreError> {
        let Some(skipped) = runs.iter().find(|run| matches!(run.reason, Reason::Overlap | Reason::QueueFull)) else {
            return Ok(Vec::new());
        };
        let at = skipped.created_at;
        let before = self.run_latest(skipped.job, Cursor::Before(skipped.id.0), MOST_BEFORE).await?;
        let was_open = |run: &Run| run.state != RunState::Skipped && run.finished_at.is_none_or(|ended| ended >= at);
        Ok(before.into_iter().filter(was_open).take(MOST_IN_THE_WAY).collect())
    }
}

fn row(run: &Run) -> Row {
    Row {
        run: run.id,
        kind: run.kind,
        due: run.scheduled_at,
        attempt: run.attempt,
        state: run.state,
        reason: run.reason,
        sent_at: run.sent_at,
    }
}

/// Whether a row stands for the missed occurrences of `second`: it is due later, and the first one it names is not.
fn stands_for(run: &Run, second: DateTime<Utc>) -> bool {
    run.reason == Reason::MisfireMany
        && run.scheduled_at >= second
        && run.message.as_deref().and_then(first_missed).is_none_or(|first| first < second + TimeDelta::seconds(1))
}

/// The first moment that such a row names in its message: "occurrences from 2026-11-22 08:00:00 UTC to ...".
fn first_missed(message: &str) -> Option<DateTime<Utc>> {
    let (_, rest) = message.split_once("occurrences from ")?;
    let (first, _) = rest.split_once(" to ")?;
    first.parse().ok()
}

/// Whether a clearing may have taken rows of this job.
fn concerns(done: &Operation, job: JobId, executor: ExecutorId) -> bool {
    let scope = |field: &str, id: i64| {
        let after = done.changes.iter().find(|change| change.field == field).map(|change| &change.after);
        after.is_none_or(|after| after.is_null() || after.as_i64() == Some(id))
    };
    scope("job", job.0) && scope("executor", executor.0)
}

fn clearing(done: &Operation) -> Clearing {
    let months = done.changes.iter().find(|change| change.field == "rule.older_than_months");
    let months = months.and_then(|change| u32::try_from(change.after.as_u64()?).ok());
    Clearing { act: act(done), due_before: months.and_then(|months| done.at.checked_sub_months(Months::new(months))) }
}
