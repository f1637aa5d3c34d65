//! `/schedules`: what a schedule means, before a job has it.

use crate::auth::Operator;
use crate::error::{ApiError, FieldError};
use crate::extract::Body;
use crate::state::App;
use actix_web::web;
use chrono::{DateTime, FixedOffset, Offset, TimeZone, Utc};
use hzm_job_scheduler::describe::{Language, describe};
use hzm_job_scheduler::schedule::{Schedule, ScheduleDraft, ScheduleProblem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most occurrences that can be asked for.
const MOST: usize = 50;

/// A schedule to be looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewInput {
    /// The schedule.
    #[schema(value_type = crate::api::schema::ScheduleDefinition)]
    schedule: ScheduleDraft,
    /// How many occurrences, 1 to 50; 5 without it.
    #[serde(default = "usual_count")]
    count: usize,
}

const fn usual_count() -> usize {
    5
}

/// What a schedule means.
#[derive(Debug, Serialize, ToSchema)]
pub struct Preview {
    /// It in words.
    pub sentence: Sentence,
    /// Its next occurrences if it were started now, by the clocks of its zone.
    pub fires: Vec<Fire>,
    /// What is legal but may not be what was meant.
    pub warnings: Vec<Warning>,
}

/// A sentence in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sentence {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// An occurrence.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fire {
    /// The moment.
    pub at: DateTime<Utc>,
    /// The same by the clocks of the schedule's zone.
    #[schema(value_type = String, format = DateTime)]
    pub local: DateTime<FixedOffset>,
}

/// What may not be what was meant.
#[derive(Debug, Serialize, ToSchema)]
pub struct Warning {
    /// A stable word for programs.
    pub code: &'static str,
    /// English.
    pub detail: String,
    /// Chinese.
    pub detail_zh: &'static str,
}

/// Says in words what a schedule means and when it would be due.
#[utoipa::path(post, path = "/api/v1/schedules/preview", tag = "schedules", request_body = PreviewInput,
    responses((status = 200, body = Preview)))]
pub async fn preview(
    app: web::Data<App>,
    _operator: Operator,
    input: Body<PreviewInput>,
) -> Result<web::Json<Preview>, ApiError> {
    let PreviewInput { schedule, count } = input.0;
    if !(1..=MOST).contains(&count) {
        let detail = format!("is {count}; use 1 to {MOST}");
        return Err(ApiError::field("count", "out_of_range", detail, format!("值为 {count}，允许范围是 1 到 {MOST}")));
    }
    let schedule = Schedule::parse(&schedule).map_err(refusal)?;
    let now = app.now();
    let local = |at: DateTime<Utc>| at.with_timezone(&schedule.zone().offset_from_utc_datetime(&at.naive_utc()).fix());
    let fires = schedule.upcoming(now, now, count).into_iter().map(|at| Fire { at, local: local(at) }).collect();
    let warnings = schedule
        .warnings()
        .into_iter()
        .map(|warning| Warning { code: warning.code(), detail: warning.to_string(), detail_zh: warning.zh() })
        .collect();
    let sentence = Sentence { en: describe(&schedule, Language::En), zh: describe(&schedule, Language::Zh) };
    Ok(web::Json(Preview { sentence, fires, warnings }))
}

fn refusal(problem: ScheduleProblem) -> ApiError {
    let field = if problem.is_about_zone() { "schedule.zone" } else { "schedule.expression" };
    ApiError::Fields(vec![FieldError {
        field: field.to_owned(),
        code: problem.code().to_owned(),
        detail: problem.to_string(),
        detail_zh: problem.zh(),
    }])
}
