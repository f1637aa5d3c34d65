//! Fires: from what is due to rows that are committed.

use super::live_run::{LiveRun, Phase};
use super::{JobActor, TRY_AGAIN};
use crate::clock;
use crate::error::SchedulerError;
use crate::messages::{Ordered, RunOrder};
use actix::prelude::*;
use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::misfire::{self, FireDecision, MisfirePolicy};
use hzm_job_scheduler::overlap::{self, Admission, Load, OverlapPolicy};
use hzm_job_scheduler::progress::Backlog;
use hzm_job_scheduler::routing::{self, Selection};
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_store::ledger::{Answer, Entry, NewRun};
use hzm_job_store::run::Run;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Occurrences that get their rows in one step; a longer backlog takes several.
const STEP: usize = 256;

impl JobActor {
    /// Gives every occurrence that is due its row and sends those that are to run; then waits for the next one.
    pub(super) fn fire_due(&mut self, ctx: &mut Context<Self>) {
        if self.opening {
            return;
        }
        let now = self.now();
        if self.place.base.directory.is_stopping() || self.next_fire().is_none_or(|next| next > now) {
            return self.settle(ctx);
        }
        let rules = self.place.base.settings.scheduling.misfire();
        let backlog = self.progress().backlog(self.job.spec.schedule(), now, rules.threshold, STEP);
        let news = self.plan(&backlog, now, ctx);
        self.open(news, ctx);
    }

    /// The rows of a backlog.
    fn plan(&mut self, backlog: &Backlog, now: DateTime<Utc>, ctx: &mut Context<Self>) -> Vec<NewRun> {
        if let Some((first, until)) = backlog.collapsed {
            return self.plan_collapsed(first, until, now, ctx);
        }
        // With more to come, "only the newest of the missed ones fires" cannot mean any of these.
        let policy = match self.job.spec.draft().misfire {
            MisfirePolicy::FireOnce if backlog.more => MisfirePolicy::Skip,
            policy => policy,
        };
        let rules = self.place.base.settings.scheduling.misfire();
        let mut started = 0;
        let mut queued = 0;
        let decisions = misfire::plan(policy, rules, &backlog.due, now);
        let plan = decisions.into_iter().map(|(due, decision)| {
            let row = self.row(due, RunKind::Scheduled, now);
            match decision {
                FireDecision::Skip(reason) => skipped(row, reason),
                FireDecision::Fire => self.admit(row, &mut started, &mut queued, ctx),
            }
        });
        let mut news: Vec<NewRun> = plan.collect();
        if self.job.spec.draft().overlap == OverlapPolicy::Replace {
            keep_newest(&mut news);
        }
        news
    }

    /// The rows of a backlog that is too long for a row each: one for all of them and, where the job wants one fire for
    /// what it missed, one for the newest.
    fn plan_collapsed(
        &mut self,
        first: DateTime<Utc>,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
        ctx: &mut Context<Self>,
    ) -> Vec<NewRun> {
        let wants_one = self.job.spec.draft().misfire == MisfirePolicy::FireOnce;
        let newest = self.job.spec.schedule().newest(self.job.anchor, first, until, 1);
        let newest = newest.first().copied().filter(|_| wants_one);
        let until = newest.map_or(until, |newest| newest - TimeDelta::milliseconds(1));
        let text = format!("occurrences from {first} to {until} were missed; they are too many for a row each");
        let row = NewRun { message: Some(text), ..self.row(until, RunKind::Scheduled, now) };
        let mut news = vec![skipped(row, Reason::MisfireMany)];
        if let Some(newest) = newest {
            let row = self.row(newest, RunKind::Scheduled, now);
            news.push(self.admit(row, &mut 0, &mut 0, ctx));
        }
        news
    }

    /// Decides what becomes of a fire that meets unfinished runs; `started` and `queued` count within one plan.
    fn admit(&mut self, row: NewRun, started: &mut usize, queued: &mut usize, ctx: &mut Context<Self>) -> NewRun {
        let waiting = self.runs.values().filter(|live| live.run.state == RunState::Waiting).count();
        let load = Load { unfinished: self.runs.len() + *started + *queued, queued: waiting + *queued };
        let draft = self.job.spec.draft();
        match overlap::admit(draft.overlap, draft.overlap_limit, load) {
            Admission::Skip(reason) => skipped(row, reason),
            Admission::Queue => {
                *queued += 1;
                row
            }
            Admission::Replace => {
                self.cancel_all(Reason::Replaced, ctx);
                *started += 1;
                self.assigned(row)
            }
            Admission::Start => {
                *started += 1;
                self.assigned(row)
            }
        }
    }

    /// The row with a node written down, where one can be chosen; else it waits and finds out why later.
    fn assigned(&self, mut row: NewRun) -> NewRun {
        let chosen = if row.pinned { row.node.as_deref().map(Arc::from) } else { self.choose(&[]) };
        if let Some(address) = chosen {
            row.node = Some(address.to_string());
            row.state = RunState::Dispatched;
        }
        row
    }

    /// A node for a run, none of those already tried.
    pub(super) fn choose(&self, tried: &[String]) -> Option<Arc<str>> {
        let draft = self.job.spec.draft();
        let table = self.place.base.directory.routes(draft.executor);
        let nodes: Vec<&str> = table.nodes.iter().map(|node| node.address.as_ref()).collect();
        let cursor = if tried.is_empty() { table.cursor.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let selection = Selection { nodes: &nodes, tried, cursor, dice: rand::random() };
        let index = routing::choose(draft.routing, &selection)?;
        table.nodes.get(index).map(|node| node.address.clone())
    }

    fn row(&self, due: DateTime<Utc>, kind: RunKind, now: DateTime<Utc>) -> NewRun {
        let draft = self.job.spec.draft();
        NewRun {
            job: self.job.id,
            executor: draft.executor,
            kind,
            scheduled_at: due,
            attempt: 0,
            state: RunState::Waiting,
            reason: Reason::None,
            not_before: due,
            node: None,
            pinned: false,
            parameters: draft.parameters.clone(),
            requested_by: None,
            request_key: None,
            created_at: now,
            message: None,
        }
    }

    fn open(&mut self, news: Vec<NewRun>, ctx: &mut Context<Self>) {
        self.opening = true;
        let committed = self.place.base.record(news.iter().cloned().map(Entry::Open).collect());
        ctx.spawn(committed.into_actor(self).map(move |answers, job, ctx| {
            job.opening = false;
            match answers {
                Ok(answers) => {
                    for (new, answer) in news.into_iter().zip(answers) {
                        job.opened(new, answer, ctx);
                    }
                    job.fire_due(ctx);
                }
                Err(error) => {
                    slog::warn!(job.log, "fires wait: their rows could not be written"; "error" => %error);
                    job.timer = Some(ctx.run_later(TRY_AGAIN, |job, ctx| job.fire_due(ctx)));
                }
            }
        }));
    }

    /// A row is committed: from here on the run exists, whatever happens.
    fn opened(&mut self, new: NewRun, answer: Answer, ctx: &mut Context<Self>) {
        if new.kind == RunKind::Scheduled {
            self.planned_until = self.planned_until.max(Some(new.scheduled_at));
        }
        match answer {
            Answer::Opened(id) => self.take_up(run_of(id, new), ctx),
            // The answer to an earlier commit got lost, or somebody was first: what is open is in the ledger.
            Answer::Existed { run, state } if !state.is_terminal() && !self.runs.contains_key(&run) => self.reload(ctx),
            Answer::Existed { .. } | Answer::Changed { .. } | Answer::Missed { .. } => {}
        }
    }

    /// Starts on a committed row: sends it, lets it wait, or notes that it ended before it began.
    pub(super) fn take_up(&mut self, run: Run, ctx: &mut Context<Self>) {
        if run.state.is_terminal() {
            let second = run.created_at.timestamp();
            self.place.base.directory.pulse.ended(second, false);
            self.last_end = self.last_end.max(Some(run.created_at));
            slog::info!(self.log, "fire not executed"; "run" => run.id.0, "state" => run.state.word(), "reason" => ?run.reason);
            return;
        }
        let (id, state) = (run.id, run.state);
        if self.runs.contains_key(&id) {
            // The store told of it before the journal's answer came.
            return;
        }
        self.place.base.directory.run_opened(id, self.job.id, ctx.address());
        self.runs.insert(id, LiveRun::new(run));
        match state {
            RunState::Dispatched => self.send(id, ctx),
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
        } else if !self.must_queue(id) {
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
        let row = self.admit(row, &mut 0, &mut 0, ctx);
        let committed = self.place.base.record(vec![Entry::Open(row.clone())]);
        Box::pin(committed.into_actor(self).map(move |answers, job, ctx| {
            let answer = answers?.into_iter().next().ok_or(SchedulerError::Busy)?;
            job.opened(row, answer, ctx);
            job.settle(ctx);
            Ok(match answer {
                Answer::Existed { run, .. } => Ordered::Repeated(run),
                Answer::Opened(run) => Ordered::Started(run),
                Answer::Changed { .. } | Answer::Missed { .. } => return Err(SchedulerError::Busy),
            })
        }))
    }
}

/// Of several fires at once that each take the place of the one before, only the last is sent.
fn keep_newest(news: &mut [NewRun]) {
    let starting = news.iter_mut().filter(|row| !row.state.is_terminal());
    for row in starting.rev().skip(1) {
        row.state = RunState::Cancelled;
        row.reason = Reason::Replaced;
    }
}

/// The row of a fire that is not executed.
fn skipped(row: NewRun, reason: Reason) -> NewRun {
    NewRun { state: RunState::Skipped, reason, ..row }
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
