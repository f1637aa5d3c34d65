//! Taking up what the ledger says is open: after a start, a restart, an edit, or a lost answer. There is no other recovery.

use super::end::End;
use super::live_run::{LiveRun, Phase};
use super::{JobActor, TRY_AGAIN};
use crate::messages::NodeLost;
use actix::prelude::*;
use hzm_job_scheduler::job::Delivery;
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, RunId};
use hzm_job_store::run::Run;
use hzm_job_store::standing::Standing;

impl JobActor {
    /// The runs this actor started with.
    pub(super) fn adopt_all(&mut self, ctx: &mut Context<Self>) {
        let mut ids: Vec<RunId> = self.runs.keys().copied().collect();
        // Those whose place another one took first: they are told to end before it begins.
        ids.sort_by_key(|id| !self.is_replaced(*id));
        for id in ids {
            self.open_to_reports(id, ctx);
            self.adopt(id, ctx);
        }
    }

    fn adopt(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let Some(live) = self.runs.get(&id) else { return };
        slog::info!(self.log, "taking up an open run"; "run" => id.0, "state" => live.run.state.word());
        let replaced = self.is_replaced(id).then_some(Reason::Replaced);
        let unwanted = if self.deleted { Some(Reason::Deleted) } else { live.cancel.or(replaced) };
        let at_most_once = self.job.spec.draft().delivery == Delivery::AtMostOnce;
        let was_taken = self.place.taken.noted(id);
        match (live.run.state, unwanted) {
            (RunState::Waiting, Some(reason)) => {
                self.close(id, End::cancelled(reason, "cancelled before it was sent"), ctx);
            }
            (RunState::Waiting, None) if self.is_stopped_fire(id) => self.skip_stopped(id, ctx),
            (RunState::Waiting, None) => self.wait_for_turn(id, ctx),
            (RunState::Planned | RunState::Dispatched, None) if was_taken.is_some() => {
                if let (Some(live), Some(taken)) = (self.runs.get_mut(&id), was_taken) {
                    (live.sent_at, live.accepted_at) = (Some(taken.sent_at), Some(taken.accepted_at));
                }
                self.await_again(id, ctx);
                self.write_running(id, ctx);
            }
            (RunState::Planned | RunState::Dispatched, _) if at_most_once && was_taken.is_none() => {
                let text = "the scheduler ended while it sent this run; at_most_once forbids sending it again";
                self.close(id, End::lost(Reason::CrashWhileSending, text), ctx);
            }
            (_, Some(reason)) => {
                self.ask_to_cancel(id, reason, ctx);
            }
            (RunState::Planned | RunState::Dispatched, None) => {
                if let Some(live) = self.runs.get_mut(&id) {
                    live.perhaps_there = true;
                    live.phase = Phase::Sending;
                }
                if self.replaces() && self.runs.len() > 1 { self.send_after_ends(id, ctx) } else { self.send(id, ctx) }
            }
            (_, None) => self.await_again(id, ctx),
        }
    }

    /// Sends once what was handed to the journal before is written: the cancellations of those whose place this run takes.
    fn send_after_ends(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let written = self.place.scribe.record(Vec::new());
        ctx.spawn(written.into_actor(self).map(move |written, job, ctx| match written {
            Ok(_) => job.send_once_told(id, 0, ctx),
            Err(_) => drop(ctx.run_later(TRY_AGAIN, move |job, ctx| job.send_after_ends(id, ctx))),
        }));
    }

    /// A run that a node had accepted: our SDK is asked by repeating the trigger (it recognises the id, unless it was started
    /// anew and executes it; so a run that may not be executed twice is not asked for). Of any other one the report may have
    /// come while nobody listened, so silence ends it.
    fn await_again(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let Some(live) = self.runs.get_mut(&id) else { return };
        live.phase = Phase::Awaited;
        let (executor, node) = (live.run.executor, live.run.node.clone());
        let may_repeat = self.job.spec.draft().delivery == Delivery::AtLeastOnce;
        let asks = may_repeat && node.is_some_and(|node| self.recognises_repeats(executor, &node));
        self.watch(id, ctx);
        if asks {
            self.send(id, ctx);
        } else {
            self.watch_node(id, ctx);
            self.watch_silence(id, ctx);
        }
    }

    pub(super) fn recognises_repeats(&self, executor: ExecutorId, address: &str) -> bool {
        let table = self.place.base.directory.routes(executor);
        table.known.iter().any(|node| node.address.as_ref() == address && node.recognises_repeats)
    }

    /// The job's definition or its rows changed behind this actor: takes the store's word.
    pub(super) fn renew(&mut self, standing: Standing, ctx: &mut Context<Self>) {
        let anchor_moved = standing.job.anchor > self.job.anchor;
        let open = self.take_standing(standing);
        // What is not open any more need not be read.
        self.unread.retain(|id| open.iter().any(|run| run.id == *id));
        if anchor_moved {
            slog::info!(self.log, "occurrences count anew"; "from" => %self.job.anchor);
        }
        for run in open {
            self.renew_run(run, ctx);
        }
        if self.deleted {
            self.cancel_all(Reason::Deleted, ctx);
        } else if !self.job.enabled {
            self.skip_waiting(ctx);
        }
        self.fire_due(ctx);
    }

    fn renew_run(&mut self, run: Run, ctx: &mut Context<Self>) {
        let id = run.id;
        if self.runs.contains_key(&id) || self.meets_ahead(&run) {
            self.unread.remove(&id);
        }
        if !self.runs.contains_key(&id) && self.meets_ahead(&run) {
            return;
        }
        match self.runs.get_mut(&id) {
            // What was committed since is newer than what the store told then.
            Some(live) if live.run.state.code() < run.state.code() => live.run.state = run.state,
            Some(_) => {}
            None => self.look_up(id, ctx),
        }
    }

    /// The store told of an open run that this actor does not know. It may have ended between that reading and now: what
    /// the row says *after* this actor forgot it is the truth, and only an open one is taken up.
    fn look_up(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let store = self.place.base.store.clone();
        let read = async move { store.run_get(id).await };
        ctx.spawn(read.into_actor(self).map(move |read, job, ctx| match read {
            Ok(Some(run)) if !run.state.is_terminal() && !job.runs.contains_key(&id) && !job.meets_ahead(&run) => {
                job.unread.remove(&id);
                job.open_to_reports(id, ctx);
                job.runs.insert(id, LiveRun::new(run));
                job.adopt(id, ctx);
            }
            Ok(_) => {
                if job.unread.remove(&id) {
                    job.let_next_in(ctx);
                    job.fire_due(ctx);
                }
            }
            Err(error) => {
                slog::warn!(job.log, "a run cannot be read; trying again"; "run" => id.0, "error" => %error);
                ctx.run_later(TRY_AGAIN, move |job, ctx| job.look_up(id, ctx));
            }
        }));
    }

    /// A stopped job sends nothing more: fires that still wait are skipped. What somebody ordered by hand still runs.
    fn skip_waiting(&mut self, ctx: &mut Context<Self>) {
        let waiting = self.runs.iter().filter(|(_, live)| live.phase == Phase::Waiting);
        let ids: Vec<RunId> = waiting.map(|(id, _)| *id).collect();
        for id in ids.into_iter().filter(|id| self.is_stopped_fire(*id)).collect::<Vec<_>>() {
            self.skip_stopped(id, ctx);
        }
    }

    fn is_stopped_fire(&self, id: RunId) -> bool {
        !self.job.enabled && self.runs.get(&id).is_some_and(|live| live.run.kind == RunKind::Scheduled)
    }

    fn skip_stopped(&mut self, id: RunId, ctx: &mut Context<Self>) {
        self.close(id, End::skipped(Reason::Stopped, "the job was stopped before this run could be sent"), ctx);
    }

    /// What ran at an address is over: runs that were sent there for that executor, whichever the job belongs to by now.
    pub(super) fn node_lost(&mut self, lost: &NodeLost, ctx: &mut Context<Self>) {
        // A run that is being sent again need not be sent to nobody; one that is on its way for the first time is refused
        // in a moment and may go to another node.
        let gone = lost.reason != Reason::NodeRestarted;
        let concerned = |live: &LiveRun| {
            live.phase == Phase::Awaited || (gone && live.phase == Phase::Sending && live.perhaps_there)
        };
        let there = |live: &LiveRun| {
            let sent_to = (live.run.executor, live.run.node.as_deref());
            sent_to == (lost.executor, Some(lost.address.as_ref())) && concerned(live)
        };
        let ids: Vec<RunId> = self.runs.iter().filter(|(_, live)| there(live)).map(|(id, _)| *id).collect();
        for id in ids {
            self.run_stranded(id, lost, ctx);
        }
    }

    fn run_stranded(&mut self, id: RunId, lost: &NodeLost, ctx: &mut Context<Self>) {
        let wanted = self.runs.get(&id).is_some_and(|live| live.cancel.is_none());
        let at_least_once = self.job.spec.draft().delivery == Delivery::AtLeastOnce;
        let again = wanted && at_least_once && self.recognises_repeats(lost.executor, &lost.address);
        match lost.reason {
            // The program came back as another process. Its reports are on its disk: asked again, it either delivers the
            // report or, knowing nothing of the run, executes it.
            Reason::NodeRestarted if again => {
                if let Some(live) = self.runs.get_mut(&id) {
                    live.resends = 0;
                }
                self.send(id, ctx);
            }
            Reason::NodeShutdown => {
                let text = format!("node offline: {} went away before the run ended", lost.address);
                self.close(id, End::failed(lost.reason, text).with_code(500), ctx);
            }
            reason => self.close(id, End::lost(reason, lost_text(reason, &lost.address)), ctx),
        }
    }
}

/// Why a run is lost whose node told nothing of it, in the words of its reason: a node that came back does answer.
fn lost_text(reason: Reason, address: &str) -> String {
    match reason {
        Reason::NodeRestarted => format!("node restarted: {address} came back as another process before the run ended"),
        _ => format!("node offline: {address} does not answer any more"),
    }
}
