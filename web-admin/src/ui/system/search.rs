//! `GET /search`: jobs by name, handler or owner, executors by name or key, runs by their id.

use crate::error::ApiError;
use crate::ui::frame::{Frame, Place};
use crate::ui::jobs::row::{JobRow, rows};
use crate::ui::runs::row::{RunRow, rows as run_rows};
use crate::ui::visit::{Answer, Visit, html};
use crate::ui::words::Words;
use actix_web::HttpResponse;
use askama::Template;
use hzm_job_scheduler::RunId;
use hzm_job_store::Cursor;
use hzm_job_store::job_list::JobFilter;

/// Jobs shown.
const JOBS: i64 = 20;
/// Executors shown.
const EXECUTORS: usize = 20;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    f: Frame,
    w: &'static Words,
    /// What was sought; empty: nothing yet.
    text: String,
    jobs: Vec<JobRow>,
    runs: Vec<RunRow>,
    executors: Vec<(i64, String, String)>,
}

/// `GET /search`.
pub(crate) async fn show(visit: Visit) -> HttpResponse {
    visit.settle(page(&visit).await)
}

async fn page(visit: &Visit) -> Answer {
    let text: String = visit.query().get("q").trim().chars().take(128).collect();
    let mut frame = visit.frame(Place::Elsewhere, visit.w.s.search_title);
    frame.sought = text.clone();
    let mut page = SearchPage { f: frame, w: visit.w, jobs: Vec::new(), runs: Vec::new(), executors: Vec::new(), text };
    if !page.text.is_empty() {
        let filter = JobFilter { text: Some(page.text.clone()), within: visit.within(), ..JobFilter::default() };
        let jobs = visit.app.store.job_page(filter, Cursor::Newest, JOBS).await?;
        page.jobs = rows(visit, &jobs.rows).await?;
        page.runs = runs(visit, &page.text).await?;
        page.executors = executors(visit, &page.text).await?;
    }
    html(&page)
}

async fn runs(visit: &Visit, text: &str) -> Result<Vec<RunRow>, ApiError> {
    let Ok(id) = text.trim_start_matches('#').parse() else { return Ok(Vec::new()) };
    let found = visit.app.store.run_get(RunId(id)).await?;
    let of_job = match &found {
        Some(run) => visit.app.store.job_executor(run.job).await?,
        None => None,
    };
    let is_seen = of_job.is_some_and(|executor| visit.operator.rights.sees(executor));
    run_rows(visit, found.into_iter().filter(|_| is_seen).collect()).await
}

async fn executors(visit: &Visit, text: &str) -> Result<Vec<(i64, String, String)>, ApiError> {
    let wanted = text.to_lowercase();
    let all = visit.executors().await?;
    let named = all.into_iter().map(|executor| {
        let draft = executor.spec.draft();
        (executor.id.0, draft.name.clone(), draft.app_key.clone())
    });
    let matches = |(_, name, key): &(i64, String, String)| {
        name.to_lowercase().contains(&wanted) || key.to_lowercase().contains(&wanted)
    };
    Ok(named.filter(matches).take(EXECUTORS).collect())
}

impl SearchPage {
    fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.runs.is_empty() && self.executors.is_empty()
    }
}
