//! Changes to executors.

use super::tell;
use crate::auth::Operator;
use crate::error::{ApiError, changed};
use crate::state::App;
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::executor::ExecutorDraft;
use hzm_job_store::executor::Executor;

const EXECUTOR: &str = "executor";
const UNIQUE: &str = "app_key";

/// Creates an executor.
///
/// # Errors
/// The draft's problems, [`ApiError::Taken`] when its app key is, or a failure of ours.
pub async fn create(app: &App, draft: ExecutorDraft, operator: &Operator) -> Result<Executor, ApiError> {
    let spec = draft.check()?;
    let made = changed(app.store.executor_create(spec, operator.by(app)).await?, EXECUTOR, UNIQUE)?;
    told(app, made, operator, "executor created").await
}

/// Replaces an executor's definition, its secret among it; `version` is the one that the caller read.
///
/// # Errors
/// The draft's problems, [`ApiError::Stale`], [`ApiError::Taken`], or a failure of ours.
pub async fn update(
    app: &App,
    id: ExecutorId,
    version: i64,
    draft: ExecutorDraft,
    operator: &Operator,
) -> Result<Executor, ApiError> {
    let spec = draft.check()?;
    let made = changed(app.store.executor_update(id, version, spec, operator.by(app)).await?, EXECUTOR, UNIQUE)?;
    told(app, made, operator, "executor changed").await
}

/// Deletes an executor that has no jobs.
///
/// # Errors
/// [`ApiError::NotFound`], [`ApiError::InUse`], or a failure of ours.
pub async fn delete(app: &App, id: ExecutorId, operator: &Operator) -> Result<Executor, ApiError> {
    let gone = changed(app.store.executor_delete(id, operator.by(app)).await?, EXECUTOR, UNIQUE)?;
    told(app, gone, operator, "executor deleted").await
}

async fn told(app: &App, made: Executor, operator: &Operator, what: &'static str) -> Result<Executor, ApiError> {
    let id = made.id;
    slog::info!(app.log, "{}", what; "executor" => id.0, "user" => &operator.name);
    tell(app, || app.scheduler.executor_changed(id)).await?;
    Ok(made)
}
