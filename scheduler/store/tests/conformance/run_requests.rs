//! The keys under which "run now" may be repeated.

use crate::support::{World, at, due, on_each_database, opened};
use hzm_job_scheduler::run::RunKind;
use hzm_job_store::ledger::{Answer, NewRun};

async fn ordered(world: &World, key: &str, millis: i64) -> Answer {
    let job = world.store.job_page(Default::default(), Default::default(), 1).await.unwrap().rows[0].job.id;
    world.open(NewRun { kind: RunKind::Manual, request_key: Some(key.into()), ..due(job, millis) }).await
}

#[test]
fn old_keys_are_forgotten_and_young_ones_still_find_their_run() {
    on_each_database(async |world| {
        world.some_job().await;
        let old = opened(ordered(&world, "old", 1_000).await);
        let young = opened(ordered(&world, "young", 5_000).await);
        assert_eq!(world.store.run_request_forget(at(5_000)).await.unwrap(), 1);
        assert_eq!(world.store.run_request_forget(at(5_000)).await.unwrap(), 0);
        assert!(matches!(ordered(&world, "young", 6_000).await, Answer::Existed { run, .. } if run == young));
        assert_ne!(opened(ordered(&world, "old", 7_000).await), old, "a forgotten key is a new one");
    });
}
