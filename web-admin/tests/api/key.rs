//! A database that somebody changed while the admin was stopped, and its key, which that somebody does not have.

use crate::support::{PASSWORD, config, quiet};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use hzm_job_actors::{Clock, SystemClock};
use hzm_job_admin::config::Config;
use hzm_job_admin::error::Failure;
use hzm_job_admin::rechain::rechain;
use hzm_job_admin::server::{self, Running};
use hzm_job_scheduler::executor::{ExecutorDraft, Registration};
use hzm_job_store::link::Fault;
use hzm_job_store::page::Cursor;
use serde_json::json;
use std::sync::Arc;

fn meddle(config: &Config, sql: &str) {
    let url = config.admin.database_url();
    let mut conn = SqliteConnection::establish(url.strip_prefix("sqlite://").unwrap()).unwrap();
    conn.batch_execute(&format!("PRAGMA busy_timeout = 5000; {sql}")).unwrap();
}

async fn started(config: &Config) -> Result<Running, String> {
    let started = server::start(config.clone(), Arc::new(SystemClock), quiet()).await;
    started.map_err(|error| Failure::of(&error).chain)
}

/// Three entries by logins.
async fn filled(config: &Config) {
    let running = started(config).await.unwrap();
    for _ in 0..3 {
        let url = format!("http://{}/api/v1/session", running.address());
        let login = awc::Client::default().post(url).send_json(&json!({ "name": "admin", "password": PASSWORD }));
        assert_eq!(login.await.unwrap().status(), 200);
    }
    running.stop().await;
}

#[actix_web::test]
async fn a_log_whose_tie_to_the_key_was_taken_away_is_not_signed_anew_without_a_word() {
    let ways = [
        "UPDATE operation SET user_name = 'bob' WHERE place = 2; UPDATE operation_chain SET key_mark = NULL",
        "UPDATE operation SET user_name = 'bob', place = NULL, hash = NULL; \
         UPDATE operation_chain SET key_mark = NULL, place = 0, hash = ''",
    ];
    for way in ways {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder);
        filled(&config).await;
        meddle(&config, way);
        for _ in 0..2 {
            let refused = started(&config).await.err().unwrap();
            assert!(refused.contains("tied to no key any more") && refused.contains("rechain-log"), "{refused}");
        }
        let found = rechain(&config.admin, SystemClock.now(), &quiet()).await.unwrap();
        assert!(found.fault.is_some(), "{found:?}");
        let running = started(&config).await.unwrap();
        let store = &running.app().store;
        assert_eq!(store.operations_verify(None).await.unwrap().fault, None);
        let newest = store.operation_page(Cursor::Newest, 1).await.unwrap().rows.remove(0);
        assert_eq!((newest.action.as_str(), newest.user.as_str()), ("rechain", "(command line)"));
        assert!(newest.changes.iter().any(|change| change.field == "fault_before"), "{newest:?}");
        running.stop().await;
    }
}

#[actix_web::test]
async fn a_log_that_is_broken_stays_so_over_starts_until_somebody_asks_for_it_to_be_signed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    filled(&config).await;
    meddle(&config, "UPDATE operation SET user_name = 'bob' WHERE place = 2");
    let running = started(&config).await.unwrap();
    assert_eq!(running.app().store.operations_verify(None).await.unwrap().fault, Some(Fault::Changed(2)));
    let busy = rechain(&config.admin, SystemClock.now(), &quiet()).await.unwrap_err().to_string();
    assert!(busy.contains("another admin is running"), "{busy}");
    running.stop().await;
    let found = rechain(&config.admin, SystemClock.now(), &quiet()).await.unwrap();
    assert_eq!(found.fault, Some(Fault::Changed(2)));
    let running = started(&config).await.unwrap();
    let found = running.app().store.operations_verify(None).await.unwrap();
    assert_eq!((found.fault, found.end.place), (None, 4));
    running.stop().await;
}

#[actix_web::test]
async fn a_secret_that_was_planted_in_plain_text_is_refused_by_every_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    let running = started(&config).await.unwrap();
    let draft = ExecutorDraft {
        name: "billing".into(),
        app_key: "billing".into(),
        app_secret: Some("the-first".into()),
        registration: Registration::Automatic,
        addresses: Vec::new(),
    };
    let by = running.app().by("admin", "");
    running.app().store.executor_create(draft.check().unwrap(), by).await.unwrap();
    running.stop().await;
    meddle(&config, "UPDATE executor SET app_secret = 'planted'");
    for _ in 0..2 {
        let refused = started(&config).await.err().unwrap();
        assert!(refused.contains("executor 1") && refused.contains("not encrypted"), "{refused}");
    }
    rechain(&config.admin, SystemClock.now(), &quiet()).await.unwrap();
    assert!(started(&config).await.is_err(), "nor does signing the log anew encrypt it");
    meddle(&config, "UPDATE executor SET app_secret = NULL");
    started(&config).await.unwrap().stop().await;
}

#[actix_web::test]
async fn a_database_from_before_there_were_keys_is_taken_over_by_the_first_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder);
    filled(&config).await;
    std::fs::remove_file(config.admin.key_path()).unwrap();
    meddle(
        &config,
        "UPDATE operation SET place = NULL, hash = NULL; UPDATE operation_chain SET key_mark = NULL, place = 0, hash = '';
         INSERT INTO executor (id, name, app_key, app_secret, registration, version, created_at, updated_at)
         VALUES (77, 'old', 'old', 'from-before', 'automatic', 1, 1, 1)",
    );
    let running = started(&config).await.unwrap();
    let store = &running.app().store;
    let found = store.operations_verify(None).await.unwrap();
    assert_eq!((found.fault, found.end.place), (None, 3));
    let old = store.executor_list().await.unwrap().remove(0);
    assert_eq!(old.spec.draft().app_secret.as_deref(), Some("from-before"));
    running.stop().await;
}
