//! How many rows a second the ledger takes: batches of several sizes, opened and then ended, every commit durable.
//!
//! `cargo run --release -p hzm-job-store --example ledger_speed -- URL` on an **empty** database of yours: it claims the
//! partitions and leaves its rows behind. Prints a table; the figures are of one connection, one batch after the other.

use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::columns::moment;
use hzm_job_store::ledger::{Answer, Batch, Entry, Known, NewRun, RunChange};
use hzm_job_store::{Store, StoreError};
use std::io::Write;
use std::time::{Duration, Instant};

/// How long each size is measured, opening and ending together.
const SPAN: Duration = Duration::from_secs(4);
/// Jobs that take turns.
const JOBS: i64 = 100_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(url) = std::env::args().nth(1) else {
        return Err("usage: ledger_speed URL (of an empty database)".into());
    };
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let store = Store::open(&url, &log)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut out = std::io::stdout();
    writeln!(out, "| entries in a batch | opened a second | ended a second |\n| --- | --- | --- |")?;
    runtime.block_on(async {
        let epoch = store.partition_claim_all("ledger_speed".into(), moment(0)).await?;
        let mut bench = Bench { store, epoch, due: moment(1_800_000_000_000) };
        for size in [1, 10, 100, 1_000] {
            bench.measure(size, SPAN / 8).await?; // Warms up.
            let (opened, ended) = bench.measure(size, SPAN).await?;
            writeln!(out, "| {size} | {opened:.0} | {ended:.0} |")?;
        }
        Ok(())
    })
}

struct Bench {
    store: Store,
    epoch: i64,
    due: DateTime<Utc>,
}

impl Bench {
    /// Rows a second, opened and ended.
    async fn measure(&mut self, size: usize, span: Duration) -> Result<(f64, f64), StoreError> {
        let (mut rows, mut opening, mut ending) = (0, Duration::ZERO, Duration::ZERO);
        while opening + ending < span {
            let first_id = self.store.run_id_block_lease(size as i64).await?.start;
            let opens = (0..size as i64).map(|at| Entry::Open(self.new_run(first_id + at))).collect();
            let (ids, took) = self.commit(opens, first_id).await?;
            opening += took;
            let ends = ids.into_iter().map(|id| Entry::Change(self.end(id))).collect();
            let (_, took) = self.commit(ends, first_id).await?;
            ending += took;
            rows += size;
            self.due += TimeDelta::milliseconds(1);
        }
        let rate = |span: Duration| rows as f64 / span.as_secs_f64();
        Ok((rate(opening), rate(ending)))
    }

    async fn commit(&self, entries: Vec<Entry>, first_id: i64) -> Result<(Vec<RunId>, Duration), StoreError> {
        let batch = Batch { epoch: self.epoch, journal: 0, entries, first_id, checkpoints: Vec::new() };
        let began = Instant::now();
        let answers = self.store.ledger_commit(batch).await?;
        let took = began.elapsed();
        let ids = answers.into_iter().filter_map(|answer| match answer {
            Answer::Opened(id) => Some(id),
            _ => None,
        });
        Ok((ids.collect(), took))
    }

    fn new_run(&self, number: i64) -> NewRun {
        NewRun {
            job: JobId(number % JOBS),
            executor: ExecutorId(1),
            kind: RunKind::Scheduled,
            scheduled_at: self.due,
            attempt: 0,
            state: RunState::Dispatched,
            reason: Reason::None,
            not_before: self.due,
            node: Some("http://10.0.0.7:7777".into()),
            pinned: false,
            parameters: Some(r#"{"report":"monthly","region":"north"}"#.into()),
            requested_by: None,
            request_key: None,
            created_at: self.due,
            message: None,
        }
    }

    fn end(&self, run: RunId) -> RunChange {
        let known = Known { code: Some(200), message: Some("42 rows written".into()), ..Known::default() };
        let (from, to) = (RunState::Dispatched, RunState::Succeeded);
        RunChange { run, from, to, reason: Reason::Reported, at: self.due, known, then: None }
    }
}
