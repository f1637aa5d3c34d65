//! Callers that go away in the middle of a query.

use crate::support::{by, done, due, executor, on_each_database, until};
use futures_util::FutureExt;
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::RunState;
use hzm_job_store::ledger::Entry;

#[test]
fn a_caller_that_goes_away_leaves_the_store_sound() {
    on_each_database(async |world| {
        let mut answered = 0;
        for round in 0..50 {
            let entries = (0..20).map(|number| Entry::Open(due(JobId(round), number))).collect();
            let batch = world.batch(entries).await;
            // Polled once, which sends it on its way, and dropped.
            answered += i64::from(world.store.ledger_commit(batch).now_or_never().is_some());
            let _ = world.store.user_count().now_or_never();
        }
        assert!(answered < 50, "none was under way when its caller went away");
        until(async || world.store.run_count(vec![RunState::Waiting]).await.unwrap() == 1_000).await;
        let made = world.store.executor_create(executor("after").check().unwrap(), by("ann", 1)).await.unwrap();
        assert_eq!(done(made).version, 1, "writing goes on");
    });
}

#[test]
fn a_change_of_a_definition_whose_caller_went_away_is_made_whole_or_not_at_all() {
    on_each_database(async |world| {
        for round in 0..50 {
            let spec = executor(&format!("key-{round}")).check().unwrap();
            let mut creation = Box::pin(world.store.executor_create(spec, by("ann", 1)));
            for _ in 0..round {
                if creation.as_mut().now_or_never().is_some() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        let executors = async || world.store.executor_list().await.unwrap().len();
        let recorded = async || {
            let page = world.store.operation_page(Default::default(), 100).await.unwrap();
            page.rows.iter().filter(|row| row.action == "create").count()
        };
        until(async || {
            let id = world.store.executor_create(executor("last").check().unwrap(), by("ann", 2)).await.unwrap();
            matches!(id, hzm_job_store::outcome::Change::Taken)
        })
        .await;
        assert_eq!(executors().await, recorded().await, "an executor and its record are one change");
    });
}
