//! What expressions mean, against dates computed by hand from the calendars of 2026 and 2028.

use crate::support::{at, cron, is_well_punctuated, problem};
use hzm_job_scheduler::schedule::{ScheduleKind, ScheduleProblem, ScheduleWarning};

/// Occurrences in UTC after the beginning of 1 October 2026, a Thursday.
fn occurrences(expression: &str, count: usize) -> Vec<String> {
    let start = at("2026-10-01T00:00:00Z");
    let moments = cron(expression, "UTC").upcoming(start, start, count);
    moments.iter().map(|moment| moment.format("%Y-%m-%d %H:%M:%S").to_string()).collect()
}

fn check(table: &[(&str, &[&str])]) {
    for (expression, expected) in table {
        assert_eq!(&occurrences(expression, expected.len()), expected, "{expression}");
    }
}

#[test]
fn the_examples_of_the_quartz_manual_fire_when_it_says() {
    check(&[
        ("0 0 12 * * ?", &["2026-10-01 12:00:00", "2026-10-02 12:00:00"]),
        ("0 15 10 ? * *", &["2026-10-01 10:15:00", "2026-10-02 10:15:00"]),
        ("0 15 10 * * ? *", &["2026-10-01 10:15:00", "2026-10-02 10:15:00"]),
        ("0 15 10 * * ? 2027", &["2027-01-01 10:15:00", "2027-01-02 10:15:00"]),
        ("0 * 14 * * ?", &["2026-10-01 14:00:00", "2026-10-01 14:01:00"]),
        ("0 0/5 14 * * ?", &["2026-10-01 14:00:00", "2026-10-01 14:05:00"]),
        ("0 0/5 14,18 * * ?", &["2026-10-01 14:00:00", "2026-10-01 14:05:00"]),
        ("0 0-5 14 * * ?", &["2026-10-01 14:00:00", "2026-10-01 14:01:00"]),
        ("0 10,44 14 ? 3 WED", &["2027-03-03 14:10:00", "2027-03-03 14:44:00", "2027-03-10 14:10:00"]),
        ("0 15 10 ? * MON-FRI", &["2026-10-01 10:15:00", "2026-10-02 10:15:00", "2026-10-05 10:15:00"]),
        ("0 15 10 15 * ?", &["2026-10-15 10:15:00", "2026-11-15 10:15:00"]),
        ("0 15 10 L * ?", &["2026-10-31 10:15:00", "2026-11-30 10:15:00"]),
        ("0 15 10 L-2 * ?", &["2026-10-29 10:15:00", "2026-11-28 10:15:00"]),
        ("0 15 10 ? * 6L", &["2026-10-30 10:15:00", "2026-11-27 10:15:00"]),
        ("0 15 10 ? * 6L 2026-2029", &["2026-10-30 10:15:00", "2026-11-27 10:15:00"]),
        ("0 15 10 ? * 6#3", &["2026-10-16 10:15:00", "2026-11-20 10:15:00"]),
        ("0 0 12 1/5 * ?", &["2026-10-01 12:00:00", "2026-10-06 12:00:00", "2026-10-11 12:00:00"]),
        ("0 11 11 11 11 ?", &["2026-11-11 11:11:00", "2027-11-11 11:11:00"]),
    ]);
}

#[test]
fn the_day_rules_of_quartz_hold() {
    check(&[
        ("0 0 0 LW * ?", &["2026-10-30 00:00:00", "2026-11-30 00:00:00"]),
        ("0 0 0 15W * ?", &["2026-10-15 00:00:00", "2026-11-16 00:00:00"]),
        ("0 0 0 1W * ?", &["2026-11-02 00:00:00", "2026-12-01 00:00:00", "2027-01-01 00:00:00"]),
        ("0 0 0 L-3W * ?", &["2026-10-28 00:00:00", "2026-11-27 00:00:00", "2026-12-28 00:00:00"]),
        ("0 0 0 L,15 * ?", &["2026-10-15 00:00:00", "2026-10-31 00:00:00"]),
        ("0 0 0 ? * L", &["2026-10-03 00:00:00", "2026-10-10 00:00:00"]),
        ("0 0 0 ? * FRIL", &["2026-10-30 00:00:00", "2026-11-27 00:00:00"]),
        ("0 0 0 ? * MON#5", &["2026-11-30 00:00:00", "2027-03-29 00:00:00"]),
        (
            "0 0 0 ? * FRI-MON",
            &[
                "2026-10-02 00:00:00",
                "2026-10-03 00:00:00",
                "2026-10-04 00:00:00",
                "2026-10-05 00:00:00",
                "2026-10-09 00:00:00",
            ],
        ),
        ("0 0 22-2 * * ?", &["2026-10-01 01:00:00", "2026-10-01 02:00:00", "2026-10-01 22:00:00"]),
        ("0 0 0 29 2 ?", &["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
        ("0 0 0 31 * ?", &["2026-10-31 00:00:00", "2026-12-31 00:00:00"]),
    ]);
}

#[test]
fn six_and_seven_fields_count_days_from_sunday_as_one() {
    check(&[
        ("0 0 0 ? * 1", &["2026-10-04 00:00:00"]),
        ("0 0 0 ? * 7", &["2026-10-03 00:00:00"]),
        ("0 0 0 ? * 0", &["2026-10-04 00:00:00"]),
        ("0 0 0 ? * 2-6", &["2026-10-02 00:00:00", "2026-10-05 00:00:00"]),
        ("0 0 0 ? * 2#1", &["2026-10-05 00:00:00"]),
    ]);
}

#[test]
fn five_fields_count_days_as_unix_does() {
    check(&[
        ("0 0 * * 0", &["2026-10-04 00:00:00"]),
        ("0 0 * * 7", &["2026-10-04 00:00:00"]),
        ("0 0 * * 1-5", &["2026-10-02 00:00:00", "2026-10-05 00:00:00"]),
        ("0 0 * * 5-7", &["2026-10-02 00:00:00", "2026-10-03 00:00:00", "2026-10-04 00:00:00", "2026-10-09 00:00:00"]),
        ("0 0 * * 0-7", &["2026-10-02 00:00:00", "2026-10-03 00:00:00"]),
        ("0 0 * * 6-1", &["2026-10-03 00:00:00", "2026-10-04 00:00:00", "2026-10-05 00:00:00"]),
        ("0 0 * * 1#1", &["2026-10-05 00:00:00"]),
        ("0 0 * * 5L", &["2026-10-30 00:00:00"]),
        ("0 0 * * SUN", &["2026-10-04 00:00:00"]),
    ]);
}

#[test]
fn five_fields_match_either_day_unless_one_begins_with_a_star() {
    check(&[
        ("0 0 13 * FRI", &["2026-10-02 00:00:00", "2026-10-09 00:00:00", "2026-10-13 00:00:00"]),
        ("0 0 */10 * FRI", &["2026-12-11 00:00:00", "2027-01-01 00:00:00"]),
        ("0 0 ? * FRI", &["2026-10-02 00:00:00", "2026-10-09 00:00:00"]),
        ("30 4 1,15 * 5", &["2026-10-01 04:30:00", "2026-10-02 04:30:00", "2026-10-09 04:30:00"]),
    ]);
}

#[test]
fn what_the_original_accepts_means_here_what_it_means_there() {
    // Its parser's manual, with the seconds that it asks for in front; weekdays by name.
    check(&[
        ("0 30 * * * *", &["2026-10-01 00:30:00", "2026-10-01 01:30:00"]),
        (
            "0 30 3-6,20-23 * * *",
            &[
                "2026-10-01 03:30:00",
                "2026-10-01 04:30:00",
                "2026-10-01 05:30:00",
                "2026-10-01 06:30:00",
                "2026-10-01 20:30:00",
            ],
        ),
        ("CRON_TZ=Asia/Tokyo 0 30 04 * * *", &["2026-10-01 19:30:00", "2026-10-02 19:30:00"]),
        ("0 0 0 1 jan ?", &["2027-01-01 00:00:00"]),
        ("0 0 12 ? * sun,Sat", &["2026-10-03 12:00:00", "2026-10-04 12:00:00"]),
        ("0 0 12 ? * MON-FRI/2", &["2026-10-02 12:00:00", "2026-10-05 12:00:00", "2026-10-07 12:00:00"]),
        (
            "5/20 * * * * *",
            &["2026-10-01 00:00:05", "2026-10-01 00:00:25", "2026-10-01 00:00:45", "2026-10-01 00:01:05"],
        ),
    ]);
}

#[test]
fn descriptors_stand_for_their_expressions() {
    check(&[
        ("@hourly", &["2026-10-01 01:00:00", "2026-10-01 02:00:00"]),
        ("@daily", &["2026-10-02 00:00:00"]),
        ("@midnight", &["2026-10-02 00:00:00"]),
        ("@weekly", &["2026-10-04 00:00:00", "2026-10-11 00:00:00"]),
        ("@monthly", &["2026-11-01 00:00:00"]),
        ("@yearly", &["2027-01-01 00:00:00"]),
        ("@annually", &["2027-01-01 00:00:00"]),
        ("@every 1h30m", &["2026-10-01 01:30:00", "2026-10-01 03:00:00"]),
        ("CRON_TZ=Asia/Shanghai 0 0 9 * * *", &["2026-10-01 01:00:00"]),
        ("TZ=Asia/Shanghai @daily", &["2026-10-01 16:00:00"]),
    ]);
    assert_eq!(cron("@every 1h30m", "UTC").kind(), ScheduleKind::FixedRate);
    assert_eq!(cron("CRON_TZ=Asia/Tokyo @daily", "UTC").zone(), chrono_tz::Asia::Tokyo);
}

#[test]
fn numbered_days_in_six_fields_bring_a_warning_and_names_do_not() {
    let warnings = |expression| cron(expression, "UTC").warnings();
    for numbered in ["0 0 0 ? * 1", "0 0 0 ? * MON,2-6", "0 0 0 ? * 6L", "0 0 0 ? * 2#1 2027", "0 0 0 ? * 1/2"] {
        assert_eq!(warnings(numbered), [ScheduleWarning::DayNumbers], "{numbered}");
    }
    for safe in
        ["0 0 0 ? * MON-FRI", "0 0 0 ? * MON#1", "0 0 0 1 * ?", "0 0 0 ? * */2", "0 0 * * 1", "@weekly", "@every 5s"]
    {
        assert_eq!(warnings(safe), [], "{safe}");
    }
}

#[test]
fn an_item_that_is_wrong_is_named_with_its_place() {
    let message = |expression| problem(ScheduleKind::Cron, expression, "UTC").to_string();
    assert_eq!(message("0 61 * * * ?"), "minute (field 2 of 6), \"61\": a value is out of range; use 0 to 59");
    assert_eq!(
        message("0 0 0 ? * 2#6"),
        "day of week (field 6 of 6), \"2#6\": a month has at most five of each weekday; use #1 to #5"
    );
    assert_eq!(message("0 0 * * 8"), "day of week (field 5 of 5), \"8\": a value is out of range; use 0 to 7");
    assert_eq!(
        problem(ScheduleKind::Cron, "0 61 * * * ?", "UTC").zh(),
        "分字段（第 2 个，共 6 个）中的“61”：数值超出范围，允许 0 到 59"
    );
}

#[test]
fn every_kind_of_mistake_has_its_code() {
    let known = [
        ("", "expression_empty"),
        ("   ", "expression_empty"),
        ("* * * *", "cron_field_count"),
        ("* * * * * * * *", "cron_field_count"),
        ("hello", "cron_field_count"),
        ("@reboot", "cron_descriptor"),
        ("@every", "cron_descriptor"),
        ("@every 5x", "bad_duration"),
        ("@every 10ms", "duration_too_short"),
        ("0 0 0 1 * MON", "cron_both_days"),
        ("0 0 0 */2 * MON", "cron_both_days"),
        ("0 0 0 L * FRIL", "cron_both_days"),
        ("0 0 0 31 2 ?", "cron_never_fires"),
        ("0 0 30 2 *", "cron_never_fires"),
        ("0 0 0 1 1 ? 2020", "cron_never_fires"),
        ("0 0 0 1 1 ? 1999", "cron_never_fires"),
        ("0 0 0 31W 2,4,6 ?", "cron_never_fires"),
        ("0 0 0 L-29 2 ?", "cron_never_fires"),
        ("0 0 0 L-31 * ?", "cron_item"),
        ("0 0 0 32 * ?", "cron_item"),
        ("0 0 0 0 * ?", "cron_item"),
        ("0 0 0 32W * ?", "cron_item"),
        ("0 0 0 W * ?", "cron_item"),
        ("0 0 0 L3 * ?", "cron_item"),
        ("0 0 0 ? * XYZ", "cron_item"),
        ("0 0 0 ? * MON#", "cron_item"),
        ("0 0 0 ? * #1", "cron_item"),
        ("0 0 ? * * *", "cron_item"),
        ("0 0 0 1,? * ?", "cron_item"),
        ("0 0 0 1,,2 * ?", "cron_item"),
        ("0 0 L * * ?", "cron_item"),
        ("CRON_TZ=Mars/Olympus 0 0 * * *", "unknown_zone"),
        ("CRON_TZ=UTC", "expression_empty"),
    ];
    for (expression, code) in known {
        let problem = problem(ScheduleKind::Cron, expression, "UTC");
        assert_eq!(problem.code(), code, "{expression}: {problem}");
        assert!(is_well_punctuated(&problem.zh()), "{}", problem.zh());
    }
}

#[test]
fn hostile_expressions_end_in_an_error_at_once() {
    let many = format!("{} * * * *", "1,".repeat(4_000));
    let zones = format!("CRON_TZ={} * * * * *", "A".repeat(200));
    let number = format!("{} * * * *", "9".repeat(200));
    let steps = format!("*/{} * * * *", "9".repeat(200));
    let commas = format!("{} * * * *", ",".repeat(200));
    for (expression, code) in [
        (many.as_str(), "expression_too_long"),
        (zones.as_str(), "unknown_zone"),
        (number.as_str(), "cron_item"),
        (steps.as_str(), "cron_item"),
        (commas.as_str(), "cron_item"),
        ("５ * * * *", "cron_item"),
        ("* * * * 周一", "cron_item"),
        ("\u{202e}* * * * *", "cron_item"),
        ("0 0 0 4294967297 * ?", "cron_item"),
        ("-1 * * * *", "cron_item"),
    ] {
        let problem = problem(ScheduleKind::Cron, expression, "UTC");
        assert_eq!(problem.code(), code, "{problem}");
        assert!(problem.to_string().chars().count() < 300, "messages stay short: {problem}");
    }
}

#[test]
fn an_unknown_zone_is_answered_with_its_neighbours() {
    let problem = problem(ScheduleKind::Cron, "0 0 * * *", "Asia/Shangai");
    let ScheduleProblem::UnknownZone { nearest, .. } = &problem else { panic!("{problem}") };
    assert_eq!(nearest.first().map(String::as_str), Some("Asia/Shanghai"));
    assert!(
        problem.to_string().starts_with("\"Asia/Shangai\" is not the name of a time zone; did you mean Asia/Shanghai")
    );
}
