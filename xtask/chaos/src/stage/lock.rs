//! Another process that holds SQLite's write lock: this one.

use std::path::Path;
use std::sync::mpsc::{self, TryRecvError};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

/// The lock; given back when dropped.
pub(super) struct WriteLock {
    _held: mpsc::Sender<()>,
}

impl WriteLock {
    /// Takes the lock as soon as whoever holds it now gives it back. Waits for nobody: an admin that stands still in the
    /// middle of a transaction keeps it until this thread lets the admin go on.
    pub(super) fn take(file: &Path) -> Result<WriteLock, String> {
        let mut connection = SqliteConnection::establish(&file.to_string_lossy()).map_err(|error| error.to_string())?;
        connection.batch_execute("PRAGMA busy_timeout=100").map_err(|error| error.to_string())?;
        let (held, let_go) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            while connection.batch_execute("BEGIN IMMEDIATE").is_err() {
                if let_go.try_recv() == Err(TryRecvError::Disconnected) {
                    return;
                }
            }
            // Ends when the other half is dropped.
            let _ = let_go.recv();
            // Without this the lock goes all the same, with the connection.
            let _ = connection.batch_execute("ROLLBACK");
        });
        Ok(WriteLock { _held: held })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{now_ms, pause_ms};

    /// Whether somebody else may write, once that holds or after ten seconds.
    fn becomes(writable: bool, other: &mut SqliteConnection) -> bool {
        let patience_ends = now_ms() + 10_000;
        loop {
            let could = other.batch_execute("BEGIN IMMEDIATE; ROLLBACK").is_ok();
            if could == writable || now_ms() > patience_ends {
                return could == writable;
            }
            pause_ms(5);
        }
    }

    #[test]
    fn a_lock_that_another_one_holds_is_taken_after_it_without_waiting() {
        let folder = std::env::temp_dir().join(format!("hzm-job-chaos-lock-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("x.sqlite");
        let mut other = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
        other.batch_execute("CREATE TABLE x (y INTEGER); BEGIN IMMEDIATE").unwrap();
        let lock = WriteLock::take(&file).unwrap();
        other.batch_execute("ROLLBACK").unwrap();
        assert!(becomes(false, &mut other), "it is taken");
        drop(lock);
        assert!(becomes(true, &mut other), "it is given back");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
