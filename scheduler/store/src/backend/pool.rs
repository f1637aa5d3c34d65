//! The pools of connections, one kind per database.

use diesel_async::pooled_connection::bb8;

/// A connection to SQLite.
pub(crate) type SqliteConn = diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;

/// The pools of the database in use.
#[derive(Clone)]
pub(crate) enum Pool {
    /// SQLite has one writer at a time: its pool of one connection is the queue. Readers never wait for it (WAL).
    Sqlite { write: bb8::Pool<SqliteConn>, read: bb8::Pool<SqliteConn> },
}
