//! What others may say to a shard: mostly something for one of its jobs.

use super::{LookAtAgenda, Shard};
use crate::error::SchedulerError;
use crate::job_actor::JobActor;
use crate::messages::{
    ActorReport, CancelOutcome, CancelRun, DeliverReport, DeliverReports, EndActor, FailJob, ForwardReport,
    JobFellAsleep, ListActors, NodeLost, Ordered, RefreshJob, RefreshJobs, ReleaseJob, Reported, RunOrder,
};
use actix::prelude::*;
use futures_util::future::join_all;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::Reason;
use std::sync::Arc;

/// Job actors that one report lists at most; those that died come first.
const LISTED: usize = 200;

impl Handler<LookAtAgenda> for Shard {
    type Result = ();

    fn handle(&mut self, _: LookAtAgenda, ctx: &mut Self::Context) {
        self.wake_due(ctx);
    }
}

impl Handler<RefreshJob> for Shard {
    type Result = ResponseActFuture<Self, Result<(), SchedulerError>>;

    fn handle(&mut self, refresh: RefreshJob, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        self.refresh(vec![refresh.0])
    }
}

impl Shard {
    /// Looks at the store and gives these jobs their places; answers when that is done.
    fn refresh(&mut self, ids: Vec<JobId>) -> ResponseActFuture<Self, Result<(), SchedulerError>> {
        let (store, began) = (self.base.store.clone(), self.reads.begin());
        let read = async move { super::load::standings(&store, &ids).await };
        let placed = read.into_actor(self).map(move |read, shard, ctx| match read {
            Ok(standings) => Ok(shard.place_all(standings, began, ctx)),
            Err(error) => {
                shard.reads.end();
                Err(SchedulerError::from(error))
            }
        });
        Box::pin(placed.then(|placed, shard: &mut Shard, _| match placed {
            Ok(overtaken) if !overtaken.is_empty() => shard.refresh(overtaken),
            placed => Box::pin(fut::ready(placed.map(drop))),
        }))
    }
}

impl Handler<RefreshJobs> for Shard {
    type Result = ResponseActFuture<Self, Result<(), SchedulerError>>;

    fn handle(&mut self, refresh: RefreshJobs, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        self.refresh(refresh.0)
    }
}

impl Handler<RunOrder> for Shard {
    type Result = ResponseActFuture<Self, Result<Ordered, SchedulerError>>;

    fn handle(&mut self, order: RunOrder, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        self.ask(order.job, order, Ordered::UnknownJob)
    }
}

impl Handler<CancelRun> for Shard {
    type Result = ResponseActFuture<Self, Result<CancelOutcome, SchedulerError>>;

    fn handle(&mut self, order: CancelRun, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        self.ask(order.job, order, CancelOutcome::UnknownRun)
    }
}

impl Handler<DeliverReport> for Shard {
    type Result = ResponseActFuture<Self, Result<Reported, SchedulerError>>;

    fn handle(&mut self, deliver: DeliverReport, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        self.ask(deliver.job, ForwardReport(deliver.report), Reported::UnknownRun)
    }
}

impl Handler<DeliverReports> for Shard {
    type Result = ResponseFuture<Vec<Result<Reported, SchedulerError>>>;

    fn handle(&mut self, deliver: DeliverReports, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        let told = deliver.0.into_iter().map(|report| {
            let told = self.base.directory.run_handler(report.run).map(|actor| actor.send(report));
            async move {
                match told {
                    Some(told) => told.await?,
                    // It ended a moment ago: the ledger knows.
                    None => Ok(Reported::UnknownRun),
                }
            }
        });
        Box::pin(join_all(told.collect::<Vec<_>>()))
    }
}

impl Handler<NodeLost> for Shard {
    type Result = ();

    fn handle(&mut self, lost: NodeLost, _: &mut Self::Context) {
        self.handled += 1;
        if lost.reason != Reason::NodeRestarted {
            // Its client goes as well: addresses that come and go must not pile up here.
            self.place.node_gone(&lost.address, None);
        }
        for (id, live) in &mut self.jobs.0 {
            live.sent += 1;
            let (told, id, log) = (live.actor.send(lost.clone()), *id, self.log.clone());
            actix_rt::spawn(async move {
                if let Err(error) = told.await {
                    // Its actor ended: the next one reads the ledger and asks for itself.
                    slog::debug!(log, "a job was not told of a lost node"; "job" => id.0, "error" => %error);
                }
            });
        }
    }
}

impl Handler<JobFellAsleep> for Shard {
    type Result = ();

    fn handle(&mut self, asleep: JobFellAsleep, _: &mut Self::Context) {
        self.fell_asleep(asleep);
    }
}

impl Handler<ReleaseJob> for Shard {
    type Result = bool;

    fn handle(&mut self, release: ReleaseJob, ctx: &mut Self::Context) -> bool {
        let released = self.job_wards.release(&release.0);
        if released {
            self.base.directory.quarantine_end(release.0);
            slog::info!(self.log, "released from quarantine"; "job" => release.0.0);
            self.read(vec![release.0], ctx);
        }
        released
    }
}

impl Handler<FailJob> for Shard {
    type Result = ResponseActFuture<Self, Result<bool, SchedulerError>>;

    fn handle(&mut self, fail: FailJob, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.awake(fail.0).map(|awake, _, _| match awake? {
            Some(awake) => Ok(awake.actor.try_send(EndActor::Panic).map(|()| true)?),
            None => Ok(false),
        }))
    }
}

impl Handler<ListActors> for Shard {
    type Result = ResponseActFuture<Self, Vec<ActorReport>>;

    fn handle(&mut self, _: ListActors, _: &mut Self::Context) -> Self::Result {
        let mut reports = vec![ActorReport {
            name: format!("shard/{}", self.index),
            kind: "shard",
            thread: crate::threads::thread_name(),
            waiting: self.agenda.len(),
            mailbox_limit: super::MAILBOX,
            handled: self.handled,
            restarts: 0,
            state: "running",
            last_error: None,
            last_error_at: None,
        }];
        reports.extend(self.job_wards.absent("job", crate::job_actor::MAILBOX, |id| format!("job/{id}")));
        let of_node = |address: &Arc<str>| node_name(self.index, address);
        reports.extend(self.node_wards.absent("node", crate::node_actor::MAILBOX, of_node));
        let jobs: Vec<(JobId, _)> = self.to_list().map(|(id, job)| (id, job.send(ListActors))).collect();
        let nodes = self.place.nodes().into_iter().take(LISTED);
        let nodes: Vec<(Arc<str>, _)> = nodes.map(|(address, node)| (address, node.send(ListActors))).collect();
        let answers = async move { (all(jobs).await, all(nodes).await) };
        Box::pin(answers.into_actor(self).map(move |(jobs, nodes), shard, _| {
            for (id, mut report) in jobs {
                shard.job_wards.complete(&id, &mut report);
                reports.push(report);
            }
            for (address, mut report) in nodes {
                report.name = node_name(shard.index, &address);
                shard.node_wards.complete(&address, &mut report);
                reports.push(report);
            }
            reports
        }))
    }
}

impl Shard {
    /// The job actors that a report lists: those that died first.
    fn to_list(&self) -> impl Iterator<Item = (JobId, &Addr<JobActor>)> {
        let died = self.jobs.0.iter().filter(|(id, _)| self.job_wards.has_died(id));
        let others = self.jobs.0.iter().filter(|(id, _)| !self.job_wards.has_died(id));
        died.chain(others).take(LISTED).map(|(id, live)| (*id, &live.actor))
    }
}

/// The name of the actor that sends to an address from this shard's thread.
pub(super) fn node_name(shard: usize, address: &str) -> String {
    format!("shard/{shard}/node/{address}")
}

/// The reports of those that answer.
async fn all<I, F>(asked: Vec<(I, F)>) -> Vec<(I, ActorReport)>
where
    F: Future<Output = Result<Vec<ActorReport>, MailboxError>>,
{
    let mut reports = Vec::new();
    for (id, asked) in asked {
        reports.extend(asked.await.unwrap_or_default().into_iter().next().map(|report| (id, report)));
    }
    reports
}

impl Handler<EndActor> for Shard {
    type Result = ();

    fn handle(&mut self, end: EndActor, ctx: &mut Self::Context) {
        end.carry_out(ctx);
    }
}
