//! When a job is due: `next_fire(anchor, after)`, and nothing else knows calendars.
//!
//! A [`ScheduleDraft`] is text from a user; [`Schedule::parse`] compiles it once into a [`Schedule`] of some hundred
//! bytes, of which a million fit in memory. Five kinds: cron (see [`crate::cron`]), fixed rate, fixed delay, one shot and
//! manual. Occurrences lie in the years 2000 to 2099 for cron; nothing is ever due before or at the anchor, the moment
//! since which the schedule is in force.
//!
//! Limits: expressions of at most 256 bytes; rates and delays of one second to ten years.

use crate::cron::CronRule;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

mod duration;
mod moment;
mod parse;
mod zone;

pub use crate::schedule_draft::{GapPolicy, RepeatPolicy, ScheduleDraft, ScheduleKind};
pub use crate::schedule_problem::{ScheduleProblem, ScheduleWarning};
pub use zone::nearest_zones;

/// A compiled schedule.
#[derive(Debug, Clone)]
pub struct Schedule {
    timing: Timing,
    zone: Tz,
    gap: GapPolicy,
    repeat: RepeatPolicy,
}

/// What a schedule computes with.
#[derive(Debug, Clone)]
pub(crate) enum Timing {
    Cron(CronRule),
    FixedRate(TimeDelta),
    FixedDelay(TimeDelta),
    Once(DateTime<Utc>),
    Manual,
}

impl Schedule {
    /// How the moments are laid down. A cron expression `@every 30s` counts from the anchor and so answers
    /// [`ScheduleKind::FixedRate`].
    #[must_use]
    pub fn kind(&self) -> ScheduleKind {
        match self.timing {
            Timing::Cron(_) => ScheduleKind::Cron,
            Timing::FixedRate(_) => ScheduleKind::FixedRate,
            Timing::FixedDelay(_) => ScheduleKind::FixedDelay,
            Timing::Once(_) => ScheduleKind::Once,
            Timing::Manual => ScheduleKind::Manual,
        }
    }

    /// The zone in which wall-clock times are meant.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    pub(crate) fn timing(&self) -> &Timing {
        &self.timing
    }

    /// What is legal but may not be what the writer meant; for the page to show.
    #[must_use]
    pub fn warnings(&self) -> Vec<ScheduleWarning> {
        match &self.timing {
            Timing::Cron(rule) if rule.has_numbered_days() => vec![ScheduleWarning::DayNumbers],
            _ => Vec::new(),
        }
    }

    /// The first occurrence that lies after `after` and after `anchor`.
    ///
    /// `None` when there is none any more: a one shot that is over (or lay before the anchor), a cron expression whose
    /// years have passed, a manual job. A fixed delay knows only its first occurrence, `anchor` plus the delay; the later
    /// ones follow from the ends of its runs: [`Schedule::next_after_end`].
    #[must_use]
    pub fn next_fire(&self, anchor: DateTime<Utc>, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = after.max(anchor);
        match &self.timing {
            Timing::Cron(rule) => rule.next_instant(self.zone, self.gap, self.repeat, after),
            Timing::FixedRate(period) => next_beat(anchor, *period, after),
            Timing::FixedDelay(delay) => anchor.checked_add_signed(*delay).filter(|first| *first > after),
            Timing::Once(moment) => Some(*moment).filter(|moment| *moment > after),
            Timing::Manual => None,
        }
    }

    /// The occurrence that follows a run that ended at `ended`; `None` for every kind but fixed delay.
    #[must_use]
    pub fn next_after_end(&self, ended: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.timing {
            Timing::FixedDelay(delay) => ended.checked_add_signed(delay),
            _ => None,
        }
    }

    /// The occurrences in `(after, until]`, ascending, the first `limit` of them.
    #[must_use]
    pub fn due(
        &self,
        anchor: DateTime<Utc>,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: usize,
    ) -> Vec<DateTime<Utc>> {
        self.occurrences(anchor, after).take_while(|moment| *moment <= until).take(limit).collect()
    }

    /// The occurrences in `(after, until]`, ascending, the last `limit` of them: what is left of a long outage when only so
    /// many are to be looked at one by one.
    ///
    /// Looks back over ever longer stretches, so the work grows with `limit` and not with the length of the outage; a
    /// rule that fires every second of one day a year costs that day once.
    #[must_use]
    pub fn newest(
        &self,
        anchor: DateTime<Utc>,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: usize,
    ) -> Vec<DateTime<Utc>> {
        let start = after.max(anchor);
        // No two occurrences are less than a second apart.
        let mut stretch = TimeDelta::seconds(i64::try_from(limit.clamp(1, 1_000_000)).unwrap_or(1));
        loop {
            let from = until.checked_sub_signed(stretch).map_or(start, |from| from.max(start));
            let mut found = self.due(anchor, from, until, usize::MAX);
            if found.len() >= limit || from == start {
                return found.split_off(found.len().saturating_sub(limit));
            }
            stretch = stretch.checked_mul(2).unwrap_or(TimeDelta::MAX);
        }
    }

    /// The next `count` occurrences after `after`, for previews.
    #[must_use]
    pub fn upcoming(&self, anchor: DateTime<Utc>, after: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
        self.occurrences(anchor, after).take(count).collect()
    }

    fn occurrences(&self, anchor: DateTime<Utc>, after: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        std::iter::successors(self.next_fire(anchor, after), move |last| self.next_fire(anchor, *last))
    }
}

/// The first `anchor + k × period` (k at least 1) after `after`, which is not before `anchor`.
fn next_beat(anchor: DateTime<Utc>, period: TimeDelta, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let period_ms = period.num_milliseconds().max(1);
    let passed = after.signed_duration_since(anchor).num_milliseconds() / period_ms;
    let offset = passed.checked_add(1)?.checked_mul(period_ms)?;
    anchor.checked_add_signed(TimeDelta::try_milliseconds(offset)?)
}
