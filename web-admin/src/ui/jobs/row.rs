//! A job as lists show it: with its executor's name, its last runs and its next fire.

use crate::error::ApiError;
use crate::ui::pieces::{Lens, Moment, Pill, Strip};
use crate::ui::visit::Visit;
use chrono::{DateTime, Utc};
use hzm_job_scheduler::describe::describe;
use hzm_job_scheduler::job::Job;
use hzm_job_scheduler::schedule::ScheduleKind;
use hzm_job_store::executor::Executor;
use hzm_job_store::job::StoredJob;
use hzm_job_store::run::Run;
use hzm_job_store::strips::Strips;

/// Runs in a strip.
pub(crate) const STRIP: i64 = 20;

/// One row of a list of jobs.
pub(crate) struct JobRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) handler: String,
    pub(crate) owner: String,
    pub(crate) executor: String,
    pub(crate) executor_id: i64,
    pub(crate) enabled: bool,
    pub(crate) pill: Pill,
    pub(crate) expression: String,
    pub(crate) sentence: String,
    pub(crate) zone: String,
    pub(crate) strip: Strip,
    pub(crate) last: Option<LastRun>,
    /// Whether it has no run among those that were looked through, but may have older ones.
    pub(crate) ran_unknown: bool,
    pub(crate) next: Next,
    /// Why its actor is in quarantine, so that nothing is fired.
    pub(crate) quarantine: Option<String>,
}

/// The newest run of a job.
pub(crate) struct LastRun {
    pub(crate) id: i64,
    pub(crate) pill: Pill,
    pub(crate) at: Moment,
    pub(crate) reason: &'static str,
    pub(crate) duration: Option<String>,
}

/// When a job fires next: the moment, or a word that says why there is none.
pub(crate) struct Next {
    pub(crate) at: Option<Moment>,
    pub(crate) word: &'static str,
}

/// The rows of these jobs, in their order.
///
/// # Errors
/// What the database says.
pub(crate) async fn rows(visit: &Visit, jobs: &[StoredJob]) -> Result<Vec<JobRow>, ApiError> {
    let ids = jobs.iter().map(|stored| stored.job.id).collect();
    let strips = visit.app.store.run_strips(ids, STRIP).await?;
    let executors = visit.app.store.executor_list().await?;
    let lens = visit.lens();
    let quarantine = |job: &Job| visit.app.scheduler.job_quarantine(job.id).map(|found| found.reason.to_string());
    let row = |job: &Job| row(job, &strips, &executors, &lens).quarantined(quarantine(job), &lens);
    Ok(jobs.iter().map(|stored| row(&stored.job)).collect())
}

impl JobRow {
    /// The row of a job whose actor is in quarantine, if it is: whatever its schedule says, nothing is fired.
    fn quarantined(self, why: Option<String>, lens: &Lens) -> JobRow {
        if why.is_none() {
            return self;
        }
        let (tone, word) = lens.w.actor_state("quarantined");
        let next = Next { at: None, word: lens.w.j.quarantined_next };
        JobRow { pill: Pill { tone, word }, next, quarantine: why, ..self }
    }
}

fn row(job: &Job, strips: &Strips, executors: &[Executor], lens: &Lens) -> JobRow {
    let (draft, schedule) = (job.spec.draft(), job.spec.schedule());
    let mine: Vec<&Run> = strips.runs.iter().filter(|run| run.job == job.id).collect();
    let executor = executors.iter().find(|executor| executor.id == draft.executor);
    JobRow {
        id: job.id.0,
        name: draft.name.clone(),
        handler: job.spec.handler().to_owned(),
        owner: draft.owner.clone(),
        executor: executor.map_or_else(|| lens.w.c.deleted.to_owned(), |found| found.spec.draft().name.clone()),
        executor_id: draft.executor.0,
        enabled: job.enabled,
        pill: Pill::job(job.enabled, lens.w),
        expression: draft.schedule.expression.clone(),
        sentence: describe(schedule, lens.w.language),
        zone: schedule.zone().name().to_owned(),
        strip: Strip::of(&mine, lens),
        last: mine.first().map(|run| last(run, job, lens)),
        ran_unknown: strips.unknown.contains(&job.id),
        next: next(job, &mine, lens),
        quarantine: None,
    }
}

fn last(run: &Run, job: &Job, lens: &Lens) -> LastRun {
    LastRun {
        id: run.id.0,
        pill: Pill::run(run.state, lens.w),
        at: lens.moment_of(run.scheduled_at, Some(job.spec.schedule().zone())),
        reason: lens.w.reason(run.reason),
        duration: lens.duration(run),
    }
}

/// When a job fires next, as far as its newest runs (given newest first) tell.
pub(crate) fn next(job: &Job, runs: &[&Run], lens: &Lens) -> Next {
    let words = &lens.w.j;
    let schedule = job.spec.schedule();
    let word = match schedule.kind() {
        ScheduleKind::Manual => words.by_hand_only,
        _ if !job.enabled => words.stopped,
        ScheduleKind::FixedDelay if runs.iter().any(|run| !run.state.is_terminal()) => words.after_run,
        _ => words.no_next,
    };
    let at = next_fire(job, runs, lens.now).map(|at| lens.moment_of(at, Some(schedule.zone())));
    Next { at, word }
}

/// The next fire of a started job; `None` also while a fixed delay waits for the end of a run.
pub(crate) fn next_fire(job: &Job, runs: &[&Run], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let schedule = job.spec.schedule();
    if !job.enabled {
        return None;
    }
    if schedule.kind() != ScheduleKind::FixedDelay {
        return schedule.next_fire(job.anchor, now);
    }
    if runs.iter().any(|run| !run.state.is_terminal()) {
        return None;
    }
    let ended = runs.iter().filter_map(|run| run.finished_at).max().filter(|ended| *ended > job.anchor);
    ended.map_or_else(|| schedule.next_fire(job.anchor, job.anchor), |ended| schedule.next_after_end(ended))
}
