//! Fires: from what is due to rows that are committed.

use super::live_run::{LiveRun, Phase};
use super::plan::{Admitted, load_of};
use super::{JobActor, TRY_AGAIN, change};
use crate::clock;
use crate::error::SchedulerError;
use crate::holds::Held;
use crate::messages::{Ordered, RefreshJob, RunOrder};
use actix::prelude::*;
use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::overlap::{self, Admission, Load};
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_store::ledger::{Answer, Entry, NewRun};
use hzm_job_store::run::Run;
use std::time::Duration;

/// Occurrences that get their rows in one step; a longer backlog takes several.
pub(super) const STEP: usize = 256;
/// After each refusal so many times fewer, until the job has caught up.
const LESS: usize = 8;

/// How long a fire waits at most for the end of a run to be written that it would meet otherwise; less where half the misfire
/// threshold is less, so that the wait itself never makes it late.
const END_IS_NEAR: TimeDelta = TimeDelta::milliseconds(500);
/// How often such a fire is looked at, should nobody tell.
const LOOK_FOR_END: Duration = Duration::from_millis(100);
/// How often a fire is looked at whose job is being changed.
const LOOK_FOR_CHANGE: Duration = Duration::from_millis(20);

impl JobActor {
    /// Gives every occurrence that is due its row and sends those that are to run; then waits for the next one.
    pub(super) fn fire_due(&mut self, ctx: &mut Context<Self>) {
        if self.opening {
            return;
        }
        if !self.owed.is_empty() {
            let owed = std::mem::take(&mut self.owed);
            return self.open(owed, ctx);
        }
        if self.gives_up_ahead(ctx) {
            return;
        }
        let now = self.now();
        if self.awaits_an_end(now) {
            return self.arm(LOOK_FOR_END, ctx);
        }
        if self.place.base.directory.is_stopping() || self.next_fire().is_none_or(|next| next > now) {
            self.step = STEP;
            if self.place.base.directory.is_stopping() || !self.write_ahead(now, ctx) {
                self.settle(ctx);
            }
            return;
        }
        // Looked at after the clock, see `holds`.
        if let Some(held) = self.place.base.directory.holds.look(self.job.id, self.job.version) {
            return self.wait_held(held, ctx);
        }
        let rules = self.place.base.settings.scheduling.misfire();
        let (progress, schedule) = (self.progress(), self.job.spec.schedule());
        let backlog = self.foresight.backlog(&progress, schedule, now, rules.threshold, self.step);
        let news = self.plan(&backlog, now, ctx);
        self.come_about(news, ctx);
    }

    /// Fires that are due wait for a change of the definition that was begun before they left.
    fn wait_held(&mut self, held: Held, ctx: &mut Context<Self>) {
        let patience = match held {
            Held::Changing => LOOK_FOR_CHANGE,
            // Whoever was to tell of it did not, or not yet.
            Held::Changed => {
                self.look_for_change(ctx);
                TRY_AGAIN
            }
        };
        self.arm(patience, ctx);
    }

    /// Has the shard tell how this job stands in the store, once: whoever waits for a change asks again by the timer, and while the
    /// database is away no more than one question is under way.
    fn look_for_change(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.looks_for_change, true) {
            return;
        }
        let asked = self.place.shard.refresh.send(RefreshJob(self.job.id));
        ctx.spawn(asked.into_actor(self).map(|told, job, _| {
            job.looks_for_change = false;
            if !matches!(told, Ok(Ok(()))) {
                slog::debug!(job.log, "a job that was changed waits: the store could not be asked how it stands");
            }
        }));
    }

    /// Whether what is due would be skipped for runs that are over and lack only the commit of their ends. A busy database must
    /// not make an overlap of what does not overlap, so such a fire waits a little; whoever ends a run looks at the fires again.
    fn awaits_an_end(&self, now: DateTime<Utc>) -> bool {
        let ending = self.runs.values().filter(|live| live.phase == Phase::Ending).count();
        let threshold = self.place.base.settings.scheduling.misfire().threshold;
        let patience = END_IS_NEAR.min(threshold / 2);
        let is_near = |due: DateTime<Utc>| (due..due + patience).contains(&now);
        if ending == 0 || !self.next_fire().is_some_and(is_near) {
            return false;
        }
        let load = self.load();
        let is_skipped = |unfinished| {
            let (draft, load) = (self.job.spec.draft(), Load { unfinished, ..load });
            matches!(overlap::admit(draft.overlap, draft.overlap_limit, load), Admission::Skip(_))
        };
        is_skipped(load.unfinished) && !is_skipped(load.unfinished - ending)
    }

    /// What the overlap policy counts: runs that are known, yet to be read, or on their way to the ledger.
    pub(super) fn load(&self) -> Load {
        let waiting = self.runs.values().filter(|live| live.run.state == RunState::Waiting).count();
        Load {
            unfinished: self.runs.len() + self.unread.len() + self.coming.unfinished,
            queued: waiting + self.coming.queued,
        }
    }

    pub(super) fn open(&mut self, news: Vec<NewRun>, ctx: &mut Context<Self>) {
        self.opening = true;
        let load = self.note_coming(&news);
        let taken_back = self.replaces_ahead(&news);
        let extra = usize::from(taken_back.is_some());
        let rows = news.iter().cloned().map(Entry::Open);
        let (scribe, entries) = (self.place.scribe.clone(), taken_back.into_iter().chain(rows).collect());
        let committed = async move {
            fault_point!("job.planned", Err(SchedulerError::Busy));
            let answers = scribe.record(entries).await?;
            fault_point!("job.opened", Err(SchedulerError::Busy));
            Ok(answers)
        };
        ctx.spawn(committed.into_actor(self).map(move |answers, job, ctx| {
            job.opening = false;
            job.note_come(load);
            match answers {
                Ok(answers) => {
                    if extra > 0 {
                        job.drop_ahead();
                    }
                    for (new, answer) in news.into_iter().zip(answers.into_iter().skip(extra)) {
                        job.opened(new, answer, ctx);
                    }
                    job.fire_due(ctx);
                }
                Err(error) => job.not_opened(news, &error, ctx),
            }
        }));
    }

    /// Rows of fires were not written: they are planned again, except those that the database will never take as they are.
    fn not_opened(&mut self, mut news: Vec<NewRun>, error: &SchedulerError, ctx: &mut Context<Self>) {
        match (error, news.as_mut_slice()) {
            (SchedulerError::Refused(why), [row]) if row.reason != Reason::Unstorable => {
                slog::error!(self.log, "a fire fails: the database refuses its row"; "due" => %row.scheduled_at, "why" => why);
                *row = unstorable(row, why);
                self.owed = news;
                return self.fire_due(ctx);
            }
            (SchedulerError::Refused(_), [_, _, ..]) => self.step = 1,
            // Where the journal has no room, long backlogs of all jobs would only wait in memory.
            _ => self.step = (self.step / LESS).max(1),
        }
        self.place.base.directory.ledger.unwritten(&self.log, "fires wait: their rows could not be written", error);
        // What is not of the schedule in force could not be planned again.
        self.owed = news.into_iter().filter(is_owed).collect();
        self.arm(change::again_after(error), ctx);
    }

    pub(super) fn note_coming(&mut self, news: &[NewRun]) -> Load {
        let load = load_of(news);
        self.coming.unfinished += load.unfinished;
        self.coming.queued += load.queued;
        load
    }

    pub(super) fn note_come(&mut self, load: Load) {
        self.coming.unfinished -= load.unfinished;
        self.coming.queued -= load.queued;
    }

    /// A row is committed: from here on the run exists, whatever happens.
    pub(super) fn opened(&mut self, new: NewRun, answer: Answer, ctx: &mut Context<Self>) {
        if new.kind == RunKind::Scheduled {
            self.planned_until = self.planned_until.max(Some(new.scheduled_at));
        }
        match answer {
            Answer::Opened(id) => self.take_up(run_of(id, new), ctx),
            // The answer to an earlier commit got lost, or somebody was first: what is open is in the ledger.
            Answer::Existed { run, state } if !state.is_terminal() && !self.runs.contains_key(&run) => {
                self.unread.insert(run);
                self.reload(ctx);
            }
            Answer::Existed { .. } | Answer::Changed { .. } | Answer::Missed { .. } | Answer::Kept(_) => {}
        }
    }

    /// Starts on a committed row: sends it, lets it wait, or notes that it ended before it began.
    pub(super) fn take_up(&mut self, run: Run, ctx: &mut Context<Self>) {
        if run.state.is_terminal() {
            let second = run.created_at.timestamp();
            self.place.base.directory.pulse.ended(second, false);
            if run.kind == RunKind::Scheduled {
                // An occurrence that was decided about is over; an order that was skipped met a run that goes on.
                self.last_end = self.last_end.max(Some(run.created_at));
            }
            slog::debug!(self.log, "fire not executed"; "run" => run.id.0, "state" => run.state.word(), "reason" => ?run.reason);
            return;
        }
        let (id, state) = (run.id, run.state);
        if self.runs.contains_key(&id) {
            // The store told of it before the journal's answer came.
            return;
        }
        self.open_to_reports(id, ctx);
        self.runs.insert(id, LiveRun::new(run));
        if !self.take_place(id, ctx) {
            return;
        }
        match state {
            RunState::Planned | RunState::Dispatched => self.send_once_told(id, 0, ctx),
            _ => self.wait_for_turn(id, ctx),
        }
    }

    /// A waiting row: tries to dispatch it at its time, unless the overlap policy makes it wait for others.
    pub(super) fn wait_for_turn(&mut self, id: RunId, ctx: &mut Context<Self>) {
        let now = self.now();
        let stopping = self.place.base.directory.is_stopping();
        let Some(live) = self.runs.get_mut(&id).filter(|live| live.phase == Phase::Waiting) else { return };
        if stopping {
            live.arm(super::LONGEST_TIMER, ctx, move |job, ctx| job.wait_for_turn(id, ctx));
        } else if live.run.not_before > now {
            let wait = clock::until(now, live.run.not_before).min(super::LONGEST_TIMER);
            live.arm(wait, ctx, move |job, ctx| job.wait_for_turn(id, ctx));
        } else if !self.must_queue(id) && self.take_place(id, ctx) {
            self.dispatch(id, ctx);
        }
    }

    /// "Run now": the same path as a fire, with a moment of its own.
    pub(super) fn order(
        &mut self,
        order: RunOrder,
        ctx: &mut Context<Self>,
    ) -> ResponseActFuture<Self, Result<Ordered, SchedulerError>> {
        if self.deleted {
            return Box::pin(fut::ready(Ok(Ordered::UnknownJob)));
        }
        let table = self.place.base.directory.routes(self.job.spec.draft().executor);
        if order.node.as_deref().is_some_and(|node| !table.known.iter().any(|known| known.address.as_ref() == node)) {
            return Box::pin(fut::ready(Ok(Ordered::UnknownNode)));
        }
        let now = self.now();
        let due = self.last_manual.map_or(now, |last| now.max(last + TimeDelta::milliseconds(1)));
        self.last_manual = Some(due);
        let mut row = self.row(due, RunKind::Manual, now);
        row.not_before = now;
        row.pinned = order.node.is_some();
        row.node = order.node;
        row.parameters = order.parameters.or(row.parameters);
        row.requested_by = Some(order.by);
        row.request_key = order.request_key;
        let row = self.admit(row, self.overlap_limit(), &mut Admitted::default(), ctx);
        let load = self.note_coming(std::slice::from_ref(&row));
        self.ordering += 1;
        let committed = self.place.scribe.record(vec![Entry::Open(row.clone())]);
        Box::pin(committed.into_actor(self).map(move |answers, job, ctx| {
            job.note_come(load);
            job.ordering -= 1;
            let answer = answers?.into_iter().next().ok_or(SchedulerError::Busy)?;
            job.opened(row, answer, ctx);
            job.settle(ctx);
            Ok(match answer {
                Answer::Existed { run, .. } => Ordered::Repeated(run),
                Answer::Opened(run) => Ordered::Started(run),
                Answer::Changed { .. } | Answer::Missed { .. } | Answer::Kept(_) => return Err(SchedulerError::Busy),
            })
        }))
    }
}

/// Whether nothing but this row says that the fire was due, or how it ended.
fn is_owed(row: &NewRun) -> bool {
    matches!(row.reason, Reason::Superseded | Reason::Unstorable)
}

/// The row of a fire whose own row the database refuses: without what a user wrote.
fn unstorable(row: &NewRun, why: &str) -> NewRun {
    NewRun {
        state: RunState::Failed,
        reason: Reason::Unstorable,
        parameters: None,
        request_key: None,
        message: Some(format!("the database refused the row of this fire: {why}")),
        ..row.clone()
    }
}

/// The run of a row that was just committed.
pub(super) fn run_of(id: RunId, new: NewRun) -> Run {
    Run {
        id,
        job: new.job,
        executor: new.executor,
        kind: new.kind,
        scheduled_at: new.scheduled_at,
        shard: 0,
        attempt: new.attempt,
        state: new.state,
        reason: new.reason,
        not_before: new.not_before,
        node: new.node,
        pinned: new.pinned,
        parameters: new.parameters,
        requested_by: new.requested_by,
        created_at: new.created_at,
        sent_at: None,
        accepted_at: None,
        cancel_at: None,
        finished_at: None,
        code: None,
        message: new.message,
    }
}
