//! Rows ahead of their moment: the next fire's row is committed shortly before it is due, so that at the due instant nothing
//! stands between the clock and the wire but the question whether the jobs are still ours.
//!
//! The decision is still made at the moment itself (`fire.rs`, `plan.rs`): when it comes out as written, the trigger leaves;
//! when anything has changed since (stopped, edited, an overlap, the node gone, too late), the row is taken back, and what
//! follows from the decision is written as if there had been none. Only the next occurrence is ever ahead, by less than a second.

use super::JobActor;
use super::change::again_after;
use super::live_run::{LiveRun, Phase};
use crate::error::SchedulerError;
use actix::prelude::*;
use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::job::Delivery;
use hzm_job_scheduler::overlap::{self, Admission, Load};
use hzm_job_scheduler::run::{RunKind, RunState};
use hzm_job_scheduler::schedule::ScheduleKind;
use hzm_job_store::ledger::{Answer, Entry, NewRun, Withdrawal};
use hzm_job_store::run::Run;
use std::sync::atomic::Ordering;

/// A fire that is nearer than this gets its row at its moment: a commit may take as long.
const TOO_NEAR: TimeDelta = TimeDelta::milliseconds(50);

/// Jobs of one moment are written ahead in as many groups, one after the other.
const GROUPS: i64 = 16;

/// So many jobs that were made one after the other are in the same group: their rows go to the same places of the index by job.
const NEIGHBOURS: i64 = 64;

/// A fire whose row is committed and whose moment has not come.
pub(super) struct Ahead {
    pub(super) run: RunId,
    pub(super) row: NewRun,
}

impl Ahead {
    fn of(run: Run) -> Ahead {
        let row = NewRun {
            job: run.job,
            executor: run.executor,
            kind: run.kind,
            scheduled_at: run.scheduled_at,
            attempt: run.attempt,
            state: run.state,
            reason: run.reason,
            not_before: run.not_before,
            node: run.node,
            pinned: run.pinned,
            parameters: run.parameters,
            requested_by: run.requested_by,
            request_key: None,
            created_at: run.created_at,
            message: run.message,
        };
        Ahead { run: run.id, row }
    }

    /// Whether the decision at the moment is the one that was written.
    fn is_as_written(&self, decided: &NewRun) -> bool {
        let NewRun { scheduled_at, kind, node, parameters, executor, .. } = &self.row;
        decided.state == RunState::Dispatched
            && (decided.scheduled_at, decided.kind, decided.executor) == (*scheduled_at, *kind, *executor)
            && decided.node == *node
            && decided.parameters == *parameters
    }

    fn withdrawal(&self) -> Entry {
        Entry::Withdraw(Withdrawal { run: self.run, job: self.row.job, scheduled_at: self.row.scheduled_at })
    }
}

impl JobActor {
    /// When the row of this occurrence is to be written ahead; `None`: at its moment. Only a run that may be sent twice can be:
    /// after a crash nobody knows whether the trigger of such a row has left.
    pub(super) fn ahead_at(&self, due: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let by = self.place.base.settings.scheduling.plan_ahead();
        let spec = &self.job.spec;
        let may = by > TOO_NEAR
            && spec.draft().delivery == Delivery::AtLeastOnce
            && spec.schedule().kind() != ScheduleKind::FixedDelay;
        // Spread over the second half of the span: a crowd of one moment must not be written while the one before is sent.
        let group = i32::try_from(self.job.id.0.div_euclid(NEIGHBOURS).rem_euclid(GROUPS)).unwrap_or(0);
        let by = by - by / 2 * group / i32::try_from(GROUPS).unwrap_or(1);
        may.then_some(due - by)
    }

    /// When this job has something to do for the next occurrence: write its row ahead, or decide about it.
    pub(super) fn look_at(&self, due: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
        if self.ahead.is_some() || self.not_ahead == Some(due) {
            return due;
        }
        self.ahead_at(due).filter(|_| due - now > TOO_NEAR).unwrap_or(due)
    }

    /// Writes the row of the next occurrence, if it is time for that and it would be executed were it due now. Answers whether
    /// a row is on its way.
    pub(super) fn write_ahead(&mut self, now: DateTime<Utc>, ctx: &mut Context<Self>) -> bool {
        let Some(due) = self.next_fire().filter(|due| *due > now && self.look_at(*due, now) <= now) else {
            return false;
        };
        // Whatever comes of it, it is tried once.
        self.not_ahead = Some(due);
        let draft = self.job.spec.draft();
        // A run whose end is on its way to the journal is over before this row is there.
        let ending = self.runs.values().filter(|live| live.phase == Phase::Ending).count();
        let known = self.load();
        let load = Load { unfinished: known.unfinished - ending, ..known };
        let starts = matches!(overlap::admit(draft.overlap, draft.overlap_limit, load), Admission::Start);
        let node = if starts && self.place.base.directory.ledger.check().is_ok() { self.choose(&[]) } else { None };
        let Some(node) = node else { return false };
        let written = self.row(due, RunKind::Scheduled, now);
        let row = NewRun { state: RunState::Planned, node: Some(node.to_string()), ..written };
        self.opening = true;
        let (scribe, entries) = (self.place.scribe.clone(), vec![Entry::Open(row.clone())]);
        let committed = async move {
            fault_point!("job.ahead", Err(SchedulerError::Busy));
            let answers = scribe.record(entries).await?;
            fault_point!("job.written_ahead", Err(SchedulerError::Busy));
            Ok::<_, SchedulerError>(answers)
        };
        ctx.spawn(committed.into_actor(self).map(move |answers, job, ctx| {
            job.opening = false;
            match answers.map(|answers| answers.into_iter().next()) {
                Ok(Some(Answer::Opened(run))) => job.keep_ahead(Ahead { run, row }),
                // An earlier actor of this job, or an answer that got lost: what is there is in the ledger.
                Ok(_) => job.reload(ctx),
                // Its row is written at its moment, or it is there already and is found then.
                Err(error) => {
                    slog::debug!(job.log, "a row was not written ahead"; "due" => %row.scheduled_at, "error" => %error)
                }
            }
            job.fire_due(ctx);
        }));
        true
    }

    /// The node of the row ahead for this moment, while it can still be sent to.
    pub(super) fn node_ahead(&self, row: &NewRun) -> Option<String> {
        let ahead = self.ahead.as_ref().filter(|ahead| ahead.row.scheduled_at == row.scheduled_at)?;
        let table = self.place.base.directory.routes(row.executor);
        let is_there = |node: &&String| table.nodes.iter().any(|known| known.address.as_ref() == node.as_str());
        ahead.row.node.as_ref().filter(|_| row.kind == RunKind::Scheduled).filter(is_there).cloned()
    }

    /// Takes back a row whose fire will not be due any more. Answers whether that is under way.
    pub(super) fn gives_up_ahead(&mut self, ctx: &mut Context<Self>) -> bool {
        let stopping = self.place.base.directory.is_stopping();
        let next = self.next_fire();
        let Some(ahead) = self.ahead.as_ref().filter(|ahead| stopping || next != Some(ahead.row.scheduled_at)) else {
            return false;
        };
        self.opening = true;
        let (run, committed) = (ahead.run, self.place.scribe.record(vec![ahead.withdrawal()]));
        ctx.spawn(committed.into_actor(self).map(move |answers, job, ctx| {
            job.opening = false;
            match answers {
                Ok(answers) => {
                    slog::debug!(job.log, "a row written ahead is taken back"; "run" => run.0, "answer" => ?answers.first());
                    job.drop_ahead();
                    job.fire_due(ctx);
                }
                Err(error) => {
                    slog::warn!(job.log, "a row written ahead cannot be taken back yet"; "run" => run.0, "error" => %error);
                    job.arm(again_after(&error), ctx);
                }
            }
        }));
        true
    }

    /// What was decided about fires that are due comes about: at once, if it is what was written ahead; else once it is written.
    pub(super) fn come_about(&mut self, news: Vec<NewRun>, ctx: &mut Context<Self>) {
        // What takes the place of others must be written after their cancellation, so that they hear of it first.
        let replaces = self.replaces() && !self.runs.is_empty();
        match (&self.ahead, news.as_slice()) {
            (Some(ahead), [decided]) if ahead.is_as_written(decided) && !replaces => self.send_ahead(news, ctx),
            _ => self.open(news, ctx),
        }
    }

    fn send_ahead(&mut self, news: Vec<NewRun>, ctx: &mut Context<Self>) {
        self.opening = true;
        let load = self.note_coming(&news);
        let confirmed = self.place.ownership.confirm();
        let confirmed = async move {
            confirmed.await?;
            fault_point!("job.confirmed", Err(SchedulerError::Busy));
            Ok(())
        };
        ctx.spawn(confirmed.into_actor(self).map(move |confirmed: Result<(), SchedulerError>, job, ctx| {
            job.opening = false;
            job.note_come(load);
            match confirmed {
                Ok(()) => {
                    if let Some(ahead) = job.drop_ahead() {
                        job.opened(ahead.row, Answer::Opened(ahead.run), ctx);
                    }
                    job.fire_due(ctx);
                }
                // The journal waits for the database, and ends this process where it is fenced.
                Err(error) => {
                    slog::debug!(job.log, "a row written ahead is written anew: the ledger cannot be asked"; "error" => %error);
                    job.open(news, ctx);
                }
            }
        }));
    }

    /// What takes the place of the row ahead: it is taken back in the transaction that writes these.
    pub(super) fn replaces_ahead(&self, news: &[NewRun]) -> Option<Entry> {
        let ahead = self.ahead.as_ref()?;
        let same = |row: &&NewRun| (row.scheduled_at, row.kind) == (ahead.row.scheduled_at, ahead.row.kind);
        news.iter().find(same).map(|_| ahead.withdrawal())
    }

    /// An open row in the state `Planned`, as the store told of it. Answers whether there is nothing more to do about it.
    pub(super) fn meets_ahead(&mut self, run: &Run) -> bool {
        if run.state != RunState::Planned {
            return false;
        }
        if self.opening || self.ahead.as_ref().is_some_and(|ahead| ahead.run == run.id) {
            // Ours, or soon told of by the journal's answer.
            return true;
        }
        if self.ahead.is_none() && (run.not_before > self.now() || self.never_left(run)) {
            self.keep_ahead(Ahead::of(run.clone()));
            return true;
        }
        // From its moment on its trigger may have left, so the occurrence has its row.
        self.planned_until = self.planned_until.max(Some(run.scheduled_at));
        false
    }

    /// Whether the trigger of a row whose moment has come surely never left, because whoever wrote it decided otherwise at its
    /// moment, or was gone by then: the definition was another one already, or runs were there that the overlap policy does not
    /// let it begin beside. Such a row is decided about anew, as if it had not been written. Of a definition that was changed since
    /// that moment nothing can be said: what was in force then is not known any more.
    fn never_left(&self, run: &Run) -> bool {
        if self.changed_at >= run.scheduled_at {
            return false;
        }
        let there = |live: &&LiveRun| live.run.id != run.id && live.run.created_at <= run.scheduled_at;
        let met = self.runs.values().filter(there);
        let queued = met.clone().filter(|live| live.run.state == RunState::Waiting).count();
        let load = Load { unfinished: met.count(), queued };
        let draft = self.job.spec.draft();
        !self.would_write(run)
            || matches!(overlap::admit(draft.overlap, draft.overlap_limit, load), Admission::Skip(_) | Admission::Queue)
    }

    /// Whether the definition in force would write this row.
    fn would_write(&self, run: &Run) -> bool {
        let draft = self.job.spec.draft();
        let before = run.scheduled_at - TimeDelta::milliseconds(1);
        let in_force = self.job.enabled && !self.deleted;
        in_force
            && self.job.spec.schedule().next_fire(self.job.anchor, before) == Some(run.scheduled_at)
            && (run.executor, &run.parameters) == (draft.executor, &draft.parameters)
    }

    /// Takes the runs a fresh actor starts with. A row whose moment is to come, or which never left, is no run yet.
    pub(super) fn start_with(&mut self, open: Vec<Run>) {
        let (planned, others): (Vec<Run>, Vec<Run>) = open.into_iter().partition(|run| run.state == RunState::Planned);
        self.runs = others.into_iter().map(|run| (run.id, LiveRun::new(run))).collect();
        for run in planned {
            if !self.meets_ahead(&run) {
                self.runs.insert(run.id, LiveRun::new(run));
            }
        }
    }

    fn keep_ahead(&mut self, ahead: Ahead) {
        self.drop_ahead();
        self.place.base.directory.unsettled.fetch_add(1, Ordering::AcqRel);
        self.ahead = Some(ahead);
    }

    /// Forgets the row ahead: it is taken back, or its fire has come about.
    pub(super) fn drop_ahead(&mut self) -> Option<Ahead> {
        let ahead = self.ahead.take();
        if ahead.is_some() {
            self.place.base.directory.unsettled.fetch_sub(1, Ordering::AcqRel);
        }
        ahead
    }
}
