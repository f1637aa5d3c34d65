//! `/users`: who may log in, and what each may do on which executors.

use super::{definition, required};
use crate::auth::Operator;
use crate::change::users as change;
use crate::error::ApiError;
use crate::extract::{Body, Nothing, Query};
use crate::state::App;
use crate::views::ListView;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use hzm_job_store::account::Account;
use hzm_job_store::columns::moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A user; no password is ever shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    /// Its number.
    pub id: i64,
    /// The version to name when changing it.
    pub version: i64,
    /// The name to log in with.
    pub name: String,
    /// `viewer`, `operator`, `editor` or `administrator`.
    pub role: String,
    /// The executors it may see and work on; null: all of them, those to come too. An administrator always has all.
    pub executors: Option<Vec<i64>>,
    /// Whether it may not log in.
    pub disabled: bool,
    /// Whether it has to change its password before anything else.
    pub must_change: bool,
    /// Who vouches for it: `local` (a password here), `ldap` or `oidc`.
    pub origin: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl UserView {
    const READ_ONLY: [&'static str; 5] = ["id", "must_change", "origin", "created_at", "updated_at"];
}

impl From<Account> for UserView {
    fn from(account: Account) -> UserView {
        let executors = account.executors.iter().map(|executor| executor.0).collect();
        let user = account.user;
        UserView {
            id: user.id,
            version: user.version,
            name: user.name,
            role: user.role,
            executors: (!user.all_executors).then_some(executors),
            disabled: user.disabled,
            must_change: user.must_change,
            origin: user.origin,
            created_at: moment(user.created_at),
            updated_at: moment(user.updated_at),
        }
    }
}

/// A user to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserInput {
    /// The name to log in with, 1 to 128 characters.
    name: String,
    /// `viewer`, `operator`, `editor` or `administrator`.
    role: String,
    /// The executors it may see and work on; null or left out: all of them.
    #[serde(default)]
    executors: Option<Vec<i64>>,
}

/// What a user may do from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserUpdate {
    /// The name; it does not change.
    #[serde(default)]
    name: Option<String>,
    /// `viewer`, `operator`, `editor` or `administrator`.
    role: String,
    /// The executors it may see and work on; null: all of them. Must be there: what is left out by mistake must grant nothing.
    #[serde(deserialize_with = "Option::deserialize")]
    executors: Option<Vec<i64>>,
    /// Whether it may not log in.
    disabled: bool,
}

/// A new user, or an old one with a new password.
#[derive(Serialize, ToSchema)]
pub struct UserWithPassword {
    #[serde(flatten)]
    user: UserView,
    /// The generated password, shown this once; to be changed at the first login.
    password: String,
}

/// Lists all users by their names.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", responses((status = 200, body = ListView<UserView>)))]
pub async fn list(
    app: web::Data<App>,
    _operator: Operator,
    _nothing: Query<Nothing>,
) -> Result<web::Json<ListView<UserView>>, ApiError> {
    let all = app.store.account_list().await?;
    Ok(web::Json(ListView::whole(all.into_iter().map(UserView::from).collect())))
}

/// Creates a user with a generated password, answered this once.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = UserInput,
    responses((status = 201, body = UserWithPassword)))]
pub async fn create(app: web::Data<App>, operator: Operator, input: Body<UserInput>) -> Result<HttpResponse, ApiError> {
    let UserInput { name, role, executors } = input.0;
    let rights = change::rights(&role, executors, false)?;
    let (made, password) = change::create(&app, name, rights, &operator).await?;
    let place = format!("/api/v1/users/{}", made.user.id);
    Ok(HttpResponse::Created().insert_header((LOCATION, place)).json(UserWithPassword { user: made.into(), password }))
}

/// Reads a user.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "users", params(("id" = i64, Path)), responses((status = 200, body = UserView)))]
pub async fn read(
    app: web::Data<App>,
    _operator: Operator,
    id: web::Path<i64>,
    _nothing: Query<Nothing>,
) -> Result<web::Json<UserView>, ApiError> {
    let found = app.store.account_get(*id).await?;
    found.map(|account| web::Json(account.into())).ok_or_else(|| ApiError::no_such("user"))
}

/// Changes what a user may do and ends its sessions; `version` must be the one that was read.
#[utoipa::path(put, path = "/api/v1/users/{id}", tag = "users", params(("id" = i64, Path)), request_body = super::schema::UserChange,
    responses((status = 200, body = UserView)))]
pub async fn update(
    app: web::Data<App>,
    operator: Operator,
    id: web::Path<i64>,
    body: Body<Value>,
) -> Result<web::Json<UserView>, ApiError> {
    let (version, input) = definition::<UserUpdate>(body.0, &UserView::READ_ONLY)?;
    let UserUpdate { name, role, executors, disabled } = input;
    let rights = change::rights(&role, executors, disabled)?;
    let changed = change::update(&app, (*id, required(version)?), name.as_deref(), rights, &operator).await?;
    Ok(web::Json(changed.into()))
}

/// Deletes a user and ends its sessions; what it did stays in the operation log. One of a directory or provider comes about again with its
/// next login: to keep it out, change it to `disabled`.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users", params(("id" = i64, Path)), responses((status = 204)))]
pub async fn delete(app: web::Data<App>, operator: Operator, id: web::Path<i64>) -> Result<HttpResponse, ApiError> {
    change::delete(&app, *id, &operator).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives a user a generated password, answered this once, and ends its sessions.
#[utoipa::path(post, path = "/api/v1/users/{id}/password", tag = "users", params(("id" = i64, Path)),
    responses((status = 200, body = UserWithPassword)))]
pub async fn generate_password(
    app: web::Data<App>,
    operator: Operator,
    id: web::Path<i64>,
) -> Result<web::Json<UserWithPassword>, ApiError> {
    let (account, password) = change::generate_password(&app, *id, &operator).await?;
    Ok(web::Json(UserWithPassword { user: account.into(), password }))
}
