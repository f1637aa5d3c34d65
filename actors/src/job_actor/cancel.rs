//! Somebody wants a run ended: at once where it was not sent, else its node is told ([`super::stop`]) and has a grace to report.

use super::JobActor;
use super::change::Cause;
use super::end::End;
use super::live_run::Phase;
use crate::messages::CancelOutcome;
use actix::prelude::*;
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::run::Reason;
use hzm_job_store::ledger::{Known, RunChange};

impl JobActor {
    /// Ends a run for `reason`.
    pub(super) fn cancel(&mut self, id: RunId, reason: Reason, text: &str, ctx: &mut Context<Self>) -> CancelOutcome {
        let Some(live) = self.runs.get(&id) else { return CancelOutcome::UnknownRun };
        match live.phase {
            Phase::Waiting => {
                self.close(id, End::cancelled(reason, text), ctx);
                CancelOutcome::Cancelled
            }
            Phase::Ending => CancelOutcome::Asked,
            Phase::Sending | Phase::Awaited => {
                if live.cancel.is_none() {
                    self.ask_to_cancel(id, reason, ctx);
                }
                CancelOutcome::Asked
            }
        }
    }

    /// Every open run.
    pub(super) fn cancel_all(&mut self, reason: Reason, ctx: &mut Context<Self>) {
        let open: Vec<RunId> = self.runs.keys().copied().collect();
        for id in open {
            self.cancel(id, reason, "cancelled by the scheduler", ctx);
        }
    }

    /// Writes down that the run is to end, and why, so that a successor of this process knows; tells the node.
    pub(super) fn ask_to_cancel(&mut self, id: RunId, reason: Reason, ctx: &mut Context<Self>) {
        let now = self.now();
        let Some(live) = self.runs.get_mut(&id) else { return };
        if live.phase == Phase::Waiting {
            // Taken up from the ledger: its node may have it.
            live.phase = Phase::Awaited;
        }
        live.cancel = Some(reason);
        // Asked again after a restart: it was to end since the first time.
        let since = *live.run.cancel_at.get_or_insert(now);
        let state = live.run.state;
        let known = Known { cancel_at: Some(since), ..Known::default() };
        let asked = RunChange { run: id, from: state, to: state, reason, at: now, known, then: None };
        // Told only once it is written: else the node's report could be taken for a failure after a crash.
        self.record_change(asked, Cause::Learned, ctx, move |job, ctx| {
            if let Some(live) = job.runs.get_mut(&id) {
                live.cancel_is_written = true;
            }
            job.stop_run(id, ctx);
        });
        self.grant_grace(id, ctx);
    }

    /// A node that does not report a cancelled run in time is not waited for.
    fn grant_grace(&mut self, id: RunId, ctx: &mut Context<Self>) {
        ctx.run_later(self.place.base.settings.scheduling.cancel_grace(), move |job, ctx| {
            let Some(reason) = job.runs.get(&id).and_then(|live| live.cancel) else { return };
            job.close(id, End::cancelled(reason, "cancelled; the node did not report its end in time"), ctx);
        });
    }
}
