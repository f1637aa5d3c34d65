//! Changes of a run on their way to the journal.
//!
//! Every change names the state it leaves. When the row turns out to be further on than thought (an answer of the journal
//! that is still on its way here) the change is named anew from there; one that somebody was first with is a result.

use super::live_run::Phase;
use super::{JobActor, TRY_AGAIN};
use crate::error::SchedulerError;
use crate::scribe::Scribe;
use actix::prelude::*;
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::retry::{self, NextAttempt};
use hzm_job_scheduler::run::{self, Reason, RunEvent, RunKind, RunState};
use hzm_job_scheduler::schedule::ScheduleKind;
use hzm_job_store::ledger::{Answer, Entry, Known, NewRun, RunChange};
use std::time::Duration;

/// How often a change is named at most: a run has three open states.
const STEPS: usize = 3;

/// How long to wait before something is tried again that the database refuses for what is in it.
const TRY_REFUSED_AGAIN: Duration = Duration::from_secs(5);

/// A change as the journal took it, and its answer.
pub(super) type Written = Result<(RunChange, Answer), SchedulerError>;

/// Why a change is made: it tells whether the change is still legal from another state.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cause {
    /// Something happened to the run.
    Event(RunEvent),
    /// The row stays in its state and learns something.
    Learned,
}

impl Cause {
    fn from(self, state: RunState) -> Option<RunState> {
        match self {
            Cause::Event(event) => run::apply(state, event),
            Cause::Learned => Some(state).filter(|state| !state.is_terminal()),
        }
    }
}

/// Has one change written, from whatever open state the row is in.
pub(super) async fn write(scribe: Scribe, mut change: RunChange, cause: Cause) -> Written {
    let mut answer = Answer::Missed { state: None };
    for _ in 0..STEPS {
        answer = match record(&scribe, &change, cause).await {
            // What an executor said need not be a text that this database takes; how the run ended must be written.
            Err(SchedulerError::Refused(why)) if change.known.message.is_some() => {
                change.known.message = Some(format!("(what was said of it cannot be stored: {why})"));
                record(&scribe, &change, cause).await?
            }
            answer => answer?,
        };
        let Answer::Missed { state: Some(state) } = answer else { break };
        match cause.from(state).filter(|_| state != change.to) {
            Some(to) => (change.from, change.to) = (state, to),
            None => break,
        }
    }
    Ok((change, answer))
}

async fn record(scribe: &Scribe, change: &RunChange, cause: Cause) -> Result<Answer, SchedulerError> {
    match cause {
        Cause::Event(RunEvent::Assigned) => fault_point!("job.before_assign", Err(SchedulerError::Busy)),
        Cause::Event(RunEvent::ReportedSuccess) => fault_point!("job.before_report", Err(SchedulerError::Busy)),
        Cause::Event(_) | Cause::Learned => {}
    }
    let answers = scribe.record(vec![Entry::Change(change.clone())]).await?;
    match cause {
        Cause::Event(RunEvent::Assigned) => fault_point!("job.after_assign", Err(SchedulerError::Busy)),
        Cause::Event(RunEvent::ReportedSuccess) => fault_point!("job.after_report", Err(SchedulerError::Busy)),
        Cause::Event(_) | Cause::Learned => {}
    }
    answers.into_iter().next().ok_or(SchedulerError::Busy)
}

/// How long to wait before something is tried again that failed so.
pub(super) fn again_after(error: &SchedulerError) -> Duration {
    if matches!(error, SchedulerError::Refused(_)) { TRY_REFUSED_AGAIN } else { TRY_AGAIN }
}

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
            change.known.ends_turn = self.counts_from_ends() && to != RunState::Skipped;
            change.then = self.following(&change, &live.run).map(Box::new);
        }
        Some(change)
    }

    /// Whether the job's next occurrence counts from the end of the last run.
    fn counts_from_ends(&self) -> bool {
        self.job.spec.schedule().kind() == ScheduleKind::FixedDelay
    }

    /// The attempt that follows an outcome, if the job's policy wants one. A stopped job's fires are not tried again.
    fn following(&self, change: &RunChange, of: &hzm_job_store::run::Run) -> Option<NewRun> {
        let draft = self.job.spec.draft();
        let next = retry::after(&draft.retry, draft.delivery, change.to, of.attempt, change.at, rand::random());
        let NextAttempt::Again { at, attempt } = next else { return None };
        if self.deleted || (!self.job.enabled && of.kind == RunKind::Scheduled) {
            return None;
        }
        Some(NewRun {
            job: of.job,
            // A node that a user picked is one of the executor that the job had then.
            executor: if of.pinned { of.executor } else { draft.executor },
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
        cause: Cause,
        ctx: &mut Context<Self>,
        next: impl FnOnce(&mut JobActor, &mut Context<JobActor>) + 'static,
    ) {
        let id = change.run;
        let written = write(self.place.scribe.clone(), change.clone(), cause);
        ctx.spawn(written.into_actor(self).map(move |written, job, ctx| match written {
            Ok((change, answer)) if is_made(&change, &answer) => {
                if let Some(live) = job.runs.get_mut(&id) {
                    live.run.state = change.to;
                }
                next(job, ctx);
            }
            Ok(_) => job.reload(ctx),
            Err(error) => {
                let log = job.log.new(slog::o!("run" => id.0));
                job.place.base.directory.ledger.unwritten(&log, "a change waits: the journal refused it", &error);
                ctx.run_later(again_after(&error), move |job, ctx| {
                    if job.runs.get(&id).is_some_and(|live| live.phase != Phase::Ending) {
                        job.record_change(change, cause, ctx, next);
                    }
                });
            }
        }));
    }
}

/// Whether the row is now as the change wants it. Nobody else writes under our epoch: a row that was there already is
/// this very change, whose first answer got lost with its journal.
fn is_made(change: &RunChange, answer: &Answer) -> bool {
    match answer {
        Answer::Changed { .. } => true,
        Answer::Missed { state } => *state == Some(change.to),
        Answer::Opened(_) | Answer::Existed { .. } | Answer::Kept(_) => false,
    }
}
