//! What start-up asks of a million jobs: no more than when each may be due next.
//!
//! Of a definition only the schedule is read, and of the ledger only the checkpoint. Occurrences beyond the journal's mark, ends
//! of runs and open runs are left out, so what is told here may say "earlier" and never "later" than the truth: whoever
//! is due by it is asked for in full ([`Store::ledger_standings`](crate::Store::ledger_standings)) before anything is done.

use crate::backend::{Store, run};
use crate::columns::moment;
use crate::error::StoreError;
use crate::schema::{job, job_checkpoint};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::progress::Progress;
use hzm_job_scheduler::schedule::{Schedule, ScheduleDraft};
use serde::Deserialize;

/// A started job, as far as somebody needs to know it who lets it sleep.
#[derive(Debug, Clone)]
pub struct Sleeper {
    /// The job.
    pub job: JobId,
    /// When it is due; `None`: its definition cannot be read, which the full question tells and logs.
    pub schedule: Option<Schedule>,
    /// How far it has come at least.
    pub progress: Progress,
}

/// The part of a stored definition that is read here; all else is passed over.
#[derive(Deserialize)]
struct Times {
    #[serde(default)]
    schedule: ScheduleDraft,
}

impl Store {
    /// The started jobs above `after` that belong to these partitions, in the order of their ids, at most `limit`.
    ///
    /// # Errors
    /// What the database says.
    pub async fn job_sleepers(
        &self,
        partitions: Vec<i64>,
        after: JobId,
        limit: i64,
    ) -> Result<Vec<Sleeper>, StoreError> {
        run!(self, read, async |conn| {
            let rows: Vec<(i64, String, i64, Option<i64>)> = job::table
                .left_join(job_checkpoint::table.on(job_checkpoint::job_id.eq(job::id)))
                .filter(job::id.gt(after.0))
                .filter(job::enabled.eq(true))
                .filter(job::deleted_at.is_null())
                .filter(job::partition_id.eq_any(partitions))
                .order(job::id)
                .limit(limit)
                .select((job::id, job::spec, job::anchor_at, job_checkpoint::planned_until.nullable()))
                .load(conn)
                .await?;
            Ok(rows.into_iter().map(sleeper).collect())
        })
    }
}

fn sleeper((id, spec, anchor, planned_until): (i64, String, i64, Option<i64>)) -> Sleeper {
    let times: Option<Times> = serde_json::from_str(&spec).ok();
    let (anchor, planned_until) = (moment(anchor), planned_until.map(moment));
    Sleeper {
        job: JobId(id),
        schedule: times.and_then(|times| Schedule::parse(&times.schedule).ok()),
        progress: Progress { anchor, planned_until, last_end: None, unfinished: false },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hzm_job_scheduler::schedule::ScheduleKind;

    fn kind_in(spec: &str) -> Option<ScheduleKind> {
        sleeper((1, spec.to_owned(), 0, None)).schedule.map(|schedule| schedule.kind())
    }

    #[test]
    fn of_a_definition_only_the_schedule_is_read() {
        let spec = r#"{"name":7,"schedule":{"kind":"fixed_rate","expression":"30s"},"retry":{"on":["whatever"]}}"#;
        assert_eq!(kind_in(spec), Some(ScheduleKind::FixedRate));
        assert_eq!(kind_in(r#"{"name":"without a schedule"}"#), Some(ScheduleKind::Manual));
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_told_as_such() {
        assert_eq!(kind_in(r#"{"schedule":{"kind":"cron","expression":"* * * * * ?","zone":"Moon/Crater"}}"#), None);
        assert_eq!(kind_in("no JSON"), None);
    }
}
