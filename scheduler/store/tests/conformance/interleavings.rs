//! Random interleavings of opens and changes, compared with a model of a dozen lines: one row per key, and an outcome
//! never changes.

use crate::support::{World, at, change, due, on_each_database, withdrawal};
use hzm_job_scheduler::run::RunState;
use hzm_job_scheduler::{JobId, RunId};
use hzm_job_store::ledger::{Answer, Entry, NewRun, RunChange};
use hzm_job_store::page::Cursor;
use hzm_job_store::run::RunFilter;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

/// (job, moment, attempt).
type Key = (i64, i64, i32);

/// One thing that somebody tries to write; runs are named by their key, because ids are the store's.
#[derive(Debug, Clone)]
enum Attempt {
    Open { key: Key, state: RunState },
    Change { key: Key, from: RunState, to: RunState, then: bool },
    Withdraw { key: Key },
}

/// What the ledger must hold.
#[derive(Debug, Default)]
struct Model(BTreeMap<Key, (RunId, RunState)>);

impl Model {
    fn open(&mut self, key: Key, state: RunState, id: RunId) -> Answer {
        if let Some((run, state)) = self.0.get(&key).copied() {
            return Answer::Existed { run, state };
        }
        self.0.insert(key, (id, state));
        Answer::Opened(id)
    }

    fn change(&mut self, key: Key, (from, to): (RunState, RunState), then: bool, id: RunId) -> Answer {
        let Some((run, state)) = self.0.get(&key).copied() else { return Answer::Missed { state: None } };
        if state != from || (from.is_terminal() && from != to) {
            return Answer::Missed { state: Some(state) };
        }
        self.0.insert(key, (run, to));
        let next = then.then(|| match self.open((key.0, key.1, key.2 + 1), RunState::Waiting, id) {
            Answer::Opened(id) | Answer::Existed { run: id, .. } => id,
            other => panic!("{other:?} is no answer to an open"),
        });
        Answer::Changed { then: next }
    }

    fn withdraw(&mut self, key: Key) -> Answer {
        match self.0.get(&key).map(|(_, state)| *state) {
            Some(RunState::Planned) => {
                self.0.remove(&key);
                Answer::Changed { then: None }
            }
            state => Answer::Missed { state },
        }
    }
}

fn keys() -> impl Strategy<Value = Key> {
    (0..2_i64, 0..3_i64, 0..2_i32)
}

fn states() -> impl Strategy<Value = RunState> {
    prop::sample::select(RunState::ALL.to_vec())
}

fn attempts() -> impl Strategy<Value = Attempt> {
    prop_oneof![
        (keys(), states()).prop_map(|(key, state)| Attempt::Open { key, state }),
        (keys(), states(), states(), any::<bool>()).prop_map(|(key, from, to, then)| Attempt::Change {
            key,
            from,
            to,
            then
        }),
        keys().prop_map(|key| Attempt::Open { key, state: RunState::Planned }),
        keys().prop_map(|key| Attempt::Withdraw { key }),
    ]
}

fn new(base: i64, key: Key, state: RunState) -> NewRun {
    NewRun { attempt: key.2, state, ..due(JobId(base + key.0), key.1) }
}

/// The entry of an attempt. A run that the model does not know yet gets an id that nobody has.
fn entry(base: i64, attempt: &Attempt, model: &Model) -> Entry {
    match *attempt {
        Attempt::Open { key, state } => Entry::Open(new(base, key, state)),
        Attempt::Change { key, from, to, then } => {
            let run = model.0.get(&key).map_or(RunId(i64::MAX), |(run, _)| *run);
            let next = then.then(|| Box::new(new(base, (key.0, key.1, key.2 + 1), RunState::Waiting)));
            Entry::Change(RunChange { then: next, ..change(run, from, to, 9) })
        }
        Attempt::Withdraw { key } => {
            let run = model.0.get(&key).map_or(RunId(i64::MAX), |(run, _)| *run);
            Entry::Withdraw(withdrawal(run, JobId(base + key.0)))
        }
    }
}

/// Writes the batches, each in one transaction, and compares every answer and the rows with the model.
async fn compare(world: &World, base: i64, batches: Vec<Vec<Attempt>>) {
    let mut model = Model::default();
    for attempts in batches {
        let mut batch = world.batch(vec![Entry::Open(due(JobId(0), 0)); attempts.len()]).await;
        let (mut entries, mut expected) = (Vec::new(), Vec::new());
        let mut id = batch.first_id;
        for attempt in &attempts {
            let entry = entry(base, attempt, &model);
            let may_open = entry.may_open();
            entries.push(entry);
            expected.push(match *attempt {
                Attempt::Open { key, state } => model.open(key, state, RunId(id)),
                Attempt::Change { key, from, to, then } => model.change(key, (from, to), then, RunId(id)),
                Attempt::Withdraw { key } => model.withdraw(key),
            });
            id += i64::from(may_open);
        }
        batch.entries = entries;
        assert_eq!(world.store.ledger_commit(batch).await.unwrap(), expected, "{attempts:?}");
    }
    let mut rows = BTreeMap::new();
    for job in 0..2 {
        let filter = RunFilter { job: Some(JobId(base + job)), ..RunFilter::default() };
        for run in world.store.run_page(filter, Cursor::Newest, 100).await.unwrap().rows {
            let moment = (run.scheduled_at - at(0)).num_milliseconds();
            assert_eq!(run.finished_at.is_some(), run.state.is_terminal(), "{run:?}");
            let known = rows.insert((job, moment, run.attempt), (run.id, run.state));
            assert_eq!(known, None, "a second row for one key");
        }
    }
    assert_eq!(rows, model.0);
}

#[test]
fn any_interleaving_leaves_one_row_per_key_and_changes_no_outcome() {
    on_each_database(async |world| {
        let fresh = AtomicI64::new(1_000);
        // The cases run on a thread without a runtime, because each of them waits for the store by itself.
        std::thread::scope(|scope| {
            let run = || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
                let batches = prop::collection::vec(prop::collection::vec(attempts(), 1..8), 1..8);
                TestRunner::new(config)
                    .run(&batches, |batches| {
                        // Each case has jobs of its own, so one database serves them all.
                        runtime.block_on(compare(&world, fresh.fetch_add(10, Ordering::Relaxed), batches));
                        Ok(())
                    })
                    .unwrap();
            };
            scope.spawn(run).join().unwrap();
        });
    });
}
