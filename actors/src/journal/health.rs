//! Whether the ledger can be written right now: noted by the journal, asked by the readiness page.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A commit that takes longer than this counts as a database that does not answer.
const SLOW: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct LedgerHealth(Mutex<Standing>);

#[derive(Debug, Default)]
struct Standing {
    /// When the commit that is under way was first tried.
    commit_since: Option<Instant>,
    /// When the database began to refuse.
    refusing_since: Option<Instant>,
    /// What it said last.
    error: String,
    /// Whether the log tells of this outage already.
    told: bool,
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A commit is tried.
    pub(crate) fn begun(&self) {
        self.standing().commit_since.get_or_insert_with(Instant::now);
    }

    /// The database refused the commit. `true`: the log is to tell of it, once an outage.
    pub(crate) fn refused(&self, error: &str) -> bool {
        let mut standing = self.standing();
        let since = standing.commit_since.unwrap_or_else(Instant::now);
        standing.refusing_since.get_or_insert(since);
        error.clone_into(&mut standing.error);
        !std::mem::replace(&mut standing.told, true)
    }

    /// The commit under way has not been answered for so long that the log is to tell of it; once an outage.
    pub(crate) fn is_silent(&self) -> bool {
        let mut standing = self.standing();
        let silent = standing.commit_since.is_some_and(|since| since.elapsed() > SLOW);
        silent && !std::mem::replace(&mut standing.told, true)
    }

    /// The database took a commit; the outage that this ends, if the log told of one.
    pub(crate) fn done(&self) -> Option<Outage> {
        let before = std::mem::take(&mut *self.standing());
        let since = before.refusing_since.or(before.commit_since).filter(|_| before.told)?;
        Some(Outage { lasted: since.elapsed() })
    }

    /// The journal that noted all this is gone.
    pub(crate) fn forget(&self) {
        *self.standing() = Standing::default();
    }

    /// `Err`, with the reason for people, while nothing can be written.
    pub(crate) fn check(&self) -> Result<(), String> {
        let standing = self.standing();
        if let Some(since) = standing.refusing_since {
            return Err(format!(
                "the database takes no writes since {} s: {}",
                since.elapsed().as_secs(),
                standing.error
            ));
        }
        match standing.commit_since {
            Some(since) if since.elapsed() > SLOW => {
                Err(format!("the database has not answered for {} s", since.elapsed().as_secs()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_told_once_and_ended_once_with_how_long_it_lasted() {
        let health = LedgerHealth::default();
        health.begun();
        assert_eq!(health.check(), Ok(()));
        assert!(health.refused("no route"));
        assert!(!health.refused("no route"));
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(health.check(), Err("the database takes no writes since 90 s: no route".into()));
        assert_eq!(health.done(), Some(Outage { lasted: Duration::from_secs(90) }));
        health.begun();
        assert_eq!((health.done(), health.check()), (None, Ok(())));
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_says_nothing_is_told_of_after_five_seconds() {
        let health = LedgerHealth::default();
        health.begun();
        tokio::time::advance(Duration::from_secs(4)).await;
        assert!(!health.is_silent() && health.check().is_ok());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(health.is_silent() && !health.is_silent());
        assert_eq!(health.check(), Err("the database has not answered for 6 s".into()));
        assert!(health.done().is_some());
    }
}
