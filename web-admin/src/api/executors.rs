//! `/executors`: groups of nodes under one app key.

use super::executor_input::ExecutorInput;
use super::{definition, required};
use crate::auth::{Operator, random_secret};
use crate::change::executors as change;
use crate::error::{ApiError, Failure};
use crate::extract::{Body, Nothing, Query};
use crate::state::App;
use crate::views::{ExecutorView, ListView, NodeView};
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use chrono::TimeDelta;
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::executor::ExecutorDraft;
use hzm_job_store::executor::Executor;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Lists the executors that the user may see.
#[utoipa::path(get, path = "/api/v1/executors", tag = "executors", responses((status = 200, body = ListView<ExecutorView>)))]
pub async fn list(
    app: web::Data<App>,
    operator: Operator,
    _nothing: Query<Nothing>,
) -> Result<web::Json<ListView<ExecutorView>>, ApiError> {
    let all = app.store.executor_list().await?;
    let seen = all.into_iter().filter(|executor| operator.rights.sees(executor.id));
    Ok(web::Json(ListView::whole(seen.map(ExecutorView::from).collect())))
}

/// A new executor.
#[derive(Serialize, ToSchema)]
pub struct CreatedExecutor {
    #[serde(flatten)]
    executor: ExecutorView,
    /// The secret that was generated because the request named none; shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// Creates an executor.
#[utoipa::path(post, path = "/api/v1/executors", tag = "executors", request_body = ExecutorInput,
    responses((status = 201, body = CreatedExecutor)))]
pub async fn create(app: web::Data<App>, operator: Operator, body: Body<Value>) -> Result<HttpResponse, ApiError> {
    let (_, input) = definition::<ExecutorInput>(body.0, &ExecutorView::READ_ONLY)?;
    let secret = input.wants_secret().then(random_secret).transpose();
    let secret = secret.map_err(|error| ApiError::Internal(Failure::of(&error)))?;
    let made = change::create(&app, input.draft(secret.clone()), &operator).await.map_err(outward)?;
    let place = format!("/api/v1/executors/{}", made.id);
    let created = CreatedExecutor { executor: made.into(), secret };
    Ok(HttpResponse::Created().insert_header((LOCATION, place)).json(created))
}

/// Reads an executor.
#[utoipa::path(get, path = "/api/v1/executors/{id}", tag = "executors", params(("id" = i64, Path)),
    responses((status = 200, body = ExecutorView)))]
pub async fn read(
    app: web::Data<App>,
    _operator: Operator,
    id: web::Path<i64>,
    _nothing: Query<Nothing>,
) -> Result<web::Json<ExecutorView>, ApiError> {
    Ok(web::Json(known(&app, *id).await?.into()))
}

/// Replaces an executor's definition; `version` must be the one that was read.
#[utoipa::path(put, path = "/api/v1/executors/{id}", tag = "executors", params(("id" = i64, Path)),
    request_body = super::schema::ExecutorUpdate, responses((status = 200, body = ExecutorView)))]
pub async fn update(
    app: web::Data<App>,
    operator: Operator,
    id: web::Path<i64>,
    body: Body<Value>,
) -> Result<web::Json<ExecutorView>, ApiError> {
    let (version, input) = definition::<ExecutorInput>(body.0, &ExecutorView::READ_ONLY)?;
    let version = required(version)?;
    let overlap = input.overlap();
    let draft = input.draft(known(&app, *id).await?.spec.draft().app_secret.clone());
    let changed = change::update(&app, (ExecutorId(*id), version), draft, overlap, &operator).await.map_err(outward)?;
    Ok(web::Json(changed.into()))
}

/// Deletes an executor that has no jobs.
#[utoipa::path(delete, path = "/api/v1/executors/{id}", tag = "executors", params(("id" = i64, Path)), responses((status = 204)))]
pub async fn delete(app: web::Data<App>, operator: Operator, id: web::Path<i64>) -> Result<HttpResponse, ApiError> {
    change::delete(&app, ExecutorId(*id), &operator).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A secret, shown this once.
#[derive(Serialize, ToSchema)]
pub struct NewSecret {
    /// The secret; configure it as `hzm.job.client.appSecret`.
    pub secret: String,
    /// The executor's version after the change.
    pub version: i64,
}

/// What is to become of the secret that is replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretOrder {
    /// For so many seconds it stays good: 0 (default, not at all) to 2,592,000 (30 days).
    #[serde(default)]
    #[schema(minimum = 0, maximum = 2592000)]
    former_secret_good_for_s: u32,
}

/// Generates a new secret, answers it this once, and asks for it from now on; the one before may stay good for a while.
#[utoipa::path(post, path = "/api/v1/executors/{id}/secret", tag = "executors", params(("id" = i64, Path)),
    request_body = SecretOrder,
    responses((status = 200, body = NewSecret)))]
pub async fn generate_secret(
    app: web::Data<App>,
    operator: Operator,
    id: web::Path<i64>,
    order: Body<SecretOrder>,
) -> Result<web::Json<NewSecret>, ApiError> {
    let overlap = TimeDelta::seconds(order.0.former_secret_good_for_s.into());
    let executor = known(&app, *id).await?;
    let secret = random_secret().map_err(|error| ApiError::Internal(Failure::of(&error)))?;
    let draft = ExecutorDraft { app_secret: Some(secret.clone()), ..executor.spec.draft().clone() };
    let changed = change::update(&app, (executor.id, executor.version), draft, overlap, &operator).await?;
    Ok(web::Json(NewSecret { secret, version: changed.version }))
}

/// Lists the nodes of an executor.
#[utoipa::path(get, path = "/api/v1/executors/{id}/nodes", tag = "executors", params(("id" = i64, Path)),
    responses((status = 200, body = ListView<NodeView>)))]
pub async fn nodes(
    app: web::Data<App>,
    _operator: Operator,
    id: web::Path<i64>,
    _nothing: Query<Nothing>,
) -> Result<web::Json<ListView<NodeView>>, ApiError> {
    let executor = known(&app, *id).await?;
    let nodes = app.store.node_list(Some(executor.id)).await?;
    Ok(web::Json(ListView::whole(nodes.into_iter().map(|node| NodeView::of(node, &executor)).collect())))
}

/// Forgets a node that registered itself and is offline; it comes back when it registers again.
#[utoipa::path(delete, path = "/api/v1/executors/{id}/nodes/{node}", tag = "executors",
    params(("id" = i64, Path), ("node" = i64, Path)), responses((status = 204)))]
pub async fn forget_node(
    app: web::Data<App>,
    operator: Operator,
    path: web::Path<(i64, i64)>,
) -> Result<HttpResponse, ApiError> {
    let (id, node) = path.into_inner();
    change::forget_node(&app, ExecutorId(id), node, &operator).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn known(app: &App, id: i64) -> Result<Executor, ApiError> {
    app.store.executor_get(ExecutorId(id)).await?.ok_or_else(|| ApiError::no_such("executor"))
}

/// Names the secret as the API does: inside it is called `app_secret`.
fn outward(error: ApiError) -> ApiError {
    let ApiError::Fields(mut fields) = error else { return error };
    for field in fields.iter_mut().filter(|field| field.field == "app_secret") {
        field.field = "secret".to_owned();
    }
    ApiError::Fields(fields)
}
