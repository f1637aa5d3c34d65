//! `/tokens`: one's own tokens, with which programs call this API.

use crate::auth::Operator;
use crate::change::tokens as change;
use crate::error::ApiError;
use crate::extract::{Body, Nothing, Query};
use crate::state::App;
use crate::views::ListView;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use hzm_job_store::token::Token;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// For how many days a token holds when the request does not say.
const USUAL_DAYS: i64 = 90;

/// A token; itself it is never shown again.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenView {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// The role it may use at most; never more than its user's.
    pub role: String,
    /// The executors it may be used for; null: all that its user may work on.
    pub executors: Option<Vec<i64>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, to the minute; null: never.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> TokenView {
        TokenView {
            id: token.id,
            name: token.name,
            role: token.role,
            executors: token.executors.map(|ids| ids.into_iter().map(|id| id.0).collect()),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenInput {
    /// What it is for, 1 to 128 characters.
    name: String,
    /// The role it may use at most: `viewer`, `operator`, `editor` or `administrator`, no more than one's own.
    role: String,
    /// The executors it may be used for; null or left out: all that one may work on.
    #[serde(default)]
    executors: Option<Vec<i64>>,
    /// For how many days it holds, 1 to 366; 90 without it.
    #[serde(default)]
    days: Option<i64>,
}

/// A new token.
#[derive(Serialize, ToSchema)]
pub struct CreatedToken {
    #[serde(flatten)]
    made: TokenView,
    /// What to send as `Authorization: Bearer ...`; shown this once.
    token: String,
}

/// Lists one's own tokens, newest first.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "session", responses((status = 200, body = ListView<TokenView>)))]
pub async fn list(
    app: web::Data<App>,
    operator: Operator,
    _nothing: Query<Nothing>,
) -> Result<web::Json<ListView<TokenView>>, ApiError> {
    let mine = app.store.token_list(operator.id).await?;
    Ok(web::Json(ListView::whole(mine.into_iter().map(TokenView::from).collect())))
}

/// Makes a token for a program, answered this once. It may never do more than its user may at the time of the call, and never
/// manages users, passwords, sessions or tokens.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "session", request_body = TokenInput,
    responses((status = 201, body = CreatedToken)))]
pub async fn create(
    app: web::Data<App>,
    operator: Operator,
    input: Body<TokenInput>,
) -> Result<HttpResponse, ApiError> {
    let TokenInput { name, role, executors, days } = input.0;
    let wanted = change::Wanted { name, role, executors, days: days.unwrap_or(USUAL_DAYS) };
    let (made, token) = change::create(&app, wanted, &operator).await?;
    Ok(HttpResponse::Created().json(CreatedToken { made: made.into(), token }))
}

/// Ends one of one's own tokens.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "session", params(("id" = i64, Path)), responses((status = 204)))]
pub async fn delete(app: web::Data<App>, operator: Operator, id: web::Path<i64>) -> Result<HttpResponse, ApiError> {
    change::delete(&app, *id, &operator).await?;
    Ok(HttpResponse::NoContent().finish())
}
