//! `/jobs`: what is to be done when.

use super::{definition, next_fire, page_of, required};
use crate::auth::Operator;
use crate::change::jobs as change;
use crate::change::runs::{Wish, run_now as run};
use crate::error::ApiError;
use crate::extract::{Body, Nothing, Query};
use crate::state::App;
use crate::views::{JobView, ListView};
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::{ExecutorId, JobId};
use hzm_job_store::job::StoredJob;
use hzm_job_store::job_list::JobFilter;
use hzm_job_store::page::Page;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// The most occurrences that can be asked for.
const MOST_UPCOMING: usize = 100;
/// The header under which "run now" may be repeated.
const KEY_HEADER: &str = "Idempotency-Key";

/// Which jobs are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JobQuery {
    /// Of this executor.
    executor: Option<i64>,
    /// Whose name, handler or owner contains this text.
    text: Option<String>,
    /// Started (`true`) or stopped (`false`) ones.
    enabled: Option<bool>,
    /// The cursor of the page; the newest page without one.
    cursor: Option<String>,
    /// How many jobs, 1 to 500; 50 without it.
    size: Option<i64>,
}

/// Lists jobs, newest first.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", params(JobQuery), responses((status = 200, body = ListView<JobView>)))]
pub async fn list(
    app: web::Data<App>,
    operator: Operator,
    Query(query): Query<JobQuery>,
) -> Result<web::Json<ListView<JobView>>, ApiError> {
    let (cursor, size) = page_of(query.cursor.as_deref(), query.size)?;
    let filter = JobFilter {
        executor: query.executor.map(ExecutorId),
        text: query.text,
        enabled: query.enabled,
        within: operator.rights.within(),
    };
    let page = app.store.job_page(filter, cursor, size).await?;
    let views = next_fire::views(&app, &page.rows).await?;
    Ok(web::Json(ListView::of(Page { rows: views, newer: page.newer, older: page.older }, |view| view)))
}

/// Creates a job, stopped.
#[utoipa::path(post, path = "/api/v1/jobs", tag = "jobs", request_body = super::schema::JobDefinition,
    responses((status = 201, body = JobView)))]
pub async fn create(app: web::Data<App>, operator: Operator, body: Body<Value>) -> Result<HttpResponse, ApiError> {
    let (_, draft) = definition::<JobDraft>(body.0, &JobView::READ_ONLY)?;
    let job = change::create(&app, draft, &operator).await?;
    let place = format!("/api/v1/jobs/{}", job.job.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, place)).json(next_fire::view(&app, &job).await))
}

/// Reads a job.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", tag = "jobs", params(("id" = i64, Path)), responses((status = 200, body = JobView)))]
pub async fn read(
    app: web::Data<App>,
    _operator: Operator,
    id: web::Path<i64>,
    _nothing: Query<Nothing>,
) -> Result<web::Json<JobView>, ApiError> {
    let job = app.store.job_get(JobId(*id)).await?.ok_or_else(|| ApiError::no_such("job"))?;
    let views = next_fire::views(&app, std::slice::from_ref(&job)).await?;
    views.into_iter().next().map(web::Json).ok_or_else(|| ApiError::no_such("job"))
}

/// Replaces a job's definition; `version` must be the one that was read.
#[utoipa::path(put, path = "/api/v1/jobs/{id}", tag = "jobs", params(("id" = i64, Path)),
    request_body = super::schema::JobUpdate, responses((status = 200, body = JobView)))]
pub async fn update(
    app: web::Data<App>,
    operator: Operator,
    id: web::Path<i64>,
    body: Body<Value>,
) -> Result<web::Json<JobView>, ApiError> {
    let (version, draft) = definition::<JobDraft>(body.0, &JobView::READ_ONLY)?;
    let job = change::update(&app, JobId(*id), required(version)?, draft, &operator).await?;
    Ok(view(&app, &job).await)
}

/// Deletes a job; its runs stay until they are cleared.
#[utoipa::path(delete, path = "/api/v1/jobs/{id}", tag = "jobs", params(("id" = i64, Path)), responses((status = 204)))]
pub async fn delete(app: web::Data<App>, operator: Operator, id: web::Path<i64>) -> Result<HttpResponse, ApiError> {
    change::delete(&app, JobId(*id), &operator).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Starts a job: its schedule is in force from now on.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/start", tag = "jobs", params(("id" = i64, Path)), responses((status = 200, body = JobView)))]
pub async fn start(
    app: web::Data<App>,
    operator: Operator,
    id: web::Path<i64>,
) -> Result<web::Json<JobView>, ApiError> {
    let job = change::enable(&app, JobId(*id), true, &operator).await?;
    Ok(view(&app, &job).await)
}

/// Stops a job; it can still be run by hand.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/stop", tag = "jobs", params(("id" = i64, Path)), responses((status = 200, body = JobView)))]
pub async fn stop(app: web::Data<App>, operator: Operator, id: web::Path<i64>) -> Result<web::Json<JobView>, ApiError> {
    let job = change::enable(&app, JobId(*id), false, &operator).await?;
    Ok(view(&app, &job).await)
}

/// What to run now.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunInput {
    /// Parameters in the place of the job's own.
    parameters: Option<String>,
    /// The address of the node that is to run it; without it the job's routing chooses.
    node: Option<String>,
}

/// The run that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunStarted {
    /// Its number.
    pub run: i64,
    /// Whether an earlier request with the same key made it.
    pub repeated: bool,
}

/// Runs a job now, once: 201, or 200 when the same request with the same `Idempotency-Key` did so before. A key that was used
/// for another request (other parameters, another node) is refused with 422, type `key-reused`. A key stands for seven days,
/// also when its run was cleared since: the answer then names a run that is gone. 503 of type `unconfirmed` means that the
/// database did not answer in time: the run may yet be made, so repeat the request under its key.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/runs", tag = "jobs", request_body = RunInput,
    params(("id" = i64, Path), ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 201, body = RunStarted), (status = 200, body = RunStarted)))]
pub async fn run_now(
    request: HttpRequest,
    app: web::Data<App>,
    operator: Operator,
    id: web::Path<i64>,
    body: Body<RunInput>,
) -> Result<HttpResponse, ApiError> {
    let key = request.headers().get(KEY_HEADER).map(|key| key.to_str().unwrap_or_default().to_owned());
    let wish = Wish { parameters: body.0.parameters, node: body.0.node, request_key: key };
    let made = run(&app, JobId(*id), wish, &operator).await?;
    let mut answer = if made.repeated { HttpResponse::Ok() } else { HttpResponse::Created() };
    answer.insert_header((LOCATION, format!("/api/v1/runs/{}", made.run)));
    Ok(answer.json(RunStarted { run: made.run.0, repeated: made.repeated }))
}

/// How many occurrences are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UpcomingQuery {
    /// 1 to 100; 5 without it.
    #[param(minimum = 1, maximum = 100)]
    count: Option<usize>,
}

/// Moments to come.
#[derive(Debug, Serialize, ToSchema)]
pub struct Upcoming {
    /// The moments, ascending.
    pub fires: Vec<DateTime<Utc>>,
}

/// Tells when a job is due next by its schedule, whether it is started or not. A fixed delay that is started knows the next
/// moment at most, and none while a run goes on.
#[utoipa::path(get, path = "/api/v1/jobs/{id}/upcoming", tag = "jobs", params(("id" = i64, Path), UpcomingQuery),
    responses((status = 200, body = Upcoming)))]
pub async fn upcoming(
    app: web::Data<App>,
    _operator: Operator,
    id: web::Path<i64>,
    Query(query): Query<UpcomingQuery>,
) -> Result<web::Json<Upcoming>, ApiError> {
    let count = query.count.unwrap_or(5);
    if !(1..=MOST_UPCOMING).contains(&count) {
        return Err(ApiError::Malformed(format!("count is {count}; use 1 to {MOST_UPCOMING}")));
    }
    let job = app.store.job_get(JobId(*id)).await?.ok_or_else(|| ApiError::no_such("job"))?.job;
    Ok(web::Json(Upcoming { fires: next_fire::upcoming(&app, &job, count).await? }))
}

async fn view(app: &App, job: &StoredJob) -> web::Json<JobView> {
    web::Json(next_fire::view(app, job).await)
}
