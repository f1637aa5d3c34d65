//! Outcomes per hour, counted by the journal in the transaction that writes them. Clearing runs does not change them.

use crate::backend::{Store, run};
use crate::columns::{hour_millis, moment, run_state};
use crate::error::StoreError;
use crate::schema::run_stat;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::run::RunState;

/// How many runs ended in one way within one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourCount {
    /// The start of the hour (UTC). Pages add hours up to days of the reader's zone.
    pub hour: DateTime<Utc>,
    /// The outcome.
    pub state: RunState,
    /// How many.
    pub runs: i64,
}

impl Store {
    /// The counts of the hours from the one `from` lies in until before `until`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn stat_hours(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<HourCount>, StoreError> {
        let (from, until) = (hour_millis(from), until.timestamp_millis());
        let rows: Vec<(i64, i16, i64)> = run!(self, read, async |conn| {
            let wanted = run_stat::table.filter(run_stat::hour.ge(from)).filter(run_stat::hour.lt(until));
            Ok(wanted.order((run_stat::hour, run_stat::state)).load(conn).await?)
        })?;
        rows.into_iter()
            .map(|(hour, state, runs)| Ok(HourCount { hour: moment(hour), state: run_state(hour, state)?, runs }))
            .collect()
    }
}
