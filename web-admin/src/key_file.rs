//! The file of the key that secrets are encrypted with and the operation log is chained by (`hzm.job.admin.keyFile`).
//!
//! It is made at the first start, readable for its owner only, and belongs to one database: without it the secrets of executors in that
//! database cannot be read. So a database that is tied to a key is never opened with a new one.

use crate::config::AdminConfig;
use hzm_job_store::binding::Tie;
use hzm_job_store::vault::{KEY_BYTES, Vault};
use hzm_job_store::{Store, StoreError};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Hexadecimal digits of a key.
const DIGITS: usize = KEY_BYTES * 2;
/// The most bytes of a key file that are read.
const LARGEST: u64 = 4_096;

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the key file {file} cannot be used; see hzm.job.admin.keyFile")]
    Unusable {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error(
        "the key file {file} does not hold {DIGITS} hexadecimal digits; put back the one that belongs to the database"
    )]
    Malformed {
        /// The file.
        file: String,
    },
    /// The database is tied to another key.
    #[error(
        "the database is tied to another key than that of {from}: give the one that belongs to it (hzm.job.admin.keyFile, or hzm.job.admin.key)"
    )]
    Wrong {
        /// Where the key came from.
        from: String,
    },
    /// The database has secrets that were encrypted with a key that is not there.
    #[error(
        "the key file {file} is missing, and the database is tied to a key: put it back, or say where it is with hzm.job.admin.keyFile, \
         or what it is with hzm.job.admin.key"
    )]
    Missing {
        /// The file.
        file: String,
    },
    /// The database knows nothing of any key, although its log or its secrets need one.
    #[error(
        "the database is in use and tied to no key any more, so it may have been changed from outside; it is not tied to the key of {from} \
         by itself. Put back a copy of the database; or look into it (hzm-job-admin verify-log) and then run hzm-job-admin rechain-log, \
         which takes the operation log as it is and ties the database to this key"
    )]
    Severed {
        /// Where the key came from.
        from: String,
    },
    /// The system gives no random bytes.
    #[error("no key could be made: {0}")]
    Random(String),
    /// The database refused, or is tied to another key.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where a key comes from.
enum Origin {
    /// It was given itself, not its file.
    Given,
    /// From its file.
    File,
    /// From the file that it was written to before the database was tied to it, by a start that did not come to its end; its digits.
    Unfinished(String),
    /// It was made up just now; these are its digits.
    New(String),
}

/// A key, and where it comes from.
pub(crate) struct KeyFile {
    path: PathBuf,
    pub(crate) vault: Vault,
    origin: Origin,
}

impl KeyFile {
    /// Reads the key of this configuration; makes one up where there is no file yet. Nothing is written.
    ///
    /// # Errors
    /// [`KeyError`].
    pub(crate) fn find(config: &AdminConfig, log: &slog::Logger) -> Result<KeyFile, KeyError> {
        let path = config.key_path();
        let (key, origin) = match digits(config.key.0.trim()) {
            Some(key) => (key, Origin::Given),
            None => match opened(&path)? {
                Some(file) => (read(file, &path, log)?, Origin::File),
                None => unfinished_or_new(&path, log)?,
            },
        };
        Ok(KeyFile { vault: Vault::of(&key)?, path, origin })
    }

    /// Ties the opened database to the key where it is new, or from before there were keys. A new key is written beside its place
    /// first, so that no database is tied to one that is nowhere, and moved there last, so that whatever lies there was once tied:
    /// a database that knows nothing of it any more was changed from outside, and is not signed anew without a word.
    ///
    /// # Errors
    /// [`KeyError::Missing`] where the database was tied to a key before and the file is gone, [`KeyError::Wrong`] where it was tied to
    /// another one, [`KeyError::Severed`] where somebody took the tie away. Then nothing was changed.
    pub(crate) async fn settle(&self, store: &Store) -> Result<(), KeyError> {
        match (store.key_tie().await?, &self.origin) {
            // A key that was made up just now is no database's own yet.
            (Tie::Other, _) | (Tie::Own, Origin::New(_)) => Err(self.not_its_own()),
            (Tie::Own, _) => self.keep(),
            (Tie::Empty, _) | (Tie::Untouched, Origin::New(_)) | (_, Origin::Unfinished(_)) => {
                self.prepare(store)?;
                self.tied(store.key_bind().await)
            }
            (Tie::Untouched | Tie::Severed, _) => Err(KeyError::Severed { from: self.shown() }),
        }
    }

    /// Ties the opened database to the key whatever its log says: for whoever looked into it and asks for that.
    ///
    /// # Errors
    /// [`KeyError::Missing`] and [`KeyError::Wrong`] where the database is tied to another key.
    pub(crate) async fn settle_anew(&self, store: &Store) -> Result<(), KeyError> {
        match store.key_tie().await? {
            Tie::Other => Err(self.not_its_own()),
            _ => {
                self.prepare(store)?;
                self.tied(store.key_bind_anew().await)
            }
        }
    }

    /// Writes a new key beside its place.
    fn prepare(&self, store: &Store) -> Result<(), KeyError> {
        if let Origin::New(digits) = &self.origin {
            write(&beside(&self.path), &format!("{UNFINISHED}{digits}"))
                .map_err(|source| unusable(&self.path, source))?;
            slog::info!(store.log(), "a key was made for this database, which is not opened without it from now on: keep its file (in a \
                container: on a volume) and a copy of it, apart from copies of the database"; "file" => %self.path.display());
        }
        Ok(())
    }

    fn tied(&self, bound: Result<(), StoreError>) -> Result<(), KeyError> {
        match bound {
            Err(StoreError::WrongKey) => Err(self.not_its_own()),
            Err(other) => Err(other.into()),
            Ok(()) => self.keep(),
        }
    }

    /// Moves a new key to its place.
    fn keep(&self) -> Result<(), KeyError> {
        match &self.origin {
            Origin::New(digits) | Origin::Unfinished(digits) => {
                placed(&self.path, digits).map_err(|source| unusable(&self.path, source))
            }
            // A start that died right after it had put the key into its place left it beside that too.
            Origin::File => forgotten(&beside(&self.path)).map_err(|source| unusable(&self.path, source)),
            Origin::Given => Ok(()),
        }
    }

    /// For a command that only looks: a database that is tied to a key is opened with that one, and nothing is written or tied.
    ///
    /// # Errors
    /// [`KeyError::Missing`] and [`KeyError::Wrong`].
    pub(crate) async fn compare(&self, store: &Store) -> Result<(), KeyError> {
        match store.key_tie().await? {
            Tie::Other => Err(self.not_its_own()),
            _ => Ok(()),
        }
    }

    fn not_its_own(&self) -> KeyError {
        match self.origin {
            Origin::New(_) => KeyError::Missing { file: self.path.display().to_string() },
            _ => KeyError::Wrong { from: self.shown() },
        }
    }

    /// Whether the file was there already.
    pub(crate) fn was_there(&self) -> bool {
        matches!(self.origin, Origin::File)
    }

    /// Where the key came from.
    fn shown(&self) -> String {
        match self.origin {
            Origin::Given => "hzm.job.admin.key".to_owned(),
            Origin::Unfinished(_) => beside(&self.path).display().to_string(),
            Origin::File | Origin::New(_) => self.path.display().to_string(),
        }
    }
}

fn unusable(path: &Path, source: std::io::Error) -> KeyError {
    KeyError::Unusable { file: path.display().to_string(), source }
}

/// `None`: there is no such file.
fn opened(path: &Path) -> Result<Option<File>, KeyError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(unusable(path, source)),
    }
}

/// The key of a start that did not come to its end; where that wrote no whole key, no database is tied to it, and a new one is made.
fn unfinished_or_new(path: &Path, log: &slog::Logger) -> Result<([u8; KEY_BYTES], Origin), KeyError> {
    if let Some(file) = opened(&beside(path))? {
        let text = text_of(file, path, log)?;
        if let Some((key, digits)) = text.trim().strip_prefix(UNFINISHED).and_then(|text| Some((digits(text)?, text))) {
            return Ok((key, Origin::Unfinished(digits.to_owned())));
        }
    }
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(|error| KeyError::Random(error.to_string()))?;
    Ok((key, Origin::New(key.iter().map(|byte| format!("{byte:02x}")).collect())))
}

fn read(file: File, path: &Path, log: &slog::Logger) -> Result<[u8; KEY_BYTES], KeyError> {
    let text = text_of(file, path, log)?;
    digits(text.trim()).ok_or_else(|| KeyError::Malformed { file: path.display().to_string() })
}

fn text_of(file: File, path: &Path, log: &slog::Logger) -> Result<String, KeyError> {
    let shown = || path.display().to_string();
    let unusable = |source| unusable(path, source);
    let about = file.metadata().map_err(unusable)?;
    if about.is_file() && about.permissions().mode() & 0o007 != 0 {
        slog::warn!(log, "everybody on this machine may read the key file; take that right away with chmod 600"; "file" => shown());
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).map_err(unusable)?;
    Ok(text)
}

pub(crate) fn digits(text: &str) -> Option<[u8; KEY_BYTES]> {
    if text.len() != DIGITS || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    for (place, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(key)
}

/// What stands before the digits of a key whose database is not tied to it yet: a key that was in use once is none, whatever its file
/// is called now.
const UNFINISHED: &str = "unfinished ";

/// Where a key lies until its database is tied to it.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Into a file of its own, whatever lay there: neither a link nor the rights of what was there are taken over.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    forgotten(path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    folder_synced(path)
}

/// Removes a file that need not be there. Asked first: a folder that can only be read refuses to remove also what there is not.
fn forgotten(path: &Path) -> std::io::Result<()> {
    if path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(());
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Puts a key into its place, as a whole, so that no half key is ever found there.
fn placed(path: &Path, digits: &str) -> std::io::Result<()> {
    let mut whole = beside(path).into_os_string();
    whole.push(".whole");
    write(Path::new(&whole), digits)?;
    std::fs::rename(&whole, path)?;
    folder_synced(path)?;
    forgotten(&beside(path))
}

fn folder_synced(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
