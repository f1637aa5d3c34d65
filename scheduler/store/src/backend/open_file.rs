//! Whether the SQLite file that is open is still the one under its name.
//!
//! A file that is deleted or replaced while it is open can be written as before, and all of it is gone with the last
//! connection. SQLite does not notice, so it is looked at before and after each commit: that costs two looks at the
//! folder, a thousandth of what the commit costs. On systems whose files have no numbers only their absence is noticed.

use crate::error::StoreError;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The first bytes of a write-ahead log that has something in it, without the last bit.
const LOG_MAGIC: [u8; 4] = [0x37, 0x7f, 0x06, 0x82];

/// A file as the system numbers it.
type Identity = (u64, u64);

/// See the module.
#[derive(Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    log_path: PathBuf,
    seen: Mutex<Seen>,
}

/// What was seen of the files; `None`: nothing yet.
#[derive(Debug, Default)]
struct Seen {
    main: Option<Identity>,
    /// Of the write-ahead log, which the first connection makes and the last one removes.
    log: Option<Identity>,
}

impl OpenFile {
    pub(super) fn new(path: &str) -> OpenFile {
        OpenFile { path: path.into(), log_path: format!("{path}-wal").into(), seen: Mutex::default() }
    }

    /// A connection was made: the log may be a new one.
    pub(super) fn opened(&self) {
        self.seen().log = None;
    }

    /// Before a commit.
    ///
    /// # Errors
    /// [`StoreError::Away`]: the file or its log is not what it was.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let mut seen = self.seen();
        let Some(main) = self.identity_of(&self.path)? else { return Err(self.lost(&self.path, "was deleted")) };
        if *seen.main.get_or_insert(main) != main {
            return Err(self.lost(&self.path, "was replaced by another file"));
        }
        match (seen.log, self.identity_of(&self.log_path)?) {
            (None, log) => seen.log = log,
            (Some(_), None) => return Err(self.lost(&self.log_path, "was deleted")),
            (Some(before), Some(log)) if before != log => {
                return Err(self.lost(&self.log_path, "was replaced by another file"));
            }
            (Some(_), Some(_)) => {}
        }
        Ok(())
    }

    /// After a commit, which begins with the head of the log.
    ///
    /// # Errors
    /// As [`OpenFile::check`].
    pub(super) fn check_written(&self) -> Result<(), StoreError> {
        self.check()?;
        let mut head = [0; 4];
        let read = File::open(&self.log_path).and_then(|mut log| log.read_exact(&mut head));
        match read {
            Ok(()) if has_magic(head) => Ok(()),
            Ok(()) => Err(self.lost(&self.log_path, "was cut")),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(self.lost(&self.log_path, "was cut")),
            Err(error) => Err(self.unseen(&self.log_path, &error)),
        }
    }

    fn identity_of(&self, path: &Path) -> Result<Option<Identity>, StoreError> {
        match std::fs::metadata(path) {
            Ok(there) => Ok(Some(identity(&there))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unseen(path, &error)),
        }
    }

    fn lost(&self, path: &Path, how: &str) -> StoreError {
        let reason = format!(
            "{} {how} while it was in use; nothing is written until it is back. Stop the admin, put the file and its -wal \
             back (or a backup), and start it again",
            path.display()
        );
        self.away(reason)
    }

    fn unseen(&self, path: &Path, error: &std::io::Error) -> StoreError {
        self.away(format!("{} cannot be looked at: {error}", path.display()))
    }

    fn away(&self, reason: String) -> StoreError {
        let what = format!("the SQLite file {}", self.path.display());
        StoreError::Away { what, reason, brief: "the file is gone or was replaced" }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Whoever panicked with it in hand left what was seen before.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn has_magic(head: [u8; 4]) -> bool {
    let [first, second, third, last] = head;
    [first, second, third, last & !1] == LOG_MAGIC
}

#[cfg(unix)]
fn identity(there: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (there.dev(), there.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {
    (0, 0)
}
