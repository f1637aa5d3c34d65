//! What was done to the system and when: the checker takes causes from here.

use crate::faults::{Fault, Target};

/// An answer of the admin's own may be under way for so long, in milliseconds.
const UNDER_WAY_MS: i64 = 1_000;

/// One fault as it really happened, in milliseconds by the machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happening {
    /// What.
    pub fault: Fault,
    /// Which node, where it concerns one.
    pub node: usize,
    /// When it began.
    pub began: i64,
    /// When it was over; the future while it goes on.
    pub ended: i64,
}

/// Everything that was done.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The faults, in the order in which they began.
    pub happenings: Vec<Happening>,
    /// Executor processes that were killed, with the moment after which none of them did anything.
    pub killed: Vec<(u32, i64)>,
    /// What the admin's clock was ahead of the machine's, in milliseconds, since when.
    pub offsets: Vec<(i64, i64)>,
}

impl History {
    /// When this process was killed, if it was.
    #[must_use]
    pub fn killed_at(&self, process: u32) -> Option<i64> {
        self.killed.iter().find(|(killed, _)| *killed == process).map(|(_, at)| *at)
    }

    /// The latest time that the admin's clock can have shown at a moment of the machine's clock.
    #[must_use]
    pub fn latest_admin_time(&self, at: i64) -> i64 {
        let offsets = self.offsets.iter().filter(|(since, _)| *since <= at).map(|(_, offset)| *offset);
        at.saturating_add(offsets.max().unwrap_or_default().max(0))
    }

    /// Whether the admin's clock was ever moved.
    #[must_use]
    pub fn has_jumps(&self) -> bool {
        !self.offsets.is_empty()
    }

    /// Whether the admin was killed between two moments, or just before them.
    #[must_use]
    pub fn was_admin_killed(&self, from: i64, until: i64) -> bool {
        let mut kills = self.happenings.iter().filter(|happening| happening.fault == Fault::AdminKill);
        kills.any(|kill| from - UNDER_WAY_MS <= kill.began && kill.began <= until)
    }

    /// Whether something kept the admin from writing between two moments of its own clock. After a jump of the clock
    /// nobody can tell, so the answer is yes.
    #[must_use]
    pub fn could_not_write(&self, from: i64, until: i64) -> bool {
        let hinders = |happening: &&Happening| matches!(happening.fault.target(0), Target::Admin | Target::Database);
        let touches = |happening: &Happening| happening.began <= until && from <= happening.ended;
        self.has_jumps() || self.happenings.iter().filter(hinders).any(touches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_admin_time_counts_only_jumps_that_were_before() {
        let history = History { offsets: vec![(100, 3_600), (200, 0), (300, -50)], ..History::default() };
        assert_eq!(history.latest_admin_time(50), 50);
        assert_eq!(history.latest_admin_time(150), 3_750);
        assert_eq!(history.latest_admin_time(400), 4_000, "what was planned under the jumped clock may still start");
    }

    #[test]
    fn a_kill_counts_only_between_the_moments() {
        let kill = Happening { fault: Fault::AdminKill, node: 0, began: 10_000, ended: 11_000 };
        let history = History { happenings: vec![kill], ..History::default() };
        assert!(history.was_admin_killed(9_000, 12_000) && history.was_admin_killed(10_500, 12_000));
        assert!(!history.was_admin_killed(12_000, 13_000) && !history.was_admin_killed(5_000, 9_000));
    }

    #[test]
    fn a_fault_of_a_node_does_not_keep_the_admin_from_writing() {
        let at = |fault| Happening { fault, node: 0, began: 10, ended: 20 };
        let history = |fault| History { happenings: vec![at(fault)], ..History::default() };
        assert!(history(Fault::DatabaseLock).could_not_write(15, 40));
        assert!(!history(Fault::DatabaseLock).could_not_write(25, 40));
        assert!(!history(Fault::NodeKill).could_not_write(15, 40));
    }
}
