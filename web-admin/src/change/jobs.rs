//! Changes to jobs.

use super::tell;
use crate::access::{Permission, Refusal};
use crate::auth::Operator;
use crate::error::{ApiError, changed};
use crate::state::App;
use hzm_job_scheduler::job::{Delivery, JobDraft, JobSpec};
use hzm_job_scheduler::retry::RetryOn;
use hzm_job_scheduler::{ExecutorId, JobId};
use hzm_job_store::StoreError;
use hzm_job_store::job::StoredJob;
use hzm_job_store::outcome::Change;

const JOB: &str = "job";
/// Jobs have no unique field; their executor must exist, which is the only thing that a created job can lack.
const UNIQUE: &str = "name";

/// Creates a job, stopped.
///
/// # Errors
/// The draft's problems, an executor that does not exist, or a failure of ours.
pub async fn create(app: &App, draft: JobDraft, operator: &Operator) -> Result<StoredJob, ApiError> {
    let spec = checked(draft)?;
    spec.check_start(app.now())?;
    let executor = spec.draft().executor;
    may_be_of(executor, operator)?;
    // It is new and stopped, so there is nobody to be told of it.
    let job = match app.store.job_create(spec, operator.by(app)).await? {
        Change::NotFound => return Err(no_executor(executor)),
        other => changed(other, JOB, UNIQUE)?,
    };
    slog::info!(app.log, "job created"; "job" => job.job.id.0, "user" => &operator.name);
    Ok(job)
}

/// Replaces a job's definition; `version` is the one that the caller read.
///
/// # Errors
/// The draft's problems, [`ApiError::Stale`], or a failure of ours.
pub async fn update(
    app: &App,
    id: JobId,
    version: i64,
    draft: JobDraft,
    operator: &Operator,
) -> Result<StoredJob, ApiError> {
    let before = of_operator(app, id, Permission::Edit, operator).await?;
    let spec = of_executor(app, checked(draft)?, operator).await?;
    // A job whose moment has passed may still be renamed.
    if before.job.spec.draft().schedule != spec.draft().schedule {
        spec.check_start(app.now())?;
    }
    let job = held(app, id, || app.store.job_update(id, version, spec, operator.by(app))).await?;
    told(app, job, operator, "job changed").await
}

/// Starts or stops a job; one that is so already stays so.
///
/// # Errors
/// [`ApiError::NotFound`], [`ApiError::Fields`] for a start after which it would never fire, or a failure of ours.
pub async fn enable(app: &App, id: JobId, enabled: bool, operator: &Operator) -> Result<StoredJob, ApiError> {
    let before = of_operator(app, id, Permission::Operate, operator).await?;
    if enabled && !before.job.enabled {
        before.job.spec.check_start(app.now())?;
    }
    let job = held(app, id, || app.store.job_enable(id, enabled, operator.by(app))).await?;
    told(app, job, operator, if enabled { "job started" } else { "job stopped" }).await
}

/// Deletes a job; its runs stay until they are cleared.
///
/// # Errors
/// [`ApiError::NotFound`], or a failure of ours.
pub async fn delete(app: &App, id: JobId, operator: &Operator) -> Result<StoredJob, ApiError> {
    of_operator(app, id, Permission::Edit, operator).await?;
    let job = held(app, id, || app.store.job_delete(id, operator.by(app))).await?;
    told(app, job, operator, "job deleted").await
}

/// The checked definition.
pub(super) fn checked(draft: JobDraft) -> Result<JobSpec, ApiError> {
    let spec = draft.check()?;
    vain_retries(spec.draft()).map_or(Ok(spec), Err)
}

/// The job, if the operator may do this to it.
pub(super) async fn of_operator(
    app: &App,
    id: JobId,
    permission: Permission,
    operator: &Operator,
) -> Result<StoredJob, ApiError> {
    let job = app.store.job_get(id).await?.ok_or_else(|| ApiError::no_such(JOB))?;
    operator.check(job.job.spec.draft().executor, permission, JOB)?;
    Ok(job)
}

/// Whether the operator may have a job of this executor. One that was not granted is told like one that does not exist.
pub(super) fn may_be_of(executor: ExecutorId, operator: &Operator) -> Result<(), ApiError> {
    match operator.rights.on(executor, Permission::Edit) {
        Ok(()) => Ok(()),
        Err(Refusal::Unseen) => Err(no_executor(executor)),
        Err(refusal) => Err(ApiError::of_access(refusal, JOB)),
    }
}

/// The definition, if its executor exists for the operator.
async fn of_executor(app: &App, spec: JobSpec, operator: &Operator) -> Result<JobSpec, ApiError> {
    let executor = spec.draft().executor;
    may_be_of(executor, operator)?;
    app.store.executor_get(executor).await?.map(|_| spec).ok_or_else(|| no_executor(executor))
}

/// Retries that no outcome would ever lead to. Refused here and not by the draft itself: a stored job may have them.
fn vain_retries(draft: &JobDraft) -> Option<ApiError> {
    let leads = |on: &RetryOn| *on != RetryOn::Lost || draft.delivery == Delivery::AtLeastOnce;
    if draft.retry.retries == 0 || draft.retry.on.iter().any(leads) {
        return None;
    }
    let (detail, detail_zh) = match draft.retry.on.as_slice() {
        [] => (
            "nothing would be tried again: choose at least one outcome, or 0 retries",
            "不会触发任何重试：请至少选择一种结果，或将重试次数设为 0",
        ),
        _ => (
            "nothing would be tried again: a lost run of an at_most_once job never is; choose another outcome, or 0 retries",
            "不会触发任何重试：至多一次投递的任务丢失后不重试，请选择其他结果，或将重试次数设为 0",
        ),
    };
    Some(ApiError::field("retry.on", "never_retries", detail, detail_zh))
}

pub(super) fn no_executor(id: ExecutorId) -> ApiError {
    let detail = format!("there is no executor {id}; choose another one");
    ApiError::field("executor", "unknown_executor", detail, format!("执行器 {id} 不存在，请选择其他执行器"))
}

/// Changes a job, which fires nothing until it is known how that came out. The change is dated by `write`, when the job is held.
async fn held<W>(app: &App, id: JobId, write: impl FnOnce() -> W) -> Result<StoredJob, ApiError>
where
    W: Future<Output = Result<Change<StoredJob>, StoreError>>,
{
    let hold = app.scheduler.job_hold(id);
    let written = write().await?;
    match &written {
        Change::Done(job) => hold.changed(job.job.version),
        _ => hold.unchanged(),
    }
    changed(written, JOB, UNIQUE)
}

async fn told(app: &App, job: StoredJob, operator: &Operator, what: &'static str) -> Result<StoredJob, ApiError> {
    let id = job.job.id;
    slog::info!(app.log, "{}", what; "job" => id.0, "user" => &operator.name);
    tell(app, || app.scheduler.job_changed(id)).await?;
    Ok(job)
}
