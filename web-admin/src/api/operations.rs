//! `/operations`: what people did.

use super::{PageQuery, page_of};
use crate::auth::Operator;
use crate::error::ApiError;
use crate::extract::Query;
use crate::state::App;
use crate::views::{ListView, OperationView};
use actix_web::web;

/// Lists operations, newest first.
#[utoipa::path(get, path = "/api/v1/operations", tag = "operations", params(PageQuery),
    responses((status = 200, body = ListView<OperationView>)))]
pub async fn list(
    app: web::Data<App>,
    _operator: Operator,
    Query(query): Query<PageQuery>,
) -> Result<web::Json<ListView<OperationView>>, ApiError> {
    let (cursor, size) = page_of(query.cursor.as_deref(), query.size)?;
    Ok(web::Json(ListView::of(app.store.operation_page(cursor, size).await?, OperationView::from)))
}
