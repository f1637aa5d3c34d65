//! The only writer of runs: collects what the jobs hand over and commits it in groups.
//!
//! While one batch is on its way to the disk the next one collects, so a commit costs its price once for everything that
//! happened meanwhile; a quiet journal waits [`GATHER`] for company. Answers go out after the commit, never before.
//! A database that refuses is asked again with a growing pause; the mailbox fills meanwhile and says no.

use crate::clock::Clock;
use crate::error::SchedulerError;
use crate::messages::{ActorReport, EndActor, ListActors, MustEnd, Record};
use crate::obituary::{ActorGone, Obituary};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::RunKind;
use hzm_job_store::ledger::{Answer, Batch, Entry};
use hzm_job_store::{Store, StoreError};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a quiet journal waits for company: a fifth of what an fsync costs here.
const GATHER: Duration = Duration::from_millis(2);
/// Entries in one transaction at most.
const BATCH: usize = 1_000;
/// Messages that may wait beside those in hand.
const MAILBOX: usize = 16_384;
/// Entries in hand at most; beyond, `Record` is refused.
const BACKLOG: usize = 65_536;
/// Run ids leased at a time. A crash leaves at most this gap.
const ID_BLOCK: i64 = 10_000;
/// How often the checkpoints move.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);
/// Pauses between attempts at a database that refuses.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

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
    waiting: Vec<Pending>,
    entries_waiting: usize,
    /// The last occurrence of each job that was committed since the checkpoints moved.
    moved: HashMap<JobId, DateTime<Utc>>,
    checkpoint_due: bool,
    busy: bool,
    registry: Recipient<MustEnd>,
    handled: u64,
    _obituary: Obituary<JournalName>,
}

/// A `Record` and who waits for it.
struct Pending {
    entries: Vec<Entry>,
    answer: oneshot::Sender<Result<Vec<Answer>, SchedulerError>>,
}

/// What the journal needs to start.
pub(crate) struct JournalSetup {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: slog::Logger,
    pub(crate) epoch: i64,
    pub(crate) registry: Recipient<MustEnd>,
    pub(crate) parent: Recipient<ActorGone<JournalName>>,
}

impl Journal {
    pub(crate) fn new(setup: JournalSetup) -> Journal {
        Journal {
            log: setup.log.new(slog::o!("actor" => "journal")),
            store: setup.store,
            clock: setup.clock,
            epoch: setup.epoch,
            ids: 0..0,
            waiting: Vec::new(),
            entries_waiting: 0,
            moved: HashMap::new(),
            checkpoint_due: false,
            busy: false,
            registry: setup.registry,
            handled: 0,
            _obituary: Obituary::new(JournalName, setup.parent),
        }
    }

    /// Starts a commit of what waits, unless one is under way: then its end calls again.
    fn flush(&mut self, ctx: &mut Context<Self>) {
        if self.busy || (self.waiting.is_empty() && !self.checkpoint_due) {
            return;
        }
        self.busy = true;
        let pending = self.take_batch();
        let checkpoints =
            if std::mem::take(&mut self.checkpoint_due) { self.moved.drain().collect() } else { Vec::new() };
        let work = write(self.store.clone(), self.log.clone(), self.epoch, self.ids.clone(), pending, checkpoints);
        ctx.spawn(work.into_actor(self).map(|written, journal, ctx| journal.written(written, ctx)));
    }

    fn take_batch(&mut self) -> Vec<Pending> {
        let mut entries = 0;
        let fits = self.waiting.iter().take_while(|pending| {
            entries += pending.entries.len();
            entries <= BATCH
        });
        // A single message larger than a batch still goes, alone.
        let count = fits.count().max(1).min(self.waiting.len());
        let taken: Vec<Pending> = self.waiting.drain(..count).collect();
        self.entries_waiting -= taken.iter().map(|pending| pending.entries.len()).sum::<usize>();
        taken
    }

    fn written(&mut self, written: Result<Written, StoreError>, ctx: &mut Context<Self>) {
        self.busy = false;
        match written {
            Ok(written) => {
                self.ids = written.ids;
                for (job, occurrence) in written.occurrences {
                    let last = self.moved.entry(job).or_insert(occurrence);
                    *last = (*last).max(occurrence);
                }
                if !self.waiting.is_empty() {
                    self.flush(ctx);
                }
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

/// The result of a batch that is on the disk.
struct Written {
    ids: Range<i64>,
    occurrences: Vec<(JobId, DateTime<Utc>)>,
}

/// Commits one batch, trying again until the database takes it, and answers. Fails only when writing must end.
async fn write(
    store: Store,
    log: slog::Logger,
    epoch: i64,
    mut ids: Range<i64>,
    pending: Vec<Pending>,
    checkpoints: Vec<(JobId, DateTime<Utc>)>,
) -> Result<Written, StoreError> {
    let counts: Vec<usize> = pending.iter().map(|pending| pending.entries.len()).collect();
    let (entries, waiters): (Vec<_>, Vec<_>) = pending.into_iter().map(|one| (one.entries, one.answer)).unzip();
    let entries: Vec<Entry> = entries.into_iter().flatten().collect();
    let occurrences = occurrences(&entries);
    let needed = i64::try_from(entries.iter().filter(|entry| entry.may_open()).count()).unwrap_or(i64::MAX);
    let mut pause = FIRST_PAUSE;
    let answers = loop {
        match attempt(&store, epoch, &mut ids, needed, &entries, &checkpoints).await {
            Ok(answers) => break answers,
            Err(error @ (StoreError::Fenced { .. } | StoreError::Closed)) => return Err(error),
            Err(error) => {
                slog::error!(log, "a batch was not written; trying again";
                    "entries" => entries.len(), "pause_ms" => pause.as_millis(), "error" => %error, "cause" => ?error);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    };
    let mut answers = answers.into_iter();
    for (waiter, count) in waiters.into_iter().zip(counts) {
        // Whoever went away in the meantime reads the outcome in the ledger.
        let _ = waiter.send(Ok(answers.by_ref().take(count).collect()));
    }
    Ok(Written { ids, occurrences })
}

async fn attempt(
    store: &Store,
    epoch: i64,
    ids: &mut Range<i64>,
    needed: i64,
    entries: &[Entry],
    checkpoints: &[(JobId, DateTime<Utc>)],
) -> Result<Vec<Answer>, StoreError> {
    if ids.end - ids.start < needed.max(1) {
        *ids = store.run_id_block_lease(ID_BLOCK.max(needed)).await?;
    }
    let batch =
        Batch { epoch, journal: 0, entries: entries.to_vec(), first_id: ids.start, checkpoints: checkpoints.to_vec() };
    // Given up before the attempt: when a commit's answer gets lost its ids may be in use, and none is ever used twice.
    ids.start += needed;
    store.ledger_commit(batch).await
}

/// The occurrences of schedules that a batch gives rows to.
fn occurrences(entries: &[Entry]) -> Vec<(JobId, DateTime<Utc>)> {
    let news = entries.iter().filter_map(|entry| match entry {
        Entry::Open(new) if new.kind == RunKind::Scheduled => Some((new.job, new.scheduled_at)),
        _ => None,
    });
    news.collect()
}

impl Actor for Journal {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(CHECKPOINT_EVERY, |journal, ctx| {
            journal.checkpoint_due = !journal.moved.is_empty();
            journal.flush(ctx);
        });
        slog::debug!(self.log, "started"; "epoch" => self.epoch, "at" => %self.clock.now());
    }
}

impl Handler<Record> for Journal {
    type Result = ResponseFuture<Result<Vec<Answer>, SchedulerError>>;

    fn handle(&mut self, record: Record, ctx: &mut Self::Context) -> Self::Result {
        self.handled += 1;
        if self.entries_waiting + record.0.len() > BACKLOG {
            return Box::pin(async { Err(SchedulerError::Busy) });
        }
        let (answer, committed) = oneshot::channel();
        self.entries_waiting += record.0.len();
        let first = self.waiting.is_empty();
        self.waiting.push(Pending { entries: record.0, answer });
        if self.entries_waiting >= BATCH {
            self.flush(ctx);
        } else if first && !self.busy {
            ctx.run_later(GATHER, |journal, ctx| journal.flush(ctx));
        }
        Box::pin(async {
            committed.await.unwrap_or_else(|_| Err(SchedulerError::Unavailable("the journal ended".into())))
        })
    }
}

impl Handler<ListActors> for Journal {
    type Result = MessageResult<ListActors>;

    fn handle(&mut self, _: ListActors, _: &mut Self::Context) -> Self::Result {
        MessageResult(vec![ActorReport {
            name: "journal".into(),
            kind: "journal",
            thread: crate::thread_name(),
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

    fn handle(&mut self, _: EndActor, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

#[cfg(test)]
mod tests;
