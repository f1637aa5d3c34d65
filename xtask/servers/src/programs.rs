//! Where the servers' programs are.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Problem;

/// Folders of system programs that a user's search path often lacks.
const SYSTEM: &[&str] = &["/usr/sbin", "/usr/local/sbin", "/sbin"];
/// Where Debian keeps PostgreSQL's programs, one folder per version.
const POSTGRES_VERSIONS: &str = "/usr/lib/postgresql";

/// A program of this name in the search path or among the system's programs.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(SYSTEM.iter().map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

/// The newest PostgreSQL's program of this name; Debian does not put the server's programs into the search path.
pub(crate) fn find_postgres(program: &str) -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = Vec::new();
    for entry in fs::read_dir(POSTGRES_VERSIONS).into_iter().flatten().flatten() {
        let version = entry.file_name().to_str().and_then(|name| name.parse().ok());
        versions.extend(version.map(|version| (version, entry.path())));
    }
    versions.sort();
    let in_versions = versions.into_iter().rev().map(|(_, folder)| folder.join("bin").join(program));
    in_versions.into_iter().find(|candidate| Path::is_file(candidate)).or_else(|| find(program))
}

/// The program, or what to install.
pub(crate) fn needed(found: Option<PathBuf>, program: &str, package: &str) -> Result<PathBuf, Problem> {
    let missing = || Problem::Missing(format!("{program} is not installed; on Debian: `apt-get install {package}`"));
    found.ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_package() {
        let problem = needed(find("no-such-program"), "no-such-program", "a-package").unwrap_err();
        assert!(matches!(problem, Problem::Missing(_)));
        assert_eq!(problem.to_string(), "no-such-program is not installed; on Debian: `apt-get install a-package`");
    }
}
