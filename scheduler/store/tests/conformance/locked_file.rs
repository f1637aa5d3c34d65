//! A SQLite file that another program holds, or whose disk is full: it may be free again later.

use crate::support::{at, due, silence};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use hzm_job_scheduler::JobId;
use hzm_job_store::ledger::{Batch, Checkpoints, Entry};
use hzm_job_store::{Store, StoreError, StoreSettings};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// A file, and settings that wait for its lock for no longer than they must.
fn file() -> (TempDir, PathBuf, StoreSettings) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let settings = StoreSettings {
        connect_within: Duration::from_millis(100),
        ..StoreSettings::new(format!("sqlite://{}", path.display()))
    };
    (folder, path, settings)
}

/// Another program's connection.
fn another(path: &std::path::Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().unwrap()).unwrap()
}

fn batch(epoch: i64, number: i64) -> Batch {
    let entries = vec![Entry::Open(due(JobId(7), number))];
    Batch { epoch, journal: 0, entries, first_id: number, checkpoints: Checkpoints::default() }
}

fn away(opened: Result<Store, StoreError>) -> String {
    let error = opened.err().expect("the file was opened");
    assert!(error.is_away(), "{error:?}");
    format!("{error}: {error:?}")
}

#[test]
fn a_file_that_another_program_writes_to_can_be_opened_later() {
    let (_folder, path, settings) = file();
    drop(Store::open_with(&settings, &silence()).unwrap());
    let mut other = another(&path);
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let said = away(Store::open_with(&settings, &silence()));
    assert!(said.contains("database is locked"), "{said}");
    other.batch_execute("COMMIT").unwrap();
    Store::open_with(&settings, &silence()).unwrap();
}

#[test]
fn a_fresh_file_that_another_program_locked_can_be_opened_later() {
    for lock in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        let (_folder, path, settings) = file();
        let mut other = another(&path);
        other.batch_execute(lock).unwrap();
        let said = away(Store::open_with(&settings, &silence()));
        assert!(said.contains("ledger.sqlite") || said.contains("database is locked"), "{lock}: {said}");
        other.batch_execute("COMMIT").unwrap();
        Store::open_with(&settings, &silence()).unwrap();
    }
}

#[test]
fn a_file_that_another_program_kept_for_itself_can_be_opened_later() {
    let (_folder, path, settings) = file();
    drop(Store::open_with(&settings, &silence()).unwrap());
    let mut other = another(&path);
    other.batch_execute("PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE; CREATE TABLE mine (x); COMMIT").unwrap();
    away(Store::open_with(&settings, &silence()));
    drop(other);
    Store::open_with(&settings, &silence()).unwrap();
}

#[tokio::test]
async fn a_batch_that_meets_the_lock_of_another_program_may_be_written_later() {
    let (_folder, path, settings) = file();
    let store = Store::open_with(&settings, &silence()).unwrap();
    let epoch = store.partition_claim_all("one".into(), at(1)).await.unwrap();
    let mut other = another(&path);
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let error = store.ledger_commit(batch(epoch, 1)).await.unwrap_err();
    assert!(error.is_away(), "{error:?}");
    other.batch_execute("COMMIT").unwrap();
    store.ledger_commit(batch(epoch, 1)).await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_the_database_itself_undid_may_be_repeated_and_the_journal_hears_the_cause() {
    let (_folder, path, settings) = file();
    let store = Store::open_with(&settings, &silence()).unwrap();
    let epoch = store.partition_claim_all("one".into(), at(1)).await.unwrap();
    // A full disk undoes the whole transaction, as this does.
    let full = "CREATE TRIGGER full BEFORE INSERT ON run BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END; \
        CREATE TRIGGER full_too BEFORE UPDATE ON partition_lease \
        BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END";
    another(&path).batch_execute(full).unwrap();
    let error = store.ledger_commit(batch(epoch, 1)).await.unwrap_err();
    assert!(error.is_away() && format!("{error:?}").contains("disk is full"), "{error:?}");
    let error = store.partition_claim_all("two".into(), at(1)).await.unwrap_err();
    assert!(error.is_away(), "{error:?}");
    another(&path).batch_execute("DROP TRIGGER full; DROP TRIGGER full_too").unwrap();
    store.ledger_commit(batch(epoch, 1)).await.unwrap();
    assert_eq!(store.partition_claim_all("two".into(), at(1)).await.unwrap(), epoch + 1);
}
