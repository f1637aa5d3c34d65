//! English words for patterns.

use super::pattern::{self, Days, MonthDay, Times, Values, WeekDay};
use crate::cron::CronRule;
use chrono::TimeDelta;

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `1 hour 30 minutes`.
pub(super) fn duration(span: TimeDelta) -> String {
    const UNITS: [&str; 5] = ["day", "hour", "minute", "second", "millisecond"];
    let parts = super::parts(span).into_iter().zip(UNITS).filter(|(count, _)| *count != 0);
    let words: Vec<String> =
        parts.map(|(count, unit)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" })).collect();
    words.join(" ")
}

/// A cron rule without its zone.
pub(super) fn cron(rule: &CronRule) -> String {
    // Behind "either this or that" a time would seem to belong to the second only.
    let is_compound = matches!(pattern::days(rule), Days::Two { .. });
    let days = days(rule);
    match pattern::times(rule) {
        Times::At(times) => match days {
            None => format!("every day at {}", clock_times(&times)),
            Some(days) if is_compound => format!("at {}, {days}", clock_times(&times)),
            Some(days) => format!("{days} at {}", clock_times(&times)),
        },
        times => match days {
            None => frequency(&times),
            Some(days) => format!("{}, {days}", frequency(&times)),
        },
    }
}

fn clock_times(times: &[(u32, u32, u32)]) -> String {
    let words: Vec<String> = times.iter().map(|time| clock(*time)).collect();
    join(&words, "and")
}

fn clock((hour, minute, second): (u32, u32, u32)) -> String {
    if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") }
}

fn frequency(times: &Times) -> String {
    match times {
        Times::At(times) => clock_times(times),
        Times::EverySeconds { count, hours } => format!("{}{}", every(*count, "second"), window(*hours)),
        Times::EveryMinutes { count, second: 0, hours } => format!("{}{}", every(*count, "minute"), window(*hours)),
        Times::EveryMinutes { count, second, hours } => {
            format!("{} at second {second}{}", every(*count, "minute"), window(*hours))
        }
        Times::EveryHours { count: 1, minute: 0, second: 0 } => "every hour".to_owned(),
        Times::EveryHours { count: 1, minute, second: 0 } => format!("every hour at minute {minute}"),
        Times::EveryHours { count: 1, minute, second } => format!("every hour at minute {minute}, second {second}"),
        Times::EveryHours { count, minute, second } => {
            format!("every {count} hours from {}", clock((0, *minute, *second)))
        }
        Times::Fields { seconds, minutes, hours } => fields(seconds, minutes, hours),
    }
}

fn fields(seconds: &Values, minutes: &Values, hours: &Values) -> String {
    let start = match seconds {
        Values::Runs(runs) if runs.as_slice() == [(0, 0)] => String::new(),
        seconds => format!("{} of ", values(seconds, "second")),
    };
    format!("at {start}{} of {}", values(minutes, "minute"), values(hours, "hour"))
}

fn every(count: u32, unit: &str) -> String {
    if count == 1 { format!("every {unit}") } else { format!("every {count} {unit}s") }
}

fn window(hours: Option<(u32, u32)>) -> String {
    hours.map_or_else(String::new, |(first, last)| format!(" between {first:02}:00 and {last:02}:59"))
}

/// `minute 5`, `minutes 0, 7 and 10–20`, `every minute`.
fn values(values: &Values, unit: &str) -> String {
    match values {
        Values::All => format!("every {unit}"),
        Values::Runs(runs) => {
            let plural = if matches!(runs.as_slice(), [(first, last)] if first == last) { "" } else { "s" };
            format!("{unit}{plural} {}", numbers(runs))
        }
    }
}

fn numbers(runs: &[(u32, u32)]) -> String {
    let words: Vec<String> = runs.iter().map(|run| span(*run)).collect();
    join(&words, "and")
}

fn span((first, last): (u32, u32)) -> String {
    if first == last { first.to_string() } else { format!("{first}–{last}") }
}

/// Which days; `None` for every day of every year.
fn days(rule: &CronRule) -> Option<String> {
    let (months, years) = (pattern::months(rule), pattern::years(rule));
    let of_months = match &months {
        Values::All => "of every month".to_owned(),
        Values::Runs(runs) => format!("of {}", month_names(runs)),
    };
    let in_months = match &months {
        Values::All => String::new(),
        Values::Runs(runs) => format!(" in {}", month_names(runs)),
    };
    let days = match pattern::days(rule) {
        Days::Every if matches!((&months, &years), (Values::All, Values::All)) => return None,
        Days::Every => format!("every day{in_months}"),
        Days::OfMonth(days) => format!("on {} {of_months}", month_days(&days)),
        Days::OfWeek(days) => week_days(&days, &of_months, &in_months),
        Days::Two { of_month, of_week, either } => {
            let link = if either { "or" } else { "as far as that matches" };
            format!("on {} {of_months} {link} {}", month_days(&of_month), week_days(&of_week, &of_months, &in_months))
        }
    };
    Some(match &years {
        Values::All => days,
        Values::Runs(runs) => format!("{days} in {}", numbers(runs)),
    })
}

fn month_names(runs: &[(u32, u32)]) -> String {
    let words: Vec<String> = runs
        .iter()
        .map(|(first, last)| match (month_name(*first), month_name(*last)) {
            (first, last) if first == last => first.to_owned(),
            (first, last) => format!("{first}–{last}"),
        })
        .collect();
    join(&words, "and")
}

fn month_name(month: u32) -> &'static str {
    MONTHS.get(month.saturating_sub(1) as usize).copied().unwrap_or("?")
}

fn weekday_name(weekday: u32) -> &'static str {
    WEEKDAYS.get(weekday as usize).copied().unwrap_or("?")
}

fn month_days(days: &[MonthDay]) -> String {
    let runs = pattern::plain_runs(days);
    let plain = (!runs.is_empty()).then(|| values(&Values::Runs(runs), "day"));
    let special = days.iter().filter_map(|day| match day {
        MonthDay::Days(..) => None,
        MonthDay::BeforeLast(0) => Some("the last day".to_owned()),
        MonthDay::BeforeLast(1) => Some("the day before the last day".to_owned()),
        MonthDay::BeforeLast(days) => Some(format!("the day {days} days before the last day")),
        MonthDay::Nearest(day) => Some(format!("the weekday nearest to day {day}")),
        MonthDay::NearestBeforeLast(0) => Some("the last weekday".to_owned()),
        MonthDay::NearestBeforeLast(1) => Some("the weekday nearest to the day before the last day".to_owned()),
        MonthDay::NearestBeforeLast(days) => {
            Some(format!("the weekday nearest to the day {days} days before the last day"))
        }
    });
    join(&plain.into_iter().chain(special).collect::<Vec<_>>(), "and")
}

fn week_days(days: &[WeekDay], of_months: &str, in_months: &str) -> String {
    const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
    let weekly = days.iter().filter_map(|day| match day {
        WeekDay::Weekdays => Some("weekday".to_owned()),
        WeekDay::Each(weekday) => Some(weekday_name(*weekday).to_owned()),
        WeekDay::Nth(..) | WeekDay::Last(_) => None,
    });
    let monthly = days.iter().filter_map(|day| match day {
        WeekDay::Weekdays | WeekDay::Each(_) => None,
        WeekDay::Nth(nth, weekday) => {
            let ordinal = ORDINALS.get(nth.saturating_sub(1) as usize).copied().unwrap_or("?");
            Some(format!("the {ordinal} {}", weekday_name(*weekday)))
        }
        WeekDay::Last(weekday) => Some(format!("the last {}", weekday_name(*weekday))),
    });
    let (weekly, monthly): (Vec<_>, Vec<_>) = (weekly.collect(), monthly.collect());
    let weekly = (!weekly.is_empty()).then(|| format!("every {}{in_months}", join(&weekly, "and")));
    let monthly = (!monthly.is_empty()).then(|| format!("on {} {of_months}", join(&monthly, "and")));
    weekly.into_iter().chain(monthly).collect::<Vec<_>>().join(" and ")
}

/// `a`, `a and b`, `a, b and c`.
fn join(words: &[String], link: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [start @ .., last] => format!("{} {link} {last}", start.join(", ")),
    }
}
