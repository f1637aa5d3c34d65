//! A SQLite file that is deleted, replaced or cut under a running program: nothing is said to be written that is gone.

use crate::support::{at, due, silence};
use hzm_job_scheduler::JobId;
use hzm_job_store::ledger::{Answer, Batch, Entry};
use hzm_job_store::{Store, StoreError};
use std::fs::{OpenOptions, rename, write};
use std::path::PathBuf;
use tempfile::TempDir;

struct Ledger {
    store: Store,
    epoch: i64,
    folder: TempDir,
}

impl Ledger {
    /// One with a first row.
    async fn open() -> Ledger {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("ledger.sqlite").display());
        let store = tokio::task::spawn_blocking(move || Store::open(&url, &silence()).unwrap()).await.unwrap();
        let epoch = store.partition_claim_all("test".into(), at(0)).await.unwrap();
        let ledger = Ledger { store, epoch, folder };
        ledger.write(1).await.unwrap();
        ledger
    }

    async fn write(&self, number: i64) -> Result<Vec<Answer>, StoreError> {
        let entries = vec![Entry::Open(due(JobId(7), number))];
        let batch = Batch { epoch: self.epoch, journal: 0, entries, first_id: number, checkpoints: Vec::new() };
        self.store.ledger_commit(batch).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn assert_refused(&self, number: i64, how: &str) {
        let error = self.write(number).await.unwrap_err();
        assert!(error.is_away() && error.to_string().contains(how), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_is_gone_takes_nothing_until_it_is_back() {
    for name in ["ledger.sqlite", "ledger.sqlite-wal"] {
        let ledger = Ledger::open().await;
        let (here, away) = (ledger.path(name), ledger.path("away"));
        rename(&here, &away).unwrap();
        ledger.assert_refused(2, &format!("{name} was deleted")).await;
        let other = ledger.store.session_delete(String::new()).await;
        assert!(other.is_err_and(|error| error.is_away()), "other changes too");
        write(&here, "").unwrap();
        ledger.assert_refused(2, &format!("{name} was replaced by another file")).await;
        rename(&away, &here).unwrap();
        ledger.write(2).await.unwrap();
        drop(ledger.store);
    }
}

#[tokio::test]
async fn a_log_that_was_cut_is_noticed_before_anybody_is_told_of_a_commit() {
    let ledger = Ledger::open().await;
    OpenOptions::new().write(true).open(ledger.path("ledger.sqlite-wal")).unwrap().set_len(0).unwrap();
    ledger.assert_refused(2, "was cut").await;
}
