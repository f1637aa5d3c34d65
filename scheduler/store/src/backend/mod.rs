//! The only place that names the databases: pools, the store's own runtime, and the `run!` macro.
//!
//! Queries run as tasks of a small multi-thread runtime that belongs to the store. A caller that goes away (a browser that
//! hangs up, a timeout) merely stops listening; the query itself is never dropped half way, which would panic on SQLite
//! (`block_in_place` on an actix thread) and hand a broken connection to the next user on MySQL.
//!
//! `run!` compiles one query body once per database. A database is a variant of `Pool`, a module beside [`sqlite`] and one
//! arm in the macro; no query is written again. `docs/store.md` says why this pattern was chosen.

mod address;
mod batch;
mod erased;
mod insert_jobs;
mod mysql;
mod open_file;
mod plays;
mod pool;
mod postgres;
mod refusal;
pub mod sqlite;
mod tls;
mod transaction;
mod whole_file;

pub(crate) use insert_jobs::{InsertJobs, pieces};
pub(crate) use pool::{Pool, SqliteConn, noted, played};
pub(crate) use transaction::ImmediateTransaction;

use crate::error::StoreError;
use crate::ledger::{Answer, Batch};
use crate::settings::StoreSettings;
use crate::shown_url::without_password;
use crate::trouble::{Trouble, TroubleWatch};
use crate::vault::Vault;
use address::{Address, Server, TlsMode};
use diesel::IntoSql;
use diesel::result::{Error as DieselError, QueryResult};
use diesel::sql_types::Integer;
use diesel_async::RunQueryDsl;
use plays::Plays;
use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Runs one body on whichever database the store was opened on. Compiled once per database; the body owns what it uses.
/// `read` takes a connection for queries, `write` one for changes.
///
/// Bodies that need a transaction ask for an `immediate_transaction`, which takes SQLite's write lock at its start. A plain
/// one that reads first and writes later fails at once with "database is locked" when another process wrote in between,
/// however long the busy timeout is. Databases without that distinction get an extension method of the same name.
macro_rules! run {
    ($store:expr, $access:ident, async |$conn:ident| $body:block) => {{
        let pool = $store.pool.clone();
        $store
            .$access(async move {
                match pool {
                    $crate::backend::Pool::Sqlite { $access: pool, .. } => {
                        let mut lease = pool.get().await?;
                        let $conn = &mut *lease;
                        $body
                    }
                    $crate::backend::Pool::MySql(pool) => {
                        let mut lease = pool.get().await?;
                        let done = $crate::backend::played(async {
                            let $conn = &mut *lease;
                            $body
                        });
                        let done = done.await;
                        $crate::backend::noted(&mut *lease, done)
                    }
                    $crate::backend::Pool::Postgres(pool) => {
                        let mut lease = pool.get().await?;
                        let done = $crate::backend::played(async {
                            let $conn = &mut *lease;
                            $body
                        });
                        let done = done.await;
                        $crate::backend::noted(&mut *lease, done)
                    }
                }
            })
            .await
    }};
}
pub(crate) use run;

/// The database. Cheap to clone; the last clone to go closes the pools and ends the store's runtime.
#[derive(Clone)]
pub struct Store {
    pub(crate) pool: Pool,
    watch: TroubleWatch,
    runtime: Arc<OwnRuntime>,
    plays: Plays,
    pub(crate) vault: Vault,
    pub(crate) log: slog::Logger,
}

/// The runtime that queries run on; it must not be dropped inside an async context, so it is shut down in the background.
struct OwnRuntime(Option<Runtime>);

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Worker threads of the store's runtime: SQLite's calls run on its blocking pool anyway, so two are plenty.
const WORKERS: usize = 2;
/// How long a second program waits while a first one changes the schema.
const MIGRATION_PATIENCE: Duration = Duration::from_secs(60);
/// How long a sign of life may take.
const PING_WITHIN: Duration = Duration::from_secs(2);
/// How long a query may take while the way to the database is known to be broken.
const BROKEN_PATIENCE: Duration = Duration::from_millis(500);

impl Store {
    /// Opens the database that `url` names under the default settings; see [`Store::open_with`].
    ///
    /// # Errors
    /// Those of [`Store::open_with`].
    pub fn open(url: &str, log: &slog::Logger) -> Result<Store, StoreError> {
        Store::open_with(&StoreSettings::new(url), log)
    }

    /// Opens a database and brings its schema up to date. A SQLite file is made where it is missing; a database on a server
    /// must exist.
    ///
    /// Blocks until the database is open or refuses (that is not tried again here: see [`StoreError::is_away`]); call it
    /// before any actor starts, or inside `spawn_blocking`.
    ///
    /// # Errors
    /// [`StoreError::Url`] and [`StoreError::Setting`] for what cannot be meant, [`StoreError::Open`] for what somebody has
    /// to put right (password, missing database, old server), [`StoreError::Away`] for a server that does not answer,
    /// [`StoreError::Migration`] when its schema cannot be brought up to date.
    pub fn open_with(settings: &StoreSettings, log: &slog::Logger) -> Result<Store, StoreError> {
        settings.check()?;
        let address = Address::of(settings)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("hzm-store")
            .enable_all()
            .build()
            .map_err(|source| StoreError::Open { what: "the store's threads".into(), reason: source.to_string() })?;
        let runtime = Arc::new(OwnRuntime(Some(runtime)));
        let log = log.new(slog::o!("component" => "store"));
        let watch = TroubleWatch::new(log.new(slog::o!("database" => without_password(&settings.url))));
        let pool = runtime.block_on(open_pool(address, Arc::new(settings.clone()), watch.clone(), log.clone()))?;
        let vault = settings.vault.clone();
        Ok(Store { pool, watch, runtime, plays: Plays::default(), vault, log })
    }

    /// Asks the database for a sign of life; answers within two seconds.
    ///
    /// # Errors
    /// [`StoreError::Away`] when there was none in time, otherwise what the database says.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let store = self.clone();
        self.on_own_runtime(async move {
            // The question is a task of its own: it may be given up, but never dropped half way.
            let asked = tokio::spawn(async move { store.ask().await });
            match tokio::time::timeout(PING_WITHIN, asked).await {
                Ok(answer) => answer.unwrap_or(Err(StoreError::Closed)),
                Err(_) => {
                    let (what, brief) = ("the database".to_owned(), "no answer within two seconds");
                    Err(StoreError::Away { what, reason: brief.to_owned(), brief })
                }
            }
        })
        .await
    }

    async fn ask(&self) -> Result<(), StoreError> {
        self.pool.check_file().await?;
        run!(self, read, async |conn| {
            let one = diesel::select(1_i32.into_sql::<Integer>());
            one.get_result::<i32>(conn).await?;
            Ok(())
        })
    }

    /// Runs `work` as a task of the store's runtime and waits for it; dropping the returned future does not drop `work`.
    pub(crate) async fn on_own_runtime<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(runtime) = self.runtime.0.as_ref() else { return Err(StoreError::Closed) };
        let (task, told) = erased::task(work);
        runtime.spawn(task).await.map_err(|ended| match ended.try_into_panic() {
            Ok(panic) => StoreError::Panicked { what: panic_text(panic.as_ref()) },
            Err(_) => StoreError::Closed,
        })?;
        told.await.unwrap_or(Err(StoreError::Closed)).map_err(|error| self.explained(error))
    }

    /// The same for queries: while the way to the database is known to be broken nobody waits for long. What was asked goes on
    /// by itself, and by that finds out when the database is back.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let asked = self.on_own_runtime(work);
        if self.watch.present().is_none() {
            return asked.await;
        }
        tokio::time::timeout(BROKEN_PATIENCE, asked)
            .await
            .unwrap_or_else(|_| Err(self.explained(StoreError::PoolExhausted)))
    }

    /// The same for changes, which are waited for to their end.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.on_own_runtime(work).await
    }

    /// What is wrong with the way to the database; `None`: nothing that is known.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.watch.present()
    }

    /// Whether the database is on a server, which others may use at the same time.
    #[must_use]
    pub fn is_on_server(&self) -> bool {
        !matches!(self.pool, Pool::Sqlite { .. })
    }

    /// Whoever waited for a connection in vain is told why there was none.
    fn explained(&self, error: StoreError) -> StoreError {
        match (error, self.watch.present()) {
            (StoreError::PoolExhausted | StoreError::Away { .. }, Some(trouble)) => StoreError::Broken(trouble),
            (error, _) => error,
        }
    }
}

impl Store {
    /// Writes a batch in one transaction and answers every entry, in order.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another scheduler owns the partitions: nothing was written and nothing may be any
    /// more. Otherwise what the database says; then nothing was written either and the batch may be tried again.
    pub async fn ledger_commit(&self, batch: Batch) -> Result<Vec<Answer>, StoreError> {
        self.ledger_play(batch.storable(), Ending::Commit).await
    }

    /// Writes what needs the same room as the batch, with plain texts in the place of its own, and undoes it: tells a database
    /// that takes no such batch from one that refuses this one for what is in it.
    ///
    /// # Errors
    /// Those of [`Store::ledger_commit`].
    pub async fn ledger_rehearse(&self, batch: Batch) -> Result<(), StoreError> {
        self.ledger_play(batch.harmless(), Ending::Undo).await.map(|_| ())
    }

    async fn ledger_play(&self, batch: Batch, ending: Ending) -> Result<Vec<Answer>, StoreError> {
        let (pool, play) = (self.pool.clone(), self.plays.begin());
        let played = self.on_own_runtime(async move {
            let _play = play;
            match pool {
                Pool::Sqlite { write, .. } => {
                    let mut lease = write.get().await?;
                    let played = sqlite::ledger_play(&mut lease, batch, ending).await?;
                    write.check_written(&mut lease).await?;
                    Ok(played)
                }
                Pool::MySql(pool) => {
                    let mut lease = pool.get().await?;
                    let played = batch::mysql_play(&mut lease, &batch, ending).await;
                    noted(&mut *lease, played)
                }
                Pool::Postgres(pool) => {
                    let mut lease = pool.get().await?;
                    let played = batch::postgres_play(&mut lease, &batch, ending).await;
                    noted(&mut *lease, played)
                }
            }
        });
        match played.await {
            Err(StoreError::Query(DieselError::RollbackTransaction)) if ending == Ending::Undo => Ok(Vec::new()),
            played => played,
        }
    }
}

/// How the transaction of a batch ends when all of it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It is committed.
    Commit,
    /// It is undone; told as [`DieselError::RollbackTransaction`].
    Undo,
}

impl Ending {
    /// Asked last in the transaction.
    pub(crate) fn check(self) -> QueryResult<()> {
        match self {
            Ending::Commit => Ok(()),
            Ending::Undo => Err(DieselError::RollbackTransaction),
        }
    }
}

/// Connects, brings the schema up to date, and makes the pools.
async fn open_pool(
    address: Address,
    settings: Arc<StoreSettings>,
    watch: TroubleWatch,
    log: slog::Logger,
) -> Result<Pool, StoreError> {
    match address {
        Address::Sqlite(path) => {
            let opened = sqlite::open(path, settings.connect_within).await;
            let pool = opened.map_err(|error| error.at_open(&settings.url))?;
            slog::info!(log, "database open"; "url" => &settings.url);
            Ok(pool)
        }
        Address::MySql(server) => {
            tls::provide();
            // Made by hand rather than by the pool, which would not say why it failed.
            let mut conn = mysql::connect(&server, &settings).await.map_err(|refusal| refusal.into_error(&server))?;
            tell_open(&server, &settings, mysql::is_encrypted(&mut conn).await?, &log);
            mysql::prepare(conn, &server, MIGRATION_PATIENCE).await?;
            Ok(pool::mysql(Arc::new(server), settings, &watch, &log))
        }
        Address::Postgres(server) => {
            let mut conn =
                postgres::connect(&server, &settings).await.map_err(|refusal| refusal.into_error(&server))?;
            tell_open(&server, &settings, postgres::is_encrypted(&mut conn).await?, &log);
            postgres::prepare(conn, &server, MIGRATION_PATIENCE).await?;
            Ok(pool::postgres(Arc::new(server), settings, &watch, &log))
        }
    }
}

/// Tells where the database is and how the way there is secured. On a way through a network nobody should learn only later
/// that it is plain.
fn tell_open(server: &Server, settings: &StoreSettings, is_encrypted: bool, log: &slog::Logger) {
    let tls = match (is_encrypted, server.tls) {
        (true, TlsMode::VerifyFull) => "encrypted, the server's certificate is checked",
        (true, _) => "encrypted, the server's certificate is not checked",
        (false, _) => "none, the way is not encrypted",
    };
    slog::info!(log, "database open"; "url" => without_password(&settings.url), "tls" => tls);
    if !is_encrypted && !address::is_loopback(&server.host) {
        slog::warn!(log, "what is said to the database can be read on the way; sslmode=verify-full prevents it";
            "host" => &server.host);
    }
}

impl OwnRuntime {
    /// Waits for `work` from any thread, one that belongs to another runtime included.
    fn block_on<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(runtime) = self.0.as_ref() else { return Err(StoreError::Closed) };
        let (done, answer) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            // The receiver waits below; it can only be gone when this process is on its way out.
            let _ = done.send(work.await);
        });
        answer.recv().map_err(|_| StoreError::Closed)?
    }
}

/// What a panic said, where it said something.
fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_that_panics_says_so_and_leaves_the_store_open() {
        let folder = tempfile::tempdir().unwrap();
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let store = Store::open(&format!("sqlite://{}", folder.path().join("ledger.sqlite").display()), &log).unwrap();
        let caller = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ended = caller.block_on(store.on_own_runtime::<()>(async { panic!("boom") })).err();
        assert!(matches!(&ended, Some(StoreError::Panicked { what }) if what == "boom"), "{ended:?}");
        assert_eq!(caller.block_on(store.user_count()).unwrap(), 0);
    }

    #[test]
    fn a_url_of_no_known_kind_is_refused_with_its_text() {
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let refusal = Store::open("oracle://x", &log).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refusal.contains("oracle://") && refusal.contains("sqlite://"), "{refusal}");
    }
}
