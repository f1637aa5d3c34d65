//! The pools of connections, one kind per database.
//!
//! A connection is asked for a sign of life whenever it leaves the pool, and thrown away when there is none: a server that
//! was restarted is served again at once, and nobody gets a connection that died while it was idle. One whose sign of life
//! is not waited for to its end is thrown away too: its answer is still under way, and the next question would get it.

use super::address::Server;
use super::erased::Blocking;
use super::open_file::{Length, OpenFile};
use super::refusal::Refusal;
use super::{mysql, postgres};
use crate::error::StoreError;
use crate::settings::StoreSettings;
use crate::trouble::TroubleWatch;
use bb8::ManageConnection;
use diesel::connection::TransactionManagerStatus;
use diesel::sql_types::BigInt;
use diesel::{ConnectionError, QueryResult, QueryableByName};
use diesel_async::pooled_connection::bb8::{Pool as Bb8Pool, PooledConnection};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, PoolError, RecyclingMethod};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, RunQueryDsl, TransactionManager};
use futures_util::FutureExt;
use std::sync::Arc;
use std::time::Duration;

/// A connection is replaced after so long: what was changed for its user, and which server stands behind the name of the
/// host, is then known to all of them.
const OLDEST_CONNECTION: Duration = Duration::from_secs(600);

/// A connection to SQLite.
pub(crate) type SqliteConn = SyncConnectionWrapper<diesel::SqliteConnection, Blocking>;

/// The pools of the database in use.
#[derive(Clone)]
pub(crate) enum Pool {
    /// SQLite has one writer at a time: its pool of one connection is the queue. Readers never wait for it (WAL).
    Sqlite { write: SqliteWriter, read: Bb8Pool<SqliteConn> },
    /// MySQL or MariaDB: every connection reads and writes.
    MySql(Bb8Pool<AsyncMysqlConnection>),
    /// PostgreSQL: every connection reads and writes.
    Postgres(Bb8Pool<AsyncPgConnection>),
}

impl Pool {
    /// Whether an SQLite file is what it was, asked by whoever only reads. Servers look after their files themselves.
    pub(super) async fn check_file(&self) -> Result<(), StoreError> {
        match self {
            Pool::Sqlite { write, read } => write.check(&mut *read.get().await?).await,
            Pool::MySql(_) | Pool::Postgres(_) => Ok(()),
        }
    }
}

/// The connection that writes to SQLite, given only while the file is the one that was opened.
#[derive(Clone)]
pub(crate) struct SqliteWriter {
    pool: Bb8Pool<SqliteConn>,
    file: Arc<OpenFile>,
}

impl SqliteWriter {
    pub(super) fn new(pool: Bb8Pool<SqliteConn>, file: Arc<OpenFile>) -> SqliteWriter {
        SqliteWriter { pool, file }
    }

    /// The connection, once it is free.
    pub(crate) async fn get(&self) -> Result<PooledConnection<'_, SqliteConn>, StoreError> {
        let mut lease = self.pool.get().await?;
        self.check(&mut lease).await?;
        Ok(lease)
    }

    /// After a commit whose answer others rely on: whether it is in the file.
    pub(super) async fn check_written(&self, conn: &mut SqliteConn) -> Result<(), StoreError> {
        self.check(conn).await?;
        self.file.check_written()
    }

    async fn check(&self, conn: &mut SqliteConn) -> Result<(), StoreError> {
        match self.file.check()? {
            Length::Kept => Ok(()),
            // The database keeps in mind how long it is. Whatever keeps it from saying so, something is missing.
            Length::Less(len) => self.file.check_length(len, needed(conn).await.unwrap_or(u64::MAX)),
        }
    }
}

#[derive(QueryableByName)]
struct Needed {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// How many bytes the database has, as it knows itself. `None`: it cannot say.
async fn needed(conn: &mut SqliteConn) -> Option<u64> {
    let asked = "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()";
    let answer: Needed = diesel::sql_query(asked).get_result(conn).await.ok()?;
    u64::try_from(answer.bytes).ok()
}

/// Notes what a statement came to: a connection that was refused for a missing right is thrown away. MariaDB looks up the
/// rights on a database when a connection is made, so an old one knows nothing of what was granted since.
pub(crate) fn noted<C: AsyncConnection, T>(conn: &mut C, done: Result<T, StoreError>) -> Result<T, StoreError> {
    if done.as_ref().is_err_and(StoreError::lacks_rights) {
        *C::TransactionManager::transaction_manager_status_mut(conn) = TransactionManagerStatus::InError;
    }
    done
}

/// Gives the body of a query its type, so that it can end early and its connection be looked at afterwards.
pub(crate) async fn played<T>(body: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    body.await
}

/// The pool for MySQL; makes no connection yet.
pub(super) fn mysql(
    server: Arc<Server>,
    settings: Arc<StoreSettings>,
    watch: &TroubleWatch,
    log: &slog::Logger,
) -> Pool {
    let mut config = ManagerConfig::<AsyncMysqlConnection>::default();
    let (there, bounds, noted) = (server.clone(), settings.clone(), watch.clone());
    config.custom_setup = Box::new(move |_| {
        let (server, settings, watch) = (there.clone(), bounds.clone(), noted.clone());
        async move { watched(mysql::connect(&server, &settings).await, &watch) }.boxed()
    });
    let noted = watch.clone();
    config.recycling_method =
        RecyclingMethod::CustomFunction(Box::new(move |conn| sign_of_life(conn, noted.clone()).boxed()));
    Pool::MySql(build(config, &server, &settings, log))
}

/// The pool for PostgreSQL; makes no connection yet.
pub(super) fn postgres(
    server: Arc<Server>,
    settings: Arc<StoreSettings>,
    watch: &TroubleWatch,
    log: &slog::Logger,
) -> Pool {
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    let (there, bounds, noted) = (server.clone(), settings.clone(), watch.clone());
    config.custom_setup = Box::new(move |_| {
        let (server, settings, watch) = (there.clone(), bounds.clone(), noted.clone());
        async move { watched(postgres::connect(&server, &settings).await, &watch) }.boxed()
    });
    let noted = watch.clone();
    config.recycling_method =
        RecyclingMethod::CustomFunction(Box::new(move |conn| sign_of_life(conn, noted.clone()).boxed()));
    Pool::Postgres(build(config, &server, &settings, log))
}

fn build<C>(config: ManagerConfig<C>, server: &Server, settings: &StoreSettings, log: &slog::Logger) -> Bb8Pool<C>
where
    C: AsyncConnection + 'static,
    AsyncDieselConnectionManager<C>: ManageConnection<Connection = C, Error = PoolError>,
{
    bb8::Pool::builder()
        .max_size(settings.pool_size)
        .connection_timeout(settings.connect_within)
        .max_lifetime(Some(OLDEST_CONNECTION))
        .error_sink(Box::new(Failures { log: log.new(slog::o!("database" => server.to_string())) }))
        .build_unchecked(AsyncDieselConnectionManager::new_with_config("", config))
}

/// Asks a connection that leaves the pool for a sign of life.
///
/// The pool drops this when whoever waits for a connection has waited long enough, and takes the connection back. On MySQL
/// every later question would then read the answer to the one before: a list would be short, or another list. So the
/// connection counts as broken from before the question until its answer is read; the pool keeps no broken ones.
async fn sign_of_life<C: AsyncConnection>(conn: &mut C, watch: TroubleWatch) -> QueryResult<()> {
    *C::TransactionManager::transaction_manager_status_mut(conn) = TransactionManagerStatus::InError;
    conn.batch_execute("SELECT 1").await?;
    *C::TransactionManager::transaction_manager_status_mut(conn) = TransactionManagerStatus::Valid(Default::default());
    watch.answered();
    Ok(())
}

/// Hands an attempt to connect on, noted.
fn watched<C>(made: Result<C, Refusal>, watch: &TroubleWatch) -> Result<C, ConnectionError> {
    match made {
        Ok(conn) => {
            watch.answered();
            Ok(conn)
        }
        Err(refusal) => {
            watch.failed(&refusal.reason, refusal.brief);
            Err(ConnectionError::BadConnection(refusal.reason))
        }
    }
}

/// Why single connections could not be made or were thrown away, for whoever reads the log at `debug`; [`TroubleWatch`] tells
/// of what lasts.
#[derive(Debug, Clone)]
struct Failures {
    log: slog::Logger,
}

impl bb8::ErrorSink<PoolError> for Failures {
    fn sink(&self, error: PoolError) {
        slog::debug!(self.log, "a connection to the database was lost or not made"; "error" => %error);
    }

    fn boxed_clone(&self) -> Box<dyn bb8::ErrorSink<PoolError>> {
        Box::new(self.clone())
    }
}
