//! Releasing actors from quarantine.

use crate::auth::Operator;
use crate::error::ApiError;
use crate::state::App;
use hzm_job_scheduler::JobId;
use serde_json::json;

/// Takes an actor (`job/17`, `executor/3`) out of quarantine and records who did; `false`: it is in none.
///
/// # Errors
/// A failure of ours.
pub async fn release(app: &App, name: &str, operator: &Operator) -> Result<bool, ApiError> {
    if !app.scheduler.actor_release(name).await? {
        return Ok(false);
    }
    slog::info!(app.log, "actor released"; "actor" => name, "user" => &operator.name);
    let (kind, id) = match name.split_once('/') {
        Some(("job", id)) => ("job", id.parse().unwrap_or(0)),
        Some(("executor", id)) => ("executor", id.parse().unwrap_or(0)),
        _ => ("actor", 0),
    };
    app.store.operation_record(operator.by(app), "release", (kind, id, name.to_owned()), json!({})).await?;
    Ok(true)
}

/// Why a job's actor is in quarantine; `None`: it is in none. Asked for only after something went wrong.
pub(super) async fn quarantine_of(app: &App, job: JobId) -> Option<ApiError> {
    let name = format!("job/{job}");
    let found = app.scheduler.actors().await.into_iter().find(|actor| actor.name == name)?;
    let reason = found.last_error.unwrap_or_else(|| "no reason is known".to_owned());
    (found.state == "quarantined").then_some(ApiError::Quarantined { actor: name, reason })
}
