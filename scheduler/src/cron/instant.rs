//! From matching wall-clock times to instants, through daylight saving.
//!
//! Two natures of rules. One that matches in *every hour* ("every twenty minutes") follows elapsed time: skipped
//! wall-clock times do not exist and repeated ones count both times, whatever the policies say. One with *fixed hours*
//! ("at 02:30") means the clock on the wall and obeys the policies. Either way the occurrences ascend strictly, because
//! the passes of a repeated hour are walked one after the other.

use super::CronRule;
use crate::schedule_draft::{GapPolicy, RepeatPolicy};
use crate::wall_time::{self, Instants};
use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

impl CronRule {
    /// The first occurrence after `after`; `None` when there is none up to the end of 2099.
    pub(crate) fn next_instant(
        &self,
        zone: Tz,
        gap: GapPolicy,
        repeat: RepeatPolicy,
        after: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let after = within_calendar(after)?;
        let follows_time = self.runs_every_hour();
        let takes_both = follows_time || repeat == RepeatPolicy::Both;
        let fills_gap = !follows_time && gap == GapPolicy::RunAfter;
        let mut from = wall_time::local(zone, after).with_nanosecond(0)?.checked_add_signed(TimeDelta::seconds(1))?;
        if takes_both && let Some(repeated) = wall_time::repeat_around(zone, after) {
            // `after` is in the first pass: its rest comes before the second pass, and that before all later times.
            let rest = self.next_wall(from).filter(|wall| *wall < repeated.until);
            let second_pass = || self.next_wall(repeated.from).filter(|wall| *wall < repeated.until);
            if let Some(wall) = rest {
                return Some(repeated.first_pass(wall));
            }
            if let Some(wall) = second_pass() {
                return Some(repeated.second_pass(wall));
            }
            from = repeated.until;
        }
        loop {
            let wall = self.next_wall(from)?;
            // Each arm that finds nothing jumps over the whole gap or repeat, so this ends after a few rounds a year.
            from = match wall_time::instants(zone, wall) {
                Instants::One(instant) if instant > after => return Some(instant),
                Instants::One(_) => wall.checked_add_signed(TimeDelta::seconds(1))?,
                Instants::Two { first, .. } if first > after => return Some(first),
                Instants::Two { second, .. } if takes_both && second > after => return Some(second),
                Instants::Two { first, second } => wall_time::repeat_between(zone, first, second).until.max(wall),
                Instants::Gap { end } if fills_gap && end > after => return Some(end),
                Instants::Gap { end } => wall_time::local(zone, end),
            };
        }
    }
}

/// The moment, but not before the last days of 1999, where nothing is due; `None` when all is over. Keeps the arithmetic
/// on wall-clock times far from the ends of what can be computed.
fn within_calendar(after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    const END_OF_1999: i64 = 946_512_000;
    match after.year() {
        ..=1998 => DateTime::from_timestamp(END_OF_1999, 0),
        1999..=2100 => Some(after),
        2101.. => None,
    }
}
