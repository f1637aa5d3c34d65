//! A database of its own for each test: a file for SQLite, `hzm_test_…` on the servers that `TEST_DATABASE_URLS` names.

use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, SimpleAsyncConnection};
use tempfile::TempDir;

/// An empty database; gone when this is dropped.
pub(crate) struct Database {
    pub(crate) url: String,
    /// The URL of the server's own database and our name there; `None` for SQLite.
    server: Option<(String, String)>,
    // Kept for its drop, which removes the files.
    _folder: TempDir,
}

/// SQLite in a temporary folder (the empty URL), and the servers that the environment names.
pub(crate) fn kinds() -> Vec<String> {
    std::iter::once(String::new()).chain(servers()).collect()
}

/// The servers that the environment names.
pub(crate) fn servers() -> Vec<String> {
    let named = std::env::var("TEST_DATABASE_URLS").unwrap_or_default();
    named.split(',').map(str::trim).filter(|url| !url.is_empty()).map(str::to_owned).collect()
}

impl Database {
    /// On SQLite (the empty URL) or on this server.
    pub(crate) fn on(kind: &str) -> Database {
        let folder = tempfile::tempdir().unwrap();
        if kind.is_empty() {
            let url = format!("sqlite://{}", folder.path().join("ledger.sqlite").display());
            return Database { url, server: None, _folder: folder };
        }
        let name = format!("hzm_test_{}", uuid::Uuid::new_v4().simple());
        execute(kind, &format!("CREATE DATABASE {name}"));
        Database { url: with_database(kind, &name), server: Some((kind.to_owned(), name)), _folder: folder }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some((server, name)) = &self.server else { return };
        // The store's connections close in the background; PostgreSQL would wait for them.
        let force = if is_postgres(server) { " WITH (FORCE)" } else { "" };
        execute(server, &format!("DROP DATABASE {name}{force}"));
    }
}

pub(crate) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres")
}

/// The same server and user, another database.
pub(crate) fn with_database(url: &str, name: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_path(name);
    url.to_string()
}

/// Runs statements on a server, from any thread.
pub(crate) fn execute(url: &str, sql: &str) {
    let work = async {
        if is_postgres(url) {
            AsyncPgConnection::establish(url).await.unwrap().batch_execute(sql).await
        } else {
            AsyncMysqlConnection::establish(url).await.unwrap().batch_execute(sql).await
        }
    };
    std::thread::scope(|scope| {
        let run = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
        scope.spawn(run).join().unwrap().unwrap();
    });
}
