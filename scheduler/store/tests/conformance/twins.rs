//! The same random batches on SQLite and on every other database: the same answers, the same rows, the same counts.
//!
//! SQLite writes entry by entry, the others play the batch in memory and write sets of rows; here the two are held to agree.

use crate::database::{Database, servers};
use crate::support::{at, change, due, silence, withdrawal};
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::Store;
use hzm_job_store::ledger::{Answer, Batch, Checkpoints, Entry, Known, NewRun, RunChange, TakenRun, Withdrawal};
use hzm_job_store::page::Cursor;
use hzm_job_store::run::{Run, RunFilter};
use hzm_job_store::stat::HourCount;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::atomic::{AtomicI64, Ordering};

/// Ids and jobs that one case has for itself.
const ROOM: i64 = 200;
const JOBS: i64 = 2;

/// A text that is absent, empty or strange.
fn texts() -> impl Strategy<Value = Option<String>> {
    prop::sample::select(vec![None, Some(""), Some("a\"b"), Some("月 😀\n"), Some("\0"), Some("null"), Some("a ")])
        .prop_map(|text| text.map(str::to_owned))
}

fn states() -> impl Strategy<Value = RunState> {
    prop::sample::select(RunState::ALL.to_vec())
}

fn moments() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(0..3_i64)
}

fn news() -> impl Strategy<Value = NewRun> {
    let key = (0..JOBS, 0..3_i64, 0..2_i32, any::<bool>());
    let keys = prop::sample::select(vec![None, None, None, Some("k"), Some("k "), Some("\0k")]);
    (key, states(), texts(), texts(), keys, 0..2_i64).prop_map(
        |(key, state, parameters, message, request_key, hour)| {
            let (job, due_at, attempt, by_hand) = key;
            NewRun {
                kind: if by_hand { RunKind::Manual } else { RunKind::Scheduled },
                attempt,
                state,
                pinned: by_hand,
                node: message.clone(),
                parameters,
                requested_by: message.clone(),
                message,
                request_key: request_key.and_then(crate::support::key),
                created_at: at(due_at + hour * 3_600_000),
                ..due(JobId(job), due_at)
            }
        },
    )
}

/// A change of a run that may be there, may come to be in this very batch, or may never be.
fn changes() -> impl Strategy<Value = RunChange> {
    let facts = (texts(), moments(), moments(), moments(), prop::option::of(-1..2_i32), texts());
    let step = (0..24_i64, states(), states(), 0..2_i64);
    (step, facts, prop::option::weighted(0.3, news())).prop_map(|((run, from, to, hour), facts, then)| {
        let (node, sent_at, accepted_at, cancel_at, code, message) = facts;
        let (sent_at, accepted_at, cancel_at) = (sent_at.map(at), accepted_at.map(at), cancel_at.map(at));
        RunChange {
            known: Known {
                node,
                executor: code.map(|code| ExecutorId(i64::from(code) + 5)),
                sent_at,
                accepted_at,
                cancel_at,
                code,
                message,
                ends_turn: false,
            },
            reason: Reason::Reported,
            then: then.map(Box::new),
            ..change(RunId(run), from, to, hour * 3_600_000 + 7)
        }
    })
}

/// Mostly batches in which a change follows what its run was opened with, because random states rarely fit.
fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let likely = (changes(), prop::sample::select(vec![RunState::Waiting, RunState::Dispatched, RunState::Running]))
        .prop_map(|(change, from)| RunChange { from, ..change });
    let entry = prop_oneof![
        3 => news().prop_map(|new| Entry::Open(NewRun { state: RunState::Waiting, ..new })),
        1 => news().prop_map(Entry::Open),
        3 => likely.prop_map(Entry::Change),
        1 => changes().prop_map(Entry::Change),
        1 => news().prop_map(|new| Entry::Open(NewRun { state: RunState::Planned, request_key: None, ..new })),
        1 => (0..JOBS).prop_map(|job| Entry::Settle { job: JobId(job), version: 1 }),
        1 => (0..24_i64).prop_map(|run| Entry::Withdraw(withdrawal(RunId(run), JobId(0)))),
        1 => prop::collection::vec(0..24_i64, 0..3).prop_map(|runs| Entry::KeepTaken(runs.into_iter().map(taken).collect())),
        1 => prop::collection::vec(0..24_i64, 0..4).prop_map(Entry::DropTaken),
    ];
    prop::collection::vec(entry, 1..12)
}

fn taken(run: i64) -> TakenRun {
    TakenRun { run: RunId(run), sent_at: at(1), accepted_at: at(2) }
}

/// The entries with jobs and runs of their own case.
fn moved(entries: &[Entry], base: i64) -> Vec<Entry> {
    let there = |new: &NewRun| NewRun { job: JobId(base + new.job.0), ..new.clone() };
    let moved = entries.iter().map(|entry| match entry {
        Entry::Open(new) => Entry::Open(there(new)),
        Entry::Change(change) => Entry::Change(RunChange {
            run: RunId(base + change.run.0),
            then: change.then.as_ref().map(|then| Box::new(there(then))),
            ..change.clone()
        }),
        Entry::Settle { job, version } => Entry::Settle { job: JobId(base + job.0), version: *version },
        Entry::Withdraw(of) => {
            Entry::Withdraw(Withdrawal { run: RunId(base + of.run.0), job: JobId(base + of.job.0), ..*of })
        }
        Entry::KeepTaken(runs) => Entry::KeepTaken(runs.iter().map(|of| taken(base + of.run.0)).collect()),
        Entry::DropTaken(notes) => Entry::DropTaken(notes.iter().map(|note| base + note).collect()),
    });
    moved.collect()
}

/// A store, and the epoch under which it is ours.
struct Twin {
    store: Store,
    epoch: i64,
    _database: Database,
}

fn sorted<T: Ord>(mut of: Vec<T>) -> Vec<T> {
    of.sort_unstable();
    of
}

/// What can be seen of a case afterwards.
type Sight = (Vec<Vec<Answer>>, Vec<Run>, Vec<HourCount>, Checkpoints, Vec<RunId>);

impl Twin {
    async fn on(kind: &str) -> Twin {
        let database = Database::on(kind);
        let store = Store::open(&database.url, &silence()).unwrap();
        let epoch = store.partition_claim_all("twin".into(), at(1)).await.unwrap();
        Twin { store, epoch, _database: database }
    }

    async fn play(&self, batches: &[Vec<Entry>], base: i64) -> Sight {
        let (mut answers, mut first_id) = (Vec::new(), base);
        for entries in batches {
            let entries = moved(entries, base);
            let needed = entries.iter().filter(|entry| entry.may_open()).count() as i64;
            let until = vec![(JobId(base), at(first_id - base)), (JobId(base), at(0))];
            let checkpoints = Checkpoints { until, mark: Some(first_id - 1), ..Checkpoints::default() };
            let batch = Batch { epoch: self.epoch, journal: 0, entries, first_id, checkpoints };
            answers.push(self.store.ledger_commit(batch).await.unwrap());
            first_id += needed;
        }
        let mut rows = Vec::new();
        for job in 0..JOBS {
            let filter = RunFilter { job: Some(JobId(base + job)), ..RunFilter::default() };
            rows.append(&mut self.store.run_page(filter, Cursor::Newest, 200).await.unwrap().rows);
        }
        let passed = self.store.ledger_passed(1, first_id).await.unwrap();
        let passed = Checkpoints { until: sorted(passed.until), open: sorted(passed.open), ..passed };
        let hours = self.store.stat_hours(at(0), at(10 * 3_600_000)).await.unwrap();
        (answers, rows, hours, passed, self.store.taken_noted().await.unwrap())
    }
}

#[test]
fn every_database_answers_and_keeps_what_sqlite_does() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for server in servers() {
        let (one, other) = runtime.block_on(async { (Twin::on("").await, Twin::on(&server).await) });
        let base = AtomicI64::new(1_000);
        let config = Config { cases: 100, failure_persistence: None, ..Config::default() };
        let played = TestRunner::new(config).run(&prop::collection::vec(entries(), 1..5), |batches| {
            let base = base.fetch_add(ROOM, Ordering::Relaxed);
            let (expected, found) =
                runtime.block_on(async { (one.play(&batches, base).await, other.play(&batches, base).await) });
            prop_assert_eq!(found, expected);
            Ok(())
        });
        played.unwrap();
    }
}
