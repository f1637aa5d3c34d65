//! `/jobs/batch`: many jobs created by one request, for whoever brings them from elsewhere.

use super::definition;
use crate::auth::Operator;
use crate::change::job_batch::{self as change, Made, Wanted};
use crate::error::{ApiError, ProblemDetails};
use crate::extract::{Body, from_value};
use crate::state::App;
use crate::views::JobView;
use actix_web::http::StatusCode;
use actix_web::web;
use hzm_job_store::job_import::MOST_AT_ONCE;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Many jobs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobBatch {
    /// The jobs, 1 to 500.
    #[schema(value_type = Vec<super::schema::JobItem>)]
    jobs: Vec<Value>,
}

/// What became of a batch, item by item, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchAnswer {
    /// One answer for each item.
    items: Vec<ItemAnswer>,
}

/// What became of one item.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemAnswer {
    /// As if it had been asked for alone: 201 created, 200 created by an earlier request with the same key, 422 and so on refused.
    status: u16,
    /// The job.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemDetails>,
}

/// Creates up to 500 jobs, each judged on its own: what is wrong with one does not hold up the others. They are created in one
/// transaction, in their order. Give every item a `key` and a request whose answer was lost can be sent again as it was.
#[utoipa::path(post, path = "/api/v1/jobs/batch", tag = "jobs", request_body = JobBatch,
    responses((status = 200, body = BatchAnswer)))]
pub async fn create(
    app: web::Data<App>,
    operator: Operator,
    body: Body<JobBatch>,
) -> Result<web::Json<BatchAnswer>, ApiError> {
    let found = body.0.jobs.len();
    if !(1..=MOST_AT_ONCE).contains(&found) {
        let detail = format!("holds {found} jobs; send 1 to {MOST_AT_ONCE}");
        return Err(ApiError::field(
            "jobs",
            "out_of_range",
            detail,
            format!("包含 {found} 个任务，应为 1 至 {MOST_AT_ONCE} 个"),
        ));
    }
    let wanted = body.0.jobs.into_iter().map(wanted).collect();
    let items = change::create(&app, wanted, &operator).await?;
    Ok(web::Json(BatchAnswer { items: items.into_iter().map(ItemAnswer::from).collect() }))
}

/// An item: a definition, with two fields more.
fn wanted(mut item: Value) -> Result<Wanted, ApiError> {
    #[derive(Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Beside {
        start: bool,
        key: Option<String>,
    }
    let mut beside = serde_json::Map::new();
    if let Value::Object(fields) = &mut item {
        beside.extend(["start", "key"].into_iter().filter_map(|name| fields.remove_entry(name)));
    }
    let Beside { start, key } = from_value(Value::Object(beside))?;
    let (_, draft) = definition(item, &JobView::READ_ONLY)?;
    Ok(Wanted { draft, start, key })
}

impl From<Result<Made, ApiError>> for ItemAnswer {
    fn from(item: Result<Made, ApiError>) -> ItemAnswer {
        match item {
            Ok(Made { id, repeated }) => {
                let status = if repeated { StatusCode::OK } else { StatusCode::CREATED };
                ItemAnswer { status: status.as_u16(), id: Some(id.0), problem: None }
            }
            Err(refusal) => {
                let problem = refusal.problem();
                ItemAnswer { status: problem.status, id: None, problem: Some(problem) }
            }
        }
    }
}
