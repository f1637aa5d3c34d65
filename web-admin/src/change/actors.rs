//! Releasing actors from quarantine.

use crate::access::{Permission, Refusal};
use crate::auth::Operator;
use crate::error::ApiError;
use crate::state::App;
use hzm_job_scheduler::{ExecutorId, JobId};
use serde_json::json;

/// Takes an actor (`job/17`, `executor/3`) out of quarantine and records who did; `false`: it is in none.
///
/// # Errors
/// A failure of ours.
pub async fn release(app: &App, name: &str, operator: &Operator) -> Result<bool, ApiError> {
    may_release(app, name, operator).await?;
    if !app.scheduler.actor_release(name).await? {
        return Ok(false);
    }
    slog::info!(app.log, "actor released"; "actor" => name, "user" => &operator.name);
    let (kind, id) = match name.split_once('/') {
        Some(("job", id)) => ("job", id.parse().unwrap_or(0)),
        Some(("executor", id)) => ("executor", id.parse().unwrap_or(0)),
        _ => ("actor", 0),
    };
    let object = object_name(app, kind, id, name).await?;
    app.store.operation_record(operator.by(app), "release", (kind, id, object), json!({})).await?;
    Ok(true)
}

/// Whether the operator may release an actor: that of a job or an executor belongs to that executor, others to nobody.
async fn may_release(app: &App, name: &str, operator: &Operator) -> Result<(), ApiError> {
    let executor = match name.split_once('/') {
        Some(("job", id)) => match id.parse() {
            Ok(id) => app.store.job_executor(JobId(id)).await?,
            Err(_) => None,
        },
        Some(("executor", id)) => id.parse().ok().map(ExecutorId),
        _ => None,
    };
    match executor {
        Some(executor) => operator.check(executor, Permission::Operate, "actor"),
        // Whoever sees some executors only is told of others and of none alike.
        None => match operator.rights.everywhere(Permission::Operate) {
            Err(Refusal::NotOnAll) => Err(ApiError::no_such("actor")),
            everywhere => everywhere.map_err(|refusal| ApiError::of_access(refusal, "actor")),
        },
    }
}

/// That a job's actor is in quarantine, and why; `None`: it is in none.
pub fn quarantine_of(app: &App, job: JobId) -> Option<ApiError> {
    let reason = app.scheduler.job_quarantine(job)?.reason.to_string();
    Some(ApiError::Quarantined { actor: format!("job/{job}"), reason })
}

/// The name of what the actor stands for; the actor's own where there is none any more.
async fn object_name(app: &App, kind: &str, id: i64, actor: &str) -> Result<String, ApiError> {
    let name = match kind {
        "job" => app.store.job_get(JobId(id)).await?.map(|found| found.job.spec.draft().name.clone()),
        "executor" => app.store.executor_get(ExecutorId(id)).await?.map(|found| found.spec.draft().name.clone()),
        _ => None,
    };
    Ok(name.unwrap_or_else(|| actor.to_owned()))
}
