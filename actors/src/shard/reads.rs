//! Answers of the store that were overtaken on their way.
//!
//! A shard reads how a job stands, and goes on meanwhile: another reading may be placed first, or the job's actor may end a run
//! and fall asleep. What was read before that is no longer true; taken for true it would bring runs back to life that have
//! ended, or put a former definition in force. So each reading notes when it began, and whoever was touched since is read anew.

use hzm_job_scheduler::JobId;
use std::collections::HashMap;

/// When a reading began, in touches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Began(u64);

/// See the module. Empty while nothing is being read.
#[derive(Debug, Default)]
pub(super) struct Reads {
    touches: u64,
    under_way: usize,
    touched: HashMap<JobId, u64>,
}

impl Reads {
    /// The store is being asked from now on; [`end`](Reads::end) must follow.
    pub(super) fn begin(&mut self) -> Began {
        self.under_way += 1;
        Began(self.touches)
    }

    /// The answers of a reading were placed.
    pub(super) fn end(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
        if self.under_way == 0 {
            self.touched.clear();
        }
    }

    /// From now on what was read of this job before is old: it was placed, or its actor went.
    pub(super) fn touch(&mut self, job: JobId) {
        if self.under_way > 0 {
            self.touches += 1;
            self.touched.insert(job, self.touches);
        }
    }

    /// Whether what a reading says of this job was overtaken.
    pub(super) fn is_overtaken(&self, job: JobId, began: Began) -> bool {
        self.touched.get(&job).is_some_and(|touched| *touched > began.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_touched_since_the_reading_began_is_overtaken() {
        let mut reads = Reads::default();
        let first = reads.begin();
        reads.touch(JobId(1));
        let second = reads.begin();
        assert!(reads.is_overtaken(JobId(1), first) && !reads.is_overtaken(JobId(2), first));
        assert!(!reads.is_overtaken(JobId(1), second));
        reads.touch(JobId(2));
        assert!(reads.is_overtaken(JobId(2), second) && reads.is_overtaken(JobId(2), first));
    }

    #[test]
    fn nothing_is_kept_while_nothing_is_read() {
        let mut reads = Reads::default();
        reads.touch(JobId(1));
        assert!(reads.touched.is_empty());
        let (began, other) = (reads.begin(), reads.begin());
        reads.touch(JobId(1));
        reads.end();
        assert!(reads.is_overtaken(JobId(1), began) && reads.is_overtaken(JobId(1), other));
        reads.end();
        assert!(reads.touched.is_empty());
    }
}
