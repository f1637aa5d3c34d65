//! The keys under which "run now" may be repeated.

use crate::support::{World, at, due, key, on_each_database, opened};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::RunKind;
use hzm_job_store::ledger::{Answer, Entry, NewRun, RequestKey};
use hzm_job_store::run_request::Requested;

async fn ordered(world: &World, name: &str, millis: i64) -> Answer {
    let job = world.store.job_page(Default::default(), Default::default(), 1).await.unwrap().rows[0].job.id;
    world.open(NewRun { kind: RunKind::Manual, request_key: key(name), ..due(job, millis) }).await
}

#[test]
fn what_was_asked_for_first_is_kept_whoever_repeats_the_key_in_the_same_batch_or_later() {
    on_each_database(async |world| {
        let job = world.some_job().await;
        let order = |millis, asked: Option<&str>| {
            let request_key = Some(RequestKey { key: "k\0".into(), asked: asked.map(str::to_owned) });
            Entry::Open(NewRun { kind: RunKind::Manual, request_key, ..due(job, millis) })
        };
        let first = "a".repeat(64);
        let answers = world.commit(vec![order(1, Some(&first)), order(2, Some("other"))]).await;
        let run = opened(answers[0]);
        assert!(matches!(answers[1], Answer::Existed { run: found, .. } if found == run));
        assert!(
            matches!(world.commit(vec![order(3, None)]).await[0], Answer::Existed { run: found, .. } if found == run)
        );
        let known = async |job, key: &str| world.store.run_request_get(job, key.into()).await.unwrap();
        assert_eq!(known(job, "k\0").await, Some(Requested { run, asked: Some(first) }));
        assert_eq!((known(job, "other").await, known(JobId(job.0 + 1), "k\0").await), (None, None));
        let old = NewRun { kind: RunKind::Manual, request_key: None, ..due(job, 4) };
        let old = NewRun { request_key: Some(RequestKey { key: "old".into(), asked: None }), ..old };
        let run = opened(world.open(old).await);
        assert_eq!(known(job, "old").await, Some(Requested { run, asked: None }));
    });
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
