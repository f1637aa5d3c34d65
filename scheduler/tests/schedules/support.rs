//! Shared by the schedule tests: short ways to write schedules and moments.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use hzm_job_scheduler::schedule::{GapPolicy, RepeatPolicy, Schedule, ScheduleDraft, ScheduleKind, ScheduleProblem};

/// A cron schedule with the default policies.
pub(crate) fn cron(expression: &str, zone: &str) -> Schedule {
    cron_with(expression, zone, GapPolicy::default(), RepeatPolicy::default())
}

/// A cron schedule.
pub(crate) fn cron_with(expression: &str, zone: &str, gap: GapPolicy, repeat: RepeatPolicy) -> Schedule {
    let kind = ScheduleKind::Cron;
    let draft = ScheduleDraft { kind, expression: expression.into(), zone: zone.into(), gap, repeat };
    Schedule::parse(&draft).unwrap_or_else(|problem| panic!("{expression}: {problem}"))
}

/// What is wrong with a schedule.
pub(crate) fn problem(kind: ScheduleKind, expression: &str, zone: &str) -> ScheduleProblem {
    let draft = ScheduleDraft { kind, expression: expression.into(), zone: zone.into(), ..ScheduleDraft::default() };
    Schedule::parse(&draft).expect_err(expression)
}

/// A moment from RFC 3339 text.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_utc()
}

/// The first `count` occurrences after `after`, as wall-clock times with their offset: `03-08 03:00 -0400`.
pub(crate) fn shown(schedule: &Schedule, after: &str, count: usize) -> Vec<String> {
    let zone: Tz = schedule.zone();
    let after = at(after);
    let moments = schedule.upcoming(after, after, count);
    moments.iter().map(|moment| moment.with_timezone(&zone).format("%m-%d %H:%M %z").to_string()).collect()
}

/// Whether no half-width mark touches a Chinese character.
pub(crate) fn is_well_punctuated(sentence: &str) -> bool {
    let is_chinese = |character: &char| ('\u{4e00}'..='\u{9fff}').contains(character);
    let is_half_width = |character: &char| ",:;()?!".contains(*character);
    let characters: Vec<char> = sentence.chars().collect();
    characters.iter().any(is_chinese)
        && !characters.windows(2).any(|pair| pair.iter().any(is_chinese) && pair.iter().any(is_half_width))
}
