//! SQLite: how it is opened, and the journal's batch in the form that is fastest there.
//!
//! `synchronous=FULL` with WAL makes every commit durable. A batch is one transaction in one `spawn_blocking`. Nearly every
//! fire is new, so a batch is first written in good faith: rows in prepared statements of many. When a unique key says that
//! one was there already, all is undone and written again entry by entry, where each statement tells whether it was new.

mod rows;
mod writer;

use super::Ending;
use super::open_file::OpenFile;
use super::pool::{Pool, SqliteConn, SqliteWriter};
use crate::epoch;
use crate::error::{StoreError, says_passing};
use crate::ledger::{Answer, Batch};
use crate::migrate;
use crate::schema::partition_lease;
use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::SimpleAsyncConnection;
use diesel_async::pooled_connection::bb8;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use futures_util::FutureExt;
use hzm_job_scheduler::partition::PARTITIONS;
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use writer::{Faith, Writer};

/// Readers; each is a thread of SQLite's own at most, and pages ask for little.
const READERS: u32 = 4;

/// What each connection is set to, beside how long it waits for a lock that another process holds.
const PRAGMAS: &str = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
     PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY";

/// What the writer is set to as well. Rows of a million jobs go to as many places of the index by job: with 64 MiB of pages in
/// memory instead of 2, and with 64 MiB of log (16,000 pages) before it is copied into the file instead of 4, a page that
/// is changed again and again is read and copied once; inserts were measured to cost half as much.
const WRITER_PRAGMAS: &str = "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=16000";

/// For migrations, which may rebuild an index over millions of rows: sorted in files rather than in memory.
const MIGRATION_PRAGMAS: &str = "PRAGMA temp_store=FILE";

/// Opens the file, makes its folder where that is missing, and migrates. `patience` bounds the wait for a connection, and
/// for a lock that another process holds.
pub(super) async fn open(path: String, patience: Duration) -> Result<Pool, StoreError> {
    if path.is_empty() || path.contains(":memory:") {
        return Err(cannot_open(
            &path,
            "the ledger needs a file; write sqlite://PATH, such as sqlite://data/ledger.sqlite",
        ));
    }
    if let Some(folder) = Path::new(&path).parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|source| cannot_open(&path, &source.to_string()))?;
    }
    make(&path);
    let file = Arc::new(OpenFile::new(&path));
    let write = pool(&path, 1, patience, Some(file.clone())).await?;
    let mut conn = write.dedicated_connection().await.map_err(|source| cannot_open(&path, &source.to_string()))?;
    conn.batch_execute(MIGRATION_PRAGMAS).await?;
    // The write lock makes a second process wait, which then finds nothing left to do.
    conn.spawn_blocking(|conn| Ok(conn.immediate_transaction(|conn| migrate::apply(conn, migrate::SQLITE)))).await??;
    drop(conn);
    file.check()?;
    Ok(Pool::Sqlite { write: SqliteWriter::new(write, file), read: pool(&path, READERS, patience, None).await? })
}

/// Makes a file that is not there yet, for its owner only; SQLite gives its log the same rights, and leaves a file as it is. What
/// stands in the way of that stands in SQLite's way too, and is told by it.
fn make(path: &str) {
    // An address of SQLite's own kind says more than a path.
    if path.starts_with("file:") {
        return;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

async fn pool(
    path: &str,
    size: u32,
    patience: Duration,
    file: Option<Arc<OpenFile>>,
) -> Result<bb8::Pool<SqliteConn>, StoreError> {
    let mut config = ManagerConfig::<SqliteConn>::default();
    config.recycling_method = RecyclingMethod::Fast;
    let more = if file.is_some() { WRITER_PRAGMAS } else { "" };
    let pragmas = format!("PRAGMA busy_timeout={}; {PRAGMAS}; {more}", patience.as_millis());
    config.custom_setup = Box::new(move |path: &str| {
        let (path, pragmas, file) = (path.to_owned(), pragmas.clone(), file.clone());
        async move {
            let mut conn = <SqliteConn as diesel_async::AsyncConnection>::establish(&path).await?;
            conn.batch_execute(&pragmas).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
            file.iter().for_each(|file| file.opened());
            Ok(conn)
        }
        .boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(path, config);
    // None is given up for its age: with the last connection the write-ahead log goes, and another one is made.
    let builder = bb8::Pool::builder().max_size(size).connection_timeout(patience);
    let made = builder.idle_timeout(None).max_lifetime(None).build(manager).await;
    made.map_err(|source| cannot_open(path, &source.to_string()))
}

/// Whether it can be opened later is told by SQLite's words only.
fn cannot_open(path: &str, reason: &str) -> StoreError {
    let (what, mut reason) = (format!("the SQLite file {path}"), reason.to_owned());
    if says_passing(&reason) {
        return StoreError::Away { what, reason, brief: "the file is locked, or its disk is full or fails" };
    }
    if Path::new(path).is_dir() {
        reason = format!("{reason}: it is a folder; name a file in it, such as {path}/ledger.sqlite");
    }
    StoreError::Open { what, reason }
}

/// Writes the batch in one transaction, on SQLite's thread.
pub(crate) async fn ledger_play(
    conn: &mut SqliteConn,
    batch: Batch,
    ending: Ending,
) -> Result<Vec<Answer>, StoreError> {
    let written = conn.spawn_blocking(move |conn| match write(conn, &batch, ending, Faith::Good) {
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            write(conn, &batch, ending, Faith::None)
        }
        written => written,
    });
    written.await?
}

fn write(
    conn: &mut SqliteConnection,
    batch: &Batch,
    ending: Ending,
    faith: Faith,
) -> QueryResult<Result<Vec<Answer>, StoreError>> {
    in_txn(conn, |conn| {
        let leases = partition_lease::table.filter(partition_lease::id.lt(PARTITIONS));
        let epochs = (count_star(), min(partition_lease::epoch), max(partition_lease::epoch));
        if let Err(error) = epoch::check(leases.select(epochs).first(conn)?, batch.epoch) {
            return Ok(Err(error));
        }
        let answers = Writer::new(conn, faith).write(batch)?;
        ending.check()?;
        Ok(Ok(answers))
    })
}

/// A transaction whose failure is told by its cause. When the disk is full or fails, SQLite undoes the transaction itself;
/// the rollback that follows then finds none, and diesel would hand on the words of that.
fn in_txn<T>(
    conn: &mut SqliteConnection,
    body: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
) -> QueryResult<T> {
    let mut cause = None;
    let done = conn.immediate_transaction(|conn| {
        body(conn).map_err(|error| {
            cause = Some(error);
            DieselError::RollbackTransaction
        })
    });
    done.map_err(|error| cause.unwrap_or(error))
}
