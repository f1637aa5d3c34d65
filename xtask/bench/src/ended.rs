//! When somebody ends the benchmark: its processes go, and so does its folder, or it is told where that is.
//!
//! The folder is not left to whoever owns the stage: that thread may be waiting for anything. Limit: a benchmark that is
//! killed with KILL leaves its folder; its processes go in any case.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use hzm_job_test_rig::clock::pause_ms;
use hzm_job_test_servers::{family, signal};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal as listen};

use crate::text;

/// How often it is tried to end everything and to remove a folder, every tenth of a second.
const TRIES: u32 = 50;
/// What a shell adds to the number of a signal.
const SHELL: i32 = 128;

/// The folders of this process that are there, with whether they are to stay.
static FOLDERS: Mutex<Vec<(PathBuf, bool)>> = Mutex::new(Vec::new());

/// Set once somebody ends the benchmark: what fails from then on fails for that.
static ENDING: AtomicBool = AtomicBool::new(false);

fn folders() -> MutexGuard<'static, Vec<(PathBuf, bool)>> {
    FOLDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remembers a folder that was made.
pub(crate) fn made(folder: PathBuf, keep: bool) {
    folders().push((folder, keep));
}

/// Forgets a folder that was removed.
pub(crate) fn removed(folder: &std::path::Path) {
    folders().retain(|(known, _)| known != folder);
}

/// The folders that stay.
#[must_use]
pub fn kept() -> Vec<PathBuf> {
    folders().iter().filter(|(_, keep)| *keep).map(|(folder, _)| folder.clone()).collect()
}

/// From now on TERM, INT and HUP clean up before they end this process.
///
/// # Errors
/// When the kernel does not let us listen.
pub fn clean_up_when_ended() -> Result<(), String> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(text)?;
    let mut listening = {
        let _inside = runtime.enter();
        let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        let [term, int, hup] = kinds.map(|kind| listen(kind).map_err(text));
        (term?, int?, hup?)
    };
    thread::spawn(move || {
        let (name, number) = runtime.block_on(async {
            tokio::select! {
                _ = listening.0.recv() => ("TERM", 15),
                _ = listening.1.recv() => ("INT", 2),
                _ = listening.2.recv() => ("HUP", 1),
            }
        });
        ENDING.store(true, Ordering::SeqCst);
        let told = clean_up();
        // Whoever sent the signal may not listen any more.
        let _ = writeln!(io::stderr(), "cargo xtask bench: ended by SIG{name}{told}");
        std::process::exit(SHELL + number);
    });
    Ok(())
}

/// Lets the process end as it was told to, if it was: without a word about processes that failed for that.
pub fn wait_while_cleaning_up() {
    while ENDING.load(Ordering::SeqCst) {
        pause_ms(100);
    }
}

/// Ends all processes that were started here and removes the folders that need not stay; what became of them.
fn clean_up() -> String {
    let mut told = String::new();
    for (folder, keep) in folders().clone() {
        let is_gone = !keep && (0..TRIES).any(|_| end_everything_and_remove(&folder));
        told += &match (keep, is_gone) {
            (true, _) => format!("; kept {}", folder.display()),
            (_, true) => format!("; removed {}", folder.display()),
            _ => format!("; {} could not be removed: remove it yourself", folder.display()),
        };
    }
    told
}

/// One try: the other thread may be starting a process right now.
fn end_everything_and_remove(folder: &std::path::Path) -> bool {
    let mut ours = family(std::process::id()).unwrap_or_default();
    ours.retain(|process| *process != std::process::id());
    // Without a program `kill` the kernel ends them with us.
    let _ = signal("KILL", &ours);
    let is_gone = fs::remove_dir_all(folder).is_ok() || !folder.exists();
    if !is_gone {
        pause_ms(100);
    }
    is_gone
}
