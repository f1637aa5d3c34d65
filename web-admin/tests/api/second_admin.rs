//! Two admins on one database. They are not served yet: the second one takes over, and both say so.

use crate::support::database::{Fresh, servers};
use crate::support::{config, quiet};
use chrono::TimeDelta;
use hzm_job_actors::SystemClock;
use hzm_job_admin::config::Secret;
use hzm_job_admin::server::{self, Running};
use hzm_job_store::Store;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

async fn start(folder: &TempDir, url: &str) -> Running {
    let mut config = config(folder);
    config.admin.database.url = url.to_owned();
    config.admin.key = Secret("0123456789abcdef".repeat(4));
    server::start(config, Arc::new(SystemClock), quiet()).await.unwrap()
}

#[actix_web::test]
async fn the_first_one_ends_and_says_who_took_over_also_when_it_fires_nothing() {
    for server in servers() {
        let (one, two, database) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), Fresh::on(&server).await);
        let first = start(&one, &database.url).await;
        let second = start(&two, &database.url).await;
        let why = tokio::time::timeout(Duration::from_secs(60), first.broken()).await.expect("the first one ends");
        assert!(why.contains("another scheduler took this database over at 20") && why.contains(" pid "), "{why}");
        first.stop().await;
        assert!(second.app().scheduler.fatal().borrow().is_none());
        second.stop().await;
        database.drop_it().await;
    }
}

#[actix_web::test]
async fn the_second_one_names_the_first_unless_that_gave_the_database_back() {
    for server in servers() {
        let (folder, database) = (tempfile::tempdir().unwrap(), Fresh::on(&server).await);
        start(&folder, &database.url).await.stop().await;
        let url = database.url.clone();
        let opened = actix_web::web::block(move || Store::open(&url, &quiet())).await.unwrap().unwrap();
        let began = chrono::DateTime::UNIX_EPOCH;
        let lease = began + TimeDelta::days(36_500);
        opened.partition_claim_all("elsewhere pid 7".into(), lease).await.unwrap();
        let second = start(&folder, &database.url).await;
        let found = second.app().scheduler.predecessor().cloned().expect("it is named");
        assert_eq!(
            (found.name.as_str(), found.since.timestamp_millis()),
            ("elsewhere pid 7", began.timestamp_millis())
        );
        second.stop().await;
        let third = start(&folder, &database.url).await;
        assert_eq!(third.app().scheduler.predecessor(), None, "the second one gave it back");
        third.stop().await;
        drop(opened);
        database.drop_it().await;
    }
}
