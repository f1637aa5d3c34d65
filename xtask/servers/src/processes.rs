//! Signals to processes that were started here, by their ids.
//!
//! PostgreSQL gives each of its processes a session of its own, so a signal to a process group would miss them; what
//! belongs together is found by asking the kernel who started whom.

use std::fs;
use std::io;
use std::process::{Command, Stdio};

/// A process and everything it started that is still there, itself first.
///
/// # Errors
/// When the kernel's list of processes cannot be read.
pub fn family(ancestor: u32) -> io::Result<Vec<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(process) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process that ended meanwhile has no file any more.
        let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else { continue };
        parents.extend(parent_in(&stat).map(|parent| (process, parent)));
    }
    Ok(descendants(ancestor, &parents))
}

/// The parent in a line of `/proc/ID/stat`; the program's name before it may contain anything, even parentheses.
fn parent_in(stat: &str) -> Option<u32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

fn descendants(ancestor: u32, parents: &[(u32, u32)]) -> Vec<u32> {
    let mut found = vec![ancestor];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        let children = parents.iter().filter(|(child, theirs)| *theirs == parent && *child != parent);
        found.extend(children.map(|(child, _)| *child));
        next += 1;
    }
    found
}

/// Sends a signal (`KILL`, `STOP`, `CONT`, ...) to these processes; those that have ended already do not matter.
///
/// # Errors
/// When there is no program `kill`.
pub fn signal(name: &str, processes: &[u32]) -> io::Result<()> {
    if processes.is_empty() {
        return Ok(());
    }
    let mut kill = Command::new("kill");
    kill.arg(format!("-{name}")).args(processes.iter().map(u32::to_string));
    kill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_everyone_below_an_ancestor() {
        let parents = [(2, 1), (3, 2), (4, 9), (5, 3), (6, 2)];
        assert_eq!(descendants(2, &parents), [2, 3, 6, 5]);
    }

    #[test]
    fn the_parent_is_read_behind_any_name() {
        assert_eq!(parent_in("42 (a) b (c)) S 7 42 42 0"), Some(7));
        assert_eq!(parent_in("nonsense"), None);
    }

    #[test]
    fn this_process_has_itself_in_its_family() {
        assert!(family(std::process::id()).unwrap().contains(&std::process::id()));
    }
}
