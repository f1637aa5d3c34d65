//! Live figures: counted where things happen, without a message, and published once a second.

use serde::Serialize;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// The figures of the overview.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LiveFigures {
    /// Jobs that exist.
    pub jobs: i64,
    /// Jobs that are started.
    pub jobs_enabled: i64,
    /// Jobs whose actor is in quarantine: nothing of them is fired until somebody releases it.
    pub jobs_quarantined: i64,
    /// Runs that have not ended.
    pub runs_open: i64,
    /// Executors that exist.
    pub executors: i64,
    /// Executors that have nodes, none of which can be dispatched to.
    pub executors_offline: i64,
    /// Nodes that are known.
    pub nodes: i64,
    /// Nodes that do not answer.
    pub nodes_offline: i64,
    /// Fires of the last minute.
    pub fired_last_minute: u64,
    /// Runs that succeeded within the last minute.
    pub succeeded_last_minute: u64,
    /// Runs that ended otherwise within the last minute.
    pub failed_last_minute: u64,
    /// By how many milliseconds the latest fires were late: the worst of the last ten seconds.
    pub lag_ms: i64,
}

/// Seconds in the ring of a [`Pulse`].
const RING: usize = 60;

/// Counters of the last minute, one slot a second.
#[derive(Debug)]
pub(crate) struct Pulse {
    slots: [Slot; RING],
}

#[derive(Debug, Default)]
struct Slot {
    /// The second (epoch) that this slot counts.
    second: AtomicI64,
    fired: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    lag_ms: AtomicI64,
}

impl Default for Pulse {
    fn default() -> Pulse {
        Pulse { slots: std::array::from_fn(|_| Slot::default()) }
    }
}

/// Sums over the slots of the last minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LastMinute {
    pub(crate) fired: u64,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    pub(crate) lag_ms: i64,
}

impl Pulse {
    /// The slot of a second, emptied when it last counted another one. Two threads may meet at that moment; a figure for
    /// the eye may be off by what they counted.
    fn slot(&self, second: i64) -> Option<&Slot> {
        let slot = self.slots.get(usize::try_from(second.rem_euclid(RING as i64)).ok()?)?;
        if slot.second.swap(second, Ordering::AcqRel) != second {
            slot.fired.store(0, Ordering::Release);
            slot.succeeded.store(0, Ordering::Release);
            slot.failed.store(0, Ordering::Release);
            slot.lag_ms.store(0, Ordering::Release);
        }
        Some(slot)
    }

    /// A fire was sent, so many milliseconds after it was due.
    pub(crate) fn fired(&self, second: i64, lag_ms: i64) {
        if let Some(slot) = self.slot(second) {
            slot.fired.fetch_add(1, Ordering::AcqRel);
            slot.lag_ms.fetch_max(lag_ms, Ordering::AcqRel);
        }
    }

    /// A run ended.
    pub(crate) fn ended(&self, second: i64, succeeded: bool) {
        if let Some(slot) = self.slot(second) {
            if succeeded { &slot.succeeded } else { &slot.failed }.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// What happened in the minute before `second`, and the worst lag of its last ten seconds.
    pub(crate) fn last_minute(&self, second: i64) -> LastMinute {
        let mut sum = LastMinute::default();
        for slot in &self.slots {
            let age = second - slot.second.load(Ordering::Acquire);
            if !(0..RING as i64).contains(&age) {
                continue;
            }
            sum.fired += slot.fired.load(Ordering::Acquire);
            sum.succeeded += slot.succeeded.load(Ordering::Acquire);
            sum.failed += slot.failed.load(Ordering::Acquire);
            if age < 10 {
                sum.lag_ms = sum.lag_ms.max(slot.lag_ms.load(Ordering::Acquire));
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_later_nothing_of_it_counts() {
        let pulse = Pulse::default();
        pulse.fired(1_000, 7);
        pulse.ended(1_000, true);
        pulse.ended(1_059, false);
        let within = LastMinute { fired: 1, succeeded: 1, failed: 1, lag_ms: 0 };
        assert_eq!(pulse.last_minute(1_059), within);
        assert_eq!(pulse.last_minute(1_060), LastMinute { fired: 0, succeeded: 0, ..within });
    }

    #[test]
    fn the_lag_is_the_worst_of_ten_seconds() {
        let pulse = Pulse::default();
        pulse.fired(1_000, 90);
        pulse.fired(1_005, 3);
        assert_eq!(pulse.last_minute(1_009).lag_ms, 90);
        assert_eq!(pulse.last_minute(1_010).lag_ms, 3);
    }
}
