//! The data folder and its lock: one admin at a time, told by the operating system, so that a crash leaves no stale lock.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The file that is locked; it stays empty.
const LOCK: &str = "admin.lock";

/// A folder that belongs to this process until the value is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// Why a folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It cannot be made or written to.
    #[error("cannot use the data folder {folder}; choose another one with hzm.job.admin.data or --data")]
    Unusable {
        /// The folder.
        folder: String,
        /// Why.
        source: std::io::Error,
    },
    /// Another admin works in it.
    #[error(
        "another admin is running on the data folder {folder}; stop it, or choose another folder with hzm.job.admin.data or --data"
    )]
    Taken {
        /// The folder.
        folder: String,
    },
}

impl DataFolder {
    /// Makes the folder where it is missing, for its owner only, and takes it.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn take(path: &Path) -> Result<DataFolder, FolderError> {
        let folder = path.display().to_string();
        let unusable = |source| FolderError::Unusable { folder: folder.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable)?;
        let lock =
            OpenOptions::new().write(true).create(true).truncate(false).open(path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(DataFolder { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(FolderError::Taken { folder }),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// Warns where everybody on this machine may look into the folder. One that was there before keeps its rights: who else
    /// works with it is for its owner to know.
    pub fn warn_of_readers(&self, log: &slog::Logger) {
        let is_open = std::fs::metadata(&self.path).is_ok_and(|about| about.permissions().mode() & 0o007 != 0);
        if is_open {
            slog::warn!(log, "everybody on this machine may look into the data folder; take that right away with chmod 700";
                "folder" => %self.path.display());
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_admin_is_told_that_there_is_a_first_one_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::take(folder.path()).unwrap();
        let said = DataFolder::take(folder.path()).unwrap_err().to_string();
        assert!(said.contains("another admin is running") && said.contains("--data"), "{said}");
        drop(first);
        assert!(DataFolder::take(folder.path()).is_ok());
    }

    #[test]
    fn a_folder_is_made_for_its_owner_only_and_one_that_was_there_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let made = folder.path().join("data");
        DataFolder::take(&made).unwrap();
        assert_eq!(mode(&made), 0o700);
        let open = folder.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o755)).unwrap();
        DataFolder::take(&open).unwrap();
        assert_eq!(mode(&open), 0o755);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let said = DataFolder::take(Path::new("/dev/null/x")).unwrap_err().to_string();
        assert!(said.contains("/dev/null/x"), "{said}");
    }
}
