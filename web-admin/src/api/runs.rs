//! `/runs`: what was and is executed.

use super::page_of;
use crate::auth::Operator;
use crate::change::runs as change;
use crate::error::ApiError;
use crate::extract::{Body, Nothing, Query};
use crate::state::App;
use crate::views::{ListView, RunView};
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use hzm_job_actors::CancelOutcome;
use hzm_job_scheduler::run::{RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::run::RunFilter;
use hzm_job_store::run_clear::{ClearRule, ClearScope};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which runs are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RunQuery {
    /// Of this job.
    job: Option<i64>,
    /// Of this executor.
    executor: Option<i64>,
    /// In one of these states, separated by commas, such as `failed,lost`.
    state: Option<String>,
    /// `scheduled` or `manual`.
    #[param(value_type = Option<String>)]
    kind: Option<RunKind>,
    /// Sent to this address.
    node: Option<String>,
    /// Due at or after this moment (RFC 3339).
    from: Option<DateTime<Utc>>,
    /// Due before this moment (RFC 3339).
    until: Option<DateTime<Utc>>,
    /// The cursor of the page; the newest page without one.
    cursor: Option<String>,
    /// How many runs, 1 to 500; 50 without it.
    size: Option<i64>,
}

/// Lists runs, newest first.
#[utoipa::path(get, path = "/api/v1/runs", tag = "runs", params(RunQuery), responses((status = 200, body = ListView<RunView>)))]
pub async fn list(
    app: web::Data<App>,
    operator: Operator,
    Query(query): Query<RunQuery>,
) -> Result<web::Json<ListView<RunView>>, ApiError> {
    let (cursor, size) = page_of(query.cursor.as_deref(), query.size)?;
    let filter = RunFilter {
        job: query.job.map(JobId),
        executor: query.executor.map(ExecutorId),
        states: states(query.state.as_deref())?,
        kind: query.kind,
        node: query.node,
        from: query.from,
        until: query.until,
        within: operator.rights.within(),
    };
    Ok(web::Json(ListView::of(app.store.run_page(filter, cursor, size).await?, RunView::from)))
}

fn states(text: Option<&str>) -> Result<Vec<RunState>, ApiError> {
    let words = text.unwrap_or_default().split(',').filter(|word| !word.is_empty());
    words
        .map(|word| {
            RunState::ALL.into_iter().find(|state| state.word() == word).ok_or_else(|| {
                let known = RunState::ALL.map(RunState::word).join(", ");
                ApiError::Malformed(format!(
                    "state {:?} is unknown; use {known}",
                    word.chars().take(32).collect::<String>()
                ))
            })
        })
        .collect()
}

/// A run and all attempts at the same fire.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunDetail {
    /// The run.
    #[serde(flatten)]
    #[schema(inline)]
    pub run: RunView,
    /// All attempts at its fire, itself among them, first one first.
    pub attempts: Vec<RunView>,
}

/// Reads a run, with the other attempts at its fire.
#[utoipa::path(get, path = "/api/v1/runs/{id}", tag = "runs", params(("id" = i64, Path)), responses((status = 200, body = RunDetail)))]
pub async fn read(
    app: web::Data<App>,
    _operator: Operator,
    id: web::Path<i64>,
    _nothing: Query<Nothing>,
) -> Result<web::Json<RunDetail>, ApiError> {
    let run = app.store.run_get(RunId(*id)).await?.ok_or_else(|| ApiError::no_such("run"))?;
    let attempts = app.store.run_attempts(&run).await?;
    Ok(web::Json(RunDetail { run: run.into(), attempts: attempts.into_iter().map(RunView::from).collect() }))
}

/// What became of a cancellation.
#[derive(Debug, Serialize, ToSchema)]
pub struct CancelView {
    /// `cancelled`, or `asked`: the node was told, and the run ends when it reports, or after the grace at the latest.
    pub outcome: &'static str,
}

/// Cancels a run: 200 when it is cancelled, 202 when its node was asked to end it.
#[utoipa::path(post, path = "/api/v1/runs/{id}/cancel", tag = "runs", params(("id" = i64, Path)),
    responses((status = 200, body = CancelView), (status = 202, body = CancelView)))]
pub async fn cancel(app: web::Data<App>, operator: Operator, id: web::Path<i64>) -> Result<HttpResponse, ApiError> {
    Ok(match change::cancel(&app, RunId(*id), &operator).await? {
        CancelOutcome::Asked => HttpResponse::Accepted().json(CancelView { outcome: "asked" }),
        _ => HttpResponse::Ok().json(CancelView { outcome: "cancelled" }),
    })
}

/// Which runs are to be removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearInput {
    /// `"all"`, `{"older_than_months": 3}` (1 to 1,200) or `{"keep_newest": 10000}` (1 and more).
    #[schema(value_type = Object)]
    rule: serde_json::Value,
    /// Of this executor only.
    executor: Option<i64>,
    /// Of this job only.
    job: Option<i64>,
    /// Only count them.
    #[serde(default)]
    dry_run: bool,
}

/// What clearing did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClearView {
    /// Runs removed; 0 with `dry_run`.
    pub removed: i64,
    /// Runs that the rule names and that are still there. One call removes 100,000 at most: call again.
    pub left: i64,
}

/// Removes ended runs by a rule. Open runs are never removed, and a cleared occurrence does not come back.
#[utoipa::path(post, path = "/api/v1/runs/clear", tag = "runs", request_body = ClearInput, responses((status = 200, body = ClearView)))]
pub async fn clear(
    app: web::Data<App>,
    operator: Operator,
    input: Body<ClearInput>,
) -> Result<web::Json<ClearView>, ApiError> {
    let ClearInput { rule, executor, job, dry_run } = input.0;
    let rule = clear_rule(rule)?;
    let scope = ClearScope { executor: executor.map(ExecutorId), job: job.map(JobId), within: None };
    if dry_run {
        return Ok(web::Json(ClearView { removed: 0, left: change::clear_count(&app, rule, scope, &operator).await? }));
    }
    let cleared = change::clear(&app, rule, scope, &operator).await?;
    Ok(web::Json(ClearView { removed: cleared.removed, left: cleared.left }))
}

/// Reads a rule. What serde says of a wrong one names neither its words nor its forms.
fn clear_rule(given: serde_json::Value) -> Result<ClearRule, ApiError> {
    let rule = serde_json::from_value(given).map_err(|_| {
        let forms = r#""all", {"older_than_months": 3}"#;
        let (en, zh) = (
            format!(r#"must be {forms} or {{"keep_newest": 10000}}"#),
            format!(r#"应为 {forms} 或 {{"keep_newest": 10000}}"#),
        );
        ApiError::field("rule", "type", en, zh)
    })?;
    let is_fine = match rule {
        ClearRule::OlderThanMonths(months) => (1..=1_200).contains(&months),
        ClearRule::KeepNewest(keep) => keep >= 1,
        ClearRule::All => true,
    };
    if !is_fine {
        let detail = "months must be 1 to 1200, and at least one run must be kept";
        return Err(ApiError::field("rule", "out_of_range", detail, "月数须为 1 到 1200，且至少保留一条"));
    }
    Ok(rule)
}
