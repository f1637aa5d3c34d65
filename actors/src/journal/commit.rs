//! One batch on its way into the ledger: tried until the database takes it, and taken apart when the database refuses it for
//! what is in it.
//!
//! An error alone does not tell a database that is away, or full, from an entry that it will never take. So after some tries
//! another small write is tried. When that succeeds the batch is taken apart, and its halves are committed each for itself,
//! and so on, until the `Record` that is refused stands alone. That one is convicted only when the database says that it will
//! not take it, and takes, before and after, what needs the same room with other words in it. Its sender is told; the others
//! are written.

use super::health::{LedgerHealth, Outage};
use crate::error::SchedulerError;
use crate::record::{Answers, Asker};
use hzm_job_store::ledger::{Answer, Batch, Checkpoints, Entry};
use hzm_job_store::{Store, StoreError};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Run ids leased at a time. A crash leaves at most this gap.
const ID_BLOCK: i64 = 10_000;
/// Pauses between attempts at a database that refuses.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A batch is tried so often before it is suspected: a deadlock or a change of the database's leader is over by then.
const TRIES: u32 = 6;
/// A part of a suspected batch is tried so often.
const TRIES_OF_PART: u32 = 2;
/// A refusal that is no "not now" and also meets other words of the same length is no verdict on them; it holds up the
/// others for so long at most.
const LASTING: Duration = Duration::from_secs(300);

/// A `Record` and who waits for it.
pub(super) struct Pending {
    pub(super) entries: Vec<Entry>,
    pub(super) bytes: usize,
    pub(super) asker: Asker,
}

/// Writes batches under one epoch.
pub(super) struct Committer {
    pub(super) store: Store,
    pub(super) log: slog::Logger,
    pub(super) epoch: i64,
    pub(super) ids: Range<i64>,
    pub(super) health: Arc<LedgerHealth>,
}

/// What became of a batch.
pub(super) struct Written {
    /// The leased ids that are left.
    pub(super) ids: Range<i64>,
    /// How many entries there were that may have opened a row.
    pub(super) opened: usize,
    /// Whether the checkpoints were written; with a batch that is taken apart they are not.
    pub(super) checkpoints_written: bool,
    /// The database had been away.
    pub(super) outage: Option<Outage>,
}

/// What became of one attempt after the other.
enum Fate {
    Written(Vec<Answer>),
    /// The database takes other things and does not take this: it goes in parts, or its only sender is refused.
    Suspect(StoreError),
}

/// What a refusal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing of what was to be written.
    NotNow,
    /// It is to be tried in parts.
    Divisible,
    /// What is in it is to blame, if the next attempt ends in the same way.
    Suspected,
}

impl Committer {
    /// Commits a batch and answers everybody. Fails only when writing must end.
    pub(super) async fn write(
        mut self,
        pending: Vec<Pending>,
        checkpoints: Checkpoints,
    ) -> Result<Written, StoreError> {
        let (mut opened, mut checkpoints_written) = (0, true);
        let mut outage = None;
        let mut parts = vec![(pending, checkpoints)];
        let mut tries = TRIES;
        // Earlier entries first, as they came: a later one may build on them.
        while let Some((mut part, checkpoints)) = parts.pop() {
            match self.persist(&part, &checkpoints, tries).await? {
                Fate::Written(answers) => {
                    opened += part.iter().flat_map(|one| &one.entries).filter(|entry| entry.may_open()).count();
                    tell(part, answers);
                }
                Fate::Suspect(error) if part.len() <= 1 && checkpoints.is_empty() => {
                    part.into_iter().for_each(|one| self.refuse(one, &error));
                }
                Fate::Suspect(_) => {
                    checkpoints_written &= checkpoints.is_empty();
                    let later = part.split_off(part.len() / 2);
                    parts.extend([later, part].map(|half| (half, Checkpoints::default())));
                }
            }
            outage = outage.or(self.health.done());
            tries = TRIES_OF_PART;
        }
        Ok(Written { ids: self.ids, opened, checkpoints_written, outage })
    }

    /// Tries until the database takes it, or is seen to take something else.
    async fn persist(&mut self, part: &[Pending], checkpoints: &Checkpoints, tries: u32) -> Result<Fate, StoreError> {
        let (mut tried, mut pause) = (0, FIRST_PAUSE);
        let (since, mut suspected) = (Instant::now(), false);
        loop {
            self.health.begun();
            let error = match self.attempt(part, checkpoints).await {
                Ok(answers) => return Ok(Fate::Written(answers)),
                Err(error @ (StoreError::Fenced { .. } | StoreError::Closed)) => return Err(error),
                Err(error) => error,
            };
            tried += 1;
            if tried >= tries {
                let verdict = self.judge(part, checkpoints, &error, since).await;
                if verdict == Verdict::Divisible || (verdict == Verdict::Suspected && suspected) {
                    return Ok(Fate::Suspect(error));
                }
                suspected = verdict == Verdict::Suspected;
                if suspected {
                    continue;
                }
                self.note_away(part, &error);
            }
            slog::debug!(self.log, "a batch was not written; trying again"; "pause_ms" => pause.as_millis(), "error" => error.chain());
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What a refusal says of a part. It is suspected once, tried again at once, and convicted the second time.
    async fn judge(
        &mut self,
        part: &[Pending],
        checkpoints: &Checkpoints,
        error: &StoreError,
        since: Instant,
    ) -> Verdict {
        if part.len() > 1 || !checkpoints.is_empty() {
            // Less at a time may be what it takes, whatever it says.
            return if self.probe().await.is_ok() { Verdict::Divisible } else { Verdict::NotNow };
        }
        // "Not now" (a lock, a full disk) is no verdict on what was to be written, even while other writes go through.
        if error.is_away() {
            return Verdict::NotNow;
        }
        let is_to_blame = self.rehearse(part).await.is_ok();
        let is_hopeless = since.elapsed() > LASTING && self.probe().await.is_ok();
        if is_to_blame || is_hopeless { Verdict::Suspected } else { Verdict::NotNow }
    }

    /// Whether the database would take this part with other words of the same length in it.
    async fn rehearse(&mut self, part: &[Pending]) -> Result<(), StoreError> {
        #[cfg(feature = "faults")]
        crate::faults::judged(&[]).await?;
        let (batch, _) = self.batch(part, &Checkpoints::default()).await?;
        self.store.ledger_rehearse(batch).await
    }

    /// A small write of another kind, to see whether the database is well.
    async fn probe(&self) -> Result<(), StoreError> {
        #[cfg(feature = "faults")]
        crate::faults::judged(&[]).await?;
        self.store.run_id_block_lease(1).await.map(|_| ())
    }

    async fn attempt(&mut self, part: &[Pending], checkpoints: &Checkpoints) -> Result<Vec<Answer>, StoreError> {
        let (batch, needed) = self.batch(part, checkpoints).await?;
        #[cfg(feature = "faults")]
        crate::faults::judged(&batch.entries).await?;
        fault_point!("journal.before_commit", Err(StoreError::PoolExhausted));
        // Given up before the attempt: when a commit's answer gets lost its ids may be in use, and none is used twice.
        self.ids.start += needed;
        let answers = self.store.ledger_commit(batch).await?;
        fault_point!("journal.after_commit", Err(StoreError::PoolExhausted));
        Ok(answers)
    }

    /// The batch of a part under ids that are leased, and how many of them it needs.
    async fn batch(&mut self, part: &[Pending], checkpoints: &Checkpoints) -> Result<(Batch, i64), StoreError> {
        let entries: Vec<Entry> = part.iter().flat_map(|one| one.entries.iter().cloned()).collect();
        let needed = i64::try_from(entries.iter().filter(|entry| entry.may_open()).count()).unwrap_or(i64::MAX);
        if self.ids.end - self.ids.start < needed.max(1) {
            self.ids = self.store.run_id_block_lease(ID_BLOCK.max(needed)).await?;
        }
        let checkpoints = checkpoints.clone();
        Ok((Batch { epoch: self.epoch, journal: 0, entries, first_id: self.ids.start, checkpoints }, needed))
    }

    fn note_away(&self, part: &[Pending], error: &StoreError) {
        // The words of a statement name tables and users; what is shown to strangers does not.
        let shown = match (error, error.away()) {
            (StoreError::Query(_), Some((brief, _))) => brief.to_owned(),
            _ => error.to_string(),
        };
        if self.health.refused(&shown) {
            let entries: usize = part.iter().map(|one| one.entries.len()).sum();
            slog::error!(self.log, "the database takes no writes; trying until it does, and everything waits meanwhile";
                "entries" => entries, "for_s" => self.health.lasts().map(|lasts| lasts.as_secs()), "error" => error.chain());
        }
    }

    fn refuse(&self, one: Pending, error: &StoreError) {
        slog::error!(self.log, "the database refuses an entry for what is in it; its sender is told, the others are written";
            "entries" => one.entries.len(), "of" => whose(&one.entries), "error" => error.chain());
        Answers::default().tell(one.asker, Err(SchedulerError::Refused(error.to_string())));
    }
}

/// Hands each sender its answers.
fn tell(part: Vec<Pending>, answers: Vec<Answer>) {
    let (mut answers, mut told) = (answers.into_iter(), Answers::default());
    for one in part {
        told.tell(one.asker, Ok(answers.by_ref().take(one.entries.len()).collect()));
    }
}

/// Whom entries are about, for the log.
fn whose(entries: &[Entry]) -> String {
    match entries.first() {
        Some(Entry::Open(new)) => format!("job {}", new.job),
        Some(Entry::Change(change)) => format!("run {}", change.run),
        Some(Entry::Withdraw(taken_back)) => format!("run {}", taken_back.run),
        Some(Entry::Settle { job, .. }) => format!("job {job}"),
        Some(Entry::KeepTaken(_) | Entry::DropTaken(_)) => "the scheduler".into(),
        None => "nobody".into(),
    }
}
