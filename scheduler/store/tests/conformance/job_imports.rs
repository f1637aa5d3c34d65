//! Many jobs created at once: each item judged on its own, and a repeated key finds what it made.

use crate::support::{World, by, job, on_each_database};
use hzm_job_scheduler::{ExecutorId, JobId};
use hzm_job_store::job_import::{Created, NewJob};
use hzm_job_store::page::Cursor;

fn new(executor: ExecutorId, name: &str, key: Option<(&str, &str)>) -> NewJob {
    let key = key.map(|(key, asked)| (key.to_owned(), asked.to_owned()));
    NewJob { spec: job(executor, name), enabled: false, key }
}

async fn create(world: &World, new: Vec<NewJob>) -> Vec<Created> {
    world.store.job_create_all(new, by("ann", 0)).await.unwrap()
}

fn made(created: &Created) -> JobId {
    match created {
        Created::Made(stored) => stored.job.id,
        other => panic!("expected it to be made, got {other:?}"),
    }
}

#[test]
fn many_jobs_are_created_in_their_order_started_where_that_is_wanted() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let items =
            (0..500).map(|number| NewJob { enabled: number % 2 == 0, ..new(executor, &format!("{number}"), None) });
        let ids: Vec<JobId> = create(&world, items.collect()).await.iter().map(made).collect();
        assert!(ids.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0));
        let counts = world.store.job_counts().await.unwrap();
        assert_eq!((counts.all, counts.enabled), (500, 250));
        let third = world.store.job_get(ids[2]).await.unwrap().unwrap();
        assert_eq!((third.job.spec.draft().name.as_str(), third.job.enabled, third.job.version), ("2", true, 1));
        let notes = world.store.operation_page(Cursor::Newest, 1).await.unwrap().rows;
        assert_eq!((notes[0].action.as_str(), notes[0].object_id), ("create", ids[499].0), "each is on record");
    });
}

#[test]
fn an_item_that_is_refused_does_not_hold_up_the_others() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let created = create(&world, vec![new(ExecutorId(99), "lost", None), new(executor, "found", None)]).await;
        assert!(matches!(created[0], Created::NoExecutor(ExecutorId(99))));
        assert!(world.store.job_get(made(&created[1])).await.unwrap().is_some());
        assert!(create(&world, Vec::new()).await.is_empty());
    });
}

#[test]
fn a_repeated_key_finds_its_job_and_never_makes_a_second_one() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let items = || vec![new(executor, "one", Some(("k1", "a"))), new(executor, "two", Some(("k2", "b")))];
        let first: Vec<JobId> = create(&world, items()).await.iter().map(made).collect();
        let again = create(&world, items()).await;
        assert!(matches!(again[..], [Created::Existed(one), Created::Existed(two)] if [one, two] == first[..]));
        let other = create(&world, vec![new(executor, "other", Some(("k1", "c")))]).await;
        assert!(matches!(other[0], Created::KeyReused(one) if one == first[0]));
        assert_eq!(world.store.job_counts().await.unwrap().all, 2);
    });
}

#[test]
fn a_key_that_comes_twice_in_one_request_makes_one_job() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let item = |asked| new(executor, "one", Some(("k", asked)));
        let created = create(&world, vec![new(executor, "first", None), item("a"), item("a"), item("b")]).await;
        let one = made(&created[1]);
        assert!(matches!(created[2], Created::Existed(job) if job == one));
        assert!(matches!(created[3], Created::KeyReused(job) if job == one));
        assert_eq!(world.store.job_counts().await.unwrap().all, 2);
    });
}

#[test]
fn two_who_create_under_the_same_keys_at_once_make_one_job_each() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let items =
            || (0..20).map(|number| new(executor, "x", Some((["a", "b", "c", "d"][number % 4], "same")))).collect();
        let (one, two) = tokio::join!(create(&world, items()), create(&world, items()));
        assert_eq!((one.len(), two.len()), (20, 20));
        assert_eq!(world.store.job_counts().await.unwrap().all, 4);
    });
}
