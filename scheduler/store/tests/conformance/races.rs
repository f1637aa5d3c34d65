//! Two at once: on one key, on one row, on one definition, from one process and from two.

use crate::support::{at, by, change, done, due, executor, on_each_database, opened, registered};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::executor::ExecutorDraft;
use hzm_job_scheduler::run::RunState;
use hzm_job_store::StoreError;
use hzm_job_store::ledger::{Answer, Batch, Entry};
use hzm_job_store::node::{NodeHello, Registered, SecretAge};
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

#[test]
fn of_two_who_claim_at_once_each_gets_an_epoch_and_the_later_one_owns() {
    on_each_database(async |world| {
        let other = world.another_store();
        for round in 0..10 {
            let (mine, theirs) = tokio::join!(
                world.store.partition_claim_all("mine".into(), at(round)),
                other.partition_claim_all("theirs".into(), at(round)),
            );
            let (mine, theirs) = (mine.unwrap(), theirs.unwrap());
            assert_ne!(mine, theirs);
            let batch = world.batch(vec![Entry::Open(due(JOB, round))]).await;
            let late = Batch { epoch: mine.min(theirs), ..batch.clone() };
            assert!(matches!(world.store.ledger_commit(late).await, Err(StoreError::Fenced { .. })));
            other.ledger_commit(Batch { epoch: mine.max(theirs), ..batch }).await.unwrap();
        }
    });
}

#[test]
fn a_commit_that_meets_a_claim_is_written_before_it_or_not_at_all() {
    on_each_database(async |world| {
        let other = world.another_store();
        let mut epoch = world.epoch;
        for round in 0..10 {
            let batch = Batch { epoch, ..world.batch(vec![Entry::Open(due(JOB, round))]).await };
            let (written, claimed) =
                tokio::join!(world.store.ledger_commit(batch), other.partition_claim_all("other".into(), at(round)));
            epoch = claimed.unwrap();
            let again = world.batch(vec![Entry::Open(due(JOB, round))]).await;
            let again = other.ledger_commit(Batch { epoch, ..again }).await.unwrap()[0];
            match written {
                Ok(answers) => assert_eq!(again, Answer::Existed { run: opened(answers[0]), state: RunState::Waiting }),
                Err(error) => assert!(matches!(error, StoreError::Fenced { .. }) && opened(again).0 > 0, "{error:?}"),
            }
        }
    });
}

#[test]
fn two_who_register_the_same_address_at_once_find_the_same_node() {
    on_each_database(async |world| {
        let other = world.another_store();
        let executor = world.executor("billing").await;
        for round in 0..20 {
            let address = format!("http://a:{round}");
            let hello = || NodeHello {
                executor,
                address: address.clone(),
                agent: None,
                instance: None,
                secret_age: Default::default(),
                executor_version: 1,
            };
            let (mine, theirs) =
                tokio::join!(world.store.node_register(hello(), at(1)), other.node_register(hello(), at(2)));
            assert_eq!(registered(mine.unwrap()).id, registered(theirs.unwrap()).id);
        }
        assert_eq!(world.store.node_list(None).await.unwrap().len(), 20);
    });
}

#[test]
fn a_node_that_registers_while_its_executor_gets_a_new_secret_never_passes_for_one_that_has_it() {
    on_each_database(async |world| {
        let other = world.another_store();
        let with =
            |secret: &str| ExecutorDraft { app_secret: Some(secret.into()), ..executor("billing") }.check().unwrap();
        let id = done(world.store.executor_create(with("0"), by("ann", 0)).await.unwrap()).id;
        for round in 1..=20 {
            let hello = |address: String| NodeHello {
                executor: id,
                address,
                agent: None,
                instance: None,
                secret_age: SecretAge::Present,
                executor_version: round,
            };
            let (known, new, rotated) = tokio::join!(
                world.store.node_register(hello("http://a:1".into()), at(round)),
                other.node_register(hello(format!("http://new:{round}")), at(round)),
                world.store.executor_update((id, round), with(&round.to_string()), None, by("ann", round)),
            );
            done(rotated.unwrap());
            for ended in [known.unwrap(), new.unwrap()] {
                assert!(matches!(ended, Registered::Done(_) | Registered::Stale), "{ended:?}");
            }
            let nodes = world.store.node_list(Some(id)).await.unwrap();
            assert!(nodes.iter().all(|node| node.secret_age != SecretAge::Present), "{round}: {nodes:?}");
        }
    });
}

#[test]
fn an_executor_is_deleted_or_gets_a_job_but_never_both() {
    on_each_database(async |world| {
        let other = world.another_store();
        for round in 0..20 {
            let owner = world.executor(&format!("key-{round}")).await;
            let (made, deleted) = tokio::join!(
                world.store.job_create(crate::support::job(owner, "report"), by("ann", 1)),
                other.executor_delete(owner, by("bob", 1)),
            );
            match (made.unwrap(), deleted.unwrap()) {
                (Change::Done(_), Change::InUse { jobs: 1 }) | (Change::NotFound, Change::Done(_)) => {}
                ends => panic!("{ends:?}"),
            }
        }
    });
}
