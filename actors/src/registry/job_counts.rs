//! How many jobs there are, counted no more often than it is worth: a count walks through all of them, which takes a good
//! part of a second for a million, and jobs that sleep for a year must cost nothing while they do.

use hzm_job_store::job_list::JobCounts;
use hzm_job_store::{Store, StoreError};
use std::time::Duration;
use tokio::time::Instant;

/// Ids of operations are given out before the change is committed: for so long after the newest one was first seen there
/// may be another one below it.
const SETTLES_WITHIN: Duration = Duration::from_secs(10);
/// After a count it rests so many times as long as it took.
const REST: u32 = 20;

/// What is known of the last count.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LastCount {
    /// The newest operation, and since when it is.
    newest: Option<(i64, Instant)>,
    /// Not before then.
    rests_until: Option<Instant>,
}

impl LastCount {
    /// Counts where something may have changed; `None`: the last figures hold.
    pub(super) async fn again(self, store: &Store) -> Result<(LastCount, Option<JobCounts>), StoreError> {
        let begin = Instant::now();
        if self.rests_until.is_some_and(|until| begin < until) {
            return Ok((self, None));
        }
        let newest = store.operation_newest().await?;
        let Some(since) = self.is_stale(newest, begin) else { return Ok((self, None)) };
        let counts = store.job_counts().await?;
        let rests_until = Some(Instant::now() + begin.elapsed() * REST);
        Ok((LastCount { newest: Some((newest, since)), rests_until }, Some(counts)))
    }

    /// Since when `newest` is the newest operation, if that calls for a count.
    fn is_stale(self, newest: i64, now: Instant) -> Option<Instant> {
        match self.newest {
            Some((known, since)) if known == newest => (now - since <= SETTLES_WITHIN).then_some(since),
            _ => Some(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_counted_while_operations_come_and_a_little_longer() {
        let begin = Instant::now();
        assert_eq!(LastCount::default().is_stale(0, begin), Some(begin), "nothing was counted yet");
        let last = LastCount { newest: Some((7, begin)), rests_until: None };
        let later = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(last.is_stale(7, later(9)), Some(begin), "one below it may have come late");
        assert_eq!(last.is_stale(7, later(11)), None);
        assert_eq!(last.is_stale(8, later(11)), Some(later(11)));
    }
}
