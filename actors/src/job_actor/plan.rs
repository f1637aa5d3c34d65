//! From occurrences that are due to the rows they get: what is missed, what overlaps, and which node is written down.

use super::JobActor;
use actix::prelude::*;
use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_scheduler::misfire::{self, FireDecision, MisfirePolicy};
use hzm_job_scheduler::overlap::{self, Admission, Load, OverlapPolicy};
use hzm_job_scheduler::progress::Backlog;
use hzm_job_scheduler::routing::{self, Selection};
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_store::ledger::NewRun;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The fires that one plan let in.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    started: usize,
    queued: usize,
}

impl JobActor {
    /// The rows of a backlog.
    pub(super) fn plan(&mut self, backlog: &Backlog, now: DateTime<Utc>, ctx: &mut Context<Self>) -> Vec<NewRun> {
        if let Some((first, until)) = backlog.collapsed {
            return self.plan_collapsed(first, until, now);
        }
        let rules = self.place.base.settings.scheduling.misfire();
        let mut plan = Admitted::default();
        let decisions = misfire::plan(&self.job.spec.catch_up(), rules, &backlog.due, backlog.late, now);
        let plan = decisions.into_iter().map(|(due, decision)| {
            let row = self.row(due, RunKind::Scheduled, now);
            match decision {
                FireDecision::Skip(reason) => skipped(row, reason),
                FireDecision::Fire => self.admit(row, self.overlap_limit(), &mut plan, ctx),
                FireDecision::CatchUp => self.admit(row, self.catch_up_limit(), &mut plan, ctx),
            }
        });
        let mut news: Vec<NewRun> = plan.collect();
        if self.job.spec.draft().overlap == OverlapPolicy::Replace {
            keep_newest(&mut news);
        }
        news
    }

    /// The row for a backlog that is too long for a row each: it stands for all but the newest of the late ones, which the
    /// job may want to make up for and which get their own rows next.
    fn plan_collapsed(&self, first: DateTime<Utc>, until: DateTime<Utc>, now: DateTime<Utc>) -> Vec<NewRun> {
        let kept = self.job.spec.catch_up().most();
        let newest = match kept {
            0 => None,
            kept => self.job.spec.schedule().newest(self.job.anchor, first, until, kept).first().copied(),
        };
        let until = newest.map_or(until, |newest| newest - TimeDelta::milliseconds(1));
        let text = format!("occurrences from {first} to {until} were missed; they are too many for a row each");
        let row = NewRun { message: Some(text), ..self.row(until, RunKind::Scheduled, now) };
        vec![skipped(row, Reason::MisfireMany)]
    }

    /// How many fires may wait, or run side by side.
    pub(super) fn overlap_limit(&self) -> u16 {
        self.job.spec.draft().overlap_limit
    }

    /// The same for a late occurrence: what is made up for has a limit of its own, and a queue has room for that many.
    fn catch_up_limit(&self) -> u16 {
        let draft = self.job.spec.draft();
        let queues = draft.overlap == OverlapPolicy::Queue && draft.misfire == MisfirePolicy::FireAll;
        if queues { draft.overlap_limit.max(draft.misfire_limit) } else { draft.overlap_limit }
    }

    /// Decides what becomes of a fire that meets unfinished runs, those of `plan` among them.
    pub(super) fn admit(&mut self, row: NewRun, limit: u16, plan: &mut Admitted, ctx: &mut Context<Self>) -> NewRun {
        let known = self.load();
        let load =
            Load { unfinished: known.unfinished + plan.started + plan.queued, queued: known.queued + plan.queued };
        match overlap::admit(self.job.spec.draft().overlap, limit, load) {
            Admission::Skip(reason) => skipped(row, reason),
            Admission::Queue => {
                plan.queued += 1;
                row
            }
            Admission::Replace => {
                self.cancel_all(Reason::Replaced, ctx);
                plan.started += 1;
                self.assigned(row)
            }
            Admission::Start => {
                plan.started += 1;
                self.assigned(row)
            }
        }
    }

    /// The row with a node written down, where one can be chosen; else it waits and finds out why later.
    fn assigned(&self, mut row: NewRun) -> NewRun {
        let choose = || self.choose(&[]).map(|address| address.to_string());
        let chosen = if row.pinned { row.node.clone() } else { self.node_ahead(&row).or_else(choose) };
        if let Some(address) = chosen {
            row.node = Some(address);
            row.state = RunState::Dispatched;
        }
        row
    }

    /// A node for a run, none of those already tried.
    pub(super) fn choose(&self, tried: &[String]) -> Option<Arc<str>> {
        self.choose_beside(tried, &[])
    }

    /// A node for a run, none of those already tried; one of those to `avoid` only where there is no other.
    pub(super) fn choose_beside(&self, tried: &[String], avoid: &[String]) -> Option<Arc<str>> {
        let draft = self.job.spec.draft();
        let table = self.place.base.directory.routes(draft.executor);
        let nodes: Vec<&str> = table.nodes.iter().map(|node| node.address.as_ref()).collect();
        let cursor = if tried.is_empty() { table.cursor.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let dice = rand::random();
        let pick = |tried: &[String]| routing::choose(draft.routing, &Selection { nodes: &nodes, tried, cursor, dice });
        let index = pick(&[tried, avoid].concat()).or_else(|| pick(tried))?;
        table.nodes.get(index).map(|node| node.address.clone())
    }

    pub(super) fn row(&self, due: DateTime<Utc>, kind: RunKind, now: DateTime<Utc>) -> NewRun {
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

/// What these rows add to a job's load.
pub(super) fn load_of(news: &[NewRun]) -> Load {
    let open = news.iter().filter(|row| !row.state.is_terminal());
    let waiting = news.iter().filter(|row| row.state == RunState::Waiting);
    Load { unfinished: open.count(), queued: waiting.count() }
}
