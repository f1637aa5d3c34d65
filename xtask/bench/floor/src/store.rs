//! A batched row in and a batched update, through the store as the journal uses it: one transaction a batch, one after
//! another, each on disk before the next begins.

use std::time::Instant;

use hzm_job_bench::figures::Sheet;
use hzm_job_bench::percentile::of_sorted;
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::Store;
use hzm_job_store::columns::moment;
use hzm_job_store::ledger::{Batch, Checkpoints, Entry, Known, NewRun, RunChange};
use hzm_job_test_rig::clock::now_ms;
use tokio::runtime::Runtime;

use crate::cost::Cost;
use crate::{Options, text};

/// Transactions with a single row, to learn what a commit takes.
const COMMITS: u32 = 50;
/// Where the runs are said to go.
const NODE: &str = "http://127.0.0.1:7777";

pub(crate) fn measure(options: &Options, sheet: &mut Sheet) -> Result<(), String> {
    let store = Store::open(&options.url, &slog::Logger::root(slog::Discard, slog::o!())).map_err(text)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
    let lease_until = moment(now_ms() + 3_600_000);
    let epoch = runtime.block_on(store.partition_claim_all("floor".to_owned(), lease_until)).map_err(text)?;
    let first = runtime.block_on(store.run_id_block_lease(i64::from(options.rows + COMMITS))).map_err(text)?.start;
    let writer = Writer { store, runtime, epoch, due: now_ms() };
    let ids: Vec<i64> = (first..).take(options.rows as usize).collect();
    let cost = Cost::begin(options.database_process)?;
    for ids in ids.chunks(options.batch as usize) {
        writer.commit(ids.first().copied().unwrap_or(first), ids.iter().map(|id| writer.open(*id)).collect())?;
    }
    cost.tell("row in", options.rows, sheet)?;
    let cost = Cost::begin(options.database_process)?;
    for ids in ids.chunks(options.batch as usize) {
        writer.commit(first, ids.iter().map(|id| writer.succeed(*id)).collect())?;
    }
    cost.tell("update", options.rows, sheet)?;
    let mut micros = (first + i64::from(options.rows)..)
        .take(COMMITS as usize)
        .map(|id| {
            let begin = Instant::now();
            writer.commit(id, vec![writer.open(id)])?;
            Ok(i64::try_from(begin.elapsed().as_micros()).unwrap_or(i64::MAX))
        })
        .collect::<Result<Vec<i64>, String>>()?;
    micros.sort_unstable();
    sheet.add("commit of one row", of_sorted(&micros, 0.5).unwrap_or_default() as f64 / 1e3, "ms");
    Ok(())
}

/// Writes batches, one after another.
struct Writer {
    store: Store,
    runtime: Runtime,
    epoch: i64,
    due: i64,
}

impl Writer {
    fn commit(&self, first_id: i64, entries: Vec<Entry>) -> Result<(), String> {
        let batch = Batch { epoch: self.epoch, journal: 0, entries, first_id, checkpoints: Checkpoints::default() };
        self.runtime.block_on(self.store.ledger_commit(batch)).map(|_| ()).map_err(text)
    }

    /// A run of a job of its own, on its way to a node.
    fn open(&self, id: i64) -> Entry {
        Entry::Open(NewRun {
            job: JobId(id),
            executor: ExecutorId(1),
            kind: RunKind::Scheduled,
            scheduled_at: moment(self.due),
            attempt: 0,
            state: RunState::Dispatched,
            reason: Reason::None,
            not_before: moment(self.due),
            node: Some(NODE.to_owned()),
            pinned: false,
            parameters: None,
            requested_by: None,
            request_key: None,
            created_at: moment(self.due),
            message: None,
        })
    }

    fn succeed(&self, id: i64) -> Entry {
        Entry::Change(RunChange {
            run: RunId(id),
            from: RunState::Dispatched,
            to: RunState::Succeeded,
            reason: Reason::None,
            at: moment(self.due),
            known: Known { code: Some(200), ..Known::default() },
            then: None,
        })
    }
}
