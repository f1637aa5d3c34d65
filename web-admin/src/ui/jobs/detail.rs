//! `GET /jobs/{id}`: one job, its figures, its next fires and its latest runs; `/jobs/{id}/runs` is the tab of all runs.

use super::row::{self, JobRow};
use crate::ui::fields::link;
use crate::ui::frame::{Frame, Place};
use crate::ui::jobs::draft;
use crate::ui::pieces::{Moment, Pager, Window};
use crate::ui::runs::row::{RunRow, rows as run_rows};
use crate::ui::visit::{Answer, Visit, html};
use crate::ui::words::Words;
use actix_web::{HttpResponse, web};
use askama::Template;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::job::Job;
use hzm_job_scheduler::schedule::ScheduleKind;
use hzm_job_store::job::StoredJob;
use hzm_job_store::run::RunFilter;

/// Fires shown ahead.
const AHEAD: usize = 10;

#[derive(Template)]
#[template(path = "jobs/detail.html")]
struct JobPage {
    f: Frame,
    w: &'static Words,
    row: JobRow,
    description: String,
    parameters: String,
    facts: Vec<(&'static str, String)>,
    created: Moment,
    updated: Moment,
    upcoming: Vec<(Moment, String)>,
    runs: Vec<RunRow>,
    runs_link: String,
}

#[derive(Template)]
#[template(path = "jobs/runs.html")]
struct JobRunsPage {
    f: Frame,
    w: &'static Words,
    row: JobRow,
    runs: Vec<RunRow>,
    pager: Pager,
}

/// `GET /jobs/{id}`.
pub(crate) async fn overview(visit: Visit, id: web::Path<i64>) -> HttpResponse {
    visit.settle(overview_page(&visit, *id).await)
}

/// `GET /jobs/{id}/runs`.
pub(crate) async fn runs(visit: Visit, id: web::Path<i64>) -> HttpResponse {
    visit.settle(runs_page(&visit, *id).await)
}

async fn overview_page(visit: &Visit, id: i64) -> Answer {
    let stored = super::wanted(visit, id).await?;
    let (w, lens, draft) = (visit.w, visit.lens(), stored.job.spec.draft());
    let newest = Window { cursor: hzm_job_store::Cursor::Newest, size: 10 };
    let runs = visit.app.store.run_page(of_job(&stored), newest.cursor, newest.size).await?;
    let page = JobPage {
        f: visit.frame(Place::Jobs, draft.name.as_str()),
        w,
        description: draft.description.clone(),
        parameters: draft.parameters.clone().unwrap_or_default(),
        facts: facts(&stored.job, w),
        created: lens.moment(stored.created_at),
        updated: lens.moment(stored.updated_at),
        upcoming: upcoming(&stored.job, visit),
        runs: run_rows(visit, runs.rows).await?,
        runs_link: link("/runs", [("job", id.to_string().as_str())]),
        row: one_row(visit, stored).await?,
    };
    html(&page)
}

async fn runs_page(visit: &Visit, id: i64) -> Answer {
    let stored = super::wanted(visit, id).await?;
    let window = Window::of(visit.query(), visit.w)?;
    let found = visit.app.store.run_page(of_job(&stored), window.cursor, window.size).await?;
    let pager = Pager::of(&found, window, &format!("/jobs/{id}/runs"), &[], visit.w);
    let page = JobRunsPage {
        f: visit.frame(Place::Jobs, stored.job.spec.draft().name.as_str()),
        w: visit.w,
        runs: run_rows(visit, found.rows).await?,
        pager,
        row: one_row(visit, stored).await?,
    };
    html(&page)
}

fn of_job(stored: &StoredJob) -> RunFilter {
    RunFilter { job: Some(stored.job.id), ..RunFilter::default() }
}

/// The head of a job's pages.
pub(super) async fn one_row(visit: &Visit, stored: StoredJob) -> Result<JobRow, crate::error::ApiError> {
    let id: JobId = stored.job.id;
    let found = row::rows(visit, &[stored]).await?.into_iter().find(|row| row.id == id.0);
    found.ok_or_else(|| crate::error::ApiError::no_such("job"))
}

/// The next fires: in the reader's zone and in the job's. A fixed delay knows only the one that the list shows.
fn upcoming(job: &Job, visit: &Visit) -> Vec<(Moment, String)> {
    let schedule = job.spec.schedule();
    if !job.enabled || schedule.kind() == ScheduleKind::FixedDelay {
        return Vec::new();
    }
    let (lens, zone) = (visit.lens(), schedule.zone());
    let fires = schedule.upcoming(job.anchor, visit.now, AHEAD);
    let in_zone = |at: &chrono::DateTime<chrono::Utc>| at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string();
    fires.iter().map(|at| (lens.moment_of(*at, Some(zone)), in_zone(at))).collect()
}

/// The policies of a job as names and sentences.
fn facts(job: &Job, w: &'static Words) -> Vec<(&'static str, String)> {
    let (draft, f) = (job.spec.draft(), &w.jf);
    let word = |field, value: String| draft::choice_word(field, &value, w).to_owned();
    vec![
        (f.misfire, w.misfire_sentence(draft)),
        (f.overlap, w.overlap_sentence(draft)),
        (f.routing, word("routing", draft::key(&draft.routing))),
        (f.delivery, word("delivery", draft::key(&draft.delivery))),
        (f.timeout, w.timeout_sentence(draft.timeout_ms)),
        (f.retry, w.retry_sentence(draft)),
    ]
}
