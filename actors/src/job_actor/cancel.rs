//! Somebody wants a run ended: at once where it was not sent, else its node is told and has a grace to report.

use super::JobActor;
use super::change::Cause;
use super::end::End;
use super::live_run::Phase;
use crate::messages::{CancelOutcome, Delivered, SendCancel};
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
        self.record_change(asked, Cause::Learned, ctx, |_, _| ());
        self.send_cancel(id, ctx);
        self.grant_grace(id, ctx);
    }

    /// A node that does not report a cancelled run in time is not waited for.
    fn grant_grace(&mut self, id: RunId, ctx: &mut Context<Self>) {
        ctx.run_later(self.place.base.settings.scheduling.cancel_grace(), move |job, ctx| {
            let Some(reason) = job.runs.get(&id).and_then(|live| live.cancel) else { return };
            job.close(id, End::cancelled(reason, "cancelled; the node did not report its end in time"), ctx);
        });
    }

    /// Tells a run's node to cancel it. Whether that was heard is seen by the report, or by the grace that ends the run.
    pub(super) fn send_cancel(&self, id: RunId, ctx: &mut Context<Self>) {
        let Some(node) =
            self.runs.get(&id).and_then(|live| live.run.node.as_deref()).and_then(|at| self.place.node(at))
        else {
            return;
        };
        let secret = self.place.base.directory.routes(self.job.spec.draft().executor).secret.clone();
        let log = self.log.clone();
        let told = async move {
            match node.send(SendCancel { run: id, secret }).await {
                Ok(Delivered::Accepted) => slog::info!(log, "node told to cancel"; "run" => id.0),
                Ok(other) => slog::warn!(log, "node did not take the cancellation"; "run" => id.0, "answer" => ?other),
                Err(error) => slog::warn!(log, "node could not be told to cancel"; "run" => id.0, "error" => %error),
            }
        };
        ctx.spawn(told.into_actor(self));
    }
}
