//! Whether the SQLite file that is open is still the one under its name.
//!
//! A file that is deleted or replaced while it is open can be written as before, and all of it is gone with the last
//! connection. SQLite does not notice, so it is looked at before and after each commit: that costs two looks at the
//! folder, a thousandth of what the commit costs. On systems whose files have no numbers only their absence is noticed.
//!
//! Nor does it notice that either file was cut: what is missing reads as nothing, and is written over. The file itself only
//! grows, unless somebody compacts it (then it is as long as the database says). Its log only grows too, until all of it is in
//! the file and it begins anew, under another head. The file is never opened here: closing it would take SQLite's locks away.

use crate::error::StoreError;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The first bytes of a write-ahead log that has something in it, without the last bit.
const LOG_MAGIC: [u8; 4] = [0x37, 0x7f, 0x06, 0x82];

/// How a write-ahead log begins: the magic, what is in it, two numbers that are others whenever it begins anew, and a sum.
type LogHead = [u8; 32];

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
    /// How long the file was.
    main_len: u64,
    /// Of the write-ahead log, which the first connection makes and the last one removes.
    log: Option<Identity>,
    /// After a commit: the head of the log, and how long it was.
    written: Option<(LogHead, u64)>,
    /// The log was empty after that: begun anew by another program, or cut. The next commit tells which.
    is_emptied: bool,
}

/// The length of the file, as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// As before, or more.
    Kept,
    /// So many bytes, which is less: see [`OpenFile::check_length`].
    Less(u64),
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
    pub(super) fn check(&self) -> Result<Length, StoreError> {
        let mut seen = self.seen();
        let Some(main) = self.look_at(&self.path)? else { return Err(self.lost(&self.path, "was deleted")) };
        if *seen.main.get_or_insert(identity(&main)) != identity(&main) {
            return Err(self.lost(&self.path, "was replaced by another file"));
        }
        let log = self.look_at(&self.log_path)?;
        match (seen.log, log.as_ref().map(identity)) {
            (None, log) => seen.log = log,
            (Some(_), None) => return Err(self.lost(&self.log_path, "was deleted")),
            (Some(before), Some(log)) if before != log => {
                return Err(self.lost(&self.log_path, "was replaced by another file"));
            }
            (Some(_), Some(_)) => {}
        }
        self.check_log_length(&mut seen, log.map_or(0, |log| log.len()))?;
        if main.len() < seen.main_len {
            return Ok(Length::Less(main.len()));
        }
        seen.main_len = main.len();
        Ok(Length::Kept)
    }

    /// A log that is shorter than it was has begun anew or was cut.
    fn check_log_length(&self, seen: &mut Seen, len: u64) -> Result<(), StoreError> {
        let Some((before, least)) = seen.written else { return Ok(()) };
        if len == 0 {
            seen.is_emptied = true;
        } else if seen.is_emptied || len < least {
            let head = self.log_head()?;
            if !seen.is_emptied && head == before {
                return Err(self.lost(&self.log_path, "was cut"));
            }
            (seen.written, seen.is_emptied) = (Some((head, len)), false);
        }
        Ok(())
    }

    /// The file is shorter than it was and has `len` bytes now; as the database knows it, it needs `needed`.
    ///
    /// # Errors
    /// [`StoreError::Away`]: something was cut off.
    pub(super) fn check_length(&self, len: u64, needed: u64) -> Result<(), StoreError> {
        if len < needed {
            return Err(self.lost(&self.path, "was cut"));
        }
        self.seen().main_len = len;
        Ok(())
    }

    /// After a commit, which begins with the head of the log.
    ///
    /// # Errors
    /// As [`OpenFile::check`].
    pub(super) fn check_written(&self) -> Result<(), StoreError> {
        let head = self.log_head()?;
        let len = self.look_at(&self.log_path)?.map_or(0, |log| log.len());
        self.seen().written = Some((head, len));
        Ok(())
    }

    fn log_head(&self) -> Result<LogHead, StoreError> {
        let mut head = [0; 32];
        match File::open(&self.log_path).and_then(|mut log| log.read_exact(&mut head)) {
            Ok(()) if has_magic(&head) => Ok(head),
            Ok(()) => Err(self.lost(&self.log_path, "was cut")),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(self.lost(&self.log_path, "was cut")),
            Err(error) => Err(self.unseen(&self.log_path, &error)),
        }
    }

    fn look_at(&self, path: &Path) -> Result<Option<Metadata>, StoreError> {
        match std::fs::metadata(path) {
            Ok(there) => Ok(Some(there)),
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
        StoreError::Away { what, reason, brief: "the file is gone, was replaced or cut" }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Whoever panicked with it in hand left what was seen before.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn has_magic(head: &LogHead) -> bool {
    let [first, second, third, last, ..] = *head;
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
