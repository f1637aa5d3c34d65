//! Sees to it that the tests of logins find an LDAP directory to start.
//!
//! Installs Debian's packages when we may; in every other case those tests skip themselves by name.

use std::io;

use hzm_job_test_servers::Directory;

use crate::packages::install;
use crate::report::Outcome;

/// Leaves the directory's programs on this machine, or says what is missing.
pub(crate) fn provide() -> io::Result<Outcome> {
    let is_there = || Directory::missing().is_empty();
    if is_there() || (install(&Directory::PACKAGES)? && is_there()) {
        return Ok(Outcome::Held);
    }
    let (missing, packages) = (Directory::missing().join(" and "), Directory::PACKAGES.join(" "));
    Ok(Outcome::Skipped(format!("{missing} not installed; on Debian: `apt-get install {packages}`")))
}
