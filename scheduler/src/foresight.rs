//! What a schedule answered lately, so that asking again costs nothing.
//!
//! A job that fires is asked several times between two fires when its next occurrence is; working that out from a calendar costs
//! more than all else that is decided about a fire. Nothing is decided here: the answers are those of [`Progress`].

use crate::progress::{Backlog, Progress};
use crate::schedule::{Schedule, ScheduleKind};
use chrono::{DateTime, TimeDelta, Utc};
use std::cell::Cell;

/// A moment, and the first occurrence after it.
type Known = (DateTime<Utc>, Option<DateTime<Utc>>);

/// Answers of one schedule with one anchor; whoever changes either must [`forget`](Foresight::forget).
#[derive(Debug, Default)]
pub struct Foresight {
    known: [Cell<Option<Known>>; 2],
}

impl Foresight {
    /// Forgets everything: the schedule, or the anchor, is another one.
    pub fn forget(&self) {
        self.known.iter().for_each(|known| known.set(None));
    }

    /// The same as [`Progress::next`].
    #[must_use]
    pub fn next(&self, progress: &Progress, schedule: &Schedule) -> Option<DateTime<Utc>> {
        if schedule.kind() == ScheduleKind::FixedDelay {
            return progress.next(schedule);
        }
        self.after(progress.after(), progress, schedule)
    }

    /// The same as [`Progress::backlog`].
    #[must_use]
    pub fn backlog(
        &self,
        progress: &Progress,
        schedule: &Schedule,
        now: DateTime<Utc>,
        threshold: TimeDelta,
        limit: usize,
    ) -> Backlog {
        let usual = schedule.kind() != ScheduleKind::FixedDelay && limit > 0;
        let due = self.next(progress, schedule).filter(|due| usual && *due <= now);
        match due {
            // The usual case: one is due, and the next one is not.
            Some(due) if self.after(due, progress, schedule).is_none_or(|following| following > now) => {
                Backlog { due: vec![due], ..Backlog::default() }
            }
            _ => progress.backlog(schedule, now, threshold, limit),
        }
    }

    fn after(&self, moment: DateTime<Utc>, progress: &Progress, schedule: &Schedule) -> Option<DateTime<Utc>> {
        let [newer, older] = &self.known;
        let same = |known: &Known| known.0 == moment;
        if let Some((_, next)) = newer.get().filter(same).or_else(|| older.get().filter(same)) {
            return next;
        }
        let next = schedule.next_fire(progress.anchor, moment);
        older.set(newer.replace(Some((moment, next))));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::ScheduleDraft;
    use proptest::prelude::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn schedule(kind: ScheduleKind, expression: &str) -> Schedule {
        let draft = ScheduleDraft { kind, expression: expression.into(), ..ScheduleDraft::default() };
        Schedule::parse(&draft).unwrap()
    }

    proptest! {
        #[test]
        fn whatever_was_asked_before_the_answers_are_those_of_the_calendar(
            steps in prop::collection::vec((0_i64..90, any::<bool>(), 1_usize..5), 1..40),
            which in 0_usize..4,
        ) {
            let rules = [
                schedule(ScheduleKind::Cron, "*/7 * * * * ?"),
                schedule(ScheduleKind::FixedRate, "3s"),
                schedule(ScheduleKind::FixedDelay, "5s"),
                schedule(ScheduleKind::Cron, "0 * * * * ?"),
            ];
            let foresight = Foresight::default();
            let mut progress = Progress { anchor: at(0), planned_until: None, last_end: None, unfinished: false };
            let mut now = 0;
            for (passed, plans, limit) in steps {
                now += passed;
                prop_assert_eq!(foresight.next(&progress, &rules[which]), progress.next(&rules[which]));
                let threshold = TimeDelta::seconds(5);
                let backlog = foresight.backlog(&progress, &rules[which], at(now), threshold, limit);
                prop_assert_eq!(&backlog, &progress.backlog(&rules[which], at(now), threshold, limit));
                if plans {
                    progress.planned_until = backlog.due.last().copied().or(progress.planned_until);
                }
            }
        }
    }
}
