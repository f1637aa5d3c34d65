//! What others may say to an executor.

use super::{ExecutorActor, MAILBOX};
use crate::error::SchedulerError;
use crate::messages::{ActorReport, AdmitNode, DismissNode, EndActor, ListActors, ReloadExecutor};
use crate::node_actor::NodeActor;
use crate::obituary::ActorGone;
use actix::prelude::*;
use hzm_job_scheduler::executor::{MOST_ADDRESSES, Registration};
use hzm_job_scheduler::run::Reason;
use hzm_job_store::node::Registered;
use std::sync::Arc;

/// Actors of nodes that one report lists at most.
const LISTED: usize = 200;

impl Handler<AdmitNode> for ExecutorActor {
    type Result = ResponseActFuture<Self, Result<(), SchedulerError>>;

    fn handle(&mut self, admit: AdmitNode, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        if self.executor.spec.draft().registration == Registration::Manual {
            return Box::pin(fut::ready(Ok(())));
        }
        let is_full = self.nodes.len() >= MOST_ADDRESSES;
        match self.nodes.values_mut().find(|watched| watched.node.address == admit.0.address) {
            Some(same) => same.calls.note(),
            // An executor gone bad must not fill the table of nodes, and have each of them asked whether it lives.
            None if is_full => {
                return Box::pin(fut::ready(Err(SchedulerError::TooManyNodes(MOST_ADDRESSES))));
            }
            None => {}
        }
        let (store, now, judged_by) = (self.base.store.clone(), self.base.now(), admit.0.executor_version);
        let written = async move { store.node_register(admit.0, now).await };
        Box::pin(written.into_actor(self).map(move |written, executor, ctx| match written? {
            Registered::Done(node) if executor.executor.version == judged_by => {
                executor.admitted(node, ctx);
                Ok(())
            }
            // Written before the executor was changed, and read again since: what was read knows by which secret it goes now.
            Registered::Done(_) | Registered::Stale => Err(SchedulerError::ExecutorChanged),
            Registered::Full => Err(SchedulerError::TooManyNodes(MOST_ADDRESSES)),
        }))
    }
}

impl Handler<DismissNode> for ExecutorActor {
    type Result = ResponseActFuture<Self, Result<(), SchedulerError>>;

    fn handle(&mut self, dismiss: DismissNode, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        let address = dismiss.0;
        let found = self.nodes.iter().find(|(_, watched)| watched.node.address == address && !watched.node.manual);
        let Some((id, known)) = found.map(|(id, watched)| (*id, watched.address.clone())) else {
            return Box::pin(fut::ready(Ok(())));
        };
        let (store, executor) = (self.base.store.clone(), self.executor.id);
        let deleted = async move { store.node_delete(executor, address).await };
        Box::pin(deleted.into_actor(self).map(move |deleted, executor, _| {
            deleted?;
            executor.nodes.remove(&id);
            slog::info!(executor.log, "node went away"; "node" => known.as_ref());
            executor.publish();
            executor.tell_lost(&known, Reason::NodeShutdown);
            Ok(())
        }))
    }
}

impl Handler<ReloadExecutor> for ExecutorActor {
    type Result = ResponseActFuture<Self, Result<(), SchedulerError>>;

    fn handle(&mut self, _: ReloadExecutor, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        let (store, id, since) = (self.base.store.clone(), self.executor.id, self.admissions);
        let read = async move {
            let read = (store.executor_get(id).await?, store.node_list(Some(id)).await?);
            #[cfg(feature = "faults")]
            crate::faults::held().await;
            Ok::<_, SchedulerError>(read)
        };
        Box::pin(read.into_actor(self).map(move |read, actor, ctx| {
            let (executor, nodes) = read?;
            let Some(executor) = executor else {
                // Deleted: a job that was moved away may have left runs here, and nobody will report them.
                actor.take_nodes(Vec::new()).iter().for_each(|gone| actor.tell_lost(gone, Reason::NodeOffline));
                ctx.stop();
                return Ok(());
            };
            // Overtaken by another one that was read later: a secret that was replaced does not come back.
            if executor.version < actor.executor.version {
                return Ok(());
            }
            actor.executor = executor;
            let (nodes, is_outdated) = actor.brought_up_to_date(nodes, since);
            let removed = actor.take_nodes(nodes);
            actor.publish();
            actor.write_down_differing(ctx);
            removed.iter().for_each(|address| actor.tell_lost(address, Reason::NodeShutdown));
            actor.beat(ctx);
            if is_outdated {
                ctx.notify(ReloadExecutor);
            }
            Ok(())
        }))
    }
}

impl Handler<ActorGone<Arc<str>>> for ExecutorActor {
    type Result = ();

    fn handle(&mut self, gone: ActorGone<Arc<str>>, _: &mut Self::Context) {
        for watched in self.nodes.values_mut().filter(|watched| watched.address == gone.who) {
            watched.actor = None;
            watched.asked = false;
        }
        if let Some(why) = gone.panic {
            slog::error!(self.log, "the actor that asks a node died; the next beat starts another";
                "node" => gone.who.as_ref(), "why" => &why);
            // Whatever the policy says: a node that nobody asks would be offline for good.
            self.node_wards.died(&gone.who, &self.base.settings.supervision.node, &why, self.base.now());
            self.node_wards.started(&gone.who);
        }
    }
}

impl Handler<EndActor> for ExecutorActor {
    type Result = ();

    fn handle(&mut self, end: EndActor, ctx: &mut Self::Context) {
        end.carry_out(ctx);
    }
}

impl Handler<ListActors> for ExecutorActor {
    type Result = ResponseActFuture<Self, Vec<ActorReport>>;

    fn handle(&mut self, _: ListActors, _: &mut Self::Context) -> Self::Result {
        let mut reports = vec![ActorReport {
            name: format!("executor/{}", self.executor.id),
            kind: "executor",
            thread: crate::threads::thread_name(),
            waiting: self.nodes.values().filter(|watched| watched.asked).count(),
            mailbox_limit: MAILBOX,
            handled: self.handled,
            restarts: 0,
            state: "running",
            last_error: None,
            last_error_at: None,
        }];
        let asked: Vec<_> = self.probes().take(LISTED).map(|(at, probe)| (at, probe.send(ListActors))).collect();
        let answers = async move {
            let mut answers = Vec::new();
            for (address, asked) in asked {
                answers.push((address, asked.await.unwrap_or_default()));
            }
            answers
        };
        Box::pin(answers.into_actor(self).map(|answers, executor, _| {
            for (address, answer) in answers {
                for mut report in answer {
                    report.name = executor.probe_name(&address);
                    executor.node_wards.complete(&address, &mut report);
                    reports.push(report);
                }
            }
            reports
        }))
    }
}

impl ExecutorActor {
    /// The actors that ask its nodes for their beats.
    pub(super) fn probes(&self) -> impl Iterator<Item = (Arc<str>, &Addr<NodeActor>)> {
        self.nodes.values().filter_map(|watched| Some((watched.address.clone(), watched.actor.as_ref()?)))
    }

    pub(super) fn probe_name(&self, address: &str) -> String {
        format!("executor/{}/node/{address}", self.executor.id)
    }
}
