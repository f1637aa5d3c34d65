//! `/actors`: who works, who died how often, who is in quarantine.

use super::page_of;
use crate::actor_tree::{self, ActorFilter, KINDS, Placed, STATES};
use crate::auth::Operator;
use crate::change::actors as change;
use crate::error::ApiError;
use crate::extract::Query;
use crate::state::App;
use crate::views::ListView;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use hzm_job_actors::SchedulerError;
use hzm_job_scheduler::JobId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An actor as an operator sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActorView {
    /// Its parent in the tree of actors; null for the registry.
    pub parent: Option<String>,
    /// Its name: `registry`, `shard/0`, `job/17`, `executor/3`, `journal`, `shard/0/node/ADDRESS` (sends to that address),
    /// `executor/3/node/ADDRESS` (asks it whether it lives).
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

impl From<Placed> for ActorView {
    fn from(placed: Placed) -> ActorView {
        let actor = placed.report;
        ActorView {
            parent: placed.parent,
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

/// Which actors are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ActorQuery {
    /// `registry`, `journal`, `shard`, `job`, `node` or `executor`.
    kind: Option<String>,
    /// `quarantined`, `restarting` or `running`.
    state: Option<String>,
    /// The cursor of the page; the first page without one.
    cursor: Option<String>,
    /// How many actors, 1 to 500; 50 without it.
    size: Option<i64>,
}

/// Lists the actors that live or are in quarantine: quarantined ones first, then restarting ones, then the tree from its
/// root. Sleeping jobs have none; of each shard at most 200 jobs are listed. The list changes while it is read.
#[utoipa::path(get, path = "/api/v1/actors", tag = "actors", params(ActorQuery),
    responses((status = 200, body = ListView<ActorView>)))]
pub async fn list(
    app: web::Data<App>,
    _operator: Operator,
    Query(query): Query<ActorQuery>,
) -> Result<web::Json<ListView<ActorView>>, ApiError> {
    let (cursor, size) = page_of(query.cursor.as_deref(), query.size)?;
    known("kind", query.kind.as_deref(), &KINDS)?;
    known("state", query.state.as_deref(), &STATES)?;
    let filter = ActorFilter { kind: query.kind.as_deref(), state: query.state.as_deref() };
    let listed = actor_tree::listed(app.scheduler.actors().await, filter);
    Ok(web::Json(ListView::of(actor_tree::page(listed, cursor, size), ActorView::from)))
}

fn known(name: &str, given: Option<&str>, words: &[&str]) -> Result<(), ApiError> {
    match given.filter(|given| !words.contains(given)) {
        None => Ok(()),
        Some(given) => {
            let given: String = given.chars().take(32).collect();
            Err(ApiError::Malformed(format!("{name} {given:?} is unknown; use {}", words.join(", "))))
        }
    }
}

/// Takes an actor out of quarantine; `name` is the one that the list shows, slashes included.
#[utoipa::path(post, path = "/api/v1/actors/{name}/release", tag = "actors", params(("name" = String, Path)), responses((status = 204)))]
pub async fn release(
    app: web::Data<App>,
    operator: Operator,
    name: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    if !change::release(&app, &name, &operator).await? {
        return Err(ApiError::NotFound("no actor of that name is in quarantine".to_owned()));
    }
    Ok(HttpResponse::NoContent().finish())
}

/// Makes a job's actor panic. Served only with `hzm.job.admin.debug.faultInjection`, for tests of the admin.
#[utoipa::path(post, path = "/api/v1/actors/jobs/{id}/fail", tag = "actors", params(("id" = i64, Path)), responses((status = 202)))]
pub async fn fail(app: web::Data<App>, operator: Operator, id: web::Path<i64>) -> Result<HttpResponse, ApiError> {
    if !app.config.admin.debug.fault_injection {
        return Err(ApiError::Forbidden("faults are injected only with hzm.job.admin.debug.faultInjection: true"));
    }
    let job = JobId(*id);
    let failed = match app.scheduler.actor_fail(job).await {
        Ok(failed) => failed,
        Err(SchedulerError::Busy) => {
            let detail = format!("the actor job/{job} is dead and being restarted, or has no room for more");
            return Err(ApiError::Conflict(detail));
        }
        Err(error) => {
            let quarantine = change::quarantine_of(&app, job);
            return Err(quarantine.unwrap_or_else(|| ApiError::of_scheduler(error, &app.store)));
        }
    };
    if !failed {
        return Err(ApiError::no_such("job"));
    }
    slog::warn!(app.log, "an actor was made to fail"; "job" => *id, "user" => &operator.name);
    Ok(HttpResponse::Accepted().finish())
}
