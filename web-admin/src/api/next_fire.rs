//! When jobs are due next, as the API tells it: by the schedule alone, except where that counts from the end of the last run.

use crate::error::ApiError;
use crate::state::App;
use crate::views::JobView;
use chrono::{DateTime, Utc};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::job::Job;
use hzm_job_scheduler::progress::Progress;
use hzm_job_scheduler::schedule::ScheduleKind;
use hzm_job_store::job::StoredJob;
use hzm_job_store::standing::Standing;
use std::collections::HashMap;

/// The views of these jobs.
///
/// # Errors
/// What the store says.
pub(super) async fn views(app: &App, jobs: &[StoredJob]) -> Result<Vec<JobView>, ApiError> {
    let counted = jobs.iter().map(|stored| &stored.job).filter(|job| job.enabled && counts_from_ends(job));
    let counted: Vec<JobId> = counted.map(|job| job.id).collect();
    let stands = if counted.is_empty() { Vec::new() } else { app.store.ledger_standings(counted).await? };
    let after_end: HashMap<JobId, Option<DateTime<Utc>>> =
        stands.iter().map(|standing| (standing.job.id, next_after_end(standing))).collect();
    let now = app.now();
    let next = |job: &Job| after_end.get(&job.id).copied().unwrap_or_else(|| by_schedule(job, now));
    Ok(jobs.iter().map(|stored| JobView::of(stored, next(&stored.job), app)).collect())
}

/// The view of a job that was just changed: that stands, also when the store cannot say by now when the last run ended.
pub(super) async fn view(app: &App, stored: &StoredJob) -> JobView {
    let told = views(app, std::slice::from_ref(stored)).await.ok().and_then(|mut views| views.pop());
    told.unwrap_or_else(|| JobView::of(stored, by_schedule(&stored.job, app.now()), app))
}

/// The next `count` occurrences of a job, were it started; of a fixed delay that is started, the one that is known.
///
/// # Errors
/// What the store says.
pub(super) async fn upcoming(app: &App, job: &Job, count: usize) -> Result<Vec<DateTime<Utc>>, ApiError> {
    if job.enabled && counts_from_ends(job) {
        let stands = app.store.ledger_standings(vec![job.id]).await?;
        return Ok(stands.first().and_then(next_after_end).into_iter().collect());
    }
    Ok(job.spec.schedule().upcoming(job.anchor, app.now(), count))
}

fn counts_from_ends(job: &Job) -> bool {
    job.spec.schedule().kind() == ScheduleKind::FixedDelay
}

fn by_schedule(job: &Job, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if job.enabled { job.spec.schedule().next_fire(job.anchor, now) } else { None }
}

/// `None` while a run goes on: its end is not known.
fn next_after_end(standing: &Standing) -> Option<DateTime<Utc>> {
    let stands = Progress {
        anchor: standing.job.anchor,
        planned_until: standing.planned_until,
        last_end: standing.last_end,
        unfinished: !standing.open.is_empty(),
    };
    stands.next(standing.job.spec.schedule())
}
