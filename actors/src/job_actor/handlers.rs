//! What others may say to a job.

use super::JobActor;
use crate::error::SchedulerError;
use crate::messages::{
    ActorReport, CancelOutcome, CancelRun, EndActor, ForwardReport, ListActors, NodeLost, Ordered, ReloadJob, Reported,
    RunOrder, RunReport,
};
use actix::prelude::*;
use hzm_job_scheduler::run::Reason;

impl Handler<RunOrder> for JobActor {
    type Result = ResponseActFuture<Self, Result<Ordered, SchedulerError>>;

    fn handle(&mut self, order: RunOrder, ctx: &mut Self::Context) -> Self::Result {
        self.count(true);
        self.order(order, ctx)
    }
}

impl Handler<CancelRun> for JobActor {
    type Result = Result<CancelOutcome, SchedulerError>;

    fn handle(&mut self, order: CancelRun, ctx: &mut Self::Context) -> Self::Result {
        self.count(true);
        let outcome = self.cancel(order.run, Reason::ByUser, &format!("cancelled by {}", order.by), ctx);
        self.settle(ctx);
        Ok(outcome)
    }
}

impl Handler<RunReport> for JobActor {
    type Result = ResponseActFuture<Self, Result<Reported, SchedulerError>>;

    fn handle(&mut self, report: RunReport, _: &mut Self::Context) -> Self::Result {
        self.count(false);
        self.report(report)
    }
}

impl Handler<ForwardReport> for JobActor {
    type Result = ResponseActFuture<Self, Result<Reported, SchedulerError>>;

    fn handle(&mut self, forward: ForwardReport, ctx: &mut Self::Context) -> Self::Result {
        self.count(true);
        if self.runs.is_empty() {
            self.settle(ctx);
        }
        self.report(forward.0)
    }
}

impl Handler<ReloadJob> for JobActor {
    type Result = ();

    fn handle(&mut self, reload: ReloadJob, ctx: &mut Self::Context) {
        self.count(true);
        self.renew(*reload.0, ctx);
    }
}

impl Handler<NodeLost> for JobActor {
    type Result = ();

    fn handle(&mut self, lost: NodeLost, ctx: &mut Self::Context) {
        self.count(true);
        self.node_lost(&lost, ctx);
        if self.runs.is_empty() {
            self.settle(ctx);
        }
    }
}

impl Handler<EndActor> for JobActor {
    type Result = ();

    fn handle(&mut self, end: EndActor, ctx: &mut Self::Context) {
        end.carry_out(ctx);
    }
}

impl Handler<ListActors> for JobActor {
    type Result = MessageResult<ListActors>;

    fn handle(&mut self, _: ListActors, _: &mut Self::Context) -> Self::Result {
        MessageResult(vec![ActorReport {
            name: format!("job/{}", self.job.id),
            kind: "job",
            thread: crate::threads::thread_name(),
            waiting: self.runs.len(),
            mailbox_limit: super::MAILBOX,
            handled: self.handled,
            restarts: 0,
            state: "running",
            last_error: None,
            last_error_at: None,
        }])
    }
}

impl JobActor {
    fn count(&mut self, from_shard: bool) {
        self.handled += 1;
        self.heard += u64::from(from_shard);
    }
}
