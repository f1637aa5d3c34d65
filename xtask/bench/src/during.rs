//! A command of the user's that runs while it is measured, such as a profiler.

use std::process::{Child, Command, Stdio};

use crate::stage::Stage;
use crate::text;

/// The command; it is ended when dropped.
pub struct During {
    child: Child,
}

impl During {
    /// Starts the command, if there is one.
    ///
    /// # Errors
    /// When there is no shell.
    pub fn start(stage: &Stage, seconds: u32) -> Result<Option<During>, String> {
        let Some(command) = &stage.options.during else { return Ok(None) };
        let processes = stage.processes();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command).stdin(Stdio::null());
        shell.env("ADMIN_PID", processes.admin.to_string()).env("NODE_PID", processes.node.to_string());
        shell.envs(processes.database.map(|process| ("DATABASE_PID", process.to_string())));
        shell.env("MEASURED_SECONDS", seconds.to_string());
        shell.spawn().map(|child| Some(During { child })).map_err(text)
    }

    /// Waits for its end; how it failed, if it did.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn wait(mut self) -> Result<Option<String>, String> {
        let status = self.child.wait().map_err(text)?;
        Ok((!status.success()).then(|| format!("the command of --during ended with {status}")))
    }
}

impl Drop for During {
    fn drop(&mut self) {
        // It has ended, or the run has failed and nobody wants its result.
        let _ = self.child.kill();
    }
}
