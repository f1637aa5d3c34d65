//! What others may say to a shard: mostly something for one of its jobs.

use super::{LookAtAgenda, Shard};
use crate::error::SchedulerError;
use crate::messages::{
    ActorReport, CancelOutcome, CancelRun, DeliverReport, EndActor, FailJob, JobFellAsleep, ListActors, NodeLost,
    Ordered, RefreshJob, ReleaseJob, Reported, RunOrder,
};
use actix::prelude::*;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::Reason;

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
        let store = self.base.store.clone();
        let read = async move { store.ledger_standings(vec![refresh.0]).await };
        Box::pin(read.into_actor(self).map(|read, shard, _| {
            read?.into_iter().for_each(|standing| shard.place(standing));
            Ok(())
        }))
    }
}

impl Handler<RunOrder> for Shard {
    type Result = ResponseActFuture<Self, Result<Ordered, SchedulerError>>;

    fn handle(&mut self, order: RunOrder, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        let answer = self.awake(order.job).then(|actor, shard, _| {
            async move {
                match actor? {
                    Some(actor) => actor.send(order).await?,
                    None => Ok(Ordered::UnknownJob),
                }
            }
            .into_actor(shard)
        });
        Box::pin(answer)
    }
}

impl Handler<CancelRun> for Shard {
    type Result = ResponseActFuture<Self, Result<CancelOutcome, SchedulerError>>;

    fn handle(&mut self, order: CancelRun, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        let answer = self.awake(order.job).then(|actor, shard, _| {
            async move {
                match actor? {
                    Some(actor) => actor.send(order).await?,
                    None => Ok(CancelOutcome::UnknownRun),
                }
            }
            .into_actor(shard)
        });
        Box::pin(answer)
    }
}

impl Handler<DeliverReport> for Shard {
    type Result = ResponseActFuture<Self, Result<Reported, SchedulerError>>;

    fn handle(&mut self, deliver: DeliverReport, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        let answer = self.awake(deliver.job).then(|actor, shard, _| {
            async move {
                match actor? {
                    Some(actor) => actor.send(crate::messages::ForwardReport(deliver.report)).await?,
                    None => Ok(Reported::UnknownRun),
                }
            }
            .into_actor(shard)
        });
        Box::pin(answer)
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
        let Some(live) = self.jobs.0.get(&asleep.job).filter(|live| live.sent == asleep.heard) else { return };
        // A full mailbox means that it is not idle after all; it says so again when it is.
        if live.actor.try_send(EndActor::Stop).is_ok() {
            self.jobs.0.remove(&asleep.job);
            if let Some(wake) = asleep.wake {
                self.agenda.set(asleep.job, wake);
            }
        }
    }
}

impl Handler<ReleaseJob> for Shard {
    type Result = bool;

    fn handle(&mut self, release: ReleaseJob, ctx: &mut Self::Context) -> bool {
        let released = self.job_wards.release(&release.0);
        if released {
            slog::info!(self.log, "released from quarantine"; "job" => release.0.0);
            self.read(vec![release.0], ctx);
        }
        released
    }
}

impl Handler<FailJob> for Shard {
    type Result = ResponseActFuture<Self, bool>;

    fn handle(&mut self, fail: FailJob, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.awake(fail.0).map(|actor, _, _| match actor {
            Ok(Some(actor)) => actor.try_send(EndActor::Panic).is_ok(),
            Ok(None) | Err(_) => false,
        }))
    }
}

impl Handler<ListActors> for Shard {
    type Result = ResponseActFuture<Self, Vec<ActorReport>>;

    fn handle(&mut self, _: ListActors, _: &mut Self::Context) -> Self::Result {
        let mut reports = vec![ActorReport {
            name: format!("shard/{}", self.index),
            kind: "shard",
            thread: crate::thread_name(),
            waiting: self.agenda.len(),
            mailbox_limit: super::MAILBOX,
            handled: self.handled,
            restarts: 0,
            state: "running",
            last_error: None,
            last_error_at: None,
        }];
        reports.extend(self.job_wards.absent("job", crate::job_actor::MAILBOX, |id| format!("job/{id}")));
        reports.extend(self.node_wards.absent("node", crate::node_actor::MAILBOX, |address| format!("node/{address}")));
        let asked: Vec<(JobId, _)> =
            self.jobs.0.iter().take(LISTED).map(|(id, live)| (*id, live.actor.send(ListActors))).collect();
        let answers = async move {
            let mut answers = Vec::new();
            for (id, asked) in asked {
                answers.push((id, asked.await));
            }
            answers
        };
        Box::pin(answers.into_actor(self).map(move |answers, shard, _| {
            for (id, answer) in answers {
                for mut report in answer.unwrap_or_default() {
                    shard.job_wards.complete(&id, &mut report);
                    reports.push(report);
                }
            }
            reports
        }))
    }
}

impl Handler<EndActor> for Shard {
    type Result = ();

    fn handle(&mut self, _: EndActor, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
