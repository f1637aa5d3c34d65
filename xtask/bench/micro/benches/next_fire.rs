//! The next occurrence of a schedule: what a job asks after each fire. Each answer is the next question's `after`, so that the
//! easy and the hard moments of a year are all asked about.

use chrono::{DateTime, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use hzm_job_scheduler::schedule::{Schedule, ScheduleDraft, ScheduleKind};
use std::hint::black_box;

/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;

fn schedule(kind: ScheduleKind, expression: &str, zone: &str) -> Schedule {
    let draft = ScheduleDraft { kind, expression: expression.into(), zone: zone.into(), ..ScheduleDraft::default() };
    Schedule::parse(&draft).expect("a schedule that is understood")
}

fn next_fire(criterion: &mut Criterion) {
    let start = DateTime::from_timestamp(START, 0).expect("a moment");
    let mut group = criterion.benchmark_group("next_fire");
    for (name, kind, expression, zone) in [
        ("every second", ScheduleKind::Cron, "* * * * * ?", "UTC"),
        ("every 5 minutes", ScheduleKind::Cron, "0 */5 * * * ?", "Asia/Shanghai"),
        ("daily, in a zone with summer time", ScheduleKind::Cron, "0 30 2 * * ?", "Europe/Berlin"),
        ("last Friday of a quarter", ScheduleKind::Cron, "0 0 18 ? 3,6,9,12 FRIL", "America/New_York"),
        ("29 February", ScheduleKind::Cron, "0 0 0 29 2 ?", "UTC"),
        ("fixed rate", ScheduleKind::FixedRate, "90s", "UTC"),
    ] {
        let schedule = schedule(kind, expression, zone);
        let mut after: DateTime<Utc> = start;
        group.bench_function(name, |bencher| {
            bencher.iter(|| after = schedule.next_fire(start, black_box(after)).unwrap_or(start));
        });
    }
    group.finish();
}

fn parse(criterion: &mut Criterion) {
    let (kind, expression) = (ScheduleKind::Cron, "0 0/10 8-18 ? * MON-FRI".into());
    let draft = ScheduleDraft { kind, expression, ..ScheduleDraft::default() };
    assert!(Schedule::parse(&draft).is_ok(), "an expression that is refused would be cheap");
    criterion.bench_function("parse a cron expression", |bencher| bencher.iter(|| Schedule::parse(black_box(&draft))));
}

criterion_group!(benches, next_fire, parse);
criterion_main!(benches);
