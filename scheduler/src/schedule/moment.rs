//! The moment of a one shot: RFC 3339, or a local time in the schedule's zone.
//!
//! A local time that a daylight saving change repeats means its first pass, whatever the repeat policy: a one shot fires
//! once. One that is skipped is the end of the gap, or an error where the gap policy says skip.

use crate::schedule_draft::GapPolicy;
use crate::schedule_problem::ScheduleProblem;
use crate::wall_time;
use chrono::{DateTime, Datelike, NaiveDateTime, Utc};
use chrono_tz::Tz;

/// Ways to write a local time; seconds and the part below may be left out.
const LOCAL_FORMATS: [&str; 4] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];

/// Reads the moment, cut to whole milliseconds (what the ledger keeps).
///
/// # Errors
/// Text that is no time, a year outside of 2000 to 2099, or a time that does not exist in the zone (gap policy skip).
pub(super) fn parse(text: &str, zone: Tz, gap: GapPolicy) -> Result<DateTime<Utc>, ScheduleProblem> {
    let bad = || ScheduleProblem::BadMoment { text: text.to_owned() };
    let moment = match DateTime::parse_from_rfc3339(text) {
        Ok(moment) => moment.to_utc(),
        Err(_) => resolve(local(text).ok_or_else(bad)?, text, zone, gap)?,
    };
    let moment = DateTime::from_timestamp_millis(moment.timestamp_millis()).ok_or_else(bad)?;
    if (2000..2100).contains(&moment.year()) { Ok(moment) } else { Err(bad()) }
}

/// A local time; one too far from the years allowed to be computed with is none.
fn local(text: &str) -> Option<NaiveDateTime> {
    let time = LOCAL_FORMATS.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    time.filter(|time| (1999..=2100).contains(&time.year()))
}

fn resolve(local: NaiveDateTime, text: &str, zone: Tz, gap: GapPolicy) -> Result<DateTime<Utc>, ScheduleProblem> {
    match wall_time::instants(zone, local) {
        wall_time::Instants::One(moment) | wall_time::Instants::Two { first: moment, .. } => Ok(moment),
        wall_time::Instants::Gap { end } if gap == GapPolicy::RunAfter => Ok(end),
        wall_time::Instants::Gap { .. } => {
            Err(ScheduleProblem::MomentInGap { text: text.to_owned(), zone: zone.name().to_owned() })
        }
    }
}
