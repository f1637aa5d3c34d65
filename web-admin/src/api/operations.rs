//! `/operations`: what people did.

use super::{PageQuery, page_of};
use crate::auth::Operator;
use crate::error::ApiError;
use crate::extract::{Nothing, Query};
use crate::state::App;
use crate::views::{ListView, OperationView};
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use futures_util::stream::{self, TryStreamExt};
use hzm_job_store::link::Link;
use hzm_job_store::{Cursor, Store, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

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

/// What is kept from an earlier look at the chain.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// A place, from 1.
    place: Option<i64>,
    /// The hash that was there.
    hash: Option<String>,
}

/// What looking through the chain of the log found.
#[derive(Serialize, ToSchema)]
pub struct VerifiedView {
    /// Whether no entry was changed, taken out or put in between.
    pub whole: bool,
    /// The first thing that is wrong; null: nothing is.
    pub fault: Option<String>,
    /// Entries in the chain.
    pub entries: i64,
    /// The hash of the last one; keep it with the number to find out later whether the end was cut off.
    pub hash: String,
}

/// Looks through the chain of the log; with a place and a hash kept from before, also whether those are still there.
#[utoipa::path(get, path = "/api/v1/operations/verify", tag = "operations", params(Kept),
    responses((status = 200, body = VerifiedView)))]
pub async fn verify(
    app: web::Data<App>,
    _operator: Operator,
    Query(kept): Query<Kept>,
) -> Result<web::Json<VerifiedView>, ApiError> {
    let kept = match (kept.place, kept.hash) {
        (None, None) => None,
        (Some(place), Some(hash)) if Link::is_sound(place, &hash) => {
            Some(Link { place, hash: hash.to_ascii_lowercase() })
        }
        _ => {
            let detail = "give place (from 1) and hash (64 hexadecimal digits) together, as they were kept";
            let detail_zh = "请同时提供 place（从 1 起）与 hash（64 位十六进制）";
            return Err(ApiError::field("hash", "malformed", detail, detail_zh));
        }
    };
    let found = app.store.operations_verify(kept).await?;
    Ok(web::Json(VerifiedView {
        whole: found.fault.is_none(),
        fault: found.fault.map(|fault| fault.to_string()),
        entries: found.end.place,
        hash: found.end.hash,
    }))
}

/// The whole log, oldest first: one JSON object a line, as the list shows them.
#[utoipa::path(get, path = "/api/v1/operations/export", tag = "operations",
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
pub async fn export(app: web::Data<App>, _operator: Operator, _nothing: Query<Nothing>) -> HttpResponse {
    let pieces = pieces(app.store.clone()).map_ok(web::Bytes::from);
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/x-ndjson"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"operations.ndjson\""))
        .streaming(pieces)
}

/// The log in pieces of many lines.
pub fn pieces(store: Store) -> impl stream::Stream<Item = Result<String, StoreError>> {
    stream::try_unfold((store, 0), async |(store, after)| {
        let page = store.operation_page(Cursor::After(after), i64::MAX).await?;
        // Newest first, as pages show them.
        let Some(last) = page.rows.first().map(|newest| newest.id) else { return Ok(None) };
        let line = |operation| serde_json::to_string(&OperationView::from(operation)).unwrap_or_default() + "\n";
        let lines: String = page.rows.into_iter().rev().map(line).collect();
        Ok(Some((lines, (store, last))))
    })
}
