//! The only writer of runs: collects what the jobs hand over and commits it in groups.
//!
//! While one batch is on its way to the disk the next one collects, so a commit costs its price once for everything that
//! happened meanwhile; a quiet journal waits [`GATHER`] for company. Answers go out after the commit, never before.
//! A database that is away is asked again with a growing pause ([`commit`]); what waits meanwhile is bounded in number and in
//! bytes, and beyond that the journal says no: whoever is refused keeps what it knows and comes again.

mod commit;
mod health;

pub(crate) use health::LedgerHealth;

use crate::clock::Clock;
use crate::error::SchedulerError;
use crate::messages::{ActorReport, EndActor, ListActors, MustEnd, Record, RecordAll};
use crate::obituary::{ActorGone, Obituary};
use crate::record::{ActorAsker, Answers, Asker, Recorded, Unit};
use actix::dev::{MessageResponse, OneshotSender};
use actix::prelude::*;
use commit::{Committer, Pending, Written};
use hzm_job_store::ledger::{Checkpoints, Entry, NewRun, RequestKey, TakenRun};
use hzm_job_store::{Store, StoreError};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// How long a quiet journal waits for company: a fifth of what an fsync costs here.
const GATHER: Duration = Duration::from_millis(2);
/// Entries in one transaction at most.
const BATCH: usize = 1_000;
/// Messages that may wait beside those in hand.
const MAILBOX: usize = 16_384;
/// Entries in hand at most; beyond, `Record` is refused.
const BACKLOG: usize = 65_536;
/// Bytes in one transaction at most, as counted by [`bytes_of`]: databases bound what they take at once.
const BATCH_BYTES: usize = 4 << 20;
/// Bytes in hand at most.
const BACKLOG_BYTES: usize = 64 << 20;
/// How often the checkpoints move, and how many of them with one batch.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);
const PIECE: usize = 1_000;

/// The name under which the journal's death is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct JournalName;

/// See the module.
pub(crate) struct Journal {
    store: Store,
    clock: Arc<dyn Clock>,
    log: slog::Logger,
    epoch: i64,
    ids: Range<i64>,
    waiting: VecDeque<Pending>,
    entries_waiting: usize,
    bytes_waiting: usize,
    health: Arc<LedgerHealth>,
    /// What is still to be written down of how far jobs have come, and the mark that follows.
    unmarked: Option<Checkpoints>,
    /// Whether nothing is on its way into the ledger any more that an earlier journal of this process sent.
    is_alone: bool,
    /// Whether the ledger is being asked how far they have come.
    asking: bool,
    /// Whether something was written since the mark last reached all of it.
    unasked: bool,
    busy: bool,
    registry: Recipient<MustEnd>,
    handled: u64,
    _obituary: Obituary<JournalName>,
}

/// What the journal needs to start.
pub(crate) struct JournalSetup {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: slog::Logger,
    pub(crate) epoch: i64,
    pub(crate) health: Arc<LedgerHealth>,
    pub(crate) registry: Recipient<MustEnd>,
    pub(crate) parent: Recipient<ActorGone<JournalName>>,
}

impl Journal {
    pub(crate) fn new(setup: JournalSetup) -> Journal {
        setup.health.forget();
        Journal {
            log: setup.log.new(slog::o!("actor" => "journal")),
            store: setup.store,
            clock: setup.clock,
            epoch: setup.epoch,
            ids: 0..0,
            waiting: VecDeque::new(),
            entries_waiting: 0,
            bytes_waiting: 0,
            health: setup.health,
            unmarked: None,
            is_alone: false,
            asking: false,
            unasked: true,
            busy: false,
            registry: setup.registry,
            handled: 0,
            _obituary: Obituary::new(JournalName, setup.parent),
        }
    }

    /// Starts a commit of what waits, unless one is under way: then its end calls again.
    fn flush(&mut self, ctx: &mut Context<Self>) {
        if self.busy || (self.waiting.is_empty() && self.unmarked.is_none()) {
            return;
        }
        self.busy = true;
        let pending = self.take_batch();
        let checkpoints = self.unmarked.as_mut().map(|left| left.piece(PIECE)).unwrap_or_default();
        self.unmarked.take_if(|left| left.is_empty());
        let committer = Committer {
            store: self.store.clone(),
            log: self.log.clone(),
            epoch: self.epoch,
            ids: self.ids.clone(),
            health: self.health.clone(),
        };
        let work = committer.write(pending, checkpoints);
        ctx.spawn(work.into_actor(self).map(|written, journal, ctx| journal.written(written, ctx)));
    }

    /// Asks how far jobs have come since the mark; the answer is written down piece by piece with what else is written.
    fn ask_how_far(&mut self, ctx: &mut Context<Self>) {
        if self.asking || self.unmarked.is_some() || !self.unasked || !self.is_alone {
            return;
        }
        (self.asking, self.unasked) = (true, false);
        // All ids below were committed, or never will be: those of a commit under way are not taken off yet.
        let (store, below) = (self.store.clone(), self.ids.start);
        let asked = async move { store.ledger_passed(0, below).await };
        ctx.spawn(asked.into_actor(self).map(move |passed, journal, ctx| {
            journal.asking = false;
            match passed {
                Ok(passed) => {
                    // Rows ahead of their moment hold the mark up, and so does a mark that was far behind.
                    journal.unasked |= passed.mark.is_none_or(|mark| mark + 1 < below);
                    journal.unmarked = passed.mark.is_some().then_some(passed);
                    journal.flush(ctx);
                }
                Err(error) => {
                    journal.unasked = true;
                    slog::debug!(journal.log, "how far jobs have come could not be read; asking again in a moment";
                        "error" => error.chain());
                }
            }
        }));
    }

    fn take_batch(&mut self) -> Vec<Pending> {
        let (mut entries, mut bytes) = (0, 0);
        let fits = self.waiting.iter().take_while(|pending| {
            entries += pending.entries.len();
            bytes += pending.bytes;
            entries <= BATCH && bytes <= BATCH_BYTES
        });
        // A single message larger than a batch still goes, alone.
        let count = fits.count().max(1).min(self.waiting.len());
        let taken: Vec<Pending> = self.waiting.drain(..count).collect();
        self.entries_waiting -= taken.iter().map(|pending| pending.entries.len()).sum::<usize>();
        self.bytes_waiting -= taken.iter().map(|pending| pending.bytes).sum::<usize>();
        taken
    }

    fn written(&mut self, written: Result<Written, StoreError>, ctx: &mut Context<Self>) {
        self.busy = false;
        // Ours is over. Rows of another one could still appear below our ids, and the mark would have passed them.
        self.is_alone |= self.store.ledger_plays() == 0;
        match written {
            Ok(written) => {
                self.ids = written.ids;
                if let Some(outage) = written.outage {
                    slog::info!(self.log, "the database takes writes again"; "away_ms" => outage.lasted.as_millis(),
                        "waiting" => self.entries_waiting);
                }
                self.unasked |= written.opened > 0;
                if !written.checkpoints_written {
                    // Asked again later: what is not written down is still beyond the mark.
                    (self.unmarked, self.unasked) = (None, true);
                }
                self.flush(ctx);
            }
            Err(error) => {
                slog::crit!(self.log, "writing ends: the ledger belongs to somebody else"; "error" => %error);
                if self.registry.try_send(MustEnd(error.to_string())).is_err() {
                    slog::crit!(self.log, "the registry could not be told");
                }
                self.waiting.clear();
                ctx.stop();
            }
        }
    }
}

/// How often the text of an entry is in memory while it waits and is written: with whoever asked, with the job's actor,
/// here, and as the statement.
const COPIES: usize = 4;

/// About how much memory an entry takes.
fn bytes_of(entry: &Entry) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let of_key = |key: &RequestKey| key.key.len() + length(&key.asked);
    let of_row =
        |new: &NewRun| length(&new.parameters) + length(&new.message) + new.request_key.as_ref().map_or(0, of_key);
    let texts = match entry {
        Entry::KeepTaken(runs) => runs.len() * size_of::<TakenRun>(),
        Entry::DropTaken(notes) => notes.len() * size_of::<i64>(),
        Entry::Open(new) => of_row(new),
        Entry::Change(change) => length(&change.known.message) + change.then.as_deref().map_or(0, of_row),
        Entry::Withdraw(_) | Entry::Settle { .. } => 0,
    };
    size_of::<Entry>() + size_of::<NewRun>() + COPIES * texts
}

impl Actor for Journal {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(CHECKPOINT_EVERY, |journal, ctx| {
            journal.ask_how_far(ctx);
            if journal.health.is_silent() {
                slog::error!(journal.log, "the database does not answer; everything waits until it does"; "waiting" => journal.entries_waiting);
            }
        });
        slog::debug!(self.log, "started"; "epoch" => self.epoch, "at" => %self.clock.now());
    }
}

/// The answer to a `Record`, given after the commit.
pub(crate) enum Committing {
    Refused(SchedulerError),
    Waits(ActorAsker),
}

impl MessageResponse<Journal, Record> for Committing {
    fn handle(self, _: &mut Context<Journal>, asker: Option<OneshotSender<Recorded>>) {
        match self {
            Committing::Waits(slot) => slot.0.set(asker),
            Committing::Refused(error) => {
                let refused = ActorAsker::default();
                refused.0.set(asker);
                refused.tell(Err(error));
            }
        }
    }
}

impl Journal {
    /// Whether there is room for these; if so, how many bytes they take.
    fn room_for(&self, entries: &[Entry]) -> Option<usize> {
        let bytes = entries.iter().map(bytes_of).sum::<usize>();
        let fits = self.entries_waiting + entries.len() <= BACKLOG && self.bytes_waiting + bytes <= BACKLOG_BYTES;
        fits.then_some(bytes)
    }

    fn take(&mut self, pending: Pending) {
        self.entries_waiting += pending.entries.len();
        self.bytes_waiting += pending.bytes;
        self.waiting.push_back(pending);
    }

    /// Something came: commits at once when a batch is full, else in a moment.
    fn came(&mut self, was_empty: bool, ctx: &mut Context<Self>) {
        if self.entries_waiting >= BATCH {
            self.flush(ctx);
        } else if was_empty && !self.busy {
            ctx.run_later(GATHER, |journal, ctx| journal.flush(ctx));
        }
    }
}

impl Handler<Record> for Journal {
    type Result = Committing;

    fn handle(&mut self, record: Record, ctx: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        let Some(bytes) = self.room_for(&record.0) else { return Committing::Refused(SchedulerError::Busy) };
        let (was_empty, asker) = (self.waiting.is_empty(), ActorAsker::default());
        self.take(Pending { entries: record.0, bytes, asker: Asker::Actor(asker.clone()) });
        self.came(was_empty, ctx);
        Committing::Waits(asker)
    }
}

impl Handler<RecordAll> for Journal {
    type Result = ();

    fn handle(&mut self, record: RecordAll, ctx: &mut Self::Context) {
        self.handled += 1;
        let was_empty = self.waiting.is_empty();
        let mut refused = Answers::default();
        for Unit { entries, asker } in record.0 {
            let asker = Asker::Thread(asker);
            match self.room_for(&entries) {
                Some(bytes) => self.take(Pending { entries, bytes, asker }),
                None => refused.tell(asker, Err(SchedulerError::Busy)),
            }
        }
        self.came(was_empty, ctx);
    }
}

impl Handler<ListActors> for Journal {
    type Result = MessageResult<ListActors>;

    fn handle(&mut self, _: ListActors, _: &mut Self::Context) -> Self::Result {
        MessageResult(vec![ActorReport {
            name: "journal".into(),
            kind: "journal",
            thread: crate::threads::thread_name(),
            waiting: self.entries_waiting,
            mailbox_limit: MAILBOX,
            handled: self.handled,
            restarts: 0,
            state: "running",
            last_error: None,
            last_error_at: None,
        }])
    }
}

impl Handler<EndActor> for Journal {
    type Result = ();

    fn handle(&mut self, end: EndActor, ctx: &mut Self::Context) {
        end.carry_out(ctx);
    }
}

#[cfg(test)]
mod tests;
