//! A fire meets a run that is still going: start beside it, wait, skip, or take its place.

use crate::run::Reason;
use serde::{Deserialize, Serialize};

/// What the job wants when a fire meets an unfinished run of the same job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverlapPolicy {
    /// The fire is recorded as skipped. What users of hzm-job know, hence the default.
    #[default]
    Skip,
    /// The fire waits its turn, up to the job's queue limit; beyond it is recorded as skipped.
    Queue,
    /// The fire starts beside the others, up to the job's limit of parallel runs; beyond it is recorded as skipped.
    Parallel,
    /// The unfinished runs are cancelled and the fire starts.
    Replace,
}

/// What a job has on its hands when a fire arrives; the arriving fire itself is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Runs of the job that have begun to be sent and have no outcome yet.
    pub unfinished: usize,
    /// Fires of the job that wait in its queue.
    pub queued: usize,
}

/// What becomes of the fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It starts now.
    Start,
    /// It waits in the job's queue, behind those already there.
    Queue,
    /// It is written down as skipped, for this reason.
    Skip(Reason),
    /// The unfinished runs are cancelled, then it starts.
    Replace,
}

/// Decides on one fire. `limit` bounds the queue ([`OverlapPolicy::Queue`]) or the runs side by side
/// ([`OverlapPolicy::Parallel`]) and means nothing to the others.
///
/// With nothing unfinished a fire always starts, whatever the policy and the limit say.
#[must_use]
pub fn admit(policy: OverlapPolicy, limit: u16, load: Load) -> Admission {
    let limit = usize::from(limit);
    if load.unfinished == 0 {
        return Admission::Start;
    }
    match policy {
        OverlapPolicy::Skip => Admission::Skip(Reason::Overlap),
        OverlapPolicy::Queue if load.queued < limit => Admission::Queue,
        OverlapPolicy::Queue => Admission::Skip(Reason::QueueFull),
        OverlapPolicy::Parallel if load.unfinished < limit => Admission::Start,
        OverlapPolicy::Parallel => Admission::Skip(Reason::Overlap),
        OverlapPolicy::Replace => Admission::Replace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [OverlapPolicy; 4] =
        [OverlapPolicy::Skip, OverlapPolicy::Queue, OverlapPolicy::Parallel, OverlapPolicy::Replace];

    fn load(unfinished: usize, queued: usize) -> Load {
        Load { unfinished, queued }
    }

    #[test]
    fn a_fire_that_meets_nothing_starts_under_every_policy_even_at_limit_zero() {
        for policy in ALL {
            assert_eq!(admit(policy, 0, load(0, 0)), Admission::Start, "{policy:?}");
        }
    }

    #[test]
    fn skip_records_the_overlap() {
        assert_eq!(admit(OverlapPolicy::Skip, 10, load(1, 0)), Admission::Skip(Reason::Overlap));
    }

    #[test]
    fn queue_takes_as_many_as_its_limit_and_not_one_more() {
        assert_eq!(admit(OverlapPolicy::Queue, 2, load(1, 0)), Admission::Queue);
        assert_eq!(admit(OverlapPolicy::Queue, 2, load(1, 1)), Admission::Queue);
        assert_eq!(admit(OverlapPolicy::Queue, 2, load(1, 2)), Admission::Skip(Reason::QueueFull));
    }

    #[test]
    fn parallel_counts_the_runs_side_by_side() {
        assert_eq!(admit(OverlapPolicy::Parallel, 2, load(1, 0)), Admission::Start);
        assert_eq!(admit(OverlapPolicy::Parallel, 2, load(2, 0)), Admission::Skip(Reason::Overlap));
    }

    #[test]
    fn replace_takes_the_place_of_however_many_are_unfinished() {
        assert_eq!(admit(OverlapPolicy::Replace, 1, load(7, 0)), Admission::Replace);
    }
}
