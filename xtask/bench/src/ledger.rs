//! The ledger read directly, past the admin, and what a database says of itself.

use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Integer, SmallInt, Text};
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection};
use diesel_async::{AsyncConnection as _, AsyncMysqlConnection, AsyncPgConnection, SimpleAsyncConnection as _};
use tokio::runtime::Runtime;

use crate::text;
use crate::verify::Row;

/// Rows are read in pieces of so many milliseconds of due time.
const PIECE_MS: i64 = 2_000;

/// A connection of our own to the database of an admin.
pub enum Ledger {
    /// To the file.
    Sqlite(Box<SqliteConnection>),
    /// To a MariaDB, with what drives it.
    Mysql(Runtime, Box<AsyncMysqlConnection>),
    /// To a PostgreSQL, with what drives it.
    Postgres(Runtime, Box<AsyncPgConnection>),
}

#[derive(QueryableByName)]
struct RunRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    job_id: i64,
    #[diesel(sql_type = BigInt)]
    scheduled_at: i64,
    #[diesel(sql_type = Integer)]
    attempt: i32,
    #[diesel(sql_type = SmallInt)]
    state: i16,
    #[diesel(sql_type = SmallInt)]
    reason: i16,
}

impl From<RunRow> for Row {
    fn from(row: RunRow) -> Row {
        let RunRow { id, job_id, scheduled_at, attempt, state, reason } = row;
        Row { id, job: job_id, scheduled: scheduled_at, attempt, state, reason }
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    many: i64,
}

/// What the copies of a job share with it.
#[derive(Clone, Debug, QueryableByName)]
pub struct Template {
    /// Its executor.
    #[diesel(sql_type = BigInt)]
    pub executor_id: i64,
    /// Its handler.
    #[diesel(sql_type = Text)]
    pub handler: String,
    /// Its owner.
    #[diesel(sql_type = Text)]
    pub owner: String,
    /// Its definition, as JSON.
    #[diesel(sql_type = Text)]
    pub spec: String,
}

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    value: String,
}

impl Ledger {
    /// Connects to a server by its URL, or to a file when the URL is empty.
    ///
    /// # Errors
    /// When there is no connection, with why.
    pub fn open(url: &str, file: &Path) -> Result<Ledger, String> {
        if url.is_empty() {
            let mut connection = SqliteConnection::establish(&file.display().to_string()).map_err(text)?;
            diesel::sql_query("PRAGMA busy_timeout = 30000").execute(&mut connection).map_err(text)?;
            return Ok(Ledger::Sqlite(Box::new(connection)));
        }
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(text)?;
        if url.starts_with("mysql:") {
            let connection = runtime.block_on(AsyncMysqlConnection::establish(url)).map_err(text)?;
            return Ok(Ledger::Mysql(runtime, Box::new(connection)));
        }
        let connection = runtime.block_on(AsyncPgConnection::establish(url)).map_err(text)?;
        Ok(Ledger::Postgres(runtime, Box::new(connection)))
    }

    /// What a query of plain text finds.
    fn load<T>(&mut self, query: &str) -> Result<Vec<T>, String>
    where
        T: QueryableByName<diesel::sqlite::Sqlite>
            + QueryableByName<diesel::mysql::Mysql>
            + QueryableByName<diesel::pg::Pg>
            + Send
            + 'static,
    {
        let query = diesel::sql_query(query);
        let found = match self {
            Ledger::Sqlite(connection) => query.load(&mut **connection),
            Ledger::Mysql(runtime, connection) => {
                runtime.block_on(diesel_async::RunQueryDsl::load(query, &mut **connection))
            }
            Ledger::Postgres(runtime, connection) => {
                runtime.block_on(diesel_async::RunQueryDsl::load(query, &mut **connection))
            }
        };
        found.map_err(text)
    }

    /// The number that a query finds in its only column `many`; 0 when it finds no row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn number(&mut self, query: &str) -> Result<i64, String> {
        Ok(self.load::<Count>(query)?.first().map_or(0, |count| count.many))
    }

    /// Runs statements of plain text, each by itself.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn execute(&mut self, statements: &str) -> Result<(), String> {
        let done = match self {
            Ledger::Sqlite(connection) => connection.batch_execute(statements),
            Ledger::Mysql(runtime, connection) => runtime.block_on(connection.batch_execute(statements)),
            Ledger::Postgres(runtime, connection) => runtime.block_on(connection.batch_execute(statements)),
        };
        done.map_err(text)
    }

    /// Takes so many numbers of a sequence, as the admin does; the first of them.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn lease_ids(&mut self, sequence: &str, many: u64) -> Result<i64, String> {
        self.execute(&format!("UPDATE id_block SET next = next + {many} WHERE name = '{sequence}'"))?;
        self.number(&format!("SELECT next - {many} AS many FROM id_block WHERE name = '{sequence}'"))
    }

    /// The row of a job, to be copied.
    ///
    /// # Errors
    /// When the database refuses, or there is no such job.
    pub fn template(&mut self, job: i64) -> Result<Template, String> {
        let found = self.load(&format!("SELECT executor_id, handler, owner, spec FROM job WHERE id = {job}"))?;
        found.into_iter().next().ok_or_else(|| format!("there is no job {job}"))
    }

    /// How many fires due until then have no outcome.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn open_until(&mut self, until: i64) -> Result<i64, String> {
        self.number(&format!(
            "SELECT COUNT(*) AS many FROM run WHERE state IN (0, 1, 2, 3) AND scheduled_at <= {until}"
        ))
    }

    /// All rows of schedules that were due after `from` until `until`, that included.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn rows(&mut self, from: i64, until: i64) -> Result<Vec<Row>, String> {
        let mut rows = Vec::new();
        let mut start = from;
        while start < until {
            let end = (start + PIECE_MS).min(until);
            let query = format!(
                "SELECT id, job_id, scheduled_at, attempt, state, reason FROM run \
                 WHERE scheduled_at > {start} AND scheduled_at <= {end} AND kind = 0"
            );
            rows.extend(self.load::<RunRow>(&query)?.into_iter().map(Row::from));
            start = end;
        }
        Ok(rows)
    }

    /// Counters that the server keeps, each with its name; a file has none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn counters(&mut self) -> Result<Vec<(&'static str, i64)>, String> {
        let (query, names) = match self {
            Ledger::Sqlite(_) => return Ok(Vec::new()),
            Ledger::Mysql(..) => (MYSQL_COUNTERS, MYSQL_NAMES),
            Ledger::Postgres(..) => (POSTGRES_COUNTERS, POSTGRES_NAMES),
        };
        let told = self.load::<Told>(query)?;
        let value = |theirs: &str| told.iter().find(|told| told.name.eq_ignore_ascii_case(theirs))?.value.parse().ok();
        Ok(names.iter().filter_map(|(theirs, ours)| Some((*ours, value(theirs)?))).collect())
    }
}

const MYSQL_COUNTERS: &str = "SELECT CAST(VARIABLE_NAME AS CHAR) AS name, CAST(VARIABLE_VALUE AS CHAR) AS value \
     FROM information_schema.GLOBAL_STATUS";
const MYSQL_NAMES: &[(&str, &str)] = &[
    ("COM_COMMIT", "commits"),
    ("QUESTIONS", "statements"),
    ("INNODB_OS_LOG_FSYNCS", "log syncs"),
    ("INNODB_OS_LOG_WRITTEN", "log bytes"),
];
const POSTGRES_COUNTERS: &str = "SELECT 'commits' AS name, xact_commit::text AS value FROM pg_stat_database \
     WHERE datname = current_database() \
     UNION ALL SELECT 'syncs', wal_sync::text FROM pg_stat_wal UNION ALL SELECT 'bytes', wal_bytes::text FROM pg_stat_wal";
const POSTGRES_NAMES: &[(&str, &str)] = &[("commits", "commits"), ("syncs", "log syncs"), ("bytes", "log bytes")];

/// The number of transactions that wrote to an SQLite file in WAL mode, from the index of its log; it wraps around.
///
/// The index begins with its version, four unused bytes and a counter that every writing transaction raises, each of four
/// bytes in the machine's order.
#[must_use]
pub fn sqlite_commits(file: &Path) -> Option<u32> {
    let mut index = file.as_os_str().to_owned();
    index.push("-shm");
    let bytes = std::fs::read(index).ok()?;
    bytes.get(8..12)?.try_into().ok().map(u32::from_ne_bytes)
}
