//! `/session`: logging in and out.

use crate::access::Reach;
use crate::auth::{LoginRefusal, Operator, PasswordRefusal, Unwanted, change_password, log_in, log_out};
use crate::edge::client;
use crate::error::ApiError;
use crate::extract::Body;
use crate::state::App;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Seconds after which a refused client may come again: the window in which failures count.
const COME_AGAIN_AFTER: u64 = 900;

/// Who wants to log in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The user's name.
    name: String,
    /// The user's password.
    password: String,
}

/// Who is logged in, and what the user may do.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// The user's name.
    pub name: String,
    /// What to send in the header `X-CSRF-Token` with every call that changes something.
    pub csrf: String,
    /// `viewer`, `operator`, `editor` or `administrator`.
    pub role: &'static str,
    /// The executors that the user may see and work on; null: all of them.
    pub executors: Option<Vec<i64>>,
    /// Whether the password is to be changed before anything else.
    pub must_change: bool,
}

impl From<&Operator> for SessionView {
    fn from(operator: &Operator) -> SessionView {
        SessionView {
            name: operator.name.clone(),
            csrf: operator.csrf().to_owned(),
            role: operator.rights.role.word(),
            executors: match &operator.rights.reach {
                Reach::All => None,
                Reach::Only(granted) => Some(granted.iter().map(|executor| executor.0).collect()),
            },
            must_change: operator.must_change,
        }
    }
}

/// What logging in answers; `GET /session` tells the rest.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoginView {
    /// The user's name.
    pub name: String,
    /// What to send in the header `X-CSRF-Token` with every call that changes something.
    pub csrf: String,
}

/// Logs in: sets the session's cookie and answers what to send in `X-CSRF-Token`.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = Login,
    responses((status = 200, body = LoginView)), security(()))]
pub async fn open(request: HttpRequest, app: web::Data<App>, login: Body<Login>) -> Result<HttpResponse, ApiError> {
    let address = client::text(&request);
    let Login { name, password } = login.0;
    let cookie = log_in(&app, &name, &password, &address).await.map_err(|refusal| match refusal {
        // That somebody is disabled is told to no program: with or without a directory it is the same answer.
        LoginRefusal::Wrong | LoginRefusal::Unwanted { why: Unwanted::Disabled, .. } => ApiError::WrongLogin,
        LoginRefusal::Unwanted { why, .. } => ApiError::Forbidden(why.told()),
        LoginRefusal::Away => ApiError::NotVouched(
            "the directory that knows you cannot be asked right now; users with a password here can log in",
        ),
        LoginRefusal::Distrusted | LoginRefusal::GivenUp | LoginRefusal::NotBegun => ApiError::NotVouched(
            "what the directory answered was refused here; an administrator finds the reason in the admin's log",
        ),
        LoginRefusal::TooMany => ApiError::TooManyAttempts { retry_after: COME_AGAIN_AFTER },
        LoginRefusal::TooOften { retry_after } => ApiError::TooManyLogins { retry_after },
        LoginRefusal::Unavailable(error) => error,
    })?;
    let csrf = crate::auth::csrf_of(cookie.value());
    Ok(HttpResponse::Ok().cookie(cookie).json(LoginView { name, csrf }))
}

/// Tells who is logged in, and what the user may do.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses((status = 200, body = SessionView)))]
pub async fn read(operator: Operator) -> web::Json<SessionView> {
    web::Json(SessionView::from(&operator))
}

/// The old password and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The present password.
    old: String,
    /// The password to come, at least 8 characters and at most 256 bytes long.
    new: String,
}

/// Changes one's own password and ends all other sessions of the same user.
#[utoipa::path(put, path = "/api/v1/session/password", tag = "session", request_body = NewPassword,
    responses((status = 204)))]
pub async fn set_password(
    app: web::Data<App>,
    operator: Operator,
    input: Body<NewPassword>,
) -> Result<HttpResponse, ApiError> {
    let NewPassword { old, new } = input.0;
    let done = change_password(&app, &operator, &old, &new).await;
    done.map_err(|refusal| match refusal {
        PasswordRefusal::Wrong => ApiError::field("old", "wrong", "is not the present password", "当前密码不正确"),
        PasswordRefusal::Same => {
            let detail = "is the present password; choose another one";
            ApiError::field("new", "same", detail, "与当前密码相同，请另选一个")
        }
        PasswordRefusal::Elsewhere => {
            ApiError::Conflict("your password is not kept here; change it where you log in".to_owned())
        }
        PasswordRefusal::Overtaken => ApiError::Conflict("it was changed meanwhile; log in again".to_owned()),
        PasswordRefusal::TooShort { .. } | PasswordRefusal::TooLong { .. } => length(&refusal),
        PasswordRefusal::TooMany => ApiError::TooManyAttempts { retry_after: COME_AGAIN_AFTER },
        PasswordRefusal::Unavailable(error) => error,
    })?;
    Ok(HttpResponse::NoContent().finish())
}

/// A password that is too short or too long, as a field that is wrong.
fn length(refusal: &PasswordRefusal) -> ApiError {
    match refusal {
        PasswordRefusal::TooLong { most } => {
            let detail = format!("is too long; use at most {most} bytes");
            ApiError::field("new", "too_long", detail, format!("过长，最多 {most} 字节"))
        }
        PasswordRefusal::TooShort { least } => {
            let detail = format!("is too short; use at least {least} characters");
            ApiError::field("new", "too_short", detail, format!("过短，至少 {least} 个字符"))
        }
        _ => ApiError::WrongLogin,
    }
}

/// Logs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 204)))]
pub async fn close(app: web::Data<App>, operator: Operator) -> Result<HttpResponse, ApiError> {
    let removal = log_out(&app, &operator).await?;
    Ok(HttpResponse::NoContent().cookie(removal).finish())
}
