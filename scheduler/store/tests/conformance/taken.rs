//! Notes of runs that nodes took stand in for their rows until those say it.

use crate::support::{World, at, change, due, on_each_database};
use hzm_job_scheduler::run::RunState;
use hzm_job_scheduler::{JobId, RunId};
use hzm_job_store::error::StoreError;
use hzm_job_store::ledger::{Answer, Entry, NewRun, TakenRun};

fn taken(run: RunId) -> TakenRun {
    TakenRun { run, sent_at: at(5), accepted_at: at(7) }
}

/// A row of a fire whose trigger is on its way.
fn sent(job: JobId, time: i64) -> NewRun {
    NewRun { state: RunState::Dispatched, node: Some("http://node:1".into()), ..due(job, time) }
}

async fn kept(world: &World, runs: &[RunId]) -> i64 {
    let runs = runs.iter().copied().map(taken).collect();
    let answers = world.commit(vec![Entry::KeepTaken(runs)]).await;
    let [Answer::Kept(note)] = answers[..] else { panic!("{answers:?}") };
    note
}

#[test]
fn whoever_takes_the_ledger_over_finds_running_what_was_noted_and_is_open() {
    on_each_database(async |world| {
        let job = world.some_job().await;
        let runs = world.open_all((1..=4).map(|time| sent(job, time))).await;
        kept(&world, &runs[..2]).await;
        kept(&world, &[runs[2], RunId(987_654)]).await;
        world.change(change(runs[1], RunState::Dispatched, RunState::Succeeded, 9)).await;
        assert_eq!(world.store.taken_noted().await.unwrap().len(), 4);
        assert_eq!(world.store.taken_settle(world.epoch).await.unwrap(), 2);
        let states = async || {
            let mut states = Vec::new();
            for run in &runs {
                states.push(world.store.run_get(*run).await.unwrap().unwrap().state);
            }
            states
        };
        use RunState::{Dispatched, Running, Succeeded};
        assert_eq!(states().await, [Running, Succeeded, Running, Dispatched]);
        let row = world.store.run_get(runs[0]).await.unwrap().unwrap();
        assert_eq!((row.sent_at, row.accepted_at), (Some(at(5)), Some(at(7))));
        assert_eq!(world.store.taken_settle(world.epoch).await.unwrap(), 0, "there is nothing left");
        assert!(world.store.taken_noted().await.unwrap().is_empty());
    });
}

#[test]
fn notes_are_dropped_by_their_ids_in_the_batch_that_says_so() {
    on_each_database(async |world| {
        let job = world.some_job().await;
        let runs = world.open_all((1..=3).map(|time| sent(job, time))).await;
        let notes = [kept(&world, &runs[..1]).await, kept(&world, &runs[1..2]).await];
        let entries = vec![
            Entry::Open(due(job, 9)),
            Entry::KeepTaken(vec![taken(runs[2])]),
            Entry::DropTaken(notes.to_vec()),
            Entry::Open(due(job, 10)),
        ];
        let answers = world.commit(entries).await;
        let [Answer::Opened(one), Answer::Kept(note), Answer::Changed { then: None }, Answer::Opened(other)] =
            answers[..]
        else {
            panic!("{answers:?}")
        };
        assert_eq!((note, other.0), (one.0 + 1, one.0 + 2), "each takes an id of its own");
        assert_eq!(world.store.taken_noted().await.unwrap(), [runs[2]]);
        world.commit(vec![Entry::DropTaken(vec![note, note, 1])]).await;
        assert!(world.store.taken_noted().await.unwrap().is_empty());
    });
}

#[test]
fn whoever_lost_the_partitions_settles_nothing() {
    on_each_database(async |world| {
        let job = world.some_job().await;
        let run = world.open_all([sent(job, 1)]).await[0];
        kept(&world, &[run]).await;
        world.store.partition_claim_all("another".into(), at(60_000)).await.unwrap();
        let settled = world.store.taken_settle(world.epoch).await;
        assert!(matches!(settled, Err(StoreError::Fenced { .. })), "{settled:?}");
        assert_eq!(world.store.taken_noted().await.unwrap(), [run]);
    });
}

#[test]
fn thousands_of_noted_runs_are_settled_in_pieces() {
    on_each_database(async |world| {
        let job = world.some_job().await;
        let runs = world.open_all((1..=2_100).map(|time| sent(job, time))).await;
        for note in runs.chunks(700) {
            kept(&world, note).await;
        }
        assert_eq!(world.store.taken_settle(world.epoch).await.unwrap(), 2_100);
    });
}
