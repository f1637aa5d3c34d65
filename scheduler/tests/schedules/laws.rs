//! Laws that hold for every schedule, tried on random ones.

use crate::support::{at, cron};
use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use hzm_job_scheduler::schedule::{GapPolicy, RepeatPolicy, Schedule, ScheduleDraft, ScheduleKind};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;

const ZONES: [&str; 6] =
    ["UTC", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu"];

/// A field as a list of values, with the text that says the same.
fn field(least: u32, most: u32) -> impl Strategy<Value = (String, BTreeSet<u32>)> {
    let text = |set: &BTreeSet<u32>| set.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    prop_oneof![
        2 => Just(("*".to_owned(), (least..=most).collect())),
        2 => proptest::collection::btree_set(least..=most, 1..5).prop_map(move |set| (text(&set), set)),
        1 => (least..=most, 1..most).prop_map(move |(start, step)| {
            (format!("{start}/{step}"), (start..=most).step_by(step as usize).collect())
        }),
        1 => (least..=most, least..=most).prop_map(move |(from, to)| {
            let set = if from <= to { (from..=to).collect() } else { (least..=to).chain(from..=most).collect() };
            (format!("{from}-{to}"), set)
        }),
    ]
}

/// One of the rules that only a day field knows, with a slow way to check a date.
#[derive(Debug, Clone)]
enum Days {
    OfMonth(BTreeSet<u32>),
    OfWeek(BTreeSet<u32>),
    BeforeLast(u32),
    LastOf(u32),
    Nth(u32, u32),
    Nearest(u32),
    LastWeekday,
}

/// The two day fields of a six-field expression and what they mean.
fn days() -> impl Strategy<Value = (String, String, Days)> {
    prop_oneof![
        3 => field(1, 31).prop_map(|(text, set)| (text, "?".to_owned(), Days::OfMonth(set))),
        3 => field(1, 7).prop_map(|(text, set)| ("?".to_owned(), text, Days::OfWeek(set))),
        1 => (0..28u32).prop_map(|before| (format!("L-{before}"), "?".to_owned(), Days::BeforeLast(before))),
        1 => (1..=7u32).prop_map(|day| ("?".to_owned(), format!("{day}L"), Days::LastOf(day))),
        1 => (1..=7u32, 1..=5u32).prop_map(|(day, nth)| ("?".to_owned(), format!("{day}#{nth}"), Days::Nth(day, nth))),
        1 => (1..=28u32).prop_map(|day| (format!("{day}W"), "?".to_owned(), Days::Nearest(day))),
        1 => Just(("LW".to_owned(), "?".to_owned(), Days::LastWeekday)),
    ]
}

impl Days {
    /// Looks at the calendar around `date`, without arithmetic on weekdays.
    fn matches(&self, date: chrono::NaiveDate) -> bool {
        let weekday = date.weekday().number_from_sunday();
        let is_working = |date: chrono::NaiveDate| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        let month: Vec<_> = date
            .with_day(1)
            .expect("every month has a first day")
            .iter_days()
            .take_while(|day| day.month() == date.month())
            .collect();
        let alike: Vec<_> = month.iter().filter(|day| day.weekday() == date.weekday()).collect();
        match self {
            Days::OfMonth(set) => set.contains(&date.day()),
            Days::OfWeek(set) => set.contains(&weekday),
            Days::BeforeLast(before) => month.iter().rev().nth(*before as usize) == Some(&date),
            Days::LastOf(day) => *day == weekday && alike.last() == Some(&&date),
            Days::Nth(day, nth) => *day == weekday && alike.get(*nth as usize - 1) == Some(&&date),
            Days::Nearest(day) => {
                let distance = |other: &&chrono::NaiveDate| other.day().abs_diff(*day);
                month.iter().filter(|day| is_working(**day)).min_by_key(distance) == Some(&date)
            }
            Days::LastWeekday => month.iter().rev().find(|day| is_working(**day)) == Some(&date),
        }
    }
}

/// A random expression, as text and as sets.
#[derive(Debug, Clone)]
struct Sample {
    expression: String,
    seconds: BTreeSet<u32>,
    minutes: BTreeSet<u32>,
    hours: BTreeSet<u32>,
    months: BTreeSet<u32>,
    days: Days,
}

fn samples() -> impl Strategy<Value = Sample> {
    (field(0, 59), field(0, 59), field(0, 23), days(), field(1, 12)).prop_map(
        |(second, minute, hour, (of_month, of_week, days), month)| Sample {
            expression: format!("{} {} {} {of_month} {} {of_week}", second.0, minute.0, hour.0, month.0),
            seconds: second.1,
            minutes: minute.1,
            hours: hour.1,
            months: month.1,
            days,
        },
    )
}

impl Sample {
    fn schedule(&self, zone: &str, gap: GapPolicy, repeat: RepeatPolicy) -> Option<Schedule> {
        let kind = ScheduleKind::Cron;
        let draft = ScheduleDraft { kind, expression: self.expression.clone(), zone: zone.into(), gap, repeat };
        match Schedule::parse(&draft) {
            Ok(schedule) => Some(schedule),
            Err(problem) => {
                assert_eq!(problem.code(), "cron_never_fires", "{}: {problem}", self.expression);
                None
            }
        }
    }

    fn matches(&self, moment: DateTime<Tz>) -> bool {
        self.seconds.contains(&moment.second())
            && self.minutes.contains(&moment.minute())
            && self.hours.contains(&moment.hour())
            && self.months.contains(&moment.month())
            && self.days.matches(moment.date_naive())
    }
}

fn moments() -> impl Strategy<Value = DateTime<Utc>> {
    (1_760_000_000_000..2_100_000_000_000i64)
        .prop_map(|millis| DateTime::from_timestamp_millis(millis).expect("a year near ours"))
}

fn policies() -> impl Strategy<Value = (GapPolicy, RepeatPolicy)> {
    (select(&[GapPolicy::Skip, GapPolicy::RunAfter]), select(&[RepeatPolicy::First, RepeatPolicy::Both]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn occurrences_ascend_lie_after_the_question_and_match_every_field(
        sample in samples(), zone in select(&ZONES), after in moments(), (_, repeat) in policies(),
    ) {
        // Under `skip` every occurrence shows a matching time on the wall; the ends of gaps are the other policy's.
        let Some(schedule) = sample.schedule(zone, GapPolicy::Skip, repeat) else { return Ok(()) };
        let mut last = after;
        for moment in schedule.upcoming(DateTime::UNIX_EPOCH, after, 12) {
            prop_assert!(moment > last, "{} {moment} {last}", sample.expression);
            prop_assert!(sample.matches(moment.with_timezone(&schedule.zone())), "{} {moment}", sample.expression);
            last = moment;
        }
    }

    #[test]
    fn no_match_is_left_out(sample in samples(), after in moments()) {
        let Some(schedule) = sample.schedule("UTC", GapPolicy::Skip, RepeatPolicy::First) else { return Ok(()) };
        let until = after + TimeDelta::minutes(90);
        let expected: Vec<_> = (after.timestamp() + 1..=until.timestamp())
            .filter_map(|second| DateTime::from_timestamp(second, 0))
            .filter(|moment| sample.matches(moment.with_timezone(&Tz::UTC)))
            .collect();
        prop_assert_eq!(schedule.due(DateTime::UNIX_EPOCH, after, until, usize::MAX), expected, "{}", sample.expression);
    }

    #[test]
    fn due_is_the_next_occurrence_again_and_again(
        sample in samples(), zone in select(&ZONES), after in moments(), (gap, repeat) in policies(), hours in 1..2_000i64,
    ) {
        let Some(schedule) = sample.schedule(zone, gap, repeat) else { return Ok(()) };
        let until = after + TimeDelta::hours(hours);
        let mut expected = Vec::new();
        let mut last = after;
        while let Some(next) = schedule.next_fire(after, last).filter(|next| *next <= until && expected.len() < 20) {
            expected.push(next);
            last = next;
        }
        prop_assert_eq!(schedule.due(after, after, until, 20), expected);
    }

    #[test]
    fn the_newest_are_the_end_of_all_that_are_due(
        sample in samples(), zone in select(&ZONES), after in moments(), (gap, repeat) in policies(),
        minutes in 0..600i64, limit in 0..40usize,
    ) {
        let Some(schedule) = sample.schedule(zone, gap, repeat) else { return Ok(()) };
        let until = after + TimeDelta::minutes(minutes);
        let all = schedule.due(after, after, until, usize::MAX);
        let expected = all[all.len().saturating_sub(limit)..].to_vec();
        prop_assert_eq!(schedule.newest(after, after, until, limit), expected);
    }

    #[test]
    fn asking_from_anywhere_before_an_occurrence_leads_to_it(
        sample in samples(), zone in select(&ZONES), after in moments(), (gap, repeat) in policies(), share in 0.0..1.0f64,
    ) {
        let Some(schedule) = sample.schedule(zone, gap, repeat) else { return Ok(()) };
        let Some(next) = schedule.next_fire(DateTime::UNIX_EPOCH, after) else { return Ok(()) };
        let between = after + TimeDelta::milliseconds(((next - after).num_milliseconds() as f64 * share) as i64);
        prop_assert_eq!(schedule.next_fire(DateTime::UNIX_EPOCH, between), Some(next));
        prop_assert_eq!(schedule.next_fire(DateTime::UNIX_EPOCH, next - TimeDelta::milliseconds(1)), Some(next));
    }

    #[test]
    fn any_text_is_answered_and_never_panics(text in "[0-9A-Za-z*?/,#LW@. \\-=:]{0,60}|\\PC{0,40}", index in 0..5usize) {
        use ScheduleKind::{Cron, FixedDelay, FixedRate, Manual, Once};
        let kind = [Cron, FixedRate, FixedDelay, Once, Manual][index];
        let draft = ScheduleDraft { kind, expression: text, ..ScheduleDraft::default() };
        if let Err(problem) = Schedule::parse(&draft) {
            prop_assert!(!problem.to_string().is_empty() && !problem.zh().is_empty() && !problem.code().is_empty());
        }
    }

    #[test]
    fn a_fixed_rate_keeps_its_beat(period_ms in 1_000..100_000_000i64, after in moments(), passed in 0..10_000_000_000i64) {
        let draft = ScheduleDraft {
            kind: ScheduleKind::FixedRate,
            expression: format!("{period_ms}ms"),
            ..ScheduleDraft::default()
        };
        let (schedule, anchor) = (Schedule::parse(&draft).unwrap(), after - TimeDelta::milliseconds(passed));
        let next = schedule.next_fire(anchor, after).unwrap();
        prop_assert!(next > after && next - after <= TimeDelta::milliseconds(period_ms));
        prop_assert_eq!((next - anchor).num_milliseconds() % period_ms, 0);
    }
}

#[test]
fn an_occurrence_at_the_very_millisecond_is_not_repeated() {
    let schedule = cron("0 0 12 * * ?", "UTC");
    let next = |after| schedule.next_fire(DateTime::UNIX_EPOCH, at(after)).unwrap();
    assert_eq!(next("2026-11-22T11:59:59.999Z"), at("2026-11-22T12:00:00Z"));
    assert_eq!(next("2026-11-22T12:00:00Z"), at("2026-11-23T12:00:00Z"));
    assert_eq!(next("2026-11-22T12:00:00.001Z"), at("2026-11-23T12:00:00Z"));
}

#[test]
fn nothing_is_due_at_or_before_the_anchor() {
    let schedule = cron("0 0 * * * ?", "UTC");
    let anchor = at("2026-11-22T10:00:00Z");
    assert_eq!(schedule.next_fire(anchor, at("2026-01-01T00:00:00Z")), Some(at("2026-11-22T11:00:00Z")));
    assert!(schedule.due(anchor, at("2026-01-01T00:00:00Z"), anchor, 10).is_empty());
}

#[test]
fn the_ends_of_time_are_survived() {
    let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
    for zone in ZONES {
        let schedule = cron("0 30 2 * * ?", zone);
        assert!(schedule.next_fire(first, first).is_some_and(|moment| moment.year() >= 1999), "{zone}");
        assert_eq!(schedule.next_fire(last, last), None, "{zone}");
    }
    assert_eq!(simple(ScheduleKind::FixedRate, "1h").next_fire(last, last), None);
    assert_eq!(simple(ScheduleKind::FixedDelay, "1h").next_after_end(last), None);
    assert!(simple(ScheduleKind::FixedRate, "1s").next_fire(first, last - TimeDelta::hours(1)).is_some());
}

#[test]
fn cron_ends_with_its_last_year() {
    let end = at("2099-12-31T23:59:59Z");
    assert_eq!(cron("* * * * * ?", "UTC").next_fire(DateTime::UNIX_EPOCH, end), None);
    let once = cron("0 0 0 1 1 ? 2030", "UTC");
    assert_eq!(once.upcoming(DateTime::UNIX_EPOCH, at("2026-01-01T00:00:00Z"), 5), [at("2030-01-01T00:00:00Z")]);
}

fn simple(kind: ScheduleKind, expression: &str) -> Schedule {
    let zone = "America/New_York".to_owned();
    Schedule::parse(&ScheduleDraft { kind, expression: expression.into(), zone, ..ScheduleDraft::default() })
        .expect(expression)
}

#[test]
fn a_fixed_delay_counts_from_the_end_of_the_run_before() {
    let schedule = simple(ScheduleKind::FixedDelay, "90s");
    let anchor = at("2026-11-22T10:00:00Z");
    assert_eq!(schedule.next_fire(anchor, anchor), Some(at("2026-11-22T10:01:30Z")));
    assert_eq!(schedule.next_fire(anchor, at("2026-11-22T10:01:30Z")), None);
    assert_eq!(schedule.next_after_end(at("2026-11-22T12:00:00.250Z")), Some(at("2026-11-22T12:01:30.250Z")));
    assert_eq!(simple(ScheduleKind::FixedRate, "90s").next_after_end(anchor), None);
}

#[test]
fn a_one_shot_fires_once_and_never_when_it_lay_before_the_anchor() {
    let schedule = simple(ScheduleKind::Once, "2026-11-22T08:00:00");
    let moment = at("2026-11-22T08:00:00-05:00");
    let before = moment - TimeDelta::hours(1);
    assert_eq!(schedule.due(before, before, moment, 5), [moment]);
    assert_eq!(schedule.next_fire(before, moment), None);
    assert_eq!(schedule.next_fire(moment, before), None);
}

#[test]
fn a_one_shot_is_read_in_its_zone_or_with_its_offset() {
    let moment = |text| simple(ScheduleKind::Once, text).next_fire(DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH);
    assert_eq!(moment("2026-11-22T08:00:00+08:00"), Some(at("2026-11-22T00:00:00Z")));
    assert_eq!(moment("2026-11-22T08:00"), Some(at("2026-11-22T13:00:00Z")));
    assert_eq!(moment("2026-11-22 08:00:00.250"), Some(at("2026-11-22T13:00:00.250Z")));
    assert_eq!(moment("2026-11-01T01:30:00"), Some(at("2026-11-01T01:30:00-04:00")), "the first of the two");
    assert_eq!(moment("2026-03-08T02:30:00"), Some(at("2026-03-08T03:00:00-04:00")), "the end of the gap");
}

#[test]
fn what_is_no_moment_is_refused() {
    let problem = |text: &str, gap| {
        let kind = ScheduleKind::Once;
        let draft = ScheduleDraft {
            kind,
            expression: text.into(),
            zone: "America/New_York".into(),
            gap,
            ..ScheduleDraft::default()
        };
        Schedule::parse(&draft).unwrap_err().code()
    };
    assert_eq!(problem("2026-03-08T02:30:00", GapPolicy::Skip), "moment_in_gap");
    for text in [
        "tomorrow",
        "2026-02-30T08:00:00",
        "2026-11-22",
        "1999-11-22T08:00:00",
        "2100-01-01T08:00:00",
        "262143-01-01T00:00:00",
        "+262142-12-31T23:59:59",
    ] {
        assert_eq!(problem(text, GapPolicy::RunAfter), "bad_moment", "{text}");
    }
}

#[test]
fn a_manual_job_is_never_due_and_takes_no_expression() {
    let manual = Schedule::parse(&ScheduleDraft::default()).unwrap();
    assert_eq!(
        (manual.kind(), manual.next_fire(DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH)),
        (ScheduleKind::Manual, None)
    );
    let draft = ScheduleDraft { expression: "* * * * *".into(), ..ScheduleDraft::default() };
    assert_eq!(Schedule::parse(&draft).unwrap_err().code(), "expression_not_wanted");
}

#[test]
fn a_compiled_schedule_is_small_enough_to_keep_a_million() {
    assert!(size_of::<Schedule>() <= 96, "{} bytes", size_of::<Schedule>());
}

#[test]
fn a_draft_is_read_from_json_with_its_defaults_and_refuses_unknown_keys() {
    let draft: ScheduleDraft = serde_json::from_str(r#"{"kind": "cron", "expression": "@daily"}"#).unwrap();
    assert_eq!((draft.zone.as_str(), draft.gap, draft.repeat), ("UTC", GapPolicy::RunAfter, RepeatPolicy::First));
    assert_eq!(serde_json::from_str::<ScheduleDraft>("{}").unwrap(), ScheduleDraft::default());
    assert!(serde_json::from_str::<ScheduleDraft>(r#"{"cron": "@daily"}"#).is_err());
    let text = serde_json::to_string(&ScheduleDraft { kind: ScheduleKind::FixedDelay, ..draft }).unwrap();
    assert_eq!(text, r#"{"kind":"fixed_delay","expression":"@daily","zone":"UTC","gap":"run_after","repeat":"first"}"#);
}
