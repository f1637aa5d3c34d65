//! What a definition that is over still owes: occurrences that were due under it and may have no row yet.
//!
//! When a started job is stopped, deleted or gets another schedule, the scheduler may be behind (just started, waiting for the
//! database, dead). The new definition knows nothing of what was due before, so the old one is kept, in the transaction of the
//! change, until the rows are written. Paying twice is harmless: an occurrence that has its row keeps it.

use crate::columns::{millis, moment};
use crate::error::StoreError;
use crate::job_row::{StoredJob, job_of, spec_text};
use crate::schema::job_debt;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use hzm_job_scheduler::job::Job;

/// See the module.
#[derive(Debug, Clone)]
pub struct Debt {
    /// The job as it was, started.
    pub before: Job,
    /// Everything up to here surely has its rows; `None`: nothing is known.
    pub floor: Option<DateTime<Utc>>,
    /// The moment of the change: the last one that may be owed.
    pub until: DateTime<Utc>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = job_debt)]
pub(crate) struct DebtRow {
    job_id: i64,
    version: i64,
    spec: String,
    anchor_at: i64,
    floor_at: Option<i64>,
    until_at: i64,
}

impl DebtRow {
    /// What `before` leaves when it becomes `after` (`None`: is deleted) at this moment; `None`: nothing, its occurrences go on.
    pub(crate) fn of(
        before: &StoredJob,
        after: Option<&Job>,
        at: DateTime<Utc>,
    ) -> Result<Option<DebtRow>, StoreError> {
        let job = &before.job;
        let goes_on = after.is_some_and(|after| after.enabled && after.anchor == job.anchor);
        if !job.enabled || goes_on {
            return Ok(None);
        }
        Ok(Some(DebtRow {
            job_id: job.id.0,
            version: job.version,
            spec: spec_text(job)?,
            anchor_at: millis(job.anchor),
            floor_at: None,
            until_at: millis(at),
        }))
    }

    /// The same, knowing that everything up to `floor` has its rows.
    pub(crate) fn above(self, floor: Option<i64>) -> DebtRow {
        DebtRow { floor_at: floor, ..self }
    }

    pub(crate) fn debt(self) -> Result<Debt, StoreError> {
        let before = job_of(self.job_id, &self.spec, true, self.anchor_at, self.version)?;
        Ok(Debt { before, floor: self.floor_at.map(moment), until: moment(self.until_at) })
    }
}
