//! How many results are on their way to an admin: the one number that those who make results need from those who bring
//! them away.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::report::Report;

/// The most callbacks that wait for an admin, those counted in that runs in hand will make. A node that reaches it has been
/// cut off from its admin for long and takes no new runs until some are acknowledged.
pub(crate) const OUTBOX_LIMIT: usize = 100_000;
/// The most memory that they may take, in bytes. On disk it is at most some twelve times that: a text of control
/// characters is six times as long in JSON, and half of the log may be settled.
const OUTBOX_WEIGHT: usize = 128 * 1024 * 1024;

/// Counted from the end of the run to the admin's last word about it.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    count: AtomicUsize,
    weight: AtomicUsize,
}

impl Backlog {
    pub(crate) fn add(&self, report: &Report) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.weight.fetch_add(report.weight(), Ordering::Relaxed);
    }

    pub(crate) fn remove(&self, report: &Report) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.weight.fetch_sub(report.weight(), Ordering::Relaxed);
    }

    /// Whether the result of one more run could be kept.
    pub(crate) fn has_room(&self, in_hand: usize) -> bool {
        self.count.load(Ordering::Relaxed) + in_hand < OUTBOX_LIMIT
            && self.weight.load(Ordering::Relaxed) < OUTBOX_WEIGHT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_so_many_results_and_for_so_much_text() {
        let (backlog, small) = (Backlog::default(), Report::new(1, "billing".into(), 200, None));
        (1..OUTBOX_LIMIT).for_each(|_| backlog.add(&small));
        assert!(backlog.has_room(0) && !backlog.has_room(1));
        backlog.add(&small);
        assert!(!backlog.has_room(0));
        let (backlog, large) = (Backlog::default(), Report::new(1, "billing".into(), 200, Some("x".repeat(4_096))));
        (0..OUTBOX_WEIGHT / large.weight()).for_each(|_| backlog.add(&large));
        assert!(backlog.has_room(0));
        backlog.add(&large);
        assert!(!backlog.has_room(0));
        backlog.remove(&large);
        assert!(backlog.has_room(0));
    }
}
