//! `/actors`: who works, who died how often, who is in quarantine.

use crate::auth::Operator;
use crate::error::ApiError;
use crate::state::App;
use crate::views::ListView;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use hzm_job_actors::ActorReport;
use hzm_job_scheduler::JobId;
use serde::Serialize;
use utoipa::ToSchema;

/// An actor as an operator sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActorView {
    /// Its name: `registry`, `shard/0`, `job/17`, `executor/3`, `journal`.
    pub name: String,
    /// What kind of actor it is.
    pub kind: &'static str,
    /// The thread it runs on.
    pub thread: String,
    /// What waits for it, where it knows.
    pub waiting: usize,
    /// How many messages its mailbox holds before it says no.
    pub mailbox_limit: usize,
    /// How many messages it handled since it was started.
    pub handled: u64,
    /// How often it died since the process was started.
    pub restarts: u32,
    /// `running`, `restarting` or `quarantined`.
    pub state: &'static str,
    /// What it died of, the last time.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<DateTime<Utc>>,
}

impl From<ActorReport> for ActorView {
    fn from(actor: ActorReport) -> ActorView {
        ActorView {
            name: actor.name,
            kind: actor.kind,
            thread: actor.thread,
            waiting: actor.waiting,
            mailbox_limit: actor.mailbox_limit,
            handled: actor.handled,
            restarts: actor.restarts,
            state: actor.state,
            last_error: actor.last_error,
            last_error_at: actor.last_error_at,
        }
    }
}

/// Lists the actors that live or are in quarantine; sleeping jobs have none.
#[utoipa::path(get, path = "/api/v1/actors", tag = "actors", responses((status = 200, body = ListView<ActorView>)))]
pub async fn list(app: web::Data<App>, _operator: Operator) -> web::Json<ListView<ActorView>> {
    web::Json(ListView::whole(app.scheduler.actors().await.into_iter().map(ActorView::from).collect()))
}

/// Takes an actor out of quarantine; `name` is the one that the list shows, slashes included.
#[utoipa::path(post, path = "/api/v1/actors/{name}/release", tag = "actors", params(("name" = String, Path)), responses((status = 204)))]
pub async fn release(
    app: web::Data<App>,
    operator: Operator,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    if !app.scheduler.actor_release(&name).await? {
        return Err(ApiError::NotFound("no actor of that name is in quarantine".to_owned()));
    }
    slog::info!(app.log, "actor released"; "actor" => name.as_str(), "user" => &operator.name);
    Ok(HttpResponse::NoContent().finish())
}

/// Makes a job's actor panic. Served only with `hzm.job.admin.debug.faultInjection`, for tests of the admin.
#[utoipa::path(post, path = "/api/v1/actors/jobs/{id}/fail", tag = "actors", params(("id" = i64, Path)), responses((status = 202)))]
pub async fn fail(app: web::Data<App>, operator: Operator, id: web::Path<i64>) -> Result<HttpResponse, ApiError> {
    if !app.config.admin.debug.fault_injection {
        return Err(ApiError::Forbidden("faults are injected only with hzm.job.admin.debug.faultInjection: true"));
    }
    if !app.scheduler.actor_fail(JobId(*id)).await? {
        return Err(ApiError::no_such("job"));
    }
    slog::warn!(app.log, "an actor was made to fail"; "job" => *id, "user" => &operator.name);
    Ok(HttpResponse::Accepted().finish())
}
