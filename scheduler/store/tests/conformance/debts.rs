//! What a definition that is over still owes is kept until its rows are written.

use crate::support::{World, at, by, done, on_each_database};
use chrono::{DateTime, Utc};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::job::JobSpec;
use hzm_job_scheduler::schedule::{ScheduleDraft, ScheduleKind};
use hzm_job_store::ledger::{Checkpoints, Entry};

/// A started job of an executor of its own; its version is 2.
async fn started(world: &World) -> JobId {
    let id = world.some_job().await;
    done(world.store.job_enable(id, true, by("ann", 10)).await.unwrap());
    id
}

/// The same definition with another schedule.
async fn every(world: &World, id: JobId, expression: &str) -> JobSpec {
    let mut draft = world.store.job_get(id).await.unwrap().unwrap().job.spec.draft().clone();
    let expression = expression.into();
    draft.schedule = ScheduleDraft { kind: ScheduleKind::FixedRate, expression, ..ScheduleDraft::default() };
    draft.check().unwrap()
}

/// (version, anchor, floor, until) of a job's debts.
async fn debts(world: &World, id: JobId) -> Vec<(i64, DateTime<Utc>, Option<DateTime<Utc>>, DateTime<Utc>)> {
    let debts = world.standing(id).await.debts;
    assert!(debts.iter().all(|debt| debt.before.id == id && debt.before.enabled));
    debts.iter().map(|debt| (debt.before.version, debt.before.anchor, debt.floor, debt.until)).collect()
}

#[test]
fn whoever_ends_a_schedule_leaves_what_it_may_owe() {
    on_each_database(async |world| {
        let stopped = started(&world).await;
        done(world.store.job_enable(stopped, false, by("ann", 20)).await.unwrap());
        assert_eq!(debts(&world, stopped).await, [(2, at(10), None, at(20))]);
        let executor = world.executor("other").await;
        let job = world.job(executor, "edited").await.job.id;
        done(world.store.job_enable(job, true, by("ann", 30)).await.unwrap());
        world.checkpoint_to(Checkpoints { until: vec![(job, at(35))], ..Checkpoints::default() }).await;
        done(world.store.job_update(job, 2, every(&world, job, "1m").await, by("ann", 40)).await.unwrap());
        done(world.store.job_delete(job, by("ann", 50)).await.unwrap());
        let owed = [(2, at(30), Some(at(35)), at(40)), (3, at(40), Some(at(35)), at(50))];
        assert_eq!(debts(&world, job).await, owed);
        assert_eq!(world.store.ledger_open_jobs().await.unwrap(), vec![stopped, job]);
    });
}

#[test]
fn a_change_after_which_the_occurrences_go_on_owes_nothing() {
    on_each_database(async |world| {
        let id = world.some_job().await;
        done(world.store.job_update(id, 1, every(&world, id, "1m").await, by("ann", 5)).await.unwrap());
        done(world.store.job_enable(id, true, by("ann", 10)).await.unwrap());
        let mut draft = world.store.job_get(id).await.unwrap().unwrap().job.spec.draft().clone();
        draft.owner = "bob".into();
        done(world.store.job_update(id, 3, draft.check().unwrap(), by("ann", 15)).await.unwrap());
        assert_eq!(debts(&world, id).await, []);
        assert!(world.store.ledger_open_jobs().await.unwrap().is_empty());
    });
}

#[test]
fn a_debt_ends_with_the_batch_that_pays_it_and_may_be_paid_twice() {
    on_each_database(async |world| {
        let id = started(&world).await;
        done(world.store.job_enable(id, false, by("ann", 20)).await.unwrap());
        for _ in 0..2 {
            world.commit(vec![Entry::Settle { job: id, version: 2 }]).await;
            assert_eq!(debts(&world, id).await, []);
        }
    });
}

#[test]
fn a_refused_change_owes_nothing() {
    on_each_database(async |world| {
        let id = started(&world).await;
        let spec = every(&world, id, "1m").await;
        world.store.job_update(id, 1, spec, by("ann", 40)).await.unwrap();
        assert_eq!(debts(&world, id).await, []);
    });
}
