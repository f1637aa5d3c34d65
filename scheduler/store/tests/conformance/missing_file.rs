//! A SQLite file that is deleted, replaced or cut under a running program: nothing is said to be written that is gone.

use crate::support::{at, due, silence, until};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use hzm_job_scheduler::JobId;
use hzm_job_store::ledger::{Answer, Batch, Checkpoints, Entry};
use hzm_job_store::{Store, StoreError, StoreSettings};
use std::fs::{OpenOptions, rename, write};
use std::path::PathBuf;
use tempfile::TempDir;

/// A page: less is left of a file that is cut here than it needs.
const CUT: u64 = 4_096;

struct Ledger {
    store: Store,
    epoch: i64,
    folder: TempDir,
}

impl Ledger {
    /// One with a first row.
    async fn open() -> Ledger {
        Ledger::open_in(tempfile::tempdir().unwrap()).await
    }

    /// One whose file holds all of an earlier admin, and whose log holds something of this one.
    async fn open_again() -> Ledger {
        let Ledger { store, folder, .. } = Ledger::open().await;
        drop(store);
        until(async || !folder.path().join("ledger.sqlite-wal").exists()).await;
        let ledger = Ledger::open_in(folder).await;
        for number in 50..54 {
            ledger.write(number).await.unwrap();
        }
        assert!(ledger.len("ledger.sqlite") > 2 * CUT && ledger.len("ledger.sqlite-wal") > 2 * CUT);
        ledger
    }

    async fn open_in(folder: TempDir) -> Ledger {
        let url = format!("sqlite://{}", folder.path().join("ledger.sqlite").display());
        let store = tokio::task::spawn_blocking(move || Store::open(&url, &silence()).unwrap()).await.unwrap();
        let epoch = store.partition_claim_all("test".into(), at(0)).await.unwrap();
        let ledger = Ledger { store, epoch, folder };
        ledger.write(1).await.unwrap();
        ledger
    }

    async fn write(&self, number: i64) -> Result<Vec<Answer>, StoreError> {
        let entries = vec![Entry::Open(due(JobId(7), number))];
        let batch =
            Batch { epoch: self.epoch, journal: 0, entries, first_id: number, checkpoints: Checkpoints::default() };
        self.store.ledger_commit(batch).await
    }

    fn len(&self, name: &str) -> u64 {
        std::fs::metadata(self.path(name)).unwrap().len()
    }

    fn head_of_log(&self) -> Vec<u8> {
        std::fs::read(self.path("ledger.sqlite-wal")).unwrap()[..32].to_vec()
    }

    fn cut(&self, name: &str, len: u64) {
        OpenOptions::new().write(true).open(self.path(name)).unwrap().set_len(len).unwrap();
    }

    /// What another program does with the file.
    fn elsewhere(&self, sql: &str) {
        let path = self.path("ledger.sqlite");
        SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(sql).unwrap();
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
    ledger.cut("ledger.sqlite-wal", 0);
    ledger.assert_refused(2, "was cut").await;
}

#[tokio::test]
async fn a_file_or_log_that_was_cut_takes_nothing_any_more() {
    for name in ["ledger.sqlite", "ledger.sqlite-wal"] {
        for share in [2, 0] {
            let ledger = Ledger::open_again().await;
            let len = ledger.len(name);
            ledger.cut(name, len.checked_div(share).unwrap_or(CUT));
            for number in 2..4 {
                ledger.assert_refused(number, &format!("{name} was cut")).await;
            }
            let other = ledger.store.session_delete(String::new()).await;
            assert!(other.is_err_and(|error| error.is_away()), "other changes too");
        }
    }
}

#[tokio::test]
async fn a_file_that_was_cut_shows_in_a_sign_of_life_though_nothing_is_written() {
    let ledger = Ledger::open_again().await;
    ledger.store.ping().await.unwrap();
    ledger.cut("ledger.sqlite", CUT);
    let error = ledger.store.ping().await.unwrap_err();
    assert!(error.is_away() && error.to_string().contains("was cut"), "{error}");
}

#[tokio::test]
async fn a_log_that_begins_anew_and_a_file_that_was_compacted_are_no_loss() {
    let ledger = Ledger::open_again().await;
    ledger.elsewhere("PRAGMA wal_checkpoint(TRUNCATE)");
    assert_eq!(ledger.len("ledger.sqlite-wal"), 0);
    ledger.write(2).await.unwrap();
    let pages = "CREATE TABLE filled AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 500) \
        SELECT x, randomblob(3000) AS y FROM n; PRAGMA wal_checkpoint(TRUNCATE)";
    ledger.elsewhere(pages);
    ledger.write(3).await.unwrap();
    let large = ledger.len("ledger.sqlite");
    ledger.elsewhere("DROP TABLE filled; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    assert!(ledger.len("ledger.sqlite") < large / 2, "it is smaller now");
    ledger.write(4).await.unwrap();
    ledger.write(5).await.unwrap();
}

#[tokio::test]
async fn a_log_that_is_written_from_its_beginning_over_and_over_is_no_loss() {
    let ledger = Ledger::open().await;
    for round in 1..8 {
        for number in 0..3 {
            ledger.write(100 * round + number).await.unwrap();
        }
        let before = ledger.head_of_log();
        ledger.elsewhere("PRAGMA wal_checkpoint(RESTART)");
        ledger.write(100 * round + 10).await.unwrap();
        assert_ne!(ledger.head_of_log(), before, "it began anew");
    }
    ledger.cut("ledger.sqlite-wal", CUT);
    ledger.assert_refused(900, "ledger.sqlite-wal was cut").await;
}

#[tokio::test]
async fn a_file_that_was_completed_needs_no_log_beside_it() {
    let ledger = Ledger::open().await;
    assert!(ledger.len("ledger.sqlite-wal") > 0);
    assert!(ledger.store.file_complete().await.unwrap());
    assert_eq!(ledger.len("ledger.sqlite-wal"), 0);
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(ledger.path("ledger.sqlite"), copy.path().join("ledger.sqlite")).unwrap();
    let copied = Ledger::open_in(copy).await;
    let again = copied.write(1).await.unwrap();
    assert!(!matches!(again.as_slice(), [Answer::Opened(_)]), "the row is in the copy: {again:?}");
    ledger.write(2).await.unwrap();
}

#[tokio::test]
async fn a_reader_in_the_way_leaves_the_log_as_it_is_and_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("ledger.sqlite").display());
    let settings = StoreSettings { connect_within: std::time::Duration::from_millis(100), ..StoreSettings::new(url) };
    let store = tokio::task::spawn_blocking(move || Store::open_with(&settings, &silence()).unwrap()).await.unwrap();
    let path = folder.path().join("ledger.sqlite");
    let mut reader = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    reader.batch_execute("BEGIN; SELECT count(*) FROM run").unwrap();
    store.partition_claim_all("test".into(), at(0)).await.unwrap();
    assert!(!store.file_complete().await.unwrap());
    reader.batch_execute("COMMIT").unwrap();
    assert!(store.file_complete().await.unwrap());
}
