//! The transaction of a batch, the same for both servers; only the words of its statements differ.

use super::play::{FireKey, Played, RequestKey, RowChange, Seen, fire_key, play};
use super::sql::{MYSQL, POSTGRES, Sql};
use super::statement::{Statement, chunks};
use super::{mysql_rows, postgres_rows};
use crate::backend::Ending;
use crate::backend::ImmediateTransaction;
use crate::columns::millis;
use crate::epoch::{self, Epochs};
use crate::error::StoreError;
use crate::ledger::{Answer, Batch, Entry, NewRun};
use crate::run_row::RunRow;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text};
use diesel_async::{AsyncMysqlConnection, AsyncPgConnection, RunQueryDsl};
use hzm_job_scheduler::partition::PARTITIONS;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

/// Attempts at a batch when unique keys are hit: one in good faith, the others with a look-up before. A key that is hit
/// once more belongs to no fire that can be found: an id that is in use.
const ATTEMPTS: u32 = 4;

/// A row that says where the fire of a key is, and its state.
type FireRow = (i64, i64, i16, i32, i64, i16);
/// A row that says which run a request made, and its state if it is still there.
type RequestRow = (i64, String, i64, Option<i16>);

/// What a batch asks of a connection.
trait Link: Send {
    const SQL: Sql;

    fn write(&mut self, sql: &'static str, json: String) -> impl Future<Output = QueryResult<usize>> + Send;
    /// Inserts runs.
    fn open(&mut self, rows: &BTreeMap<i64, RunRow>) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Changes runs and answers how many there were; what is absent stays.
    fn change(&mut self, changes: &BTreeMap<i64, RowChange>) -> impl Future<Output = Result<usize, StoreError>> + Send;
    fn epochs(&mut self) -> impl Future<Output = QueryResult<Vec<Epochs>>> + Send;
    fn states(&mut self, ids: String) -> impl Future<Output = QueryResult<Vec<(i64, i16)>>> + Send;
    fn fires(&mut self, keys: String) -> impl Future<Output = QueryResult<Vec<FireRow>>> + Send;
    fn requests(&mut self, keys: String) -> impl Future<Output = QueryResult<Vec<RequestRow>>> + Send;
}

/// One connection type's part, and its function that plays a batch.
macro_rules! link {
    ($conn:ty, $sql:expr, $rows:ident, $play:ident) => {
        impl Link for $conn {
            const SQL: Sql = $sql;

            async fn write(&mut self, sql: &'static str, json: String) -> QueryResult<usize> {
                Statement::<BigInt>::new(sql, json).execute(self).await
            }

            async fn open(&mut self, rows: &BTreeMap<i64, RunRow>) -> Result<(), StoreError> {
                $rows::open(self, rows.values()).await
            }

            async fn change(&mut self, changes: &BTreeMap<i64, RowChange>) -> Result<usize, StoreError> {
                if changes.is_empty() { Ok(0) } else { $rows::change(self, changes.values()).await }
            }

            async fn epochs(&mut self) -> QueryResult<Vec<Epochs>> {
                type Columns = (BigInt, Nullable<BigInt>, Nullable<BigInt>);
                Statement::<Columns>::new(Self::SQL.partitions, PARTITIONS.to_string()).load(self).await
            }

            async fn states(&mut self, ids: String) -> QueryResult<Vec<(i64, i16)>> {
                Statement::<(BigInt, SmallInt)>::new(Self::SQL.states, ids).load(self).await
            }

            async fn fires(&mut self, keys: String) -> QueryResult<Vec<FireRow>> {
                type Columns = (BigInt, BigInt, SmallInt, Integer, BigInt, SmallInt);
                Statement::<Columns>::new(Self::SQL.fires, keys).load(self).await
            }

            async fn requests(&mut self, keys: String) -> QueryResult<Vec<RequestRow>> {
                type Columns = (BigInt, Text, BigInt, Nullable<SmallInt>);
                Statement::<Columns>::new(Self::SQL.requests, keys).load(self).await
            }
        }

        /// Writes the batch in one transaction.
        pub(in crate::backend) async fn $play(
            conn: &mut $conn,
            batch: &Batch,
            ending: Ending,
        ) -> Result<Vec<Answer>, StoreError> {
            // What is taken back is deleted before anything is inserted, so whether an earlier entry meets it must be known.
            let takes_back = batch.entries.iter().any(|entry| matches!(entry, Entry::Withdraw(_)));
            let mut attempt = 1;
            loop {
                let look_up = takes_back || attempt > 1;
                let written = conn.immediate_transaction(async |conn| {
                    let answers = write_in_txn(conn, batch, look_up).await?;
                    ending.check()?;
                    Ok::<_, StoreError>(answers)
                });
                let written = written.await;
                match written {
                    Err(error) if error.is_duplicate() && attempt < ATTEMPTS => attempt += 1,
                    written => return written,
                }
            }
        }
    };
}

link!(AsyncMysqlConnection, MYSQL, mysql_rows, mysql_play);
link!(AsyncPgConnection, POSTGRES, postgres_rows, postgres_play);

async fn write_in_txn<C: Link>(conn: &mut C, batch: &Batch, look_up: bool) -> Result<Vec<Answer>, StoreError> {
    epoch::check(conn.epochs().await?.pop().unwrap_or_default(), batch.epoch)?;
    let played = play(batch, see_in_txn(conn, batch, look_up).await?);
    rows_in_txn(conn, &played).await?;
    checkpoints_in_txn(conn, batch).await?;
    Ok(played.answers)
}

/// Looks at what the batch names: runs to be changed (and locks them), earlier requests, and, if asked to, fires.
async fn see_in_txn<C: Link>(conn: &mut C, batch: &Batch, look_up: bool) -> Result<Seen, StoreError> {
    let mut seen = Seen::default();
    for ids in chunks(changed_ids(batch))? {
        seen.states.extend(conn.states(ids).await?);
    }
    for keys in chunks(request_keys(batch))? {
        for (job, key, run, state) in conn.requests(keys).await? {
            seen.requests.insert((job, key), run);
            if let Some(state) = state {
                seen.states.entry(run).or_insert(state);
            }
        }
    }
    let fires: BTreeSet<FireKey> = if look_up { news(batch).map(fire_key).collect() } else { BTreeSet::new() };
    for keys in chunks(fires)? {
        for (due, job, kind, attempt, id, state) in conn.fires(keys).await? {
            seen.fires.insert((due, job, kind, attempt), id);
            seen.states.entry(id).or_insert(state);
        }
    }
    Ok(seen)
}

/// Every row that the batch may open.
fn news(batch: &Batch) -> impl Iterator<Item = &NewRun> {
    batch.entries.iter().filter_map(|entry| match entry {
        Entry::Open(new) => Some(new),
        Entry::Change(change) => change.then.as_deref(),
        Entry::Withdraw(_) | Entry::Settle { .. } | Entry::KeepTaken(_) | Entry::DropTaken(_) => None,
    })
}

fn request_keys(batch: &Batch) -> BTreeSet<RequestKey> {
    news(batch).filter_map(|new| Some((new.job.0, new.request_key.as_ref()?.key.clone()))).collect()
}

fn changed_ids(batch: &Batch) -> BTreeSet<i64> {
    let ids = batch.entries.iter().filter_map(|entry| match entry {
        Entry::Change(change) => Some(change.run.0),
        Entry::Withdraw(taken_back) => Some(taken_back.run.0),
        Entry::Open(_) | Entry::Settle { .. } | Entry::KeepTaken(_) | Entry::DropTaken(_) => None,
    });
    ids.collect()
}

async fn rows_in_txn<C: Link>(conn: &mut C, played: &Played) -> Result<(), StoreError> {
    write_all(conn, C::SQL.withdraw, &played.withdrawn).await?;
    conn.open(&played.opened).await?;
    write_all(conn, C::SQL.settle, &played.settled).await?;
    write_all(conn, C::SQL.keep_requests, played.requests.values()).await?;
    let changed = conn.change(&played.changed).await?;
    if changed != played.changed.len() {
        // They were locked by this transaction, so each of them is there.
        let reason = format!("of {} changes the database made {changed}", played.changed.len());
        return Err(StoreError::Corrupt {
            table: "run",
            id: played.changed.keys().next().copied().unwrap_or(0),
            reason,
        });
    }
    let outcomes = played.outcomes.iter().map(|((hour, state), runs)| (hour, state, runs));
    write_all(conn, C::SQL.count, outcomes).await?;
    write_all(conn, C::SQL.end, &played.ends).await?;
    write_all(conn, C::SQL.take, &played.taken).await?;
    write_all(conn, C::SQL.untake, &played.untaken).await?;
    Ok(())
}

/// Keeps what the batch tells of how far jobs have come and of open runs; what is further already stays.
async fn checkpoints_in_txn<C: Link>(conn: &mut C, batch: &Batch) -> Result<(), StoreError> {
    // Once each: two rows of one statement may not meet on PostgreSQL.
    let mut last: BTreeMap<i64, i64> = BTreeMap::new();
    for (job, until) in &batch.checkpoints.until {
        let latest = last.entry(job.0).or_insert(i64::MIN);
        *latest = (*latest).max(millis(*until));
    }
    write_all(conn, C::SQL.checkpoint, last).await?;
    write_all(conn, C::SQL.open, batch.checkpoints.open.iter().map(|(run, job)| (run.0, job.0))).await?;
    write_all(conn, C::SQL.over, batch.checkpoints.over.iter().map(|run| run.0)).await?;
    write_all(conn, C::SQL.mark, batch.checkpoints.mark.map(|mark| (batch.journal, mark))).await?;
    Ok(())
}

/// Writes rows, in as many statements as their size asks for, and answers how many the database touched.
async fn write_all<C: Link, T: Serialize>(
    conn: &mut C,
    sql: &'static str,
    rows: impl IntoIterator<Item = T>,
) -> Result<usize, StoreError> {
    let mut touched = 0;
    for json in chunks(rows)? {
        touched += conn.write(sql, json).await?;
    }
    Ok(touched)
}
