//! What a schedule says about a moment: the occurrence in its second, and those before and after it.

use super::Then;
use crate::schedule::{Schedule, ScheduleKind};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// A moment as a schedule sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// The second in question, from its start.
    pub second: DateTime<Utc>,
    /// The occurrence within this second.
    pub occurrence: Option<DateTime<Utc>>,
    /// The last occurrence before it.
    pub previous: Option<DateTime<Utc>>,
    /// The first occurrence after it.
    pub next: Option<DateTime<Utc>>,
}

/// What the schedule that was in force says about the second of `at`. A job that was stopped has no next occurrence, and
/// one whose schedule has no list of occurrences (fixed delay, by hand) has none at all.
#[must_use]
pub fn moments(then: &Then, at: DateTime<Utc>) -> Moments {
    let second = at.trunc_subsecs(0);
    let none = Moments { second, occurrence: None, previous: None, next: None };
    let Then::There(definition) = then else { return none };
    let (schedule, anchor) = (&definition.schedule, definition.anchor);
    if !definition.enabled || matches!(schedule.kind(), ScheduleKind::FixedDelay | ScheduleKind::Manual) {
        return none;
    }
    Moments {
        second,
        occurrence: schedule.next_fire(anchor, just_before(second)).filter(|due| *due < end(second)),
        previous: last_before(schedule, anchor, second),
        next: schedule.next_fire(anchor, just_before(end(second))),
    }
}

impl Moments {
    /// Whether `schedule` would have an occurrence within this second if it had been in force for ever. A fixed rate
    /// counts from its anchor, so of that nothing can be said.
    #[must_use]
    pub fn has_occurrence(&self, schedule: &Schedule) -> bool {
        let has_list = matches!(schedule.kind(), ScheduleKind::Cron | ScheduleKind::Once);
        let before = just_before(self.second);
        has_list && schedule.next_fire(before, before).is_some_and(|due| due < end(self.second))
    }
}

/// The last occurrence before `second`, found by halving the time since the anchor: some fifty look-ups, however many
/// occurrences lie in between and however long ago the last one was.
fn last_before(schedule: &Schedule, anchor: DateTime<Utc>, second: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let follows = |after: i64| {
        let after = DateTime::from_timestamp_millis(after)?;
        schedule.next_fire(anchor, after).filter(|due| *due < second)
    };
    let (mut low, mut high) = (anchor.timestamp_millis(), second.timestamp_millis());
    let mut last = follows(low).filter(|_| low < high)?;
    // Something follows `low` before the second, nothing follows `high`; between two neighbours lies the last occurrence.
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match follows(middle) {
            Some(due) => (low, last) = (middle, due),
            None => high = middle,
        }
    }
    Some(last)
}

fn just_before(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.checked_sub_signed(TimeDelta::milliseconds(1)).unwrap_or(moment)
}

fn end(second: DateTime<Utc>) -> DateTime<Utc> {
    second.checked_add_signed(TimeDelta::seconds(1)).unwrap_or(second)
}
