//! What becomes of a row that a job wrote ahead of its moment and did not live to decide about.

use super::Shard;
use crate::error::SchedulerError;
use crate::wards::Absence;
use actix::prelude::*;
use chrono::{DateTime, Utc};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::{self, RunEvent, RunState};
use hzm_job_store::ledger::{Entry, Known, RunChange};
use hzm_job_store::run::Run;
use std::time::Duration;

/// What a job had handed to the journal when it was quarantined is written so long after the moment of a row ahead.
const SETTLED_AFTER: Duration = Duration::from_secs(1);

impl Shard {
    /// A row that a quarantined job wrote ahead would stay an intention until somebody releases the job, and the journal's mark
    /// would wait for it. Once its moment has passed, nobody knows whether its trigger has left: it is a run that may have been
    /// sent, and the released job takes it up as one.
    pub(super) fn settle_ahead_later(&self, job: JobId, ctx: &mut Context<Self>) {
        let by = self.base.settings.scheduling.plan_ahead().to_std().unwrap_or_default();
        ctx.run_later(by + SETTLED_AFTER, move |shard, ctx| shard.settle_ahead(job, ctx));
    }

    fn settle_ahead(&self, job: JobId, ctx: &mut Context<Self>) {
        if self.job_wards.absence(&job) != Some(Absence::Quarantined) {
            return;
        }
        let base = self.base.clone();
        let settled = async move {
            let standings = base.store.ledger_standings(vec![job]).await?;
            let open = standings.into_iter().flat_map(|standing| standing.open);
            let ahead: Vec<Run> = open.filter(|run| run.state == RunState::Planned).collect();
            let now = base.now();
            let passed = ahead.iter().filter(|run| run.not_before <= now);
            let changes: Vec<Entry> = passed.filter_map(|run| has_left(run, now)).collect();
            let all_passed = changes.len() == ahead.len();
            base.record(changes).await?;
            Ok::<_, SchedulerError>(all_passed)
        };
        ctx.spawn(settled.into_actor(self).map(move |settled, shard, ctx| match settled {
            Ok(true) => {}
            Ok(false) => shard.settle_ahead_later(job, ctx),
            Err(error) => {
                let log = shard.log.new(slog::o!("job" => job.0));
                let what = "a row that a quarantined job wrote ahead stays for now";
                shard.base.directory.ledger.unwritten(&log, what, &error);
                shard.settle_ahead_later(job, ctx);
            }
        }));
    }
}

/// That the trigger of a row written ahead may have left.
fn has_left(run: &Run, at: DateTime<Utc>) -> Option<Entry> {
    let to = run::apply(run.state, RunEvent::Assigned)?;
    let change =
        RunChange { run: run.id, from: run.state, to, reason: run.reason, at, known: Known::default(), then: None };
    Some(Entry::Change(change))
}
