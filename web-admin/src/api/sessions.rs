//! `/sessions`: where one is logged in, and ending it there.

use crate::auth::{Operator, end_own_session};
use crate::error::ApiError;
use crate::extract::{Nothing, Query};
use crate::state::App;
use crate::views::ListView;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use hzm_job_store::session::OpenSession;
use serde::Serialize;
use utoipa::ToSchema;

/// One of one's own sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenSessionView {
    /// By what it is named; it lets nobody in.
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// From which address it was opened.
    pub address: String,
}

/// Lists one's own sessions, newest first.
#[utoipa::path(get, path = "/api/v1/sessions", tag = "session", responses((status = 200, body = ListView<OpenSessionView>)))]
pub async fn list(
    app: web::Data<App>,
    operator: Operator,
    _nothing: Query<Nothing>,
) -> Result<web::Json<ListView<OpenSessionView>>, ApiError> {
    let now = app.now();
    let open = app.store.session_list(operator.id, now - app.config.admin.session.idle, now).await?;
    let view = |session: OpenSession| OpenSessionView {
        current: session.token_hash == operator.session(),
        id: session.token_hash,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
        address: session.address,
    };
    Ok(web::Json(ListView::whole(open.into_iter().map(view).collect())))
}

/// Ends one of one's own sessions.
#[utoipa::path(delete, path = "/api/v1/sessions/{id}", tag = "session", params(("id" = String, Path)), responses((status = 204)))]
pub async fn end(app: web::Data<App>, operator: Operator, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    end_own_session(&app, &operator, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}
