//! What others may say to the registry.

use super::Registry;
use crate::error::SchedulerError;
use crate::journal::JournalName;
use crate::messages::{
    ActorReport, EndActor, ListActors, MustEnd, RefreshExecutor, ReleaseExecutor, ReloadExecutor, ToExecutor,
};
use crate::obituary::ActorGone;
use actix::prelude::*;
use hzm_job_scheduler::ExecutorId;

impl Handler<ActorGone<JournalName>> for Registry {
    type Result = ();

    fn handle(&mut self, gone: ActorGone<JournalName>, ctx: &mut Self::Context) {
        self.base.directory.journal_publish(None);
        let Some(why) = gone.panic else { return };
        let policy = self.base.settings.supervision.journal.clone();
        let verdict = self.journal_wards.died(&JournalName, &policy, &why, self.base.now());
        self.carry_out("journal", &why, verdict, ctx, |registry, ctx| registry.start_journal(ctx));
    }
}

impl Handler<ActorGone<usize>> for Registry {
    type Result = ();

    fn handle(&mut self, gone: ActorGone<usize>, ctx: &mut Self::Context) {
        let index = gone.who;
        if let Some(slot) = self.shards.get_mut(index) {
            *slot = None;
        }
        self.publish_shards();
        // A shard that stops in good order was told so, or asks to be restarted with all its jobs.
        let why = gone.panic.unwrap_or_else(|| "one of its actors died too often".into());
        let verdict = self.shard_wards.died(&index, &self.policy_of_shards(), &why, self.base.now());
        self.carry_out(&format!("shard/{index}"), &why, verdict, ctx, move |registry, ctx| {
            registry.start_shard(index, ctx)
        });
    }
}

impl Handler<ActorGone<ExecutorId>> for Registry {
    type Result = ();

    fn handle(&mut self, gone: ActorGone<ExecutorId>, ctx: &mut Self::Context) {
        let id = gone.who;
        self.executors.remove(&id);
        let Some(why) = gone.panic else { return self.base.directory.executor_withdraw(id) };
        let policy = self.base.settings.supervision.executor.clone();
        let verdict = self.executor_wards.died(&id, &policy, &why, self.base.now());
        self.carry_out(&format!("executor/{id}"), &why, verdict, ctx, move |registry, ctx| {
            registry.revive_executor(id, ctx)
        });
    }
}

impl Handler<MustEnd> for Registry {
    type Result = ();

    fn handle(&mut self, end: MustEnd, ctx: &mut Self::Context) {
        self.look_at_owner(Some(end.0), ctx);
    }
}

impl Handler<EndActor> for Registry {
    type Result = ();

    fn handle(&mut self, _: EndActor, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl Handler<RefreshExecutor> for Registry {
    type Result = ResponseActFuture<Self, Result<(), SchedulerError>>;

    fn handle(&mut self, refresh: RefreshExecutor, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        match self.executors.get(&refresh.0) {
            Some(executor) => {
                let told = executor.send(ReloadExecutor);
                Box::pin(async move { told.await? }.into_actor(self))
            }
            None => Box::pin(self.reviving(refresh.0)),
        }
    }
}

impl<M> Handler<ToExecutor<M>> for Registry
where
    M: Message<Result = Result<(), SchedulerError>> + Send + 'static,
    crate::executor_actor::ExecutorActor: Handler<M>,
{
    type Result = ResponseFuture<Result<(), SchedulerError>>;

    fn handle(&mut self, to: ToExecutor<M>, _: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        let Some(executor) = self.executors.get(&to.executor) else {
            return Box::pin(async { Err(SchedulerError::Busy) });
        };
        let told = executor.send(to.message);
        Box::pin(async move { told.await? })
    }
}

impl Handler<ReleaseExecutor> for Registry {
    type Result = bool;

    fn handle(&mut self, release: ReleaseExecutor, ctx: &mut Self::Context) -> bool {
        let released = self.executor_wards.release(&release.0);
        if released {
            self.revive_executor(release.0, ctx);
        }
        released
    }
}

impl Handler<ListActors> for Registry {
    type Result = ResponseActFuture<Self, Vec<ActorReport>>;

    fn handle(&mut self, _: ListActors, _: &mut Self::Context) -> Self::Result {
        let mut reports = vec![ActorReport {
            name: "registry".into(),
            kind: "registry",
            thread: crate::threads::thread_name(),
            waiting: 0,
            mailbox_limit: super::MAILBOX,
            handled: self.handled,
            restarts: 0,
            state: "running",
            last_error: None,
            last_error_at: None,
        }];
        reports.extend(self.journal_wards.absent("journal", 0, |_| "journal".into()));
        reports.extend(self.shard_wards.absent("shard", 0, |index| format!("shard/{index}")));
        reports.extend(self.executor_wards.absent("executor", 0, |id| format!("executor/{id}")));
        let journal = self.journal.as_ref().map(|journal| journal.send(ListActors));
        let there = self.shards.iter().enumerate().filter_map(|(index, shard)| Some((index, shard.as_ref()?)));
        let shards: Vec<_> = there.map(|(index, shard)| (index, shard.send(ListActors))).collect();
        let executors: Vec<_> = self.executors.iter().map(|(id, executor)| (*id, executor.send(ListActors))).collect();
        let asked = async move {
            let journal = match journal {
                Some(asked) => asked.await.unwrap_or_default(),
                None => Vec::new(),
            };
            let mut of_shards = Vec::new();
            for (index, asked) in shards {
                of_shards.push((index, asked.await.unwrap_or_default()));
            }
            let mut of_executors = Vec::new();
            for (id, asked) in executors {
                of_executors.push((id, asked.await.unwrap_or_default()));
            }
            (journal, of_shards, of_executors)
        };
        Box::pin(asked.into_actor(self).map(move |(mut journal, of_shards, of_executors), registry, _| {
            journal.iter_mut().for_each(|report| registry.journal_wards.complete(&JournalName, report));
            reports.append(&mut journal);
            for (index, mut of_shard) in of_shards {
                let own = of_shard.iter_mut().find(|report| report.kind == "shard");
                own.into_iter().for_each(|report| registry.shard_wards.complete(&index, report));
                reports.append(&mut of_shard);
            }
            for (id, mut of_executor) in of_executors {
                let own = of_executor.iter_mut().find(|report| report.kind == "executor");
                own.into_iter().for_each(|report| registry.executor_wards.complete(&id, report));
                reports.append(&mut of_executor);
            }
            reports
        }))
    }
}
