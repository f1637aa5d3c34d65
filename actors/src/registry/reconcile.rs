//! Changes that nobody told the actors of: looked up in the operation log every few seconds.
//!
//! Whoever changes a definition writes it, then tells the actors. Between the two the caller may hang up, the answer to the
//! commit may get lost, or the process may be another one. What was told already is told once more, which changes nothing.

use super::Registry;
use crate::by_shard::by_shard;
use crate::messages::{RefreshExecutor, RefreshJobs};
use actix::prelude::*;
use hzm_job_scheduler::{ExecutorId, JobId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often the log is looked at.
pub(super) const RECONCILE_EVERY: Duration = Duration::from_secs(5);
/// Operations looked at in one step.
const PAGE: i64 = 500;
/// Ids are given out before the transaction that uses them ends: so many below the newest one seen are looked at again.
const LOOK_BACK: i64 = 200;

/// Which operations were dealt with.
#[derive(Debug, Default)]
pub(super) struct Reconciled {
    /// `None`: nothing was looked at yet.
    newest: Option<i64>,
    /// The ids dealt with among the last [`LOOK_BACK`].
    done: BTreeSet<i64>,
}

/// The objects to tell of, each with the operations that name it.
type Told = BTreeMap<i64, Vec<i64>>;

impl Reconciled {
    /// From where to read on.
    fn after(&self) -> Option<i64> {
        self.newest.map(|newest| newest - LOOK_BACK)
    }

    /// Whether an operation is new here; from now on it is not.
    fn take(&mut self, id: i64) -> bool {
        self.newest = self.newest.max(Some(id));
        self.done.insert(id)
    }

    fn forget_old(&mut self) {
        let after = self.after().unwrap_or(i64::MIN);
        self.done.retain(|id| *id > after);
    }
}

impl Registry {
    /// Tells the actors of every change since the last look.
    pub(super) fn reconcile(&mut self, ctx: &mut Context<Self>) {
        let (store, after) = (self.base.store.clone(), self.reconciled.after());
        let read = async move {
            let after = match after {
                Some(after) => after,
                // The actors began with what the store said when they started: only what came about then is in doubt.
                None => store.operation_newest().await? - LOOK_BACK,
            };
            store.operation_objects(after, PAGE).await
        };
        ctx.spawn(read.into_actor(self).map(|read, registry, ctx| match read {
            Ok(changed) => registry.tell_changed(changed, ctx),
            Err(error) => slog::debug!(registry.base.log, "the operation log cannot be read"; "error" => %error),
        }));
    }

    fn tell_changed(&mut self, changed: Vec<(i64, String, i64)>, ctx: &mut Context<Self>) {
        let is_more = i64::try_from(changed.len()) == Ok(PAGE);
        let (mut jobs, mut executors) = (Told::new(), Told::new());
        for (id, kind, object) in changed {
            if self.reconciled.newest.is_none() {
                self.reconciled.newest = Some(id - 1);
            }
            let is_new = self.reconciled.take(id);
            let of_kind = match kind.as_str() {
                "job" => Some(&mut jobs),
                "executor" => Some(&mut executors),
                _ => None,
            };
            if let Some(told) = of_kind.filter(|_| is_new) {
                told.entry(object).or_default().push(id);
            }
        }
        self.reconciled.forget_old();
        let is_news = !jobs.is_empty() || !executors.is_empty();
        let told = self.tell_of_jobs(&jobs);
        let executors = executors
            .into_iter()
            .map(|(id, operations)| (ctx.address().send(RefreshExecutor(ExecutorId(id))), operations));
        let mut work: Vec<ResponseFuture<Vec<i64>>> = vec![told];
        for (told, operations) in executors {
            work.push(Box::pin(async move { if matches!(told.await, Ok(Ok(()))) { Vec::new() } else { operations } }));
        }
        let work = futures_util::future::join_all(work);
        ctx.spawn(work.into_actor(self).map(move |untold, registry, ctx| {
            // They are looked at again.
            untold.into_iter().flatten().for_each(|operation| {
                registry.reconciled.done.remove(&operation);
            });
            if is_more && is_news {
                registry.reconcile(ctx);
            }
        }));
    }

    /// Tells the shards, each of all its jobs at once; the operations of those that were not told.
    fn tell_of_jobs(&self, jobs: &Told) -> ResponseFuture<Vec<i64>> {
        let (shards, lost) = by_shard(&self.base.directory, jobs.keys().copied().map(JobId));
        let of = |ids: &[JobId]| ids.iter().filter_map(|id| jobs.get(&id.0)).flatten().copied().collect::<Vec<i64>>();
        let mut untold = of(&lost);
        let told: Vec<_> = shards.into_iter().map(|(shard, ids)| (of(&ids), shard.send(RefreshJobs(ids)))).collect();
        Box::pin(async move {
            for (operations, told) in told {
                if !matches!(told.await, Ok(Ok(()))) {
                    untold.extend(operations);
                }
            }
            untold
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_new_once_also_when_it_becomes_visible_late() {
        let mut seen = Reconciled::default();
        assert!(seen.take(1_000) && seen.take(1_002) && !seen.take(1_000));
        assert!(seen.after().is_some_and(|after| after < 1_001), "the one in between is read when it is there");
        assert!(seen.take(1_001) && !seen.take(1_001));
        assert!(seen.take(5_000));
        seen.forget_old();
        assert_eq!(seen.done.len(), 1);
    }
}
