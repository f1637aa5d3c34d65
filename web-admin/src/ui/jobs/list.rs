//! `GET /jobs`: the list of jobs, filtered by what the address says.

use super::row::{JobRow, rows};
use crate::error::ApiError;
use crate::ui::fields::Fields;
use crate::ui::frame::{Frame, Place};
use crate::ui::pieces::{Pager, Window};
use crate::ui::visit::{Answer, Visit, html};
use crate::ui::words::Words;
use actix_web::HttpResponse;
use askama::Template;
use hzm_job_scheduler::ExecutorId;
use hzm_job_store::Cursor;
use hzm_job_store::job_list::JobFilter;

/// An entry of a list to choose from: value, name, whether it is chosen.
pub(crate) type Choice = (String, String, bool);

#[derive(Template)]
#[template(path = "jobs/list.html")]
struct JobsPage {
    f: Frame,
    w: &'static Words,
    facts: String,
    rows: Vec<JobRow>,
    executors: Vec<Choice>,
    text: String,
    state: String,
    filtered: bool,
    /// The newest rows are shown, so the list may renew itself.
    newest: bool,
    pager: Pager,
    /// Under which the bulk form may be sent twice without a second run.
    request: String,
}

/// `GET /jobs`.
pub(crate) async fn list(visit: Visit) -> HttpResponse {
    visit.settle(page(&visit).await)
}

async fn page(visit: &Visit) -> Answer {
    let (query, w) = (visit.query(), visit.w);
    let (filter, window) = (filter(query, w)?, Window::of(query, w)?);
    let store = &visit.app.store;
    let seen = JobFilter { within: visit.within(), ..filter.clone() };
    let found = store.job_page(seen, window.cursor, window.size).await?;
    let counts = match visit.within() {
        None => store.job_counts().await?,
        Some(granted) => store.job_counts_of(granted).await?,
    };
    let kept = ["executor", "text", "state"].map(|name| (name, query.get(name)));
    let page = JobsPage {
        f: visit.frame(Place::Jobs, w.j.title),
        w,
        facts: w.jobs_facts(counts.all, counts.enabled),
        rows: rows(visit, &found.rows).await?,
        executors: executor_choices(visit, filter.executor).await?,
        text: query.get("text").to_owned(),
        state: query.get("state").to_owned(),
        filtered: filter != JobFilter::default(),
        newest: window.cursor == Cursor::Newest,
        pager: Pager::of(&found, window, "/jobs", &kept, w),
        request: uuid::Uuid::new_v4().to_string(),
    };
    html(&page)
}

fn filter(query: &Fields, w: &Words) -> Result<JobFilter, ApiError> {
    Ok(JobFilter {
        executor: query.number("executor", w)?.map(ExecutorId),
        text: query.text("text").map(str::to_owned),
        enabled: match query.text("state") {
            None => None,
            Some("started") => Some(true),
            Some("stopped") => Some(false),
            Some(_) => return Err(query.refuse("state", w)),
        },
        within: None,
    })
}

/// Every executor that the reader may see, to choose from.
///
/// # Errors
/// What the database says.
pub(crate) async fn executor_choices(visit: &Visit, chosen: Option<ExecutorId>) -> Result<Vec<Choice>, ApiError> {
    let executors = visit.executors().await?;
    let choice = |id: ExecutorId, name: &str| (id.to_string(), name.to_owned(), Some(id) == chosen);
    Ok(executors.iter().map(|executor| choice(executor.id, &executor.spec.draft().name)).collect())
}
