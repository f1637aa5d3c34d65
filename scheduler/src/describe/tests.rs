//! Sentences for expressions people write, in both languages, and for odd ones.

use super::{Language, describe};
use crate::schedule::{Schedule, ScheduleDraft, ScheduleKind};

fn sentences(kind: ScheduleKind, expression: &str) -> (String, String) {
    let draft =
        ScheduleDraft { kind, expression: expression.into(), zone: "Asia/Shanghai".into(), ..ScheduleDraft::default() };
    let schedule = Schedule::parse(&draft).unwrap_or_else(|problem| panic!("{expression}: {problem}"));
    (describe(&schedule, Language::En), describe(&schedule, Language::Zh))
}

#[test]
fn usual_cron_expressions_read_as_people_would_say_them() {
    let known = [
        ("0 30 9 ? * MON-FRI", "every weekday at 09:30", "每个工作日 09:30"),
        ("0 0 0 * * ?", "every day at 00:00", "每天 00:00"),
        ("*/5 * * * *", "every 5 minutes", "每 5 分钟"),
        ("* * * * *", "every minute", "每分钟"),
        ("* * * * * *", "every second", "每秒"),
        ("*/10 * * * * ?", "every 10 seconds", "每 10 秒"),
        ("30 */5 * * * ?", "every 5 minutes at second 30", "每 5 分钟的第 30 秒"),
        ("@hourly", "every hour", "每小时整点"),
        ("15 * * * *", "every hour at minute 15", "每小时第 15 分"),
        ("20 15 * * * ?", "every hour at minute 15, second 20", "每小时第 15 分 20 秒"),
        ("0 15 */2 * * ?", "every 2 hours from 00:15", "从 00:15 起每 2 小时"),
        ("0 0 8,18 * * ?", "every day at 08:00 and 18:00", "每天 08:00、18:00"),
        ("5 0 8 * * ?", "every day at 08:00:05", "每天 08:00:05"),
        ("@weekly", "every Sunday at 00:00", "每周日 00:00"),
        ("0 0 9 ? * SUN,WED", "every Wednesday and Sunday at 09:00", "每周三、每周日 09:00"),
        ("@monthly", "on day 1 of every month at 00:00", "每月 1 日 00:00"),
        ("0 0 8 1,15 * ?", "on days 1 and 15 of every month at 08:00", "每月 1、15 日 08:00"),
        ("0 0 8 L * ?", "on the last day of every month at 08:00", "每月最后一天 08:00"),
        ("0 0 8 L-3 * ?", "on the day 3 days before the last day of every month at 08:00", "每月倒数第 4 天 08:00"),
        ("0 0 8 LW * ?", "on the last weekday of every month at 08:00", "每月最后一个工作日 08:00"),
        ("0 0 8 15W * ?", "on the weekday nearest to day 15 of every month at 08:00", "每月离 15 日最近的工作日 08:00"),
        ("0 0 10 ? * FRIL", "on the last Friday of every month at 10:00", "每月最后一个周五 10:00"),
        ("0 0 10 ? * MON#1", "on the first Monday of every month at 10:00", "每月第 1 个周一 10:00"),
        (
            "0 0 8 1,5-9,L * ?",
            "on days 1 and 5–9 and the last day of every month at 08:00",
            "每月 1、5–9 日、最后一天 08:00",
        ),
        (
            "0 0 0 ? * MON#5,FRIL,TUE",
            "every Tuesday and on the fifth Monday and the last Friday of every month at 00:00",
            "每周二、每月第 5 个周一、每月最后一个周五 00:00",
        ),
        ("@yearly", "on day 1 of January at 00:00", "每年 1 月 1 日 00:00"),
        (
            "0 0 10 ? 3,6-9 MON-FRI",
            "every weekday in March and June–September at 10:00",
            "每年 3、6–9 月的每个工作日 10:00",
        ),
        ("0 0 10 * * ? 2027", "every day in 2027 at 10:00", "2027 年的每天 10:00"),
        ("0 0 10 1 5 ? 2027-2029", "on day 1 of May in 2027–2029 at 10:00", "2027–2029 年 5 月 1 日 10:00"),
        (
            "0 */5 9-17 ? * MON-FRI",
            "every 5 minutes between 09:00 and 17:59, every weekday",
            "每个工作日，09:00 至 17:59 之间每 5 分钟",
        ),
        ("0 12 13 * FRI", "at 12:00, on day 13 of every month or every Friday", "每月 13 日或每周五，12:00"),
        (
            "0 0 1 1 MON",
            "at 00:00, on day 1 of January or every Monday in January",
            "每年 1 月 1 日或 1 月的每周一，00:00",
        ),
    ];
    for (expression, en, zh) in known {
        let expected = (format!("{en} (Asia/Shanghai)"), format!("{zh}（Asia/Shanghai）"));
        assert_eq!(sentences(ScheduleKind::Cron, expression), expected, "{expression}");
    }
}

#[test]
fn what_has_no_pattern_is_listed_field_by_field() {
    let (en, zh) = sentences(ScheduleKind::Cron, "0 */7 9-17 * * ?");
    assert_eq!(en, "at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of hours 9–17 (Asia/Shanghai)");
    assert_eq!(zh, "第 9–17 时的第 0、7、14、21、28、35、42、49、56 分（Asia/Shanghai）");
    let (en, zh) = sentences(ScheduleKind::Cron, "* 1,3-4 */3 * * ?");
    assert_eq!(en, "at every second of minutes 1 and 3–4 of hours 0, 3, 6, 9, 12, 15, 18 and 21 (Asia/Shanghai)");
    assert_eq!(zh, "第 0、3、6、9、12、15、18、21 时的第 1、3–4 分的每秒（Asia/Shanghai）");
    let (en, zh) = sentences(ScheduleKind::Cron, "0 0 */20 * FRI");
    assert_eq!(en, "at 00:00, on days 1 and 21 of every month as far as that matches every Friday (Asia/Shanghai)");
    assert_eq!(zh, "每月 1、21 日（且须为每周五），00:00（Asia/Shanghai）");
}

#[test]
fn the_other_kinds_have_their_sentences() {
    let (en, zh) = sentences(ScheduleKind::FixedRate, "1h30m");
    assert_eq!((en.as_str(), zh.as_str()), ("every 1 hour 30 minutes", "每隔 1 小时 30 分钟"));
    let (en, zh) = sentences(ScheduleKind::FixedDelay, "1500ms");
    assert_eq!(en, "1 second 500 milliseconds after the end of the previous run");
    assert_eq!(zh, "上次运行结束 1 秒 500 毫秒后");
    let (en, zh) = sentences(ScheduleKind::Once, "2026-11-22T08:00:00Z");
    assert_eq!(en, "once at 2026-11-22 16:00:00 (Asia/Shanghai)");
    assert_eq!(zh, "仅一次：2026-11-22 16:00:00（Asia/Shanghai）");
    let (en, zh) = sentences(ScheduleKind::Manual, "");
    assert_eq!((en.as_str(), zh.as_str()), ("only by hand", "仅手动触发"));
}

#[test]
fn every_expression_in_the_other_tests_has_a_sentence_without_gaps() {
    for expression in
        ["* * * L,15W,LW,L-3W * ?", "59 59 23 31 12 ? 2099", "0 0 0 ? * MON#5,FRIL,TUE", "1 2,40 3-9 1-7 * *"]
    {
        let (en, zh) = sentences(ScheduleKind::Cron, expression);
        for sentence in [en, zh] {
            assert!(!sentence.contains('?') && !sentence.contains("  "), "{sentence}");
        }
    }
}
