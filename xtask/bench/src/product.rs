//! Which product was measured: what its admin says of itself, and the commit of the sources beside the benchmark.

use std::fmt;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// What stands for something that nobody can tell.
const UNKNOWN: &str = "unknown";

/// The version and the commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// What the admin's `--version` says.
    pub version: String,
    /// The commit of the sources from which the benchmark was built; an admin given by hand may be of another one.
    pub commit: String,
}

impl Default for Product {
    fn default() -> Product {
        Product { version: UNKNOWN.to_owned(), commit: UNKNOWN.to_owned() }
    }
}

impl Product {
    /// Asks the admin's program and git.
    #[must_use]
    pub fn look(admin: &Path) -> Product {
        let known = |said: Option<String>| said.unwrap_or_else(|| UNKNOWN.to_owned());
        let git =
            |arguments: &[&str]| said(Command::new("git").current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments));
        let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|list| !list.is_empty());
        let commit = git(&["rev-parse", "--short=12", "HEAD"]).filter(|commit| !commit.is_empty());
        let commit = commit.map(|commit| if changed { commit + " with changes" } else { commit });
        Product { version: known(said(Command::new(admin).arg("--version"))), commit: known(commit) }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "version {}, commit {}", self.version, self.commit)
    }
}

/// What a program prints, where it ends well.
fn said(command: &mut Command) -> Option<String> {
    let ended = command.output().ok().filter(|ended| ended.status.success())?;
    Some(String::from_utf8_lossy(&ended.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_has_an_unknown_version() {
        assert_eq!(Product::look(Path::new("no-such-admin")).version, UNKNOWN);
    }

    #[test]
    fn the_version_is_what_the_program_prints() {
        assert!(said(Command::new("cargo").arg("--version")).is_some_and(|version| version.starts_with("cargo ")));
    }
}
