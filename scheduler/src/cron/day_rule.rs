//! Which days of a month match, as one bit set a month.

use chrono::{Datelike, NaiveDate};

/// What the two day fields say. Days of the week are counted from 0 = Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct DayRule {
    /// Weekdays by their number in the month: bit `weekday + 7 × (n − 1)`.
    pub(crate) nth: u64,
    /// Days of the month, bit n = day n.
    pub(crate) plain: u32,
    /// Days before the last one, bit k = `L-k`.
    pub(crate) from_last: u32,
    /// The weekday (Monday to Friday) nearest to a day, bit n = `nW`.
    pub(crate) nearest: u32,
    /// The weekday nearest to a day before the last one, bit k = `L-kW`.
    pub(crate) last_weekday: u32,
    /// Days of the week.
    pub(crate) weekdays: u8,
    /// The last of a day of the week in the month.
    pub(crate) last_of: u8,
    /// Whether one field is enough; otherwise both must match.
    pub(crate) either: bool,
}

/// A month as the rules see it.
#[derive(Clone, Copy)]
struct Month {
    /// Days it has.
    length: u32,
    /// Weekday of its first day.
    first: u32,
}

impl DayRule {
    /// Every day of the week.
    pub(crate) const WHOLE_WEEK: u8 = 0x7F;
    /// Every day of the month.
    pub(crate) const WHOLE_MONTH: u32 = 0xFFFF_FFFE;

    /// Whether the day-of-month field allows every day.
    pub(crate) fn allows_whole_month(&self) -> bool {
        self.plain == Self::WHOLE_MONTH
    }

    /// Whether the day-of-week field allows every day.
    pub(crate) fn allows_whole_week(&self) -> bool {
        self.weekdays == Self::WHOLE_WEEK
    }

    /// Whether neither field allows every day.
    pub(crate) fn restricts_both(&self) -> bool {
        !self.allows_whole_month() && !self.allows_whole_week()
    }

    /// The matching days of a month, bit n = day n; none when there is no such month.
    pub(crate) fn days_in(&self, year: i32, month: u32) -> u32 {
        let Some(first) = NaiveDate::from_ymd_opt(year, month, 1) else { return 0 };
        let shape =
            Month { length: u32::from(first.num_days_in_month()), first: first.weekday().num_days_from_sunday() };
        let (of_month, of_week) = (self.of_month(shape), self.of_week(shape));
        let days = if self.either { of_month | of_week } else { of_month & of_week };
        days & shape.mask()
    }

    fn of_month(&self, month: Month) -> u32 {
        let from_last = bits(self.from_last).filter_map(|before| month.before_last(before));
        let nearest = bits(self.nearest).filter(|day| *day <= month.length);
        let weekday_from_last = bits(self.last_weekday).filter_map(|before| month.before_last(before));
        let moved = nearest.chain(weekday_from_last).map(|day| month.nearest_weekday(day));
        from_last.chain(moved).fold(self.plain, |days, day| days | 1 << day)
    }

    fn of_week(&self, month: Month) -> u32 {
        let plain = bits(self.weekdays.into()).fold(0_u32, |days, weekday| {
            let first = month.first_of(weekday);
            (0..5).fold(days, |days, week| days | 1_u32.checked_shl(first + 7 * week).unwrap_or(0))
        });
        let last = bits(self.last_of.into()).map(|weekday| month.last_of(weekday));
        let nth = (0..35).filter(|index| self.nth >> index & 1 == 1);
        let nth = nth.map(|index| month.first_of(index % 7) + 7 * (index / 7)).filter(|day| *day <= month.length);
        last.chain(nth).fold(plain, |days, day| days | 1 << day)
    }
}

impl Month {
    /// Every day of the month.
    fn mask(self) -> u32 {
        DayRule::WHOLE_MONTH >> (31 - self.length) & DayRule::WHOLE_MONTH
    }

    fn weekday_of(self, day: u32) -> u32 {
        (self.first + day - 1) % 7
    }

    /// The first day that falls on `weekday`.
    fn first_of(self, weekday: u32) -> u32 {
        (7 + weekday - self.first) % 7 + 1
    }

    /// The last day that falls on `weekday`.
    fn last_of(self, weekday: u32) -> u32 {
        self.length - (7 + self.weekday_of(self.length) - weekday) % 7
    }

    /// The day so many days before the last one.
    fn before_last(self, days: u32) -> Option<u32> {
        self.length.checked_sub(days).filter(|day| *day > 0)
    }

    /// The day from Monday to Friday that is nearest to `day` and in this month.
    fn nearest_weekday(self, day: u32) -> u32 {
        match self.weekday_of(day) {
            6 if day == 1 => 3,
            6 => day - 1,
            0 if day == self.length => day - 2,
            0 => day + 1,
            _ => day,
        }
    }
}

/// The places of the bits that are set, ascending.
fn bits(set: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(set), |set| Some(set & set.checked_sub(1)?))
        .take_while(|set| *set != 0)
        .map(u32::trailing_zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(rule: DayRule, year: i32, month: u32) -> Vec<u32> {
        bits(rule.days_in(year, month)).collect()
    }

    const ANY_WEEKDAY: DayRule = DayRule {
        nth: 0,
        plain: 0,
        from_last: 0,
        nearest: 0,
        last_weekday: 0,
        weekdays: DayRule::WHOLE_WEEK,
        last_of: 0,
        either: false,
    };
    const ANY_DAY: DayRule = DayRule { plain: DayRule::WHOLE_MONTH, weekdays: 0, ..ANY_WEEKDAY };

    #[test]
    fn the_last_days_follow_the_length_of_the_month() {
        let last = DayRule { from_last: 0b1001, ..ANY_WEEKDAY };
        assert_eq!(days(last, 2026, 2), [25, 28]);
        assert_eq!(days(last, 2028, 2), [26, 29]);
        assert_eq!(days(last, 2026, 12), [28, 31]);
        let too_far = DayRule { from_last: 1 << 30, ..ANY_WEEKDAY };
        assert_eq!((days(too_far, 2026, 2), days(too_far, 2026, 3)), (vec![], vec![1]));
    }

    #[test]
    fn the_nearest_weekday_stays_within_the_month() {
        let nearest = |day: u32| DayRule { nearest: 1 << day, ..ANY_WEEKDAY };
        assert_eq!(days(nearest(1), 2026, 8), [3], "1 August 2026 is a Saturday");
        assert_eq!(days(nearest(15), 2026, 8), [14], "a Saturday goes to Friday");
        assert_eq!(days(nearest(16), 2026, 8), [17], "a Sunday goes to Monday");
        assert_eq!(days(nearest(31), 2026, 5), [29], "31 May 2026 is a Sunday");
        assert_eq!(days(nearest(31), 2026, 6), [0; 0], "June has no 31st");
        assert_eq!(days(nearest(18), 2026, 8), [18], "a Tuesday stays");
    }

    #[test]
    fn the_last_weekday_is_the_nearest_to_the_last_day() {
        let last = DayRule { last_weekday: 1, ..ANY_WEEKDAY };
        assert_eq!((days(last, 2026, 5), days(last, 2026, 10), days(last, 2026, 12)), (vec![29], vec![30], vec![31]));
    }

    #[test]
    fn weekdays_by_number_and_from_the_end() {
        let first_monday = DayRule { nth: 1 << 1, ..ANY_DAY };
        let fifth_sunday = DayRule { nth: 1 << 28, ..ANY_DAY };
        let last_friday = DayRule { last_of: 1 << 5, ..ANY_DAY };
        assert_eq!((days(first_monday, 2026, 11), days(first_monday, 2026, 6)), (vec![2], vec![1]));
        assert_eq!((days(fifth_sunday, 2026, 11), days(fifth_sunday, 2026, 10)), (vec![29], vec![]));
        assert_eq!((days(last_friday, 2026, 11), days(last_friday, 2026, 7)), (vec![27], vec![31]));
    }

    #[test]
    fn a_month_has_its_own_length_and_its_own_weekdays() {
        assert_eq!(days(DayRule { weekdays: DayRule::WHOLE_WEEK, ..ANY_DAY }, 2026, 2).len(), 28);
        assert_eq!(days(DayRule { weekdays: 1, ..ANY_DAY }, 2026, 2), [1, 8, 15, 22]);
        assert_eq!(days(DayRule { weekdays: 1 << 6, ..ANY_DAY }, 2026, 10), [3, 10, 17, 24, 31]);
    }

    #[test]
    fn either_field_is_enough_where_the_rule_says_so() {
        let thirteenth_and_friday = DayRule { plain: 1 << 13, weekdays: 1 << 5, ..DayRule::default() };
        assert_eq!(days(thirteenth_and_friday, 2026, 11), [13]);
        assert_eq!(days(DayRule { either: true, ..thirteenth_and_friday }, 2026, 10), [2, 9, 13, 16, 23, 30]);
    }
}
