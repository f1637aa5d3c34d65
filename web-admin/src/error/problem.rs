//! Problem details: how an error looks to a program (RFC 9457). No statuses are chosen here.

use super::ApiError;
use actix_web::ResponseError;
use actix_web::http::StatusCode;
use hzm_job_scheduler::problem::FieldProblem;
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of problem details.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, for people and for programs (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemDetails {
    /// The kind of problem: `urn:hzm-job:problem:` and a stable word such as `stale` or `fields`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong and what to do about it.
    pub detail: String,
    /// With a failure of the admin: the identifier under which its log tells more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The wrong fields, if it is about fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field's path, such as `schedule.expression`.
    pub field: String,
    /// A stable word for programs, such as `unknown_zone`.
    pub code: String,
    /// What is wrong, in English.
    pub detail: String,
    /// What is wrong, in Chinese.
    pub detail_zh: String,
}

impl From<&FieldProblem> for FieldError {
    fn from(found: &FieldProblem) -> FieldError {
        FieldError {
            field: found.field.to_owned(),
            code: found.problem.code().to_owned(),
            detail: found.problem.to_string(),
            detail_zh: found.problem.zh(),
        }
    }
}

impl ProblemDetails {
    /// "Not now", for reasons that whoever watches the admin should know.
    pub(crate) fn unavailable(detail: String) -> ProblemDetails {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        ProblemDetails {
            kind: "urn:hzm-job:problem:unavailable".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail,
            instance: None,
            errors: Vec::new(),
        }
    }

    pub(super) fn of(error: &ApiError) -> ProblemDetails {
        let status = error.status_code();
        ProblemDetails {
            kind: format!("urn:hzm-job:problem:{}", error.code()),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: error.to_string(),
            instance: error.failure().map(|failure| failure.id.urn().to_string()),
            errors: fields(error),
        }
    }
}

fn fields(error: &ApiError) -> Vec<FieldError> {
    match error {
        ApiError::Fields(fields) => fields.clone(),
        ApiError::Taken { field } => vec![FieldError {
            field: (*field).to_owned(),
            code: "taken".to_owned(),
            detail: "is taken by another one; choose another value".to_owned(),
            detail_zh: "已被占用，请换一个值".to_owned(),
        }],
        _ => Vec::new(),
    }
}
