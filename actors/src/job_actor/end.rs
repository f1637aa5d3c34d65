//! The end of a run: reported, timed out, cancelled or lost; and what follows it.
//!
//! Every end is one change of the ledger, with the following attempt in the same transaction. Whoever comes second is told
//! the outcome that stands.

use super::change::{self, Cause, Written};
use super::fire::run_of;
use super::live_run::Phase;
use super::stop::Place;
use super::{JobActor, TRY_AGAIN};
use crate::error::SchedulerError;
use crate::messages::{RefreshJob, Reported, RunReport};
use crate::scribe::Scribe;
use actix::prelude::*;
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::run::{Reason, RunEvent, RunState};
use hzm_job_store::Store;
use hzm_job_store::ledger::{Answer, Known, RunChange};

/// An end that the scheduler gives a run on its own account.
#[derive(Debug, Clone)]
pub(super) struct End {
    event: RunEvent,
    reason: Reason,
    code: Option<i32>,
    text: String,
    /// Whether the node is told once it is written.
    tells_node: bool,
}

impl End {
    fn of(event: RunEvent, reason: Reason, text: impl Into<String>) -> End {
        End { event, reason, code: None, text: text.into(), tells_node: false }
    }

    pub(super) fn cancelled(reason: Reason, text: impl Into<String>) -> End {
        End::of(RunEvent::Cancelled, reason, text)
    }

    pub(super) fn failed(reason: Reason, text: impl Into<String>) -> End {
        End::of(RunEvent::ReportedFailure, reason, text)
    }

    pub(super) fn lost(reason: Reason, text: impl Into<String>) -> End {
        End::of(RunEvent::Lost, reason, text)
    }

    pub(super) fn skipped(reason: Reason, text: impl Into<String>) -> End {
        End::of(RunEvent::Skipped, reason, text)
    }

    /// With the code that the wire has for it.
    pub(super) fn with_code(self, code: i32) -> End {
        End { code: Some(code), ..self }
    }
}

impl JobActor {
    /// Ends a run; tried again until the journal takes it. However a run ends that somebody cancelled: it is cancelled.
    pub(super) fn close(&mut self, id: RunId, end: End, ctx: &mut Context<Self>) {
        let Some(live) = self.runs.get(&id) else { return };
        if live.phase == Phase::Ending {
            // Another end is being written. Should the journal refuse that one, this one still stands.
            ctx.run_later(TRY_AGAIN, move |job, ctx| job.close(id, end, ctx));
            return;
        }
        let (event, reason) = live.cancel.map_or((end.event, end.reason), |reason| (RunEvent::Cancelled, reason));
        let known = Known { code: end.code, message: Some(end.text.clone()), ..Known::default() };
        let Some(change) = self.change(id, event, reason, known) else { return };
        let told = Place::of(&live.run).filter(|_| end.tells_node);
        let ending = self.end(change, event);
        ctx.spawn(ending.map(move |written, job, ctx| {
            if let Err(error) = job.ended(id, written, told, ctx) {
                let log = job.log.new(slog::o!("run" => id.0));
                job.place.base.directory.ledger.unwritten(&log, "an end waits: the journal refused it", &error);
                ctx.run_later(change::again_after(&error), move |job, ctx| job.close(id, end, ctx));
            }
        }));
    }

    /// Has an end written. Until the answer the run is nobody else's to end.
    fn end(&mut self, change: RunChange, event: RunEvent) -> impl ActorFuture<Self, Output = Written> + use<> {
        if let Some(live) = self.runs.get_mut(&change.run) {
            live.phase = Phase::Ending;
        }
        change::write(self.place.scribe.clone(), change, Cause::Event(event)).into_actor(self)
    }

    /// After the commit of an end: forgets the run, has its node end it where one is `told`, takes up what follows it and lets the next
    /// one in.
    fn ended(
        &mut self,
        id: RunId,
        written: Written,
        told: Option<Place>,
        ctx: &mut Context<Self>,
    ) -> Result<Reported, SchedulerError> {
        let outcome = self.outcome(id, written, ctx);
        match (&outcome, told) {
            // Before this actor looks whether it may fall asleep.
            (Ok(_), Some(place)) => self.stop_at(id, place, ctx),
            (Ok(_), None) => {}
            (Err(_), _) => {
                if let Some(live) = self.runs.get_mut(&id) {
                    live.phase = Phase::Awaited;
                }
            }
        }
        self.let_next_in(ctx);
        self.fire_due(ctx);
        outcome
    }

    fn outcome(&mut self, id: RunId, written: Written, ctx: &mut Context<Self>) -> Result<Reported, SchedulerError> {
        let (change, answer) = written?;
        match answer {
            Answer::Changed { then } => {
                self.forget(id, &change, ctx);
                if let (Some(next), Some(new)) = (then, change.then) {
                    self.take_up(run_of(next, *new), ctx);
                }
                Ok(Reported::Recorded)
            }
            Answer::Missed { state: Some(state) } if state.is_terminal() => {
                self.forget(id, &change, ctx);
                // It may be our own change, whose first answer got lost: then an attempt follows it that we do not know.
                self.reload(ctx);
                Ok(Reported::AlreadyEnded(state))
            }
            Answer::Missed { state: None } => {
                self.forget(id, &change, ctx);
                Ok(Reported::UnknownRun)
            }
            // The row is in a state we do not know of: what the ledger says counts.
            Answer::Missed { .. } | Answer::Opened(_) | Answer::Existed { .. } | Answer::Kept(_) => {
                self.reload(ctx);
                Err(SchedulerError::Busy)
            }
        }
    }

    fn forget(&mut self, id: RunId, change: &RunChange, ctx: &mut Context<Self>) {
        let directory = &self.place.base.directory;
        directory.run_closed(id);
        directory.pulse.ended(change.at.timestamp(), change.to == RunState::Succeeded);
        self.last_end = self.last_end.max(Some(change.at));
        if let Some(mut live) = self.runs.remove(&id) {
            live.written(&self.place);
            for timer in live.timer.take().into_iter().chain(live.writes.take()) {
                ctx.cancel_future(timer);
            }
        }
        slog::debug!(self.log, "run ended"; "run" => id.0, "state" => change.to.word(), "reason" => ?change.reason);
    }

    pub(super) fn let_next_in(&mut self, ctx: &mut Context<Self>) {
        let waiting = self.runs.iter().find(|(_, live)| live.phase == Phase::Waiting).map(|(id, _)| *id);
        if let Some(id) = waiting {
            self.wait_for_turn(id, ctx);
        }
    }

    /// A node reported a run's end. Answered after the commit.
    pub(super) fn report(&mut self, report: RunReport) -> ResponseActFuture<Self, Result<Reported, SchedulerError>> {
        let (id, now) = (report.run, self.now());
        if self.is_unsent(&report) {
            return Box::pin(fut::ready(Err(SchedulerError::NotSentYet)));
        }
        let Some(live) = self.runs.get(&id).filter(|live| live.run.executor == report.executor) else {
            return Box::pin(fut::ready(Ok(Reported::UnknownRun)));
        };
        self.stops.remove(&id); // It is over there.
        if live.phase == Phase::Ending {
            return Box::pin(outcome(self.place.scribe.clone(), self.place.base.store.clone(), id).into_actor(self));
        }
        let (event, reason) = match live.cancel {
            _ if report.succeeded => (RunEvent::ReportedSuccess, Reason::None),
            Some(reason) => (RunEvent::Cancelled, reason),
            None => (RunEvent::ReportedFailure, Reason::Reported),
        };
        // A report proves that the trigger arrived, also when its own answer got lost. Only the row learns that: a report that is
        // not taken leaves the run as it was.
        let accepted_at = live.accepted_at.or(Some(now));
        let known = Known { code: Some(report.code), message: report.message, accepted_at, ..Known::default() };
        let Some(change) = self.change(id, event, reason, known) else {
            return Box::pin(fut::ready(Ok(Reported::UnknownRun)));
        };
        let ending = self.end(change, event);
        Box::pin(ending.map(move |written, job, ctx| job.ended(id, written, None, ctx)))
    }

    /// Whether a report is of a run that was surely not sent since this scheduler began: it waits, or its moment is to come. One that
    /// was sent before (the row was restored, or a clock set back) is sent again, and its report then counts.
    fn is_unsent(&self, report: &RunReport) -> bool {
        let ahead = self.ahead.as_ref().filter(|ahead| ahead.run == report.run).map(|ahead| ahead.row.executor);
        let live = self.runs.get(&report.run).filter(|live| live.run.state == RunState::Waiting);
        let waiting = live.filter(|live| live.phase != Phase::Ending).map(|live| live.run.executor);
        ahead.or(waiting) == Some(report.executor)
    }

    /// Its timeout passed: that is written, then the node is told, and whatever it reports later comes too late. (Told before,
    /// its report of having been stopped could be the first outcome after a crash.)
    pub(super) fn expired(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let text = format!("the timeout of {} ms passed", self.job.spec.draft().timeout_ms);
        let end = End { tells_node: true, ..End::of(RunEvent::Expired, Reason::Timeout, text) };
        self.close(id, end, ctx);
    }

    /// Has the shard tell again how this job stands in the store.
    pub(super) fn reload(&mut self, ctx: &mut Context<Self>) {
        let asked = self.place.shard.refresh.send(RefreshJob(self.job.id));
        ctx.spawn(asked.into_actor(self).map(|answer, job, ctx| {
            if !matches!(answer, Ok(Ok(()))) {
                ctx.run_later(TRY_AGAIN, |job, ctx| job.reload(ctx));
                slog::warn!(job.log, "the store could not be asked how the job stands; trying again");
            }
        }));
    }
}

/// What became of a run whose end is on its way to the journal: an entry of nothing is answered after it.
async fn outcome(scribe: Scribe, store: Store, id: RunId) -> Result<Reported, SchedulerError> {
    scribe.record(Vec::new()).await?;
    match store.run_get(id).await? {
        Some(run) if run.state.is_terminal() => Ok(Reported::AlreadyEnded(run.state)),
        Some(_) => Err(SchedulerError::Busy),
        None => Ok(Reported::UnknownRun),
    }
}
