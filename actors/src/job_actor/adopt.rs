//! Taking up what the ledger says is open: after a start, a restart, an edit, or a lost answer. There is no other recovery.

use super::JobActor;
use super::live_run::{LiveRun, Phase};
use crate::messages::NodeLost;
use actix::prelude::*;
use hzm_job_scheduler::job::Delivery;
use hzm_job_scheduler::run::{Reason, RunEvent, RunKind, RunState};
use hzm_job_scheduler::RunId;
use hzm_job_store::run::Run;
use hzm_job_store::standing::Standing;

impl JobActor {
    /// The runs this actor started with.
    pub(super) fn adopt_all(&mut self, ctx: &mut Context<Self>) {
        let ids: Vec<RunId> = self.runs.keys().copied().collect();
        for id in ids {
            self.place.base.directory.run_opened(id, self.job.id, ctx.address());
            self.adopt(id, ctx);
        }
    }

    fn adopt(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let Some(live) = self.runs.get_mut(&id) else { return };
        let at_most_once = self.job.spec.draft().delivery == Delivery::AtMostOnce;
        slog::info!(self.log, "taking up an open run"; "run" => id.0, "state" => live.run.state.word());
        match live.run.state {
            RunState::Planned | RunState::Waiting => self.wait_for_turn(id, ctx),
            RunState::Dispatched if at_most_once => {
                let text = "the scheduler ended while it sent this run; at_most_once forbids sending it again".to_owned();
                self.close(id, RunEvent::Lost, Reason::CrashWhileSending, None, Some(text), ctx);
            }
            RunState::Dispatched => {
                live.phase = Phase::Sending;
                self.send(id, ctx);
            }
            _ => self.await_again(id, ctx),
        }
        if self.runs.get(&id).is_some_and(|live| live.cancel.is_some() && live.phase != Phase::Ending) {
            self.send_cancel(id, ctx);
            self.grant_grace(id, ctx);
        }
        if self.deleted {
            self.cancel(id, Reason::Deleted, "the job was deleted", ctx);
        }
    }

    /// A run that a node had accepted: our SDK is asked by repeating the trigger (it recognises the id); of any other node
    /// the report may have come while nobody listened, so silence ends the run.
    fn await_again(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let Some(live) = self.runs.get_mut(&id) else { return };
        live.phase = Phase::Awaited;
        let node = live.run.node.clone();
        let asks = node.is_some_and(|node| self.recognises_repeats(&node));
        self.watch(id, ctx);
        if asks {
            self.send(id, ctx);
        } else {
            self.watch_silence(id, ctx);
        }
    }

    fn recognises_repeats(&self, address: &str) -> bool {
        let table = self.place.base.directory.routes(self.job.spec.draft().executor);
        table.nodes.iter().any(|node| node.address.as_ref() == address && node.recognises_repeats)
    }

    /// The job's definition or its rows changed behind this actor: takes the store's word.
    pub(super) fn renew(&mut self, standing: Standing, ctx: &mut Context<Self>) {
        let anchor_moved = standing.job.anchor > self.job.anchor;
        let open = self.take_standing(standing);
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
        match self.runs.get_mut(&id) {
            // What is on its way to the journal is newer than what the store told.
            Some(live) if live.phase == Phase::Ending => {}
            Some(live) => live.run.state = run.state,
            None => {
                self.place.base.directory.run_opened(id, self.job.id, ctx.address());
                self.runs.insert(id, LiveRun::new(run));
                self.adopt(id, ctx);
            }
        }
    }

    /// A stopped job sends nothing more: fires that still wait are skipped. What somebody ordered by hand still runs.
    fn skip_waiting(&mut self, ctx: &mut Context<Self>) {
        let waiting = self.runs.iter().filter(|(_, live)| live.phase == Phase::Waiting && live.run.kind == RunKind::Scheduled);
        let ids: Vec<RunId> = waiting.map(|(id, _)| *id).collect();
        for id in ids {
            let text = "the job was stopped before this run could be sent".to_owned();
            self.close(id, RunEvent::Skipped, Reason::Stopped, None, Some(text), ctx);
        }
    }

    /// What ran at an address is over.
    pub(super) fn node_lost(&mut self, lost: &NodeLost, ctx: &mut Context<Self>) {
        if lost.executor != self.job.spec.draft().executor {
            return;
        }
        let there = |live: &LiveRun| live.phase == Phase::Awaited && live.run.node.as_deref() == Some(lost.address.as_ref());
        let ids: Vec<RunId> = self.runs.iter().filter(|(_, live)| there(live)).map(|(id, _)| *id).collect();
        for id in ids {
            self.run_stranded(id, lost, ctx);
        }
    }

    fn run_stranded(&mut self, id: RunId, lost: &NodeLost, ctx: &mut Context<Self>) {
        let again = self.job.spec.draft().delivery == Delivery::AtLeastOnce && self.recognises_repeats(&lost.address);
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
                self.close(id, RunEvent::ReportedFailure, lost.reason, Some(500), Some(text), ctx);
            }
            reason => {
                let text = format!("node offline: {} does not answer any more", lost.address);
                self.close(id, RunEvent::Lost, reason, None, Some(text), ctx);
            }
        }
    }
}
