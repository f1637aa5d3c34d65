//! Two at once: on one key, on one row, on one definition, from one process and from two.

use crate::support::{at, by, change, done, due, executor, on_each_database, opened};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::RunState;
use hzm_job_store::ledger::{Answer, Entry};
use hzm_job_store::outcome::Change;

const JOB: JobId = JobId(7);

#[test]
fn of_two_who_open_the_same_fire_exactly_one_is_first() {
    on_each_database(async |world| {
        let other = world.another_store();
        for round in 0..20 {
            let mine = world.batch(vec![Entry::Open(due(JOB, round))]).await;
            let theirs = world.batch(vec![Entry::Open(due(JOB, round))]).await;
            let (mine, theirs) = tokio::join!(world.store.ledger_commit(mine), other.ledger_commit(theirs));
            let answers = [mine.unwrap()[0], theirs.unwrap()[0]];
            let first = answers.into_iter().find_map(|answer| match answer {
                Answer::Opened(id) => Some(id),
                _ => None,
            });
            let second = Answer::Existed { run: first.unwrap(), state: RunState::Waiting };
            assert!(answers.contains(&second), "{answers:?}");
        }
        assert_eq!(world.store.run_count(RunState::ALL.to_vec()).await.unwrap(), 20);
    });
}

#[test]
fn of_two_who_end_the_same_run_the_first_wins() {
    on_each_database(async |world| {
        let other = world.another_store();
        for round in 0..20 {
            let id = opened(world.open(due(JOB, round)).await);
            let timeout = world.batch(vec![Entry::Change(change(id, RunState::Waiting, RunState::TimedOut, 5))]).await;
            let cancel = world.batch(vec![Entry::Change(change(id, RunState::Waiting, RunState::Cancelled, 5))]).await;
            let (timeout, cancel) = tokio::join!(world.store.ledger_commit(timeout), other.ledger_commit(cancel));
            let state = world.store.run_get(id).await.unwrap().unwrap().state;
            let (made, missed) = (Answer::Changed { then: None }, Answer::Missed { state: Some(state) });
            let expected = if state == RunState::TimedOut { (made, missed) } else { (missed, made) };
            assert_eq!((timeout.unwrap()[0], cancel.unwrap()[0]), expected);
        }
        let counted = world.store.stat_hours(at(0), at(10)).await.unwrap();
        assert_eq!(counted.iter().map(|count| count.runs).sum::<i64>(), 20, "each run is counted once");
    });
}

#[test]
fn two_processes_may_change_definitions_at_the_same_time() {
    on_each_database(async |world| {
        let other = world.another_store();
        let owner = world.executor("billing").await;
        for round in 0..20 {
            let spec = || crate::support::job(owner, "report");
            let key = || executor(&format!("key-{round}")).check().unwrap();
            let (a, b, c, d, e) = tokio::join!(
                world.store.job_create(spec(), by("ann", 1)),
                other.job_create(spec(), by("bob", 1)),
                world.store.executor_create(key(), by("ann", 1)),
                other.executor_create(key(), by("bob", 1)),
                other.partition_claim_all("other".into(), at(1)),
            );
            done(a.unwrap());
            done(b.unwrap());
            let taken = [c.unwrap(), d.unwrap()].into_iter().filter(|made| matches!(made, Change::Taken)).count();
            assert_eq!(taken, 1);
            e.unwrap();
        }
    });
}

#[test]
fn of_two_who_change_the_same_version_one_is_stale() {
    on_each_database(async |world| {
        let other = world.another_store();
        let owner = world.executor("billing").await;
        let id = world.job(owner, "report").await.job.id;
        for version in 1..=10 {
            let spec = |name| crate::support::job(owner, name);
            let (mine, theirs) = tokio::join!(
                world.store.job_update(id, version, spec("mine"), by("ann", 1)),
                other.job_update(id, version, spec("theirs"), by("bob", 1)),
            );
            let ends = [mine.unwrap(), theirs.unwrap()];
            let is_stale = |end: &&Change<_>| matches!(end, Change::Stale { version: now } if *now == version + 1);
            let stale = ends.iter().filter(is_stale).count();
            assert_eq!(stale, 1, "{ends:?}");
        }
        assert_eq!(world.store.job_get(id).await.unwrap().unwrap().job.version, 11);
    });
}
