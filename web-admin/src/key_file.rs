//! The file of the key that secrets are encrypted with and the operation log is chained by (`hzm.job.admin.keyFile`).
//!
//! It is made at the first start, readable for its owner only, and belongs to one database: without it the secrets of executors in that
//! database cannot be read. So a database that is tied to a key is never opened with a new one.

use crate::config::AdminConfig;
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
    /// The system gives no random bytes.
    #[error("no key could be made: {0}")]
    Random(String),
    /// The database refused, or is tied to another key.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A key, and whether its file is still to be written.
pub(crate) struct KeyFile {
    path: PathBuf,
    pub(crate) vault: Vault,
    new: Option<String>,
    /// The key was given itself, not its file.
    is_given: bool,
}

impl KeyFile {
    /// Reads the key of this configuration; makes one up where there is no file yet. Nothing is written.
    ///
    /// # Errors
    /// [`KeyError`].
    pub(crate) fn find(config: &AdminConfig, log: &slog::Logger) -> Result<KeyFile, KeyError> {
        let path = config.key_path();
        if let Some(key) = digits(config.key.0.trim()) {
            return Ok(KeyFile { path, vault: Vault::of(&key)?, new: None, is_given: true });
        }
        let unusable = |source| KeyError::Unusable { file: path.display().to_string(), source };
        let (key, new) = match File::open(&path) {
            Ok(file) => (read(file, &path, log)?, None),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let mut key = [0; KEY_BYTES];
                getrandom::fill(&mut key).map_err(|error| KeyError::Random(error.to_string()))?;
                (key, Some(key.iter().map(|byte| format!("{byte:02x}")).collect()))
            }
            Err(source) => return Err(unusable(source)),
        };
        Ok(KeyFile { vault: Vault::of(&key)?, path, new, is_given: false })
    }

    /// Ties the opened database to the key; a new key is written first, so that no database is tied to one that is nowhere.
    ///
    /// # Errors
    /// [`KeyError::Missing`] where the database was tied to a key before and the file is gone; [`StoreError::WrongKey`] where it was
    /// tied to another one. Then nothing was changed.
    pub(crate) async fn settle(&self, store: &Store) -> Result<(), KeyError> {
        if let Some(digits) = &self.new {
            let file = self.path.display().to_string();
            if store.is_key_bound().await? {
                return Err(KeyError::Missing { file });
            }
            write(&self.path, digits).map_err(|source| KeyError::Unusable { file, source })?;
            slog::info!(store.log(), "a key was made for this database, which is not opened without it from now on: keep its file (in a \
                container: on a volume) and a copy of it, apart from copies of the database"; "file" => %self.path.display());
        }
        match store.key_bind().await {
            Err(StoreError::WrongKey) => Err(KeyError::Wrong { from: self.shown() }),
            bound => Ok(bound?),
        }
    }

    /// For a command that only looks: a database that is tied to a key is opened with that one, and nothing is written or tied.
    ///
    /// # Errors
    /// [`KeyError::Missing`] and [`KeyError::Wrong`].
    pub(crate) async fn compare(&self, store: &Store) -> Result<(), KeyError> {
        match store.is_key_of(&self.vault).await? {
            Some(true) | None => Ok(()),
            Some(false) if self.new.is_some() => Err(KeyError::Missing { file: self.path.display().to_string() }),
            Some(false) => Err(KeyError::Wrong { from: self.shown() }),
        }
    }

    /// Whether the file was there already.
    pub(crate) fn was_there(&self) -> bool {
        self.new.is_none() && !self.is_given
    }

    /// Where the key came from.
    fn shown(&self) -> String {
        if self.is_given { "hzm.job.admin.key".to_owned() } else { self.path.display().to_string() }
    }
}

fn read(file: File, path: &Path, log: &slog::Logger) -> Result<[u8; KEY_BYTES], KeyError> {
    let shown = || path.display().to_string();
    let unusable = |source| KeyError::Unusable { file: shown(), source };
    let about = file.metadata().map_err(unusable)?;
    if about.is_file() && about.permissions().mode() & 0o007 != 0 {
        slog::warn!(log, "everybody on this machine may read the key file; take that right away with chmod 600"; "file" => shown());
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).map_err(unusable)?;
    digits(text.trim()).ok_or_else(|| KeyError::Malformed { file: shown() })
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

/// Written beside its place and moved there, so that no half key is ever found.
fn write(path: &Path, digits: &str) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    writeln!(file, "{digits}")?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> slog::Logger {
        slog::Logger::root(slog::Discard, slog::o!())
    }

    fn config(folder: &Path) -> AdminConfig {
        AdminConfig { data: folder.to_owned(), ..AdminConfig::default() }
    }

    fn store(config: &AdminConfig, key: &KeyFile) -> Store {
        let settings = hzm_job_store::StoreSettings { vault: key.vault.clone(), ..config.store_settings() };
        Store::open_with(&settings, &log()).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_key_is_made_once_for_its_owner_only_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let first = KeyFile::find(&config, &log()).unwrap();
        let opened = store(&config, &first);
        assert!(!config.key_path().exists(), "nothing is written before the database is known");
        first.settle(&opened).await.unwrap();
        assert_eq!(std::fs::metadata(config.key_path()).unwrap().permissions().mode() & 0o777, 0o600);
        let again = KeyFile::find(&config, &log()).unwrap();
        assert!(again.new.is_none() && again.vault == first.vault);
        again.settle(&opened).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_is_never_opened_with_another_key_than_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let first = KeyFile::find(&config, &log()).unwrap();
        let opened = store(&config, &first);
        first.settle(&opened).await.unwrap();
        std::fs::remove_file(config.key_path()).unwrap();
        let lost = KeyFile::find(&config, &log()).unwrap().settle(&opened).await.unwrap_err().to_string();
        assert!(lost.contains("missing") && lost.contains("keyFile"), "{lost}");
        assert!(!config.key_path().exists(), "and no new key takes its place");
        std::fs::write(config.key_path(), "00".repeat(KEY_BYTES)).unwrap();
        let other = KeyFile::find(&config, &log()).unwrap();
        let wrong = other.settle(&store(&config, &other)).await.unwrap_err().to_string();
        assert!(wrong.contains("another key") && wrong.contains("hzm-job.key"), "{wrong}");
    }

    #[test]
    fn a_key_that_is_given_may_have_blanks_around_it_as_one_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        config.key = crate::config::Secret(format!(" {}\n", "0a".repeat(KEY_BYTES)));
        let found = KeyFile::find(&config, &log()).unwrap();
        assert!(found.is_given && found.vault == Vault::of(&[10; KEY_BYTES]).unwrap());
    }

    #[test]
    fn a_file_that_holds_no_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        for text in ["", "nonsense", &"0".repeat(63), &"g".repeat(64), &"0".repeat(65), &"长".repeat(64)] {
            std::fs::write(config.key_path(), text).unwrap();
            let refused = KeyFile::find(&config, &log()).err().unwrap().to_string();
            assert!(refused.contains("hzm-job.key"), "{refused}");
        }
    }
}
