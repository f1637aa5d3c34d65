//! Which node gets a run: asked once for each attempt.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use hzm_job_scheduler::routing::{RoutingStrategy, Selection, choose};
use std::hint::black_box;

fn routing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("routing");
    for nodes in [2, 100] {
        let addresses: Vec<String> = (0..nodes).map(|number| format!("http://10.0.0.{number}:7777")).collect();
        let nodes: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let tried: Vec<String> = addresses.iter().take(1).cloned().collect();
        for strategy in RoutingStrategy::ALL {
            let mut cursor = 0;
            group.bench_function(BenchmarkId::new(format!("{strategy:?}"), nodes.len()), |bencher| {
                bencher.iter(|| {
                    cursor += 1;
                    choose(strategy, black_box(&Selection { nodes: &nodes, tried: &tried, cursor, dice: cursor * 7 }))
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, routing);
criterion_main!(benches);
