//! An open run as its job's actor knows it: the row, and what is known beyond it.

use super::JobActor;
use crate::directory::Directory;
use crate::surroundings::Surroundings;
use actix::{AsyncContext, Context, SpawnHandle};
use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_scheduler::run::Reason;
use hzm_job_store::run::Run;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// What is being done about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It waits: for its turn, for its retry time, or for a node to be written down.
    Waiting,
    /// Its trigger is on its way.
    Sending,
    /// Its node has it (or may have it); a report is awaited.
    Awaited,
    /// Its end is on its way to the journal.
    Ending,
}

/// The nodes of a fire's earlier attempts, newest first: read from the ledger when the retry policy asks for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Before {
    /// Nobody asked yet.
    Unknown,
    /// The ledger is being asked.
    Asked,
    /// These.
    Known(Vec<String>),
}

/// See the module. `run` is the row as the ledger has it; a change names `run.state` as its origin.
pub(super) struct LiveRun {
    pub(super) run: Run,
    pub(super) phase: Phase,
    /// Addresses that did not take it.
    pub(super) tried: Vec<String>,
    /// What is known of the attempts before it.
    pub(super) before: Before,
    /// Its node may have it from an earlier trigger, so no other node may get it.
    pub(super) perhaps_there: bool,
    /// How often it was sent again because nobody knew whether it had been taken.
    pub(super) resends: u32,
    /// Known but perhaps not yet in the row.
    pub(super) sent_at: Option<DateTime<Utc>>,
    pub(super) accepted_at: Option<DateTime<Utc>>,
    /// Somebody wants it ended: a failure that is reported from now on is a cancellation.
    pub(super) cancel: Option<Reason>,
    /// Whether its row says so: only then its node may be told.
    pub(super) cancel_is_written: bool,
    /// When it is looked at next: its turn while it waits, its timeout once it was sent.
    pub(super) timer: Option<SpawnHandle>,
    /// When "running" is written, if it is not over before.
    pub(super) writes: Option<SpawnHandle>,
    /// When its timeout ends by the steady clock, and from which moment of its row that was counted.
    deadline: Option<(DateTime<Utc>, Instant)>,
    /// Whether it counts in `Directory::unsettled`.
    unsettled: bool,
}

impl LiveRun {
    pub(super) fn new(run: Run) -> LiveRun {
        LiveRun {
            phase: Phase::Waiting,
            tried: Vec::new(),
            before: Before::Unknown,
            perhaps_there: false,
            resends: 0,
            sent_at: run.sent_at,
            accepted_at: run.accepted_at,
            cancel: run.cancel_at.map(|_| run.reason),
            cancel_is_written: run.cancel_at.is_some(),
            timer: None,
            writes: None,
            deadline: None,
            unsettled: false,
            run,
        }
    }

    /// Has it looked at after a while; what was armed before is off.
    pub(super) fn arm(
        &mut self,
        after: Duration,
        ctx: &mut Context<JobActor>,
        look: impl FnOnce(&mut JobActor, &mut Context<JobActor>) + 'static,
    ) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        self.timer = Some(ctx.run_later(after, look));
    }

    /// How much is left of its timeout, counted from the first trigger while nobody knows whether that was taken. The row's
    /// moments are the wall clock's; once they were looked at, that clock may be set as anybody likes.
    pub(super) fn time_left(&mut self, timeout: TimeDelta, now: DateTime<Utc>) -> Duration {
        let from = self.accepted_at.or(self.sent_at).unwrap_or(now);
        let deadline = match self.deadline.filter(|(counted_from, _)| *counted_from == from) {
            Some((_, deadline)) => deadline,
            None => {
                let spent = (now - from).clamp(TimeDelta::zero(), timeout);
                Instant::now() + (timeout - spent).to_std().unwrap_or_default()
            }
        };
        self.deadline = Some((from, deadline));
        deadline.saturating_duration_since(Instant::now())
    }

    /// Its trigger leaves: an orderly stop must wait for what becomes of it.
    pub(super) fn enter(&mut self, directory: &Directory) {
        if !std::mem::replace(&mut self.unsettled, true) {
            directory.unsettled.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// What became of its trigger is in the ledger, or nobody will know.
    pub(super) fn settled(&mut self, directory: &Directory) {
        self.leave(directory);
        self.unsettled = false;
    }

    /// Its row says that it runs, or that it is over.
    pub(super) fn written(&mut self, place: &Surroundings) {
        self.settled(&place.base.directory);
        place.taken.settled(self.run.id);
    }

    /// It is forgotten, with whatever was outstanding.
    pub(super) fn leave(&self, directory: &Directory) {
        if self.unsettled {
            directory.unsettled.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
