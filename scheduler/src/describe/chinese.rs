//! Chinese words for patterns.

use super::pattern::{self, Days, MonthDay, Times, Values, WeekDay};
use crate::cron::CronRule;
use chrono::TimeDelta;

const WEEKDAYS: [&str; 7] = ["周日", "周一", "周二", "周三", "周四", "周五", "周六"];

/// `1 小时 30 分钟`.
pub(super) fn duration(span: TimeDelta) -> String {
    const UNITS: [&str; 5] = ["天", "小时", "分钟", "秒", "毫秒"];
    let parts = super::parts(span).into_iter().zip(UNITS).filter(|(count, _)| *count != 0);
    parts.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

/// A cron rule without its zone.
pub(super) fn cron(rule: &CronRule) -> String {
    // Behind "either this or that" a time would seem to belong to the second only.
    let is_compound = matches!(pattern::days(rule), Days::Two { .. });
    let days = days(rule);
    match pattern::times(rule) {
        Times::At(times) => match days {
            None => format!("每天 {}", clock_times(&times)),
            Some(days) if is_compound => format!("{days}，{}", clock_times(&times)),
            Some(days) => format!("{days} {}", clock_times(&times)),
        },
        times => match days {
            None => frequency(&times),
            Some(days) => format!("{days}，{}", frequency(&times)),
        },
    }
}

fn clock_times(times: &[(u32, u32, u32)]) -> String {
    times.iter().map(|time| clock(*time)).collect::<Vec<_>>().join("、")
}

fn clock((hour, minute, second): (u32, u32, u32)) -> String {
    if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") }
}

fn frequency(times: &Times) -> String {
    match times {
        Times::At(times) => clock_times(times),
        Times::EverySeconds { count, hours } => format!("{}{}", window(*hours), every(*count, "秒", "秒")),
        Times::EveryMinutes { count, second: 0, hours } => {
            format!("{}{}", window(*hours), every(*count, "分钟", "分钟"))
        }
        Times::EveryMinutes { count, second, hours } => {
            format!("{}{}的第 {second} 秒", window(*hours), every(*count, "分钟", "分钟"))
        }
        Times::EveryHours { count: 1, minute: 0, second: 0 } => "每小时整点".to_owned(),
        Times::EveryHours { count: 1, minute, second: 0 } => format!("每小时第 {minute} 分"),
        Times::EveryHours { count: 1, minute, second } => format!("每小时第 {minute} 分 {second} 秒"),
        Times::EveryHours { count, minute, second } => {
            format!("从 {} 起每 {count} 小时", clock((0, *minute, *second)))
        }
        Times::Fields { seconds, minutes, hours } => fields(seconds, minutes, hours),
    }
}

fn fields(seconds: &Values, minutes: &Values, hours: &Values) -> String {
    let end = match seconds {
        Values::Runs(runs) if runs.as_slice() == [(0, 0)] => String::new(),
        seconds => format!("的{}", values(seconds, "秒", "每秒")),
    };
    format!("{}的{}{end}", values(hours, "时", "每小时"), values(minutes, "分", "每分钟"))
}

fn every(count: u32, one: &str, many: &str) -> String {
    if count == 1 { format!("每{one}") } else { format!("每 {count} {many}") }
}

fn window(hours: Option<(u32, u32)>) -> String {
    hours.map_or_else(String::new, |(first, last)| format!("{first:02}:00 至 {last:02}:59 之间"))
}

/// `第 0、7、10–20 分`, `每分钟`.
fn values(values: &Values, unit: &str, all: &str) -> String {
    match values {
        Values::All => all.to_owned(),
        Values::Runs(runs) => format!("第 {} {unit}", numbers(runs)),
    }
}

fn numbers(runs: &[(u32, u32)]) -> String {
    runs.iter().map(|run| span(*run)).collect::<Vec<_>>().join("、")
}

fn span((first, last): (u32, u32)) -> String {
    if first == last { first.to_string() } else { format!("{first}–{last}") }
}

/// Which days; `None` for every day of every year.
fn days(rule: &CronRule) -> Option<String> {
    let (months, years) = (pattern::months(rule), pattern::years(rule));
    let year = match &years {
        Values::All => String::new(),
        Values::Runs(runs) => format!("{} 年", numbers(runs)),
    };
    let month = match &months {
        Values::All => String::new(),
        Values::Runs(runs) => format!("{} 月", numbers(runs)),
    };
    let place = match (year.is_empty(), month.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!("每年 {month}"),
        (false, true) => year,
        (false, false) => format!("{year} {month}"),
    };
    // "Every month" is said where neither months nor years are named.
    let each = if month.is_empty() { "每月" } else { "" };
    let days = match pattern::days(rule) {
        Days::Every if place.is_empty() => return None,
        Days::Every => "每天".to_owned(),
        Days::OfMonth(days) => month_days(&days, each),
        Days::OfWeek(days) => week_days(&days, each),
        Days::Two { of_month, of_week, either: true } => {
            // Said again, or the weekdays would seem to be those of all months.
            let scope =
                if place.is_empty() { String::new() } else { format!(" {}的", place.trim_start_matches("每年 ")) };
            format!("{}或{scope}{}", month_days(&of_month, each), week_days(&of_week, each))
        }
        Days::Two { of_month, of_week, either: false } => {
            format!("{}（且须为{}）", month_days(&of_month, each), week_days(&of_week, each))
        }
    };
    // A number follows its month directly, words are linked: "1 月 1 日", "1 月的每个工作日".
    let link = if place.is_empty() || days.starts_with(' ') { "" } else { "的" };
    Some(format!("{place}{link}{days}"))
}

fn weekday_name(weekday: u32) -> &'static str {
    WEEKDAYS.get(weekday as usize).copied().unwrap_or("?")
}

/// Begins with a blank where it begins with a number.
fn month_days(days: &[MonthDay], each: &str) -> String {
    let runs = pattern::plain_runs(days);
    let plain = (!runs.is_empty()).then(|| format!(" {} 日", numbers(&runs)));
    let special = days.iter().filter_map(|day| match day {
        MonthDay::Days(..) => None,
        MonthDay::BeforeLast(0) => Some("最后一天".to_owned()),
        MonthDay::BeforeLast(days) => Some(format!("倒数第 {} 天", days + 1)),
        MonthDay::Nearest(day) => Some(format!("离 {day} 日最近的工作日")),
        MonthDay::NearestBeforeLast(0) => Some("最后一个工作日".to_owned()),
        MonthDay::NearestBeforeLast(days) => Some(format!("离倒数第 {} 天最近的工作日", days + 1)),
    });
    format!("{each}{}", plain.into_iter().chain(special).collect::<Vec<_>>().join("、"))
}

fn week_days(days: &[WeekDay], each: &str) -> String {
    let words: Vec<String> = days
        .iter()
        .map(|day| match day {
            WeekDay::Weekdays => "每个工作日".to_owned(),
            WeekDay::Each(weekday) => format!("每{}", weekday_name(*weekday)),
            WeekDay::Nth(nth, weekday) => format!("{each}第 {nth} 个{}", weekday_name(*weekday)),
            WeekDay::Last(weekday) => format!("{each}最后一个{}", weekday_name(*weekday)),
        })
        .collect();
    words.join("、")
}
