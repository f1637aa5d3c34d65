//! A batch of the journal on SQLite, every commit on disk: rows that are opened ahead of their moment, and their outcomes.

use chrono::TimeDelta;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::Store;
use hzm_job_store::columns::moment;
use hzm_job_store::ledger::{Batch, Checkpoints, Entry, Known, NewRun, RunChange};
use std::ops::Range;
use tokio::runtime::{Builder, Runtime};

/// A ledger that only this benchmark writes.
struct Ledger {
    runtime: Runtime,
    store: Store,
    epoch: i64,
    /// Milliseconds: each batch is of another moment.
    due: i64,
}

impl Ledger {
    fn open(folder: &tempfile::TempDir) -> Ledger {
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let url = format!("sqlite://{}", folder.path().join("ledger.db").display());
        let store = Store::open(&url, &log).expect("a new ledger");
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let epoch = runtime.block_on(store.partition_claim_all("bench".into(), moment(0))).expect("partitions");
        Ledger { runtime, store, epoch, due: 1_800_000_000_000 }
    }

    fn ids(&self, many: i64) -> Range<i64> {
        self.runtime.block_on(self.store.run_id_block_lease(many)).expect("ids")
    }

    fn commit(&self, first_id: i64, entries: Vec<Entry>) {
        let batch = Batch { epoch: self.epoch, journal: 0, entries, first_id, checkpoints: Checkpoints::default() };
        self.runtime.block_on(self.store.ledger_commit(batch)).expect("a commit");
    }

    fn opening(&mut self, ids: Range<i64>) -> Vec<Entry> {
        self.due += 1;
        let due = moment(self.due);
        let new = |id: i64| NewRun {
            // The jobs of a batch lie far apart, as those that are due at one moment do.
            job: JobId(id.wrapping_mul(618_033).rem_euclid(1_000_000)),
            executor: ExecutorId(1),
            kind: RunKind::Scheduled,
            scheduled_at: due,
            attempt: 0,
            state: RunState::Planned,
            reason: Reason::None,
            not_before: due,
            node: None,
            pinned: false,
            parameters: Some(r#"{"report":"monthly","region":"north"}"#.into()),
            requested_by: None,
            request_key: None,
            created_at: due - TimeDelta::milliseconds(700),
            message: None,
        };
        ids.map(|id| Entry::Open(new(id))).collect()
    }

    fn outcomes(&self, ids: Range<i64>) -> Vec<Entry> {
        let at = moment(self.due);
        let known = Known { node: Some("http://10.0.0.7:7777".into()), sent_at: Some(at), ..Known::default() };
        let known = Known { accepted_at: Some(at), code: Some(200), ..known };
        let (from, to, reason) = (RunState::Planned, RunState::Succeeded, Reason::Reported);
        let change = |id| RunChange { run: RunId(id), from, to, reason, at, known: known.clone(), then: None };
        ids.map(|id| Entry::Change(change(id))).collect()
    }
}

fn batches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal batch on SQLite, a commit each: opened, then ended");
    group.sample_size(20);
    for size in [1_i64, 100, 1_000] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut ledger = Ledger::open(&folder);
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                let ids = ledger.ids(size);
                let entries = ledger.opening(ids.clone());
                ledger.commit(ids.start, entries);
                ledger.commit(ids.start, ledger.outcomes(ids));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, batches);
criterion_main!(benches);
