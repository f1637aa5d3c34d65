//! How far a job has come, and so what is due: the bridge between a schedule and the ledger.
//!
//! A job's place in time is never stored as "next fire". It follows from the ledger: the last occurrence that has a row,
//! and for a fixed delay the end of the last run. A crash therefore cannot leave it wrong.

use crate::misfire::Late;
use crate::schedule::{Schedule, ScheduleKind};
use chrono::{DateTime, TimeDelta, Utc};

/// More missed occurrences than this are not recorded one by one: the older ones share a single row, so that a job of
/// every second that comes back after a year does not fill the ledger with thirty million of them.
pub const RECORDED_ONE_BY_ONE: usize = 10_000;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Occurrences count strictly after this: the moment the job was started or its schedule last changed.
    pub anchor: DateTime<Utc>,
    /// The last occurrence that has a row.
    pub planned_until: Option<DateTime<Utc>>,
    /// When the last run ended.
    pub last_end: Option<DateTime<Utc>>,
    /// Whether a run is still going: a fixed delay waits for its end.
    pub unfinished: bool,
}

/// The occurrences that are due and have no row yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Backlog {
    /// When there are too many late ones: the first of them, and the moment until which an occurrence is late.
    pub collapsed: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Those that are treated one by one, in order.
    pub due: Vec<DateTime<Utc>>,
    /// The late ones that follow after these.
    pub late: Late,
}

impl Progress {
    /// The next occurrence without a row, due or not; `None`: there is none (yet).
    #[must_use]
    pub fn next(&self, schedule: &Schedule) -> Option<DateTime<Utc>> {
        if schedule.kind() == ScheduleKind::FixedDelay {
            return self.next_after_end(schedule);
        }
        schedule.next_fire(self.anchor, self.after())
    }

    /// What is due at `now`, at most `limit` occurrences at a time. Occurrences later than `threshold` are missed ones; a
    /// longer row of them than [`RECORDED_ONE_BY_ONE`] is collapsed.
    #[must_use]
    pub fn backlog(&self, schedule: &Schedule, now: DateTime<Utc>, threshold: TimeDelta, limit: usize) -> Backlog {
        if schedule.kind() == ScheduleKind::FixedDelay {
            let due = self.next(schedule).filter(|at| *at <= now);
            return Backlog { due: due.into_iter().collect(), ..Backlog::default() };
        }
        let mut due = schedule.due(self.anchor, self.after(), now, RECORDED_ONE_BY_ONE + 1);
        let is_late = |moment: &DateTime<Utc>| now.signed_duration_since(*moment) > threshold;
        if due.get(RECORDED_ONE_BY_ONE).is_some_and(is_late) {
            let collapsed = due.first().map(|first| (*first, now - threshold));
            return Backlog { collapsed, ..Backlog::default() };
        }
        let beyond = due.iter().skip(limit).filter(|moment| is_late(moment)).count();
        due.truncate(limit);
        Backlog { collapsed: None, due, late: Late { beyond } }
    }

    pub(crate) fn after(&self) -> DateTime<Utc> {
        self.planned_until.map_or(self.anchor, |planned| planned.max(self.anchor))
    }

    /// A fixed delay: from the end of the last run, or from the anchor when that is later or nothing ran yet. An occurrence
    /// whose end is not known (it was skipped, say) counts as ended at its own moment.
    fn next_after_end(&self, schedule: &Schedule) -> Option<DateTime<Utc>> {
        if self.unfinished {
            return None;
        }
        let ends = [self.last_end, self.planned_until].into_iter().flatten();
        schedule.next_after_end(ends.fold(self.anchor, DateTime::max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::ScheduleDraft;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn schedule(kind: ScheduleKind, expression: &str) -> Schedule {
        let draft = ScheduleDraft { kind, expression: expression.into(), ..ScheduleDraft::default() };
        Schedule::parse(&draft).unwrap()
    }

    fn fresh() -> Progress {
        Progress { anchor: at(0), planned_until: None, last_end: None, unfinished: false }
    }

    #[test]
    fn an_occurrence_with_a_row_is_never_due_again() {
        let every_second = schedule(ScheduleKind::Cron, "* * * * * ?");
        let progress = Progress { planned_until: Some(at(5)), ..fresh() };
        let backlog = progress.backlog(&every_second, at(8), TimeDelta::seconds(5), 100);
        assert_eq!(backlog.due, vec![at(6), at(7), at(8)]);
    }

    #[test]
    fn occurrences_before_the_job_was_started_are_nobodys() {
        let every_second = schedule(ScheduleKind::Cron, "* * * * * ?");
        let progress = Progress { planned_until: Some(at(-100)), ..fresh() };
        assert_eq!(progress.next(&every_second), Some(at(1)));
    }

    #[test]
    fn a_fixed_delay_counts_from_the_end_and_waits_while_a_run_goes_on() {
        let delay = schedule(ScheduleKind::FixedDelay, "10s");
        assert_eq!(fresh().next(&delay), Some(at(10)));
        let ended = Progress { planned_until: Some(at(10)), last_end: Some(at(25)), ..fresh() };
        assert_eq!(ended.next(&delay), Some(at(35)));
        assert_eq!(Progress { unfinished: true, ..ended }.next(&delay), None);
    }

    #[test]
    fn a_fixed_delay_never_comes_right_after_an_occurrence_whose_end_is_not_known() {
        let delay = schedule(ScheduleKind::FixedDelay, "10s");
        let skipped = Progress { planned_until: Some(at(40)), last_end: Some(at(25)), ..fresh() };
        assert_eq!(skipped.next(&delay), Some(at(50)));
        assert_eq!(Progress { last_end: None, ..skipped }.next(&delay), Some(at(50)));
    }

    #[test]
    fn a_fixed_delay_restarted_later_counts_from_the_start() {
        let delay = schedule(ScheduleKind::FixedDelay, "10s");
        let restarted = Progress { anchor: at(100), planned_until: Some(at(10)), last_end: Some(at(25)), ..fresh() };
        assert_eq!(restarted.next(&delay), Some(at(110)));
    }

    #[test]
    fn a_long_backlog_comes_in_pieces() {
        let every_second = schedule(ScheduleKind::Cron, "* * * * * ?");
        let backlog = fresh().backlog(&every_second, at(50), TimeDelta::seconds(5), 20);
        assert_eq!((backlog.due.len(), backlog.due.last()), (20, Some(&at(20))));
        assert_eq!(backlog.late.beyond, 24, "from 21 to 44; 45 is exactly five seconds late");
    }

    #[test]
    fn a_hopeless_backlog_shares_one_row_up_to_the_threshold() {
        let every_second = schedule(ScheduleKind::Cron, "* * * * * ?");
        let backlog = fresh().backlog(&every_second, at(20_000), TimeDelta::seconds(5), 20);
        assert_eq!(backlog.collapsed, Some((at(1), at(19_995))));
        assert!(backlog.due.is_empty());
    }
}
