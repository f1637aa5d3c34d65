//! The JSON of a fire on both wires: what is written for a trigger, and what is read for a result.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hzm_job_protocol::batch::{MOST, Results, RunResult, Triggers};
use hzm_job_protocol::hzm::{Callback, JobHandle};
use std::hint::black_box;

fn trigger(number: i64) -> JobHandle {
    let job_params = Some(r#"{"report":"monthly","region":"north"}"#.to_owned());
    JobHandle { log_id: 1_000_000 + number, job_id: number, job_name: "monthlyReport".into(), job_params }
}

fn alone(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wire: a request each");
    let trigger = trigger(1);
    group.bench_function("write a trigger", |bencher| bencher.iter(|| serde_json::to_vec(black_box(&trigger))));
    let callback = r#"{"logId":1000001,"appKey":"reports","handlerCode":200,"handlerMsg":"42 rows"}"#;
    group.bench_function("read a result", |bencher| {
        bencher.iter(|| serde_json::from_slice::<Callback>(black_box(callback.as_bytes())));
    });
    group.finish();
}

fn together(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wire: a full batch");
    group.throughput(Throughput::Elements(MOST as u64));
    let triggers = Triggers { triggers: (0..MOST as i64).map(trigger).collect() };
    group.bench_function("write triggers", |bencher| bencher.iter(|| serde_json::to_vec(black_box(&triggers))));
    let one = |number| RunResult { log_id: number, handler_code: 200, handler_msg: Some("42 rows".into()) };
    let results = Results { app_key: "reports".into(), results: (0..MOST as i64).map(one).collect() };
    let body = serde_json::to_vec(&results).expect("JSON");
    group
        .bench_function("read results", |bencher| bencher.iter(|| serde_json::from_slice::<Results>(black_box(&body))));
    group.finish();
}

criterion_group!(benches, alone, together);
criterion_main!(benches);
