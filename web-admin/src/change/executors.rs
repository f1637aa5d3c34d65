//! Changes to executors.

use super::tell;
use crate::access::Permission;
use crate::auth::Operator;
use crate::error::{ApiError, changed};
use crate::state::App;
use chrono::TimeDelta;
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::egress::Forbidden;
use hzm_job_scheduler::executor::{ExecutorDraft, ExecutorSpec};
use hzm_job_scheduler::liveness::NodeState;
use hzm_job_store::executor::Executor;
use serde_json::json;

const EXECUTOR: &str = "executor";
const UNIQUE: &str = "app_key";
/// The longest time for which a secret that was replaced may stay good.
pub const LONGEST_OVERLAP: TimeDelta = TimeDelta::days(30);

/// Creates an executor.
///
/// # Errors
/// The draft's problems, [`ApiError::Taken`] when its app key is, or a failure of ours.
pub async fn create(app: &App, draft: ExecutorDraft, operator: &Operator) -> Result<Executor, ApiError> {
    administers(operator)?;
    let spec = checked(app, draft)?;
    let made = changed(app.store.executor_create(spec, operator.by(app)).await?, EXECUTOR, UNIQUE)?;
    told(app, made, operator, "executor created").await
}

/// Replaces an executor's definition, its secret among it; `version` is the one that the caller read. A secret that is replaced stays
/// good for `overlap`; not at all where that is zero.
///
/// # Errors
/// The draft's problems, an overlap that is longer than [`LONGEST_OVERLAP`], [`ApiError::Stale`], [`ApiError::Taken`], or a failure of ours.
pub async fn update(
    app: &App,
    (id, version): (ExecutorId, i64),
    draft: ExecutorDraft,
    overlap: TimeDelta,
    operator: &Operator,
) -> Result<Executor, ApiError> {
    administers(operator)?;
    let spec = checked(app, draft)?;
    if !(TimeDelta::zero()..=LONGEST_OVERLAP).contains(&overlap) {
        let detail = format!("must be 0 to {} seconds", LONGEST_OVERLAP.num_seconds());
        let detail_zh = format!("应为 0 至 {} 秒", LONGEST_OVERLAP.num_seconds());
        return Err(ApiError::field("former_secret_good_for_s", "out_of_range", detail, detail_zh));
    }
    let until = Some(app.now() + overlap).filter(|_| overlap > TimeDelta::zero());
    let updated = app.store.executor_update((id, version), spec, until, operator.by(app)).await?;
    let made = changed(updated, EXECUTOR, UNIQUE)?;
    told(app, made, operator, "executor changed").await
}

/// Deletes an executor that has no jobs.
///
/// # Errors
/// [`ApiError::NotFound`], [`ApiError::InUse`], or a failure of ours.
pub async fn delete(app: &App, id: ExecutorId, operator: &Operator) -> Result<Executor, ApiError> {
    administers(operator)?;
    let gone = changed(app.store.executor_delete(id, operator.by(app)).await?, EXECUTOR, UNIQUE)?;
    told(app, gone, operator, "executor deleted").await
}

/// Forgets a node that registered itself and is offline; it comes back when it registers again.
///
/// # Errors
/// [`ApiError::NotFound`], [`ApiError::Conflict`] for a node that is not offline or was entered by hand, or a failure of
/// ours.
pub async fn forget_node(app: &App, id: ExecutorId, node: i64, operator: &Operator) -> Result<(), ApiError> {
    let executor = app.store.executor_get(id).await?.ok_or_else(|| ApiError::no_such(EXECUTOR))?;
    operator.check(id, Permission::Operate, EXECUTOR)?;
    let nodes = app.store.node_list(Some(id)).await?;
    let node = nodes.into_iter().find(|known| known.id == node).ok_or_else(|| ApiError::no_such("node"))?;
    if node.manual || node.state != NodeState::Offline {
        let why = "only a node that registered itself and is offline can be forgotten; one entered by hand goes by editing its executor";
        return Err(ApiError::Conflict(why.to_owned()));
    }
    app.scheduler.node_offline(id, node.address.clone()).await?;
    let what = (EXECUTOR, id.0, executor.spec.draft().name.clone());
    app.store.operation_record(operator.by(app), "forget_node", what, json!({ "node": node.address })).await?;
    slog::info!(app.log, "node forgotten"; "executor" => id.0, "node" => &node.address, "user" => &operator.name);
    Ok(())
}

/// The draft's own problems, and addresses that no executor may have here.
fn checked(app: &App, draft: ExecutorDraft) -> Result<ExecutorSpec, ApiError> {
    let spec = draft.check()?;
    match spec.draft().addresses.iter().find_map(|address| app.egress.check_node(address).err()) {
        None => Ok(spec),
        Some(forbidden) => {
            let detail_zh = match forbidden {
                Forbidden::Denied(address, network) => {
                    format!("{address} 位于 {network}，hzm.job.admin.egress.deny 不允许执行器使用该网段")
                }
                Forbidden::NotAllowed(address) => {
                    format!("{address} 不在 hzm.job.admin.egress.allow 列出的任何网段内")
                }
            };
            Err(ApiError::field("addresses", "forbidden_address", forbidden.to_string(), detail_zh))
        }
    }
}

fn administers(operator: &Operator) -> Result<(), ApiError> {
    operator.rights.hold(Permission::Administer).map_err(|refusal| ApiError::of_access(refusal, EXECUTOR))
}

async fn told(app: &App, made: Executor, operator: &Operator, what: &'static str) -> Result<Executor, ApiError> {
    let id = made.id;
    slog::info!(app.log, "{}", what; "executor" => id.0, "user" => &operator.name);
    tell(app, || app.scheduler.executor_changed(id)).await?;
    Ok(made)
}
