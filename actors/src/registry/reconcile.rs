//! Changes that nobody told the actors of: looked up in the operation log every few seconds.
//!
//! Whoever changes a definition writes it, then tells the actors. Between the two the caller may hang up, the answer to the
//! commit may get lost, or the process may be another one. What was told already is told once more, which changes nothing.

use super::Registry;
use crate::messages::{RefreshExecutor, RefreshJob};
use actix::prelude::*;
use hzm_job_scheduler::{ExecutorId, JobId};
use std::collections::BTreeSet;
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
        let mut told = BTreeSet::new();
        for (id, kind, object) in changed {
            if self.reconciled.newest.is_none() {
                self.reconciled.newest = Some(id - 1);
            }
            if self.reconciled.take(id) && told.insert((kind.clone(), object)) {
                self.tell_again(&kind, object, id, ctx);
            }
        }
        self.reconciled.forget_old();
        if is_more && !told.is_empty() {
            self.reconcile(ctx);
        }
    }

    fn tell_again(&self, kind: &str, object: i64, operation: i64, ctx: &mut Context<Self>) {
        let told: ResponseFuture<bool> = match kind {
            "job" => match self.base.directory.shard_of(JobId(object)) {
                Some(shard) => {
                    let told = shard.refresh.send(RefreshJob(JobId(object)));
                    Box::pin(async move { matches!(told.await, Ok(Ok(()))) })
                }
                None => Box::pin(async { false }),
            },
            "executor" => {
                let told = ctx.address().send(RefreshExecutor(ExecutorId(object)));
                Box::pin(async move { matches!(told.await, Ok(Ok(()))) })
            }
            _ => return,
        };
        ctx.spawn(told.into_actor(self).map(move |told, registry, _| {
            if !told {
                // It is looked at again.
                registry.reconciled.done.remove(&operation);
            }
        }));
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
