//! The only place that names the databases: pools, the store's own runtime, and the `run!` macro.
//!
//! Queries run as tasks of a small multi-thread runtime that belongs to the store. A caller that goes away (a browser that
//! hangs up, a timeout) merely stops listening; the query itself is never dropped half way, which would panic on SQLite
//! (`block_in_place` on an actix thread) and hand a broken connection to the next user on MySQL.
//!
//! `run!` compiles one query body once per database. A second database is a variant of `Pool`, a module beside
//! [`sqlite`] and one arm in the macro; no query is written again. `docs/store.md` says why this pattern was chosen.

mod pool;
pub mod sqlite;

pub(crate) use pool::Pool;

use crate::error::StoreError;
use crate::ledger::{Answer, Batch};
use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// The database. Cheap to clone; the last clone to go closes the pools and ends the store's runtime.
#[derive(Clone)]
pub struct Store {
    pub(crate) pool: Pool,
    runtime: Arc<OwnRuntime>,
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

impl Store {
    /// Opens the database that `url` names, creates it where it can, and brings its schema up to date.
    ///
    /// Known URLs: `sqlite://PATH` (`sqlite:///var/lib/hzm/ledger.sqlite`, or relative to the working directory).
    /// Blocks until the database answers; call it before any actor starts, or inside `spawn_blocking`.
    ///
    /// # Errors
    /// [`StoreError::Url`] for a URL of no known kind, [`StoreError::Open`] when the database cannot be opened,
    /// [`StoreError::Migration`] when its schema cannot be brought up to date.
    pub fn open(url: &str, log: &slog::Logger) -> Result<Store, StoreError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("hzm-store")
            .enable_all()
            .build()
            .map_err(|source| StoreError::Open { what: "the store's threads".into(), reason: source.to_string() })?;
        let log = log.new(slog::o!("component" => "store"));
        let Some(path) = url.strip_prefix("sqlite://") else {
            return Err(StoreError::Url { url: without_password(url) });
        };
        let pool = block_on(&runtime, sqlite::open(path.to_owned()))?;
        slog::info!(log, "database open"; "url" => without_password(url));
        Ok(Store { pool, runtime: Arc::new(OwnRuntime(Some(runtime))), log })
    }

    /// Runs `work` as a task of the store's runtime and waits for it; dropping the returned future does not drop `work`.
    pub(crate) async fn on_own_runtime<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(runtime) = self.runtime.0.as_ref() else { return Err(StoreError::Closed) };
        runtime.spawn(work).await.map_err(|ended| match ended.try_into_panic() {
            Ok(panic) => StoreError::Panicked { what: panic_text(panic.as_ref()) },
            Err(_) => StoreError::Closed,
        })?
    }
}

impl Store {
    /// Writes a batch in one transaction and answers every entry, in order.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another scheduler owns the partitions: nothing was written and nothing may be any
    /// more. Otherwise what the database says; then nothing was written either and the batch may be tried again.
    pub async fn ledger_commit(&self, batch: Batch) -> Result<Vec<Answer>, StoreError> {
        let pool = self.pool.clone();
        self.on_own_runtime(async move {
            match pool {
                Pool::Sqlite { write, .. } => sqlite::ledger_commit(&mut *write.get().await?, batch).await,
            }
        })
        .await
    }
}

/// Waits for `work` on `runtime` from any thread, one that belongs to another runtime included.
fn block_on<T: Send + 'static>(
    runtime: &Runtime,
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let (done, answer) = std::sync::mpsc::channel();
    runtime.spawn(async move {
        // The receiver waits below; it can only be gone when this process is on its way out.
        let _ = done.send(work.await);
    });
    answer.recv().map_err(|_| StoreError::Closed)?
}

/// What a panic said, where it said something.
fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no message").to_owned()
}

/// A URL that can be logged: the password replaced by stars.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        // A path may contain an `@`, but no password.
        (Some((scheme, _)), Some((_, host))) if scheme != "sqlite" => format!("{scheme}://***@{host}"),
        _ => url.to_owned(),
    }
}

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
            .on_own_runtime(async move {
                match pool {
                    $crate::backend::Pool::Sqlite { $access: pool, .. } => {
                        let mut lease = pool.get().await?;
                        let $conn = &mut *lease;
                        $body
                    }
                }
            })
            .await
    }};
}
pub(crate) use run;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logged_url_shows_no_password() {
        assert_eq!(without_password("mysql://root:secret@127.0.0.1/x"), "mysql://***@127.0.0.1/x");
        assert_eq!(without_password("sqlite://data@home/ledger.sqlite"), "sqlite://data@home/ledger.sqlite");
    }

    #[test]
    fn a_query_that_panics_says_so_and_leaves_the_store_open() {
        let folder = tempfile::tempdir().unwrap();
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let store = Store::open(&format!("sqlite://{}", folder.path().join("ledger.sqlite").display()), &log).unwrap();
        let caller = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ended = caller.block_on(store.on_own_runtime::<()>(async { panic!("boom") }));
        assert!(matches!(&ended, Err(StoreError::Panicked { what }) if what == "boom"), "{ended:?}");
        assert_eq!(caller.block_on(store.user_count()).unwrap(), 0);
    }

    #[test]
    fn a_url_of_no_known_kind_is_refused_with_its_text() {
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let refusal = Store::open("oracle://x", &log).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refusal.contains("oracle://x") && refusal.contains("sqlite://"), "{refusal}");
    }
}
