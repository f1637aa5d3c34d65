//! A batch played against what the database holds: pure, in memory, entry by entry.
//!
//! It gives the answers and the few sets of rows that are then written with one statement each. The order of entries counts
//! exactly as in the loop of single statements that SQLite gets: a change sees what earlier entries of its batch did.

use crate::columns::{hour_millis, millis};
use crate::ledger::{Answer, Batch, Entry, NewRun, RunChange, TakenRun};
use crate::run_row::RunRow;
use crate::taken_text::taken_text;
use hzm_job_scheduler::RunId;
use hzm_job_scheduler::run::RunState;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What makes a fire the same fire: (scheduled_at, job, kind, attempt); the shard is 0.
pub(super) type FireKey = (i64, i64, i16, i32);
/// A job and the key of a "run now".
pub(super) type RequestKey = (i64, String);

/// What the database holds of the things that a batch names.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The states of runs, by id.
    pub(super) states: HashMap<i64, i16>,
    /// The rows of fires. Empty when they were not looked up: then all are taken to be new.
    pub(super) fires: HashMap<FireKey, i64>,
    /// The runs of earlier requests.
    pub(super) requests: HashMap<RequestKey, i64>,
}

/// A key of "run now" to be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct NewRequest {
    pub(super) job_id: i64,
    pub(super) request_key: String,
    pub(super) run_id: i64,
    pub(super) created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) asked: Option<String>,
}

/// All that changes in a row that was there before, in one; what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowChange {
    pub(super) id: i64,
    pub(super) state: i16,
    pub(super) reason: i16,
    pub(super) node: Option<String>,
    pub(super) executor_id: Option<i64>,
    pub(super) sent_at: Option<i64>,
    pub(super) accepted_at: Option<i64>,
    pub(super) cancel_at: Option<i64>,
    pub(super) finished_at: Option<i64>,
    pub(super) code: Option<i32>,
    pub(super) message: Option<String>,
}

/// What is to be written, each set in the order of its key, so that two batches lock rows in the same order.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) answers: Vec<Answer>,
    pub(super) opened: BTreeMap<i64, RunRow>,
    pub(super) changed: BTreeMap<i64, RowChange>,
    /// Rows to be deleted, before any is inserted: another one for the same fire may follow.
    pub(super) withdrawn: BTreeSet<i64>,
    /// (job, version) of the definitions that owe nothing more.
    pub(super) settled: BTreeSet<(i64, i64)>,
    pub(super) requests: BTreeMap<RequestKey, NewRequest>,
    /// (hour, state) -> how many runs ended so in this batch.
    pub(super) outcomes: BTreeMap<(i64, i16), i64>,
    /// The runs whose jobs last ended with them, and when.
    pub(super) ends: BTreeMap<i64, i64>,
    /// Notes of runs that nodes took, by id, and those that go.
    pub(super) taken: BTreeMap<i64, String>,
    pub(super) untaken: BTreeSet<i64>,
}

/// Plays the batch.
pub(super) fn play(batch: &Batch, seen: Seen) -> Played {
    let mut game = Game { seen, played: Played::default() };
    let mut next = batch.first_id;
    for entry in &batch.entries {
        let answer = match entry {
            Entry::Open(new) => game.open(new, next),
            Entry::Change(change) => game.change(change, next),
            Entry::Settle { job, version } => game.settle(job.0, *version),
            Entry::Withdraw(taken_back) => game.withdraw(taken_back.run.0),
            Entry::KeepTaken(runs) => game.keep_taken(runs, next),
            Entry::DropTaken(notes) => game.drop_taken(notes),
        };
        game.played.answers.push(answer);
        next += i64::from(entry.may_open());
    }
    game.played
}

struct Game {
    /// The database as it would be by now.
    seen: Seen,
    played: Played,
}

impl Game {
    fn open(&mut self, new: &NewRun, id: i64) -> Answer {
        let request = new.request_key.as_ref().map(|request| (new.job.0, request.key.clone()));
        let asked = request.as_ref().and_then(|request| self.seen.requests.get(request));
        if let Some(earlier) = asked.or_else(|| self.seen.fires.get(&fire_key(new))).copied() {
            // A key whose row was cleared since: what it asked for has long ended.
            return Answer::Existed { run: RunId(earlier), state: self.state(earlier).unwrap_or(RunState::Skipped) };
        }
        self.seen.fires.insert(fire_key(new), id);
        self.seen.states.insert(id, new.state.code());
        self.played.opened.insert(id, new.row(id));
        if let Some(request) = request {
            let kept = NewRequest {
                job_id: new.job.0,
                request_key: request.1.clone(),
                run_id: id,
                created_at: millis(new.created_at),
                asked: new.request_key.as_ref().and_then(|request| request.asked.clone()),
            };
            self.seen.requests.insert(request.clone(), id);
            self.played.requests.insert(request, kept);
        }
        self.count(new.state, hour_millis(new.created_at));
        Answer::Opened(RunId(id))
    }

    fn change(&mut self, change: &RunChange, id: i64) -> Answer {
        let now = self.seen.states.get(&change.run.0).copied();
        // An outcome is final, whoever asks and whatever it names as its origin.
        let leaves_outcome = change.from.is_terminal() && change.from != change.to;
        if leaves_outcome || now != Some(change.from.code()) {
            return Answer::Missed { state: now.and_then(RunState::from_code) };
        }
        self.seen.states.insert(change.run.0, change.to.code());
        self.fold(change);
        if change.known.ends_turn {
            self.played.ends.insert(change.run.0, millis(change.at));
        }
        if change.from != change.to {
            self.count(change.to, hour_millis(change.at));
        }
        let then = change.then.as_deref().map(|next| match self.open(next, id) {
            Answer::Existed { run, .. } => run,
            _ => RunId(id),
        });
        Answer::Changed { then }
    }

    fn settle(&mut self, job: i64, version: i64) -> Answer {
        self.played.settled.insert((job, version));
        Answer::Changed { then: None }
    }

    fn keep_taken(&mut self, runs: &[TakenRun], id: i64) -> Answer {
        self.played.untaken.remove(&id);
        self.played.taken.insert(id, taken_text(runs));
        Answer::Kept(id)
    }

    fn drop_taken(&mut self, notes: &[i64]) -> Answer {
        for note in notes {
            if self.played.taken.remove(note).is_none() {
                self.played.untaken.insert(*note);
            }
        }
        Answer::Changed { then: None }
    }

    fn withdraw(&mut self, id: i64) -> Answer {
        let now = self.state(id);
        if now != Some(RunState::Planned) {
            return Answer::Missed { state: now };
        }
        self.seen.states.remove(&id);
        self.seen.fires.retain(|_, fire| *fire != id);
        // What an earlier entry added to it goes with it.
        self.played.changed.remove(&id);
        if self.played.opened.remove(&id).is_none() {
            self.played.withdrawn.insert(id);
        }
        Answer::Changed { then: None }
    }

    /// Adds a change to what its row is to become, be it a row of this batch or one that was there before.
    fn fold(&mut self, change: &RunChange) {
        let id = change.run.0;
        let step = RowChange::of(change);
        if let Some(row) = self.played.opened.get_mut(&id) {
            step.apply(row);
        } else if let Some(earlier) = self.played.changed.get_mut(&id) {
            earlier.follow(step);
        } else {
            self.played.changed.insert(id, step);
        }
    }

    fn state(&self, id: i64) -> Option<RunState> {
        self.seen.states.get(&id).copied().and_then(RunState::from_code)
    }

    fn count(&mut self, state: RunState, hour: i64) {
        if state.is_terminal() {
            *self.played.outcomes.entry((hour, state.code())).or_insert(0) += 1;
        }
    }
}

/// The key of a fire.
pub(super) fn fire_key(new: &NewRun) -> FireKey {
    (millis(new.scheduled_at), new.job.0, new.kind.code(), new.attempt)
}

impl RowChange {
    fn of(change: &RunChange) -> RowChange {
        RowChange {
            id: change.run.0,
            state: change.to.code(),
            reason: change.reason.code(),
            node: change.known.node.clone(),
            executor_id: change.known.executor.map(|executor| executor.0),
            sent_at: change.known.sent_at.map(millis),
            accepted_at: change.known.accepted_at.map(millis),
            cancel_at: change.known.cancel_at.map(millis),
            // Known facts may be added to an outcome later; its end stays when it was.
            finished_at: (change.to.is_terminal() && change.from != change.to).then(|| millis(change.at)),
            code: change.known.code,
            message: change.known.message.clone(),
        }
    }

    /// Puts a later change on top of this one.
    fn follow(&mut self, later: RowChange) {
        *self = RowChange {
            node: later.node.or_else(|| self.node.take()),
            executor_id: later.executor_id.or(self.executor_id),
            sent_at: later.sent_at.or(self.sent_at),
            accepted_at: later.accepted_at.or(self.accepted_at),
            cancel_at: later.cancel_at.or(self.cancel_at),
            finished_at: later.finished_at.or(self.finished_at),
            code: later.code.or(self.code),
            message: later.message.or_else(|| self.message.take()),
            ..later
        };
    }

    /// Changes a row that is yet to be written.
    fn apply(self, row: &mut RunRow) {
        row.state = self.state;
        row.reason = self.reason;
        row.node = self.node.or_else(|| row.node.take());
        row.executor_id = self.executor_id.unwrap_or(row.executor_id);
        row.sent_at = self.sent_at.or(row.sent_at);
        row.accepted_at = self.accepted_at.or(row.accepted_at);
        row.cancel_at = self.cancel_at.or(row.cancel_at);
        row.finished_at = self.finished_at.or(row.finished_at);
        row.code = self.code.or(row.code);
        row.message = self.message.or_else(|| row.message.take());
    }
}
