//! The pools of connections, one kind per database.
//!
//! A connection is asked for a sign of life whenever it leaves the pool, and thrown away when there is none: a server that
//! was restarted is served again at once, and nobody gets a connection that died while it was idle. One whose sign of life
//! is not waited for to its end is thrown away too: its answer is still under way, and the next question would get it.

use super::address::Server;
use super::refusal::Refusal;
use super::{mysql, postgres};
use crate::settings::StoreSettings;
use bb8::ManageConnection;
use diesel::connection::TransactionManagerStatus;
use diesel::{ConnectionError, QueryResult};
use diesel_async::pooled_connection::bb8::Pool as Bb8Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, PoolError, RecyclingMethod};
use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, TransactionManager};
use futures_util::FutureExt;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// A connection to SQLite.
pub(crate) type SqliteConn = diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;

/// The pools of the database in use.
#[derive(Clone)]
pub(crate) enum Pool {
    /// SQLite has one writer at a time: its pool of one connection is the queue. Readers never wait for it (WAL).
    Sqlite { write: Bb8Pool<SqliteConn>, read: Bb8Pool<SqliteConn> },
    /// MySQL or MariaDB: every connection reads and writes.
    MySql(Bb8Pool<AsyncMysqlConnection>),
    /// PostgreSQL: every connection reads and writes.
    Postgres(Bb8Pool<AsyncPgConnection>),
}

/// The pool for MySQL; makes no connection yet.
pub(super) fn mysql(server: Arc<Server>, settings: Arc<StoreSettings>, log: &slog::Logger) -> Pool {
    let mut config = ManagerConfig::<AsyncMysqlConnection>::default();
    let (there, bounds) = (server.clone(), settings.clone());
    config.custom_setup = Box::new(move |_| {
        let (server, settings) = (there.clone(), bounds.clone());
        async move { mysql::connect(&server, &settings).await.map_err(connection_error) }.boxed()
    });
    config.recycling_method = RecyclingMethod::CustomFunction(Box::new(|conn| sign_of_life(conn).boxed()));
    Pool::MySql(build(config, &server, &settings, log))
}

/// The pool for PostgreSQL; makes no connection yet.
pub(super) fn postgres(server: Arc<Server>, settings: Arc<StoreSettings>, log: &slog::Logger) -> Pool {
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    let (there, bounds) = (server.clone(), settings.clone());
    config.custom_setup = Box::new(move |_| {
        let (server, settings) = (there.clone(), bounds.clone());
        async move { postgres::connect(&server, &settings).await.map_err(connection_error) }.boxed()
    });
    config.recycling_method = RecyclingMethod::CustomFunction(Box::new(|conn| sign_of_life(conn).boxed()));
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
        .error_sink(Box::new(Failures::new(server, log)))
        .build_unchecked(AsyncDieselConnectionManager::new_with_config("", config))
}

/// Asks a connection that leaves the pool for a sign of life.
///
/// The pool drops this when whoever waits for a connection has waited long enough, and takes the connection back. On MySQL
/// every later question would then read the answer to the one before: a list would be short, or another list. So the
/// connection counts as broken from before the question until its answer is read; the pool keeps no broken ones.
async fn sign_of_life<C: AsyncConnection>(conn: &mut C) -> QueryResult<()> {
    *C::TransactionManager::transaction_manager_status_mut(conn) = TransactionManagerStatus::InError;
    conn.batch_execute("SELECT 1").await?;
    *C::TransactionManager::transaction_manager_status_mut(conn) = TransactionManagerStatus::Valid(Default::default());
    Ok(())
}

fn connection_error(refusal: Refusal) -> ConnectionError {
    ConnectionError::BadConnection(refusal.reason)
}

/// How often a server that is away is complained about.
const COMPLAIN_EVERY: Duration = Duration::from_secs(5);

/// Logs why connections could not be made or were thrown away: whoever waits learns only that none became free.
#[derive(Debug, Clone)]
struct Failures {
    log: slog::Logger,
    last: Arc<Mutex<Option<Instant>>>,
}

impl Failures {
    fn new(server: &Server, log: &slog::Logger) -> Failures {
        Failures { log: log.new(slog::o!("database" => server.to_string())), last: Arc::default() }
    }

    fn is_due(&self) -> bool {
        let now = Instant::now();
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_due = last.is_none_or(|last| now.duration_since(last) >= COMPLAIN_EVERY);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

impl bb8::ErrorSink<PoolError> for Failures {
    fn sink(&self, error: PoolError) {
        if self.is_due() {
            slog::warn!(self.log, "no connection to the database"; "error" => %error);
        }
    }

    fn boxed_clone(&self) -> Box<dyn bb8::ErrorSink<PoolError>> {
        Box::new(self.clone())
    }
}
