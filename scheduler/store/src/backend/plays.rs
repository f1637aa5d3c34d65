//! How many batches are being written. A batch goes on by itself when whoever wanted it is gone, and its rows may appear later.

use super::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The count; clones share it.
#[derive(Clone, Default)]
pub(super) struct Plays(Arc<AtomicUsize>);

/// One of them; over when this is dropped.
pub(super) struct Play(Plays);

impl Plays {
    pub(super) fn begin(&self) -> Play {
        self.0.fetch_add(1, Ordering::AcqRel);
        Play(self.clone())
    }

    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

impl Store {
    /// Batches that are being written, those included whose writer no longer waits for them.
    #[must_use]
    pub fn ledger_plays(&self) -> usize {
        self.plays.count()
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_play_counts_from_its_beginning_to_its_end() {
        let plays = Plays::default();
        let (one, other) = (plays.begin(), plays.clone().begin());
        assert_eq!(plays.count(), 2);
        drop(one);
        assert_eq!(plays.count(), 1);
        drop(other);
        assert_eq!(plays.count(), 0);
    }
}
