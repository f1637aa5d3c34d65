//! Callbacks on disk: one small file per run, there from before the first send until an admin has acknowledged it.
//!
//! What this module promises is that a callback once kept survives the process. It never sends anything. All functions
//! block; they are called from `spawn_blocking`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hzm_job_protocol::hzm::Callback;
use slog::{Logger, error, warn};

/// The most callbacks that wait in the folder. A node that reaches it has been cut off from its admin for long and
/// takes no new runs until some are acknowledged.
pub(crate) const OUTBOX_LIMIT: usize = 100_000;
/// The most refused callbacks that are kept to be looked at; beyond it they are only logged.
const REFUSED_LIMIT: usize = 10_000;

const SUFFIX: &str = ".json";
const UNFINISHED: &str = ".tmp";

/// The folder of one executor.
#[derive(Debug)]
pub(crate) struct Outbox {
    folder: PathBuf,
    refused: PathBuf,
    refused_count: AtomicUsize,
}

impl Outbox {
    /// Opens the folder, makes it when it is missing, and takes away what a crash left half written.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or read.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let refused = folder.join("refused");
        fs::create_dir_all(&refused)?;
        for name in file_names(folder)?.into_iter().filter(|name| name.ends_with(UNFINISHED)) {
            remove(&folder.join(name))?;
        }
        let refused_count = AtomicUsize::new(file_names(&refused)?.len());
        Ok(Self { folder: folder.to_owned(), refused, refused_count })
    }

    /// Reads every waiting callback, at most [`OUTBOX_LIMIT`]. A file that is none is moved to `refused/` and logged.
    ///
    /// # Errors
    ///
    /// When the folder cannot be listed.
    pub(crate) fn load(&self, log: &Logger) -> io::Result<Vec<Arc<Callback>>> {
        let mut callbacks = Vec::new();
        let names = file_names(&self.folder)?.into_iter().filter(|name| name.ends_with(SUFFIX));
        for name in names.take(OUTBOX_LIMIT) {
            match read(&self.folder.join(&name)) {
                Ok(callback) => callbacks.push(Arc::new(callback)),
                Err(problem) => {
                    error!(log, "a kept callback cannot be read and is set aside"; "file" => &name, "error" => %problem);
                    self.set_aside(&name)?;
                }
            }
        }
        Ok(callbacks)
    }

    /// Keeps a callback: after this it survives a crash of the process and of the machine. Replaces an older one of
    /// the same run.
    ///
    /// # Errors
    ///
    /// When the disk does not take it.
    pub(crate) fn keep(&self, callback: &Callback) -> io::Result<()> {
        let unfinished = self.folder.join(format!("{}{UNFINISHED}", callback.log_id));
        let mut file = File::create(&unfinished)?;
        file.write_all(&serde_json::to_vec(callback)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.path(callback.log_id))?;
        // The name itself is durable only once the folder is.
        File::open(&self.folder)?.sync_all()
    }

    /// Takes an acknowledged callback away. One that was never kept is no error.
    ///
    /// # Errors
    ///
    /// When the disk does not let go of it; it is then sent again after a restart.
    pub(crate) fn remove(&self, run_id: i64) -> io::Result<()> {
        remove(&self.path(run_id))
    }

    /// Sets a finally refused callback aside, for someone to look at.
    ///
    /// # Errors
    ///
    /// When the disk does not take it.
    pub(crate) fn refuse(&self, run_id: i64, log: &Logger) -> io::Result<()> {
        if self.refused_count.load(Ordering::Relaxed) >= REFUSED_LIMIT {
            warn!(log, "too many refused callbacks are kept, this one is not"; "run" => run_id, "limit" => REFUSED_LIMIT);
            return self.remove(run_id);
        }
        self.set_aside(&format!("{run_id}{SUFFIX}"))
    }

    fn set_aside(&self, name: &str) -> io::Result<()> {
        match fs::rename(self.folder.join(name), self.refused.join(name)) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(()),
            moved => {
                self.refused_count.fetch_add(1, Ordering::Relaxed);
                moved
            }
        }
    }

    fn path(&self, run_id: i64) -> PathBuf {
        self.folder.join(format!("{run_id}{SUFFIX}"))
    }
}

fn read(path: &Path) -> io::Result<Callback> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn file_names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> Logger {
        Logger::root(slog::Discard, slog::o!())
    }

    fn callback(log_id: i64) -> Callback {
        Callback { log_id, app_key: "billing".into(), handler_code: 200, handler_msg: Some("42 行".into()) }
    }

    #[test]
    fn what_is_kept_is_there_after_a_restart_and_gone_once_removed() {
        let folder = tempfile::tempdir().unwrap();
        Outbox::open(folder.path()).unwrap().keep(&callback(7)).unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        assert_eq!(outbox.load(&log()).unwrap(), [Arc::new(callback(7))]);
        outbox.remove(7).unwrap();
        outbox.remove(7).unwrap();
        assert!(outbox.load(&log()).unwrap().is_empty());
    }

    #[test]
    fn a_half_written_file_is_taken_away_and_a_broken_one_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1.tmp"), "{\"logI").unwrap();
        fs::write(folder.path().join("2.json"), "{\"logI").unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        assert!(outbox.load(&log()).unwrap().is_empty());
        assert!(!folder.path().join("1.tmp").exists());
        assert!(folder.path().join("refused/2.json").exists());
    }

    #[test]
    fn a_refused_callback_is_no_longer_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        outbox.keep(&callback(7)).unwrap();
        outbox.refuse(7, &log()).unwrap();
        assert!(outbox.load(&log()).unwrap().is_empty());
        assert!(folder.path().join("refused/7.json").exists());
    }

    #[test]
    fn refused_callbacks_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        outbox.refused_count.store(REFUSED_LIMIT, Ordering::Relaxed);
        outbox.keep(&callback(7)).unwrap();
        outbox.refuse(7, &log()).unwrap();
        assert!(!folder.path().join("refused/7.json").exists() && !folder.path().join("7.json").exists());
    }
}
