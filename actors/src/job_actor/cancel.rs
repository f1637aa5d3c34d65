//! Somebody wants a run ended: at once where it was not sent, else its node is told and has a grace to report.

use super::JobActor;
use super::change::Cause;
use super::end::End;
use super::live_run::Phase;
use crate::messages::{CancelOutcome, Delivered, SendCancel};
use crate::node_actor::NodeActor;
use actix::prelude::*;
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::run::Reason;
use hzm_job_store::ledger::{Known, RunChange};

/// An order to a node to end a run.
pub(super) struct Cancellation {
    node: Addr<NodeActor>,
    order: SendCancel,
}

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
        self.record_change(asked, Cause::Learned, ctx, move |job, ctx| job.send_cancel(id, ctx));
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
        if let Some(cancellation) = self.cancellation(id) {
            self.tell(cancellation, ctx);
        }
    }

    /// What a run's node is to be told when the run is to end there; `None` when no node has it.
    pub(super) fn cancellation(&self, id: RunId) -> Option<Cancellation> {
        let node = self.place.node(self.runs.get(&id)?.run.node.as_deref()?)?;
        let secret = self.place.base.directory.routes(self.job.spec.draft().executor).secret.clone();
        Some(Cancellation { node, order: SendCancel { run: id, secret } })
    }

    /// Tells a node to end a run.
    pub(super) fn tell(&self, Cancellation { node, order }: Cancellation, ctx: &mut Context<Self>) {
        let (log, id) = (self.log.clone(), order.run);
        let told = async move {
            match node.send(order).await {
                Ok(Delivered::Accepted) => slog::info!(log, "node told to cancel"; "run" => id.0),
                Ok(other) => slog::warn!(log, "node did not take the cancellation"; "run" => id.0, "answer" => ?other),
                Err(error) => slog::warn!(log, "node could not be told to cancel"; "run" => id.0, "error" => %error),
            }
        };
        ctx.spawn(told.into_actor(self));
    }
}
