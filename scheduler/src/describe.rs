//! A schedule as a sentence for people, in English and Chinese: "every weekday at 09:30 (Asia/Shanghai)".
//!
//! The sentence is made from the compiled schedule and not from its text, so it says what will happen, not what was
//! typed. Patterns that people have words for are recognised (`pattern`); for all others the fields are listed, which is
//! clumsy but never wrong. How the zone's daylight saving is treated is not said.

use crate::schedule::{Schedule, Timing};
use crate::wall_time;
use chrono::TimeDelta;

mod chinese;
mod english;
mod pattern;

/// The language of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Chinese.
    Zh,
}

/// The schedule as a sentence without a full stop. It begins in lower case; wall-clock times are followed by their zone.
#[must_use]
pub fn describe(schedule: &Schedule, language: Language) -> String {
    let zone = schedule.zone();
    let sentence = match (schedule.timing(), language) {
        (Timing::Manual, Language::En) => return "only by hand".to_owned(),
        (Timing::Manual, Language::Zh) => return "仅手动触发".to_owned(),
        (Timing::FixedRate(period), Language::En) => return format!("every {}", english::duration(*period)),
        (Timing::FixedRate(period), Language::Zh) => return format!("每隔 {}", chinese::duration(*period)),
        (Timing::FixedDelay(delay), Language::En) => {
            return format!("{} after the end of the previous run", english::duration(*delay));
        }
        (Timing::FixedDelay(delay), Language::Zh) => return format!("上次运行结束 {}后", chinese::duration(*delay)),
        (Timing::Once(moment), Language::En) => format!("once at {}", shown(wall_time::local(zone, *moment))),
        (Timing::Once(moment), Language::Zh) => format!("仅一次：{}", shown(wall_time::local(zone, *moment))),
        (Timing::Cron(rule), Language::En) => english::cron(rule),
        (Timing::Cron(rule), Language::Zh) => chinese::cron(rule),
    };
    match language {
        Language::En => format!("{sentence} ({zone})"),
        Language::Zh => format!("{sentence}（{zone}）"),
    }
}

/// A wall-clock time to the second, or to the millisecond where it has any.
fn shown(local: chrono::NaiveDateTime) -> String {
    local.format("%Y-%m-%d %H:%M:%S%.f").to_string()
}

/// The whole days, hours, minutes, seconds and milliseconds of a span.
fn parts(span: TimeDelta) -> [i64; 5] {
    [
        span.num_days(),
        span.num_hours() % 24,
        span.num_minutes() % 60,
        span.num_seconds() % 60,
        span.num_milliseconds() % 1_000,
    ]
}

#[cfg(test)]
mod tests;
