//! Child processes that end with the test, also when it panics, and bounded waiting for a condition.
//!
//! Every child gets a process group of its own, so that the processes which it starts itself (a browser's helpers) end with
//! it. Only groups started here are ever ended, by their id.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

/// How long a condition may take to come true. Generous, because a loaded machine is slow and not wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A child process and all that it started.
pub(crate) struct ProcessGuard {
    child: Child,
}

impl ProcessGuard {
    /// Starts a command in a process group of its own.
    pub(crate) fn start(command: &mut Command) -> ProcessGuard {
        ProcessGuard::of(spawn_group(command))
    }

    /// Takes charge of a child that [`spawn_group`] started.
    pub(crate) fn of(child: Child) -> ProcessGuard {
        ProcessGuard { child }
    }

    /// Whether the process is still there.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for ProcessGuard {
    fn drop(&mut self) {
        // A group that has ended already makes `kill` complain, which is all the same to us.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// Starts a command in a process group of its own, with no standard input.
pub(crate) fn spawn_group(command: &mut Command) -> Child {
    command.process_group(0).stdin(Stdio::null());
    command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"))
}

/// Looks again and again until there is something to see, and fails the test by name when patience ends.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let patience_ends = Instant::now() + PATIENCE;
    let mut pace = interval(LOOK_EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < patience_ends, "waited {PATIENCE:?} in vain: {what}");
    }
}
