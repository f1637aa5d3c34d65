//! Child processes that are killed, stopped and started again, and that end with their starter however it ends.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use hzm_job_test_servers::signal;

use crate::clock::{now_ms, pause_ms};

/// A program that can be started again and again, always by the same thread: the kernel ends it with that thread.
pub struct Program {
    binary: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    log: PathBuf,
    child: Option<Child>,
}

impl Program {
    /// A program with its output in `log`; not started yet.
    #[must_use]
    pub fn new(binary: &Path, arguments: Vec<String>, environment: Vec<(String, String)>, log: PathBuf) -> Program {
        Program { binary: binary.to_owned(), arguments, environment, log, child: None }
    }

    /// Starts it, if it does not run.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&mut self) -> io::Result<()> {
        if self.child.is_some() {
            return Ok(());
        }
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=KILL").arg("--").arg(&self.binary).args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        if let Some(folder) = self.log.parent() {
            command.current_dir(folder);
        }
        let started = command.spawn();
        self.child = Some(started.map_err(|error| io::Error::other(format!("cannot start {command:?}: {error}")))?);
        Ok(())
    }

    /// Ends it at once. The number of its process, and a moment after which it did nothing any more.
    ///
    /// # Errors
    /// When the process cannot be waited for.
    pub fn kill(&mut self) -> io::Result<Option<(u32, i64)>> {
        let Some(mut child) = self.child.take() else { return Ok(None) };
        child.kill()?;
        child.wait()?;
        Ok(Some((child.id(), now_ms())))
    }

    /// The number of its process, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Asks it to end, and waits until it has; `None` when it did not run, or did not end in time and was killed.
    ///
    /// # Errors
    /// When there is no program `kill`, or the process cannot be waited for.
    pub fn end(&mut self, within_ms: i64) -> io::Result<Option<ExitStatus>> {
        signal("TERM", &self.id().into_iter().collect::<Vec<_>>())?;
        let patience_ends = now_ms() + within_ms;
        while self.child.is_some() && now_ms() < patience_ends {
            if let Some((_, status)) = self.ended()? {
                return Ok(Some(status));
            }
            pause_ms(10);
        }
        self.kill().map(|_| None)
    }

    /// Stops it in its tracks, or lets it go on.
    ///
    /// # Errors
    /// When there is no program `kill`.
    pub fn hold(&self, stop: bool) -> io::Result<()> {
        let process: Vec<u32> = self.child.iter().map(Child::id).collect();
        signal(if stop { "STOP" } else { "CONT" }, &process)
    }

    /// How it ended by itself, if it did; then it can be started again.
    ///
    /// # Errors
    /// When the process cannot be asked.
    pub fn ended(&mut self) -> io::Result<Option<(u32, ExitStatus)>> {
        let Some(child) = &mut self.child else { return Ok(None) };
        let ended = child.try_wait()?.map(|status| (child.id(), status));
        if ended.is_some() {
            self.child = None;
        }
        Ok(ended)
    }

    /// The last lines of its output.
    #[must_use]
    pub fn last_words(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The kernel ends it with our thread in any case.
        let _ = self.kill();
    }
}
