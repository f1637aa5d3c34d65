//! The folder of what nobody can use: callbacks that were refused for good, and pieces of disk that cannot be read. It is
//! there to be looked at; nothing in it is ever sent.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use slog::{Logger, warn};

/// The most files that are kept; what comes beyond is only logged.
pub(super) const REFUSED_LIMIT: usize = 10_000;

/// The folder, and how many are in it.
#[derive(Debug)]
pub(crate) struct Refused {
    folder: PathBuf,
    pub(super) count: usize,
}

impl Refused {
    /// Opens the folder, and makes it when it is missing.
    ///
    /// # Errors
    ///
    /// When it cannot be made or read.
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let count = fs::read_dir(&folder)?.count();
        Ok(Self { folder, count })
    }

    /// Puts a file there.
    ///
    /// # Errors
    ///
    /// When the disk does not take it.
    pub(crate) fn put(&mut self, name: &str, content: &[u8], log: &Logger) -> io::Result<()> {
        if self.has_room(name, log) {
            fs::write(self.folder.join(name), content)?;
        }
        Ok(())
    }

    /// Moves a file there, or away when there are too many.
    ///
    /// # Errors
    ///
    /// When the disk does not let go of it.
    pub(crate) fn take(&mut self, file: &Path, name: &str, log: &Logger) -> io::Result<()> {
        if self.has_room(name, log) { fs::rename(file, self.folder.join(name)) } else { fs::remove_file(file) }
    }

    fn has_room(&mut self, name: &str, log: &Logger) -> bool {
        if self.count >= REFUSED_LIMIT {
            warn!(log, "too many refused callbacks are kept, this one is not"; "file" => name, "limit" => REFUSED_LIMIT);
            return false;
        }
        self.count += 1;
        true
    }
}
