//! Another process that holds SQLite's write lock: this one.

use std::path::Path;
use std::sync::mpsc;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

/// The lock; given back when dropped.
pub(super) struct WriteLock {
    _held: mpsc::Sender<()>,
}

impl WriteLock {
    /// Takes the lock, waiting for whoever holds it now.
    pub(super) fn take(file: &Path) -> Result<WriteLock, String> {
        let mut connection = SqliteConnection::establish(&file.to_string_lossy()).map_err(|error| error.to_string())?;
        let take = "PRAGMA busy_timeout=30000; BEGIN IMMEDIATE";
        connection.batch_execute(take).map_err(|error| format!("the write lock cannot be had: {error}"))?;
        let (held, let_go) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            // Ends when the other half is dropped.
            let _ = let_go.recv();
            // Without this the lock goes all the same, with the connection.
            let _ = connection.batch_execute("ROLLBACK");
        });
        Ok(WriteLock { _held: held })
    }
}
