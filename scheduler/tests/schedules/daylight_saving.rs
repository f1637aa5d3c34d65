//! What happens when clocks are set forward or back, zone by zone, and against a slow reading of the rules.

use crate::support::{at, cron, cron_with, shown};
use chrono::{DateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use hzm_job_scheduler::schedule::{GapPolicy, RepeatPolicy, Schedule};
use proptest::prelude::*;

const NEW_YORK: &str = "America/New_York";

#[test]
fn a_skipped_time_is_due_when_the_gap_ends_or_not_at_all() {
    let daily = |gap| cron_with("0 30 2 * * ?", NEW_YORK, gap, RepeatPolicy::First);
    let after = "2026-03-07T00:00:00-05:00";
    assert_eq!(
        shown(&daily(GapPolicy::RunAfter), after, 3),
        ["03-07 02:30 -0500", "03-08 03:00 -0400", "03-09 02:30 -0400"]
    );
    assert_eq!(shown(&daily(GapPolicy::Skip), after, 2), ["03-07 02:30 -0500", "03-09 02:30 -0400"]);
}

#[test]
fn several_skipped_times_become_one_and_the_time_after_the_gap_is_not_doubled() {
    let often = cron("0 */15 2,3 * * ?", NEW_YORK);
    assert_eq!(
        shown(&often, "2026-03-08T00:00:00-05:00", 4),
        ["03-08 03:00 -0400", "03-08 03:15 -0400", "03-08 03:30 -0400", "03-08 03:45 -0400"]
    );
}

#[test]
fn a_repeated_time_is_due_once_or_twice() {
    let daily = |repeat| cron_with("0 30 1 * * ?", NEW_YORK, GapPolicy::RunAfter, repeat);
    let after = "2026-11-01T00:00:00-04:00";
    assert_eq!(shown(&daily(RepeatPolicy::First), after, 2), ["11-01 01:30 -0400", "11-02 01:30 -0500"]);
    assert_eq!(
        shown(&daily(RepeatPolicy::Both), after, 3),
        ["11-01 01:30 -0400", "11-01 01:30 -0500", "11-02 01:30 -0500"]
    );
}

#[test]
fn both_passes_are_walked_one_after_the_other() {
    let half_hours = cron_with("0 */30 1 * * ?", NEW_YORK, GapPolicy::RunAfter, RepeatPolicy::Both);
    assert_eq!(
        shown(&half_hours, "2026-11-01T00:00:00-04:00", 5),
        ["11-01 01:00 -0400", "11-01 01:30 -0400", "11-01 01:00 -0500", "11-01 01:30 -0500", "11-02 01:00 -0500"]
    );
}

#[test]
fn what_runs_in_every_hour_runs_through_changes_whatever_the_policies_say() {
    for (gap, repeat) in [(GapPolicy::Skip, RepeatPolicy::First), (GapPolicy::RunAfter, RepeatPolicy::Both)] {
        let often = cron_with("0 */20 * * * ?", NEW_YORK, gap, repeat);
        assert_eq!(
            shown(&often, "2026-11-01T01:30:00-04:00", 6),
            [
                "11-01 01:40 -0400",
                "11-01 01:00 -0500",
                "11-01 01:20 -0500",
                "11-01 01:40 -0500",
                "11-01 02:00 -0500",
                "11-01 02:20 -0500"
            ]
        );
        assert_eq!(
            shown(&often, "2026-03-08T01:30:00-05:00", 3),
            ["03-08 01:40 -0500", "03-08 03:00 -0400", "03-08 03:20 -0400"]
        );
    }
}

#[test]
fn lord_howe_changes_by_half_an_hour() {
    let zone = "Australia/Lord_Howe";
    let daily = cron_with("0 15 2 * * ?", zone, GapPolicy::RunAfter, RepeatPolicy::Both);
    assert_eq!(shown(&daily, "2026-10-03T12:00:00+10:30", 2), ["10-04 02:30 +1100", "10-05 02:15 +1100"]);
    let back = cron_with("0 45 1 * * ?", zone, GapPolicy::RunAfter, RepeatPolicy::Both);
    assert_eq!(
        shown(&back, "2026-04-05T00:00:00+11:00", 3),
        ["04-05 01:45 +1100", "04-05 01:45 +1030", "04-06 01:45 +1030"]
    );
}

#[test]
fn santiago_has_a_day_without_a_midnight_and_one_with_two() {
    let zone = "America/Santiago";
    assert_eq!(
        shown(&cron("0 0 0 * * ?", zone), "2026-09-05T12:00:00-04:00", 2),
        ["09-06 01:00 -0300", "09-07 00:00 -0300"]
    );
    let late = cron_with("0 30 23 * * ?", zone, GapPolicy::RunAfter, RepeatPolicy::Both);
    assert_eq!(
        shown(&late, "2026-04-04T12:00:00-03:00", 3),
        ["04-04 23:30 -0300", "04-04 23:30 -0400", "04-05 23:30 -0400"]
    );
}

#[test]
fn shanghai_knows_no_changes() {
    let half_past_two = cron("0 30 2 * * ?", "Asia/Shanghai");
    let start = at("2026-01-01T00:00:00+08:00");
    let year = half_past_two.due(start, start, at("2027-01-01T00:00:00+08:00"), 1_000);
    assert_eq!(year.len(), 365);
    assert!(year.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::days(1)));
}

#[test]
fn a_time_that_only_ever_falls_into_gaps_never_fires_under_skip() {
    use hzm_job_scheduler::schedule::{ScheduleDraft, ScheduleKind};
    let draft = |gap| ScheduleDraft {
        kind: ScheduleKind::Cron,
        expression: "0 30 2 8 3 ? 2026".into(),
        zone: NEW_YORK.into(),
        gap,
        repeat: RepeatPolicy::First,
    };
    assert_eq!(Schedule::parse(&draft(GapPolicy::Skip)).unwrap_err().code(), "cron_never_fires");
    assert!(Schedule::parse(&draft(GapPolicy::RunAfter)).is_ok());
}

#[test]
fn daylight_saving_is_known_for_decades() {
    let noon = cron("0 0 12 * * ?", NEW_YORK);
    assert_eq!(shown(&noon, "2080-07-01T00:00:00Z", 1), ["07-01 12:00 -0400"]);
}

/// What the rules say about each minute of a stretch of time, read slowly: walk the instants one by one and look at the
/// clock on the wall.
fn slowly(rule: &Rule, zone: Tz, from: DateTime<Utc>, hours: i64) -> Vec<DateTime<Utc>> {
    let every_hour = rule.hours.len() == 24;
    let minute = TimeDelta::minutes(1);
    let mut due = Vec::new();
    let mut instant = from + minute;
    while instant <= from + TimeDelta::hours(hours) {
        let now = instant.with_timezone(&zone).naive_local();
        let before = (instant - minute).with_timezone(&zone).naive_local();
        let is_second_pass = zone.from_local_datetime(&now).earliest().is_some_and(|first| first.to_utc() < instant);
        let own = rule.matches(now) && (every_hour || rule.repeat == RepeatPolicy::Both || !is_second_pass);
        let mut skipped =
            std::iter::successors(Some(before + minute), |wall| Some(*wall + minute)).take_while(|wall| *wall < now);
        let fills = !every_hour && rule.gap == GapPolicy::RunAfter && skipped.any(|wall| rule.matches(wall));
        if own || fills {
            due.push(instant);
        }
        instant += minute;
    }
    due
}

#[derive(Debug, Clone)]
struct Rule {
    minutes: Vec<u32>,
    hours: Vec<u32>,
    gap: GapPolicy,
    repeat: RepeatPolicy,
}

impl Rule {
    fn matches(&self, wall: chrono::NaiveDateTime) -> bool {
        self.minutes.contains(&wall.minute()) && self.hours.contains(&wall.hour())
    }

    fn expression(&self) -> String {
        let list = |values: &[u32]| values.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        format!(
            "0 {} {} * * ?",
            list(&self.minutes),
            if self.hours.len() == 24 { "*".into() } else { list(&self.hours) }
        )
    }
}

fn rules() -> impl Strategy<Value = Rule> {
    let minutes = proptest::collection::btree_set(0..60u32, 1..5);
    let some_hours = proptest::collection::btree_set(prop_oneof![0..4u32, 0..24u32, 22..24u32], 1..4);
    let hours =
        prop_oneof![3 => some_hours.prop_map(|hours| hours.into_iter().collect()), 1 => Just((0..24).collect())];
    let gap = prop_oneof![Just(GapPolicy::Skip), Just(GapPolicy::RunAfter)];
    let repeat = prop_oneof![Just(RepeatPolicy::First), Just(RepeatPolicy::Both)];
    (minutes, hours, gap, repeat).prop_map(|(minutes, hours, gap, repeat): (_, Vec<u32>, _, _)| Rule {
        minutes: minutes.into_iter().collect(),
        hours,
        gap,
        repeat,
    })
}

/// A zone and a moment some hours before one of its changes.
const CHANGES: [(&str, &str); 10] = [
    (NEW_YORK, "2026-03-08T01:00:00Z"),
    (NEW_YORK, "2026-10-31T22:00:00Z"),
    ("Europe/Berlin", "2026-03-28T20:00:00Z"),
    ("Europe/Berlin", "2026-10-24T18:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T09:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-04T08:00:00Z"),
    ("America/Santiago", "2026-09-05T22:00:00Z"),
    ("America/Santiago", "2026-04-04T22:00:00Z"),
    ("Pacific/Apia", "2011-12-30T00:00:00Z"),
    ("Asia/Pyongyang", "2015-08-14T08:00:00Z"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn the_fast_way_and_the_slow_way_agree_around_every_change(
        rule in rules(), change in proptest::sample::select(&CHANGES), offset in 0..180i64, millis in 0..1_000i64,
    ) {
        let (zone, from) = change;
        let from = at(from) + TimeDelta::minutes(offset);
        let schedule = cron_with(&rule.expression(), zone, rule.gap, rule.repeat);
        let after = from + TimeDelta::milliseconds(millis);
        let fast = schedule.due(DateTime::UNIX_EPOCH, after, from + TimeDelta::hours(20), 10_000);
        prop_assert_eq!(fast, slowly(&rule, zone.parse().unwrap(), from, 20));
    }
}
