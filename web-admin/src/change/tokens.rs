//! Tokens for programs: made and ended by their user.

use crate::access::Role;
use crate::auth::{Operator, random_token, sha256_hex};
use crate::error::{ApiError, Failure};
use crate::state::App;
use chrono::TimeDelta;
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::names::{self, LONGEST_GIVEN};
use hzm_job_store::token::{MOST_TOKENS, MadeToken, NewToken, Token};
use std::collections::BTreeSet;

/// The longest life, in days.
pub const MOST_DAYS: i64 = 366;

/// A token that somebody wants.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What it is for.
    pub name: String,
    /// The word of the role it may use at most.
    pub role: String,
    /// The executors it may be used for; `None`: all that its user may work on.
    pub executors: Option<Vec<i64>>,
    /// For how many days it holds.
    pub days: i64,
}

/// Why users for whom somebody else vouches make no tokens.
pub(crate) const NO_TOKENS: &str = "tokens are for users with a password here; have one made for the program";

/// Whether somebody may make tokens: those of others would outlive what their directory or provider says of them.
///
/// # Errors
/// [`ApiError::Forbidden`] with the reason.
pub(crate) fn admit(operator: &Operator) -> Result<(), ApiError> {
    if operator.is_local { Ok(()) } else { Err(ApiError::Forbidden(NO_TOKENS)) }
}

/// Makes a token and answers it, which is told to nobody again.
///
/// # Errors
/// Wrong fields, too many tokens, or a failure of ours.
pub async fn create(app: &App, wanted: Wanted, operator: &Operator) -> Result<(Token, String), ApiError> {
    let Wanted { name, role, executors, days } = wanted;
    admit(operator)?;
    check_name(&name)?;
    let role = check_role(&role, operator)?;
    let executors = match executors {
        Some(ids) => Some(check_executors(app, ids, operator).await?),
        None => None,
    };
    if !(1..=MOST_DAYS).contains(&days) {
        let detail = format!("must be 1 to {MOST_DAYS}");
        return Err(ApiError::field("days", "out_of_range", detail, format!("应为 1 至 {MOST_DAYS}")));
    }
    let secret = random_token().map_err(|error| ApiError::Internal(Failure::of(&error)))?;
    let expires_at = app.now() + TimeDelta::days(days);
    let new = NewToken {
        user: operator.id,
        user_version: operator.version,
        name,
        token_hash: sha256_hex(&secret),
        role: role.word().to_owned(),
        executors,
        expires_at,
    };
    let made = match app.store.token_create(new, operator.by(app)).await? {
        MadeToken::Done(made) => made,
        MadeToken::TooMany => return Err(too_many()),
        MadeToken::Overtaken => return Err(Operator::overtaken()),
    };
    slog::info!(app.log, "token created"; "token" => made.id, "user" => &operator.name);
    Ok((made, secret))
}

/// Ends a token of the operator's.
///
/// # Errors
/// [`ApiError::NotFound`], or a failure of ours.
pub async fn delete(app: &App, id: i64, operator: &Operator) -> Result<(), ApiError> {
    let ended = app.store.token_delete(operator.id, id, operator.by(app)).await;
    app.rights_changed();
    ended?.ok_or_else(|| ApiError::no_such("token"))?;
    slog::info!(app.log, "token ended"; "token" => id, "user" => &operator.name);
    Ok(())
}

fn check_name(name: &str) -> Result<(), ApiError> {
    if names::can_be_given(name) {
        return Ok(());
    }
    let detail = format!(
        "say in 1 to {LONGEST_GIVEN} characters what it is for, without blanks around them, and without brackets or characters that \
         cannot be seen"
    );
    let detail_zh = format!("请用 1 至 {LONGEST_GIVEN} 个字符说明用途，首尾不能有空格，不能含括号或不可见字符");
    Err(ApiError::field("name", "malformed", detail, detail_zh))
}

fn check_role(role: &str, operator: &Operator) -> Result<Role, ApiError> {
    match Role::of(role).filter(|role| *role <= operator.rights.role) {
        Some(role) => Ok(role),
        None => {
            let own = operator.rights.role;
            let known: Vec<&str> = Role::ALL.into_iter().filter(|role| *role <= own).map(Role::word).collect();
            let known = known.join(", ");
            let detail = format!("must be one of {known}: a token may do no more than you");
            Err(ApiError::field(
                "role",
                "unknown_role",
                detail,
                format!("必须是 {known} 之一，令牌的权限不能超过您自己"),
            ))
        }
    }
}

async fn check_executors(app: &App, ids: Vec<i64>, operator: &Operator) -> Result<Vec<ExecutorId>, ApiError> {
    let there = app.store.executor_list().await?;
    let is_there = |id: &ExecutorId| there.iter().any(|executor| executor.id == *id) && operator.rights.sees(*id);
    let ids: BTreeSet<ExecutorId> = ids.into_iter().map(ExecutorId).collect();
    if ids.iter().all(is_there) {
        return Ok(ids.into_iter().collect());
    }
    let detail = "names an executor that does not exist; read /api/v1/executors";
    Err(ApiError::field("executors", "unknown_executor", detail, "包含不存在的执行器"))
}

fn too_many() -> ApiError {
    ApiError::Conflict(format!("you have {MOST_TOKENS} tokens; end one first"))
}
