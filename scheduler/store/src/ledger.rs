//! The ledger: why a fire cannot happen twice.
//!
//! The journal (an actor) is its only writer. It hands over a batch of entries; one transaction checks the writer's epoch,
//! inserts the rows that are new, makes the changes whose origin still holds, counts the outcomes and, now and then,
//! moves the checkpoints. Each entry gets an answer of its own: what was new, and where somebody was first.

use crate::columns::{millis, storable};
use crate::run_row::RunRow;
use chrono::{DateTime, Utc};
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};

/// A row to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    /// Its job.
    pub job: JobId,
    /// The job's executor.
    pub executor: ExecutorId,
    /// How it comes to be.
    pub kind: RunKind,
    /// The moment it was due.
    pub scheduled_at: DateTime<Utc>,
    /// 0 for the first attempt.
    pub attempt: i32,
    /// Where it starts: `Planned` with a node (ahead of its moment), `Waiting`, `Dispatched` with a node, or at once an outcome
    /// (skipped, failed without a node).
    pub state: RunState,
    /// Why.
    pub reason: Reason,
    /// Not to be sent before this moment.
    pub not_before: DateTime<Utc>,
    /// The node it is for, if that is known.
    pub node: Option<String>,
    /// Whether a user chose that node.
    pub pinned: bool,
    /// Its parameters.
    pub parameters: Option<String>,
    /// The user who pressed "run now".
    pub requested_by: Option<String>,
    /// The key under which "run now" may be repeated.
    pub request_key: Option<RequestKey>,
    /// When it is written.
    pub created_at: DateTime<Utc>,
    /// What to tell the reader of a row that starts as an outcome.
    pub message: Option<String>,
}

/// A key under which "run now" may be repeated without another run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// The key, one of a kind per job.
    pub key: String,
    /// A hash of what is asked for under it, at most 64 characters; kept for [`Store::run_request_get`](crate::Store::run_request_get).
    pub asked: Option<String>,
}

/// A change of a row, made only while the row is in the state it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunChange {
    /// The run.
    pub run: RunId,
    /// The state it leaves.
    pub from: RunState,
    /// The state it takes; may be the same, to add to what is known.
    pub to: RunState,
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: DateTime<Utc>,
    /// The rest of what becomes known with it; what is `None` stays as it is.
    pub known: Known,
    /// The attempt that follows, written in the same transaction and only if this change is made.
    pub then: Option<Box<NewRun>>,
}

/// Facts that a change adds to a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The node it goes to.
    pub node: Option<String>,
    /// That node's executor, where it is another one than the row says.
    pub executor: Option<ExecutorId>,
    /// When the trigger left.
    pub sent_at: Option<DateTime<Utc>>,
    /// When the node accepted it.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When its cancellation was asked for.
    pub cancel_at: Option<DateTime<Utc>>,
    /// The code the executor reported.
    pub code: Option<i32>,
    /// What the executor said, or what went wrong.
    pub message: Option<String>,
    /// Whether the moment of the change is the last end of its job from now on. It is kept beside the row, which may be
    /// cleared: the next occurrence of a fixed delay counts from it.
    pub ends_turn: bool,
}

/// A row that was written ahead of its moment and is taken back, because its fire is not to come about as it says. Made only
/// while the row is still `Planned`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withdrawal {
    /// The run.
    pub run: RunId,
    /// Its job.
    pub job: JobId,
    /// The moment it was for.
    pub scheduled_at: DateTime<Utc>,
}

/// One thing to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A new row.
    Open(NewRun),
    /// A change of a row.
    Change(RunChange),
    /// A definition that is over owes nothing more: its rows are in this batch or were there. Answered as a change is.
    Settle {
        /// The job.
        job: JobId,
        /// The version that is over.
        version: i64,
    },
    /// A row less; it may be followed by another one for the same fire. Answered as a change is.
    Withdraw(Withdrawal),
    /// That nodes took these runs, in one note beside their rows ([`Store::taken_settle`](crate::Store::taken_settle)).
    KeepTaken(Vec<TakenRun>),
    /// Notes that say nothing any more which the rows do not say. Answered as a change is.
    DropTaken(Vec<i64>),
}

/// A run that its node took, as a note has it until the row says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenRun {
    /// The run.
    pub run: RunId,
    /// When its trigger left.
    pub sent_at: DateTime<Utc>,
    /// When its node accepted it.
    pub accepted_at: DateTime<Utc>,
}

impl Entry {
    /// Whether a new row may come of it, so that it needs an id: a row, a change that another attempt follows, or a note.
    #[must_use]
    pub const fn may_open(&self) -> bool {
        match self {
            Entry::Open(_) | Entry::KeepTaken(_) => true,
            Entry::Change(change) => change.then.is_some(),
            Entry::Withdraw(_) | Entry::Settle { .. } | Entry::DropTaken(_) => false,
        }
    }
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The row was new; this is its id.
    Opened(RunId),
    /// The note was kept under this id.
    Kept(i64),
    /// There was such a row (or such a request) already.
    Existed {
        /// Its id.
        run: RunId,
        /// Its state now.
        state: RunState,
    },
    /// The change was made; the attempt that follows it has this id.
    Changed {
        /// The following attempt, if the change asked for one.
        then: Option<RunId>,
    },
    /// The row is no longer in the state that the change names, or is gone.
    Missed {
        /// Its state now; `None`: there is no such row.
        state: Option<RunState>,
    },
}

/// A batch for one transaction.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The epoch under which the writer owns the partitions.
    pub epoch: i64,
    /// The journal that writes; each has a mark of its own.
    pub journal: i64,
    /// What to write, in order. Each entry that may open a row uses the next leased id, see [`Entry::may_open`].
    pub entries: Vec<Entry>,
    /// The first of the leased ids.
    pub first_id: i64,
    /// What to write down of how far jobs have come.
    pub checkpoints: Checkpoints,
}

/// What a batch writes down of how far jobs have come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoints {
    /// The last occurrence of each of these jobs that has a row; lower ones than are known change nothing.
    pub until: Vec<(JobId, DateTime<Utc>)>,
    /// Runs up to the mark that are open, and their jobs.
    pub open: Vec<(RunId, JobId)>,
    /// Runs that were open when the mark passed them and are over.
    pub over: Vec<RunId>,
    /// Every row up to this id is reflected in what is kept, this batch counted; `None`: the mark stays.
    pub mark: Option<i64>,
}

impl Checkpoints {
    /// Takes at most so many facts off; the mark goes with the last of them, so that it never stands above what is kept.
    pub fn piece(&mut self, most: usize) -> Checkpoints {
        let mut piece = Checkpoints::default();
        let mut room = most;
        take(&mut self.until, &mut piece.until, &mut room);
        take(&mut self.open, &mut piece.open, &mut room);
        take(&mut self.over, &mut piece.over, &mut room);
        if self.until.is_empty() && self.open.is_empty() && self.over.is_empty() {
            piece.mark = self.mark.take();
        }
        piece
    }

    /// Whether there is nothing to be kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Checkpoints::default()
    }
}

fn take<T>(from: &mut Vec<T>, into: &mut Vec<T>, room: &mut usize) {
    *into = from.split_off(from.len() - (*room).min(from.len()));
    *room -= into.len();
}

impl Batch {
    /// The batch with texts that every database can store.
    pub(crate) fn storable(mut self) -> Batch {
        for entry in &mut self.entries {
            match entry {
                Entry::Open(new) => new.make_storable(),
                Entry::Change(change) => {
                    make_storable([&mut change.known.node, &mut change.known.message]);
                    if let Some(then) = &mut change.then {
                        then.make_storable();
                    }
                }
                Entry::Withdraw(_) | Entry::Settle { .. } | Entry::KeepTaken(_) | Entry::DropTaken(_) => {}
            }
        }
        self
    }
}

impl Batch {
    /// The batch with every text from outside replaced by a plain one, of the same length where that is one that every table
    /// takes: it needs the same room, and nothing that is in it can be to blame when the database refuses it.
    pub(crate) fn harmless(mut self) -> Batch {
        for entry in &mut self.entries {
            match entry {
                Entry::Open(new) => new.make_harmless(),
                Entry::Change(change) => {
                    make_harmless([&mut change.known.node, &mut change.known.message]);
                    if let Some(then) = &mut change.then {
                        then.make_harmless();
                    }
                }
                Entry::Withdraw(_) | Entry::Settle { .. } | Entry::KeepTaken(_) | Entry::DropTaken(_) => {}
            }
        }
        self
    }
}

/// Bytes that fit into every text column of a run; MySQL's TEXT has the fewest.
const SHORTEST_LIMIT: usize = 65_535;

fn make_harmless<const N: usize>(texts: [&mut Option<String>; N]) {
    for text in texts.into_iter().flatten() {
        *text = "x".repeat(text.len().min(SHORTEST_LIMIT));
    }
}

fn make_storable<const N: usize>(texts: [&mut Option<String>; N]) {
    for text in texts {
        *text = text.take().map(storable);
    }
}

impl NewRun {
    fn make_storable(&mut self) {
        let NewRun { node, parameters, requested_by, request_key, message, .. } = self;
        make_storable([node, parameters, requested_by, message]);
        if let Some(request) = request_key {
            request.key = storable(std::mem::take(&mut request.key));
        }
    }

    fn make_harmless(&mut self) {
        let NewRun { node, parameters, requested_by, message, .. } = self;
        make_harmless([node, parameters, requested_by, message]);
    }

    /// The row under this id.
    pub(crate) fn row(&self, id: i64) -> RunRow {
        RunRow {
            id,
            job_id: self.job.0,
            executor_id: self.executor.0,
            kind: self.kind.code(),
            scheduled_at: millis(self.scheduled_at),
            shard: 0,
            attempt: self.attempt,
            state: self.state.code(),
            reason: self.reason.code(),
            not_before: millis(self.not_before),
            node: self.node.clone(),
            pinned: self.pinned,
            parameters: self.parameters.clone(),
            requested_by: self.requested_by.clone(),
            created_at: millis(self.created_at),
            sent_at: None,
            accepted_at: None,
            cancel_at: None,
            finished_at: self.state.is_terminal().then(|| millis(self.created_at)),
            code: None,
            message: self.message.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_goes_in_pieces_and_the_mark_with_the_last_one() {
        let whole = Checkpoints {
            until: (0..5).map(|job| (JobId(job), DateTime::UNIX_EPOCH)).collect(),
            open: (0..3).map(|run| (RunId(run), JobId(run))).collect(),
            over: (0..3).map(RunId).collect(),
            mark: Some(7),
        };
        let mut left = whole.clone();
        let pieces: Vec<Checkpoints> = (0..4).map(|_| left.piece(4)).collect();
        assert!(left.is_empty() && pieces[3].is_empty());
        assert_eq!(pieces.iter().map(|piece| piece.mark).collect::<Vec<_>>(), [None, None, Some(7), None]);
        let sizes = pieces.iter().map(|piece| piece.until.len() + piece.open.len() + piece.over.len());
        assert_eq!(sizes.collect::<Vec<_>>(), [4, 4, 3, 0]);
        let mut together = Checkpoints { mark: whole.mark, ..Checkpoints::default() };
        for piece in pieces {
            together.until.extend(piece.until);
            together.open.extend(piece.open);
            together.over.extend(piece.over);
        }
        together.until.sort_unstable();
        together.open.sort_unstable();
        together.over.sort_unstable();
        assert_eq!(together, whole);
    }
}
