//! Only with the cargo feature `faults`: a test lets a child of the registry panic, or a child of that.

use super::Registry;
use crate::messages::{EndActor, InjectPanic};
use actix::prelude::*;
use hzm_job_scheduler::ExecutorId;
use std::future::Future;

impl Handler<InjectPanic> for Registry {
    type Result = ResponseFuture<bool>;

    fn handle(&mut self, inject: InjectPanic, _: &mut Self::Context) -> Self::Result {
        let name = inject.actor.clone();
        let mut parts = name.split('/');
        let (kind, id, child) = (parts.next(), parts.next().and_then(|id| id.parse::<usize>().ok()), parts.next());
        let panic = |told: Result<(), SendError<EndActor>>| -> ResponseFuture<bool> {
            let told = told.is_ok();
            Box::pin(async move { told })
        };
        let shard = id.and_then(|index| self.shards.get(index)?.as_ref());
        let executor = id.and_then(|id| self.executors.get(&ExecutorId(i64::try_from(id).ok()?)));
        match (kind, child) {
            (Some("journal"), None) if id.is_none() => match &self.journal {
                Some(journal) => panic(journal.try_send(EndActor::Panic)),
                None => Box::pin(async { false }),
            },
            (Some("shard"), child) => match (shard, child) {
                (Some(shard), None) => panic(shard.try_send(EndActor::Panic)),
                (Some(shard), Some(_)) => answered(shard.send(inject)),
                (None, _) => Box::pin(async { false }),
            },
            (Some("executor"), child) => match (executor, child) {
                (Some(executor), None) => panic(executor.try_send(EndActor::Panic)),
                (Some(executor), Some(_)) => answered(executor.send(inject)),
                (None, _) => Box::pin(async { false }),
            },
            _ => Box::pin(async { false }),
        }
    }
}

/// Whether a child found whom to let panic.
fn answered(asked: impl Future<Output = Result<bool, MailboxError>> + 'static) -> ResponseFuture<bool> {
    Box::pin(async { asked.await.unwrap_or(false) })
}
