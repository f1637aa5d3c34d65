//! Recognises, in a compiled cron rule, the patterns that people have words for. Languages are elsewhere.

use crate::cron::{CronRule, FIRST_YEAR};

/// More times of day than this are not listed one by one.
const MOST_TIMES: u32 = 6;

/// The time-of-day part of a rule.
pub(super) enum Times {
    /// At these times (hour, minute, second), ascending.
    At(Vec<(u32, u32, u32)>),
    /// Every `count` seconds, from each full minute.
    EverySeconds { count: u32, hours: Option<(u32, u32)> },
    /// Every `count` minutes, from each full hour, at one second.
    EveryMinutes { count: u32, second: u32, hours: Option<(u32, u32)> },
    /// Every `count` hours, from midnight, at one minute and second.
    EveryHours { count: u32, minute: u32, second: u32 },
    /// No pattern.
    Fields { seconds: Values, minutes: Values, hours: Values },
}

/// The values of one field.
pub(super) enum Values {
    /// Every one.
    All,
    /// These runs of consecutive values, first and last.
    Runs(Vec<(u32, u32)>),
}

/// The day part of a rule.
pub(super) enum Days {
    /// Every day.
    Every,
    /// Days counted in the month.
    OfMonth(Vec<MonthDay>),
    /// Days of the week.
    OfWeek(Vec<WeekDay>),
    /// Days for which both, or (`either`) one of them, holds.
    Two { of_month: Vec<MonthDay>, of_week: Vec<WeekDay>, either: bool },
}

/// A day counted in the month.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MonthDay {
    /// These consecutive days, first and last.
    Days(u32, u32),
    /// So many days before the last one.
    BeforeLast(u32),
    /// The weekday nearest to this day.
    Nearest(u32),
    /// The weekday nearest to the day so many days before the last one.
    NearestBeforeLast(u32),
}

/// A day of the week, counted from 0 = Sunday.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WeekDay {
    /// Monday to Friday.
    Weekdays,
    /// Each of them.
    Each(u32),
    /// The nth of the month, from 1.
    Nth(u32, u32),
    /// The last of the month.
    Last(u32),
}

/// Recognises the time-of-day part.
pub(super) fn times(rule: &CronRule) -> Times {
    let hours = u64::from(rule.hours);
    let of_day = rule.seconds.count_ones() * rule.minutes.count_ones() * rule.hours.count_ones();
    if !rule.runs_every_hour() && of_day <= MOST_TIMES {
        return Times::At(list(rule));
    }
    let window = if rule.runs_every_hour() { Some(None) } else { run(hours).map(Some) };
    let (second, minute) = (single(rule.seconds), single(rule.minutes));
    match (stride(rule.seconds, 60), second, stride(rule.minutes, 60), minute) {
        (Some(count), _, Some(1), _) if let Some(hours) = window => Times::EverySeconds { count, hours },
        (_, Some(second), Some(count), _) if let Some(hours) = window => Times::EveryMinutes { count, second, hours },
        (_, Some(second), _, Some(minute)) if let Some(count) = stride(hours, 24) => {
            Times::EveryHours { count, minute, second }
        }
        _ => Times::Fields {
            seconds: values(rule.seconds, 60),
            minutes: values(rule.minutes, 60),
            hours: values(hours, 24),
        },
    }
}

/// Recognises the day part.
pub(super) fn days(rule: &CronRule) -> Days {
    let (of_month, of_week) = (month_days(rule), week_days(rule));
    let days = rule.days;
    let (any_day, any_weekday) = (days.allows_whole_month(), days.allows_whole_week());
    match (any_day, any_weekday) {
        (true, true) => Days::Every,
        (true, _) | (_, true) if days.either => Days::Every,
        (true, false) => Days::OfWeek(of_week),
        (false, true) => Days::OfMonth(of_month),
        (false, false) => Days::Two { of_month, of_week, either: days.either },
    }
}

/// The days among these that are given by their number alone.
pub(super) fn plain_runs(days: &[MonthDay]) -> Vec<(u32, u32)> {
    let plain = days.iter().filter_map(|day| match day {
        MonthDay::Days(first, last) => Some((*first, *last)),
        MonthDay::BeforeLast(_) | MonthDay::Nearest(_) | MonthDay::NearestBeforeLast(_) => None,
    });
    plain.collect()
}

/// The months, or all of them.
pub(super) fn months(rule: &CronRule) -> Values {
    if rule.runs_every_month() { Values::All } else { Values::Runs(runs(rule.months.into())) }
}

/// The years, or all of them.
pub(super) fn years(rule: &CronRule) -> Values {
    if rule.runs_every_year() {
        return Values::All;
    }
    Values::Runs(runs(rule.years()).into_iter().map(|(first, last)| (first + FIRST_YEAR, last + FIRST_YEAR)).collect())
}

fn month_days(rule: &CronRule) -> Vec<MonthDay> {
    let days = rule.days;
    let plain = runs(days.plain.into()).into_iter().map(|(first, last)| MonthDay::Days(first, last));
    let nearest = places(days.nearest.into()).map(MonthDay::Nearest);
    let before_last = places(days.from_last.into()).map(MonthDay::BeforeLast);
    let nearest_before_last = places(days.last_weekday.into()).map(MonthDay::NearestBeforeLast);
    plain.chain(nearest).chain(before_last).chain(nearest_before_last).collect()
}

fn week_days(rule: &CronRule) -> Vec<WeekDay> {
    const WORKING: u8 = 0b011_1110;
    let days = rule.days;
    let each: Vec<WeekDay> = match days.weekdays {
        WORKING => vec![WeekDay::Weekdays],
        // A week begins on Monday for those who read lists of weekdays.
        weekdays => (1..=7).map(|day| day % 7).filter(|day| weekdays >> day & 1 == 1).map(WeekDay::Each).collect(),
    };
    let nth = places(days.nth.into()).map(|index| WeekDay::Nth(index / 7 + 1, index % 7));
    each.into_iter().chain(nth).chain(places(days.last_of.into()).map(WeekDay::Last)).collect()
}

fn list(rule: &CronRule) -> Vec<(u32, u32, u32)> {
    let seconds = |hour, minute| places(rule.seconds.into()).map(move |second| (hour, minute, second));
    let minutes = |hour| places(rule.minutes.into()).flat_map(move |minute| seconds(hour, minute));
    places(rule.hours.into()).flat_map(minutes).collect()
}

fn values(set: u64, size: u32) -> Values {
    if set.count_ones() == size { Values::All } else { Values::Runs(runs(set.into())) }
}

/// The only value of a set.
fn single(set: u64) -> Option<u32> {
    (set.count_ones() == 1).then(|| set.trailing_zeros())
}

/// The step of a set that is `0, n, 2n, …` and comes out even at `size`.
fn stride(set: u64, size: u32) -> Option<u32> {
    let step = size.checked_div(set.count_ones())?;
    let expected = (0..size).step_by(step.max(1) as usize).fold(0_u64, |all, value| all | 1 << value);
    // A step that does not divide the size has more values than the size divided by it, and so is not met here.
    (set == expected && step < size).then_some(step)
}

/// First and last value of a set that is one run of consecutive values.
fn run(set: u64) -> Option<(u32, u32)> {
    match runs(set.into()).as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// The runs of consecutive values, ascending.
fn runs(set: u128) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for value in places(set) {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == value => *last = value,
            _ => runs.push((value, value)),
        }
    }
    runs
}

/// The values in a set, ascending.
fn places(set: u128) -> impl Iterator<Item = u32> {
    (0..u128::BITS).filter(move |place| set >> place & 1 == 1)
}
