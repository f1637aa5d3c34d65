//! The next wall-clock time that matches an expression, by bit arithmetic; zones are none of its business.

use super::{CronRule, FIRST_YEAR};
use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

impl CronRule {
    /// The first matching wall-clock time that is not before `from`, whose fraction of a second must be zero; `None` when
    /// no year up to 2099 has one. At most twelve hundred months are looked at.
    pub(crate) fn next_wall(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        let date = self.next_date(from.date())?;
        if date > from.date() {
            return Some(date.and_time(self.time_from(NaiveTime::MIN)?));
        }
        if let Some(time) = self.time_from(from.time()) {
            return Some(date.and_time(time));
        }
        let date = self.next_date(date.succ_opt()?)?;
        Some(date.and_time(self.time_from(NaiveTime::MIN)?))
    }

    /// The first matching date that is not before `from`.
    fn next_date(&self, from: NaiveDate) -> Option<NaiveDate> {
        let mut year = u32::try_from(from.year()).unwrap_or(0).max(FIRST_YEAR);
        let is_within = |year: u32| i32::try_from(year).is_ok_and(|year| year == from.year());
        loop {
            year = self.year_from(year)?;
            let first_month = if is_within(year) { from.month() } else { 1 };
            let mut months = u32::from(self.months) & from_bit(first_month);
            while months != 0 {
                let month = months.trailing_zeros();
                let least = if is_within(year) && month == from.month() { from.day() } else { 1 };
                let calendar_year = i32::try_from(year).ok()?;
                let days = self.days.days_in(calendar_year, month) & from_bit(least);
                if days != 0 {
                    return NaiveDate::from_ymd_opt(calendar_year, month, days.trailing_zeros());
                }
                months &= months - 1;
            }
            year += 1;
        }
    }

    /// The first matching year that is not before `year`.
    fn year_from(&self, year: u32) -> Option<u32> {
        let offset = year.checked_sub(FIRST_YEAR)?;
        let left = self.years().checked_shr(offset).filter(|left| *left != 0)?;
        Some(year + left.trailing_zeros())
    }

    /// The first matching time of a day that is not before `from`.
    fn time_from(&self, from: NaiveTime) -> Option<NaiveTime> {
        let (hour, minute, second) = (from.hour(), from.minute(), from.second());
        let hours = u64::from(self.hours);
        if hours >> hour & 1 == 1 {
            if self.minutes >> minute & 1 == 1
                && let Some(second) = lowest_from(self.seconds, second)
            {
                return NaiveTime::from_hms_opt(hour, minute, second);
            }
            if let Some(minute) = lowest_from(self.minutes, minute + 1) {
                return NaiveTime::from_hms_opt(hour, minute, self.seconds.trailing_zeros());
            }
        }
        let hour = lowest_from(hours, hour + 1)?;
        NaiveTime::from_hms_opt(hour, self.minutes.trailing_zeros(), self.seconds.trailing_zeros())
    }
}

/// The lowest bit of `set` that is not below `least`.
fn lowest_from(set: u64, least: u32) -> Option<u32> {
    let left = set & u64::MAX.checked_shl(least)?;
    (left != 0).then(|| left.trailing_zeros())
}

/// All bits from `least` on.
fn from_bit(least: u32) -> u32 {
    u32::MAX.checked_shl(least).unwrap_or(0)
}
