//! The management API under `/api/v1`: JSON in and out, problem details for every refusal. One file per family of
//! addresses; which there are stands in [`crate::routes`]. Handlers read the store or call [`crate::change`]; they decide
//! nothing.

pub mod actors;
pub mod events;
mod executor_input;
pub mod executors;
pub mod explain;
pub mod job_batch;
pub mod jobs;
mod next_fire;
pub mod openapi;
pub mod operations;
pub mod overview;
pub mod runs;
pub mod schedules;
pub mod schema;
pub mod session;
pub mod sessions;
pub mod tokens;
pub mod users;

use crate::error::ApiError;
use crate::extract::{cursor_of, from_value};
use hzm_job_store::Cursor;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::IntoParams;

/// The size of a page when the client names none.
const USUAL_PAGE: i64 = 50;

/// Which part of a list is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The cursor of the page, as a list answered it; the newest page without one.
    cursor: Option<String>,
    /// How many things, 1 to 500; 50 without it.
    #[param(minimum = 1, maximum = 500)]
    size: Option<i64>,
}

/// A page's cursor and size, checked.
fn page_of(cursor: Option<&str>, size: Option<i64>) -> Result<(Cursor, i64), ApiError> {
    let size = size.unwrap_or(USUAL_PAGE);
    if !(1..=hzm_job_store::page::LARGEST_PAGE).contains(&size) {
        return Err(ApiError::Malformed(format!("size is {size}; use 1 to {}", hzm_job_store::page::LARGEST_PAGE)));
    }
    Ok((cursor_of(cursor)?, size))
}

/// A definition that a client sends: without the fields that only the admin sets, so that what was read can be changed and
/// sent back, and with the version it was read at taken out.
fn definition<T: DeserializeOwned>(body: Value, read_only: &[&str]) -> Result<(Option<i64>, T), ApiError> {
    let Value::Object(mut fields) = body else {
        return Err(ApiError::Malformed("the body must be a JSON object".to_owned()));
    };
    for name in read_only {
        fields.remove(*name);
    }
    let version = fields.remove("version").map(|version| version.as_i64().ok_or_else(bad_version)).transpose()?;
    Ok((version, from_value(Value::Object(fields))?))
}

/// The version that a change must name.
fn required(version: Option<i64>) -> Result<i64, ApiError> {
    version.ok_or_else(bad_version)
}

fn bad_version() -> ApiError {
    let detail = "must be the number that reading it answered";
    ApiError::field("version", "required", detail, "必须是读取时返回的版本号")
}
