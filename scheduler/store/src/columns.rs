//! Times, enumerations and definitions as columns.
//!
//! A time is a `BIGINT` of epoch milliseconds in UTC on every database: it compares, indexes and travels the same
//! everywhere. An enumeration is the number the `scheduler` crate gives it.

use crate::error::StoreError;
use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_scheduler::executor::Registration;
use hzm_job_scheduler::run::{Reason, RunKind, RunState};

/// The column of a moment; what lies beyond the millisecond is cut off.
#[must_use]
pub fn millis(moment: DateTime<Utc>) -> i64 {
    moment.timestamp_millis()
}

/// The moment of a column. Values outside chrono's range (a damaged row) become the nearest moment it can hold.
#[must_use]
pub fn moment(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or(if millis < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}

/// The start of the hour a moment lies in, as a column.
#[must_use]
pub fn hour_millis(moment: DateTime<Utc>) -> i64 {
    let hour = TimeDelta::hours(1).num_milliseconds();
    millis(moment).div_euclid(hour) * hour
}

/// A text as every database can store it: PostgreSQL has no U+0000, so U+FFFD takes its place everywhere.
#[must_use]
pub fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// How an executor's nodes become known, as a word.
pub(crate) const fn registration_word(registration: Registration) -> &'static str {
    match registration {
        Registration::Automatic => "automatic",
        Registration::Manual => "manual",
    }
}

/// The registration of a stored word.
pub(crate) fn registration(id: i64, word: &str) -> Result<Registration, StoreError> {
    [Registration::Automatic, Registration::Manual]
        .into_iter()
        .find(|kind| registration_word(*kind) == word)
        .ok_or_else(|| StoreError::Corrupt {
            table: "executor",
            id,
            reason: format!("registration {word:?} is unknown to this version"),
        })
}

/// The state of a `run` row.
pub(crate) fn run_state(id: i64, code: i16) -> Result<RunState, StoreError> {
    RunState::from_code(code).ok_or_else(|| unknown(id, "state", code))
}

/// The reason of a `run` row.
pub(crate) fn run_reason(id: i64, code: i16) -> Result<Reason, StoreError> {
    Reason::from_code(code).ok_or_else(|| unknown(id, "reason", code))
}

/// The kind of a `run` row.
pub(crate) fn run_kind(id: i64, code: i16) -> Result<RunKind, StoreError> {
    RunKind::from_code(code).ok_or_else(|| unknown(id, "kind", code))
}

fn unknown(id: i64, column: &str, code: i16) -> StoreError {
    StoreError::Corrupt { table: "run", id, reason: format!("{column} {code} is unknown to this version") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_its_column_to_the_millisecond() {
        let at = moment(1_795_366_800_123);
        assert_eq!(millis(at), 1_795_366_800_123);
    }

    #[test]
    fn a_nul_character_is_replaced_and_nothing_else() {
        assert_eq!(storable("a\0b\u{1}\u{1f600}\0".into()), "a\u{fffd}b\u{1}\u{1f600}\u{fffd}");
    }

    #[test]
    fn hours_are_cut_downwards_also_before_1970() {
        assert_eq!(hour_millis(moment(3_600_001)), 3_600_000);
        assert_eq!(hour_millis(moment(-1)), -3_600_000);
    }
}
