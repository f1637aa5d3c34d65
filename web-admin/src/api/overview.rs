//! `/overview`: how things stand, and how the last days went.

use crate::auth::Operator;
use crate::error::ApiError;
use crate::extract::Query;
use crate::state::App;
use actix_web::web;
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use hzm_job_actors::LiveFigures;
use hzm_job_store::stat::HourCount;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// The days of the trend when the client names none, as in the original.
const USUAL_DAYS: u64 = 15;
const MOST_DAYS: u64 = 90;

/// Which days are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OverviewQuery {
    /// How many days, today among them: 1 to 90; 15 without it.
    days: Option<u64>,
    /// The IANA zone whose days are meant; UTC without it.
    zone: Option<String>,
}

/// How things stand.
#[derive(Debug, Serialize, ToSchema)]
pub struct Overview {
    /// The live figures, as `/events` sends them.
    #[schema(value_type = crate::api::schema::Figures)]
    pub figures: LiveFigures,
    /// One entry a day, oldest first; days without runs have none in `outcomes`.
    pub trend: Vec<Day>,
}

/// How a day went.
#[derive(Debug, Serialize, ToSchema)]
pub struct Day {
    /// The day, by the clocks of the zone asked for.
    pub day: NaiveDate,
    /// Runs that ended on it.
    pub total: i64,
    /// The same by outcome: `succeeded`, `failed`, `timed_out`, `cancelled`, `lost`, `skipped`.
    pub outcomes: BTreeMap<&'static str, i64>,
}

/// Tells how things stand and how the last days went.
#[utoipa::path(get, path = "/api/v1/overview", tag = "overview", params(OverviewQuery), responses((status = 200, body = Overview)))]
pub async fn read(
    app: web::Data<App>,
    _operator: Operator,
    Query(query): Query<OverviewQuery>,
) -> Result<web::Json<Overview>, ApiError> {
    let days = query.days.unwrap_or(USUAL_DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(ApiError::Malformed(format!("days is {days}; use 1 to {MOST_DAYS}")));
    }
    let zone = query.zone.as_deref().unwrap_or("UTC");
    let unknown = |_| ApiError::Malformed("zone is no IANA zone; use one such as Asia/Shanghai".to_owned());
    let (zone, now) = (zone.parse::<Tz>().map_err(unknown)?, app.now());
    // A day more on either side: days of a zone begin up to 14 hours off those of UTC.
    let hours = app.store.stat_hours(now - Days::new(days + 1), now + Days::new(1)).await?;
    let figures = *app.scheduler.live().borrow();
    Ok(web::Json(Overview { figures, trend: trend(&hours, zone, now, days) }))
}

fn trend(hours: &[HourCount], zone: Tz, now: DateTime<Utc>, days: u64) -> Vec<Day> {
    let today = now.with_timezone(&zone).date_naive();
    let mut trend: BTreeMap<NaiveDate, Day> = (0..days)
        .filter_map(|back| today.checked_sub_days(Days::new(back)))
        .map(|day| (day, Day { day, total: 0, outcomes: BTreeMap::new() }))
        .collect();
    for hour in hours {
        if let Some(day) = trend.get_mut(&hour.hour.with_timezone(&zone).date_naive()) {
            day.total += hour.runs;
            *day.outcomes.entry(hour.state.word()).or_default() += hour.runs;
        }
    }
    trend.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hzm_job_scheduler::run::RunState;

    #[test]
    fn hours_are_added_up_to_the_days_of_the_zone() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let count = |text, state, runs| HourCount { hour: at(text), state, runs };
        let hours = [
            count("2026-11-20T15:00:00Z", RunState::Failed, 1),
            count("2026-11-20T16:00:00Z", RunState::Succeeded, 2),
            count("2026-11-21T15:00:00Z", RunState::Succeeded, 4),
        ];
        let trend = trend(&hours, Tz::Asia__Shanghai, at("2026-11-21T17:00:00Z"), 2);
        let days: Vec<(String, i64)> = trend.iter().map(|day| (day.day.to_string(), day.total)).collect();
        assert_eq!(days, [("2026-11-21".to_owned(), 6), ("2026-11-22".to_owned(), 0)]);
    }
}
