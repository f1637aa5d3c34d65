//! Whether the ledger can be written and read right now: noted by the journal and the shards, asked by the readiness page.
//!
//! The log tells of an outage when it begins and once a minute while it lasts, however often and by whomever it is met.

use crate::error::SchedulerError;
use hzm_job_store::StoreError;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A commit that takes longer than this counts as a database that does not answer.
const SLOW: Duration = Duration::from_secs(5);
/// How often the log tells of an outage that lasts.
const TELL_AGAIN: Duration = Duration::from_secs(60);
/// Who fails asks again within seconds: a failure so long after the last one belongs to another outage.
const MEETS_AGAIN: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct LedgerHealth {
    writes: Mutex<Standing>,
    reads: Mutex<Telling>,
    waits: Mutex<Telling>,
}

/// What thousands may meet in the same second: the log tells of it for all of them.
#[derive(Debug, Default)]
struct Telling {
    failed_at: Option<Instant>,
    told_at: Option<Instant>,
}

impl Telling {
    /// Notes a failure and answers whether the log is to tell of it.
    fn is_news(failures: &Mutex<Telling>) -> bool {
        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let is_new = failures.failed_at.replace(now).is_none_or(|failed| now.duration_since(failed) > MEETS_AGAIN);
        let is_due = is_new || failures.told_at.is_none_or(|told| now.duration_since(told) >= TELL_AGAIN);
        if is_due {
            failures.told_at = Some(now);
        }
        is_due
    }
}

#[derive(Debug, Default)]
struct Standing {
    /// When the commit that is under way was first tried.
    commit_since: Option<Instant>,
    /// When the database began to refuse.
    refusing_since: Option<Instant>,
    /// When it refused last.
    refused_at: Option<Instant>,
    /// What it said last.
    error: String,
    /// When the log told of this outage last.
    told_at: Option<Instant>,
}

impl Standing {
    /// Whether the log is to tell of it now; then it is told.
    fn is_due(&mut self) -> bool {
        let is_due = self.told_at.is_none_or(|told| told.elapsed() >= TELL_AGAIN);
        if is_due {
            self.told_at = Some(Instant::now());
        }
        is_due
    }
}

/// A database that was away and is back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outage {
    /// For how long it took nothing.
    pub(crate) lasted: Duration,
}

impl LedgerHealth {
    fn standing(&self) -> MutexGuard<'_, Standing> {
        // Whoever panicked with it in hand left a standing that is merely as old as before.
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A read failed and is tried again: told by all readers together when it begins and once a minute, else at `debug`.
    pub(crate) fn unread(&self, log: &slog::Logger, what: &'static str, error: &StoreError) {
        let error = error.chain();
        match Telling::is_news(&self.reads) {
            true => slog::error!(log, "{}; trying again", what; "error" => error),
            false => slog::debug!(log, "{}; trying again", what; "error" => error),
        }
    }

    /// The journal did not take what a job wants written, which is tried again: told by all jobs together when it begins and
    /// once a minute, else at `debug`. What the database refuses for what is in it concerns that job alone and is told each time.
    pub(crate) fn unwritten(&self, log: &slog::Logger, what: &'static str, error: &SchedulerError) {
        match error {
            SchedulerError::Refused(_) => slog::warn!(log, "{}; trying again", what; "error" => %error),
            _ if Telling::is_news(&self.waits) => {
                slog::warn!(log, "{}; trying again, and so do others (told once a minute)", what; "error" => %error)
            }
            _ => slog::debug!(log, "{}; trying again", what; "error" => %error),
        }
    }

    /// For how long nothing could be written; `None`: it can, or that is not known yet.
    pub(crate) fn lasts(&self) -> Option<Duration> {
        let standing = self.standing();
        let slow = standing.commit_since.filter(|since| since.elapsed() > SLOW);
        standing.refusing_since.or(slow).map(|since| since.elapsed())
    }

    /// A commit is tried.
    pub(crate) fn begun(&self) {
        self.standing().commit_since.get_or_insert_with(Instant::now);
    }

    /// The database refused the commit. `true`: the log is to tell of it, at the beginning of an outage and once a minute.
    pub(crate) fn refused(&self, error: &str) -> bool {
        let mut standing = self.standing();
        let since = standing.commit_since.unwrap_or_else(Instant::now);
        standing.refusing_since.get_or_insert(since);
        standing.refused_at = Some(Instant::now());
        error.clone_into(&mut standing.error);
        standing.is_due()
    }

    /// The commit under way has not been answered for so long that the log is to tell of it; as often as of a refusal.
    pub(crate) fn is_silent(&self) -> bool {
        let mut standing = self.standing();
        // One that refuses does answer; between its refusals lie pauses.
        let refuses = standing.refused_at.is_some_and(|at| at.elapsed() <= SLOW * 3);
        let silent = !refuses && standing.commit_since.is_some_and(|since| since.elapsed() > SLOW);
        silent && standing.is_due()
    }

    /// The database took a commit; the outage that this ends, if the log told of one.
    pub(crate) fn done(&self) -> Option<Outage> {
        let before = std::mem::take(&mut *self.standing());
        let since = before.refusing_since.or(before.commit_since).filter(|_| before.told_at.is_some())?;
        Some(Outage { lasted: since.elapsed() })
    }

    /// The journal that noted all this is gone.
    pub(crate) fn forget(&self) {
        *self.standing() = Standing::default();
    }

    /// `Err`, with the reason for people, while nothing can be written.
    pub(crate) fn check(&self) -> Result<(), String> {
        let standing = self.standing();
        if standing.refusing_since.is_some() {
            return Err(format!("the database takes no writes: {}", standing.error));
        }
        match standing.commit_since {
            Some(since) if since.elapsed() > SLOW => Err("the database has not answered".to_owned()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_told_once_a_minute_and_ended_once_with_how_long_it_lasted() {
        let health = LedgerHealth::default();
        health.begun();
        assert_eq!(health.check(), Ok(()));
        assert!(health.refused("no route"));
        assert!(!health.refused("no route"));
        tokio::time::advance(Duration::from_secs(90)).await;
        assert!(health.refused("no route") && !health.refused("no route"));
        assert_eq!(health.check(), Err("the database takes no writes: no route".into()));
        assert_eq!(health.lasts(), Some(Duration::from_secs(90)));
        assert_eq!(health.done(), Some(Outage { lasted: Duration::from_secs(90) }));
        health.begun();
        assert_eq!((health.done(), health.check(), health.lasts()), (None, Ok(()), None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_refuses_again_and_again_is_not_told_of_as_one_that_says_nothing() {
        let health = LedgerHealth::default();
        health.begun();
        let (mut refused, mut silent) = (0, 0);
        for _ in 0..30 {
            silent += usize::from(health.is_silent());
            refused += usize::from(health.refused("no route"));
            tokio::time::advance(Duration::from_secs(5)).await;
        }
        assert_eq!((refused, silent), (3, 0));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(health.is_silent(), "the last attempt hangs");
    }

    #[tokio::test(start_paused = true)]
    async fn reads_that_fail_are_told_once_an_outage_and_once_a_minute() {
        let health = LedgerHealth::default();
        let mut told = 0;
        for _ in 0..130 {
            told += usize::from(Telling::is_news(&health.reads));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(told, 3);
        tokio::time::advance(Duration::from_secs(11)).await;
        assert!(Telling::is_news(&health.reads) && !Telling::is_news(&health.reads), "another outage");
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_says_nothing_is_told_of_after_five_seconds() {
        let health = LedgerHealth::default();
        health.begun();
        tokio::time::advance(Duration::from_secs(4)).await;
        assert!(!health.is_silent() && health.check().is_ok());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(health.is_silent() && !health.is_silent());
        assert_eq!(health.check(), Err("the database has not answered".into()));
        assert_eq!(health.lasts(), Some(Duration::from_secs(6)));
        assert!(health.done().is_some());
    }
}
