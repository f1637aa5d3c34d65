//! Many jobs created in one request, each judged on its own.

use super::jobs::{checked, may_be_of, no_executor};
use super::tell;
use crate::auth::{Operator, sha256_hex};
use crate::error::ApiError;
use crate::state::App;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::job::JobDraft;
use hzm_job_store::job_import::{Created, NewJob};

/// The longest key of an item, in bytes.
const LONGEST_KEY: usize = 128;

/// A job that somebody wants.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What it does.
    pub draft: JobDraft,
    /// Whether it is started at once.
    pub start: bool,
    /// The key under which the same, and nothing else, may be asked for again.
    pub key: Option<String>,
}

/// The job that an item led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// The job.
    pub id: JobId,
    /// Whether it was made by an earlier request with the same key.
    pub repeated: bool,
}

/// Creates all that can be created, and says of each item what became of it.
///
/// # Errors
/// A failure of ours that concerns all of them; with [`ApiError::SavedOnly`] they are created.
pub async fn create(
    app: &App,
    wanted: Vec<Result<Wanted, ApiError>>,
    operator: &Operator,
) -> Result<Vec<Result<Made, ApiError>>, ApiError> {
    let judged: Vec<Result<NewJob, ApiError>> =
        wanted.into_iter().map(|wanted| wanted.and_then(|wanted| judge(app, wanted, operator))).collect();
    let new: Vec<NewJob> = judged.iter().flatten().cloned().collect();
    let created = app.store.job_create_all(new, operator.by(app)).await?;
    let made = created.iter().filter_map(|created| match created {
        Created::Made(stored) => Some((stored.job.id, stored.job.enabled)),
        _ => None,
    });
    let made: Vec<(JobId, bool)> = made.collect();
    // One that is new and stopped concerns no actor.
    let started: Vec<JobId> = made.iter().filter(|(_, enabled)| *enabled).map(|(id, _)| *id).collect();
    slog::info!(app.log, "jobs created"; "jobs" => made.len(), "started" => started.len(),
        "first" => made.first().map(|(id, _)| id.0), "user" => &operator.name);
    tell(app, || app.scheduler.jobs_changed(&started)).await?;
    let mut created = created.into_iter();
    let mut answers = Vec::with_capacity(judged.len());
    for judged in judged {
        answers.push(match judged {
            Ok(_) => answer(app, created.next(), operator).await,
            Err(refusal) => Err(refusal),
        });
    }
    Ok(answers)
}

fn judge(app: &App, wanted: Wanted, operator: &Operator) -> Result<NewJob, ApiError> {
    let key = wanted.key.map(checked_key).transpose()?;
    let asked = key.as_ref().map(|_| asked(&wanted.draft, wanted.start));
    let spec = checked(wanted.draft)?;
    may_be_of(spec.draft().executor, operator)?;
    spec.check_start(app.now())?;
    Ok(NewJob { spec, enabled: wanted.start, key: key.zip(asked) })
}

fn checked_key(key: String) -> Result<String, ApiError> {
    if (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(key);
    }
    let detail = format!("must be 1 to {LONGEST_KEY} visible ASCII characters");
    Err(ApiError::field("key", "malformed", detail, format!("应为 1 至 {LONGEST_KEY} 个可见的 ASCII 字符")))
}

fn asked(draft: &JobDraft, start: bool) -> String {
    sha256_hex(&format!("{start} {}", serde_json::to_string(draft).unwrap_or_default()))
}

async fn answer(app: &App, created: Option<Created>, operator: &Operator) -> Result<Made, ApiError> {
    match created {
        Some(Created::Made(stored)) => Ok(Made { id: stored.job.id, repeated: false }),
        Some(Created::Existed(id) | Created::KeyReused(id)) if !is_seen(app, id, operator).await? => {
            let detail = "this key was used for another job; use a new key for a new job";
            Err(ApiError::field("key", "reused", detail, "该键已用于其他任务，请为新任务使用新的键"))
        }
        Some(Created::Existed(id)) => Ok(Made { id, repeated: true }),
        Some(Created::KeyReused(id)) => {
            let detail = format!(
                "this key created job {id}, which was asked for with another definition; send that again as it was, or use a \
                 new key for a new job"
            );
            let detail_zh = format!("该键已用于以不同定义创建的任务 {id}，请原样重发该请求，或为新任务使用新的键");
            Err(ApiError::field("key", "reused", detail, detail_zh))
        }
        Some(Created::NoExecutor(executor)) => Err(no_executor(executor)),
        None => Err(ApiError::Busy),
    }
}

/// Whether a job exists for the operator.
async fn is_seen(app: &App, id: JobId, operator: &Operator) -> Result<bool, ApiError> {
    Ok(app.store.job_executor(id).await?.is_some_and(|executor| operator.rights.sees(executor)))
}
