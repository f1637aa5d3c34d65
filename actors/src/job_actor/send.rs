//! Sending a run to its node, and what the node's answer means.

use super::JobActor;
use super::change::Cause;
use super::end::End;
use super::live_run::{LiveRun, Phase};
use crate::messages::{Delivered, DispatchRun};
use crate::taken;
use actix::prelude::*;
use chrono::TimeDelta;
use hzm_job_protocol::hzm::JobHandle;
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::job::Delivery;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::{Reason, RunEvent, RunState};
use hzm_job_scheduler::silence;
use hzm_job_store::ledger::{Known, TakenRun};
use hzm_job_store::run::Run;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// "Running" is written so long after a node that recognises repeats took the run; a run that ends before needs no row change
/// of its own for it.
const RUNNING_WRITTEN_AFTER: Duration = Duration::from_millis(250);

/// For other nodes it is written sooner: until then a crash makes the next scheduler send the run again, and they execute it
/// again. Not at once, because most short runs are over by then, and what need not be written does not delay the others.
const RUNNING_WRITTEN_SOON: Duration = Duration::from_millis(50);

/// Where very many are under way, a note says it then for many of them, and the row of each so long afterwards.
const RUNNING_WRITTEN_AFTER_NOTE: Duration = Duration::from_secs(1);

/// Past runs that tell how long the job usually takes.
const RECENT: i64 = 50;

/// So long after a node answered its executor's actor has noticed.
const NOTICED_AFTER: Duration = Duration::from_secs(1);

/// The pause before a trigger of unknown fate is sent again; doubles each time.
const RESEND_PAUSE: Duration = Duration::from_secs(1);

impl JobActor {
    /// Sends a run whose node is in the ledger. Never before its time: its row was written when it was due.
    pub(super) fn send(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let now = self.now();
        let Some(live) = self.runs.get_mut(&id) else { return };
        let table = self.place.base.directory.routes(live.run.executor);
        if let (Some(reason), None) = (live.cancel, live.sent_at) {
            return self.close(id, End::cancelled(reason, "cancelled before it was sent"), ctx);
        }
        let address = live.run.node.clone().unwrap_or_default();
        let there = table.node(&address);
        let (together, secret) = (there.is_some_and(|node| node.takes_batches), table.secret_of(there, now));
        let secret = match secret {
            Ok(secret) => secret,
            Err(why) => return self.delivered(id, Delivered::NotTaken(format!("{address}: {why}")), ctx),
        };
        let Some(node) = self.place.node(&address) else {
            let why = format!("the actor of {address} is being restarted");
            return self.delivered(id, Delivered::NotTaken(why), ctx);
        };
        live.phase = Phase::Sending;
        live.enter(&self.place.base.directory);
        if live.sent_at.is_none() {
            live.sent_at = Some(now);
            // Behind an earlier run of its own job it waited by the job's own policy: it is late from the end of that one on.
            let takes_turns =
                !matches!(self.job.spec.draft().overlap, OverlapPolicy::Parallel | OverlapPolicy::Replace);
            let due = live.run.not_before.max(self.last_end.filter(|_| takes_turns).unwrap_or(live.run.not_before));
            self.place.base.directory.pulse.fired(now.timestamp(), (now - due).num_milliseconds());
        }
        let trigger = JobHandle {
            log_id: id.0,
            job_id: self.job.id.0,
            job_name: self.job.spec.handler().to_owned(),
            job_params: live.run.parameters.clone(),
        };
        self.watch(id, ctx);
        let answer = async move {
            fault_point!("job.before_send", Delivered::Unknown("a fault was injected before the node was told".into()));
            // The node's actor died with the request: nobody knows whether it had left.
            let answer = node.send(DispatchRun { trigger, secret, together }).await;
            let answer = answer.unwrap_or_else(|error| Delivered::Unknown(error.to_string()));
            fault_point!("job.after_answer", Delivered::Unknown("a fault was injected after the node's answer".into()));
            answer
        };
        ctx.spawn(answer.into_actor(self).map(move |answer, job, ctx| job.delivered(id, answer, ctx)));
    }

    fn delivered(&mut self, id: RunId, answer: Delivered, ctx: &mut Context<Self>) {
        let now = self.now();
        let Some(live) = self.runs.get_mut(&id) else { return };
        if live.phase == Phase::Ending {
            return;
        }
        match answer {
            Delivered::Accepted => {
                live.phase = Phase::Awaited;
                live.accepted_at.get_or_insert(now);
                self.accepted(id, ctx);
            }
            // It was accepted once and this was only a question: its end is told by a report or by the node's liveness.
            Delivered::NotTaken(_) | Delivered::Unknown(_) if live.run.state == RunState::Running => {
                live.phase = Phase::Awaited;
                self.watch_node(id, ctx);
            }
            // Refusing a repeated trigger says nothing about the one before.
            Delivered::NotTaken(why) if live.perhaps_there => self.unknown(id, &why, ctx),
            Delivered::NotTaken(why) => self.not_taken(id, why, ctx),
            Delivered::Unknown(why) => self.unknown(id, &why, ctx),
        }
    }

    fn accepted(&mut self, id: RunId, ctx: &mut Context<Self>) {
        self.watch(id, ctx);
        let Some(live) = self.runs.get(&id) else { return };
        if live.cancel_is_written {
            self.stop_run(id, ctx);
        }
        if self.place.base.directory.is_stopping() {
            self.write_running(id, ctx);
        } else {
            // A node that executes a repeated trigger again must not get one because nobody wrote down that it has the run.
            let writes = match self.is_forgetful(id) {
                true => ctx.run_later(RUNNING_WRITTEN_SOON, move |job, ctx| job.note_running(id, ctx)),
                false => ctx.run_later(RUNNING_WRITTEN_AFTER, move |job, ctx| job.write_running(id, ctx)),
            };
            if let Some(live) = self.runs.get_mut(&id) {
                live.writes = Some(writes);
            }
        }
    }

    /// Has it written that a node has a run which it would execute again: in the run's row, or together with many others.
    fn note_running(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let few = self.place.base.directory.unsettled.load(Ordering::Acquire) <= taken::FEW;
        let now = self.now();
        let awaited = |live: &&mut LiveRun| live.phase == Phase::Awaited && live.run.state != RunState::Running;
        match self.runs.get_mut(&id).filter(awaited) {
            Some(live) if !few => {
                let (sent_at, accepted_at) = (live.sent_at.unwrap_or(now), live.accepted_at.unwrap_or(now));
                self.place.taken.note(TakenRun { run: id, sent_at, accepted_at });
                let later = move |job: &mut JobActor, ctx: &mut Context<JobActor>| job.write_running(id, ctx);
                live.writes = Some(ctx.run_later(RUNNING_WRITTEN_AFTER_NOTE, later));
            }
            _ => self.write_running(id, ctx),
        }
    }

    /// Whether the run's node would execute it again when it is sent again.
    fn is_forgetful(&self, id: RunId) -> bool {
        let at = self.runs.get(&id).and_then(|live| Some((live.run.executor, live.run.node.as_deref()?)));
        at.is_none_or(|(executor, node)| !self.recognises_repeats(executor, node))
    }

    /// Arms what ends a run that nobody reports: its timeout, or silence where its node cannot be asked.
    pub(super) fn watch(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let Some(timeout) = self.job.spec.timeout() else { return };
        let now = self.now();
        let Some(live) = self.runs.get_mut(&id) else { return };
        let left = live.time_left(timeout, now);
        live.arm(left, ctx, move |job, ctx| job.expired(id, ctx));
    }

    pub(super) fn write_running(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let Some(live) = self.runs.get(&id).filter(|live| live.phase == Phase::Awaited) else { return };
        let known = Known { sent_at: live.sent_at, accepted_at: live.accepted_at, ..Known::default() };
        let reason = live.cancel.unwrap_or(Reason::None);
        let Some(change) = self.change(id, RunEvent::Accepted, reason, known) else {
            // It is written as running already: this was a repeated trigger.
            if let Some(live) = self.runs.get_mut(&id) {
                live.written(&self.place);
            }
            return;
        };
        self.record_change(change, Cause::Event(RunEvent::Accepted), ctx, move |job, _| {
            if let Some(live) = job.runs.get_mut(&id) {
                live.written(&job.place);
            }
        });
    }

    /// The node surely did not take it: another one gets it, or the run fails.
    fn not_taken(&mut self, id: RunId, why: String, ctx: &mut Context<Self>) {
        let Some(live) = self.runs.get_mut(&id) else { return };
        self.stops.remove(&id); // It is not there, whatever it was told.
        live.tried.extend(live.run.node.clone());
        live.phase = Phase::Waiting;
        live.sent_at = None;
        slog::warn!(self.log, "node did not take the run"; "run" => id.0, "node" => live.run.node.as_deref(), "why" => &why);
        let wanted = live.cancel.is_none();
        match wanted.then(|| self.next_node(id)).flatten() {
            Some(address) => self.assign(id, &address, ctx),
            None => self.close(id, End::failed(Reason::Refused, why), ctx),
        }
    }

    /// Nobody knows whether the node took it: the job says whether twice is better than never. Another node never gets it.
    fn unknown(&mut self, id: RunId, why: &str, ctx: &mut Context<Self>) {
        let again = self.job.spec.draft().delivery == Delivery::AtLeastOnce;
        let times = self.place.base.settings.scheduling.resend_times;
        let Some(live) = self.runs.get_mut(&id) else { return };
        live.perhaps_there = true;
        slog::warn!(self.log, "no answer from the node"; "run" => id.0, "node" => live.run.node.as_deref(),
            "why" => why, "sent_again" => live.resends);
        self.note_that_it_left(id, ctx);
        let Some(live) = self.runs.get_mut(&id) else { return };
        if again && live.cancel.is_none() && live.resends < times {
            let pause = RESEND_PAUSE * 2u32.saturating_pow(live.resends);
            live.resends += 1;
            ctx.run_later(pause, move |job, ctx| {
                if job.runs.get(&id).is_some_and(|live| live.phase == Phase::Sending && live.cancel.is_none()) {
                    job.send(id, ctx);
                }
            });
            return;
        }
        live.phase = Phase::Awaited;
        live.settled(&self.place.base.directory);
        self.watch_node(id, ctx);
        if again {
            self.watch_silence(id, ctx);
        } else {
            // It may not be sent again; a report that is under way gets the time that a cancelled run gets.
            let grace = self.place.base.settings.scheduling.cancel_grace();
            ctx.run_later(grace, move |job, ctx| job.given_up(id, grace, ctx));
        }
    }

    /// A row that was written ahead says once its trigger has left that it is a run, and nothing to be taken back. For most the
    /// next thing that happens says so; where nobody knows what happened, that may take minutes, and the journal's mark waits.
    fn note_that_it_left(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let Some(live) = self.runs.get(&id).filter(|live| live.run.state == RunState::Planned) else { return };
        // Why somebody wants it ended may stand in the row already.
        let reason = live.cancel.unwrap_or(Reason::None);
        if let Some(change) = self.change(id, RunEvent::Assigned, reason, Known::default()) {
            self.record_change(change, Cause::Event(RunEvent::Assigned), ctx, |_, _| {});
        }
    }

    /// Ends a run whose node is offline already: its going was told before anybody waited for a report. A node that is only
    /// thought to be offline (after a restart) gets the time of one answer to show that it lives.
    pub(super) fn watch_node(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let a_moment = self.place.base.settings.scheduling.answer_within() + NOTICED_AFTER;
        ctx.run_later(a_moment, move |job, ctx| {
            let awaited = job.runs.get(&id).filter(|live| live.phase == Phase::Awaited);
            let node = awaited.and_then(|live| Some((live.run.executor, live.run.node.clone()?)));
            if let Some((_, node)) = node.filter(|(executor, node)| job.is_gone(*executor, node)) {
                let text = format!("node offline: {node} does not answer");
                job.close(id, End::lost(Reason::NodeOffline, text), ctx);
            }
        });
    }

    /// Ends a run that may never have been taken, or whose report may have been lost, when nothing is heard of it for
    /// longer than the job usually takes.
    pub(super) fn watch_silence(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let (store, job) = (self.place.base.store.clone(), self.job.id);
        let otherwise = self.place.base.settings.scheduling.silent_after_restart();
        let recent = async move { store.run_strips(vec![job], RECENT).await };
        ctx.spawn(recent.into_actor(self).map(move |recent, _, ctx| {
            // Without an answer of the store the configuration decides.
            let lengths: Vec<TimeDelta> = recent.unwrap_or_default().runs.iter().filter_map(length).collect();
            let patience = silence::patience(&lengths, otherwise).to_std().unwrap_or_default();
            ctx.run_later(patience, move |job, ctx| job.given_up(id, patience, ctx));
        }));
    }

    fn given_up(&mut self, id: RunId, patience: Duration, ctx: &mut Context<Self>) {
        if self.runs.get(&id).is_some_and(|live| live.phase == Phase::Awaited) {
            let text =
                format!("nothing was heard of this run for {} s, and its node cannot be asked", patience.as_secs());
            self.close(id, End::lost(Reason::Silence, text), ctx);
        }
    }

    /// Writes a node down and sends the run there. A node that was chosen for it is one of the job's executor, which may be
    /// another one than when the row was made; one that a user picked stays where it is.
    pub(super) fn assign(&mut self, id: RunId, address: &str, ctx: &mut Context<Self>) {
        let Some(live) = self.runs.get(&id) else { return };
        let executor = if live.run.pinned { live.run.executor } else { self.job.spec.draft().executor };
        let moved_to = Some(executor).filter(|executor| *executor != live.run.executor);
        let known = Known { node: Some(address.to_owned()), executor: moved_to, ..Known::default() };
        let Some(change) = self.change(id, RunEvent::Assigned, Reason::None, known) else { return };
        if let Some(live) = self.runs.get_mut(&id) {
            live.phase = Phase::Sending;
            live.run.node = Some(address.to_owned());
            live.run.executor = executor;
        }
        self.record_change(change, Cause::Event(RunEvent::Assigned), ctx, move |job, ctx| job.send(id, ctx));
    }
}

/// How long a run took that succeeded.
fn length(run: &Run) -> Option<TimeDelta> {
    let begun = run.sent_at.or(run.accepted_at)?;
    run.finished_at.filter(|_| run.state == RunState::Succeeded).map(|end| end - begun)
}
