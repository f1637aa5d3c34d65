//! A second opinion: `croner`, another reading of the same language, over random expressions and moments.
//!
//! Left out, because the two dialects differ or croner cannot read them:
//! - `L-k`, `L-kW`, ranges that wrap, `L` alone as day of week: croner refuses them or never fires;
//! - `nW` for days that some months lack: croner counts them in every month, we do not;
//! - both day fields restricted: croner takes either (Vixie), we refuse it in six fields; five fields are compared;
//! - daylight saving: croner decides by the form of seconds and minutes too, we by the hours alone; UTC is compared here
//!   and changes of the clock have their own slow reading in `daylight_saving`.

use crate::support::cron;
use chrono::{DateTime, Utc};
use croner::parser::{CronParser, Seconds, Year};
use proptest::prelude::*;

fn item(least: u32, most: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (least..=most).prop_map(|value| value.to_string()),
        1 => (least..=most, 1..=most / 2).prop_map(|(start, step)| format!("{start}/{step}")),
        1 => (1..=most / 2).prop_map(|step| format!("*/{step}")),
        2 => (least..=most, least..=most).prop_map(|(one, other)| format!("{}-{}", one.min(other), one.max(other))),
        1 => (least..=most, least..=most, 1..=most / 2)
            .prop_map(|(one, other, step)| format!("{}-{}/{step}", one.min(other), one.max(other))),
    ]
}

fn field(least: u32, most: u32) -> impl Strategy<Value = String> {
    let list = proptest::collection::vec(item(least, most), 1..4).prop_map(|items| items.join(","));
    prop_oneof![1 => Just("*".to_owned()), 2 => list]
}

/// Both day fields, one of them open.
fn quartz_days() -> impl Strategy<Value = (String, String)> {
    let open = || "?".to_owned();
    let name = proptest::sample::select(&["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]);
    prop_oneof![
        2 => field(1, 31).prop_map(move |text| (text, open())),
        1 => (1..=28u32).prop_map(move |day| (format!("{day}W"), open())),
        1 => Just(("L".to_owned(), open())),
        1 => Just(("LW".to_owned(), open())),
        2 => field(1, 7).prop_map(move |text| (open(), text)),
        1 => (1..=7u32).prop_map(move |day| (open(), format!("{day}L"))),
        1 => (1..=7u32, 1..=5u32).prop_map(move |(day, nth)| (open(), format!("{day}#{nth}"))),
        1 => name.prop_map(move |day| (open(), day.to_owned())),
    ]
}

fn quartz() -> impl Strategy<Value = String> {
    (field(0, 59), field(0, 59), field(0, 23), quartz_days(), field(1, 12)).prop_map(
        |(second, minute, hour, (day, weekday), month)| format!("{second} {minute} {hour} {day} {month} {weekday}"),
    )
}

/// Five fields; the day fields are plain numbers, because croner and Vixie differ on what a star with a step restricts.
fn unix() -> impl Strategy<Value = String> {
    let days =
        prop_oneof![Just("*".to_owned()), (1..=31u32).prop_map(|day| day.to_string()), Just("1-7,20".to_owned())];
    let weekdays =
        prop_oneof![Just("*".to_owned()), (0..=7u32).prop_map(|day| day.to_string()), Just("1-5".to_owned())];
    (field(0, 59), field(0, 23), days, field(1, 12), weekdays)
        .prop_map(|(minute, hour, day, month, weekday)| format!("{minute} {hour} {day} {month} {weekday}"))
}

fn moments() -> impl Strategy<Value = DateTime<Utc>> {
    (1_770_000_000..2_000_000_000i64).prop_map(|second| DateTime::from_timestamp(second, 0).expect("a year near ours"))
}

/// Croner's next occurrences.
fn croner(expression: &str, quartz: bool, after: DateTime<Utc>) -> Option<Vec<DateTime<Utc>>> {
    let parser = CronParser::builder()
        .seconds(if quartz { Seconds::Required } else { Seconds::Disallowed })
        .year(Year::Disallowed)
        .alternative_weekdays(quartz)
        .sloppy_ranges(true)
        .build();
    let other = parser.parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let mut found = Vec::new();
    let mut last = after;
    for _ in 0..4 {
        last = other.find_next_occurrence(&last, false).ok()?;
        found.push(last);
    }
    Some(found)
}

fn compare(expression: &str, quartz: bool, after: DateTime<Utc>) -> Result<(), TestCaseError> {
    use hzm_job_scheduler::schedule::{Schedule, ScheduleDraft, ScheduleKind};
    let Some(expected) = croner(expression, quartz, after) else {
        // An impossible date, such as 31 February: both must say so.
        let kind = ScheduleKind::Cron;
        let draft = ScheduleDraft { kind, expression: expression.to_owned(), ..ScheduleDraft::default() };
        prop_assert_eq!(
            Schedule::parse(&draft).map_err(|problem| problem.code()).err(),
            Some("cron_never_fires"),
            "{}",
            expression
        );
        return Ok(());
    };
    prop_assert_eq!(cron(expression, "UTC").upcoming(DateTime::UNIX_EPOCH, after, 4), expected, "{}", expression);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(768))]

    #[test]
    fn croner_agrees_on_six_fields(expression in quartz(), after in moments()) {
        compare(&expression, true, after)?;
    }

    #[test]
    fn croner_agrees_on_five_fields(expression in unix(), after in moments()) {
        compare(&expression, false, after)?;
    }
}
