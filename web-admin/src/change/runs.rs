//! Running now, cancelling, clearing.

use super::actors::quarantine_of;
use super::jobs::of_operator;
use crate::access::Permission;
use crate::auth::{Operator, sha256_hex};
use crate::error::ApiError;
use crate::state::App;
use hzm_job_actors::{CancelOutcome, Ordered, RunOrder};
use hzm_job_scheduler::{JobId, RunId};
use hzm_job_store::ledger::RequestKey;
use hzm_job_store::run_clear::{ClearRule, ClearScope};
use serde_json::json;

/// The longest key under which "run now" may be repeated, in bytes.
const LONGEST_KEY: usize = 128;
/// The longest parameters of one run, in bytes; as long as a job's own.
const LONGEST_PARAMETERS: usize = 65_536;
/// Batches of a thousand that one request clears.
const MOST_BATCHES: usize = 100;

/// What a user wants to run.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Parameters in the place of the job's own.
    pub parameters: Option<String>,
    /// The node that is to run it; none: the job's routing chooses.
    pub node: Option<String>,
    /// The key under which the same wish, and no other one, may be repeated without another run.
    pub request_key: Option<String>,
}

/// The run that a wish led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wished {
    /// The run.
    pub run: RunId,
    /// Whether it was made by an earlier request with the same key.
    pub repeated: bool,
}

/// What clearing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleared {
    /// Runs removed.
    pub removed: i64,
    /// Runs that the rule names and that are still there; ask again.
    pub left: i64,
}

/// Runs a job now, once.
///
/// # Errors
/// Wrong fields, a job or node that does not exist, [`ApiError::KeyReused`], or a failure of ours.
pub async fn run_now(app: &App, job: JobId, wish: Wish, operator: &Operator) -> Result<Wished, ApiError> {
    check(&wish)?;
    let known = of_operator(app, job, Permission::Operate, operator).await?;
    let noted = json!({ "parameters": wish.parameters, "node": wish.node });
    let request = wish.request_key.map(|key| RequestKey { key, asked: Some(sha256_hex(&noted.to_string())) });
    let order = RunOrder {
        job,
        parameters: wish.parameters,
        node: wish.node,
        by: operator.name.clone(),
        request_key: request.clone(),
    };
    let ordered = match app.scheduler.run_now(order).await {
        Ok(ordered) => ordered,
        Err(error) => {
            return Err(quarantine_of(app, job).unwrap_or_else(|| ApiError::of_scheduler(error, &app.store)));
        }
    };
    let wished = match ordered {
        Ordered::Started(run) => Wished { run, repeated: false },
        Ordered::Repeated(run) => return repeated(app, job, run, request).await,
        Ordered::UnknownJob => return Err(ApiError::no_such("job")),
        Ordered::UnknownNode => {
            let detail = "is no node of the job's executor; choose one of its nodes or none";
            return Err(ApiError::field(
                "node",
                "unknown_node",
                detail,
                "不是该执行器的节点，请选择其节点之一，或不指定",
            ));
        }
    };
    let what = ("job", job.0, known.job.spec.draft().name.clone());
    app.store.operation_record(operator.by(app), "run_now", what, noted).await?;
    slog::info!(app.log, "run by hand"; "job" => job.0, "run" => wished.run.0, "user" => &operator.name);
    Ok(wished)
}

/// The run of an earlier request with this key, if that asked for the same.
async fn repeated(app: &App, job: JobId, run: RunId, request: Option<RequestKey>) -> Result<Wished, ApiError> {
    if let Some(request) = request {
        let earlier = app.store.run_request_get(job, request.key).await?;
        // A key that is older than the keeping of hashes is believed.
        let asked = earlier.and_then(|earlier| earlier.asked);
        if asked.is_some() && asked != request.asked {
            return Err(ApiError::KeyReused { run: run.0 });
        }
    }
    Ok(Wished { run, repeated: true })
}

fn check(wish: &Wish) -> Result<(), ApiError> {
    let key = wish.request_key.as_deref().unwrap_or("k");
    if key.is_empty() || key.len() > LONGEST_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ApiError::Malformed(format!(
            "Idempotency-Key must be 1 to {LONGEST_KEY} visible ASCII characters"
        )));
    }
    let found = wish.parameters.as_ref().map_or(0, String::len);
    if found > LONGEST_PARAMETERS {
        let detail = format!("is {found} bytes long; use at most {LONGEST_PARAMETERS}");
        let detail_zh = format!("长度为 {found} 字节，最多允许 {LONGEST_PARAMETERS} 字节");
        return Err(ApiError::field("parameters", "too_long", detail, detail_zh));
    }
    Ok(())
}

/// Cancels a run, or asks its node to.
///
/// # Errors
/// [`ApiError::NotFound`], [`ApiError::Conflict`] when the run has ended, or a failure of ours.
pub async fn cancel(app: &App, run: RunId, operator: &Operator) -> Result<CancelOutcome, ApiError> {
    let known = app.store.run_get(run).await?.ok_or_else(|| ApiError::no_such("run"))?;
    let executor = app.store.job_executor(known.job).await?.ok_or_else(|| ApiError::no_such("run"))?;
    operator.check(executor, Permission::Operate, "run")?;
    let cancelled = app.scheduler.run_cancel(run, operator.name.clone()).await;
    let outcome = cancelled.map_err(|error| ApiError::of_scheduler(error, &app.store))?;
    match &outcome {
        CancelOutcome::UnknownRun => return Err(ApiError::no_such("run")),
        CancelOutcome::AlreadyEnded(state) => {
            return Err(ApiError::Conflict(format!("the run has ended already: {}", state.word())));
        }
        CancelOutcome::Cancelled | CancelOutcome::Asked => {}
    }
    let what = ("run", run.0, run.to_string());
    app.store.operation_record(operator.by(app), "cancel", what, json!({})).await?;
    slog::info!(app.log, "run cancelled by hand"; "run" => run.0, "user" => &operator.name);
    Ok(outcome)
}

/// Whether the operator may clear runs of this scope: those of a job, of an executor, or all.
///
/// The answer is narrowed to jobs of the operator's executors.
async fn may_clear(app: &App, scope: ClearScope, operator: &Operator) -> Result<ClearScope, ApiError> {
    if let Some(executor) = scope.executor {
        operator.check(executor, Permission::Edit, "executor")?;
    }
    if let Some(job) = scope.job {
        let executor = app.store.job_executor(job).await?.ok_or_else(|| ApiError::no_such("job"))?;
        operator.check(executor, Permission::Edit, "job")?;
    }
    if (scope.executor, scope.job) == (None, None) {
        operator.rights.everywhere(Permission::Edit).map_err(|refusal| ApiError::of_access(refusal, "run"))?;
    }
    Ok(ClearScope { within: operator.rights.within(), ..scope })
}

/// How many runs a rule would remove now.
///
/// # Errors
/// A scope that is not the operator's, or what the database says.
pub async fn clear_count(app: &App, rule: ClearRule, scope: ClearScope, operator: &Operator) -> Result<i64, ApiError> {
    let scope = may_clear(app, scope, operator).await?;
    Ok(app.store.run_clear_count(rule, scope, app.now()).await?)
}

/// Removes the runs that a rule names, at most 100,000 at a time, and records how many went.
///
/// # Errors
/// A scope that is not the operator's, or what the database says.
pub async fn clear(app: &App, rule: ClearRule, scope: ClearScope, operator: &Operator) -> Result<Cleared, ApiError> {
    let scope = may_clear(app, scope, operator).await?;
    let now = app.now();
    let mut removed = 0_i64;
    for _ in 0..MOST_BATCHES {
        let batch = app.store.run_clear_batch(rule, scope.clone(), now).await?;
        removed = removed.saturating_add(i64::try_from(batch).unwrap_or(i64::MAX));
        if batch == 0 {
            break;
        }
    }
    let left = app.store.run_clear_count(rule, scope.clone(), now).await?;
    let noted = json!({ "rule": rule, "executor": scope.executor, "job": scope.job, "removed": removed });
    app.store.operation_record(operator.by(app), "clear", ("run", 0, String::new()), noted).await?;
    slog::info!(app.log, "runs cleared"; "removed" => removed, "left" => left, "user" => &operator.name);
    Ok(Cleared { removed, left })
}
