//! The end of a run: reported, timed out, cancelled or lost; and what follows it.
//!
//! Every end is one change of the ledger that names the state it leaves, with the following attempt in the same
//! transaction. Whoever comes second is told the outcome that stands.

use super::fire::run_of;
use super::live_run::Phase;
use super::{JobActor, TRY_AGAIN};
use crate::error::SchedulerError;
use crate::messages::{CancelOutcome, RefreshJob, Reported, RunReport};
use actix::prelude::*;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::retry::{self, NextAttempt};
use hzm_job_scheduler::run::{self, Reason, RunEvent, RunState};
use hzm_job_scheduler::RunId;
use hzm_job_store::ledger::{Answer, Entry, Known, NewRun, RunChange};

/// The result of asking the journal for one change.
type Written = Result<Answer, SchedulerError>;

impl JobActor {
    /// The change that `event` means for a run; `None` where it is not legal (any more).
    pub(super) fn change(&self, id: RunId, event: RunEvent, reason: Reason, known: Known) -> Option<RunChange> {
        let live = self.runs.get(&id)?;
        let to = run::apply(live.run.state, event)?;
        let at = self.now();
        let mut change = RunChange { run: id, from: live.run.state, to, reason, at, known, then: None };
        if to.is_terminal() {
            change.known.sent_at = change.known.sent_at.or(live.sent_at);
            change.known.accepted_at = change.known.accepted_at.or(live.accepted_at);
            change.then = self.following(&change, live.run.attempt).map(Box::new);
        }
        Some(change)
    }

    /// The attempt that follows an outcome, if the job's policy wants one.
    fn following(&self, change: &RunChange, attempt: i32) -> Option<NewRun> {
        let draft = self.job.spec.draft();
        // A run that its node gave back at shutdown is as good as one that failed; what a user ended stays ended.
        let next = retry::after(&draft.retry, draft.delivery, change.to, attempt, change.at, rand::random());
        let NextAttempt::Again { at, attempt } = next else { return None };
        if self.deleted {
            return None;
        }
        let of = &self.runs.get(&change.run)?.run;
        Some(NewRun {
            job: of.job,
            executor: draft.executor,
            kind: of.kind,
            scheduled_at: of.scheduled_at,
            attempt,
            state: RunState::Waiting,
            reason: Reason::None,
            not_before: at,
            node: of.node.clone().filter(|_| of.pinned),
            pinned: of.pinned,
            parameters: of.parameters.clone(),
            requested_by: of.requested_by.clone(),
            request_key: None,
            created_at: change.at,
            message: None,
        })
    }

    /// Has a change that ends nothing written, then goes on with `next`. One that comes too late is looked up.
    pub(super) fn record_change(
        &mut self,
        change: RunChange,
        ctx: &mut Context<Self>,
        next: impl FnOnce(&mut JobActor, &mut Context<JobActor>) + 'static,
    ) {
        let (id, to) = (change.run, change.to);
        let committed = self.place.base.record(vec![Entry::Change(change.clone())]);
        ctx.spawn(committed.into_actor(self).map(move |answers, job, ctx| match first(answers) {
            Ok(Answer::Changed { .. }) => {
                if let Some(live) = job.runs.get_mut(&id) {
                    live.run.state = to;
                }
                next(job, ctx);
            }
            Ok(_) => job.reload(ctx),
            Err(error) => {
                slog::warn!(job.log, "a change waits: the journal refused it"; "run" => id.0, "error" => %error);
                ctx.run_later(TRY_AGAIN, move |job, ctx| {
                    if job.runs.get(&id).is_some_and(|live| live.phase != Phase::Ending) {
                        job.record_change(change, ctx, next);
                    }
                });
            }
        }));
    }

    /// Ends a run on the scheduler's own account; tried again until the journal takes it.
    pub(super) fn close(
        &mut self,
        id: RunId,
        event: RunEvent,
        reason: Reason,
        code: Option<i32>,
        message: Option<String>,
        ctx: &mut Context<Self>,
    ) {
        let known = Known { code, message: message.clone(), ..Known::default() };
        let Some(change) = self.change(id, event, reason, known) else { return };
        let ending = self.end(change);
        ctx.spawn(ending.map(move |written, job, ctx| {
            if let Err(error) = job.ended(id, &written, ctx) {
                slog::warn!(job.log, "an end waits: the journal refused it"; "run" => id.0, "error" => %error);
                ctx.run_later(TRY_AGAIN, move |job, ctx| job.close(id, event, reason, code, message, ctx));
            }
        }));
    }

    /// Has an end written. Until the answer the run is nobody else's to end.
    fn end(&mut self, change: RunChange) -> impl ActorFuture<Self, Output = Result<(RunChange, Answer), SchedulerError>> + use<> {
        if let Some(live) = self.runs.get_mut(&change.run) {
            live.phase = Phase::Ending;
        }
        let committed = self.place.base.record(vec![Entry::Change(change.clone())]);
        committed.into_actor(self).map(move |answers, _, _| first(answers).map(|answer| (change, answer)))
    }

    /// After the commit of an end: forgets the run, takes up what follows it and lets the next one in.
    fn ended(
        &mut self,
        id: RunId,
        written: &Result<(RunChange, Answer), SchedulerError>,
        ctx: &mut Context<Self>,
    ) -> Result<Reported, SchedulerError> {
        let (change, answer) = match written {
            Ok((change, answer)) => (change, answer),
            Err(error) => {
                if let Some(live) = self.runs.get_mut(&id) {
                    live.phase = Phase::Awaited;
                }
                return Err(error.clone());
            }
        };
        let outcome = match answer {
            Answer::Changed { then } => {
                self.forget(id, change, ctx);
                if let (Some(next), Some(new)) = (then, &change.then) {
                    self.take_up(run_of(*next, new.as_ref().clone()), ctx);
                }
                Ok(Reported::Recorded)
            }
            Answer::Missed { state: Some(state) } if state.is_terminal() => {
                self.forget(id, change, ctx);
                Ok(Reported::AlreadyEnded(*state))
            }
            // The row is in a state we do not know of: what the ledger says counts.
            _ => {
                self.reload(ctx);
                Err(SchedulerError::Busy)
            }
        };
        self.let_next_in(ctx);
        self.fire_due(ctx);
        outcome
    }

    fn forget(&mut self, id: RunId, change: &RunChange, ctx: &mut Context<Self>) {
        let directory = &self.place.base.directory;
        directory.run_closed(id);
        directory.pulse.ended(change.at.timestamp(), change.to == RunState::Succeeded);
        self.last_end = self.last_end.max(Some(change.at));
        if let Some(mut live) = self.runs.remove(&id) {
            live.settled(directory);
            if let Some(timer) = live.timer.take() {
                ctx.cancel_future(timer);
            }
        }
        slog::debug!(self.log, "run ended"; "run" => id.0, "state" => change.to.word(), "reason" => ?change.reason);
    }

    /// Whether the overlap policy makes this run wait for an older one.
    pub(super) fn must_queue(&self, id: RunId) -> bool {
        self.job.spec.draft().overlap == OverlapPolicy::Queue && self.runs.range(..id).next().is_some()
    }

    fn let_next_in(&mut self, ctx: &mut Context<Self>) {
        let waiting = self.runs.iter().find(|(_, live)| live.phase == Phase::Waiting).map(|(id, _)| *id);
        if let Some(id) = waiting {
            self.wait_for_turn(id, ctx);
        }
    }

    /// A node reported a run's end. Answered after the commit.
    pub(super) fn report(&mut self, report: RunReport) -> ResponseActFuture<Self, Result<Reported, SchedulerError>> {
        let id = report.run;
        let Some(live) = self.runs.get_mut(&id).filter(|live| live.run.executor == report.executor) else {
            return Box::pin(fut::ready(Ok(Reported::UnknownRun)));
        };
        if live.phase == Phase::Ending {
            // Its end is being written: whoever reports again finds it there.
            return Box::pin(fut::ready(Err(SchedulerError::Busy)));
        }
        let (event, reason) = match live.cancel {
            _ if report.succeeded => (RunEvent::ReportedSuccess, Reason::None),
            Some(reason) => (RunEvent::Cancelled, reason),
            None => (RunEvent::ReportedFailure, Reason::Reported),
        };
        // A report proves that the trigger arrived, also when its own answer got lost.
        let now = self.place.base.now();
        live.accepted_at.get_or_insert(now);
        let known = Known { code: Some(report.code), message: report.message, ..Known::default() };
        let Some(change) = self.change(id, event, reason, known) else {
            return Box::pin(fut::ready(Ok(Reported::UnknownRun)));
        };
        let ending = self.end(change);
        Box::pin(ending.map(move |written, job, ctx| job.ended(id, &written, ctx)))
    }

    pub(super) fn expired(&mut self, id: RunId, ctx: &mut Context<Self>) {
        if self.runs.get(&id).is_none_or(|live| live.phase == Phase::Ending) {
            return;
        }
        self.send_cancel(id, ctx);
        let text = format!("the timeout of {} ms passed", self.job.spec.draft().timeout_ms);
        self.close(id, RunEvent::Expired, Reason::Timeout, None, Some(text), ctx);
    }

    /// Somebody wants a run ended: at once where it was not sent, else its node is told and has the grace to answer.
    pub(super) fn cancel(&mut self, id: RunId, reason: Reason, text: &str, ctx: &mut Context<Self>) -> CancelOutcome {
        let now = self.now();
        let Some(live) = self.runs.get_mut(&id) else { return CancelOutcome::UnknownRun };
        match live.phase {
            Phase::Waiting => {
                self.close(id, RunEvent::Cancelled, reason, None, Some(text.to_owned()), ctx);
                CancelOutcome::Cancelled
            }
            Phase::Ending => CancelOutcome::Asked,
            Phase::Sending | Phase::Awaited => {
                if live.cancel.replace(reason).is_some() {
                    return CancelOutcome::Asked;
                }
                live.run.cancel_at = Some(now);
                let (state, reason_now) = (live.run.state, live.run.reason);
                let known = Known { cancel_at: Some(now), ..Known::default() };
                let asked = RunChange { run: id, from: state, to: state, reason: reason_now, at: now, known, then: None };
                self.record_change(asked, ctx, |_, _| ());
                self.send_cancel(id, ctx);
                self.grant_grace(id, ctx);
                CancelOutcome::Asked
            }
        }
    }

    /// A node that does not report a cancelled run in time is not waited for.
    pub(super) fn grant_grace(&mut self, id: RunId, ctx: &mut Context<Self>) {
        ctx.run_later(self.place.base.settings.scheduling.cancel_grace(), move |job, ctx| {
            let Some(reason) = job.runs.get(&id).and_then(|live| live.cancel) else { return };
            let text = "cancelled; the node did not report its end in time".to_owned();
            job.close(id, RunEvent::Cancelled, reason, None, Some(text), ctx);
        });
    }

    pub(super) fn cancel_all(&mut self, reason: Reason, ctx: &mut Context<Self>) {
        let open: Vec<RunId> = self.runs.keys().copied().collect();
        for id in open {
            self.cancel(id, reason, "cancelled by the scheduler", ctx);
        }
    }

    /// Has the shard tell again how this job stands in the store.
    pub(super) fn reload(&mut self, ctx: &mut Context<Self>) {
        let asked = self.place.shard.send(RefreshJob(self.job.id));
        ctx.spawn(asked.into_actor(self).map(|answer, job, ctx| {
            if !matches!(answer, Ok(Ok(()))) {
                ctx.run_later(TRY_AGAIN, |job, ctx| job.reload(ctx));
                slog::warn!(job.log, "the store could not be asked how the job stands; trying again");
            }
        }));
    }
}

/// The one answer to one entry.
fn first(answers: Result<Vec<Answer>, SchedulerError>) -> Written {
    answers?.into_iter().next().ok_or(SchedulerError::Busy)
}
