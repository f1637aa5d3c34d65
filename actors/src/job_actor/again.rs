//! From a waiting run to the node that gets it. A further attempt may be bound to the nodes of the attempts before it, which
//! the ledger knows, so that a restart changes nothing.

use super::end::End;
use super::live_run::{Before, LiveRun};
use super::{JobActor, TRY_AGAIN};
use actix::prelude::*;
use hzm_job_scheduler::retry::RetryNode;
use hzm_job_scheduler::run::Reason;
use hzm_job_scheduler::{ExecutorId, RunId};
use hzm_job_store::run::Run;
use std::sync::Arc;

/// Where a run may go.
enum Route {
    /// To this node.
    To(Arc<str>),
    /// To none, for this reason and in these words.
    Nowhere(Reason, String),
    /// The ledger must be asked first.
    AskLedger,
}

impl JobActor {
    /// Writes a node down for a waiting run, then sends it.
    pub(super) fn dispatch(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let Some(live) = self.runs.get(&id) else { return };
        match self.route(live) {
            Route::To(address) => self.assign(id, &address, ctx),
            Route::Nowhere(reason, text) => self.close(id, End::failed(reason, text), ctx),
            Route::AskLedger => self.ask_before(id, ctx),
        }
    }

    fn route(&self, live: &LiveRun) -> Route {
        let nobody = || Route::Nowhere(Reason::NoNode, "no node of the executor is online".into());
        if live.run.pinned {
            return live.run.node.as_deref().map_or_else(nobody, |node| Route::To(node.into()));
        }
        let before = match (self.binding(live), &live.before) {
            (RetryNode::Any, _) => return self.choose(&live.tried).map_or_else(nobody, Route::To),
            (_, Before::Unknown | Before::Asked) => return Route::AskLedger,
            (binding, Before::Known(before)) => (binding, before),
        };
        match before {
            (RetryNode::Same, before) if !before.is_empty() => self.route_same(before),
            (_, before) => self.choose_beside(&live.tried, before).map_or_else(nobody, Route::To),
        }
    }

    fn route_same(&self, before: &[String]) -> Route {
        let node = before.first().map(String::as_str).unwrap_or_default();
        if self.is_gone(self.job.spec.draft().executor, node) {
            let text = format!("{node}, which got the attempt before and alone may get this one, is offline");
            return Route::Nowhere(Reason::SameNodeOffline, text);
        }
        Route::To(node.into())
    }

    /// What the retry policy says of this run; a first attempt is free.
    fn binding(&self, live: &LiveRun) -> RetryNode {
        if live.run.attempt == 0 { RetryNode::Any } else { self.job.spec.draft().retry.node }
    }

    /// Another node for a run that its node did not take; `None`: there is none, or none may get it.
    pub(super) fn next_node(&self, id: RunId) -> Option<Arc<str>> {
        let live = self.runs.get(&id)?;
        let avoid = match (self.binding(live), &live.before) {
            _ if live.run.pinned => return None,
            (RetryNode::Same, _) => return None,
            (RetryNode::Other, Before::Known(before)) => before.as_slice(),
            (RetryNode::Any | RetryNode::Other, _) => &[],
        };
        self.choose_beside(&live.tried, avoid)
    }

    /// Whether a node is offline, or is none of the executor's any more.
    pub(super) fn is_gone(&self, executor: ExecutorId, address: &str) -> bool {
        let table = self.place.base.directory.routes(executor);
        !table.known.iter().any(|node| node.address.as_ref() == address && !node.offline)
    }

    /// Reads which nodes the earlier attempts of this fire were sent to, then goes on.
    fn ask_before(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let Some(live) = self.runs.get_mut(&id).filter(|live| live.before == Before::Unknown) else { return };
        live.before = Before::Asked;
        let (store, of) = (self.place.base.store.clone(), live.run.clone());
        let read = async move { store.run_attempts(&of).await };
        ctx.spawn(read.into_actor(self).map(move |read, job, ctx| {
            let Some(live) = job.runs.get_mut(&id) else { return };
            match read {
                Ok(attempts) => {
                    live.before = Before::Known(nodes_before(&live.run, attempts));
                    job.wait_for_turn(id, ctx);
                }
                Err(error) => {
                    live.before = Before::Unknown;
                    slog::warn!(job.log, "the attempts before a run cannot be read; trying again"; "run" => id.0, "error" => %error);
                    ctx.run_later(TRY_AGAIN, move |job, ctx| job.wait_for_turn(id, ctx));
                }
            }
        }));
    }
}

/// The nodes of the attempts before this one, newest first. An attempt that never had a node is passed over.
fn nodes_before(run: &Run, attempts: Vec<Run>) -> Vec<String> {
    let earlier = attempts.into_iter().filter(|attempt| attempt.attempt < run.attempt);
    let mut nodes: Vec<String> = earlier.filter_map(|attempt| attempt.node).collect();
    nodes.reverse();
    nodes
}
