//! Changes to users.

use crate::access::Role;
use crate::auth::{Operator, random_password};
use crate::error::{ApiError, Failure};
use crate::state::App;
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::names::{self, LONGEST_GIVEN};
use hzm_job_store::account::{Account, NewUser, Rights};
use hzm_job_store::account_change::AccountChange;
use hzm_job_store::outcome::Change;
use hzm_job_store::user::LOCAL;
use std::collections::BTreeSet;

const USER: &str = "user";

/// What somebody wants a user to be able to do, checked. An administrator has all executors.
///
/// # Errors
/// A role that there is not.
pub fn rights(role: &str, executors: Option<Vec<i64>>, disabled: bool) -> Result<Rights, ApiError> {
    let Some(role) = Role::of(role) else {
        let known = Role::ALL.map(Role::word).join(", ");
        let detail = format!("must be one of {known}");
        return Err(ApiError::field("role", "unknown_role", detail, format!("必须是 {known} 之一")));
    };
    let granted = |ids: Vec<i64>| ids.into_iter().map(ExecutorId).collect::<BTreeSet<ExecutorId>>();
    let executors = executors.filter(|_| role != Role::Administrator).map(granted);
    Ok(Rights { role: role.word().to_owned(), executors, disabled })
}

/// Creates a user and answers its password, which is told to nobody again.
///
/// # Errors
/// A wrong name, an executor that does not exist, [`ApiError::Taken`], or a failure of ours.
pub async fn create(
    app: &App,
    name: String,
    rights: Rights,
    operator: &Operator,
) -> Result<(Account, String), ApiError> {
    check_name(&name)?;
    let (password, password_hash) = generated(app).await?;
    let new = NewUser { name, password_hash, must_change: true, rights, origin: LOCAL.to_owned(), subject: None };
    let made = match app.store.account_create(new, Some(operator.by(app)), app.now()).await? {
        Change::Done(made) => made,
        Change::NotFound => return Err(no_executor()),
        Change::Taken => return Err(ApiError::Taken { field: "name" }),
        Change::Stale { .. } => return Err(Operator::overtaken()),
        Change::InUse { .. } => return Err(ApiError::Busy),
    };
    slog::info!(app.log, "user created"; "name" => &made.user.name, "role" => &made.user.role, "user" => &operator.name);
    Ok((made, password))
}

/// Changes what a user may do and ends its sessions; `(id, version)` are those that the caller read.
///
/// # Errors
/// Another name, an executor that does not exist, the last administrator, [`ApiError::Stale`], or a failure of ours.
pub async fn update(
    app: &App,
    (id, version): (i64, i64),
    name: Option<&str>,
    rights: Rights,
    operator: &Operator,
) -> Result<Account, ApiError> {
    let known = app.store.account_get(id).await?.ok_or_else(|| ApiError::no_such(USER))?;
    let same = Account::with(known.user.clone(), &Rights { disabled: rights.disabled, ..known.rights() });
    if !known.user.is_local() && Account::with(known.user.clone(), &rights) != same {
        let detail =
            "its role and executors come with each login: change its groups, or the rules in hzm.job.admin.groups";
        return Err(ApiError::field(
            "role",
            "elsewhere",
            detail,
            "角色与执行器由登录时的用户组决定，请修改用户组或 hzm.job.admin.groups 规则",
        ));
    }
    if name.is_some_and(|name| known.user.name != name) {
        let detail = "does not change: create another user, and delete this one";
        return Err(ApiError::field("name", "fixed", detail, "名称不可修改：请新建用户并删除此用户"));
    }
    let changed = app.store.account_update(id, version, rights, operator.by(app)).await;
    app.rights_changed();
    let changed = made(changed?)?;
    slog::info!(app.log, "user changed"; "name" => &changed.user.name, "role" => &changed.user.role,
        "disabled" => changed.user.disabled, "user" => &operator.name);
    Ok(changed)
}

/// Deletes a user and ends its sessions.
///
/// # Errors
/// The last administrator, [`ApiError::NotFound`], or a failure of ours.
pub async fn delete(app: &App, id: i64, operator: &Operator) -> Result<(), ApiError> {
    let gone = app.store.account_delete(id, operator.by(app)).await;
    app.rights_changed();
    let gone = made(gone?)?;
    slog::info!(app.log, "user deleted"; "name" => &gone.user.name, "user" => &operator.name);
    Ok(())
}

/// Gives a user a new password, ends its sessions, and answers the password, which is told to nobody again.
///
/// # Errors
/// [`ApiError::NotFound`], or a failure of ours.
pub async fn generate_password(app: &App, id: i64, operator: &Operator) -> Result<(Account, String), ApiError> {
    let missing = || ApiError::no_such(USER);
    let known = app.store.account_get(id).await?.ok_or_else(missing)?;
    if !known.user.is_local() {
        return Err(ApiError::Conflict(format!("its password is not kept here: {} vouches for it", known.user.origin)));
    }
    let (password, hash) = generated(app).await?;
    let asks = Some((operator.id, operator.version));
    let is_set =
        app.store.user_set_password((id, known.user.version), (hash, true), None, operator.by(app), asks).await;
    app.rights_changed();
    if !is_set? {
        return Err(ApiError::Conflict("it was changed meanwhile; try again".to_owned()));
    }
    slog::info!(app.log, "password generated"; "name" => &known.user.name, "user" => &operator.name);
    let account = app.store.account_get(id).await?.ok_or_else(missing)?;
    Ok((account, password))
}

/// A password and its hash.
async fn generated(app: &App) -> Result<(String, String), ApiError> {
    let password = random_password().map_err(|error| ApiError::Internal(Failure::of(&error)))?;
    let hash = app.passwords.hash(&password).await.map_err(|error| ApiError::Unavailable(Failure::of(&error)))?;
    Ok((password, hash))
}

fn check_name(name: &str) -> Result<(), ApiError> {
    if names::can_be_given(name) {
        return Ok(());
    }
    let detail = format!(
        "must be 1 to {LONGEST_GIVEN} characters, without blanks around it, and without brackets or characters that cannot be seen"
    );
    let detail_zh = format!("应为 1 至 {LONGEST_GIVEN} 个字符，首尾不能有空格，不能含括号或不可见字符");
    Err(ApiError::field("name", "malformed", detail, detail_zh))
}

fn no_executor() -> ApiError {
    let detail = "names an executor that does not exist; read /api/v1/executors";
    ApiError::field("executors", "unknown_executor", detail, "包含不存在的执行器")
}

fn made(change: AccountChange) -> Result<Account, ApiError> {
    match change {
        AccountChange::Done(account) => Ok(account),
        AccountChange::NotFound => Err(ApiError::no_such(USER)),
        AccountChange::Stale { version } => Err(ApiError::Stale { version }),
        AccountChange::NoExecutor => Err(no_executor()),
        AccountChange::Overtaken => Err(Operator::overtaken()),
        AccountChange::LastAdministrator => {
            let why = "it is the last administrator who can log in; make another one first";
            Err(ApiError::Conflict(why.to_owned()))
        }
    }
}
