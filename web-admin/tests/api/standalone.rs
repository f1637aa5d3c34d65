//! The demonstration.

use crate::support::{Admin, config, quiet};
use hzm_job_actors::SystemClock;
use hzm_job_admin::{server, standalone};
use serde_json::Value;
use std::sync::Arc;

#[actix_web::test]
async fn within_seconds_of_the_very_first_start_runs_have_finished() {
    let admin = Admin::start().await;
    let demo = standalone::demonstrate(&admin.running).await.unwrap().expect("an executor");
    let client = admin.client().await;
    let begun = tokio::time::Instant::now();
    let succeeded = |runs: &Value| runs["items"].as_array().unwrap().len() >= 2;
    client.until("/api/v1/runs?state=succeeded&kind=scheduled", succeeded).await;
    assert!(begun.elapsed().as_secs() < 10, "took {:?}", begun.elapsed());
    let jobs = client.get("/api/v1/jobs").await.json();
    assert_eq!(jobs["items"].as_array().unwrap().len(), 3);
    demo.close().await.unwrap();
}

#[actix_web::test]
async fn later_starts_create_nothing_and_respect_what_the_user_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let first = server::start(config(&folder), Arc::new(SystemClock), quiet()).await.unwrap();
    drop(standalone::demonstrate(&first).await.unwrap());
    let store = first.app().store.clone();
    let executor = store.executor_list().await.unwrap().remove(0);
    for job in store.job_page(Default::default(), Default::default(), 50).await.unwrap().rows {
        store.job_delete(job.job.id, first.app().by("test", "")).await.unwrap();
    }
    store.executor_delete(executor.id, first.app().by("test", "")).await.unwrap();
    drop(store);
    first.stop().await;
    let second = server::start(config(&folder), Arc::new(SystemClock), quiet()).await.unwrap();
    assert!(standalone::demonstrate(&second).await.unwrap().is_none());
    assert_eq!(second.app().store.job_counts().await.unwrap().all, 0);
    second.stop().await;
}
