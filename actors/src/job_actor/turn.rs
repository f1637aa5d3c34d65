//! Whose turn it is among the open runs of one job: what the overlap policy says once the rows are written.
//!
//! Admission (`plan.rs`) decides with what the actor knows at that moment. A retry may become known only later: its row is
//! committed with the end of the attempt before it, and the journal's answer may be on its way, or lost, while the next fire is
//! admitted. So the policy is asked again whenever a run is about to begin.

use super::JobActor;
use super::end::End;
use super::live_run::{LiveRun, Phase};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::Reason;
use std::time::Duration;

/// How often, and how many times, it is looked whether a node was told to end a run: half a second in all.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
const LOOKS: u32 = 50;

/// The order of fires: a retry belongs to its fire, however young its own row is.
fn place(live: &LiveRun) -> (DateTime<Utc>, RunId) {
    (live.run.scheduled_at, live.run.id)
}

impl JobActor {
    /// Whether the overlap policy makes this waiting run wait for another one.
    pub(super) fn must_queue(&self, id: RunId) -> bool {
        let is_busy = || {
            !self.unread.is_empty()
                || self.runs.iter().any(|(other, live)| *other != id && live.phase != Phase::Waiting)
        };
        match self.job.spec.draft().overlap {
            OverlapPolicy::Queue => is_busy() || self.runs.range(..id).next().is_some(),
            OverlapPolicy::Skip => is_busy(),
            OverlapPolicy::Parallel | OverlapPolicy::Replace => false,
        }
    }

    /// Whether a newer fire has taken the place of this run's.
    pub(super) fn is_replaced(&self, id: RunId) -> bool {
        let Some(live) = self.runs.get(&id).filter(|_| self.replaces()) else { return false };
        self.runs.values().any(|other| place(other) > place(live))
    }

    /// Ends what this run takes the place of, and the run itself when a newer one was quicker. Answers whether it may begin.
    pub(super) fn take_place(&mut self, id: RunId, ctx: &mut Context<Self>) -> bool {
        if self.is_replaced(id) {
            self.close(id, End::cancelled(Reason::Replaced, "a newer fire took its place before it was sent"), ctx);
            return false;
        }
        let Some(mine) = self.runs.get(&id).filter(|_| self.replaces()).map(place) else { return true };
        let older: Vec<RunId> =
            self.runs.iter().filter(|(_, live)| place(live) < mine).map(|(older, _)| *older).collect();
        for older in older {
            self.cancel(older, Reason::Replaced, "a newer fire took its place", ctx);
        }
        true
    }

    /// Sends a run once those whose place it takes were told to end: they hear of it first, also from another connection. A node
    /// that does not answer that is not waited for.
    pub(super) fn send_once_told(&mut self, id: RunId, looked: u32, ctx: &mut Context<Self>) {
        if !self.replaces() || self.stops.is_empty() || looked >= LOOKS {
            return self.send(id, ctx);
        }
        if let Some(live) = self.runs.get_mut(&id) {
            live.phase = Phase::Sending;
            ctx.run_later(LOOK_AGAIN, move |job, ctx| job.send_once_told(id, looked + 1, ctx));
        }
    }

    pub(super) fn replaces(&self) -> bool {
        self.job.spec.draft().overlap == OverlapPolicy::Replace
    }
}
