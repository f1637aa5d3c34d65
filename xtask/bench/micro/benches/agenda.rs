//! The agenda of a shard with a hundred thousand and a million sleeping jobs: one wakes and goes to sleep again.

use chrono::DateTime;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::agenda::Agenda;

fn wake_and_sleep(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("agenda: wake one, and let it sleep");
    for jobs in [100_000_i64, 1_000_000] {
        let mut agenda = Agenda::default();
        let at = |millis: i64| DateTime::from_timestamp_millis(1_767_225_600_000 + millis).expect("a moment");
        // One job a millisecond, in an order that is not that of their numbers.
        (0..jobs).for_each(|number| agenda.set(JobId(number), at(number * 7_919 % jobs)));
        let mut now = 0;
        group.bench_function(BenchmarkId::from_parameter(jobs), |bencher| {
            bencher.iter(|| {
                for job in agenda.take_due(at(now), 1) {
                    agenda.set(job, at(now + jobs));
                }
                now += 1;
            });
        });
        assert_eq!(agenda.len() as i64, jobs, "none is lost");
    }
    group.finish();
}

criterion_group!(benches, wake_and_sleep);
criterion_main!(benches);
