//! Asking one job something, which wakes it if it sleeps; and letting it sleep again once it has answered.

use super::{Awake, Shard};
use crate::error::SchedulerError;
use crate::job_actor::JobActor;
use crate::messages::{EndActor, JobFellAsleep};
use crate::wards::Absence;
use actix::dev::ToEnvelope;
use actix::prelude::*;
use hzm_job_scheduler::JobId;
use tokio::sync::oneshot;

impl Shard {
    /// Asks a job's actor; `nobody` is the answer when there is no such job.
    pub(super) fn ask<M, T>(
        &mut self,
        id: JobId,
        message: M,
        nobody: T,
    ) -> ResponseActFuture<Self, Result<T, SchedulerError>>
    where
        M: Message<Result = Result<T, SchedulerError>> + Send + 'static,
        T: Send + 'static,
        JobActor: Handler<M>,
        Context<JobActor>: ToEnvelope<JobActor, M>,
    {
        let answer = self.awake(id).then(move |awake, shard, _| {
            async move {
                let Some(Awake { actor, awaited }) = awake? else { return Ok(nobody) };
                let answer = actor.send(message).await;
                drop(awaited);
                answer?
            }
            .into_actor(shard)
        });
        Box::pin(answer.map(move |answer, shard, _| {
            shard.answered(id);
            answer
        }))
    }

    /// The actor of a job, woken if it sleeps; `None`: there is no such job.
    pub(super) fn awake(&mut self, id: JobId) -> ResponseActFuture<Self, Result<Option<Awake>, SchedulerError>> {
        if let Some(live) = self.jobs.0.get_mut(&id) {
            return Box::pin(fut::ready(Ok(Some(live.ask()))));
        }
        match self.job_wards.absence(&id) {
            Some(Absence::Quarantined) => {
                let why = format!("the actor of job {id} is quarantined; release it on the actors page");
                return Box::pin(fut::ready(Err(SchedulerError::Unavailable(why))));
            }
            Some(Absence::Restarting) => return Box::pin(fut::ready(Err(SchedulerError::Busy))),
            None => {}
        }
        if let Some(others) = self.waking.get_mut(&id) {
            // A crowd of orders for a sleeping job asks the store once.
            let (told, woken) = oneshot::channel();
            others.push(told);
            let woken = async move { woken.await.unwrap_or(Err(SchedulerError::Busy)) };
            return Box::pin(woken.into_actor(self).then(move |woken, shard, _| match woken {
                Ok(()) => shard.awake(id),
                Err(error) => Box::pin(fut::ready(Err(error))),
            }));
        }
        self.waking.insert(id, Vec::new());
        let (store, began) = (self.base.store.clone(), self.reads.begin());
        let read = async move { store.ledger_standings(vec![id]).await };
        let woken = read.into_actor(self).map(move |read, shard, _| {
            // Somebody else may have woken it while the store was asked, and it may have fallen asleep since.
            let overtaken = !shard.jobs.0.contains_key(&id) && shard.reads.is_overtaken(id, began);
            shard.reads.end();
            let others = shard.waking.remove(&id).unwrap_or_default();
            let read = read.map_err(SchedulerError::from);
            let told = read.as_ref().map(drop).map_err(Clone::clone);
            // Whoever stopped waiting need not be told.
            others.into_iter().for_each(|other| drop(other.send(told.clone())));
            let standing = read?.into_iter().next();
            if let (false, false, Some(standing)) = (overtaken, shard.jobs.0.contains_key(&id), standing) {
                shard.activate(standing);
            }
            Ok(overtaken)
        });
        Box::pin(woken.then(move |woken, shard: &mut Shard, _| match woken {
            Ok(true) => shard.awake(id),
            Ok(false) => Box::pin(fut::ready(Ok(shard.jobs.0.get_mut(&id).map(super::LiveJob::ask)))),
            Err(error) => Box::pin(fut::ready(Err(error))),
        }))
    }

    /// A job says that it has nothing to do. One that has not heard or answered everything yet stays awake for now.
    pub(super) fn fell_asleep(&mut self, asleep: JobFellAsleep) {
        let job = asleep.job;
        let Some(live) = self.jobs.0.get_mut(&job) else { return };
        // Should it not say so again, its next fire wakes it all the same.
        if let Some(wake) = asleep.wake {
            self.agenda.set(job, wake);
        }
        if live.sent != asleep.heard {
            return;
        }
        if live.owes_an_answer() {
            live.sleepy = Some(asleep);
            return;
        }
        // A full mailbox means that it is not idle after all; it says so again when it is.
        if live.actor.try_send(EndActor::Stop).is_ok() {
            self.jobs.0.remove(&job);
            // What was read while it was awake may speak of runs that it has ended since.
            self.reads.touch(job);
        }
    }

    /// A job answered: it may have fallen asleep meanwhile.
    fn answered(&mut self, id: JobId) {
        let sleepy = self.jobs.0.get_mut(&id).and_then(|live| live.sleepy.take());
        sleepy.into_iter().for_each(|asleep| self.fell_asleep(asleep));
    }
}
