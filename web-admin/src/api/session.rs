//! `/session`: logging in and out.

use crate::auth::{LoginRefusal, Operator, log_in, log_out};
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

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// The user's name.
    pub name: String,
    /// What to send in the header `X-CSRF-Token` with every call that changes something.
    pub csrf: String,
}

/// Logs in: sets the session's cookie and answers what to send in `X-CSRF-Token`.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = Login,
    responses((status = 200, body = SessionView)), security(()))]
pub async fn open(request: HttpRequest, app: web::Data<App>, login: Body<Login>) -> Result<HttpResponse, ApiError> {
    let address = request.peer_addr().map_or_else(String::new, |peer| peer.ip().to_string());
    let Login { name, password } = login.0;
    let cookie = log_in(&app, &name, &password, &address).await.map_err(|refusal| match refusal {
        LoginRefusal::Wrong => ApiError::WrongLogin,
        LoginRefusal::TooMany => ApiError::TooManyAttempts { retry_after: COME_AGAIN_AFTER },
        LoginRefusal::Unavailable(error) => error,
    })?;
    let csrf = crate::auth::csrf_of(cookie.value());
    Ok(HttpResponse::Ok().cookie(cookie).json(SessionView { name, csrf }))
}

/// Tells who is logged in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses((status = 200, body = SessionView)))]
pub async fn read(operator: Operator) -> web::Json<SessionView> {
    let csrf = operator.csrf().to_owned();
    web::Json(SessionView { name: operator.name, csrf })
}

/// Logs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 204)))]
pub async fn close(app: web::Data<App>, operator: Operator) -> Result<HttpResponse, ApiError> {
    let removal = log_out(&app, &operator).await?;
    Ok(HttpResponse::NoContent().cookie(removal).finish())
}
